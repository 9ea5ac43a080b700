import { describe, expect, test } from 'vitest'
import { cannotWait, type DigestEntry, digestMail, isDigestDue, lastDigestAt } from '../../src/desk/digest.ts'
import type { Instant } from '../../src/instant.ts'
import { agent, policy } from '../support/policy.ts'
import { ticket } from '../support/ticket.ts'

const TIMES = ['08:30', '13:00']

describe('the last time of a digest', () => {
  test.each<[string, readonly string[], string, Instant, Instant | null]>([
    ['this morning', TIMES, 'Europe/Brussels', '2026-11-23T09:00:00.000Z', '2026-11-23T07:30:00.000Z'],
    ['at the moment itself', TIMES, 'Europe/Brussels', '2026-11-23T12:00:00.000Z', '2026-11-23T12:00:00.000Z'],
    ['yesterday, before the first', TIMES, 'Europe/Brussels', '2026-11-23T07:29:59.999Z', '2026-11-22T12:00:00.000Z'],
    ['whatever their order', ['13:00', '08:30'], 'UTC', '2026-11-23T14:00:00.000Z', '2026-11-23T13:00:00.000Z'],
    ['by the day of the place', ['08:30'], 'Pacific/Auckland', '2026-11-23T00:00:00.000Z', '2026-11-22T19:30:00.000Z'],
    ['summer time', TIMES, 'Europe/Brussels', '2026-07-01T09:00:00.000Z', '2026-07-01T06:30:00.000Z'],
    [
      'skipped: an hour later by the wall',
      ['02:30'],
      'Europe/Brussels',
      '2026-03-29T01:00:00.000Z',
      '2026-03-28T01:30:00.000Z',
    ],
    [
      'skipped: an hour later by the wall',
      ['02:30'],
      'Europe/Brussels',
      '2026-03-29T01:30:00.000Z',
      '2026-03-29T01:30:00.000Z',
    ],
    ['twice: the first', ['02:30'], 'Europe/Brussels', '2026-10-25T00:30:00.000Z', '2026-10-25T00:30:00.000Z'],
    ['twice: the second is none', ['02:30'], 'Europe/Brussels', '2026-10-25T02:00:00.000Z', '2026-10-25T00:30:00.000Z'],
    ['none', [], 'UTC', '2026-11-23T09:00:00.000Z', null],
  ])('%s: %o in %s at %s', (_what, times, zone, now, expected) => {
    expect(lastDigestAt(times, zone, now)).toBe(expected)
  })
})

test.each<[readonly string[], Instant, Instant, boolean]>([
  [TIMES, '2026-11-23T08:00:00.000Z', '2026-11-23T08:29:00.000Z', false],
  [TIMES, '2026-11-23T08:00:00.000Z', '2026-11-23T08:30:00.000Z', true],
  // What comes at the very moment belongs to the next one.
  [TIMES, '2026-11-23T08:30:00.000Z', '2026-11-23T12:59:00.000Z', false],
  [TIMES, '2026-11-20T08:00:00.000Z', '2026-11-23T06:00:00.000Z', true],
  // Without times only what was too much at once waits.
  [[], '2026-11-23T08:00:00.000Z', '2026-11-23T08:14:59.999Z', false],
  [[], '2026-11-23T08:00:00.000Z', '2026-11-23T08:15:00.000Z', true],
])('with %o what waits since %s is told at %s: %s', (digest, since, now, expected) => {
  expect(isDigestDue(agent('ana', { digest }), since, 'UTC', now)).toBe(expected)
})

test('dates and urgent tickets wait for no digest', () => {
  expect(cannotWait('breached', ticket())).toBe(true)
  expect(cannotWait('due', ticket())).toBe(true)
  expect(cannotWait('new', ticket())).toBe(false)
  expect(cannotWait('new', ticket({ priority: 'urgent' }))).toBe(true)
})

describe('the mail', () => {
  const mailbox = policy().mailboxes.get('it')
  const write = (...entries: DigestEntry[]) => {
    if (!mailbox) throw new Error('no mailbox')
    return digestMail({
      ...{ entries, agent: agent('ana', { displayName: 'Ana Pop' }), mailbox, timeZone: 'Europe/Brussels' },
      ...{ messageId: 'x@example.org', now: '2026-11-23T12:00:00.000Z' },
    })
  }
  const entry = (different: Parameters<typeof ticket>[0], ...notices: DigestEntry['notices']): DigestEntry => ({
    ...{ ticket: ticket(different), notices, address: null },
  })

  test('has the most urgent first, and what is done last', () => {
    const { text } = write(
      entry({ id: 1001, status: 'solved', solvedAt: '2026-11-23T11:00:00.000Z', priority: 'urgent' }, 'new'),
      entry({ id: 1002 }, 'new'),
      entry({ id: 1003, priority: 'high' }, 'new'),
      entry({ id: 1004, firstResponseDue: '2026-11-23T11:00:00.000Z' }, 'new'),
    )
    expect(text.match(/\[#\d+\]/g)).toEqual(['[#1003]', '[#1004]', '[#1002]', '[#1001]'])
  })

  test('tells of each ticket what happened, by when, and whose it is; all of it is for agents alone', () => {
    const mail = write({ ...entry({ assignee: 'ana' }, 'new', 'reply', 'reply'), address: 'it+1042.x.y@example.org' })
    expect(mail.text).toMatchInlineSnapshot(`
      "———— Postdesk: for agents only, from here on ————

      What happened to 1 ticket since the last such mail, the most urgent first:

      │ 
      │ [#1042] Printer
      │ Jane Doe · new, 2 replies · answer promised for today at 14:00 · open, yours, priority normal
      │ #take: <mailto:it+1042.x.y.take@example.org>
      │ #note: <mailto:it+1042.x.y.note@example.org>
      │ #solved: <mailto:it+1042.x.y.solved@example.org>
      An answer to this mail belongs to no ticket: use the links, or answer the ticket’s own mail.
      "
    `)
    expect(mail).toMatchObject({
      subject: '1 ticket with news, today at 13:00',
      to: [{ name: 'Ana Pop', address: 'ana@example.org' }],
      automatic: 'generated',
    })
  })

  test('of very many tickets shows the first', () => {
    const { text } = write(...Array.from({ length: 130 }, (_, at) => entry({ id: 1001 + at }, 'new')))
    expect(text.match(/\[#\d+\]/g)).toHaveLength(100)
    expect(text).toContain('and 30 more')
  })
})
