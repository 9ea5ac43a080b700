/*
 * The log tells what happened to which mail, and nothing of what people wrote to each other, at any level.
 */
import { expect, test } from 'vitest'
import { describeOnBoth, only, replyTo, startDesk } from '../support/desk.ts'

describeOnBoth('the log', kind => {
  test('holds no password, no key, no subject, no word and no file name of a mail, not even at its most talkative', async () => {
    await using desk = await startDesk(kind, { mailboxes: { it: {} }, logLevel: 'trace' })
    const secrets = [
      ...['Zubjekt', 'Körperwort', 'geheim-plan', 'Quarantäne9', 'AgentWort', 'NotizWort', 'SuchWort', 'AntwortWort'],
      desk.service.key,
      desk.imap.account('it').password,
      'smtp-pa55',
    ]
    const { ticket, sent } = await desk.onTicket({
      from: 'Jane Doe <jane@example.org>',
      subject: 'Zubjekt',
      text: 'Hello, Körperwort is what I have to say to you.',
      html: '<p>Hello, <b>Körperwort</b> is what I have to say to you.</p>',
      attachments: [{ filename: 'geheim-plan.txt', contentType: 'text/plain', content: 'Körperwort' }],
    })
    await desk.arrives(replyTo(only(sent), { from: 'Ana Pop <ana@example.org>', text: 'AgentWort, dear Jane.' }))
    await desk.arrives(Buffer.from(`Subject: Quarantäne9\r\nX-Long: ${'x'.repeat(1_100_000)}\r\n\r\nQuarantäne9\r\n`))
    const path = `/v1/tickets/${ticket.id}/messages`
    await desk.service.request('POST', path, { kind: 'note', text: 'NotizWort' })
    desk.smtp.next('temporary')
    await desk.service.request('POST', path, { kind: 'answer', text: 'AntwortWort' })
    await desk.service.request('GET', '/v1/tickets?q=SuchWort')
    await desk.service.request('PATCH', `/v1/tickets/${ticket.id}`, { SuchWort: 'NotizWort' })
    await desk.service.logged('mail not sent')
    expect(await desk.service.stop()).toBe(0)

    const output = desk.service.output()
    for (const secret of secrets) {
      expect(output).not.toContain(secret)
      // As it would stand in a mail.
      expect(output).not.toContain(Buffer.from(secret).toString('base64').replace(/=*$/, ''))
    }
    // It does tell what happened, in fields that can be counted.
    const told = (msg: string) => desk.service.lines.filter(line => line['msg'] === msg)
    expect(told('mail taken in')).toMatchObject([
      { mailbox: 'it', folder: 'INBOX', uid: 1, decision: 'open', ticket: ticket.id },
      { mailbox: 'it', folder: 'INBOX', uid: 2, decision: 'append', ticket: ticket.id },
    ])
    expect(told('mail quarantined')).toMatchObject([{ mailbox: 'it', uid: 3, reason: expect.any(String) }])
    expect(told('mail sent')).toMatchObject([
      { ticket: ticket.id, attempt: 1 },
      { ticket: ticket.id, attempt: 1 },
    ])
    expect(told('mail not sent')).toMatchObject([{ ticket: ticket.id, outcome: 'later' }])
    expect(told('request').length).toBeGreaterThan(5)
  })
})
