import type { FolderLedger, LeftOut, Start } from '../desk/reconciliation.ts'
import type { Instant } from '../instant.ts'
import type { Db } from './schema.ts'
import { statement } from './statement.ts'

/** How far a folder has been read. UIDVALIDITY and UID together name a mail (RFC 3501 §2.3.1.1). */
export type Cursor = Start & { readonly uidValidity: string; readonly lastUid: number }

/** `sent` holds what agents wrote in the mailbox itself. */
export type FolderRole = 'received' | 'sent'

export type FolderStatus = {
  readonly mailbox: string
  readonly folder: string
  readonly role: FolderRole
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

/** A folder of sent mail whose place another one has taken: since it began to fail, that one was read. */
export function isReplaced({ mailbox, folder, failingSince }: FolderStatus, all: readonly FolderStatus[]): boolean {
  if (failingSince === null) return false
  const others = all.filter(one => one.mailbox === mailbox && one.role === 'sent' && one.folder !== folder)
  return others.some(({ checkedAt }) => checkedAt !== null && checkedAt > failingSince)
}

export function mailboxReads(db: Db) {
  return {
    /** Null when the folder has never been read. */
    async cursor(mailbox: string, folder: string): Promise<Cursor | null> {
      const row = await db
        .selectFrom('mailbox_folders')
        .select(['uid_validity', 'last_uid', 'read_since', 'since_uid'])
        .where('mailbox', '=', mailbox)
        .where('folder', '=', folder)
        .executeTakeFirst()
      if (!row?.uid_validity) return null
      const { uid_validity, last_uid, read_since, since_uid } = row
      return { uidValidity: uid_validity, lastUid: last_uid, readSince: read_since, sinceUid: since_uid }
    },

    /** Null when the folder has never been read. */
    async folderRole(mailbox: string, folder: string): Promise<FolderRole | null> {
      const [row] = await folderRole(db, { mailbox, folder })
      return row?.role ?? null
    },

    /**
     * The mails of a folder that are not yet marked or moved on the server as the configuration says, by ascending UID;
     * what is in quarantine stays as it is, to be seen by people.
     */
    async untidied(mailbox: string, folder: string): Promise<readonly number[]> {
      const rows = await db
        .selectFrom('raw_mails as r')
        .innerJoin('mailbox_folders as f', join =>
          join
            .onRef('f.mailbox', '=', 'r.mailbox')
            .onRef('f.folder', '=', 'r.folder')
            .onRef('f.uid_validity', '=', 'r.uid_validity')
            .onRef('f.tidied_uid', '<', 'r.uid'),
        )
        .select('r.uid')
        .where('r.mailbox', '=', mailbox)
        .where('r.folder', '=', folder)
        .where('r.outcome', '<>', 'quarantine')
        .orderBy('r.uid')
        .execute()
      return rows.map(({ uid }) => uid)
    },

    /** What the ledger knows of a folder; null when it has never been read. */
    async folderLedger(mailbox: string, folder: string): Promise<(FolderLedger & { uidValidity: string }) | null> {
      const cursor = await mailboxReads(db).cursor(mailbox, folder)
      if (!cursor) return null
      const { uidValidity } = cursor
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
      return { ...cursor, uids: new Set(rows.map(row => row.uid)), leftOut }
    },

    async folders(): Promise<FolderStatus[]> {
      const rows = await db.selectFrom('mailbox_folders').selectAll().orderBy('mailbox').orderBy('folder').execute()
      return rows.map(row => ({
        mailbox: row.mailbox,
        folder: row.folder,
        role: row.role,
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
      .values({ mailbox, folder, last_uid: 0, since_uid: 0, ...values })
      .onConflict(on => on.columns(['mailbox', 'folder']).doUpdateSet(values))
      .execute()

  return {
    async setCursor(mailbox: string, folder: string, cursor: Cursor): Promise<void> {
      const { uidValidity, lastUid, readSince, sinceUid } = cursor
      const values = { uid_validity: uidValidity, last_uid: lastUid, read_since: readSince, since_uid: sinceUid }
      await upsert(mailbox, folder, values)
    },

    /** Begins a folder, or begins it anew under another UIDVALIDITY. */
    async beginFolder(mailbox: string, folder: string, role: FolderRole, cursor: Cursor): Promise<void> {
      await mailboxWrites(db).setCursor(mailbox, folder, cursor)
      await upsert(mailbox, folder, { role, tidied_uid: cursor.lastUid })
      // Under another UIDVALIDITY they are other mails, and all are read again.
      await db.deleteFrom('refused_mails').where('mailbox', '=', mailbox).where('folder', '=', folder).execute()
    },

    /** The mails up to this UID are marked or moved on the server, or are to stay as they are. */
    async folderTidied(mailbox: string, folder: string, uid: number): Promise<void> {
      await upsert(mailbox, folder, { tidied_uid: uid })
    },

    /** A mail was taken in later than those after it: it is to be marked or moved too, and to mark those again changes nothing. */
    async folderUntidied(mailbox: string, folder: string, uid: number): Promise<void> {
      await db
        .updateTable('mailbox_folders')
        .set({ tidied_uid: uid - 1 })
        .where('mailbox', '=', mailbox)
        .where('folder', '=', folder)
        .where('tidied_uid', '>=', uid)
        .execute()
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

    /** `role`: of a folder that has never been read. */
    async folderFailed(
      mailbox: string,
      folder: string,
      error: string,
      at: Instant,
      role: FolderRole = 'received',
    ): Promise<void> {
      await db
        .insertInto('mailbox_folders')
        .values({ mailbox, folder, role, last_uid: 0, since_uid: 0, last_error: error, last_error_at: at })
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

const folderRole = statement((db, place: { mailbox: string; folder: string }) =>
  db
    .selectFrom('mailbox_folders')
    .select('role')
    .where('mailbox', '=', place.mailbox)
    .where('folder', '=', place.folder),
)
