import { Temporal } from 'temporal-polyfill'
import { DeskError } from '../errors.ts'
import { DAY, epochMs, type Instant, instantOf, MINUTE } from '../instant.ts'
import { isHolidayCountry, publicHoliday } from './holidays.ts'

/**
 * Working time: what counts, and when so much of it has passed.
 *
 * The rules:
 * - A slot belongs to the local day on which it starts, also when it runs over midnight.
 * - A holiday takes away the slots that *start* on that local day. So a night shift that began on the eve works on into
 *   the holiday, and the one that would begin on the evening of the holiday does not take place, not even its hours of
 *   the next morning.
 * - Slots that overlap or touch are one, by the local clock, also across midnight.
 * - Real time counts: a slot of 00:00–06:00 is five hours long in the night the clocks go forward, seven when they go back.
 * - A border of a slot in the skipped hour is as much later as if the clock had not been moved; in the repeated hour the
 *   first pass is meant (RFC 5545 §3.3.5; `compatible` in Temporal).
 * - A moment at opening is open, a moment at closing is closed.
 */

/** The days of the week, Monday first. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** Local times `HH:MM`; `to` may be `24:00`. When `to` is not after `from`, the slot ends on the next day. */
export type Slot = { readonly from: string; readonly to: string }

/** Who is called when the desk is closed. */
export type OnCall = { readonly name: string; readonly phone: string | null; readonly address: string | null }

/** The days on which no slot starts. */
export type HolidayRules = {
  /** ISO 3166-1, `DE`; null: no public holidays. */
  readonly country: string | null
  /** The part of ISO 3166-2 after the country: `BY`. */
  readonly region: string | null
  /** Days of one's own: `YYYY-MM-DD`, or `MM-DD` every year. */
  readonly days: readonly { readonly date: string; readonly name: string }[]
  /** Dates (the same two forms) on which we work although it is a holiday, public or our own. */
  readonly except: readonly string[]
}

/** When a team works. Plain data; what is computed from it is remembered by the identity of this object. */
export type Calendar = {
  readonly name: string
  /** IANA name: `Europe/Berlin`. */
  readonly timeZone: string
  readonly week: Readonly<Record<Weekday, readonly Slot[]>>
  readonly holidays: HolidayRules
  readonly onCall: OnCall | null
}

/**
 * One stretch of the way from a moment to its due time. The entries follow one another without a gap.
 * In a long timeline a `counted` entry may also span nights and whole weeks: then `countedMs` is less than its length.
 */
export type TimelineEntry = {
  readonly from: Instant
  readonly to: Instant
  readonly kind: 'counted' | 'closed' | 'holiday'
  readonly countedMs: number
  /** The name of the holiday. */
  readonly note: string | null
}

/** How far we look for the next opening before we say that there is none. */
const LOOK_AHEAD = 2 * 366 * DAY

/** Up to so many entries a timeline shows every lunch break and night … */
const DETAILED_ENTRIES = 24
/** … and with whatever summary, it never has more than this. */
const MOST_ENTRIES = 48

/** So many days and moments are remembered, then we begin anew: a question about centuries costs time, not memory. */
const MOST_REMEMBERED = 10_000

const SLOT_TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/
const HOLIDAY_DATE = /^(?:\d{4}-)?(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/

/** Whether a text names a time zone of the IANA database. Bare offsets (`+01:00`) are none: they know no summer time. */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false
  try {
    new Temporal.ZonedDateTime(0n, text)
    return true
  } catch {
    return false
  }
}

/**
 * The moment at which `ms` of working time have passed since `from`, and how that came about.
 *
 * A target that is used up exactly at closing time is due at closing time, not at the next opening. For zero ms it is
 * the next moment that counts: `from` itself when open. Throws a DeskError('config') when the calendar does not open.
 */
