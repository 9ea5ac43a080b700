import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newApiKey } from '../../src/api/auth.ts'
import { openTestApi, problemOf, type TestApi } from '../support/api.ts'
import { eventually } from '../support/wait.ts'

let api: TestApi
beforeEach(async () => {
  api = await openTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

test('a key is 256 random bits, and only its hash is kept', () => {
  const { key, hash } = newApiKey()
  expect(key).toMatch(/^pd_[A-Za-z0-9_-]{43}$/)
  expect(hash).toBe(createHash('sha256').update(key).digest('hex'))
  expect(newApiKey().key).not.toBe(key)
})

describe('what is sent for a key', () => {
  test.each([
    ['nothing', () => undefined, 401, 'this needs a key'],
    ['a key', (key: string) => `Bearer ${key}`, 200, ''],
    ['another case and more blanks (RFC 9110 §11.1)', (key: string) => `bEaReR   ${key} `, 200, ''],
    ['no scheme', (key: string) => key, 401, 'unknown or revoked'],
    [
      'another scheme',
      (key: string) => `Basic ${Buffer.from(`x:${key}`).toString('base64')}`,
      401,
      'unknown or revoked',
    ],
    ['a key and more', (key: string) => `Bearer ${key} x`, 401, 'unknown or revoked'],
    ['a longer key', (key: string) => `Bearer ${key}A`, 401, 'unknown or revoked'],
    ['a shorter key', (key: string) => `Bearer ${key.slice(0, -1)}`, 401, 'unknown or revoked'],
    [
      'the hash of the key',
      (key: string) => `Bearer ${createHash('sha256').update(key).digest('hex')}`,
      401,
      'unknown or revoked',
    ],
    ['an empty header', () => '', 401, 'unknown or revoked'],
    ['ten thousand blanks', () => `Bearer ${' '.repeat(10_000)}`, 401, 'unknown or revoked'],
  ])('%s', async (_what, header, status, detail) => {
    const authorization = header(api.reader.key)
    const answer = await api.nobody.get('/v1/tickets', authorization === undefined ? {} : { authorization })
    expect(answer.status).toBe(status)
    if (status === 200) return
    expect(problemOf(answer).detail).toContain(detail)
    expect(answer.headers['www-authenticate']).toBe(
      authorization === undefined ? 'Bearer realm="postdesk"' : 'Bearer realm="postdesk", error="invalid_token"',
    )
  })

  test('a key that is taken back is refused from the next request on', async () => {
    const other = await api.keyFor('agent', 'temp')
    expect((await other.get('/v1/tickets')).status).toBe(200)
    const id = (await api.store.read.apiKeys()).find(({ name }) => name === 'temp')?.id ?? 0
    await api.store.write(tx => tx.revokeApiKey(id, api.now))
    expect((await other.get('/v1/tickets')).status).toBe(401)
  })
})

test('a role that does not suffice is told which one would', async () => {
  await api.arrives({})
  const answer = await api.reader.patch('/v1/tickets/1001', { status: 'closed' })
  expect(problemOf(answer)).toEqual({
    status: 403,
    detail: 'this needs the role agent; the key "wallboard" has the role reader',
  })
})

test('keys and their use leave no trace but the time, noted at most once a minute', async () => {
  const used = async () => (await api.store.read.apiKeys()).find(({ name }) => name === 'wallboard')?.lastUsedAt
  expect(await used()).toBeNull()
  const first = api.now
  await api.reader.get('/v1/tickets')
  await eventually(async () => (await used()) === first)
  api.passes(59_999)
  await api.reader.get('/v1/tickets')
  await api.app.close()
  expect(await used()).toBe(first)
  expect(JSON.stringify(api.lines())).not.toContain(api.reader.key)
})

test('a minute later it is noted again', async () => {
  const used = async () => (await api.store.read.apiKeys()).find(({ name }) => name === 'wallboard')?.lastUsedAt
  await api.reader.get('/v1/tickets')
  api.passes(60_000)
  await api.reader.get('/v1/tickets')
  await api.app.close()
  expect(await used()).toBe(api.now)
})

test('who is refused leaves no trace in the times', async () => {
  await api.reader.patch('/v1/tickets/1001', { status: 'closed' })
  await api.app.close()
  const keys = await api.store.read.apiKeys()
  expect(keys.map(({ lastUsedAt }) => lastUsedAt)).toEqual(keys.map(() => null))
})
