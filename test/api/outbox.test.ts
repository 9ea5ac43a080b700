import { afterEach, beforeEach, expect, test } from 'vitest'
import { MINUTE } from '../../src/instant.ts'
import { openTestApi, problemOf, type TestApi } from '../support/api.ts'

let api: TestApi
beforeEach(async () => {
  api = await openTestApi()
  for (const subject of ['One', 'Two', 'Three']) await api.arrives({ subject })
  await api.store.write(async tx => {
    await tx.settle(1, { outcome: 'sent', response: '250 queued as 7' }, api.now)
    await tx.settle(2, { outcome: 'failed', error: '550 no such user' }, api.now)
  })
})
afterEach(() => api[Symbol.asyncDispose]())

const ids = async (query: string) =>
  (await api.reader.get(`/v1/outbox${query}`)).body.items.map(({ id }: { id: number }) => id)

test('lists what leaves us, newest first', async () => {
  expect(await ids('')).toEqual([3, 2, 1])
  expect(await ids('?state=queued')).toEqual([3])
  expect(await ids('?state=failed')).toEqual([2])
  expect(await ids('?ticket=1001')).toEqual([1])
  expect(await ids('?ticket=9999')).toEqual([])
  const first = (await api.reader.get('/v1/outbox?limit=2')).body
  expect(await ids(`?limit=2&cursor=${first.nextCursor}`)).toEqual([1])
  expect(first.items[1]).toMatchObject({
    state: 'failed',
    lastError: '550 no such user',
    kind: 'acknowledgement',
    subject: expect.stringContaining('Two'),
  })
  expect(first.items[0]).not.toHaveProperty('text')
})

test('shows a mail as it is written', async () => {
  const { body } = await api.reader.get('/v1/outbox/1')
  expect(body).toMatchObject({
    state: 'sent',
    response: '250 queued as 7',
    sentAt: api.now,
    automatic: true,
    from: { address: 'it@example.org' },
  })
  expect(body.text).toContain('1001')
  expect(body.html).toContain('<')
})

test('a failed mail is sent again, the very same', async () => {
  const before = (await api.reader.get('/v1/outbox/2')).body
  api.passes(MINUTE)
  const { status, body } = await api.agent.post('/v1/outbox/2/retry')
  expect(status).toBe(200)
  expect(body).toMatchObject({
    id: 2,
    state: 'queued',
    attempts: 0,
    nextAttemptAt: api.now,
    messageId: before.messageId,
  })
  expect(api.woken()).toBe(1)
  expect((await api.reader.get('/v1/outbox/2')).body.text).toBe(before.text)
})

test('a waiting mail is sent at once', async () => {
  await api.store.write(tx => tx.claimDue('it', api.now, 1, () => '2026-11-23T12:00:00.000Z'))
  api.passes(MINUTE)
  expect((await api.agent.post('/v1/outbox/3/retry')).body).toMatchObject({ state: 'queued', nextAttemptAt: api.now })
})

test('a mail that was sent is not sent twice', async () => {
  const problem = problemOf(await api.agent.post('/v1/outbox/1/retry'))
  expect(problem).toEqual({ status: 409, detail: `mail 1 was sent already, at ${api.now}` })
  expect(api.woken()).toBe(0)
})

test('tells who has not got a mail that others have', async () => {
  const undelivered = { waiting: ['jane@example.org'], refused: [{ address: 'boss@example.org', error: '550' }] }
  const error = '450 later (jane@example.org); 550 (boss@example.org)'
  await api.store.write(tx => tx.settle(3, { outcome: 'later', error, response: '250 for one', undelivered }, api.now))
  const [line, ...others] = (await api.reader.get('/v1/outbox')).body.items
  expect(line).toMatchObject({
    ...{ state: 'queued', lastError: error, response: '250 for one' },
    undelivered: ['jane@example.org', 'boss@example.org'],
  })
  expect(others.map((one: typeof line) => one.undelivered)).toEqual([[], []])
  expect((await api.reader.get('/v1/outbox/3')).body).not.toHaveProperty('mail')
})
