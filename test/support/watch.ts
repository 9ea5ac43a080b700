/*
 * The watch over two mailboxes, it@ and hr@, that looks when a test says so.
 */
import { checkAlarms, type Watching } from '../../src/alarms.ts'
import type { Alarm } from '../../src/desk/alarm.ts'
import { createIds } from '../../src/ids.ts'
import { DAY, type Instant, MINUTE, plus } from '../../src/instant.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import { keptLog } from './log.ts'
import { policy } from './policy.ts'
import { openTestStore, type TestStore } from './store.ts'

/** A Monday, 10:00 in Brussels, where the desk of the tests is open. */
export const NOW = '2026-11-23T09:00:00.000Z'

export interface TestWatch extends AsyncDisposable {
  readonly store: TestStore
  now: Instant
  /** What is watched; a test may put another one here. */
  watching: Watching
  readonly lines: () => Record<string, unknown>[]
  /** How often the sender was woken. */
  readonly woken: number
  /** Looks once; what has changed, in words. */
  changes(): Promise<string[]>
  fails(mailbox: string, error?: string): Promise<void>
  works(mailbox: string): Promise<void>
  /** The mails to the admins, oldest first. */
  notices(): Promise<OutboxMail[]>
  /** Those that are not over. */
  alarms(): Promise<Alarm[]>
}

export async function openWatch(): Promise<TestWatch> {
  const store = await openTestStore()
  const it = policy().mailboxes.get('it')
  if (!it) throw new Error('no it')
  const hr = { ...it, name: 'hr', displayName: 'HR', addresses: ['hr@example.org'] }
  const mailboxes = new Map([it, hr].map(mailbox => [mailbox.name, mailbox]))
  const { log, lines } = keptLog()
  let woken = 0
  const desk: TestWatch = {
    store,
    now: NOW,
    watching: {
      ...{ store, log, policy: policy({ mailboxes }), ids: createIds(Buffer.alloc(32, 7)), clock: () => desk.now },
      ...{ admins: ['ops@example.org'], alarmAfterMs: 15 * MINUTE, startedAt: plus(NOW, -DAY) },
      folders: ['it', 'hr'].map(mailbox => ({ mailbox, folder: 'INBOX', pollEveryMs: MINUTE, sent: null })),
      onQueued: () => {
        woken++
      },
    },
    lines,
    get woken() {
      return woken
    },
    changes: async () =>
      (await checkAlarms(desk.watching)).map(
        ({ kind, trouble, tell }) => `${kind} ${trouble.cause} ${trouble.mailbox}${tell ? ', told' : ''}`,
      ),
    fails: (mailbox, error = 'nothing answers') =>
      store.write(tx => tx.folderFailed(mailbox, 'INBOX', error, desk.now)),
    works: mailbox => store.write(tx => tx.folderRead(mailbox, 'INBOX', desk.now)),
    notices: async () => (await store.read.outbox({ limit: 50 })).filter(({ kind }) => kind === 'notice').reverse(),
    alarms: async () => (await store.read.alarms()).filter(({ overAt }) => overAt === null),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
  return desk
}
