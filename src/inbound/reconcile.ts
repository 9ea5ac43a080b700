import { type Reconciliation, reconcile } from '../desk/reconciliation.ts'
import { DeskError } from '../errors.ts'
import { arrivalOf, tidy, type WatchedFolder } from './folder.ts'
import { connectImap } from './imap.ts'
import { type Intake, ingest } from './ingest.ts'
import { NOT_HANDED_OUT } from './one-by-one.ts'
import { openSentFolder } from './sent-folder.ts'
import type { FetchedMail, ImapSession } from './session.ts'

/*
 * Closes the sum: every mail that the server shows has an outcome in the ledger, was left out by the start policy, or is
 * about to be read. What has none is read now.
 */

export type FolderReconciliation = Reconciliation &
  Pick<WatchedFolder, 'mailbox' | 'folder'> & {
    /** How many of the missing mails were taken in just now. */
    readonly repaired: number
    /** Those of the missing mails that the server does not hand out, and what it says. */
    readonly refused: readonly { readonly uid: number; readonly reason: string }[]
  }

/**
 * Signs in on a connection of its own and reconciles a folder, and the folder of sent mail that goes with it. Throws
 * DeskError('imap').
 */
export async function reconcileWatched(intake: Intake, watched: WatchedFolder): Promise<FolderReconciliation[]> {
  const sums = [await overOwnConnection(intake, watched, session => reconcileFolder(intake, watched, session))]
  if (watched.sent === null) return sums
  // Over another one: the server may have hung up at a mail.
  const sum = await overOwnConnection(intake, watched, async session => {
    const sent = await openSentFolder(intake, watched, session)
    // Until it has been read there is nothing to be held against.
    const known = sent && (await intake.store.read.cursor(watched.mailbox, sent.watched.folder))
    return sent && known ? reconcileFolder(intake, sent.watched, session) : null
  })
  if (sum) sums.push(sum)
  return sums
}

async function overOwnConnection<T>(
  intake: Intake,
  { account }: WatchedFolder,
  work: (session: ImapSession) => Promise<T>,
): Promise<T> {
  await using session = await connectImap(account, intake.log)
  return await work(session)
}

/**
 * Holds the server's mails against the ledger, and takes in what is missing there. Safe while the folder is being read. The
 * connection is lost afterwards when the server hung up at one of them.
 */
export async function reconcileFolder(
  intake: Intake,
  watched: WatchedFolder,
  session: ImapSession,
): Promise<FolderReconciliation> {
  const { mailbox, folder } = watched
  const { uidValidity } = await session.open(folder)
  const server = await session.list()
  // After the server was asked: a mail that is taken in meanwhile counts as accounted for, and not as missing.
  const before = await intake.store.read.refusedMails()
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
  if (found.missing.length === 0) intake.log.info({ mailbox, folder, ...sum }, 'every mail is accounted for')
  else
    intake.log.error(
      { mailbox, folder, ...sum, missing: found.missing.slice(0, 20) },
      'mails have no outcome: reading them now',
    )
  const place = { mailbox, folder, uidValidity }
  const known = before.filter(one => one.mailbox === mailbox && one.folder === folder)
  const missing = new Set(found.missing)
  // Last what was tried last: a server that hangs up at one mail leaves the others for the next time.
  const triedAt = (uid: number) => known.find(one => one.uid === uid)?.triedAt ?? ''
  const listed = server
    .filter(({ uid }) => missing.has(uid))
    .toSorted((a, b) => triedAt(a.uid).localeCompare(triedAt(b.uid)))
  let repaired = 0
  const refused: { uid: number; reason: string }[] = []
  for (const mail of listed) {
    const { uid } = mail
    let mails: readonly FetchedMail[] = []
    try {
      for await (const window of session.fetch([mail], { largest: watched.largestMail })) mails = window
    } catch (error) {
      if (!(error instanceof DeskError)) throw error
      const reason = error.message
      refused.push({ uid, reason })
      intake.log.error({ mailbox, folder, uid, reason }, NOT_HANDED_OUT)
      await intake.store.write(tx => tx.mailRefused({ ...place, uid, reason }, intake.clock()))
      if (session.lost) break
      continue
    }
    const arrivals = mails.map(one => arrivalOf(one, watched, uidValidity))
    const settled = await ingest(intake, arrivals, async tx => {
      await tx.noLongerRefused(place, [uid])
      await tx.folderUntidied(mailbox, folder, uid)
    })
    repaired += settled.length
  }
  if (repaired > 0 && !session.lost) await tidy(intake, watched, session)
  const gone = known.map(({ uid }) => uid).filter(uid => !missing.has(uid))
  if (gone.length > 0) await intake.store.write(tx => tx.noLongerRefused(place, gone))
  return { mailbox, folder, ...found, repaired, refused }
}
