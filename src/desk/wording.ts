import { Temporal } from 'temporal-polyfill'
import { epochMs, type Instant, instantOf, MINUTE } from '../instant.ts'
import { type Calendar, type Slot, WEEKDAYS } from './calendar.ts'
import { type PhraseBook, phrases, type Said } from './phrases.ts'

/*
 * Moments and opening hours in the words people plan by: "tomorrow, Tuesday 24 November, at 10:00". How a language says
 * it stands in phrases.ts.
 */

/** A moment in words, on the calendar's wall clock: "today at 16:30". The year is named when it is not that of `now`. */
export function momentInWords(language: string, timeZone: string, now: Instant, at: Instant): string {
  const local = localTime(at, timeZone)
  return phrases(language).at(
    say(language, localTime(now, timeZone).toPlainDate(), local.toPlainDate(), local.hour, local.minute),
  )
}

/**
 * The latest moment for something in words: "by 16:30 today". Rounded up to full five minutes, never down: nobody is told
 * an earlier time than is meant (in the hour that autumn repeats, the words fit both passes). Midnight is the end of the day that it ends, "24:00", for 00:00 is misread by a whole day.
 */
export function deadlineInWords(language: string, timeZone: string, now: Instant, due: Instant): string {
  // Zones have been whole quarters of an hour from UTC since 1972, so round in UTC is round on the wall.
  const local = localTime(instantOf(Math.ceil(epochMs(due) / ROUND_MS) * ROUND_MS), timeZone)
  const midnight = local.hour === 0 && local.minute === 0
  const day = midnight ? local.toPlainDate().subtract({ days: 1 }) : local.toPlainDate()
  const today = localTime(now, timeZone).toPlainDate()
  return phrases(language).by(say(language, today, day, midnight ? 24 : local.hour, local.minute))
}

const ROUND_MS = 5 * MINUTE

/** The opening hours of a week in words, "Mon–Fri 08:00–12:00 and 13:00–17:00"; null when it never opens. */
export function hoursInWords(language: string, week: Calendar['week']): string | null {
  const known = hours.get(week)?.get(language)
  if (known !== undefined) return known
  const made = describeWeek(language, week)
  hours.set(week, (hours.get(week) ?? new Map<string, string | null>()).set(language, made))
  return made
}

// A week stays the same for as long as the program runs, and every acknowledgement tells it.
const hours = new WeakMap<Calendar['week'], Map<string, string | null>>()

function describeWeek(language: string, week: Calendar['week']): string | null {
  const book = phrases(language)
  const runs: { names: string[]; slots: readonly Slot[]; key: string }[] = []
  for (const [at, weekday] of WEEKDAYS.entries()) {
    const slots = week[weekday].toSorted((a, b) => (a.from < b.from ? -1 : 1))
    const key = slots.map(slot => `${slot.from}-${slot.to}`).join()
    const name = namesIn(language)[book.weekdays][at] ?? ''
    const run = runs.at(-1)
    if (run?.key === key) run.names.push(name)
    else runs.push({ names: [name], slots, key })
  }
  if (runs.every(run => run.slots.some(slot => slot.from === '00:00' && endOf(slot) === '24:00'))) return book.always

  // A week of Sunday to Thursday is one run that goes on over the end of ours.
  const [first] = runs
  const last = runs.at(-1)
  if (first && last && first !== last && first.key === last.key) {
    first.names.unshift(...last.names)
    runs.pop()
  }
  const open = runs
    .filter(run => run.slots.length > 0)
    .map(run =>
      book.open(
        daysInWords(book, run.names),
        list(
          run.slots.map(slot => book.slot(clock(book, slot.from), clock(book, endOf(slot)))),
          book.and,
        ),
      ),
    )
  return open.length === 0 ? null : open.join(book.between)
}

function endOf(slot: Slot): string {
  return slot.to === '00:00' ? '24:00' : slot.to
}

function daysInWords(book: PhraseBook, names: readonly string[]): string {
  const [first = '', second = ''] = names
  if (names.length === 7) return book.everyDay
  if (names.length === 1) return book.day(first)
  return names.length === 2 ? book.pair(first, second) : book.days(first, names.at(-1) ?? '')
}

function list(items: readonly string[], and: string): string {
  return items.length < 2 ? items.join() : `${items.slice(0, -1).join(', ')} ${and} ${items.at(-1)}`
}

function clock(book: PhraseBook, time: string): string {
  return book.time(Number(time.slice(0, 2)), Number(time.slice(3, 5)))
}

function say(language: string, today: Temporal.PlainDate, day: Temporal.PlainDate, hour: number, minute: number): Said {
  const book = phrases(language)
  const names = namesIn(language)
  const away = today.until(day).days
  const year = day.year === today.year ? null : day.year
  return {
    day: away === 0 ? 'today' : away === 1 ? 'tomorrow' : 'later',
    weekday: names.long[day.dayOfWeek - 1] ?? '',
    date: book.date(day.day, names.months[day.month - 1] ?? '', year),
    time: book.time(hour, minute),
  }
}

function localTime(instant: Instant, timeZone: string): Temporal.PlainDateTime {
  return Temporal.Instant.fromEpochMilliseconds(epochMs(instant)).toZonedDateTimeISO(timeZone).toPlainDateTime()
}

type Calendrical = {
  readonly long: readonly string[]
  readonly short: readonly string[]
  readonly months: readonly string[]
}

// Asking Intl costs ten times what looking a name up does.
const calendrical = new Map<string, Calendrical>()

/** The weekdays, Monday first, and the months as they stand beside a day: Slavic languages inflect them. */
function namesIn(language: string): Calendrical {
  const known = calendrical.get(language)
  if (known) return known
  const part = (type: 'weekday' | 'month', options: Intl.DateTimeFormatOptions, month: number, day: number): string => {
    const noon = new Temporal.PlainDate(2024, month, day).toZonedDateTime({ timeZone: 'UTC', plainTime: '12:00' })
    const parts = new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' }).formatToParts(
      noon.epochMilliseconds,
    )
    return parts.find(one => one.type === type)?.value ?? ''
  }
  const made: Calendrical = {
    // 1 January 2024 was a Monday.
    long: WEEKDAYS.map((_, at) => part('weekday', { weekday: 'long' }, 1, at + 1)),
    short: WEEKDAYS.map((_, at) => part('weekday', { weekday: 'short' }, 1, at + 1)),
    months: Array.from({ length: 12 }, (_, at) => part('month', { day: 'numeric', month: 'long' }, at + 1, 1)),
  }
  calendrical.set(language, made)
  return made
}
