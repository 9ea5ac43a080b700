import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deadlineInWords, hoursInWords, momentInWords } from '../../src/desk/wording.ts'
import { instantOf, msBetween } from '../../src/instant.ts'

const ZONE = 'Europe/Bucharest' // UTC+2, in summer UTC+3
const NOW = '2026-11-23T08:00:00.000Z' // Monday 10:00
const TODAY = '2026-11-23T14:30:00.000Z'
const TOMORROW = '2026-11-24T08:00:00.000Z'
const LATER = '2026-11-30T12:00:00.000Z'
const NEXT_YEAR = '2027-01-01T11:05:00.000Z'

const plain = (text: string | null) => text?.replaceAll('\u00a0', ' ') ?? null

describe('moments and deadlines', () => {
  test.each([
    [
      'en',
      'today at 16:30',
      'tomorrow, Tuesday 24 November, at 10:00',
      'on Monday 30 November at 14:00',
      'on Friday 1 January 2027 at 13:05',
    ],
    [
      'de',
      'heute um 16:30 Uhr',
      'morgen, Dienstag, 24. November, um 10:00 Uhr',
      'am Montag, dem 30. November, um 14:00 Uhr',
      'am Freitag, dem 1. Januar 2027, um 13:05 Uhr',
    ],
    [
      'fr',
      'aujourd’hui à 16 h 30',
      'demain, mardi 24 novembre, à 10 h',
      'le lundi 30 novembre à 14 h',
      'le vendredi 1er janvier 2027 à 13 h 05',
    ],
    [
      'nl',
      'vandaag om 16.30 uur',
      'morgen, dinsdag 24 november, om 10.00 uur',
      'op maandag 30 november om 14.00 uur',
      'op vrijdag 1 januari 2027 om 13.05 uur',
    ],
    [
      'ro',
      'astăzi, la ora 16:30',
      'mâine, marți, 24 noiembrie, la ora 10:00',
      'luni, 30 noiembrie, la ora 14:00',
      'vineri, 1 ianuarie 2027, la ora 13:05',
    ],
    [
      'es',
      'hoy a las 16:30',
      'mañana, martes 24 de noviembre, a las 10:00',
      'el lunes 30 de noviembre a las 14:00',
      'el viernes 1 de enero de 2027 a las 13:05',
    ],
    [
      'pl',
      'dzisiaj, 16:30',
      'jutro, wtorek, 24 listopada, 10:00',
      'poniedziałek, 30 listopada, 14:00',
      'piątek, 1 stycznia 2027, 13:05',
    ],
  ])('%s: a moment', (language, ...expected) => {
    expect([TODAY, TOMORROW, LATER, NEXT_YEAR].map(at => plain(momentInWords(language, ZONE, NOW, at)))).toEqual(
      expected,
    )
  })

  test.each([
    ['en', 'by 16:30 today', 'by 10:00 tomorrow, Tuesday 24 November', 'by 14:00 on Monday 30 November'],
    [
      'de',
      'spätestens heute um 16:30 Uhr',
      'spätestens morgen, Dienstag, 24. November, um 10:00 Uhr',
      'spätestens am Montag, dem 30. November, um 14:00 Uhr',
    ],
    [
      'fr',
      'au plus tard aujourd’hui à 16 h 30',
      'au plus tard demain, mardi 24 novembre, à 10 h',
      'au plus tard le lundi 30 novembre à 14 h',
    ],
    [
      'nl',
      'uiterlijk vandaag om 16.30 uur',
      'uiterlijk morgen, dinsdag 24 november, om 10.00 uur',
      'uiterlijk op maandag 30 november om 14.00 uur',
    ],
    [
      'ro',
      'cel târziu astăzi, la ora 16:30',
      'cel târziu mâine, marți, 24 noiembrie, la ora 10:00',
      'cel târziu luni, 30 noiembrie, la ora 14:00',
    ],
    [
      'es',
      'a más tardar hoy a las 16:30',
      'a más tardar mañana, martes 24 de noviembre, a las 10:00',
      'a más tardar el lunes 30 de noviembre a las 14:00',
    ],
    ['pl', 'dzisiaj, 16:30', 'jutro, wtorek, 24 listopada, 10:00', 'poniedziałek, 30 listopada, 14:00'],
  ])('%s: a deadline', (language, ...expected) => {
    expect([TODAY, TOMORROW, LATER].map(due => plain(deadlineInWords(language, ZONE, NOW, due)))).toEqual(expected)
  })

  test('a regional language reads as its mother does', () => {
    expect(plain(momentInWords('de-AT', ZONE, '2026-12-31T08:00:00.000Z', NEXT_YEAR))).toBe(
      'morgen, Freitag, 1. Jänner 2027, um 13:05 Uhr',
    )
    expect(momentInWords('EN', ZONE, NOW, TODAY)).toBe('today at 16:30')
  })

  test('Spanish says "a la" at one, and at one only', () => {
    const at = (hour: string) => momentInWords('es', 'UTC', NOW, `2026-11-23T${hour}:05:00.000Z`)
    expect([at('01'), at('11'), at('21')]).toEqual(['hoy a la 1:05', 'hoy a las 11:05', 'hoy a las 21:05'])
  })

  // The same two instants are today, tomorrow or later by the date on the wall where the desk is.
  test.each([
    [
      'Pacific/Auckland',
      '2026-11-23T10:59:00.000Z',
      '2026-11-23T11:00:00.000Z',
      'tomorrow, Tuesday 24 November, at 00:00',
    ],
    ['Europe/Bucharest', '2026-11-23T10:59:00.000Z', '2026-11-23T11:00:00.000Z', 'today at 13:00'],
    [
      'Europe/Bucharest',
      '2026-11-23T21:59:00.000Z',
      '2026-11-23T22:05:00.000Z',
      'tomorrow, Tuesday 24 November, at 00:05',
    ],
    ['America/Los_Angeles', '2026-11-23T21:59:00.000Z', '2026-11-24T07:55:00.000Z', 'today at 23:55'],
    [
      'Asia/Kathmandu',
      '2026-11-23T18:10:00.000Z',
      '2026-11-23T18:20:00.000Z',
      'tomorrow, Tuesday 24 November, at 00:05',
    ],
    // The night of 24 to 25 October has 25 hours, the one of 28 to 29 March 23; both are one night.
    [
      'Europe/Bucharest',
      '2026-10-24T20:30:00.000Z',
      '2026-10-25T21:30:00.000Z',
      'tomorrow, Sunday 25 October, at 23:30',
    ],
    ['Europe/Bucharest', '2026-03-28T21:30:00.000Z', '2026-03-29T20:30:00.000Z', 'tomorrow, Sunday 29 March, at 23:30'],
    ['Europe/Bucharest', '2026-03-28T21:30:00.000Z', '2026-03-29T21:30:00.000Z', 'on Monday 30 March at 00:30'],
    [
      'Europe/Bucharest',
      '2026-12-31T21:30:00.000Z',
      '2026-12-31T22:30:00.000Z',
      'tomorrow, Friday 1 January 2027, at 00:30',
    ],
  ])('in %s at %s, %s is %s', (zone, now, at, words) => {
    expect(plain(momentInWords('en', zone, now, at))).toBe(words)
  })

  test.each([
    ['2026-11-23T14:30:00.000Z', 'by 16:30 today'],
    ['2026-11-23T14:30:00.001Z', 'by 16:35 today'],
    ['2026-11-23T14:31:00.000Z', 'by 16:35 today'],
    ['2026-11-23T21:55:30.000Z', 'by 24:00 today'],
    ['2026-11-23T22:00:00.000Z', 'by 24:00 today'],
    ['2026-11-23T22:00:00.001Z', 'by 00:05 tomorrow, Tuesday 24 November'],
    ['2026-11-24T22:00:00.000Z', 'by 24:00 tomorrow, Tuesday 24 November'],
    ['2026-12-31T22:00:00.000Z', 'by 24:00 on Thursday 31 December'],
  ])('due %s is told as %s', (due, words) => {
    expect(plain(deadlineInWords('en', ZONE, NOW, due))).toBe(words)
  })

  test('nobody is told an earlier time than due, nor one more than five minutes later', () => {
    const zones = ['Europe/Bucharest', 'America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'UTC']
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 11, 30) }),
        fc.constantFrom(...zones),
        (ms, zone) => {
          const due = instantOf(ms)
          const [, hour = '', minute = ''] =
            /by (\d\d):(\d\d)/.exec(deadlineInWords('en', zone, '2026-01-01T00:00:00.000Z', due)) ?? []
          const wall = new Intl.DateTimeFormat('en-GB', {
            timeZone: zone,
            hour: '2-digit',
            minute: '2-digit',
            hourCycle: 'h23',
          }).format(ms)
          const told = Number(hour) * 60 + Number(minute)
          const meant =
            Number(wall.slice(0, 2)) * 60 +
            Number(wall.slice(3)) +
            (msBetween('1970-01-01T00:00:00.000Z', due) % 60_000) / 60_000
          // Over the change of clocks the wall itself jumps.
          const later = (told - meant + 24 * 60) % (24 * 60)
          expect(Math.min(later, Math.abs(later - 60), Math.abs(later - 30))).toBeLessThan(5)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('opening hours', () => {
  const slots = (...pairs: string[]) => pairs.map(pair => ({ from: pair.slice(0, 5), to: pair.slice(6) }))
  const week = (
    days: Partial<Record<'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun', ReturnType<typeof slots>>>,
  ) => ({
    mon: [],
    tue: [],
    wed: [],
    thu: [],
    fri: [],
    sat: [],
    sun: [],
    ...days,
  })
  const all = (day: ReturnType<typeof slots>) =>
    week({ mon: day, tue: day, wed: day, thu: day, fri: day, sat: day, sun: day })
  const office = slots('08:00-12:00', '13:00-17:30')
  const OFFICE = week({ mon: office, tue: office, wed: office, thu: office, fri: office, sat: slots('09:00-12:00') })

  test.each([
    ['en', 'Mon–Fri 08:00–12:00 and 13:00–17:30; Sat 09:00–12:00'],
    ['de', 'Mo–Fr 08:00–12:00 und 13:00–17:30 Uhr; Sa 09:00–12:00 Uhr'],
    ['fr', 'du lundi au vendredi de 8 h à 12 h et de 13 h à 17 h 30 ; le samedi de 9 h à 12 h'],
    ['nl', 'maandag t/m vrijdag 8.00–12.00 en 13.00–17.30 uur; zaterdag 9.00–12.00 uur'],
    ['ro', 'luni–vineri 08:00–12:00 și 13:00–17:30; sâmbătă 09:00–12:00'],
    ['es', 'de lunes a viernes de 8:00 a 12:00 y de 13:00 a 17:30; sábado de 9:00 a 12:00'],
    ['pl', 'pon.–pt. 08:00–12:00 / 13:00–17:30; sob. 09:00–12:00'],
  ])('%s', (language, words) => {
    expect(plain(hoursInWords(language, OFFICE))).toBe(words)
  })

  test.each([
    ['en', '24 hours a day, 7 days a week'],
    ['de', 'rund um die Uhr an allen Tagen'],
    ['fr', '24 heures sur 24 et 7 jours sur 7'],
    ['nl', '24 uur per dag, 7 dagen per week'],
    ['ro', '24 de ore din 24, 7 zile din 7'],
    ['es', 'las 24 horas, los 7 días de la semana'],
    ['pl', '24/7'],
  ])('%s: around the clock', (language, words) => {
    expect(hoursInWords(language, all(slots('00:00-24:00')))).toBe(words)
    expect(hoursInWords(language, all(slots('00:00-00:00')))).toBe(words)
  })

  test.each([
    ['never', week({}), null],
    ['one day', week({ wed: slots('10:00-11:00') }), 'Wed 10:00–11:00'],
    ['two days', week({ sat: office, sun: office }), 'Sat and Sun 08:00–12:00 and 13:00–17:30'],
    ['every day the same', all(slots('06:00-22:00')), 'every day 06:00–22:00'],
    [
      'Sunday to Thursday',
      week({ sun: office, mon: office, tue: office, wed: office, thu: office }),
      'Sun–Thu 08:00–12:00 and 13:00–17:30',
    ],
    [
      'a free Wednesday',
      week({ mon: office, tue: office, thu: office, fri: office }),
      'Mon and Tue 08:00–12:00 and 13:00–17:30; Thu and Fri 08:00–12:00 and 13:00–17:30',
    ],
    ['slots in any order', week({ mon: slots('13:00-17:00', '08:00-12:00') }), 'Mon 08:00–12:00 and 13:00–17:00'],
    ['nights', week({ mon: slots('22:00-06:00'), tue: slots('18:00-00:00') }), 'Mon 22:00–06:00; Tue 18:00–24:00'],
    [
      'three slots',
      week({ mon: slots('08:00-10:00', '11:00-12:00', '14:00-15:00') }),
      'Mon 08:00–10:00, 11:00–12:00 and 14:00–15:00',
    ],
    [
      'whole working days',
      week({ mon: slots('00:00-24:00'), tue: slots('00:00-24:00'), wed: slots('00:00-24:00') }),
      'Mon–Wed 00:00–24:00',
    ],
  ])('%s', (_, days, words) => {
    expect(hoursInWords('en', days)).toBe(words)
  })
})
