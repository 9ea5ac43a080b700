/*
 * Loaded into the program before it starts (`node --import`), so that nothing of it need be written for the tests. It does
 * two things: the program's time runs faster than ours, so that its minutes of patience are seconds here; and it kills the
 * process before or after the n-th statement of a kind. It runs in the program, so it is transpiled, and imports types alone.
 */
import { appendFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import type Sqlite from 'better-sqlite3'

/** What the harness tells the program, in the variable CRASH. */
export type Preloaded = {
  /** How many times faster its time runs, counted from `since` (ms since 1970). */
  readonly pace: number
  readonly since: number
  /** The built program, whose libraries are changed. */
  readonly main: string
  /** [kind, source of a regular expression] as in `STATEMENTS`; and `COMMITS`. */
  readonly statements: readonly (readonly [string, string])[]
  readonly commits: readonly (readonly [string, string])[]
  readonly otherCommit: string
  /** Where to die. */
  readonly at: { readonly step: string; readonly count: number } | null
  /** The step at which it died is written here. */
  readonly note: string
}

// The process that reads the mails gets the arguments of Node and not the environment: it neither hurries nor dies by our hand.
const told = process.env['CRASH']
delete process.env['CRASH']
if (told !== undefined) {
  const given: Preloaded = JSON.parse(told)
  hasten(given)
  await watchStatements(given)
}

function hasten({ pace, since }: Preloaded): void {
  const RealDate = Date
  const realNow = Date.now
  const warpedNow = () => Math.round(since + (realNow() - since) * pace)
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, made) =>
      Reflect.construct(target, args.length === 0 ? [warpedNow()] : args, made === globalThis.Date ? target : made),
    get: (target, name) => (name === 'now' ? warpedNow : Reflect.get(target, name)),
  })
  const realPerformance = performance.now.bind(performance)
  Object.defineProperty(performance, 'now', {
    // Templates are given so much time to compute in, and that goes no faster.
    value: () => realPerformance() * (calledBy('liquidjs') ? 1 : pace),
  })

  const require = createRequire(import.meta.url)
  const shorter = <T extends (...args: never[]) => unknown>(timer: T, at: number): T =>
    new Proxy(timer, {
      apply: (target, self, args: unknown[]) => {
        const ms = args[at]
        return Reflect.apply(target, self, typeof ms === 'number' ? args.with(at, ms / pace) : args)
      },
    })
  const promises = require('node:timers/promises')
  promises.setTimeout = shorter(promises.setTimeout, 0)
  for (const timers of [globalThis, require('node:timers')]) {
    timers.setTimeout = shorter(timers.setTimeout, 1)
    timers.setInterval = shorter(timers.setInterval, 1)
  }
  Socket.prototype.setTimeout = shorter(Socket.prototype.setTimeout, 0)
  syncBuiltinESMExports()
}

function calledBy(library: string): boolean {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 4
  const { stack = '' } = new Error()
  Error.stackTraceLimit = stackTraceLimit
  return stack.includes(`/${library}/`)
}

async function watchStatements({ main, statements, commits, otherCommit, at, note }: Preloaded): Promise<void> {
  if (!at) return
  const native = new URL('store/native.js', pathToFileURL(main))
  const { Database }: { Database: typeof Sqlite } = await import(native.href)
  const kinds = statements.map(([kind, source]) => [kind, new RegExp(source, 'i')] as const)
  const seen = new Set<string>()
  let count = 0

  const reach = (step: string) => {
    if (step !== at.step || ++count < at.count) return
    appendFileSync(note, `${step}\n`)
    process.kill(process.pid, 'SIGKILL')
    // The signal is on its way: nothing of the program runs any more.
    for (;;);
  }
  const kindOf = (sql: string): string | undefined => {
    if (/^commit/i.test(sql)) return commits.find(([, kind]) => seen.has(kind))?.[0] ?? otherCommit
    return kinds.find(([, text]) => text.test(sql))?.[0]
  }
  const around = <T>(sql: string, work: () => T): T => {
    const kind = kindOf(sql)
    if (kind === undefined) return work()
    reach(`before ${kind}`)
    const result = work()
    reach(`after ${kind}`)
    if (kind === 'begin') seen.clear()
    seen.add(kind)
    return result
  }
  const prepare = Database.prototype.prepare
  Database.prototype.prepare = function (this: Sqlite.Database, sql: string) {
    const statement = prepare.call(this, sql)
    for (const way of ['run', 'all', 'get'] as const) {
      const real = statement[way] as (...args: unknown[]) => unknown
      Object.defineProperty(statement, way, {
        value: (...args: unknown[]) => around(sql, () => real.apply(statement, args)),
      })
    }
    return statement
  } as typeof prepare
}
