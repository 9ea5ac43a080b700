import type { Instant } from '../instant.ts'
import type { Listed } from './imap-uids.ts'

/*
 * What the loops want of a connection with a mail server; `imap-session.ts` is what keeps it.
 */

/** What is needed of a logger; pino's fits. The commands on the wire are logged at debug, never a password or a mail. */
export type ImapLog = {
  debug(fields: object, text?: string): void
  info(fields: object, text?: string): void
  warn(fields: object, text?: string): void
  error(fields: object, text?: string): void
  /** Without it nothing is logged at debug: writing every command out costs time. */
  isLevelEnabled?(level: string): boolean
}

export type FetchedMail = {
  readonly uid: number
  /** INTERNALDATE: when the server got the mail. */
  readonly receivedAt: Instant
  readonly bytes: Buffer
  /** The size that the server tells, when the mail was too large and `bytes` is only its beginning; null: it is whole. */
  readonly fullSize: number | null
}

export type FolderState = {
  /** When it differs from the one known, all known UIDs are void (RFC 3501 §2.3.1.1). */
  readonly uidValidity: string
  readonly uidNext: number
  readonly exists: number
}

/** How mails are fetched. */
export type Fetching = {
  /** Mails in one window, at most; 50. */
  readonly window?: number
  /** Of a mail larger than this (bytes) only the beginning is fetched. */
  readonly largest?: number
}

export interface ImapSession extends AsyncDisposable {
  /** Upper case, as after the login. */
  readonly capabilities: ReadonlySet<string>
  /** The connection is gone: every call rejects. */
  readonly lost: boolean
  /**
   * When the access token that signed in ends; null: a password did. Gmail and Exchange Online hang up then;
   * leaving before is no failure.
   */
  readonly signedInUntil: Instant | null
  /** Selects the folder for reading and flagging; opening it again looks at it anew. */
  open(folder: string): Promise<FolderState>
  /**
   * The mails above `lastUid` (all when left out) that are in the folder now, by ascending UID; none of them is fetched yet. With
   * `sizes` they are fetched faster, but a server that cannot open a mail may then list none (seen: Dovecot hangs up).
   */
  list(lastUid?: number, how?: { readonly sizes?: boolean }): Promise<readonly Listed[]>
  /**
   * These mails, in their order, in windows of at most `window` mails and about 16 MB. The next window is fetched while the
   * caller works on this one, unless a mail as large as a window is among them. Mails that vanish meanwhile are left out; a
   * window left empty is not yielded.
   */
  fetch(listed: readonly Listed[], how?: Fetching): AsyncIterable<readonly FetchedMail[]>
  /** The folder of sent mail, by its special use (RFC 6154) or else by its usual names; null: there is none. */
  sentFolder(): Promise<string | null>
  /** How another folder than the open one stands, without opening it; null when it does not exist. */
  peek(folder: string): Promise<FolderState | null>
  /**
   * Returns when the folder's number of mails has changed since the last open() or list() began (`changed`, at once
   * if it already has), when `maxMs` are over (`time`) or when the signal aborts (`aborted`). Rejects when the
   * connection dies. Uses IDLE, renewed as needed; where the server has none, asks every `pollMs`. After `time`, open()
   * the folder again: some servers say nothing when it is replaced by another one of the same name (seen: Dovecot).
   */
  waitForChange(signal: AbortSignal, maxMs: number, pollMs: number): Promise<'changed' | 'time' | 'aborted'>
  /** Sets \Seen or \Flagged; mails that are gone do not matter. */
  mark(uids: readonly number[], flag: 'seen' | 'flagged'): Promise<void>
  /** Moves mails to another folder, which is created when it does not exist; mails that are gone do not matter. */
  move(uids: readonly number[], folder: string): Promise<void>
  /** Says goodbye and closes, within two seconds. Never rejects. */
  close(): Promise<void>
}
