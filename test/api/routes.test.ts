import diagnostics from 'node:diagnostics_channel'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROLES } from '../../src/store/api-keys.ts'
import { openTestApi, type TestApi } from '../support/api.ts'
import { type Document, type Operation, operationsOf, validatorFor } from '../support/openapi.ts'
import { enqueue, outgoing } from '../support/outgoing.ts'

/*
 * The API against its own OpenAPI document: what is there, who may use it, and whether what it answers is what it says.
 */

const routes: RouteOptions[] = []
let api: TestApi
let document: Document
let expectValid: ReturnType<typeof validatorFor>

beforeAll(async () => {
  const watch = (message: unknown) =>
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', route => void routes.push(route))
  diagnostics.subscribe('fastify.initialization', watch)
  api = await openTestApi()
  diagnostics.unsubscribe('fastify.initialization', watch)
  document = (await api.nobody.get('/v1/openapi.json')).body
  expectValid = validatorFor(document)

  // One of everything: a ticket with an attachment, an answer, a note and a stranger's mail; a quarantined mail.
  await api.arrives({
    html: '<p>The <b>printer</b> is on fire</p>',
    attachments: [{ filename: 'fire.png', contentType: 'image/png', content: 'png' }],
  })
  await api.agent.post('/v1/tickets/1001/messages', { kind: 'answer', text: 'Run.', agent: 'ana' })
  await api.agent.post('/v1/tickets/1001/messages', { kind: 'note', text: 'It really burns.' })
  const { body } = await api.reader.get('/v1/tickets/1001')
  await api.arrives({ from: 'mallory@elsewhere.example', inReplyTo: body.messages[0].messageId, text: 'Let me in.' })
  for (const uid of [900, 901]) await quarantined(api, uid)
})
afterAll(() => api[Symbol.asyncDispose]())

const quarantined = (api: TestApi, uid: number) => setAside(api, uid, 'quarantine')
const blocked = (api: TestApi, uid: number) => setAside(api, uid, 'blocked')

async function setAside({ store, now }: TestApi, uid: number, outcome: 'quarantine' | 'blocked'): Promise<number> {
  return store.write(async tx => {
    const bytes = Buffer.from('Subject: ok\r\n\r\nbody')
    const rawMail = { mailbox: 'it', folder: 'INBOX', uidValidity: '7', uid, receivedAt: now, bytes, sha256: 'x' }
    const id = await tx.saveRawMail(rawMail, now)
    await tx.settleRawMail(id ?? 0, { outcome, reason: 'it was odd', ticket: null, fingerprint: null })
    return id ?? 0
  })
}

const operations = () => operationsOf(document)
const needsKey = (operation: Operation) => operation.security === undefined
const urlOf = (path: string, id: number | string) =>
  path.replace('{id}', String(id)).replace('{other}', '1002').replace('{name}', 'it')

test('the table of contents', () => {
  const own = routes.filter(({ url }) => !url.startsWith('/docs'))
  const lines = own.map(({ method, url, config }) => `${[method].flat().join()} ${url} ${config?.role ?? 'everybody'}`)
  expect(lines.filter(line => !line.startsWith('HEAD'))).toEqual([
    'GET /healthz everybody',
    'GET /readyz everybody',
    'GET /metrics monitor',
    // Whoever has the address with its token; GET writes nothing.
    'GET /survey/:token everybody',
    'POST /survey/:token everybody',
    'GET /v1/tickets reader',
    'GET /v1/tickets/:id reader',
    'PATCH /v1/tickets/:id agent',
    'POST /v1/tickets/:id/messages agent',
    'POST /v1/tickets/:id/merge agent',
    'POST /v1/tickets/:id/split agent',
    'PUT /v1/tickets/:id/links/:other agent',
    'DELETE /v1/tickets/:id/links/:other agent',
    'POST /v1/messages/:id/accept agent',
    'GET /v1/mails reader',
    'GET /v1/mails/:id reader',
    'GET /v1/mails/:id/raw reader',
    'POST /v1/mails/:id/release agent',
    'GET /v1/quarantine reader',
    'POST /v1/quarantine/:id/replay admin',
    'GET /v1/attachments/:id reader',
    'GET /v1/outbox reader',
    'GET /v1/outbox/:id reader',
    'POST /v1/outbox/:id/retry agent',
    'GET /v1/mailboxes reader',
    'GET /v1/mailboxes/:name/reconciliation admin',
    'GET /v1/agents reader',
    'POST /v1/agents/:name/revoke admin',
    'PUT /v1/agents/:name/away agent',
    'DELETE /v1/agents/:name/away agent',
    'GET /v1/openapi.json everybody',
  ])
  for (const { path, method, 'x-role': role = 'everybody' } of operations()) {
    expect(lines).toContain(`${method} ${path.replace(/\{(\w+)\}/g, ':$1')} ${role}`)
  }
  for (const { method, url, config } of own.filter(({ method }) => method === 'HEAD')) {
    const get = own.find(one => one.url === url && one.method === 'GET')
    expect(config?.role, `${method} ${url}`).toBe(get?.config?.role)
  }
})