export function addWorkingTime(
  calendar: Calendar,
  from: Instant,
  ms: number,
): { at: Instant; timeline: readonly TimelineEntry[] } {
  if (!(Number.isFinite(ms) && ms >= 0)) throw new RangeError(`not a working time: ${ms} ms`)
  const plan = planOf(calendar)
  const stretches: Stretch[] = []
  let at = epochMs(from)
  let left = ms
  let givenUp = at + LOOK_AHEAD
  for (let number = dayAt(plan, at); at < givenUp; number++) {
    const day = dayOf(plan, number)
    for (const span of day.open) {
      if (span.to <= at) continue
      if (span.from > at) push(stretches, at, span.from, day.closure)
      at = Math.max(at, span.from)
      const used = Math.min(left, span.to - at)
      if (used > 0) push(stretches, at, at + used, COUNTED)
      at += used
      left -= used
      if (left === 0) return { at: instantOf(at), timeline: summary(stretches).map(entryOf) }
      givenUp = at + LOOK_AHEAD
    }
    if (day.to > at) push(stretches, at, day.to, day.closure)
    at = Math.max(at, day.to)
  }
  throw new DeskError(
    'config',
    `calendar "${calendar.name}" does not open within two years of ${instantOf(givenUp - LOOK_AHEAD)}: ` +
      'give it opening hours under "week" on days that are not holidays',
  )
}

/** Milliseconds of working time from one moment to another; negative when they are the other way round. */
export function workingTimeBetween(calendar: Calendar, from: Instant, to: Instant): number {
  const [start, end] = [epochMs(from), epochMs(to)]
  if (end < start) return 0 - workingTimeBetween(calendar, to, from)
  const plan = planOf(calendar)
  let sum = 0
  for (let number = dayAt(plan, start); ; number++) {
    const day = dayOf(plan, number)
    if (day.from >= end) return sum
    if (day.from >= start && day.to <= end) sum += day.openMs
    else for (const span of day.open) sum += Math.max(0, Math.min(span.to, end) - Math.max(span.from, start))
  }
}

/** Whether a moment counts as working time. */
export function isOpen(calendar: Calendar, at: Instant): boolean {
  const plan = planOf(calendar)
  const ms = epochMs(at)
  return dayOf(plan, dayAt(plan, ms)).open.some(span => span.from <= ms && ms < span.to)
}

/** The first moment at or after `at` that counts: `at` itself when open; null when there is none for two years. */
export function nextOpening(calendar: Calendar, at: Instant): Instant | null {
  const plan = planOf(calendar)
  const ms = epochMs(at)
  for (let number = dayAt(plan, ms); ; number++) {
    const day = dayOf(plan, number)
    if (day.from >= ms + LOOK_AHEAD) return null
    const span = day.open.find(open => open.to > ms)
    if (span !== undefined) return instantOf(Math.max(span.from, ms))
  }
}

/** The name of the holiday of the local day, whether or not it would have been a working day; null on all others. */
export function holidayOn(calendar: Calendar, at: Instant): string | null {
  const plan = planOf(calendar)
  return holidayName(plan, dayAt(plan, epochMs(at)))
}

// ——— The days of a calendar, computed once ———
// Days are numbered by their local date: day 0 is 1970-01-01 wherever it is. Moments are epoch milliseconds, and times on
// the wall are minutes since the midnight of day 0 by the local clock.

type Span = { from: number; to: number }

/** A kind of stretch, and what to call it. */
type Kind = Pick<TimelineEntry, 'kind' | 'note'>
type Stretch = Span & Kind & { countedMs: number }

const COUNTED: Kind = { kind: 'counted', note: null }
const CLOSED: Kind = { kind: 'closed', note: null }

/** The local day: from its first moment to that of the next, the open spans in it (sorted, apart), and why the rest is not. */
type Day = Span & { readonly open: readonly Readonly<Span>[]; readonly openMs: number; readonly closure: Kind }

type Plan = {
  readonly calendar: Calendar
  /** Minutes of the day, Monday first; over midnight they go on beyond 1440. */
  readonly week: readonly (readonly Readonly<Span>[])[]
  readonly ownDays: ReadonlyMap<string, string>
  readonly except: ReadonlySet<string>
  readonly days: Map<number, Day>
  /** Moments by times on the wall. */
  readonly moments: Map<number, number>
}

