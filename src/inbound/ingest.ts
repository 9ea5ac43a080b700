import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Decision } from '../desk/decision.ts'
import { decide } from '../desk/intake.ts'
import { namedMailbox, type Policy } from '../desk/policy.ts'
import { DeskError } from '../errors.ts'
import type { Instant } from '../instant.ts'
import type { Logger } from '../log.ts'
import type { Message } from '../mail/message.ts'
import type { RawMail, Settled } from '../store/raw-mails.ts'
import { isStorageTrouble, type Store, type Tx } from '../store/store.ts'
import { gatherFacts } from './facts.ts'
import { isHeavy } from './imap-uids.ts'
import { faultOf, type Reader, type ReadMail } from './reader.ts'
import { type Desk, record } from './record.ts'

/*
 * One mail on its way in: bytes → message → facts → decision → record. Effects and cursor are one transaction, so a
 * crash anywhere repeats or completes, never loses, never doubles. A backlog is committed in groups, a savepoint a mail.
 */

export type Intake = Desk & {
  readonly store: Store
  readonly reader: Reader
  readonly clock: () => Instant
  readonly log: Logger
  /** After the commit of a mail that put something into the outbox, or may have. */
  readonly onIngested: () => void
}

/**
 * A mail in a folder, and what is read in it once it has been read; `ingest` reads what nobody has begun to read. `sent`: the
 * folder is that of sent mail.
 */
export type Arrival = Omit<RawMail, 'sha256'> & { readonly sent?: boolean; readonly read?: Promise<ReadMail> }

export type Ingested = Settled & { readonly rawMail: number; readonly uid: number }

/**
 * Lets the mails of the next window be read while the caller works on this one; a mail as large as a window is alone. When there will be no next one because
 * `windows` throws, the caller still gets this one first. `past` as in `Reader.read`.
 */
export async function* readAhead<Mail extends { readonly bytes: Buffer }>(
  reader: Reader,
  windows: AsyncIterable<readonly Mail[]>,
  past: boolean,
): AsyncGenerator<readonly (Mail & Pick<Arrival, 'read'>)[], void, undefined> {
  const begin = (mail: Mail) => {
    const read = reader.read(mail.bytes, past)
    // The caller may leave before it looks; who stays gets the rejection all the same.
    read.catch(() => undefined)
    return { ...mail, read }
  }
  let ready: readonly (Mail & Pick<Arrival, 'read'>)[] | null = null
  let failure: { readonly error: unknown } | null = null
  try {
    for await (const mails of windows) {
      const begun = mails.map(begin)
      if (ready) yield ready
      ready = begun
      if (isHeavy(mails.map(({ bytes }) => bytes.length))) {
        yield ready
        ready = null
      }
    }
  } catch (error) {
    failure = { error }
  }
  if (ready) yield ready
  if (failure) throw failure.error
}

/**
 * Takes in a group of mails of one folder, in order, and moves its cursor (`moveOn`), all in one transaction. A mail that
 * cannot be read or recorded is quarantined with its bytes and the reason, and the others go on. Throws only when the
 * store as a whole is in trouble, or there is nobody to read; then nothing has happened.
 */
export async function ingest(
  intake: Intake,
  arrivals: readonly Arrival[],
  moveOn: (tx: Tx) => Promise<unknown>,
): Promise<Ingested[]> {
  const read = await Promise.all(
    arrivals.map(async arrival => ({
      arrival,
      mail: await (arrival.read ?? intake.reader.read(arrival.bytes, arrival.sent === true)),
    })),
  )

  const ingested = await intake.store.write(async tx => {
    const results: Ingested[] = []
    for (const { arrival, mail } of read) {
      // SQLite answers at once: nothing else would have its turn until the whole group is done, some 100 ms later.
      await setImmediate()
      const now = intake.clock()
      const rawMail = await tx.saveRawMail({ ...arrival, sha256: sha256(arrival.bytes) }, now)
      if (rawMail === null) continue
      results.push({ rawMail, uid: arrival.uid, ...(await settle(tx, intake, rawMail, arrival, mail, now)) })
    }
    await moveOn(tx)
    return results
  })
  const first = arrivals[0]
  for (const { uid, rawMail, outcome, ticket, reason } of ingested) {
    const fields = { mailbox: first?.mailbox, folder: first?.folder, uid, rawMail, decision: outcome, ticket }
    if (outcome === 'quarantine') intake.log.warn({ ...fields, reason }, 'mail quarantined')
    else intake.log.info(fields, 'mail taken in')
  }
  if (ingested.length > 0) intake.onIngested()
  return ingested
}

