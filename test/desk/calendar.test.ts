import { describe, expect, it } from 'vitest'
import {
  addWorkingTime,
  type Calendar,
  type HolidayRules,
  holidayOn,
  isOpen,
  isTimeZone,
  nextOpening,
  type Weekday,
  workingTimeBetween,
} from '../../src/desk/calendar.ts'
import { DAY, HOUR, MINUTE } from '../../src/instant.ts'

/** `2026-11-20T16:10+01:00` and the like, as an Instant. */
const at = (text: string) => new Date(text).toISOString()
const due = (office: Calendar, from: string, ms: number) => addWorkingTime(office, at(from), ms).at
const lines = (office: Calendar, from: string, ms: number) =>
  addWorkingTime(office, at(from), ms).timeline.map(
    ({ from, to, kind, countedMs, note }) =>
      `${from.slice(5, 16)} – ${to.slice(5, 16)} ${note ?? kind}${countedMs === 0 ? '' : ` ${countedMs / MINUTE} min`}`,
  )

const berlin = calendar('Europe/Berlin', workdays('08:00-12:00 13:00-17:00'))

describe('a week with lunch breaks', () => {
  it('carries the rest of Friday over the weekend', () => {
    expect(due(berlin, '2026-11-20T16:10+01:00', 2 * HOUR)).toBe(at('2026-11-23T09:10+01:00'))
    expect(lines(berlin, '2026-11-20T16:10+01:00', 2 * HOUR)).toEqual([
      '11-20T15:10 – 11-20T16:00 counted 50 min',
      '11-20T16:00 – 11-23T07:00 closed',
      '11-23T07:00 – 11-23T08:10 counted 70 min',
    ])
  })

  it('does not count lunch', () => {
    expect(due(berlin, '2026-11-23T11:00+01:00', 2 * HOUR)).toBe(at('2026-11-23T14:00+01:00'))
    expect(workingTimeBetween(berlin, at('2026-11-23T00:00+01:00'), at('2026-11-24T00:00+01:00'))).toBe(8 * HOUR)
  })

  it('is due at closing time when the target is used up there', () => {
    expect(due(berlin, '2026-11-20T16:00+01:00', HOUR)).toBe(at('2026-11-20T17:00+01:00'))
    expect(due(berlin, '2026-11-20T16:00+01:00', HOUR + 1)).toBe(at('2026-11-23T08:00:00.001+01:00'))
    expect(due(berlin, '2026-11-20T11:00+01:00', HOUR)).toBe(at('2026-11-20T12:00+01:00'))
  })

  it('takes no time for nothing, but waits until it is open', () => {
    expect(addWorkingTime(berlin, at('2026-11-20T09:00+01:00'), 0)).toEqual({
      at: at('2026-11-20T09:00+01:00'),
      timeline: [],
    })
    expect(due(berlin, '2026-11-20T17:00+01:00', 0)).toBe(at('2026-11-23T08:00+01:00'))
    expect(lines(berlin, '2026-11-20T17:00+01:00', 0)).toEqual(['11-20T16:00 – 11-23T07:00 closed'])
  })

  it('refuses what is no working time', () => {
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => addWorkingTime(berlin, at('2026-11-20T09:00Z'), ms)).toThrow(RangeError)
  })

  it('opens at opening and closes at closing', () => {
    expect(isOpen(berlin, at('2026-11-20T07:59:59.999+01:00'))).toBe(false)
    expect(isOpen(berlin, at('2026-11-20T08:00+01:00'))).toBe(true)
    expect(isOpen(berlin, at('2026-11-20T16:59:59.999+01:00'))).toBe(true)
    expect(isOpen(berlin, at('2026-11-20T17:00+01:00'))).toBe(false)
    expect(nextOpening(berlin, at('2026-11-20T12:30+01:00'))).toBe(at('2026-11-20T13:00+01:00'))
    expect(nextOpening(berlin, at('2026-11-20T13:30+01:00'))).toBe(at('2026-11-20T13:30+01:00'))
  })

  it('counts backwards as a negative number', () => {
    const [friday, monday] = [at('2026-11-20T16:00+01:00'), at('2026-11-23T09:00+01:00')]
    expect(workingTimeBetween(berlin, friday, monday)).toBe(2 * HOUR)
    expect(workingTimeBetween(berlin, monday, friday)).toBe(-2 * HOUR)
  })

  it('opens on days of its own', () => {
    const few = calendar('Europe/Berlin', { wed: '09:00-10:00' })
    expect(due(few, '2026-11-20T09:00+01:00', 90 * MINUTE)).toBe(at('2026-12-02T09:30+01:00'))
  })
})

