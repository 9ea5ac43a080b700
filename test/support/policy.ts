import type { Calendar } from '../../src/desk/calendar.ts'
import type { Rule } from '../../src/desk/classify.ts'
import type { Agent, MailboxPolicy, Notice, Policy, Team } from '../../src/desk/policy.ts'
import type { ServiceLevel } from '../../src/desk/service-level.ts'
import { compileTemplates } from '../../src/desk/template.ts'
import { DAY, HOUR, MINUTE } from '../../src/instant.ts'
import { shippedTemplates } from './templates.ts'

const office = [
  { from: '08:00', to: '12:00' },
  { from: '13:00', to: '17:00' },
]

const calendar: Calendar = {
  name: 'office',
  timeZone: 'Europe/Brussels',
  week: { mon: office, tue: office, wed: office, thu: office, fri: office, sat: [], sun: [] },
  holidays: { country: null, region: null, days: [], except: [] },
  onCall: { name: 'IT on call', phone: '+32 2 555 01 99', address: null },
}

const target = (firstResponse: number, resolution: number) => ({
  firstResponseMs: firstResponse * HOUR,
  resolutionMs: resolution * HOUR,
})

const standard: ServiceLevel = {
  name: 'standard',
  calendar: 'office',
  targets: { low: target(8, 40), normal: target(4, 16), high: target(2, 8), urgent: target(1, 4) },
}

const mailbox = (name: string, displayName: string): MailboxPolicy => ({
  name,
  displayName,
  addresses: [`${name}@example.org`],
  team: name,
  language: 'en',
  serviceLevel: 'standard',
  acknowledge: true,
  closing: true,
  afterAnswer: 'pending',
  subaddress: null,
})

const ALL: readonly Notice[] = ['new', 'reply', 'assigned', 'due', 'breached', 'bounced', 'note']

/** An agent who is told of everything. */
export function agent(name: string, different: Partial<Agent> = {}): Agent {
  return {
    ...{ name, displayName: name, addresses: [`${name}@example.org`], teams: [], notify: new Set(ALL) },
    ...{ digest: [], receipts: 'risky', calendar: null },
    ...different,
  }
}

export function team(name: string, displayName = name): Team {
  return { name, displayName, assign: 'manual', returnAfterMs: null, signature: null }
}

const rule = (name: string, any: readonly string[], set: Rule['set']): Rule => ({
  name,
  when: [{ any }],
  wholeWords: true,
  set,
  weight: 1,
  stop: false,
})

const templates = compileTemplates(shippedTemplates())

/** A small company: support@ and it@ example.org, office hours in Brussels, Ana and Ben in IT. Changed by what is given. */
export function policy(different: Partial<Policy> = {}): Policy {
  return {
    mailboxes: new Map([
      ['support', mailbox('support', 'Support')],
      ['it', mailbox('it', 'IT Help')],
    ]),
    agents: [
      agent('ana', { displayName: 'Ana Pop', addresses: ['ana@example.org'], teams: ['it'] }),
      agent('ben', {
        displayName: 'Ben Roe',
        addresses: ['ben@example.org', 'ben@home.example'],
        teams: ['it', 'support'],
      }),
    ],
    teams: new Map([
      ['it', team('it', 'IT')],
      ['support', team('support', 'Support')],
    ]),
    answers: new Map([['vpn', { en: 'Please restart the VPN client.', fr: 'Veuillez relancer le client VPN.' }]]),
    agentMail: { undoForMs: 2 * MINUTE, keysForMs: 90 * DAY, dueWarningMs: HOUR },
    survey: { ask: true, anonymous: false, publicUrl: 'https://help.example.org' },
    rules: [
      rule('printer', ['printer', 'imprimante', 'drucker'], { category: 'printing' }),
      rule('urgent', ['urgent', 'outage'], { priority: 'urgent' }),
    ],
    calendars: new Map([['office', calendar]]),
    serviceLevels: new Map([['standard', standard]]),
    templates: templates.set,
    categories: new Map([['printing', { en: 'Printing', fr: 'Impression' }]]),
    ownAddresses: new Set(['support@example.org', 'it@example.org']),
    ownLists: new Set(),
    peopleDomains: new Set(['example.org']),
    mx: { servIds: new Set(), sealers: new Set() },
    reopenWithinMs: 14 * DAY,
    budgets: {
      address: { size: 10, perDay: 20 },
      ticket: { size: 20, perDay: 20 },
      mailbox: { size: 3000, perDay: 72_000 },
    },
    heedSuppressHeader: true,
    senders: { allow: new Set(), block: new Set() },
    heedSpam: true,
    acknowledgeMaxAgeMs: 24 * HOUR,
    ...different,
  }
}
