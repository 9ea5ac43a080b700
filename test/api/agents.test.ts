import { afterEach, beforeEach, expect, test } from 'vitest'
import { HOUR } from '../../src/instant.ts'
import { NOW, problemOf } from '../support/api.ts'
import { openCrew, type TestCrew } from '../support/crew.ts'

let crew: TestCrew
beforeEach(async () => {
  crew = await openCrew()
})
afterEach(() => crew[Symbol.asyncDispose]())

const agent = async (name: string) =>
  (await crew.reader.get('/v1/agents')).body.items.find((one: { name: string }) => one.name === name)
const statusOf = async (id: number) => (await crew.store.read.ticket(id))?.status

/** A new ticket, and what ana writes below the notification that she gets of it. */
async function notified(): Promise<(text: string) => Promise<void>> {
  await crew.told()
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  const mail = (await crew.told()).find(({ to }) => to[0]?.address === 'ana@example.org')
  return async text => {
    await crew.arrives({
      ...{ from: 'Ana Pop <ana@example.org>', subject: `Re: ${mail?.subject}`, text },
      ...{ inReplyTo: mail?.messageId ?? '', references: [mail?.messageId ?? ''] },
    })
    await crew.settle()
  }
}

test('lists who they are, what they have to do and when they last wrote', async () => {
  expect(await agent('ana')).toEqual({
    ...{ name: 'ana', displayName: 'Ana Pop', addresses: ['ana@example.org'], teams: ['it'] },
    ...{ openTickets: 0, lastMailAt: null, awaySince: null, keysSince: null },
  })
  const reply = await notified()
  crew.passes(HOUR)
  await reply('#take')
  expect(await agent('ana')).toMatchObject({ openTickets: 1, lastMailAt: crew.now })
  expect(await agent('ben')).toMatchObject({ openTickets: 0, lastMailAt: null })
})

test('keys that are taken back give no powers any more; a later notification does', async () => {
  const before = await notified()
  crew.passes(HOUR)
  const { status, body } = await crew.admin.post('/v1/agents/ana/revoke')
  expect([status, body]).toMatchObject([200, { name: 'ana', keysSince: crew.now }])
  crew.passes(HOUR)
  await before('#solved')
  expect(await statusOf(1001)).toBe('open')

  const after = await notified()
  await after('#solved')
  expect(await statusOf(1002)).toBe('solved')
})

test('out of office by hand: urgent tickets go back to the team, the next mail or DELETE ends it', async () => {
  const reply = await notified()
  await crew.agent.patch('/v1/tickets/1001', { assignee: 'ana', priority: 'urgent' })
  await crew.settle()
  expect((await crew.agent.request('PUT', '/v1/agents/ana/away')).body).toMatchObject({ awaySince: NOW })
  expect(crew.woken()).toBeGreaterThan(0)
  await crew.settle()
  expect(await crew.store.read.ticket(1001)).toMatchObject({ assignee: null })
  crew.passes(HOUR)
  expect((await crew.agent.request('PUT', '/v1/agents/ana/away')).body).toMatchObject({ awaySince: NOW })
  expect((await crew.agent.request('DELETE', '/v1/agents/ana/away')).body).toMatchObject({ awaySince: null })

  await crew.agent.request('PUT', '/v1/agents/ana/away')
  await reply('#take')
  expect(await agent('ana')).toMatchObject({ awaySince: null, openTickets: 1 })
})

test.each([
  ['POST', '/v1/agents/zoe/revoke'],
  ['PUT', '/v1/agents/zoe/away'],
  ['DELETE', '/v1/agents/zoe/away'],
])('%s %s: there is no such agent, and who there is', async (method, url) => {
  const problem = problemOf(await crew.admin.request(method, url))
  expect(problem).toMatchObject({ status: 404, detail: 'there is no agent zoe: known are ana, ben' })
})
