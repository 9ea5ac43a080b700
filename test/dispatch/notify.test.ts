import { afterEach, beforeEach, expect, test } from 'vitest'
import { dispatchNext } from '../../src/dispatch/dispatcher.ts'
import { openCrew, type TestCrew } from '../support/crew.ts'
import { keptLog } from '../support/log.ts'
import { agent, policy, team } from '../support/policy.ts'
import { replyTo, withSubaddresses } from '../support/stage.ts'

let crew: TestCrew
beforeEach(async () => {
  crew = await openCrew({ agents: [agent('ana', { teams: ['it'] }), agent('ben', { teams: ['it'] })] })
})
afterEach(() => crew[Symbol.asyncDispose]())

const subjects = async () => (await crew.told()).map(({ to, subject }) => `${to[0]?.address}: ${subject}`)

/** A mail server's word that a mail of ours could not be delivered (RFC 3464). */
function returned(messageId: string, to: string): Buffer {
  return Buffer.from(
    `Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: it@example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <return-of-${messageId}>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<${to}>: host mx said: 550 5.1.1 User unknown

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; ${to}
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

Message-ID: <${messageId}>
From: it@example.org
To: ${to}

--b--
`.replaceAll('\n', '\r\n'),
  )
}

test('a mail to the requester that comes back is told; one to an agent that comes back is not, for that would never end', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  const [toAna] = await crew.told()
  if (!toAna) throw new Error('ana was not told')

  expect(await crew.arrives(returned(toAna.messageId, 'ana@example.org'))).toMatchObject({ outcome: 'report' })
  await crew.settle()
  expect(await crew.told()).toEqual([])

  const [acknowledgement] = (await crew.store.read.outbox({ limit: 50 })).filter(
    ({ kind }) => kind === 'acknowledgement',
  )
  await crew.arrives(returned(acknowledgement?.mail.messageId ?? '', 'jane@example.org'))
  await crew.settle()
  expect((await crew.told()).map(({ text }) => text)).toEqual([
    expect.stringContaining('Our mail to the requester was returned for good'),
    expect.stringContaining('Our mail to the requester was returned for good'),
  ])
})

test('a ticket that goes from one to the next before anybody was told is told of once, to the last', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  await crew.told()
  for (const assignee of ['ana', 'ben']) await crew.agent.patch('/v1/tickets/1001', { assignee })
  await crew.settle()
  const told = (await crew.told()).filter(({ text }) => text.includes('is yours now'))
  expect(told.map(({ to }) => to[0]?.address)).toEqual(['ben@example.org'])
})

test('what was split off before anybody looked is told of the ticket it is on now', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  await crew.told()
  await crew.arrives({ subject: 'Re: Printer [#1001]', text: 'And my screen is dark.' })
  const last = (await crew.store.read.messages(1001)).at(-1)
  const split = await crew.agent.post('/v1/tickets/1001/split', { messages: [last?.id], subject: 'Screen' })
  expect(split.status).toBe(201)
  while (await dispatchNext(crew.dispatching));
  expect(await subjects()).toEqual(['ana@example.org: Screen [#1002]', 'ben@example.org: Screen [#1002]'])
})

test('the tickets of a mailbox that is not configured any more are worked on from another one of their team', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  const it = policy().mailboxes.get('it')
  if (!it) throw new Error('no it')
  const help = { ...it, name: 'help', displayName: 'Help', addresses: ['help@example.org'] }
  const hr = { ...help, name: 'hr', team: 'hr', addresses: ['hr@example.org'] }
  const renamed = new Map([hr, help].map(mailbox => [mailbox.name, mailbox]))
  const dispatching = { ...crew.dispatching, policy: { ...crew.policy, mailboxes: renamed } }
  while (await dispatchNext(dispatching));
  expect((await crew.told()).map(({ from }) => from.address)).toEqual(['help@example.org', 'help@example.org'])
  const told = (await crew.store.read.outbox({ limit: 50 })).filter(({ kind }) => kind === 'notification')
  expect(told.map(({ mailbox }) => mailbox)).toEqual(['help', 'help'])
})

/** The desk whose team `it` is called `helpdesk` from now on; Ana is of it, and Ben of another one. */
const withoutTeamIt = (members = ['helpdesk'], { notify = agent('ana').notify, mailbox = 'it' } = {}) => {
  const it = policy().mailboxes.get('it')
  if (!it) throw new Error('no it')
  const mailboxes = new Map([[mailbox, { ...it, name: mailbox, team: 'helpdesk' }]])
  const agents = [agent('ana', { teams: members, notify }), agent('ben', { teams: ['people'] })]
  const teams = new Map(['helpdesk', 'people'].map(name => [name, team(name)]))
  return { ...crew.dispatching, policy: { ...crew.policy, mailboxes, agents, teams } }
}
const unheard = async () => {
  const withheld = (await crew.store.read.events(1001)).filter(({ kind }) => kind === 'reply-withheld')
  return withheld.map(({ data }) => data)
}

