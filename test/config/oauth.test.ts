import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { examplePath, loadConfig } from '../../src/config/load.ts'
import { imapAccount, smtpAccount } from '../../src/config/secrets.ts'
import { desk, faultAtMark, faults, GOOD, load, type Options } from '../support/config.ts'

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = (key: typeof RSA.privateKey) => key.export({ type: 'pkcs8', format: 'pem' })
const ACCOUNT = {
  type: 'service_account',
  client_email: 'desk@project.iam.gserviceaccount.com',
  private_key_id: 'key-1',
  private_key: pem(RSA.privateKey),
}
const ENV = { APP: 'app-pa55', REFRESH: 'refresh-pa55', PW: 'pw' }
const FILES = { 'google.json': JSON.stringify(ACCOUNT) }
const OPTIONS: Options = { env: ENV, files: FILES }

const withOAuth = (oauth: string, smtp = ''): string =>
  GOOD.replace('secret: { env: PW } }', `oauth: ${oauth} }${smtp && `\n    smtp: ${smtp}`}`)
const accounts = (yaml: string, options = OPTIONS) => {
  const { config, secrets } = load(yaml, options)
  return { imap: imapAccount(config, secrets, 'it'), smtp: smtpAccount(config, secrets, 'it') }
}

describe('settings', () => {
  const app = { clientId: 'desk', clientSecret: 'app-pa55' }
  const tenant = 'https://login.microsoftonline.com/example.onmicrosoft.com/oauth2/v2.0/token'

  test.each<[string, unknown]>([
    [
      '{ provider: microsoft, tenant: example.onmicrosoft.com, clientId: desk, clientSecret: { env: APP } }',
      {
        provider: 'microsoft',
        tokenUrl: tenant,
        scope: 'https://outlook.office365.com/.default',
        grant: { kind: 'client-credentials', ...app },
      },
    ],
    [
      '{ provider: microsoft, tenant: example.onmicrosoft.com, clientId: desk, refreshToken: { env: REFRESH } }',
      {
        provider: 'microsoft',
        tokenUrl: tenant,
        scope: null,
        grant: { kind: 'refresh-token', clientId: 'desk', clientSecret: null, refreshToken: 'refresh-pa55' },
      },
    ],
    [
      '{ provider: microsoft, tokenUrl: https://login.microsoftonline.us/t/oauth2/v2.0/token, scope: "https://outlook.office365.us/.default", clientId: desk, clientSecret: { env: APP } }',
      {
        provider: 'microsoft',
        tokenUrl: 'https://login.microsoftonline.us/t/oauth2/v2.0/token',
        scope: 'https://outlook.office365.us/.default',
        grant: { kind: 'client-credentials', ...app },
      },
    ],
    [
      '{ provider: google, clientId: desk, clientSecret: { env: APP }, refreshToken: { env: REFRESH } }',
      {
        provider: 'google',
        tokenUrl: 'https://oauth2.googleapis.com/token',
        scope: null,
        grant: { kind: 'refresh-token', ...app, refreshToken: 'refresh-pa55' },
      },
    ],
    [
      '{ provider: custom, tokenUrl: "http://127.0.0.1:8080/token", clientId: desk, clientSecret: { env: APP } }',
      {
        provider: 'custom',
        tokenUrl: 'http://127.0.0.1:8080/token',
        scope: null,
        grant: { kind: 'client-credentials', ...app },
      },
    ],
  ])('%s', (oauth, expected) => {
    const { imap, smtp } = accounts(withOAuth(oauth))
    expect(imap).toMatchObject({ user: 'it@example.org', password: '', oauth: expected })
    // The very same, for one token source is to serve both.
    expect(smtp.oauth).toBe(imap.oauth)
    expect(smtp).toMatchObject({ user: 'it@example.org', password: '' })
  })

  test("Google's key file: the service account acts for the mail user", () => {
    const yaml = withOAuth('{ provider: google, serviceAccountFile: google.json }, user: desk@example.org')
    const { grant, ...rest } = accounts(yaml).imap.oauth ?? {}
    const endpoint = 'https://oauth2.googleapis.com/token'
    expect(rest).toEqual({ provider: 'google', tokenUrl: endpoint, scope: 'https://mail.google.com/' })
    expect(grant).toMatchObject({ kind: 'service-account', issuer: ACCOUNT.client_email, keyId: 'key-1' })
    if (grant?.kind !== 'service-account') throw new Error('another grant')
    expect([grant.subject, grant.key.equals(RSA.privateKey)]).toEqual(['desk@example.org', true])
  })

  test('sending may have a password of its own, or no sign-in', () => {
    const custom = '{ provider: custom, tokenUrl: "http://[::1]/", clientId: desk, clientSecret: { env: APP } }'
    const own = accounts(withOAuth(custom, '{ host: relay.example.org, user: me, secret: { env: PW } }')).smtp
    expect([own.user, own.password, own.oauth]).toEqual(['me', 'pw', undefined])
    const open = accounts(withOAuth(custom, '{ host: relay.example.org, login: false }')).smtp
    expect([open.user, open.password, open.oauth]).toEqual([null, null, undefined])
  })

  test('no secret is asked for when none is wanted', () => {
    const yaml = withOAuth('{ provider: google, serviceAccountFile: nope.json }')
    expect(load(yaml, { secrets: false }).config.mailboxes['it']?.imap.oauth?.provider).toBe('google')
  })
})

