/*
 * What the desk knows of a mail that has arrived, and what it decided.
 */
import { NOTHING_KNOWN } from '../../src/cli/explain.ts'
import type { Decision, Facts } from '../../src/desk/decision.ts'
import type { AgentKey } from '../../src/desk/people.ts'
import type { Candidate } from '../../src/desk/thread.ts'
import type { Ticket } from '../../src/desk/ticket.ts'
import { takingPart, ticket } from './ticket.ts'

export const NOW = '2026-11-23T09:00:05.000Z' // a Monday, 10:00 in Brussels

/** Ana's key, out of a notification that she was sent. */
export const ANA: AgentKey = { agent: 'ana', by: 'notification', verb: null, proves: true }

/** A mail to it@ of which nothing is known yet, except for what is given. */
export const facts = (different: Partial<Facts> = {}): Facts => ({
  ...NOTHING_KNOWN,
  now: NOW,
  mailbox: 'it',
  receivedAt: '2026-11-23T09:00:00.000Z',
  proof: { level: 'none', why: 'nobody said' },
  ...different,
})

/** It answers a mail of one ticket that these take part in. */
export const known = (different: Partial<Ticket> = {}, people = ['jane@example.org']): Partial<Facts> => ({
  candidates: [
    {
      ticket: ticket(different),
      participants: takingPart(people),
      signal: 'held-id',
      value: 'x@y',
    } satisfies Candidate,
  ],
})

/** The decision, which opens a ticket: throws when it does not. */
export const opened = (decision: Decision) => {
  if (decision.kind !== 'open') throw new Error(`expected a ticket, got ${decision.kind}`)
  return decision
}

/** The decision, which adds the mail to a ticket: throws when it does not. */
export const appended = (decision: Decision) => {
  if (decision.kind !== 'append') throw new Error(`expected an append, got ${decision.kind}`)
  return decision
}
