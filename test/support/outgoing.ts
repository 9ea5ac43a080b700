import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import type { Instant } from '../../src/instant.ts'
import type { Store } from '../../src/store/store.ts'

/** A mail of it@ to Jane, except for what is given. */
export function outgoing(different: Partial<OutgoingMail> = {}): OutgoingMail {
  return {
    messageId: 'pd.1001.aaaa.bbbb@example.org',
    inReplyTo: 'first@jane.example',
    references: ['root@jane.example', 'first@jane.example'],
    from: { name: 'IT Help', address: 'it@example.org' },
    to: [{ name: 'Jane Doe', address: 'jane@example.org' }],
    cc: [],
    replyTo: null,
    subject: 'Re: Printer [#1001]',
    text: 'Thank you.\n',
    html: null,
    attachments: [],
    automatic: true,
    ...different,
  }
}

/** Opens a ticket and puts a mail about it into the outbox; gives the id of that. */
export function enqueue(store: Store, mail: OutgoingMail, at: Instant, mailbox = 'it'): Promise<number | null> {
  return store.write(async tx => {
    const requesterId = await tx.savePerson({ name: 'Jane Doe', address: 'jane@example.org' }, 'en', at)
    const dates = { openedAt: at, firstResponseDue: at, resolutionDue: at }
    const words = {
      mailbox,
      team: null,
      assignee: null,
      subject: 'Printer',
      language: 'en',
      category: null,
      serviceLevel: 'standard',
    }
    const ticket = await tx.openTicket({ ...words, ...dates, status: 'open', priority: 'normal', requesterId }, [], at)
    await tx.addParticipants(ticket, [requesterId], at)
    await tx.addEvents(ticket, [{ kind: 'opened', actor: 'postdesk', data: {} }], at)
    const { from, to, subject, text, html, messageId, references } = mail
    const message = await tx.saveMessage(
      {
        ...{ ticket, rawMail: null, direction: 'out', author: 'postdesk', agent: null, standing: 'accepted', mailbox },
        ...{ messageId, references, from, to, cc: [], subject, sentAt: at, receivedAt: at, language: 'en' },
        ...{ text, newText: text, html, protection: 'none', automatic: null, report: null, forwarded: null },
      },
      [],
    )
    await tx.saveThreadIds(ticket, messageId, [])
    return tx.enqueue({ ticket, message, kind: 'acknowledgement', dedupeKey: `ack:${ticket}`, mailbox, mail }, at)
  })
}