describe('faults', () => {
  const APP = 'clientId: desk, clientSecret: { env: APP }'
  const CUSTOM = `provider: custom, ${APP}`

  test.each<[string, string | RegExp]>([
    [
      '‹{ provider: microsoft, clientId: desk, clientSecret: { env: APP } }',
      /\.oauth `tenant` is missing → add `tenant`/,
    ],
    ['‹{ provider: microsoft, tenant: t, clientSecret: { env: APP } }', /\.oauth `clientId` is missing → add/],
    ['‹{ provider: microsoft, tenant: t, clientId: desk }', /\.oauth `clientSecret` is missing → add/],
    [
      `{ provider: microsoft, tenant: ‹common, ${APP} }`,
      /\.tenant an app cannot sign in to all directories at once → write the ID/,
    ],
    [`{ provider: microsoft, tenant: ‹https://x, ${APP} }`, /\.tenant cannot be understood → write the ID/],
    [
      `{ provider: microsoft, tenant: t, ${APP}, serviceAccountFile: ‹google.json }`,
      /\.serviceAccountFile only Google has such files → remove `serviceAccountFile`/,
    ],
    ['‹{ provider: google, clientId: desk, clientSecret: { env: APP } }', /nothing to sign in with → add `serviceAcc/],
    ['‹{ provider: google, clientId: desk, refreshToken: { env: REFRESH } }', /`clientSecret` is missing/],
    [
      '{ provider: google, serviceAccountFile: google.json, refreshToken: ‹{ env: REFRESH } }',
      /\.refreshToken a service account signs in by its key alone → remove/,
    ],
    ['{ provider: google, serviceAccountFile: google.json, tenant: ‹t }', /\.tenant only Microsoft has tenants → /],
    [`‹{ ${CUSTOM} }`, /`tokenUrl` is missing → add `tokenUrl`: the URL/],
    [`{ ${CUSTOM}, tokenUrl: ‹id.example.org/token }`, /\.tokenUrl is no URL → write it like https:/],
    [`{ ${CUSTOM}, tokenUrl: ‹"ftp://id.example.org/" }`, /\.tokenUrl is no URL/],
    [`{ ${CUSTOM}, tokenUrl: ‹"http://id.example.org/" }`, /would cross the network in clear → write https/],
    [`{ ${CUSTOM}, tokenUrl: ‹"http://127.0.0.1.example.org/" }`, /would cross the network in clear/],
    [`{ ${CUSTOM}, tokenUrl: ‹"https://me:pa55@id.example.org/" }`, /a secret must not stand in this file → use/],
    [`{ ${CUSTOM}, tokenUrl: ‹"https://id.example.org/#x" }`, /has a part behind #/],
    [
      `{ provider: custom, tokenUrl: "https://id.example.org", clientId: desk, clientSecret: ‹hunter2 }`,
      'mailboxes.it.imap.oauth.clientSecret a secret must not stand in this file → put it into an environment variable and write `clientSecret: { env: NAME }`, or into a file and write `clientSecret: { file: path }`',
    ],
    [
      `{ provider: ‹msoft, tenant: t, ${APP} }`,
      /\.provider is not one of the words known here → write microsoft, google or/,
    ],
    [`{ provider: microsoft, ‹tenantId: t, ${APP} }`, /tenantId is no field known here → did you mean `tenant`/],
    [
      `{ ${CUSTOM.replace('APP', '‹NOPE')}, tokenUrl: "https://id.example.org" }`,
      /environment variable NOPE is not set → set it to the client secret/,
    ],
    [
      '{ provider: google, serviceAccountFile: ‹nope.json }',
      /\.serviceAccountFile \S+nope\.json does not exist → in the Google/,
    ],
    [
      '‹{ provider: google, serviceAccountFile: google.json }, secret: { env: PW }',
      /\.oauth stands beside `secret` → keep one of the two/,
    ],
  ])('%s', (oauth, expected) => {
    const found = faultAtMark(withOAuth(oauth), OPTIONS)
    if (typeof expected === 'string') expect(found).toBe(expected)
    else expect(found).toMatch(expected)
    expect(found).not.toMatch(/hunter2|pa55/)
  })

  test('neither of the two ways', () => {
    expect(faults(GOOD.replace(', secret: { env: PW }', ''))).toEqual([
      '6:11 mailboxes.it.imap there is nothing to sign in with → add `secret`, where the password is found, or `oauth` (Microsoft 365, Google)',
    ])
  })

  test('another user for sending than the service account acts for', () => {
    const yaml = withOAuth('{ provider: google, serviceAccountFile: google.json }', '{ user: ‹other@example.org }')
    expect(faultAtMark(yaml, OPTIONS)).toMatch(/smtp\.user the service account acts for the user of `imap` → remove/)
    const same = withOAuth('{ provider: google, serviceAccountFile: google.json }', '{ user: it@example.org }')
    expect(accounts(same).smtp.oauth).toBeDefined()
  })

  test.each<[string, string]>([
    ['no JSON', '{'],
    ['null', 'null'],
    ['the key of an app', JSON.stringify({ installed: { client_id: 'x' } })],
    ['no key in it', JSON.stringify({ ...ACCOUNT, private_key: 'hunter2' })],
    [
      'a key of another kind',
      JSON.stringify({ ...ACCOUNT, private_key: pem(generateKeyPairSync('ed25519').privateKey) }),
    ],
  ])('a key file that is none: %s', (_name, text) => {
    const yaml = withOAuth('{ provider: google, serviceAccountFile: ‹google.json }')
    const found = faultAtMark(yaml, { env: {}, files: { 'google.json': text } })
    expect(found).toMatch(/google\.json is not the key of a service account → in the Google Cloud console/)
    expect(found).not.toContain('hunter2')
  })

  test('a key file that everybody may read is a warning', () => {
    const path = desk(withOAuth('{ provider: google, serviceAccountFile: google.json }'), FILES)
    const file = join(dirname(path), 'google.json')
    chmodSync(file, 0o644)
    expect(loadConfig(path, {}).warnings).toEqual([
      expect.stringContaining(`can be read by everybody on this machine → chmod 600 ${file}`),
    ])
    chmodSync(file, 0o600)
    expect(loadConfig(path, {}).warnings).toEqual([])
  })
})

test('secrets are in nothing that prints', () => {
  const key = ACCOUNT.private_key.toString().split('\n')[1] ?? ''
  for (const oauth of [
    '{ provider: google, clientId: desk, clientSecret: { env: APP }, refreshToken: { env: REFRESH } }',
    '{ provider: google, serviceAccountFile: google.json }',
  ]) {
    const { config, secrets, policy } = load(withOAuth(oauth), OPTIONS)
    expect(imapAccount(config, secrets, 'it').oauth).toBeDefined()
    for (const print of [(value: unknown) => inspect(value, { depth: 9, showHidden: true }), JSON.stringify, String]) {
      const text = print({ config, secrets, policy }) + print(secrets)
      for (const secret of ['app-pa55', 'refresh-pa55', key]) expect(text).not.toContain(secret)
    }
  }
})

describe('the example', () => {
  // The blocks in comments that begin with `#   imap:`.
  const blocks = [...readFileSync(examplePath(), 'utf8').matchAll(/^# {3}imap:\n(?:# {3}.*\n)+/gm)].map(([block]) =>
    block.replace(/^# /gm, '  '),
  )

  test.each(blocks.map((block, at) => [/provider: (\w+)/.exec(block)?.[1] ?? '', at] as const))(
    'shows how to sign in at %s (%i)',
    (provider, at) => {
      const yaml = GOOD.replace(/^ {4}imap: .*\n/m, blocks[at] ?? '').replaceAll('/run/secrets/', '')
      const env = { M365_SECRET: 'a', GOOGLE_SECRET: 'b', GOOGLE_REFRESH: 'c' }
      const { imap, smtp } = accounts(yaml, { env, files: { ...FILES, postdesk: 'd' } })
      expect([imap.oauth?.provider, smtp.oauth]).toEqual([provider, imap.oauth])
    },
  )

  test('for each provider', () => {
    expect(blocks).toHaveLength(4)
  })
})
