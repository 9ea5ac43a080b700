import type { TicketId } from '../desk/ticket.ts'
import type { Ids } from '../ids.ts'
import type { Message } from '../mail/message.ts'
import { citedIds, foldId } from '../mail/message-id.ts'
import type { Notified } from '../store/agents.ts'
import type { Reads } from '../store/store.ts'

type Known = Awaited<ReturnType<Reads['threadIds']>>

/** A mail of ours that is cited. */
type Ours = {
  readonly id: string
  readonly signedFor: TicketId
  /** Where it is now: merged into another ticket, or split off to one. */
  readonly ticket: TicketId
}

/** What told agents of something and is cited by this mail, nearest first: the first of them is what it answers. */
export function citedNotifications(
  read: Pick<Reads, 'notificationsCited'>,
  { inReplyTo, references }: Message,
): Promise<Notified[]> {
  return read.notificationsCited(citedIds(inReplyTo, references))
}

/**
 * Those of the cited ids (nearest first) that we signed, in the same order. `known`: the tickets that have had or cited them.
 */
export async function citedOfOurs(read: Reads, ids: Ids, cited: readonly string[], known: Known): Promise<Ours[]> {
  const ours: Ours[] = []
  for (const [at, id] of cited.entries()) {
    const signedFor = ids.ticketOf(id)
    if (signedFor === null) continue
    const ticket = await ticketOf(read, id, signedFor, known)
    ours.push({ id, signedFor, ticket: (await splitOff(read, ticket, cited.slice(0, at), known)) ?? ticket })
  }
  return ours
}

/** The ticket of the mail that is answered, where that is nearer than ours and was split off from where ours is. */
async function splitOff(
  read: Reads,
  ticket: TicketId,
  nearer: readonly string[],
  known: Known,
): Promise<TicketId | null> {
  for (const id of nearer) {
    const holders = known.filter(row => row.held && row.id === foldId(id)).map(row => row.ticket)
    if (holders.includes(ticket)) return null
    if (holders.length === 0) continue
    const apart = (await read.links(ticket)).find(one => one.kind === 'split' && holders.includes(one.ticket))
    if (apart) return apart.ticket
  }
  return null
}

async function ticketOf(read: Reads, id: string, signedFor: TicketId, known: Known): Promise<TicketId> {
  const ticket = await read.survivorOf(signedFor)
  const holders = known.filter(row => row.held && row.id === foldId(id)).map(row => row.ticket)
  // Anybody can send a mail under an id of ours that they have seen: what they opened with it has not sent it.
  if (holders.length === 0 || holders.includes(ticket)) return ticket
  return (await read.sentFor(id, holders)) ?? ticket
}
