import Holidays from 'date-holidays'
import { DAY, epochMs, HOUR, instantOf } from '../instant.ts'

/**
 * Public holidays by country and region. The only door to `date-holidays`.
 *
 * Only what the data calls `public` counts, and only whole days: half holidays (24 December from noon in the Valais) are
 * ordinary days here; who closes on them says so with a day of their own. Names are in the country's first language.
 */

// Outside of these years the tables of lunar calendars end, and the library may search for minutes (seen: China, year 1).
const FIRST_YEAR = 1970
const LAST_YEAR = 2100

// A whole day. Two hours are given away because the library reckons with the clock of the process: where its zone skips
// midnight, the day starts at 01:00 (seen with TZ=Africa/Cairo). The shortest half holiday misses twelve hours.
const WHOLE_DAY = 22 * HOUR

type Source = { readonly library: Holidays; readonly years: Map<number, ReadonlyMap<string, string>> }

const NO_DAYS: ReadonlyMap<string, string> = new Map()

const sources = new Map<string, Source>()

/**
 * Whether public holidays are known for a country (ISO 3166-1: `DE`) and, if given, its region: the part after the
 * country of ISO 3166-2 (`BY`), or with one level more (`BY-A`). Upper and lower case are the same.
 */
export function isHolidayCountry(country: string, region: string | null = null): boolean {
  const [state, part, ...rest] = region === null ? [] : levels(region)
  if (rest.length > 0) return false
  const { library } = sourceOf('', null)
  const land = country.toUpperCase()
  // The library silently falls back to the whole country, and looks in upper case only: a key in its data that is not
  // in upper case (the islands of CK) is out of its own reach.
  if (!Object.hasOwn(library.getCountries(), land)) return false
  if (state === undefined) return true
  if (!Object.hasOwn(library.getStates(land) ?? {}, state)) return false
  return part === undefined || Object.hasOwn(library.getRegions(land, state) ?? {}, part)
}

/** The name of the public holiday on a local date (`YYYY-MM-DD`), or null. A country must be a known one. */
export function publicHoliday(country: string, region: string | null, date: string): string | null {
  const source = sourceOf(country, region)
  const year = Number(date.slice(0, 4))
  const name = inYear(source, year).get(date)
  if (name !== undefined) return name
  // A holiday of several days may begin in December (SZ: Incwala, six days from 28 December).
  return (date.slice(5, 7) === '01' ? inYear(source, year - 1).get(date) : undefined) ?? null
}

function levels(region: string): string[] {
  return region.toUpperCase().split(/[.-]/)
}

function sourceOf(country: string, region: string | null): Source {
  const key = `${country} ${region ?? ''}`.toUpperCase()
  let source = sources.get(key)
  if (source === undefined) {
    // Every type is loaded although only `public` is told: some rules look at the others (CH-GL: the Näfelser Fahrt gives
    // way to Maundy Thursday, an observance). In UTC a day is a day long; our zones come in later.
    const options = { timezone: 'UTC' }
    const [state = '', part = ''] = region === null ? [] : levels(region)
    source = {
      library: country === '' ? new Holidays(options) : new Holidays(country, state, part, options),
      years: new Map(),
    }
    sources.set(key, source)
  }
  return source
}

/** The whole days of the holidays that begin in a year, with the name of the first holiday on each. */
function inYear(source: Source, year: number): ReadonlyMap<string, string> {
  if (year < FIRST_YEAR || year > LAST_YEAR) return NO_DAYS
  let days = source.years.get(year)
  if (days === undefined) {
    days = readYear(source.library, year)
    source.years.set(year, days)
  }
  return days
}

function readYear(library: Holidays, year: number): Map<string, string> {
  const days = new Map<string, string>()
  for (const holiday of library.getHolidays(year)) {
    if (holiday.type !== 'public') continue
    // `date` is the wall clock of the place, `2025-03-30 00:00:00 -0600`; the suffix tells that the lunar day began the
    // evening before, which closes no office. start and end are only good for the length.
    const from = epochMs(`${holiday.date.slice(0, 10)}T${holiday.date.slice(11, 19)}Z`)
    const to = from + holiday.end.getTime() - holiday.start.getTime()
    for (let day = Math.floor(from / DAY) * DAY; day < to; day += DAY) {
      const covered = Math.min(to, day + DAY) - Math.max(from, day)
      const date = instantOf(day).slice(0, 10)
      if (covered >= WHOLE_DAY && !days.has(date)) days.set(date, holiday.name)
    }
  }
  return days
}
