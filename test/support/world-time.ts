/*
 * What befalls the machine of a desk in which anything may happen: it is stopped or dies, its clock is wrong, its database is
 * replaced by a backup, and the mail server numbers its mails anew.
 */
import { existsSync, rmSync } from 'node:fs'
import { dispatchNext } from '../../src/dispatch/dispatcher.ts'
import { HOUR, MINUTE, plus } from '../../src/instant.ts'
import { backUp, restoreBackup } from '../../src/store/backup.ts'
import type { Store } from '../../src/store/store.ts'
import type { TestCrew } from './crew.ts'
import { mail } from './mail.ts'
import { pick, type Scene } from './world-scene.ts'

const YEAR = 365 * 24 * HOUR
const JUMPS = [
  3 * MINUTE,
  -3 * MINUTE,
  -40 * MINUTE,
  2 * HOUR,
  -2 * HOUR,
  -50 * HOUR,
  50 * HOUR,
  YEAR,
  -YEAR,
  -9 * YEAR,
]

/** `open` starts the service on the database file; `seen` is what was known of the tickets, which a backup takes back too. */
export function timeActs(scene: Scene, open: () => Promise<TestCrew>, seen: Map<string, unknown>) {
  const { faults, server } = scene
  let kept: ReadonlyMap<string, unknown> | null = null
  let wasLost = false
  const backup = () => `${scene.crew.store.path}.backup`
  const restart = async (meanwhile: () => Promise<unknown>) => {
    await scene.crew[Symbol.asyncDispose]()
    await meanwhile()
    scene.crew = await open()
    await scene.look()
  }

  const acts = {
    restarts: () => restart(async () => undefined),

    /** Killed before it could write down what it did: a mail was handed over, others were read, or agents were to be told. */
    async dies(a: number) {
      const store = diesWriting(scene)
      if (a % 3 === 0) await scene.send(undefined, 550, { ...store, write: diesAfter(scene) }).catch(isDeath)
      else if (a % 3 === 1) {
        const bytes = mail({ from: 'jane@example.org', to: 'it@example.org', text: `Dead ${scene.words(false)}` })
        server.deliver('it', 'INBOX', bytes, scene.trueTime())
        await scene.look(store).catch(isDeath)
      } else await dispatchNext({ ...scene.crew.dispatching, store }).catch(isDeath)
      await acts.restarts()
    },

    /** The clock is set wrong, and soon or late right again. */
    async clock(a: number) {
      const jump = scene.skewMs === 0 || a % 3 === 0 ? (pick(JUMPS, a) ?? 0) : -scene.skewMs
      scene.skewMs += jump
      scene.wasWrong = true
      scene.crew.passes(jump)
    },

    /** All mails are shown again, and are known. */
    async renumbers(a: number) {
      const [mailbox, folder] = [a % 2 ? 'it' : 'support', a % 4 < 2 ? 'INBOX' : 'Sent']
      const before = await shown(scene)
      const places = server.renumber(mailbox, folder)
      await scene.look()
      for (const place of places) {
        const taken = await scene.takenAt(place)
        if (!taken || !['duplicate', 'blocked', 'skip'].includes(taken.outcome))
          faults.push(`a mail that was there before came to ${taken?.outcome} ${taken?.ticket}`)
      }
      const after = await shown(scene)
      if (after !== before) faults.push(`renumbering ${folder} of ${mailbox} changed something`)
    },

    async backsUp() {
      await backUp(scene.crew.store.path, backup(), { now: scene.crew.now, force: true })
      kept = new Map(seen)
      wasLost = false
    },

    /** `a`: the database is lost altogether; with the same backup once, for nobody knows the numbers that were given since. */
    async restores(a: number, b: number) {
      if (!existsSync(backup()) || kept === null) return acts.backsUp()
      setRight(scene)
      const { path } = scene.crew.store
      const { now } = scene.crew
      const quietUntil = b % 3 ? null : plus(scene.trueTime(), b % 2 ? 0 : HOUR)
      const back = kept
      const isLost = a % 3 === 0 && !wasLost
      wasLost ||= isLost
      await restart(async () => {
        if (isLost) for (const rest of ['', '-wal', '-shm']) rmSync(`${path}${rest}`, { force: true })
        await restoreBackup(backup(), path, { now, quietUntil })
        seen.clear()
        for (const [key, value] of back) seen.set(key, value)
      })
    },
  }
  return acts
}

const DEATH = new Error('killed')

function isDeath(error: unknown): void {
  if (error !== DEATH) throw error
}

/** Nothing of what it writes is there afterwards. */
function diesWriting({ crew: { store } }: Scene): Store {
  const write: Store['write'] = work =>
    store.write(async tx => {
      await work(tx)
      throw DEATH
    })
  return { ...store, write }
}

/** Writes until a mail was handed over. */
function diesAfter({ crew: { store }, delivered }: Scene): Store['write'] {
  const before = delivered.length
  return async work => {
    if (delivered.length > before) throw DEATH
    return store.write(work)
  }
}

/** Sets the clock right. */
export function setRight(scene: Scene): void {
  scene.crew.passes(-scene.skewMs)
  scene.skewMs = 0
}

/** What mails make of the tickets. */
async function shown({ read }: Scene): Promise<string> {
  const tickets = await read.tickets({}, 1_000)
  const told = await Promise.all(
    tickets.map(async ({ revision: _, updatedAt: __, ...ticket }) => [ticket, await read.messages(ticket.id)]),
  )
  return JSON.stringify([told, await read.outbox({ limit: 1_000 })])
}
