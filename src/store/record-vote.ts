import { isOpenSurvey, type Survey } from '../desk/survey.ts'
import type { Instant } from '../instant.ts'
import type { Vote } from '../mail/survey.ts'
import type { Tx } from './store.ts'

/*
 * The answer to a survey as it is written down, whether it came by mail or on the page.
 */

/** Writes an answer down: a second one replaces the first. False when the survey may not be answered (any more). */
export async function recordVote(
  tx: Tx,
  survey: Survey,
  { score, comment }: Vote,
  { by, actor }: { readonly by: 'mail' | 'page'; readonly actor: string },
  now: Instant,
): Promise<boolean> {
  if (!isOpenSurvey(survey, now)) return false
  const ticket = await tx.ticket(await tx.survivorOf(survey.ticket))
  if (!ticket) return false
  if (survey.anonymous) {
    const { mailbox, solvedAt } = survey
    const about = { mailbox, team: ticket.team, category: ticket.category, month: solvedAt.slice(0, 7) }
    await tx.saveAnonymousAnswer({ ...about, score, comment })
    await tx.surveyAnswered(survey, null)
    // No event, and nothing of the ticket changes: each of them has its time.
    return true
  }
  // The page is sent a second time when somebody reloads it.
  if (survey.answers > 0 && ticket.rating === score && ticket.ratingComment === comment) return true
  await tx.surveyAnswered(survey, score)
  const data = { score, comment, before: ticket.rating, solvedAt: survey.solvedAt, by }
  await tx.addEvents(ticket.id, [{ kind: 'rated', actor, data }], now)
  await tx.changeTicket(ticket.id, { rating: score, ratingComment: comment }, now)
  return true
}
