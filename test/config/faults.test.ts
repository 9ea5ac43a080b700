import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, nearest } from '../../src/config/faults.ts'
import { loadConfig } from '../../src/config/load.ts'
import { failure, faultAtMark, faults, GOOD, HOME, load, MAILBOX, mailboxWith, REST } from '../support/config.ts'

describe('faults of the file', () => {
  test.each<[string, string | Uint8Array, RegExp[]]>([
    ['empty', '', [/^1:1 the file is empty → start from the example, .*postdesk\.example\.yaml$/]],
    ['only comments', '# nothing\n---\n', [/^1:1 the file is empty/]],
    ['a list', '- a\n', [/^1:1 must be a mapping → /]],
    ['a tab', 'log:\n\tlevel: info\n', [/^2:1 a tab stands where the indentation is → indent with blanks$/]],
    ['an open quote', 'log: "x\nhttp: 1', [/^2:8 Missing closing "quote → /]],
    ['an open bracket', 'log: [a,\nhttp: 1\n', [/^2:1 Flow sequence .* → look at the indentation/]],
    ['two colons', 'log: level: info\n', [/^1:6 a second colon stands on this line → put quotes around the text$/]],
    [
      'a bad first letter',
      'log: @x\nhttp: `y\n',
      [/^1:6 a text cannot begin with this character/, /^2:7 a text cannot begin/],
    ],
    ['two documents', `${GOOD}---\nlog: {}\n`, [/^17:1 a second document begins here/]],
    ['a tag', 'log: !secret x\n', [/^1:6 tags such as !this are not known here/]],
    [
      'an alias of nothing',
      'log: *nope\n',
      [/^1:6 this \*alias refers to nothing → put its &alias before it, or quotes around it$/],
    ],
    [
      'names that are no text',
      'log: { ? { password: hunter2 } : x }\n? [hunter2]\n: y\n',
      [/^1:10 a name must be a text → put quotes around it$/, /^2:3 a name must be a text/],
    ],
    [
      '<< with what is no mapping',
      'log: { <<: true }\nhttp:\n  <<: [{ port: 1 }, x]\nimap: { <<: { <<: [] } }\nsmtp: { <<: *nope }\n',
      [
        /^1:8 << takes in mappings only → write `<<: \*name`/,
        /^3:3 << takes in mappings only/,
        /^5:13 this \*alias refers to nothing/,
      ],
    ],
    [
      'UTF-16',
      Buffer.from(`\ufeff${GOOD}`, 'utf16le'),
      [/^1:1 the file is not in UTF-8 from here on → save it as UTF-8$/],
    ],
    ['Latin-1', Buffer.from('a: b\nc: caf\xe9\n', 'latin1'), [/^2:7 the file is not in UTF-8 from here on/]],
  ])('%s', (_name, yaml, expected) => {
    const found = faults(yaml)
    expect(found).toHaveLength(expected.length)
    for (const [at, pattern] of expected.entries()) expect(found[at]).toMatch(pattern)
  })

  test('a name that stands twice, beside other faults', () => {
    expect(faults(`${GOOD}log: { level: loud }\nlog: { level: quiet }\n`)).toEqual([
      '18:1 this name stands here twice → remove one of the two, or join them',
      '18:15 log.level is not one of the words known here → write silent, error, warn, info, debug or trace',
    ])
  })

  test('a file that is not there, a folder', () => {
    expect(() => loadConfig(join(HOME, 'nope.yaml'), {})).toThrow(
      /nope\.yaml:1:1 the file does not exist → give its path with --config/,
    )
    expect(() => loadConfig(HOME, {})).toThrow(/:1:1 is a folder → name the file in it/)
  })

  test('aliases that multiply', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefghi'.split('').map((name, at) => {
        const before = 'abcdefgh'[at]
        return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`
      }),
    ].join('\n')
    expect(faults(bomb)).toEqual(['1:1 the file repeats itself too often by *aliases → write the parts out'])
  })

  test('nesting without end', () => {
    expect(failure('['.repeat(20_000))).toBeInstanceOf(ConfigError)
    expect(failure(`a: ${'['.repeat(5000)}${']'.repeat(5000)}`)).toBeInstanceOf(ConfigError)
  })

  test('what stands under a name that cannot be is not looked into', () => {
    const strange = '  IT: { addresses: it@example.org, folders: 7, imap: { host: [x] }, smtp: { host: {} } }\n'
    expect(faults(GOOD.replace('mailboxes:\n', `mailboxes:\n${strange}`))).toEqual([
      expect.stringMatching(/^2:3 mailboxes\.IT is no good name/),
    ])
  })

  test.each([
    '*hunter2',
    '|hunter2',
    '>hunter2',
    '!hunter2 x',
    '{ hunter2 }',
    '[hunter2]',
    '"hunter2',
    '%hunter2',
    'hunter2: x',
  ])('a password that was written as %s is not repeated', written => {
    const { message } = failure(
      MAILBOX.replace('{ env: PW }', written)
        .replace(' }\n', '\n')
        .replace('{ host:', '\n      host:')
        .replace(', secret:', '\n      secret:') + REST,
    )
    expect(message).toMatch(/desk\.yaml:\d+:\d+ .+ → /)
    expect(message).not.toContain('hunter2')
  })

  test('what a terminal obeys is shown and not sent, and a fault stays one line', () => {
    expect(faults(`${GOOD}"\\e[2J\\nx": 1\n`)).toEqual([
      expect.stringMatching(/^17:1 \\u001b\[2J\\u000ax is no field known here/),
    ])
  })

  test('names that mean something to JavaScript', () => {
    expect(faults(`${GOOD}__proto__: { x: 1 }\nconstructor: 1\n`).map(line => line.split(' ')[1])).toEqual([
      '__proto__',
      'constructor',
    ])
    expect(faults(GOOD.replace('serviceLevel: std', 'serviceLevel: constructor'))[0]).toMatch(
      /no service level `constructor`/,
    )
  })
})

describe('faults of shape', () => {
  test.each<[string, string]>([
    ['    ‹foldrs: [INBOX]', 'mailboxes.it.foldrs is no field known here → did you mean `folders`?'],
    ['    ‹service_level: std', 'mailboxes.it.service_level is no field known here → did you mean `serviceLevel`?'],
    [
      '    ‹xyzzyplugh: 1',
      'mailboxes.it.xyzzyplugh is no field known here → the fields here are displayName, addresses, team, language, serviceLevel, acknowledge, closing, afterAnswer, subaddress, folders, sentFolder, afterReading, moveTo, largestMail, startFrom, pollEvery, imap, smtp',
    ],
    ['    acknowledge: ‹yes', 'mailboxes.it.acknowledge must be true or false → write true or false, without quotes'],
    [
      '    pollEvery: ‹60',
      'mailboxes.it.pollEvery cannot be understood → write a whole number and s, m or h, such as 30s, 5m or 24h',
    ],
    [
      '    pollEvery: ‹2d',
      'mailboxes.it.pollEvery cannot be understood → write a whole number and s, m or h, such as 30s, 5m or 24h',
    ],
    ['    pollEvery: ‹0s', 'mailboxes.it.pollEvery is out of bounds → write a time from 1s to 24h'],
    [
      '    folders: ‹INBOX',
      'mailboxes.it.folders must be a list → write it in [ ], or on lines of its own with - before each',
    ],
    [
      '    ‹folders: []',
      'mailboxes.it.folders is empty → write what belongs here: The folders that are read. Each is followed on a connection of its own.',
    ],
    [
      '    startFrom: ‹1.11.2026',
      'mailboxes.it.startFrom cannot be understood → write now, all, or a day such as 2026-11-22',
    ],
    [
      '    afterAnswer: ‹slved',
      'mailboxes.it.afterAnswer is not one of the words known here → did you mean `solved`? write open, pending or solved',
    ],
    ['    smtp: { port: ‹"465" }', 'mailboxes.it.smtp.port must be a whole number → write it without quotes'],
    ['    smtp: { port: ‹0 }', 'mailboxes.it.smtp.port is out of bounds → write a number not below 1'],
    [
      '    smtp: { host: ‹smtps://mail }',
      'mailboxes.it.smtp.host cannot be understood → write only the name or the IP address, without imap://, port or brackets',
    ],
    ['    smtp: { ‹secret: { env: A, file: b } }', 'mailboxes.it.smtp.secret says too much → keep one of env or file'],
    [
      '    smtp: { ‹secret: {} }',
      'mailboxes.it.smtp.secret is empty → write what belongs here: Where the password is found; left out, that of `imap`.',
    ],
    [
      '    smtp: ‹yes',
      'mailboxes.it.smtp must be a mapping → write what belongs here: Where mail is sent. Host, user, secret and caFile are those of `imap` when left out.',
    ],
    [
      '  ‹IT: {}',
      'mailboxes.IT is no good name → a name is lower case: a-z first, then a-z, 0-9, - or _, at most 40 in all',
    ],
    ['teams: { it: { displayName: ‹7 } }', 'teams.it.displayName must be a text → put it in quotes'],
    [
      'teams: { it: { ‹displayName: "" } }',
      'teams.it.displayName is empty → write what belongs here: The name requesters and agents see.',
    ],
    [
      'teams: { it: { ‹name: IT, displayName: IT } }',
      'teams.it.name is no field known here → did you mean `displayName`?',
    ],
    [
      'rules: [{ name: a, when: ‹vpn, set: { tags: [x] } }]',
      'rules[0].when must be a mapping or a list → write what belongs here: What must be found: a mapping such as `any: [vpn, wifi]`, or a list of them that must all hold. Left out, the rule always matches, and what it sets is a default.',
    ],
    [
      'rules: [{ name: a, when: { any: [‹404] }, set: { tags: [x] } }]',
      'rules[0].when.any[0] must be a text → put it in quotes',
    ],
    [
      'rules: [{ name: a, when: [{ any: [x] }, { ‹or: [y] }], set: { tags: [x] } }]',
      'rules[0].when[1].or is no field known here → the fields here are any, all, none, in',
    ],
    [
      'rules: [{ name: a, when: { any: [x], in: [subject, ‹body] }, set: { tags: [x] } }]',
      'rules[0].when.in[1] is not one of the words known here → write subject, text, sender, recipient or attachment',
    ],
    [
      'rules: [{ name: a, when: { any: [x] }, set: { tags: [x] }, weight: ‹0 }]',
      'rules[0].weight is out of bounds → write a number above 0',
    ],
    [
      'agents: { ana: { displayName: Ana, addresses: [a@example.org], teams: [it, ‹it] } }\nteams: { it: { displayName: IT } }',
      'agents.ana.teams[1] is listed twice → remove one of the two',
    ],
    ['http: { port: ‹65536 }', 'http.port is out of bounds → write a number not above 65535'],
  ])('%s', (lines, expected) => {
    expect(faultAtMark(mailboxWith(lines))).toBe(expected)
  })

  test('what is missing, and what it would be', () => {
    expect(faults('log: { level: info }\n')).toEqual([
      '1:1 `mailboxes` is missing → add `mailboxes`: The shared mailboxes, by name.',
      '1:1 `calendars` is missing → add `calendars`: Opening hours and holidays, by name.',
      '1:1 `serviceLevels` is missing → add `serviceLevels`: What is promised to people, by name.',
    ])
    expect(faults(GOOD.replace('host: mail.example.org, ', ''))).toEqual([
      '6:5 mailboxes.it.imap `host` is missing → add `host`: The IMAP server, such as mail.example.org.',
    ])
    expect(faults(GOOD.replace('imap: { host: mail.example.org, secret: { env: PW } }', 'imap:'))).toEqual([
      '6:5 mailboxes.it.imap is empty → write what belongs here: Where mail is read.',
    ])
  })

  test('opening hours and targets', () => {
    const hours = (text: string): string => faultAtMark(MAILBOX + REST.replace('09:00-12:30', `‹${text}`))
    const fix =
      'write two times of day such as 09:00-12:30; 22:00-06:00 goes on over midnight, 00:00-24:00 is the whole day'
    for (const wrong of ['9-17', '09:00', '09:00-25:00', '24:00-06:00', '09:60-10:00']) {
      expect(hours(wrong)).toBe(`calendars.office.week.mon[0] cannot be understood → ${fix}`)
    }
    for (const right of ['00:00-24:00', '22:00-06:00', '09:00 - 12:30', '09:00–12:30']) {
      expect(load(MAILBOX + REST.replace('09:00-12:30', right)).policy.calendars.get('office')?.week.mon[0]?.from).toBe(
        right.slice(0, 5),
      )
    }
    expect(faults(GOOD.replace('firstResponse: 8h', 'firstResponse: 2d'))).toEqual([
      '13:29 serviceLevels.std.targets.low.firstResponse cannot be understood → write opening hours in h and m, such as 90m, 4h or 1h30m; there are no days, for a working day may have 4, 8 or 24 hours',
    ])
    expect(faults(GOOD.replace('firstResponse: 8h', 'firstResponse: 0h'))).toEqual([
      '13:29 serviceLevels.std.targets.low.firstResponse is out of bounds → write a time from 1m to 4000h',
    ])
  })

  test('a section with nothing in it is a section left out', () => {
    expect(load(mailboxWith('    smtp:\nhttp:\nteams:\n')).config.http.port).toBe(8025)
  })
})

test('every kind of fault is told at once, in the order of the file', () => {
  const found = failure(`mailboxes:
  it:
    displayName: IT Help
    addresses: [it@example.org]
    team: itt
    serviceLevel: std
    pasword: x
    imap: { host: mail.example.org, port: 0, secret: { env: NOT_SET } }
teams: { it: { displayName: 5 } }
calendars:
  office: { timeZone: Mars/Olympus, week: { mon: [9-17] } }
serviceLevels: { std: { calendar: offic, targets: {} } }
templates: ./nope
`)
  expect(found.code).toBe('config')
  expect(found.temporary).toBe(false)
  expect(found.faults.map(({ line, path }) => `${line} ${path}`)).toEqual([
    '5 mailboxes.it.team',
    '7 mailboxes.it.pasword',
    '8 mailboxes.it.imap.port',
    '8 mailboxes.it.imap.secret.env',
    '9 teams.it.displayName',
    '11 calendars.office.timeZone',
    '11 calendars.office.week.mon[0]',
    '12 serviceLevels.std.calendar',
    ...['low', 'normal', 'high', 'urgent'].map(() => '12 serviceLevels.std.targets'),
    '13 templates',
  ])
})

test('the nearest word', () => {
  const words = ['serviceLevel', 'secret', 'host', 'port', 'user']
  expect(
    ['servicelevel', 'service-level', 'sevriceLevel', 'hots', 'prot', 'usr', 'secrets', 'zebra', ''].map(word =>
      nearest(word, words),
    ),
  ).toEqual(['serviceLevel', 'serviceLevel', 'serviceLevel', 'host', 'port', 'user', 'secret', null, null])
})
