import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MINUTE } from '../../src/instant.ts'
import { openTestApi, problemOf, type TestApi } from '../support/api.ts'
import { policy } from '../support/policy.ts'

let api: TestApi
beforeEach(async () => {
  api = await openTestApi()
  await api.arrives({ subject: 'Printer', messageId: 'first@jane.example', references: ['root@jane.example'] })
  api.passes(MINUTE)
})
afterEach(() => api[Symbol.asyncDispose]())

const say = (body: unknown) => api.agent.post('/v1/tickets/1001/messages', body)
const ticket = async () => (await api.reader.get('/v1/tickets/1001')).body

describe('a note', () => {
  test('stays inside', async () => {
    const before = await ticket()
    const { status, body } = await say({ kind: 'note', text: 'She called twice.', agent: 'ana' })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      direction: 'note',
      author: 'agent',
      agent: 'ana',
      newText: 'She called twice.',
      messageId: null,
      to: [],
      from: { name: 'Ana Pop' },
    })
    const after = await ticket()
    expect(after.messages.at(-1)).toEqual(body)
    expect(after.outbox).toEqual(before.outbox)
    expect(after).toMatchObject({
      status: 'open',
      firstResponseAt: null,
      updatedAt: api.now,
      revision: before.revision + 1,
    })
    expect(after.events.at(-1)).toMatchObject({
      kind: 'message',
      actor: 'key:crm',
      data: { message: body.id, agent: 'ana', note: true },
    })
  })

  test('can be found, and can solve the ticket', async () => {
    await say({ kind: 'note', text: 'It was the flux capacitor.', solve: true })
    expect(await ticket()).toMatchObject({ status: 'solved', solvedAt: api.now, firstResponseAt: null })
    expect((await api.reader.get('/v1/tickets?q=capacitor')).body.items).toHaveLength(1)
  })
})

describe('an answer', () => {
  test('goes to the requester, in their conversation, under the name of the agent', async () => {
    const { status, body } = await say({ kind: 'answer', text: '  Please try again.\n\n', agent: 'ana' })
    expect(status).toBe(201)
    expect(body).toMatchObject({ direction: 'out', author: 'agent', agent: 'ana', standing: 'accepted' })
    expect(api.woken()).toBe(1)
    const line = (await ticket()).outbox[0]
    expect(line).toMatchObject({ kind: 'answer', state: 'queued', message: body.id, messageId: body.messageId })
    expect((await api.reader.get(`/v1/outbox/${line.id}`)).body).toMatchObject({
      from: { name: 'Ana Pop (IT Help)', address: 'it@example.org' },
      to: [{ name: 'Jane Doe', address: 'jane@example.org' }],
      subject: 'Re: Printer [#1001]',
      text: 'Please try again.\n',
      inReplyTo: 'first@jane.example',
      references: ['root@jane.example', 'first@jane.example'],
      automatic: false,
    })
  })

  test('is the first response, and the desk waits for the requester', async () => {
    await say({ kind: 'answer', text: 'On it.' })
    const first = api.now
    expect(await ticket()).toMatchObject({ status: 'pending', firstResponseAt: first })
    api.passes(MINUTE)
    await say({ kind: 'answer', text: 'Done.', solve: true })
    const after = await ticket()
    expect(after).toMatchObject({ status: 'solved', firstResponseAt: first, solvedAt: api.now })
    expect(after.events.slice(-3)).toMatchObject([
      { kind: 'message', actor: 'key:crm' },
      { kind: 'changed', data: { status: { from: 'pending', to: 'solved' } } },
      { kind: 'reply-queued', actor: 'key:crm', data: { kind: 'answer', to: [{ address: 'jane@example.org' }] } },
    ])
  })

  test('without an agent goes out under the name of the mailbox', async () => {
    const { body } = await say({ kind: 'answer', text: 'On it.' })
    expect(body).toMatchObject({ agent: null, from: { name: 'IT Help', address: 'it@example.org' } })
  })

  test('is found again by the reply to it', async () => {
    const { body } = await say({ kind: 'answer', text: 'On it.' })
    const reply = await api.arrives({ subject: 'Something else', inReplyTo: body.messageId, text: 'Thanks' })
    expect(reply).toMatchObject({ outcome: 'append', ticket: 1001 })
    expect(await ticket()).toMatchObject({ status: 'open' })
  })

  test('to a ticket without requester is refused', async () => {
    await api.arrives({ from: null, subject: 'Nobody' })
    const answer = await api.agent.post('/v1/tickets/1002/messages', { kind: 'answer', text: 'Hello?' })
    expect(problemOf(answer)).toMatchObject({ status: 422, detail: expect.stringContaining('no requester') })
    expect((await api.agent.post('/v1/tickets/1002/messages', { kind: 'note', text: 'Who is it?' })).status).toBe(201)
  })

  test('to the ticket of a mailbox that is gone is sent from another one', async () => {
    const { mailboxes } = policy()
    const support = mailboxes.get('support')
    const half = await openTestApi({ mailboxes: new Map(support ? [['support', support]] : []) }, { store: api.store })
    try {
      const { key } = api.agent
      const answer = await half.nobody.request(
        'POST',
        '/v1/tickets/1001/messages',
        { kind: 'answer', text: 'x' },
        { authorization: `Bearer ${key}` },
      )
      expect(answer.status).toBe(201)
      expect((await api.store.read.outbox({ limit: 1 }))[0]).toMatchObject({
        mailbox: 'support',
        mail: { from: { address: 'support@example.org' } },
      })
    } finally {
      await half[Symbol.asyncDispose]()
    }
  })
})

const REFUSED = [
  [{ kind: 'answer' }, 400, 'body/text is missing'],
  [{ text: 'x' }, 400, 'body/kind is missing'],
  [{ kind: 'answer', text: '' }, 400, 'body/text must NOT have fewer than 1 characters'],
  [{ kind: 'answer', text: ' \n\t' }, 400, 'body/text must be: plain text that is not blank'],
  [{ kind: 'shout', text: 'x' }, 400, 'body/kind must be one of note, answer'],
  [{ kind: 'note', text: 'x', solve: 'yes' }, 400, 'body/solve must be boolean'],
  [
    { kind: 'note', text: 'x', to: 'eve@evil.example' },
    400,
    'body/to does not exist: known are kind, text, agent, solve',
  ],
  [{ kind: 'note', text: 7 }, 400, 'body/text must be string'],
  [{ kind: 'note', text: 'x'.repeat(200_001) }, 400, 'body/text must NOT have more than 200000 characters'],
  [{ kind: 'answer', text: 'x', agent: 'eve' }, 422, 'there is no agent "eve": known are ana, ben'],
] as const

test('what has another shape, or names an agent who does not exist, is refused, and nothing happens', async () => {
  const before = await ticket()
  for (const [body, status, detail] of REFUSED) {
    const problem = problemOf(await say(body))
    expect(problem.status, detail).toBe(status)
    expect(problem.detail).toContain(detail)
  }
  expect(await ticket()).toEqual(before)
})