const plans = new WeakMap<Calendar, Plan>()

function planOf(calendar: Calendar): Plan {
  let plan = plans.get(calendar)
  if (plan === undefined) {
    plan = makePlan(calendar)
    plans.set(calendar, plan)
  }
  return plan
}

function makePlan(calendar: Calendar): Plan {
  const { name, timeZone, week, holidays } = calendar
  const wrong = (text: string) => new DeskError('config', `calendar "${name}": ${text}`)
  if (!isTimeZone(timeZone)) throw wrong(`"${timeZone}" is no time zone, write an IANA name such as Europe/Berlin`)
  if (holidays.country !== null && !isHolidayCountry(holidays.country, holidays.region)) {
    const place = [holidays.country, ...(holidays.region === null ? [] : [holidays.region])].join(', region ')
    throw wrong(`no holidays are known for the country ${place}, write ISO 3166 codes such as DE and BY`)
  }
  const dates = [...holidays.except, ...holidays.days.map(day => day.date)]
  const noDate = dates.find(date => !HOLIDAY_DATE.test(date))
  if (noDate !== undefined) throw wrong(`"${noDate}" is no date, write YYYY-MM-DD, or MM-DD for every year`)

  const minutes = (time: string) => {
    if (!SLOT_TIME.test(time)) throw wrong(`"${time}" is no time of the day, write HH:MM from 00:00 to 24:00`)
    return Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
  }
  const slot = ({ from, to }: Slot): Span => {
    const [start, end] = [minutes(from), minutes(to)]
    if (start === DAY_MINUTES) throw wrong('a slot cannot start at 24:00, write it as 00:00 of the next day')
    return { from: start, to: end > start ? end : end + DAY_MINUTES }
  }
  return {
    calendar,
    week: WEEKDAYS.map(weekday => week[weekday].map(slot)),
    ownDays: new Map(holidays.days.map(day => [day.date, day.name])),
    except: new Set(holidays.except),
    days: new Map(),
    moments: new Map(),
  }
}

const DAY_MINUTES = 24 * 60

/** The moment of a time on the wall. */
function momentOf(plan: Plan, wall: number): number {
  let moment = plan.moments.get(wall)
  if (moment === undefined) {
    if (plan.moments.size >= MOST_REMEMBERED) plan.moments.clear()
    moment = Temporal.Instant.fromEpochMilliseconds(wall * MINUTE)
      .toZonedDateTimeISO('UTC')
      .toPlainDateTime()
      .toZonedDateTime(plan.calendar.timeZone, { disambiguation: 'compatible' }).epochMilliseconds
    plan.moments.set(wall, moment)
  }
  return moment
}

/** The first moment of a local day. */
function midnightOf(plan: Plan, number: number): number {
  return momentOf(plan, number * DAY_MINUTES)
}

/** The number of the local day of a moment. No zone is a whole day away from UTC, so it is one of three. */
function dayAt(plan: Plan, ms: number): number {
  const number = Math.floor(ms / DAY)
  return midnightOf(plan, number + 1) <= ms ? number + 1 : midnightOf(plan, number) <= ms ? number : number - 1
}

function holidayName(plan: Plan, number: number): string | null {
  const date = instantOf(number * DAY).slice(0, 10)
  const everyYear = date.slice(5)
  if (plan.except.has(date) || plan.except.has(everyYear)) return null
  const own = plan.ownDays.get(date) ?? plan.ownDays.get(everyYear)
  if (own !== undefined) return own
  const { country, region } = plan.calendar.holidays
  return country === null ? null : publicHoliday(country, region, date)
}

/** The slots of a weekday; day 0 was a Thursday. */
function weekdaySlots(plan: Plan, number: number): readonly Readonly<Span>[] {
  return plan.week[(((number + 3) % 7) + 7) % 7] ?? []
}

