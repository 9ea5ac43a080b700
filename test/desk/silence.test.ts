import { describe, expect, test } from 'vitest'
import type { Calendar } from '../../src/desk/calendar.ts'
import { learntFrom, silence } from '../../src/desk/silence.ts'
import { DAY, epochMs, HOUR, type Instant, instantOf, MINUTE, msBetween, plus } from '../../src/instant.ts'

const slot = [{ from: '08:00', to: '18:00' }]
const OFFICE: Calendar = {
  name: 'office',
  timeZone: 'Europe/Brussels',
  week: { mon: slot, tue: slot, wed: slot, thu: slot, fri: slot, sat: [], sun: [] },
  holidays: { country: 'BE', region: null, days: [], except: [] },
  onCall: null,
}

/** Mails of the past: `perHour` in each hour in which it is open from Monday to Friday, 08:00–18:00 in Brussels. */
function past(now: Instant, perHour: number | ((hour: Instant) => number), weeks = 7): Map<string, number> {
  const arrivals = new Map<string, number>()
  let owed = 0
  const start = Math.ceil((epochMs(now) - weeks * 7 * DAY) / HOUR) * HOUR
  for (let ms = start; ms < epochMs(now) - HOUR; ms += HOUR) {
    const hour = instantOf(ms)
    const local = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Europe/Brussels',
      weekday: 'short',
      hour: '2-digit',
      hour12: false,
    }).formatToParts(ms)
    const part = (type: string) => local.find(one => one.type === type)?.value ?? ''
    const open = !['Sat', 'Sun'].includes(part('weekday')) && Number(part('hour')) >= 8 && Number(part('hour')) < 18
    owed += typeof perHour === 'function' ? perHour(hour) : open ? perHour : 0
    const whole = Math.floor(owed)
    owed -= whole
    if (whole > 0) arrivals.set(hour.slice(0, 13), whole)
  }
  return arrivals
}

// Tuesday the 24th, 14:00 in Brussels.
const NOW = '2026-11-24T13:00:00.000Z'
const look = (lastArrivalAt: Instant, arrivals: ReadonlyMap<string, number>, now = NOW) => {
  const [first = now.slice(0, 13)] = [...arrivals.keys()].sort()
  const times = learntFrom(lastArrivalAt, now)
  const asked = [...arrivals].filter(([hour]) =>
    times.some(({ from, to }) => `${hour}:00` >= from && `${hour}:00` < to),
  )
  const facts = { now, calendar: OFFICE, lastArrivalAt, firstArrivalAt: `${first}:00:00.000Z` }
  const found = silence({ ...facts, arrivals: new Map(asked) })
  // What was not asked for would have changed nothing.
  expect(silence({ ...facts, arrivals })).toEqual(found)
  return found
}

describe('what is missing is reckoned in mails', () => {
  test.each<[what: string, perHour: number, quietMs: number, missing: number | null]>([
    ['200 a day, half an hour', 20, 25 * MINUTE, null],
    ['200 a day, three quarters of an hour', 20, 45 * MINUTE, 15],
    ['50 a day, an hour', 5, HOUR, null],
    ['50 a day, from noon on', 5, 2.5 * HOUR, 12],
    ['20 a day, since the morning', 2, 5 * HOUR, 10],
    ['20 a day, since yesterday 16:00: the night does not count', 2, 22 * HOUR, 16],
    ['3 a day, since yesterday', 0.3, DAY, null],
    ['3 a day, since last Thursday', 0.3, 5 * DAY, null],
    ['3 a day, for a week', 0.3, 7 * DAY, 14],
    ['3 a day, for a month: no more is reckoned than a week', 0.3, 30 * DAY, 14],
    ['1 a week', 0.02, 7 * DAY, null],
  ])('%s', (_, perHour, quietMs, missing) => {
    const last = plus(NOW, -quietMs)
    const found = look(last, past(NOW, perHour))
    if (missing === null) expect(found).toBeNull()
    else {
      expect(found?.since).toBe(last)
      expect(Math.abs((found?.missing ?? 0) - missing)).toBeLessThanOrEqual(1)
    }
  })
})

