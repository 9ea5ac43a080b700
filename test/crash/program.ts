import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { MAIN } from '../support/command.ts'
import { within } from '../support/wait.ts'
import type { Preloaded } from './preload.ts'
import { COMMITS, OTHER_COMMIT, STATEMENTS } from './steps.ts'

/*
 * One life of the built program.
 */

/** A minute of the program's patience is two seconds here. */
export const PACE = 30

/** Transpiles the preload into a folder; gives its URL for `node --import`. Node 20 runs no TypeScript. */
export function buildPreload(folder: string): string {
  const source = readFileSync(join(import.meta.dirname, 'preload.ts'), 'utf8')
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
  })
  const path = join(folder, 'preload.mjs')
  writeFileSync(path, outputText)
  return pathToFileURL(path).href
}

export type Home = {
  readonly folder: string
  readonly configPath: string
  readonly databasePath: string
  readonly env: Readonly<Record<string, string>>
  readonly preload: string
  /** When the schedule began (ms since 1970): the program's clock goes on from life to life. */
  readonly since: number
}

export class Program {
  readonly #child: ChildProcess
  readonly #note: string
  readonly #closed: Promise<unknown>
  #stderr = ''
  #asked = false
  /** Milliseconds since 1970. */
  endedAt = 0
  /** Where the API answers; null: it is not up yet. */
  url: string | null = null
  /** Lines of the log that a sound program never writes. */
  readonly strange: string[] = []

  /** `at`: the statement before or after which it kills itself. */
  constructor(home: Home, at: Preloaded['at']) {
    this.#note = join(home.folder, 'died-at')
    writeFileSync(this.#note, '')
    const told: Preloaded = {
      pace: PACE,
      since: home.since,
      main: MAIN,
      statements: STATEMENTS.map(([kind, text]) => [kind, text.source]),
      commits: COMMITS,
      otherCommit: OTHER_COMMIT,
      at,
      note: this.#note,
    }
    this.#child = spawn(process.execPath, ['--import', home.preload, MAIN, 'serve', '--config', home.configPath], {
      env: { ...process.env, ...home.env, CRASH: JSON.stringify(told) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    // When the harness ends, its programs do.
    const atExit = () => this.#child.kill('SIGKILL')
    process.on('exit', atExit)
    this.#child.once('exit', () => {
      this.endedAt = Date.now()
      process.removeListener('exit', atExit)
    })
    this.#closed = once(this.#child, 'close')
    this.#child.stderr?.on('data', chunk => {
      this.#stderr += chunk
    })
    if (this.#child.stdout)
      createInterface({ input: this.#child.stdout }).on('line', line => this.#read(line, home.folder))
  }

  #read(line: string, folder: string): void {
    appendFileSync(join(folder, 'log.jsonl'), `${line}\n`)
    try {
      const { msg, url, err } = JSON.parse(line) as { msg?: string; url?: string; err?: { stack?: string } }
      if (msg === 'postdesk is up' && url) this.url = url
      if (msg !== undefined && NEVER.has(msg)) this.strange.push(line)
      // Its own mistakes have a stack: what is expected of servers is told by its words.
      if (err?.stack !== undefined) this.strange.push(line)
    } catch {
      // The last line of a killed process may be half a line.
    }
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when it has ended, however it did. */
  get ended(): Promise<unknown> {
    return this.#closed
  }

  /** The step at which it has killed itself; null: it has not. */
  get diedAt(): string | null {
    return readFileSync(this.#note, 'utf8').split('\n')[0] || null
  }

  /** What is wrong with how it ended; null: nothing. */
  get complaint(): string | null {
    const { exitCode, signalCode } = this.#child
    if (signalCode === 'SIGKILL' || (this.#asked && exitCode === 0))
      return this.#stderr === '' ? null : `the program wrote to stderr: ${this.#stderr}`
    return `the program ended by itself with ${exitCode ?? signalCode}: ${this.#stderr}`
  }

  async kill(): Promise<void> {
    if (this.isRunning) this.#child.kill('SIGKILL')
    await this.#closed
  }

  terminate(): void {
    this.#asked = true
    this.#child.kill('SIGTERM')
  }

  /** SIGTERM, and its end. */
  async stop(): Promise<void> {
    this.terminate()
    await within(20_000, 'SIGTERM ends the program', this.#closed)
  }
}

const NEVER = new Set(['mail could not be recorded', 'what was sent could not be noted: it may be sent again'])
