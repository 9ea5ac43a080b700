import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { extname } from 'node:path'
import type { Policy } from '../desk/policy.ts'
import { DeskError, errorText } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { AutomatedContext } from '../mail/automated.ts'
import type { Message } from '../mail/message.ts'

/*
 * Mails are read in a process of their own: reading a backlog does not hold up what else the service does, and a mail that
 * takes too long, takes all memory or crashes its reader costs only itself. A thread is no such wall: an endless
 * `list.push(x)` in a thread whose heap is limited was seen to abort the whole service.
 *
 * When the process dies, the mail it was at is tried once more, as the first in a new process: it may have died of what an
 * earlier mail left behind, or the machine may have stood still. The second death is the mail's own fault. All others that
 * waited go to the new process. A process that dies before it has begun to read is nobody's fault: whoever waits gets an
 * error, has lost nothing, and tries again later. (Reading here instead would lay the service open to the next poison.)
 */

/** A mail that was read, or the reason why it could not be. */
export type ReadMail = { readonly message: Message } | { readonly fault: string }

export type Reader = AsyncDisposable & {
  /**
   * Reads a mail; they are read in the order of the calls. `past`: out of an archive, or of the folder of sent mail.
   * Rejects when there is no process to be had, or none any more.
   */
  read(bytes: Buffer, past: boolean): Promise<ReadMail>
  /**
   * The content of one attachment, by its position in `Message.attachments`; null when there is none. Rejects with
   * DeskError('unparseable') when the mail cannot be read, else as `read`.
   */
  attachment(bytes: Buffer, part: number): Promise<Buffer | null>
}

/** What one mail may take. */
export type ReadBudget = {
  /** From when it is its turn (ms). */
  readonly ms: number
  /** Of the JavaScript heap (MB); attachments lie outside of it and are no larger than their mail. */
  readonly heapMb: number
}

export const READ_BUDGET: ReadBudget = { ms: 30_000, heapMb: 256 }

export type ReaderOptions = {
  readonly policy: Policy
  readonly log: Logger
  readonly budget?: ReadBudget
  /** The module that the process runs; a test may give its own. */
  readonly program?: URL
}

export type ReadRequest = { readonly bytes: Buffer } & (
  | { readonly kind: 'mail'; readonly past: boolean; readonly context: AutomatedContext }
  | { readonly kind: 'attachment'; readonly part: number }
)
export type ReadAnswer = ReadMail | { readonly content: Buffer | null }

/** Built or not, the process runs what stands beside this file. */
const PROGRAM = new URL(`reader-process${extname(import.meta.url)}`, import.meta.url)
/** The process has so much to read before it is given more (bytes): enough not to wait for us, and no copy of a whole backlog. */
const AHEAD = 4 * 1_048_576
/** Of one mail little outlives it: with more room for what is new (V8: 16 MB) the process only becomes larger, by 25 MB. */
const YOUNG_MB = 4
/**
 * mallopt(3): glibc gives blocks of this size and more back when they are freed. Left to itself it keeps what is smaller than
 * the largest block ever freed (up to 32 MB), and attachments of all sizes leave 15 MB of gaps. Other libcs do not look at it.
 */
const GIVEN_BACK_BYTES = 128 * 1024
const STDERR_KEPT = 4_000

type Job = {
  readonly request: ReadRequest
  readonly resolve: (answer: ReadAnswer) => void
  readonly reject: (error: Error) => void
  /** A process has died over it. */
  suspect: boolean
}

/** A process; it answers in the order in which it is given the jobs. */
type Child = {
  readonly process: ChildProcess
  /** It has loaded what it needs, and reads. */
  ready: boolean
  /** How many of the jobs it was given; it is at the first. */
  given: number
  bytesGiven: number
  timer: NodeJS.Timeout | undefined
  /** It was killed, for the mail took too long. */
  late: boolean
  stderr: string
}

export function automatedContext({ policy }: { readonly policy: Policy }): AutomatedContext {
  const { ownAddresses, ownLists, heedSuppressHeader } = policy
  return { ownAddresses, ownLists, heedSuppressHeader }
}

