import { base64Bytes, decodeCharset, latin1ToBytes } from './charset.ts'

/*
 * Header fields as they come off the wire (RFC 5322 §2.2, RFC 2047, RFC 2231), and as they are read in practice: raw 8-bit
 * bytes, words cut in the middle of a character, line breaks and direction marks hidden in encoded words. Raw values travel
 * as latin1 text (a character a byte), so nothing is lost before the charset is known. Linear on any input.
 */

/** A field before decoding: the name in lower case, the value unfolded, one character a byte. */
export type RawField = { readonly name: string; readonly value: string }

// RFC 5322 §2.2: printable characters but the colon; blanks before the colon are obsolete syntax (§4.5) and still sent.
const FIELD = /^([!-9;-~]{1,200})[ \t]*:/

/** The fields of a header block in order. Lines that are no field and continue none are dropped. */
export function readFields(block: string): RawField[] {
  const fields: { name: string; lines: string[] }[] = []
  for (const line of block.split('\n')) {
    const last = fields.at(-1)
    if (line.startsWith(' ') || line.startsWith('\t')) {
      last?.lines.push(line)
      continue
    }
    const name = FIELD.exec(line)
    if (name) fields.push({ name: (name[1] ?? '').toLowerCase(), lines: [line.slice(name[0].length)] })
  }
  return fields.map(({ name, lines }) => ({ name, value: unfold(lines) }))
}

/** RFC 5322 §2.2.3; a lone CR within a line breaks nothing, it is but white space. */
function unfold(lines: readonly string[]): string {
  const [only = ''] = lines
  const value =
    lines.length === 1
      ? only.trim()
      : lines
          .map(line => line.trim())
          .join(' ')
          .trim()
  if (!value.includes('\r')) return value
  return value
    .split('\r')
    .map(piece => piece.trim())
    .join(' ')
}

// C0, DEL, C1 and the line separators end a line somewhere; the bidi controls (Unicode Bidi_Control) make a name read
// differently from what it is ("invoice‮fdp.exe").
const BLANKED = /[\t\n\v\f\r\x85\u2028\u2029]+/g
const REMOVED = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g
const UNCLEAN = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

/** One line without control and direction characters, trimmed: safe to put into a header, a log or a file name. */
export function cleanLine(text: string): string {
  return (UNCLEAN.test(text) ? text.replace(BLANKED, ' ').replace(REMOVED, '') : text).trim()
}

// Beyond these no header says anything to a person.
const LONGEST_VALUE = 16_384

/** The text of an unstructured value: encoded words (RFC 2047) and raw 8-bit bytes decoded, clean, bounded in length. */
export function decodeText(raw: string, charset: string | null = null): string {
  if (!/[^ -~]|=\?/.test(raw)) return raw.slice(0, LONGEST_VALUE).trim() // most fields
  return cleanLine(decodeWords(raw.slice(0, LONGEST_VALUE * 4), charset)).slice(0, LONGEST_VALUE)
}

/** As `decodeText`, before cleaning. */
export function decodeWords(raw: string, charset: string | null): string {
  if (!raw.includes('=?')) return plainText(raw, charset)
  return segments(raw)
    .map(segment => (segment.kind === 'plain' ? plainText(segment.text, charset) : wordText(segment)))
    .join('')
}

// Private-use brackets around the number of a word: no mail needs them in a header.
const MARK = /\ue000(\d{1,5})\ue001/g

/**
 * For address lists: every run of encoded words replaced by a mark, and a function that puts the decoded words back. A
 * decoded comma or bracket must not change how the list reads (RFC 2047 §6.2).
 */
export function maskWords(raw: string, charset: string | null): { masked: string; unmask: (text: string) => string } {
  if (!/[^ -~]|=\?/.test(raw)) return { masked: raw, unmask: text => text } // most lists
  const words: string[] = []
  const masked = segments(raw)
    .map(segment => {
      if (segment.kind === 'plain') return plainText(segment.text, charset).replace(/[\ue000\ue001]/g, '')
      return `\ue000${words.push(wordText(segment)) - 1}\ue001`
    })
    .join('')
  return { masked, unmask: text => text.replace(MARK, (_, at: string) => words[Number(at)] ?? '') }
}

