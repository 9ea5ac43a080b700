import { epochMs, type Instant, msBetween, plus } from '../instant.ts'
import { changedEvents, type Ticket, type TicketChanges, type TicketEvent, withStatus } from './ticket.ts'
import { momentInWords } from './wording.ts'

/*
 * Of which dates agents are reminded. First answers count also while a ticket is pending, for the requester has heard nothing
 * yet. The date of a solution rests meanwhile: it is the requester's turn, and whoever can do nothing needs no reminder. When
 * they have written again and it has passed, that is told at once.
 */

/** What was promised for a date. */
export type Dated = 'first-response' | 'resolution'

/** The data of the event `reminded`. */
export type Reminder = {
  readonly notice: 'due' | 'breached'
  readonly what: Dated | 'pending'
  readonly dueAt: Instant
  readonly words: string
}

/** The date that a ticket still has to keep; null: it has been kept, or rests. */
function dateOf(ticket: Ticket, what: Dated): Instant | null {
  if (ticket.solvedAt !== null || ticket.mergedInto !== null) return null
  if (what === 'first-response') return ticket.firstResponseAt === null ? ticket.firstResponseDue : null
  return ticket.status === 'open' ? ticket.resolutionDue : null
}

/**
 * What agents are to be told of a date now; null: nothing. They are warned `warningMs` before it, yet not before half of the time
 * has passed: a ticket that is due within the hour needs no warning beside the mail that tells of it.
 */
export function reminderOf(
  ticket: Ticket,
  what: Dated,
  { now, warningMs, timeZone }: { now: Instant; warningMs: number; timeZone: string },
): Reminder | null {
  const dueAt = dateOf(ticket, what)
  if (dueAt === null) return null
  const isOver = dueAt <= now
  const halfTime = plus(ticket.openedAt, Math.max(0, msBetween(ticket.openedAt, dueAt)) / 2)
  if (!isOver && (epochMs(dueAt) - warningMs > epochMs(now) || now < halfTime)) return null
  const whom = ticket.requester?.name.trim() || ticket.requester?.address || 'the requester'
  const when = momentInWords('en', timeZone, now, dueAt)
  const promised =
    what === 'first-response' ? `An answer was promised to ${whom}` : `A solution was promised to ${whom}`
  const words = isOver ? `${promised} for ${when}. That has passed.` : `${promised} for ${when}.`
  return { notice: isOver ? 'breached' : 'due', what, dueAt, words }
}

/** A pending ticket whose day has come is the desk's again. */
export function wakeUp(
  ticket: Ticket,
  now: Instant,
): { readonly changes: TicketChanges; readonly events: readonly TicketEvent[] } | null {
  const { pendingUntil, status } = ticket
  if (status !== 'pending' || pendingUntil === null || pendingUntil > now) return null
  const changes = withStatus(ticket, 'open', now)
  const words = 'You wanted to look at this ticket again now: it is open again.'
  const data: Reminder = { notice: 'due', what: 'pending', dueAt: pendingUntil, words }
  return {
    changes,
    events: [...changedEvents(ticket, changes, 'postdesk'), { kind: 'reminded', actor: 'postdesk', data }],
  }
}
