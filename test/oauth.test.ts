import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DeskError } from '../src/errors.ts'
import { epochMs, plus } from '../src/instant.ts'
import { createTokenSource, type Grant, type OAuthSettings, tokenSources } from '../src/oauth.ts'
import { keptLog } from './support/log.ts'
import { freePorts } from './support/ports.ts'
import { startTokenEndpoint, type TokenAnswer, type TokenEndpoint } from './support/token-endpoint.ts'
import { within } from './support/wait.ts'

const NOW = '2026-11-23T09:00:00.000Z'
const CLIENT = { clientId: 'desk', clientSecret: 'client-pa55' }
const APP: Grant = { kind: 'client-credentials', ...CLIENT }
const REFRESH: Grant = { kind: 'refresh-token', ...CLIENT, refreshToken: 'refresh-0' }
const KEYS = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ACCOUNT: Grant = {
  kind: 'service-account',
  issuer: 'desk@project.iam.gserviceaccount.com',
  keyId: 'key-1',
  key: KEYS.privateKey,
  subject: 'it@example.org',
}

let endpoint: TokenEndpoint
let now: string
let kept: ReturnType<typeof keptLog>

beforeEach(async () => {
  endpoint = await startTokenEndpoint()
  now = NOW
  kept = keptLog()
})
afterEach(() => endpoint[Symbol.asyncDispose]())

const settings = (more: Partial<OAuthSettings> = {}): OAuthSettings => ({
  provider: 'custom',
  tokenUrl: endpoint.url,
  scope: 'mail',
  grant: APP,
  ...more,
})
const source = (more: Partial<OAuthSettings> = {}, timeoutMs = 2000) =>
  createTokenSource(settings(more), { log: kept.log, clock: () => now, timeoutMs })
const failure = async (promise: Promise<unknown>): Promise<DeskError> => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof DeskError)) throw new Error(`no DeskError: ${inspect(error)}`)
  return error
}

describe('what is asked', () => {
  const form = { client_id: 'desk', client_secret: 'client-pa55' }
  const basic = `Basic ${Buffer.from('desk:client-pa55').toString('base64')}`

  test.each<[string, Partial<OAuthSettings>, Record<string, string>, string | null]>([
    [
      'Microsoft, as the app',
      { provider: 'microsoft', scope: 'https://outlook.office365.com/.default' },
      { grant_type: 'client_credentials', scope: 'https://outlook.office365.com/.default', ...form },
      null,
    ],
    [
      'Google, for a user who has agreed',
      { provider: 'google', scope: null, grant: REFRESH },
      { grant_type: 'refresh_token', refresh_token: 'refresh-0', ...form },
      null,
    ],
    ['anybody else', {}, { grant_type: 'client_credentials', scope: 'mail' }, basic],
    [
      'anybody else, with a secret that is no URL',
      { scope: null, grant: { ...APP, clientId: 'a b', clientSecret: 'p:ä+&' } },
      { grant_type: 'client_credentials' },
      `Basic ${Buffer.from('a+b:p%3A%C3%A4%2B%26').toString('base64')}`,
    ],
    [
      'a public client',
      { scope: null, grant: { ...REFRESH, clientSecret: null } },
      { grant_type: 'refresh_token', refresh_token: 'refresh-0', client_id: 'desk' },
      null,
    ],
  ])('%s', async (_name, more, expected, authorization) => {
    expect((await source(more).token()).value).toBe(endpoint.tokens[0])
    expect(endpoint.requests).toEqual([{ method: 'POST', authorization, form: expected }])
  })

  test('a service account signs who it is and for whom it acts', async () => {
    await source({ provider: 'google', scope: 'https://mail.google.com/', grant: ACCOUNT }).token()
    const { grant_type, assertion = '', ...rest } = endpoint.requests[0]?.form ?? {}
    expect([grant_type, rest]).toEqual(['urn:ietf:params:oauth:grant-type:jwt-bearer', {}])
    const [header = '', claims = '', signature = ''] = assertion.split('.')
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString())
    expect(read(header)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
    const iat = epochMs(NOW) / 1000
    expect(read(claims)).toEqual({
      iss: 'desk@project.iam.gserviceaccount.com',
      sub: 'it@example.org',
      scope: 'https://mail.google.com/',
      aud: endpoint.url,
      iat,
      exp: iat + 600,
    })
    const signed = Buffer.from(`${header}.${claims}`)
    const key = createPublicKey(KEYS.publicKey.export({ type: 'spki', format: 'pem' }))
    expect(verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true)
    expect(verify('RSA-SHA256', Buffer.from(`${header}.e30`), key, Buffer.from(signature, 'base64url'))).toBe(false)
  })
})

