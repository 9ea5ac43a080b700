import { afterEach, beforeEach, expect, test } from 'vitest'
import { plus } from '../../src/instant.ts'
import type { Position } from '../../src/store/measures.ts'
import { Database, type Native } from '../../src/store/native.ts'
import { NOW, openTestApi, type TestApi } from '../support/api.ts'
import { enqueue, outgoing } from '../support/outgoing.ts'

let api: TestApi
beforeEach(async () => {
  api = await openTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const START: Position = { rawMail: 0, event: 0 }

test('what is new since a position, in steps, each line once', async () => {
  const { read } = api.store
  expect(await read.newsSince(START, 100)).toEqual({ mails: [], events: [], next: START, more: false })
  await api.arrives({ subject: 'Printer' })
  await api.arrives({ subject: 'Wifi' })
  const [mail] = await read.outbox({ limit: 1 })
  if (!mail?.ticket) throw new Error('no acknowledgement')
  const data = { kind: 'acknowledgement', outbox: mail.id }
  await api.store.write(tx =>
    tx.addEvents(mail.ticket ?? 0, [{ kind: 'reply-sent', actor: 'postdesk', data }], plus(NOW, 9_000)),
  )

  const mails: unknown[] = []
  const events: unknown[] = []
  let from = START
  for (let more = true; more; ) {
    const news = await read.newsSince(from, 2)
    mails.push(...news.mails)
    events.push(...news.events)
    ;({ next: from, more } = news)
  }
  expect(mails).toEqual([
    { mailbox: 'it', outcome: 'open' },
    { mailbox: 'it', outcome: 'open' },
  ])
  expect(events).toEqual([
    { kind: 'opened', at: NOW, mailbox: 'it', openedAt: NOW, of: null },
    { kind: 'opened', at: NOW, mailbox: 'it', openedAt: NOW, of: null },
    { kind: 'reply-sent', at: plus(NOW, 9_000), mailbox: 'it', openedAt: NOW, of: 'acknowledgement' },
  ])
  expect(from).toEqual(await read.position())
})

test('what waits, what was given up, what is in quarantine', async () => {
  const { read, write } = api.store
  expect([await read.queueDepths(), await read.failedCount(), await read.quarantine()]).toEqual([
    [],
    0,
    { count: 0, oldestAt: null },
  ])
  const first = await enqueue(api.store, outgoing({ messageId: 'a@x' }), NOW)
  await enqueue(api.store, outgoing({ messageId: 'b@x' }), plus(NOW, 1_000))
  await enqueue(api.store, outgoing({ messageId: 'c@x' }), plus(NOW, 2_000), 'support')
  await write(tx => tx.settle(first ?? 0, { outcome: 'failed', error: '550' }, NOW))
  expect(await read.queueDepths()).toEqual([
    { mailbox: 'it', queued: 1, oldestAt: plus(NOW, 1_000) },
    { mailbox: 'support', queued: 1, oldestAt: plus(NOW, 2_000) },
  ])
  expect(await read.failedCount()).toBe(1)
  await write(async tx => {
    const bytes = Buffer.from('x')
    const raw = { mailbox: 'it', folder: 'INBOX', uidValidity: '7', uid: 9, receivedAt: NOW, bytes, sha256: 'x' }
    const id = await tx.saveRawMail(raw, plus(NOW, 5_000))
    await tx.settleRawMail(id ?? 0, { outcome: 'quarantine', reason: 'odd', ticket: null, fingerprint: null })
  })
  expect(await read.quarantine()).toEqual({ count: 1, oldestAt: plus(NOW, 5_000) })
})

test('each question is answered by an index, whatever the size of the tables', async () => {
  const asked: string[] = []
  const { prepare } = Database.prototype
  Database.prototype.prepare = function (this: Native, source: string) {
    asked.push(source)
    return prepare.call(this, source)
  } as typeof prepare
  try {
    const { read } = api.store
    await read.newsSince({ rawMail: 1, event: 1 }, 10)
    await read.queueDepths()
    await read.failedCount()
    await read.quarantine()
    await read.tickets({ category: 'printing', status: ['solved', 'closed'] }, 4)
    await read.stuckMail('it')
    await read.lastSent('it')
    await read.failedMails('it', { id: 1, at: NOW })
    await read.lastArrivalAt('it', NOW)
    await read.firstArrivalAt('it')
    await read.arrivalsByHour('it', [{ from: NOW, to: NOW }])
  } finally {
    Database.prototype.prepare = prepare
  }
  expect(asked.length).toBeGreaterThan(9)
  const db = new Database(api.store.path, { readonly: true })
  for (const source of asked) {
    const parameters = Array(source.split('?').length - 1).fill('1')
    const plan = db
      .prepare<unknown[], { detail: string }>(`explain query plan ${source}`)
      .all(...parameters)
      .map(({ detail }) => detail)
    if (source.includes('from "tickets"')) expect(plan, source).not.toContain('USE TEMP B-TREE FOR ORDER BY')
    // An index of what waits or has failed is as long as that, however much was ever sent.
    const walks = plan.filter(
      step =>
        step.startsWith('SCAN') &&
        !step.startsWith('SCAN (subquery') &&
        !/ USING (?:COVERING )?INDEX outbox_(?:due|failed)/.test(step),
    )
    // From the end of a table, one row: no matter how long it is.
    if (/order by "id" desc limit/.test(source)) continue
    expect(walks, `${source}: ${plan.join('; ')}`).toEqual([])
  }
  db.close()
})
