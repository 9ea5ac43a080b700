import { type Instant, instantOf } from '../instant.ts'
import { base64Bytes } from './charset.ts'
import type { Header } from './message.ts'

/*
 * Outlook's Thread-Index (MS-OXOMSG §2.2.1.3): 22 bytes that name the conversation, and 5 more for each answer. It survives
 * where gateways rewrite Message-IDs. Anybody can copy one: it says what a mail belongs to, never who may write there.
 */

export type ThreadIndex = {
  /**
   * The GUID of the conversation, 32 hexadecimal digits: what all its mails share (MS-OXOMSG §2.2.1.2). The time before it
   * is not part of it, for clients write that in two ways.
   */
  readonly conversation: string
  /** How many answers lie between the first mail and this one: 0 for the first itself. */
  readonly depth: number
  /** When the first mail was written, by the clock of its sender; null when that is absurd. */
  readonly startedAt: Instant | null
}

const HEADER = 22
const GUID = 6
const CHILD = 5
// Longer than any conversation: Exchange itself stops far below.
const MOST_ANSWERS = 1000
const LONGEST = Math.ceil(((HEADER + MOST_ANSWERS * CHILD) * 4) / 3) + 4

// Groups of four, with padding as it should be or left out.
const BASE64 = /^[A-Za-z\d+/]+={0,2}$/

/** Reads the value of a Thread-Index field; null when it is none. */
export function readThreadIndex(value: string): ThreadIndex | null {
  if (value.length > 2 * LONGEST) return null
  const text = value.replace(/\s+/g, '')
  if (text.length > LONGEST || !BASE64.test(text)) return null
  const bytes = base64Bytes(text)
  if (bytes.length < HEADER || (bytes.length - HEADER) % CHILD !== 0) return null
  const guid = bytes.subarray(GUID, HEADER)
  if (guid.every(byte => byte === guid[0])) return null // nothing but zeros: no conversation of anybody's
  const conversation = [...guid].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return { conversation, depth: (bytes.length - HEADER) / CHILD, startedAt: startOf(bytes) }
}

/** Milliseconds from 1601, where FILETIME begins, to 1970. */
const TO_1970_MS = 11_644_473_600_000
/** A FILETIME counts 100 ns. */
const TICKS_A_MS = 10_000

/**
 * The FILETIME is cut: Exchange writes the 40 bits of the standard after the reserved 01, Outlook 48 bits without it. The
 * highest byte of a time between 1829 and 2057 is 01 as well, so a second 01 tells that the first was the reserved one.
 */
function startOf(bytes: Uint8Array): Instant | null {
  const [from, dropped] = bytes[1] === 1 ? [1, 24] : [0, 16]
  if (bytes[from] !== 1) return null
  const high = bytes.subarray(from, GUID).reduce((sum, byte) => sum * 256 + byte, 0)
  return instantOf(Math.floor((high * 2 ** dropped) / TICKS_A_MS) - TO_1970_MS)
}

/** The conversations that a mail says it belongs to, as ids beside Message-IDs; none of those has such a shape. */
export function conversationIds(headers: readonly Header[]): string[] {
  const found = headers
    .filter(({ name }) => name === 'thread-index')
    .slice(0, 3)
    .flatMap(({ value }) => readThreadIndex(value) ?? [])
  return [...new Set(found.map(({ conversation }) => `thread-index:${conversation}`))]
}
