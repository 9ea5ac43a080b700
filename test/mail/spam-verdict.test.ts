import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readSpamVerdict, type SpamVerdict } from '../../src/mail/spam-verdict.ts'

const fields = (...lines: string[]) =>
  lines.map(line => ({
    name: line.slice(0, line.indexOf(':')).toLowerCase(),
    value: line.slice(line.indexOf(':') + 1).trim(),
  }))

test.each<[string, SpamVerdict['by'], boolean, number | null]>([
  [
    'X-Spam-Status: Yes, score=7.3 required=5.0 tests=BAYES_99,HTML_MESSAGE autolearn=no version=4.0.0',
    'spamassassin',
    true,
    7.3,
  ],
  ['X-Spam-Status: No, score=-1.9 required=5.0 tests=BAYES_00', 'spamassassin', false, -1.9],
  ['X-Spam-Status: Yes, hits=12.1 required=5.0', 'spamassassin', true, 12.1],
  ['X-Spam-Status: No', 'spamassassin', false, null],
  ['X-Spam-Flag: YES', 'spamassassin', true, null],
  ['X-Spam-Flag: NO', 'spamassassin', false, null],
  ['X-Spam-Score: 7.3', 'spamassassin', false, 7.3],
  ['X-Spam-Score: 7.3 (+++++++)', 'spamassassin', false, 7.3],
  ['X-Spam-Score: -0.5', 'spamassassin', false, -0.5],
  ['X-Rspamd-Action: add header', 'rspamd', true, null],
  ['X-Rspamd-Action: rewrite subject', 'rspamd', true, null],
  ['X-Rspamd-Action: reject', 'rspamd', true, null],
  ['X-Rspamd-Action: no action', 'rspamd', false, null],
  ['X-Rspamd-Action: greylist', 'rspamd', false, null],
  ['X-Rspamd-Action: soft reject', 'rspamd', false, null],
  ['X-Spamd-Result: default: True [16.10 / 15.00]; BAYES_SPAM(5.10)[100.00%]', 'rspamd', true, 16.1],
  ['X-Spamd-Result: default: False [-0.50 / 15.00]; R_DKIM_ALLOW(-0.20)[x.org:s=s]', 'rspamd', false, -0.5],
  ['X-Spam: Yes', 'rspamd', true, null],
  ['X-Rspamd-Score: 12.31', 'rspamd', false, 12.31],
  ['X-Spamd-Bar: ++++++', 'rspamd', false, 6],
  ['X-Spamd-Bar: ---', 'rspamd', false, -3],
  ['X-Spamd-Bar: /', 'rspamd', false, 0],
  ['X-MS-Exchange-Organization-SCL: 5', 'microsoft', true, 5],
  ['X-MS-Exchange-Organization-SCL: 9', 'microsoft', true, 9],
  ['X-MS-Exchange-Organization-SCL: 1', 'microsoft', false, 1],
  ['X-MS-Exchange-Organization-SCL: -1', 'microsoft', false, -1],
  [
    'X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:BE;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;H:a.b;CAT:SPM;',
    'microsoft',
    true,
    5,
  ],
  ['X-Forefront-Antispam-Report: CIP:192.0.2.1; SCL:1; SFV:NSPM; CAT:NONE;', 'microsoft', false, 1],
  ['X-Forefront-Antispam-Report: CIP:255.255.255.255;SCL:-1;SFV:SKS;', 'microsoft', true, -1],
  ['X-Forefront-Antispam-Report: SFV:SKB', 'microsoft', true, null],
  ['X-Forefront-Antispam-Report: SCL:6', 'microsoft', true, 6],
  [
    'X-Barracuda-Spam-Status: SCORE=4.00 using global scores of TAG_LEVEL=3.5 QUARANTINE_LEVEL=1000.0',
    'barracuda',
    true,
    4,
  ],
  ['X-Barracuda-Spam-Status: SCORE=1.50 using global scores of TAG_LEVEL=3.5', 'barracuda', false, 1.5],
  ['X-Barracuda-Spam-Flag: YES', 'barracuda', true, null],
  ['X-Barracuda-Spam-Score: 1.50', 'barracuda', false, 1.5],
])('%s', (line, by, spam, score) => {
  expect(readSpamVerdict(fields(line))).toMatchObject({ by, spam, score })
})

