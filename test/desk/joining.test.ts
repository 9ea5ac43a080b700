import { describe, expect, test } from 'vitest'
import { acceptMessage, mergeTickets, type Said, splitTicket } from '../../src/desk/joining.ts'
import type { Ticket, TicketChanges } from '../../src/desk/ticket.ts'
import { policy } from '../support/policy.ts'
import { ticket } from '../support/ticket.ts'

const NOW = '2026-11-23T10:00:00.000Z'
const SOLVED = { status: 'solved', solvedAt: '2026-11-23T09:30:00.000Z' } as const
const KEY = 'key:crm'

const person = (name: string) => ({ name, address: `${name.toLowerCase()}@example.org` })
const JANE = { name: 'Jane Doe', address: 'Jane@Example.org' }
const BOB = person('Bob')
const GONE = person('Gone')
const MALLORY = { name: 'Mallory', address: 'mallory@elsewhere.example' }
const IT = { name: 'IT Help', address: 'it@example.org' }

const said = (id: number, different: Partial<Said> = {}): Said => ({
  id,
  direction: 'in',
  author: 'requester',
  standing: 'accepted',
  from: JANE,
  to: [IT],
  cc: [],
  subject: `Mail ${id}`,
  ...different,
})
const ack = (id: number, to = JANE) => said(id, { direction: 'out', author: 'postdesk', from: IT, to: [to] })

describe('a merge', () => {
  const other = (different: Partial<Ticket> = {}) => ticket({ id: 1043, requester: BOB, ...different })
  const merge = (merged: Partial<Ticket> = {}, survivor: Partial<Ticket> = {}, messages: Said[] = []) =>
    mergeTickets(other(merged), ticket(survivor), messages, KEY, NOW)

  test('closes the one for good, and both histories tell which messages moved', () => {
    const { merged, survivor } = merge({}, {}, [said(7, { from: BOB }), ack(8, BOB)])
    expect(merged.changes).toEqual({ status: 'closed', solvedAt: NOW, mergedInto: 1042 })
    expect(merged.events).toEqual([
      { kind: 'merged', actor: KEY, data: { into: 1042, messages: [7, 8] } },
      {
        kind: 'changed',
        actor: KEY,
        data: { status: { from: 'open', to: 'closed' }, solvedAt: { from: null, to: NOW } },
      },
    ])
    expect(survivor.events).toEqual([{ kind: 'merged', actor: KEY, data: { from: 1043, messages: [7, 8] } }])
  })

  test('of what was solved keeps when', () => {
    expect(merge(SOLVED).merged.changes).toEqual({ status: 'closed', mergedInto: 1042, solvedAt: SOLVED.solvedAt })
    expect(merge({ ...SOLVED, status: 'closed' }).merged.changes).toEqual({ mergedInto: 1042 })
  })

  const early = { firstResponseDue: '2026-11-23T11:00:00.000Z', resolutionDue: '2026-11-24T11:00:00.000Z' }
  const answered = { firstResponseAt: '2026-11-23T09:45:00.000Z' }
  test.each<[string, Partial<Ticket>, Partial<Ticket>, TicketChanges]>([
    ['the earlier dates hold', early, {}, early],
    ['also when they are the own ones', {}, early, {}],
    ['a date that was met is none', early, answered, { resolutionDue: early.resolutionDue }],
    ['nor is one that the other met', { ...early, ...answered }, {}, { resolutionDue: early.resolutionDue }],
    ['of what is solved nothing is due', { ...early, ...SOLVED }, {}, { firstResponseDue: early.firstResponseDue }],
    ['the status stays', { ...early, ...answered }, SOLVED, {}],
    ['an answer to the same person was one here', { requester: JANE, ...answered }, {}, answered],
    [
      'but not one from before they asked this',
      { requester: JANE, firstResponseAt: '2026-11-23T08:59:59.999Z' },
      {},
      {},
    ],
    ['but not to another person', answered, {}, {}],
    ['nobody is not the same person', { requester: null, ...answered }, { requester: null }, {}],
  ])('%s', (_what, merged, survivor, changes) => {
    const before = ticket(survivor)
    const outcome = mergeTickets(other(merged), before, [], KEY, NOW).survivor
    const fields = Object.entries(outcome.changes).filter(([field, to]) => before[field as keyof Ticket] !== to)
    expect(Object.fromEntries(fields)).toEqual(changes)
    expect(outcome.events.flatMap(({ kind, data }) => (kind === 'changed' ? Object.keys(data) : []))).toEqual(
      Object.keys(changes),
    )
  })

  test('the requester of the other one is one of several here, and the other way round', () => {
    const messages = [
      said(1, { from: BOB }),
      said(2, { from: JANE, author: 'participant' }),
      said(3, { from: JANE, author: 'robot' }),
      said(4, { from: person('Ana'), author: 'agent' }),
      said(5, { from: MALLORY, author: 'stranger', standing: 'pending' }),
    ]
    expect(merge({}, {}, messages).placed).toEqual([
      { id: 1, author: 'participant', standing: 'accepted' },
      { id: 2, author: 'requester', standing: 'accepted' },
      { id: 3, author: 'robot', standing: 'accepted' },
      { id: 4, author: 'agent', standing: 'accepted' },
      { id: 5, author: 'stranger', standing: 'pending' },
    ])
  })

  test.each<[string, Partial<Ticket>, Partial<Ticket>, string, RegExp]>([
    ['into itself', { id: 1042 }, {}, 'invalid', /into itself/],
    ['twice', { mergedInto: 1001 }, {}, 'conflict', /1043 was merged into ticket 1001: use that one/],
    [
      'into one that was merged',
      {},
      { mergedInto: 1001 },
      'conflict',
      /1042 was merged into ticket 1001: use that one/,
    ],
  ])('%s is refused', (_what, merged, survivor, code, words) => {
    expect(() => merge(merged, survivor)).toThrow(words)
    expect(() => merge(merged, survivor)).toThrow(expect.objectContaining({ code }))
  })
})

