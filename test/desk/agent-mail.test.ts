import { describe, expect, test } from 'vitest'
import { decide } from '../../src/desk/intake.ts'
import type { Ticket } from '../../src/desk/ticket.ts'
import type { Message } from '../../src/mail/message.ts'
import { ANA, appended, facts, known, NOW, opened } from '../support/facts.ts'
import { message } from '../support/message.ts'
import { policy } from '../support/policy.ts'

describe("an agent's mail", () => {
  const from = { name: 'Ana', address: 'ana@example.org' }
  const answer = (different: Partial<Message>, about: Partial<Ticket> = {}) =>
    appended(
      decide(
        message({ from, newText: 'Turn it off and on.', ...different }),
        facts({ ...known(about), agentKey: ANA }),
        policy(),
      ),
    )

  test('is the answer: it goes to the requester and counts as the first response', () => {
    const decision = answer({})
    expect(decision).toMatchObject({
      author: 'agent',
      agent: { name: 'ana' },
      changes: { status: 'pending', firstResponseAt: NOW },
    })
    expect(decision.work?.relay).toEqual({
      to: [{ name: 'Jane Doe', address: 'jane@example.org' }],
      cc: [],
      untold: [],
      text: 'Turn it off and on.',
      pictures: [],
      files: [],
    })
  })
  test('counts only once as the first response, and does not reopen', () => {
    const decision = answer({}, { firstResponseAt: '2026-11-22T09:00:00.000Z', status: 'solved', solvedAt: NOW })
    expect(decision.changes).toEqual({})
  })
  test('is not sent again to a requester whom the agent addressed', () => {
    for (const field of ['to', 'cc'] as const) {
      const decision = answer({
        [field]: [
          { name: '', address: 'JANE@example.org' },
          { name: '', address: 'it@example.org' },
        ],
      })
      expect(decision.work?.relay).toMatchObject({ send: null, why: 'already-addressed' })
      expect(decision.changes).toMatchObject({ firstResponseAt: NOW })
    }
  })
  test('to a vendor answers nobody, also when it was sent from the mailbox itself or is read again after a restore', () => {
    const vendor = [{ name: '', address: 'vendor@other.example' }]
    const jane = [{ name: '', address: 'jane@example.org' }]
    const it = [{ name: '', address: 'it@example.org' }]
    const sent = { past: { from: 'sent', lastMails: new Map() } } as const
    const restored = { quietUntil: '2026-11-23T10:00:00.000Z', agentKey: ANA }
    for (const about of [sent, restored]) {
      const changes = (to: Message['to']) =>
        appended(decide(message({ from, to, cc: it }), facts({ ...known(), ...about }), policy())).changes
      expect(changes(vendor)).toEqual({})
      expect(changes([...vendor, ...jane])).toMatchObject({ status: 'pending', firstResponseAt: NOW })
      expect(changes(jane)).toMatchObject({ status: 'pending', firstResponseAt: NOW })
    }
  })
  test('solves with #solved as its first line, which the requester does not see', () => {
    const decision = answer({ newText: '#solved\n\nNew toner is in.' })
    expect(decision.changes).toMatchObject({ status: 'solved', solvedAt: NOW, firstResponseAt: NOW })
    expect(decision.work?.relay).toMatchObject({ text: 'New toner is in.' })
  })
  test('may solve without a word; that is no response', () => {
    const decision = answer({ newText: '#solved' })
    expect(decision.changes).toEqual({ status: 'solved', solvedAt: NOW })
    expect(decision.work?.relay).toMatchObject({ send: null, why: 'nothing-to-say' })
  })
  test('with a command we do not know stays inside, and the agent is told', () => {
    const decision = answer({ newText: '#notes\nJane is difficult.' })
    expect(decision.changes).toEqual({})
    expect(decision.work).toMatchObject({ internal: true, receipt: true, fault: { line: '#notes' } })
    expect(decision.work?.relay).toMatchObject({ send: null, why: 'unknown-command' })
  })
  test('on a ticket of their own is that of a requester', () => {
    const decision = answer({}, { requester: from })
    expect(decision).toMatchObject({ author: 'requester', agent: null, work: null })
  })
  test('that a machine wrote is no answer', () => {
    const decision = answer({ automatic: { kind: 'vacation', why: 'Auto-Submitted: auto-replied' } })
    expect(decision).toMatchObject({ author: 'robot', agent: null, work: null, changes: {} })
  })
  test('about no ticket asks for help like anybody', () => {
    expect(opened(decide(message({ from }), facts(), policy())).author).toBe('requester')
  })
})
