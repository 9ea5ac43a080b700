import { LINK_KINDS } from '../desk/joining.ts'
import { PRIORITIES, type Rating, STATUSES } from '../desk/ticket.ts'
import { Type } from '../json-schema.ts'
import { OutboxLine } from './outbox-shapes.ts'
import { Address, anything, anythingOrNull, instant, list, number, object, oneOf, orNull, ref, text } from './shapes.ts'

const Participant = object(
  {
    name: text('As they write it themselves; may be empty.'),
    address: text('Their mail address.'),
    told: Type.Boolean({ description: 'They were told that they take part, and how to leave.' }),
    left: Type.Boolean({ description: 'They asked to be left out: they hear no more answers, and may still write.' }),
  },
  { $id: 'Participant', description: 'Somebody who takes part in a ticket.' },
)

const TICKET = {
  id: number('The number people see: `[#1042]`.'),
  mailbox: text('The mailbox it came in by.'),
  team: orNull.text('The team it belongs to.'),
  assignee: orNull.text('The name of the agent who has it.'),
  subject: text('What it is about, in the words of the first mail.'),
  requester: Type.Unsafe<{ name: string; address: string } | null>({
    type: ['object', 'null'],
    properties: Address.properties,
    required: ['name', 'address'],
    additionalProperties: false,
    description: 'Who asked; null when the mail named nobody who could be answered.',
  }),
  language: text('The language we write to the requester in (ISO 639-1).'),
  status: oneOf(
    STATUSES,
    '`open`: the desk is to act; `pending`: the requester is; `solved`, `closed`: done; a reply reopens it within `reopenWithin`, later it opens a new one.',
  ),
  category: orNull.text('What kind of request it is.'),
  priority: oneOf(PRIORITIES, 'How soon it is to be answered and solved.'),
  tags: list(text('A tag.'), 'In alphabetical order.'),
  serviceLevel: text('The service level by which its dates were reckoned.'),
  openedAt: instant('When the first mail arrived at the server.'),
  firstResponseDue: instant('By when a person is to answer.'),
  resolutionDue: instant('By when it is to be solved.'),
  firstResponseAt: orNull.instant('When a person first answered.'),
  solvedAt: orNull.instant('When it was solved.'),
  updatedAt: instant('When it last changed.'),
  pendingUntil: orNull.instant('When a pending ticket is looked at again, unless the requester answers before.'),
  cause: orNull.text('Why it happened, as the requester is told.'),
  fix: orNull.text('What solved it, as the requester is told.'),
  rating: Type.Unsafe<Rating | null>({
    ...orNull.number('What the requester said of it, from 1 (bad) to 5 (very good); never of an anonymous survey.'),
  }),
  ratingComment: orNull.text('The words that they added.'),
  mergedInto: orNull.number('The ticket that has its messages now, when it was merged; it is not changed any more.'),
  revision: number('Counts the changes: the ETag of the ticket.'),
}

export const TicketShape = object(TICKET, { $id: 'Ticket', description: 'One request of one person.' })

export const AttachmentShape = object(
  {
    id: number('Download it from `/v1/attachments/{id}`.'),
    filename: orNull.text('Safe to show and to store; null when the mail gave none.'),
    contentType: text('What the mail says it is.'),
    size: number('Bytes.'),
    inline: Type.Boolean({ description: 'Part of the HTML (an image) rather than offered for download.' }),
    contentId: orNull.text('What `cid:` in the HTML refers to.'),
    sha256: text('Hexadecimal, of the content.'),
  },
  { $id: 'Attachment', description: 'A file that came with a mail.' },
)