describe('a split', () => {
  const all = [
    said(1),
    ack(2),
    said(3, { from: BOB, author: 'participant', cc: [MALLORY], subject: 'Re: Printer, and my chair' }),
    said(4, { direction: 'note', author: 'agent', from: { name: 'Ana Pop', address: 'ana@example.org' }, to: [] }),
    said(5, { from: MALLORY, author: 'stranger', standing: 'pending', cc: [BOB], subject: 'Re: Printer' }),
    said(6, { from: BOB, author: 'participant', cc: [GONE] }),
  ]
  const split = (chosen: number[], before: Partial<Ticket> = {}, subject?: string, different = {}) => {
    const wish = { chosen, subject }
    const people = [JANE, BOB, GONE].map(one => ({ ...one, left: one === GONE, told: true }))
    return splitTicket(ticket(before), all, people, wish, policy(different), KEY, NOW)
  }

  test('is a ticket for the sender of the first mail, classified alike, with dates from now', () => {
    const before = { assignee: 'ana', category: 'printing', tags: ['vip'], priority: 'high', ...SOLVED } as const
    const { ticket: made, people, placed, events } = split([3, 4, 6], before)
    expect(made).toEqual({
      ...{ mailbox: 'it', team: 'it', assignee: 'ana', language: 'en', serviceLevel: 'standard' },
      ...{ category: 'printing', priority: 'high', tags: ['vip'] },
      ...{ status: 'open', requester: BOB, subject: 'Re: Printer, and my chair', openedAt: NOW },
      // Two and eight hours of work from 11:00 in Brussels, with lunch from 12 to 13, until 17, and then from 8.
      ...{ firstResponseDue: '2026-11-23T13:00:00.000Z', resolutionDue: '2026-11-24T10:00:00.000Z' },
    })
    expect(people).toEqual([BOB])
    expect(placed).toEqual([
      { id: 3, author: 'requester', standing: 'accepted' },
      { id: 4, author: 'agent', standing: 'accepted' },
      { id: 6, author: 'requester', standing: 'accepted' },
    ])
    expect(events).toMatchObject([
      { kind: 'opened', actor: KEY, data: { mailbox: 'it', message: 3, author: 'requester', splitFrom: 1042 } },
      { kind: 'due', data: { serviceLevel: 'standard', resolution: { at: made.resolutionDue } } },
      { kind: 'split', actor: KEY, data: { from: 1042, messages: [3, 4, 6] } },
    ])
  })

  test('takes along who is named in it and took part before; a stranger in Cc did not', () => {
    expect(split([1, 3]).people).toEqual([JANE, BOB])
    expect(split([1, 3]).placed.map(({ author }) => author)).toEqual(['requester', 'participant'])
    expect(split([2, 3]).people).toEqual([BOB, JANE])
  })

  test('without a mail of anybody stays with the requester', () => {
    expect(split([4])).toMatchObject({ ticket: { requester: { address: 'jane@example.org' }, subject: 'Mail 4' } })
    expect(split([4], { requester: null })).toMatchObject({ ticket: { requester: null }, people: [] })
  })

  test('gives a stranger a ticket of their own, but never the words of others', () => {
    const alone = split([5])
    expect(alone.ticket.requester).toEqual(MALLORY)
    expect(alone.placed).toEqual([{ id: 5, author: 'requester', standing: 'accepted' }])
    const together = split([5, 6])
    expect(together.ticket.requester).toEqual(BOB)
    expect(together.people).toEqual([BOB])
    expect(together.placed[0]).toEqual({ id: 5, author: 'stranger', standing: 'pending' })
  })

  test('can be named, and keeps its dates when its service level is gone', () => {
    const { ticket: made, events } = split([6], {}, 'A new chair', { serviceLevels: new Map() })
    const { firstResponseDue, resolutionDue } = ticket()
    expect(made).toMatchObject({ subject: 'A new chair', firstResponseDue, resolutionDue })
    expect(events[1]?.data['why']).toMatch(/standard is not configured any more/)
  })

  test.each<[string, number[], Partial<Ticket>, string, RegExp]>([
    ['of other messages', [1, 99, 98], {}, 'invalid', /ticket 1042 has no message 99, 98/],
    ['of our own words alone', [2], {}, 'invalid', /at least one message that somebody wrote/],
    ['of all that people wrote', [1, 3, 4, 5, 6], {}, 'invalid', /must keep a message/],
    ['of what was merged', [1], { mergedInto: 1001 }, 'conflict', /merged into ticket 1001/],
  ])('%s is refused', (_what, chosen, before, code, words) => {
    expect(() => split(chosen, before)).toThrow(words)
    expect(() => split(chosen, before)).toThrow(expect.objectContaining({ code }))
  })
})

