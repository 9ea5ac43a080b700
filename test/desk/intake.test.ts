import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Decision, Facts } from '../../src/desk/decision.ts'
import { decide } from '../../src/desk/intake.ts'
import type { AgentKey } from '../../src/desk/people.ts'
import type { Candidate } from '../../src/desk/thread.ts'
import type { Ticket } from '../../src/desk/ticket.ts'
import { HOUR, plus } from '../../src/instant.ts'
import type { AutomaticKind, Message } from '../../src/mail/message.ts'
import { message } from '../support/message.ts'
import { policy } from '../support/policy.ts'
import { takingPart, ticket } from '../support/ticket.ts'

const NOW = '2026-11-23T09:00:05.000Z' // a Monday, 10:00 in Brussels

const ANA: AgentKey = { agent: 'ana', by: 'notification', verb: null, proves: true }

const facts = (different: Partial<Facts> = {}): Facts => ({
  now: NOW,
  mailbox: 'it',
  receivedAt: '2026-11-23T09:00:00.000Z',
  duplicateOf: null,
  candidates: [],
  proof: { level: 'none', why: 'nobody said' },
  agentKey: null,
  citesNote: false,
  internal: new Map(),
  knownContents: new Set(),
  surveys: new Map(),
  reportOn: null,
  senderHasTicket: false,
  released: false,
  senderLanguage: null,
  buckets: new Map(),
  bouncedAt: null,
  ownMail: null,
  past: null,
  quietUntil: null,
  ...different,
})

const known = (different: Partial<Ticket> = {}, people = ['jane@example.org']): Partial<Facts> => ({
  candidates: [
    {
      ticket: ticket(different),
      participants: takingPart(people),
      signal: 'held-id',
      value: 'x@y',
    } satisfies Candidate,
  ],
})

const opened = (decision: Decision) => {
  if (decision.kind !== 'open') throw new Error(`expected a ticket, got ${decision.kind}`)
  return decision
}
const appended = (decision: Decision) => {
  if (decision.kind !== 'append') throw new Error(`expected an append, got ${decision.kind}`)
  return decision
}

describe('a new request', () => {
  test('opens a ticket, sorted by the rules, with dates counted in opening hours from its arrival', () => {
    const { ticket, classification, author, reply } = opened(decide(message(), facts(), policy()))
    expect(author).toBe('requester')
    expect(ticket).toMatchObject({
      mailbox: 'it',
      team: 'it',
      category: 'printing',
      priority: 'normal',
      language: 'en',
    })
    expect(classification.decidedBy).toEqual({ category: 'printer' })
    // 4 h from 10:00 with an hour of lunch: 15:00 in Brussels. 16 h: Wednesday 10:00.
    expect(ticket.due.firstResponse.at).toBe('2026-11-23T14:00:00.000Z')
    expect(ticket.due.resolution.at).toBe('2026-11-25T09:00:00.000Z')
    expect(reply).toMatchObject({
      send: 'acknowledgement',
      to: { address: 'jane@example.org' },
      repeatTheirWords: true,
    })
  })

  test('is answered in the language of the mail, else the one known of the sender, else that of the mailbox', () => {
    const language = (of: string | null, senderLanguage: string | null) =>
      opened(decide(message({ language: of }), facts({ senderLanguage }), policy())).ticket.language
    expect(language('fr', 'de')).toBe('fr')
    expect(language(null, 'de')).toBe('de')
    expect(language('pt', null)).toBe('en')
    expect(language('pt', 'nl')).toBe('nl')
    expect(language(null, null)).toBe('en')
  })

  test('waits since it arrived, and never since the future', () => {
    const at = (receivedAt: string) => opened(decide(message(), facts({ receivedAt }), policy())).ticket.openedAt
    expect(at('2026-11-23T07:00:00.000Z')).toBe('2026-11-23T07:00:00.000Z')
    expect(at('2026-11-23T12:00:00.000Z')).toBe(NOW)
  })

  test('is sorted by what is new in it and by what it forwards', () => {
    const forwarded = { from: null, date: null, subject: null, text: 'There is an outage', language: 'en' }
    const decision = opened(decide(message({ newText: 'see below', forwarded }), facts(), policy()))
    expect(decision.ticket.priority).toBe('urgent')
  })

  test('of a stranger is acknowledged without a word of theirs', () => {
    const from = { name: 'Win $$$', address: 'x@elsewhere.example' }
    const { reply } = opened(decide(message({ from }), facts(), policy()))
    expect(reply).toMatchObject({ send: 'acknowledgement', repeatTheirWords: false })
  })
})

