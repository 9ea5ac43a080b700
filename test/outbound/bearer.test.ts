import { createServer } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DeskError } from '../../src/errors.ts'
import { createTokenSource, type OAuthSettings, type TokenSource } from '../../src/oauth.ts'
import { openSmtp, probeSmtp } from '../../src/outbound/smtp.ts'
import { keptLog } from '../support/log.ts'
import { listening, portOf } from '../support/ports.ts'
import { smtpAccountAt, startSmtp } from '../support/smtp.ts'
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.ts'

const MAIL = { from: { name: 'IT', address: 'it@example.org' }, to: 'jane@example.org', subject: 'Hi', text: 'Hello' }

let endpoint: TokenEndpoint
let tokens: TokenSource
beforeEach(async () => {
  endpoint = await startTokenEndpoint()
  const grant = { kind: 'client-credentials', clientId: 'desk', clientSecret: 'client-pa55' } as const
  const settings: OAuthSettings = { provider: 'microsoft', tokenUrl: endpoint.url, scope: null, grant }
  tokens = createTokenSource(settings, { log: keptLog().log })
})
afterEach(() => endpoint[Symbol.asyncDispose]())

const account = (port: number) => smtpAccountAt(port, { user: 'it@example.org', password: '', tokens })
const locked = () =>
  startSmtp({ tokens: (user, token) => user === 'it@example.org' && endpoint.accepts(token), maxBytes: 35_000_000 })
const failure = async (promise: Promise<unknown>): Promise<DeskError> => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof DeskError)) throw new Error(`no DeskError: ${inspect(error)}`)
  // Neither in it nor in what it was made of.
  const shown = inspect(error, { depth: 9, showHidden: true })
  for (const token of endpoint.tokens) {
    expect(shown).not.toContain(token)
    expect(shown).not.toContain(Buffer.from(token).toString('base64').slice(4, 40))
  }
  return error
}

