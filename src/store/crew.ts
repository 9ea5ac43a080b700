import type { Notice } from '../desk/policy.ts'
import type { Dated } from '../desk/reminder.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import type { Db } from './schema.ts'
import { statement } from './statement.ts'

/** A ticket that changes hands at a moment unless something happens before. */
export type Handover = {
  readonly ticket: TicketId
  /** From whom it goes back to the team; null: it waits for somebody to be at work. */
  readonly agent: string | null
  readonly at: Instant
}

/** Something that an agent is told of in the next digest. */
export type DigestLine = {
  readonly agent: string
  readonly event: number
  readonly ticket: TicketId
  readonly notice: Notice
  readonly at: Instant
}

const COLUMNS = { 'first-response': 'first_response_due', resolution: 'resolution_due' } as const

export function crewReads(db: Db) {
  return {
    /**
     * The tickets with such a date from `from` to `to` that it was not yet told of by this notice, and that still wait: for a
     * first answer also those that are pending.
     */
    async datesUntold(what: Dated, notice: 'due' | 'breached', from: Instant, to: Instant): Promise<TicketId[]> {
      const column = COLUMNS[what]
      let query = db
        .selectFrom('tickets as t')
        .select(['t.id', 't.status'])
        .where(`t.${column}`, '>=', from)
        .where(`t.${column}`, '<=', to)
        .where('t.solved_at', 'is', null)
        .where('t.merged_into', 'is', null)
        .where(eb =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('reminders as r')
                .select('r.due_at')
                .whereRef('r.ticket_id', '=', 't.id')
                .where('r.what', '=', what)
                .where('r.notice', '=', notice)
                .whereRef('r.due_at', '=', `t.${column}`),
            ),
          ),
        )
        .orderBy(`t.${column}`)
      if (what === 'first-response') query = query.where('t.first_response_at', 'is', null)
      // Asked for by status too, SQLite would walk through all that are open instead of the few of these days.
      const rows = await query.execute()
      return rows.flatMap(({ id, status }) => (what === 'resolution' && status !== 'open' ? [] : [id]))
    },

    /** The pending tickets whose day has come. */
    async waitedEnough(now: Instant): Promise<TicketId[]> {
      const rows = await db
        .selectFrom('tickets')
        .select(['id', 'status'])
        .where('pending_until', '<=', now)
        .orderBy('pending_until')
        .execute()
      return rows.flatMap(({ id, status }) => (status === 'pending' ? [id] : []))
    },

    async handoversDue(now: Instant): Promise<Handover[]> {
      const rows = await db.selectFrom('handovers').selectAll().where('at', '<=', now).orderBy('at').execute()
      return rows.map(({ ticket_id, agent, at }) => ({ ticket: ticket_id, agent, at }))
    },

    async handoverOf(ticket: TicketId): Promise<Handover | null> {
      const [row] = await handoverOf(db, { ticket })
      return row ? { ticket, agent: row.agent, at: row.at } : null
    },

    /** Which agents have something to be told, and since when the oldest of it waits. */
    async digestsWaiting(): Promise<{ agent: string; since: Instant }[]> {
      const rows = await db
        .selectFrom('digest_lines')
        .select(eb => ['agent', eb.fn.min('at').as('since')])
        .groupBy('agent')
        .execute()
      return rows.map(({ agent, since }) => ({ agent, since }))
    },

    /** What an agent is to be told, oldest first. */
    async digestLines(agent: string): Promise<DigestLine[]> {
      const rows = await db
        .selectFrom('digest_lines')
        .selectAll()
        .where('agent', '=', agent)
        .orderBy('event_id')
        .execute()
      return rows.map(row => ({ ...row, event: row.event_id, ticket: row.ticket_id }))
    },
  }
}

export function crewWrites(db: Db) {
  return {
    /** Notes that agents are told of a date; false when they were already. */
    async reminderOnce(ticket: TicketId, what: Dated, notice: 'due' | 'breached', dueAt: Instant): Promise<boolean> {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('reminders')
        .values({ ticket_id: ticket, what, notice, due_at: dueAt })
        .onConflict(on => on.doNothing())
        .executeTakeFirstOrThrow()
      return (numInsertedOrUpdatedRows ?? 0n) > 0n
    },

    async setHandover({ ticket, agent, at }: Handover): Promise<void> {
      await db
        .insertInto('handovers')
        .values({ ticket_id: ticket, agent, at })
        .onConflict(on => on.column('ticket_id').doUpdateSet({ agent, at }))
        .execute()
    },

    async dropHandover(ticket: TicketId): Promise<void> {
      await db.deleteFrom('handovers').where('ticket_id', '=', ticket).execute()
    },

    async addDigestLine({ agent, event, ticket, notice, at }: DigestLine): Promise<void> {
      await db
        .insertInto('digest_lines')
        .values({ agent, event_id: event, ticket_id: ticket, notice, at })
        .onConflict(on => on.doNothing())
        .execute()
    },

    async dropDigestLines(agent: string): Promise<void> {
      await db.deleteFrom('digest_lines').where('agent', '=', agent).execute()
    },
  }
}

const handoverOf = statement((db, { ticket }: { ticket: TicketId }) =>
  db.selectFrom('handovers').selectAll().where('ticket_id', '=', ticket),
)
