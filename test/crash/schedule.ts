import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Database } from '../../src/store/native.ts'
import type { DovecotServer } from '../support/dovecot.ts'
import { adminKey } from '../support/service.ts'
import { NOTIFIED_DESK, writeSetup } from '../support/setup.ts'
import type { SmtpMail, SmtpTestServer } from '../support/smtp.ts'
import { brokenInvariants } from '../support/store.ts'
import { eventually } from '../support/wait.ts'
import { type Checked, check, type Difference, type Evidence } from './check.ts'
import { imapDialogue } from './imap-proxy.ts'
import { DONE, Inbox } from './inbox.ts'
import { AGENTS, agentAddress, type Copy, conversationsOf, copyBytes, domainOf, MAILBOXES, type Mail } from './mails.ts'
import type { End, Happening, Life, Schedule } from './plan.ts'
import { type Home, Program } from './program.ts'
import { startProxy, type TcpProxy } from './proxy.ts'
import { ask, isOpened, isQuiet, reconcileByApi, reconcileByCommand } from './quiet.ts'
import { type HandedOver, idIn, type LifeEnd, sentIn } from './sent.ts'
import { smtpDialogue } from './smtp-proxy.ts'
import { CONNECTION_STEPS, type Tally } from './steps.ts'
import { type Planned, Trouble } from './trouble.ts'

/*
 * One schedule: its lives, the undisturbed one at the end, and what is found then.
 */

export type World = {
  readonly dovecot: DovecotServer
  readonly smtp: SmtpTestServer
  /** The URL of the transpiled preload. */
  readonly preload: string
  readonly tally: Tally
}

export type Outcome = Checked & { readonly evidence: Evidence }

/** How long the undisturbed program may need until nothing is left to do: half an hour of its own time. */
const QUIET_WITHIN_MS = 60_000
const A_DAY_MS = 86_400_000

/**
 * Runs a schedule in a folder of its own, where everything stays that tells what happened. `thorough`: also asks the commands
 * `reconcile` and `verify`, which are processes of their own.
 */
export async function runSchedule(
  world: World,
  schedule: Schedule,
  folder: string,
  thorough: boolean,
): Promise<Outcome> {
  mkdirSync(folder)
  const running = new Running(world, schedule, folder)
  try {
    return await running.run(thorough)
  } finally {
    await running.end()
  }
}

class Running {
  readonly #world: World
  readonly #schedule: Schedule
  readonly #folder: string
  readonly #inboxes: ReadonlyMap<string, Inbox>
  readonly #copies: ReadonlyMap<string, readonly [Mail, Copy]>
  readonly #delivered = new Map<string, Buffer>()
  readonly #expunged = new Set<string>()
  readonly #handedOver: HandedOver[] = []
  readonly #ends: LifeEnd[] = []
  readonly #differences: Difference[] = []
  readonly #events: string[] = []
  readonly #trouble: Trouble
  readonly #sentBefore: number
  readonly #since = Date.now()
  #program: Program | null = null
  #proxies: TcpProxy[] = []
  #uidValidity = 1000
  #begun = false
  #postponed: Happening[] = []

