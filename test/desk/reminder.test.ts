import { describe, expect, test } from 'vitest'
import { reminderOf, wakeUp } from '../../src/desk/reminder.ts'
import type { Ticket } from '../../src/desk/ticket.ts'
import { HOUR } from '../../src/instant.ts'
import { ticket } from '../support/ticket.ts'

const at = (time: string) => `2026-11-23T${time}:00.000Z`

describe('of a first answer for 13:00 of a ticket of 09:00, with an hour of warning', () => {
  const remind = (time: string, different: Partial<Ticket> = {}) =>
    reminderOf(ticket(different), 'first-response', { now: at(time), warningMs: HOUR, timeZone: 'Europe/Brussels' })

  test.each<[string, Partial<Ticket>, string | null]>([
    ['11:59', {}, null],
    ['12:00', {}, 'due'],
    ['12:59', {}, 'due'],
    ['13:00', {}, 'breached'],
    ['18:00', {}, 'breached'],
    ['12:30', { status: 'pending' }, 'due'],
    ['13:30', { status: 'pending' }, 'breached'],
    ['13:30', { firstResponseAt: at('10:00') }, null],
    ['13:30', { status: 'solved', solvedAt: at('10:00') }, null],
    ['13:30', { status: 'closed', solvedAt: at('10:00') }, null],
    ['13:30', { mergedInto: 1001 }, null],
    // Half of the hour has to pass: the mail that tells of the ticket is warning enough.
    ['09:29', { firstResponseDue: at('10:00') }, null],
    ['09:30', { firstResponseDue: at('10:00') }, 'due'],
    // A new priority may bring a date that has passed.
    ['12:00', { firstResponseDue: at('08:00') }, 'breached'],
  ])('at %s with %o: %s', (time, different, expected) => {
    expect(remind(time, different)?.notice ?? null).toBe(expected)
  })

  test('in words of the place', () => {
    expect(remind('12:30')).toEqual({
      ...{ notice: 'due', what: 'first-response', dueAt: at('13:00') },
      words: 'An answer was promised to Jane Doe for today at 14:00.',
    })
    expect(remind('13:30', { requester: null })?.words).toBe(
      'An answer was promised to the requester for today at 14:00. That has passed.',
    )
  })
})

describe('of a solution', () => {
  const now = '2026-11-25T13:30:00.000Z'
  const remind = (different: Partial<Ticket>) =>
    reminderOf(ticket(different), 'resolution', { now, warningMs: HOUR, timeZone: 'UTC' })?.notice ?? null

  test.each<[Partial<Ticket>, string | null]>([
    [{}, 'breached'],
    [{ firstResponseAt: at('10:00') }, 'breached'],
    [{ resolutionDue: '2026-11-25T14:00:00.000Z' }, 'due'],
    // It is the requester's turn: nothing that an agent could do.
    [{ status: 'pending' }, null],
    [{ status: 'solved', solvedAt: at('10:00') }, null],
  ])('%o: %s', (different, expected) => {
    expect(remind(different)).toBe(expected)
  })
})

test('a pending ticket whose day has come is open again, and waits for nothing', () => {
  const pending = ticket({ status: 'pending', pendingUntil: at('12:00') })
  expect(wakeUp(pending, at('11:59'))).toBeNull()
  expect(wakeUp(ticket({ pendingUntil: at('12:00') }), at('12:00'))).toBeNull()
  expect(wakeUp(ticket({ status: 'pending' }), at('12:00'))).toBeNull()
  const woken = wakeUp(pending, at('12:00'))
  expect(woken?.changes).toEqual({ status: 'open', solvedAt: null, pendingUntil: null })
  expect(woken?.events.map(({ kind, actor }) => [kind, actor])).toEqual([
    ['changed', 'postdesk'],
    ['reminded', 'postdesk'],
  ])
})
