/*
 * The story of the employee, through the program as it is built: she writes, is told a number and a date, and writes again.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { epochMs, HOUR, MINUTE, msBetween } from '../../src/instant.ts'
import { type Desk, describeOnBoth, header, only, replyTo, startDesk } from '../support/desk.ts'
import { mail } from '../support/mail.ts'
import { within } from '../support/wait.ts'

const HOURS_AGO = (hours: number) => new Date(Date.now() - hours * HOUR).toISOString()

/** The deadline as the mail tells it: full five minutes of the clock, and midnight is the end of a day. */
function told(due: string): string {
  const rounded = new Date(Math.ceil(epochMs(due) / (5 * MINUTE)) * 5 * MINUTE).toISOString().slice(11, 16)
  return rounded === '00:00' ? '24:00' : rounded
}

describeOnBoth('the employee', kind => {
  let desk: Desk
  beforeAll(async () => {
    desk = await startDesk(kind)
  })
  afterAll(() => desk?.[Symbol.asyncDispose]())

  test('is told at once, in her language, that her mail has arrived, its number and by when she hears from us', async () => {
    const { line, ticket, sent } = await desk.onTicket({
      from: 'Marie Dupont <marie@example.org>',
      subject: "L'imprimante du 3e étage",
      text: "Bonjour,\n\nl'imprimante du troisième étage n'imprime plus depuis hier. Pouvez-vous m'aider ?\n\nMerci\nMarie",
      messageId: 'marie-1@example.org',
      references: ['older@example.org'],
    })
    expect(line).toMatchObject({ mailbox: 'it', folder: 'INBOX', outcome: 'open', ticket: ticket.id })
    expect(ticket).toMatchObject({
      status: 'open',
      category: 'printing',
      priority: 'normal',
      team: 'it',
      language: 'fr',
      requester: { name: 'Marie Dupont', address: 'marie@example.org' },
      firstResponseAt: null,
    })
    expect(msBetween(ticket.openedAt, ticket.firstResponseDue)).toBe(4 * HOUR)
    expect(msBetween(ticket.openedAt, ticket.resolutionDue)).toBe(16 * HOUR)
    expect(ticket.promises.map(({ kind: what, dueAt }) => [what, dueAt])).toEqual([
      ['first-response', ticket.firstResponseDue],
      ['resolution', ticket.resolutionDue],
    ])

    const ack = only(sent)
    expect(ack.envelope).toEqual({ from: '', to: ['marie@example.org'] })
    expect(ack.parsed.from?.value).toEqual([{ name: 'IT desk', address: 'it@example.org' }])
    expect(ack.parsed.subject).toBe(`Re: L'imprimante du 3e étage [#${ticket.id}]`)
    expect(header(ack, 'In-Reply-To')).toBe('<marie-1@example.org>')
    expect(header(ack, 'References')).toBe('<older@example.org> <marie-1@example.org>')
    expect(header(ack, 'Message-ID')).toMatch(new RegExp(`^<pd\\.${ticket.id}\\.[a-z2-7]+\\.[a-z2-7]+@example\\.org>$`))
    expect(header(ack, 'Auto-Submitted')).toBe('auto-replied')
    expect(header(ack, 'X-Auto-Response-Suppress')).toBe('All')
    expect(header(ack, 'Precedence')).toBe('auto_reply')
    expect(ack.parsed.text).toContain(`Bonjour Marie`)
    expect(ack.parsed.text).toContain(`${ticket.id}`)
    expect(ack.parsed.text).toContain('Impression')
    expect(ack.parsed.html).toContain('lang="fr"')
  })

  test('can plan by the time she is told', async () => {
    const { ticket, sent } = await desk.onTicket({
      from: 'Eve Hall <eve@example.org>',
      subject: 'urgent: the lights are out',
      text: 'Hello, the lights in our office went out and we cannot see anything. Please help us.',
    })
    expect(ticket.priority).toBe('urgent')
    const text = only(sent).parsed.text ?? ''
    expect(text).toContain('We are treating it as urgent')
    expect(text).toContain(`first answer from us by ${told(ticket.firstResponseDue)}`)
    expect(text).toContain(`solved by ${told(ticket.resolutionDue)}`)
  })

  test('replies, and her words land on the ticket without a second acknowledgement', async () => {
    const jane = { from: 'Jane Doe <jane@example.org>' }
    const first = await desk.onTicket({ ...jane, subject: 'Monitor', text: 'Hello, my monitor stays black.' })
    const ack = only(first.sent)
    const cited = await desk.onTicket(replyTo(ack, { ...jane, text: 'It is the left one, by the way.' }))
    // Some clients keep nothing of the conversation but its subject.
    const tagged = await desk.onTicket({
      ...jane,
      subject: `AW: ${ack.parsed.subject}`,
      text: 'I found the cable. It works again!',
    })
    for (const [{ line, ticket, sent }, signal] of [
      [cited, 'own-id'],
      [tagged, 'tag'],
    ] as const) {
      expect(line).toMatchObject({ outcome: 'append', ticket: first.ticket.id })
      expect(sent).toEqual([])
      expect(ticket.events.findLast(event => event.kind === 'threaded')?.data).toMatchObject({ signal })
      expect(ticket.events.at(-1)).toMatchObject({ kind: 'reply-withheld', data: { why: 'belongs-to-ticket' } })
    }
    expect(tagged.ticket.messages.map(({ author, newText }) => [author, newText.trim().split('\n')[0]])).toEqual([
      ['requester', 'Hello, my monitor stays black.'],
      ['postdesk', 'Hello Jane,'],
      ['requester', 'It is the left one, by the way.'],
      ['requester', 'I found the cable. It works again!'],
    ])
    expect(await desk.sentTo('jane@example.org')).toHaveLength(1)
  })

  test('is away: her out-of-office answer is kept, and nobody answers it', async () => {
    const away = { from: 'Ida Berg <ida@example.org>' }
    const { ticket, sent } = await desk.onTicket({
      ...away,
      text: 'Hello, I need a second screen for my desk, please.',
    })
    const robot = { 'Auto-Submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'All', 'Return-Path': '<>' }
    const onAck = await desk.onTicket(
      replyTo(only(sent), { ...away, text: 'I am out of the office until Monday.', headers: robot }),
    )
    expect(onAck.line).toMatchObject({ outcome: 'append', ticket: ticket.id })
    expect(onAck.ticket.messages.at(-1)).toMatchObject({
      author: 'robot',
      automatic: { kind: expect.stringMatching(/^(?:vacation|auto-reply)$/) },
    })
    expect(onAck.ticket.status).toBe('open')
    expect(onAck.sent).toEqual([])

    const outOfTheBlue = await desk.arrives({
      from: 'Olaf <olaf@elsewhere.example>',
      subject: 'Automatic reply: your newsletter',
      text: 'I am out of the office until Monday.',
      headers: robot,
    })
    expect(outOfTheBlue.line).toMatchObject({ outcome: 'automatic', ticket: null })
    expect(outOfTheBlue.sent).toEqual([])
  })

  test('writes to two mailboxes at once, and has one ticket and one acknowledgement', async () => {
    const bytes = mail({
      from: 'Tom Fry <tom@example.org>',
      to: ['it@example.org', 'support@example.org'],
      subject: 'To whom it may concern',
      text: 'Hello, who of you can order a new chair for me, please?',
    })
    const asDelivered = (to: string) => Buffer.concat([Buffer.from(`Delivered-To: ${to}\r\n`), bytes])
    const [one, other] = await Promise.all([
      desk.deliver(asDelivered('it@example.org'), { mailbox: 'it' }),
      desk.deliver(asDelivered('support@example.org'), { mailbox: 'support' }),
    ])
    const lines = [await desk.service.taken('it', one), await desk.service.taken('support', other)]
    await desk.service.sent()
    expect(lines.map(line => line.outcome).sort()).toEqual(['duplicate', 'open'])
    expect(new Set(lines.map(line => line.ticket)).size).toBe(1)
    const ticket = await desk.service.ticket(lines[0]?.ticket ?? 0)
    expect(ticket.events.filter(event => event.kind === 'duplicate')).toHaveLength(1)
    expect(await desk.sentTo('tom@example.org')).toHaveLength(1)
  })

  test('wrote to a colleague too, whose reply arrives first: one conversation, acknowledged once', async () => {
    const reply = await desk.onTicket({
      from: 'Rob Ray <rob@example.org>',
      cc: 'kim@example.org',
      subject: 'Re: The heating',
      text: 'I can confirm that it is very cold in here.',
      inReplyTo: 'heating@example.org',
      references: ['heating@example.org'],
    })
    const parent = await desk.onTicket({
      from: 'Kim Low <kim@example.org>',
      to: ['it@example.org', 'rob@example.org'],
      subject: 'The heating',
      text: 'Hello, the heating in our office does not work.',
      messageId: 'heating@example.org',
    })
    expect(reply.line.outcome).toBe('open')
    expect(parent.line).toMatchObject({ outcome: 'append', ticket: reply.ticket.id })
    const threaded = parent.ticket.events.find(event => event.kind === 'threaded')
    expect(threaded?.data).toMatchObject({ signal: 'awaited', value: 'heating@example.org', standing: 'accepted' })
    expect(only(reply.sent).envelope.to).toEqual(['rob@example.org'])
    expect(parent.sent).toEqual([])
  })

  test('is not answered in the name of a machine when her mail lay on the server for more than a day', async () => {
    const old = { from: 'Old Tim <tim@example.org>', text: 'Hello, could you look at my keyboard, please?' }
    const { line, ticket, sent } = await desk.onTicket(old, { receivedAt: HOURS_AGO(25) })
    expect(line.outcome).toBe('open')
    expect(msBetween(ticket.openedAt, new Date().toISOString())).toBeGreaterThan(24 * HOUR)
    expect(ticket.events.at(-1)).toMatchObject({ kind: 'reply-withheld', data: { why: 'too-old' } })
    expect(sent).toEqual([])
  })

  test('does not wait for a polling interval: the server tells of new mail', async () => {
    await desk.arrives({ from: 'a@example.org', text: 'The first mail, which shows that it is listening.' })
    const { sent } = await within(
      // The interval is a minute; a second is usual.
      20_000,
      'told by IDLE',
      desk.arrives({ from: 'Quick <quick@example.org>', text: 'Hello, is anybody there who can help me?' }),
    )
    expect(only(sent).envelope.to).toEqual(['quick@example.org'])
  })
})
