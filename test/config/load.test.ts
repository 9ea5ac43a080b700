import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/faults.ts'
import { examplePath, loadConfig } from '../../src/config/load.ts'
import { imapAccount, smtpAccount } from '../../src/config/secrets.ts'
import { DeskError } from '../../src/errors.ts'
import {
  desk,
  type Files,
  failure,
  faultAtMark,
  faults,
  GOOD,
  load,
  mailboxWith,
  type Options,
  REST,
} from '../support/config.ts'

describe('the example', () => {
  const EXAMPLE_ENV = { SUPPORT_PASSWORD: 'one', IT_PASSWORD: 'two' }

  test('loads without a warning', () => {
    const { config, policy, warnings } = loadConfig(examplePath(), EXAMPLE_ENV)
    expect(warnings).toEqual([])
    expect([...policy.mailboxes.keys()]).toEqual(['support', 'it'])
    expect(policy.mailboxes.get('it')?.addresses[0]).toBe('it@example.org')
    expect(policy.mailboxes.get('support')?.addresses[0]).toBe('support@example.org')
    expect(config.http).toEqual({ host: '127.0.0.1', port: 8025, publicUrl: null, trustProxy: [] })
  })

  test('loads without any secret when none is wanted', () => {
    const { config, secrets } = loadConfig(examplePath(), {}, { secrets: false })
    expect(() => imapAccount(config, secrets, 'it')).toThrow(DeskError)
  })

  test('names each variable that is missing', () => {
    expect(() => loadConfig(examplePath(), {})).toThrow(/SUPPORT_PASSWORD is not set.*\n.*IT_PASSWORD is not set/)
  })

  test('shows fields in comments that are right, and are the defaults where it says so', () => {
    const text = readFileSync(examplePath(), 'utf8')
    const uncommented = text
      .replace(/^( +)# ( *[a-zA-Z]+:(?: .*)?)$/gm, '$1$2')
      .replace(/^# (templates|shutdownGrace):/gm, '$1:')
    expect(uncommented.split('\n').filter((line, at) => line !== text.split('\n')[at]).length).toBeGreaterThan(25)
    const shown = load(uncommented, { secrets: false, files: { 'templates/en/README': '' } }).config
    const plain = loadConfig(examplePath(), {}, { secrets: false }).config
    const { imap: _a, smtp: _b, ...shownSupport } = shown.mailboxes['support'] ?? {}
    const { imap: _c, smtp: _d, ...plainSupport } = plain.mailboxes['support'] ?? {}
    expect(shownSupport).toEqual(plainSupport)
    expect(shown.shutdownGrace).toBe(plain.shutdownGrace)
    expect(shown.calendars['office']?.week).toEqual(plain.calendars['office']?.week)
  })
})

describe('a small configuration', () => {
  test('is filled in', () => {
    const { config, policy } = load(`${GOOD}shutdownGrace: 5s\n`)
    const { imap, smtp, ...it } = config.mailboxes['it'] ?? {}
    expect(it).toEqual({
      displayName: 'IT Help',
      addresses: ['it@example.org'],
      team: null,
      language: 'en',
      serviceLevel: 'std',
      acknowledge: true,
      closing: true,
      afterAnswer: 'pending',
      subaddress: null,
      folders: ['INBOX'],
      sentFolder: 'auto',
      afterReading: 'leave',
      moveTo: null,
      largestMail: 52_428_800,
      startFrom: 'now',
      pollEvery: 60_000,
    })
    expect(config).toMatchObject({
      shutdownGrace: 5000,
      automatic: { maxAge: 86_400_000, perTicket: 20, heedSuppressHeader: true },
      log: { level: 'info' },
      templates: null,
      agents: {},
      rules: [],
    })
    expect(policy.serviceLevels.get('std')?.targets.urgent).toEqual({
      firstResponseMs: 5_400_000,
      resolutionMs: 14_400_000,
    })
    expect(policy.calendars.get('office')).toEqual({
      name: 'office',
      timeZone: 'Europe/Brussels',
      week: {
        mon: [
          { from: '09:00', to: '12:30' },
          { from: '13:30', to: '17:30' },
        ],
        tue: [],
        wed: [],
        thu: [],
        fri: [],
        sat: [],
        sun: [],
      },
      holidays: { country: null, region: null, days: [], except: [] },
      onCall: null,
    })
    expect(policy.acknowledgeMaxAgeMs).toBe(86_400_000)
    expect(policy).toMatchObject({ senders: { allow: new Set(), block: new Set() }, heedSpam: true })
  })

  test('asks how content people are, by mail unless it is anonymous, and on a page where people reach one', () => {
    const surveyOf = (more: string) => load(`${GOOD}${more}`)
    expect(surveyOf('').policy.survey).toEqual({ ask: true, anonymous: false, publicUrl: null })
    const page = surveyOf('http: { publicUrl: "https://help.example.org/desk//" }\nsurvey: { anonymous: true }\n')
    expect(page.policy.survey).toEqual({ ask: true, anonymous: true, publicUrl: 'https://help.example.org/desk' })
    expect(page.warnings).toEqual([])
    const [warning, ...more] = surveyOf('survey: { anonymous: true }\n').warnings
    expect(warning).toContain(
      'survey.anonymous nobody is asked: an anonymous answer needs a page → add `http.publicUrl`',
    )
    expect(more).toEqual([])
    expect(surveyOf('survey: { anonymous: true, ask: false }\n').warnings).toEqual([])
  })

  test('names files relative to its own folder', () => {
    const path = desk(GOOD)
    expect(loadConfig(path, { PW: 'x' }).config.storage.path).toBe(join(dirname(path), 'postdesk.sqlite'))
  })

  test('hands the desk folded addresses and rules with a list of conditions', () => {
    const { policy } = load(`${GOOD.replace('it@example.org', 'IT@Example.org')}
teams: { it: { displayName: IT } }
agents: { ana: { displayName: Ana Pop, addresses: [Ana@Example.org], teams: [it] } }
people: { domains: [Example.ORG] }
ownLists: [Everyone.Example.org]
senders: { allow: [Shop@Example.com], block: ["@Ads.example", News.example] }
spam: ignore
categories: { vpn: , wifi: { en: Wireless } }
rules:
  - { name: one, when: { any: [vpn] }, set: { category: vpn, team: it } }
  - { name: two, when: [{ any: [wifi] }, { none: [hotel], in: [subject] }], set: { category: wifi }, weight: 2, wholeWords: false, stop: true }
  - { name: rest, set: { tags: [unsorted] } }
`)
    expect(policy.mailboxes.get('it')?.addresses).toEqual(['it@example.org'])
    expect([...policy.ownAddresses, ...policy.ownLists, ...policy.peopleDomains]).toEqual([
      'it@example.org',
      'everyone.example.org',
      'example.org',
    ])
    expect([...policy.senders.allow, ...policy.senders.block]).toEqual([
      'shop@example.com',
      '@ads.example',
      'news.example',
    ])
    expect(policy.heedSpam).toBe(false)
    expect(policy.agents).toEqual([
      {
        ...{ name: 'ana', displayName: 'Ana Pop', addresses: ['ana@example.org'], teams: ['it'] },
        ...{ notify: new Set(['new', 'reply', 'assigned', 'due', 'breached', 'bounced', 'note']) },
        ...{ digest: [], receipts: 'risky', calendar: null },
      },
    ])
    expect([...policy.categories]).toEqual([
      ['vpn', {}],
      ['wifi', { en: 'Wireless' }],
    ])
    expect(policy.rules).toEqual([
      {
        name: 'one',
        when: [{ any: ['vpn'] }],
        set: { category: 'vpn', team: 'it' },
        weight: 1,
        wholeWords: true,
        stop: false,
      },
      {
        name: 'two',
        when: [{ any: ['wifi'] }, { none: ['hotel'], in: ['subject'] }],
        set: { category: 'wifi' },
        weight: 2,
        wholeWords: false,
        stop: true,
      },
      { name: 'rest', when: [], set: { tags: ['unsorted'] }, weight: 1, wholeWords: true, stop: false },
    ])
  })

  test('gives each place that shares an anchor its own defaults', () => {
    const { config, secrets } = load(
      GOOD.replace(
        'imap: { host: mail.example.org, secret: { env: PW } }',
        'imap: &server { host: mail.example.org, secret: { env: PW } }\n    smtp: *server',
      ),
    )
    expect([imapAccount(config, secrets, 'it').port, smtpAccount(config, secrets, 'it').port]).toEqual([993, 465])
  })

  test('takes merge keys, and points into what they bring', () => {
    const merged = (port: number): string => `${REST}mailboxes:
  it: &usual
    displayName: IT Help
    addresses: [it@example.org]
    serviceLevel: std
    imap: &server { host: mail.example.org, port: ${port}, secret: { env: PW } }
  hr:
    <<: *usual
    addresses: [hr@example.org]
    imap: { <<: *server, user: hr@example.org }
`
    const { config, secrets } = load(merged(1993))
    expect(imapAccount(config, secrets, 'hr')).toMatchObject({
      host: 'mail.example.org',
      port: 1993,
      user: 'hr@example.org',
    })
    const fix = 'is out of bounds → write a number not above 65535'
    expect(faults(merged(70_000))).toEqual([
      `16:51 mailboxes.it.imap.port ${fix}`,
      `16:51 mailboxes.hr.imap.port ${fix}`,
    ])
  })

  test('may begin with a byte order mark', () => {
    expect(load(`\ufeff${GOOD}`).config.mailboxes['it']?.displayName).toBe('IT Help')
  })
})

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

describe('templates', () => {
  const own = (files: Files): Options => ({ files: { 'desk.d/README.md': '', ...files } })
  const YAML = `${GOOD}templates: ./desk.d\n`

  test('replace the shipped ones one by one', () => {
    const { policy, warnings } = load(
      YAML,
      own({
        'desk.d/en/acknowledgement.txt.liquid': 'Hi {{ ticket_number }}',
        'desk.d/en/acknowledgement.html.liquid': '',
      }),
    )
    expect(warnings).toEqual([])
    const mail = policy.templates.mails.get('acknowledgement')?.get('en')
    expect(mail?.text.path).toMatch(/desk\.d\/en\/acknowledgement\.txt\.liquid$/)
    expect(mail?.subject.path).toMatch(/config\/templates\/en\//)
    expect(mail?.html).toBeNull()
  })

  test('a text of your own beside the shipped HTML is a warning', () => {
    const { warnings } = load(YAML, own({ 'desk.d/en/acknowledgement.txt.liquid': 'Hi {{ ticket_number }}' }))
    expect(warnings).toEqual([
      expect.stringMatching(
        /acknowledgement\.txt\.liquid:1:1 the text is yours, but the HTML beside it is still the shipped one → add/,
      ),
    ])
  })

  test('may bring a language', () => {
    const files = {
      'desk.d/pl/acknowledgement.subject.liquid': '{{ ticket_tag }}',
      'desk.d/pl/acknowledgement.txt.liquid': '{{ ticket_number }}',
    }
    expect(
      load(YAML.replace('    serviceLevel', '    language: pl\n    serviceLevel'), own(files)).config.mailboxes['it']
        ?.language,
    ).toBe('pl')
  })

  test('tell their faults where they are', () => {
    const files = {
      'desk.d/en/acknowledgement.txt.liquid': 'Hi\n  {{ ticket_numbr }}',
      'desk.d/en/ack.text.liquid': 'x',
    }
    const error = failure(YAML, own(files))
    expect(error.faults).toHaveLength(2)
    expect(error.message).toMatch(
      /ack\.text\.liquid:1:1 no template is called so → name it like en\/acknowledgement\.txt\.liquid/,
    )
    expect(error.message).toMatch(/acknowledgement\.txt\.liquid:2:\d+ .*ticket_numbr/)
  })

  test('a folder that is none', () => {
    expect(faults(`${GOOD}templates: ./nope\n`)).toEqual([
      expect.stringMatching(/^17:12 templates \S+nope does not exist → /),
    ])
    expect(faults(`${GOOD}templates: ./desk.yaml\n`)).toEqual([expect.stringMatching(/ is no folder → /)])
  })
})

test('whatever is done to the example, it loads or its faults have a place in it', () => {
  const lines = readFileSync(examplePath(), 'utf8').split('\n')
  const path = desk('')
  const line = fc.nat(lines.length - 1)
  const change = fc.oneof(
    line.map(at => (all: string[]) => all.toSpliced(at, 1)),
    fc.tuple(line, line).map(
      ([at, from]) =>
        (all: string[]) =>
          all.toSpliced(at, 1, all[from] ?? ''),
    ),
    fc
      .tuple(
        line,
        fc.nat(60),
        fc.constantFrom('', ':', '"', '[', '}', '- ', '  ', '&a ', '*a', 'null', '1', '#', '\t', '!x '),
      )
      .map(
        ([at, column, text]) =>
          (all: string[]) =>
            all.with(
              at % all.length,
              `${(all[at % all.length] ?? '').slice(0, column)}${text}${(all[at % all.length] ?? '').slice(column + 1)}`,
            ),
      ),
  )
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), changes => {
      const text = changes.reduce((all, make) => make(all), lines)
      writeFileSync(path, text.join('\n'))
      try {
        loadConfig(path, { SUPPORT_PASSWORD: 'x', IT_PASSWORD: 'y' })
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        for (const fault of error.faults) {
          expect(fault.file).toBe(path)
          expect(fault.line).toBeGreaterThan(0)
          expect(fault.line).toBeLessThanOrEqual(text.length)
          expect(fault.column).toBeGreaterThan(0)
          expect(fault.fix).not.toBe('')
        }
      }
    }),
    { numRuns: 60 },
  )
}, 30_000)
