import { DeskError, errorText } from '../errors.ts'
import { MINUTE } from '../instant.ts'
import { isStorageTrouble } from '../store/store.ts'
import { readFolder, type WatchedFolder } from './folder.ts'
import type { Intake } from './ingest.ts'
import type { Doubts } from './one-by-one.ts'
import type { ImapSession } from './session.ts'

/*
 * The folder of sent mail: an answer that an agent wrote in the shared mailbox itself, from its own address, is seen
 * nowhere else. It is read over the connection of a watched folder, after it: first the question, then the answer.
 */

export type SentFolder = {
  readonly watched: WatchedFolder
  /** Reads it when something has come in since the last time; tells whether it did, and so left the other folder. `oneByOne`:
   * with doubts from the start. */
  read(signal: AbortSignal, doubts: Doubts, oneByOne: boolean): Promise<boolean>
  /** Does something else with it. That it fails is told, and no reason to leave the other folder unread. */
  look(work: (watched: WatchedFolder) => Promise<unknown>): Promise<boolean>
}

/** After it could not be read: a server is busy for a while, and somebody may have made the folder. */
const AGAIN_MS = 5 * MINUTE

/**
 * Looks for the folder of sent mail until it is known, for this session; null while it is not. A server that does not list its
 * folders is asked again later, being no reason to leave the other folder unread; and one that has none such as well: many make it
 * when the first mail is sent.
 */
export function sentFolderFinder(
  intake: Intake,
  watching: WatchedFolder,
  session: ImapSession,
): () => Promise<SentFolder | null> {
  const { mailbox } = watching
  let found: SentFolder | null = null
  let notBefore = 0
  return async () => {
    if (found || performance.now() < notBefore) return found
    notBefore = performance.now() + AGAIN_MS
    try {
      found = await openSentFolder(intake, watching, session)
      return found
    } catch (error) {
      if (!(error instanceof DeskError) || session.lost) throw error
      intake.log.warn({ mailbox, reason: error.message, pauseMs: AGAIN_MS }, 'the folder of sent mail cannot be found')
      return null
    }
  }
}

/**
 * The folder of sent mail that belongs to a watched one, for this session; null when there is none to be read. Throws when the
 * server does not list its folders.
 */
export async function openSentFolder(
  intake: Intake,
  watching: WatchedFolder,
  session: ImapSession,
): Promise<SentFolder | null> {
  const { mailbox, sent, siblings } = watching
  if (sent === null) return null
  const folder = sent === 'auto' ? await session.sentFolder() : sent
  if (folder === null || siblings.includes(folder)) return null
  const watched: WatchedFolder = { ...watching, folder, role: 'sent', afterReading: 'leave', sent: null }
  const log = intake.log.child({ mailbox, folder })
  /** Its UIDNEXT when it was read. */
  let readUpTo: number | null = null
  let notBefore = 0
  let failed = false
  const attempt = async (work: () => Promise<boolean>) => {
    if (performance.now() < notBefore) return false
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof DeskError) || session.lost || isStorageTrouble(error)) throw error
      // What people write matters more: it is read on meanwhile.
      notBefore = performance.now() + AGAIN_MS
      failed = true
      log.warn({ reason: error.message, pauseMs: AGAIN_MS }, 'sent mail cannot be read')
      await intake.store.write(tx => tx.folderFailed(mailbox, folder, errorText(error), intake.clock(), 'sent'))
      return true
    }
  }
  return {
    read: (signal, doubts, oneByOne) =>
      attempt(async () => {
        const state = await session.peek(folder)
        if (!state)
          throw new DeskError('imap', `there is no folder ${folder}: correct \`sentFolder\``, { temporary: true })
        const known = await intake.store.read.cursor(mailbox, folder)
        if (known?.uidValidity === state.uidValidity && readUpTo === state.uidNext) return false
        await readFolder(intake, watched, session, signal, failed || oneByOne ? doubts : null)
        readUpTo = state.uidNext
        failed = false
        return true
      }),
    watched,
    look: work =>
      attempt(async () => {
        await work(watched)
        // What was not shown when it was read is neither there nor missing: it is read the next time.
        readUpTo = null
        return true
      }),
  }
}