export const MessageShape = object(
  {
    id: number('The number of the message.'),
    direction: oneOf(
      ['in', 'out', 'note'],
      '`in` arrived, `out` was written to the requester, `note` is internal and never leaves.',
    ),
    author: oneOf(
      ['requester', 'participant', 'agent', 'stranger', 'robot', 'postdesk'],
      'What they are to the ticket.',
    ),
    agent: orNull.text('The name of the agent who wrote it.'),
    standing: oneOf(
      ['accepted', 'pending'],
      '`pending`: from a stranger who knew the ticket; to be judged by agents, shown to nobody else.',
    ),
    mailbox: text('The mailbox it came in by or left from.'),
    rawMail: orNull.number('The mail itself: `/v1/mails/{id}/raw`.'),
    messageId: orNull.text('Its Message-ID, without brackets.'),
    from: ref(Address),
    to: list(ref(Address), 'To.'),
    cc: list(ref(Address), 'Cc.'),
    subject: text('Its subject.'),
    sentAt: orNull.instant('What its Date header says.'),
    receivedAt: instant('When it arrived or was written.'),
    language: orNull.text('Detected (ISO 639-1); null when too short to tell.'),
    text: text('All of its text.'),
    newText: text('What this person wrote in this mail: without quotation and signature.'),
    html: orNull.text('Sanitised: no scripts, no remote content.'),
    protection: oneOf(
      ['none', 'signed', 'encrypted'],
      'S/MIME or PGP: `signed` can be read, `encrypted` only by its addressee.',
    ),
    automatic: anythingOrNull('What kind of machine wrote it, and the evidence; null for a person.'),
    report: anythingOrNull('What it reports on a mail of ours: a bounce, a receipt.'),
    forwarded: anythingOrNull(
      'The mail that it forwards: its sender, date, subject, text and language, as far as they could be read.',
    ),
    attachments: list(ref(AttachmentShape), 'In the order of the mail.'),
  },
  { $id: 'Message', description: 'A mail or a note of a ticket.' },
)

const EventShape = object(
  {
    id: number('The number of the event.'),
    at: instant('When.'),
    kind: text('What happened: `opened`, `classified`, `due`, `changed`, `reply-withheld` …'),
    actor: text('Who did it: `agent:<name>`, `person:<address>`, `key:<name of an API key>` or `postdesk`.'),
    data: anything(
      'The why: matched rules and words, the reckoning of a date, the reason of an answer not sent, what was there before.',
    ),
  },
  { $id: 'Event', description: 'A line of the history of a ticket. Lines are only ever added.' },
)

const PromiseShape = object(
  {
    kind: oneOf(['first-response', 'resolution'], 'What was promised.'),
    dueAt: instant('The date that was told.'),
    toldAt: instant('When it was told.'),
  },
  { $id: 'Promise', description: 'A date that the requester was told.' },
)

const LinkShape = object(
  {
    ticket: number('The other ticket.'),
    kind: oneOf(
      LINK_KINDS,
      '`follow-up`: goes on where the other ended; `split`: messages of one became the other; of both the higher number is the later. `related`: nothing more is known.',
    ),
    at: instant('Since when.'),
  },
  { $id: 'Link', description: 'How a ticket belongs together with another one.' },
)

export const TicketDetail = object(
  {
    ...TICKET,
    mergedFrom: list(number('A ticket.'), 'The tickets that were merged into it: their messages are here.'),
    links: list(ref(LinkShape), 'Tickets that belong together with it, oldest link first.'),
    participants: list(ref(Participant), 'Who takes part: may write into it and hears the answers.'),
    messages: list(ref(MessageShape), 'Oldest first.'),
    events: list(ref(EventShape), 'Its history, oldest first.'),
    promises: list(ref(PromiseShape), 'Oldest first.'),
    outbox: list(ref(OutboxLine), 'The mails made out for it, newest first.'),
  },
  { $id: 'TicketDetail', description: 'A ticket with all that is known of it.' },
)

export const TICKET_SHAPES = [
  Participant,
  TicketShape,
  AttachmentShape,
  MessageShape,
  EventShape,
  PromiseShape,
  LinkShape,
  TicketDetail,
]