function plainText(raw: string, charset: string | null): string {
  return /[\x80-\xff]/.test(raw) ? decodeCharset(latin1ToBytes(raw), null, charset) : raw
}

type Word = { readonly charset: string; readonly bytes: Uint8Array }
type Segment = { readonly kind: 'plain'; readonly text: string } | { readonly kind: 'words'; readonly words: Word[] }

/** Neighbours in one charset are joined before decoding: senders cut them inside a character. */
function wordText({ words }: { readonly words: readonly Word[] }): string {
  let text = ''
  for (let at = 0; at < words.length; ) {
    const charset = words[at]?.charset ?? ''
    let end = at + 1
    while (end < words.length && words[end]?.charset === charset) end++
    text += decodeCharset(concat(words.slice(at, end).map(word => word.bytes)), charset)
    at = end
  }
  return text
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces
  if (pieces.length === 1 && first) return first
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

const WORD_START = /=\?([^?\s]{1,60})\?([bq])\?/iy

/** Cuts a value into plain text and runs of encoded words; white space between two words is no text (RFC 2047 §6.2). */
function segments(raw: string): Segment[] {
  const found: Segment[] = []
  let plain = 0
  let close = -1
  for (let at = raw.indexOf('=?'); at >= 0; ) {
    WORD_START.lastIndex = at
    const start = WORD_START.exec(raw)
    const text = at + (start?.[0].length ?? 0)
    if (start && close < text) close = raw.indexOf('?=', text)
    if (close < 0) break
    const next = raw.indexOf('=?', text || at + 2)
    // `=?…` begun anew before this one ended: the first never was a word.
    if (!start || (next >= 0 && next + 2 < close)) {
      at = start ? next : raw.indexOf('=?', at + 2)
      continue
    }
    const before = raw.slice(plain, at)
    const last = found.at(-1)
    const word = readWord(start[1] ?? '', start[2] ?? '', raw.slice(text, close))
    if (last?.kind === 'words' && before.trim() === '') last.words.push(word)
    else {
      if (before) found.push({ kind: 'plain', text: before })
      found.push({ kind: 'words', words: [word] })
    }
    plain = close + 2
    at = raw.indexOf('=?', plain)
  }
  if (plain < raw.length) found.push({ kind: 'plain', text: raw.slice(plain) })
  return found
}

function readWord(label: string, encoding: string, text: string): Word {
  const charset = label.replace(/\*.*$/, '').toLowerCase() // RFC 2231 §5: a language may follow
  if (encoding.toLowerCase() === 'b') return { charset, bytes: base64Bytes(text) }
  return { charset, bytes: latin1ToBytes(unescapeBytes(text.replaceAll('_', ' '), /=([0-9a-f]{2})/gi)) }
}

function unescapeBytes(text: string, escaped: RegExp): string {
  return text.replace(escaped, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** A value with parameters: `text/plain; charset="utf-8"`. */
export type Structured = { readonly value: string; readonly parameters: ReadonlyMap<string, string> }

const PARAMETER = /\s*([^\s=;"]{1,100})\s*(?:=\s*|(?=;|$))/y
const QUOTED = /"((?:[^"\\]|\\[\s\S])*)(?:"|$)/y
const MOST_PARAMETERS = 200

/**
 * A structured value (RFC 2045 §5.1) with RFC 2231 continuations and charsets, and with what is sent in their stead:
 * encoded words in quotes, raw 8-bit bytes, blanks without quotes. The first of two equal names wins. Values are clean.
 */
export function readStructured(raw: string, charset: string | null = null): Structured {
  const source = raw.slice(0, LONGEST_VALUE * 4)
  const end = source.indexOf(';')
  const value = cleanLine(withoutComments(end < 0 ? source : source.slice(0, end))).toLowerCase()
  const plain = new Map<string, string>()
  const pieces = new Map<string, Map<number, { text: string; extended: boolean }>>()
  for (let at = end; at >= 0 && at < source.length && plain.size + pieces.size < MOST_PARAMETERS; ) {
    at++ // the semicolon
    PARAMETER.lastIndex = at
    const name = PARAMETER.exec(source)
    if (name) at = PARAMETER.lastIndex
    QUOTED.lastIndex = at
    const quoted = name ? QUOTED.exec(source) : null
    const from = quoted ? QUOTED.lastIndex : at
    const stop = source.indexOf(';', from)
    at = stop < 0 ? source.length : stop
    if (!name) continue
    const text = quoted
      ? (quoted[1] ?? '').replace(/\\([\s\S])/g, '$1')
      : bareValue(name[1] ?? '', source.slice(from, at))
    keep(plain, pieces, (name[1] ?? '').toLowerCase(), text)
  }
  const parameters = new Map<string, string>()
  for (const [name, parts] of pieces) parameters.set(name, cleanLine(joinPieces(parts, charset)))
  for (const [name, text] of plain) if (!parameters.has(name)) parameters.set(name, decodeText(text, charset))
  return { value, parameters }
}

/** RFC 2231 §3–4: `name*=`, `name*0=`, `name*0*=` are pieces of one value. */
function keep(
  plain: Map<string, string>,
  pieces: Map<string, Map<number, { text: string; extended: boolean }>>,
  name: string,
  text: string,
): void {
  const [, base = name, number, extended] = /^([^*]+)(?:\*(\d{1,3}))?(\*)?$/.exec(name) ?? []
  if (number === undefined && !extended) {
    if (!plain.has(name)) plain.set(name, text)
    return
  }
  const parts = pieces.get(base) ?? new Map<number, { text: string; extended: boolean }>()
  const at = Number(number ?? 0)
  if (!parts.has(at)) parts.set(at, { text, extended: extended === '*' })
  pieces.set(base, parts)
}

function joinPieces(parts: Map<number, { text: string; extended: boolean }>, charset: string | null): string {
  const ordered = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part)
  if (!ordered.some(part => part.extended)) return decodeWords(ordered.map(part => part.text).join(''), charset)
  const [, label = '', first] = /^([^']*)'[^']*'([\s\S]*)$/.exec(ordered[0]?.text ?? '') ?? []
  const bytes = ordered.map((part, at) => {
    const text = at === 0 && first !== undefined ? first : part.text
    return part.extended ? unescapeBytes(text, /%([0-9a-f]{2})/gi) : text
  })
  return decodeCharset(latin1ToBytes(bytes.join('')), label, charset)
}

/** Without quotes a file name still may have blanks and brackets; anywhere else a bracket opens a comment. */
function bareValue(name: string, text: string): string {
  return (/^(?:file)?name\b/i.test(name) ? text : withoutComments(text)).trim()
}

/** Comments after white space are dropped (RFC 5322 §3.2.2); inside a token a bracket is a character: `Invoice(1).pdf`. */
function withoutComments(text: string): string {
  return text.includes('(') ? text.replace(/(^|\s)\([^()]*\)/g, '$1') : text
}

const MOST_IDS = 200

/**
 * The message ids of a Message-ID, In-Reply-To or References field (RFC 5322 §3.6.4), without brackets and white space.
 * Broken lists (`<a>,>`, words between the ids) yield what is readable of them.
 */
export function readIds(raw: string): string[] {
  const text = cleanLine(decodeWords(raw, null))
  const bracketed = [...text.matchAll(/<([^<>]{1,998})>/g)].map(match => match[1] ?? '')
  const found = bracketed.length > 0 ? bracketed : text.split(/[\s,;]+/).filter(word => word.includes('@'))
  const ids = [...new Set(found.map(id => id.replace(/[\s<>]+/g, '').slice(0, 998)).filter(id => id !== ''))]
  // The beginning of the thread and the nearest ancestors say it all.
  return ids.length <= MOST_IDS ? ids : [...ids.slice(0, 1), ...ids.slice(1 - MOST_IDS)]
}
