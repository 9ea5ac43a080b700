/*
 * Phrase books: how dates, times and opening hours are said. Six languages have one, written by hand; any other gets what
 * Intl knows of it.
 */

/** A moment on the wall clock of a calendar, put into words piece by piece. */
export type Said = {
  readonly day: 'today' | 'tomorrow' | 'later'
  readonly weekday: string
  readonly date: string
  readonly time: string
}

/** How a language says it. */
export type PhraseBook = {
  /** A moment that something happens at: "tomorrow, Tuesday 24 November, at 10:00". */
  readonly at: (said: Said) => string
  /** The latest moment for something: "by 10:00 tomorrow, Tuesday 24 November". */
  readonly by: (said: Said) => string
  readonly date: (day: number, month: string, year: number | null) => string
  readonly time: (hour: number, minute: number) => string
  readonly weekdays: 'short' | 'long'
  /** "Mon–Fri"; a single day and two days in a row have words of their own. */
  readonly days: (first: string, last: string) => string
  readonly pair: (first: string, second: string) => string
  readonly day: (day: string) => string
  readonly everyDay: string
  readonly slot: (from: string, to: string) => string
  /** Days, and the slots of each of them. */
  readonly open: (days: string, slots: string) => string
  readonly and: string
  readonly between: string
  readonly always: string
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

const NBSP = '\u00a0'
const padded = (hour: number, minute: number): string => `${two(hour)}:${two(minute)}`
const spaced = (day: number, month: string, year: number | null): string =>
  `${day}${NBSP}${month}${year === null ? '' : ` ${year}`}`

const ENGLISH: PhraseBook = {
  at: ({ day, weekday, date, time }) =>
    day === 'today'
      ? `today at ${time}`
      : day === 'tomorrow'
        ? `tomorrow, ${weekday} ${date}, at ${time}`
        : `on ${weekday} ${date} at ${time}`,
  by: ({ day, weekday, date, time }) =>
    day === 'today'
      ? `by ${time} today`
      : day === 'tomorrow'
        ? `by ${time} tomorrow, ${weekday} ${date}`
        : `by ${time} on ${weekday} ${date}`,
  date: spaced,
  time: padded,
  weekdays: 'short',
  days: (first, last) => `${first}–${last}`,
  pair: (first, second) => `${first} and ${second}`,
  day: day => day,
  everyDay: 'every day',
  slot: (from, to) => `${from}–${to}`,
  open: (days, slots) => `${days} ${slots}`,
  and: 'and',
  between: '; ',
  always: '24 hours a day, 7 days a week',
}

const GERMAN: PhraseBook = {
  ...ENGLISH,
  at: ({ day, weekday, date, time }) =>
    day === 'today'
      ? `heute um ${time}${NBSP}Uhr`
      : day === 'tomorrow'
        ? `morgen, ${weekday}, ${date}, um ${time}${NBSP}Uhr`
        : `am ${weekday}, dem ${date}, um ${time}${NBSP}Uhr`,
  by: said => `spätestens ${GERMAN.at(said)}`,
  date: (day, month, year) => `${day}.${NBSP}${month}${year === null ? '' : ` ${year}`}`,
  pair: (first, second) => `${first} und ${second}`,
  everyDay: 'täglich',
  open: (days, slots) => `${days} ${slots} Uhr`,
  and: 'und',
  always: 'rund um die Uhr an allen Tagen',
}

const FRENCH: PhraseBook = {
  ...ENGLISH,
  at: ({ day, weekday, date, time }) =>
    day === 'today'
      ? `aujourd’hui à ${time}`
      : day === 'tomorrow'
        ? `demain, ${weekday} ${date}, à ${time}`
        : `le ${weekday} ${date} à ${time}`,
  by: said => `au plus tard ${FRENCH.at(said)}`,
  date: (day, month, year) => `${day === 1 ? '1er' : day}${NBSP}${month}${year === null ? '' : ` ${year}`}`,
  time: (hour, minute) => `${hour}${NBSP}h${minute === 0 ? '' : `${NBSP}${two(minute)}`}`,
  weekdays: 'long',
  days: (first, last) => `du ${first} au ${last}`,
  pair: (first, second) => `le ${first} et le ${second}`,
  day: day => `le ${day}`,
  everyDay: 'tous les jours',
  slot: (from, to) => `de ${from} à ${to}`,
  and: 'et',
  between: `${NBSP}; `,
  always: '24 heures sur 24 et 7 jours sur 7',
}

const DUTCH: PhraseBook = {
  ...ENGLISH,
  at: ({ day, weekday, date, time }) =>
    day === 'today'
      ? `vandaag om ${time}${NBSP}uur`
      : day === 'tomorrow'
        ? `morgen, ${weekday} ${date}, om ${time}${NBSP}uur`
        : `op ${weekday} ${date} om ${time}${NBSP}uur`,
  by: said => `uiterlijk ${DUTCH.at(said)}`,
  time: (hour, minute) => `${hour}.${two(minute)}`,
  weekdays: 'long',
  days: (first, last) => `${first} t/m ${last}`,
  pair: (first, second) => `${first} en ${second}`,
  everyDay: 'elke dag',
  open: (days, slots) => `${days} ${slots} uur`,
  and: 'en',
  always: '24 uur per dag, 7 dagen per week',
}

const ROMANIAN: PhraseBook = {
  ...ENGLISH,
  at: ({ day, weekday, date, time }) =>
    day === 'today'
      ? `astăzi, la ora${NBSP}${time}`
      : day === 'tomorrow'
        ? `mâine, ${weekday}, ${date}, la ora${NBSP}${time}`
        : `${weekday}, ${date}, la ora${NBSP}${time}`,
  by: said => `cel târziu ${ROMANIAN.at(said)}`,
  weekdays: 'long',
  pair: (first, second) => `${first} și ${second}`,
  everyDay: 'zilnic',
  and: 'și',
  always: '24 de ore din 24, 7 zile din 7',
}

const oclock = (time: string): string => (time.startsWith('1:') ? `a la ${time}` : `a las ${time}`)

const SPANISH: PhraseBook = {
  ...ENGLISH,
  at: ({ day, weekday, date, time }) =>
    day === 'today'
      ? `hoy ${oclock(time)}`
      : day === 'tomorrow'
        ? `mañana, ${weekday} ${date}, ${oclock(time)}`
        : `el ${weekday} ${date} ${oclock(time)}`,
  by: said => `a más tardar ${SPANISH.at(said)}`,
  date: (day, month, year) => `${day}${NBSP}de${NBSP}${month}${year === null ? '' : ` de${NBSP}${year}`}`,
  time: (hour, minute) => `${hour}:${two(minute)}`,
  weekdays: 'long',
  days: (first, last) => `de ${first} a ${last}`,
  pair: (first, second) => `${first} y ${second}`,
  everyDay: 'todos los días',
  slot: (from, to) => `de ${from} a ${to}`,
  and: 'y',
  always: 'las 24 horas, los 7 días de la semana',
}

/** No prepositions, no inflection: what stays right in any language. A template of such a language brings its own "by". */
function plainPhrases(language: string): PhraseBook {
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  const at = ({ day, weekday, date, time }: Said): string =>
    day === 'today'
      ? `${relative.format(0, 'day')}, ${time}`
      : day === 'tomorrow'
        ? `${relative.format(1, 'day')}, ${weekday}, ${date}, ${time}`
        : `${weekday}, ${date}, ${time}`
  return {
    ...ENGLISH,
    at,
    by: at,
    pair: (first, second) => `${first}, ${second}`,
    everyDay: '7/7',
    and: '/',
    always: '24/7',
  }
}

const books = new Map<string, PhraseBook>([
  ['en', ENGLISH],
  ['de', GERMAN],
  ['fr', FRENCH],
  ['nl', DUTCH],
  ['ro', ROMANIAN],
  ['es', SPANISH],
])

/** The phrase book of a language; `de-AT` reads as `de` does. */
export function phrases(language: string): PhraseBook {
  const known = books.get(language) ?? books.get(language.split('-')[0]?.toLowerCase() ?? '')
  if (known) return known
  const made = plainPhrases(language)
  books.set(language, made)
  return made
}