  constructor(world: World, schedule: Schedule, folder: string) {
    this.#world = world
    this.#schedule = schedule
    this.#folder = folder
    this.#sentBefore = world.smtp.mails.length
    this.#inboxes = new Map(MAILBOXES.map(name => [name, new Inbox(world.dovecot, `s${schedule.number}.${name}`)]))
    this.#copies = new Map(schedule.mails.flatMap(mail => mail.copies.map(copy => [copy.id, [mail, copy]])))
    this.#trouble = new Trouble(
      world.tally,
      async () => this.#program?.kill(),
      event => this.#note(event),
    )
  }

  async run(thorough: boolean): Promise<Outcome> {
    const home = await this.#prepare()
    for (const life of this.#schedule.lives) await this.#live(home, life)
    await this.#liveInPeace(home, thorough)
    const server = await Promise.all(
      [...this.#inboxes].map(async ([name, inbox]) => [name, await inbox.list()] as const),
    )
    const evidence: Evidence = {
      afterReading: this.#schedule.afterReading,
      schedule: this.#schedule.number,
      mails: this.#schedule.mails,
      delivered: this.#delivered,
      expunged: this.#expunged,
      server: new Map(server),
      databasePath: home.databasePath,
      accepted: this.#accepted(),
      handedOver: this.#handedOver,
      ends: this.#ends,
    }
    const checked = check(evidence)
    return { ...checked, differences: [...this.#differences, ...checked.differences], evidence }
  }

  async #prepare(): Promise<Home> {
    const { dovecot, smtp, preload } = this.#world
    for (const inbox of this.#inboxes.values()) await inbox.create()
    for (const { copies } of this.#schedule.mails.filter(({ after }) => after === 'long before'))
      for (const { id } of copies) await this.#deliver(id, null)
    const imapProxy = await startProxy(dovecot.ports.imap, this.#trouble, 'imap connect', imapDialogue)
    const smtpProxy = await startProxy(smtp.port, this.#trouble, 'smtp connect', () =>
      smtpDialogue(
        () => this.#ends.length,
        mail => void this.#handedOver.push(mail),
      ),
    )
    this.#proxies = [imapProxy, smtpProxy]
    const { startFrom, afterReading } = this.#schedule
    const more = `afterReading: ${afterReading}${afterReading === 'move' ? `\n    moveTo: ${DONE}` : ''}`
    const mailboxes = [...this.#inboxes].map(([name, { user }]) => {
      const imap = dovecot.account(user, { tls: 'none', port: imapProxy.port })
      return [name, { imap, startFrom, more, smtp: { port: smtpProxy.port } }] as const
    })
    const desk = deskOf(this.#schedule.number)
    const setup = { mailboxes: Object.fromEntries(mailboxes), desk, shutdownGrace: '60s' }
    return { ...(await writeSetup(setup, this.#folder)), folder: this.#folder, preload, since: this.#since }
  }

  async #live(home: Home, { before, during, faults, end }: Life): Promise<void> {
    this.#note(`life ${this.#ends.length}, to end ${JSON.stringify(end)}, with ${JSON.stringify(faults)}`)
    await this.#happenAll(home, before)
    const byProxy = end.kind === 'step' && CONNECTION_STEPS.some(step => step === end.step)
    const planned: Planned[] = byProxy ? [{ ...end, deed: 'kill' }, ...faults] : [...faults]
    this.#trouble.plan(planned)
    const program = new Program(home, end.kind === 'step' && !byProxy ? end : null)
    this.#program = program
    const over = new AbortController()
    const happening = this.#meanwhile(home, program, during, over.signal)
    const step = await this.#untilEnd(program, end)
    if (step !== null) {
      this.#world.tally.add(step, 'kill')
      this.#note(`${step}: kill`)
    }
    over.abort()
    await happening
    this.#afterLife(program, home.databasePath)
  }

  /** Lets the program run until its end has come; gives where it was killed, unless a proxy did it, or it was not. */
  async #untilEnd(program: Program, end: End): Promise<string | null> {
    const wait = (ms: number) => Promise.race([program.ended, sleep(ms, undefined, { ref: false })])
    if (end.kind !== 'time' || end.from === 'up') await isUp(program)
    await wait(end.kind === 'step' ? end.atMostMs : end.afterMs)
    if (!program.isRunning) return program.diedAt
    if (end.kind === 'stop') {
      program.terminate()
      await wait(end.killAfterMs ?? 20_000)
      if (!program.isRunning) return null
      if (end.killAfterMs === null) this.#differ('wrong', 'SIGTERM did not end the program')
    }
    await program.kill()
    if (end.kind === 'stop') return 'while stopping'
    return end.kind === 'time' && end.from === 'spawn' ? 'while starting' : 'at a random moment'
  }

  /** What is left behind is sound, however it ended. */
  #afterLife(program: Program, databasePath: string): void {
    this.#program = null
    for (const proxy of this.#proxies) proxy.cutAll()
    if (program.complaint !== null) this.#differ('wrong', program.complaint)
    for (const line of program.strange) this.#differ('wrong', `the log says: ${line}`)
    this.#note(`life ${this.#ends.length} is over`)
    this.#ends.push({ at: program.endedAt, sent: this.#leftBehind(databasePath) })
  }

  /** Looks at a copy: the next life is to find the database as this one left it. Gives the ids of what was sent. */
  #leftBehind(databasePath: string): Set<string> {
    if (!existsSync(databasePath)) return new Set()
    const copy = join(this.#folder, 'left-behind.sqlite')
    for (const end of ['', '-wal', '-shm']) {
      rmSync(`${copy}${end}`, { force: true })
      if (end !== '-shm' && existsSync(`${databasePath}${end}`)) copyFileSync(`${databasePath}${end}`, `${copy}${end}`)
    }
    if (!isMigrated(copy)) return new Set()
    try {
      for (const { rule, rows } of brokenInvariants(copy))
        this.#differ('wrong', `life ${this.#ends.length} left something that breaks the rule "${rule}": ${rows}`)
      return sentIn(copy)
    } catch (error) {
      this.#differ('wrong', `life ${this.#ends.length} left no sound database: ${error}`)
      return new Set()
    }
  }

  /** What others do while the program runs. What it does not live to see is done all the same. */
  async #meanwhile(home: Home, program: Program, during: Life['during'], signal: AbortSignal): Promise<void> {
    const napping = (ms: number) => sleep(ms, undefined, { signal }).catch(() => undefined)
    await isUp(program)
    const upAt = performance.now()
    for (const { afterMs, happening } of during) {
      await napping(Math.max(0, upAt + afterMs - performance.now()))
      await this.#happenAll(home, [happening])
      await this.#answerAcknowledgements()
    }
    while (!signal.aborted) {
      await this.#happenAll(home, [])
      await this.#answerAcknowledgements()
      await napping(50)
    }
  }

  /** With the start policy `now` nothing happens before the mailboxes were opened: nobody could say what is to come of it. */
  #mayBegin({ databasePath }: Home): boolean {
    this.#begun ||= this.#schedule.startFrom === 'all' || isOpened(databasePath, 2 * this.#inboxes.size)
    return this.#begun
  }

  async #happenAll(home: Home, happenings: readonly Happening[]): Promise<void> {
    this.#postponed.push(...happenings)
    if (!this.#mayBegin(home)) return
    for (const happening of this.#postponed.splice(0)) await this.#happen(happening)
  }

  async #happen(happening: Happening): Promise<void> {
    const { kind } = happening
    this.#world.tally.add('mail server', kind)
    this.#note(`${kind} ${'copy' in happening ? happening.copy : happening.mailbox}`)
    switch (kind) {
      case 'deliver':
        return this.#deliver(happening.copy, null)
      case 'expunge': {
        const [, copy] = this.#copies.get(happening.copy) ?? []
        this.#expunged.add(happening.copy)
        return copy && this.#inboxes.get(copy.mailbox)?.expunge(copy.id)
      }
      case 'new uidvalidity':
        // Far below those that Dovecot makes out of the time: none comes a second time.
        return this.#inboxes.get(happening.mailbox)?.changeUidValidity(this.#uidValidity++)
      case 'renumber':
        return this.#proxies[0]?.closedFor(async () => this.#inboxes.get(happening.mailbox)?.renumber())
    }
  }

  async #deliver(id: string, acknowledgement: string | null): Promise<void> {
    const [mail, copy] = this.#copies.get(id) ?? []
    if (!mail || !copy) throw new Error(`there is no copy ${id}`)
    const bytes = copyBytes(mail, copy, acknowledgement)
    this.#delivered.set(id, bytes)
    await this.#inboxes.get(copy.mailbox)?.deliver(bytes, copy.folder, mail.after === 'long before' ? A_DAY_MS : 0)
  }

  /** People answer the acknowledgements that have come. Gives what waits for one that has to come yet. */
  async #answerAcknowledgements(): Promise<string[]> {
    const waiting: string[] = []
    for (const [conversation, members] of conversationsOf(this.#schedule.mails)) {
      const answers = members.filter(({ after }) => after === 'acknowledgement').flatMap(({ copies }) => copies)
      const unsent = answers.filter(({ id }) => !this.#delivered.has(id))
      if (unsent.length === 0) continue
      const [got] = this.#accepted().filter(({ envelope }) => envelope.to.includes(members[0]?.from ?? ''))
      for (const { id } of got ? unsent : []) {
        await this.#deliver(id, got ? idIn(got.bytes) : null)
        this.#note(`deliver ${id}, an answer to the acknowledgement`)
      }
      const certain = members.some(({ copies }) =>
        copies.some(({ id }) => this.#delivered.has(id) && !this.#expunged.has(id)),
      )
      // Where all was expunged before it was read, nothing is acknowledged.
      if (!got && certain) waiting.push(conversation)
    }
    return waiting
  }

  #accepted(): SmtpMail[] {
    const domain = `@${domainOf(this.#schedule.number)}`
    const isOurs = ({ envelope }: SmtpMail) => envelope.to.some(address => address.endsWith(domain))
    return this.#world.smtp.mails.slice(this.#sentBefore).filter(isOurs)
  }

  /** The last life: the trouble is over, and the program runs until nothing is left to do. */
  async #liveInPeace(home: Home, thorough: boolean): Promise<void> {
    this.#note(`life ${this.#ends.length}, in peace`)
    this.#trouble.plan(this.#schedule.late.faults)
    const program = new Program(home, null)
    this.#program = program
    await isUp(program)
    await eventually(() => this.#mayBegin(home), QUIET_WITHIN_MS)
    for (const happening of this.#postponed.splice(0)) await this.#happen(happening)
    for (const happening of this.#schedule.late.before) await this.#happen(happening)
    const key = await adminKey(home.databasePath)
    try {
      await eventually(() => this.#isIdle(program, home.databasePath, key), QUIET_WITHIN_MS, 50)
      // What of the trouble has not come up by now shall not befall those who look.
      this.#trouble.plan([])
      for (const difference of await reconcileByApi(program, key, [...this.#inboxes.keys()]))
        this.#differ('wrong', difference)
      if (thorough) for (const difference of await reconcileByCommand(home)) this.#differ('wrong', difference)
    } catch (error) {
      this.#differ('lost', `the program does not come to rest: ${error instanceof Error ? error.message : error}`)
    }
    if (program.isRunning) await program.stop()
    this.#afterLife(program, home.databasePath)
  }

  /** Everything that was delivered was read, everything owed was sent, nobody has to say more. Throws with what is left. */
  async #isIdle(program: Program, databasePath: string, key: string): Promise<boolean> {
    if (!program.isRunning) throw new Error('the program has ended')
    const waiting = await this.#answerAcknowledgements()
    if (waiting.length > 0) throw new Error(`these wait for an acknowledgement: ${waiting}`)
    const delivered = this.#delivered.size
    const stuck = await isQuiet(databasePath, this.#inboxes, this.#schedule)
    // An admin would not wait for what was tried in vain again and again.
    for (const id of stuck) await ask(program, key, 'POST', `/v1/outbox/${id}/retry`)
    await this.#answerAcknowledgements()
    return stuck.length === 0 && this.#delivered.size === delivered
  }

  #differ(kind: Difference['kind'], what: string): void {
    this.#differences.push({ kind, what })
  }

  #note(event: string): void {
    this.#events.push(`${((Date.now() - this.#since) / 1000).toFixed(3)} ${event}`)
  }

  /** Ends all that runs, and writes down what happened. */
  async end(): Promise<void> {
    await this.#program?.kill()
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]()
    for (const inbox of this.#inboxes.values()) await inbox.remove()
    writeFileSync(join(this.#folder, 'events.txt'), `${this.#events.join('\n')}\n`)
    writeFileSync(join(this.#folder, 'schedule.json'), JSON.stringify(this.#schedule, null, 1))
  }
}

/** The small desk, but that its agents look after all tickets, are told of each mail, and are known by the schedule. */
function deskOf(schedule: number): string {
  const agents = AGENTS.map(
    name => `  ${name}: { displayName: ${name}, addresses: [${agentAddress(name, schedule)}], teams: [it, support] }\n`,
  )
  return NOTIFIED_DESK.replace(/^agents:\n( .*\n)+/m, `agents:\n${agents.join('')}`)
}

/** Resolves when the program is up, or has ended. */
async function isUp(program: Program): Promise<void> {
  await eventually(() => program.url !== null || !program.isRunning, 30_000, 5)
}

function isMigrated(databasePath: string): boolean {
  const db = new Database(databasePath)
  try {
    return db.prepare("select 1 from sqlite_schema where name = 'outbox'").get() !== undefined
  } finally {
    db.close()
  }
}
