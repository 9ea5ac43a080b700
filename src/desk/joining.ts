import { DeskError } from '../errors.ts'
import { earlier, type Instant } from '../instant.ts'
import { distinct, foldAddress, isMailable } from '../mail/address.ts'
import type { Address } from '../mail/message.ts'
import type { Author } from './decision.ts'
import type { Policy } from './policy.ts'
import { dueTimes } from './service-level.ts'
import type { Participant, Standing } from './thread.ts'
import { changedEvents, type Ticket, type TicketChanges, type TicketEvent, withStatus } from './ticket.ts'

/*
 * Tickets that are one after all, or two. Only people join them, by hand: a mail that cites two tickets goes to one and
 * changes nothing of the other. The messages move, with everything that hangs on them; both histories say which did.
 */

export const LINK_KINDS = ['follow-up', 'related', 'split'] as const
/** How two tickets belong together; of a follow-up and of a split the higher number is the later one. */
export type LinkKind = (typeof LINK_KINDS)[number]

/** A message, as far as it matters here. */
export type Said = {
  readonly id: number
  readonly direction: 'in' | 'out' | 'note'
  readonly author: Author | 'postdesk'
  readonly standing: Standing
  readonly from: Address
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly subject: string
}

/** What a message is to the ticket that it is on from now on. */
export type Placed = Pick<Said, 'id' | 'author' | 'standing'>

type Changed = { readonly changes: TicketChanges; readonly events: readonly TicketEvent[] }

/** What a merge comes to. `placed`: all messages of the merged ticket. */
export type Merge = { readonly merged: Changed; readonly survivor: Changed; readonly placed: readonly Placed[] }

/** Throws DeskError('conflict') when the ticket was merged: it is not to be changed any more. */
export function refuseMerged({ id, mergedInto }: Pick<Ticket, 'id' | 'mergedInto'>): void {
  if (mergedInto !== null)
    throw new DeskError('conflict', `ticket ${id} was merged into ticket ${mergedInto}: use that one`)
}

/**
 * Merges a ticket, which holds `messages`, into another one: the survivor. The merged one is closed for good, its people
 * take part in the survivor. The survivor keeps its requester, status and classification; where both are still to be
 * answered or solved the earlier date holds, for both were promised. Throws DeskError('invalid') for a ticket and itself,
 * DeskError('conflict') when either was merged before.
 */
export function mergeTickets(
  merged: Ticket,
  survivor: Ticket,
  messages: readonly Said[],
  actor: string,
  now: Instant,
): Merge {
  if (merged.id === survivor.id) throw new DeskError('invalid', `ticket ${merged.id} cannot be merged into itself`)
  refuseMerged(merged)
  refuseMerged(survivor)
  const closing = withStatus(merged, 'closed', now)
  const changes = changesByMerge(merged, survivor)
  const moved = messages.map(({ id }) => id)
  return {
    merged: {
      changes: { ...closing, mergedInto: survivor.id },
      events: [
        { kind: 'merged', actor, data: { into: survivor.id, messages: moved } },
        ...changedEvents(merged, closing, actor),
      ],
    },
    survivor: {
      changes,
      events: [
        { kind: 'merged', actor, data: { from: merged.id, messages: moved } },
        ...changedEvents(survivor, changes, actor),
      ],
    },
    placed: messages.map(one => ({ id: one.id, standing: one.standing, author: authorFor(survivor.requester, one) })),
  }
}

function changesByMerge(merged: Ticket, survivor: Ticket): TicketChanges {
  const { firstResponseAt } = merged
  // What they were answered before they asked this is no answer to it: the promise stands.
  const isOne = firstResponseAt !== null && firstResponseAt >= survivor.openedAt
  const answered =
    isOne && survivor.firstResponseAt === null && isSame(survivor.requester, merged.requester) ? firstResponseAt : null
  const unanswered = answered === null && survivor.firstResponseAt === null && firstResponseAt === null
  const unsolved = survivor.solvedAt === null && merged.solvedAt === null
  return {
    ...(answered !== null && { firstResponseAt: answered }),
    ...(unanswered && { firstResponseDue: earlier(survivor.firstResponseDue, merged.firstResponseDue) }),
    ...(unsolved && { resolutionDue: earlier(survivor.resolutionDue, merged.resolutionDue) }),
  }
}

/** A ticket that is split off, before it has a number. */
export type SplitTicket = Pick<
  Ticket,
  | 'mailbox'
  | 'team'
  | 'assignee'
  | 'subject'
  | 'requester'
  | 'language'
  | 'status'
  | 'category'
  | 'priority'
  | 'tags'
  | 'serviceLevel'
  | 'openedAt'
  | 'firstResponseDue'
  | 'resolutionDue'
>

/** What a split comes to. */
export type Split = {
  readonly ticket: SplitTicket
  /** Who takes part in the new ticket, the requester first. */
  readonly people: readonly Address[]
  readonly placed: readonly Placed[]
  /** The history of the new ticket. */
  readonly events: readonly TicketEvent[]
}

/** What a split is made of; `chosen` are ids of messages. */
export type SplitWish = { readonly chosen: readonly number[]; readonly subject?: string | undefined }

/**
 * Splits messages off a ticket, which holds `messages` (oldest first) and in which `participants` take part. The new one is
 * open, like the old one but for its dates, which are reckoned from now, and for whom it is: the sender of the first split
 * mail, else the same requester. Throws DeskError('invalid') when a message is not on the ticket or when none would be left,
 * DeskError('conflict') when the ticket was merged.
 */
