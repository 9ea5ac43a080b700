import type { FolderLedger, LeftOut } from '../desk/reconciliation.ts'
import type { Instant } from '../instant.ts'
import type { Db } from './schema.ts'

/** How far a folder has been read. UIDVALIDITY and UID together name a mail (RFC 3501 §2.3.1.1). */
export type Cursor = {
  readonly uidValidity: string
  readonly lastUid: number
  /** Mail that the server received earlier is not read; null: all of it. */
  readonly readSince: Instant | null
}

export type FolderStatus = {
  readonly mailbox: string
  readonly folder: string
  readonly uidValidity: string | null
  readonly lastUid: number
  readonly readSince: Instant | null
  /** When the folder was last read to its end. */
  readonly checkedAt: Instant | null
  /** Why it could not be read the last time; null when it could. */
  readonly lastError: string | null
  /** When the failures since the last good reading began. */
  readonly failingSince: Instant | null
}

export function mailboxReads(db: Db) {
  return {
    /** Null when the folder has never been read. */
    async cursor(mailbox: string, folder: string): Promise<Cursor | null> {
      const row = await db
        .selectFrom('mailbox_folders')
        .select(['uid_validity', 'last_uid', 'read_since'])
        .where('mailbox', '=', mailbox)
        .where('folder', '=', folder)
        .executeTakeFirst()
      if (!row?.uid_validity) return null
      return { uidValidity: row.uid_validity, lastUid: row.last_uid, readSince: row.read_since }
    },

    /** What the ledger knows of a folder; null when it has never been read. */
    async folderLedger(mailbox: string, folder: string): Promise<(FolderLedger & { uidValidity: string }) | null> {
      const cursor = await mailboxReads(db).cursor(mailbox, folder)
      if (!cursor) return null
      const { uidValidity, lastUid } = cursor
      const rows = await db
        .selectFrom('raw_mails')
        .select('uid')
        .where('mailbox', '=', mailbox)
        .where('folder', '=', folder)
        .where('uid_validity', '=', uidValidity)
        .execute()
      const leftOut = await db
        .selectFrom('left_out_mails')
        .select(['first_uid as firstUid', 'last_uid as lastUid'])
        .where('mailbox', '=', mailbox)
        .where('folder', '=', folder)
        .where('uid_validity', '=', uidValidity)
        .execute()
      return { uids: new Set(rows.map(row => row.uid)), leftOut, lastUid, uidValidity }
    },

    async folders(): Promise<FolderStatus[]> {
      const rows = await db.selectFrom('mailbox_folders').selectAll().orderBy('mailbox').orderBy('folder').execute()
      return rows.map(row => ({
        mailbox: row.mailbox,
        folder: row.folder,
        uidValidity: row.uid_validity,
        lastUid: row.last_uid,
        readSince: row.read_since,
        checkedAt: row.checked_at,
        lastError: row.last_error,
        failingSince: row.last_error_at,
      }))
    },
  }
}

export function mailboxWrites(db: Db) {
  const upsert = (mailbox: string, folder: string, values: Record<string, string | number | null>) =>
    db
      .insertInto('mailbox_folders')
      .values({ mailbox, folder, last_uid: 0, ...values })
      .onConflict(on => on.columns(['mailbox', 'folder']).doUpdateSet(values))
      .execute()

  return {
    async setCursor(mailbox: string, folder: string, cursor: Cursor): Promise<void> {
      const { uidValidity, lastUid, readSince } = cursor
      await upsert(mailbox, folder, { uid_validity: uidValidity, last_uid: lastUid, read_since: readSince })
    },

    /** Notes mails that are left alone, as a range of UIDs in which there are so many. */
    async leaveOut(
      left: LeftOut & {
        readonly mailbox: string
        readonly folder: string
        readonly uidValidity: string
        readonly mails: number
      },
      at: Instant,
    ): Promise<void> {
      const { mailbox, folder, uidValidity, firstUid, lastUid, mails } = left
      await db
        .insertInto('left_out_mails')
        .values({ mailbox, folder, uid_validity: uidValidity, first_uid: firstUid, last_uid: lastUid, mails, at })
        .onConflict(on => on.doNothing())
        .execute()
    },

    async folderRead(mailbox: string, folder: string, at: Instant): Promise<void> {
      await upsert(mailbox, folder, { checked_at: at, last_error: null, last_error_at: null })
    },

    async folderFailed(mailbox: string, folder: string, error: string, at: Instant): Promise<void> {
      await db
        .insertInto('mailbox_folders')
        .values({ mailbox, folder, last_uid: 0, last_error: error, last_error_at: at })
        .onConflict(on =>
          on.columns(['mailbox', 'folder']).doUpdateSet(eb => ({
            last_error: error,
            last_error_at: eb.fn.coalesce('mailbox_folders.last_error_at', eb.val(at)),
          })),
        )
        .execute()
    },
  }
}