describe('slots', () => {
  const day = (slots: string) =>
    workingTimeBetween(calendar('UTC', { tue: slots }), at('2026-11-23T00:00Z'), at('2026-11-28T00:00Z')) / HOUR

  it('are one when they overlap or touch, in any order', () => {
    expect(day('13:00-17:00 08:00-12:00')).toBe(8)
    expect(day('08:00-12:00 12:00-17:00')).toBe(9)
    expect(day('08:00-14:00 10:00-11:00 13:00-17:00')).toBe(9)
    expect(lines(calendar('UTC', { tue: '08:00-12:00 12:00-17:00' }), '2026-11-24T08:00Z', 9 * HOUR)).toHaveLength(1)
  })

  it('run over midnight', () => {
    expect(day('22:00-06:00')).toBe(8)
    expect(day('22:00-00:00')).toBe(2)
    expect(day('22:00-24:00')).toBe(2)
    expect(day('00:00-24:00')).toBe(24)
    expect(day('00:00-00:00')).toBe(24)
    expect(day('09:00-09:00')).toBe(24)
  })

  it('belong to the day on which they start', () => {
    const night = calendar('UTC', { fri: '22:00-06:00' })
    expect(isOpen(night, at('2026-11-21T05:59Z'))).toBe(true)
    expect(isOpen(night, at('2026-11-20T05:59Z'))).toBe(false)
    expect(due(night, '2026-11-20T10:00Z', 9 * HOUR)).toBe(at('2026-11-27T23:00Z'))
  })

  it('join with those of the next morning', () => {
    const night = calendar('UTC', { mon: '20:00-06:00', tue: '05:00-08:00' })
    expect(lines(night, '2026-11-23T20:00Z', 12 * HOUR)).toEqual(['11-23T20:00 – 11-24T08:00 counted 720 min'])
  })
})

describe('time zones', () => {
  it('work by their own clocks', () => {
    const kathmandu = calendar('Asia/Kathmandu', workdays('09:00-17:00'))
    expect(nextOpening(kathmandu, at('2026-11-22T12:00Z'))).toBe(at('2026-11-23T09:00+05:45'))
    const auckland = calendar('Pacific/Auckland', workdays('09:00-17:00'))
    expect(isOpen(auckland, at('2026-11-22T20:30Z'))).toBe(true)
    expect(isOpen(auckland, at('2026-11-27T04:30Z'))).toBe(false)
  })

  it('are told apart from what is none', () => {
    for (const zone of ['Europe/Berlin', 'europe/berlin', 'UTC', 'Etc/GMT+5', 'Asia/Calcutta'])
      expect(isTimeZone(zone), zone).toBe(true)
    for (const zone of ['', 'Berlin', 'Europe/Berlim', '+01:00', 'Z', '2026-01-01T00:00[Europe/Berlin]', ' UTC'])
      expect(isTimeZone(zone), zone).toBe(false)
  })
})

