/*
 * The processes of a server that a test starts. They are a process group of their own, so all of them can be found, and ended.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { eventually } from './wait.ts'

export type ProcessOptions = {
  readonly env?: NodeJS.ProcessEnv
  /** Only root can be somebody else. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

export class ProcessGroup {
  /** What it wrote to stderr. */
  complaints = ''
  readonly #command: readonly [string, ...string[]]
  readonly #options: ProcessOptions
  #master: ChildProcess | null = null
  #stopping: Promise<void> = Promise.resolve()
  // When the test process dies, its server goes too.
  readonly #atExit = () => this.signal('SIGKILL')

  constructor(command: readonly [string, ...string[]], options: ProcessOptions = {}) {
    this.#command = command
    this.#options = options
  }

  /** Has the master process gone by itself? */
  get ended(): boolean {
    return this.#master?.exitCode !== null
  }

  /** Waits for a stop() that has not come to its end: else that one would forget the processes started here. */
  async start(): Promise<void> {
    await this.#stopping
    const [file, ...args] = this.#command
    if (this.#master) throw new Error(`this ${file} is running`)
    const { env, owner } = this.#options
    const master = spawn(file, args, {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      ...(env ? { env } : {}),
      ...owner,
    })
    this.#master = master
    master.stderr?.on('data', chunk => {
      this.complaints += chunk
    })
    process.on('exit', this.#atExit)
    await new Promise((resolve, reject) => master.once('spawn', resolve).once('error', reject))
  }

  signal(signal: NodeJS.Signals): void {
    const group = this.#master?.pid
    if (group === undefined) return
    try {
      process.kill(-group, signal)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }

  /** Ends the group, without goodbye for nothing of it will be kept, and makes sure that nobody is left. */
  stop(): Promise<void> {
    this.#stopping = this.#stopping.then(() => this.#end())
    return this.#stopping
  }

  async #end(): Promise<void> {
    const group = this.#master?.pid
    if (group !== undefined) {
      this.signal('SIGKILL')
      await eventually(() => members(group).length === 0, 5000, 5).catch(error => {
        throw new Error(`processes of ${this.#command[0]} are left: ${members(group).join(', ')}`, { cause: error })
      })
    }
    process.removeListener('exit', this.#atExit)
    this.#master = null
  }
}

/** The living processes of a process group. Zombies do not count: nobody but their parent can remove them. */
function members(group: number): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter(pid => {
    try {
      // proc(5): pid (comm) state ppid pgrp …; comm may hold anything, so read behind its last bracket.
      const [state, , pgrp] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
      return Number(pgrp) === group && state !== 'Z'
    } catch {
      return false
    }
  })
}

/** Does an IMAP server greet at this port, and is it ready? */
export function greets(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const end = (greeted: boolean) => {
      socket.destroy()
      resolve(greeted)
    }
    socket.once('error', () => end(false))
    // "* OK Waiting for authentication process to respond.." comes before Dovecot is ready.
    socket.on('data', text => /^\* OK \[/m.test(text.toString()) && end(true))
    socket.once('close', () => resolve(false))
  })
}
