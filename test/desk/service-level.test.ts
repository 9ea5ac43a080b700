import { expect, it } from 'vitest'
import type { Calendar } from '../../src/desk/calendar.ts'
import { dueTimes, type ServiceLevel } from '../../src/desk/service-level.ts'
import { HOUR } from '../../src/instant.ts'

const day = [{ from: '09:00', to: '18:00' }]
const office: Calendar = {
  name: 'office',
  timeZone: 'Europe/Bucharest',
  week: { mon: day, tue: day, wed: day, thu: day, fri: day, sat: [], sun: [] },
  holidays: { country: 'RO', region: null, days: [], except: [] },
  onCall: null,
}
const level: ServiceLevel = {
  name: 'standard',
  calendar: 'office',
  targets: {
    low: { firstResponseMs: 18 * HOUR, resolutionMs: 90 * HOUR },
    normal: { firstResponseMs: 8 * HOUR, resolutionMs: 45 * HOUR },
    high: { firstResponseMs: 4 * HOUR, resolutionMs: 18 * HOUR },
    urgent: { firstResponseMs: HOUR, resolutionMs: 4 * HOUR },
  },
}

it('promises by priority, in working time, with the reckoning', () => {
  // Friday 27 November 2026, 16:00 in Bucharest; Monday 30 November and Tuesday 1 December are holidays.
  const opened = '2026-11-27T14:00:00.000Z'
  expect(dueTimes(level, office, 'urgent', opened)).toEqual({
    firstResponse: {
      at: '2026-11-27T15:00:00.000Z',
      targetMs: HOUR,
      timeline: [{ from: opened, to: '2026-11-27T15:00:00.000Z', kind: 'counted', countedMs: HOUR, note: null }],
    },
    resolution: {
      at: '2026-12-02T09:00:00.000Z',
      targetMs: 4 * HOUR,
      timeline: expect.arrayContaining([
        {
          from: '2026-11-29T22:00:00.000Z',
          to: '2026-11-30T22:00:00.000Z',
          kind: 'holiday',
          countedMs: 0,
          note: 'Sfântul Andrei',
        },
      ]),
    },
  })
  const normal = dueTimes(level, office, 'normal', opened)
  expect(normal.firstResponse).toMatchObject({ at: '2026-12-02T13:00:00.000Z', targetMs: 8 * HOUR })
  expect(normal.resolution).toMatchObject({ at: '2026-12-08T14:00:00.000Z', targetMs: 45 * HOUR })
})

it('starts at the next opening for mail that comes at night', () => {
  expect(dueTimes(level, office, 'urgent', '2026-12-02T20:00:00.000Z').firstResponse.at).toBe(
    '2026-12-03T08:00:00.000Z',
  )
})
