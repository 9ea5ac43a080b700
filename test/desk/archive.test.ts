import { describe, expect, test } from 'vitest'
import type { Facts } from '../../src/desk/decision.ts'
import { decide } from '../../src/desk/intake.ts'
import type { Ticket } from '../../src/desk/ticket.ts'
import type { Message } from '../../src/mail/message.ts'
import { appended, facts, known, opened } from '../support/facts.ts'
import { message } from '../support/message.ts'
import { policy } from '../support/policy.ts'

describe('a mail out of an archive', () => {
  const LONG_AGO = '2015-01-03T09:00:00.000Z'
  const BEFORE = '2015-01-02T09:00:00.000Z'
  const AFTER = '2015-01-04T09:00:00.000Z'
  const imported = (latest: string | null = null): Partial<Facts> => ({
    now: LONG_AGO,
    receivedAt: LONG_AGO,
    past: { from: 'archive', lastMails: new Map(latest === null ? [] : [[1042, latest]]) },
  })
  const ana = { name: 'Ana', address: 'ana@example.org' }
  const desk = { name: 'IT Help', address: 'it@example.org' }
  const joins = (different: Partial<Message>, about: Partial<Ticket> = {}, latest = BEFORE) =>
    appended(
      decide(message(different), facts({ ...known({ openedAt: BEFORE, ...about }), ...imported(latest) }), policy()),
    )

  test('opens a ticket of its day and is not acknowledged, however young it is', () => {
    const { ticket, reply } = opened(decide(message(), facts(imported()), policy()))
    expect(ticket.openedAt).toBe(LONG_AGO)
    expect(ticket.due.firstResponse.at).toBe('2015-01-05T11:00:00.000Z')
    expect(reply).toMatchObject({ send: null, why: 'imported' })
    const young = decide(message(), facts({ past: { from: 'archive', lastMails: new Map() } }), policy())
    expect(opened(young).reply).toMatchObject({ send: null, why: 'imported' })
  })

  test('of an agent counts on its day and is not sent on', () => {
    const decision = joins({ from: ana, newText: 'Turn it off and on.' })
    expect(decision).toMatchObject({
      author: 'agent',
      changes: { status: 'pending', firstResponseAt: LONG_AGO },
      reply: { send: null, why: 'imported' },
      work: { relay: { send: null, why: 'imported' } },
    })
  })

  test('from our own address is how the desk answered, unless a machine or a group wrote it', () => {
    expect(joins({ from: desk, newText: 'Turn it off and on.' })).toMatchObject({
      author: 'agent',
      agent: null,
      changes: { status: 'pending', firstResponseAt: LONG_AGO },
      work: { relay: { send: null, why: 'imported' } },
    })
    const automatic = { kind: 'auto-reply', why: 'Auto-Submitted: auto-replied' } as const
    expect(joins({ from: desk, automatic })).toMatchObject({ author: 'robot', changes: {} })
    expect(joins({ via: desk }).author).toBe('requester')
  })

  test('that the desk wrote opens a ticket for whom it was written to, and waits for them', () => {
    const jane = { name: 'Jane Doe', address: 'jane@example.org' }
    for (const from of [desk, ana]) {
      const to = [{ name: '', address: 'ben@example.org' }, { name: '', address: 'IT+x@example.org' }, jane]
      const decision = opened(decide(message({ from, to }), facts(imported()), policy()))
      expect(decision).toMatchObject({ author: 'agent', ticket: { requester: jane, status: 'pending' } })
      expect(decision.reply).toMatchObject({ send: null, why: 'imported' })
    }
    const live = opened(decide(message({ from: ana, to: [jane] }), facts(), policy()))
    expect(live).toMatchObject({ author: 'requester', ticket: { requester: ana, status: 'open' } })
    expect(decide(message({ from: desk }), facts(imported()), policy())).toMatchObject({ kind: 'automatic' })
    const asks = opened(decide(message({ from: ana }), facts(imported()), policy()))
    expect(asks).toMatchObject({ author: 'requester', ticket: { requester: ana, status: 'open' } })
  })

  test('older than the last one of its ticket tells nothing of how that stands', () => {
    const solved = { status: 'solved', solvedAt: AFTER } as const
    expect(joins({}, solved, AFTER).changes).toEqual({})
    expect(joins({}, solved, LONG_AGO).changes).toEqual({ status: 'open', solvedAt: null })
    const words = { from: ana, newText: 'Turn it off and on.' }
    expect(joins(words, {}, AFTER).changes).toEqual({ firstResponseAt: LONG_AGO })
    expect(joins(words, { firstResponseAt: AFTER }, AFTER).changes).toEqual({ firstResponseAt: LONG_AGO })
    expect(joins(words, { firstResponseAt: BEFORE }, AFTER).changes).toEqual({})
    expect(joins({ from: ana, newText: '#solved' }, {}, AFTER).changes).toEqual({})
  })

  test('older than its ticket, for the question comes last, answered it no earlier than it was opened', () => {
    const words = { from: ana, newText: 'Turn it off and on.' }
    expect(joins(words, { openedAt: AFTER }, AFTER).changes).toEqual({ firstResponseAt: AFTER })
    expect(joins(words, { openedAt: AFTER, firstResponseAt: AFTER }, AFTER).changes).toEqual({})
  })

  test('that we sent ourselves is none of anybody', () => {
    const ours = facts({ ...known(), ...imported(), ownMail: 1042 })
    expect(decide(message({ from: desk }), ours, policy())).toMatchObject({ kind: 'skip' })
    // Anybody may write under an id of ours that they have seen.
    expect(decide(message(), ours, policy())).toMatchObject({ kind: 'append' })
  })
})
