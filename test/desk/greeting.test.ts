import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { namesOf } from '../../src/desk/greeting.ts'

describe('namesOf', () => {
  test.each([
    ['Anna Meier', 'Anna', 'Anna Meier'],
    ['Anna', 'Anna', 'Anna'],
    ['Pop, Ana', 'Ana', 'Ana Pop'],
    ['Pop, Ana (IT, Cluj)', 'Ana', 'Ana Pop'],
    ['Pop, Ana, Controlling', 'Ana', 'Ana Pop'],
    ['ANNA MEIER', 'Anna', 'Anna Meier'],
    ['anna meier', 'Anna', 'Anna Meier'],
    ['MEIER Anna', 'Anna', 'Anna Meier'],
    ['VAN DEN BERGHE Jean-Pierre', 'Jean-Pierre', 'Jean-Pierre van den Berghe'],
    ['JEAN-PIERRE DUPONT', 'Jean-Pierre', 'Jean-Pierre Dupont'],
    ['Dr. Anna Meier', 'Anna', 'Anna Meier'],
    ['Dipl.-Ing. Anna Meier', 'Anna', 'Anna Meier'],
    ['Anna Meier, PhD', 'Anna', 'Anna Meier'],
    ['Meier, Dr. Anna', 'Anna', 'Anna Meier'],
    ['anna van der berg', 'Anna', 'Anna van der Berg'],
    ["'Anna Meier'", 'Anna', 'Anna Meier'],
    ['Anna Meier | ACME SA', 'Anna', 'Anna Meier'],
    ['Anna Meier - ACME', 'Anna', 'Anna Meier'],
    ['Anna Meier via Helpdesk', 'Anna', 'Anna Meier'],
    ['Anna Meier [External]', 'Anna', 'Anna Meier'],
    ["Seán O'NEIL", 'Seán', "Seán O'Neil"],
    ['McDonald Ian', 'McDonald', 'McDonald Ian'],
    ['Ștefan Țurcanu', 'Ștefan', 'Ștefan Țurcanu'],
    ['A. Meier', null, 'A. Meier'],
    ['王小明', '王小明', '王小明'],
    ['Łukasz Żółć', 'Łukasz', 'Łukasz Żółć'],
  ])('%s', (name, first, full) => {
    expect(namesOf(name)).toEqual({ first, full })
  })

  test.each([
    '',
    ' ',
    'anna.meier@example.org',
    'anna.meier',
    'amr42',
    'IT',
    'ACM',
    'IT Support',
    'Support Team',
    'Empfang Bern',
    'Scanner 3. OG',
    'no-reply',
    'Win a prize at https://evil.example',
    '<b>Anna</b>',
    '{{ ticket_number }}',
    'Anna\r\nBcc: everybody@example.org',
    'Anna Meier und viele andere mehr hier',
    'a'.repeat(10_000),
    ','.repeat(199),
    '((((((((((',
  ])('%s is no name', name => {
    expect(namesOf(name)).toEqual({ first: null, full: null })
  })

  test('gives letters and what joins them, whatever comes', () => {
    const nameLike = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: fc.constantFrom(..."Aa é'-,.()[]<>{}\r\n\u0000@/|ß"), maxLength: 30 }),
    )
    fc.assert(
      fc.property(nameLike, name => {
        const { first, full } = namesOf(name)
        for (const one of [first, full]) if (one !== null) expect(one).toMatch(/^[\p{L}\p{M}'’. -]{1,160}$/u)
      }),
      { numRuns: 2_000 },
    )
  })
})
