import { DeskError, errorText } from '../errors.ts'
import { earlier, HOUR, type Instant, msBetween, plus } from '../instant.ts'
import { loop, onAbort } from '../loop.ts'
import type { Cursor } from '../store/mailboxes.ts'
import { isStorageTrouble } from '../store/store.ts'
import { connectImap, type FetchedMail, type FolderState, type ImapAccount, type ImapSession } from './imap.ts'
import { type Intake, ingest, readAhead } from './ingest.ts'
import { reconcileFolder } from './reconcile.ts'

/*
 * One folder of one mailbox, read for as long as the program runs:
 *
 *   connect ─▶ read what is new ─▶ wait (IDLE, or the interval) ─▶ read what is new ─▶ …
 *      ▲                                                                  │
 *      └────────────── pause, longer with each failure ◀── any error ◀───┘
 *
 * Each folder has a loop and a connection of its own, so that a sick mailbox disturbs no other. The cursor lives in the
 * store and moves with the mails, in their transaction; what is in memory here may be lost at any time.
 */

/** Where the first reading of a folder begins: mail that arrives from now on, all there is, or from a date on. */
export type StartFrom = 'now' | 'all' | Instant

export type WatchedFolder = {
  readonly mailbox: string
  readonly folder: string
  readonly account: ImapAccount
  readonly startFrom: StartFrom
  /** How often to look when the server does not tell (ms). */
  readonly pollEveryMs: number
}

/** Mails in one transaction: fewer cost more, more gain nothing. */
const WINDOW = 50
/** An access token that is good for less than this is used for as long: we do not sign in all the time. */
const SIGN_IN_MS = 1_000
const NEVER: Instant = '9999-12-31T23:59:59.999Z'
/** How often the server's mails are held against the ledger. */
const RECONCILE_EVERY_MS = 6 * HOUR
const RECONNECT = { firstMs: 1_000, maxMs: 5 * 60_000 }

/**
 * Reads a folder until the signal aborts. The mail in hand is finished first, unless `hangUp` aborts as well: that drops the
 * connection, for an answer that does not come would be waited for. Never throws.
 */
export async function watchFolder(
  intake: Intake,
  watched: WatchedFolder,
  signal: AbortSignal,
  hangUp: AbortSignal,
): Promise<void> {
  const { mailbox, folder } = watched
  const log = intake.log.child({ mailbox, folder })
  let failed = 0
  let reconciled = intake.clock()
  await loop(
    async works => {
      await using session = await connectImap(watched.account, log, signal)
      using _drop = onAbort(hangUp, () => void session.close())
      const end = session.signedInUntil ?? NEVER
      while (!signal.aborted) {
        // Seen in practice: one mail that the server itself cannot read makes it refuse the whole window, every time.
        await readFolder(intake, watched, session, signal, failed > 1 ? 1 : WINDOW)
        failed = 0
        works()
        if (msBetween(reconciled, intake.clock()) > RECONCILE_EVERY_MS) {
          await reconcileFolder(intake, watched, session)
          reconciled = intake.clock()
        }
        // Looked at again after the interval even so: servers tell of new mail, but not of a folder that was replaced.
        const waitMs = Math.min(watched.pollEveryMs, Math.max(SIGN_IN_MS, msBetween(intake.clock(), end)))
        await session.waitForChange(signal, waitMs, watched.pollEveryMs)
        // With the next access token, before the server hangs up because of this one.
        if (intake.clock() >= end) return
      }
    },
    signal,
    {
      ...RECONNECT,
      async onFailure(error, failures, pauseMs) {
        failed = failures
        // What is expected of servers is told by its words; a stack is for what is not.
        const why = error instanceof DeskError ? { reason: error.message, ...error.fields } : { err: error }
        if (isStorageTrouble(error)) {
          // The mailbox is well, and could not be noted as sick: its mail waits on the server.
          log.error({ ...why, failures, pauseMs }, 'mail cannot be taken in: the database is in trouble')
          return
        }
        log.error({ ...why, failures, pauseMs }, 'mailbox cannot be read')
        await intake.store
          .write(tx => tx.folderFailed(mailbox, folder, errorText(error), intake.clock()))
          .catch(cause => log.error({ err: cause }, 'the failure could not be stored'))
      },
    },
  )
}

