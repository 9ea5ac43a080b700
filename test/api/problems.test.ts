import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setImmediate as immediate } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DeskError } from '../../src/errors.ts'
import { openTestApi, problemOf, type TestApi } from '../support/api.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
  await api.arrives({})
})
afterAll(() => api[Symbol.asyncDispose]())

const json = { 'content-type': 'application/json' }

describe('requests that cannot be', () => {
  test.each([
    [
      'an unknown route',
      'GET',
      '/v1/ticket',
      undefined,
      {},
      404,
      'there is no GET /v1/ticket: /docs shows what there is',
    ],
    [
      'what is searched for is not repeated',
      'GET',
      '/v1/nope?q=secret',
      undefined,
      {},
      404,
      'there is no GET /v1/nope:',
    ],
    ['an unknown method', 'DELETE', '/v1/tickets/1001', undefined, {}, 404, 'there is no DELETE /v1/tickets/1001'],
    ['an address that cannot be decoded', 'GET', '/v1/tickets/%zz', undefined, {}, 400, 'not a valid url'],
    [
      'a form',
      'PATCH',
      '/v1/tickets/1001',
      'status=closed',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'Unsupported Media Type',
    ],
    [
      'plain text',
      'PATCH',
      '/v1/tickets/1001',
      '{"status":"closed"}',
      { 'content-type': 'text/plain' },
      415,
      'Unsupported Media Type',
    ],
    ['a body of no type', 'PATCH', '/v1/tickets/1001', '{"status":"closed"}', {}, 415, 'Unsupported Media Type'],
    ['half a body', 'PATCH', '/v1/tickets/1001', '{"status":', json, 400, 'not valid JSON'],
    ['no body', 'PATCH', '/v1/tickets/1001', undefined, json, 400, 'cannot be empty'],
    [
      'a body that reaches for the prototype',
      'PATCH',
      '/v1/tickets/1001',
      '{"__proto__":{"status":"closed"}}',
      json,
      400,
      '',
    ],
    [
      'a body of more than a megabyte',
      'PATCH',
      '/v1/tickets/1001',
      `{"team":"${'x'.repeat(1024 * 1024)}"}`,
      json,
      413,
      'too large',
    ],
  ])('%s', async (_what, method, url, body, headers, status, detail) => {
    const problem = problemOf(await api.agent.request(method, url, body, headers as Record<string, string>))
    expect(problem.status).toBe(status)
    expect(problem.detail).toContain(detail)
    expect(problem.detail).not.toContain('secret')
  })

  test('a hundred thousand misspelt fields give one short answer', async () => {
    const body = Object.fromEntries(Array.from({ length: 60_000 }, (_, at) => [`f${at}`, 1]))
    const answer = await api.agent.patch('/v1/tickets/1001', body)
    expect(problemOf(answer).errors).toHaveLength(20)
    expect(answer.bytes.length).toBeLessThan(10_000)
  })

  test('what it repeats of the request is short: a name in the body, a number and a name in the address', async () => {
    const long = 'x'.repeat(100_000)
    const answers = await Promise.all([
      api.agent.post('/v1/tickets/1001/messages', { kind: 'note', text: 'x', agent: long }),
      api.agent.patch('/v1/tickets/1001', { team: long, category: long }),
      api.agent.request('PUT', `/v1/agents/${long.slice(0, 15_000)}/away`),
      api.agent.get(`/v1/tickets/${'1'.repeat(15_000)}`),
    ])
    expect(answers.map(answer => problemOf(answer).status)).toEqual([422, 422, 404, 400])
    for (const { bytes } of answers) expect(bytes.length).toBeLessThan(3_000)
  })

  test('nothing of it changed the ticket', async () => {
    expect((await api.reader.get('/v1/tickets/1001')).body).toMatchObject({ status: 'open', revision: 1 })
  })
})

