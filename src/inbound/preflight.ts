import { DeskError } from '../errors.ts'
import { type RawField, readFields, readStructured } from '../mail/header.ts'

/** How much of a mail is read. What exceeds the first three is refused as a whole, text beyond the others is cut. */
export type ParseLimits = {
  /** MIME parts, the multiparts among them. */
  readonly maxParts: number
  /** Bytes of all header blocks together. */
  readonly maxHeaderBytes: number
  /** Multiparts within multiparts. */
  readonly maxDepth: number
  readonly maxHtmlBytes: number
  readonly maxTextBytes: number
}

// Real mail stays far below the first three: of 532 mails none had more than four levels or 64 KB of headers.
export const DEFAULT_LIMITS: ParseLimits = {
  maxParts: 1000,
  maxHeaderBytes: 1_048_576,
  maxDepth: 100,
  maxHtmlBytes: 1_048_576,
  maxTextBytes: 1_048_576,
}

/** A mail cut into its own header and the rest, known to be within the limits. */
export type Envelope = {
  readonly fields: readonly RawField[]
  /** The fields that tell how the body is built. */
  readonly mime: readonly RawField[]
  readonly body: Buffer
}

const LF = 0x0a
const CR = 0x0d
const HYPHEN = 0x2d
const HYPHENS = Buffer.from('--')
const NEXT_HYPHENS = Buffer.from('\n--')

/** One linear pass over the raw bytes, before any parser spends time on them. Refuses what exceeds the limits. */
export function preflight(source: Buffer, limits: ParseLimits): Envelope {
  const bytes = withLineFeeds(source)
  const start = headerStart(bytes)
  const end = headerEnd(bytes, start, start + limits.maxHeaderBytes + 4)
  if (end.text - start > limits.maxHeaderBytes) refuse('header is too large', { bytes: end.text - start })
  const fields = readFields(bytes.toString('latin1', start, end.text))
  const body = bytes.subarray(end.body)
  const mime = fields.filter(({ name, value }) => value !== '' && MIME_FIELDS.has(name))
  const hasParts = (boundary: string | null) =>
    boundary !== null && survey(body, boundary, end.text - start, limits) > 0
  if (!mime.some(isMultipart) || hasParts(boundaryOf(fields))) return { fields, body, mime }
  const found = firstDelimiter(body)
  return { fields, body, mime: found && hasParts(found) ? withBoundary(mime, found) : withoutType(mime) }
}

const MIME_FIELDS = new Set([
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'content-disposition',
  'content-id',
])

/** A multipart in which no part begins is but a text: as multipart it would have no content at all. */
export function withoutType(mime: readonly RawField[]): RawField[] {
  return mime.filter(({ name }) => name !== 'content-type')
}

export function isMultipart({ name, value }: RawField): boolean {
  return name === 'content-type' && /^\s*multipart\//i.test(value)
}

function refuse(reason: string, fields: Record<string, unknown>): never {
  throw new DeskError('unparseable', `The mail cannot be read: its ${reason}.`, { fields })
}

/** Old Macs and broken gateways end lines with CR alone. */
function withLineFeeds(source: Buffer): Buffer {
  if (source.includes(LF) || !source.includes(CR)) return source
  return Buffer.from(source.map(byte => (byte === CR ? LF : byte)))
}

/** Skips what stands before the first field: a byte order mark, empty lines, the `From ` line of a mailbox file. */
function headerStart(bytes: Buffer): number {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (bytes[at] === LF || bytes[at] === CR) at++
  if (/^>?From [^:]/.test(bytes.toString('latin1', at, at + 8))) {
    const line = bytes.indexOf(LF, at)
    if (line >= 0) at = line + 1
  }
  // No field after the empty lines: then they ended an empty header.
  return /^[!-9;-~]{1,80}[ \t]*:/.test(bytes.toString('latin1', at, at + 90)) ? at : 0
}

/**
 * The header ends before the first empty line (RFC 5322 §2.1), at the latest at `limit`; that of a part also before a line
 * that begins with two hyphens. Line by line: a search for the empty line of one kind would run through the whole body.
 */
