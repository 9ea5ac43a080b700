import { type Calendar, WEEKDAYS } from '../../src/desk/calendar.ts'
import { epochMs, instantOf, MINUTE } from '../../src/instant.ts'

/**
 * Working time the slow and simple way: every minute of a window is asked for its local time, slots are painted minute by
 * minute onto the local clock, and counting is counting. Shares no code and no time library with what it checks; all it
 * knows of zones comes from `Intl`.
 */
export function minuteByMinute(calendar: Calendar, windowFrom: string, windowTo: string) {
  const margin = 4 * 1440
  const first = Math.floor(epochMs(windowFrom) / MINUTE) - margin
  const last = Math.ceil(epochMs(windowTo) / MINUTE) + margin

  /** For each minute, what the clock on the wall shows, as minutes since its own 1970-01-01 00:00. */
  const shown: number[] = []
  const hours = Math.floor(first / 60)
  for (let hour = hours; hour * 60 <= last; hour++) {
    // No zone changes its clock twice in an hour: one whose ends agree is plain.
    const plain = wallClock(calendar.timeZone, hour * 60 + 60) - wallClock(calendar.timeZone, hour * 60) === 60
    for (let minute = hour * 60; minute < hour * 60 + 60; minute++)
      shown.push(
        plain ? wallClock(calendar.timeZone, hour * 60) + minute - hour * 60 : wallClock(calendar.timeZone, minute),
      )
  }
  const firstMinute = hours * 60

  const dates = [...new Set(shown.map(wall => Math.floor(wall / 1440)))].sort((a, b) => a - b)
  const painted = new Set<number>()
  for (const date of dates) {
    const text = dateText(date)
    if (isHoliday(calendar, text)) continue
    const weekday = WEEKDAYS[(new Date(`${text}T12:00:00Z`).getUTCDay() + 6) % 7]!
    for (const slot of calendar.week[weekday]) {
      const from = date * 1440 + clock(slot.from)
      const to = date * 1440 + clock(slot.to) + (slot.to <= slot.from ? 1440 : 0)
      for (let wall = from; wall < to; wall++) painted.add(wall)
    }
  }

  /** The index of the minute at which the clock first shows this; in a jump, as much after it as the time is. */
  const reached = (wall: number) => {
    const exact = shown.indexOf(wall)
    if (exact >= 0) return exact
    const after = shown.findIndex((now, i) => i > 0 && now > wall && shown[i - 1]! < wall)
    return after < 0 ? (wall < shown[0]! ? 0 : shown.length) : after - 1 + wall - shown[after - 1]!
  }
  const open = new Uint8Array(shown.length)
  for (const wall of painted) {
    if (painted.has(wall - 1)) continue
    let end = wall
    while (painted.has(end)) end++
    open.fill(1, reached(wall), Math.max(reached(wall), reached(end)))
  }
  const isOpenMinute = (minute: number) => open[minute - firstMinute] === 1

  return {
    isOpen: (at: string) => isOpenMinute(Math.floor(epochMs(at) / MINUTE)),

    between(from: string, to: string): number {
      let sum = 0
      for (let minute = Math.floor(epochMs(from) / MINUTE); minute * MINUTE < epochMs(to); minute++) {
        if (!isOpenMinute(minute)) continue
        sum += Math.min((minute + 1) * MINUTE, epochMs(to)) - Math.max(minute * MINUTE, epochMs(from))
      }
      return sum
    },

    /** Null when the window ends first. */
    add(from: string, ms: number): string | null {
      let left = ms
      for (let minute = Math.floor(epochMs(from) / MINUTE); minute * MINUTE < epochMs(windowTo); minute++) {
        if (!isOpenMinute(minute)) continue
        const start = Math.max(minute * MINUTE, epochMs(from))
        const length = (minute + 1) * MINUTE - start
        if (left <= length) return instantOf(start + left)
        left -= length
      }
      return null
    },
  }
}

/** The changes of the clock in a zone between two years, found by looking; to the minute. */
export function clockChanges(timeZone: string, firstYear: number, lastYear: number): string[] {
  const offset = (minute: number) => wallClock(timeZone, minute) - minute
  const changes: string[] = []
  const end = Date.UTC(lastYear + 1, 0) / MINUTE
  for (let day = Date.UTC(firstYear, 0) / MINUTE; day < end; day += 1440) {
    let [before, after] = [day, day + 1440]
    if (offset(before) === offset(after)) continue
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2)
      if (offset(middle) === offset(before)) before = middle
      else after = middle
    }
    changes.push(instantOf(after * MINUTE))
  }
  return changes
}

/** Own days and exceptions only: public holidays have tests of their own. */
function isHoliday({ holidays }: Calendar, date: string): boolean {
  const named = (list: readonly string[]) => list.includes(date) || list.includes(date.slice(5))
  return named(holidays.days.map(day => day.date)) && !named(holidays.except)
}

const clock = (time: string) => Number(time.split(':')[0]) * 60 + Number(time.split(':')[1])
const dateText = (day: number) => instantOf(day * 1440 * MINUTE).slice(0, 10)

const formats = new Map<string, Intl.DateTimeFormat>()
const clocks = new Map<string, Map<number, number>>()

function wallClock(timeZone: string, minute: number): number {
  if (!formats.has(timeZone)) {
    const options = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const
    formats.set(timeZone, new Intl.DateTimeFormat('sv-SE', { ...options, timeZone, hourCycle: 'h23' }))
    clocks.set(timeZone, new Map())
  }
  const known = clocks.get(timeZone)!
  let wall = known.get(minute)
  if (wall === undefined) {
    const text = formats.get(timeZone)!.format(minute * MINUTE)
    wall = Date.parse(`${text.replace(' ', 'T')}Z`) / MINUTE
    known.set(minute, wall)
  }
  return wall
}
