import { simpleParser } from 'mailparser'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import { DeskError } from '../../src/errors.ts'
import { DAY, MINUTE, plus } from '../../src/instant.ts'
import { createSender, type Sending, sendDue, type Tried } from '../../src/outbound/sender.ts'
import { openSmtp, type SmtpTransport } from '../../src/outbound/smtp.ts'
import { keptLog } from '../support/log.ts'
import { enqueue, outgoing } from '../support/outgoing.ts'
import { type SmtpTestServer, smtpAccountAt, startSmtp } from '../support/smtp.ts'
import { openTestStore, type TestStore } from '../support/store.ts'
import { eventually, within } from '../support/wait.ts'

const NOW = '2026-11-23T09:00:00.000Z'

let store: TestStore
let smtp: SmtpTestServer
let transport: SmtpTransport
let now: string
let sending: Sending

beforeEach(async () => {
  now = NOW
  store = await openTestStore()
  smtp = await startSmtp()
  transport = openSmtp(smtpAccountAt(smtp.port))
  sending = {
    store,
    clock: () => now,
    log: keptLog().log,
    mailbox: 'it',
    transport,
    openAttachment: async ({ part }) => Buffer.from(`part ${part}`),
  }
})
afterEach(async () => {
  transport.close()
  await smtp[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
})

const sentAs = async (mail: OutgoingMail) => {
  await enqueue(store, mail, NOW)
  await sendDue(sending)
  const [sent] = await smtp.waitFor(1)
  if (!sent) throw new Error('nothing was sent')
  return { ...sent, parsed: await simpleParser(sent.bytes), source: sent.bytes.toString() }
}

describe('what leaves', () => {
  test('an automatic mail says so in every way that robots ask for, and cannot be bounced to', async () => {
    const { envelope, parsed } = await sentAs(outgoing())
    expect(envelope).toEqual({ from: '', to: ['jane@example.org'] })
    expect(parsed.headers.get('auto-submitted')).toBe('auto-replied')
    expect(parsed.headers.get('x-auto-response-suppress')).toBe('All')
    expect(parsed.headers.get('precedence')).toBe('auto_reply')
    expect(parsed.headers.get('x-postdesk-loop')).toBe('yes')
  })

  test('is threaded and comes from the mailbox', async () => {
    const { parsed, source } = await sentAs(outgoing({ html: '<p>Thank you.</p>' }))
    expect(parsed.messageId).toBe('<pd.1001.aaaa.bbbb@example.org>')
    expect(parsed.inReplyTo).toBe('<first@jane.example>')
    expect(parsed.references).toEqual(['<root@jane.example>', '<first@jane.example>'])
    expect(parsed.from?.text).toBe('"IT Help" <it@example.org>')
    expect(parsed.subject).toBe('Re: Printer [#1001]')
    expect(parsed.date?.toISOString()).toBe(NOW)
    expect(parsed.html).toContain('<p>Thank you.</p>')
    expect(source).toContain('multipart/alternative')
  })

  test("a person's answer is no automatic mail, and bounces come back", async () => {
    const attachments = [{ rawMail: 1, part: 2, filename: 'plan.txt', contentType: 'text/plain' }]
    const { envelope, parsed } = await sentAs(outgoing({ automatic: false, attachments }))
    expect(envelope.from).toBe('it@example.org')
    expect(parsed.headers.has('auto-submitted')).toBe(false)
    expect(parsed.attachments.map(part => [part.filename, part.content.toString()])).toEqual([['plan.txt', 'part 2']])
  })

  test('names and subjects cannot add headers', async () => {
    const evil = 'x\r\nBcc: victim@example.net\r\n\r\nbody'
    const { source, envelope } = await sentAs(
      outgoing({
        subject: evil,
        from: { name: evil, address: 'it@example.org' },
        to: [{ name: evil, address: 'jane@example.org' }],
      }),
    )
    expect(source).not.toMatch(/^bcc:/im)
    expect(envelope.to).toEqual(['jane@example.org'])
  })
})

describe('how it ends', () => {
  const state = async () => (await store.read.outbox({ limit: 1 }))[0]

  test('accepted: sent, once, with a line in the history', async () => {
    await enqueue(store, outgoing(), NOW)
    expect(await sendDue(sending)).toBe(1)
    expect(await sendDue(sending)).toBe(0)
    expect(await state()).toMatchObject({ state: 'sent', attempts: 1, sentAt: NOW })
    expect((await store.read.events(1001)).map(event => event.kind)).toEqual(['opened', 'reply-sent'])
  })

  test('451: tried again later', async () => {
    await enqueue(store, outgoing(), NOW)
    smtp.next('temporary')
    await sendDue(sending)
    expect(await state()).toMatchObject({ state: 'queued', attempts: 1, lastError: expect.stringContaining('451') })
    expect(await sendDue(sending)).toBe(0)
    now = plus(NOW, MINUTE)
    await sendDue(sending)
    expect(await state()).toMatchObject({ state: 'sent', attempts: 2, lastError: null })
  })

  test('550: failed, told in the history, not tried again by itself', async () => {
    await enqueue(store, outgoing(), NOW)
    smtp.refuse('jane@example.org', 550)
    await sendDue(sending)
    now = plus(NOW, DAY)
    expect(await sendDue(sending)).toBe(0)
    expect(await state()).toMatchObject({ state: 'failed', lastError: expect.stringContaining('550') })
    expect((await store.read.events(1001)).at(-1)).toMatchObject({ kind: 'reply-failed' })
  })

  test('no server: waits, longer each time, and gives up after four days', async () => {
    await enqueue(store, outgoing(), NOW)
    await smtp.offline()
    const waits: number[] = []
    for (let attempt = 0; attempt < 9; attempt++) {
      await sendDue(sending)
      const next = (await store.read.nextAttemptAt('it')) ?? now
      waits.push(Date.parse(next) - Date.parse(now))
      now = next
    }
    expect(waits[0]).toBeLessThanOrEqual(MINUTE)
    expect(waits.at(-1)).toBeGreaterThanOrEqual(30 * MINUTE)
    expect(Math.max(...waits)).toBeLessThanOrEqual(60 * MINUTE)
    now = plus(NOW, 4 * DAY + 60 * MINUTE)
    await sendDue(sending)
    expect(await state()).toMatchObject({ state: 'failed' })
  })

  test('what was delivered and could not be written down is not sent again, but written down when that is possible', async () => {
    await enqueue(store, outgoing(), NOW)
    let writes = 0
    const full: Sending = {
      ...sending,
      store: {
        ...store,
        write: work => (++writes === 1 ? store.write(work) : Promise.reject(new DeskError('store', 'full'))),
      },
    }
    const unsettled: Tried[] = []
    await expect(sendDue(full, unsettled)).rejects.toThrow('full')
    expect([smtp.mails.length, unsettled.length]).toEqual([1, 1])
    // An hour later the disk is still full: the next attempt is due, and is not made.
    now = plus(NOW, 60 * MINUTE)
    await expect(sendDue(full, unsettled)).rejects.toThrow('full')
    expect(await sendDue(sending, unsettled)).toBe(0)
    expect([smtp.mails.length, unsettled.length]).toEqual([1, 0])
    expect(await state()).toMatchObject({ state: 'sent', attempts: 1 })
  })

  test('a clock that was ahead and is set back: what waits for the future is sent now', async () => {
    now = plus(NOW, 400 * DAY)
    await enqueue(store, outgoing(), now)
    smtp.next('temporary')
    await sendDue(sending)
    now = NOW
    expect(await sendDue(sending)).toBe(1)
    expect(await state()).toMatchObject({ state: 'sent', attempts: 2 })
  })

  test('a clock that jumps ahead for a year: a mail is not given up for its age alone', async () => {
    await enqueue(store, outgoing(), NOW)
    now = plus(NOW, 400 * DAY)
    smtp.next('temporary')
    await sendDue(sending)
    expect(await state()).toMatchObject({ state: 'queued', attempts: 1 })
  })

  test('a crash between delivery and settling sends the very same mail again', async () => {
    await enqueue(store, outgoing({ html: '<p>Thank you.</p>' }), NOW)
    smtp.next('lost-answer')
    await sendDue(sending)
    expect(await state()).toMatchObject({ state: 'queued', attempts: 1 })
    now = plus(NOW, MINUTE)
    await sendDue(sending)
    const [first, second] = smtp.mails.map(mail => mail.bytes.toString())
    expect(first).toMatch(/^message-id: <pd\.1001/im)
    expect(second).toBe(first)
  })

  test('while one mail waits for a slow server, what others were delivered is written down', async () => {
    smtp.next({ delayMs: 3_000 })
    await enqueue(store, outgoing(), NOW)
    await enqueue(store, outgoing(), NOW)
    const sent = sendDue({ ...sending, settleEveryMs: 20 })
    const states = async () => (await store.read.outbox({ limit: 2 })).map(one => one.state).sort()
    await eventually(async () => expect(await states()).toEqual(['queued', 'sent']), 2_500)
    await sent
    expect(await states()).toEqual(['sent', 'sent'])
  })

  test('a server that refuses the null sender gets the address of the mailbox, from then on', async () => {
    const { SMTPServer } = await import('smtp-server')
    const senders: string[] = []
    const picky = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS', 'AUTH'],
      onMailFrom({ address }, _session, done) {
        senders.push(address)
        done(address ? null : Object.assign(new Error('null sender not allowed'), { responseCode: 550 }))
      },
      onData(stream, _session, done) {
        stream.resume().on('end', () => done(null))
      },
    })
    await new Promise<void>(resolve => void picky.listen(0, '127.0.0.1', () => resolve()))
    const { port } = picky.server.address() as { port: number }
    const other = openSmtp(smtpAccountAt(port), 1)
    for (let count = 0; count < 2; count++) await enqueue(store, outgoing(), NOW)
    await sendDue({ ...sending, transport: other })
    expect((await store.read.outbox({ limit: 5 })).map(mail => mail.state)).toEqual(['sent', 'sent'])
    expect(senders.filter(sender => sender === 'it@example.org')).toHaveLength(2)
    other.close()
    await new Promise<void>(resolve => picky.close(() => resolve()))
  })

  test('another mailbox is not touched', async () => {
    await enqueue(store, outgoing(), NOW, 'hr')
    expect(await sendDue(sending)).toBe(0)
  })
})