function headerEnd(bytes: Buffer, start: number, limit: number, isPart = false): { text: number; body: number } {
  for (let line = start; line < limit; ) {
    if (bytes[line] === LF) return { text: line, body: line + 1 }
    if (bytes[line] === CR && bytes[line + 1] === LF) return { text: line, body: line + 2 }
    if (isPart && bytes[line] === HYPHEN && bytes[line + 1] === HYPHEN) return { text: line, body: line }
    const end = bytes.indexOf(LF, line)
    if (end < 0) break
    line = end + 1
  }
  const end = Math.min(limit, bytes.length)
  return { text: end, body: end }
}

/** What begins the lines between the parts of a multipart; null for anything else. mailsplit, too, takes ASCII alone. */
export function boundaryOf(fields: readonly RawField[]): string | null {
  const type = fields.find(field => field.name === 'content-type')
  if (!type || !isMultipart(type)) return null
  const boundary = readStructured(type.value).parameters.get('boundary')?.trimEnd()
  return boundary && /^\p{ASCII}*$/u.test(boundary) ? `--${boundary}` : null
}

// What the first line with two hyphens must look like: the characters of RFC 2046 §5.1.1, and below it a field of a part.
const DELIMITER = /^(--[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-])[ \t]{0,80}\r?\nContent-[A-Za-z-]{1,40}[ \t]{0,80}:/i

// Before it stands nothing, or "This is a multi-part message in MIME format.": words of people would be passed over.
const PREAMBLE = /^\s*(?:[^\n]*\bMIME\b[^\n]*\s*)?$/

/** The boundary by the body alone. Seen in practice: gateways that break the line before `boundary=` without a blank. */
function firstDelimiter(body: Buffer): string | null {
  const start = body.subarray(0, 2).equals(HYPHENS) ? 0 : after(body, 0)
  if (start < 0 || start > 1000 || !PREAMBLE.test(body.toString('latin1', 0, start))) return null
  return DELIMITER.exec(body.toString('latin1', start, start + 300))?.[1] ?? null
}

function withBoundary(mime: readonly RawField[], boundary: string): RawField[] {
  return mime.map(field =>
    isMultipart(field)
      ? { ...field, value: `${field.value.split(';', 1)[0]}; boundary="${boundary.slice(2)}"` }
      : field,
  )
}

// RFC 2046 §5.1.1 allows 70 characters; senders write more.
const LONGEST_DELIMITER = 1000

/** Counts the parts below a multipart and refuses too many, too deep, or too much header. */
function survey(body: Buffer, boundary: string, headerBytes: number, limits: ParseLimits): number {
  const open = [boundary]
  const depthOf = new Map([[boundary, 0]])
  let parts = 0
  let headers = headerBytes
  for (let at = body.subarray(0, 2).equals(HYPHENS) ? 0 : after(body, 0); at >= 0; at = after(body, at)) {
    const line = lineAt(body, at, LONGEST_DELIMITER).trimEnd()
    const depth = depthOf.get(line) ?? depthOf.get(line.replace(/--$/, ''))
    if (depth === undefined) continue
    const closes = !depthOf.has(line)
    for (const closed of open.splice(closes ? depth : depth + 1)) depthOf.delete(closed)
    if (open.length === 0) break
    if (closes) continue
    const block = partHeader(body, at)
    headers += block.length
    if (++parts > limits.maxParts) refuse('parts are too many', { parts })
    if (headers > limits.maxHeaderBytes) refuse('headers are too large', { bytes: headers })
    const inner = /boundary/i.test(block) ? boundaryOf(readFields(block)) : null
    if (inner === null || depthOf.has(inner)) continue
    depthOf.set(inner, open.push(inner) - 1)
    if (open.length > limits.maxDepth) refuse('parts are nested too deep', { depth: open.length })
  }
  return parts
}

function lineAt(body: Buffer, at: number, longest: number): string {
  const end = body.subarray(at, at + longest).indexOf(LF)
  return body.toString('latin1', at, end < 0 ? Math.min(at + longest, body.length) : at + end)
}

/** Where the next line that begins with two hyphens starts; -1 when there is none. */
function after(body: Buffer, at: number): number {
  const found = body.indexOf(NEXT_HYPHENS, at)
  return found < 0 ? -1 : found + 1
}

/** The header block after a delimiter line. */
function partHeader(body: Buffer, delimiter: number): string {
  const start = body.indexOf(LF, delimiter) + 1
  return start === 0 ? '' : body.toString('latin1', start, headerEnd(body, start, body.length, true).text)
}
