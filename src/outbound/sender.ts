import { DeskError } from '../errors.ts'
import { DAY, type Instant, MINUTE, msBetween, plus } from '../instant.ts'
import type { Logger } from '../log.ts'
import { backoff, pause } from '../loop.ts'
import type { OutboxMail } from '../store/outbox.ts'
import type { Store, Tx } from '../store/store.ts'
import { compose, type OpenAttachment } from './compose.ts'
import { type Outcome, openRecipients, outcomeOf } from './outcome.ts'
import type { Handed, SmtpTransport } from './smtp.ts'

/*
 * Empties the outbox: claim → deliver → settle.
 *
 *   queued ──claim: attempts + 1, next attempt put off──▶ delivering ──accepted──▶ sent
 *     ▲                                                       │
 *     ├───────── 4yz, no connection: the next attempt ◀───────┤
 *     └── by hand (API) ── failed ◀── 5yz, or too old ────────┘
 *
 * That goes for each recipient: the next attempt is for those alone who have not got it (outcome.ts).
 *
 * Delivering is no state of the store: a crash there leaves a queued mail whose next attempt is due later, and which
 * is then sent again with the same Message-ID. Towards SMTP this is at least once; no protocol gives more.
 */

export type Sending = {
  readonly store: Store
  readonly clock: () => Instant
  readonly log: Logger
  /** The mailbox whose mails are sent: one sender each, so that a sick server holds up no other mailbox. */
  readonly mailbox: string
  readonly transport: SmtpTransport
  readonly openAttachment: OpenAttachment
  /** How long a delivered mail may wait for others to be settled with it (ms); 5 s. */
  readonly settleEveryMs?: number
}

const BATCH = 50
const SETTLE_TOGETHER = 25
const SETTLE_EVERY_MS = 5000
const RETRY = { firstMs: MINUTE, maxMs: 60 * MINUTE }
/** A mail that nobody took for so long is news of the past; RFC 5321 §4.5.4.1 speaks of 4–5 days. */
const GIVE_UP_MS = 4 * DAY
/** … and not because the clock jumped, or the service stood still: so often it must have been tried as well. */
const GIVE_UP_ATTEMPTS = 10
const STORE_RETRY = { firstMs: 1_000, maxMs: MINUTE }
/** A row put in by another process (a replay from the command line) is found at the latest after this. */
const LOOK_EVERY_MS = 30_000

export type Sender = {
  /** There may be something to send: called after a commit. */
  wake(): void
  /** Sends until the signal aborts; the deliveries in hand are finished first. Never throws. */
  run(signal: AbortSignal): Promise<void>
}

export function createSender(sending: Sending): Sender {
  let nap = new AbortController()
  return {
    wake: () => nap.abort(),
    async run(signal) {
      const unsettled: Tried[] = []
      let failures = 0
      while (!signal.aborted) {
        // Made anew before the outbox is looked at, so that no wake-up is missed in between.
        nap = new AbortController()
        let ms: number
        try {
          await sendDue(sending, unsettled, signal)
          ms = await untilNext(sending)
          failures = 0
        } catch (error) {
          sending.log.error({ err: error, mailbox: sending.mailbox }, 'the outbox cannot be worked')
          ms = backoff(failures++, STORE_RETRY)
        }
        if (ms > 0) await pause(ms, signal, nap.signal)
      }
      await settle(sending, unsettled).catch(err =>
        sending.log.error({ err, mailbox: sending.mailbox }, 'what was sent could not be noted: it may be sent again'),
      )
    },
  }
}

async function untilNext({ store, clock, mailbox }: Sending): Promise<number> {
  const next = await store.read.nextAttemptAt(mailbox)
  if (next === null) return LOOK_EVERY_MS
  return Math.min(LOOK_EVERY_MS, Math.max(0, msBetween(clock(), next)))
}

/** A mail that was handed over, or refused, and what came of it. */
export type Tried = Outcome & { readonly mail: OutboxMail }

/**
 * Claims what is due, delivers it and settles it, until nothing is due or the signal aborts; gives how many mails were tried.
 * Throws only when the store fails. What was delivered by then and could not be written down (a full disk) stays in `unsettled`, and
 * comes first the next time: until it is written down nothing is claimed, for it would be sent again.
 */
