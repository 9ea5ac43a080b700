import { sql } from 'kysely'
import { type OutgoingMail, recipientsOf } from '../desk/outgoing-mail.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import type { Db, OutboxKind, OutboxState } from './schema.ts'
import { fromJson, toJson } from './schema.ts'
import { withField } from './sqlite.ts'
import { statement } from './statement.ts'

export type NewOutboxMail = {
  readonly ticket: TicketId | null
  readonly message: number | null
  readonly kind: OutboxKind
  /** At most one mail with this key is ever sent: `ack:1042`. */
  readonly dedupeKey: string
  readonly mailbox: string
  readonly mail: OutgoingMail
}

export type OutboxMail = NewOutboxMail & {
  readonly id: number
  readonly state: OutboxState
  readonly attempts: number
  readonly nextAttemptAt: Instant
  readonly lastError: string | null
  readonly response: string | null
  readonly createdAt: Instant
  readonly sentAt: Instant | null
  /** Null: all of its recipients have got it, or none. */
  readonly undelivered: Undelivered | null
}

/** Who has not got a mail that the server took for some and not for others. */
export type Undelivered = {
  /** Whom alone the next attempt goes to. */
  readonly waiting: readonly string[]
  /** Whom the server refused for good while others wait, with its words. */
  readonly refused: readonly { readonly address: string; readonly error: string }[]
}

/** How a delivery ended. `failed` is for good, for some at least; `later` stays queued for the next attempt. */
export type Delivery =
  | { readonly outcome: 'sent'; readonly response: string }
  | {
      readonly outcome: 'later' | 'failed'
      readonly error: string
      /** What the server said when it took the mail for some. */
      readonly response?: string | null
      /** Absent: as before. */
      readonly undelivered?: Undelivered
    }

export function outboxReads(db: Db) {
  return {
    async outboxMail(id: number): Promise<OutboxMail | null> {
      const row = await db.selectFrom('outbox').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? toOutboxMail(row) : null
    },

    /** Newest first; `before` is the id of the last line of the page before. */
    async outbox(filter: {
      state?: OutboxState
      ticket?: TicketId
      before?: number
      limit: number
    }): Promise<OutboxMail[]> {
      let query = db.selectFrom('outbox').selectAll().orderBy('id', 'desc').limit(filter.limit)
      if (filter.state) query = query.where('state', '=', filter.state)
      if (filter.ticket) query = query.where('ticket_id', '=', filter.ticket)
      if (filter.before) query = query.where('id', '<', filter.before)
      return (await query.execute()).map(toOutboxMail)
    },

    /** The mail that was made out with this dedupe key, whatever became of it. */
    async madeOut(dedupeKey: string): Promise<Pick<OutboxMail, 'id' | 'kind' | 'state'> | null> {
      const made = db.selectFrom('outbox').select(['id', 'kind', 'state']).where('dedupe_key', '=', dedupeKey)
      return (await made.executeTakeFirst()) ?? null
    },

    /** When the next attempt for this mailbox is due; null when nothing is queued. */
    async nextAttemptAt(mailbox: string): Promise<Instant | null> {
      const [row] = await nextAttempt(db, { mailbox })
      return row?.next_attempt_at ?? null
    },

    /** When the last of the attempts that wait is due; null when nothing is queued. */
    async lastAttemptAt(mailbox: string): Promise<Instant | null> {
      const [row] = await lastAttempt(db, { mailbox })
      return row?.next_attempt_at ?? null
    },
  }
}

export function outboxWrites(db: Db) {
  return {
    /** Gives the id, or null when a mail with this dedupe key was made out before. `notBefore`: it may still be withdrawn until then. */
    async enqueue(mail: NewOutboxMail, at: Instant, notBefore = at): Promise<number | null> {
      const recipients = recipientsOf(mail.mail).join(' ')
      const [row] = await insertOutboxMail(db, { ...mail, recipients, mail: toJson(mail.mail), at, notBefore })
      return row?.id ?? null
    },

    /**
     * Takes what is due for a mailbox, oldest first. The attempt is counted and the next one put off *before* anything is dialled:
     * a crash in the middle then costs a delay, not a storm. `nextAttempt` gives the instant after so many attempts.
     */
    async claimDue(
      mailbox: string,
      at: Instant,
      limit: number,
      nextAttempt: (attempts: number) => Instant,
    ): Promise<OutboxMail[]> {
      const due = await db
        .selectFrom('outbox')
        .selectAll()
        .where('state', '=', QUEUED)
        .where('mailbox', '=', mailbox)
        .where('next_attempt_at', '<=', at)
        .orderBy('next_attempt_at')
        .orderBy('id')
        .limit(limit)
        .execute()
      for (const row of due) {
        row.attempts++
        await claim(db, { id: row.id, attempts: row.attempts, at: nextAttempt(row.attempts) })
      }
      return due.map(toOutboxMail)
    },

    async settle(id: number, delivery: Delivery, at: Instant): Promise<void> {
      if (delivery.outcome === 'sent') await settleSent(db, { id, response: delivery.response, at })
      else {
        const { outcome, error, response = null, undelivered } = delivery
        await settleNotSent(db, { id, state: outcome === 'later' ? 'queued' : 'failed', error, response })
        if (undelivered) await saveUndelivered(db, { id, undelivered: toJson(undelivered) })
      }
    },

    /** Takes back a mail that nobody has tried to send yet, and nobody has got; false when it is too late. */
    async withdraw(id: number): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('outbox')
        .set({ state: 'withdrawn' })
        .where('id', '=', id)
        .where('state', '=', 'queued')
        .where('attempts', '=', 0)
        .where('response', 'is', null)
        .executeTakeFirstOrThrow()
      return numUpdatedRows > 0n
    },

    /** Puts a mail back that was taken back: it waits again. */
    async unwithdraw(id: number, notBefore: Instant): Promise<void> {
      await db
        .updateTable('outbox')
        .set({ state: 'queued', next_attempt_at: notBefore })
        .where('id', '=', id)
        .where('state', '=', 'withdrawn')
        .execute()
    },

    /** Makes due what waits for a moment later than `latest`; gives how many mails. */
    async attemptNow(mailbox: string, latest: Instant, at: Instant): Promise<number> {
      const { numUpdatedRows } = await db
        .updateTable('outbox')
        .set({ next_attempt_at: at })
        .where('state', '=', QUEUED)
        .where('mailbox', '=', mailbox)
        .where('next_attempt_at', '>', latest)
        .executeTakeFirstOrThrow()
      return Number(numUpdatedRows)
    },

    /** Puts a mail that waits or has failed back to the front; false when it was sent already or is unknown. */
    async retryOutboxMail(id: number, at: Instant): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('outbox')
        .set({ state: 'queued', attempts: 0, next_attempt_at: at })
        .where('id', '=', id)
        .where('state', 'in', ['queued', 'failed'])
        .executeTakeFirstOrThrow()
      return numUpdatedRows > 0n
    },
  }
}

