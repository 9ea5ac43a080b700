import { foldAddress } from '../mail/address.ts'
import type { Ticket, TicketId } from './ticket.ts'

/*
 * Which ticket does a mail belong to? Knowing a number or a Message-ID is not enough to write into a ticket: joining is
 * bound to the sender. The candidates come strongest first; the first one that the sender may join wins.
 */

/**
 * Why a ticket is a candidate: `own-id` a Message-ID that we signed is cited · `held-id` an id of a mail of the ticket is
 * cited · `cited-id` both cite the same mail, which has not arrived · `awaited` the ticket cites this very mail, which
 * arrives late · `tag` its `[#1042]` stands in the subject.
 */
export type Signal = 'own-id' | 'held-id' | 'cited-id' | 'awaited' | 'tag'

export type Candidate = {
  readonly ticket: Ticket
  /** Folded addresses of those who take part, the requester among them. */
  readonly participants: ReadonlySet<string>
  readonly signal: Signal
  /** The id or tag that led here. */
  readonly value: string
}

export type Rejected = {
  readonly ticket: TicketId
  readonly signal: Signal
  readonly value: string
  readonly why: string
}

/** `accepted`: the sender takes part. `pending`: a stranger with a good reference, to be seen by agents and nobody else. */
export type Standing = 'accepted' | 'pending'

export type Threading = {
  readonly joined: { readonly candidate: Candidate; readonly standing: Standing } | null
  readonly rejected: readonly Rejected[]
}

/** Decides among the candidates (strongest first) for a sender whose address is `sender` (null: the mail names none). */
export function thread(candidates: readonly Candidate[], sender: string | null, isAgent: boolean): Threading {
  const rejected: Rejected[] = []
  let pending: Candidate | null = null
  for (const candidate of candidates) {
    const takesPart = isAgent || (sender !== null && candidate.participants.has(foldAddress(sender)))
    if (candidate.ticket.status === 'closed' && !isAgent) {
      rejected.push(reject(candidate, 'the ticket is closed'))
    } else if (takesPart) {
      return { joined: { candidate, standing: 'accepted' }, rejected }
    } else if (candidate.signal === 'own-id' || candidate.signal === 'held-id') {
      // Whoever cites one of the ticket's own mails has seen it; a colleague it was passed on to, or a thief.
      pending ??= candidate
      rejected.push(reject(candidate, 'the sender does not take part in the ticket'))
    } else {
      rejected.push(reject(candidate, 'the sender does not take part in the ticket, and anybody can write that'))
    }
  }
  if (!pending) return { joined: null, rejected }
  const chosen = pending
  return {
    joined: { candidate: chosen, standing: 'pending' },
    rejected: rejected.filter(one => one.ticket !== chosen.ticket.id || one.signal !== chosen.signal),
  }
}

function reject(candidate: Candidate, why: string): Rejected {
  return { ticket: candidate.ticket.id, signal: candidate.signal, value: candidate.value, why }
}
