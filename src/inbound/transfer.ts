import { base64Bytes } from '../mail/charset.ts'

/*
 * Content-Transfer-Encoding undone (RFC 2045 §6). For bodies that are one part: most mail is, and needs no splitting. The
 * result is that of mailparser (a test compares the two).
 */

export function decodeTransfer(bytes: Buffer, encoding: string): Buffer {
  const name = encoding
    .slice(0, 200)
    .replace(/\(.*\)/, '')
    .trim()
    .toLowerCase()
  if (name === 'base64') return decodeBase64(bytes.toString('latin1'))
  return name === 'quoted-printable' ? decodeQuotedPrintable(bytes.toString('latin1')) : bytes
}

function decodeBase64(text: string): Buffer {
  const padding = text.indexOf('=')
  // Padded pieces in a row, each to be decoded by itself, are seen where a gateway appended to an encoded body.
  if (padding < 0 || !/[A-Za-z0-9+/]/.test(text.slice(padding))) return Buffer.from(text, 'base64')
  return Buffer.from(base64Bytes(text))
}

function decodeQuotedPrintable(text: string): Buffer {
  const lines = text
    .replace(/(^|[^ \t])[ \t]+(?=[\r\n]|$)/g, '$1') // §6.7 (3): a gateway added it; the group keeps this linear
    .replace(/=(?:\r?\n|$)/g, '')
  return Buffer.from(
    lines.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}
