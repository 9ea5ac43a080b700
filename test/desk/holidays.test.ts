import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { isHolidayCountry, publicHoliday } from '../../src/desk/holidays.ts'

describe('public holidays', () => {
  it.each([
    ['RO', null, '2026-12-01', 'Ziua națională, Ziua Marii Uniri'],
    ['RO', null, '2026-04-13', 'A doua zi de Paști'],
    ['DE', null, '2026-10-03', 'Tag der Deutschen Einheit'],
    ['de', 'by', '2026-01-06', 'Heilige Drei Könige'],
    ['DE', 'BY-A', '2026-08-08', 'Augsburger Friedensfest'],
    ['DE', 'BE', '2026-01-06', null],
    ['DE', null, '2026-12-24', null],
    // A Saturday: the day off is the Friday before it.
    ['US', null, '2026-07-03', 'Independence Day (substitute day)'],
    ['US', null, '2026-07-05', null],
    // Two on one day: the first that the library tells.
    ['AG', null, '2027-12-27', 'Boxing Day (substitute day)'],
    // Of New Year's Day 2022, but in the year before.
    ['US', null, '2021-12-31', "New Year's Day (substitute day)"],
  ])('%s %s %s: %s', (country, region, date, name) => {
    expect(publicHoliday(country, region, date)).toBe(name)
  })

  it('last for all their days, also into the new year', () => {
    expect(['02', '03', '04', '05', '06'].map(day => publicHoliday('RU', null, `2026-01-${day}`))).not.toContain(null)
    const incwala = ['2025-12-27', '2025-12-28', '2025-12-31', '2026-01-02', '2026-01-03']
    expect(incwala.map(date => publicHoliday('SZ', null, date) !== null)).toEqual([false, true, true, true, false])
  })

  it('of a lunar calendar are the days on which offices close, not the eve', () => {
    const eid = ['2025-03-29', '2025-03-30', '2025-03-31', '2025-04-01', '2025-04-02']
    for (const country of ['AE', 'TR'])
      expect(eid.map(date => publicHoliday(country, null, date) !== null)).toEqual([false, true, true, true, false])
  })

  it('of half a day are none', () => {
    expect(publicHoliday('CH', 'VS', '2026-12-24')).toBeNull()
    expect(publicHoliday('IS', null, '2026-12-24')).toBeNull()
  })

  it('know of days that are no public holidays: the Näfelser Fahrt gives way to Maundy Thursday', () => {
    expect(publicHoliday('CH', 'GL', '2026-04-02')).toBeNull()
    expect(publicHoliday('CH', 'GL', '2026-04-09')).toBe('Näfelser Fahrt')
  })

  it('are not looked for where the tables end', () => {
    for (const year of ['0001', '1969', '2101', '9999']) expect(publicHoliday('CN', null, `${year}-01-01`)).toBeNull()
  })

  it('do not depend on where the process runs', () => {
    const dates = ['2023-04-28', '2027-09-05', '2025-03-30', '2026-05-01', '2026-01-01', '2025-10-26']
    const countries = ['EG', 'CL', 'LB', 'DE', 'AT', 'AL', 'TR']
    const source = `
      import { publicHoliday } from './src/desk/holidays.ts'
      process.stdout.write(JSON.stringify(${JSON.stringify(countries)}.map(country =>
        Array.from({ length: 3 * 366 }, (_, day) => new Date(Date.UTC(2023, 0, 1 + day)).toISOString().slice(0, 10))
          .filter(date => publicHoliday(country, null, date) !== null)
          .concat(${JSON.stringify(dates)}.map(date => publicHoliday(country, null, date) ?? '-')))))`
    const answers = ['UTC', 'Africa/Cairo', 'America/Santiago'].map(TZ => {
      const args = ['--import', 'tsx', '--input-type=module', '--eval', source]
      const { stdout, stderr } = spawnSync(process.execPath, args, { env: { ...process.env, TZ }, encoding: 'utf8' })
      expect(stderr).toBe('')
      return stdout
    })
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]?.length).toBeGreaterThan(500)
  })
})

describe('known places', () => {
  it.each([
    ['DE', null],
    ['de', undefined],
    ['DE', 'BY'],
    ['DE', 'by-a'],
    ['DE', 'BY.A'],
    ['FR', '57'],
    ['GB', 'SCT'],
  ])('%s %s', (country, region) => {
    expect(isHolidayCountry(country, region)).toBe(true)
  })

  it.each([
    ['', null],
    ['QQ', null],
    ['Germany', null],
    ['DE-BY', null],
    [' DE', null],
    ['constructor', null],
    ['DE', ''],
    ['DE', 'XX'],
    ['DE', 'DE-BY'],
    ['DE', 'BY-'],
    ['DE', 'BY-XX'],
    ['DE', 'BY-A-B'],
    ['RO', 'B'],
    // In the data, but out of reach for the library itself, which looks in upper case only.
    ['CK', 'Aitutaki'],
  ])('unknown: %s %s', (country, region) => {
    expect(isHolidayCountry(country, region)).toBe(false)
  })
})
