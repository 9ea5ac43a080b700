import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestApi, type TestApi } from '../support/api.ts'

let api: TestApi
beforeAll(async () => {
  api = await openTestApi()
})
afterAll(() => api[Symbol.asyncDispose]())

/** What the page asks its server for, as a browser would resolve it. */
const assetsOf = (html: string, base: string) =>
  [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, at = '']) => new URL(at, `http://desk.example${base}`))

test.each(['/docs', '/docs/'])('%s is a page that brings all it needs with it', async url => {
  const { status, body, headers } = await api.nobody.get(url)
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  const assets = assetsOf(body, url)
  expect(assets.length).toBeGreaterThan(4)
  for (const { origin, pathname } of assets) {
    expect(origin).toBe('http://desk.example')
    const asset = await api.nobody.get(pathname)
    expect([pathname, asset.status]).toEqual([pathname, 200])
    expect(asset.bytes.length).toBeGreaterThan(100)
    if (pathname.endsWith('.js')) expect(asset.headers['content-type']).toMatch(/^application\/javascript/)
  }
})

test('its security policy lets it run its own scripts and nothing else', async () => {
  const { body, headers } = await api.nobody.get('/docs/')
  const policy = String(headers['content-security-policy'])
  for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
    expect(policy).toContain(part)
  expect(policy).not.toMatch(/script-src[^;]*unsafe|https:|http:/)
  // No script stands in the page itself: the policy would stop it.
  expect([...body.matchAll(/<script(?![^>]*\bsrc=)/g)]).toEqual([])
  expect(body).not.toMatch(/\son\w+=/)
})

test('the page reads the same document that machines do', async () => {
  const { body } = await api.nobody.get('/docs/json')
  expect(body).toEqual((await api.nobody.get('/v1/openapi.json')).body)
})

test('the document says how to sign in, and what needs no key', async () => {
  const { body } = await api.nobody.get('/v1/openapi.json')
  expect(body).toMatchObject({
    openapi: '3.1.0',
    info: { title: 'Postdesk' },
    security: [{ key: [] }],
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  })
  expect(body.paths['/healthz'].get.security).toEqual([])
  expect(body.paths['/v1/tickets/{id}'].patch.requestBody.content['application/json'].schema).toMatchObject({
    additionalProperties: false,
  })
  const limit = body.paths['/v1/tickets'].get.parameters.find(({ name }: { name: string }) => name === 'limit')
  expect(limit).toMatchObject({ required: false, schema: { default: 50, maximum: 200 } })
})

test('every reference in the document leads somewhere', async () => {
  const { body } = await api.nobody.get('/v1/openapi.json')
  const references = [...JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g)].map(([, to = '']) => to)
  expect(references.length).toBeGreaterThan(20)
  for (const to of references) {
    const target = to
      .replace('#/', '')
      .split('/')
      .reduce((at, name) => at?.[name], body)
    expect(target, to).toBeTypeOf('object')
  }
})
