import { type Instant, instantOf } from '../instant.ts'

/*
 * The Date field (RFC 5322 §3.3 and the obsolete forms of §4.3), and what programs send instead: ISO 8601, asctime, the
 * month before the day. A date that cannot be read is null: never "now", and never a guess out of stray digits.
 */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const TIME = String.raw`(?<hour>\d{1,2})[:.](?<minute>\d{1,2})(?:[:.](?<second>\d{1,2})(?:[.,]\d{1,9})?)?(?:\s?(?<half>[AaPp][Mm])\b)?`
const ZONE = String.raw`(?:\s*(?:(?:GMT|UTC?)?(?<offset>[+-]\s?\d{1,2}:?\d{2})|(?<zone>[A-Za-z]{1,5})\b))?`
// After the time nothing may follow that would have belonged to it: `10:00:t` is a torn date, not ten o'clock. A sign and four
// digits are complete: what follows is the next field, whose line break was lost.
const END = String.raw`(?:(?<=[+-]\d{4})(?![\d:.])|(?![\w:.+-]))`
const WEEKDAY = String.raw`^\W*(?:\p{L}{2,12}\.?\s?,?\s*)?`

const FORMS = [
  // 17 May 2000 23:33:43 -0400, also 17-May-00
  new RegExp(
    String.raw`${WEEKDAY}(?<day>\d{1,2})[\s.,-]+(?<month>[A-Za-z]{3,9})[\s.,-]+(?<year>\d{2,6})(?:[\s,T]+${TIME}${ZONE}${END}|$)`,
    'u',
  ),
  // 2000-05-17T23:33:43Z
  /^\W*(?<year>\d{4})[-/](?<number>\d{1,2})[-/](?<day>\d{1,2})(?:[T\s]+(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,]\d{1,9})?)?(?:\s*(?:(?<offset>[+-]\d{2}:?\d{2})|(?<zone>[A-Za-z]{1,5})))?)?/u,
  // Wed May 17 23:33:43 EDT 2000
  new RegExp(
    String.raw`${WEEKDAY}(?<month>[A-Za-z]{3,9})\.?\s+(?<day>\d{1,2}),?\s+${TIME}${ZONE}[\s,]+(?<year>\d{4})`,
    'u',
  ),
  // May 17, 2000 23:33:43
  new RegExp(
    String.raw`${WEEKDAY}(?<month>[A-Za-z]{3,9})\.?\s+(?<day>\d{1,2}),?\s+(?<year>\d{4})(?:[\s,]+${TIME}${ZONE})?`,
    'u',
  ),
]

// RFC 5322 §4.3; other letters are to be read as -0000.
const ZONES: Readonly<Record<string, number>> = {
  EDT: -4,
  EST: -5,
  CDT: -5,
  CST: -6,
  MDT: -6,
  MST: -7,
  PDT: -7,
  PST: -8,
}
const OTHERS: Readonly<Record<string, number>> = {
  CET: 1,
  CEST: 2,
  MET: 1,
  MEST: 2,
  EET: 2,
  EEST: 3,
  BST: 1,
  WEST: 1,
  MSK: 3,
  JST: 9,
}

/** The instant of a Date field; null when it cannot be read or lies outside 1900–2100. */
export function readDate(value: string): Instant | null {
  const text = value
    .slice(0, 200)
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  for (const form of FORMS) {
    const match = form.exec(text)
    if (match?.groups) return instantFrom(match.groups)
  }
  return null
}

function instantFrom(part: Readonly<Record<string, string | undefined>>): Instant | null {
  const year = fullYear(part['year'] ?? '')
  const month = part['number']
    ? Number(part['number'])
    : MONTHS.indexOf((part['month'] ?? '').slice(0, 3).toLowerCase()) + 1
  const day = Number(part['day'])
  const hour = clockHour(Number(part['hour'] ?? 0), part['half'])
  const minute = Number(part['minute'] ?? 0)
  const second = Math.min(Number(part['second'] ?? 0), 60)
  const offset = zoneMinutes(part['offset'], part['zone'])
  if (year < 1900 || year > 2100 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return null
  if (hour > 23 || minute > 59 || offset === null) return null
  const ms = (((daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000
  return instantOf(ms)
}

/** RFC 5322 §4.3: two digits below 50 are of this century, else, as three digits are, counted from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length >= 4) return year
  return year < 50 ? 2000 + year : 1900 + year
}

function clockHour(hour: number, half: string | undefined): number {
  if (!half) return hour
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)
}

function zoneMinutes(offset: string | undefined, zone: string | undefined): number | null {
  if (!offset) return 60 * (ZONES[zone?.toUpperCase() ?? ''] ?? OTHERS[zone?.toUpperCase() ?? ''] ?? 0)
  const digits = offset.replace(/\D/g, '').padStart(4, '0')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  // Seen in practice up to +1400; more is no zone of this world.
  return minutes > 24 * 60 ? null : offset.startsWith('-') ? -minutes : minutes
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function daysIn(year: number, month: number): number {
  return month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar, years counted from March so that the leap day stands last. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    (shifted % 400) * 365 + Math.floor((shifted % 400) / 4) - Math.floor((shifted % 400) / 100) + dayOfYear
  return Math.floor(shifted / 400) * 146_097 + dayOfEra - 719_468
}