describe('XOAUTH2', () => {
  test('signs in on each connection of the pool, all with one token', async () => {
    await using smtp = await locked()
    const transport = openSmtp(account(smtp.port))
    await Promise.all([1, 2, 3, 4, 5, 6].map(() => transport.deliver(MAIL)))
    transport.close()
    expect(smtp.counts.connections).toBeGreaterThan(1)
    expect(smtp.mails).toHaveLength(6)
    expect(endpoint.tokens).toHaveLength(1)
  })

  test('a revoked token is replaced on the same connection: the mail does not wait', async () => {
    await using smtp = await locked()
    const transport = openSmtp(account(smtp.port))
    await tokens.token()
    endpoint.revoke()
    await transport.deliver(MAIL)
    transport.close()
    expect([smtp.mails.length, smtp.counts.connections, endpoint.tokens.length]).toEqual([1, 1, 2])
  })

  test('a new connection gets a new token when the old one has ended', async () => {
    await using smtp = await locked()
    endpoint.lifetime = 0.2
    const transport = openSmtp(account(smtp.port))
    await transport.deliver(MAIL)
    await smtp.offline()
    await smtp.online()
    await new Promise(done => setTimeout(done, 250))
    await transport.deliver(MAIL)
    transport.close()
    expect([smtp.mails.length, endpoint.tokens.length]).toEqual([2, 2])
  })

  test('refused for good: temporary, for it says nothing about the mail, and with what to do about it', async () => {
    await using smtp = await startSmtp({ tokens: () => false })
    const transport = openSmtp(account(smtp.port))
    const error = await failure(transport.deliver(MAIL))
    transport.close()
    expect(error.message).toMatch(/^127\.0\.0\.1:\d+: 535 .*\(The app needs the application permission SMTP\.SendAsApp/)
    expect(error).toMatchObject({ code: 'smtp', temporary: true })
    expect(endpoint.requests).toHaveLength(2)
  })

  test('no token to be had: the words are those of the token endpoint, and the mail server is not blamed', async () => {
    await using smtp = await locked()
    endpoint.next({ status: 401, body: { error: 'invalid_client' } })
    const transport = openSmtp(account(smtp.port))
    const error = await failure(transport.deliver(MAIL))
    expect(error.message).toMatch(/: the token endpoint \S+ refuses us \(401 invalid_client\)\. clientSecret must hold/)
    expect(error.message).not.toMatch(/SendAsApp/)
    expect(error).toMatchObject({ code: 'smtp', temporary: true })
    await transport.deliver(MAIL)
    transport.close()
  })

  test('the error that others wait for as well is not written into', async () => {
    await using smtp = await locked()
    endpoint.next({ status: 401, body: { error: 'invalid_client' }, delayMs: 500 })
    const transport = openSmtp(account(smtp.port))
    const [shared] = await Promise.all([failure(tokens.token()), failure(transport.deliver(MAIL))])
    expect(endpoint.requests).toHaveLength(1)
    transport.close()
    expect(shared.code).toBe('unauthorized')
    expect(Object.keys(shared).sort()).toEqual(['code', 'fields', 'name', 'temporary'])
  })
})

/** A server that says what it is told to a sign-in, and is asked once. */
async function scripted(mechanisms: string, answers: readonly string[]) {
  const commands: string[] = []
  const left = [...answers]
  const server = await listening(
    createServer(socket => {
      socket.on('error', () => undefined)
      socket.write('220 ready\r\n')
      socket.on('data', chunk => {
        for (const line of chunk.toString().split('\r\n').slice(0, -1)) {
          commands.push(line)
          if (line.startsWith('EHLO')) socket.write(`250-here\r\n250-AUTH ${mechanisms}\r\n250 8BITMIME\r\n`)
          else if (line === 'QUIT') socket.end('221 bye\r\n')
          else socket.write(`${(left.shift() ?? '500 what?').replace('ECHO', line)}\r\n`)
        }
      })
    }),
  )
  const signIns = () => commands.filter(line => !/^(?:EHLO|QUIT)/.test(line))
  return { port: portOf(server), signIns, [Symbol.asyncDispose]: async () => void server.close() }
}

const decoded = (command = '') => Buffer.from(command.split(' ')[2] ?? '', 'base64').toString()

describe('OAUTHBEARER, where the server has nothing else', () => {
  test('signs in', async () => {
    await using server = await scripted('OAUTHBEARER', ['235 welcome'])
    const { port } = server
    await probeSmtp({ ...account(port), user: 'a=b,c@example.org' })
    expect(server.signIns()[0]).toMatch(/^AUTH OAUTHBEARER /)
    expect(decoded(server.signIns()[0]).split('\x01')).toEqual([
      'n,a=a=3Db=2Cc@example.org,',
      'host=127.0.0.1',
      `port=${port}`,
      `auth=Bearer ${endpoint.tokens[0]}`,
      '',
      '',
    ])
  })

  test('acknowledges what is wrong before it tries the next token', async () => {
    const wrong = `334 ${Buffer.from('{"status":"invalid_token"}').toString('base64')}`
    await using server = await scripted('OAUTHBEARER', [wrong, '535 no', '235 welcome'])
    await probeSmtp(account(server.port))
    const [first, second, third] = server.signIns()
    expect(second).toBe('AQ==')
    expect([decoded(first), decoded(third)].map(text => /Bearer (\S+?)\x01/.exec(text)?.[1])).toEqual(endpoint.tokens)
  })
})

describe('answers of servers', () => {
  test.each<[string, string, number]>([
    ['knows no such sign-in', '504 Unrecognized authentication type', 1],
    ['is busy', '454 4.7.0 Temporary authentication failure', 1],
    ['has closed the service', '421 4.3.2 Service not available', 1],
    ['refuses', '535 5.7.3 Authentication unsuccessful', 2],
  ])('%s', async (_name, answer, tries) => {
    await using server = await scripted('XOAUTH2', [answer, answer])
    const { value } = await tokens.token()
    const error = await failure(probeSmtp(account(server.port)))
    expect(error.message).toContain(answer)
    expect(error.temporary).toBe(true)
    expect(server.signIns().filter(line => line.startsWith('AUTH'))).toHaveLength(tries)
    // Only a token that was refused is thrown away.
    expect((await tokens.token()).value === value).toBe(tries === 1)
  })

  test('one that repeats what it was sent', async () => {
    await using server = await scripted('XOAUTH2', ['500 unrecognized command: ECHO'])
    const error = await failure(probeSmtp(account(server.port)))
    expect(error.message).toMatch(/500 unrecognized command: AUTH XOAUTH2 \*\*\*/)
  })
})

describe('the probe', () => {
  test('tells what the server can', async () => {
    await using smtp = await locked()
    const found = await probeSmtp(account(smtp.port))
    expect(found).toMatchObject({ signedIn: true, largestMail: 35_000_000 })
    expect(found.extensions).toEqual(expect.arrayContaining(['PIPELINING', 'SIZE', 'AUTH']))
    expect(smtp.mails).toEqual([])
  })

  test('signs in with a password, and tells when nobody asks for one', async () => {
    await using smtp = await startSmtp({ auth: { user: 'it', password: 'pa55' } })
    const { tokens: _none, ...plain } = account(smtp.port)
    expect(await probeSmtp({ ...plain, user: 'it', password: 'pa55' })).toMatchObject({ signedIn: true })
    const wrong = await failure(probeSmtp({ ...plain, user: 'it', password: 'wrong' }))
    expect(wrong.message).toMatch(/535 .*\(check the user and secret/)
    await using open = await startSmtp()
    expect(await probeSmtp({ ...plain, port: open.port, password: 'x' })).toMatchObject({ signedIn: false })
    expect(await probeSmtp({ ...plain, port: open.port, user: null })).toMatchObject({ largestMail: null })
  })

  test('tells when there is no server', async () => {
    await using smtp = await startSmtp()
    await smtp.offline()
    expect((await failure(probeSmtp(account(smtp.port)))).message).toMatch(/check smtp\.host, smtp\.port/)
  })
})
