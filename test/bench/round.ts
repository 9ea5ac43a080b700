import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { parse, stringify } from 'yaml'
import { brokenInvariants } from '../support/store.ts'
import { tempDir } from '../support/temp-dir.ts'
import { eventually, within } from '../support/wait.ts'
import type { BenchMailboxes } from './mailbox.ts'
import type { Sink } from './sink.ts'
import type { Accepted } from './smtp-sink.ts'
import { watchCommits } from './wal.ts'

/*
 * One round: a new database, the built program as an admin runs it, a full INBOX; it is over when the last acknowledgement
 * was accepted over SMTP.
 */

const ROOT = join(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'dist/main.js')
/** CPU time in /proc is counted in hundredths of a second on every Linux (USER_HZ). */
const TICK_MS = 10
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
  /** User and system time of the process over the same time. */
  readonly cpuMs: number
  /** The most memory the process ever had (VmHWM). */
  readonly peakBytes: number
  readonly startMs: number
  readonly commits: number | null
  readonly commands: Readonly<Record<string, number>>
  readonly counts: Readonly<Record<string, { readonly is: number; readonly should: number }>>
  readonly faults: readonly string[]
}

export type RoundOptions = {
  readonly mailboxes: BenchMailboxes
  readonly sink: Sink
  readonly user: string
  readonly expected: Expected
  /** Counts commits; the write-ahead log then grows without end, so the round should not be timed. */
  readonly countCommits: boolean
  /** More arguments for node, such as --cpu-prof. */
  readonly nodeArguments: readonly string[]
}

export async function runRound({
  mailboxes,
  sink,
  user,
  expected,
  countCommits,
  nodeArguments,
}: RoundOptions): Promise<RoundFigures> {
  await using folder = await tempDir('bench-round')
  const config = join(folder.path, 'postdesk.yaml')
  const database = join(folder.path, 'postdesk.sqlite')
  const account = mailboxes.server.account(user)
  writeFileSync(config, configuration(account, sink.port))
  const env = { ...process.env, BENCH_PASSWORD: account.password }
  await promisify(execFile)(process.execPath, [MAIN, 'migrate', '--config', config], { env })
  const wal = countCommits ? watchCommits(database) : null
  try {
    const before = mailboxes.commands(user)
    sink.expect(expected.answered.size)
    const logPath = join(folder.path, 'log')
    const log = openSync(logPath, 'w')
    const spawned = performance.now()
    const service = spawn(process.execPath, [...nodeArguments, MAIN, 'serve', '--config', config], {
      env,
      stdio: ['ignore', log, 'pipe'],
    })
    closeSync(log)
    const complaints: string[] = []
    service.stderr?.on('data', chunk => complaints.push(String(chunk)))
    const running = watch(service, complaints)
    const up = await running(eventually(() => upAt(logPath), 30_000, 5))
    const startMs = performance.now() - spawned
    const cpuBefore = cpuMs(service)
    await running(sink.reached(QUIET_MS))
    const cpu = cpuMs(service) - cpuBefore
    const peakBytes = peakMemory(service)
    const exited = once(service, 'exit')
    service.kill('SIGTERM')
    const [code] = await within(20_000, 'SIGTERM ends the service', exited)
    const accepted = await sink.report()
    const { counts, faults } = check(database, expected, accepted)
    const after = mailboxes.commands(user)
    return {
      wallMs: Math.max(0, ...accepted.map(({ at }) => at)) - up,
      cpuMs: cpu,
      peakBytes,
      startMs,
      commits: wal?.count() ?? null,
      commands: Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)])),
      counts,
      faults: [...faults, ...(code === 0 ? [] : [`the service ended with ${code}: ${complaints.join('')}`])],
    }
  } finally {
    wal?.[Symbol.dispose]()
  }
}

/** Lets a wait fail as soon as the service has ended by itself; a service that is waited for in vain is ended. */
function watch(service: ChildProcess, complaints: readonly string[]) {
  const ended = once(service, 'exit').then(([code]) => {
    throw new Error(`the service ended with ${code}: ${complaints.join('')}`)
  })
  ended.catch(() => undefined)
  return async <T>(waiting: Promise<T>): Promise<T> => {
    try {
      return await Promise.race([waiting, ended])
    } catch (error) {
      service.kill('SIGKILL')
      throw error
    }
  }
}

function upAt(logPath: string): number | null {
  const line = readFileSync(logPath, 'utf8')
    .split('\n')
    .find(text => text.includes('"postdesk is up"'))
  return line === undefined ? null : Date.parse((JSON.parse(line) as { time: string }).time)
}

/** proc(5): utime and stime are the 14th and 15th field; the second one may hold anything, so read behind its bracket. */
function cpuMs({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function peakMemory({ pid }: ChildProcess): number {
  return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024
}

function check(
  path: string,
  expected: Expected,
  accepted: readonly Accepted[],
): Pick<RoundFigures, 'counts' | 'faults'> {
  const database = new Database(path, { readonly: true })
  const count = (query: string) => database.prepare(query).pluck().get() as number
  const tickets = expected.answered.size
  const answers = new Set(
    accepted
      .filter(({ to, inReplyTo }) => to.join() === expected.answered.get(inReplyTo ?? ''))
      .map(({ inReplyTo }) => inReplyTo),
  )
  const counts = {
    'mails in the ledger': { is: count('select count(*) from raw_mails'), should: expected.mails },
    tickets: { is: count('select count(*) from tickets'), should: tickets },
    'messages received': { is: count("select count(*) from messages where direction = 'in'"), should: expected.mails },
    attachments: { is: count('select count(*) from attachments'), should: expected.attachments },
    'replies on their ticket': {
      is: count("select count(*) from raw_mails where outcome = 'append'"),
      should: expected.mails - tickets,
    },
    'acknowledgements stored as sent': {
      is: count("select count(*) from outbox where state = 'sent'"),
      should: tickets,
    },
    'acknowledgements accepted over SMTP': { is: accepted.length, should: tickets },
    'senders answered once, on their own mail': { is: answers.size, should: tickets },
  }
  database.close()
  const wrong = Object.entries(counts).filter(([, { is, should }]) => is !== should)
  const faults = wrong.map(([name, { is, should }]) => `${name}: ${is} instead of ${should}`)
  return {
    counts,
    faults: [...faults, ...brokenInvariants(path).map(({ rule }) => `the database breaks its rule "${rule}"`)],
  }
}

/** The shipped example with its rules, calendars and templates, and one mailbox. */
function configuration(imap: ReturnType<BenchMailboxes['server']['account']>, smtpPort: number): string {
  const example = parse(readFileSync(join(ROOT, 'config/postdesk.example.yaml'), 'utf8')) as Record<string, unknown>
  const it = {
    displayName: 'IT Help',
    addresses: ['it@example.org'],
    team: 'it',
    serviceLevel: 'internal',
    startFrom: 'all',
    imap: { host: imap.host, port: imap.port, tls: 'none', user: imap.user, secret: { env: 'BENCH_PASSWORD' } },
    smtp: { host: '127.0.0.1', port: smtpPort, tls: 'none', login: false },
  }
  return stringify({
    ...example,
    mailboxes: { it },
    storage: { path: 'postdesk.sqlite' },
    http: { port: 0 },
    log: { level: 'info' },
  })
}