test('every route but the document itself has schemas for what it answers, and refuses unknown parameters', () => {
  for (const { method, url, schema, config } of routes) {
    if (url.startsWith('/docs') || url === '/v1/openapi.json') continue
    const response = schema?.response as Record<string, unknown> | undefined
    expect(
      Object.keys(response ?? {}).some(status => status.startsWith('2')),
      `${method} ${url} says what it answers`,
    ).toBe(true)
    if (config?.role === undefined) continue
    expect(schema?.querystring, `${method} ${url} closes its query`).toMatchObject({ additionalProperties: false })
    expect(Object.keys(response ?? {}), `${method} ${url} documents its failures`).toEqual(
      expect.arrayContaining(['400', '401', '403', '500', '503']),
    )
  }
})

test('everything is documented: a summary, a tag, an operationId of its own, descriptions', () => {
  expect(document.openapi).toBe('3.1.0')
  const ids = operations().map(({ operationId }) => operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { path, method, summary, tags, responses, operationId } of operations()) {
    expect(summary, `${method} ${path}`).toBeTruthy()
    expect(tags, `${method} ${path}`).toHaveLength(1)
    expect(operationId, `${method} ${path}`).toMatch(/^[a-z]+[A-Za-z]*$/)
    for (const [status, { description, content }] of Object.entries(responses)) {
      expect(description, `${method} ${path} ${status}`).not.toBe('Default Response')
      if (Number(status) >= 400 && path.startsWith('/v1'))
        expect(Object.keys(content ?? {})).toEqual(['application/problem+json'])
    }
  }
})

describe('who may', () => {
  test('without a key, with a wrong one or with one that was taken back: 401 on each route', async () => {
    const revoked = await api.keyFor('admin', 'left')
    const id = (await api.store.read.apiKeys()).find(({ name }) => name === 'left')?.id ?? 0
    await api.store.write(tx => tx.revokeApiKey(id, api.now))
    for (const operation of operations().filter(needsKey)) {
      const { path, method } = operation
      for (const authorization of [undefined, `Bearer pd_${'A'.repeat(43)}`, `Bearer ${revoked.key}`, 'Basic YTpi']) {
        const answer = await api.nobody.request(
          method,
          urlOf(path, 1),
          undefined,
          authorization ? { authorization } : {},
        )
        expectValid(operation, answer)
        expect(answer.status, `${method} ${path} ${authorization}`).toBe(401)
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer /)
      }
    }
  })

  test('a role that does not suffice: 403 on each route, and nothing happens', async () => {
    const before = (await api.reader.get('/v1/tickets/1001')).body
    for (const operation of operations().filter(needsKey)) {
      const { path, method } = operation
      const role = operation['x-role'] as (typeof ROLES)[number]
      const callers = { monitor: api.monitor, reader: api.reader, agent: api.agent, admin: api.admin }
      const lesser = ROLES.slice(0, ROLES.indexOf(role)).map(one => callers[one])
      for (const caller of lesser) {
        const answer = await caller.request(method, urlOf(path, 1001), { status: 'closed' })
        expectValid(operation, answer)
        expect(answer.status, `${method} ${path}`).toBe(403)
        expect(answer.body.detail).toContain(`needs the role ${role}`)
      }
    }
    expect((await api.reader.get('/v1/tickets/1001')).body).toEqual(before)
  })
})

