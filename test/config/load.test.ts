import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config/faults.ts'
import { examplePath, loadConfig } from '../../src/config/load.ts'
import { imapAccount, smtpAccount } from '../../src/config/secrets.ts'
import { dueTimes } from '../../src/desk/service-level.ts'
import { DeskError } from '../../src/errors.ts'
import { desk, faults, GOOD, load, REST } from '../support/config.ts'

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

test('whatever is done to the example, it loads or its faults have a place in it', () => {
  const lines = readFileSync(examplePath(), 'utf8').split('\n')
  const path = desk('')
  const line = fc.nat(lines.length - 1)
  const value = fc.constantFrom(
    ...['', '~', '0', '-1', '.inf', '[]', '{}', '[~]', '[{}]', '{ a: b }', '{ ? { a: b } : c }', '{ __proto__: x }'],
    ...['&a [*a]', '&x { <<: *x }', '{ <<: true }', '!!binary aGk=', '"\\0"', '"\\ud800"', 'Mars/Phobos', '"02-29"'],
    ...['[24:00-08:00]', '[00:00-00:00]', '[17:00-09:00]', '999999h', 'XX', '{ file: /tmp }', '{ env: __proto__ }'],
  )
  const change = fc.oneof(
    fc.tuple(line, value).map(
      ([at, text]) =>
        (all: string[]) =>
          all.with(at % all.length, (all[at % all.length] ?? '').replace(/:.*$/, `: ${text}`)),
    ),
    // A name that cannot be, which leaves what stands under it unread.
    line.map(
      at => (all: string[]) => all.with(at % all.length, (all[at % all.length] ?? '').replace(/[\w]+:/, 'A b:')),
    ),
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
        const { policy } = loadConfig(path, { SUPPORT_PASSWORD: 'x', IT_PASSWORD: 'y' })
        for (const level of policy.serviceLevels.values()) {
          const calendar = policy.calendars.get(level.calendar)
          if (!calendar) throw new Error(`${level.calendar} is no calendar`)
          expect(dueTimes(level, calendar, 'low', '2026-11-23T09:00:00.000Z').resolution.at).toMatch(/^20/)
        }
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
    { numRuns: 120 },
  )
})
