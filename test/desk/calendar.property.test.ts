import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addWorkingTime,
  type Calendar,
  isOpen,
  nextOpening,
  type Slot,
  workingTimeBetween,
} from '../../src/desk/calendar.ts'
import { DAY, epochMs, HOUR, MINUTE, msBetween, plus } from '../../src/instant.ts'
import { clockChanges, minuteByMinute } from '../support/calendar-oracle.ts'

// To look harder: CALENDAR_EFFORT=50 CALENDAR_SEED=7 npx vitest run --config test/vitest.config.ts calendar.property
const effort = Number(process.env['CALENDAR_EFFORT'] ?? 1)
const seed = Number(process.env['CALENDAR_SEED'] ?? 20_261_122)
const runs = (usual: number) => ({ numRuns: usual * effort, seed })
const patience = 60_000 * effort

// Half-hour and quarter-hour zones, half-hour summer time, clocks that change at midnight, at 00:01, at 23:00 or around
// Ramadan, summer time in winter (Dublin), a date jumped over (Apia), a changed standard time, and none of it.
const ZONES = [
  'Africa/Cairo',
  'Africa/Casablanca',
  'America/Havana',
  'America/New_York',
  'America/Santiago',
  'America/Sao_Paulo',
  'America/Scoresbysund',
  'America/St_Johns',
  'Asia/Beirut',
  'Asia/Kathmandu',
  'Asia/Pyongyang',
  'Asia/Tehran',
  'Australia/Lord_Howe',
  'Europe/Berlin',
  'Europe/Bucharest',
  'Europe/Dublin',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
  'UTC',
]
const YEARS = [2004, 2034] as const
const changes = new Map(ZONES.map(zone => [zone, clockChanges(zone, ...YEARS)]))

