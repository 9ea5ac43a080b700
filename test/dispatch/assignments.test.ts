import { afterEach, expect, test } from 'vitest'
import type { Agent, Policy, Team } from '../../src/desk/policy.ts'
import { dispatchNext } from '../../src/dispatch/dispatcher.ts'
import { HOUR, MINUTE } from '../../src/instant.ts'
import { openCrew, type TestCrew } from '../support/crew.ts'
import { agent, team } from '../support/policy.ts'

/*
 * It is Monday, 10:00 in Brussels; the office is open from 8 to 12 and from 13 to 17.
 */
let crew: TestCrew
afterEach(() => crew[Symbol.asyncDispose]())

const OFFICE: Partial<Agent> = { calendar: 'office' }

async function open(it: Partial<Team>, different: Partial<Agent> = OFFICE, rules: Partial<Policy> = {}): Promise<void> {
  const agents = ['ana', 'ben', 'cas'].map(name => agent(name, { teams: ['it'], ...different }))
  const teams = new Map([
    ['it', { ...team('it', 'IT'), ...it }],
    ['support', team('support')],
  ])
  crew = await openCrew({ agents, teams, ...rules })
}
let uid = 0
const arrives = async (different: Parameters<TestCrew['arrives']>[0] = {}) => {
  uid++
  const given = Buffer.isBuffer(different) ? different : { subject: `Help ${uid}`, text: 'Please help.', ...different }
  const { ticket } = await crew.arrives(given)
  await crew.settle()
  return ticket ?? 0
}
const passes = async (ms: number) => {
  crew.passes(ms)
  await crew.settle()
}
const assigneeOf = async (id: number) => (await crew.store.read.ticket(id))?.assignee ?? null
const whys = async (id: number) =>
  (await crew.store.read.events(id)).flatMap(({ kind, data }) => {
    const { to, why } = (data['assignee'] ?? {}) as { to?: string | null; why?: string }
    return kind === 'changed' && to !== undefined ? [`${to}: ${why ?? 'by hand'}`] : []
  })
/** Who was told, and the first line where it is no word of the requester. */
const told = async () =>
  (await crew.told()).map(({ to, text }) => {
    const headline = text.split('\n').find(line => line.startsWith('Ticket ')) ?? 'the mail'
    return `${to[0]?.name}: ${headline}`
  })

test('new tickets go round, and only whose turn it is hears of one', async () => {
  await open({ assign: 'round-robin' })
  const tickets = []
  for (let at = 0; at < 4; at++) tickets.push(await arrives())
  expect(await Promise.all(tickets.map(assigneeOf))).toEqual(['ana', 'ben', 'cas', 'ana'])
  expect((await told()).map(line => line.replace(/\d+/, '…'))).toEqual(
    ['ana', 'ben', 'cas', 'ana'].map(
      name => `${name}: Ticket … is yours now (whose turn it was at work in team it). What it is about:`,
    ),
  )
})

test('several that came in one moment go round too', async () => {
  await open({ assign: 'round-robin' })
  for (let at = 0; at < 7; at++) await crew.arrives({ subject: `Help ${at}`, text: 'Please help.' })
  await crew.settle()
  const all = await crew.store.read.tickets({}, 10)
  const counts = ['ana', 'ben', 'cas'].map(name => all.filter(({ assignee }) => assignee === name).length)
  expect(counts).toEqual([3, 2, 2])
})

test('the one with the fewest open tickets', async () => {
  await open({ assign: 'least-loaded' })
  const [first, second] = [await arrives(), await arrives()]
  await crew.agent.patch(`/v1/tickets/${first}`, { assignee: 'cas' })
  await crew.agent.patch(`/v1/tickets/${second}`, { assignee: 'cas' })
  expect(await assigneeOf(await arrives())).toBe('ana')
  expect(await assigneeOf(await arrives())).toBe('ben')
  await crew.agent.patch(`/v1/tickets/${first}`, { status: 'solved' })
  await crew.agent.patch(`/v1/tickets/${second}`, { status: 'solved' })
  expect(await assigneeOf(await arrives())).toBe('cas')
})

test('no agent gets their own request', async () => {
  await open({ assign: 'round-robin' })
  expect(await assigneeOf(await arrives({ from: 'Ana <ana@example.org>' }))).toBe('ben')
})

