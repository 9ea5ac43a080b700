import { randomUUID } from 'node:crypto'
import type { Survey } from '../desk/survey.ts'
import type { Rating, TicketId } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import { type Db, toFlag } from './schema.ts'

/** An answer of which nobody is to know whose it is. */
export type AnonymousAnswer = {
  readonly mailbox: string
  readonly team: string | null
  readonly category: string | null
  /** In which the ticket was solved: `2026-11`. */
  readonly month: string
  readonly score: Rating
  readonly comment: string | null
}

export function surveyReads(db: Db) {
  return {
    /** The survey about a ticket as it was solved then; null: nobody was asked. */
    async survey(ticket: TicketId, solvedAt: Instant): Promise<Survey | null> {
      const row = await db
        .selectFrom('surveys')
        .selectAll()
        .where('ticket_id', '=', ticket)
        .where('solved_at', '=', solvedAt)
        .executeTakeFirst()
      return row ? toSurvey(row) : null
    },

    /** The last survey about any of these tickets; null: nobody was asked. */
    async lastSurvey(tickets: readonly TicketId[]): Promise<Survey | null> {
      const row = await db
        .selectFrom('surveys')
        .selectAll()
        .where('ticket_id', 'in', tickets)
        .orderBy('solved_at', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row ? toSurvey(row) : null
    },
  }
}

export function surveyWrites(db: Db) {
  return {
    /** The requester is asked, once each time that a ticket is solved. */
    async askSurvey(survey: Omit<Survey, 'answers'>): Promise<void> {
      const { ticket, solvedAt, mailbox, anonymous } = survey
      await db
        .insertInto('surveys')
        .values({ ticket_id: ticket, solved_at: solvedAt, mailbox, anonymous: toFlag(anonymous) })
        .onConflict(on => on.doNothing())
        .execute()
    },

    /** The mail that asks is not sent. */
    async withdrawSurvey(ticket: TicketId, solvedAt: Instant): Promise<void> {
      await db
        .deleteFrom('surveys')
        .where('ticket_id', '=', ticket)
        .where('solved_at', '=', solvedAt)
        .where('answers', '=', 0)
        .execute()
    },

    /** It was answered once more; `score` is null for an anonymous one. */
    async surveyAnswered({ ticket, solvedAt }: Survey, score: Rating | null): Promise<void> {
      await db
        .updateTable('surveys')
        .set(eb => ({ answers: eb('answers', '+', 1), score }))
        .where('ticket_id', '=', ticket)
        .where('solved_at', '=', solvedAt)
        .execute()
    },

    async saveAnonymousAnswer(answer: AnonymousAnswer): Promise<void> {
      await db
        .insertInto('anonymous_answers')
        .values({ lot: randomUUID(), ...answer })
        .execute()
    },
  }
}

function toSurvey(row: {
  ticket_id: number
  solved_at: Instant
  mailbox: string
  anonymous: 0 | 1
  answers: number
}): Survey {
  const { ticket_id: ticket, solved_at: solvedAt, mailbox, anonymous, answers } = row
  return { ticket, solvedAt, mailbox, anonymous: anonymous === 1, answers }
}
