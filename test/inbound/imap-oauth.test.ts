import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DeskError } from '../../src/errors.ts'
import { connectImap } from '../../src/inbound/imap.ts'
import { createTokenSource, type OAuthSettings, type TokenSource } from '../../src/oauth.ts'
import { keptLog } from '../support/log.ts'
import { scriptedImap } from '../support/scripted-imap.ts'
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.ts'

let endpoint: TokenEndpoint
let tokens: TokenSource
let kept: ReturnType<typeof keptLog>
beforeEach(async () => {
  kept = keptLog()
  endpoint = await startTokenEndpoint()
  const grant = { kind: 'client-credentials', clientId: 'desk', clientSecret: 'client-pa55' } as const
  const settings: OAuthSettings = { provider: 'microsoft', tokenUrl: endpoint.url, scope: null, grant }
  tokens = createTokenSource(settings, { log: kept.log })
})
afterEach(() => endpoint[Symbol.asyncDispose]())

/** A server that offers these mechanisms and answers a sign-in so; `ECHO` stands for what it was sent. */
const server = (
  mechanisms: string,
  answer: string,
  more: (command: string) => readonly string[] | undefined = () => undefined,
) =>
  scriptedImap(command => {
    if (command === 'CAPABILITY') return [`* CAPABILITY IMAP4rev1 SASL-IR ${mechanisms}`, 'TAG OK done']
    if (command.startsWith('AUTHENTICATE')) return [answer.replace('ECHO', command)]
    return more(command)
  })
const failure = async (promise: Promise<unknown>): Promise<DeskError> => {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof DeskError)) throw new Error(`no DeskError: ${inspect(error)}`)
  return error
}
const shown = (error?: DeskError) => inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(kept.lines())
const expectNoToken = (text: string) => {
  for (const token of endpoint.tokens) {
    expect(text).not.toContain(token)
    expect(text).not.toContain(Buffer.from(`user=desk\x01auth=Bearer ${token}\x01\x01`).toString('base64'))
  }
}

test.each([
  ['AUTH=XOAUTH2 AUTH=PLAIN', 'XOAUTH2'],
  ['AUTH=PLAIN AUTH=OAUTHBEARER AUTH=XOAUTH2', 'OAUTHBEARER'],
])('%s: signs in by %s, and knows when that ends', async (mechanisms, expected) => {
  await using imap = await server(mechanisms, 'TAG OK welcome')
  await using session = await connectImap({ ...imap.account, tokens }, kept.log)
  const [, method, response = ''] = imap.commands.find(line => line.startsWith('AUTHENTICATE'))?.split(' ') ?? []
  expect(method).toBe(expected)
  expect(Buffer.from(response, 'base64').toString()).toContain(`auth=Bearer ${endpoint.tokens[0]}\x01`)
  expect(session.signedInUntil).toBe((await tokens.token()).until)
  expectNoToken(shown())
})

test('with a password the sign-in does not end', async () => {
  await using imap = await scriptedImap(() => undefined)
  await using session = await connectImap(imap.account, kept.log)
  expect(session.signedInUntil).toBeNull()
})

describe('what goes wrong', () => {
  test('a refused token is not used again', async () => {
    await using imap = await server('AUTH=XOAUTH2', 'TAG NO [AUTHENTICATIONFAILED] AUTHENTICATE failed.')
    const { value } = await tokens.token()
    const error = await failure(connectImap({ ...imap.account, tokens }, kept.log))
    expect(error.message).toMatch(
      /refuses the access token of desk \(client credentials at \S+\); it said: \S+ failed\.\. /,
    )
    expect(error.message).toMatch(/IMAP\.AccessAsApp.*Add-MailboxPermission/)
    expect(error).toMatchObject({ code: 'imap', temporary: false })
    expect((await tokens.token()).value).not.toBe(value)
    expectNoToken(shown(error))
  })

  test('one that repeats what it was sent', async () => {
    await using imap = await server('AUTH=XOAUTH2', 'TAG BAD what is ECHO')
    const error = await failure(connectImap({ ...imap.account, tokens }, kept.log))
    expect(error.message).toMatch(/it said: what is AUTHENTICATE XOAUTH2 \*\*\*/)
    expectNoToken(shown(error))
  })

  test('a busy server leaves the token as it is', async () => {
    await using imap = await server('AUTH=XOAUTH2', 'TAG NO [UNAVAILABLE] later')
    const error = await failure(connectImap({ ...imap.account, tokens }, kept.log))
    expect([error.temporary, error.message]).toEqual([true, expect.stringMatching(/does not let desk in just now/)])
  })

  test('Exchange: signed in, but not let into this mailbox', async () => {
    const answer = 'TAG BAD User is authenticated but not connected.'
    await using imap = await server('AUTH=XOAUTH2', 'TAG OK welcome', command =>
      /^(?:NAMESPACE|LIST|SELECT)/.test(command) ? [answer] : undefined,
    )
    const opened = async () => {
      await using session = await connectImap({ ...imap.account, tokens }, kept.log)
      await session.open('INBOX')
    }
    expect((await failure(opened())).message).toMatch(/authenticated but not connected\.\. The app needs/)
  })

  test('a server without OAuth', async () => {
    await using imap = await server('AUTH=PLAIN', 'TAG OK welcome')
    const error = await failure(connectImap({ ...imap.account, tokens }, kept.log))
    expect(error.message).toMatch(/offers no sign-in with OAuth \(OAUTHBEARER, XOAUTH2\)/)
    expect(error.temporary).toBe(false)
    expect(imap.commands.join()).not.toMatch(/AUTHENTICATE|LOGIN/)
  })

  test('no token to be had: the mail server is not asked', async () => {
    await using imap = await server('AUTH=XOAUTH2', 'TAG OK welcome')
    endpoint.next({ status: 401, body: { error: 'invalid_client' } })
    const error = await failure(connectImap({ ...imap.account, tokens }, kept.log))
    expect(error).toMatchObject({ code: 'unauthorized', temporary: false })
    expect(error.message).toMatch(/^the token endpoint \S+ refuses us \(401 invalid_client\)\. clientSecret/)
    expect(imap.commands).toEqual([])
  })

  test('a stop does not wait for the token endpoint', async () => {
    await using imap = await server('AUTH=XOAUTH2', 'TAG OK welcome')
    endpoint.next('hang')
    const error = await failure(connectImap({ ...imap.account, tokens }, kept.log, AbortSignal.timeout(50)))
    expect(error.temporary).toBe(true)
  })
})