describe('no acknowledgement', () => {
  const why = (different: Partial<Message>, more: Partial<Facts> = {}, of = policy()) => {
    const { reply } = opened(decide(message(different), facts(more), of))
    return reply.send === null ? reply.why : reply.send
  }

  test('without a sender who could be answered', () => {
    expect(why({ from: null })).toBe('no-address')
    expect(why({ from: { name: '', address: 'not an address' } })).toBe('no-address')
  })
  test('to our own addresses', () => {
    expect(why({ from: { name: '', address: 'Support+x@example.org' } })).toBe('own-address')
  })
  test.each<AutomaticKind>(['list', 'bulk', 'auto-generated', 'system', 'suppress-header'])(
    'to %s mail, which still is a ticket',
    kind => {
      expect(why({ automatic: { kind, why: 'Precedence: list' } })).toBe(kind)
    },
  )
  test('to mail that the server has had for more than a day', () => {
    expect(why({}, { receivedAt: plus(NOW, -24 * HOUR - 1) })).toBe('too-old')
    expect(why({}, { receivedAt: plus(NOW, -24 * HOUR) })).toBe('acknowledgement')
  })
  test('to mail that may have been answered before the database was restored', () => {
    const receivedAt = facts().receivedAt
    expect(why({}, { quietUntil: plus(receivedAt, 1) })).toBe('restored')
    expect(why({}, { quietUntil: receivedAt })).toBe('acknowledgement')
    const agentsAnswer = message({ from: { name: 'Ana', address: 'ana@example.org' }, newText: 'Renewed.' })
    const relayed = (quietUntil: string) =>
      appended(decide(agentsAnswer, facts({ ...known(), agentKey: ANA, quietUntil }), policy())).work?.relay
    expect(relayed(plus(receivedAt, 1))).toMatchObject({ send: null, why: 'restored' })
    expect(relayed(receivedAt)).toMatchObject({ text: 'Renewed.' })
  })
  test('where the mailbox sends none', () => {
    const it = policy().mailboxes.get('it')
    if (!it) throw new Error('no it')
    expect(why({}, {}, policy({ mailboxes: new Map([['it', { ...it, acknowledge: false }]]) }))).toBe('switched-off')
  })
  test('to an address that got many within the hour', () => {
    const left = (level: number) => ({ buckets: new Map([['address:jane@example.org', { level, at: NOW }]]) })
    expect(why({}, left(0.9))).toBe('too-many')
    expect(why({}, left(1))).toBe('acknowledgement')
  })
})

describe('no ticket', () => {
  test.each<AutomaticKind>(['vacation', 'auto-reply', 'mdn', 'calendar', 'loop', 'delivered'])(
    'for %s mail that answers nothing we know',
    kind => {
      expect(decide(message({ automatic: { kind, why: 'x' } }), facts(), policy())).toMatchObject({ kind: 'automatic' })
    },
  )
  test('for a mail taken in before', () => {
    const decision = decide(message(), facts({ duplicateOf: { rawMail: 3, ticket: 1001 } }), policy())
    expect(decision).toMatchObject({ kind: 'duplicate', of: 3, ticket: 1001 })
  })
  test('for a bounce, whether we know the mail it reports on or not', () => {
    const report = { kind: 'delivery' as const, recipients: [], permanent: true, originalMessageId: null }
    expect(decide(message({ report }), facts({ reportOn: 1001 }), policy())).toMatchObject({
      kind: 'report',
      ticket: 1001,
    })
    expect(decide(message({ report }), facts(), policy())).toMatchObject({ kind: 'report', ticket: null })
  })
})

