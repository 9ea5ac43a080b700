import { DAY, HOUR, type Instant, MINUTE, msBetween, plus } from '../instant.ts'
import { foldAddress, isMailable, isOneOf } from '../mail/address.ts'
import type { SenderProof } from '../mail/authentication-results.ts'
import type { Message } from '../mail/message.ts'
import type { Budget, Policy } from './policy.ts'

/*
 * The one gate that every automatic mail passes. A person always gets theirs; machines that answer each other run dry: each
 * address and each mailbox has a bucket that fills slowly, and a mail takes one drop (token bucket, ITU-T I.371). Of one
 * ticket there is one acknowledgement, which its dedupe key sees to.
 */

/** How full a bucket was at an instant; null: nothing was ever taken. */
export type Bucket = { readonly level: number; readonly at: Instant }

/** What the shell looked up for the gate. */
export type GateFacts = {
  readonly now: Instant
  readonly address: Bucket | null
  readonly mailbox: Bucket | null
  /** When our mail to this address was last returned for good; null: never. */
  readonly bouncedAt: Instant | null
  readonly proof: SenderProof
}

/** Why no automatic answer goes out; the keys are stable, the words are for people. */
export type Withheld = { readonly send: null; readonly why: string; readonly detail: string }

export function withhold(why: string, detail: string): Withheld {
  return { send: null, why, detail }
}

/** The names of the buckets that an automatic mail draws from. */
export function bucketsFor(address: string, mailbox: string): { readonly address: string; readonly mailbox: string } {
  return { address: `address:${foldAddress(address)}`, mailbox: `mailbox:${mailbox}` }
}

/** How full a bucket is now. One of a time that never came, before the clock was set right, says nothing. */
export function levelOf(bucket: Bucket | null, { size, perDay }: Budget, now: Instant): number {
  if (!bucket || bucket.at > plus(now, MINUTE)) return size
  return Math.min(size, bucket.level + (Math.max(0, msBetween(bucket.at, now)) / DAY) * perDay)
}

/** A bucket after one mail. */
export function drawnFrom(bucket: Bucket | null, budget: Budget, now: Instant): Bucket {
  return { level: levelOf(bucket, budget, now) - 1, at: now }
}

/** An address that returned our mail is tried again after this, unless our mail server proves that somebody writes from it. */
const BOUNCED_FOR_MS = 7 * DAY
// Exchange needs a dozen hops within one company; MTAs give up between 25 and 100 (RFC 5321 §6.3).
const MOST_HOPS = 40

/** Why this mail gets no automatic answer, the first of the reasons; null: the gate is open. */
export function closedFor(message: Message, facts: GateFacts, policy: Policy): Withheld | null {
  const { from, automatic, headers } = message
  if (!from || !isMailable(from.address))
    return withhold('no-address', 'the mail names no sender that could be answered')
  // RFC 3834 §2: no automatic response to an automatic response, a list, or ourselves.
  if (isOneOf(from.address, policy.ownAddresses))
    return withhold('own-address', `${from.address} is one of our own addresses`)
  if (automatic) return withhold(automatic.kind, automatic.why)
  const hops = headers.filter(({ name }) => name === 'received').length
  if (hops > MOST_HOPS) return withhold('hops', `the mail has passed ${hops} servers: it goes round in circles`)
  return bounced(from.address, facts) ?? empty(facts, policy)
}

function bounced(address: string, { bouncedAt, proof, now }: GateFacts): Withheld | null {
  if (bouncedAt === null || proof.level === 'pass') return null
  const age = msBetween(bouncedAt, now)
  if (age < 0 || age >= BOUNCED_FOR_MS) return null
  return withhold('bounced', `mail to ${address} was returned for good at ${bouncedAt}`)
}

function empty({ now, address, mailbox }: GateFacts, { budgets }: Policy): Withheld | null {
  if (levelOf(address, budgets.address, now) < 1)
    return withhold(
      'too-many',
      `this address had ${budgets.address.size} automatic mails, and gets ${budgets.address.perDay} more a day`,
    )
  if (levelOf(mailbox, budgets.mailbox, now) < 1)
    return withhold(
      'storm',
      `the mailbox had ${budgets.mailbox.size} automatic mails, and gets ${budgets.mailbox.perDay} more a day`,
    )
  return null
}

/** Whether a mailbox has used up its automatic mails within the hour, for the alarm. */
export function isStorm(mailbox: Bucket | null, { mailbox: budget }: Policy['budgets'], now: Instant): boolean {
  return mailbox !== null && msBetween(mailbox.at, now) < HOUR && levelOf(mailbox, budget, now) < 1
}
