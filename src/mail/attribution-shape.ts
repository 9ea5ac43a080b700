/*
 * What an attribution is made of, and whether a line is made of nothing else. A program names who wrote, when, and a verb at
 * its place; a person's sentence has words between: "The vendor (help@vendor.example) wrote in the chat on 2 March:".
 */

// "wrote" by language; Thunderbird, Gmail, Apple Mail, Yahoo, Zoho, GMX, Roundcube, Notes.
export const WROTE =
  `wrote|writes|sent|a écrit|a ecrit|écrivait|schreef|verzond|heeft geschreven|het volgende geschreven|volgende geschreven|geschreven|schrieb
  |geschrieben|schreibt|escribió|escribio|ha escrito|ha scritto|scrisse|scrive|escreveu|a scris|scris|napisał|napisała|napisał\\(a\\)
  |napisal|napisala|napisał\\/a|pisze|skrev|skreiv|kirjoitti|napsal|napsala|napsal\\(a\\)|napísal|napísala|napísal\\(a\\)|je napisal|je napisala
  |je napisao|je napisala|napisao je|piše|írta|ezt írta|yazdı|şunu yazdı|şunları yazdı|написал|написала|написал\\(а\\)|пишет|писал|писала
  |написав|написала|написав\\(-?ла\\)|пише|написа|написао|написао је|έγραψε|kirjutas|rakstīja|rašė|parašė|skrifaði|va escriure|ha escrit
  |escribiu|idatzi zuen|đã viết|viết|menulis|เขียนว่า|เขียน|كتب|كتبت|כתב|כתבה|כתב\\/ה|נכתב|نوشت|skryf|aliandika|ने लिखा|ने लिहिले|লিখেছে|লিখেছেন|எழுதியது|დაწერა`.replace(
    /\s*\n\s*/g,
    '',
  )
// Scripts that set no blanks between words.
const WROTE_CJK = '写道|寫道|写到|のメール|が書きました|さんは書きました|작성|썼습니다|님이 씀|쓴 글|wrote'

export const VERB = new RegExp(`(?<![\\p{L}\\p{M}])(?:${WROTE})(?![\\p{L}\\p{M}])|${WROTE_CJK}`, 'iu')
export const VERB_LAST = new RegExp(`(?:(?<![\\p{L}\\p{M}])(?:${WROTE})|${WROTE_CJK})$`, 'iu')
export const VERB_FIRST = new RegExp(`^(?:hat|heeft|ha|${WROTE})(?![\\p{L}\\p{M}])`, 'iu')

