import { describe, expect, test } from 'vitest'
import { insists, REOPEN } from '../../src/mail/thanks.ts'

describe('insisting', () => {
  test.each<[string, string | null]>([
    ...Object.values(REOPEN).map((word): [string, string] => [word, word]),
    ['reopen', 'reopen'],
    ['  \n\nReopen!\nIt is back.', 'Reopen!'],
    ['REOPEN: the printer jams again', 'REOPEN: the printer jams again'],
    ['**REOPEN**', '**REOPEN**'],
    ['[REOPEN]', '[REOPEN]'],
    ['"reopen"', '"reopen"'],
    ['#reopen', '#reopen'],
    ['Re-open', 'Re-open'],
    ['wieder öffnen\nDanke', 'wieder öffnen'],
    ['Wiedereroeffnen', null],
    ['reopening hours', null],
    ['Reopen the paper tray, then', null],
    ['Please reopen', null],
    ['Thanks\nREOPEN', null],
    ['> REOPENED', null],
    ['', null],
  ])('%j → %j', (text, expected) => {
    expect(insists(text)).toBe(expected)
  })

  test('is told briefly', () => {
    expect(insists(`REOPEN: ${'x'.repeat(1000)}`)).toHaveLength(100)
  })
})
