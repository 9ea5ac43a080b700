/*
 * Configurations of the service for tests: a small desk that is always open.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImapAccount } from '../../src/inbound/imap.ts'
import type { Environment } from './command.ts'

export type SmtpSetup = {
  readonly port: number
  /** When given, the service signs in with it, after STARTTLS. */
  readonly login?: { readonly user: string; readonly password: string; readonly ca: string }
}

/** `oauth` as YAML in braces, with the variables it names. It stands in place of the passwords. */
export type OAuthSetup = { readonly yaml: string; readonly env: Environment }

export type MailboxSetup = {
  readonly imap: ImapAccount
  readonly smtp: SmtpSetup
  readonly oauth?: OAuthSetup
  /** `<name>@example.org` unless given. */
  readonly addresses?: readonly string[]
  /** `all` unless given. */
  readonly startFrom?: string
  /** A minute unless given, so that what arrives sooner was told by IDLE. */
  readonly pollEvery?: string
  readonly folders?: readonly string[]
  /** Further lines of YAML, such as `afterReading: seen`. */
  readonly more?: string
}

export type DeskSetup = {
  /** By name; `it` has the address it@example.org. */
  readonly mailboxes: Readonly<Record<string, MailboxSetup>>
  /** Teams, agents, rules, calendars and service levels as YAML; `SMALL_DESK` unless given. `OUR_MX` is trusted unless it names others. */
  readonly desk?: string
  readonly httpPort?: number
  /** Where people reach the pages, as the configuration says it. */
  readonly publicUrl?: string
  readonly logLevel?: string
  readonly shutdownGrace?: string
}

const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map(day => `${day}: [00:00-24:00]`).join(', ')

/**
 * Ana of IT and Ben of support, who look after their tickets by themselves; three rules; a calendar without a closing hour,
 * so that dates can be reckoned in the head.
 */
export const SMALL_DESK = `teams: { it: { displayName: IT }, support: { displayName: Support } }
agents:
  ana: { displayName: Ana Pop, addresses: [ana@example.org], teams: [it], notify: [] }
  ben: { displayName: Ben Roe, addresses: [ben@example.org, ben@home.example], teams: [support], notify: [] }
people: { domains: [example.org] }
categories: { printing: { en: Printing, fr: Impression } }
rules:
  - { name: printers, when: { any: [printer, imprimante] }, set: { category: printing, tags: [print] } }
  - { name: urgent, when: { any: [urgent] }, set: { priority: urgent } }
  - { name: money, when: { any: [invoice] }, set: { team: support } }
calendars:
  always: { timeZone: UTC, week: { ${WEEK} } }
serviceLevels:
  always:
    calendar: always
    targets:
      low: { firstResponse: 8h, resolution: 40h }
      normal: { firstResponse: 4h, resolution: 16h }
      high: { firstResponse: 2h, resolution: 8h }
      urgent: { firstResponse: 1h, resolution: 4h }
`

/** The same desk, whose agents are told of what happens. */
export const NOTIFIED_DESK = SMALL_DESK.replaceAll(', notify: []', '')

/** How our mail server names itself in its Authentication-Results; `fromOurMx` writes them. */
export const OUR_MX = 'mx.example.org'

export type Written = { readonly configPath: string; readonly databasePath: string; readonly env: Environment }

/** Writes the configuration into a folder; the passwords are in the environment that the program is to be given. */
export async function writeSetup(setup: DeskSetup, folder: string): Promise<Written> {
  const { mailboxes, desk = SMALL_DESK, httpPort = 0, publicUrl, logLevel = 'info', shutdownGrace = '10s' } = setup
  const env: Record<string, string> = {}
  const parts: string[] = []
  for (const [name, mailbox] of Object.entries(mailboxes)) {
    const { imap, smtp, oauth, addresses = [`${name}@example.org`], startFrom = 'all' } = mailbox
    const { pollEvery = '60s', folders = ['INBOX'], more = '' } = mailbox
    const upper = name.toUpperCase()
    Object.assign(env, oauth ? oauth.env : { [`${upper}_IMAP`]: imap.password })
    if (smtp.login) env[`${upper}_SMTP`] = smtp.login.password
    parts.push(`  ${name}:
    displayName: ${upper} desk
    addresses: ${JSON.stringify(addresses)}
    team: ${name}
    serviceLevel: always
    folders: ${JSON.stringify(folders)}
    startFrom: ${startFrom}
    pollEvery: ${pollEvery}
    ${more}
    imap:
      host: ${imap.host}
      port: ${imap.port}
      tls: ${imap.tls}
      verifyCertificate: ${imap.verifyCertificate}
      ${await caFile(folder, `${name}-imap.pem`, imap.ca)}
      user: ${imap.user}
      ${oauth ? `oauth: ${oauth.yaml}` : `secret: { env: ${upper}_IMAP }`}
    smtp:
      host: 127.0.0.1
      port: ${smtp.port}
      tls: ${smtp.login ? 'starttls' : 'none'}
      login: ${smtp.login !== undefined || oauth !== undefined}
      ${await caFile(folder, `${name}-smtp.pem`, smtp.login?.ca)}
      ${smtp.login ? `user: ${smtp.login.user}\n      secret: { env: ${upper}_SMTP }` : ''}
`)
  }
  const configPath = join(folder, 'postdesk.yaml')
  const databasePath = join(folder, 'postdesk.sqlite')
  // What an agent may take back need not be waited for, unless that is what is looked at.
  const given = (section: string) => new RegExp(`^${section}:`, 'm').test(desk)
  const trust = given('trust') ? '' : `trust: { mailServers: [${OUR_MX}] }\n`
  const agentMail = given('agentMail') ? '' : 'agentMail: { undoFor: 0s }\n'
  const machine = `${trust}${agentMail}storage: { path: postdesk.sqlite }
http: { port: ${httpPort}${publicUrl === undefined ? '' : `, publicUrl: ${publicUrl}`} }
log: { level: ${logLevel} }
shutdownGrace: ${shutdownGrace}
`
  await writeFile(configPath, `mailboxes:\n${parts.join('')}${desk}${machine}`)
  return { configPath, databasePath, env }
}

async function caFile(folder: string, name: string, ca: string | undefined): Promise<string> {
  if (ca === undefined) return ''
  await writeFile(join(folder, name), ca)
  return `caFile: ${name}`
}
