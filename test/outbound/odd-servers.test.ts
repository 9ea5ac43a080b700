import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import { DAY, HOUR, plus } from '../../src/instant.ts'
import { type Sending, sendDue } from '../../src/outbound/sender.ts'
import { openSmtp, type SmtpAccount, type SmtpTransport } from '../../src/outbound/smtp.ts'
import { keptLog } from '../support/log.ts'
import { type OddOptions, type OddSmtp, startOddSmtp } from '../support/odd-smtp.ts'
import { enqueue, outgoing } from '../support/outgoing.ts'
import { smtpAccountAt } from '../support/smtp.ts'
import { openTestStore, type TestStore } from '../support/store.ts'

/*
 * What servers were made to do in odd-servers.property.test.ts, and what is to come of it.
 */
const NOW = '2026-11-23T09:00:00.000Z'
const QUICK = { connectionTimeout: 500, greetingTimeout: 500, socketTimeout: 500, deliveryMs: 700 }

let store: TestStore
let server: OddSmtp
let transport: SmtpTransport
let sending: Sending
let now: string
let mails: number
/** What the server does, from the next step on. */
let odd: OddOptions
let lines: () => Record<string, unknown>[]

beforeEach(async () => {
  now = NOW
  odd = {}
  mails = 0
  store = await openTestStore()
  server = await startOddSmtp({
    extensions: () => odd.extensions?.() ?? [],
    at: (step, sight) => odd.at?.(step, sight) ?? null,
  })
  signInAs({})
})
afterEach(async () => {
  transport.close()
  await server[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
})

function signInAs(account: Partial<SmtpAccount>): void {
  transport?.close()
  transport = openSmtp(smtpAccountAt(server.port, account), 1, QUICK)
  const kept = keptLog()
  lines = kept.lines
  sending = { store, transport, log: kept.log, mailbox: 'it', clock: () => now, openAttachment: async () => null }
}

const write = (different: Partial<OutgoingMail> = {}) =>
  enqueue(store, outgoing({ messageId: `pd.${++mails}@example.org`, ...different }), now)
/** One attempt, and the outbox after it, oldest first. */
const attempt = async (afterMs = 0) => {
  now = plus(now, afterMs)
  await sendDue(sending)
  return (await store.read.outbox({ limit: 10 })).toReversed()
}

describe('what is said of us, and not of the mail, waits until it is put right', () => {
  test.each<[string, OddOptions, RegExp]>([
    [
      'a greeting that blocks us',
      { at: step => (step === 'greeting' ? { say: '554 5.7.1 Blocked\r\n', close: true } : null) },
      /554 5\.7\.1 Blocked$/,
    ],
    [
      'a sign-in that is wanted',
      { at: step => (step === 'mail' ? { say: '530 5.7.0 Authentication required\r\n' } : null) },
      /530 .*check smtp\.user.*smtp\.tls/,
    ],
    [
      'neither EHLO nor HELO',
      { at: step => (step === 'ehlo' || step === 'helo' ? { say: '502 5.5.1 No\r\n' } : null) },
      /502 5\.5\.1 No/,
    ],
    [
      'out of sequence',
      { at: step => (step === 'data' ? { say: '503 5.5.1 Bad sequence\r\n' } : null) },
      /503 5\.5\.1/,
    ],
  ])('%s', async (_what, oddly, words) => {
    odd = oddly
    await write()
    expect(await attempt()).toMatchObject([{ state: 'queued', attempts: 1, lastError: expect.stringMatching(words) }])
    odd = {}
    expect(await attempt(HOUR)).toMatchObject([{ state: 'sent' }])
  })

  test.each<[string, string]>([
    ['refused for now', '454 4.7.0 TLS not available\r\n'],
    ['refused', '502 5.5.1 No TLS here\r\n'],
    ['begun with something else', '220 Ready\r\nHTTP/1.1 400 Bad Request\r\n\r\n'],
  ])('STARTTLS that is %s: nothing is sent in the clear', async (_how, say) => {
    odd = { extensions: () => ['STARTTLS'], at: step => (step === 'starttls' ? { say } : null) }
    signInAs({ tls: 'starttls', user: 'it', password: 'hunter2' })
    await write()
    const [mail] = await attempt()
    expect(mail).toMatchObject({ state: 'queued', lastError: expect.stringMatching(/^127\.0\.0\.1:\d+: .{10}/) })
    expect(server.heard.filter(line => /^(?:AUTH|MAIL)/.test(line))).toEqual([])
  })

  test('a sign-in that cannot be looked at just now is no wrong password', async () => {
    odd = { extensions: () => ['AUTH PLAIN'], at: step => (step === 'auth' ? { say: '454 4.7.0 Later\r\n' } : null) }
    signInAs({ user: 'it', password: 'hunter2' })
    await write()
    expect(await attempt()).toMatchObject([{ state: 'queued', lastError: expect.stringMatching(/454 4\.7\.0 Later$/) }])
  })
})

test('a server that knows only HELO gets mail', async () => {
  odd = { at: step => (step === 'ehlo' ? { say: '500 What?\r\n' } : null) }
  await write()
  expect(await attempt()).toMatchObject([{ state: 'sent' }])
})

test('a mail that is refused at its sender, whoever that is, takes the null return path from no other', async () => {
  odd = { at: step => (step === 'mail' ? { say: '552 5.3.4 Too much today\r\n' } : null) }
  await write()
  expect(await attempt()).toMatchObject([{ state: 'failed' }])
  odd = {}
  await write()
  expect((await attempt())[1]).toMatchObject({ state: 'sent' })
  expect(server.taken.map(({ from }) => from)).toEqual([''])
})

test('people are told of as they are known, however their addresses are written to the server', async () => {
  const to = [{ name: 'Jürg', address: 'Jürg.@example.org' }]
  const cc = [
    { name: 'Bea', address: 'bea@bücher.example' },
    { name: 'Cas', address: 'cas.@bücher.example' },
  ]
  odd = {
    at: (step, { recipient }) => (step === 'rcpt' && recipient?.includes('cas') ? { say: '450 4.2.1 Busy\r\n' } : null),
  }
  await write({ automatic: false, to, cc })
  expect(await attempt()).toMatchObject([{ state: 'queued', undelivered: { waiting: ['cas.@bücher.example'] } }])
  odd = {}
  expect(await attempt(HOUR)).toMatchObject([{ state: 'sent' }])
  const told = (await store.read.events(1001)).flatMap(event => event.data['to'] ?? [])
  expect(told).toEqual([...to, ...cc])
})

test('a server that never comes to an end holds up no mail behind it', async () => {
  odd = { at: (step, { recipient }) => (step === 'rcpt' && recipient === 'slow@example.org' ? 'without-end' : null) }
  await write({ to: [{ name: '', address: 'slow@example.org' }] })
  await write()
  expect(await attempt()).toMatchObject([
    { state: 'queued', lastError: expect.stringContaining('did not come to an end') },
    { state: 'sent' },
  ])
})

test('a mail that nobody wants holds up no other, and says in the end what the server said', async () => {
  odd = {
    at: (step, { recipient }) =>
      step === 'rcpt' && recipient === 'full@example.org' ? { say: '452 4.2.2 Mailbox full\r\n' } : null,
  }
  await write({ to: [{ name: '', address: 'full@example.org' }] })
  for (let count = 0; count < 9; count++) {
    await write()
    expect((await attempt(HOUR)).at(-1)).toMatchObject({ state: 'sent' })
  }
  const [full] = await attempt(4 * DAY)
  expect(full).toMatchObject({
    state: 'failed',
    attempts: 10,
    lastError: expect.stringMatching(/452 4\.2\.2 Mailbox full$/),
  })
})

test.each<[string, string]>([
  ['refused', '550-5.7.1 \x1b[2Jno\x00\r\n550-5.7.1 SECRET\r\n550 5.7.1 END\r\n'],
  ['taken', '250-2.0.0 \x07kept\r\n250 2.0.0 SECRET END\r\n'],
])(
  '%s with words for a machine: one line is kept of them, without control characters and secrets',
  async (_how, reply) => {
    const [user, password] = ['it', 'hunter2']
    const secrets = [
      password,
      ...[password, `\0${user}\0${password}`].map(form => Buffer.from(form).toString('base64')),
    ]
    const say = reply.replace('SECRET', secrets.join(' ')).replace('END', 'x'.repeat(500_000))
    odd = { extensions: () => ['AUTH LOGIN'], at: step => (step === 'dot' ? { say } : null) }
    signInAs({ user, password })
    await write()
    const [mail] = await attempt()
    const events = await store.read.events(1001)
    const kept = [mail?.lastError, mail?.response, ...events.map(({ data }) => data['error'])].filter(
      words => words != null,
    )
    expect(kept.length).toBeGreaterThan(0)
    for (const words of kept) {
      expect(words).toMatch(/^(?:127\.0\.0\.1:\d+: )?(?:550|250)[^\p{Cc}]{20,500}$/u)
      expect(words).toContain('*** *** ***')
    }
    const everything = JSON.stringify([mail, events, lines()])
    for (const secret of secrets) expect(everything).not.toContain(secret)
  },
)
