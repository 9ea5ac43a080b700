/*
 * The whole service in this process, with a clock of the test's own and limits to its database.
 */
import { newApiKey } from '../../src/api/auth.ts'
import { type App, startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type Instant, instantOf } from '../../src/instant.ts'
import type { SqliteOptions, Store } from '../../src/store/store.ts'
import { keptLog } from './log.ts'
import { READER_PROGRAM } from './reader.ts'
import { type DeskSetup, writeSetup } from './setup.ts'
import { brokenInvariants, isDispatched } from './store.ts'
import { tempDir } from './temp-dir.ts'
import { eventually } from './wait.ts'

export interface AppHere extends AsyncDisposable {
  /** The one in use, since the last start. */
  readonly store: Store
  /** The lines of the log, of all starts. */
  lines(): Record<string, unknown>[]
  /** The time of day as the service has it. */
  clock(): Instant
  /** Sets that clock ahead, or back. */
  jump(ms: number): void
  restart(limits?: SqliteOptions): Promise<void>
  /** What a GET of the API gives. */
  get<T>(path: string): Promise<T>
  /** Waits until agents have been told and nothing is left to be sent from this mailbox. */
  quiet(mailbox: string): Promise<void>
}

export async function startAppHere(
  setup: DeskSetup,
  database: SqliteOptions = {},
  readerProgram = READER_PROGRAM,
): Promise<AppHere> {
  const folder = await tempDir('here')
  const { configPath, databasePath, env } = await writeSetup(setup, folder.path)
  let offsetMs = 0
  const { log, lines } = keptLog()
  const { config, secrets, policy } = loadConfig(configPath, env)
  const clock = () => instantOf(Date.now() + offsetMs)
  const start = (limits: SqliteOptions) =>
    startApp({ config, secrets, policy, log, clock, alarmsEveryMs: 50, database: limits, readerProgram })
  let app: App = await start(database)
  const { key, hash } = newApiKey()
  await app.store.write(tx => tx.createApiKey({ name: 'test', role: 'admin', hash }, clock()))
  return {
    lines,
    clock,
    get store() {
      return app.store
    },
    jump(ms) {
      offsetMs += ms
    },
    async restart(limits = database) {
      await app[Symbol.asyncDispose]()
      app = await start(limits)
    },
    async get<T>(path: string): Promise<T> {
      const response = await fetch(`${app.url}${path}`, { headers: { authorization: `Bearer ${key}` } })
      if (response.status !== 200) throw new Error(`GET ${path}: ${response.status}`)
      const isJson = response.headers.get('content-type')?.includes('json')
      return (await (isJson ? response.json() : response.text())) as T
    },
    async quiet(mailbox) {
      const isQuiet = async () => isDispatched(databasePath) && (await app.store.read.nextAttemptAt(mailbox)) === null
      await eventually(isQuiet, 30_000)
    },
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      const broken = brokenInvariants(databasePath)
      await folder[Symbol.asyncDispose]()
      if (broken.length > 0) throw new Error(`the database breaks its rules: ${JSON.stringify(broken)}`)
    },
  }
}
