import type { Instant } from '../instant.ts'
import { rawMailReads } from './raw-mails.ts'
import type { Db } from './schema.ts'

/** A mail below the cursor that the server shows and does not hand out. */
export type RefusedMail = {
  readonly mailbox: string
  readonly folder: string
  readonly uidValidity: string
  readonly uid: number
  /** Since when it has been refused. */
  readonly since: Instant
  /** When it was last asked for. */
  readonly triedAt: Instant
  /** What the server said the last time. */
  readonly reason: string
}

type Place = Pick<RefusedMail, 'mailbox' | 'folder' | 'uidValidity'>

export function refusedMailReads(db: Db) {
  return {
    /** All of them, by mailbox, folder and UID. */
    async refusedMails(): Promise<RefusedMail[]> {
      const refused = db.selectFrom('refused_mails').selectAll()
      const rows = await refused.orderBy('mailbox').orderBy('folder').orderBy('uid').execute()
      return rows.map(({ uid_validity, tried_at, ...row }) => ({
        ...row,
        uidValidity: uid_validity,
        triedAt: tried_at,
      }))
    },
  }
}

export function refusedMailWrites(db: Db) {
  return {
    /** Notes that the server does not hand out a mail; not when it was taken in meanwhile, over another connection. */
    async mailRefused(
      { mailbox, folder, uidValidity, uid, reason }: Omit<RefusedMail, 'since' | 'triedAt'>,
      at: Instant,
    ): Promise<void> {
      if (await rawMailReads(db).settledAt([mailbox], { folder, uidValidity, uid })) return
      await db
        .insertInto('refused_mails')
        .values({ mailbox, folder, uid_validity: uidValidity, uid, since: at, tried_at: at, reason })
        .onConflict(on =>
          on.columns(['mailbox', 'folder', 'uid_validity', 'uid']).doUpdateSet({ tried_at: at, reason }),
        )
        .execute()
    },

    /** These mails were taken in after all, or are not there any more. */
    async noLongerRefused({ mailbox, folder, uidValidity }: Place, uids: readonly number[]): Promise<void> {
      for (const uid of uids)
        await db
          .deleteFrom('refused_mails')
          .where('mailbox', '=', mailbox)
          .where('folder', '=', folder)
          .where('uid_validity', '=', uidValidity)
          .where('uid', '=', uid)
          .execute()
    },
  }
}
