import { setImmediate } from 'node:timers/promises'
import type { TicketEvent } from '../desk/ticket.ts'
import { errorText } from '../errors.ts'
import { MINUTE } from '../instant.ts'
import { backoff, pause } from '../loop.ts'
import { isStorageTrouble, type Store, type Tx } from '../store/store.ts'
import { followAssignment, handOver } from './assignments.ts'
import { close } from './close.ts'
import { sendDigests } from './digests.ts'
import type { Dispatching, Happened } from './dispatching.ts'
import { notify } from './notify.ts'
import { writeReceipt } from './receipts.ts'
import { remind } from './reminders.ts'

/*
 * Sees to it that somebody works on what has come in, and hears when it is done: reads the history of all tickets behind a
 * cursor, and tells agents and requesters.
 * Whoever wrote the history, a mail, the API or this room itself, is all the same. What follows from an event and the
 * cursor are one transaction: a crash repeats or completes, and nobody is told twice.
 */

export type Dispatcher = {
  /** Something may have happened: called after a commit. */
  wake(): void
  /** Works until the signal aborts. Never throws. */
  run(signal: AbortSignal): Promise<void>
}

const CURSOR = 'dispatched'
/** From all others nothing follows. */
export const FOLLOWED: readonly TicketEvent['kind'][] = [
  ...(['opened', 'message', 'changed', 'report', 'reminded'] as const),
  ...(['reply-queued', 'reply-failed', 'commanded', 'away'] as const),
]
const BATCH = 500
/** Nobody else can write meanwhile. */
const LONGEST_WRITE_MS = 100
/** Who has written a mail is answered before anybody is told of it, and of a backlog much is told at once. */
const OTHERS_FIRST_MS = 300
const RETRY = { firstMs: 1_000, maxMs: MINUTE }
/** What another process wrote (a replay from the command line) is found at the latest after this. */
const LOOK_EVERY_MS = 30_000

/** `everyMs`: how often it is looked which dates have come. */
export function createDispatcher(dispatching: Dispatching, everyMs = MINUTE): Dispatcher {
  const { log } = dispatching
  let lookedAt = Number.NEGATIVE_INFINITY
  let nap = new AbortController()
  return {
    wake: () => nap.abort(),
    async run(signal) {
      let failures = 0
      while (!signal.aborted) {
        // Made anew before the history is looked at, so that no wake-up is missed in between.
        nap = new AbortController()
        try {
          do await pause(OTHERS_FIRST_MS, signal)
          while (!signal.aborted && (await dispatchNext(dispatching)))
          const isTime = !signal.aborted && performance.now() - lookedAt >= everyMs
          if (isTime && (await lookAround(dispatching))) continue
          if (isTime) lookedAt = performance.now()
          failures = 0
          await pause(Math.min(everyMs, LOOK_EVERY_MS), signal, nap.signal)
        } catch (error) {
          const pauseMs = backoff(failures++, RETRY)
          log.error({ err: error, failures, pauseMs }, 'nobody could be told')
          await pause(pauseMs, signal)
        }
      }
    },
  }
}

/** Works on the next events; true when there may be more of them, its own among them. Throws when the store is in trouble. */
export async function dispatchNext(dispatching: Dispatching): Promise<boolean> {
  const { store, onQueued } = dispatching
  const after = await takeUpHistory(store)
  const events = await store.read.eventsAfter(after, FOLLOWED, BATCH)
  if (events.length === 0) return false
  await store.write(async tx => {
    const started = performance.now()
    let done = after
    for (const event of events) {
      await dispatch(tx, dispatching, event)
      done = event.id
      // SQLite answers at once: nothing else would have its turn.
      await setImmediate()
      if (performance.now() - started > LONGEST_WRITE_MS) break
    }
    await tx.setSetting(CURSOR, String(done))
  })
  onQueued()
  return true
}

/** Does what time alone brings; true when something happened by it. Throws when the store is in trouble. */
export async function lookAround(dispatching: Dispatching): Promise<boolean> {
  const reminded = await remind(dispatching)
  const handedOver = await handOver(dispatching)
  // What has just happened is told first: it may have come before the time of a digest.
  return reminded || handedOver || sendDigests(dispatching)
}

/**
 * Up to which event what follows has been done. The first time that is the end of the history: what happened before there was
 * anybody to tell is not told. To be called before anything can happen that is to be told. Throws when the store is in trouble.
 */
export async function takeUpHistory(store: Store): Promise<number> {
  const begin = () => store.write(async tx => tx.settingOnce(CURSOR, String(await tx.lastEvent())))
  return Number((await store.read.setting(CURSOR)) ?? (await begin()))
}

/** An event that cannot be worked on holds up no other one; the history tells that nobody heard of it. */
async function dispatch(tx: Tx, dispatching: Dispatching, event: Happened): Promise<void> {
  try {
    await tx.attempt(async () => {
      // Whose it is now hears so by itself: the team need not hear of it too.
      const isGiven = await followAssignment(tx, dispatching, event)
      if (!isGiven) await notify(tx, dispatching, event)
      await close(tx, dispatching, event)
      if (event.kind === 'commanded') await writeReceipt(tx, dispatching, event)
    })
  } catch (error) {
    if (isStorageTrouble(error)) throw error
    dispatching.log.error(
      { err: error, event: event.id, ticket: event.ticket, kind: event.kind },
      'an event could not be worked on',
    )
    const data = { kind: 'notification', event: event.id, why: 'fault', detail: errorText(error) }
    const withheld = { kind: 'reply-withheld', actor: 'postdesk', data } as const
    await tx.addEvents(event.ticket, [withheld], dispatching.clock())
  }
}
