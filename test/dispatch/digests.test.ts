import { afterEach, beforeEach, expect, test } from 'vitest'
import { dispatchNext, lookAround } from '../../src/dispatch/dispatcher.ts'
import { DAY, HOUR, MINUTE } from '../../src/instant.ts'
import { openCrew, type TestCrew } from '../support/crew.ts'
import { agent } from '../support/policy.ts'

/*
 * It is Monday, 10:00 in Brussels. Ana has a digest at 8:30 and at 13:00, Ben a mail for each thing.
 */
let crew: TestCrew
beforeEach(async () => {
  crew = await openCrew({
    agents: [agent('ana', { teams: ['it'], digest: ['08:30', '13:00'] }), agent('ben', { teams: ['it'] })],
  })
})
afterEach(() => crew[Symbol.asyncDispose]())

const passes = async (ms: number) => {
  crew.passes(ms)
  await crew.settle()
}
/** What ana was told: the tickets of each mail. */
const toAna = async () =>
  (await crew.told())
    .filter(({ to }) => to[0]?.name === 'ana')
    .map(({ text }) => [...new Set(text.match(/\[#\d+\]|Ticket \d+(?= ·)/g))])

test('everything since the last one in one mail, at its time; nothing new, no mail', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.arrives({ from: 'bob@example.org', subject: 'Screen', text: 'My screen is dark.' })
  await passes(HOUR)
  await crew.arrives({ subject: 'Re: Printer [#1001]', text: 'It still burns.' })
  await passes(2 * HOUR - 1)
  expect(await toAna()).toEqual([])

  await passes(1)
  await passes(MINUTE)
  const mails = await crew.store.read.outbox({ limit: 100 })
  const digests = mails.filter(({ dedupeKey }) => dedupeKey.startsWith('digest:'))
  expect(digests).toHaveLength(1)
  expect(digests[0]).toMatchObject({ kind: 'notification', ticket: null, mailbox: 'it' })
  expect(digests[0]?.mail.text).toContain('new, a reply')
  expect(await toAna()).toEqual([['[#1001]', '[#1002]']])
  expect((await crew.store.read.events(1001)).at(-1)).toMatchObject({
    kind: 'notified',
    data: { notice: 'digest', agents: ['ana'] },
  })

  await crew.agent.patch('/v1/tickets/1001', { status: 'solved' })
  await crew.agent.patch('/v1/tickets/1002', { status: 'solved' })
  await passes(20 * HOUR)
  expect(await toAna()).toEqual([])
})

test('times that were missed come in one mail, also for what was not yet looked at', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.agent.patch('/v1/tickets/1001', { status: 'pending' })
  await crew.store.write(tx => tx.changeTicket(1001, { firstResponseAt: crew.now }, crew.now))
  // Nobody was here for three days.
  await passes(3 * DAY)
  expect(await toAna()).toEqual([['[#1001]']])
})

test('dates and urgent tickets are told at once', async () => {
  await crew.arrives({ subject: 'Urgent', text: 'It is urgent.' })
  await crew.settle()
  expect(await toAna()).toEqual([['Ticket 1001']])
  await passes(HOUR)
  // Both are told of the first answer, due in an hour.
  expect(await toAna()).toEqual([['Ticket 1001']])
})

test('when the process dies in between it is sent once', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  crew.passes(3 * HOUR)
  const { store } = crew.dispatching
  const write: typeof store.write = work =>
    store.write(async tx => {
      await work(tx)
      throw new Error('died')
    })
  // What fails alone is logged and tried again.
  const quiet = { ...crew.dispatching.log, error: () => {} } as unknown as typeof crew.dispatching.log
  const dying = { ...crew.dispatching, store: { ...store, write }, log: quiet }
  await expect(lookAround(dying)).resolves.toBe(false)
  expect(await toAna()).toEqual([])
  await crew.settle()
  await crew.settle()
  expect(await toAna()).toEqual([['[#1001]']])
  expect(await dispatchNext(crew.dispatching)).toBe(false)
})

test('tickets that were merged meanwhile are one', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.arrives({ subject: 'The same', text: 'My printer is on fire.' })
  await crew.settle()
  await crew.agent.post('/v1/tickets/1002/merge', { into: 1001 })
  await passes(3 * HOUR)
  expect(await toAna()).toEqual([['[#1001]']])
})

test('what waits since a time that never came, before the clock was set right, is told at once', async () => {
  const { now } = crew
  crew.passes(365 * DAY)
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  expect(await toAna()).toEqual([])
  crew.now = now
  await passes(MINUTE)
  expect(await toAna()).toEqual([['[#1001]']])
})

test('who is no agent any more is told nothing', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  crew.passes(3 * HOUR)
  const gone = { ...crew.dispatching, policy: { ...crew.policy, agents: [] } }
  while (await lookAround(gone));
  expect(await toAna()).toEqual([])
  expect(await crew.store.read.digestsWaiting()).toEqual([])
})

test('on a day when everything fails at once, what is too much for a mail each comes in one mail', async () => {
  const mails = 104
  for (let n = 1; n <= mails; n++)
    await crew.arrives({ from: `p${n}@example.org`, subject: `Network ${n}`, text: 'Down.' })
  await crew.settle()
  const toBen = async () => (await crew.told()).filter(({ to }) => to[0]?.name === 'ben')
  expect(await toBen()).toHaveLength(100)
  await passes(15 * MINUTE - 1)
  expect(await toBen()).toEqual([])
  await passes(MINUTE)
  const digest = await toBen()
  expect(digest.map(({ subject }) => subject.split(',')[0])).toEqual(['4 tickets with news'])
  for (let n = 101; n <= mails; n++) expect(digest[0]?.text).toContain(`Network ${n}`)
  await crew.arrives({ from: 'jane@example.org', subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  expect((await toBen()).map(({ subject }) => subject)).toEqual([expect.stringContaining('Printer')])
})
