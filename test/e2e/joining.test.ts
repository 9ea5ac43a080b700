/*
 * Two tickets that are one: an agent's program merges them, and people go on writing as if nothing had happened.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Desk, describeOnBoth, only, replyTo, startDesk } from '../support/desk.ts'

describeOnBoth('tickets that are one', kind => {
  let desk: Desk
  beforeAll(async () => {
    desk = await startDesk(kind)
  })
  afterAll(() => desk?.[Symbol.asyncDispose]())

  const opened = async (from: string, text: string) => {
    const { ticket, sent } = await desk.onTicket({ from, subject: 'The lift', text })
    return { id: ticket.id, acknowledgement: only(sent), messages: ticket.messages.map(({ id }) => id) }
  }

  test('later mail follows a merge', async () => {
    const gil = 'Gil <gil@example.org>'
    const first = await opened('Hal <hal@example.org>', 'Hello, the lift in building C is stuck again.')
    const second = await opened(gil, 'Hello, I am standing in the lift in building C. Please help me.')
    const merged = await desk.service.request('POST', `/v1/tickets/${second.id}/merge`, { into: first.id })
    expect(merged.status).toBe(200)

    const reply = await desk.onTicket(replyTo(second.acknowledgement, { from: gil, text: 'The light went out, too.' }))
    expect(reply.line).toMatchObject({ outcome: 'append', ticket: first.id })
    expect(reply.sent).toEqual([])
    expect(reply.ticket.messages.map(({ id }) => id)).toEqual([
      ...first.messages,
      ...second.messages,
      reply.ticket.messages.at(-1)?.id,
    ])
    expect(reply.ticket.messages.at(-1)).toMatchObject({ author: 'participant', standing: 'accepted' })
    expect(reply.ticket.participants.map(({ address }) => address)).toEqual(['hal@example.org', 'gil@example.org'])
    expect(await desk.service.ticket(second.id)).toMatchObject({ status: 'closed', mergedInto: first.id, messages: [] })
  })

  test('a mail that cites two tickets merges nothing', async () => {
    const ivy = 'Ivy <ivy@example.org>'
    const first = await opened(ivy, 'Hello, the coffee machine is out of beans.')
    const second = await opened(ivy, 'Hello, the coffee machine is out of order.')
    const { acknowledgement } = second
    const cited = [first, second].map(one => one.acknowledgement.parsed.messageId?.replace(/[<>]/g, '') ?? '')
    const both = await desk.onTicket({
      ...replyTo(acknowledgement, { from: ivy, text: 'These two are the same.' }),
      subject: `Re: The lift [#${first.id}] [#${second.id}]`,
      references: cited,
    })
    expect(both.line).toMatchObject({ outcome: 'append', ticket: second.id })
    const other = await desk.service.ticket(first.id)
    expect(other.messages.map(({ id }) => id)).toEqual(first.messages)
    for (const one of [both.ticket, other])
      expect([one.status, one.mergedInto, one.mergedFrom, one.links]).toEqual(['open', null, [], []])
  })
})
