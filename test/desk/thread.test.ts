import { describe, expect, test } from 'vitest'
import { type Candidate, type Signal, thread, type Writer } from '../../src/desk/thread.ts'
import type { Status } from '../../src/desk/ticket.ts'
import { DAY, plus } from '../../src/instant.ts'
import type { SenderProof } from '../../src/mail/authentication-results.ts'
import { takingPart, ticket } from '../support/ticket.ts'

const NOW = '2026-11-23T09:00:00.000Z'
const WINDOW = 14 * DAY
const JANE = 'jane@example.org'
const MALLORY = 'mallory@other.example'

type More = {
  readonly status?: Status
  readonly solvedAt?: string
  readonly people?: string[]
  readonly issuedTo?: string
}

const candidate = (
  id: number,
  signal: Signal,
  { status = 'open', solvedAt, people = [JANE], issuedTo }: More = {},
): Candidate => ({
  ticket: ticket({ id, status, solvedAt: solvedAt ?? null }),
  participants: takingPart(people),
  signal,
  value: `${signal}-${id}`,
  ...(issuedTo === undefined ? {} : { issuedTo }),
})

const writer = (address: string | null, level: SenderProof['level'] = 'none', isAgent = false): Writer => ({
  address,
  addressed: new Set(),
  isAgent,
  proof: { level, why: `dmarc=${level}` },
  provable: false,
})

const decide = (candidates: Candidate[], by: Writer) => thread(candidates, by, NOW, WINDOW)
const joined = (candidates: Candidate[], by: Writer) => {
  const result = decide(candidates, by)
  return result.joined && [result.joined.candidate.ticket.id, result.joined.candidate.signal, result.joined.standing]
}

describe('who may join by which signal', () => {
  test.each<[Signal, string | null, ReturnType<typeof joined>]>([
    ['token', JANE, [1, 'token', 'accepted']],
    ['own-id', JANE, [1, 'own-id', 'accepted']],
    ['held-id', JANE, [1, 'held-id', 'accepted']],
    ['cited-id', JANE, [1, 'cited-id', 'accepted']],
    ['awaited', JANE, [1, 'awaited', 'accepted']],
    ['tag', JANE, [1, 'tag', 'accepted']],
    ['conversation', JANE, [1, 'conversation', 'accepted']],
    ['subject', JANE, [1, 'subject', 'accepted']],
    ['token', MALLORY, [1, 'token', 'pending']],
    ['own-id', MALLORY, [1, 'own-id', 'pending']],
    ['held-id', MALLORY, [1, 'held-id', 'pending']],
    ['conversation', MALLORY, [1, 'conversation', 'pending']],
    ['cited-id', MALLORY, null],
    ['awaited', MALLORY, null],
    ['tag', MALLORY, null],
    ['subject', MALLORY, null],
    ['tag', null, null],
    ['held-id', null, [1, 'held-id', 'pending']],
  ])('%s, %s → %j', (signal, address, expected) => {
    expect(joined([candidate(1, signal)], writer(address))).toEqual(expected)
  })

  test.each<[Signal]>([['tag'], ['held-id'], ['subject']])('an agent by %s', signal => {
    expect(joined([candidate(1, signal)], writer('agent@example.org', 'none', true))).toEqual([1, signal, 'accepted'])
  })
})

describe('a sender whom our mail server disproves', () => {
  test.each<[Signal, ReturnType<typeof joined>]>([
    ['own-id', [1, 'own-id', 'pending']],
    ['held-id', [1, 'held-id', 'pending']],
    ['tag', null],
    ['cited-id', null],
    ['subject', null],
  ])('by %s → %j', (signal, expected) => {
    expect(joined([candidate(1, signal)], writer(JANE, 'fail'))).toEqual(expected)
  })

  test('is believed when the answer goes to the address made for them alone', () => {
    expect(joined([candidate(1, 'token', { issuedTo: JANE })], writer(JANE, 'fail'))).toEqual([1, 'token', 'accepted'])
    const bobs = candidate(1, 'token', { issuedTo: 'bob@example.org', people: [JANE, 'bob@example.org'] })
    expect(joined([bobs], writer(JANE, 'fail'))).toEqual([1, 'token', 'pending'])
  })
})

describe('where our mail server proves senders, a number or a subject', () => {
  test.each<[Signal, SenderProof['level'], boolean]>([
    ['tag', 'pass', true],
    ['tag', 'none', false],
    ['subject', 'pass', true],
    ['subject', 'none', false],
    ['cited-id', 'none', true],
    ['own-id', 'none', true],
  ])('%s, %s: joined %s', (signal, level, joins) => {
    const by = { ...writer(JANE, level), provable: true }
    expect(joined([candidate(1, signal)], by) !== null).toBe(joins)
  })
})