describe('clocks that change', () => {
  const night = calendar('Europe/Berlin', everyDay('00:00-06:00'))
  const hours = (office: Calendar, date: string) =>
    workingTimeBetween(office, at(`${date}T00:00Z`), at(`${date}T12:00Z`)) / HOUR

  it('make a night shorter or longer: real time counts', () => {
    expect(due(night, '2026-03-29T00:00+01:00', 5 * HOUR)).toBe(at('2026-03-29T06:00+02:00'))
    expect(due(night, '2026-10-25T00:00+02:00', 7 * HOUR)).toBe(at('2026-10-25T06:00+01:00'))
  })

  it('shift a border in the skipped hour', () => {
    // 02:30 does not exist on 29 March: it is 03:30 summer time.
    expect(nextOpening(calendar('Europe/Berlin', { sun: '02:30-08:00' }), at('2026-03-28T12:00Z'))).toBe(
      at('2026-03-29T03:30+02:00'),
    )
    expect(hours(calendar('Europe/Berlin', { sun: '01:00-02:30' }), '2026-03-29')).toBe(1.5)
    expect(hours(calendar('Europe/Berlin', { sun: '02:30-03:15' }), '2026-03-29')).toBe(0)
    // A border between two slots that touch is none.
    expect(hours(calendar('Europe/Berlin', { sun: '01:00-02:30 02:30-03:15' }), '2026-03-29')).toBe(1.25)
  })

  it('take the first pass of the repeated hour', () => {
    expect(nextOpening(calendar('Europe/Berlin', { sun: '02:30-08:00' }), at('2026-10-24T12:00Z'))).toBe(
      at('2026-10-25T02:30+02:00'),
    )
    expect(due(calendar('Europe/Berlin', { sun: '00:00-02:30' }), '2026-10-25T00:00+02:00', 2.5 * HOUR)).toBe(
      at('2026-10-25T02:30+02:00'),
    )
  })

  it('leave no hole between slots that overlap in the skipped hour', () => {
    const shifts = calendar('Europe/Berlin', { sat: '20:00-03:00', sun: '00:00-03:00 02:30-24:00' })
    expect(lines(shifts, '2026-03-28T20:00+01:00', 27 * HOUR)).toEqual(['03-28T19:00 – 03-29T22:00 counted 1620 min'])
  })

  it('change by half an hour on Lord Howe', () => {
    const island = calendar('Australia/Lord_Howe', { sun: '00:00-06:00' })
    expect(workingTimeBetween(island, at('2026-10-03T00:00Z'), at('2026-10-05T00:00Z'))).toBe(5.5 * HOUR)
    expect(workingTimeBetween(island, at('2026-04-04T00:00Z'), at('2026-04-06T00:00Z'))).toBe(6.5 * HOUR)
  })

  it('may skip midnight', () => {
    const cairo = calendar('Africa/Cairo', everyDay('00:00-24:00'))
    expect(lines(cairo, '2026-04-23T12:00Z', 2 * DAY)).toHaveLength(1)
    expect(nextOpening(calendar('Africa/Cairo', { fri: '00:00-02:00' }), at('2026-04-23T12:00Z'))).toBe(
      at('2026-04-24T01:00+03:00'),
    )
  })

  it('may skip a whole date, which then has no hours', () => {
    const apia = calendar('Pacific/Apia', { thu: '22:00-06:00', fri: '09:00-17:00' })
    // 29 December 2011 was followed by the 31st: only the night shift is left, and ends on Saturday morning.
    expect(due(apia, '2011-12-29T12:00-10:00', 8 * HOUR)).toBe(at('2011-12-31T06:00+14:00'))
    expect(nextOpening(apia, at('2011-12-31T06:00+14:00'))).toBe(at('2012-01-05T22:00+14:00'))
  })
})

