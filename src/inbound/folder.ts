import { isWanted } from '../desk/reconciliation.ts'
import { DeskError } from '../errors.ts'
import { DAY, earlier, type Instant, plus } from '../instant.ts'
import type { Cursor, FolderRole } from '../store/mailboxes.ts'
import type { ImapAccount } from './imap.ts'
import type { Listed } from './imap-uids.ts'
import { type Arrival, type Intake, ingest, readAhead } from './ingest.ts'
import { type Doubts, NOT_HANDED_OUT, oneByOne } from './one-by-one.ts'
import type { FetchedMail, FolderState, ImapSession } from './session.ts'

/*
 * One look at one folder: where to begin, what is new, and what is done with it on the server afterwards. The cursor lives
 * in the store and moves with the mails, in their transaction; flags and moves follow, and are never the source of truth.
 */

/** Where the first reading of a folder begins: mail that arrives from now on, all there is, or from a date on. */
export type StartFrom = 'now' | 'all' | Instant

/** What happens on the server to a mail that was taken in. */
export type AfterReading = 'leave' | 'seen' | 'flagged' | { readonly moveTo: string }

export type WatchedFolder = {
  readonly mailbox: string
  readonly folder: string
  readonly role: FolderRole
  readonly account: ImapAccount
  readonly startFrom: StartFrom
  /** How often to look when the server does not tell (ms). */
  readonly pollEveryMs: number
  /** Of a mail larger than this (bytes) only the beginning is read. */
  readonly largestMail: number
  readonly afterReading: AfterReading
  /**
   * Where sent mail is found: `auto` by its special use (RFC 6154), or its name; null: this folder's loop reads none. It
   * needs no connection of its own, and is read after this folder.
   */
  readonly sent: string | null
  /** All folders of the mailbox that are watched. */
  readonly siblings: readonly string[]
}

/**
 * Takes in everything that is new in the folder, and gives how many mails there were. Throws when the connection or the
 * store fails, or the server refuses a mail; repeating it is safe. With `doubts`, a mail that alone is refused is passed by and
 * noted as such.
 */
export async function readFolder(
  intake: Intake,
  watched: WatchedFolder,
  session: ImapSession,
  signal: AbortSignal,
  doubts: Doubts | null = null,
): Promise<number> {
  const { mailbox, folder } = watched
  const state = await session.open(folder)
  const cursor = await cursorFor(intake, watched, session, state)
  const shown = await listOf(intake, watched, session, cursor, doubts !== null)
  const listed = shown.filter(({ uid }) => uid > cursor.lastUid)
  const leftOut = rangesOf(listed, cursor)
  const refused = new Map<number, string>()
  const onRefused = (uid: number, reason: string) => {
    refused.set(uid, reason)
    intake.log.error({ mailbox, folder, uid, reason }, NOT_HANDED_OUT)
  }
  let read = 0
  const takeIn = async (mails: readonly (FetchedMail & Pick<Arrival, 'read'>)[], upTo: number) => {
    const passed = leftOut.splice(0, leftOut.filter(range => range.lastUid <= upTo).length)
    const uidValidity = state.uidValidity
    const reached = { ...cursor, lastUid: upTo }
    const arrivals = mails.map(mail => arrivalOf(mail, watched, uidValidity))
    await ingest(intake, arrivals, async tx => {
      await tx.setCursor(mailbox, folder, reached)
      // So that whoever asks for marks later does not find years of mail marked.
      if (watched.afterReading === 'leave') await tx.folderTidied(mailbox, folder, reached.lastUid)
      for (const range of passed) await tx.leaveOut({ mailbox, folder, uidValidity, ...range }, intake.clock())
      for (const [uid, reason] of refused)
        if (uid <= upTo) await tx.mailRefused({ mailbox, folder, uidValidity, uid, reason }, intake.clock())
    })
    for (const uid of refused.keys()) if (uid <= upTo) refused.delete(uid)
    read += arrivals.length
  }
  // What is left out is not even fetched: it may be years of mail.
  const wanted = listed.filter(mail => isWanted(mail, cursor))
  const known = shown.filter(({ uid }) => uid <= cursor.lastUid)
  const largest = watched.largestMail
  const windows = doubts
    ? oneByOne(session, { wanted, known, largest, doubts, onRefused })
    : session.fetch(wanted, { largest })
  for await (const mails of readAhead(intake.reader, windows, watched.role === 'sent')) {
    await takeIn(mails, mails.at(-1)?.uid ?? 0)
    if (signal.aborted) return read
  }
  const behind = Math.max(leftOut.at(-1)?.lastUid ?? 0, ...refused.keys())
  if (behind > 0) await takeIn([], behind)
  doubts?.hungUpAt.clear()
  if (doubts) doubts.alone = null
  await intake.store.write(tx => tx.folderRead(mailbox, folder, intake.clock()))
  return read
}

/**
 * The mails that are new, with doubts also those before them. Where the server does not hand out a mail, it may not tell its size
 * either; and whatever is asked for from here on, it answers for the last mail of the folder as well (RFC 3501 §6.4.8).
 */
async function listOf(
  { store }: Intake,
  { mailbox, folder }: WatchedFolder,
  session: ImapSession,
  { lastUid }: Cursor,
  isDoubted: boolean,
): Promise<readonly Listed[]> {
  if (isDoubted) return session.list()
  const refused = await store.read.refusedMails()
  const sizes = !refused.some(one => one.mailbox === mailbox && one.folder === folder)
  return session.list(lastUid, { sizes })
}

