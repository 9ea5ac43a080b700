import { DAY, type Instant, MINUTE, msBetween, plus } from '../instant.ts'
import type { Db } from './schema.ts'
import { settingReads } from './settings.ts'
import { skipTicketNumbers } from './sqlite.ts'
import { ticketWrites } from './tickets.ts'

/*
 * A backup that is put back knows nothing of what happened since it was made: which of its waiting mails were sent, which
 * mails were answered that are now read from the server again, which numbers were told to people. None of it can be found
 * out, so nothing is repeated: what might have been sent is held back, and no number is given out a second time.
 *
 * A backup says in its settings that it is one, so it is known however it was put in the place of the database.
 */

/** Settings that a backup brings along, and those that `postdesk restore` adds to it. */
export const BACKUP_MADE_AT = 'backup-made-at'
export const RESTORE_QUIET_UNTIL = 'restore-quiet-until'
export const RESTORE_LAST_TICKET = 'restore-last-ticket'

/** Mail that the server received earlier is not answered automatically: it may have been, before the database was restored. */
const QUIET_UNTIL = 'quiet-until'

/** What was done with a backup when the service took it up. */
export type TakenUp = {
  readonly madeAt: Instant
  readonly quietUntil: Instant
  /** Mails of the outbox that are not sent by themselves. */
  readonly heldBack: number
  /** New tickets have higher numbers than this. */
  readonly lastTicket: number
}

/** The clock of a mail server may run ahead of ours. */
const SERVER_CLOCK_SLACK_MS = MINUTE
const LATELY_MS = 28 * DAY

export function restoredReads(db: Db) {
  return {
    /** Mail that the server received earlier than this gets no automatic answer; null: the database was never restored. */
    quietUntil: (): Promise<Instant | null> => settingReads(db).setting(QUIET_UNTIL),
  }
}

export function restoredWrites(db: Db) {
  return {
    /** To be called before anything is read or sent; null when the database is no backup, or was taken up before. */
    async takeUpBackup(now: Instant): Promise<TakenUp | null> {
      const { setting } = settingReads(db)
      const madeAt = await setting(BACKUP_MADE_AT)
      if (madeAt === null) return null
      const quietUntil = (await setting(RESTORE_QUIET_UNTIL)) ?? plus(now, SERVER_CLOCK_SLACK_MS)
      const heldBack = await holdBack(db, madeAt, now)
      const lastTicket = await numbersFrom(db, madeAt, now, Number(await setting(RESTORE_LAST_TICKET)))
      await skipTicketNumbers(db, lastTicket)
      const read = [BACKUP_MADE_AT, RESTORE_QUIET_UNTIL, RESTORE_LAST_TICKET]
      await db.deleteFrom('settings').where('name', 'in', read).execute()
      await db
        .insertInto('settings')
        .values({ name: QUIET_UNTIL, value: quietUntil })
        .onConflict(on => on.column('name').doUpdateSet({ value: quietUntil }))
        .execute()
      return { madeAt, quietUntil, heldBack, lastTicket }
    },
  }
}

/** They stay in the outbox as failed: whoever knows that one was never sent sends it by hand. */
async function holdBack(db: Db, madeAt: Instant, now: Instant): Promise<number> {
  const error = `held back: it waited in the backup of ${madeAt} and may have been sent since then; send it again if not`
  const held = await db
    .updateTable('outbox')
    .set({ state: 'failed', last_error: error })
    .where('state', '=', 'queued')
    .returning(['id', 'ticket_id', 'kind', 'attempts'])
    .execute()
  for (const { id, ticket_id: ticket, kind, attempts } of held) {
    const data = { kind, outbox: id, attempts, error }
    if (ticket !== null)
      await ticketWrites(db).addEvents(ticket, [{ kind: 'reply-failed', actor: 'postdesk', data }], now)
  }
  return held.length
}

/** The highest number that may have been told to somebody; `known` is that of the database before (NaN or 0: it is lost). */
async function numbersFrom(db: Db, madeAt: Instant, now: Instant, known: number): Promise<number> {
  const { last, lately } = await db
    .selectFrom('tickets')
    .select(eb => [
      eb.fn.coalesce(eb.fn.max('id'), eb.lit(0)).as('last'),
      eb.fn.countAll<number>().filterWhere('opened_at', '>=', plus(madeAt, -LATELY_MS)).as('lately'),
    ])
    .executeTakeFirstOrThrow()
  return known >= last && known > 0 ? known : last + numbersToSkip(lately, msBetween(madeAt, now))
}

/** Twice as many as were opened in such a time lately, and a hundred: numbers cost nothing, one told twice does. */
export function numbersToSkip(openedLately: number, sinceMs: number): number {
  return 100 + 2 * Math.ceil((openedLately * Math.max(0, sinceMs)) / LATELY_MS)
}
