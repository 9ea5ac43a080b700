import { describe, expect, test } from 'vitest'
import { type Candidate, type Signal, thread } from '../../src/desk/thread.ts'
import type { Status } from '../../src/desk/ticket.ts'
import { ticket } from '../support/ticket.ts'

const candidate = (id: number, signal: Signal, status: Status = 'open', people = ['jane@example.org']): Candidate => ({
  ticket: ticket({ id, status }),
  participants: new Set(people),
  signal,
  value: `${signal}-${id}`,
})

const joined = (candidates: Candidate[], sender: string | null, isAgent = false) => {
  const result = thread(candidates, sender, isAgent)
  return result.joined && [result.joined.candidate.ticket.id, result.joined.candidate.signal, result.joined.standing]
}

describe('who may join by which signal', () => {
  test.each<[Signal, string | null, boolean, ReturnType<typeof joined>]>([
    ['own-id', 'jane@example.org', false, [1, 'own-id', 'accepted']],
    ['held-id', 'JANE@example.org', false, [1, 'held-id', 'accepted']],
    ['cited-id', 'jane@example.org', false, [1, 'cited-id', 'accepted']],
    ['awaited', 'jane@example.org', false, [1, 'awaited', 'accepted']],
    ['tag', 'jane@example.org', false, [1, 'tag', 'accepted']],
    ['own-id', 'mallory@other.example', false, [1, 'own-id', 'pending']],
    ['held-id', 'mallory@other.example', false, [1, 'held-id', 'pending']],
    ['cited-id', 'mallory@other.example', false, null],
    ['awaited', 'mallory@other.example', false, null],
    ['tag', 'mallory@other.example', false, null],
    ['tag', null, false, null],
    ['held-id', null, false, [1, 'held-id', 'pending']],
    ['tag', 'agent@example.org', true, [1, 'tag', 'accepted']],
    ['held-id', 'agent@example.org', true, [1, 'held-id', 'accepted']],
  ])('%s, %s, agent %s → %j', (signal, sender, isAgent, expected) => {
    expect(joined([candidate(1, signal)], sender, isAgent)).toEqual(expected)
  })
})

test('the first ticket that the sender may join wins, and the others are told with the reason', () => {
  const other = candidate(1, 'held-id', 'open', ['bob@example.org'])
  const result = thread([other, candidate(2, 'held-id')], 'jane@example.org', false)
  expect(result.joined?.candidate.ticket.id).toBe(2)
  expect(result.rejected).toEqual([
    { ticket: 1, signal: 'held-id', value: 'held-id-1', why: 'the sender does not take part in the ticket' },
  ])
})

test('a stranger is pending on one ticket only, the strongest', () => {
  const result = thread([candidate(1, 'own-id'), candidate(2, 'held-id')], 'mallory@other.example', false)
  expect(result.joined).toMatchObject({ candidate: { ticket: { id: 1 } }, standing: 'pending' })
  expect(result.rejected.map(one => one.ticket)).toEqual([2])
})

test('a closed ticket takes mail of agents only', () => {
  expect(joined([candidate(1, 'own-id', 'closed')], 'jane@example.org')).toBeNull()
  expect(joined([candidate(1, 'own-id', 'closed')], 'agent@example.org', true)).toEqual([1, 'own-id', 'accepted'])
  expect(thread([candidate(1, 'own-id', 'closed')], 'jane@example.org', false).rejected[0]?.why).toBe(
    'the ticket is closed',
  )
})

test('without candidates nothing is joined', () => {
  expect(thread([], 'jane@example.org', false)).toEqual({ joined: null, rejected: [] })
})
