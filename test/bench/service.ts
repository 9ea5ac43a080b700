import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse, stringify } from 'yaml'
import { MAIN } from '../support/command.ts'
import { eventually, within } from '../support/wait.ts'

/*
 * The built program as an admin runs it, with the shipped example configuration and one mailbox; looked at from outside.
 */

export type MeasuredService = {
  readonly url: string
  /** When its log said that it is up (epoch ms). */
  readonly upAt: number
  readonly startMs: number
  /** User and system time of the service until now, the process that reads mails included. */
  cpuMs(): number
  /** The most memory it ever had, the process that reads mails included; what both share counts once. */
  peakBytes(): number
  /** Waits, and fails as soon as the service has ended by itself; waited for in vain, it is ended. */
  running<T>(waiting: Promise<T>): Promise<T>
  /** SIGTERM; gives what is wrong with its end, or null. */
  stop(): Promise<string | null>
}

export type ImapAddress = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

const EXAMPLE = join(import.meta.dirname, '../../config/postdesk.example.yaml')
/** CPU time in /proc is counted in hundredths of a second on every Linux (USER_HZ). */
const TICK_MS = 10

export function databaseIn(folder: string): string {
  return join(folder, 'postdesk.sqlite')
}

/** Writes the configuration into the folder, and makes the database unless there is one. */
export async function configure(folder: string, imap: ImapAddress, smtpPort: number): Promise<void> {
  writeFileSync(join(folder, 'postdesk.yaml'), configuration(imap, smtpPort))
  await run(folder, imap, ['migrate'])
}

/** An API key that may read. */
export async function makeKey(folder: string, imap: ImapAddress): Promise<string> {
  const { key } = JSON.parse(await run(folder, imap, ['key', 'create', 'bench', '--json'])) as { key: string }
  return key
}

async function run(folder: string, imap: ImapAddress, args: readonly string[]): Promise<string> {
  const all = [MAIN, ...args, '--config', join(folder, 'postdesk.yaml')]
  return (await promisify(execFile)(process.execPath, all, { env: environment(imap) })).stdout
}

export async function startService(
  folder: string,
  imap: ImapAddress,
  nodeArguments: readonly string[] = [],
): Promise<MeasuredService> {
  const logPath = join(folder, 'log')
  const log = openSync(logPath, 'w')
  const spawned = performance.now()
  const args = [...nodeArguments, MAIN, 'serve', '--config', join(folder, 'postdesk.yaml')]
  const service = spawn(process.execPath, args, { env: environment(imap), stdio: ['ignore', log, 'pipe'] })
  closeSync(log)
  let complaints = ''
  service.stderr?.on('data', chunk => {
    complaints += chunk
  })
  const running = watch(service, () => complaints)
  const { time, url } = await running(eventually(() => upLine(logPath), 30_000, 5))
  return {
    url,
    upAt: Date.parse(time),
    startMs: performance.now() - spawned,
    cpuMs: () => treeOf(service).reduce((sum, pid) => sum + cpuMs(pid), 0),
    peakBytes: () => treeOf(service).reduce((sum, pid, at) => sum + peakBytes(pid, at === 0), 0),
    running,
    async stop() {
      const exited = once(service, 'exit')
      service.kill('SIGTERM')
      const [code] = await within(20_000, 'SIGTERM ends the service', exited)
      return code === 0 ? null : `the service ended with ${code}: ${complaints}`
    },
  }
}

function watch(service: ChildProcess, complaints: () => string): MeasuredService['running'] {
  const ended = once(service, 'exit').then(([code]) => {
    throw new Error(`the service ended with ${code}: ${complaints()}`)
  })
  ended.catch(() => undefined)
  return async waiting => {
    try {
      return await Promise.race([waiting, ended])
    } catch (error) {
      service.kill('SIGKILL')
      throw error
    }
  }
}

function upLine(logPath: string): { time: string; url: string } | null {
  const line = readFileSync(logPath, 'utf8')
    .split('\n')
    .find(text => text.includes('"postdesk is up"'))
  return line === undefined ? null : JSON.parse(line)
}

/** The process and its children. */
function treeOf({ pid = 0 }: ChildProcess): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const children = tasks.flatMap(task => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' '))
  return [pid, ...children.filter(Boolean).map(Number)]
}

/** proc(5): from the 14th field on utime, stime, and both of children that have ended; the second one may hold anything. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS
}

/** Pages of files (node itself) are the same ones in each process. */
function peakBytes(pid: number, withFiles: boolean): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1])
  return (kb('VmHWM') - (withFiles ? 0 : kb('RssFile'))) * 1024
}

function environment({ password }: ImapAddress): NodeJS.ProcessEnv {
  return { ...process.env, BENCH_PASSWORD: password }
}

/** Where the agents of the shipped example are written to. */
export function exampleAgents(): string[] {
  const { agents } = parse(readFileSync(EXAMPLE, 'utf8')) as { agents: Record<string, { addresses: string[] }> }
  return Object.values(agents).flatMap(({ addresses }) => addresses)
}

/** The shipped example with its rules, calendars and templates, and one mailbox. */
function configuration({ host, port, user }: ImapAddress, smtpPort: number): string {
  const example = parse(readFileSync(EXAMPLE, 'utf8')) as Record<string, unknown>
  const it = {
    displayName: 'IT Help',
    addresses: ['it@example.org'],
    team: 'it',
    serviceLevel: 'internal',
    startFrom: 'all',
    imap: { host, port, tls: 'none', user, secret: { env: 'BENCH_PASSWORD' } },
    smtp: { host: '127.0.0.1', port: smtpPort, tls: 'none', login: false },
  }
  return stringify({
    ...example,
    mailboxes: { it },
    // To a mailbox 10,000 acknowledgements in an hour would be a storm.
    automatic: { perMailbox: 20_000 },
    storage: { path: 'postdesk.sqlite' },
    http: { port: 0 },
    log: { level: 'info' },
  })
}
