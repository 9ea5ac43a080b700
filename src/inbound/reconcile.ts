import { type Reconciliation, reconcile } from '../desk/reconciliation.ts'
import { DeskError } from '../errors.ts'
import { connectImap, type ImapAccount, type ImapSession } from './imap.ts'
import { type Intake, ingest } from './ingest.ts'

/*
 * Closes the sum: every mail that the server shows has an outcome in the ledger, was left out by the start policy, or is
 * about to be read. What has none is read now.
 */

/** A folder that is read. */
type Folder = { readonly mailbox: string; readonly folder: string }

export type FolderReconciliation = Reconciliation &
  Folder & {
    /** How many of the missing mails were taken in just now. */
    readonly repaired: number
  }

/** Signs in on a connection of its own and reconciles one folder. Throws DeskError('imap'). */
export async function reconcileWatched(
  intake: Intake,
  watched: Folder & { readonly account: ImapAccount },
): Promise<FolderReconciliation> {
  await using session = await connectImap(watched.account, intake.log)
  return await reconcileFolder(intake, watched, session)
}

/** Holds the server's mails against the ledger, and takes in what is missing there. Safe while the folder is being read. */
export async function reconcileFolder(
  intake: Intake,
  { mailbox, folder }: Folder,
  session: ImapSession,
): Promise<FolderReconciliation> {
  const { uidValidity } = await session.open(folder)
  const server = await session.listUids()
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
  for await (const mails of session.fetchUids(found.missing)) {
    const arrivals = mails.map(({ uid, receivedAt, bytes }) => ({
      mailbox,
      folder,
      uidValidity,
      uid,
      receivedAt,
      bytes,
    }))
    repaired += (await ingest(intake, arrivals, async () => undefined)).length
  }
  return { mailbox, folder, ...found, repaired }
}