describe('accepting', () => {
  const pending = said(7, { from: MALLORY, author: 'stranger', standing: 'pending' })
  const robot = said(7, { from: MALLORY, author: 'robot', standing: 'pending' })
  const reopened = { status: 'open', solvedAt: null } as const

  type Accepted = { joins: Said['from'] | null; author: string; changes: TicketChanges }
  test.each<[string, Partial<Ticket>, Said, boolean | undefined, Accepted]>([
    ['lets the sender take part', {}, pending, undefined, { joins: MALLORY, author: 'participant', changes: {} }],
    ['or only the words', {}, pending, false, { joins: null, author: 'stranger', changes: {} }],
    ['wakes what is solved', SOLVED, pending, undefined, { joins: MALLORY, author: 'participant', changes: reopened }],
    ['by words alone too', SOLVED, pending, false, { joins: null, author: 'stranger', changes: reopened }],
    [
      'wakes what waits',
      { status: 'pending' },
      pending,
      true,
      { joins: MALLORY, author: 'participant', changes: reopened },
    ],
    [
      'opens what is closed',
      { ...SOLVED, status: 'closed' },
      pending,
      true,
      { joins: MALLORY, author: 'participant', changes: reopened },
    ],
    [
      'a machine wakes nothing, nor does it take part',
      SOLVED,
      robot,
      undefined,
      { joins: null, author: 'robot', changes: {} },
    ],
    ['unless it is to', SOLVED, robot, true, { joins: MALLORY, author: 'robot', changes: {} }],
    [
      'nobody cannot take part',
      {},
      { ...pending, from: { name: '', address: '' } },
      true,
      { joins: null, author: 'stranger', changes: {} },
    ],
    [
      'the requester is who they are',
      {},
      { ...pending, from: JANE },
      true,
      { joins: JANE, author: 'requester', changes: {} },
    ],
  ])('%s', (_what, before, message, joins, { joins: person, author, changes }) => {
    const outcome = acceptMessage(ticket(before), message, joins, KEY, NOW)
    expect(outcome.placed).toEqual({ id: 7, author, standing: 'accepted' })
    expect(outcome.joins).toEqual(person)
    expect(outcome.changes).toEqual(changes)
    const data = { message: 7, from: message.from.address.toLowerCase(), participant: person !== null }
    expect(outcome.events[0]).toEqual({ kind: 'accepted', actor: KEY, data })
    expect(outcome.events.slice(1).map(({ kind }) => kind)).toEqual('status' in changes ? ['changed'] : [])
  })

  test('what does not wait is refused', () => {
    expect(() => acceptMessage(ticket(), said(7), undefined, KEY, NOW)).toThrow(/7 is accepted/)
    expect(() => acceptMessage(ticket({ mergedInto: 1001 }), pending, undefined, KEY, NOW)).toThrow(/was merged/)
  })
})
