import { domainOf, foldAddress, isOneOf, withoutDetail } from '../mail/address.ts'
import type { SenderProof } from '../mail/authentication-results.ts'
import type { Message } from '../mail/message.ts'
import { readSpamVerdict } from '../mail/spam-verdict.ts'
import type { Policy, SenderEntries } from './policy.ts'

/*
 * Whose mail makes no ticket and gets no answer. It stays in the ledger with the reason, and can be released from there.
 * A filter errs, and what it takes from a person nobody misses: so it never speaks about those whom the desk knows.
 */

/** What of the facts decides about blocking. */
export type SenderFacts = {
  /** The tickets that the mail may belong to, with those who take part by their folded addresses. */
  readonly candidates: readonly { readonly participants: { has(address: string): boolean } }[]
  readonly proof: SenderProof
  /** For a report: the ticket whose mail it reports on. */
  readonly reportOn: unknown
  /** Out of an archive, or of the folder of sent mail. */
  readonly past: unknown
  /** There is a ticket that was opened for the sender. */
  readonly senderHasTicket: boolean
  /** Somebody has looked at the mail and wants it taken in. */
  readonly released: boolean
}

/** Why a mail is blocked, in words; null when it is not. An `allow` entry wins over a `block` entry, that over a filter. */
export function whyBlocked(message: Message, facts: SenderFacts, policy: Policy): string | null {
  if (facts.released || facts.past !== null || (message.report && facts.reportOn !== null)) return null
  const { allow, block } = policy.senders
  const sender = message.from?.address ?? ''
  if (entryFor(sender, allow) !== null) return null
  const entry = entryFor(sender, block)
  if (entry !== null) return `the sender ${foldAddress(sender)} is blocked by \`${entry}\` (senders.block)`
  if (!policy.heedSpam || isKnown(sender, facts, policy)) return null
  const verdict = readSpamVerdict(message.headers)
  return verdict?.spam ? `a spam filter has marked it (${verdict.evidence})` : null
}

/** The first of `entries` that an address falls under, the narrowest first; null when there is none. */
export function entryFor(address: string, entries: SenderEntries): string | null {
  if (entries.size === 0) return null
  // RFC 5321 §4.5.3.1: no domain is longer than 255 octets.
  const domain = domainOf(address).slice(-255).replace(/\.+$/, '')
  const labels = domain.split('.')
  const keys = [
    foldAddress(address),
    withoutDetail(address),
    `@${domain}`,
    ...labels.map((_, at) => labels.slice(at).join('.')),
  ]
  return keys.find(key => entries.has(key)) ?? null
}

/** Spam likes to come in the name of those whom a filter lets pass: where our MX has found From to be forged, it says nothing. */
function isKnown(sender: string, { candidates, proof, senderHasTicket }: SenderFacts, policy: Policy): boolean {
  if (proof.level === 'fail') return false
  const folded = foldAddress(sender)
  return (
    isOneOf(sender, policy.ownAddresses) ||
    policy.agents.some(({ addresses }) => addresses.includes(folded)) ||
    candidates.some(({ participants }) => participants.has(folded)) ||
    (senderHasTicket && policy.peopleDomains.has(domainOf(sender)))
  )
}