describe('a reply', () => {
  test('of the requester reopens what was solved or waited for them, and is not acknowledged', () => {
    for (const status of ['solved', 'pending'] as const) {
      const solvedAt = status === 'solved' ? NOW : null
      const decision = appended(decide(message(), facts(known({ status, solvedAt })), policy()))
      expect(decision).toMatchObject({
        author: 'requester',
        standing: 'accepted',
        changes: { status: 'open', solvedAt: null },
      })
      expect(decision.reply.why).toBe('belongs-to-ticket')
      expect(decision.work).toBeNull()
    }
  })
  test('of somebody in Cc is that of a participant', () => {
    const from = { name: 'Bob', address: 'bob@example.org' }
    const decision = appended(
      decide(message({ from }), facts(known({}, ['jane@example.org', 'bob@example.org'])), policy()),
    )
    expect(decision).toMatchObject({ author: 'participant', standing: 'accepted', changes: {} })
  })
  test('of a stranger changes nothing', () => {
    const from = { name: 'Mallory', address: 'mallory@other.example' }
    const decision = appended(decide(message({ from }), facts(known({ status: 'solved', solvedAt: NOW })), policy()))
    expect(decision).toMatchObject({ author: 'stranger', standing: 'pending', changes: {}, work: null })
  })
  test('of a robot changes nothing', () => {
    const automatic = { kind: 'vacation', why: 'Subject: Out of office' } as const
    const decision = appended(
      decide(message({ automatic }), facts(known({ status: 'solved', solvedAt: NOW })), policy()),
    )
    expect(decision).toMatchObject({ author: 'robot', changes: {}, work: null })
  })
  test.each(['solved', 'closed'] as const)('to a %s ticket reopens it', status => {
    const decision = appended(decide(message(), facts(known({ status, solvedAt: NOW })), policy()))
    expect(decision.changes).toEqual({ status: 'open', solvedAt: null })
  })
  test('a year later opens a new one that follows it up, and says why', () => {
    const done = known({ status: 'closed', solvedAt: '2025-11-23T09:00:00.000Z' })
    const decision = opened(decide(message(), facts(done), policy()))
    expect(decision.followUpOf).toBe(1042)
    expect(decision.rejected).toMatchObject([{ ticket: 1042, why: 'the ticket has been done for too long' }])
  })
  test('with answers to somebody else has no power over the status', () => {
    const elsewhere = message({ replyTo: [{ name: '', address: 'jane@evil.example' }] })
    const decision = appended(decide(elsewhere, facts(known({ status: 'solved', solvedAt: NOW })), policy()))
    expect([decision.changes, decision.powerless]).toEqual([{}, expect.stringContaining('Reply-To')])
  })
  test('of a participant who wants to leave only does that', () => {
    const bob = message({ from: { name: 'Bob', address: 'bob@example.org' }, newText: 'LEAVE' })
    const both = ['jane@example.org', 'bob@example.org']
    const decision = appended(decide(bob, facts(known({ status: 'solved', solvedAt: NOW }, both)), policy()))
    expect([decision.leaves, decision.changes]).toEqual([true, {}])
    // Whose ticket it is cannot leave it: nobody would hear the answer.
    expect(appended(decide(message({ newText: 'LEAVE' }), facts(known()), policy())).leaves).toBe(false)
  })
})

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
    appended(decide(message(different), facts({ ...known(about), ...imported(latest) }), policy()))

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
})

test('there is a decision for every mail, and no machine is ever acknowledged', () => {
  const kinds: AutomaticKind[] = [
    'vacation',
    'auto-reply',
    'auto-generated',
    'list',
    'bulk',
    'dsn',
    'mdn',
    'feedback',
    'delivered',
    'calendar',
    'system',
    'loop',
    'suppress-header',
  ]
  const address = fc.record({
    name: fc.string(),
    address: fc.oneof(fc.string(), fc.emailAddress(), fc.constant('ana@example.org')),
  })
  const anyMessage = fc.record({
    from: fc.option(address),
    to: fc.array(address, { maxLength: 3 }),
    subject: fc.string({ unit: 'binary' }),
    newText: fc.string({ unit: 'binary' }),
    language: fc.option(fc.constantFrom('en', 'fr', 'xx')),
    automatic: fc.option(fc.record({ kind: fc.constantFrom(...kinds), why: fc.string() })),
  })
  const anyFacts = fc.record({
    receivedAt: fc.integer({ min: 0, max: 4e12 }).map(ms => new Date(ms).toISOString()),
    bouncedAt: fc.constantFrom(null, NOW),
    candidates: fc.constantFrom<readonly Candidate[]>([], known().candidates ?? []),
    ownMail: fc.constantFrom(null, 1042),
    past: fc.constantFrom(
      null,
      ...(['archive', 'sent'] as const).map(from => ({ from, lastMails: new Map<number, string>() })),
    ),
  })
  fc.assert(
    fc.property(anyMessage, anyFacts, (different, more) => {
      const decision = decide(message(different), facts(more), policy())
      const sends = decision.kind === 'open' && decision.reply.send !== null
      expect(sends && different.automatic !== null).toBe(false)
      if (decision.kind === 'append' && different.automatic) expect(decision.reply.send).toBeNull()
      if (more.past) expect(sends || (decision.kind === 'append' && 'to' in (decision.work?.relay ?? {}))).toBe(false)
    }),
    { numRuns: 300 },
  )
})
