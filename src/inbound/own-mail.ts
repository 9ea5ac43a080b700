import type { TicketId } from '../desk/ticket.ts'
import type { Ids } from '../ids.ts'
import { foldId } from '../mail/message-id.ts'
import type { Reads } from '../store/store.ts'

/**
 * The ticket that a mail of ours is on now: the one that its id was signed for, what that was merged into, or what the mail
 * was split off to. Null for an id that is not ours. `known`: the tickets that have had or cited the id.
 */
export async function ticketOfOwnId(
  read: Reads,
  ids: Ids,
  id: string,
  known: Awaited<ReturnType<Reads['threadIds']>>,
): Promise<TicketId | null> {
  const signed = ids.ticketOf(id)
  if (signed === null) return null
  const ticket = await read.survivorOf(signed)
  const holders = known.filter(row => row.held && row.id === foldId(id)).map(row => row.ticket)
  // Anybody can send a mail under an id of ours that they have seen: what they opened with it has not sent it.
  if (holders.length === 0 || holders.includes(ticket)) return ticket
  return (await read.sentFor(id, holders)) ?? ticket
}