test('when nobody is at work the team is told, and somebody gets it when they begin', async () => {
  await open({ assign: 'round-robin' })
  crew.now = '2026-11-23T20:00:00.000Z'
  const id = await arrives()
  expect(await assigneeOf(id)).toBeNull()
  expect(await told()).toEqual(['ana: the mail', 'ben: the mail', 'cas: the mail'])
  crew.now = '2026-11-24T06:59:00.000Z'
  await passes(0)
  expect(await assigneeOf(id)).toBeNull()
  await passes(MINUTE)
  expect(await assigneeOf(id)).toBe('ana')
  expect(await told()).toHaveLength(1)
})

test('who took it meanwhile keeps it', async () => {
  await open({ assign: 'round-robin' })
  crew.now = '2026-11-23T20:00:00.000Z'
  const id = await arrives()
  await crew.agent.patch(`/v1/tickets/${id}`, { assignee: 'cas' })
  crew.now = '2026-11-24T08:00:00.000Z'
  await passes(0)
  expect(await whys(id)).toEqual(['cas: by hand'])
})

test('when the process dies in between a ticket is still given once', async () => {
  await open({ assign: 'round-robin' })
  const { ticket } = await crew.arrives({ text: 'Please help.' })
  const { store } = crew.dispatching
  const dies = {
    ...store,
    write: (work: Parameters<typeof store.write>[0]) =>
      store.write(async tx => {
        await work(tx)
        throw new Error('died')
      }),
  }
  await expect(dispatchNext({ ...crew.dispatching, store: dies as typeof store })).rejects.toThrow('died')
  expect(await assigneeOf(ticket ?? 0)).toBeNull()
  await crew.settle()
  await crew.settle()
  expect(await whys(ticket ?? 0)).toEqual(['ana: whose turn it was at work in team it'])
  expect(await told()).toHaveLength(1)
})

test('a ticket that moves to a team is given out there, or that team is told', async () => {
  await open({ assign: 'round-robin' }, OFFICE, {
    agents: [agent('ana', { teams: ['it'] }), agent('eva', { teams: ['support'] })],
  })
  const id = await arrives()
  await told()
  await crew.agent.patch(`/v1/tickets/${id}`, { team: 'support', assignee: null })
  await crew.settle()
  expect(await told()).toEqual([`eva: Ticket ${id} is one of your team now. What it is about:`])
  await crew.agent.patch(`/v1/tickets/${id}`, { team: 'it' })
  await crew.settle()
  expect(await assigneeOf(id)).toBe('ana')
})

test('who does not answer loses it: the next one gets it, or the team has it back', async () => {
  await open({ assign: 'round-robin', returnAfterMs: HOUR })
  const id = await arrives()
  await told()
  await passes(HOUR - 1)
  expect(await assigneeOf(id)).toBe('ana')
  await passes(1)
  expect(await whys(id)).toEqual([
    'ana: whose turn it was at work in team it',
    'ben: ana has not answered within 1h of working time',
  ])
  expect((await told()).filter(line => line.includes('yours'))).toEqual([
    `ben: Ticket ${id} is yours now (ana has not answered within 1h of working time). What it is about:`,
  ])
})

test('also who took it or was given it by hand; the whole team is told', async () => {
  await open({ returnAfterMs: HOUR })
  const id = await arrives()
  await told()
  await crew.agent.patch(`/v1/tickets/${id}`, { assignee: 'cas' })
  crew.now = '2026-11-23T10:30:00.000Z'
  await passes(0)
  expect(await assigneeOf(id)).toBeNull()
  expect((await told()).filter(line => line.includes('back'))).toEqual(
    ['ana', 'ben', 'cas'].map(
      name =>
        `${name}: Ticket ${id} is back with the team now (cas has not answered within 1h of working time). What it is about:`,
    ),
  )
})

