import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Facts } from '../../src/desk/decision.ts'
import { decide } from '../../src/desk/intake.ts'
import type { Candidate } from '../../src/desk/thread.ts'
import { HOUR, plus } from '../../src/instant.ts'
import type { AutomaticKind, Message } from '../../src/mail/message.ts'
import { ANA, appended, facts, known, NOW, opened } from '../support/facts.ts'
import { message } from '../support/message.ts'
import { policy } from '../support/policy.ts'

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
