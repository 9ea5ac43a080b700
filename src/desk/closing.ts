import type { Instant } from '../instant.ts'
import type { TicketId } from './ticket.ts'

/*
 * What the requester is told when a ticket is solved: what was wrong, what was done, how to come back.
 */

/** The dedupe key of the mail that tells it: one each time that a ticket is solved, whoever writes it. */
export function closingKey(ticket: TicketId, solvedAt: Instant): string {
  return `closing:${ticket}:${solvedAt}`
}
