import { DeskError, errorText } from '../errors.ts'
import { readFolder, type WatchedFolder } from './folder.ts'
import type { Intake } from './ingest.ts'
import type { Fetching, FolderState, ImapSession } from './session.ts'

/*
 * The folder of sent mail: an answer that an agent wrote in the shared mailbox itself, from its own address, is seen
 * nowhere else. It is read over the connection of a watched folder, after it: first the question, then the answer.
 */

export type SentFolder = {
  readonly watched: WatchedFolder
  /** Reads it when something has come in since the last time; tells whether it did, and so left the other folder. */
  read(signal: AbortSignal, how: Pick<Fetching, 'window'>): Promise<boolean>
}

/** The folder of sent mail that belongs to a watched one, for this session; null when there is none to be read. */
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
  let last: FolderState | null = null
  let given = false
  return {
    watched,
    async read(signal, how) {
      if (given) return false
      try {
        const state = await session.peek(folder)
        if (!state)
          throw new DeskError('imap', `there is no folder ${folder}: correct \`sentFolder\``, { temporary: true })
        if (last?.uidValidity === state.uidValidity && last.uidNext === state.uidNext) return false
        await readFolder(intake, watched, session, signal, how)
        last = state
        return true
      } catch (error) {
        if (!(error instanceof DeskError) || session.lost) throw error
        // What people write matters more: it is read on, and sent mail is tried again over the next connection.
        given = true
        log.warn({ reason: error.message }, 'sent mail cannot be read')
        await intake.store.write(tx => tx.folderFailed(mailbox, folder, errorText(error), intake.clock()))
        return true
      }
    },
  }
}
