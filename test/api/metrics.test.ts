import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ApiOptions } from '../../src/api/server.ts'
import { MINUTE, plus } from '../../src/instant.ts'
import { NOW, openTestApi, type TestApi } from '../support/api.ts'
import { enqueue, outgoing } from '../support/outgoing.ts'

let api: TestApi
beforeEach(async () => {
  api = await openTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

/** The samples by name and labels. */
async function scrape(): Promise<ReadonlyMap<string, number>> {
  const { status, body, headers } = await api.monitor.get('/metrics')
  expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  const lines = String(body).trimEnd().split('\n')
  return new Map(
    lines
      .filter(line => !line.startsWith('#'))
      .map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}
const it = (name: string, more = '') => `${name}{mailbox="it"${more}}`

test('every line is one that Prometheus reads, every family is explained once', async () => {
  await api.arrives({ subject: 'Printer' })
  const text = String((await api.monitor.get('/metrics')).body)
  const families = new Set<string>()
  for (const line of text.trimEnd().split('\n')) {
    const head = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line)
    if (head?.[1] === 'TYPE') {
      expect(families.has(head[2] ?? '')).toBe(false)
      families.add(head[2] ?? '')
    } else if (!head) expect(line).toMatch(/^[a-z_]+(\{([a-z]+="(?:[^"\\\n]|\\.)*",?)+\})? (?:[0-9.e+-]+|NaN|\+Inf)$/)
    const name = /^([a-z_]+)/.exec(line)?.[1]
    if (!head)
      expect(
        [...families].some(family => name === family || name?.replace(/_(bucket|sum|count)$/, '') === family),
        line,
      ).toBe(true)
  }
  expect(families.size).toBeGreaterThan(15)
})

test('a key is needed, and the one that sees figures sees nothing else', async () => {
  expect((await api.nobody.get('/metrics')).status).toBe(401)
  expect((await api.monitor.get('/v1/tickets')).status).toBe(403)
  expect((await api.reader.get('/metrics')).status).toBe(200)
})

test('mails by what became of them, and how long it took: from 0 on, each counted once', async () => {
  const lag = 'postdesk_arrival_to_ticket_seconds'
  const before = await scrape()
  expect(before.get(it('postdesk_mails_total', ',outcome="open"'))).toBe(0)
  expect(before.get(it(`${lag}_count`))).toBe(0)
  await api.arrives({ subject: 'Printer' })
  await api.arrives({ subject: 'Wifi' })
  await api.arrives({
    from: 'robot@example.org',
    subject: 'Out of office',
    headers: { 'auto-submitted': 'auto-replied' },
  })
  // Two at once: neither counts what the other has counted.
  const [one, other] = await Promise.all([scrape(), scrape()])
  for (const after of [one, other]) {
    expect(after.get(it('postdesk_mails_total', ',outcome="open"'))).toBe(2)
    expect(after.get(it('postdesk_mails_total', ',outcome="automatic"'))).toBe(1)
    expect(after.get(it(`${lag}_count`))).toBe(2)
    expect(after.get(it(`${lag}_bucket`, ',le="1"'))).toBe(2)
  }
})

test('what was there before the start is not counted', async () => {
  await api.arrives({ subject: 'Printer' })
  const { createApi } = await import('../../src/api/server.ts')
  const again = await createApi({
    ...{ reconcile: () => Promise.reject(new Error('no')) },
    ...{
      store: api.store,
      policy: api.policy,
      clock: () => api.now,
      log: api.app.log as never,
      trustProxy: [],
      folders: [],
    },
    ...{
      ids: {} as never,
      onQueued: () => undefined,
      reconcile: async () => [],
      replay: () => Promise.reject(new Error('no')),
      release: () => Promise.reject(new Error('no')),
      openAttachment: async () => null,
    },
  } as ApiOptions)
  const { body } = await again.inject({ url: '/metrics', headers: { authorization: `Bearer ${api.monitor.key}` } })
  expect(body).toContain('postdesk_mails_total{mailbox="it",outcome="open"} 0')
  await again.close()
})

test('acknowledgements: from the arrival of the mail to the answer of the SMTP server; what waits, what was given up', async () => {
  await scrape()
  const first = (await enqueue(api.store, outgoing({ messageId: 'a@x' }), NOW)) ?? 0
  const second = (await enqueue(api.store, outgoing({ messageId: 'b@x' }), NOW)) ?? 0
  api.passes(7_000)
  const waiting = await scrape()
  expect([waiting.get(it('postdesk_outbox_queued')), waiting.get(it('postdesk_outbox_oldest_seconds'))]).toEqual([2, 7])
  await api.store.write(async tx => {
    for (const [id, kind] of [
      [first, 'reply-sent'],
      [second, 'reply-failed'],
    ] as const) {
      const mail = await tx.outboxMail(id)
      await tx.settle(
        id,
        kind === 'reply-sent' ? { outcome: 'sent', response: '250' } : { outcome: 'failed', error: '550' },
        api.now,
      )
      await tx.addEvents(
        mail?.ticket ?? 0,
        [{ kind, actor: 'postdesk', data: { kind: 'acknowledgement', outbox: id } }],
        api.now,
      )
    }
  })
  const after = await scrape()
  const lag = 'postdesk_arrival_to_acknowledgement_seconds'
  expect([after.get(it(`${lag}_count`)), after.get(it(`${lag}_sum`))]).toEqual([1, 7])
  expect([after.get(it(`${lag}_bucket`, ',le="5"')), after.get(it(`${lag}_bucket`, ',le="10"'))]).toEqual([0, 1])
  expect(after.get(it('postdesk_outgoing_mails_total', ',kind="acknowledgement",outcome="sent"'))).toBe(1)
  expect(after.get(it('postdesk_outgoing_mails_total', ',kind="acknowledgement",outcome="failed"'))).toBe(1)
  expect([
    after.get(it('postdesk_outbox_queued')),
    after.get(it('postdesk_outbox_oldest_seconds')),
    after.get('postdesk_outbox_failed'),
  ]).toEqual([0, 0, 1])
})

test('folders: read, failing, waiting; alarms; quarantine', async () => {
  const inbox = (name: string) => `${name}{mailbox="it",folder="INBOX"}`
  const never = await scrape()
  expect(never.get(inbox('postdesk_folder_up'))).toBe(0)
  expect(never.has(inbox('postdesk_oldest_unprocessed_mail_seconds'))).toBe(false)

  const refused = { mailbox: 'it', folder: 'INBOX', uidValidity: '7', uid: 5, reason: 'NO' }
  expect(never.get(inbox('postdesk_refused_mails'))).toBe(0)
  await api.store.write(tx => tx.mailRefused(refused, api.now))
  await api.store.write(tx => tx.folderRead('it', 'INBOX', api.now))
  api.passes(2 * MINUTE)
  const read = await scrape()
  expect(read.get(inbox('postdesk_refused_mails'))).toBe(1)
  expect(read.get(inbox('postdesk_folder_up'))).toBe(1)
  expect(read.get(inbox('postdesk_oldest_unprocessed_mail_seconds'))).toBe(120)

  await api.store.write(tx => tx.folderFailed('it', 'INBOX', 'gone', api.now))
  const trouble = { cause: 'reading', mailbox: 'it', folder: 'INBOX', since: api.now, detail: 'gone' } as const
  await api.store.write(tx => tx.raiseAlarm(trouble, api.now))
  api.passes(MINUTE)
  const failing = await scrape()
  expect(failing.get(inbox('postdesk_folder_up'))).toBe(0)
  expect(failing.get(inbox('postdesk_folder_failing_seconds'))).toBe(60)
  expect(failing.get('postdesk_alarm{cause="reading",mailbox="it",folder="INBOX"}')).toBe(1)

  await api.store.write(async tx => {
    const raw = {
      mailbox: 'it',
      folder: 'INBOX',
      uidValidity: '7',
      uid: 99,
      receivedAt: NOW,
      bytes: Buffer.from('x'),
      sha256: 'x',
    }
    const id = (await tx.saveRawMail(raw, api.now)) ?? 0
    await tx.settleRawMail(id, { outcome: 'quarantine', reason: 'odd', ticket: null, fingerprint: null })
    await tx.endAlarm(trouble, api.now)
  })
  api.passes(MINUTE)
  const odd = await scrape()
  expect([odd.get('postdesk_quarantined_mails'), odd.get('postdesk_quarantine_oldest_seconds')]).toEqual([1, 60])
  expect([...odd.keys()].filter(name => name.startsWith('postdesk_alarm{'))).toEqual([])
})

test('the process: memory, processor, how late its timers come', async () => {
  const figures = await scrape()
  expect(figures.get('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
  expect(figures.get('process_cpu_seconds_total')).toBeGreaterThan(0)
  expect(figures.get('process_start_time_seconds')).toBeLessThanOrEqual(Date.now() / 1_000)
  await new Promise(resolve => setTimeout(resolve, 50))
  const until = performance.now() + 300
  // A standstill of the whole process.
  while (performance.now() < until);
  await new Promise(resolve => setTimeout(resolve, 50))
  const late = await scrape()
  expect(late.get('postdesk_event_loop_delay_max_seconds')).toBeGreaterThan(0.2)
  await new Promise(resolve => setTimeout(resolve, 100))
  expect((await scrape()).get('postdesk_event_loop_delay_max_seconds')).toBeLessThan(0.25)
})

test('a long time without a look is caught up with in steps', async () => {
  await scrape()
  await api.arrives({ subject: 'Printer' })
  await api.store.write(async tx => {
    const event = { kind: 'reply-sent', actor: 'postdesk', data: { kind: 'answer' } }
    await tx.addEvents(1001, Array(9_000).fill(event), plus(NOW, 1_000))
  })
  expect((await scrape()).get(it('postdesk_outgoing_mails_total', ',kind="answer",outcome="sent"'))).toBe(9_000)
})
