import type { ImapAccount } from '../../src/inbound/imap.ts'
import type { Instant } from '../../src/instant.ts'

export type StoredMail = {
  readonly uid: number
  readonly flags: readonly string[]
  readonly receivedAt: Instant
}

/** What a test does with a mail server behind the program's back. Dovecot and Hoodiecrow both are one. */
export interface MailServer extends AsyncDisposable {
  /** How to log in as this user; `more` replaces single fields (`{ tls: 'none' }` brings the right port along). */
  account(user: string, more?: Partial<ImapAccount>): ImapAccount
  /** Puts a mail into a folder as a mail transfer agent would. Returns its UID. */
  deliver(
    user: string,
    folder: string,
    bytes: Uint8Array,
    more?: { receivedAt?: Instant; seen?: boolean },
  ): Promise<number>
  /** The mails of a folder by ascending UID. */
  list(user: string, folder: string): Promise<StoredMail[]>
  createFolder(user: string, folder: string): Promise<void>
  /** Removes mails for good. */
  expunge(user: string, folder: string, uids: readonly number[]): Promise<void>
  /** What a restored or rebuilt mailbox looks like: the same mails, a new UIDVALIDITY. Sessions may be dropped. */
  changeUidValidity(user: string, folder: string): Promise<void>
  /** Ends the server and all its processes. May be called twice. */
  stop(): Promise<void>
}