/**
 * Tries a quarantined mail again, out of its kept bytes. Throws DeskError('not_found') when there is no such mail and
 * DeskError('conflict') when it is not in quarantine, or its mailbox is gone and it went to none that is configured.
 */
export function replay(intake: Intake, rawMail: number): Promise<Settled> {
  return again(intake, rawMail, 'quarantine')
}

/**
 * Takes in a blocked mail as if nothing blocked it. Throws DeskError('not_found') when there is no such mail and
 * DeskError('conflict') when it is not blocked, or its mailbox is gone and it went to none that is configured.
 */
export function release(intake: Intake, rawMail: number): Promise<Settled> {
  return again(intake, rawMail, 'blocked')
}

const NOT_THERE = { quarantine: 'is not in quarantine', blocked: 'is not blocked' } as const

async function again(intake: Intake, rawMail: number, from: keyof typeof NOT_THERE): Promise<Settled> {
  const [status, bytes] = [await intake.store.read.rawMail(rawMail), await intake.store.read.rawBytes(rawMail)]
  if (!status || !bytes) throw new DeskError('not_found', `there is no mail number ${rawMail}`)
  const sent = (await intake.store.read.folderRole(status.mailbox, status.folder)) === 'sent'
  const mail = await intake.reader.read(bytes, sent || isImported(status))
  const settled = await intake.store.write(async tx => {
    const current = await tx.rawMail(rawMail)
    if (current?.outcome !== from)
      throw new DeskError('conflict', `mail ${rawMail} ${NOT_THERE[from]}: it was ${current?.outcome}`)
    const mailbox = 'message' in mail ? takenInBy(intake.policy, rawMail, status.mailbox, mail.message) : status.mailbox
    const arrival = { ...status, mailbox, sent, released: from === 'blocked' }
    return settle(tx, intake, rawMail, arrival, mail, intake.clock())
  })
  intake.onIngested()
  return settled
}

/**
 * The mailbox that a kept mail is taken in by: its own, or when that is not configured any more, the one that has its address now.
 * Not any other: whoever reads that one may not be meant.
 */
function takenInBy(policy: Policy, rawMail: number, mailbox: string, message: Message): string {
  if (policy.mailboxes.has(mailbox)) return mailbox
  const named = namedMailbox(policy, message)
  if (named !== null) return named
  const advice = `give the address it went to to one that is (\`addresses\`), or put ${mailbox} back`
  throw new DeskError(
    'conflict',
    `mail ${rawMail} came to the mailbox ${mailbox}, which is not configured any more: ${advice}`,
  )
}

/**
 * The UIDVALIDITY of a mail out of an archive is this and the SHA-256 of its bytes; a server's is a number (RFC 3501
 * §2.3.1.1), so the ledger tells for ever which mails must not be answered, not even when one is replayed.
 */
export const IMPORTED = 'sha256:'

function isImported({ uidValidity }: { readonly uidValidity: string }): boolean {
  return uidValidity.startsWith(IMPORTED)
}

/** Decides on a mail that the ledger holds already, and records what follows. Throws only when the store is in trouble. */
export async function settle(
  tx: Tx,
  intake: Pick<Intake, 'policy' | 'ids' | 'log'>,
  rawMail: number,
  arrival: Pick<Arrival, 'mailbox' | 'folder' | 'uidValidity' | 'receivedAt' | 'fullSize' | 'sent'> & {
    readonly released?: boolean
  },
  mail: ReadMail,
  now: Instant,
): Promise<Settled> {
  const quarantine = async (reason: string): Promise<Settled> => {
    const settled: Settled = { outcome: 'quarantine', reason, ticket: null }
    await tx.settleRawMail(rawMail, { ...settled, fingerprint: null })
    return settled
  }
  if ('fault' in mail) return quarantine(mail.fault)
  // Of files that are cut off nothing is left that anybody could open.
  const message = arrival.fullSize ? { ...mail.message, attachments: [] } : mail.message
  try {
    return await tx.attempt(async () => {
      const { mailbox, receivedAt, released = false } = arrival
      const past = arrival.sent ? 'sent' : isImported(arrival) ? 'archive' : null
      const facts = await gatherFacts(tx, intake, { mailbox, receivedAt, rawMail, past, released }, message, now)
      const decision: Decision = decide(message, facts, intake.policy)
      const settled = await record(tx, intake, { ...arrival, rawMail, past }, message, decision, now)
      await tx.settleRawMail(rawMail, { ...settled, fingerprint: message.fingerprint })
      return settled
    })
  } catch (error) {
    if (isStorageTrouble(error)) throw error
    intake.log.error({ err: error, mailbox: arrival.mailbox, rawMail }, 'mail could not be recorded')
    return quarantine(faultOf(error))
  }
}

/** Hex. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