export function splitTicket(
  ticket: Ticket,
  messages: readonly Said[],
  participants: readonly Participant[],
  { chosen, subject }: SplitWish,
  policy: Policy,
  actor: string,
  now: Instant,
): Split {
  refuseMerged(ticket)
  const strange = chosen.filter(id => !messages.some(one => one.id === id))
  if (strange.length > 0) throw new DeskError('invalid', `ticket ${ticket.id} has no message ${strange.join(', ')}`)
  const taken = messages.filter(({ id }) => chosen.includes(id))
  const first = taken.find(({ author }) => author !== 'postdesk')
  if (!first) throw new DeskError('invalid', 'choose at least one message that somebody wrote')
  if (!messages.some(({ id, author }) => author !== 'postdesk' && !chosen.includes(id))) {
    throw new DeskError('invalid', `ticket ${ticket.id} must keep a message that somebody wrote: split off fewer`)
  }

  const received = taken.filter(one => one.direction === 'in' && one.author !== 'agent' && isMailable(one.from.address))
  // A stranger gets a ticket of their own, and never that of others.
  const asked = received.find(({ standing }) => standing === 'accepted') ?? received[0]
  const requester = asked?.from ?? ticket.requester
  const named = taken.flatMap(({ from, to, cc }) => [from, ...to, ...cc])
  const people = distinct([
    ...(requester ? [requester] : []),
    // Whoever left hears no more of this, also under another number.
    ...participants.filter(person => !person.left && named.some(one => isSame(one, person))).map(plain),
  ])
  const { dates, reckoned } = datesFrom(now, ticket, policy)
  const { id, mailbox, team, assignee, language, category, priority, tags, serviceLevel } = ticket
  const moved = taken.map(one => one.id)
  const opened = { mailbox, message: first.id, author: authorFor(requester, first), splitFrom: id }
  return {
    ticket: {
      ...{ mailbox, team, assignee, language, category, priority, tags, serviceLevel, requester },
      ...{ subject: subject ?? first.subject, status: 'open', openedAt: now, ...dates },
    },
    people,
    placed: taken.map(one => {
      const letIn = one.standing === 'pending' && people.some(person => isSame(person, one.from))
      return letIn
        ? accepted(requester, one)
        : { id: one.id, standing: one.standing, author: authorFor(requester, one) }
    }),
    events: [
      { kind: 'opened', actor, data: opened },
      { kind: 'due', actor: 'postdesk', data: reckoned },
      { kind: 'split', actor, data: { from: id, messages: moved } },
    ],
  }
}

function datesFrom(now: Instant, ticket: Ticket, policy: Policy) {
  const { serviceLevel, priority, firstResponseDue, resolutionDue } = ticket
  const level = policy.serviceLevels.get(serviceLevel)
  const calendar = level && policy.calendars.get(level.calendar)
  if (!level || !calendar) {
    const why = `service level ${serviceLevel} is not configured any more: the dates are those of ticket ${ticket.id}`
    return { dates: { firstResponseDue, resolutionDue }, reckoned: { serviceLevel, why } }
  }
  const due = dueTimes(level, calendar, priority, now)
  return {
    dates: { firstResponseDue: due.firstResponse.at, resolutionDue: due.resolution.at },
    reckoned: { serviceLevel, ...due },
  }
}

/** What it comes to that a stranger's message is let in. `joins`: who takes part in the ticket from now on. */
export type Acceptance = Changed & { readonly placed: Placed; readonly joins: Address | null }

/**
 * Accepts a message that waited to be judged: it is what a mail of somebody who takes part would have been, and opens a
 * ticket that is done or waits for the requester. The sender takes part from now on, unless `joins` is false or the mail
 * was a machine's. Throws DeskError('conflict') when it does not wait, or the ticket was merged.
 */
export function acceptMessage(
  ticket: Ticket,
  message: Said,
  joins: boolean | undefined,
  actor: string,
  now: Instant,
): Acceptance {
  refuseMerged(ticket)
  if (message.standing !== 'pending')
    throw new DeskError('conflict', `message ${message.id} is accepted: there is nothing to judge`)
  const robot = message.author === 'robot'
  const person = (joins ?? !robot) && isMailable(message.from.address) ? message.from : null
  const changes = robot ? {} : withStatus(ticket, 'open', now)
  const data = { message: message.id, from: foldAddress(message.from.address), participant: person !== null }
  return {
    placed: person
      ? accepted(ticket.requester, message)
      : { id: message.id, author: message.author, standing: 'accepted' },
    joins: person,
    changes,
    events: [{ kind: 'accepted', actor, data }, ...changedEvents(ticket, changes, actor)],
  }
}

/** Requester or participant: what a person of a ticket is depends on the ticket; what agents and machines are does not. */
function authorFor(requester: Address | null, { author, from }: Pick<Said, 'author' | 'from'>): Said['author'] {
  if (author !== 'requester' && author !== 'participant') return author
  return isSame(requester, from) ? 'requester' : 'participant'
}

/** The message of a stranger who takes part from now on. */
function accepted(requester: Address | null, { id, author, from }: Said): Placed {
  const person = author === 'stranger' ? 'participant' : author
  return { id, standing: 'accepted', author: authorFor(requester, { author: person, from }) }
}

function plain({ name, address }: Address): Address {
  return { name, address }
}

function isSame(one: Address | null, other: Address | null): boolean {
  return one !== null && other !== null && foldAddress(one.address) === foldAddress(other.address)
}