/** Takes in everything that is new in the folder. Throws when the connection or the store fails; repeating it is safe. */
export async function readFolder(
  intake: Intake,
  watched: WatchedFolder,
  session: ImapSession,
  signal: AbortSignal,
  window = WINDOW,
): Promise<void> {
  const { mailbox, folder } = watched
  const state = await session.open(folder)
  let cursor = await cursorFor(intake, watched, session, state)
  const windows = session.fetchNew(cursor.lastUid, window)
  for await (const mails of readAhead(intake.reader, windows, mail => isWanted(mail, cursor))) {
    const last = mails.at(-1)
    if (!last) continue
    cursor = { ...cursor, lastUid: last.uid }
    const wanted = mails.filter(mail => isWanted(mail, cursor))
    const uidValidity = state.uidValidity
    const leftOut = rangesOf(mails, cursor).map(range => ({ mailbox, folder, uidValidity, ...range }))
    const arrivals = wanted.map(mail => ({ ...mail, mailbox, folder, uidValidity }))
    const reached = cursor
    await ingest(intake, arrivals, async tx => {
      await tx.setCursor(mailbox, folder, reached)
      for (const range of leftOut) await tx.leaveOut(range, intake.clock())
    })
    if (signal.aborted) return
  }
  await intake.store.write(tx => tx.folderRead(mailbox, folder, intake.clock()))
}

/** After a change of UIDVALIDITY the folder is read anew, and what was there before our first day still is not ours to answer. */
function isWanted(mail: FetchedMail, cursor: Cursor): boolean {
  return cursor.readSince === null || mail.receivedAt >= cursor.readSince
}

/** The mails of a window that are left alone, as ranges that no wanted mail interrupts. */
function rangesOf(
  mails: readonly FetchedMail[],
  cursor: Cursor,
): { firstUid: number; lastUid: number; mails: number }[] {
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
  { mailbox, folder, startFrom }: WatchedFolder,
  session: ImapSession,
  state: FolderState,
): Promise<Cursor> {
  const known = await intake.store.read.cursor(mailbox, folder)
  if (known && known.uidValidity === state.uidValidity) return known
  const cursor: Cursor = known
    ? { ...known, uidValidity: state.uidValidity, lastUid: 0 }
    : await firstCursor(session, state, startFrom, intake.clock())
  if (known)
    intake.log.warn(
      { mailbox, folder, was: known.uidValidity, is: state.uidValidity },
      'UIDVALIDITY has changed: reading the folder anew',
    )
  await intake.store.write(async tx => {
    await tx.setCursor(mailbox, folder, cursor)
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
  { uidValidity, uidNext }: FolderState,
  startFrom: StartFrom,
  now: Instant,
): Promise<Cursor> {
  if (startFrom !== 'now') return { uidValidity, lastUid: 0, readSince: startFrom === 'all' ? null : startFrom }
  const newest = await newestBelow(session, uidNext)
  // By the server's clock where ours is ahead: what arrives until then would be left out.
  const readSince = newest && earlier(plus(newest, 1), plus(now, -CLOCK_SLACK_MS))
  return { uidValidity, lastUid: uidNext - 1, readSince }
}

/** When the newest of the mails below `uidNext` arrived: one that comes just now is not among them. Null: there are none. */
async function newestBelow(session: ImapSession, uidNext: number): Promise<Instant | null> {
  const newest = (await session.listUids()).findLast(uid => uid < uidNext)
  if (newest === undefined) return null
  for await (const [mail] of session.fetchUids([newest])) if (mail) return mail.receivedAt
  return null
}
