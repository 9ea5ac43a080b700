/*
 * The SMTP server is down, busy, unwilling, or lost in the middle of a mail.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Desk, describeOnBoth, header, only, readSent, startDesk } from '../support/desk.ts'
import type { OutboxSeen } from '../support/service.ts'
import type { SmtpBehaviour } from '../support/smtp.ts'
import { eventually } from '../support/wait.ts'

const letter = (name: string) => ({
  from: `${name}@example.org`,
  text: `Hello, this is ${name}, and I need your help.`,
})

/** The rows of the outbox, once each of them has been tried. */
const tried = (desk: Desk, count: number): Promise<readonly OutboxSeen[]> =>
  eventually(async () => {
    const rows = await desk.service.outbox()
    return rows.length === count && rows.every(row => row.lastError !== null) && rows
  }, 15_000)

const retry = (desk: Desk, { id }: OutboxSeen) => desk.service.request('POST', `/v1/outbox/${id}/retry`)

describeOnBoth('SMTP is down for a while', kind => {
  test('mail is taken in and waits; it goes out once when the server is back, also over a restart', async () => {
    await using desk = await startDesk(kind, { mailboxes: { it: {} } })
    await desk.smtp.offline()
    const names = ['ann', 'ben', 'cem']
    for (const name of names) await desk.deliver(letter(name))
    const rows = await tried(desk, 3)
    for (const row of rows) {
      expect(row).toMatchObject({ state: 'queued', attempts: 1, sentAt: null })
      expect(row.lastError).toMatch(/^127\.0\.0\.1:\d+: .*ECONNREFUSED/)
      expect(Date.parse(row.nextAttemptAt)).toBeGreaterThan(Date.now())
    }
    expect((await desk.service.ledger()).map(({ outcome }) => outcome)).toEqual(['open', 'open', 'open'])

    await desk.service.stop()
    await desk.smtp.online()
    await desk.service.start()
    for (const row of rows) expect((await retry(desk, row)).status).toBe(200)
    await desk.service.sent()
    const sent = await Promise.all(desk.smtp.mails.map(readSent))
    expect(sent.map(({ envelope }) => only(envelope.to)).sort()).toEqual(names.map(name => `${name}@example.org`))
    expect(sent.map(one => header(one, 'Message-ID')).sort()).toEqual(rows.map(row => `<${row.messageId}>`).sort())
    for (const row of await desk.service.outbox()) expect(row).toMatchObject({ state: 'sent', lastError: null })
  })
})

describe('one mail is not taken', () => {
  let desk: Desk
  beforeAll(async () => {
    desk = await startDesk('Hoodiecrow', { mailboxes: { it: {} } })
  }, 60_000)
  afterAll(() => desk?.[Symbol.asyncDispose](), 60_000)

  const cases: [string, Extract<SmtpBehaviour, string>, OutboxSeen['state'], RegExp, number][] = [
    ['a busy server is asked again later', 'temporary', 'queued', /451 Try again later/, 1],
    ['an unwilling server is not asked again', 'permanent', 'failed', /550 Not wanted here/, 1],
    ['a connection that dies in the middle is tried again', 'drop', 'queued', /127\.0\.0\.1/, 1],
    ['an answer that is lost: the mail goes out again as the very same', 'lost-answer', 'queued', /127\.0\.0\.1/, 2],
  ]
  test.each(cases)('%s', async (_name, behaviour, state, error, copies) => {
    const [one, next] = [`${behaviour}`, `${behaviour}-next`]
    desk.smtp.next(behaviour)
    const { ticket: id } = await desk.service.taken('it', await desk.deliver(letter(one)))
    const row = await eventually(async () => (await desk.service.outbox(`ticket=${id}`)).find(mail => mail.lastError))
    expect(row).toMatchObject({ state, attempts: 1, lastError: expect.stringMatching(error) })
    const { events } = await desk.service.ticket(id ?? 0)
    expect(events.filter(({ kind }) => kind === 'reply-failed')).toHaveLength(state === 'failed' ? 1 : 0)

    // The others do not wait for it.
    await desk.deliver(letter(next))
    await desk.smtp.waitFor(({ envelope }) => envelope.to.includes(`${next}@example.org`), 15_000)
    expect((await retry(desk, row)).status).toBe(200)
    await desk.service.sent()
    expect((await retry(desk, row)).status).toBe(409)
    const received = await desk.sentTo(`${one}@example.org`)
    expect(received).toHaveLength(copies)
    expect(new Set(received.map(({ source }) => source)).size).toBe(1)
    expect(await desk.sentTo(`${next}@example.org`)).toHaveLength(1)
  })
})

describe('one recipient of several is not taken', () => {
  test('greylisted, and the process is killed: who has it does not get it again', async () => {
    await using desk = await startDesk('Hoodiecrow', { mailboxes: { it: {} } })
    const { ticket: id } = await desk.service.taken(
      'it',
      await desk.deliver({ ...letter('ann'), to: 'it@example.org', cc: 'dora@example.org, eve@example.org' }),
    )
    await desk.service.sent()
    for (const name of ['ann', 'dora']) desk.smtp.refuse(`${name}@example.org`, 450)
    const { status } = await desk.service.request('POST', `/v1/tickets/${id}/messages`, {
      kind: 'answer',
      text: 'Water?',
    })
    expect(status).toBe(201)
    const row = await eventually(async () => (await desk.service.outbox(`ticket=${id}`)).find(mail => mail.lastError))
    expect(row).toMatchObject({ kind: 'answer', state: 'queued', undelivered: ['ann@example.org', 'dora@example.org'] })
    await desk.service.kill()
    desk.smtp.refuse('ann@example.org', null)
    desk.smtp.refuse('dora@example.org', 550)
    await desk.service.start()
    expect((await retry(desk, row)).status).toBe(200)
    const after = await eventually(async () => only(await desk.service.outbox(`ticket=${id}&state=failed`)))
    expect(after).toMatchObject({
      id: row.id,
      lastError: expect.stringContaining('550'),
      undelivered: ['dora@example.org'],
    })
    const copies = desk.smtp.mails.filter(({ bytes }) => bytes.toString().includes(`<${row.messageId}>`))
    expect(copies.map(({ envelope }) => envelope.to)).toEqual([['eve@example.org'], ['ann@example.org']])
    const told = (await desk.service.ticket(id ?? 0)).events.flatMap(({ kind, data }) =>
      kind === 'reply-failed' ? [data['to']] : [],
    )
    expect(told).toMatchObject([[{ address: 'dora@example.org' }]])
  })
})