export async function sendDue(sending: Sending, unsettled: Tried[] = [], signal?: AbortSignal): Promise<number> {
  let tried = 0
  await heedClock(sending, sending.clock())
  while (!signal?.aborted) {
    const claimed = await claim(sending, unsettled)
    if (claimed.length === 0) break
    // Not all at the end: what a crash finds unsettled is sent again. Whatever fails here is settled below, or thrown there.
    let settling: Promise<unknown> = Promise.resolve()
    const settleSoon = () => {
      settling = settling.then(() => settle(sending, unsettled)).catch(() => undefined)
    }
    const mails = claimed.values()
    // A mail is opened when it can leave: fifty with their attachments are a gigabyte.
    const lanes = Array.from({ length: sending.transport.connections }, async () => {
      for (const mail of mails) {
        unsettled.push({ mail, ...(await deliver(sending, mail)) })
        if (unsettled.length === SETTLE_TOGETHER) settleSoon()
      }
    })
    // One lane may wait for its server for minutes.
    const meanwhile = setInterval(() => unsettled.length > 0 && settleSoon(), sending.settleEveryMs ?? SETTLE_EVERY_MS)
    await Promise.all(lanes).finally(() => clearInterval(meanwhile))
    await settling
    tried += claimed.length
  }
  await settle(sending, unsettled)
  return tried
}

/** Takes what is due, and writes down what was delivered before. */
async function claim(sending: Sending, unsettled: Tried[]): Promise<OutboxMail[]> {
  const { store, clock, mailbox } = sending
  const now = clock()
  // Asked of the reader first: an idle sender takes no write lock.
  const next = await store.read.nextAttemptAt(mailbox)
  if (next === null || next > now) return []
  const group = unsettled.slice()
  const claimed = await store.write(async tx => {
    await settleIn(tx, group, now)
    return tx.claimDue(mailbox, now, BATCH, attempts => plus(now, backoff(attempts - 1, RETRY)))
  })
  unsettled.splice(0, group.length)
  return claimed
}

async function settle({ store, clock }: Sending, unsettled: Tried[]): Promise<void> {
  const group = unsettled.slice()
  if (group.length === 0) return
  await store.write(tx => settleIn(tx, group, clock()))
  // Others may have been delivered meanwhile.
  unsettled.splice(0, group.length)
}

async function settleIn(tx: Tx, group: readonly Tried[], at: Instant): Promise<void> {
  for (const { mail, delivery, events } of group) {
    await tx.settle(mail.id, delivery, at)
    if (mail.ticket !== null && events.length > 0) await tx.addEvents(mail.ticket, events, at)
  }
}

/** A mail that waits longer than any pause waits for a time that the clock has left again. */
async function heedClock({ store, mailbox, log }: Sending, now: Instant): Promise<void> {
  const latest = plus(now, RETRY.maxMs)
  const last = await store.read.lastAttemptAt(mailbox)
  if (last === null || last <= latest) return
  const mails = await store.write(tx => tx.attemptNow(mailbox, latest, now))
  log.warn({ mailbox, mails, until: last }, 'the clock was set back: what waited for a time far off is tried now')
}

async function deliver(sending: Sending, mail: OutboxMail): Promise<Outcome> {
  const started = performance.now()
  const fields = { outbox: mail.id, ticket: mail.ticket, mailbox: mail.mailbox, attempt: mail.attempts }
  const handed = await handOver(sending, mail)
  const givenUp = msBetween(mail.createdAt, sending.clock()) > GIVE_UP_MS && mail.attempts >= GIVE_UP_ATTEMPTS
  const outcome = outcomeOf(mail, handed, givenUp)
  if (handed.accepted.length > 0)
    sending.log.info({ ...fields, ms: Math.round(performance.now() - started) }, 'mail sent')
  for (const error of new Set(handed.refused.map(one => one.error))) {
    const why = error instanceof DeskError ? { reason: error.message, ...error.fields } : { err: error }
    const whom = handed.accepted.length > 0 ? 'mail not sent to everybody' : 'mail not sent'
    sending.log.warn({ ...fields, ...why, outcome: outcome.delivery.outcome }, whom)
  }
  return outcome
}

/** What goes wrong with the mail as a whole is said of all who were to get it. */
async function handOver({ transport, openAttachment }: Sending, mail: OutboxMail): Promise<Handed> {
  const recipients = openRecipients(mail)
  try {
    return await transport.deliver(await compose(mail.mail, mail.createdAt, openAttachment, recipients))
  } catch (error) {
    // A mail to nobody is not taken either.
    const refused = (recipients.length > 0 ? recipients : ['']).map(address => ({ address, error }))
    return { response: null, accepted: [], refused }
  }
}
