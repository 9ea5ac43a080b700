import { base64Bytes } from '../mail/charset.ts'

/*
 * Content-Transfer-Encoding undone (RFC 2045 §6): of bodies that are one part, as most mail is, and of the parts that mailparser
 * has split. Much faster than its streams, with the same result (tests compare the two).
 */

const LF = 0x0a
const CR = 0x0d

export function decodeTransfer(bytes: Buffer, encoding: string): Buffer {
  const name = encoding
    .slice(0, 200)
    .replace(/\(.*\)/, '')
    .trim()
    .toLowerCase()
  if (name === 'base64') return decodeBase64(bytes)
  return name === 'quoted-printable' ? decodeQuotedPrintable(bytes.toString('latin1')) : bytes
}

const PIECE = 16_384

/**
 * Line by line is what encoders write, each line of whole groups of four: such bodies are decoded in pieces, for a string
 * as long as a file costs more than its decoding does. Whatever is not so regular is decoded at once, from there on.
 */
function decodeBase64(bytes: Buffer): Buffer {
  const line = bytes.indexOf(LF) + 1
  const width = line - (bytes[line - 2] === CR ? 2 : 1)
  if (bytes.length < PIECE || width < 4 || width % 4 !== 0) return decodeAny(bytes.toString('latin1'))
  const decoded = Buffer.allocUnsafe(Math.ceil(bytes.length * 0.75))
  const step = line * Math.ceil(PIECE / line)
  const full = (step / line) * width * 0.75
  let length = 0
  let at = 0
  while (endsLines(bytes, at, at + step, line, line - width)) {
    // Less: a character that is none of the alphabet stands within.
    if (decoded.write(bytes.toString('latin1', at, at + step), length, 'base64') < full) break
    length += full
    at += step
  }
  return decoded.subarray(0, length + decodeAny(bytes.toString('latin1', at)).copy(decoded, length))
}

/** Are the bytes lines of just this length, the breaks at their ends included? */
function endsLines(bytes: Buffer, from: number, to: number, line: number, breaks: number): boolean {
  if (to > bytes.length) return false
  for (let end = from + line; end <= to; end += line) {
    if (bytes[end - 1] !== LF || (breaks === 2 && bytes[end - 2] !== CR)) return false
  }
  return true
}

function decodeAny(text: string): Buffer {
  const padding = text.indexOf('=')
  // Padded pieces in a row, each to be decoded by itself, are seen where a gateway appended to an encoded body.
  if (padding < 0 || !/[A-Za-z0-9+/]/.test(text.slice(padding))) return Buffer.from(text, 'base64')
  return Buffer.from(base64Bytes(text))
}

function decodeQuotedPrintable(text: string): Buffer {
  // §6.7 (3): blanks at the end of a line were added by a gateway; the group keeps this linear.
  const trimmed = /[ \t](?:[\r\n]|$)/.test(text) ? text.replace(/(^|[^ \t])[ \t]+(?=[\r\n]|$)/g, '$1') : text
  const lines = trimmed.replace(/=(?:\r?\n|$)/g, '')
  const bytes = Buffer.from(lines, 'latin1')
  const first = bytes.indexOf(EQUALS)
  if (first < 0) return bytes
  let length = first
  for (let at = first; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    const code = byte === EQUALS ? hexOf(bytes[at + 1]) * 16 + hexOf(bytes[at + 2]) : -1
    if (code >= 0) at += 2
    bytes[length++] = code >= 0 ? code : byte
  }
  return bytes.subarray(0, length)
}

const EQUALS = '='.charCodeAt(0)

/** The value of a hexadecimal digit, far below zero for any other byte. */
function hexOf(byte = 0): number {
  return HEX[byte] ?? NO_DIGIT
}

const NO_DIGIT = -1000
const HEX = new Int16Array(256).fill(NO_DIGIT)
for (const [value, digits] of [...'0123456789'].concat('aA', 'bB', 'cC', 'dD', 'eE', 'fF').entries())
  for (const digit of digits) HEX[digit.charCodeAt(0)] = value