export const YEAR = /(?<!\d)(?:19|20|25)\d\d(?!\d)/
// Zimbra: "Le 2 Mar 26, à 10:15".
export const SHORT_YEAR = /(?<!\d)\d{1,2} \p{L}{3,10}\.? \d\d,/u
export const NUMERIC_DATE = /(?<!\d)\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}(?!\d)/
export const TIME = /(?<![\d.])\d{1,2}(?:\s?[:hH]\s?|\.)\d{2}(?![\d.]*\d)/
export const ADDRESS = /[\p{L}\p{N}_.+'-]@[\p{L}\p{N}]/u
export const BRACKETED = /[<([]\s?(?:mailto:)?[^<>()[\]]{0,200}@/

// Arabic, Persian, Devanagari, Bengali, Thai and fullwidth.
const ZEROS = [0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50, 0xff10]
const OTHER_DIGITS = /[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59\uff10-\uff19]/g

/** "٠٤/٠٧/٢٠٢٦" → "04/07/2026". */
export function withPlainDigits(text: string): string {
  return text.replace(OTHER_DIGITS, digit => {
    const code = digit.charCodeAt(0)
    return String(code - (ZEROS.findLast(zero => zero <= code) ?? 0))
  })
}

// Programs in whose languages the verb stands between the date and the name.
const VERB_BETWEEN = /(?<![\p{L}\p{M}])(?:schrieb|schreef|verzond|skrev|skreiv|skrifaði)(?![\p{L}\p{M}])/iu
// Apple Mail in Polish: "Wiadomość napisana przez Jef <…> w dniu …".
const WRITTEN_BY = /napisana przez/iu
// mail.ru sets no verb: "Monday, 2 March 2026, 10:15 +0300 from Jef <…>:".
const FROM = /\s(?:from|von|van|de|da|od|от|fra|från)\s/u
const OBJECT = /\s(?:folgendes|het volgende|følgende|följande)$/iu

// What stands before a date: a small word, a day of the week.
const BEFORE_DATE =
  `On|In a message dated|At|Am|Um|Vom|Le|À|Op|Om|El|En|A las?|A les|Il|Il giorno|In data(?: di)?|Alle|Alle ore|Em|No dia|N[ao]|A|Às|Den|På|D[nň][eai]a?|Dana
  |W(?: dniu)?|Pe(?: data de)?|[ÎI]n (?:data|ziua) de|În|In|La(?: data de)?|Vào|Pada(?: hari| tanggal)?|V[eo]?|Στις|Στη|Την|Þann|На|Дана|У|В|Ar|Më|O`.replace(
    /\s*\n\s*/g,
    '',
  )
const DAY = '\\p{L}{1,14}(?:-\\p{L}{2,8})?[.,]{0,2}'
const LEAD = new RegExp(
  `^["'“]?(?:(?:${BEFORE_DATE})(?:\\s|$)(?:${DAY}\\s?,?\\s?(?:(?<=[.,]\\s?)\\p{L}{1,14}[.,]{0,2}\\s?|(?:\\p{Lu}\\p{L}{1,13}|de[nm]?|d)[.,]{0,2}\\s?)?)?|(?:\\p{L}[\\p{L}.-]{0,14}(?:,\\s|\\s(?=\\p{Lu}|den\\s)))?(?:${DAY}\\s?)?)$`,
  'u',
)
const PREPOSITION = /\s(?:on|at|am|um|le|op|om|el|il|em|den|kl\.|klo|w dniu|dnia|dne|la|pe)\s$/u
const LEAD_OF_SENTENCE = /,\s(?:on|at|am|le|op|el|il|em)\s$/u
const SMALL_LEAD = /^(?:on|at|am|um|le|op|el|il|em|in|den)\s/u

// In lower case and yet part of a name.
const PARTICLES = new Set(
  'via van von vom zu zum zur der den ter ten de del della di da das do dos du la le al el bin ibn y e i und and hat heeft ha je'.split(
    ' ',
  ),
)
// Beside the time.
const OF_TIME = new Set('am pm uhr uur hrs h kl klo kello g р г о п cet est utc gmt'.split(' '))
// A name that begins so is said by a person: "der Hersteller", "the vendor", "notre fournisseur".
const ARTICLES =
  'the|my|our|your|his|her|their|a|an|this|le|la|les|un|une|mon|ma|notre|votre|ce|cette|el|los|las|una|mi|su|nuestro|nuestra|il|lo|mio|mia|nostro|nostra|de|het|een|mijn|onze|ons|uw|o|os|as|um|uma|meu|minha|nosso|nossa|den|det|en|ett|et|min|mitt|vår|vårt|vores|vores|ten|ta|to|mój|nasz|nasza|наш|наша|мой|моя'
const SAID = new RegExp(
  `^[\\s,]*(?:(?:Uhr|uur|[ap]\\.?m\\.?|[A-Z]{2,4}),?\\s)*(?:(?:${ARTICLES.split('|')
    .map(word => `[${word[0]?.toUpperCase()}${word[0]}]${word.slice(1)}`)
    .join(
      '|',
    )})\\s\\p{Ll}{2}|[Ll]['’]\\p{Ll}|(?:As|Wie|Comme|Zoals|Como|Come|Jak|Som|Herr|Frau|Mr|Mrs|Ms|Mme|Monsieur|Madame|Mevrouw|Meneer|Dhr|Señora?|Sra?|Sig|Signora?|Pani?)\\.?\\s\\p{Lu}|(?:[Dd](?:er|ie|as)|(?:[Ee]in|[Mm]ein|[Dd]ein|[Uu]nser|[Ii]hr|[Ee]uer)e?)\\s\\p{L})`,
  'u',
)
const SOMEBODY =
  /(?<!\p{L})(?:I|[Ss]omebody|[Ss]omeone|[Jj]emand|[Qq]uelqu['’]un|[Ii]emand|[Aa]lguien|[Qq]ualcuno|[Aa]lguém|[Kk]toś|[Nn]ågon|[Nn]ogen|[Nn]oen|[Кк]то-то)(?!\p{L})|我|私|저는|제가|أنا|אני/u

const BRACKETED_ADDRESS =
  /([<([]{1,2})\s?(?:mailto:)?[^\s<>()[\]]{1,100}@[^\s<>()[\]]{1,190}\s?(?:[<[]mailto:[^\s<>[\]]{1,200}[>\]])?[>)\]]{1,2}/gu
const BARE_ADDRESS = /[^\s,;:<>()[\]"“”]{1,64}@[\p{L}\p{N}][\p{L}\p{N}.-]{1,190}/gu
// In the place of an address: what a program writes in angle brackets, and how anybody may write it.
const ANGLE = '\u0001'
const OTHER = '\u0002'
const MARK = /[\u0001\u0002]/u

/** The text with a mark for each address. */
export function withoutAddresses(text: string): string {
  return text
    .replace(BRACKETED_ADDRESS, (_, bracket: string) => (bracket.includes('<') ? ANGLE : OTHER))
    .replace(BARE_ADDRESS, OTHER)
}

/** Is a text that starts with a date nothing but an attribution? Given without its colon. */
export function isBareFromDate(text: string): boolean {
  const masked = withoutAddresses(text)
  const start = masked.search(/\d/)
  const end = endOfDate(masked)
  const angle = masked.includes(ANGLE)
  const lead = masked.slice(0, start)
  if ((!TIME.test(masked) && !angle) || strangers(masked.slice(start, end)) > 4) return false
  const after = masked.slice(end).replace(/^:\d{2}/, '')
  const last = verbAtEnd(after, angle)
  const name = lead.replace(PREPOSITION, '')
  // Thunderbird in Finnish: "Jef kirjoitti 2.3.2026 klo 10.15:"; Notes: "Jef wrote on 2/3/2026 10:15:00 AM:".
  const first = verbAtEnd(name)
  if (first >= 0) return isWho(name.slice(0, first)) && isShort(after)
  // "Jef on 2 March 2026 at 10:15 wrote:"
  if (last >= 0 && after.slice(0, last).trim() === '') return name !== lead && strangers(name) === 0 && isWho(name)
  if (!isLead(lead, angle)) return false
  if (last >= 0) return isWho(after.slice(0, last))
  const between = VERB_BETWEEN.exec(after)
  if (between) {
    const who = after.slice(between.index + between[0].length).replace(OBJECT, '')
    return (
      strangers(after.slice(0, between.index)) <= 1 && isWho(who) && (!MARK.test(who) || /[\u0001\u0002]\s*$/.test(who))
    )
  }
  return after.trimEnd().endsWith(ANGLE) && strangers(after.replace(FROM, ' ')) === 0 && isWho(after)
}

/** Is a text that starts with a name and its address nothing but an attribution? Given without its colon. */
export function isBareFromName(text: string): boolean {
  const masked = withoutAddresses(text)
  const at = masked.search(MARK)
  const name = masked.slice(0, at)
  const rest = masked.slice(at + 1)
  const start = rest.search(/\d/)
  const end = endOfDate(rest)
  if (at < 0 || start < 0 || end < start || !TIME.test(rest)) return false
  if (strangers(name) > 2 || isSaid(name) || strangers(rest.slice(start, end)) > 4) return false
  const before = rest.slice(0, start)
  const tail = rest.slice(end).replace(/^:\d{2}/, '')
  const verb = VERB.exec(before)
  if (verb && !/^sent$/i.test(verb[0]))
    return (
      strangers(before.slice(0, verb.index)) <= 1 &&
      strangers(before.slice(verb.index + verb[0].length)) <= (masked[at] === ANGLE ? 3 : 2) &&
      isShort(tail)
    )
  const last = verbAtEnd(tail)
  if (last >= 0) return strangers(before) <= 2 && strangers(tail.slice(0, last)) <= 1
  const written = WRITTEN_BY.test(name)
  return masked[at] === ANGLE && (written || strangers(before) === 0) && isShort(tail) && strangers(tail) === 0
}

/** How surely a text that starts with a name and its address, without a date, is one: "Jef <jef@example.org> wrote". */
export function surenessWithoutDate(text: string): 0 | 1 | 2 {
  const masked = withoutAddresses(text)
  const at = masked.search(MARK)
  const name = masked.slice(0, at)
  const rest = masked.slice(at + 1)
  const last = verbAtEnd(rest)
  if (at < 0 || last < 0 || strangers(rest.slice(0, last)) > 1) return 0
  // Nobody writes an address in angle brackets by hand.
  const whole = masked[at] === ANGLE && strangers(name) === 0 && !isSaid(name) && rest.slice(0, last).trim() === ''
  return whole ? 2 : 1
}

function isLead(lead: string, angle: boolean): boolean {
  if (!/\p{Lu}|\p{Ll}/u.test(lead)) return true
  return LEAD.test(lead) && !LEAD_OF_SENTENCE.test(lead) && (angle || !SMALL_LEAD.test(lead))
}

/** Where the verb at the end begins; -1 without one. */
function verbAtEnd(text: string, angle = false): number {
  const found = VERB_LAST.exec(text.trimEnd().replace(/\/\p{L}{1,3}$/u, ''))
  return found && (angle || !/^sent$/i.test(found[0])) ? found.index : -1
}

/** Somebody's name as programs know it, with an address or without. */
function isWho(text: string): boolean {
  const words = text.split(/\s+/).filter(word => /[\p{L}\u0001\u0002]/u.test(word)).length
  return (
    words > 0 &&
    words <= 12 &&
    !isSaid(text) &&
    strangers(text) <= (text.includes(ANGLE) ? 4 : text.includes(OTHER) ? 2 : 1)
  )
}

function isSaid(name: string): boolean {
  return SAID.test(name) || (SOMEBODY.test(name) && !name.includes(ANGLE))
}

function isShort(text: string): boolean {
  return strangers(text) <= 1 && text.trim().split(/\s+/).length <= 4
}

/** Words in small letters that belong to no name and no time: those of a sentence. */
function strangers(text: string): number {
  return text.split(/[\s,;"“”„]+/).filter(word => SMALL.test(word) && !PARTICLES.has(word) && !OF_TIME.has(word)).length
}

const SMALL = /^[([]?\p{Ll}[\p{L}\p{M}'’-]*[)\]]?$/u

function endOfDate(text: string): number {
  let end = -1
  for (const pattern of [TIME, NUMERIC_DATE, YEAR, SHORT_YEAR])
    for (const { index, 0: found } of text.matchAll(new RegExp(pattern, `${pattern.flags}g`)))
      end = Math.max(end, index + found.length)
  return end
}
