/*
 * A desk with its dispatcher: mails arrive, time passes by hand, and what agents are told is read out of the outbox.
 */
import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import type { Policy } from '../../src/desk/policy.ts'
import { dispatchNext, FOLLOWED, lookAround } from '../../src/dispatch/dispatcher.ts'
import type { Dispatching } from '../../src/dispatch/dispatching.ts'
import { createIds } from '../../src/ids.ts'
import type { Instant } from '../../src/instant.ts'
import { openTestApi, type TestApi } from './api.ts'
import { keptLog } from './log.ts'

export type TestCrew = TestApi & {
  readonly dispatching: Dispatching
  /** What the dispatcher does until there is nothing more to do. */
  settle(): Promise<void>
  /** What was written to agents since the last question, oldest first. */
  told(): Promise<readonly OutgoingMail[]>
}

/** `begun`: the file of a desk that was closed, and the time it is now. */
export async function openCrew(
  different: Partial<Policy> = {},
  begun?: { readonly file: string; readonly now: Instant },
): Promise<TestCrew> {
  const api = await openTestApi(different, {}, begun?.file)
  if (begun) api.now = begun.now
  // As the service does when it starts.
  await api.store.write(tx => tx.takeUpBackup(api.now))
  const { log, lines } = keptLog()
  const dispatching: Dispatching = {
    ...{ store: api.store, policy: api.policy, log },
    ids: createIds(Buffer.alloc(32, 7)),
    clock: () => api.now,
    onQueued: () => {},
  }
  let seen = 0
  const close = api[Symbol.asyncDispose]
  const crew = Object.assign(api, {
    dispatching,
    async settle() {
      while ((await dispatchNext(dispatching)) || (await lookAround(dispatching)) || (await unread(dispatching)));
    },
    async told() {
      const mails = await api.store.read.outbox({ limit: 1_000 })
      const fresh = mails.filter(({ id, kind }) => id > seen && kind === 'notification')
      seen = Math.max(seen, ...mails.map(({ id }) => id))
      return fresh.reverse().map(({ mail }) => mail)
    },
    async [Symbol.asyncDispose]() {
      await close()
      const errors = lines().filter(({ level }) => Number(level) >= 50)
      if (errors.length > 0) throw new Error(`the dispatcher complained: ${JSON.stringify(errors)}`)
    },
  })
  await crew.settle()
  return crew
}

async function unread({ store }: Dispatching): Promise<boolean> {
  const cursor = Number(await store.read.setting('dispatched'))
  return (await store.read.eventsAfter(cursor, FOLLOWED, 1)).length > 0
}
