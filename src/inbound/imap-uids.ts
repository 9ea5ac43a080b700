import type { Instant } from '../instant.ts'

/** A mail of a folder before it is fetched: its size in bytes (0: not told) and its INTERNALDATE, as the server says. */
export type Listed = { readonly uid: number; readonly size: number; readonly receivedAt: Instant }

// Fifty mails of 25 MB, twice because of the prefetch, would be 2.5 GB of memory: anybody could send them.
const WINDOW_BYTES = 16 * 1024 * 1024

/**
 * Whether mails are more than a window is to have: a mail as large as that. While one is handed on it is in memory several times,
 * so there is none beside it.
 */
export function isHeavy(sizes: readonly number[]): boolean {
  return sizes.reduce((sum, size) => sum + size, 0) > WINDOW_BYTES
}

/** Windows of at most `most` mails and 16 MB, in the order given; a mail that is larger has a window of its own. */
export function intoWindows<Mail extends { readonly size: number }>(listed: readonly Mail[], most: number): Mail[][] {
  const windows: Mail[][] = []
  let bytes = 0
  for (const mail of listed) {
    const current = windows.at(-1)
    bytes += mail.size
    if (current && current.length < most && bytes <= WINDOW_BYTES) current.push(mail)
    else {
      windows.push([mail])
      bytes = mail.size
    }
  }
  return windows
}

// RFC 7162 §4: a client should keep a command line below 8,192 octets; a range with its comma has at most 22.
const RANGES_A_SET = 350

/** `1:3,7` for 3, 1, 2, 7: only UIDs named are covered. More than one set where a command would become too long. */
export function uidSets(uids: readonly number[]): string[] {
  const ranges: [number, number][] = []
  for (const uid of uids.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last && uid <= last[1] + 1) last[1] = uid
    else ranges.push([uid, uid])
  }
  const texts = ranges.map(([from, to]) => (from === to ? String(from) : `${from}:${to}`))
  const sets: string[] = []
  for (let at = 0; at < texts.length; at += RANGES_A_SET) sets.push(texts.slice(at, at + RANGES_A_SET).join(','))
  return sets
}
