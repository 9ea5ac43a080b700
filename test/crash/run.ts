/*
 * `npm run test:crash`: the built program between Dovecot and an SMTP server, with everything going wrong that can. README.md
 * tells what is done and what is checked.
 */
import { randomInt } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dovecotAvailable, startDovecot } from '../support/dovecot.ts'
import { startSmtp } from '../support/smtp.ts'
import { within } from '../support/wait.ts'
import { ANY_USER } from './inbox.ts'
import { makeSchedule } from './plan.ts'
import { buildPreload } from './program.ts'
import { sabotage } from './sabotage.ts'
import { runSchedule, type World } from './schedule.ts'
import { Tally } from './steps.ts'
import { notKilledAt, type Sum, summary } from './summary.ts'

const USAGE = `npm run test:crash -- [--schedules N] [--minutes M] [--seed S] [--first K] [--parallel P] [--keep]
  --schedules  how many are run (20; with --minutes, as many as fit)
  --minutes    no schedule is begun after so many
  --seed       what everything is drawn from; a fresh one unless given
  --first      the number of the first schedule (0): with --seed and --schedules 1 it repeats one
  --parallel   how many run at a time (one more than there are processors)
  --keep       keep what each schedule leaves, not only those that failed
`

const { values } = parseArgs({
  options: {
    schedules: { type: 'string' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    first: { type: 'string', default: '0' },
    parallel: { type: 'string', default: String(availableParallelism() + 1) },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

/** The commands `reconcile` and `verify` take a second each: not everywhere. */
const THOROUGH_EVERY = 10
/** After so many schedules each named step must have been reached: all of them had their turn several times. */
const ENOUGH = 300
/** Something hangs. */
const LONGEST_MS = 300_000

async function run(): Promise<number> {
  const minutes = values.minutes === undefined ? null : Number(values.minutes)
  const schedules = Number(values.schedules ?? (minutes === null ? 20 : Number.MAX_SAFE_INTEGER))
  const seed = Number(values.seed ?? randomInt(1_000_000_000))
  const [first, parallel] = [Number(values.first), Number(values.parallel)]
  const numbers = [schedules, seed, first, parallel]
  if (values.help || !numbers.every(Number.isInteger) || !(schedules > 0) || !(parallel > 0) || Number.isNaN(minutes)) {
    process.stdout.write(USAGE)
    return values.help ? 0 : 64
  }
  if (!dovecotAvailable()) {
    process.stderr.write('The crash harness needs Dovecot 2.3: apt-get install dovecot-imapd\n')
    return process.env['POSTDESK_REQUIRE_DOVECOT'] ? 69 : 0
  }
  say(`seed ${seed}`)
  const home = await mkdtemp(join(tmpdir(), `postdesk-crash-${seed}-`))
  await using dovecot = await startDovecot({ config: ANY_USER })
  await using smtp = await startSmtp()
  const world: World = { dovecot, smtp, preload: buildPreload(home), tally: new Tally() }
  const sum: Sum = { seed, passed: 0, failed: [], lost: 0, doubled: 0, mails: 0, again: [], sabotages: null, ms: 0 }
  const begun = performance.now()
  let next = first
  const isOver = () => next >= first + schedules || (minutes !== null && performance.now() - begun > minutes * 60_000)
  const work = async () => {
    while (!isOver()) {
      const number = next++
      await runOne(world, sum, number, join(home, String(number)), seed)
      progress(sum, begun, schedules)
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  sum.ms = performance.now() - begun
  process.stdout.write(summary(sum, world.tally))
  if (sum.failed.length === 0 && !values.keep) rmSync(home, { recursive: true, force: true })
  else say(`what the schedules left is in ${home}`)
  const unreached = sum.passed < ENOUGH ? [] : notKilledAt(world.tally)
  return sum.failed.length === 0 && sum.passed > 0 && unreached.length === 0 ? 0 : 1
}

async function runOne(world: World, sum: Sum, number: number, folder: string, seed: number): Promise<void> {
  const problems: string[] = []
  try {
    const schedule = runSchedule(world, makeSchedule(seed, number), folder, number % THOROUGH_EVERY === 0)
    const outcome = await within(LONGEST_MS, `schedule ${number}`, schedule)
    sum.mails += outcome.evidence.delivered.size
    sum.again.push(...outcome.again)
    sum.lost += outcome.differences.filter(({ kind }) => kind === 'lost').length
    sum.doubled += outcome.differences.filter(({ kind }) => kind === 'doubled').length
    problems.push(...outcome.differences.map(({ kind, what }) => `${kind}: ${what}`))
    // A check that never says no proves nothing: each run shows that this one does.
    if (problems.length === 0 && sum.sabotages === null) {
      const { made, unseen } = sabotage(outcome.evidence, folder)
      sum.sabotages = made
      problems.push(...unseen.map(what => `the check did not see that ${what}`))
    }
  } catch (error) {
    problems.push(`the harness failed: ${error instanceof Error ? error.stack : error}`)
  }
  if (problems.length === 0) {
    sum.passed++
    if (!values.keep) rmSync(folder, { recursive: true, force: true })
    return
  }
  sum.failed.push(number)
  say(`schedule ${number} FAILED:\n  ${problems.join('\n  ')}`)
  say(`  kept in ${folder} (postdesk.sqlite, log.jsonl, events.txt, schedule.json)`)
  say(`  again: npm run test:crash -- --seed ${seed} --first ${number} --schedules 1`)
}

let toldAt = 0

function progress({ passed, failed, again }: Sum, begun: number, schedules: number): void {
  const now = performance.now()
  if (!process.stderr.isTTY && now - toldAt < 15_000) return
  toldAt = now
  const of = schedules < Number.MAX_SAFE_INTEGER ? ` of ${schedules}` : ''
  const words = `${passed + failed.length}${of} schedules, ${failed.length} failed, ${again.length} sent again, ${Math.round((now - begun) / 1000)} s`
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${words}` : `${words}\n`)
}

function say(words: string): void {
  process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}${words}\n`)
}

// Ended from outside it still ends what it has started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    say(`ended by ${signal}`)
    process.exit(130)
  })
}
process.exitCode = await run()