test('a reply address that was passed on makes nobody a participant, and says so', () => {
  const result = decide([candidate(1, 'token', { issuedTo: JANE }), candidate(2, 'own-id')], writer(MALLORY, 'pass'))
  expect(result.joined).toMatchObject({ candidate: { ticket: { id: 1 } }, standing: 'pending' })
  const only = decide([candidate(1, 'token', { issuedTo: JANE }), candidate(2, 'token')], writer(MALLORY))
  expect(only.rejected.map(({ why }) => why)).toEqual(['the sender does not take part in the ticket'])
})

test('the first ticket that the sender may join wins, and the others are told with the reason', () => {
  const result = decide(
    [candidate(1, 'held-id', { people: ['bob@example.org'] }), candidate(2, 'held-id')],
    writer(JANE),
  )
  expect(result.joined?.candidate.ticket.id).toBe(2)
  expect(result.rejected).toEqual([
    { ticket: 1, signal: 'held-id', value: 'held-id-1', why: 'the sender does not take part in the ticket' },
  ])
})

test('a stranger is pending on one ticket only, the strongest', () => {
  const result = decide([candidate(1, 'own-id'), candidate(2, 'held-id')], writer(MALLORY))
  expect(result.joined).toMatchObject({ candidate: { ticket: { id: 1 } }, standing: 'pending' })
  expect(result.rejected.map(one => one.ticket)).toEqual([2])
})

describe('what is done', () => {
  const done = (age: number, status: Status = 'solved') => candidate(1, 'own-id', { status, solvedAt: plus(NOW, -age) })

  test.each<[Status, number, boolean]>([
    ['solved', 13 * DAY, true],
    ['closed', 13 * DAY, true],
    ['solved', 15 * DAY, false],
    ['closed', 400 * DAY, false],
  ])('%s, %d ms ago: joined %s', (status, age, joins) => {
    const result = decide([done(age, status)], writer(JANE))
    expect(result.joined !== null).toBe(joins)
    expect(result.followUpOf).toBe(joins ? null : 1)
  })

  test('takes mail of agents for ever', () => {
    expect(joined([done(400 * DAY, 'closed')], writer('agent@example.org', 'none', true))).toEqual([
      1,
      'own-id',
      'accepted',
    ])
  })

  test('is followed up by nobody who takes no part', () => {
    expect(decide([done(400 * DAY)], writer(MALLORY))).toMatchObject({ joined: null, followUpOf: null })
  })

  test('gives way to a ticket that is not', () => {
    expect(joined([done(400 * DAY), candidate(2, 'cited-id')], writer(JANE))).toEqual([2, 'cited-id', 'accepted'])
  })
})

describe('of tickets that hold the same id an agent answers', () => {
  const of = (id: number, requester: string, people: string[] = []): Candidate => ({
    ...candidate(id, 'held-id', { people: [requester, ...people] }),
    ticket: ticket({ id, requester: { name: '', address: requester } }),
    value: 'reused@x',
  })
  const [jane, bob, mallory] = [of(1, JANE), of(2, 'Bob@example.org'), of(3, MALLORY, [JANE, 'carl@example.org'])]
  const answer = (candidates: Candidate[], ...addressed: string[]) => {
    const by = { ...writer('agent@example.org', 'none', true), addressed: new Set(addressed) }
    const { joined, rejected } = decide(candidates, by)
    const others = candidates.map(one => one.ticket.id).filter(id => id !== joined?.candidate.ticket.id)
    expect(rejected.map(one => one.ticket).sort()).toEqual(others.sort())
    return joined?.candidate.ticket.id
  }

  test.each<[string, Candidate[], string[], number]>([
    ['the one of whom they write to', [jane, bob], ['it@example.org', 'bob@example.org'], 2],
    ['also when it is not the newest', [jane, bob], [JANE], 1],
    [
      'the one with a participant whom they write to',
      [jane, of(2, 'bob@example.org', ['carl@example.org'])],
      ['carl@example.org'],
      2,
    ],
    ['the newest, when one person has them all', [jane, of(4, JANE)], ['it@example.org'], 4],
    ['not that of a stranger who saw the id', [jane, mallory], ['it@example.org'], 1],
    ['nor when the stranger put the others in copy', [jane, mallory], [JANE, 'carl@example.org'], 1],
  ])('%s', (_what, candidates, addressed, expected) => {
    expect(answer(candidates, ...addressed)).toBe(expected)
    expect(answer(candidates.toReversed(), ...addressed)).toBe(expected)
  })

  test('and a stronger sign stays stronger', () => {
    expect(joined([candidate(7, 'own-id'), jane, bob], writer('agent@example.org', 'none', true))).toEqual([
      7,
      'own-id',
      'accepted',
    ])
  })
})

test('without candidates nothing is joined', () => {
  expect(decide([], writer(JANE))).toEqual({ joined: null, followUpOf: null, rejected: [] })
})
