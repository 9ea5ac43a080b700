import { type FieldKind, fieldKind, fieldsInside, readField } from './phrases.ts'

/*
 * The header of a mail written into the text of another: "From: … Sent: … To: … Subject: …", as Outlook does for replies
 * and everybody does for forwards, in any language.
 */

export type HeaderBlock = {
  /** The line after the block. */
  readonly end: number
  readonly fields: ReadonlyMap<FieldKind, string>
}

const MOST_FIELDS = 16
// Wrapped values: a subject takes two lines, a list of forty recipients many.
const MOST_WRAPPED = 3
const MOST_WRAPPED_ADDRESSES = 40
/** No block has more lines. */
export const LONGEST_BLOCK = MOST_FIELDS * MOST_WRAPPED_ADDRESSES

/**
 * Reads the block that begins with line `start` and ends before line `stop`; null when none does. `belowBar`: a program has
 * said already that a mail follows. Bounded work.
 */
export function readHeaderBlock(
  lines: readonly string[],
  start: number,
  belowBar = false,
  stop = lines.length,
): HeaderBlock | null {
  // In a header with capitals a small letter begins a sentence: "a: first my answer".
  const anyCase = belowBar && /^[\s*_>|]{0,10}\p{Ll}/u.test(lines[start] ?? '')
  const read = (at: number) => readField(lines[at] ?? '', anyCase)
  const first = read(start)
  if (!first || first.kind === 'other' || first.kind === 'cc') return null
  const fields = new Map<FieldKind, string>()
  const kinds = new Set<FieldKind>()
  let end = start
  let at = start
  for (let count = 0; count < MOST_FIELDS && at < stop; count++) {
    const field = read(at)
    if (!field) break
    // A second sender begins the block of another mail.
    if (fields.has(field.kind) && field.kind === 'from') break
    const wrapped = wrappedLines(lines, at, stop, read)
    const value = [field.value, ...lines.slice(at + 1, wrapped).map(line => line.trim())].join(' ').trim()
    if (!fields.has(field.kind)) fields.set(field.kind, value)
    kinds.add(field.kind)
    for (const kind of fieldsInside(value)) kinds.add(kind)
    end = wrapped
    at = wrapped
    // Paragraphs of HTML set an empty line between the fields.
    if (lines[at]?.trim() === '' && read(at + 1)) at++
  }
  return proves(kinds, fields, first.kind, belowBar) && !isSource(lines, start) ? { end, fields } : null
}

const CROWDED_BAR = /^-{5,20} ?[^-]{4,40} ?-{5,20}/
const CROWDED_FIELD = /(?<![\p{L}\p{M}])(\p{L}[\p{L}\p{M}'’() -]{0,27}?)\s?[:：]/gu
const WORD_START = /(?<= )(?=\p{L})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/gu
const LONGEST_CROWDED = 2_000

/**
 * The fields behind a bar on its own line, often without a blank between them, as Yahoo and Samsung write them:
 * `----- Forwarded Message ----- From: Jef <jef@example.org>To: "it@example.org" <it@example.org>Sent: …Subject: …`.
 * The subject is the last one. Null without a sender's address.
 */
export function readCrowdedHeader(line: string): HeaderBlock['fields'] | null {
  const bar = CROWDED_BAR.exec(line)?.[0]
  const rest = bar === undefined ? '' : line.slice(bar.length, bar.length + LONGEST_CROWDED)
  const fields = new Map<FieldKind, string>()
  let last: { readonly kind: FieldKind; readonly from: number } | null = null
  const end = (at: number) => last && !fields.has(last.kind) && fields.set(last.kind, rest.slice(last.from, at).trim())
  for (const match of rest.matchAll(CROWDED_FIELD)) {
    const [, words = ''] = match
    // Before the name of a field may stand the end of a value: `John Doe To:`, `10:15 CETSubject:`.
    const starts = [0, ...[...words.matchAll(WORD_START)].map(({ index }) => index)]
    const start = starts.find(at => fieldKind(words.slice(at)) !== null)
    const kind = start === undefined ? null : fieldKind(words.slice(start))
    if (start === undefined || !kind) continue
    end(match.index + start)
    last = { kind, from: match.index + match[0].length }
    if (kind === 'subject') break
  }
  end(rest.length)
  return fields.get('from')?.includes('@') ? fields : null
}

// Fields that transport writes and no mail program shows.
const TRACE =
  /^\s{0,4}(?:received|return-path|delivered-to|message-id|mime-version|dkim-signature|authentication-results|content-type|x-[a-z][\w-]{1,40})\s?:/i

/** The person pasted the source of a mail, to show a bounce or a phishing attempt: that is what they want to say. */
function isSource(lines: readonly string[], start: number): boolean {
  for (let above = start - 1; above >= 0 && above > start - 8; above--) {
    const line = lines[above] ?? ''
    if (line.trim() === '') return false
    if (TRACE.test(line)) return true
  }
  return false
}

/** Where the value of the field at `at` ends: lines that are no field belong to it when a field follows them. */
function wrappedLines(lines: readonly string[], at: number, stop: number, read: (at: number) => unknown): number {
  const addresses = /[@;]/.test(lines[at] ?? '')
  const most = addresses ? MOST_WRAPPED_ADDRESSES : MOST_WRAPPED
  for (let next = at + 1; next <= at + most + 1 && next < stop; next++) {
    const line = lines[next] ?? ''
    if (line.trim() === '') return at + 1
    if (read(next)) return next
    if (next > at + MOST_WRAPPED && !/[@;]/.test(line)) return at + 1
    // The rest of an address at the end of the block: "From: Jef [mailto:" / "jef@example.org]".
    if (next === at + 1 && /^\s*[<[(]?[^\s<>[\]]+@[^\s<>[\]]+[>\])]\s*$/.test(line) && !read(next + 1)) return next + 1
  }
  return at + 1
}

/**
 * People write "From:", "To:" and "Date:" too (a journey, a room, a shift): a mail is told by an address; names alone, as
 * Outlook writes them, by a subject and a date beside.
 */
function proves(
  kinds: ReadonlySet<FieldKind>,
  fields: ReadonlyMap<FieldKind, string>,
  first: FieldKind,
  belowBar: boolean,
): boolean {
  const has = (kind: FieldKind): boolean => kinds.has(kind)
  const people = [fields.get('from') ?? '', fields.get('to') ?? '']
  const addressed = people.some(value => value.includes('@'))
  const dated = /\p{Nd}/u.test(fields.get('date') ?? '')
  if (has('date') && fields.has('date') && !dated) return false
  if (!addressed && !belowBar) {
    const named = has('from') && has('subject') && has('date') && !people.some(value => TIMES.test(value))
    return named && (first === 'from' || first === 'date')
  }
  if (has('from') && has('subject') && (has('to') || has('date') || addressed)) return true
  if (has('from') && has('date')) return addressed || (has('to') && /\d{1,2}[:.h]\d{2}/.test(fields.get('date') ?? ''))
  return first === 'date' && has('to') && addressed
}

// From when and to when, rather than from whom and to whom.
const TIMES =
  /^\d{1,2}\.?\s(?:de\s|of\s)?\p{L}{3}|(?<!\d)\d{1,2}(?::\d{2}|[./-]\d{1,2}(?!\d)|\.?\s\p{L}{3,10}\.?\s\d{4})/u
