import { ACKNOWLEDGEMENT_WINDOW_MS, type Facts, type Past } from '../desk/intake.ts'
import type { Candidate, Signal } from '../desk/thread.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Ids } from '../ids.ts'
import { earlier, type Instant, plus } from '../instant.ts'
import { foldAddress } from '../mail/address.ts'
import type { Message } from '../mail/message.ts'
import { citedIds, foldId } from '../mail/message-id.ts'
import { taggedTickets } from '../mail/subject.ts'
import type { Reads } from '../store/store.ts'

/** More ids, tags or tickets than these are no conversation but an attempt to keep us busy. */
const MAX_CANDIDATES = 10

type Arrived = {
  readonly mailbox: string
  readonly receivedAt: Instant
  readonly rawMail: number
  /** Not fresh from the postman: it is decided as if it were the day it arrived. */
  readonly past: Past['from'] | null
  /** Blocked before, and now released. */
  readonly released: boolean
}

/** Looks up everything that `decide` is told about a mail. */
export async function gatherFacts(
  read: Reads,
  ids: Ids,
  arrived: Arrived,
  message: Message,
  now: Instant,
): Promise<Facts> {
  const sender = message.from?.address ?? null
  const original = message.report?.originalMessageId ?? null
  const found = await candidates(read, ids, message)
  return {
    now: arrived.past ? earlier(arrived.receivedAt, now) : now,
    mailbox: arrived.mailbox,
    receivedAt: arrived.receivedAt,
    duplicateOf: await read.sameContent(message.fingerprint, arrived.rawMail),
    candidates: found,
    reportOn: original ? await ticketOfOurMail(read, ids, original) : null,
    senderHasTicket: sender ? await read.hasTicket(sender) : false,
    released: arrived.released,
    senderLanguage: sender ? await read.languageOf(sender) : null,
    acknowledgedLately: sender ? await read.acknowledgementsTo(sender, plus(now, -ACKNOWLEDGEMENT_WINDOW_MS)) : 0,
    ownMail: message.messageId ? ids.ticketOf(message.messageId) : null,
    past: arrived.past && { from: arrived.past, lastMails: await lastMails(read, found) },
    quietUntil: await read.quietUntil(),
  }
}

async function lastMails(read: Reads, found: readonly Candidate[]): Promise<Map<TicketId, Instant>> {
  const last = new Map<TicketId, Instant>()
  for (const { ticket } of found) {
    const at = await read.lastMailAt(ticket.id)
    if (at) last.set(ticket.id, at)
  }
  return last
}

/** The tickets this mail may belong to, strongest signal first, each ticket once. */
async function candidates(read: Reads, ids: Ids, message: Message): Promise<Candidate[]> {
  const cited = citedIds(message.inReplyTo, message.references)
  const own = message.messageId ? foldId(message.messageId) : null
  const known = await read.threadIds(own ? [...cited, own] : cited)

  const signals: { ticket: TicketId; signal: Signal; value: string }[] = []
  for (const id of cited) {
    const ticket = ids.ticketOf(id)
    if (ticket !== null) signals.push({ ticket, signal: 'own-id', value: id })
  }
  for (const id of cited) {
    const found = known.filter(row => row.id === id).sort((a, b) => Number(b.held) - Number(a.held))
    for (const row of found) signals.push({ ticket: row.ticket, signal: row.held ? 'held-id' : 'cited-id', value: id })
  }
  for (const row of known) {
    if (row.id === own && !row.held) signals.push({ ticket: row.ticket, signal: 'awaited', value: row.id })
  }
  for (const ticket of taggedTickets(message.subject)) signals.push({ ticket, signal: 'tag', value: `[#${ticket}]` })

  const found = new Map<TicketId, Candidate>()
  for (const { ticket: id, signal, value } of signals) {
    if (found.has(id)) continue
    if (found.size >= MAX_CANDIDATES) break
    const ticket = await read.ticket(id)
    if (!ticket) continue
    const people = await read.participants(id)
    found.set(id, { ticket, participants: new Set(people.map(person => foldAddress(person.address))), signal, value })
  }
  return [...found.values()]
}

/** The ticket that a mail of ours with this Message-ID belongs to; null when we never sent it. */
async function ticketOfOurMail(read: Reads, ids: Ids, messageId: string): Promise<TicketId | null> {
  const [known] = (await read.threadIds([messageId])).filter(row => row.held)
  const ticket = known?.ticket ?? ids.ticketOf(messageId)
  return ticket !== null && (await read.ticket(ticket)) ? ticket : null
}
