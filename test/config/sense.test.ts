import { describe, expect, test } from 'vitest'
import { faultAtMark, faults, GOOD, load, MAILBOX, mailboxWith, REST } from '../support/config.ts'

describe('faults of sense', () => {
  test.each<[string, string]>([
    [
      '    team: ‹it\nteams: { its: { displayName: IT } }',
      'mailboxes.it.team there is no team `it` → did you mean `its`?',
    ],
    ['    team: ‹support', 'mailboxes.it.team there is no team `support` → add it under `teams`'],
    [
      '    language: ‹xx',
      'mailboxes.it.language there are no templates in `xx` → choose one of de, en, es, fr, nl, ro, or add your own in `templates`',
    ],
    [
      '    startFrom: ‹2026-02-30',
      'mailboxes.it.startFrom is no day of the calendar → write now, all, or a day such as 2026-11-22',
    ],
    ['    startFrom: ‹9000-01-01', 'mailboxes.it.startFrom is in the future → write now, all, or a day in the past'],
    ['    folders: [INBOX, Archive, ‹inbox]', 'mailboxes.it.folders[2] is listed twice → remove one of the two'],
    [
      '  hr: { displayName: HR, addresses: [‹IT@example.org], serviceLevel: std, imap: { host: other.example.org, secret: { env: PW } } }',
      'mailboxes.hr.addresses[0] belongs to the mailbox `it` already → keep it in one of the two',
    ],
    [
      '  ‹hr: { displayName: HR, addresses: [hr@example.org], serviceLevel: std, imap: { host: mail.example.org, user: it@example.org, secret: { env: PW } } }',
      'mailboxes.hr.folders[0] the mailbox `it` reads this folder of this account too → give each mailbox a folder or an account of its own',
    ],
    [
      '  hr: { displayName: HR, addresses: [‹hr at example.org], serviceLevel: std, imap: { host: mail.example.org, secret: { env: PW } } }',
      'mailboxes.hr.addresses[0] is no mail address → write it like it@example.org, without a name or brackets',
    ],
    [
      'agents: { ana: { displayName: Ana, addresses: [‹it+ana@example.org] } }',
      'agents.ana.addresses[0] is the address of a mailbox → write an address that only this person writes from',
    ],
    [
      'admins: [ops@example.org, ‹it@example.org]',
      'admins[1] is the address of a mailbox → write one that is read elsewhere: this one may be what fails',
    ],
    ['admins: [‹ops]', 'admins[0] is no mail address → write it like it@example.org, without a name or brackets'],
    [
      'agents: { ana: { displayName: A, addresses: [a@example.org] }, bob: { displayName: B, addresses: [‹A@example.org] } }',
      'agents.bob.addresses[0] belongs to the agent `ana` already → keep it with one of the two',
    ],
    [
      'agents: { ana: { displayName: Ana, addresses: [a@example.org], teams: [‹it] } }',
      'agents.ana.teams[0] there is no team `it` → add it under `teams`',
    ],
    [
      'rules: [{ name: a, when: { any: [x] }, set: { category: ‹vpn } }]\ncategories: { vpns: {} }',
      'rules[0].set.category there is no category `vpn` → did you mean `vpns`?',
    ],
    [
      'rules: [{ name: a, when: { any: [x] }, set: { serviceLevel: ‹gold } }]',
      'rules[0].set.serviceLevel there is no service level `gold` → write one of std, or add it under `serviceLevels`',
    ],
    [
      'rules: [{ name: a, when: { any: [x] }, set: { tags: [x] } }, { name: ‹a, when: { any: [y] }, set: { tags: [x] } }]',
      'rules[1].name another rule is called so → choose another name: tickets remember rules by it',
    ],
    [
      'http: { trustProxy: [10.0.0.0/8, "::1", ‹10.0.0.0/33] }',
      'http.trustProxy[2] is no IP address → write an address such as 10.0.0.5 or a range such as 10.0.0.0/8',
    ],
  ])('%s', (lines, expected) => {
    expect(faultAtMark(mailboxWith(lines))).toBe(expected)
  })

  test.each<[string, string]>([
    [
      'timeZone: ‹Europe/Bruxelles, week: { mon: [09:00-17:00] }',
      'calendars.office.timeZone is no time zone → did you mean `Europe/Brussels`?',
    ],
    [
      'timeZone: UTC, week: ‹{}',
      'calendars.office.week this calendar never opens → give at least one weekday hours such as [09:00-17:00]',
    ],
    [
      'timeZone: UTC, week: { mon: [09:00-17:00] }, holidays: { country: ‹XX }',
      'calendars.office.holidays.country no public holidays are known for this country → write its two letters such as BE, or leave it out and list `days`',
    ],
    [
      'timeZone: UTC, week: { mon: [09:00-17:00] }, holidays: { country: DE, region: ‹XX }',
      'calendars.office.holidays.region is no region of DE with holidays of its own → write its code such as BY for Bavaria in DE, or leave it out',
    ],
    [
      'timeZone: UTC, week: { mon: [09:00-17:00] }, holidays: { region: ‹BY }',
      'calendars.office.holidays.region a region needs its country → add `country`',
    ],
    [
      'timeZone: UTC, week: { mon: [09:00-17:00] }, holidays: { days: [{ date: ‹02-30, name: x }] }',
      'calendars.office.holidays.days[0].date is no day of the calendar → correct the month or the day',
    ],
    [
      'timeZone: UTC, week: { mon: [09:00-17:00] }, holidays: { except: [‹2027-02-29] }',
      'calendars.office.holidays.except[0] is no day of the calendar → correct the month or the day',
    ],
    [
      'timeZone: UTC, week: { mon: [09:00-17:00] }, onCall: { name: x, address: ‹nobody }',
      'calendars.office.onCall.address is no mail address → write it like it@example.org, without a name or brackets',
    ],
  ])('calendar %s', (calendar, expected) => {
    expect(faultAtMark(MAILBOX + REST.replace(/office: \{.*\}/, `office: { ${calendar} }`))).toBe(expected)
  })

  test.each([
    [
      'block: [‹"*@shop.example"]',
      'block[0] cannot be understood → write an address, @example.org, or a domain such as example.org, without *',
    ],
    [
      'block: [‹example]',
      'block[0] cannot be understood → write an address, @example.org, or a domain such as example.org, without *',
    ],
    [
      'allow: [‹.shop.example]',
      'allow[0] cannot be understood → write an address, @example.org, or a domain such as example.org, without *',
    ],
    [
      'allow: [shop.example, ‹"<bob@shop.example>"]',
      'allow[1] is neither an address nor a domain → write it without a name or brackets',
    ],
    ['block: [‹shop-.example-]', 'block[0] is neither an address nor a domain → write it without a name or brackets'],
    ['allow: [a@shop.example, ‹a@shop.example]', 'allow[1] is listed twice → remove one of the two'],
  ])('senders: %s', (senders, expected) => {
    expect(faultAtMark(`${GOOD}senders: { ${senders} }\n`)).toBe(`senders.${expected}`)
  })

  test('a leap day of every year is a day', () => {
    expect(
      load(`${MAILBOX}${REST.replace('] } }', '] }, holidays: { days: [{ date: 02-29, name: Leap }] } }')}`).warnings,
    ).toEqual([])
  })

  test.each<[string, string, string | null]>([
    ['nobody is in it', 'ana: { displayName: Ana, addresses: [a@example.org] }', 'no agent is in it'],
    [
      'nobody in it wants to hear',
      'ana: { displayName: Ana, addresses: [a@example.org], teams: [it], notify: [reply] }',
      'none of its agents hears of new ones',
    ],
    [
      'its only agent wants no mail at all',
      'ana: { displayName: Ana, addresses: [a@example.org], teams: [it], notify: [] }',
      null,
    ],
    ['somebody hears', 'ana: { displayName: Ana, addresses: [a@example.org], teams: [it] }', null],
    ['the desk has no agents at all', '', null],
  ])('a team that gets tickets: %s', (_, agents, expected) => {
    const teams = 'teams: { it: { displayName: IT }, never: { displayName: Gets none } }'
    const { warnings } = load(mailboxWith(`    team: it\n${teams}\nagents: { ${agents} }`))
    const warning = expect.stringContaining(
      `desk.yaml:18:14 teams.it gets tickets of which nobody is told: ${expected}`,
    )
    expect(warnings).toEqual(expected === null ? [] : [warning])
  })

  test('a mailbox without a team is for all agents, and one of them must hear of it', () => {
    const agents = (notify: string) =>
      load(`${GOOD}agents: { ana: { displayName: Ana, addresses: [a@example.org], notify: [${notify}] } }\n`).warnings
    expect(agents('reply')).toEqual([
      expect.stringContaining('mailboxes.it gets tickets of which nobody is told: no agent hears of new ones'),
    ])
    expect(agents('new')).toEqual([])
    expect(agents('')).toEqual([])
  })

  test('a team that gives its tickets out tells them to whom it gives them', () => {
    const agents = 'agents: { ana: { displayName: Ana, addresses: [a@example.org], teams: [it], notify: [assigned] } }'
    const teams = 'teams: { it: { displayName: IT, assign: round-robin } }'
    expect(load(mailboxWith(`    team: it\n${teams}\n${agents}`)).warnings).toEqual([])
  })

  test('service levels', () => {
    expect(
      faults(GOOD.replace('calendar: office', 'calendar: offic').replace('resolution: 40h', 'resolution: 4h')),
    ).toEqual([
      '11:15 serviceLevels.std.calendar there is no calendar `offic` → did you mean `office`?',
      '13:45 serviceLevels.std.targets.low.resolution is shorter than the first response → nothing is solved before it is answered: make it at least as long',
    ])
  })

  test('rules the desk refuses', () => {
    expect(
      faults(
        `${GOOD}rules:\n  - name: a\n    when: { in: [subject] }\n    set: { tags: [x] }\n  - { name: b, when: { any: [x] } }\n`,
      ),
    ).toEqual([
      expect.stringMatching(/^18:5 rules\[0\] .+ → correct this rule$/),
      expect.stringMatching(/^21:5 rules\[1\] .+ → correct this rule$/),
    ])
  })
})
