import { DAY, HOUR, type Instant, MINUTE, msBetween, plus } from '../instant.ts'
import { foldAddress, isMailable, isOneOf } from '../mail/address.ts'
import type { SenderProof } from '../mail/authentication-results.ts'
import type { Message } from '../mail/message.ts'
import { isOurList } from '../mail/rewritten-from.ts'
import type { Budget, Policy } from './policy.ts'
import type { TicketId } from './ticket.ts'

/*
 * The one gate that every automatic mail passes. A person always gets theirs; machines that answer each other run dry: each
 * address, each ticket and each mailbox has a bucket that fills slowly, and a mail takes one drop of each (token bucket,
 * ITU-T I.371). That one mail goes out once is seen to by its dedupe key.
 */

/** How full a bucket was at an instant. */
export type Bucket = { readonly level: number; readonly at: Instant }

/** Buckets by their names; one that nothing was ever taken from need not be there: it is full. */
export type Buckets = ReadonlyMap<string, Bucket>

/** An automatic mail, as far as the gate asks: to whom, about which ticket (null: one that is only being opened), from where. */
export type Automatic = { readonly address: string; readonly ticket: TicketId | null; readonly mailbox: string }

/** What the shell looked up for the gate. */
export type GateFacts = {
  readonly now: Instant
  /** Those that `drawsOf` names. */
  readonly buckets: Buckets
  /** When our mail to this address was last returned for good; null: never. */
  readonly bouncedAt: Instant | null
  /** Of the mail that is answered; null: none is. */
  readonly proof: SenderProof | null
}

/** Why no automatic answer goes out; the keys are stable, the words are for people. */
export type Withheld = { readonly send: null; readonly why: string; readonly detail: string }

export function withhold(why: string, detail: string): Withheld {
  return { send: null, why, detail }
}

/** A bucket that a mail draws from, and what is said when it is empty. */
export type Draw = { readonly name: string; readonly budget: Budget; readonly why: string; readonly whose: string }

/** The buckets that an automatic mail draws from. */
export function drawsOf({ address, ticket, mailbox }: Automatic, budgets: Policy['budgets']): Draw[] {
  const ofTicket = { name: `ticket:${ticket}`, budget: budgets.ticket, why: 'ticket-storm', whose: 'the ticket' }
  return [
    { name: `address:${foldAddress(address)}`, budget: budgets.address, why: 'too-many', whose: 'this address' },
    ...(ticket === null ? [] : [ofTicket]),
    { name: mailboxBucket(mailbox), budget: budgets.mailbox, why: 'storm', whose: 'the mailbox' },
  ]
}

/** The name of the bucket of all automatic mail of a mailbox. */
export function mailboxBucket(mailbox: string): string {
  return `mailbox:${mailbox}`
}

/** The buckets after one mail. */
export function drawn(draws: readonly Draw[], buckets: Buckets, now: Instant): Buckets {
  return new Map(draws.map(({ name, budget }) => [name, drawnFrom(buckets.get(name) ?? null, budget, now)]))
}

/** How full a bucket is now. One of a time that never came, before the clock was set right, says nothing. */
export function levelOf(bucket: Bucket | null, { size, perDay }: Budget, now: Instant): number {
  if (!bucket || bucket.at > plus(now, MINUTE)) return size
  return Math.min(size, bucket.level + (Math.max(0, msBetween(bucket.at, now)) / DAY) * perDay)
}

function drawnFrom(bucket: Bucket | null, budget: Budget, now: Instant): Bucket {
  return { level: levelOf(bucket, budget, now) - 1, at: now }
}

/** An address that returned our mail is tried again after this, unless our mail server proves that somebody writes from it. */
const BOUNCED_FOR_MS = 7 * DAY
// Exchange needs a dozen hops within one company; MTAs give up between 25 and 100 (RFC 5321 §6.3).
const MOST_HOPS = 40

/** Why this mail gets no automatic answer, the first of the reasons; null: the gate is open. */
export function closedFor(
  message: Message,
  about: Omit<Automatic, 'address'>,
  facts: GateFacts,
  policy: Policy,
): Withheld | null {
  const { from, automatic, headers } = message
  if (!from) return withhold('no-address', 'the mail names no sender that could be answered')
  // RFC 3834 §2: no automatic response to an automatic response or a list.
  if (automatic) return withhold(automatic.kind, automatic.why)
  const hops = headers.filter(({ name }) => name === 'received').length
  if (hops > MOST_HOPS) return withhold('hops', `the mail has passed ${hops} servers: it goes round in circles`)
  return closedTo({ ...about, address: from.address }, facts, policy)
}

/** Why this mail does not go out, whether it answers another or not, the first of the reasons; null: the gate is open. */
export function closedTo(mail: Automatic, facts: GateFacts, policy: Policy): Withheld | null {
  const { address } = mail
  if (!isMailable(address)) return withhold('no-address', 'there is no address that could be written to')
  // RFC 3834 §2: nor to ourselves.
  if (isOneOf(address, policy.ownAddresses) || isOurList(address, policy.ownLists))
    return withhold('own-address', `${address} is one of our own addresses or groups`)
  return bounced(address, facts) ?? empty(mail, facts, policy)
}

function bounced(address: string, { bouncedAt, proof, now }: GateFacts): Withheld | null {
  if (bouncedAt === null || proof?.level === 'pass') return null
  const age = msBetween(bouncedAt, now)
  if (age < 0 || age >= BOUNCED_FOR_MS) return null
  return withhold('bounced', `mail to ${address} was returned for good at ${bouncedAt}`)
}

function empty(mail: Automatic, { now, buckets }: GateFacts, { budgets }: Policy): Withheld | null {
  const dry = drawsOf(mail, budgets).find(({ name, budget }) => levelOf(buckets.get(name) ?? null, budget, now) < 1)
  if (!dry) return null
  const { why, whose, budget } = dry
  return withhold(why, `${whose} had ${budget.size} automatic mails, and gets ${budget.perDay} more a day`)
}

/** Whether a mailbox has used up its automatic mails within the hour, for the alarm. */
export function isStorm(mailbox: Bucket | null, { mailbox: budget }: Policy['budgets'], now: Instant): boolean {
  return mailbox !== null && msBetween(mailbox.at, now) < HOUR && levelOf(mailbox, budget, now) < 1
}