test('only working time counts, and an answer or a note of theirs ends it', async () => {
  await open({ returnAfterMs: 3 * HOUR })
  const [slow, answered, noted, others] = [await arrives(), await arrives(), await arrives(), await arrives()]
  for (const id of [slow, answered, noted, others]) await crew.agent.patch(`/v1/tickets/${id}`, { assignee: 'ana' })
  await crew.agent.post(`/v1/tickets/${answered}/messages`, { kind: 'answer', text: 'Run.', agent: 'ana' })
  await crew.agent.post(`/v1/tickets/${noted}/messages`, { kind: 'note', text: 'I look at it.', agent: 'ana' })
  await crew.agent.post(`/v1/tickets/${others}/messages`, { kind: 'note', text: 'I know it.', agent: 'ben' })
  await crew.arrives({ subject: `Re: [#${answered}]`, text: 'It is no better.' })
  // From 10 to 12 and 13 to 14.
  await passes(4 * HOUR - 1)
  expect(await assigneeOf(slow)).toBe('ana')
  await passes(1)
  expect(await Promise.all([slow, answered, noted, others].map(assigneeOf))).toEqual([null, 'ana', 'ana', null])
})

test('what was solved, or waits for the requester, stays with its agent', async () => {
  await open({ returnAfterMs: HOUR })
  const [solved, pending] = [await arrives(), await arrives()]
  await crew.agent.patch(`/v1/tickets/${solved}`, { assignee: 'ana', status: 'solved' })
  await crew.agent.patch(`/v1/tickets/${pending}`, { assignee: 'ana', status: 'pending' })
  await passes(8 * HOUR)
  expect(await Promise.all([solved, pending].map(assigneeOf))).toEqual(['ana', 'ana'])
})

test('the urgent tickets of who is out of office go back at once, the others stay; a mail of theirs ends it', async () => {
  await open({}, {})
  const [urgent, normal] = [await arrives({ text: 'It is urgent, really.' }), await arrives()]
  for (const id of [urgent, normal]) await crew.agent.patch(`/v1/tickets/${id}`, { assignee: 'ana' })
  await crew.settle()
  const mail = (await crew.told()).find(({ to, subject }) => to[0]?.name === 'ana' && subject.includes(String(urgent)))
  await arrives({
    ...{
      from: 'ana <ana@example.org>',
      subject: `Automatic reply: ${mail?.subject}`,
      inReplyTo: mail?.messageId ?? '',
    },
    ...{ headers: { 'auto-submitted': 'auto-replied' }, text: 'I am out of the office until Monday.' },
  })
  expect((await crew.store.read.agentState('ana')).awaySince).toBe(crew.now)
  expect(await Promise.all([urgent, normal].map(assigneeOf))).toEqual([null, 'ana'])
  expect(await whys(urgent)).toContain('null: ana is out of office, and it is urgent')
  expect((await told()).filter(line => line.includes('back'))).toEqual(
    ['ben', 'cas'].map(
      name =>
        `${name}: Ticket ${urgent} is back with the team now (ana is out of office, and it is urgent). What it is about:`,
    ),
  )
})

test.each([
  ['#take', null],
  ['#take\n#note I have seen this before.', 'ana'],
  ['#take\nHello Jane, please press the button.', 'ana'],
])('who takes it by mail with %j', async (text, keeps) => {
  await open({ returnAfterMs: HOUR })
  const id = await arrives({ messageId: 'a@jane.example' })
  const mail = (await crew.told()).find(({ to }) => to[0]?.name === 'ana')
  await arrives({
    from: 'ana <ana@example.org>',
    subject: `Re: ${mail?.subject}`,
    inReplyTo: mail?.messageId ?? '',
    text,
  })
  expect(await assigneeOf(id)).toBe('ana')
  await arrives({ subject: `Re: [#${id}]`, text: 'It is no better.', inReplyTo: 'a@jane.example' })
  expect(await crew.store.read.ticket(id)).toMatchObject({ status: 'open' })
  await passes(HOUR)
  expect(await assigneeOf(id)).toBe(keeps)
})

test('an answer that was found in the folder of sent mail is one too, whosever it is', async () => {
  await open({ returnAfterMs: HOUR })
  const id = await arrives()
  await crew.agent.patch(`/v1/tickets/${id}`, { assignee: 'ana' })
  const [message] = await crew.store.read.messages(id)
  const data = { message: message?.id, author: 'agent', agent: null, past: 'sent' }
  await crew.store.write(tx => tx.addEvents(id, [{ kind: 'message', actor: 'postdesk', data }], crew.now))
  await passes(HOUR)
  expect(await assigneeOf(id)).toBe('ana')
})
