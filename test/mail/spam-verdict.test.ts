import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Header } from '../../src/mail/message.ts'
import { readSpamVerdict } from '../../src/mail/spam-verdict.ts'

/** Lines of a header, topmost first. */
const headers = (...lines: string[]): Header[] =>
  lines.map(line => ({
    name: line.slice(0, line.indexOf(':')).toLowerCase(),
    value: line.slice(line.indexOf(':') + 1).trim(),
  }))

const read = (...lines: string[]) => readSpamVerdict(headers(...lines))

describe('one field', () => {
  test.each<[line: string, spam: boolean, score: number | null, by: string]>([
    ['X-Spam-Status: Yes, score=7.2 required=5.0 tests=BAYES_99,URIBL_BLACK autolearn=no', true, 7.2, 'SpamAssassin'],
    [
      'X-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00 autolearn=ham version=3.4.6',
      false,
      -1.9,
      'SpamAssassin',
    ],
    ['X-Spam-Status: Yes, hits=12 required=5.0', true, 12, 'SpamAssassin'],
    ['X-Spam-Status: YES, score=6.31 tagged_above=-999 required=6.31 tests=[X=1.2]', true, 6.31, 'SpamAssassin'],
    ['X-Spam-Status: No', false, null, 'SpamAssassin'],
    ['X-Spam-Flag: YES', true, null, 'SpamAssassin'],
    ['X-Spam-Flag: NO', false, null, 'SpamAssassin'],
    ['X-Spam-Flag: true', true, null, 'SpamAssassin'],
    ['X-Spam-Score: 9.4', false, 9.4, 'SpamAssassin'],
    ['X-Spam-Score: -2.1 (--)', false, -2.1, 'SpamAssassin'],
    ['X-Spam-Score: 12/5.0', false, 12, 'SpamAssassin'],
    ['X-Spam: Yes', true, null, 'rspamd'],
    ['X-Rspamd-Action: add header', true, null, 'rspamd'],
    ['X-Rspamd-Action: rewrite subject', true, null, 'rspamd'],
    ['X-Rspamd-Action: reject', true, null, 'rspamd'],
    ['X-Rspamd-Action: no action', false, null, 'rspamd'],
    ['X-Rspamd-Action: greylist', false, null, 'rspamd'],
    ['X-Rspamd-Action: soft reject', false, null, 'rspamd'],
    ['X-Spamd-Result: default: True [21.50 / 15.00]; BAYES_SPAM(5.10)[100.00%]', true, 21.5, 'rspamd'],
    ['X-Spamd-Result: default: False [-2.60 / 15.00]; R_SPF_ALLOW(-0.20)[+mx]', false, -2.6, 'rspamd'],
    // Nine points are spam for rspamd (from six on), but not to be rejected: False does not mean clean.
    ['X-Spamd-Result: default: False [9.00 / 15.00]', false, 9, 'rspamd'],
    ['X-Spamd-Result: default: False [1.20 / nan]', false, 1.2, 'rspamd'],
    ['X-Spamd-Bar: +++++++', false, 7, 'rspamd'],
    ['X-Spamd-Bar: --', false, -2, 'rspamd'],
    ['X-Spamd-Bar: /', false, 0, 'rspamd'],
    ['X-MS-Exchange-Organization-SCL: 6', true, 6, 'Microsoft'],
    ['X-MS-Exchange-Organization-SCL: 5', true, 5, 'Microsoft'],
    ['X-MS-Exchange-Organization-SCL: 4', false, 4, 'Microsoft'],
    ['X-MS-Exchange-Organization-SCL: -1', false, -1, 'Microsoft'],
    [
      'X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:NL;LANG:en;SCL:1;SRV:;IPV:NLI;SFV:NSPM;H:x;',
      false,
      1,
      'Microsoft',
    ],
    ['X-Forefront-Antispam-Report: CIP:192.0.2.1; SCL:5; SFV:SPM; CAT:SPM', true, 5, 'Microsoft'],
    ['X-Forefront-Antispam-Report: SFV:SKB;SCL:6', true, 6, 'Microsoft'],
    ['X-Forefront-Antispam-Report: SFV:BLK;SCL:;', true, null, 'Microsoft'],
    ['X-Forefront-Antispam-Report: SCL:9', true, 9, 'Microsoft'],
    // A person let it out of the quarantine.
    ['X-Forefront-Antispam-Report: SFV:SKQ;SCL:6', false, 6, 'Microsoft'],
    ['X-Forefront-Antispam-Report: SFV:NEW;SCL:6', true, 6, 'Microsoft'],
  ])('%s', (line, spam, score, by) => {
    expect(read('Subject: Hello', line)).toMatchObject({ spam, score, by })
  })

  test.each([
    'X-Spam-Status: maybe',
    'X-Spam-Status: Yesterday, score=7',
    'X-Spam-Flag:',
    'X-Spam-Score: many',
    'X-Spam-Score: 1.2.3',
    'X-Spam-Level: *****',
    'X-Rspamd-Action: dance',
    'X-Spamd-Result: default: Perhaps [1.00 / 15.00]',
    'X-Spamd-Bar: +-+',
    'X-MS-Exchange-Organization-SCL: 12',
    'X-MS-Exchange-Organization-SCL: high',
    'X-Forefront-Antispam-Report: CIP:192.0.2.1;XSCL:9',
    'X-Forefront-Antispam-Report-Untrusted: SCL:9;SFV:SPM',
    'Subject: X-Spam-Flag: YES',
  ])('that says nothing: %s', line => {
    expect(read(line)).toBeNull()
  })
})

