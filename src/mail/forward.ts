import { base64Bytes, bytesToLatin1, decodeCharset, latin1ToBytes } from './charset.ts'
import { decodeText, type RawField, readFields, readStructured } from './header.ts'
import { type HeaderBlock, readHeaderBlock } from './header-block.ts'
import { htmlToText, tidy } from './html-text.ts'
import type { Address, Forwarded, ReportPart } from './message.ts'
import { isPointer, readBar } from './phrases.ts'
import type { Introduction, Scan } from './quote.ts'
import { isForwardSubject, isReplySubject } from './subject.ts'
import { QUOTE_MARK } from './text-lines.ts'

/*
 * A mail that was passed on to us: whose it was, when it was sent, what it said. Written into the text, as all programs do
 * by default, or attached as a whole (message/rfc822). A bounce attaches a mail too, but that one is ours.
 */

type Read = Omit<Forwarded, 'language'>

/** The mail that was forwarded in the text of this one; null when none was, or when it is but the thread below an answer. */
export function inlineForward(scanned: Scan, subject: string): Read | null {
  return inline(scanned, subject) ?? quotedWhole(scanned, subject)
}

function inline(scanned: Scan, subject: string): Read | null {
  const { first, lines: all } = scanned
  if (first === null) return null
  // Outlook sets the same header above what it answers and what it forwards: the subject tells which. A bar says it itself.
  if (first.kind !== 'forward' && !isForwardSubject(subject)) return null
  const lines = all.map(({ text }) => text)
  if (first.kind === 'attribution') {
    // With words above it, what is quoted is answered, whatever the subject says.
    const isQuoted = QUOTE_MARK.test(lines[skipBlank(lines, first.end)] ?? '')
    return isQuoted && !isBare(scanned) ? null : belowAttribution(lines, first)
  }
  const { header, from } = headerOf(lines, first)
  if (header) return forwarded(header, from.slice(header.end))
  // mail.ru and Yandex set an attribution below the bar.
  const body = skipBlank(lines, first.end)
  const [, date = null, who = ''] = ATTRIBUTION.exec((lines[body] ?? '').slice(0, 400)) ?? []
  const sender = parseSender(who)
  return { from: sender, date: sender && date, subject: null, text: content(lines.slice(sender ? body + 1 : body)) }
}

/** The person says nothing of their own but perhaps "FYI". */
function isBare({ segments, below }: Scan): boolean {
  if (below) return true
  const own = segments.filter(({ kind }) => kind === 'own').flatMap(({ lines }) => lines)
  const said = own.filter(line => line.trim() !== '')
  return said.length === 0 || (said.length < 4 && isPointer(said.join(' ')))
}

/** Outlook for Mac passes on as it answers, and indents: `On 28/10/2026, 12:46, "Jef" <jef@example.org> wrote:`. */
function belowAttribution(lines: readonly string[], { start, end }: Introduction): Read | null {
  const line = lines.slice(start, end).join(' ').slice(0, 400)
  const sender = parseSender(line)
  const at = line.search(ADDRESS)
  const above = DATE_AND_TIME.exec(line.slice(0, at))
  const date = above ?? DATE_AND_TIME.exec(line.slice(at))
  if (!sender || !date) return null
  // Between the date and the name stands a verb, in many languages.
  const before = above ? line.slice(above.index + above[0].length, at).replace(VERBS, '') : line.slice(0, at)
  const name = before.replace(EDGES, '')
  return { from: { ...sender, name }, date: date[0], subject: null, text: content(lines.slice(end)) }
}

const DATE_AND_TIME = /\d.{3,60}\d{1,2}[:.]\d{2}(?!\d)/
const VERBS = /^[\s,]{0,3}(?:\p{Ll}[\p{L}\p{M}]{0,20}\s){0,3}/u

/** Apple Mail and IONOS quote what they pass on, bar and all. Below an attribution it would be what is answered. */
function quotedWhole({ first, lines: all }: Scan, subject: string): Read | null {
  const isForward = isForwardSubject(subject)
  if (first !== null || (!isForward && isReplySubject(subject))) return null
  const start = all.findIndex(({ text }) => QUOTE_MARK.test(text))
  const above = start < 0 ? undefined : all.slice(0, start).findLast(({ text }) => text.trim() !== '')
  if (start < 0 || /[:：]\s*$/.test(above?.text.slice(-9) ?? '')) return null
  const bare = unmarked(
    all.map(({ text }) => text),
    start,
  )
  const at = skipBlank(bare, 0)
  if (readBar(bare[at] ?? '') !== 'forward' && !isForward) return null
  // Under the subject of a forward the bar may be in words that we do not know.
  const header = readHeaderBlock(bare, at) ?? readHeaderBlock(bare, skipBlank(bare, at + 1), true)
  return header && forwarded(header, bare.slice(header.end))
}

/** The lines from `start` on as long as they are quoted, without their marks. */
function unmarked(lines: readonly string[], start: number): string[] {
  const end = lines.findIndex((line, at) => at > start && line.trim() !== '' && !QUOTE_MARK.test(line))
  return lines.slice(start, end < 0 ? undefined : end).map(line => line.replace(/^\s{0,3}> ?/, ''))
}

const ATTRIBUTION = /^\D{0,30}(\d.{3,60}?\d{1,2}[:.]\d{2})(?!\d)[\s,]*(.*)[:：]\s*$/