describe('how long a token is kept', () => {
  test.each<[string, Record<string, unknown>, number]>([
    ['an hour: until five minutes before', { expires_in: 3600 }, 3300],
    ['a number written as a text', { expires_in: '3600' }, 3300],
    ['a minute: until a tenth before', { expires_in: 60 }, 54],
    ['no lifetime told', {}, 540],
    ['a lifetime that is none', { expires_in: 'soon' }, 540],
    ['for ever', { expires_in: 1e15 }, 86_100],
    ['ended already', { expires_in: 0 }, 0],
  ])('%s', async (_name, answer, seconds) => {
    endpoint.next({ body: { access_token: 'abc', token_type: 'bearer', ...answer } })
    const tokens = source()
    expect(await tokens.token()).toEqual({ value: 'abc', until: plus(NOW, seconds * 1000) })
    now = plus(NOW, seconds * 1000 - 1)
    if (seconds > 0) expect((await tokens.token()).value).toBe('abc')
    now = plus(NOW, seconds * 1000)
    expect((await tokens.token()).value).toBe(endpoint.tokens[0])
    expect(endpoint.requests).toHaveLength(2)
  })

  test('a token that a server refused is asked for anew, once', async () => {
    const tokens = source()
    const { value: first } = await tokens.token()
    tokens.invalidate(first)
    const { value: second } = await tokens.token()
    expect([first, second]).toEqual(endpoint.tokens)
    // Another connection learns late that the first one is refused.
    tokens.invalidate(first)
    expect((await tokens.token()).value).toBe(second)
  })
})

describe('many ask at once', () => {
  test('one request, one token', async () => {
    const tokens = source()
    const given = await Promise.all(Array.from({ length: 20 }, () => tokens.token()))
    expect(new Set(given.map(({ value }) => value)).size).toBe(1)
    expect(endpoint.requests).toHaveLength(1)
  })

  test('one request, one failure; the next who asks makes a new one', async () => {
    endpoint.next({ status: 503, body: {} })
    const tokens = source()
    const given = await Promise.allSettled(Array.from({ length: 20 }, () => tokens.token()))
    expect(given.every(({ status }) => status === 'rejected')).toBe(true)
    expect((await tokens.token()).value).toBe(endpoint.tokens[0])
    expect(endpoint.requests).toHaveLength(2)
  })

  test('who stops waiting does not stop the others', async () => {
    const tokens = source()
    const stop = new AbortController()
    const stopped = failure(tokens.token(stop.signal))
    const other = tokens.token()
    stop.abort()
    expect(await stopped).toMatchObject({ code: 'unauthorized', temporary: true })
    expect((await other).value).toBe(endpoint.tokens[0])
    expect((await failure(source().token(AbortSignal.abort()))).message).toMatch(/was not waited for$/)
  })

  test('accounts of the same settings share one source, others have none', async () => {
    const withTokens = tokenSources({ log: kept.log })
    const oauth = settings()
    const [imap, smtp, other] = [{ oauth, port: 1 }, { oauth, port: 2 }, { oauth: settings() }].map(withTokens)
    expect(imap?.tokens).toBe(smtp?.tokens)
    expect(imap?.tokens).not.toBe(other?.tokens)
    const password: { readonly oauth?: OAuthSettings; readonly password: string } = { password: 'x' }
    expect(withTokens(password)).toEqual({ password: 'x' })
    expect(imap?.tokens?.how).toBe(`client credentials at ${new URL(endpoint.url).host}`)
  })
})

test('a refresh token that the provider replaces is used from then on, and the admin is told once', async () => {
  const rotated = (count: number) => ({
    body: { access_token: `at-${count}`, token_type: 'Bearer', expires_in: 1, refresh_token: `refresh-${count}` },
  })
  endpoint.next(rotated(1), rotated(2), { body: { access_token: 'at-3', token_type: 'Bearer', expires_in: 1 } })
  const tokens = source({ grant: REFRESH })
  for (let hour = 0; hour < 4; hour++) {
    await tokens.token()
    now = plus(now, 3_600_000)
  }
  expect(endpoint.requests.map(({ form }) => form['refresh_token'])).toEqual([
    'refresh-0',
    'refresh-1',
    'refresh-2',
    'refresh-2',
  ])
  const warnings = kept.lines().filter(({ level }) => level === 40)
  expect(warnings.map(({ msg }) => msg)).toEqual([
    expect.stringMatching(/^the provider has replaced our refresh token/),
  ])
  expect(JSON.stringify(kept.lines())).not.toMatch(/refresh-\d|at-\d|pa55/)
})

