import type { Instant } from '../instant.ts'
import { foldAddress } from '../mail/address.ts'
import type { Address } from '../mail/message.ts'
import { withVerb } from '../mail/reply-address.ts'
import { ticketTag } from '../mail/subject.ts'
import { type Block, htmlOf, textOf } from './agent-text.ts'
import type { Calendar } from './calendar.ts'
import { INTERNAL_FROM_HERE } from './internal-text.ts'
import { type OutgoingMail, type PassedOn, senderAddress, shortSubject } from './outgoing-mail.ts'
import { agentOf } from './people.ts'
import type { Shown } from './pictures.ts'
import { type Agent, type MailboxPolicy, type Notice, type Policy, teamOf } from './policy.ts'
import { oneLine } from './template.ts'
import type { Ticket } from './ticket.ts'
import { momentInWords } from './wording.ts'

/*
 * What agents are told by mail, and which of them. A notification reads like the mail it is about: the new words first,
 * from the person who wrote them, so that an agent answers it as any other mail. Below the mark stands what only agents
 * may know.
 */

/** Something that happened to a ticket. */
export type Happening = {
  readonly notice: Notice
  readonly ticket: Ticket
  /** The agent who did it, who knows; null: somebody else. */
  readonly by: string | null
}

/** Who could be told, beside those whom the configuration names. */
export type Crew = {
  readonly followers: readonly string[]
  /** Out of office. */
  readonly away: ReadonlySet<string>
}

/**
 * The agents who are told: whose ticket it is, else the team, and those who follow it. Nobody of what they did themselves,
 * nobody of a ticket in which they ask for help themselves: an agent in copy of a colleague's mail gets no answers, and would hear
 * no more of it. Who is away is only told when all are.
 */
export function whoIsTold({ notice, ticket, by }: Happening, crew: Crew, policy: Policy): Agent[] {
  const requester = agentOf(policy, ticket.requester?.address ?? '')
  const mayKnow = policy.agents.filter(agent => agent.name !== by && agent !== requester)
  const wanting = mayKnow.filter(agent => agent.notify.has(notice))
  const followers = wanting.filter(({ name }) => crew.followers.includes(name))
  const assignee =
    ticket.assignee === null ? null : (policy.agents.find(({ name }) => name === ticket.assignee) ?? null)
  if (notice === 'assigned') return wanting.filter(({ name }) => name === ticket.assignee)
  // What a colleague writes concerns whose ticket it is, and not the whole team.
  if (notice === 'note') return distinct([...wanting.filter(({ name }) => name === ticket.assignee), ...followers])
  const isThere = assignee !== null && !crew.away.has(assignee.name)
  if (assignee && isThere) return distinct([...wanting.filter(({ name }) => name === assignee.name), ...followers])
  const name = teamOf(policy, ticket)
  const team = wanting.filter(({ teams }) => name === null || teams.includes(name))
  const present = team.filter(({ name }) => !crew.away.has(name))
  return distinct([...(present.length > 0 ? present : team), ...followers])
}

function distinct(agents: readonly Agent[]): Agent[] {
  return [...new Set(agents)]
}

/** The message that a notification is about. */
export type Told = {
  readonly from: Address
  /** With PICTURE in the place of each of the pictures. */
  readonly text: string
  readonly pictures: readonly Shown[]
  readonly attachments: readonly PassedOn[]
  /** Its attachments are too large to go along: so many. */
  readonly leftOut: number
  /** From a stranger, for agents to judge. */
  readonly pending: boolean
  /** For colleagues alone. */
  readonly note: boolean
}

/** What agents are told about a ticket beside its fields. */
export type Background = {
  /** Other tickets of the requester, newest first. */
  readonly earlier: readonly Ticket[]
  /** Solved ones about the same. */
  readonly alike: readonly Ticket[]
  /** Why it was sorted as it was: `rule “printer”`. */
  readonly sortedBy: readonly string[]
}

export type NotificationInput = {
  readonly happening: Happening
  /** Said first when nobody wrote anything: `The answer is due …`. */
  readonly headline: string | null
  readonly told: Told | null
  readonly agent: Agent
  readonly mailbox: MailboxPolicy
  readonly calendar: Calendar
  readonly background: Background
  /** The agent's own address for this ticket; null: answers go to the mailbox and are known by what they cite. */
  readonly replyTo: string | null
  readonly messageId: string
  /** What the agent was told of this ticket before, oldest first. */
  readonly before: readonly string[]
  readonly now: Instant
}

// What follows it is to be seen too.
const LONGEST_NAME = 100

export function notificationMail(input: NotificationInput): OutgoingMail {
  const { happening, told, agent, mailbox, before, replyTo } = input
  const { ticket } = happening
  const said = words(input)
  const isMarked = said.some(({ kind }) => kind === 'mark')
  const mark: Block[] = isMarked ? [] : [{ kind: 'mark', text: INTERNAL_FROM_HERE }]
  const blocks = [...said, ...mark, ...facts(input), ...actions(input)]
  const subject = `${shortSubject(ticket) || 'No subject'} ${ticketTag(ticket.id)}`
  const root = before[0]
  const last = before.at(-1)
  return {
    messageId: input.messageId,
    inReplyTo: last ?? null,
    references: root === undefined ? [] : [...new Set([root, ...before.slice(-5)])],
    from: {
      name: told ? `${oneLine(nameOf(told.from), LONGEST_NAME)} via ${mailbox.displayName}` : mailbox.displayName,
      address: senderAddress(mailbox),
    },
    to: [{ name: agent.displayName, address: agent.addresses[0] ?? '' }],
    cc: [],
    // What answers a note is one, also where the program that answers drops what it cites.
    replyTo: replyTo !== null && told?.note ? (withVerb(replyTo, 'note') ?? replyTo) : replyTo,
    // The same in all of a ticket's mails: Gmail makes a new conversation of a new subject.
    subject: root === undefined ? subject : `Re: ${subject}`,
    text: textOf(blocks),
    html: htmlOf(blocks),
    attachments: told?.attachments ?? [],
    automatic: 'generated',
  }
}

