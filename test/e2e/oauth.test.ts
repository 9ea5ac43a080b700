/*
 * Signing in with OAuth 2.0: a token endpoint of ours, Dovecot that asks it about every token, an SMTP server that takes
 * nothing but tokens, and the built program between them.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { command } from '../support/command.ts'
import { type DovecotServer, startDovecot } from '../support/dovecot.ts'
import { mail } from '../support/mail.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { type Service, startService } from '../support/service.ts'
import type { OAuthSetup } from '../support/setup.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { tempDir } from '../support/temp-dir.ts'
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.ts'
import { eventually } from '../support/wait.ts'

let endpoint: TokenEndpoint
let imap: DovecotServer
let smtp: SmtpTestServer
/** What is to be stopped after a test, in the reverse order. */
let running: AsyncDisposable[] = []

function keep<T extends AsyncDisposable>(thing: T): T {
  running.push(thing)
  return thing
}

/** Dovecot asks the endpoint about each token; passwords are for the test's own deliveries. */
async function start(mechanism: string): Promise<void> {
  endpoint = keep(await startTokenEndpoint({ user: 'it' }))
  const folder = keep(await tempDir('oauth'))
  await chmod(folder.path, 0o755)
  const passdb = join(folder.path, 'oauth2.conf')
  await writeFile(
    passdb,
    `introspection_url = ${endpoint.introspectionUrl}
introspection_mode = auth
username_attribute = username
active_attribute = active
active_value = true
timeout_msecs = 5000
`,
  )
  const config = `auth_mechanisms = plain login ${mechanism}
passdb {
  driver = oauth2
  mechanisms = ${mechanism}
  args = ${passdb}
}
`
  imap = keep(await startDovecot({ users: ['it'], config }))
  smtp = keep(await startSmtp({ tokens: (user, token) => user === 'it' && endpoint.accepts(token) }))
}

const oauth = (): OAuthSetup => ({
  yaml: `{ provider: custom, tokenUrl: "${endpoint.url}", clientId: desk, clientSecret: { env: CLIENT_SECRET } }`,
  env: { CLIENT_SECRET: 'client-pa55-of-the-test' },
})

async function serve(pollEvery = '60s'): Promise<Service> {
  const account = imap.account('it', { tls: 'starttls', verifyCertificate: true, ca: imap.ca })
  const mailbox = { imap: account, smtp: { port: smtp.port }, oauth: oauth(), pollEvery }
  return keep(await startService({ mailboxes: { it: mailbox }, logLevel: 'debug' }))
}

const ask = (from: string) =>
  imap.deliver('it', 'INBOX', mail({ from, to: 'it@example.org', subject: 'VPN', text: 'Hello, the VPN is down.' }))
const answered = (to: string) => smtp.waitFor(({ envelope }) => envelope.to.includes(to), 15_000)

function expectNothingTold(text: string): void {
  expect(endpoint.tokens.length).toBeGreaterThan(0)
  for (const token of endpoint.tokens) {
    expect(text).not.toContain(token)
    // Any part of it in base64, at each of the three ways it may fall there.
    for (const shift of [0, 1, 2])
      expect(text).not.toContain(Buffer.from(token.slice(shift, shift + 30)).toString('base64'))
  }
}

