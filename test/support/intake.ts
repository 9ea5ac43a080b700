/*
 * Mail that is taken in, as the poller would hand it over, into a real database: nobody is told, nothing is sent, and the
 * clock stands still.
 */
import { createIds, newSecret } from '../../src/ids.ts'
import { type Arrival, type Ingested, type Intake, ingest } from '../../src/inbound/ingest.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import type { Tx } from '../../src/store/store.ts'
import { keptLog } from './log.ts'
import { mail, type TestMail } from './mail.ts'
import { policy } from './policy.ts'
import { readHere } from './reader.ts'
import { openTestStore, type TestStore } from './store.ts'

export const NOW = '2026-11-23T09:00:05.000Z'
export const ARRIVED = '2026-11-23T09:00:00.000Z'

export interface TestIntake extends AsyncDisposable {
  readonly store: TestStore
  /** What mail is taken in with; a test may put another one here. */
  intake: Intake
  /** The next mail of the folder. */
  arrival(bytes: Buffer, mailbox?: string): Arrival
  /** Says that all arrivals so far are done with, to go with the last of them. */
  readonly cursor: (tx: Tx) => Promise<void>
  /** Takes mails in, all in one group. */
  take(...mails: readonly (TestMail | Buffer)[]): Promise<Ingested[]>
  /** What was made out last. Throws when nothing was. */
  lastSent(): Promise<OutboxMail>
}

export async function openIntake(): Promise<TestIntake> {
  const store = await openTestStore()
  const rules = policy()
  const ids = createIds(newSecret())
  const { log } = keptLog()
  let uid = 0
  const desk: TestIntake = {
    store,
    intake: { store, reader: readHere(rules), policy: rules, ids, clock: () => NOW, log, onIngested: () => undefined },
    arrival(bytes, mailbox = 'it') {
      return { mailbox, folder: 'INBOX', uidValidity: '1', uid: ++uid, receivedAt: ARRIVED, bytes }
    },
    cursor: tx => tx.setCursor('it', 'INBOX', { uidValidity: '1', lastUid: uid, readSince: null, sinceUid: 0 }),
    take(...mails) {
      const arrivals = mails.map(one => desk.arrival(Buffer.isBuffer(one) ? one : mail(one)))
      return ingest(desk.intake, arrivals, desk.cursor)
    },
    async lastSent() {
      const [sent] = await store.read.outbox({ limit: 1 })
      if (!sent) throw new Error('nothing was made out')
      return sent
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
  return desk
}
