import {
  ADDRESS,
  BRACKETED,
  isBareFromDate,
  isBareFromName,
  NUMERIC_DATE,
  SHORT_YEAR,
  surenessWithoutDate,
  TIME,
  VERB,
  VERB_FIRST,
  VERB_LAST,
  WROTE,
  withoutAddresses,
  withPlainDigits,
  YEAR,
} from './attribution-shape.ts'
import { INVISIBLE } from './phrases.ts'

/*
 * Attribution lines: "On Mon, Mar 2, 2026 at 10:15 AM Support <support@example.org> wrote:" in the many ways programs write
 * it. Most are told by what every language has in common (a date, a time, an address, a colon at the end), so an unknown
 * language loses little; the verbs below are for those that leave one of these out.
 */

// A name: words with capital letters, or in a script that has none and sets no blanks. "Ludwig van Beethoven", "Doe, Jane
// (Sales)", "Smith & Sons Ltd."; desks and lists speak for somebody: "Jane Doe via IT Help".
const PART = `["'“([]?[\\p{Lu}\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}][\\p{L}\\p{M}\\d.,'’"”/&)\\]-]{0,40}`
const PARTICLE =
  'via|van|von|vom|zu|zum|zur|der|den|ter|ten|de|del|della|di|da|das|do|dos|du|la|le|al|el|bin|ibn|y|e|i|und|and|[&+|/–—-]|\\d{1,4}'
const NAME = `${PART}(?:\\s(?:${PART}|${PARTICLE})){0,9}`
const NAME_WROTE = new RegExp(`^${NAME}\\s(?:${WROTE})\\s?[:：]$`, 'u')
// Above a date a name may have small letters: "jane doe via IT Help kirjoitti 2.3.2026 klo 10.15:".
const NAME_WROTE_ON = new RegExp(
  `^(?:(?:\\S{1,40}\\s){1,4}via\\s)?${NAME},?\\s(?:(?:${WROTE})(?![\\p{L}\\p{M}])|\\d)`,
  'u',
)
// Horde and Squirrelmail.
const QUOTING =
  /^(?:quoting|zitat von|zitiere|citando(?: a)?|citeren van|selon|citation de|cita de|citat från|citat fra|cytat|cytowanie|quoted from)\s[^:：]{2,150}[:：]$/iu

