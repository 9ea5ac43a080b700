/*
 * A desk without servers: mails go straight into a real database, agents are told at once, and what would be sent lies in
 * the outbox. The clock stands still until it is moved.
 */
import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import type { MailboxPolicy, Policy } from '../../src/desk/policy.ts'
import { dispatchNext } from '../../src/dispatch/dispatcher.ts'
import { createIds, newSecret } from '../../src/ids.ts'
import { type Ingested, type Intake, ingest } from '../../src/inbound/ingest.ts'
import type { Instant } from '../../src/instant.ts'
import { plus } from '../../src/instant.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import { keptLog } from './log.ts'
import { mail, type TestMail } from './mail.ts'
import { policy } from './policy.ts'
import { readHere } from './reader.ts'
import { openTestStore, type TestStore } from './store.ts'

export interface Stage extends AsyncDisposable {
  readonly store: TestStore
  readonly intake: Intake
  /** Takes a mail to the mailbox `it` in, and lets agents be told of what followed. */
  arrives(given: TestMail | Buffer, mailbox?: string): Promise<Ingested>
  /** An agent answers a mail of ours as a mail program does: to its Reply-To, quoting it below. */
  replies(to: OutboxMail, from: string, text: string, more?: TestMail): Promise<Ingested>
  /** All that was made out so far for this address, oldest first. */
  mailsTo(address: string): Promise<OutboxMail[]>
  /** The newest of them. Throws when there is none. */
  lastTo(address: string): Promise<OutboxMail>
  /** Moves the clock (ms) and lets happen what is due. */
  later(ms: number): Promise<void>
  readonly now: () => Instant
}

export async function openStage(different: Partial<Policy> = {}): Promise<Stage> {
  const store = await openTestStore()
  const desk = policy(different)
  const reader = readHere(desk)
  const ids = createIds(newSecret())
  let now: Instant = '2026-11-23T09:00:00.000Z' // a Monday, 10:00 in Brussels
  let uid = 0
  const { log } = keptLog()
  const clock = () => now
  const intake: Intake = { store, policy: desk, reader, ids, clock, log, onIngested: () => undefined }
  const dispatching = { store, policy: desk, ids, clock, log, onQueued: () => undefined }
  const dispatch = async () => {
    while (await dispatchNext(dispatching));
    // What was told is in the history as well.
    await dispatchNext(dispatching)
  }
  await dispatch()

  const stage: Stage = {
    store,
    intake,
    now: clock,
    async arrives(given, mailbox = 'it') {
      const bytes = Buffer.isBuffer(given) ? given : mail({ to: 'it@example.org', date: new Date(now), ...given })
      const arrival = { mailbox, folder: 'INBOX', uidValidity: '1', uid: ++uid, receivedAt: now, bytes }
      const [taken] = await ingest(intake, [arrival], async () => undefined)
      if (!taken) throw new Error('it was taken in before')
      await dispatch()
      return taken
    },
    replies: (to, from, text, more = {}) => stage.arrives({ ...replyTo(to.mail, from, text), ...more }),
    async mailsTo(address) {
      const all = await store.read.outbox({ limit: 1000 })
      return all.filter(one => [...one.mail.to, ...one.mail.cc].some(to => to.address === address)).reverse()
    },
    async lastTo(address) {
      const last = (await stage.mailsTo(address)).at(-1)
      if (!last) throw new Error(`nothing was written to ${address}`)
      return last
    },
    async later(ms) {
      now = plus(now, ms)
      await dispatch()
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
  return stage
}

/** A reply as mail programs write it. */
export function replyTo(to: OutgoingMail, from: string, text: string): TestMail {
  const quoted = to.text.split('\n').map(line => (line === '' ? '>' : `> ${line}`))
  return {
    from,
    to: to.replyTo ?? to.from.address,
    subject: to.subject.replace(/^(?!re:)/i, 'Re: '),
    text: [text, '', `On Mon, 23 Nov 2026 at 10:00, ${to.from.name} <${to.from.address}> wrote:`, ...quoted].join('\n'),
    inReplyTo: to.messageId,
    references: [...to.references, to.messageId],
  }
}

/** The mailboxes of the policy with sub-addresses. */
export function withSubaddresses(more: Partial<MailboxPolicy> = {}): Partial<Policy> {
  return {
    mailboxes: new Map([...policy().mailboxes].map(([name, box]) => [name, { ...box, subaddress: '+', ...more }])),
  }
}