test.each([
  ['X-Spam-Status: perhaps'],
  ['X-Spam-Flag: yesterday'],
  ['X-Spam-Score: many'],
  ['X-Spam-Score: 1.2.3'],
  ['X-Spam-Score: 99999999999999999999'],
  ['X-Rspamd-Action: <script>'],
  ['X-Spamd-Result: nonsense'],
  ['X-Spamd-Bar: +-+'],
  ['X-MS-Exchange-Organization-SCL: 12'],
  ['X-Forefront-Antispam-Report: CIP:192.0.2.1;LANG:en;'],
  ['X-Forefront-Antispam-Report-Untrusted: SCL:9;SFV:SPM'],
  ['X-Barracuda-Spam-Status: none'],
  ['Subject: X-Spam: Yes'],
])('%s says nothing', line => {
  expect(readSpamVerdict(fields(line))).toBeNull()
})

test('no filter at all', () => {
  expect(readSpamVerdict([])).toBeNull()
})

test('the topmost field of a name counts', () => {
  expect(readSpamVerdict(fields('X-Spam-Flag: YES', 'X-Spam-Flag: NO'))?.spam).toBe(true)
  expect(readSpamVerdict(fields('X-Spam-Flag: NO', 'X-Spam-Flag: YES'))?.spam).toBe(false)
  expect(readSpamVerdict(fields('X-Spam-Flag: maybe', 'X-Spam-Flag: YES'))).toBeNull()
})

test('a forged no outweighs no yes, whatever filter it names', () => {
  const forged = ['X-Spam-Status: No, score=-99', 'X-Rspamd-Action: no action', 'X-MS-Exchange-Organization-SCL: -1']
  for (const yes of ['X-Spam: Yes', 'X-Spam-Flag: YES', 'X-Forefront-Antispam-Report: SFV:SPM'])
    for (const no of forged) {
      expect(readSpamVerdict(fields(no, yes))?.spam).toBe(true)
      expect(readSpamVerdict(fields(yes, no))?.spam).toBe(true)
    }
})

test('the score stands in another field of the same filter', () => {
  expect(readSpamVerdict(fields('X-Spam-Flag: YES', 'X-Spam-Score: 8.1'))).toEqual({
    spam: true,
    score: 8.1,
    by: 'spamassassin',
    evidence: 'X-Spam-Flag: YES',
  })
  expect(readSpamVerdict(fields('X-Spam-Flag: YES', 'X-Rspamd-Score: 8.1'))).toMatchObject({ score: null })
  expect(readSpamVerdict(fields('X-Spamd-Bar: ++++++++', 'X-Spam: Yes', 'X-Spam-Score: 1'))).toMatchObject({ score: 8 })
})

test('the evidence is one short line', () => {
  expect(readSpamVerdict(fields(`X-Spam-Status: Yes, ${'x'.repeat(10_000)}`))?.evidence).toHaveLength(160)
  expect(readSpamVerdict(fields('X-Spam-Status: Yes,\r\nBcc: eve'))?.evidence).toBe('X-Spam-Status: Yes, Bcc: eve')
})

test('whatever stands there', () => {
  const name = fc.constantFrom(
    'x-spam-status',
    'x-spam-score',
    'x-spamd-result',
    'x-spamd-bar',
    'x-forefront-antispam-report',
  )
  const part = fc.constantFrom(
    'Yes',
    'No',
    ', ',
    'score=',
    '9',
    '.',
    '-',
    '+',
    'SCL:',
    'SFV:',
    'SPM',
    ';',
    'default: ',
    '[',
    ' / ',
    ']',
  )
  const value = fc.oneof(
    fc.string(),
    fc.array(part, { maxLength: 20 }).map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(fc.array(fc.record({ name, value })), headers => {
      const verdict = readSpamVerdict(headers)
      if (verdict?.score != null) expect(Number.isFinite(verdict.score)).toBe(true)
    }),
  )
})

// With anything worse than linear work these would not end.
test.each(['a ', '+', '-', '9', ';', 'SCL:', 'score=', 'Yes, '])('a million times %j', unit => {
  const names =
    'x-spam-status x-spam-score x-spamd-result x-spamd-bar x-rspamd-action x-forefront-antispam-report x-barracuda-spam-status'
  for (const name of names.split(' ')) {
    const read = readSpamVerdict([{ name, value: unit.repeat(1_000_000 / unit.length) }])
    expect(read?.evidence.length ?? 0).toBeLessThanOrEqual(160)
  }
})