/** The header below the bar; Apple Mail quotes it together with the whole mail. */
function headerOf(
  lines: readonly string[],
  first: Introduction,
): { header: HeaderBlock | null; from: readonly string[] } {
  if (first.header) return { header: first.header, from: lines }
  const start = skipBlank(lines, first.end)
  if (!QUOTE_MARK.test(lines[start] ?? '')) return { header: null, from: lines }
  const bare = unmarked(lines, start)
  return { header: readHeaderBlock(bare, skipBlank(bare, 0), true), from: bare }
}

function forwarded({ fields }: HeaderBlock, body: readonly string[]): Read {
  return {
    from: parseSender(fields.get('from') ?? ''),
    date: fields.get('date') || null,
    subject: fields.get('subject') || null,
    text: content(body),
  }
}

function content(lines: readonly string[]): string {
  const end = lines.findIndex(line => END.test(line))
  const whole = end < 0 ? lines : lines.slice(0, end)
  // Missive quotes all that stands below the header.
  const isMarked = whole.every(line => line.trim() === '' || QUOTE_MARK.test(line))
  return tidy(isMarked ? unmarked(whole, 0) : whole)
}

// mail.ru, Thunderbird's extensions and Lotus Notes close the bracket.
const END =
  /^\s*-{3,}\s?(?:end of forwarded|ende der weitergeleiteten|fin du message|конец пересылаемого|einde doorgestuurd)/i

function skipBlank(lines: readonly string[], from: number): number {
  let next = from
  while (next < lines.length && lines[next]?.trim() === '') next++
  return next
}

const ADDRESS = /[^\s<>()[\]"',;:|]{1,64}@[\p{L}\p{N}][\p{L}\p{N}.-]{0,250}/u

/** "Jef Janssens <jef@example.org>", "Jef [mailto:jef@example.org]", "jef@example.org": null without an address. */
function parseSender(value: string): Address | null {
  const line = value.slice(0, 1000)
  const found = ADDRESS.exec(line)
  if (!found) return null
  const address = found[0].replace(/[.-]+$/, '')
  const at = address.lastIndexOf('@')
  const name = line
    .slice(0, found.index)
    .replace(/mailto:$/i, '')
    .replace(EDGES, '')
  return {
    name: name.includes('@') ? '' : name,
    address: `${address.slice(0, at)}@${address.slice(at + 1).toLowerCase()}`,
  }
}

const EDGES = /^[\s"'“”„«»*,<([]{1,20}|[\s"'“”„«»*,<([]{1,20}$/g

/** The first mail attached as a whole; null when none is, or it is a report, which attaches what was sent before. */
export function attachedMail(parts: readonly ReportPart[]): Read | null {
  if (parts.some(part => /^(?:message\/(?!rfc822$|global$)|text\/rfc822-headers)/.test(part.contentType))) return null
  const part = parts.find(({ contentType }) => contentType === 'message/rfc822' || contentType === 'message/global')
  if (!part) return null
  // Header readers take a character a byte.
  const entity = splitEntity(bytesToLatin1(new TextEncoder().encode(part.text.replace(/\r\n?/g, '\n'))))
  const field = (name: string): string => decodeText(entity.fields.find(one => one.name === name)?.value ?? '')
  return {
    from: parseSender(field('from')),
    date: field('date') || null,
    subject: field('subject') || null,
    text: tidy(entityText(entity, 0).split('\n')),
  }
}

type Entity = { readonly fields: readonly RawField[]; readonly body: string }

function splitEntity(source: string): Entity {
  const end = source.startsWith('\n') ? 0 : source.indexOf('\n\n')
  if (end < 0) return { fields: readFields(source), body: '' }
  return { fields: readFields(source.slice(0, end)), body: source.slice(end).replace(/^\n{1,2}/, '') }
}

const DEEPEST = 8
const MOST_PARTS = 50

/** The words of a part: of plain text, else of HTML, in the first part that has any. */
function entityText({ fields, body }: Entity, depth: number): string {
  const value = (name: string): string => fields.find(field => field.name === name)?.value ?? ''
  const type = readStructured(value('content-type') || 'text/plain')
  const disposition = readStructured(value('content-disposition')).value
  if (disposition === 'attachment') return ''
  if (type.value.startsWith('multipart/') && depth < DEEPEST) {
    const boundary = type.parameters.get('boundary') ?? ''
    if (boundary === '') return ''
    const texts: string[] = []
    for (const part of `\n${body}`.split(`\n--${boundary}`, MOST_PARTS).slice(1)) {
      if (part.startsWith('--')) break
      const text = entityText(splitEntity(part.replace(/^[ \t]*\n?/, '')), depth + 1)
      if (text.trim() !== '') texts.push(text)
      if (texts.length > 0 && type.value === 'multipart/alternative') break
    }
    return texts.join('\n\n')
  }
  if (type.value !== 'text/plain' && type.value !== 'text/html') return ''
  const encoding = value('content-transfer-encoding').trim().toLowerCase()
  const encoded = encoding === 'base64' || encoding === 'quoted-printable'
  const bytes =
    encoding === 'base64'
      ? base64Bytes(body)
      : latin1ToBytes(encoding === 'quoted-printable' ? unquotePrintable(body) : body)
  // What was not encoded has been decoded before, with the mail around it.
  const text = decodeCharset(bytes, encoded ? type.parameters.get('charset') : 'utf-8').replace(/\r\n?/g, '\n')
  return type.value === 'text/html' ? htmlToText(text) : text
}

/** RFC 2045 §6.7. */
function unquotePrintable(text: string): string {
  return text
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
    .replaceAll('=\n', '')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