/** The slots that start on a local day, as times on the wall. */
function slotsOf(plan: Plan, number: number): Span[] {
  const slots = weekdaySlots(plan, number)
  if (slots.length === 0 || holidayName(plan, number) !== null) return []
  // A date that a place jumped over (Samoa, 30 December 2011) has no moments and no slots.
  if (midnightOf(plan, number) >= midnightOf(plan, number + 1)) return []
  const midnight = number * DAY_MINUTES
  return slots.map(slot => ({ from: midnight + slot.from, to: midnight + slot.to }))
}

function dayOf(plan: Plan, number: number): Day {
  let day = plan.days.get(number)
  if (day === undefined) {
    if (plan.days.size >= MOST_REMEMBERED) plan.days.clear()
    day = makeDay(plan, number)
    plan.days.set(number, day)
  }
  return day
}

function makeDay(plan: Plan, number: number): Day {
  const from = midnightOf(plan, number)
  const to = midnightOf(plan, number + 1)
  // A slot over midnight reaches into the next day, or the one after where a date is jumped over. Merging comes before
  // the zone: resolved one by one, 00:00–03:00 and 02:30–24:00 would leave a hole when the hour from 02:00 is skipped.
  const walls = merged([-2, -1, 0].flatMap(before => slotsOf(plan, number + before)))
  const open = merged(
    walls
      .filter(wall => wall.to > (number - 1) * DAY_MINUTES)
      .map(wall => ({
        from: Math.max(from, momentOf(plan, wall.from)),
        to: Math.min(to, momentOf(plan, wall.to)),
      }))
      .filter(span => span.to > span.from),
  )
  const holiday = weekdaySlots(plan, number).length > 0 ? holidayName(plan, number) : null
  return {
    from,
    to,
    open,
    openMs: open.reduce((sum, span) => sum + span.to - span.from, 0),
    closure: holiday === null ? CLOSED : { kind: 'holiday', note: holiday },
  }
}

/** Sorted, and those that overlap or touch joined. */
function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1)
    if (last !== undefined && span.from <= last.to) last.to = Math.max(last.to, span.to)
    else result.push({ ...span })
  }
  return result
}

// ——— The timeline ———

/** Adds a stretch, or lengthens the last one when it is of the same kind. */
function push(stretches: Stretch[], from: number, to: number, { kind, note }: Kind): void {
  const countedMs = kind === 'counted' ? to - from : 0
  const last = stretches.at(-1)
  if (last !== undefined && last.kind === kind && last.note === note) {
    last.to = to
    last.countedMs += countedMs
  } else {
    stretches.push({ from, to, kind, countedMs, note })
  }
}

/**
 * A timeline that a person can read. When it is long, lunch breaks and nights go into the counted time around them,
 * which leaves about a line a week, the weekends and the holidays; when even that is long, the middle becomes one line.
 */
function summary(stretches: readonly Stretch[]): readonly Stretch[] {
  if (stretches.length <= DETAILED_ENTRIES) return stretches
  const weeks: Stretch[] = []
  for (const stretch of stretches) {
    const [before, pause] = weeks.slice(-2)
    const short = pause?.kind === 'closed' && pause.to - pause.from < DAY
    if (stretch.kind === 'counted' && before?.kind === 'counted' && short) {
      weeks.pop()
      before.to = stretch.to
      before.countedMs += stretch.countedMs
    } else {
      weeks.push({ ...stretch })
    }
  }
  if (weeks.length <= MOST_ENTRIES) return weeks
  const start = weeks.slice(0, MOST_ENTRIES / 2)
  const end = weeks.slice(1 - MOST_ENTRIES / 2)
  const middle = weeks.slice(start.length, -end.length)
  const from = middle[0]?.from ?? 0
  const to = middle.at(-1)?.to ?? 0
  const countedMs = middle.reduce((sum, stretch) => sum + stretch.countedMs, 0)
  return [...start, { ...(countedMs > 0 ? COUNTED : CLOSED), from, to, countedMs }, ...end]
}

function entryOf({ from, to, kind, countedMs, note }: Stretch): TimelineEntry {
  return { from: instantOf(from), to: instantOf(to), kind, countedMs, note }
}
