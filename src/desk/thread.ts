import { type Instant, plus } from '../instant.ts'
import { foldAddress } from '../mail/address.ts'
import type { SenderProof } from '../mail/authentication-results.ts'
import type { Address } from '../mail/message.ts'
import type { Ticket, TicketId } from './ticket.ts'

/*
 * Which ticket does a mail belong to? Knowing a number or a Message-ID is not enough to write into a ticket: joining is
 * bound to the sender. The candidates come strongest first; the first one that the sender may join wins.
 */

/**
 * Why a ticket is a candidate: `token` the reply address names it · `own-id` a Message-ID that we signed is cited ·
 * `held-id` an id of a mail of the ticket is cited · `cited-id` both cite the same mail, which has not arrived ·
 * `awaited` the ticket cites this very mail, which arrives late · `tag` its `[#1042]` stands in the subject ·
 * `conversation` Outlook's Thread-Index is that of a mail of the ticket · `subject` the sender answers something of the same
 * subject, and wrote about it lately.
 */
export type Signal = 'token' | 'own-id' | 'held-id' | 'cited-id' | 'awaited' | 'tag' | 'conversation' | 'subject'

/** Who shows one of these has seen a mail of the ticket; the others anybody can write. */
export const SEEN: ReadonlySet<Signal> = new Set(['token', 'own-id', 'held-id', 'conversation'])

/** Who shows one of these knows no more than what is told over the telephone: with a forged From, anybody. */
const GUESSED: ReadonlySet<Signal> = new Set(['tag', 'subject'])

export type Candidate = {
  readonly ticket: Ticket
  /** Those who take part, the requester among them, by folded address. */
  readonly participants: ReadonlyMap<string, Participant>
  readonly signal: Signal
  /** The id, tag or subject that led here. */
  readonly value: string
  /** For `token`: the folded address of the participant that it was made for; null: of nobody we know. */
  readonly issuedTo?: string | null
}

export type Rejected = {
  readonly ticket: TicketId
  readonly signal: Signal
  readonly value: string
  readonly why: string
}

/** Who left hears no more answers, and may still write. `told`: they have been told that they take part, and how to leave. */
export type Participant = Address & { readonly left: boolean; readonly told: boolean }

/** Who wrote, as far as it matters here. */
export type Writer = {
  /** Folded; null: the mail names nobody. */
  readonly address: string | null
  /** Whom the mail is written to, also in copy; folded. */
  readonly addressed: ReadonlySet<string>
  /** Proven far enough to be believed. */
  readonly isAgent: boolean
  readonly proof: SenderProof
  /** There is a mail server of ours that proves senders, so that its silence says something. */
  readonly provable: boolean
}

/** `accepted`: the sender takes part. `pending`: a stranger with a good reference, to be seen by agents and nobody else. */
export type Standing = 'accepted' | 'pending'

export type Threading = {
  readonly joined: { readonly candidate: Candidate; readonly standing: Standing } | null
  /** The ticket that the mail would have joined, had that not been done for too long: a new one follows it up. */
  readonly followUpOf: TicketId | null
  readonly rejected: readonly Rejected[]
}

