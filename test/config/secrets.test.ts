import { chmodSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { imapAccount, smtpAccount } from '../../src/config/secrets.ts'
import { desk, failure, faultAtMark, faults, GOOD, load, mailboxWith, type Options } from '../support/config.ts'

describe('secrets', () => {
  const withSecret = (source: string): string => GOOD.replace('{ env: PW }', source)

  test('from a variable, from a file with one line end', () => {
    const password = (yaml: string, options: Options): string => {
      const { config, secrets } = load(yaml, options)
      expect(smtpAccount(config, secrets, 'it').password).toBe(imapAccount(config, secrets, 'it').password)
      return imapAccount(config, secrets, 'it').password
    }
    expect(password(GOOD, { env: { PW: ' a b ' } })).toBe(' a b ')
    for (const [content, expected] of [
      ['pw\n', 'pw'],
      ['pw\r\n', 'pw'],
      ['pw', 'pw'],
      [' pw \n', ' pw '],
    ] as const) {
      expect(password(withSecret('{ file: run/it }'), { files: { 'run/it': content } })).toBe(expected)
    }
  })

  test.each<[string, Options, RegExp]>([
    ['{ env: ‹NOPE }', {}, /^mailboxes\.it\.imap\.secret\.env the environment variable NOPE is not set → set it/],
    ['{ env: ‹PW }', { env: { PW: '' } }, /^mailboxes\.it\.imap\.secret\.env the environment variable PW is empty/],
    ['{ file: ‹nope }', {}, /^mailboxes\.it\.imap\.secret\.file \S+nope does not exist → /],
    ['{ file: ‹run }', { files: { 'run/it': 'x' } }, /secret\.file \S+run is a folder/],
    ['{ file: ‹it }', { files: { it: '\n' } }, /secret\.file \S+it is empty/],
    ['{ file: ‹it }', { files: { it: 'a\nb\n' } }, /secret\.file \S+it holds more than one line/],
  ])('%s', (source, options, expected) => {
    expect(faultAtMark(withSecret(source), options)).toMatch(expected)
  })

  test('no password in the file, and none in what we say', () => {
    const words =
      'a password must not stand in this file → put it into an environment variable and write `secret: { env: NAME }`, or into a file and write `secret: { file: path }`'
    const wrong: [string, string][] = [
      ['secret: hunter2', words],
      ['password: hunter2, secret: { env: PW }', words],
      ['pasword: hunter2, secret: { env: PW }', words],
      ['pass: hunter2, secret: { env: PW }', words],
      ['secret: [hunter2]', 'must be a mapping'],
      ['secret: { env: hunter2! }', 'write the name of an environment variable, not the password itself'],
      ['secret: { value: hunter2 }', 'the fields here are env, file'],
      ['secret: "hunter2', 'Missing closing'],
      ['secret: @hunter2', 'a text cannot begin'],
      ['secret: { env: PW } hunter2: "hunter2"', ''],
    ]
    for (const [text, expected] of wrong) {
      const yaml = GOOD.replace('secret: { env: PW }', text)
      const error = failure(yaml)
      expect(error.message).toContain(expected)
      expect(inspect(error, { depth: 9 })).not.toContain(text.includes('hunter2: ') ? '"hunter2"' : 'hunter2')
    }
  })

  test('are in nothing that prints', () => {
    const { config, secrets, policy } = load(GOOD, { env: { PW: 'hunter2' } })
    expect(imapAccount(config, secrets, 'it').password).toBe('hunter2')
    for (const print of [
      (value: unknown) => inspect(value, { depth: 9, showHidden: true }),
      (value: unknown) => JSON.stringify(value),
      String,
    ]) {
      expect(print({ config, secrets, policy }) + print(secrets)).not.toContain('hunter2')
    }
  })

  test('a file that everybody may read is a warning', () => {
    const path = desk(withSecret('{ file: it }'), { it: 'pw' })
    const file = join(dirname(path), 'it')
    chmodSync(file, 0o644)
    expect(loadConfig(path, {}).warnings).toEqual([
      `${path}:6:53 mailboxes.it.imap.secret.file ${file} can be read by everybody on this machine → chmod 600 ${file}`,
    ])
    chmodSync(file, 0o600)
    expect(loadConfig(path, {}).warnings).toEqual([])
  })
})

describe('accounts', () => {
  const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

  test('SMTP takes from IMAP what it does not say itself', () => {
    const { config, secrets } = load(
      GOOD.replace('{ host: mail.example.org,', '{ host: mail.example.org, user: itbox, caFile: ca.pem,'),
      { files: { 'ca.pem': CA } },
    )
    const shared = {
      host: 'mail.example.org',
      tls: 'implicit',
      verifyCertificate: true,
      ca: CA,
      user: 'itbox',
      password: 'secret',
    }
    expect(imapAccount(config, secrets, 'it')).toEqual({ ...shared, port: 993 })
    expect(smtpAccount(config, secrets, 'it')).toEqual({ ...shared, port: 465, ehlo: 'example.org' })
  })

  test('SMTP on its own', () => {
    const smtp =
      '    smtp: { host: relay, tls: starttls, user: me, secret: { env: SMTP_PW }, ehlo: desk.example.org }\n'
    const { config, secrets } = load(mailboxWith(smtp), { env: { PW: 'a', SMTP_PW: 'b' } })
    expect(smtpAccount(config, secrets, 'it')).toEqual({
      host: 'relay',
      port: 587,
      tls: 'starttls',
      verifyCertificate: true,
      user: 'me',
      password: 'b',
      ehlo: 'desk.example.org',
    })
  })

  test('a relay without login', () => {
    const { config, secrets, warnings } = load(mailboxWith('    smtp: { host: 127.0.0.1, tls: none, login: false }\n'))
    expect(smtpAccount(config, secrets, 'it')).toMatchObject({ port: 25, user: null, password: null })
    expect(warnings).toEqual([])
  })

  test('an authority that is none', () => {
    const caFile = GOOD.replace('{ host: mail.example.org,', '{ host: mail.example.org, caFile: ca.pem,')
    expect(faults(caFile)).toEqual([
      expect.stringMatching(/^6:45 mailboxes\.it\.imap\.caFile \S+ca\.pem does not exist → /),
    ])
    expect(faults(caFile, { files: { 'ca.pem': 'key' } })).toEqual([
      expect.stringMatching(/caFile \S+ca\.pem holds no certificate → /),
    ])
    expect(load(caFile, { secrets: false }).warnings).toEqual([])
  })

  test('blocking those whom the desk serves or works with is a warning', () => {
    const people = `people: { domains: [example.org] }
agents: { ana: { displayName: Ana Pop, addresses: [ana@example.org, Ana@home.example] } }
`
    const warningsOf = (senders: string) =>
      load(`${GOOD}${people}senders: { ${senders} }\n`).warnings.map(line => line.replace(/^.*desk\.yaml:\d+:\d+ /, ''))
    expect(
      warningsOf('block: [home.example, example.org, shop.example, Bob@Shop.example], allow: [bob@shop.example]'),
    ).toEqual([
      'senders.block[0] keeps out the agent `ana`, whom this desk serves or works with → block less, or name them in `senders.allow`',
      'senders.block[1] keeps out the agent `ana`, whom this desk serves or works with → block less, or name them in `senders.allow`',
      'senders.block[3] has no effect: `allow` has it too → remove one of the two',
    ])
    expect(warningsOf('block: ["@example.org"], allow: [ana@example.org]')).toEqual([
      'senders.block[0] keeps out all of example.org, whom this desk serves or works with → block less, or name them in `senders.allow`',
    ])
    expect(warningsOf('block: [home.example, jane@example.org], allow: [ana@home.example]')).toEqual([])
  })

  test('what weakens the connection is a warning', () => {
    const { warnings } = load(
      mailboxWith('    smtp: { tls: none, verifyCertificate: false }\n').replace(
        'org, secret',
        'org, port: 993, tls: starttls, secret',
      ),
    )
    expect(warnings.map(line => line.replace(/^.*desk\.yaml:/, ''))).toEqual([
      '16:43 mailboxes.it.imap.port port 993 usually wants `tls: implicit` → change one of the two if no connection comes about',
      '17:18 mailboxes.it.smtp.tls mails and the password cross the network in clear → use implicit or starttls',
      '17:43 mailboxes.it.smtp.verifyCertificate anybody on the way can pose as this server → name its certificate authority in `caFile` instead',
    ])
  })
})
