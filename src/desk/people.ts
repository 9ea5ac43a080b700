import { distinct, domainOf, foldAddress, isMailable, isOneOf } from '../mail/address.ts'
import type { SenderProof } from '../mail/authentication-results.ts'
import type { Address, Message } from '../mail/message.ts'
import { isOurList } from '../mail/rewritten-from.ts'
import type { Agent, Policy } from './policy.ts'
import type { Participant, Signal } from './thread.ts'
import type { Ticket } from './ticket.ts'

/*
 * Who is who in a ticket: the requester, for whom it is; participants, who were put in copy, may write into it and hear the
 * answers; agents, who are known by configuration. Nobody becomes one of these by what a stranger writes.
 */

/** A mail to everybody in the company must not make everybody a participant. */
const MOST_NEWCOMERS = 50

/** What a mail brought about its sender. */
export type Sender = {
  readonly proof: SenderProof
  /** Believed to be this agent. */
  readonly agent: Agent | null
  /** What led the mail to its ticket; null: it opens one. */
  readonly signal: Signal | null
}

/**
 * Those a mail adds to its ticket: whom the sender wrote to, but no strangers on the word of somebody who is not proven. A
 * forged From with an accomplice in Cc is how tickets of others were read elsewhere (Zendesk, 2024).
 */
export function newcomers(message: Message, sender: Sender, policy: Policy): Address[] {
  const addressed = distinct([...message.to, ...message.cc])
    .filter(({ address }) => isMailable(address) && !isOneOf(address, policy.ownAddresses))
    .filter(({ address }) => !isOurList(address, policy.ownLists))
    .slice(0, MOST_NEWCOMERS)
  if (sender.agent) return addressed
  if (sender.proof.level === 'fail' || answersElsewhere(message)) return []
  // Whoever knows no more than a number or a subject has not shown that they were ever written to.
  if (sender.signal === 'tag' || sender.signal === 'subject') return []
  if (sender.signal === null || sender.proof.level === 'pass' || policy.mx.servIds.size === 0) return addressed
  const colleagues = new Set([...policy.peopleDomains, domainOf(message.from?.address ?? '')])
  return addressed.filter(({ address }) => colleagues.has(domainOf(address)))
}

/** Reply-To names somebody else than From: whoever that is, it is not the person who takes part, so it gives no powers. */
export function answersElsewhere({ from, via, replyTo }: Message): boolean {
  // A group that stands in From wants the answers as well.
  const known = [from, via].map(one => foldAddress(one?.address ?? ''))
  return replyTo.length > 0 && !replyTo.some(({ address }) => known.includes(foldAddress(address)))
}

/** What shows that a mail comes from whom we wrote to as an agent: something that only they were given. */
export type AgentKey = {
  /** The name of the agent that it was made for. */
  readonly agent: string
  /** The address that they answer to, or a mail of ours that they cite. */
  readonly by: 'address' | 'notification'
  /** Not when it is too old, was revoked, or was shown to others; then it only tells what was tapped, by whom somebody else proves. */
  readonly proves: boolean
  /** A command that the address holds. */
  readonly verb: string | null
}

/**
 * The agent who wrote a mail, when that is believed. From alone is easily written: either our own mail server says that it is
 * true, or the sender has what we gave to that agent alone.
 */
export function provenAgent(message: Message, proof: SenderProof, key: AgentKey | null, policy: Policy): Agent | null {
  const agent = message.from && agentOf(policy, message.from.address)
  if (!agent || message.via || proof.level === 'fail') return null
  const isTheirs = key?.proves === true && key.agent === agent.name
  if (!isTheirs && (policy.mx.servIds.size === 0 || proof.level !== 'pass')) return null
  const elsewhere = message.replyTo.filter(({ address }) => !agent.addresses.includes(foldAddress(address)))
  return elsewhere.length > 0 ? null : agent
}

/**
 * For whom an agent forwarded a mail to the desk: its sender, when that is one of the people this desk serves, or `known` to it.
 * A stranger's mail is rather something that the agent asks about themselves (is this phishing?), and nobody must answer it.
 */
export function onBehalfOf({ forwarded, from }: Message, known: boolean, policy: Policy): Address | null {
  const person = forwarded?.from
  if (!person || !isMailable(person.address) || isOneOf(person.address, policy.ownAddresses)) return null
  if (foldAddress(person.address) === foldAddress(from?.address ?? '')) return null
  return known || policy.peopleDomains.has(domainOf(person.address)) ? person : null
}

/** The agent with this address. */
export function agentOf(policy: Policy, address: string): Agent | null {
  const folded = foldAddress(address)
  return policy.agents.find(agent => agent.addresses.includes(folded)) ?? null
}

export type Receivers = {
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  /** Those among `cc` who have not been told yet that they take part, and how to leave. */
  readonly untold: readonly Address[]
}

/** Whom an answer goes to: the requester, and in copy who takes part; nobody who has it already or left, no agent, none of us. */
export function receivers(
  ticket: Pick<Ticket, 'requester'>,
  participants: Iterable<Participant>,
  already: readonly Address[],
  policy: Policy,
): Receivers {
  const reached = new Set(already.map(({ address }) => foldAddress(address)))
  const mayHave = ({ address }: Address) =>
    isMailable(address) && !isOneOf(address, policy.ownAddresses) && !reached.has(foldAddress(address))
  const to = ticket.requester && mayHave(ticket.requester) ? [ticket.requester] : []
  const requester = foldAddress(ticket.requester?.address ?? '')
  const copied = [...participants].filter(
    one => !one.left && mayHave(one) && foldAddress(one.address) !== requester && !agentOf(policy, one.address),
  )
  const plain = ({ name, address }: Address): Address => ({ name, address })
  const cc = copied.map(plain)
  const untold = copied.filter(({ told }) => !told).map(plain)
  // A mail needs somebody it is written to.
  return to.length > 0 ? { to, cc, untold } : { to: cc, cc: [], untold }
}