describe('several fields', () => {
  test.each<[what: string, lines: string[], spam: boolean, score: number | null, evidence: string]>([
    [
      'of SpamAssassin agree, and the score comes from the one that has it',
      ['X-Spam-Flag: YES', 'X-Spam-Score: 6.4', 'X-Spam-Level: ******', 'X-Spam-Status: Yes, score=6.4'],
      true,
      6.4,
      'X-Spam-Flag: YES',
    ],
    [
      'of rspamd: what it did counts, not that it did not reject',
      ['X-Spamd-Bar: +++++++', 'X-Spamd-Result: default: False [7.30 / 15.00]', 'X-Rspamd-Action: add header'],
      true,
      7,
      'X-Rspamd-Action: add header',
    ],
    ['of rspamd: no action, and a mark', ['X-Rspamd-Action: no action', 'X-Spam: Yes'], true, null, 'X-Spam: Yes'],
    [
      'of one name: the topmost is the one our server wrote',
      ['X-Spam-Flag: YES', 'Received: from elsewhere', 'X-Spam-Flag: NO'],
      true,
      null,
      'X-Spam-Flag: YES',
    ],
    [
      'of one name: what a sender before wrote does not make it spam',
      ['X-Spam-Status: No, score=0.1', 'Received: from elsewhere', 'X-Spam-Status: Yes, score=99'],
      false,
      0.1,
      'X-Spam-Status: No, score=0.1',
    ],
    [
      'of one name: also when the topmost cannot be read',
      ['X-Spam-Status: ?', 'X-Spam-Status: Yes, score=99', 'X-Spam-Flag: NO'],
      false,
      null,
      'X-Spam-Flag: NO',
    ],
    [
      'of two filters: the one nearest to us',
      ['X-Rspamd-Action: no action', 'Received: from a list', 'X-Spam-Flag: YES', 'X-Spam-Status: Yes, score=8'],
      false,
      null,
      'X-Rspamd-Action: no action',
    ],
    [
      'of two filters: a score alone decides nothing',
      ['X-Spam-Score: 3.1', 'X-MS-Exchange-Organization-SCL: 6'],
      true,
      6,
      'X-MS-Exchange-Organization-SCL: 6',
    ],
  ])('%s', (_what, lines, spam, score, evidence) => {
    expect(read(...lines)).toMatchObject({ spam, score, evidence })
  })

  test('none', () => {
    expect(read('From: jane@example.org', 'Subject: spam')).toBeNull()
    expect(readSpamVerdict([])).toBeNull()
  })
})

test('the evidence is one clean short line', () => {
  const long = read(`X-Spam-Status: Yes, score=7 tests=${'A_RULE,'.repeat(5000)}`)
  expect(long?.evidence).toMatch(/^X-Spam-Status: Yes, score=7 tests=A_RULE/)
  expect(long?.evidence.length).toBeLessThanOrEqual(160)
})

const NAMES = [
  'X-Spam-Status',
  'X-Spam-Flag',
  'X-Spam-Score',
  'X-Spam',
  'X-Rspamd-Action',
  'X-Spamd-Result',
  'X-Spamd-Bar',
  'X-MS-Exchange-Organization-SCL',
  'X-Forefront-Antispam-Report',
]
const piece = fc.constantFrom(
  ...['Yes', 'No', ',', ' ', 'score=', '-', '7', '.', '5', 'default:', 'True', 'False', '[', ']', '/', '+', '*', ';'],
  ...['SCL:', 'SFV:', 'SPM', 'add header', 'no action', '\u202e', 'é', '='],
)
const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(piece, { maxLength: 12 }).map(all => all.join('')),
)
const field = fc.record({ name: fc.constantFrom(...NAMES.map(name => name.toLowerCase()), 'subject'), value })

describe('whatever is written there', () => {
  test('there is a verdict or none, and it rests on a field that is there', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 8 }), fields => {
        const verdict = readSpamVerdict(fields)
        if (!verdict) return
        expect(verdict.score === null || Number.isFinite(verdict.score)).toBe(true)
        const label = verdict.evidence.slice(0, verdict.evidence.indexOf(':'))
        expect(NAMES).toContain(label)
        expect(fields.map(({ name }) => name)).toContain(label.toLowerCase())
      }),
      { numRuns: 2_000 },
    )
  })

  test('what stands below a field of the same name changes nothing', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 6 }), fc.array(field, { maxLength: 6 }), (upper, lower) => {
        const names = new Set(upper.map(({ name }) => name))
        const repeated = lower.filter(({ name }) => names.has(name))
        expect(readSpamVerdict([...upper, ...repeated])).toEqual(readSpamVerdict(upper))
      }),
      { numRuns: 1_000 },
    )
  })
})
