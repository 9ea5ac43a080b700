import { Type } from '../json-schema.ts'
import type { OutboxMail } from '../store/outbox.ts'
import { withoutKeys } from './agent-keys.ts'
import { Address, instant, list, number, object, oneOf, orNull, ref, text } from './shapes.ts'

const LINE = {
  id: number('The number of the line.'),
  ticket: orNull.number('The ticket it is about.'),
  message: orNull.number('The message of the ticket that it carries.'),
  kind: oneOf(
    ['acknowledgement', 'answer', 'closing', 'notification', 'receipt', 'notice'],
    '`answer` is written by an agent, `closing` tells the requester that it is solved; `notification` and `receipt` go to agents, a `notice` to the admins.',
  ),
  mailbox: text('The mailbox it leaves from.'),
  to: list(ref(Address), 'Its recipients.'),
  subject: text('Its subject.'),
  messageId: text('Its Message-ID, the same at every attempt.'),
  state: oneOf(
    ['queued', 'sent', 'failed', 'withdrawn'],
    '`queued` is tried again by itself; `failed` for good, for some recipients at least, until a retry by hand; `withdrawn` was taken back by an agent in time.',
  ),
  undelivered: list(
    text('An address.'),
    'Who has not got it, when others have or the server refused some for good. An attempt, also by hand, goes to them alone.',
  ),
  attempts: number('How often it was tried.'),
  nextAttemptAt: instant('When it is tried next, while queued.'),
  lastError: orNull.text('How the last attempt failed.'),
  response: orNull.text('What the server said when it took the mail, also when not for all.'),
  createdAt: instant('When it was made out.'),
  sentAt: orNull.instant('When the server took it.'),
}

export const OutboxLine = object(LINE, { $id: 'OutboxLine', description: 'A mail that leaves us, and how far it got.' })

export const OutboxDetail = object(
  {
    ...LINE,
    from: ref(Address),
    inReplyTo: orNull.text('The mail it answers.'),
    references: list(text('A Message-ID.'), 'The conversation it belongs to.'),
    text: text('As plain text.'),
    html: orNull.text('As HTML; null when it goes out as plain text alone.'),
    attachments: list(
      object({ filename: orNull.text('Its name.'), contentType: text('Its type.') }),
      'What it passes on.',
    ),
    automatic: Type.Boolean({ description: 'Marked as automatic, so that no machine answers it (RFC 3834).' }),
  },
  { $id: 'OutboxDetail', description: 'A mail that leaves us, rendered and final.' },
)

export const OUTBOX_SHAPES = [OutboxLine, OutboxDetail]

/** A line of the outbox as lists show it. */
export function outboxLine({ mail, undelivered, ...line }: OutboxMail) {
  const { text: _text, html: _html, automatic, ...rest } = mail
  const { waiting = [], refused = [] } = undelivered ?? {}
  return {
    ...rest,
    ...line,
    undelivered: [...waiting, ...refused.map(({ address }) => address)],
    automatic: automatic !== false,
  }
}

/** A mail of the outbox with its words. */
export function outboxDetail(one: OutboxMail) {
  const { text, html } = one.mail
  return { ...outboxLine(one), ...withoutKeys({ text, html }) }
}
