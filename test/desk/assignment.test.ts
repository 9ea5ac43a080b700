import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  awayWhy,
  chooseAgent,
  handedTo,
  nextAtWork,
  returnsAt,
  type Situation,
  unansweredWhy,
} from '../../src/desk/assignment.ts'
import type { Agent, Team } from '../../src/desk/policy.ts'
import { HOUR, type Instant, MINUTE, plus } from '../../src/instant.ts'
import { agent, policy, team } from '../support/policy.ts'
import { ticket } from '../support/ticket.ts'

// A Monday, 10:00 in Brussels, where the office is open from 8 to 12 and 13 to 17.
const NOW = '2026-11-23T09:00:00.000Z'
const NIGHT = '2026-11-23T22:00:00.000Z'
const MORNING = '2026-11-24T07:00:00.000Z'

const crew = (...agents: [string, Partial<Agent>?][]) =>
  policy({ agents: agents.map(([name, different]) => agent(name, { teams: ['it'], ...different })) })
const three = crew(['ana'], ['ben'], ['cas'])

const situation = (different: Partial<Situation> = {}): Situation => ({
  ...{ now: NOW, policy: three, away: new Set(), load: new Map(), lastAssignedAt: new Map() },
  ...{ requester: null, except: null },
  ...different,
})
const giving = (assign: Team['assign']): Team => ({ ...team('it'), assign })
const chosen = (assign: Team['assign'], different: Partial<Situation> = {}) =>
  chooseAgent(giving(assign), situation(different))?.agent.name ?? null

describe('who gets a ticket', () => {
  const some = new Map([
    ['ana', 2],
    ['ben', 1],
    ['cas', 1],
  ])
  const last = (...names: string[]) => new Map(names.map((name, at): [string, Instant] => [name, plus(NOW, at - 100)]))

  test.each<[string, Team['assign'], Partial<Situation>, string | null]>([
    ['a team that gives out by hand', 'manual', {}, null],
    ['nobody had one yet: in the order of the configuration', 'round-robin', {}, 'ana'],
    ['who never had one comes first', 'round-robin', { lastAssignedAt: last('ana', 'ben') }, 'cas'],
    ['then who had one the longest ago', 'round-robin', { lastAssignedAt: last('ben', 'ana', 'cas') }, 'ben'],
    ['a turn looks at no load', 'round-robin', { load: new Map([['ana', 99]]) }, 'ana'],
    [
      'the fewest, of equals the longest ago',
      'least-loaded',
      { load: some, lastAssignedAt: last('ben', 'cas') },
      'ben',
    ],
    [
      'who has none at all',
      'least-loaded',
      {
        load: new Map([
          ['ana', 1],
          ['ben', 3],
        ]),
      },
      'cas',
    ],
    ['nobody who is away', 'round-robin', { away: new Set(['ana', 'ben']) }, 'cas'],
    ['not the requester themselves', 'round-robin', { requester: 'ana' }, 'ben'],
    ['not from whom it was taken', 'round-robin', { except: 'ana' }, 'ben'],
    ['not who works in other teams', 'round-robin', { policy: crew(['ana', { teams: ['hr'] }], ['ben']) }, 'ben'],
    [
      'at night nobody of the office',
      'round-robin',
      { now: NIGHT, policy: crew(['ana', { calendar: 'office' }]) },
      null,
    ],
    [
      'at night who keeps no hours',
      'least-loaded',
      { now: NIGHT, policy: crew(['ana', { calendar: 'office' }], ['ben']) },
      'ben',
    ],
    ['everybody is away', 'round-robin', { away: new Set(['ana', 'ben', 'cas']) }, null],
    ['a team of nobody', 'round-robin', { policy: crew() }, null],
  ])('%s', (_what, assign, different, expected) => {
    expect(chosen(assign, different)).toBe(expected)
  })

  test('with a reason that the history tells', () => {
    expect(chooseAgent(giving('round-robin'), situation())?.why).toBe('whose turn it was at work in team it')
    expect(chooseAgent(giving('least-loaded'), situation({ load: some }))?.why).toBe('fewest open tickets at work (1)')
  })
})

test('turns are fair whoever comes and goes: of those who are always there none has two more than another', () => {
  const names = ['ana', 'ben', 'cas', 'dan', 'eva']
  const everybody = policy({ agents: names.map(name => agent(name, { teams: ['it'] })) })
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ away: fc.subarray(['dan', 'eva']), load: fc.dictionary(fc.constantFrom(...names), fc.nat(9)) }),
        { minLength: 1, maxLength: 60 },
      ),
      fc.boolean(),
      (arrivals, clockStands) => {
        const lastAssignedAt = new Map<string, Instant>()
        const got = new Map(names.map(name => [name, 0]))
        arrivals.forEach(({ away, load }, at) => {
          const now = clockStands ? NOW : plus(NOW, at * MINUTE)
          const given = { now, policy: everybody, away: new Set(away), load: new Map(Object.entries(load)) }
          const one = chooseAgent(giving('round-robin'), situation({ ...given, lastAssignedAt }))
          if (!one) throw new Error('somebody is there')
          expect(away).not.toContain(one.agent.name)
          lastAssignedAt.set(one.agent.name, one.at)
          got.set(one.agent.name, (got.get(one.agent.name) ?? 0) + 1)
        })
        const present = ['ana', 'ben', 'cas'].map(name => got.get(name) ?? 0)
        expect(Math.max(...present) - Math.min(...present)).toBeLessThanOrEqual(1)
        // Who was away meanwhile gets no more for it than those who stayed.
        for (const name of ['dan', 'eva']) expect(got.get(name)).toBeLessThanOrEqual(Math.max(...present) + 1)
      },
    ),
  )
})

describe('when to look again', () => {
  test.each<[string, Partial<Situation>, Instant | null]>([
    ['when the first one begins', { now: NIGHT, policy: crew(['ana', { calendar: 'office' }]) }, MORNING],
    ['soon, when all who work are away', { away: new Set(['ana', 'ben', 'cas']) }, plus(NOW, MINUTE)],
    ['never where there is nobody', { policy: crew() }, null],
  ])('%s', (_what, different, expected) => {
    expect(nextAtWork(giving('round-robin'), situation(different))).toBe(expected)
  })
})

test('a ticket goes back after working time of its service level, where its team says so', () => {
  const returning = { ...team('it'), returnAfterMs: 4 * HOUR }
  const rules = policy({ teams: new Map([['it', returning]]) })
  expect(returnsAt(ticket(), rules, '2026-11-23T15:00:00.000Z')).toBe('2026-11-24T10:00:00.000Z')
  expect(returnsAt(ticket(), policy(), NOW)).toBeNull()
  expect(returnsAt(ticket({ team: null }), rules, NOW)).toBeNull()
  expect(unansweredWhy('ana', ticket(), rules)).toBe('Ana Pop has not answered within 4h of working time')
  expect(
    unansweredWhy('gone', ticket(), policy({ teams: new Map([['it', { ...returning, returnAfterMs: 90 * MINUTE }]]) })),
  ).toBe('gone has not answered within 90m of working time')
  expect(awayWhy('ana', rules)).toBe('Ana Pop is out of office, and it is urgent')
})

test('the history tells from whom to whom, and why', () => {
  expect(handedTo(ticket({ assignee: 'ana' }), 'ben', 'because')).toEqual({
    changes: { assignee: 'ben' },
    events: [{ kind: 'changed', actor: 'postdesk', data: { assignee: { from: 'ana', to: 'ben', why: 'because' } } }],
  })
})