describe('holidays', () => {
  const bavaria = calendar('Europe/Berlin', workdays('08:00-17:00'), {
    country: 'DE',
    region: 'BY',
    days: [
      { date: '12-24', name: 'Christmas Eve' },
      { date: '2026-11-27', name: 'Works outing' },
    ],
    except: ['2026-01-06', '2027-12-24'],
  })

  it('are those of the country and region, and our own', () => {
    expect(holidayOn(bavaria, at('2026-06-04T12:00+02:00'))).toBe('Fronleichnam')
    expect(holidayOn(bavaria, at('2026-12-24T12:00+01:00'))).toBe('Christmas Eve')
    expect(holidayOn(bavaria, at('2028-12-24T12:00+01:00'))).toBe('Christmas Eve')
    expect(holidayOn(bavaria, at('2026-11-27T12:00+01:00'))).toBe('Works outing')
    expect(holidayOn(bavaria, at('2027-11-27T12:00+01:00'))).toBeNull()
    expect(holidayOn(berlin, at('2026-12-25T12:00+01:00'))).toBeNull()
  })

  it('are by the local date', () => {
    expect(holidayOn(bavaria, at('2026-12-23T22:59Z'))).toBeNull()
    expect(holidayOn(bavaria, at('2026-12-23T23:00Z'))).toBe('Christmas Eve')
  })

  it('give way to exceptions', () => {
    expect(holidayOn(bavaria, at('2026-01-06T12:00+01:00'))).toBeNull()
    expect(isOpen(bavaria, at('2026-01-06T12:00+01:00'))).toBe(true)
    expect(isOpen(bavaria, at('2027-01-06T12:00+01:00'))).toBe(false)
    expect(isOpen(bavaria, at('2027-12-24T12:00+01:00'))).toBe(true)
    const always = calendar('Europe/Berlin', workdays('08:00-17:00'), { country: 'DE', except: ['05-01'] })
    expect([2026, 2028, 2029].map(year => isOpen(always, at(`${year}-05-01T12:00+02:00`)))).toEqual([true, true, true])
  })

  it('close, and say so', () => {
    expect(lines(bavaria, '2026-12-23T16:00+01:00', 2 * HOUR)).toEqual([
      '12-23T15:00 – 12-23T16:00 counted 60 min',
      '12-23T16:00 – 12-23T23:00 closed',
      '12-23T23:00 – 12-24T23:00 Christmas Eve',
      '12-24T23:00 – 12-25T23:00 1. Weihnachtstag',
      '12-25T23:00 – 12-28T07:00 closed',
      '12-28T07:00 – 12-28T08:00 counted 60 min',
    ])
  })

  it('are told although the day would be free anyway, but not in the timeline', () => {
    expect(holidayOn(bavaria, at('2026-12-26T12:00+01:00'))).toBe('2. Weihnachtstag')
  })

  it('take away the slots that start on them, also their hours of the next day, and no others', () => {
    const shifts = calendar('UTC', everyDay('22:00-06:00'), { days: [{ date: '2026-11-25', name: 'Feast' }] })
    expect(lines(shifts, '2026-11-24T22:00Z', 9 * HOUR)).toEqual([
      '11-24T22:00 – 11-25T06:00 counted 480 min',
      '11-25T06:00 – 11-26T00:00 Feast',
      '11-26T00:00 – 11-26T22:00 closed',
      '11-26T22:00 – 11-26T23:00 counted 60 min',
    ])
  })

  it('interrupt a desk that never closes', () => {
    const always = calendar('Europe/Berlin', everyDay('00:00-24:00'), { country: 'DE' })
    expect(lines(always, '2026-12-24T12:00+01:00', DAY)).toEqual([
      '12-24T11:00 – 12-24T23:00 counted 720 min',
      '12-24T23:00 – 12-25T23:00 1. Weihnachtstag',
      '12-25T23:00 – 12-26T23:00 2. Weihnachtstag',
      '12-26T23:00 – 12-27T11:00 counted 720 min',
    ])
  })
})

describe('the timeline', () => {
  it('is one line for a desk that never closes', () => {
    const always = calendar('Europe/Berlin', everyDay('00:00-24:00'))
    const { at: end, timeline } = addWorkingTime(always, at('2026-03-01T12:00Z'), 60 * DAY)
    expect(end).toBe(at('2026-04-30T12:00Z'))
    expect(timeline).toHaveLength(1)
  })

  it('of a long target has a line a week, the weekends and the holidays', () => {
    const office = calendar('Europe/Berlin', workdays('08:00-12:00 13:00-17:00'), { country: 'DE', region: 'BE' })
    expect(lines(office, '2026-03-26T15:00+01:00', 15 * 8 * HOUR)).toEqual([
      '03-26T14:00 – 03-27T16:00 counted 600 min',
      '03-27T16:00 – 03-30T06:00 closed',
      '03-30T06:00 – 04-02T15:00 counted 1920 min',
      '04-02T15:00 – 04-02T22:00 closed',
      '04-02T22:00 – 04-03T22:00 Karfreitag',
      '04-03T22:00 – 04-05T22:00 closed',
      '04-05T22:00 – 04-06T22:00 Ostermontag',
      '04-06T22:00 – 04-07T06:00 closed',
      '04-07T06:00 – 04-10T15:00 counted 1920 min',
      '04-10T15:00 – 04-13T06:00 closed',
      '04-13T06:00 – 04-17T15:00 counted 2400 min',
      '04-17T15:00 – 04-20T06:00 closed',
      '04-20T06:00 – 04-20T13:00 counted 360 min',
    ])
    expect(addWorkingTime(office, at('2026-03-02T08:00Z'), 60 * 8 * HOUR).timeline.length).toBeLessThan(40)
  })

  it('never has more than 48 lines', () => {
    const { timeline } = addWorkingTime(berlin, at('2026-03-02T08:00Z'), 3 * 260 * 8 * HOUR)
    expect(timeline).toHaveLength(48)
    expect(timeline.reduce((sum, entry) => sum + entry.countedMs, 0)).toBe(3 * 260 * 8 * HOUR)
  })
})