/** Decides among the candidates (strongest first). What is done stays open to replies for `reopenWithinMs`. */
export function thread(
  candidates: readonly Candidate[],
  writer: Writer,
  now: Instant,
  reopenWithinMs: number,
): Threading {
  const rejected: Rejected[] = []
  let pending: Candidate | null = null
  let followUpOf: TicketId | null = null
  const ordered = byWhoIsMeant(candidates, writer)
  for (const [at, candidate] of ordered.entries()) {
    const objection = whyNotAccepted(candidate, writer)
    const over = !writer.isAgent && isOver(candidate.ticket, now, reopenWithinMs)
    if (over) {
      if (objection === null) followUpOf ??= candidate.ticket.id
      rejected.push(reject(candidate, 'the ticket has been done for too long'))
    } else if (objection === null) {
      const others = ordered.slice(at + 1).filter(other => isRival(other, candidate))
      rejected.push(
        ...others.map(other => reject(other, `ticket ${candidate.ticket.id} holds the same id, and is meant`)),
      )
      return { joined: { candidate, standing: 'accepted' }, followUpOf: null, rejected }
    } else if (SEEN.has(candidate.signal)) {
      // A colleague it was passed on to, or a thief.
      pending ??= candidate
      rejected.push(reject(candidate, objection))
    } else {
      rejected.push(reject(candidate, `${objection}, and anybody can write that`))
    }
  }
  // Who takes part in one of them is no stranger: their mail is about that one.
  if (!pending || followUpOf !== null) return { joined: null, followUpOf, rejected }
  const chosen = pending
  return {
    joined: { candidate: chosen, standing: 'pending' },
    followUpOf: null,
    rejected: rejected.filter(one => one.ticket !== chosen.ticket.id || one.signal !== chosen.signal),
  }
}

/**
 * Some programs give all their mails one Message-ID, and so several tickets hold it. Then the one comes first whose people
 * the mail is written to; else the newest of whoever had the id first: a stranger may open a ticket under an id they saw.
 */
function byWhoIsMeant(candidates: readonly Candidate[], writer: Writer): readonly Candidate[] {
  const ranks = candidates.map(candidate => {
    const rivals = candidates.filter(one => one === candidate || isRival(one, candidate))
    const oldest = Math.min(...rivals.map(({ ticket }) => ticket.id))
    const owner = rivals.find(({ ticket }) => ticket.id === oldest)?.ticket.requester?.address
    const isOwners = owner !== undefined && candidate.ticket.requester?.address === owner
    const place = candidates.indexOf(rivals[0] ?? candidate)
    return { candidate, order: [place, -meant(candidate, writer), isOwners ? 0 : 1, -candidate.ticket.id] }
  })
  return ranks.sort((a, b) => firstDifference(a.order, b.order)).map(({ candidate }) => candidate)
}

function firstDifference(a: readonly number[], b: readonly number[]): number {
  return a.map((one, at) => one - (b[at] ?? 0)).find(difference => difference !== 0) ?? 0
}

function isRival(one: Candidate, other: Candidate): boolean {
  return one.signal === 'held-id' && other.signal === 'held-id' && one.value === other.value
}

/** Is the mail written to the requester (2), or at least to somebody else who takes part (1)? */
function meant({ ticket, participants }: Candidate, { addressed }: Writer): number {
  if (ticket.requester && addressed.has(foldAddress(ticket.requester.address))) return 2
  return [...participants.keys()].some(address => addressed.has(address)) ? 1 : 0
}

/** Null when the sender takes part in the ticket and nothing speaks against its being them. */
function whyNotAccepted({ signal, issuedTo, participants }: Candidate, writer: Writer): string | null {
  if (writer.isAgent) return null
  if (writer.address === null || !participants.has(writer.address)) {
    return signal === 'token' && issuedTo
      ? 'the sender does not take part in the ticket; the reply address was made for somebody else'
      : 'the sender does not take part in the ticket'
  }
  if (GUESSED.has(signal) && writer.provable && writer.proof.level !== 'pass')
    return `nothing shows that it is the sender who writes (${writer.proof.why})`
  // Who answers to the address made for them alone is them: signatures break on the way, as forwarders add their footers.
  const known = signal === 'token' && issuedTo === writer.address
  return writer.proof.level === 'fail' && !known ? `the sender is not who the mail says (${writer.proof.why})` : null
}

function isOver({ status, solvedAt }: Ticket, now: Instant, reopenWithinMs: number): boolean {
  return (status === 'solved' || status === 'closed') && solvedAt !== null && plus(solvedAt, reopenWithinMs) < now
}

function reject(candidate: Candidate, why: string): Rejected {
  return { ticket: candidate.ticket.id, signal: candidate.signal, value: candidate.value, why }
}