/** A fetched mail as the ledger knows it. */
export function arrivalOf(
  { uid, receivedAt, bytes, fullSize, read }: FetchedMail & Pick<Arrival, 'read'>,
  { mailbox, folder, role }: Pick<WatchedFolder, 'mailbox' | 'folder' | 'role'>,
  uidValidity: string,
): Arrival {
  const sent = role === 'sent'
  return { mailbox, folder, uidValidity, uid, receivedAt, bytes, fullSize, sent, ...(read ? { read } : {}) }
}

/**
 * Marks or moves on the server what was taken in, as the configuration says; also what was not any more before a crash. A
 * courtesy to people who look into the mailbox: a server that refuses is told of in the log, and mail is read on.
 */
export async function tidy(
  intake: Intake,
  { mailbox, folder, afterReading }: WatchedFolder,
  session: ImapSession,
): Promise<void> {
  if (afterReading === 'leave') return
  const uids = await intake.store.read.untidied(mailbox, folder)
  const last = uids.at(-1)
  if (last === undefined) return
  try {
    if (typeof afterReading === 'string') await session.mark(uids, afterReading)
    else await session.move(uids, afterReading.moveTo)
  } catch (error) {
    if (!(error instanceof DeskError) || session.lost) throw error
    intake.log.warn({ mailbox, folder, reason: error.message }, 'mails taken in could not be marked or moved')
    return
  }
  await intake.store.write(tx => tx.folderTidied(mailbox, folder, last))
}

/** The mails that are left alone, as ranges that no wanted mail interrupts. */
function rangesOf(mails: readonly Listed[], cursor: Cursor): { firstUid: number; lastUid: number; mails: number }[] {
  const ranges: { firstUid: number; lastUid: number; mails: number }[] = []
  let open: (typeof ranges)[number] | null = null
  for (const mail of mails) {
    if (isWanted(mail, cursor)) open = null
    else if (open) {
      open.lastUid = mail.uid
      open.mails++
    } else {
      open = { firstUid: mail.uid, lastUid: mail.uid, mails: 1 }
      ranges.push(open)
    }
  }
  return ranges
}

/**
 * Where to go on. A new UIDVALIDITY means that the UIDs we know name other mails now (RFC 3501 §2.3.1.1): everything is
 * read again, and what we had already is recognised by its content.
 */
async function cursorFor(
  intake: Intake,
  { mailbox, folder, role, startFrom }: WatchedFolder,
  session: ImapSession,
  state: FolderState,
): Promise<Cursor> {
  const known = await intake.store.read.cursor(mailbox, folder)
  if (known && known.uidValidity === state.uidValidity) return known
  const now = intake.clock()
  const cursor: Cursor = known
    ? { ...known, uidValidity: state.uidValidity, lastUid: 0, sinceUid: (await newestOf(session, state, now)).sinceUid }
    : await firstCursor(session, state, startFrom, now)
  if (known)
    intake.log.warn(
      { mailbox, folder, was: known.uidValidity, is: state.uidValidity },
      'UIDVALIDITY has changed: reading the folder anew',
    )
  await intake.store.write(async tx => {
    await tx.beginFolder(mailbox, folder, role, cursor)
    if (cursor.lastUid === 0 || state.exists === 0) return
    const all = { mailbox, folder, uidValidity: cursor.uidValidity, firstUid: 1, lastUid: cursor.lastUid }
    await tx.leaveOut({ ...all, mails: state.exists }, intake.clock())
  })
  if (cursor.lastUid > 0) intake.log.info({ mailbox, folder, leftOut: state.exists }, 'reading from now on')
  return cursor
}

/** Mail of the last minute is not older than now: INTERNALDATE has whole seconds (RFC 3501 §2.3.3), and clocks differ. */
const CLOCK_SLACK_MS = 60_000

async function firstCursor(
  session: ImapSession,
  state: FolderState,
  startFrom: StartFrom,
  now: Instant,
): Promise<Cursor> {
  const { uidValidity } = state
  if (startFrom === 'all') return { uidValidity, lastUid: 0, readSince: null, sinceUid: state.uidNext - 1 }
  const { sinceUid, newest } = await newestOf(session, state, now)
  if (startFrom !== 'now') return { uidValidity, lastUid: 0, readSince: startFrom, sinceUid }
  // By the server's clock where ours is ahead: what arrives until then would be left out.
  const readSince = newest ? earlier(plus(newest.receivedAt, 1), plus(now, -CLOCK_SLACK_MS)) : null
  return { uidValidity, lastUid: sinceUid, readSince, sinceUid }
}

/**
 * What is in a folder that has just been opened, up to which UID. A mail that comes just now is not among it, and is not below
 * UIDNEXT; but where UIDNEXT lags behind, what has lain there for a day is none that comes just now.
 */
async function newestOf(
  session: ImapSession,
  { uidNext }: FolderState,
  now: Instant,
): Promise<{ sinceUid: number; newest: Listed | undefined }> {
  const newest = (await session.list()).findLast(({ uid, receivedAt }) => uid < uidNext || receivedAt < plus(now, -DAY))
  return { sinceUid: Math.max(uidNext - 1, newest?.uid ?? 0), newest }
}