describe('what goes wrong', () => {
  const refused = (status: number, error?: string, error_description?: string): TokenAnswer => ({
    status,
    body: { error, error_description },
  })

  test.each<[string, TokenAnswer, boolean, RegExp]>([
    ['a wrong secret', refused(401, 'invalid_client'), false, /refuses us \(401 invalid_client\)\. Check clientId/],
    ['a busy server', refused(503), true, /gives no token just now \(503\)$/],
    ['a broken server', { status: 500, body: '<h1>Oh' }, true, /gives no token just now \(500\)$/],
    ['too many requests', refused(429, 'slow'), true, /just now \(429 slow\)$/],
    ['a server that says it is busy', refused(400, 'temporarily_unavailable'), true, /just now/],
    ['another page', { status: 404, body: 'not found' }, false, /refuses us \(404\)$/],
    ['a page of a proxy', { body: '<html>Welcome' }, true, /answers \(200\) with something that holds no bearer token/],
    ['a list', { body: [] }, true, /no bearer token/],
    ['null', { body: 'null' }, true, /no bearer token/],
    ['no token', { body: { token_type: 'Bearer' } }, true, /no bearer token/],
    ['a token of another kind', { body: { access_token: 'a', token_type: 'mac' } }, true, /no bearer token/],
    [
      'a token that would break the line',
      { body: { access_token: 'a\x01b', token_type: 'Bearer' } },
      true,
      /no bearer/,
    ],
    ['a token that is a number', { body: { access_token: 7, token_type: 'Bearer' } }, true, /no bearer token/],
    ['nothing but bytes', { body: '\ufffd\0' }, true, /no bearer token/],
    ['an endless answer', 'endless', false, /gives an endless answer/],
    ['a connection that ends', 'drop', true, /cannot be reached \(UND_ERR_SOCKET\)/],
    ['silence', 'hang', true, /did not answer within 0\.3 s$/],
  ])('%s', async (_name, answer, temporary, words) => {
    endpoint.next(answer)
    const tokens = source({}, 300)
    const error = await within(5000, 'an answer', failure(tokens.token()))
    expect(error.message).toMatch(words)
    expect(error).toMatchObject({ code: 'unauthorized', temporary })
    expect(error.fields).toMatchObject({ tokenEndpoint: new URL(endpoint.url).host })
    // And it can be asked again.
    expect((await tokens.token()).value).toBe(endpoint.tokens[0])
  })

  test('nothing listens, no such name', async () => {
    const [port] = await freePorts(1)
    const closed = await failure(source({ tokenUrl: `http://127.0.0.1:${port}/token` }).token())
    expect(closed.message).toMatch(/cannot be reached \(ECONNREFUSED\)$/)
    expect(closed.temporary).toBe(true)
    const nameless = await failure(source({ tokenUrl: 'https://nowhere.invalid/token' }).token())
    expect(nameless.message).toMatch(/cannot be reached \((?:ENOTFOUND|EAI_AGAIN)\): check DNS/)
  })

  test('a redirection is not followed: it would carry our secret away', async () => {
    await using elsewhere = await startTokenEndpoint()
    for (const status of [301, 302, 303, 307, 308]) {
      endpoint.next({ status, headers: { location: elsewhere.url }, body: {} })
      const error = await failure(source({ provider: 'google' }).token())
      expect(error.message).toMatch(new RegExp(`redirects us \\(${status}\\): correct the URL`))
      expect(error.temporary).toBe(false)
    }
    expect(elsewhere.requests).toEqual([])
  })

  test.each<[string, Partial<OAuthSettings>, string, string, RegExp]>([
    [
      'wrong',
      { provider: 'microsoft' },
      'invalid_client',
      'AADSTS7000215: Invalid client secret',
      /value of a client secret/,
    ],
    [
      'old',
      { provider: 'microsoft' },
      'invalid_client',
      'AADSTS7000222: The keys are expired.',
      /make a new one in Entra/,
    ],
    ['app', { provider: 'microsoft' }, 'unauthorized_client', 'AADSTS700016: not found', /Check clientId and tenant/],
    ['tenant', { provider: 'microsoft' }, 'invalid_request', 'AADSTS90002: Tenant not found', /Check tenant/],
    ['scope', { provider: 'microsoft' }, 'invalid_scope', 'AADSTS1002012', /must end with \/\.default/],
    ['ended', { provider: 'microsoft', grant: REFRESH }, 'invalid_grant', 'AADSTS700082', /let the user agree again/],
    [
      'delegation',
      { provider: 'google', grant: ACCOUNT },
      'unauthorized_client',
      'Client is unauthorized',
      /Domain-wide delegation is missing/,
    ],
    [
      'user',
      { provider: 'google', grant: ACCOUNT },
      'invalid_grant',
      'Invalid email or User ID',
      /user is an account of your Workspace.*clock/,
    ],
    [
      'withdrawn',
      { provider: 'google', grant: REFRESH },
      'invalid_grant',
      'Token has been revoked.',
      /agree again.*"Testing"/,
    ],
    ['grant', {}, 'unauthorized_client', 'no', /Allow the app this kind of grant/],
    ['unknown', {}, 'invalid_target', 'no', /it said: no$/],
  ])('helps: %s', async (_name, more, error, said, words) => {
    endpoint.next(refused(400, error, said))
    const failed = await failure(source(more).token())
    expect(failed.message).toMatch(words)
    expect(failed.message).toContain(`(400 ${error}); it said: ${said}`)
    expect(failed.fields).toMatchObject({ status: 400, error })
    expect(failed.temporary).toBe(false)
  })

  test('what the endpoint says is quoted in one line, without the trace of Microsoft', async () => {
    const said = `AADSTS50034:\r\n no such\x1b[31m user. Trace ID: 1-2\r\nCorrelation ID: 3 ${'x'.repeat(9000)}`
    endpoint.next(refused(400, 'invalid_grant', said), refused(400, 'invalid_grant', 'word '.repeat(1000)))
    expect((await failure(source().token())).message).toMatch(
      /; it said: AADSTS50034: no such \[31m user\.\. The refresh/,
    )
    expect((await failure(source().token())).message.length).toBeLessThan(700)
  })

  test('no secret is in an error, in the log, or in anything that prints', async () => {
    const everything: string[] = []
    for (const grant of [APP, REFRESH, ACCOUNT]) {
      for (const status of [400, 500]) {
        const tokens = source({ grant })
        await tokens.token()
        tokens.invalidate((await tokens.token()).value)
        const last = endpoint.requests.at(-1)
        const echo = `${new URLSearchParams(last?.form)} ${last?.authorization} ${endpoint.tokens.at(-1)}`
        const secret = 'clientSecret' in grant ? grant.clientSecret : null
        endpoint.next(refused(status, secret ?? 'other', `${secret} ${JSON.stringify(last?.form)} ${echo}`))
        const error = await failure(tokens.token())
        everything.push(inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error.fields))
        everything.push(inspect(tokens, { depth: 9, showHidden: true }), JSON.stringify(tokens), error.message)
        kept.log.error({ err: error, ...error.fields }, 'failed')
      }
    }
    const text = everything.join('\n') + JSON.stringify(kept.lines())
    expect(text).toContain('***')
    const { assertion = '' } = endpoint.requests.at(-1)?.form ?? {}
    const secrets = ['client-pa55', 'refresh-0', ...endpoint.tokens, Buffer.from('desk:client-pa55').toString('base64')]
    for (const secret of [...secrets, ...assertion.split('.').slice(1)]) expect(text).not.toContain(secret)
  })
})

describe('what to look at when the mail server refuses the tokens', () => {
  test.each<[string, Partial<OAuthSettings>, RegExp, RegExp]>([
    [
      'Microsoft, app',
      { provider: 'microsoft' },
      /IMAP\.AccessAsApp.*Add-MailboxPermission/,
      /SMTP\.SendAsApp.*SmtpClientAuthenticationDisabled/,
    ],
    ['Microsoft, user', { provider: 'microsoft', grant: REFRESH }, /IMAP\.AccessAsUser\.All/, /SMTP\.Send /],
    [
      'Google',
      { provider: 'google', grant: ACCOUNT },
      /IMAP is switched on/,
      /scope is https:\/\/mail\.google\.com\/$/,
    ],
    ['anybody', {}, /takes tokens of this provider/, /takes tokens of this provider/],
  ])('%s', (_name, more, imap, smtp) => {
    const tokens = source(more)
    expect(tokens.advice('imap')).toMatch(imap)
    expect(tokens.advice('smtp')).toMatch(smtp)
  })
})