function words({ told, headline, happening }: NotificationInput): Block[] {
  const blocks: Block[] = []
  if (headline !== null) blocks.push({ kind: 'mark', text: INTERNAL_FROM_HERE }, { kind: 'text', text: headline })
  if (!told) return blocks
  const { pending, note, leftOut } = told
  // What is no word of the requester stands below a mark of its own: nothing of it may come back in an answer to them.
  if ((note || pending) && headline === null) blocks.push({ kind: 'mark', text: INTERNAL_FROM_HERE })
  if (note && headline === null) blocks.push({ kind: 'text', text: 'A note for colleagues:' })
  if (pending) {
    const who = `${nameOf(told.from)} <${told.from.address}>`
    blocks.push({
      kind: 'text',
      text: `${who} takes no part in ticket ${happening.ticket.id}, or may be somebody else. Only agents see this mail; #accept lets it in.`,
    })
  }
  blocks.push({ kind: 'text', text: told.text, pictures: told.pictures })
  if (leftOut > 0)
    blocks.push({
      kind: 'text',
      text: `(${leftOut === 1 ? 'An attachment is' : `${leftOut} attachments are`} too large for this mail: see the API.)`,
    })
  return blocks
}

function facts({ happening: { ticket }, calendar, background, now }: NotificationInput): Block[] {
  const { requester, status, priority, category, team, assignee } = ticket
  const at = (instant: Instant) => momentInWords('en', calendar.timeZone, now, instant)
  const due = [
    ...(ticket.firstResponseAt === null ? [`answer promised: ${at(ticket.firstResponseDue)}`] : []),
    ...(ticket.solvedAt === null ? [`solution: ${at(ticket.resolutionDue)}`] : [`solved ${at(ticket.solvedAt)}`]),
    ...(ticket.pendingUntil === null ? [] : [`waits until ${at(ticket.pendingUntil)}`]),
  ]
  const whose = assignee === null ? 'assigned to nobody' : `assigned to ${assignee}`
  const lines = [
    [
      `Ticket ${ticket.id}`,
      status,
      `priority ${priority}`,
      category,
      team && `team ${team}`,
      whose,
      ...ticket.tags.map(tag => `#${tag}`),
    ],
    [
      requester ? `${nameOf(requester)} <${requester.address}>` : 'No requester who could be answered',
      ...background.earlier.map(one => `earlier: ${named(one)} (${one.status})`),
    ],
    [capital(due.join(', ')), `times of ${calendar.timeZone}`],
    background.sortedBy.length > 0 ? [`Sorted by ${background.sortedBy.join(', ')}`] : [],
    ...background.alike.map(one => [`Solved before: ${named(one)}`, one.fix && `fix: ${one.fix}`]),
  ]
  return lines
    .map(parts => parts.filter(Boolean).join(' · '))
    .filter(line => line !== '')
    .map(text => ({ kind: 'fact', text }))
}

/** One tap on a telephone: each opens a mail that only needs to be sent, for the address itself says what to do. */
const ACTIONS = ['take', 'solved', 'note', 'help'] as const
const ACTIONS_OF_NOTES = ['take', 'solved', 'send', 'help'] as const

function actions({ replyTo, happening: { ticket }, told }: NotificationInput): Block[] {
  const who = ticket.requester ? nameOf(ticket.requester) : 'nobody'
  const whither = told?.note
    ? `Reply, and it is a note for your colleagues; below the first line #send it goes to ${who}.`
    : `Reply, and what you write goes to ${who}${told?.pending ? `, not to ${nameOf(told.from)}` : ''}.`
  const lead: Block = {
    kind: 'fact',
    text: `${whither} A first line such as ${told?.note ? '#send' : '#note'}, #solved, #assign name or #pending 3d is a command; #help tells all.`,
  }
  if (replyTo === null) return [lead]
  const verbs = told?.note ? ACTIONS_OF_NOTES : told?.pending ? (['accept', ...ACTIONS] as const) : ACTIONS
  return [lead, { kind: 'links', links: actionLinks(ticket, replyTo, verbs) }]
}

/** Mails to an agent's own address of a ticket that hold a command (RFC 6068 §2). */
export function actionLinks(
  ticket: Ticket,
  address: string,
  verbs: readonly string[],
): { readonly label: string; readonly href: string }[] {
  const subject = encodeURIComponent(`Re: ${shortSubject(ticket, 60)} ${ticketTag(ticket.id)}`)
  return verbs.map(verb => {
    const own = withVerb(address, verb)
    const href = own ? `mailto:${own}?subject=${subject}` : `mailto:${address}?subject=${subject}&body=%23${verb}`
    return { label: `#${verb}`, href }
  })
}

function named(ticket: Ticket): string {
  return `${ticketTag(ticket.id)} ${shortSubject(ticket, 60)}`
}

function nameOf({ name, address }: Address): string {
  return name.trim() === '' ? foldAddress(address) : name
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
