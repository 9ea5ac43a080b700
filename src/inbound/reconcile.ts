import { type Reconciliation, reconcile } from '../desk/reconciliation.ts'
import { DeskError } from '../errors.ts'
import { arrivalOf, type WatchedFolder } from './folder.ts'
import { connectImap } from './imap.ts'
import { type Intake, ingest } from './ingest.ts'
import { openSentFolder } from './sent-folder.ts'
import type { ImapSession } from './session.ts'

/*
 * Closes the sum: every mail that the server shows has an outcome in the ledger, was left out by the start policy, or is
 * about to be read. What has none is read now.
 */

export type FolderReconciliation = Reconciliation &
  Pick<WatchedFolder, 'mailbox' | 'folder'> & {
    /** How many of the missing mails were taken in just now. */
    readonly repaired: number
  }

/**
 * Signs in on a connection of its own and reconciles a folder, and the folder of sent mail that goes with it. Throws
 * DeskError('imap').
 */
export async function reconcileWatched(intake: Intake, watched: WatchedFolder): Promise<FolderReconciliation[]> {
  await using session = await connectImap(watched.account, intake.log)
  const sums = [await reconcileFolder(intake, watched, session)]
  const sent = await openSentFolder(intake, watched, session)
  // Until it has been read there is nothing to be held against.
  const known = sent && (await intake.store.read.cursor(watched.mailbox, sent.watched.folder))
  if (sent && known) sums.push(await reconcileFolder(intake, sent.watched, session))
  return sums
}

/** Holds the server's mails against the ledger, and takes in what is missing there. Safe while the folder is being read. */
export async function reconcileFolder(
  intake: Intake,
  watched: WatchedFolder,
  session: ImapSession,
): Promise<FolderReconciliation> {
  const { mailbox, folder } = watched
  const { uidValidity } = await session.open(folder)
  const server = await session.list()
  // After the server was asked: a mail that is taken in meanwhile counts as accounted for, and not as missing.
  const ledger = await intake.store.read.folderLedger(mailbox, folder)
  if (!ledger)
    throw new DeskError('imap', `${mailbox}: the folder ${folder} has not been read yet`, { temporary: true })
  if (ledger.uidValidity !== uidValidity) {
    const words = `${mailbox}: the server has renumbered the folder ${folder} (UIDVALIDITY); it is being read anew`
    throw new DeskError('imap', words, { temporary: true })
  }
  const found = reconcile(server, ledger)
  const sum = {
    onServer: found.onServer,
    accounted: found.accounted,
    leftOut: found.leftOut,
    pending: found.pending.length,
  }
  if (found.missing.length === 0) {
    intake.log.info({ mailbox, folder, ...sum }, 'every mail is accounted for')
    return { mailbox, folder, ...found, repaired: 0 }
  }
  intake.log.error(
    { mailbox, folder, ...sum, missing: found.missing.slice(0, 20) },
    'mails have no outcome: reading them now',
  )
  let repaired = 0
  const missing = new Set(found.missing)
  const listed = server.filter(({ uid }) => missing.has(uid))
  for await (const mails of session.fetch(listed, { largest: watched.largestMail })) {
    const arrivals = mails.map(mail => arrivalOf(mail, watched, uidValidity))
    repaired += (await ingest(intake, arrivals, async () => undefined)).length
  }
  return { mailbox, folder, ...found, repaired }
}
