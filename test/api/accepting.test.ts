import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { problemOf } from '../support/api.ts'
import { addresses, last, MALLORY, openTwoTickets, type TwoTickets } from '../support/two-tickets.ts'

let api: TwoTickets
beforeEach(async () => {
  api = await openTwoTickets()
})
afterEach(() => api[Symbol.asyncDispose]())

describe('accepting a stranger', () => {
  const accept = (id: number, body?: object) => api.agent.post(`/v1/messages/${id}/accept`, body)
  const mallory = { ...MALLORY, messageId: 'm@elsewhere.example', references: ['n@elsewhere.example'] }
  let stranger: number
  beforeEach(async () => {
    await api.agent.patch('/v1/tickets/1001', { status: 'solved' })
    await api.arrives({ ...mallory, inReplyTo: await api.ours(1001), text: 'I am the technician.' })
    stranger = (await api.ticket(1001)).messages.at(-1).id
  })

  test('changes nothing until then', async () => {
    expect(await api.ticket(1001)).toMatchObject({ status: 'solved', participants: [{ address: 'jane@example.org' }] })
    expect(await api.arrives({ inReplyTo: 'm@elsewhere.example' })).toMatchObject({ outcome: 'open' })
  })

  test('lets them take part, opens the ticket again, and their ids lead there', async () => {
    const { revision } = await api.ticket(1001)
    const { status, body } = await accept(stranger)
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: stranger, author: 'participant', standing: 'accepted' })
    const after = await api.ticket(1001)
    expect(after).toMatchObject({ status: 'open', solvedAt: null, revision: revision + 1, updatedAt: api.now })
    expect(addresses(after.participants)).toEqual(['jane@example.org', 'mallory@elsewhere.example'])
    expect(last(after, 'accepted')).toMatchObject({
      actor: 'key:crm',
      data: { message: stranger, from: 'mallory@elsewhere.example', participant: true },
    })
    expect(await api.arrives({ inReplyTo: 'm@elsewhere.example' })).toMatchObject({ outcome: 'append', ticket: 1001 })
    expect(await api.arrives({ inReplyTo: 'n@elsewhere.example' })).toMatchObject({ outcome: 'append', ticket: 1001 })
    await api.arrives({ ...MALLORY, subject: '[#1001]' })
    expect((await api.ticket(1001)).messages.at(-1)).toMatchObject({ author: 'participant', standing: 'accepted' })
    expect(api.woken()).toBe(2)
  })

  test('or accepts the words alone', async () => {
    await accept(stranger, { participant: false })
    const after = await api.ticket(1001)
    expect(after).toMatchObject({ status: 'open', participants: [{ address: 'jane@example.org' }] })
    expect(after.messages.at(-1)).toMatchObject({ author: 'stranger', standing: 'accepted' })
    await api.arrives({ ...MALLORY, inReplyTo: 'm@elsewhere.example' })
    expect((await api.ticket(1001)).messages.at(-1)).toMatchObject({ author: 'stranger', standing: 'pending' })
  })

  test('follows a merge', async () => {
    await api.agent.post('/v1/tickets/1001/merge', { into: 1002 })
    await accept(stranger)
    expect(addresses((await api.ticket(1002)).participants)).toContain('mallory@elsewhere.example')
  })

  test('is refused for what does not wait, or is not there, or is misspelt', async () => {
    await accept(stranger)
    const after = await api.ticket(1001)
    expect(problemOf(await accept(stranger))).toMatchObject({ status: 409 })
    expect(problemOf(await accept(1))).toMatchObject({ status: 409 })
    expect(problemOf(await accept(4711))).toMatchObject({ status: 404 })
    expect(problemOf(await accept(stranger, { participants: true }))).toMatchObject({ status: 400 })
    expect(problemOf(await accept(stranger, { participant: 'no' }))).toMatchObject({ status: 400 })
    expect(await api.ticket(1001)).toEqual(after)
  })

  test('a machine that belongs to no ticket cannot be accepted', async () => {
    const headers = { 'Auto-Submitted': 'auto-replied' }
    expect(await api.arrives({ ...MALLORY, text: 'I am away.', headers })).toMatchObject({ outcome: 'automatic' })
    expect(problemOf(await accept(stranger + 1))).toMatchObject({
      status: 409,
      detail: expect.stringMatching(/no ticket/),
    })
  })
})