// A person telling what somebody wrote: no program says I, we or you.
const PERSONAL =
  /(?<!\p{L})(?:(?:I|we|you|he|she|they|(?:[Mm]y|[Oo]ur|[Yy]our|[Hh]is|[Hh]er|[Tt]heir|[Aa]|[Tt]he) \p{Ll}+) (?:\p{Ll}+ )?(?:wrote|sent)|(?:schrieb|schrieben|habe|haben|hat) (?:ich|wir|sie|er|man|mein|meine|unser|unsere|ihr|ihre|der|die|das|ein|eine)(?!\p{L})|schree[fv](?:en)? (?:ik|wij|we|u|jij|je|hij|zij|ze|mijn|onze|ons|uw|de|het|een)(?!\p{L})|j['’]ai|nous avons|vous avez|(?:il|elle|on) (?:m['’])?a écrit|(?:mon|ma|mes|notre|votre|le|la) \p{Ll}+ (?:m['’])?a écrit|skrev (?:jag|jeg|vi|han|hon|hun|du|ni|min|mitt|vår|en|ett)(?!\p{L})|ho scritto|abbiamo scritto|(?:mi|nuestro|su|el|la) \p{Ll}+ (?:me )?escribió|(?:il|la|mio|mia|nostro) \p{Ll}+ (?:mi )?ha scritto)/u

// 2014-10-17 11:28 GMT+03:00 Jef …: what Gmail wrote for years, sometimes without a colon.
const GMT_FORM = /^\d{4}[-/]\d{1,2}[-/]\d{1,2} \d{1,2}:\d{2} (?:GMT|UTC)(?:[+-]\d{1,2}:?\d{2})? \S.{0,120}[^.!?]$/
const OLD_GMAIL = /^\d{4}\/\d{1,2}\/\d{1,2} [^<>]{1,120}<[^<>\s]{1,120}@[^<>\s]{1,120}>$/

// ">>> Jane Doe <jane@example.org> 3/2/2026 10:15 AM >>>"
const GROUPWISE = /^\s{0,3}>>> ?[^\s>].{1,200}\d(?: \p{L}{2,4})? >>>\s*$/u
// "Jane Doe ---02/03/2026 10:15:22---Does it print? Regards", with the beginning of the old mail.
const NOTES = /^\s{0,3}\p{Lu}[^:]{1,80} ?---[\d./-]{6,10} \d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: [AP]M)?---/u

/** The line that GroupWise or Notes sets above an old mail, in no language; that of GroupWise looks like a quoted one. */
export function isFramedAttribution(line: string): boolean {
  if (line.includes('>>>', 4))
    return line.length <= 300 && GROUPWISE.test(line) && NUMERIC_DATE.test(line) && TIME.test(line)
  return line.includes('---', 3) && NOTES.test(line)
}

// The Bat tells people what they wrote themselves.
const YOU_WROTE = /^\p{L}{3,12}, [^:]{6,40}\d{1,2}:\d{2}(?::\d{2})?(?: [AP]M)?, you wrote[:：]$/u

const LONGEST = 400

/** How surely a line is an attribution: 0 no, 1 only above quoted lines, 2 even above text without quote marks. */
export type Sureness = 0 | 1 | 2

/** Could an attribution end with this line? Cheap, asked of every line. */
export function mayEndAttribution(line: string): boolean {
  const length = line.length
  if (length === 0 || length > LONGEST) return false
  const text = line.trimEnd()
  const last = text.at(-1) ?? ''
  if (last === ':' || last === '：') return true
  if (last === '-') return /[\p{L}>] ?-+$/u.test(text.slice(-40))
  if (/[\u200b-\u200f\u202a-\u202e\u2066-\u2069*_]/.test(last)) return /[:：][^\p{L}\p{N}]{1,6}$/u.test(text)
  return (
    (last === '>' || last === 'e' || GMT.test(text)) &&
    (text.endsWith('wrote') || /^\d{4}[-/]\d/.test(text.trimStart()))
  )
}

const GMT = /^\s{0,4}\d{4}[-/]\d{1,2}[-/]\d{1,2} \d{1,2}:\d{2} (?:GMT|UTC)/

/** Judges the text of one attribution, its lines joined by blanks. */
export function attribution(joined: string): Sureness {
  if (joined.length > LONGEST || joined.length < 6) return 0
  const whole = withPlainDigits(joined)
    .replace(INVISIBLE, '')
    .replace(/[\s\u00a0\u202f]+/g, ' ')
    .trim()
  const text = whole.replace(/^[-_=~—–*>\s]+|[-_=~—–*\s]+$/g, '')
  if (text.length < 6) return 0
  const colon = /[:：]$/.test(text)
  const body = text.replace(/\s?[:：]$/, '')
  if (!/[\d@]/.test(text)) return wroteWithoutDate(whole, text)
  if (QUOTING.test(text) || YOU_WROTE.test(text)) return 1
  if (GMT_FORM.test(text) || OLD_GMAIL.test(text)) return 2
  // Zoho, whose verb may be any: "---- On Mon, 02 Mar 2026 10:15:00 +0100 Support <support@example.org> wrote ----"
  if (/^-{3,}\s.*[^-]\s?-{3,}$/.test(whole) && TIME.test(text) && YEAR.test(text) && BRACKETED.test(text)) return 2
  if (!colon && !VERB_LAST.test(body)) return 0
  if (PERSONAL.test(text) || PERSONAL.test(said(text)) || balance(text) !== 0) return 0
  return wroteOn(text, body, colon) || (NAME_WROTE.test(text) ? 1 : 0)
}

/** The sentence around the addresses. */
function said(text: string): string {
  return withoutAddresses(text).replace(/\s?[\u0001\u0002],?/gu, '')
}

/** Somebody wrote at a date, from an address, or both. Nothing but that stands in it where no quote marks need to follow. */
function wroteOn(text: string, body: string, colon: boolean): Sureness {
  const address = ADDRESS.test(text)
  const date = YEAR.test(text) || NUMERIC_DATE.test(text) || SHORT_YEAR.test(text)
  const time = TIME.test(text)
  const verb = VERB.test(text)
  if (startsWithDate(text)) {
    // Freshdesk leaves the year out: "On Mon, 2 Mar at 10:15 AM , Support <support@example.org> wrote:".
    const whole =
      (date && verb && (time || address)) || (time && BRACKETED.test(text) && (VERB_LAST.test(body) || (date && colon)))
    if (whole && isBareFromDate(body)) return 2
    return whole || (date && (verb || (colon && address))) || (verb && (address || time)) ? 1 : 0
  }
  if (startsWithName(text)) {
    if ((verb || (time && colon)) && date) return isBareFromName(body) ? 2 : 1
    return verb && colon ? surenessWithoutDate(body) : date && colon ? 1 : 0
  }
  if (date && verb && colon && NAME_AND_BARE_ADDRESS.test(text)) return 1
  // "Jef kirjoitti 2.3.2026 klo 10.15:", "Jef/IT/ACME wrote on 02/03/2026 10:15:22 AM:", "Jef, 2.3.2026 10:15 tarihinde yazdı:"
  if (date && colon && verb && NAME_WROTE_ON.test(text)) return 1
  const [before = ''] = /^["'“]?\p{Lu}\D{2,60}/u.exec(text) ?? []
  return date && colon && VERB.test(before) && before.trim().split(' ').length <= 7 ? 1 : 0
}

function wroteWithoutDate(whole: string, text: string): Sureness {
  if (PERSONAL.test(text)) return 0
  if (/^-{3,}\s?[^-]/.test(whole) && /[^-]\s?-{3,}$/.test(whole))
    return VERB_LAST.test(text) && text.length < 80 ? 2 : 0
  return NAME_WROTE.test(text) ? 1 : 0
}

/** The angle brackets left open: an attribution cut in the middle of its address has one. */
function balance(text: string): number {
  let open = 0
  for (const char of text) open += char === '<' ? 1 : char === '>' ? -1 : 0
  return open
}

/** A date stands at the start, after a weekday and small words: "On Mon, Mar 2", "W dniu pon., 2 mar", "2026年". */
function startsWithDate(text: string): boolean {
  const before = /^["'“]?([^\d<>@:：]{0,45})\d/.exec(text)?.[1]
  return before !== undefined && (before.match(/\p{L}+/gu)?.length ?? 0) <= 4
}

/** A name and its address stand at the start: "Support <support@example.org> schrieb am …". */
function startsWithName(text: string): boolean {
  return /^[^<>@:：]{0,70}?[<([]\s?(?:mailto:)?\S{1,120}@|^[^\s<>:：]{1,64}@[^\s<>:：]{3,190}\s/.test(text)
}

// "Jane Doe jane@example.org schrieb am Di. 15. Sept. 2026 um 16:45:", which people write too.
const NAME_AND_BARE_ADDRESS = new RegExp(`^${NAME}\\s[^\\s<>:：@]{1,64}@[^\\s<>:：]{3,190}\\s`, 'u')

// An attribution is wrapped over a few lines at most; one program leaves an empty line in it.
const MOST_LINES = 6
// No program wraps lines before this column.
const NARROWEST = 60

export type Found = { readonly start: number; readonly sureness: Sureness }

/**
 * The attribution that ends with line `end`, wherever it begins; null when there is none. `line(i)` gives the text of a
 * line that may belong to it, null for one that may not. Bounded work.
 */
export function attributionEndingAt(line: (index: number) => string | null, end: number): Found | null {
  let joined = ''
  let best: (Found & { readonly text: string }) | null = null
  for (let start = end; start > end - MOST_LINES; start--) {
    const given = line(start)
    if (given === null) break
    const text = withPlainDigits(given)
    if (text.trim() === '') {
      if (start === end || line(start - 1)?.trim() === '' || !/^\s*[<>]/.test(joined)) break
      continue
    }
    // A sentence that ends above is the person's.
    if (joined !== '' && /[!?。！？]$|\p{L}{2}\.$/u.test(text.trimEnd()) && !/[\d@]/.test(text)) break
    joined = joined ? `${text.trim()} ${joined}` : text.trim()
    if (joined.length > LONGEST) break
    // Without a date or an address only a single line can be one: "Jef wrote:"
    const sureness = start === end || /[\d@]/.test(joined) ? attribution(joined) : 0
    if (sureness === 0) continue
    // "<support@example.org> wrote:" is one already, but the date above it belongs to it; so does who wrote above a date.
    const dated = YEAR.test(joined) || NUMERIC_DATE.test(joined)
    if (best === null || sureness > best.sureness || (dated && sureness === best.sureness))
      best = { start, sureness, text: joined }
    if (dated && sureness === 2) break
    // Who wrote, and when: nothing is missing above, unless the name was too long for one line.
    const above = line(start - 1)?.trim().length ?? 0
    if (dated && NAME_WROTE_ON.test(joined) && above + 1 + joined.indexOf(' ') < NARROWEST) break
  }
  return best && withBeginning(line, best)
}

/**
 * What was cut off the front: "El jueves, 28 de enero" / "2016, Jef <jef@example.org> escribió:", or a name left alone
 * above its address. Only a beginning that is one belongs to it, and only in the same paragraph: above may be the person's.
 */
function withBeginning(line: (index: number) => string | null, best: Found & { readonly text: string }): Found {
  const { text: own, ...found } = best
  if (isWhole(own)) return found
  for (let start = found.start - 1; start > found.start - 3; start--) {
    const first = line(start)?.trim() ?? ''
    if (first === '' || /[.!?;:。！？]$/.test(first.replace(/\d\.$/, ''))) return found
    if ((line(start - 1)?.trim() ?? '') !== '') continue
    if (/^[<(]/.test(own))
      return start === found.start - 1 && first.length <= 60 && first.split(/\s+/).length <= 6
        ? { ...found, start }
        : found
    return startsWithDate(first) || startsWithName(`${first} `) ? { ...found, start } : found
  }
  return found
}

/** Nothing is missing at the front: it begins with no bracket and no verb, and day and year of its date are there. */
function isWhole(text: string): boolean {
  if (/^[<(]/.test(text) || VERB_FIRST.test(text)) return false
  return NUMERIC_DATE.test(text)
    ? !/^\d{1,2}[.:]\d{2}[.:]\d{2}(?!\d|\D{1,8}\d{1,2}[:.]\d{2})/.test(text)
    : !YEAR.test(text) || /(?<![\d:.])\d{1,2}(?![\d:]|\.\d)/.test(text)
}

const LEAD =
  /(?:^|[\s\u00a0-])(?=(?:On|Am|Le|Op|El|Il|Em|Den|Dne|Dnia|Pe|På|În|W dniu) (?:\p{L}{2,12}[.,]{0,2} ?,?){0,2}\d)/u

/** An attribution that begins behind the last word of the text on the same line: where; -1 when there is none. */
export function attributionInside(line: string): number {
  if (line.length > LONGEST) return -1
  const found = LEAD.exec(line)
  if (!found || found.index === 0) return -1
  const at = found.index + found[0].length
  return attribution(line.slice(at)) === 2 ? at : -1
}