const two = (n: number) => String(n).padStart(2, '0')
const timeText = (minutes: number) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`

/** Times people write, and times that hurt. */
const slotTime = (latest: number) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max: Math.floor(latest / 30) }).map(half => half * 30) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: latest }) },
  )
const slot: fc.Arbitrary<Slot> = fc
  .tuple(slotTime(1439), slotTime(1440))
  .map(([from, to]) => ({ from: timeText(from), to: timeText(to) }))
const slots = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Slot[]>([]) },
  {
    weight: 2,
    arbitrary: fc.constant<Slot[]>([
      { from: '08:00', to: '12:00' },
      { from: '13:00', to: '17:00' },
    ]),
  },
  { weight: 1, arbitrary: fc.constant<Slot[]>([{ from: '00:00', to: '24:00' }]) },
  { weight: 1, arbitrary: fc.constant<Slot[]>([{ from: '22:00', to: '06:00' }]) },
  { weight: 4, arbitrary: fc.array(slot, { minLength: 1, maxLength: 4 }) },
)

/** A calendar, a moment (half of them near a change of the clock), and the dates around it as own days and exceptions. */
const scene = fc
  .record({
    timeZone: fc.constantFrom(...ZONES),
    week: fc.tuple(slots, slots, slots, slots, slots, slots, slots),
    near: fc.boolean(),
    which: fc.nat(),
    shift: fc.integer({ min: -2 * DAY, max: 2 * DAY }),
    anywhere: fc.integer({ min: Date.UTC(YEARS[0], 0), max: Date.UTC(YEARS[1], 0) }),
    wholeMinute: fc.boolean(),
    days: fc.array(fc.tuple(fc.integer({ min: -2, max: 9 }), fc.boolean()), { maxLength: 3 }),
    except: fc.array(fc.integer({ min: -2, max: 9 }), { maxLength: 1 }),
  })
  .map(({ timeZone, week, near, which, shift, anywhere, wholeMinute, days, except }) => {
    const known = changes.get(timeZone) ?? []
    const change = known[which % Math.max(1, known.length)]
    const raw = near && change !== undefined ? epochMs(change) + shift : anywhere
    const from = plus('1970-01-01T00:00:00.000Z', wholeMinute ? Math.floor(raw / MINUTE) * MINUTE : raw)
    const [mon, tue, wed, thu, fri, sat, sun] = week
    const date = (offset: number) => plus(from, offset * DAY).slice(0, 10)
    const calendar: Calendar = {
      name: 'random',
      timeZone,
      week: { mon, tue, wed, thu, fri, sat, sun },
      holidays: {
        country: null,
        region: null,
        days: days.map(([offset, everyYear]) => ({
          date: date(offset).slice(everyYear ? 5 : 0),
          name: `day ${offset}`,
        })),
        except: except.map(date),
      },
      onCall: null,
    }
    return { calendar, from }
  })
const openScene = scene.filter(({ calendar, from }) => nextOpening(calendar, from) !== null)
const target = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 16 }).map(n => n * 30 * MINUTE),
  fc.integer({ min: 0, max: 30 * HOUR }),
)

describe('against a minute-by-minute oracle', { timeout: patience }, () => {
  it('counts and adds the same', () => {
    fc.assert(
      fc.property(scene, target, fc.integer({ min: 0, max: 9 * DAY }), ({ calendar, from }, ms, span) => {
        const end = plus(from, 10 * DAY)
        const oracle = minuteByMinute(calendar, from, end)
        expect(isOpen(calendar, from)).toBe(oracle.isOpen(from))
        expect(workingTimeBetween(calendar, from, plus(from, span))).toBe(oracle.between(from, plus(from, span)))
        const expected = oracle.add(from, ms)
        if (expected !== null) expect(addWorkingTime(calendar, from, ms).at).toBe(expected)
        else if (nextOpening(calendar, from) !== null) expect(addWorkingTime(calendar, from, ms).at > end).toBe(true)
      }),
      runs(250),
    )
  })

  it('on every day the clock changes, in every zone', () => {
    const hard: Slot[] = [
      { from: '00:30', to: '01:45' },
      { from: '02:15', to: '02:45' },
      { from: '03:00', to: '12:00' },
      { from: '23:15', to: '00:15' },
    ]
    for (const calendar of ZONES.map(timeZone => everyDay(timeZone, hard))) {
      // Each zone's last changes stand for its rule; Morocco has two pairs of them a year.
      for (const change of (changes.get(calendar.timeZone) ?? []).slice(-4)) {
        const [from, to] = [plus(change, -DAY), plus(change, DAY)]
        const oracle = minuteByMinute(calendar, from, to)
        expect(workingTimeBetween(calendar, from, to), `${calendar.timeZone} ${change}`).toBe(oracle.between(from, to))
        for (let hours = -6; hours <= 6; hours += 0.5) {
          const at = plus(change, hours * HOUR)
          expect(isOpen(calendar, at), `${calendar.timeZone} ${at}`).toBe(oracle.isOpen(at))
          expect(workingTimeBetween(calendar, from, at)).toBe(oracle.between(from, at))
        }
      }
    }
  })
})

describe('laws', { timeout: patience }, () => {
  it('what was added is what lies between, and nothing less would do', () => {
    fc.assert(
      fc.property(openScene, target, ({ calendar, from }, ms) => {
        const { at } = addWorkingTime(calendar, from, ms)
        expect(workingTimeBetween(calendar, from, at)).toBe(ms)
        if (ms > 0) expect(workingTimeBetween(calendar, from, plus(at, -1))).toBe(ms - 1)
        else expect(at).toBe(nextOpening(calendar, from))
      }),
      runs(200),
    )
  })

  it('adding twice is adding the sum', () => {
    fc.assert(
      fc.property(openScene, target, fc.integer({ min: 1, max: 30 * HOUR }), ({ calendar, from }, first, second) => {
        const halfway = addWorkingTime(calendar, from, first).at
        expect(addWorkingTime(calendar, halfway, second).at).toBe(addWorkingTime(calendar, from, first + second).at)
      }),
      runs(200),
    )
  })

  it('parts between add up, and turn their sign with the direction', () => {
    const within = fc.integer({ min: 0, max: 20 * DAY })
    fc.assert(
      fc.property(scene, within, within, ({ calendar, from }, a, b) => {
        const [middle, to] = [plus(from, a), plus(from, a + b)]
        const whole = workingTimeBetween(calendar, from, to)
        expect(workingTimeBetween(calendar, from, middle) + workingTimeBetween(calendar, middle, to)).toBe(whole)
        expect(workingTimeBetween(calendar, to, from)).toBe(0 - whole)
        expect(whole).toBeLessThanOrEqual(a + b)
      }),
      runs(200),
    )
  })

  it('later mail and larger targets are never due earlier', () => {
    fc.assert(
      fc.property(
        openScene,
        target,
        target,
        fc.integer({ min: 0, max: 3 * DAY }),
        ({ calendar, from }, a, b, later) => {
          const { at } = addWorkingTime(calendar, from, a)
          expect(addWorkingTime(calendar, from, a + b).at >= at).toBe(true)
          if (nextOpening(calendar, plus(from, later)) === null) return
          expect(addWorkingTime(calendar, plus(from, later), a).at >= at).toBe(true)
        },
      ),
      runs(200),
    )
  })

  it('the timeline leads from one end to the other without a gap, adds up, and stays readable', () => {
    const long = fc.oneof(target, fc.integer({ min: 0, max: 60 * 8 * HOUR }))
    fc.assert(
      fc.property(openScene, long, ({ calendar, from }, ms) => {
        const { at, timeline } = addWorkingTime(calendar, from, ms)
        const ends = timeline.map(entry => entry.to)
        expect(timeline.map(entry => entry.from)).toEqual([from, ...ends].slice(0, timeline.length))
        expect(ends.at(-1) ?? from).toBe(at)
        expect(timeline.reduce((sum, entry) => sum + entry.countedMs, 0)).toBe(ms)
        expect(timeline.length).toBeLessThanOrEqual(48)
        for (const entry of timeline) {
          expect(entry.from < entry.to).toBe(true)
          expect(entry.countedMs).toBe(
            entry.kind === 'counted' ? workingTimeBetween(calendar, entry.from, entry.to) : 0,
          )
          if (timeline.length <= 24 && entry.kind !== 'counted')
            expect(workingTimeBetween(calendar, entry.from, entry.to)).toBe(0)
          expect(entry.note === null).toBe(entry.kind !== 'holiday')
          expect(msBetween(entry.from, entry.to)).toBeGreaterThanOrEqual(entry.countedMs)
        }
      }),
      runs(200),
    )
  })
})

function everyDay(timeZone: string, week: readonly Slot[]): Calendar {
  return {
    name: timeZone,
    timeZone,
    week: { mon: week, tue: week, wed: week, thu: week, fri: week, sat: week, sun: week },
    holidays: { country: null, region: null, days: [], except: [] },
    onCall: null,
  }
}
