import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import { epochMs, type Instant, MINUTE } from '../../src/instant.ts'
import { sendDue } from '../../src/outbound/sender.ts'
import { openSmtp } from '../../src/outbound/smtp.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import { keptLog } from '../support/log.ts'
import { type Oddity, type OddSmtp, type Step, startOddSmtp } from '../support/odd-smtp.ts'
import { enqueue, outgoing } from '../support/outgoing.ts'
import { smtpAccountAt } from '../support/smtp.ts'
import { openTestStore } from '../support/store.ts'

/*
 * The sender and a real store against servers that do what servers must not do, one thing after another, until they are well.
 */
const NOW = '2026-11-23T09:00:00.000Z'
const TOGETHER = 12
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 3)
const PASSWORD = 'hunter2'
const PEOPLE = ['jane@example.org', 'boss@example.org', 'cas@example.org'] as const

const SECRETS = [PASSWORD, ...[PASSWORD, `\0it\0${PASSWORD}`].map(form => Buffer.from(form).toString('base64'))]

/** `CODE` is that of the reply. */
const texts = fc.constantFrom(
  ...['', ' 5.1.1 No', ' 4.7.1 Later', ' \x1b[31mred\x07\x00', ` ${'x'.repeat(40_000)}`],
  ...SECRETS.map(secret => ` AUTH PLAIN ${secret}`),
  ...[' \u00fc\u00df\u0085', '-first\r\nCODE-second\r\nCODE third', '-one\r\nCODE 2.0.0 and two'],
)
const saying = (...codes: number[]): fc.Arbitrary<Oddity> =>
  fc
    .record({ code: fc.constantFrom(...codes), text: texts, close: fc.boolean(), inPieces: fc.boolean() })
    .map(({ code, text, close, inPieces }) => ({
      say: `${code}${text.replaceAll('CODE', String(code))}\r\n`,
      ...{ close: close || code === 421, inPieces },
    }))
const nonsense: fc.Arbitrary<Oddity> = fc
  .constantFrom('hello\r\n', '\r\n\r\n', '42\r\n', '999 no\r\n', '199 eh\r\n')
  .map(say => ({ say, close: true }))
