import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Database, type Native } from '../../src/store/native.ts'
import { openTestApi, problemOf, type TestApi } from '../support/api.ts'
import { type Document, operationsOf, validatorFor } from '../support/openapi.ts'
import { enqueue, outgoing } from '../support/outgoing.ts'
import { requestsOf } from '../support/requests.ts'
import { brokenInvariants } from '../support/store.ts'

/*
 * Whatever is asked of whichever route: the answer is as documented and no fault of ours, and what is refused changes nothing.
 */

let api: TestApi
let document: Document
let database: Native

beforeAll(async () => {
  api = await openTestApi()
  document = (await api.nobody.get('/v1/openapi.json')).body
  const filename = 'a"b\r\nSet-Cookie: x=y\\%0d.html'
  await api.arrives({
    messageId: 'fire@example.org',
    attachments: [{ filename, contentType: 'text/html', content: '' }],
  })
  await api.agent.post('/v1/tickets/1001/messages', { kind: 'answer', text: 'Run.', agent: 'ana' })
  await api.arrives({ from: 'mallory@elsewhere.example', inReplyTo: 'fire@example.org' })
  for (const subject of ['', 'x'.repeat(2000), '🙈 wifi', 'printer', 'a', 'b']) {
    await api.arrives({ from: `${subject.length}@example.org`, subject })
  }
  await api.agent.patch('/v1/tickets/1003', { status: 'pending' })
  await api.agent.patch('/v1/tickets/1004', { status: 'solved' })
  await api.agent.post('/v1/tickets/1005/merge', { into: 1006 })
  for (const [uid, outcome] of [
    [901, 'quarantine'],
    [902, 'blocked'],
  ] as const) {
    await api.store.write(async tx => {
      const bytes = Buffer.from('From: q@example.org\r\nTo: it@example.org\r\n\r\nbody')
      const raw = { mailbox: 'it', folder: 'INBOX', uidValidity: '7', uid, receivedAt: api.now, bytes, sha256: 'x' }
      const id = (await tx.saveRawMail(raw, api.now)) ?? 0
      await tx.settleRawMail(id, { outcome, reason: 'it was odd', ticket: null, fingerprint: null })
    })
  }
  const failed = (await enqueue(api.store, outgoing(), api.now)) ?? 0
  await api.store.write(tx => tx.settle(failed, { outcome: 'failed', error: '550 \r\n no' }, api.now))
  database = new Database(api.store.path, { readonly: true })
})
afterAll(async () => {
  database.close()
  await api[Symbol.asyncDispose]()
})

/** All that is stored, but for the last use of keys, which is noted beside any answer. */
function dump(): string {
  const tables = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%' AND name <> 'api_keys'")
    .pluck()
  return JSON.stringify(tables.all().map(table => database.prepare(`SELECT * FROM "${table}"`).all()))
}

test('no request is answered with a fault of ours or otherwise than documented, and what is refused changes nothing', async () => {
  const expectValid = validatorFor(document)
  const operations = operationsOf(document).filter(({ path }) => path !== '/readyz')
  // The more can be asked, the oftener it is.
  const requests = operations.map(operation => ({
    weight: 1 + (operation.parameters?.length ?? 0) + (operation.requestBody ? 5 : 0),
    arbitrary: requestsOf(operation),
  }))
  const statuses = new Set<number>()
  const property = fc.asyncProperty(fc.oneof(...requests), async request => {
    const { url, body, type, ifMatch } = request
    const operation = operations.find(({ operationId }) => operationId === request.operation)
    if (!operation) throw new Error('an operation is gone')
    const before = dump()
    const headers = { 'if-match': ifMatch, ...(body !== undefined && type !== '' && { 'content-type': type }) }
    const answer = await api.admin.request(
      operation.method,
      url,
      operation.method === 'GET' ? undefined : body,
      headers,
    )
    statuses.add(answer.status)
    expect(answer.status).toBeLessThan(500)
    expectValid(operation, answer)
    expect(JSON.stringify(answer.headers)).not.toMatch(/\\[rn0]|set-cookie"/)
    if (answer.status >= 400) {
      expect(problemOf(answer).detail).not.toBe('')
      expect(answer.bytes.length).toBeLessThan(10_000)
      expect(answer.bytes.toString()).not.toContain(api.admin.key)
    }
    if (answer.status >= 400 || operation.method === 'GET') expect(dump()).toBe(before)
  })
  await fc.assert(property, { numRuns: 1200, endOnFailure: true })
  // The requests reach far, whatever the seed; 201 and 409 are rare.
  expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404, 415, 422]))
  expect(api.lines().filter(({ level }) => level === 50)).toEqual([])
  expect(brokenInvariants(api.store.path)).toEqual([])
})
