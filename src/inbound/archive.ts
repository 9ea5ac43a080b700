import { mailboxFor } from '../desk/policy.ts'
import { errorText } from '../errors.ts'
import { cleanLine } from '../mail/header.ts'
import type { Settled } from '../store/raw-mails.ts'
import { type Arrival, IMPORTED, type Intake, settle, sha256 } from './ingest.ts'
import { type FoundMail, placeOf, readFound } from './mail-files.ts'
import type { ReadMail } from './reader.ts'

/*
 * Takes in an archive. A mail is known in the ledger by its bytes, not by its place: mailbox files grow and are compacted,
 * the files of a Maildir are renamed with every flag, folders are moved. So an import that was interrupted, or is repeated
 * over a larger archive, passes over what it took in before; and of copies of one mail each has its line. Nothing is sent:
 * `decide` withholds it, for the ledger says which mails are imported.
 */

export type ArchiveIntake = Pick<Intake, 'policy' | 'ids' | 'store' | 'reader' | 'clock' | 'log'>

/** A mail that has its outcome in the ledger now; or, `unreadable`, could not be read from its file. */
export type TakenIn =
  | (Settled & {
      readonly place: string
      readonly rawMail: number
      /** It was in the ledger before, of an earlier import. */
      readonly earlier: boolean
    })
  | { readonly place: string; readonly outcome: 'unreadable'; readonly reason: string }

/** Mails in one transaction, and their bytes; a larger one has a transaction of its own. */
const GROUP = { mails: 50, bytes: 16 * 1_048_576 }

type Waiting = {
  readonly place: string
  readonly arrival: Omit<Arrival, 'mailbox' | 'read'>
  readonly read: Promise<ReadMail>
}

/**
 * Takes in these mails, in the order given, and tells of each. They go to the mailbox named, else to the one they were
 * addressed to. Throws when the store is in trouble; repeating it is safe, and another process may work on the same
 * database. Ends after the transaction in hand when the signal aborts.
 */
export async function* takeIn(
  intake: ArchiveIntake,
  mails: Iterable<FoundMail>,
  mailbox: string | null,
  signal: AbortSignal,
): AsyncGenerator<TakenIn> {
  const mailboxes = [...intake.policy.mailboxes.keys()]
  const copies = new Copies()
  let group: Waiting[] = []
  let bytesWaiting = 0
  for (const found of mails) {
    if (signal.aborted) return
    const place = placeOf(found)
    const bytes = await readFound(found).catch(errorText)
    if (typeof bytes === 'string') {
      yield { place, outcome: 'unreadable', reason: bytes }
      continue
    }
    const hash = sha256(bytes)
    const folder = `import:${cleanLine(found.file.folder).slice(-200)}`
    const arrival = {
      folder,
      uidValidity: `${IMPORTED}${hash}`,
      uid: copies.count(folder, hash),
      receivedAt: found.receivedAt,
      bytes,
    }
    const known = await intake.store.read.settledAt(mailboxes, arrival)
    if (known) {
      yield { place, ...known, earlier: true }
      continue
    }
    if (group.length >= GROUP.mails || (group.length > 0 && bytesWaiting + bytes.length > GROUP.bytes)) {
      yield* await takeGroup(intake, group, mailbox)
      group = []
      bytesWaiting = 0
    }
    const read = intake.reader.read(bytes, true)
    // Heard of when the group is taken in, if it comes to that.
    read.catch(() => undefined)
    group.push({ place, arrival, read })
    bytesWaiting += bytes.length
  }
  yield* await takeGroup(intake, group, mailbox)
}

/** Waits for the reading outside of the transaction: the service beside us waits for the database no longer than it must. */
async function takeGroup(intake: ArchiveIntake, group: readonly Waiting[], mailbox: string | null): Promise<TakenIn[]> {
  const { store, policy } = intake
  const [anyMailbox = ''] = policy.mailboxes.keys()
  const read = await Promise.all(group.map(async ({ read, ...one }) => ({ ...one, mail: await read })))
  return store.write(async tx => {
    const taken: TakenIn[] = []
    for (const { place, arrival, mail } of read) {
      const now = intake.clock()
      const chosen = mailbox ?? ('message' in mail ? mailboxFor(policy, mail.message) : anyMailbox)
      const whole = { ...arrival, mailbox: chosen }
      const rawMail = await tx.saveRawMail({ ...whole, sha256: arrival.uidValidity.slice(IMPORTED.length) }, now)
      if (rawMail !== null) {
        taken.push({ place, rawMail, earlier: false, ...(await settle(tx, intake, rawMail, whole, mail, now)) })
        continue
      }
      // Another import got there first.
      const known = await tx.settledAt([chosen], arrival)
      if (known) taken.push({ place, ...known, earlier: true })
    }
    return taken
  })
}

/** Which copy of its bytes a mail is within its folder; 50 bytes of memory a mail. */
class Copies {
  readonly #seen = new Map<number, number>()

  /** 1 for the first. Two mails that share 52 bits would be told apart by their whole hash all the same. */
  count(folder: string, hash: string): number {
    const key = Number.parseInt(sha256(Buffer.from(`${folder}\n${hash}`)).slice(0, 13), 16)
    const count = (this.#seen.get(key) ?? 0) + 1
    this.#seen.set(key, count)
    return count
  }
}