describe('only what is known is expected', () => {
  const quiet = plus(NOW, -5 * HOUR)

  test('a mailbox of three weeks knows too little, one of five enough', () => {
    expect(look(quiet, past(NOW, 10, 3))).toBeNull()
    expect(look(quiet, past(NOW, 10, 5))).not.toBeNull()
  })

  test('nothing is known: nothing is missing', () => {
    expect(look(quiet, new Map())).toBeNull()
    expect(look(plus(NOW, HOUR), past(NOW, 10)), 'the clock of the server runs ahead').toBeNull()
  })

  test('one storm and one outage in the weeks before change nothing, two outages do', () => {
    const week = (hour: Instant) => Math.floor(msBetween(hour, NOW) / (7 * DAY))
    const weekday = past(NOW, 10)
    const arrivals = (outages: number[]) =>
      new Map(
        [...weekday].map(([hour, count]) => {
          const ago = week(`${hour}:00:00.000Z`)
          return [hour, ago === 1 ? count * 50 : outages.includes(ago) ? 0 : count] as const
        }),
      )
    expect(look(quiet, arrivals([3]))?.missing).toBe(50)
    expect(look(quiet, arrivals([3, 4]))).toBeNull()
  })

  test('a holiday of the past says nothing of a working day', () => {
    // Wednesday the 18th; the 11th of November is a holiday in Belgium, so it is one of five weeks that does not count.
    const now = '2026-11-18T13:00:00.000Z'
    const from = (day: string) => past(now, hour => (hour < day || hour.startsWith('2026-11-11') ? 0 : 4))
    expect(look(plus(now, -5 * HOUR), from('2026-10-14'), now)?.missing).toBe(20)
    expect(look(plus(now, -5 * HOUR), from('2026-10-21'), now)).toBeNull()
  })
})

describe('only when somebody is there', () => {
  test.each([
    ['in the evening', '2026-11-24T19:00:00.000Z', null],
    ['on Sunday', '2026-11-22T12:00:00.000Z', null],
    ['on a holiday', '2026-11-11T12:00:00.000Z', null],
    ['on Monday morning: the weekend is not missed', '2026-11-23T07:20:00.000Z', null],
    ['on Monday at eleven', '2026-11-23T10:00:00.000Z', 'missed'],
  ])('%s', (_, now, missed) => {
    // The last mail came on Friday at five to six in the evening.
    const found = look('2026-11-20T16:55:00.000Z', past(now, 5), now)
    if (missed === null) expect(found).toBeNull()
    else expect(found).not.toBeNull()
  })

  test('the hours of the week are those of the local clock, also after it was changed', () => {
    // Until 25 October 08:00 was 06:00 UTC, since then it is 07:00.
    const now = '2026-10-27T08:10:00.000Z'
    expect(look('2026-10-27T06:55:00.000Z', past(now, 20), now)?.missing).toBeGreaterThanOrEqual(20)
    expect(
      look(
        '2026-10-27T06:55:00.000Z',
        past(now, hour => (hour.endsWith('T05:00:00.000Z') ? 40 : 0.1)),
        now,
      ),
    ).toBeNull()
  })
})

test('what is asked for: the quiet time in each of six weeks, and no more than a week of it', () => {
  const times = learntFrom(plus(NOW, -HOUR), NOW)
  expect(times).toHaveLength(6)
  expect(times[0]).toEqual({ from: '2026-11-17T10:00:00.000Z', to: '2026-11-17T15:00:00.000Z' })
  expect(learntFrom(plus(NOW, -90 * DAY), NOW)[5]).toEqual({
    from: '2026-10-06T11:00:00.000Z',
    to: '2026-10-13T15:00:00.000Z',
  })
})

test('it is quick also for a mailbox that has been quiet for a week', () => {
  const arrivals = past(NOW, 10)
  const started = performance.now()
  for (let i = 0; i < 5; i++) look(plus(NOW, -8 * DAY), arrivals)
  expect((performance.now() - started) / 5).toBeLessThan(250)
})
