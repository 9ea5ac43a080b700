import { DeskError, errorText } from '../errors.ts'
import { HOUR, type Instant, MINUTE, msBetween } from '../instant.ts'
import { loop, onAbort, pause } from '../loop.ts'
import { isStorageTrouble } from '../store/store.ts'
import { readFolder, tidy, type WatchedFolder } from './folder.ts'
import { connectImap } from './imap.ts'
import type { Intake } from './ingest.ts'
import { noDoubts } from './one-by-one.ts'
import { reconcileFolder } from './reconcile.ts'
import { sentFolderFinder } from './sent-folder.ts'

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

/** An access token that is good for less than this is used for as long: we do not sign in all the time. */
const SIGN_IN_MS = 1_000
const NEVER: Instant = '9999-12-31T23:59:59.999Z'
/** How often the server's mails are held against the ledger. */
const RECONCILE_EVERY_MS = 6 * HOUR
/** While there are mails that the server did not hand out: it may have been mended. */
const REFUSED_AGAIN_MS = 15 * MINUTE
/** Before the next look, when the server told of a change and nothing had come: it may tell so for ever (a copy that lags behind). */
const BREATH_MS = 1_000
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
  const [doubts, doubtsOfSent] = [noDoubts(), noDoubts()]
  let failed = 0
  let reconciled = performance.now()
  await loop(
    async works => {
      await using session = await connectImap(watched.account, log, signal)
      using _drop = onAbort(hangUp, () => void session.close())
      const end = session.signedInUntil ?? NEVER
      const findSent = sentFolderFinder(intake, watched, session)
      let fresh = true
      let told = false
      let sentRead = false
      while (!signal.aborted) {
        // Seen in practice: one mail that the server itself cannot read makes it refuse the whole window, every time.
        const read = await readFolder(intake, watched, session, signal, failed > 1 ? doubts : null)
        if (read > 0 || fresh) await tidy(intake, watched, session)
        fresh = false
        // After what people wrote: what answers a mail is read when the mail is.
        // Then back to the folder that is waited for: more may have come in meanwhile.
        const sent = signal.aborted ? null : await findSent()
        sentRead = !sentRead && ((await sent?.read(signal, doubtsOfSent, failed > 1)) ?? false)
        if (sentRead) continue
        failed = 0
        works()
        const refused = (await intake.store.read.refusedMails()).some(
          one => one.mailbox === mailbox && (one.folder === folder || one.folder === sent?.watched.folder),
        )
        if (performance.now() - reconciled > (refused ? REFUSED_AGAIN_MS : RECONCILE_EVERY_MS)) {
          // Where it fails it is not tried over one connection after the other.
          reconciled = performance.now()
          await sent?.look(folder => reconcileFolder(intake, folder, session))
          if (!session.lost) await reconcileFolder(intake, watched, session)
          // The server hung up at one of the mails that were tried again: that is no news.
          if (session.lost) return
        }
        if (told && read === 0) await pause(BREATH_MS, signal)
        // Looked at again after the interval even so: servers tell of new mail, but not of a folder that was replaced.
        const waitMs = Math.min(watched.pollEveryMs, Math.max(SIGN_IN_MS, msBetween(intake.clock(), end)))
        told = (await session.waitForChange(signal, waitMs, watched.pollEveryMs)) === 'changed'
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
