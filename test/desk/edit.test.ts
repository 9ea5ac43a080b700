import { describe, expect, test } from 'vitest'
import { type Edit, editTicket } from '../../src/desk/edit.ts'
import { policy } from '../support/policy.ts'
import { ticket } from '../support/ticket.ts'

const NOW = '2026-11-23T10:00:00.000Z'
const edit = (before: Parameters<typeof ticket>[0], wanted: Edit, different = {}) =>
  editTicket(ticket(before), wanted, policy(different), 'key:crm', NOW)

test.each([
  ['nothing', {}, {}, {}],
  ['what is so already', { team: 'it' }, { team: 'it', status: 'open', priority: 'normal', category: null }, {}],
  ['a team', {}, { team: 'support' }, { team: 'support' }],
  ['nobody in charge any more', { assignee: 'ana' }, { assignee: null }, { assignee: null }],
  ['solving', {}, { status: 'solved' }, { status: 'solved', solvedAt: NOW }],
  [
    'closing what was solved keeps when',
    { status: 'solved', solvedAt: '2026-11-23T09:30:00.000Z' },
    { status: 'closed' },
    { status: 'closed' },
  ],
  [
    'opening again',
    { status: 'solved', solvedAt: '2026-11-23T09:30:00.000Z' },
    { status: 'open' },
    { status: 'open', solvedAt: null },
  ],
] as const)('%s', (_what, before, wanted, changes) => {
  const edited = edit(before, wanted)
  expect(edited.changes).toEqual(changes)
  const fields = Object.keys(changes)
  expect(edited.events.map(({ kind, actor, data }) => [kind, actor, Object.keys(data)])).toEqual(
    fields.length > 0 ? [['changed', 'key:crm', fields]] : [],
  )
})

describe('a new priority', () => {
  // Opened at 10:00 in Brussels: urgent is one hour and four hours of work, with lunch from 12 to 13.
  const urgent = { firstResponseDue: '2026-11-23T10:00:00.000Z', resolutionDue: '2026-11-23T14:00:00.000Z' }

  test('brings new dates with their reckoning', () => {
    const { changes, events } = edit({}, { priority: 'urgent' })
    expect(changes).toEqual({ priority: 'urgent', ...urgent })
    expect(events).toMatchObject([
      {
        kind: 'changed',
        data: { priority: { from: 'normal', to: 'urgent' }, resolutionDue: { to: urgent.resolutionDue } },
      },
      {
        kind: 'due',
        actor: 'key:crm',
        data: {
          serviceLevel: 'standard',
          priority: 'urgent',
          firstResponse: { at: urgent.firstResponseDue },
          resolution: { at: urgent.resolutionDue },
        },
      },
    ])
  })

  test('leaves the date of a first answer that was given', () => {
    const { changes, events } = edit({ firstResponseAt: '2026-11-23T09:30:00.000Z' }, { priority: 'urgent' })
    expect(changes).toEqual({ priority: 'urgent', resolutionDue: urgent.resolutionDue })
    expect(events[1]?.data).not.toHaveProperty('firstResponse')
  })

  test('leaves the date of a ticket that is solved, or solved with the same edit', () => {
    const solved = {
      status: 'solved',
      solvedAt: '2026-11-23T09:30:00.000Z',
      firstResponseAt: '2026-11-23T09:30:00.000Z',
    } as const
    expect(edit(solved, { priority: 'urgent' }).changes).toEqual({ priority: 'urgent' })
    expect(edit({}, { priority: 'urgent', status: 'solved' }).changes).not.toHaveProperty('resolutionDue')
    expect(edit(solved, { priority: 'urgent', status: 'open' }).changes).toMatchObject({
      resolutionDue: urgent.resolutionDue,
    })
  })

  test('leaves all dates when the service level is gone, and says so', () => {
    const { changes, events } = edit({}, { priority: 'urgent' }, { serviceLevels: new Map() })
    expect(changes).toEqual({ priority: 'urgent' })
    expect(events[1]).toMatchObject({
      kind: 'due',
      data: { why: expect.stringContaining('standard is not configured any more') },
    })
  })
})

test.each([
  [{ team: 'x' }, 'there is no team "x": known are it, support'],
  [{ assignee: 'x' }, 'there is no assignee "x": known are ana, ben'],
  [{ category: 'x' }, 'there is no category "x": known are printing'],
  [
    { team: 'x', category: 'y' },
    'there is no team "x": known are it, support; there is no category "y": known are printing',
  ],
])('what does not exist is refused, and what does is named: %j', (wanted, message) => {
  expect(() => edit({}, wanted)).toThrow(message)
})

test('where nothing is configured, that is said', () => {
  expect(() => edit({}, { team: 'x' }, { teams: new Map() })).toThrow('there is no team "x": none is configured')
})