describeWithDovecot('a mailbox that takes tokens only', () => {
  afterEach(async () => {
    const things = running.reverse()
    running = []
    for (const thing of things) await thing[Symbol.asyncDispose]()
  })

  describe.each(['xoauth2', 'oauthbearer'])('%s', mechanism => {
    beforeEach(() => start(mechanism))

    test('is read, and what it is sent is answered; one token serves both', async () => {
      const service = await serve()
      await ask('jane@example.org')
      await answered('jane@example.org')
      expect(endpoint.tokens).toHaveLength(1)
      expect(await imap.logText()).toMatch(new RegExp(`Login: user=<it>, method=${mechanism}, .* TLS`, 'i'))
      expectNothingTold(service.output())
    })
  })

  describe('in the course of a day', () => {
    beforeEach(() => start('xoauth2'))

    test('a token that ends is replaced in time: nobody is refused, nothing is an error', async () => {
      endpoint.lifetime = 2
      const service = await serve()
      for (const from of ['a@example.org', 'b@example.org', 'c@example.org']) {
        const before = endpoint.tokens.length
        await ask(from)
        await answered(from)
        await eventually(() => endpoint.tokens.length > before, 10_000)
      }
      expect(service.lines.filter(({ level }) => Number(level) >= 40)).toEqual([])
      expectNothingTold(service.output())
    })

    test('a token that is revoked is replaced at the next attempt', async () => {
      const service = await serve()
      await ask('a@example.org')
      await answered('a@example.org')
      endpoint.revoke()
      // Both connections are lost, and the token kept is good no longer.
      await Promise.all([imap.kill(), smtp.offline()])
      await Promise.all([imap.restart(), smtp.online()])
      await ask('b@example.org')
      await answered('b@example.org')
      expect(endpoint.tokens.length).toBeGreaterThan(1)
      const { items } = await service.get<{ items: { folders: { healthy: boolean }[] }[] }>('/v1/mailboxes')
      expect(items[0]?.folders[0]?.healthy).toBe(true)
      expectNothingTold(service.output())
    })

    test('a token endpoint in trouble is asked again, and its words are told', async () => {
      endpoint.next({ status: 503 }, { status: 503 })
      const service = await serve()
      await ask('a@example.org')
      await answered('a@example.org')
      const failed = service.lines.filter(({ msg }) => msg === 'mailbox cannot be read')
      expect(JSON.stringify(failed[0])).toMatch(/the token endpoint \S+ gives no token just now \(503\)/)
    })

    test('stops at once while the token endpoint is silent', async () => {
      endpoint.next('hang')
      const service = await serve()
      await eventually(() => endpoint.requests.length === 1)
      const began = performance.now()
      expect(await service.stop()).toBe(0)
      expect(performance.now() - began).toBeLessThan(8_000)
    })
  })

  describe('check --connect', () => {
    beforeEach(() => start('xoauth2 oauthbearer'))

    const check = async () => {
      const service = await serve()
      await service.stop()
      return (...args: string[]) =>
        command(['check', '--connect', '--config', service.configPath, ...args], { env: oauth().env })
    }

    test('tells how it signed in, and what the servers can', async () => {
      const run = await check()
      const { code, stdout, stderr } = await run()
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toMatch(
        /^✔ it: access token \(OAuth 2\.0\): given for client credentials at 127\.0\.0\.1:\d+, used until 20/m,
      )
      expect(stdout).toMatch(
        /^✔ it: reading \(IMAP\): signed in as it with an access token \(.*\); INBOX holds 0 mails; no folder of sent mail was found: .*; new mail is told at once; the server has IDLE, UIDPLUS, MOVE, SPECIAL-USE, CONDSTORE$/m,
      )
      expect(stdout).toMatch(
        /^✔ it: sending \(SMTP\): signed in as it with an access token \(.*\); it does not say how large/m,
      )
      const json = await run('--json')
      expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, findings: [{}, {}, {}, {}] })
      expectNothingTold(stdout + json.stdout)
    })

    test('tells what to do when there is no token, and when the server refuses it', async () => {
      const run = await check()
      endpoint.next({ status: 401, body: { error: 'invalid_client', error_description: 'no such app' } })
      const none = await run()
      expect(none.code).toBe(1)
      expect(none.stdout).toMatch(
        /^✘ it: access token .* refuses us \(401 invalid_client\); it said: no such app\. Check clientId/m,
      )
      expect(none.stdout).not.toMatch(/IMAP|SMTP/)
      endpoint.lifetime = 0
      const refused = await run()
      expect(refused.code).toBe(1)
      expect(refused.stdout).toMatch(/^✔ it: access token/m)
      expect(refused.stdout).toMatch(
        /^✘ it: reading \(IMAP\): the IMAP server \S+ refuses the access token of it .*Check that the server takes/m,
      )
      expect(refused.stdout).toMatch(/^✘ it: sending \(SMTP\): .*535.*Check that the server takes/m)
      expectNothingTold(none.stdout + refused.stdout)
    })

    test('warns when the provider has replaced the refresh token by it', async () => {
      const service = await serve()
      await service.stop()
      const config = join(dirname(service.configPath), 'rotating.yaml')
      const text = await readFile(service.configPath, 'utf8')
      await writeFile(config, text.replace('clientId: desk,', 'clientId: desk, refreshToken: { env: REFRESH },'))
      endpoint.next({ body: { access_token: 'x', token_type: 'Bearer', refresh_token: 'refresh-1-pa55' } })
      const env = { ...oauth().env, REFRESH: 'refresh-0-pa55' }
      const { stdout } = await command(['check', '--connect', '--config', config], { env })
      expect(stdout).toMatch(/^! the provider has replaced our refresh token/m)
      expect(stdout).not.toMatch(/refresh-\d/)
    })
  })
})
