import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Bucket,
  type Buckets,
  closedFor,
  closedTo,
  drawn,
  drawsOf,
  type GateFacts,
  isStorm,
  levelOf,
} from '../../src/desk/gate.ts'
import { DAY, HOUR, plus } from '../../src/instant.ts'
import type { Message } from '../../src/mail/message.ts'
import { message } from '../support/message.ts'
import { policy } from '../support/policy.ts'

const NOW = '2026-11-23T09:00:00.000Z'
const budget = { size: 10, perDay: 20 }
const facts = (different: Partial<GateFacts> = {}): GateFacts => ({
  now: NOW,
  buckets: new Map(),
  bouncedAt: null,
  proof: { level: 'none', why: '' },
  ...different,
})
const received = (hops: number) => Array.from({ length: hops }, () => ({ name: 'received', value: 'from a by b' }))

describe('a bucket', () => {
  test.each<[string, Bucket | null, number]>([
    ['that nothing was taken from is full', null, 10],
    ['fills by the hour', { level: 0, at: plus(NOW, -12 * HOUR) }, 10],
    ['slowly', { level: 0, at: plus(NOW, -6 * HOUR) }, 5],
    ['never over its brim', { level: 3, at: plus(NOW, -400 * DAY) }, 10],
    ['of a time that never came is full', { level: 2, at: plus(NOW, 5 * DAY) }, 10],
    ['does not fill when the clock is set back a little', { level: 2, at: plus(NOW, 20_000) }, 2],
  ])('%s', (_name, bucket, level) => {
    expect(levelOf(bucket, budget, NOW)).toBeCloseTo(level)
  })

  test('whatever the moments, gives no more than it holds and what has run in', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 2 * HOUR }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(gaps, all => {
        const draws = [{ name: 'x', budget, why: '', whose: '' }]
        let buckets: Buckets = new Map()
        let now = NOW
        let given = 0
        for (const gap of all) {
          now = plus(now, gap)
          if (levelOf(buckets.get('x') ?? null, budget, now) < 1) continue
          buckets = drawn(draws, buckets, now)
          given++
        }
        const days = all.reduce((sum, gap) => sum + gap, 0) / DAY
        expect(given).toBeLessThanOrEqual(budget.size + Math.ceil(days * budget.perDay))
      }),
    )
  })
})

describe('the gate', () => {
  const about = { ticket: 1042, mailbox: 'it' }
  const empty = (name: string) => ({ buckets: new Map([[name, { level: 0.5, at: NOW }]]) })
  test.each<[string, Partial<Message>, Partial<GateFacts>, string | null]>([
    ['is open for a person', {}, {}, null],
    ['not without an address', { from: null }, {}, 'no-address'],
    ['not to ourselves', { from: { name: '', address: 'it+x@example.org' } }, {}, 'own-address'],
    ['not to a machine', { automatic: { kind: 'vacation', why: 'Subject' } }, {}, 'vacation'],
    ['not for a mail that goes round in circles', { headers: received(41) }, {}, 'hops'],
    ['many servers are no circle yet', { headers: received(40) }, {}, null],
    ['not when the address has had enough', {}, empty('address:jane@example.org'), 'too-many'],
    ['another address is another matter', {}, empty('address:john@example.org'), null],
    ['not when the ticket has brought enough', {}, empty('ticket:1042'), 'ticket-storm'],
    ['another ticket is another matter', {}, empty('ticket:104'), null],
    ['not when the mailbox has sent enough', {}, empty('mailbox:it'), 'storm'],
    ['not to who returned our mail', {}, { bouncedAt: plus(NOW, -DAY) }, 'bounced'],
    ['a week later once more', {}, { bouncedAt: plus(NOW, -8 * DAY) }, null],
    [
      'at once when it is proven that somebody writes from there',
      {},
      { bouncedAt: plus(NOW, -DAY), proof: { level: 'pass', why: 'dmarc=pass' } },
      null,
    ],
  ])('%s', (_name, mail, more, why) => {
    expect(closedFor(message(mail), about, facts(more), policy())?.why ?? null).toBe(why)
  })

  test('tells of a storm while it lasts', () => {
    const { budgets } = policy()
    expect(isStorm(null, budgets, NOW)).toBe(false)
    expect(isStorm({ level: 0, at: NOW }, budgets, NOW)).toBe(true)
    expect(isStorm({ level: 0, at: plus(NOW, -2 * HOUR) }, budgets, NOW)).toBe(false)
  })

  test.each<[string, string, Partial<GateFacts>, string | null]>([
    ['is open', 'jane@example.org', {}, null],
    ['not to what is no address', 'jane', {}, 'no-address'],
    ['not to ourselves', 'IT+x@example.org', {}, 'own-address'],
    ['not to who returned our mail', 'jane@example.org', { bouncedAt: plus(NOW, -DAY), proof: null }, 'bounced'],
    ['not when a bucket is empty, of any writing', 'Jane@Example.ORG', empty('address:jane@example.org'), 'too-many'],
  ])('for a mail that answers none: %s', (_name, address, more, why) => {
    expect(closedTo({ ...about, address }, facts(more), policy())?.why ?? null).toBe(why)
  })

  test('takes a drop of each bucket; of no ticket while there is none', () => {
    const { budgets } = policy()
    const levels = (ticket: number | null) => {
      const after = drawn(drawsOf({ address: 'Jane@example.org', ticket, mailbox: 'it' }, budgets), new Map(), NOW)
      return Object.fromEntries([...after].map(([name, { level }]) => [name, level]))
    }
    expect(levels(1042)).toEqual({ 'address:jane@example.org': 9, 'ticket:1042': 19, 'mailbox:it': 2999 })
    expect(levels(null)).toEqual({ 'address:jane@example.org': 9, 'mailbox:it': 2999 })
  })
})
