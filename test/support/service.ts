/*
 * The built program as a process, as an admin runs it: a configuration file, environment variables, signals, HTTP.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Static } from 'typebox'
import { newApiKey } from '../../src/api/auth.ts'
import type { OutboxLine } from '../../src/api/outbox-shapes.ts'
import type { TicketDetail } from '../../src/api/ticket-shapes.ts'
import type { RawMailStatus } from '../../src/store/raw-mails.ts'
import { openStore } from '../../src/store/store.ts'
import { type Environment, MAIN } from './command.ts'
import { type DeskSetup, writeSetup } from './setup.ts'
import { brokenInvariants, isDispatched } from './store.ts'
import { tempDir } from './temp-dir.ts'
import { eventually, within } from './wait.ts'

export type Answer<T> = { readonly status: number; readonly headers: Headers; readonly body: T }
export type Page<T> = { readonly items: readonly T[]; readonly nextCursor: string | null }
export type TicketSeen = Static<typeof TicketDetail>
export type OutboxSeen = Static<typeof OutboxLine>
export type LedgerLine = RawMailStatus
export type Problem = {
  readonly status: number
  readonly detail: string
  readonly errors?: readonly { readonly path: string; readonly message: string }[]
}

/** What is asked over HTTP, wherever the service runs. */
export interface ServiceApi {
  request<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer<T>>
  /** What a GET gives. Throws unless it is answered with 200. */
  get<T>(path: string): Promise<T>
  /** The line of the ledger for a mail, once it has been taken in. */
  taken(mailbox: string, uid: number, timeoutMs?: number): Promise<LedgerLine>
  /** All lines of the ledger, oldest first. */
  ledger(): Promise<LedgerLine[]>
  outbox(query?: string): Promise<readonly OutboxSeen[]>
  /**
   * Resolves when all that follows from what happened was written, and nothing waits to be sent any more, but for what may still be
   * taken back for a while.
   */
  sent(timeoutMs?: number): Promise<void>
  ticket(id: number): Promise<TicketSeen>
}

export interface Service extends ServiceApi, AsyncDisposable {
  readonly configPath: string
  readonly databasePath: string
  /** Where the API answers, since the last start. */
  readonly url: string
  /** A key with the role admin. */
  readonly key: string
  /** The lines of the log, of all starts. */
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  /** All that the process wrote, of all starts. */
  readonly output: () => string
  /** Resolves once the log has a line with this text, counted from the last start. */
  logged(text: string, timeoutMs?: number): Promise<Readonly<Record<string, unknown>>>
  /** SIGTERM, and the exit code. */
  stop(): Promise<number>
  /** SIGKILL: nothing of the program runs any more. */
  kill(): Promise<void>
  /** Starts it again after stop() or kill(), on the same configuration and database. */
  start(env?: Environment): Promise<void>
}

