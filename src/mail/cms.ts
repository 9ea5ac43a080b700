/*
 * S/MIME's container (RFC 5652, CMS), read just far enough to tell signed from encrypted and to show what an opaque
 * signature wraps (RFC 8551 §3.5.2). Nothing is verified here. Bounded, never throws.
 */

type Element = { readonly tag: number; readonly start: number; readonly end: number; readonly next: number }

const DEEPEST = 16
const SEQUENCE = 0x30
const OCTETS = 0x04
const OCTETS_IN_PIECES = 0x24
const EXPLICIT = 0xa0
const OBJECT_ID = 0x06

// pkcs-7 2 and 3, and 1.2.840.113549.1.9.16.1.23, as their bytes.
const SIGNED = '2a864886f70d010702'
const ENCRYPTED = new Set(['2a864886f70d010703', '2a864886f70d0109100117'])

/** One BER element (X.690 §8.1) within `end`; null when it does not fit. */
function elementAt(bytes: Uint8Array, at: number, end: number, depth = 0): Element | null {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || at + 2 > end || depth > DEEPEST || (tag & 0x1f) === 0x1f) return null
  if (first === 0x80) return untilEnd(bytes, tag, at + 2, end, depth)
  let start = at + 2
  let length = first
  if (first > 0x80) {
    const digits = first & 0x7f
    if (digits > 4) return null
    length = 0
    for (let digit = 0; digit < digits; digit++) length = length * 256 + (bytes[start + digit] ?? 0)
    start += digits
  }
  // A mail cut short still shows what arrived.
  const stop = Math.min(start + length, end)
  return start > end ? null : { tag, start, end: stop, next: stop }
}

/** An element of indefinite length ends with two zero bytes (§8.1.5). */
function untilEnd(bytes: Uint8Array, tag: number, start: number, end: number, depth: number): Element | null {
  let at = start
  while (at + 1 < end && (bytes[at] !== 0 || bytes[at + 1] !== 0)) {
    const child = elementAt(bytes, at, end, depth + 1)
    if (!child || child.next <= at) return null
    at = child.next
  }
  return { tag, start, end: Math.min(at, end), next: Math.min(at + 2, end) }
}

function childrenOf(bytes: Uint8Array, parent: Element, most: number): Element[] {
  const found: Element[] = []
  for (let at = parent.start; at < parent.end && found.length < most; ) {
    const child = elementAt(bytes, at, parent.end)
    if (!child || child.next <= at) break
    found.push(child)
    at = child.next
  }
  return found
}

function hex(bytes: Uint8Array, element: Element | undefined): string {
  if (element?.tag !== OBJECT_ID || element.end - element.start > 30) return ''
  return [...bytes.subarray(element.start, element.end)].map(byte => byte.toString(16).padStart(2, '0')).join('')
}

/** What an `application/pkcs7-mime` part is, and the wrapped MIME entity where it can be read. */
export function readCms(bytes: Uint8Array): { kind: 'signed' | 'encrypted' | null; content: Uint8Array | null } {
  const info = elementAt(bytes, 0, bytes.length)
  if (info?.tag !== SEQUENCE) return { kind: null, content: null }
  const [type, wrapped] = childrenOf(bytes, info, 2)
  const id = hex(bytes, type)
  if (ENCRYPTED.has(id)) return { kind: 'encrypted', content: null }
  if (id !== SIGNED || wrapped?.tag !== EXPLICIT) return { kind: null, content: null }
  const [signed] = childrenOf(bytes, wrapped, 1)
  // SignedData: version, digest algorithms, then the content with its type.
  const inner = signed && childrenOf(bytes, signed, 3)[2]
  const explicit = inner && childrenOf(bytes, inner, 2)[1]
  const [octets] = explicit?.tag === EXPLICIT ? childrenOf(bytes, explicit, 1) : []
  return { kind: 'signed', content: octets ? octetsOf(bytes, octets) : null }
}

function octetsOf(bytes: Uint8Array, element: Element): Uint8Array | null {
  if (element.tag === OCTETS) return bytes.subarray(element.start, element.end)
  if (element.tag !== OCTETS_IN_PIECES) return null
  const pieces = childrenOf(bytes, element, 1_000_000).filter(piece => piece.tag === OCTETS)
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.end - piece.start, 0))
  let length = 0
  for (const piece of pieces) {
    all.set(bytes.subarray(piece.start, piece.end), length)
    length += piece.end - piece.start
  }
  return all
}
