/*
 * The named steps: moments of the program's work that can be recognised from outside, by what goes over its connections
 * (the proxies) and by the statements it gives to SQLite (the preload). At each of them it can be killed; at those of a
 * connection also something can befall the connection.
 */

/**
 * `sent`: the proxy has the command, the server does not. `answered`: the server has done it, the program does not know.
 * `half`: the first half of the bytes has been passed on.
 */
export const CONNECTION_STEPS = [
  'imap connect',
  'imap greeting',
  'imap login sent',
  'imap login answered',
  'imap select sent',
  'imap select answered',
  'imap list sent',
  'imap list answered',
  'imap fetch sent',
  'imap fetch half',
  'imap fetch answered',
  'imap idle sent',
  'imap idling',
  'imap exists',
  'imap done sent',
  'imap noop sent',
  'imap noop answered',
  'imap store sent',
  'imap store answered',
  'imap move sent',
  'imap move answered',
  'smtp connect',
  'smtp greeting',
  'smtp ehlo sent',
  'smtp mail from sent',
  'smtp rcpt to sent',
  'smtp data sent',
  'smtp data half',
  'smtp dot held',
  'smtp 250 withheld',
  'smtp 250 forwarded',
] as const

export type ConnectionStep = (typeof CONNECTION_STEPS)[number]

/** What a statement does, told by its text; the first that matches counts. */
export const STATEMENTS: readonly (readonly [kind: string, text: RegExp])[] = [
  ['begin', /^begin/i],
  ['savepoint', /^savepoint/i],
  ['release', /^release/i],
  ['saving a mail', /^insert into "raw_mails"/i],
  ['settling a mail', /^update "raw_mails"/i],
  ['opening a ticket', /^insert into "tickets"/i],
  ['saving a message', /^insert into "messages"/i],
  ['queueing a mail', /^insert into "outbox"/i],
  ['telling an agent', /^insert into "notifications"/i],
  ['claiming a mail', /^update "outbox" set "attempts"/i],
  ['noting a delivery', /^update "outbox" set "state"/i],
  ['moving the cursor', /^insert into "mailbox_folders"/i],
]

/** What a transaction was for, by the kinds of statements in it; the first that occurs counts. */
export const COMMITS: readonly (readonly [commit: string, kind: string])[] = [
  ['commit of mails', 'saving a mail'],
  ['commit of notifications', 'telling an agent'],
  ['commit of claims', 'claiming a mail'],
  ['commit of deliveries', 'noting a delivery'],
  ['commit of a cursor', 'moving the cursor'],
]
export const OTHER_COMMIT = 'commit of anything else'

export const DATABASE_STEPS: readonly string[] = [
  ...STATEMENTS.map(([kind]) => kind),
  ...COMMITS.map(([commit]) => commit),
  OTHER_COMMIT,
].flatMap(kind => [`before ${kind}`, `after ${kind}`])

export const PROCESS_STEPS = ['while starting', 'at a random moment', 'while stopping'] as const

export const ALL_STEPS: readonly string[] = [...CONNECTION_STEPS, ...DATABASE_STEPS, ...PROCESS_STEPS]

/** Steps that a program need not have: who selects a folder anew has little reason to ask for news. */
export const OPTIONAL_STEPS: ReadonlySet<string> = new Set(['imap noop sent', 'imap noop answered'])

/** What befalls the program or its connection at a step. */
export type Deed = 'kill' | 'cut' | 'halve' | 'stall' | { readonly delayMs: number }

export function nameOf(deed: Deed): 'kill' | 'cut' | 'halve' | 'stall' | 'delay' {
  return typeof deed === 'string' ? deed : 'delay'
}

/** How often what befell the program at which step. */
export class Tally {
  readonly #counts = new Map<string, Map<string, number>>()

  add(step: string, deed: string, count = 1): void {
    const deeds = this.#counts.get(step) ?? new Map<string, number>()
    deeds.set(deed, (deeds.get(deed) ?? 0) + count)
    this.#counts.set(step, deeds)
  }

  at(step: string, deed: string): number {
    return this.#counts.get(step)?.get(deed) ?? 0
  }

  total(deed: string): number {
    return [...this.#counts.values()].reduce((sum, deeds) => sum + (deeds.get(deed) ?? 0), 0)
  }
}
