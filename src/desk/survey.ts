import { DAY, type Instant, msBetween } from '../instant.ts'
import type { Vote } from '../mail/survey.ts'
import type { Candidate } from './thread.ts'
import type { TicketId } from './ticket.ts'

/*
 * The one question that the requester of a solved ticket is asked. It is answered by mail or on a page, and only by whom it
 * was put to: who has the mail that asks, or is proven to be them.
 *
 * An anonymous survey is answered on the page alone: a mail has a sender, and we keep every mail. What is known of it on the
 * ticket is whether it was answered, so that it is answered once; the score lies elsewhere, without ticket, person and
 * time, and in no order (`store/surveys.ts`). Nothing stored joins the two. Whoever compares the database from one answer to
 * the next still sees both change, and where one ticket a month has a category its answer is no secret: who must be sure of
 * more asks fewer questions.
 */

/** A survey as it was put. */
export type Survey = {
  /** The ticket at that time; it may have been merged since. */
  readonly ticket: TicketId
  readonly solvedAt: Instant
  readonly mailbox: string
  readonly anonymous: boolean
  /** How often it was answered. */
  readonly answers: number
}

const OPEN_FOR_MS = 60 * DAY
/** Whoever changes their mind more often is not worth a line of history each. */
const MOST_ANSWERS = 10

/** May it still be answered? Of the anonymous one nobody knows any more which answer would be replaced. */
export function isOpenSurvey({ solvedAt, anonymous, answers }: Survey, now: Instant): boolean {
  return msBetween(solvedAt, now) <= OPEN_FOR_MS && answers < (anonymous ? 1 : MOST_ANSWERS)
}

/** An answer by mail, and the ticket that it is about. */
export type MailedVote = Vote & { readonly survey: Survey; readonly candidate: Candidate }
