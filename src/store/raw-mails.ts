import type { TicketId } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import type { Db, Outcome } from './schema.ts'
import { statement } from './statement.ts'

export type { Outcome } from './schema.ts'

/** A mail exactly as the server gave it. */
export type RawMail = {
  readonly mailbox: string
  readonly folder: string
  readonly uidValidity: string
  readonly uid: number
  readonly receivedAt: Instant
  readonly bytes: Buffer
  readonly sha256: string
  /** The size that the server tells, in bytes, when `bytes` is only the beginning of the mail; left out or null: it is whole. */
  readonly fullSize?: number | null
}

/** What became of a mail. */
export type Settled = { readonly outcome: Outcome; readonly reason: string | null; readonly ticket: TicketId | null }

/** A line of the ledger. */
export type RawMailStatus = Omit<RawMail, 'bytes' | 'fullSize'> &
  Settled & {
    readonly id: number
    readonly storedAt: Instant
    readonly size: number
    readonly fullSize: number | null
  }

export type RawMailFilter = {
  readonly outcome?: Outcome
  readonly mailbox?: string
  readonly before?: number
  readonly limit: number
}

const COLUMNS = [
  'id',
  'mailbox',
  'folder',
  'uid_validity',
  'uid',
  'received_at',
  'stored_at',
  'size',
  'sha256',
  'full_size',
  'outcome',
  'reason',
  'ticket_id',
] as const

export function rawMailReads(db: Db) {
  return {
    async rawMail(id: number): Promise<RawMailStatus | null> {
      const row = await db.selectFrom('raw_mails').select(COLUMNS).where('id', '=', id).executeTakeFirst()
      return row ? toStatus(row) : null
    },

    async rawBytes(id: number): Promise<Buffer | null> {
      const row = await db.selectFrom('raw_mails').select('bytes').where('id', '=', id).executeTakeFirst()
      return row?.bytes ?? null
    },

    /** The ledger, newest first; `before` is the id of the last line of the page before. */
    async rawMails(filter: RawMailFilter): Promise<RawMailStatus[]> {
      let query = db.selectFrom('raw_mails').select(COLUMNS).orderBy('id', 'desc').limit(filter.limit)
      if (filter.outcome) query = query.where('outcome', '=', filter.outcome)
      if (filter.mailbox) query = query.where('mailbox', '=', filter.mailbox)
      if (filter.before) query = query.where('id', '<', filter.before)
      return (await query.execute()).map(toStatus)
    },

    /** What became of the mail at a place of the ledger, in whichever of these mailboxes; null when it is not in there. */
    async settledAt(
      mailboxes: readonly string[],
      { folder, uidValidity, uid }: Pick<RawMail, 'folder' | 'uidValidity' | 'uid'>,
    ): Promise<(Settled & { readonly rawMail: number }) | null> {
      const row = await db
        .selectFrom('raw_mails')
        .select(['id', 'outcome', 'reason', 'ticket_id'])
        .where('mailbox', 'in', mailboxes)
        .where('folder', '=', folder)
        .where('uid_validity', '=', uidValidity)
        .where('uid', '=', uid)
        .executeTakeFirst()
      return row ? { rawMail: row.id, outcome: row.outcome, reason: row.reason, ticket: row.ticket_id } : null
    },

    /** The first mail with this content, when it was taken in under another id than `except`. */
    async sameContent(
      fingerprint: string,
      except: number,
    ): Promise<{ rawMail: number; ticket: TicketId | null } | null> {
      const [row] = await sameContent(db, { fingerprint, except })
      return row ? { rawMail: row.id, ticket: row.ticket_id } : null
    },
  }
}

export function rawMailWrites(db: Db) {
  return {
    /**
     * Keeps the bytes of a mail before anything is known of them. Null when this very UID is in the ledger already.
     * Its outcome stands as quarantined until `settleRawMail` says better.
     */
    async saveRawMail(mail: RawMail, at: Instant): Promise<number | null> {
      const [row] = await insertRawMail(db, { ...mail, fullSize: mail.fullSize ?? null, size: mail.bytes.length, at })
      return row?.id ?? null
    },

    async settleRawMail(id: number, settled: Settled & { fingerprint: string | null }): Promise<void> {
      await settleRawMail(db, { ...settled, id })
    },
  }
}

const sameContent = statement((db, mail: { fingerprint: string; except: number }) =>
  db
    .selectFrom('raw_mails')
    .select(['id', 'ticket_id'])
    .where('fingerprint', '=', mail.fingerprint)
    .where('id', '<>', mail.except)
    // Of a blocked mail nobody has seen anything: a copy that came another way, without a filter's mark, is the first one.
    .where('outcome', 'not in', ['duplicate', 'quarantine', 'skip', 'blocked'])
    .orderBy('id')
    .limit(1),
)

const insertRawMail = statement((db, mail: RawMail & { fullSize: number | null; size: number; at: Instant }) =>
  db
    .insertInto('raw_mails')
    .values({
      mailbox: mail.mailbox,
      folder: mail.folder,
      uid_validity: mail.uidValidity,
      uid: mail.uid,
      received_at: mail.receivedAt,
      stored_at: mail.at,
      size: mail.size,
      sha256: mail.sha256,
      fingerprint: null,
      outcome: 'quarantine',
      reason: null,
      ticket_id: null,
      bytes: mail.bytes,
      full_size: mail.fullSize,
    })
    .onConflict(on => on.columns(['mailbox', 'folder', 'uid_validity', 'uid']).doNothing())
    .returning('id'),
)

const settleRawMail = statement((db, mail: Settled & { id: number; fingerprint: string | null }) =>
  db
    .updateTable('raw_mails')
    .set({ outcome: mail.outcome, reason: mail.reason, ticket_id: mail.ticket, fingerprint: mail.fingerprint })
    .where('id', '=', mail.id),
)

type Row = {
  id: number
  mailbox: string
  folder: string
  uid_validity: string
  uid: number
  received_at: Instant
  stored_at: Instant
  size: number
  sha256: string
  full_size: number | null
  outcome: Outcome
  reason: string | null
  ticket_id: number | null
}

function toStatus(row: Row): RawMailStatus {
  return {
    id: row.id,
    mailbox: row.mailbox,
    folder: row.folder,
    uidValidity: row.uid_validity,
    uid: row.uid,
    receivedAt: row.received_at,
    storedAt: row.stored_at,
    size: row.size,
    sha256: row.sha256,
    fullSize: row.full_size,
    outcome: row.outcome,
    reason: row.reason,
    ticket: row.ticket_id,
  }
}
