import { Temporal } from 'temporal-polyfill'
import { epochMs, type Instant, instantOf, later, MINUTE, plus } from '../instant.ts'
import type { Address } from '../mail/message.ts'
import { ticketTag } from '../mail/subject.ts'
import { type Block, htmlOf, textOf } from './agent-text.ts'
import { INTERNAL_FROM_HERE } from './internal-text.ts'
import { actionLinks } from './notification.ts'
import { type OutgoingMail, senderAddress, shortSubject } from './outgoing-mail.ts'
import type { Agent, MailboxPolicy, Notice } from './policy.ts'
import { PRIORITIES, type Ticket } from './ticket.ts'
import { momentInWords } from './wording.ts'

/*
 * One mail at a time of day instead of one for each thing that happens.
 */

/**
 * Whether an agent is told at once all the same: a digest would come after the date that it tells of, and an urgent ticket waits
 * for none.
 */
export function cannotWait(notice: Notice, { priority }: Ticket): boolean {
  return notice === 'due' || notice === 'breached' || priority === 'urgent'
}

/**
 * The last moment up to `now` at which a digest was to be sent; null without times. A time that the clocks skip is as much later
 * as if they had not been moved, of one that comes twice the first counts.
 */
export function lastDigestAt(times: readonly string[], timeZone: string, now: Instant): Instant | null {
  const today = Temporal.Instant.from(now).toZonedDateTimeISO(timeZone).toPlainDate()
  // The day before yesterday too: places have jumped over a whole day.
  const days = [0, 1, 2].map(days => today.subtract({ days }))
  const moments = days.flatMap(day =>
    times.map(time => {
      const local = day.toPlainDateTime(Temporal.PlainTime.from(time))
      return instantOf(local.toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds)
    }),
  )
  const past = moments.filter(moment => moment <= now)
  return past.length > 0 ? past.reduce(later) : null
}

/** For whom no times are set, and so much happens at once that a mail for each thing would hide the rest of their mail. */
const STORM_PAUSE_MS = 15 * MINUTE

/** Whether what waits since `since` is to be told now. Of several times that were missed one mail tells. */
export function isDigestDue({ digest }: Agent, since: Instant, timeZone: string, now: Instant): boolean {
  // Before the clock was set right: of a time that never came nobody knows how long it has waited.
  if (since > plus(now, MINUTE)) return true
  if (digest.length === 0) return plus(since, STORM_PAUSE_MS) <= now
  const last = lastDigestAt(digest, timeZone, now)
  return last !== null && since < last
}

/** What happened to a ticket since the last digest. */
export type DigestEntry = {
  readonly ticket: Ticket
  readonly notices: readonly Notice[]
  /** The agent's own address for this ticket; null: the mailbox has none. */
  readonly address: string | null
}

export type DigestInput = {
  readonly entries: readonly DigestEntry[]
  readonly agent: Agent
  readonly mailbox: MailboxPolicy
  readonly timeZone: string
  readonly messageId: string
  readonly now: Instant
}

/** What does not fit on a few screens is not read. */
const MOST_ENTRIES = 100

export function digestMail({ entries, agent, mailbox, timeZone, messageId, now }: DigestInput): OutgoingMail {
  const sorted = entries.toSorted((a, b) => byUrgency(a.ticket, b.ticket))
  const left = sorted.length - MOST_ENTRIES
  const count = `${sorted.length} ${sorted.length === 1 ? 'ticket' : 'tickets'}`
  const blocks: Block[] = [
    { kind: 'mark', text: INTERNAL_FROM_HERE },
    { kind: 'text', text: `What happened to ${count} since the last such mail, the most urgent first:` },
    ...sorted.slice(0, MOST_ENTRIES).flatMap(entry => blocksOf(entry, agent, timeZone, now)),
    ...(left > 0 ? [{ kind: 'fact', text: `and ${left} more, which the API lists` } as const] : []),
    {
      kind: 'text',
      text: 'An answer to this mail belongs to no ticket: use the links, or answer the ticket’s own mail.',
    },
  ]
  return {
    messageId,
    inReplyTo: null,
    references: [],
    from: { name: mailbox.displayName, address: senderAddress(mailbox) },
    to: [{ name: agent.displayName, address: agent.addresses[0] ?? '' }],
    cc: [],
    replyTo: null,
    subject: `${count} with news, ${momentInWords('en', timeZone, now, now)}`,
    text: textOf(blocks),
    html: htmlOf(blocks),
    attachments: [],
    automatic: 'generated',
  }
}

const isDone = ({ status }: Ticket) => status === 'solved' || status === 'closed'

/** What is to be done before what is done, then by priority, then by the next date. */
function byUrgency(a: Ticket, b: Ticket): number {
  const done = Number(isDone(a)) - Number(isDone(b))
  const priority = PRIORITIES.indexOf(b.priority) - PRIORITIES.indexOf(a.priority)
  return done || priority || epochMs(nextDate(a).at) - epochMs(nextDate(b).at) || a.id - b.id
}

function nextDate({ firstResponseAt, firstResponseDue, resolutionDue }: Ticket): { what: string; at: Instant } {
  return firstResponseAt === null ? { what: 'answer', at: firstResponseDue } : { what: 'solution', at: resolutionDue }
}

const HAPPENED: Readonly<Record<Notice, readonly [string, string]>> = {
  new: ['new', 'new'],
  reply: ['a reply', 'replies'],
  assigned: ['given to you', 'given to you'],
  due: ['due soon', 'due soon'],
  breached: ['overdue', 'overdue'],
  bounced: ['our mail came back', 'mails of ours came back'],
  note: ['a note or an answer of a colleague', 'notes and answers of colleagues'],
}

function blocksOf({ ticket, notices, address }: DigestEntry, agent: Agent, timeZone: string, now: Instant): Block[] {
  const happened = [...new Set(notices)].map(notice => {
    const times = notices.filter(one => one === notice).length
    const [once, more] = HAPPENED[notice]
    return times === 1 || once === more ? once : `${times} ${more}`
  })
  const { what, at } = nextDate(ticket)
  const over = at <= now ? ', which has passed' : ''
  const whose =
    ticket.assignee === agent.name ? 'yours' : ticket.assignee === null ? 'nobody’s' : `of ${ticket.assignee}`
  const facts = [
    `${ticketTag(ticket.id)} ${shortSubject(ticket, 80) || 'No subject'}`,
    [
      ticket.requester && named(ticket.requester),
      happened.join(', '),
      isDone(ticket) ? null : `${what} promised for ${momentInWords('en', timeZone, now, at)}${over}`,
      `${ticket.status}, ${whose}, priority ${ticket.priority}`,
    ]
      .filter(Boolean)
      .join(' · '),
  ]
  return [
    { kind: 'fact', text: '' },
    ...facts.map(text => ({ kind: 'fact', text }) as const),
    ...(address === null
      ? []
      : [{ kind: 'links', links: actionLinks(ticket, address, ['take', 'note', 'solved']) } as const]),
  ]
}

function named({ name, address }: Address): string {
  return name.trim() === '' ? address : name
}
