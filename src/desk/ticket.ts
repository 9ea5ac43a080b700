import type { Instant } from '../instant.ts'
import type { Address } from '../mail/message.ts'

/** The number people see: `[#1042]`. */
export type TicketId = number

/** `open`: the desk is to act; `pending`: the requester is; `solved` and `closed`: done; a reply reopens it within `reopenWithin`, later it opens a new one. */
export const STATUSES = ['open', 'pending', 'solved', 'closed'] as const
export type Status = (typeof STATUSES)[number]

export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const
export type Priority = (typeof PRIORITIES)[number]

/** How content the requester is, from 1 (not at all) to 5 (very). */
export const RATINGS = [1, 2, 3, 4, 5] as const
export type Rating = (typeof RATINGS)[number]

/** What the desk knows of one request. */
export type Ticket = {
  readonly id: TicketId
  readonly mailbox: string
  readonly team: string | null
  /** The name of an agent. */
  readonly assignee: string | null
  readonly subject: string
  /** Null when the mail named no sender that could be answered. */
  readonly requester: Address | null
  readonly language: string
  readonly status: Status
  readonly category: string | null
  readonly priority: Priority
  readonly tags: readonly string[]
  readonly serviceLevel: string
  readonly openedAt: Instant
  readonly firstResponseDue: Instant
  readonly resolutionDue: Instant
  /** When a person (never a robot) first answered. */
  readonly firstResponseAt: Instant | null
  readonly solvedAt: Instant | null
  readonly updatedAt: Instant
  /** When a pending ticket is to be looked at again; null: when the requester answers. */
  readonly pendingUntil: Instant | null
  /** Why it happened, and what solved it, in the words the requester is told. */
  readonly cause: string | null
  readonly fix: string | null
  /** What the requester said of it once it was solved, from 1 to 5; null: nothing, or the survey is anonymous. */
  readonly rating: Rating | null
  readonly ratingComment: string | null
  /** The ticket that has its messages now; null unless it was merged. Never one that was merged itself. */
  readonly mergedInto: TicketId | null
  /** Counts the changes: the ETag of the API. */
  readonly revision: number
}

export const EVENT_KINDS = [
  'opened',
  'threaded',
  'classified',
  'due',
  'message',
  'changed',
  'reply-queued',
  'reply-withheld',
  'reply-sent',
  'reply-failed',
  'report',
  'duplicate',
  'cut-off',
  'merged',
  'split',
  'linked',
  'unlinked',
  'accepted',
  'commanded',
  'undone',
  'away',
  'notified',
  'reminded',
  'rated',
] as const

/** A line of a ticket's history: what happened, who did it, and why. Events are only ever added. */
export type TicketEvent = {
  readonly kind: (typeof EVENT_KINDS)[number]
  /** `agent:ana`, `person:<address>`, `key:<name of an API key>` or `postdesk`. */
  readonly actor: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What a mail, an agent or the API may change of a ticket; what is absent stays. */
export type TicketChanges = Partial<
  Pick<
    Ticket,
    | 'status'
    | 'priority'
    | 'category'
    | 'team'
    | 'assignee'
    | 'firstResponseDue'
    | 'resolutionDue'
    | 'firstResponseAt'
    | 'solvedAt'
    | 'pendingUntil'
    | 'cause'
    | 'fix'
    | 'rating'
    | 'ratingComment'
    | 'mergedInto'
  >
>

/** The changes that a new status brings with it: `solvedAt` follows `status`, and nothing is waited for any more. */
export function withStatus(ticket: Ticket, status: Status, now: Instant): TicketChanges {
  if (status === ticket.status) return {}
  const done = status === 'solved' || status === 'closed'
  const waited = ticket.pendingUntil === null ? {} : { pendingUntil: null }
  return { status, solvedAt: done ? (ticket.solvedAt ?? now) : null, ...waited }
}

/** The changes that an answer to the requester brings: the first one is the first response, and the desk's turn is over. */
export function changesByAnswer(ticket: Ticket, status: Status, now: Instant): TicketChanges {
  return { ...withStatus(ticket, status, now), ...(ticket.firstResponseAt === null ? { firstResponseAt: now } : {}) }
}

/** The line of history for changes, with what was there before; none when nothing is different. */
export function changedEvents(ticket: Ticket, changes: TicketChanges, actor: string): TicketEvent[] {
  const fields = Object.entries(changes).filter(([field, value]) => ticket[field as keyof Ticket] !== value)
  if (fields.length === 0) return []
  const data = Object.fromEntries(fields.map(([field, to]) => [field, { from: ticket[field as keyof Ticket], to }]))
  return [{ kind: 'changed', actor, data }]
}