describe('what breaks on our side', () => {
  const broken = (error: unknown) =>
    openTestApi(
      {},
      { store: api.store, replay: () => Promise.reject(error), openAttachment: () => Promise.reject(error) },
    )
  const ask = async (error: unknown) => {
    const other = await broken(error)
    const answer = await other.nobody.request('POST', '/v1/quarantine/1/replay', undefined, {
      authorization: `Bearer ${api.admin.key}`,
    })
    await other.app.close()
    return { answer, lines: other.lines() }
  }

  test.each([
    ['a bug', new TypeError('cannot read hunter2 of undefined'), 500],
    ['no error at all', 'hunter2', 500],
    ['nothing', undefined, 500],
    ['an error with a status of its own', Object.assign(new Error('hunter2'), { statusCode: 404 }), 500],
    ['our configuration', new DeskError('config', 'the password is hunter2'), 500],
    ['the mail server', new DeskError('imap', 'login of hunter2 failed'), 502],
    ['the database', new DeskError('store', 'cannot open /home/hunter2'), 503],
    ['a full disk', Object.assign(new Error('hunter2'), { code: 'SQLITE_FULL' }), 503],
  ])('%s: nothing is shown, all is logged', async (_what, error, status) => {
    const { answer, lines } = await ask(error)
    const problem = problemOf(answer)
    expect(problem.status).toBe(status)
    expect(JSON.stringify(answer.body) + JSON.stringify(answer.headers)).not.toContain('hunter2')
    const logged = lines.filter(line => line['msg'] === 'request failed')
    expect(logged).toMatchObject([
      { level: 50, method: 'POST', route: '/v1/quarantine/:id/replay', reqId: expect.any(String) },
    ])
    expect(problem.detail).toContain(String(logged[0]?.['reqId']))
    expect(answer.headers['retry-after']).toBe(status === 503 ? '5' : undefined)
  })

  test.each([
    [new DeskError('not_found', 'there is no mail 7'), 404],
    [new DeskError('conflict', 'it is not in quarantine'), 409],
    [new DeskError('invalid', 'it cannot be'), 422],
    [new DeskError('unparseable', 'it cannot be read'), 422],
  ])('what is said on purpose is shown: %s', async (error, status) => {
    const { answer, lines } = await ask(error)
    expect(problemOf(answer)).toEqual({ status, detail: error.message })
    expect(lines.filter(line => line['msg'] === 'request failed')).toEqual([])
  })
})

test('one line a request, without what was asked for and without headers', async () => {
  const before = api.lines().length
  await api.reader.get('/v1/tickets?q=hunter2')
  const lines = api
    .lines()
    .slice(before)
    .filter(line => line['msg'] === 'request')
  expect(lines).toMatchObject([{ level: 20, method: 'GET', route: '/v1/tickets', status: 200, ms: expect.any(Number) }])
  expect(JSON.stringify(api.lines())).not.toMatch(/hunter2|pd_[A-Za-z0-9_-]{43}/)
})

test.each(['/v1/tickets', '/v1/nope', '/healthz', '/v1/openapi.json'])(
  '%s is neither kept nor framed nor guessed at',
  async url => {
    expect((await api.reader.get(url)).headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })
  },
)

test('what is no request is a problem too; whoever leaves in the midst of one is no error of ours', async () => {
  await using other = await openTestApi()
  await other.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = other.app.server.address() as AddressInfo
  const answerTo = async (request: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.end(request)
    return (await text(socket)).split('\r\n\r\n')
  }
  for (const [request, status] of [
    ['FOO / HTTP/1.1\r\n\r\n', 400],
    [`GET /v1/tickets?q=${'x'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
  ] as const) {
    const [head, body] = await answerTo(request)
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*content-type: application/problem\\+json`))
    expect(JSON.parse(body ?? '')).toMatchObject({ type: 'about:blank', status, detail: expect.stringContaining(' ') })
  }

  const leaving = connect(port, '127.0.0.1')
  const received = once(other.app.server, 'request')
  leaving.write('POST /survey/x HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n')
  leaving.write('content-type: application/x-www-form-urlencoded\r\n\r\nscore')
  const [request] = (await received) as [IncomingMessage]
  await expect.poll(() => request.listenerCount('data')).toBe(1)
  const gone = once(request, 'error')
  leaving.destroy()
  await gone
  await immediate()
  expect(other.lines().filter(({ level }) => level === 50)).toEqual([])
})

test('over a real connection: it answers, and stops when asked to', async () => {
  const other = await openTestApi()
  const url = await other.app.listen({ host: '127.0.0.1', port: 0 })
  expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'alive' })
  expect((await fetch(`${url}/v1/tickets`)).status).toBe(401)
  expect(other.app.server).toMatchObject({ requestTimeout: 30_000, timeout: 120_000 })
  await other[Symbol.asyncDispose]()
  await expect(fetch(`${url}/healthz`)).rejects.toThrow()
})
