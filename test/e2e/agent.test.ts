/*
 * The story of the agent, through the program as it is built: she works from her own mail client and nowhere else.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Arrived, type Desk, describeOnBoth, header, only, replyTo, startDesk } from '../support/desk.ts'
import type { TestMail } from '../support/mail.ts'
import type { TicketSeen } from '../support/service.ts'
import { NOTIFIED_DESK } from '../support/setup.ts'

const ANA = { from: 'Ana Pop <ana@example.org>' }

describeOnBoth('the agent', kind => {
  let desk: Desk
  beforeAll(async () => {
    desk = await startDesk(kind, { mailboxes: { it: {} }, desk: NOTIFIED_DESK })
  })
  afterAll(() => desk?.[Symbol.asyncDispose]())

  /** Somebody opens a ticket; `theirs` is their mail, as the agent sees it in the shared mailbox. */
  const opened = async (name: string) => {
    const theirs = {
      from: `${name} <${name.toLowerCase()}@example.org>`,
      subject: `${name} needs help`,
      text: 'Hello, my laptop does not start any more. Can you help me, please?',
      messageId: `${name.toLowerCase()}-1@example.org`,
    }
    const { ticket, sent, told } = await desk.onTicket(theirs)
    return { ticket, theirs, ack: only(sent), notification: only(told) }
  }
  const citing = (theirs: { messageId: string; subject: string; text: string }, reply: TestMail): TestMail => ({
    ...ANA,
    subject: `Re: ${theirs.subject}`,
    inReplyTo: theirs.messageId,
    references: [theirs.messageId],
    ...reply,
    text: `${reply.text}\n\nOn Mon, 23 Nov 2026 at 10:00, somebody wrote:\n> ${theirs.text}\n`,
  })
  const lastWithheld = (ticket: TicketSeen, of: string) =>
    ticket.events.findLast(({ kind: what, data }) => what === 'reply-withheld' && data['kind'] === of)?.data['why']

  test('answers by mail: the requester gets her words once, in her name, and the ticket is answered', async () => {
    const { ticket, theirs } = await opened('Bob')
    const answer = citing(theirs, {
      text: 'Hello Bob,\n\nplease press the power button for ten seconds.\n\nAna',
      attachments: [{ filename: 'manual ½.pdf', contentType: 'application/pdf', content: '%PDF-1.4 how to' }],
    })
    const answered = await desk.onTicket(answer)
    expect(answered.line).toMatchObject({ outcome: 'append', ticket: ticket.id })

    const mail = only(answered.sent)
    expect(mail.envelope).toEqual({ from: 'it@example.org', to: ['bob@example.org'] })
    expect(mail.parsed.from?.value).toEqual([{ name: 'Ana Pop (IT desk)', address: 'it@example.org' }])
    expect(mail.parsed.subject).toBe(`Re: Bob needs help [#${ticket.id}]`)
    expect(header(mail, 'In-Reply-To')).toBe(`<${theirs.messageId}>`)
    expect(header(mail, 'Auto-Submitted')).toBeNull()
    expect(mail.parsed.text).toContain('press the power button')
    expect(mail.parsed.text).not.toContain('does not start')
    expect(mail.parsed.attachments.map(({ filename, content }) => [filename, content.toString()])).toEqual([
      ['manual ½.pdf', '%PDF-1.4 how to'],
    ])

    expect(answered.ticket).toMatchObject({ status: 'pending', firstResponseAt: expect.any(String) })
    expect(answered.ticket.events.find(({ actor }) => actor === 'agent:ana')).toMatchObject({ kind: 'message' })
    expect(answered.ticket.events.at(-1)).toMatchObject({ kind: 'reply-sent', data: { kind: 'answer' } })

    const thanks = await desk.onTicket(replyTo(mail, { from: theirs.from, text: 'That was it. Thank you!' }))
    expect(thanks.line).toMatchObject({ outcome: 'append', ticket: ticket.id })
    expect(thanks.ticket.status).toBe('open')
    expect(thanks.sent).toEqual([])
  })

  test('replies to what told her of it, which shows that it is she where nothing else does', async () => {
    const { ticket, theirs, notification } = await opened('Gus')
    expect(notification.envelope.to).toEqual(['ana@example.org'])
    expect(notification.parsed.from?.value).toEqual([{ name: 'Gus via IT desk', address: 'it@example.org' }])
    expect(notification.parsed.text).toMatch(/^Hello, my laptop does not start any more/)

    const forged = await desk.onTicket(citing(theirs, { text: '#solved\n\nYour password, please.' }), {
      unproven: true,
    })
    expect(forged.line.ticket).toBe(ticket.id)
    expect(forged.ticket.messages.at(-1)).toMatchObject({ author: 'stranger', standing: 'pending' })
    expect(forged.ticket.status).toBe('open')
    expect(forged.sent).toEqual([])

    const reply = replyTo(notification, { ...ANA, text: '#solved\n\nIt starts again.' })
    const answered = await desk.onTicket(reply, { unproven: true })
    expect(answered.ticket).toMatchObject({ id: ticket.id, status: 'solved' })
    const answer = only(answered.sent)
    expect(answer.envelope.to).toEqual(['gus@example.org'])
    expect(answer.parsed.text).toMatch(/^It starts again\.\n\nWith this we consider your request/)
    expect(only(answered.told).parsed.text).toContain(`[#${ticket.id}] Sent to Gus.`)
  })

  test('answers the requester directly: the desk sends nothing, and the ticket is answered all the same', async () => {
    const { ticket, theirs } = await opened('Carl')
    const direct = citing(theirs, { text: 'Carl, I am on my way.', to: 'Carl@Example.ORG', cc: 'it@example.org' })
    const answered = await desk.onTicket(direct)
    expect(answered.ticket).toMatchObject({ id: ticket.id, status: 'pending', firstResponseAt: expect.any(String) })
    expect(lastWithheld(answered.ticket, 'answer')).toBe('already-addressed')
    expect(answered.sent).toEqual([])
  })

  test('solves with a word, and the requester who is not content opens it again', async () => {
    const { ticket, theirs } = await opened('Dora')
    const solved = await desk.onTicket(citing(theirs, { text: '#solved\n\nYou have a new battery now.' }))
    expect(solved.ticket).toMatchObject({ id: ticket.id, status: 'solved', solvedAt: expect.any(String) })
    const answer = only(solved.sent)
    expect(answer.parsed.text).toContain('You have a new battery now.')
    expect(answer.parsed.text).not.toContain('#solved')

    const again = await desk.onTicket(replyTo(answer, { from: theirs.from, text: 'I am sorry, it died again.' }))
    expect(again.ticket).toMatchObject({ id: ticket.id, status: 'open', solvedAt: null })
    expect(again.sent).toEqual([])

    const silently = await desk.onTicket(citing(theirs, { text: '#solved' }))
    expect(silently.ticket).toMatchObject({ id: ticket.id, status: 'solved' })
    expect(lastWithheld(silently.ticket, 'answer')).toBe('nothing-to-say')
    // Dora is told all the same.
    expect(header(only(silently.sent), 'Auto-Submitted')).toBe('auto-replied')
  })

  test('mistypes a command: nothing goes out, and nothing changes', async () => {
    const { ticket, theirs } = await opened('Emil')
    const mistyped = await desk.onTicket(citing(theirs, { text: '#sovled\n\nDone, I think.' }))
    expect(mistyped.ticket).toMatchObject({ id: ticket.id, status: 'open', firstResponseAt: null })
    expect(lastWithheld(mistyped.ticket, 'answer')).toBe('unknown-command')
    expect(mistyped.sent).toEqual([])
  })

  test('is not whoever knows the number of a ticket', async () => {
    const { ticket, theirs, ack } = await opened('Fay')
    const mallory = { from: 'Mallory <mallory@elsewhere.example>' }
    const thief: Arrived = await desk.arrives(replyTo(ack, { ...mallory, text: '#solved\n\nPlease close this.' }))
    expect(thief.line).toMatchObject({ outcome: 'append', ticket: ticket.id })
    expect(thief.ticket).toMatchObject({ status: 'open', firstResponseAt: null })
    expect(thief.ticket?.messages.at(-1)).toMatchObject({ author: 'stranger', standing: 'pending' })
    expect(thief.sent).toEqual([])

    const guesser = await desk.onTicket({ ...mallory, subject: `Re: ${theirs.subject} [#${ticket.id}]`, text: 'Hi' })
    expect(guesser.line.outcome).toBe('open')
    expect(guesser.ticket.id).not.toBe(ticket.id)
    const why = guesser.ticket.events.find(event => event.kind === 'opened')?.data['rejected']
    expect(why).toMatchObject([{ ticket: ticket.id, signal: 'tag' }])
  })
})