describe('what it answers is what it says', () => {
  test('each GET with something to show', async () => {
    const ids: Record<string, number> = { '/v1/tickets/{id}': 1001 }
    for (const operation of operations().filter(({ method }) => method === 'GET')) {
      const answer = await api.admin.get(urlOf(operation.path, ids[operation.path] ?? 1))
      expectValid(operation, answer)
      if (operation.path !== '/readyz') expect(answer.status, operation.path).toBe(200)
      if (Array.isArray(answer.body.items)) expect(answer.body.items.length, operation.path).toBeGreaterThan(0)
    }
  })

  test('a HEAD for each GET: the same status, no body', async () => {
    for (const { path } of operations().filter(({ method }) => method === 'GET')) {
      const url = urlOf(path, path.startsWith('/v1/tickets') ? 1001 : 1)
      const [head, get] = [await api.admin.request('HEAD', url), await api.admin.get(url)]
      expect([head.status, head.bytes.length], path).toEqual([get.status, 0])
      expect(head.headers['content-type'], path).toBe(get.headers['content-type'])
    }
  })

  test('each operation on what does not exist, with a bad number, and with an unknown parameter', async () => {
    const bodies: Record<string, unknown> = {
      changeTicket: { status: 'open' },
      addMessage: { kind: 'note', text: 'x' },
      mergeTicket: { into: 1001 },
      splitTicket: { messages: [1] },
      linkTickets: { kind: 'related' },
      acceptMessage: {},
    }
    for (const operation of operations().filter(needsKey)) {
      const { path, method, operationId } = operation
      const body = operation.requestBody ? bodies[operationId] : undefined
      const unknown = await api.admin.request(method, `${urlOf(path, 1)}?bogus=1`, body)
      expectValid(operation, unknown)
      expect(unknown.body.errors, `${method} ${path}`).toMatchObject([{ path: 'query/bogus' }])
      if (!path.includes('{id}')) continue
      const missing = await api.admin.request(method, urlOf(path, 987_654), body)
      expectValid(operation, missing)
      expect(missing.status, `${method} ${path}`).toBe(404)
      for (const bad of ['abc', '0', '-1', '1.5', '1e400', 'Infinity', 'NaN', '99999999999999999999', '%00']) {
        const answer = await api.admin.request(method, urlOf(path, bad), body)
        expectValid(operation, answer)
        expect(answer.body.errors, `${method} ${path} ${bad}`).toMatchObject([{ path: 'path/id' }])
      }
    }
  })

  test('each change', async () => {
    const mail = (await enqueue(api.store, outgoing(), api.now)) ?? 0
    await api.store.write(tx => tx.settle(mail, { outcome: 'failed', error: '550 no such user' }, api.now))
    await api.arrives({ from: 'bob@example.org', subject: 'Wifi', text: 'No wifi on the third floor.' })
    const { messages } = (await api.reader.get('/v1/tickets/1001')).body
    const stranger = messages.find(({ standing }: { standing: string }) => standing === 'pending').id
    const changes: [string, string, unknown, number][] = [
      ['PATCH', '/v1/tickets/1001', { priority: 'urgent', assignee: 'ana' }, 200],
      ['POST', '/v1/tickets/1001/messages', { kind: 'note', text: 'Seen.' }, 201],
      ['PUT', '/v1/tickets/1001/links/1002', { kind: 'related' }, 200],
      ['DELETE', '/v1/tickets/1001/links/1002', undefined, 200],
      ['POST', `/v1/messages/${stranger}/accept`, undefined, 200],
      ['POST', '/v1/tickets/1001/split', { messages: [stranger] }, 201],
      ['POST', '/v1/tickets/1002/merge', { into: 1001 }, 200],
      ['POST', `/v1/outbox/${mail}/retry`, undefined, 200],
      ['POST', `/v1/quarantine/${(await api.reader.get('/v1/quarantine')).body.items[0].id}/replay`, undefined, 200],
      ['POST', '/v1/agents/ana/revoke', undefined, 200],
      ['PUT', '/v1/agents/ana/away', undefined, 200],
      ['DELETE', '/v1/agents/ana/away', undefined, 200],
      ['POST', `/v1/mails/${await blocked(api, 902)}/release`, undefined, 200],
    ]
    for (const [method, url, body, status] of changes) {
      const path = url.replace(/\/\d+/, '/{id}').replace(/\/\d+/, '/{other}').replace('/agents/ana', '/agents/{name}')
      const operation = operations().find(one => one.method === method && one.path === path)
      if (!operation) throw new Error(`${method} ${path} is not documented`)
      const answer = await api.admin.request(method, url, body)
      expectValid(operation, answer)
      expect(answer.status, `${method} ${url}`).toBe(status)
    }
  })
})
