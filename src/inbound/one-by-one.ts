import { DeskError } from '../errors.ts'
import type { Listed } from './imap-uids.ts'
import type { FetchedMail, ImapSession } from './session.ts'

/*
 * Reading a folder in which the server does not hand out every mail that it shows: one is damaged there, and the server says
 * NO, or hangs up in the middle (seen: Dovecot, unless told otherwise by `imap_fetch_failure`). Such a mail is passed by, to be
 * tried again, but only while the server hands out others: what refuses everything is a server in trouble, and nothing moves. The
 * only mail of a folder proves neither; it is passed by once it has been refused for some minutes.
 */

/** What was learnt of a folder over connections that are gone. */
export type Doubts = {
  /** The mails at which the server hung up, with what it said. */
  readonly hungUpAt: Map<number, string>
  /** How often the server was put to the proof. */
  proofs: number
  /** The only mail of the folder, how often it was refused, and with which words the last time. */
  alone: { readonly uid: number; readonly times: number; readonly said: string } | null
}

export function noDoubts(): Doubts {
  return { hungUpAt: new Map(), proofs: 0, alone: null }
}

/** What the log says of a mail that is passed by. */
export const NOT_HANDED_OUT = 'the server does not hand out a mail: it is tried again later'

/** With the pauses between, some four minutes: a server that is only restarted has handed it out by then. */
export const TRIES_ALONE = 6

/** Enough for a proof, also of a large mail (bytes). */
const PROOF_BYTES = 64 * 1024

type Asked = {
  /** Mails to be fetched, by ascending UID. */
  readonly wanted: readonly Listed[]
  /** Mails of the folder that were fetched before. */
  readonly known: readonly Listed[]
  readonly largest: number
  readonly doubts: Doubts
  /** Told of each mail that is passed by, and why. */
  readonly onRefused: (uid: number, reason: string) => void
}

/**
 * The wanted mails, one at a time. Throws when the connection is lost, having learnt of the mail at which it was, and when the
 * server does not hand out another mail either.
 */
export async function* oneByOne(session: ImapSession, asked: Asked): AsyncGenerator<readonly FetchedMail[]> {
  const { wanted, known, largest, doubts, onRefused } = asked
  const [only] = wanted
  if (only && wanted.length + known.length === 1) {
    yield* onlyOne(session, only, asked)
    return
  }
  /** Fetches another mail, and throws when it cannot be had; false: there is none. Not the same each time: it may be damaged. */
  const prove = async (except?: number): Promise<boolean> => {
    const others = wanted.filter(({ uid }) => uid !== except && !doubts.hungUpAt.has(uid))
    const mails = [...known.slice(-3).reverse(), ...others.slice(-2).reverse()]
    const mail = mails[doubts.proofs++ % mails.length]
    if (!mail) return false
    for await (const _ of session.fetch([mail], { largest: PROOF_BYTES })) return true
    throw new DeskError('imap', 'a mail is gone that was to show whether the server hands out any', { temporary: true })
  }
  if (!(await prove())) doubts.hungUpAt.clear()
  for (const mail of wanted) {
    const { uid } = mail
    const said = doubts.hungUpAt.get(uid)
    if (said !== undefined) {
      onRefused(uid, said)
      continue
    }
    try {
      yield* session.fetch([mail], { largest })
    } catch (error) {
      if (!(error instanceof DeskError)) throw error
      if (session.lost) doubts.hungUpAt.set(uid, error.message)
      if (session.lost || !(await prove(uid))) throw error
      onRefused(uid, error.message)
    }
  }
}

async function* onlyOne(
  session: ImapSession,
  mail: Listed,
  { largest, doubts, onRefused }: Asked,
): AsyncGenerator<readonly FetchedMail[]> {
  const { uid } = mail
  const before = doubts.alone?.uid === uid ? doubts.alone : null
  if (before && before.times >= TRIES_ALONE) return onRefused(uid, before.said)
  try {
    yield* session.fetch([mail], { largest })
  } catch (error) {
    if (error instanceof DeskError) doubts.alone = { uid, times: (before?.times ?? 0) + 1, said: error.message }
    throw error
  }
}