describe('years and years', () => {
  it('do not change the answer', { timeout: 20_000 }, () => {
    const [from, to] = [at('2020-01-06T00:00Z'), at('2048-01-06T00:00Z')]
    const monday = calendar('UTC', { mon: '09:00-10:00' })
    expect(workingTimeBetween(monday, from, to)).toBe(1461 * HOUR)
    expect(addWorkingTime(monday, from, 1461 * HOUR).at).toBe(at('2047-12-30T10:00Z'))
  })
})

describe('a calendar that makes no sense', () => {
  const from = at('2026-11-20T09:00Z')

  it('never opens', () => {
    const everyHoliday = Array.from({ length: 366 }, (_, day) => ({
      date: new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(5, 10),
      name: 'feast',
    }))
    for (const shut of [
      calendar('Europe/Berlin', {}),
      calendar('Europe/Berlin', everyDay('09:00-17:00'), { days: everyHoliday }),
    ]) {
      expect(nextOpening(shut, from)).toBeNull()
      expect(isOpen(shut, from)).toBe(false)
      expect(workingTimeBetween(shut, from, at('2027-11-20T09:00Z'))).toBe(0)
      expect(() => addWorkingTime(shut, from, HOUR)).toThrow(
        expect.objectContaining({ code: 'config', message: expect.stringContaining('"office" does not open') }),
      )
    }
  })

  it('opens once more and never again', () => {
    const once = calendar('UTC', { sun: '09:00-10:00' }, { days: [] })
    expect(due(once, '2026-11-20T09:00Z', 110 * HOUR)).toBe(at('2028-12-24T10:00Z'))
  })

  it.each<[string, Calendar]>([
    ['"Europe/Berlim" is no time zone', calendar('Europe/Berlim', {})],
    ['country QQ,', calendar('UTC', {}, { country: 'QQ' })],
    ['country DE, region XX,', calendar('UTC', {}, { country: 'DE', region: 'XX' })],
    ['"8:00" is no time', calendar('UTC', { mon: '8:00-12:00' })],
    ['"24:30" is no time', calendar('UTC', { mon: '08:00-24:30' })],
    ['cannot start at 24:00', calendar('UTC', { mon: '24:00-12:00' })],
    ['"24.12." is no date', calendar('UTC', {}, { days: [{ date: '24.12.', name: 'x' }] })],
    ['"2026-13-01" is no date', calendar('UTC', {}, { except: ['2026-13-01'] })],
  ])('%s', (words, office) => {
    for (const ask of [addWorkingTime, nextOpening, isOpen, holidayOn])
      expect(() => ask(office, from, 0)).toThrow(
        expect.objectContaining({ code: 'config', message: expect.stringContaining(words) }),
      )
  })
})

/** A calendar in short: `calendar('Europe/Berlin', { mon: '08:00-12:00 13:00-17:00' })`. */
function calendar(
  timeZone: string,
  week: Partial<Record<Weekday, string>>,
  holidays: Partial<HolidayRules> = {},
): Calendar {
  const slots = (text = '') => Array.from(text.matchAll(/(\S+)-(\S+)/g), ([, from = '', to = '']) => ({ from, to }))
  const { mon, tue, wed, thu, fri, sat, sun } = week
  return {
    name: 'office',
    timeZone,
    week: {
      mon: slots(mon),
      tue: slots(tue),
      wed: slots(wed),
      thu: slots(thu),
      fri: slots(fri),
      sat: slots(sat),
      sun: slots(sun),
    },
    holidays: { country: null, region: null, days: [], except: [], ...holidays },
    onCall: null,
  }
}

function workdays(slots: string) {
  return { mon: slots, tue: slots, wed: slots, thu: slots, fri: slots }
}

function everyDay(slots: string) {
  return { ...workdays(slots), sat: slots, sun: slots }
}
