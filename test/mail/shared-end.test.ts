import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withoutSharedEnd } from '../../src/mail/shared-end.ts'

const JANE = { name: 'Jane Doe', address: 'jane.doe@example.org' }
const SIGNATURE =
  'Best regards,\nJane Doe\nSales Manager\n\nACME GmbH | Hauptstr. 1\nT +49 30 1234\n[cid:image001.png@01DC]'
const without = (text: string, earlier: string, from = JANE) => withoutSharedEnd(text, [earlier], from)

describe('a signature', () => {
  test.each([
    ['is what two mails end with, from the name on', `Thanks!\n\n${SIGNATURE}`, JANE, 'Thanks!\n\nBest regards,'],
    [
      'whatever number the logo has',
      `Thanks!\n\n${SIGNATURE.replace('01DC', '02EF')}`,
      JANE,
      'Thanks!\n\nBest regards,',
    ],
    [
      'with a title',
      `Thanks!\n${SIGNATURE}`.replace('Jane Doe', 'Dr. Jane Doe, M.Sc. (she/her)'),
      JANE,
      'Thanks!\nBest regards,',
    ],
    [
      'of a name the other way round',
      `Thanks!\n${SIGNATURE}`,
      { ...JANE, name: 'Doe, Jane (ACME)' },
      'Thanks!\nBest regards,',
    ],
    ['of an address alone', `Thanks!\n${SIGNATURE}`, { ...JANE, name: '' }, 'Thanks!\nBest regards,'],
  ])('%s', (_, text, from, expected) => {
    const signature = text.slice(text.indexOf('Best'))
    expect(without(text, `The printer smokes.\n\n${signature}`, from).trimEnd()).toBe(expected)
  })

  test('is found in any of the earlier mails', () => {
    const earlier = ['Ok', `It smokes.\n${SIGNATURE}`]
    expect(withoutSharedEnd(`Thanks!\n${SIGNATURE}`, earlier, JANE)).toBe('Thanks!\nBest regards,')
  })
})

describe('nothing goes', () => {
  test.each([
    ['that no earlier mail has', `Thanks!\n${SIGNATURE}`, 'It smokes.'],
    ['without the name', 'Thanks!\nIt still does not print.', 'The printer smokes.\nIt still does not print.'],
    ['when it is the whole mail', SIGNATURE.slice(SIGNATURE.indexOf('Jane')), SIGNATURE],
    ['that somebody else signed', `Thanks!\n${SIGNATURE}`.replace('Jane Doe', 'Tom Smith'), `It smokes.\n${SIGNATURE}`],
    [
      'of a sentence that holds the name',
      'Thanks!\nJane Doe cannot print on the third floor and asks for help.',
      'Jane Doe cannot print on the third floor and asks for help.',
    ],
  ])('%s', (_, text, earlier) => {
    expect(without(text, earlier)).toBe(text)
  })

  test('but lines that an earlier mail has as well', () => {
    const line = fc.constantFrom(
      'Thanks!',
      'It smokes.',
      'Jane Doe',
      'Sales',
      '',
      'T +49 30 1234',
      'Jane Doe is away',
      '[cid:x]',
    )
    const text = fc.array(line, { maxLength: 8 }).map(lines => lines.join('\n'))
    fc.assert(
      fc.property(text, text, (now, before) => {
        const rest = without(now, before)
        expect(now.startsWith(rest)).toBe(true)
        const gone = now
          .slice(rest.length)
          .split('\n')
          .filter(one => one !== '' && one !== '[cid:x]')
        if (gone.length > 0) expect(gone[0]).toMatch(/^Jane Doe/)
        for (const one of gone) expect(before.split('\n')).toContain(one)
      }),
      { numRuns: 2000 },
    )
  })
})