const refusal = fc.oneof(saying(421, 450, 451, 452, 454), saying(500, 501, 503, 521, 530, 535, 550, 552, 554))
const lost: fc.Arbitrary<Oddity> = fc.constantFrom('cut', 'cut', 'silence', 'without-end')
const oddity: fc.Arbitrary<{ readonly step: Step; readonly oddity: Oddity }> = fc.oneof(
  ...(['greeting', 'ehlo', 'helo', 'auth', 'mail', 'rcpt', 'rcpt', 'data', 'dot', 'dot'] as const).map(step =>
    fc.oneof({ weight: 3, arbitrary: refusal }, lost, nonsense).map(oddity => ({ step, oddity })),
  ),
  fc
    .constantFrom<Oddity>(
      'take-and-cut',
      { say: '250 OK\r\n', close: true },
      { say: '250-a\r\n250 b\r\n', inPieces: true },
    )
    .map(oddity => ({ step: 'dot' as const, oddity })),
  // Of what does not want to hear more.
  fc
    .oneof(
      fc.constant<Oddity>('cut'),
      saying(421, 452, 552).map(oddity => ({ ...Object(oddity), close: true }) as Oddity),
    )
    .map(oddity => ({ step: 'inside' as const, oddity })),
)
const scenario = fc.record({
  oddities: fc.array(oddity, { maxLength: 10 }),
  mails: fc.array(fc.record({ automatic: fc.boolean(), people: fc.subarray([...PEOPLE], { minLength: 1 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
  extensions: fc.subarray(['PIPELINING', '8BITMIME', 'SMTPUTF8', 'SIZE 100000', 'ENHANCEDSTATUSCODES']),
  mechanisms: fc.option(fc.subarray(['PLAIN', 'LOGIN', 'CRAM-MD5'], { minLength: 1 })),
  connections: fc.integer({ min: 1, max: 3 }),
})
type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never

const QUICK = { connectionTimeout: 300, greetingTimeout: 300, socketTimeout: 300, deliveryMs: 3_000 }
const idOf = (bytes: Buffer) => /^Message-ID: <(.*)>/im.exec(bytes.toString('latin1'))?.[1] ?? ''

async function play({ oddities, mails, extensions, mechanisms, connections }: Scenario): Promise<void> {
  const waiting = [...oddities]
  await using store = await openTestStore()
  await using server = await startOddSmtp({
    extensions: () => [...extensions, ...(mechanisms ? [`AUTH ${mechanisms.join(' ')}`] : [])],
    at(step) {
      const index = waiting.findIndex(one => one.step === step)
      return index < 0 ? null : (waiting.splice(index, 1)[0]?.oddity ?? null)
    },
  })
  const account = smtpAccountAt(server.port, { user: 'it', password: PASSWORD })
  const transport = openSmtp(account, connections, QUICK)
  const { log, lines } = keptLog()
  let now: Instant = NOW
  const sending = { store, transport, log, mailbox: 'it', clock: () => now, openAttachment: async () => null }
  try {
    for (const [at, { automatic, people }] of mails.entries()) {
      const [to = '', ...cc] = people
      const address = (address: string) => ({ name: '', address })
      await enqueue(
        store,
        outgoing({ automatic, to: [address(to)], cc: cc.map(address), messageId: `pd.${at}@x` }),
        NOW,
      )
    }
    const attempts = new Map<number, number>()
    for (let attempt = 1; attempt <= 40; attempt++) {
      await sendDue(sending)
      const rows = await store.read.outbox({ limit: 10 })
      for (const row of rows) {
        expectWords([row.lastError, row.response])
        if (row.state !== 'queued' || attempts.get(row.id) === row.attempts) continue
        expect(row.lastError).not.toBeNull()
        const wait = epochMs(row.nextAttemptAt) - epochMs(now)
        const ceiling = Math.min(60 * MINUTE, MINUTE * 2 ** (row.attempts - 1))
        expect([row.attempts, wait >= ceiling / 2 && wait <= ceiling]).toEqual([row.attempts, true])
        attempts.set(row.id, row.attempts)
      }
      if (rows.every(({ state }) => state !== 'queued')) break
      now = (await store.read.nextAttemptAt('it')) ?? now
    }
    const rows = await store.read.outbox({ limit: 10 })
    for (const row of rows) expectSettled(row, server)
    expectWords(
      lines().map(line => JSON.stringify(line)),
      2_000,
    )
    const events = await Promise.all(
      rows.map(async ({ ticket }) => [ticket, await store.read.events(ticket ?? 0)] as const),
    )
    for (const [ticket, history] of events) {
      const row = rows.find(one => one.ticket === ticket)
      const told = (kind: string) =>
        history
          .flatMap(event => (event.kind === kind ? (event.data['to'] as { address: string }[]) : []))
          .map(one => one.address)
      expectWords(history.map(event => String(event.data['error'] ?? '')))
      expect([...told('reply-sent'), ...told('reply-failed')].sort()).toEqual(row ? recipients(row.mail).sort() : [])
      expect(row?.state).toBe(told('reply-failed').length > 0 ? 'failed' : 'sent')
    }
    // By hand it goes to those alone who have not got it.
    waiting.length = 0
    for (const { id, state } of rows) if (state === 'failed') await store.write(tx => tx.retryOutboxMail(id, now))
    await sendDue(sending)
    for (const row of await store.read.outbox({ limit: 10 })) {
      expect(row.state).toBe('sent')
      const told = server.taken.filter(one => one.told && idOf(one.bytes) === row.mail.messageId).flatMap(one => one.to)
      expect(told.sort()).toEqual(recipients(row.mail).sort())
    }
  } finally {
    transport.close()
  }
}

const recipients = ({ to, cc }: OutgoingMail) => [...to, ...cc].map(one => one.address)

/** No secret, nothing that a terminal would obey, and no more than a person reads. */
function expectWords(said: readonly (string | null)[], most = 1_500): void {
  for (const words of said) {
    expect(words ?? '').not.toMatch(/[\p{Cc}\u202a-\u202e]/u)
    for (const secret of SECRETS) expect(words?.includes(secret) ? words : '').toBe('')
    expect(words?.length ?? 0).toBeLessThan(most)
  }
}

function expectSettled(row: OutboxMail, { taken, refusals }: OddSmtp): void {
  const mine = taken.filter(({ bytes }) => idOf(bytes) === row.mail.messageId)
  expect(new Set(mine.map(({ bytes }) => bytes.toString('latin1'))).size).toBeLessThanOrEqual(1)
  const untaken: string[] = []
  for (const person of recipients(row.mail)) {
    const got = mine.filter(({ to }) => to.includes(person))
    // After they were told that this one has it, nobody was given it again.
    expect(got.findIndex(one => one.told)).toBe(got.some(one => one.told) ? got.length - 1 : -1)
    if (!got.some(one => one.told)) untaken.push(person)
  }
  expect([row.state, untaken.length > 0]).toEqual([row.state === 'sent' ? 'sent' : 'failed', row.state === 'failed'])
  if (row.state === 'failed') {
    expect(row.undelivered === null ? recipients(row.mail) : [...row.undelivered.waiting]).toEqual(
      expect.arrayContaining(untaken),
    )
    // Only what was said of the mail is said for good.
    expect(
      refusals.some(({ step, code }) => code >= 500 && ['mail', 'rcpt', 'data', 'inside', 'dot'].includes(step)),
    ).toBe(true)
    expect(row.lastError).toMatch(/\b5\d\d/)
  }
  const forGood = refusals.filter(
    ({ step, bytes, code }) => step === 'dot' && bytes && idOf(bytes) === row.mail.messageId && isForGood(code),
  )
  expect(forGood.length).toBe(row.state === 'failed' ? Math.min(forGood.length, 1) : 0)
}

const isForGood = (code: number) => code >= 500 && code < 600 && ![503, 530, 534, 535, 538].includes(code)

test('whatever servers do: every mail ends once, nobody gets twice what was taken, and nothing is said that must not be', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(scenario, { minLength: 1, maxLength: TOGETHER, size: 'max' }), async scenarios => {
      await Promise.all(scenarios.map(play))
    }),
    { numRuns: RUNS, timeout: 40_000 },
  )
}, 600_000)