/** Configures, makes a key and starts the service. Disposing of it stops it and checks what must always be true. */
export async function startService(setup: DeskSetup): Promise<Service> {
  const folder = await tempDir('service')
  const { configPath, databasePath, env } = await writeSetup(setup, folder.path)
  const key = await adminKey(databasePath)

  const lines: Record<string, unknown>[] = []
  let stdout = ''
  let stderr = ''
  let linesBefore = 0
  let child: ChildProcess | null = null
  let url = ''
  // When the test process dies, its service goes too.
  const atExit = () => child?.kill('SIGKILL')
  process.on('exit', atExit)

  const running = () => child !== null && child.exitCode === null && child.signalCode === null
  const start: Service['start'] = async (more = {}) => {
    if (running()) throw new Error('it is running')
    linesBefore = lines.length
    url = ''
    const started = spawn(process.execPath, [MAIN, 'serve', '--config', configPath], {
      env: { ...process.env, ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = started
    started.stderr.on('data', chunk => {
      stderr += chunk
    })
    createInterface({ input: started.stdout }).on('line', line => {
      stdout += `${line}\n`
      const fields = JSON.parse(line) as Record<string, unknown>
      lines.push(fields)
      if (fields['msg'] === 'postdesk is up') url = String(fields['url'])
    })
    await eventually(() => {
      if (url !== '') return true
      if (running()) return false
      // Thrown later, so that eventually() does not take it for "not yet".
      return true
    }, 30_000)
    if (url === '') throw new Error(`it ended with ${started.exitCode ?? started.signalCode}: ${stderr}`)
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number> => {
    const ending = child
    if (!ending) return 0
    if (running()) {
      const closed = once(ending, 'close')
      ending.kill(signal)
      await within(30_000, `${signal} ends the service`, closed)
    }
    return ending.exitCode ?? -1
  }
  try {
    await start()
  } catch (error) {
    process.removeListener('exit', atExit)
    await folder[Symbol.asyncDispose]()
    throw error
  }
  return {
    configPath,
    databasePath,
    key,
    get url() {
      return url
    },
    lines,
    output: () => stdout + stderr,
    ...serviceApi(() => url, key, databasePath),
    logged: (text, timeoutMs = 15_000) =>
      eventually(() => lines.slice(linesBefore).find(line => line['msg'] === text), timeoutMs),
    stop: () => end('SIGTERM'),
    kill: async () => void (await end('SIGKILL')),
    start,
    async [Symbol.asyncDispose]() {
      const wasRunning = running()
      try {
        const code = await end('SIGTERM')
        if (wasRunning && code !== 0) throw new Error(`it ended with ${code}: ${stderr}`)
        if (stderr !== '') throw new Error(`it complained: ${stderr}`)
        const told = Object.values(env).filter(secret => stdout.includes(secret))
        if (told.length > 0) throw new Error(`the log holds the password ${told}`)
        const broken = brokenInvariants(databasePath)
        if (broken.length > 0) throw new Error(`the database breaks its rules: ${JSON.stringify(broken)}`)
      } finally {
        child?.kill('SIGKILL')
        process.removeListener('exit', atExit)
        await folder[Symbol.asyncDispose]()
      }
    },
  }
}

/** What is due later was not meant to leave yet. */
const HELD_BACK_MS = 30_000

/** Asks the API at this address, with this key; of what is not to be seen there, the database. */
export function serviceApi(url: () => string, key: string, databasePath: string): ServiceApi {
  const request: ServiceApi['request'] = async (method, path, body, headers = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(`${url()}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...json, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }
  const get = async <T>(path: string): Promise<T> => {
    const { status, body } = await request<T>('GET', path)
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`)
    return body
  }

  return {
    request,
    get,
    taken: (mailbox, uid, timeoutMs = 15_000) =>
      eventually(async () => {
        const { items } = await get<Page<LedgerLine>>(`/v1/mails?mailbox=${mailbox}&limit=200`)
        return items.find(line => line.uid === uid)
      }, timeoutMs),
    async ledger() {
      const all: LedgerLine[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: Page<LedgerLine> = await get(`/v1/mails?limit=200${cursor && `&cursor=${cursor}`}`)
        all.push(...page.items)
        cursor = page.nextCursor
      }
      return all.reverse()
    },
    outbox: async (query = '') => (await get<Page<OutboxSeen>>(`/v1/outbox?limit=200${query && `&${query}`}`)).items,
    sent: async (timeoutMs = 15_000) => {
      await eventually(async () => {
        if (!isDispatched(databasePath)) throw new Error('agents are still being told')
        const { items } = await get<Page<OutboxSeen>>('/v1/outbox?state=queued')
        const due = items.filter(
          mail => mail.attempts > 0 || Date.parse(mail.nextAttemptAt) < Date.now() + HELD_BACK_MS,
        )
        if (due.length > 0) throw new Error(`still queued: ${due.map(mail => mail.lastError ?? mail.subject)}`)
        return true
      }, timeoutMs)
    },
    ticket: id => get(`/v1/tickets/${id}`),
  }
}

/** `postdesk key create` without its process: a service is started so often here. */
export async function adminKey(databasePath: string): Promise<string> {
  await using store = await openStore(databasePath)
  const { key, hash } = newApiKey()
  await store.write(tx => tx.createApiKey({ name: 'test', role: 'admin', hash }, new Date().toISOString()))
  return key
}
