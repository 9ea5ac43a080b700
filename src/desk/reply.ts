import type { Instant } from '../instant.ts'
import type { Message } from '../mail/message.ts'
import { referencesFor } from '../mail/message-id.ts'
import { renderAcknowledgement } from './acknowledgement.ts'
import type { NewTicket, Reply } from './decision.ts'
import { type OutgoingMail, senderAddress } from './outgoing-mail.ts'
import { mailboxOf, type Policy } from './policy.ts'
import type { TicketId } from './ticket.ts'

/** A decision to acknowledge, with the number and the Message-ID that exist only once the ticket is recorded. */
export type Acknowledged = {
  readonly id: TicketId
  readonly ticket: NewTicket
  readonly reply: Extract<Reply, { send: 'acknowledgement' }>
  readonly answers: Pick<Message, 'messageId' | 'references'>
  readonly messageId: string
  readonly replyTo: string | null
  readonly now: Instant
}

/** The acknowledgement as it leaves us. Throws when the ticket names what the policy does not have, which is a bug. */
export function acknowledgementMail(
  policy: Policy,
  { id, ticket, reply, answers, messageId, replyTo, now }: Acknowledged,
): OutgoingMail {
  const mailbox = mailboxOf(policy, ticket)
  const calendar = policy.calendars.get(policy.serviceLevels.get(ticket.serviceLevel)?.calendar ?? '')
  if (!calendar) throw new Error(`the policy lacks the calendar of ${ticket.serviceLevel}`)
  const from = { name: mailbox.displayName, address: senderAddress(mailbox) }
  const names = ticket.category === null ? undefined : policy.categories.get(ticket.category)
  const { subject, text, html } = renderAcknowledgement(policy.templates, {
    ticket: {
      id,
      subject: ticket.subject,
      priority: ticket.priority,
      category: ticket.category,
      categoryName: names?.[ticket.language] ?? names?.['en'] ?? null,
    },
    requesterName: reply.to.name,
    language: ticket.language,
    mailbox: { displayName: mailbox.displayName, address: from.address },
    calendar,
    now,
    firstResponseDue: ticket.due.firstResponse.at,
    resolutionDue: ticket.due.resolution.at,
    repeatTheirWords: reply.repeatTheirWords,
  })
  return {
    messageId,
    inReplyTo: answers.messageId,
    references: referencesFor(answers.messageId, answers.references),
    from,
    to: [{ name: reply.repeatTheirWords ? reply.to.name : '', address: reply.to.address }],
    cc: [],
    replyTo,
    subject,
    text,
    html,
    attachments: [],
    automatic: true,
  }
}
