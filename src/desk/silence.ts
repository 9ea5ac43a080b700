import { Temporal } from 'temporal-polyfill'
import { DAY, epochMs, HOUR, type Instant, instantOf } from '../instant.ts'
import { type Calendar, isOpen, workingTimeBetween } from './calendar.ts'

/*
 * Is it too quiet? A forwarding rule that broke, a full mailbox, an MX record gone astray: the mailbox can be read, and
 * nothing comes. What is normal is learnt from the weeks before, hour of the week by hour of the week; what is missing is
 * reckoned in mails and not in hours, so that a mailbox with two hundred mails a day is found silent within the hour and
 * one with three a day within a week.
 */

export type SilenceFacts = {
  readonly now: Instant
  /** Of the mailbox: only its opening hours count, and only in them an alarm begins. */
  readonly calendar: Calendar
  /** The newest mail, by the clock of its server. */
  readonly lastArrivalAt: Instant
  /** The oldest mail: what was before it is not known. */
  readonly firstArrivalAt: Instant
  /** Mails by hour (UTC, `2026-11-23T09`) in the times of `learntFrom`; an hour without any is left out. */
  readonly arrivals: ReadonlyMap<string, number>
}

/** Since when nothing came, and how many mails usually come in such a time. */
export type Silence = { readonly since: Instant; readonly missing: number }

const WEEKS = 6
/** Fewer weeks teach nothing. */
const LEAST_WEEKS = 4
const LONGEST_MS = 7 * DAY
/**
 * So many mails must be missing. If mails came independently, none in a time in which ten are usual would happen once in
 * 22,000 such times; they come in bursts, so it is somewhat more often, and still less than once a year and mailbox.
 */
const MISSING = 10

/** Null when it is as quiet as it should be, or not enough is known, or nobody is there to look. */
export function silence({ now, calendar, lastArrivalAt, firstArrivalAt, arrivals }: SilenceFacts): Silence | null {
  if (!isOpen(calendar, now)) return null
  const hours = quietHours(calendar, quietSince(lastArrivalAt, now), epochMs(now))
  const first = firstArrivalAt.slice(0, 13)
  const weeks = Array.from({ length: WEEKS }, (_, at) => mailsThen(hours, at + 1, calendar, arrivals, first))
  const known = weeks.filter(mails => mails !== null).sort((a, b) => a - b)
  if (known.length < LEAST_WEEKS) return null
  // Without the busiest and the quietest: a storm of alerts teaches nothing, nor does a week in which it was broken before.
  const usual = known.slice(1, -1)
  const missing = usual.reduce((sum, mails) => sum + mails, 0) / usual.length
  const everyWeek = (usual[0] ?? 0) > 0
  return everyWeek && missing >= MISSING ? { since: lastArrivalAt, missing: Math.floor(missing) } : null
}

/** An hour of the quiet time that was open: when it begins, by the local clock, and how much of it counts. */
type QuietHour = { readonly at: Temporal.ZonedDateTime; readonly openMs: number; readonly share: number }

function quietHours(calendar: Calendar, start: number, end: number): QuietHour[] {
  const hours: QuietHour[] = []
  for (let hour = Math.floor(start / HOUR) * HOUR; hour < end; hour += HOUR) {
    const quiet = openMs(calendar, Math.max(hour, start), Math.min(hour + HOUR, end))
    if (quiet === 0) continue
    const whole = openMs(calendar, hour, hour + HOUR)
    const at = Temporal.Instant.fromEpochMilliseconds(hour).toZonedDateTimeISO(calendar.timeZone)
    hours.push({ at, openMs: whole, share: quiet / whole })
  }
  return hours
}

/** How many mails came in these hours so many weeks ago; null when that is not known, or it was mostly closed then. */
function mailsThen(
  hours: readonly QuietHour[],
  weeks: number,
  calendar: Calendar,
  arrivals: ReadonlyMap<string, number>,
  first: string,
): number | null {
  let mails = 0
  let wanted = 0
  let compared = 0
  for (const { at, openMs: open, share } of hours) {
    const past = at.subtract({ weeks }).epochMilliseconds
    const key = hourKey(past)
    if (key < first) return null
    wanted += share
    // A holiday then says nothing of a working day now.
    if (openMs(calendar, past, past + HOUR) * 2 < open) continue
    compared += share
    mails += share * (arrivals.get(key) ?? 0)
  }
  return compared * 2 < wanted || compared === 0 ? null : (mails * wanted) / compared
}

function openMs(calendar: Calendar, from: number, to: number): number {
  return to <= from ? 0 : workingTimeBetween(calendar, instantOf(from), instantOf(to))
}

function hourKey(ms: number): string {
  return instantOf(ms).slice(0, 13)
}

/** The times whose mails are to be asked for: the quiet one in each week before, and an hour around it for summer time. */
export function learntFrom(lastArrivalAt: Instant, now: Instant): { readonly from: Instant; readonly to: Instant }[] {
  return Array.from({ length: WEEKS }, (_, at) => {
    const back = (at + 1) * 7 * DAY
    return {
      from: instantOf(quietSince(lastArrivalAt, now) - back - 2 * HOUR),
      to: instantOf(epochMs(now) - back + 2 * HOUR),
    }
  })
}

function quietSince(lastArrivalAt: Instant, now: Instant): number {
  return Math.max(epochMs(lastArrivalAt), epochMs(now) - LONGEST_MS)
}
