import type { Alarm, Cause, Trouble } from '../desk/alarm.ts'
import type { Instant } from '../instant.ts'
import { FAILED, QUEUED } from './outbox.ts'
import type { Db } from './schema.ts'
import { hourOf } from './sqlite.ts'

type LastSent = { readonly id: number; readonly at: Instant }

/** What the admins are told of, and what it is told by. Like all figures, each is answered by an index alone. */
export function alarmReads(db: Db) {
  // Sent mail is none that came: many a server keeps a copy there of each of ours.
  const arrivals = (mailbox: string) => {
    const sent = db.selectFrom('mailbox_folders').select('folder').where('mailbox', '=', mailbox)
    return db
      .selectFrom('raw_mails')
      .where('mailbox', '=', mailbox)
      .where('folder', 'not in', sent.where('role', '=', 'sent'))
  }

  return {
    /** Every cause there ever was, those that are over too. */
    async alarms(): Promise<Alarm[]> {
      const rows = await db
        .selectFrom('alarms')
        .selectAll()
        .orderBy('mailbox')
        .orderBy('cause')
        .orderBy('folder')
        .execute()
      return rows.map(({ raised_at, told_at, over_at, ...trouble }) => ({
        ...trouble,
        raisedAt: raised_at,
        toldAt: told_at,
        overAt: over_at,
      }))
    },

    /** The mail of a mailbox that waits longest although it was tried, with how that failed; null when there is none. */
    async stuckMail(mailbox: string): Promise<{ createdAt: Instant; error: string } | null> {
      const row = await db
        .selectFrom('outbox')
        .select(['created_at', 'last_error'])
        .where('state', '=', QUEUED)
        .where('mailbox', '=', mailbox)
        .where('attempts', '>', 0)
        .where('last_error', 'is not', null)
        .orderBy('created_at')
        .limit(1)
        .executeTakeFirst()
      return row ? { createdAt: row.created_at, error: row.last_error ?? '' } : null
    },

    /**
     * The mails of a mailbox that failed for all of their recipients, made out after its last one that was sent: the newest fifty,
     * newest first. `putOffTo` is at most an hour after the last attempt.
     */
    async failedMails(
      mailbox: string,
      last: LastSent | null,
    ): Promise<{ createdAt: Instant; putOffTo: Instant; recipients: string; error: string }[]> {
      let query = db
        .selectFrom('outbox')
        .select(['created_at', 'next_attempt_at', 'recipients', 'last_error'])
        .where('state', '=', FAILED)
        .where('mailbox', '=', mailbox)
        .where('attempts', '>', 0)
        .where('response', 'is', null)
        .orderBy('id', 'desc')
        .limit(50)
      if (last) query = query.where('id', '>', last.id).where('created_at', '>', last.at)
      return (await query.execute()).map(row => ({
        createdAt: row.created_at,
        putOffTo: row.next_attempt_at,
        recipients: row.recipients,
        error: row.last_error ?? '',
      }))
    },

    /** The mail of this mailbox that was sent last, and when; null: none ever was. */
    async lastSent(mailbox: string): Promise<LastSent | null> {
      const row = await db
        .selectFrom('outbox')
        .select(['id', 'sent_at'])
        .where('mailbox', '=', mailbox)
        .where('sent_at', 'is not', null)
        .orderBy('sent_at', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row?.sent_at ? { id: row.id, at: row.sent_at } : null
    },

    /**
     * When the newest mail of a mailbox arrived until `now`, by its server's clock; null: none ever did. What bears a date
     * of the future tells nothing of today.
     */
    async lastArrivalAt(mailbox: string, now: Instant): Promise<Instant | null> {
      const newest = arrivals(mailbox).where('received_at', '<=', now).orderBy('received_at', 'desc')
      return (await newest.select('received_at').limit(1).executeTakeFirst())?.received_at ?? null
    },

    /** The same of the oldest. */
    async firstArrivalAt(mailbox: string): Promise<Instant | null> {
      const oldest = arrivals(mailbox).orderBy('received_at')
      return (await oldest.select('received_at').limit(1).executeTakeFirst())?.received_at ?? null
    },

    /** How many mails arrived in each hour (UTC, `2026-11-23T09`) of these times; hours without any are left out. */
    async arrivalsByHour(
      mailbox: string,
      times: readonly { readonly from: Instant; readonly to: Instant }[],
    ): Promise<ReadonlyMap<string, number>> {
      const hours = new Map<string, number>()
      for (const { from, to } of times) {
        const rows = await arrivals(mailbox)
          .select(eb => [hourOf('received_at').as('hour'), eb.fn.countAll<number>().as('count')])
          .where('received_at', '>=', from)
          .where('received_at', '<', to)
          .groupBy('hour')
          .execute()
        for (const { hour, count } of rows) hours.set(hour, Math.max(count, hours.get(hour) ?? 0))
      }
      return hours
    },
  }
}

export function alarmWrites(db: Db) {
  const of = ({ cause, mailbox, folder }: { cause: Cause; mailbox: string; folder: string }) =>
    db.updateTable('alarms').where('cause', '=', cause).where('mailbox', '=', mailbox).where('folder', '=', folder)

  return {
    async raiseAlarm({ cause, mailbox, folder, since, detail }: Trouble, at: Instant): Promise<void> {
      const values = { since, detail, raised_at: at, over_at: null }
      await db
        .insertInto('alarms')
        .values({ cause, mailbox, folder, ...values, told_at: null })
        .onConflict(on => on.columns(['cause', 'mailbox', 'folder']).doUpdateSet(values))
        .execute()
    },

    async alarmTold(alarm: Trouble, at: Instant): Promise<void> {
      await of(alarm).set({ told_at: at }).execute()
    },

    async endAlarm(alarm: Trouble, at: Instant): Promise<void> {
      await of(alarm).set({ over_at: at }).execute()
    },
  }
}