test('the tickets of a team that is not configured any more are for the team that has its mailbox now, and no other', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  while (await dispatchNext(withoutTeamIt()));
  expect(await subjects()).toEqual(['ana@example.org: Printer [#1001]'])
  expect(await unheard()).toEqual([])
})

test('nor is its mailbox: they are for the team of the one that writes about them now', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  while (await dispatchNext(withoutTeamIt(['helpdesk'], { mailbox: 'help' })));
  expect(await subjects()).toEqual(['ana@example.org: Printer [#1001]'])
})

test('a team whose agents want no mail at all works by the API', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  while (await dispatchNext(withoutTeamIt(['helpdesk'], { notify: new Set() })));
  expect([await subjects(), await unheard()]).toEqual([[], []])
})

test('that no agent is to be told stands in the history', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  while (await dispatchNext(withoutTeamIt([])));
  expect(await subjects()).toEqual([])
  const detail = 'no agent of team helpdesk is to be told of this (`new`)'
  expect(await unheard()).toEqual([{ kind: 'notification', agent: null, why: 'nobody', detail }])
})

test('an event that nobody can be told of holds up no other one, and the history tells', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.arrives({ subject: 'Screen', text: 'My screen is dark.' })
  const ids = {
    ...crew.dispatching.ids,
    agentToken: (ticket: number, ...rest: [string, string]) => {
      if (ticket === 1001) throw new TypeError('URI malformed')
      return crew.dispatching.ids.agentToken(ticket, ...rest)
    },
  }
  while (await dispatchNext({ ...crew.dispatching, ids, log: keptLog().log }));
  expect(await subjects()).toEqual(['ana@example.org: Screen [#1002]', 'ben@example.org: Screen [#1002]'])
  const withheld = (await crew.store.read.events(1001)).filter(({ kind }) => kind === 'reply-withheld')
  expect(withheld).toMatchObject([
    { data: { kind: 'notification', why: 'fault', detail: expect.stringContaining('URI malformed') } },
  ])
})

test('a mail in which nothing new is found is shown as it came', async () => {
  await crew.arrives({ subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  await crew.told()
  await crew.arrives({ subject: 'Re: Printer [#1001]', text: '> Is it still burning?\n> [yes] it is\n' })
  await crew.settle()
  for (const { text } of await crew.told()) expect(text).toContain('> [yes] it is')
})

test('agents in copy of a colleague’s mail are told all the same, now and later: answers do not go to them', async () => {
  await crew.arrives({ subject: 'Printer', cc: ['ana@example.org', 'ben@example.org'], text: 'My printer is on fire.' })
  await crew.settle()
  expect(await subjects()).toEqual(['ana@example.org', 'ben@example.org'].map(one => `${one}: Printer [#1001]`))
  await crew.arrives({ subject: 'Re: Printer [#1001]', text: 'It still burns.' })
  await crew.settle()
  expect(await subjects()).toHaveLength(2)
})

test('nobody is told of what they ask themselves', async () => {
  await crew.arrives({ from: 'ana@example.org', subject: 'Printer', text: 'My printer is on fire.' })
  await crew.settle()
  expect((await crew.told()).map(({ to }) => to[0]?.address)).toEqual(['ben@example.org'])
})

test('what an agent answers to a mail that was split off goes to whom that is from, also by the address of the old ticket', async () => {
  await using desk = await openCrew({ agents: [agent('ana', { teams: ['it'] })], ...withSubaddresses() })
  await desk.arrives({ from: 'jane@example.org', cc: 'bob@example.org', subject: 'Printer', text: 'It burns.' })
  await desk.arrives({ from: 'bob@example.org', subject: 'Re: Printer [#1001]', text: 'And my chair is broken.' })
  await desk.settle()
  const told = (await desk.told()).at(-1)
  if (!told) throw new Error('ana was not told')
  const messages = await desk.store.read.messages(1001)
  const ofBob = messages.filter(({ from }) => from.address === 'bob@example.org').map(({ id }) => id)
  expect((await desk.agent.post('/v1/tickets/1001/split', { messages: ofBob })).status).toBe(201)

  const answer = replyTo(told, 'ana@example.org', 'A new chair is on its way.')
  expect(await desk.arrives(answer)).toMatchObject({ outcome: 'append', ticket: 1002 })
  const [sent] = await desk.store.read.outbox({ ticket: 1002, limit: 1 })
  expect(sent).toMatchObject({ kind: 'answer', mail: { to: [{ address: 'bob@example.org' }], cc: [] } })
})