/** Starts its process with the first mail. Disposing ends it at once: what was not read by then is rejected. */
export function createReader({ policy, log, budget = READ_BUDGET, program = PROGRAM }: ReaderOptions): Reader {
  const context = automatedContext({ policy })
  const jobs: Job[] = []
  let child: Child | null = null
  let disposed = false

  const ask = <Answer extends ReadAnswer>(request: ReadRequest): Promise<Answer | { readonly fault: string }> =>
    new Promise((resolve, reject) => {
      if (disposed) return reject(new Error(STOPPED))
      jobs.push({ request, resolve: answer => resolve(answer as Answer), reject, suspect: false })
      work()
    })

  /** Gives the process what it has room for. */
  const work = () => {
    child ??= start()
    keepAlive(child.process, jobs.length > 0)
    if (!child.ready) return
    for (let job = jobs[child.given]; job && child.bytesGiven < AHEAD; job = jobs[child.given]) {
      if (child.given++ === 0) startTimer(child, job)
      child.bytesGiven += job.request.bytes.length
      // When it is gone already, `ended` sees to it.
      child.process.send(job.request, () => undefined)
    }
  }

  const start = (): Child => {
    const started: Child = {
      process: fork(program, {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        // Nothing else: what reads the mail of strangers needs no passwords. (`execArgv` of our own would repeat a `node -e`.)
        env: {
          NODE_OPTIONS: `--max-old-space-size=${budget.heapMb} --max-semi-space-size=${YOUNG_MB}`,
          MALLOC_MMAP_THRESHOLD_: String(GIVEN_BACK_BYTES),
        },
      }),
      ...{ ready: false, given: 0, bytesGiven: 0, timer: undefined, late: false, stderr: '' },
    }
    const keep = (text: unknown) => {
      started.stderr = `${started.stderr}${text}`.slice(-STDERR_KEPT)
    }
    started.process.stderr?.on('data', keep)
    started.process.on('error', keep)
    started.process.on('message', (message: ReadAnswer | 'ready') => {
      if (message === 'ready') started.ready = true
      else answered(started, message)
      if (!disposed) work()
    })
    // By then all that it said has been heard.
    started.process.on('close', (code, signal) => ended(started, signal ?? `exit code ${code}`))
    return started
  }

  const startTimer = (one: Child, job: Job) => {
    one.timer = setTimeout(() => {
      // What was answered in time and lies here unheard, because we were busy ourselves, is heard first.
      setImmediate(() => {
        if (jobs[0] !== job) return
        one.late = true
        one.process.kill('SIGKILL')
      })
    }, budget.ms)
  }

  const answered = (one: Child, answer: ReadAnswer) => {
    clearTimeout(one.timer)
    const job = jobs.shift()
    if (!job) return
    one.given--
    one.bytesGiven -= job.request.bytes.length
    const [next] = jobs
    if (next && one.given > 0) startTimer(one, next)
    job.resolve(answer)
  }

  const ended = (one: Child, how: string) => {
    clearTimeout(one.timer)
    child = null
    if (disposed) return
    const [job] = jobs
    const reason = reasonOf(one, how, budget)
    if (!one.ready) {
      log.error({ reason }, 'the process that reads mails does not start')
      for (const { reject } of jobs.splice(0)) reject(new Error(`no process can be had to read mails in: ${reason}`))
      return
    }
    const fields = { reason, bytes: job?.request.bytes.length, waiting: jobs.length }
    if (!job) log.warn(fields, 'the process that reads mails has ended with nothing to do')
    else if (!job.suspect) {
      job.suspect = true
      log.warn(fields, 'the process that reads mails has ended over a mail, which is tried once more')
    } else {
      log.error(fields, 'the process that reads mails has ended over the same mail again: it is given up')
      jobs.shift()
      job.resolve({ fault: reason })
    }
    if (jobs.length > 0) work()
  }

  return {
    read: (bytes, past) => ask({ kind: 'mail', bytes, past, context }),
    async attachment(bytes, part) {
      const answer = await ask<{ content: Buffer | null }>({ kind: 'attachment', bytes, part })
      if ('fault' in answer) throw new DeskError('unparseable', answer.fault)
      return answer.content
    },
    async [Symbol.asyncDispose]() {
      disposed = true
      for (const { reject } of jobs.splice(0)) reject(new Error(STOPPED))
      if (!child) return
      clearTimeout(child.timer)
      keepAlive(child.process, true)
      const closed = once(child.process, 'close')
      child.process.kill('SIGKILL')
      await closed
    },
  }
}

const STOPPED = 'mails are not read any more: the service is stopping'

/** Why a mail is quarantined, in words for an admin. */
export function faultOf(error: unknown): string {
  return error instanceof DeskError ? error.message : `unexpected: ${errorText(error)}`
}

/** Why a process ended, in words for an admin who finds a mail in quarantine. */
function reasonOf({ late, stderr }: Child, how: string, { ms, heapMb }: ReadBudget): string {
  if (late) return `reading this mail took longer than ${ms / 1000} s`
  if (/heap out of memory/.test(stderr)) return `reading this mail took more than ${heapMb} MB of memory`
  const error = /^[A-Z]\w*Error\b.*/m.exec(stderr)
  return `reading this mail ended its process: ${error?.[0] ?? how}`
}

/** A process with nothing to do does not keep ours running. */
function keepAlive(child: ChildProcess, busy: boolean): void {
  const change = busy ? 'ref' : 'unref'
  child[change]()
  child.channel?.[change]()
  // The type knows it as a stream; it is a socket.
  ;(child.stderr as Socket | null)?.[change]()
}
