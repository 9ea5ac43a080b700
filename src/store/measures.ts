import type { Instant } from '../instant.ts'
import { FAILED, QUEUED } from './outbox.ts'
import { type Db, fromJson, type Outcome } from './schema.ts'

/*
 * Figures for monitoring. They are asked for every few seconds while millions of rows are here, so each is answered by an
 * index alone, or by what is newer than the time before.
 */

/** How far the ledger and the histories have been looked at. */
export type Position = { readonly rawMail: number; readonly event: number }

/** What happened since a position, at most `limit` lines of each table; the position to go on from. */
export type News = {
  readonly mails: readonly { readonly mailbox: string; readonly outcome: Outcome }[]
  readonly events: readonly {
    readonly kind: string
    readonly at: Instant
    readonly mailbox: string
    /** When the mail that opened the ticket arrived. */
    readonly openedAt: Instant
    /** For what was sent or not: `acknowledgement`, `answer`. */
    readonly of: string | null
  }[]
  readonly next: Position
  /** Is there more? */
  readonly more: boolean
}

export type QueueDepth = { readonly mailbox: string; readonly queued: number; readonly oldestAt: Instant }

const COUNTED = ['opened', 'reply-sent', 'reply-failed']

export function measureReads(db: Db) {
  return {
    /** The end of the ledger and of the histories. */
    async position(): Promise<Position> {
      const last = async (table: 'raw_mails' | 'ticket_events') =>
        (await db.selectFrom(table).select('id').orderBy('id', 'desc').limit(1).executeTakeFirst())?.id ?? 0
      return { rawMail: await last('raw_mails'), event: await last('ticket_events') }
    },

    async newsSince(from: Position, limit: number): Promise<News> {
      const end = await this.position()
      const next = {
        rawMail: Math.min(end.rawMail, from.rawMail + limit),
        event: Math.min(end.event, from.event + limit),
      }
      const mails = await db
        .selectFrom('raw_mails')
        .select(['mailbox', 'outcome'])
        .where('id', '>', from.rawMail)
        .where('id', '<=', next.rawMail)
        .execute()
      const events = await db
        .selectFrom('ticket_events as e')
        .innerJoin('tickets as t', 't.id', 'e.ticket_id')
        .select(['e.kind', 'e.at', 'e.data', 't.mailbox', 't.opened_at'])
        .where('e.id', '>', from.event)
        .where('e.id', '<=', next.event)
        .where('e.kind', 'in', COUNTED)
        .execute()
      return {
        mails,
        events: events.map(({ kind, at, data, mailbox, opened_at }) => {
          const { kind: of } = fromJson<{ kind?: unknown }>(data)
          return { kind, at, mailbox, openedAt: opened_at, of: typeof of === 'string' ? of : null }
        }),
        next,
        more: next.rawMail < end.rawMail || next.event < end.event,
      }
    },

    /** What waits to be sent; mailboxes without are left out. */
    async queueDepths(): Promise<QueueDepth[]> {
      return db
        .selectFrom('outbox')
        .select(eb => ['mailbox', eb.fn.countAll<number>().as('queued'), eb.fn.min('created_at').as('oldestAt')])
        .where('state', '=', QUEUED)
        .groupBy('mailbox')
        .execute()
    },

    /** How often people were asked how content they are, and how often they said so. */
    async surveysAsked(): Promise<{ mailbox: string; count: number }[]> {
      return db
        .selectFrom('surveys')
        .select(eb => ['mailbox', eb.fn.countAll<number>().as('count')])
        .groupBy('mailbox')
        .execute()
    },

    /** What they said, by score, anonymously or not. */
    async ratings(): Promise<{ mailbox: string; score: number; count: number }[]> {
      const of = (table: 'surveys' | 'anonymous_answers') =>
        db
          .selectFrom(table)
          .select(eb => ['mailbox', eb.ref('score').$notNull().as('score'), eb.fn.countAll<number>().as('count')])
          .where('score', 'is not', null)
          .groupBy(['mailbox', 'score'])
          .execute()
      const counts = new Map<string, { mailbox: string; score: number; count: number }>()
      for (const row of [...(await of('surveys')), ...(await of('anonymous_answers'))]) {
        const key = `${row.score} ${row.mailbox}`
        counts.set(key, { ...row, count: row.count + (counts.get(key)?.count ?? 0) })
      }
      return [...counts.values()]
    },

    /** Mails that were given up and wait for somebody to look at them. */
    async failedCount(): Promise<number> {
      const { count } = await db
        .selectFrom('outbox')
        .select(eb => eb.fn.countAll<number>().as('count'))
        .where('state', '=', FAILED)
        .executeTakeFirstOrThrow()
      return count
    },

    /** Mails that could not be read or recorded, and when the oldest of them was taken in. */
    async quarantine(): Promise<{ count: number; oldestAt: Instant | null }> {
      const { count, first } = await db
        .selectFrom('raw_mails')
        .select(eb => [eb.fn.countAll<number>().as('count'), eb.fn.min('id').as('first')])
        .where('outcome', '=', 'quarantine')
        .executeTakeFirstOrThrow()
      const oldest = await db
        .selectFrom('raw_mails')
        .select('stored_at')
        .where('id', '=', first ?? 0)
        .executeTakeFirst()
      return { count, oldestAt: oldest?.stored_at ?? null }
    },
  }
}
