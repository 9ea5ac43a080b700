import { copyFileSync } from 'node:fs'
import { Database } from '../../src/store/native.ts'
import { brokenInvariants } from '../support/store.ts'
import { tempDir } from '../support/temp-dir.ts'
import type { BenchMailboxes } from './mailbox.ts'
import { configure, databaseIn, type MeasuredService, makeKey, startService } from './service.ts'
import type { Sink } from './sink.ts'
import type { Accepted } from './smtp-sink.ts'
import { watchCommits } from './wal.ts'

/*
 * One round: a new database, the built program, a full INBOX; it is over when the last acknowledgement was accepted over SMTP.
 */

const QUIET_MS = 15_000

/** What the mails of the corpus must become. `answered`: to each Message-ID that opens a ticket, its sender. */
export type Expected = {
  readonly mails: number
  readonly attachments: number
  readonly answered: ReadonlyMap<string, string>
}

export type RoundFigures = {
  /** From "postdesk is up" to the last acknowledgement accepted. */
  readonly wallMs: number
  /** User and system time of the service over the same time. */
  readonly cpuMs: number
  /** The most memory the service ever had. */
  readonly peakBytes: number
  readonly startMs: number
  readonly commits: number | null
  readonly commands: Readonly<Record<string, number>>
  readonly counts: Readonly<Record<string, { readonly is: number; readonly should: number }>>
  readonly faults: readonly string[]
}

export type Place = {
  readonly mailboxes: BenchMailboxes
  readonly sink: Sink
  readonly nodeArguments: readonly string[]
}

export type RoundOptions = Place & {
  /** Kept: what the database is copied to at the end. */
  readonly keepAs?: string

  readonly user: string
  readonly expected: Expected
  /** Counts commits; the write-ahead log then grows without end, so the round should not be timed. */
  readonly countCommits?: boolean
  /** A database to begin with, in place of an empty one. */
  readonly database?: string
  /** Look through the whole database at the end: yes, unless it is large. */
  readonly verify?: boolean
  /** Questions to the API: while the mails are taken in, until the signal aborts, and when all is quiet again. */
  readonly questions?: {
    readonly meanwhile: (service: MeasuredService, key: string, end: AbortSignal) => Promise<void>
    readonly afterwards: (service: MeasuredService, key: string) => Promise<void>
  }
}

export async function runRound(options: RoundOptions): Promise<RoundFigures> {
  const { mailboxes, sink, user, expected, countCommits = false, nodeArguments, questions } = options
  await using folder = await tempDir('bench-round')
  const account = mailboxes.server.account(user)
  const database = databaseIn(folder.path)
  if (options.database) copyFileSync(options.database, database)
  await configure(folder.path, account, sink.port)
  const key = questions ? await makeKey(folder.path, account) : ''
  const stored = counted(database)
  const wal = countCommits ? watchCommits(database) : null
  try {
    const before = mailboxes.commands(user)
    sink.expect(expected.answered.size)
    const service = await startService(folder.path, account, nodeArguments)
    const cpuBefore = service.cpuMs()
    const end = new AbortController()
    const asked = questions?.meanwhile(service, key, end.signal)
    await service.running(sink.reached(QUIET_MS))
    const cpuMs = service.cpuMs() - cpuBefore
    const peakBytes = service.peakBytes()
    end.abort()
    await asked
    await questions?.afterwards(service, key)
    const badEnd = await service.stop()
    if (options.keepAs) copyFileSync(database, options.keepAs)
    const accepted = await sink.report()
    const { counts, faults } = check(database, stored, expected, accepted, options.verify ?? true)
    const after = mailboxes.commands(user)
    return {
      wallMs: Math.max(0, ...accepted.map(({ at }) => at)) - service.upAt,
      cpuMs,
      peakBytes,
      startMs: service.startMs,
      commits: wal?.count() ?? null,
      commands: Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)])),
      counts,
      faults: badEnd === null ? faults : [...faults, badEnd],
    }
  } finally {
    wal?.[Symbol.dispose]()
  }
}

const COUNTS = {
  'mails in the ledger': 'select count(*) from raw_mails',
  tickets: 'select count(*) from tickets',
  'messages received': "select count(*) from messages where direction = 'in'",
  attachments: 'select count(*) from attachments',
  'replies on their ticket': "select count(*) from raw_mails where outcome = 'append'",
  'acknowledgements stored as sent': "select count(*) from outbox where state = 'sent' and kind = 'acknowledgement'",
} as const

type Counts = Readonly<Record<keyof typeof COUNTS, number>>

function counted(path: string): Counts {
  const database = new Database(path, { readonly: true })
  const counts = Object.entries(COUNTS).map(([name, query]) => [name, database.prepare(query).pluck().get()])
  database.close()
  return Object.fromEntries(counts) as Counts
}

function check(
  path: string,
  before: Counts,
  expected: Expected,
  accepted: readonly Accepted[],
  verify: boolean,
): Pick<RoundFigures, 'counts' | 'faults'> {
  const after = counted(path)
  const tickets = expected.answered.size
  const should: Counts = {
    'mails in the ledger': expected.mails,
    tickets,
    'messages received': expected.mails,
    attachments: expected.attachments,
    'replies on their ticket': expected.mails - tickets,
    'acknowledgements stored as sent': tickets,
  }
  const answers = new Set(
    accepted
      .filter(({ to, inReplyTo }) => to.join() === expected.answered.get(inReplyTo ?? ''))
      .map(({ inReplyTo }) => inReplyTo),
  )
  const names = Object.keys(COUNTS) as (keyof Counts)[]
  const counts = {
    ...Object.fromEntries(names.map(name => [name, { is: after[name] - before[name], should: should[name] }])),
    'acknowledgements accepted over SMTP': { is: accepted.length, should: tickets },
    'senders answered once, on their own mail': { is: answers.size, should: tickets },
  }
  const wrong = Object.entries(counts).filter(([, { is, should }]) => is !== should)
  const faults = wrong.map(([name, { is, should }]) => `${name}: ${is} instead of ${should}`)
  const broken = verify ? brokenInvariants(path) : []
  return { counts, faults: [...faults, ...broken.map(({ rule }) => `the database breaks its rule "${rule}"`)] }
}