describe('the loop', () => {
  test('sends when woken, and stops when told', async () => {
    const sender = createSender(sending)
    const stop = new AbortController()
    const run = sender.run(stop.signal)
    await eventually(async () => (await store.read.nextAttemptAt('it')) === null)
    await enqueue(store, outgoing(), NOW)
    sender.wake()
    await smtp.waitFor(1)
    stop.abort()
    await within(2_000, 'the sender stops', run)
  })

  test('finishes the delivery in hand before it stops', async () => {
    smtp.next({ delayMs: 300 })
    await enqueue(store, outgoing(), NOW)
    const stop = new AbortController()
    const run = createSender(sending).run(stop.signal)
    await eventually(() => smtp.counts.attempts === 1)
    stop.abort()
    await run
    expect(await store.read.outbox({ limit: 1 })).toMatchObject([{ state: 'sent' }])
  })
})

test('no password is in an error or a log line', async () => {
  const { log, lines } = keptLog()
  await using locked = await startSmtp({ auth: { user: 'it', password: 'right' } })
  const wrong = openSmtp(smtpAccountAt(locked.port, { user: 'it', password: 'hunter2-secret' }))
  await enqueue(store, outgoing(), NOW)
  await sendDue({ ...sending, log, transport: wrong })
  wrong.close()
  const [mail] = await store.read.outbox({ limit: 1 })
  expect(mail).toMatchObject({ state: 'queued', lastError: expect.stringMatching(/535.*check the user and secret/) })
  const text = JSON.stringify([mail, lines()])
  expect(text).not.toContain('hunter2-secret')
  expect(text).not.toContain(Buffer.from('\0it\0hunter2-secret').toString('base64'))
})