/** Written out and not bound: only then does SQLite see at once that the index of what is due, or has failed, will do. */
export const QUEUED = sql.lit('queued' as const)
export const FAILED = sql.lit('failed' as const)

const nextAttempt = statement((db, { mailbox }: { mailbox: string }) =>
  db
    .selectFrom('outbox')
    .select('next_attempt_at')
    .where('state', '=', QUEUED)
    .where('mailbox', '=', mailbox)
    .orderBy('next_attempt_at')
    .limit(1),
)

const lastAttempt = statement((db, { mailbox }: { mailbox: string }) =>
  db
    .selectFrom('outbox')
    .select('next_attempt_at')
    .where('state', '=', QUEUED)
    .where('mailbox', '=', mailbox)
    .orderBy('next_attempt_at', 'desc')
    .limit(1),
)

const insertOutboxMail = statement(
  (db, mail: Omit<NewOutboxMail, 'mail'> & { recipients: string; mail: string; at: Instant; notBefore: Instant }) =>
    db
      .insertInto('outbox')
      .values({
        ticket_id: mail.ticket,
        message_id: mail.message,
        kind: mail.kind,
        dedupe_key: mail.dedupeKey,
        mailbox: mail.mailbox,
        recipients: mail.recipients,
        mail: mail.mail,
        state: 'queued',
        next_attempt_at: mail.notBefore,
        last_error: null,
        response: null,
        created_at: mail.at,
        sent_at: null,
      })
      .onConflict(on => on.column('dedupe_key').doNothing())
      .returning('id'),
)

const claim = statement((db, mail: { id: number; attempts: number; at: Instant }) =>
  db.updateTable('outbox').set({ attempts: mail.attempts, next_attempt_at: mail.at }).where('id', '=', mail.id),
)

const settleSent = statement((db, mail: { id: number; response: string; at: Instant }) =>
  db
    .updateTable('outbox')
    .set({ state: 'sent', response: mail.response, last_error: null, sent_at: mail.at })
    .where('id', '=', mail.id),
)

const settleNotSent = statement(
  (db, mail: { id: number; state: 'queued' | 'failed'; error: string; response: string | null }) =>
    db
      .updateTable('outbox')
      .set(eb => ({
        state: mail.state,
        last_error: mail.error,
        response: eb.fn.coalesce(eb.val(mail.response), 'response'),
      }))
      .where('id', '=', mail.id),
)

const saveUndelivered = statement((db, mail: { id: number; undelivered: string }) =>
  db
    .updateTable('outbox')
    .set({ mail: withField('mail', 'undelivered', mail.undelivered) })
    .where('id', '=', mail.id),
)

type Row = {
  id: number
  ticket_id: number | null
  message_id: number | null
  kind: OutboxKind
  dedupe_key: string
  mailbox: string
  mail: string
  state: OutboxState
  attempts: number
  next_attempt_at: Instant
  last_error: string | null
  response: string | null
  created_at: Instant
  sent_at: Instant | null
}

/** Mails made out by an earlier version have none of these. */
type Late = Pick<OutgoingMail, 'cc' | 'replyTo'> & Pick<OutboxMail, 'undelivered'>
const NONE: Late = { cc: [], replyTo: null, undelivered: null }

function toOutboxMail(row: Row): OutboxMail {
  const { undelivered, ...mail } = { ...NONE, ...fromJson<Omit<OutgoingMail, keyof Late> & Partial<Late>>(row.mail) }
  return {
    id: row.id,
    ticket: row.ticket_id,
    message: row.message_id,
    kind: row.kind,
    dedupeKey: row.dedupe_key,
    mailbox: row.mailbox,
    mail,
    state: row.state,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    lastError: row.last_error,
    response: row.response,
    createdAt: row.created_at,
    sentAt: row.sent_at,
    // What is written of a mail that is sent is written for good.
    undelivered: row.state === 'sent' ? null : undelivered,
  }
}
