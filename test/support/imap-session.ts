/*
 * What tests of the IMAP client ask of it again and again.
 */
import { expect } from 'vitest'
import { DeskError } from '../../src/errors.ts'
import type { FetchedMail, Fetching, ImapSession } from '../../src/inbound/session.ts'

type Line = { readonly src?: string; readonly imap?: string }

/** A logger that keeps everything, at every level. */
export function recorder() {
  const lines: Line[] = []
  const keep = (fields: object) => void lines.push(fields)
  const log = { debug: keep, info: keep, warn: keep, error: keep, isLevelEnabled: () => true }
  /** The commands sent, without tags, that begin so. */
  const sent = (start = '') =>
    lines
      .filter(line => line.src === 'c')
      .map(line => (line.imap ?? '').replace(/^\S+ /, ''))
      .filter(command => command.startsWith(start))
  return { log, lines, sent }
}

/** A logger that keeps nothing. */
export const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** A signal that never aborts. */
export const never = new AbortController().signal

/** The DeskError('imap') that the promise rejects with. Throws when it does not. */
export async function failure(promise: Promise<unknown>): Promise<DeskError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof DeskError)) throw new Error('expected a DeskError', { cause: error })
  expect(error.code).toBe('imap')
  return error
}

/** The mails of all windows. */
export async function all(windows: AsyncIterable<readonly FetchedMail[]>): Promise<FetchedMail[]> {
  const mails: FetchedMail[] = []
  for await (const window of windows) mails.push(...window)
  return mails
}

/** The windows of what is above `lastUid` now. */
export async function* fetchNew(session: ImapSession, lastUid: number, how: Fetching = {}) {
  yield* session.fetch(await session.list(lastUid, { sizes: true }), how)
}

export const uidsOf = (mails: readonly FetchedMail[]) => mails.map(({ uid }) => uid)
