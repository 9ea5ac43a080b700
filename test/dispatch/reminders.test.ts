import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/instant.ts'
import { openCrew, type TestCrew } from '../support/crew.ts'

/*
 * It is Monday, 10:00 in Brussels; an answer to an ordinary ticket is due at 15:00, an hour's warning at 14:00.
 */
let crew: TestCrew
beforeEach(async () => {
  crew = await openCrew()
})
afterEach(() => crew[Symbol.asyncDispose]())

const reminders = async (ticket = 1001) =>
  (await crew.store.read.events(ticket))
    .filter(({ kind }) => kind === 'reminded')
    .map(({ data }) => `${data['notice']} ${data['what']}`)
/** Who is told, and the words above all else. */
const told = async () =>
  (await crew.told()).map(({ to, text }) => `${to[0]?.address} ${text.match(/^.*promised to.*$|^You wanted.*$/m)?.[0]}`)
const passes = async (ms: number) => {
  crew.passes(ms)
  await crew.settle()
}

test('a date that comes near and passes is told once each, to the team or to whose ticket it is', async () => {
  await crew.arrives({ text: 'My printer is on fire.' })
  await crew.settle()
  await crew.told()
  await passes(4 * HOUR - 1)
  expect(await told()).toEqual([])

  await passes(1)
  await passes(MINUTE)
  expect(await told()).toEqual([
    'ana@example.org An answer was promised to Jane Doe for today at 15:00.',
    'ben@example.org An answer was promised to Jane Doe for today at 15:00.',
  ])

  await crew.agent.patch('/v1/tickets/1001', { assignee: 'ana' })
  await crew.settle()
  await crew.told()
  await passes(HOUR)
  await passes(HOUR)
  expect(await told()).toEqual([
    'ana@example.org An answer was promised to Jane Doe for today at 15:00. That has passed.',
  ])
  expect(await reminders()).toEqual(['due first-response', 'breached first-response'])
})

test('a date that was changed is told anew; what was answered or solved is told no more', async () => {
  await crew.arrives({ text: 'My printer is on fire.' })
  await passes(4 * HOUR + MINUTE)
  expect(await reminders()).toEqual(['due first-response'])
  await crew.agent.patch('/v1/tickets/1001', { priority: 'urgent' })
  await passes(MINUTE)
  expect(await reminders()).toEqual(['due first-response', 'breached first-response', 'due resolution'])
  await crew.agent.post('/v1/tickets/1001/messages', { kind: 'answer', text: 'Run.', agent: 'ana', solve: true })
  await passes(5 * DAY)
  expect(await reminders()).toHaveLength(3)
})

test('what passed while nobody was here is told when somebody is, what passed before there was anybody is not', async () => {
  await crew.arrives({ text: 'My printer is on fire.' })
  // Over a weekend and more.
  await passes(5 * DAY)
  expect((await reminders()).sort()).toEqual(['breached first-response', 'breached resolution'])
})

test('what had passed long before the first look is told to nobody', async () => {
  await crew.store.write(tx => tx.setSetting('reminding-since', '2026-11-27T00:00:00.000Z'))
  await crew.arrives({ text: 'My printer is on fire.' })
  await passes(5 * DAY)
  expect(await reminders()).toEqual([])
})

describe('a pending ticket', () => {
  const pending = async () => {
    await crew.arrives({ text: 'My printer is on fire.' })
    await crew.agent.post('/v1/tickets/1001/messages', { kind: 'answer', text: 'Which one?', agent: 'ana' })
    expect(await crew.store.read.ticket(1001)).toMatchObject({ status: 'pending' })
  }

  test('rests: the date of its solution is told when the requester has written again', async () => {
    await pending()
    await passes(4 * DAY)
    expect(await reminders()).toEqual([])
    await crew.arrives({ subject: 'Re: printer [#1001]', text: 'The one in the hall.' })
    await crew.agent.patch('/v1/tickets/1001', { status: 'open' })
    await passes(MINUTE)
    expect(await reminders()).toEqual(['breached resolution'])
  })

  test('is open again on its day, and whoever wanted to look at it is told', async () => {
    await pending()
    await crew.agent.patch('/v1/tickets/1001', { assignee: 'ben' })
    const until = '2026-11-24T09:00:00.000Z'
    await crew.store.write(tx => tx.changeTicket(1001, { pendingUntil: until }, crew.now))
    await passes(DAY - 1)
    expect(await crew.store.read.ticket(1001)).toMatchObject({ status: 'pending' })
    await crew.told()
    await passes(1)
    await passes(MINUTE)
    expect(await crew.store.read.ticket(1001)).toMatchObject({ status: 'open', pendingUntil: null })
    expect(await told()).toEqual(['ben@example.org You wanted to look at this ticket again now: it is open again.'])
  })
})
