import type { Instant } from '../instant.ts'
import { foldAddress } from '../mail/address.ts'
import type { Address } from '../mail/message.ts'
import { ticketTag } from '../mail/subject.ts'
import type { Undone } from './agent-mail.ts'
import { type Block, htmlOf, textOf } from './agent-text.ts'
import { INTERNAL_FROM_HERE } from './internal-text.ts'
import { type OutgoingMail, replyAddress, replySubject, senderAddress } from './outgoing-mail.ts'
import type { Agent, MailboxPolicy, Policy } from './policy.ts'
import type { Ticket } from './ticket.ts'
import { momentInWords } from './wording.ts'

/*
 * What an agent is told of a mail of theirs: what was sent to whom, what was changed, until when it may be taken back; or
 * what was not understood, and how to say it.
 */

export type ReceiptInput = {
  readonly ticket: Ticket
  readonly agent: Agent
  readonly mailbox: MailboxPolicy
  readonly policy: Policy
  readonly commands: readonly string[]
  /** The mail opened the ticket. */
  readonly opened: boolean
  readonly fault: { readonly line: string; readonly why: string } | null
  /** Why it stayed a note though the agent did not say so. */
  readonly kept: string | null
  readonly changes: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
  readonly sentTo: readonly Address[]
  readonly holdUntil: Instant | null
  readonly undone: Undone | null
  /** The detail of the agent's own address for the ticket. */
  readonly address: string
  readonly messageId: string
  readonly answers: { readonly messageId: string | null; readonly before: readonly string[] }
  /** Where this agent forwards what people wrote to them alone; null: to the mailbox. */
  readonly forwardTo: string | null
  /** What the agent wrote, so that nothing of it is lost. */
  readonly text: string
  readonly timeZone: string
  readonly now: Instant
}

export function receiptMail(input: ReceiptInput): OutgoingMail {
  const { ticket, agent, mailbox, answers } = input
  const blocks: Block[] = [{ kind: 'mark', text: INTERNAL_FROM_HERE }, ...said(input)]
  const [root] = answers.before
  const references = [root, answers.before.at(-1), answers.messageId].filter(id => id !== undefined && id !== null)
  return {
    messageId: input.messageId,
    inReplyTo: answers.messageId,
    references: [...new Set(references)],
    from: { name: mailbox.displayName, address: senderAddress(mailbox) },
    to: [{ name: agent.displayName, address: agent.addresses[0] ?? '' }],
    cc: [],
    replyTo: replyAddress(mailbox, input.address),
    subject: replySubject(ticket),
    text: textOf(blocks),
    html: htmlOf(blocks),
    attachments: [],
    automatic: true,
  }
}

function said(input: ReceiptInput): Block[] {
  const { fault, commands, undone, text } = input
  const place = fault && fault.line !== '' ? `“${fault.line}”: ` : ''
  if (fault && input.opened) {
    return [
      block(`${openedFor(input)}, and nothing else was done. ${place}${fault.why}.`),
      block('Answer this mail with the line put right.'),
      ...help(input),
    ]
  }
  if (fault) {
    return [
      block(`Nothing was sent and nothing was changed. ${place}${fault.why}.`),
      block('What you wrote is kept as a note on the ticket. Send it again with the line put right:'),
      block(text),
      ...help(input),
    ]
  }
  if (commands.includes('undo')) return [block(UNDONE[undone ?? 'nothing'])]
  if (commands.includes('help')) return help(input)
  return [
    block(outcome(input)),
    ...(input.kept === null
      ? []
      : [block(`If it is for ${requesterOf(input)}, send it again below the line #send:`), block(text)]),
    ...(input.holdUntil === null
      ? []
      : [
          block(
            `Reply #undo until ${momentInWords('en', input.timeZone, input.now, input.holdUntil)} to take it back.`,
          ),
        ]),
  ]
}

const UNDONE: Readonly<Record<Undone, string>> = {
  done: 'Taken back: nothing was sent, and what was changed is as before. Your words are kept as a note.',
  'all-but-accepted':
    'Taken back: nothing was sent, and what was changed is as before. But whoever you let in stays: only the API can split their messages off.',
  nothing: 'There is nothing of yours on this ticket that could be taken back.',
  sent: 'Too late: the mail has left. Nothing was taken back.',
  merged: 'A merge cannot be taken back by mail: the API can split messages off again.',
}

function openedFor(input: ReceiptInput): string {
  return `Ticket ${input.ticket.id} was opened for ${requesterOf(input)}`
}

function requesterOf({ ticket }: ReceiptInput): string {
  const { name = '', address = '' } = ticket.requester ?? {}
  return name.trim() || address || 'nobody'
}

function outcome(input: ReceiptInput): string {
  const { ticket, sentTo, changes, holdUntil, opened, kept } = input
  const people = sentTo.map(({ name, address }) => (name.trim() === '' ? foldAddress(address) : name)).join(', ')
  const lines = [
    opened
      ? `${openedFor(input)}.`
      : sentTo.length === 0
        ? `${kept === null ? '' : `Kept as a note for colleagues, for ${kept}. `}Nothing was sent to the requester.`
        : `${holdUntil === null ? 'Sent' : 'Goes'} to ${people}.`,
    ...Object.entries(changes).flatMap(([field, { to }]) => {
      const words = FIELDS[field]
      return words === undefined ? [] : `${words}: ${to ?? 'none'}.`
    }),
  ]
  return `${ticketTag(ticket.id)} ${lines.join('\n')}`
}

const FIELDS: Readonly<Record<string, string>> = {
  status: 'Status',
  priority: 'Priority',
  category: 'Category',
  team: 'Team',
  assignee: 'Assigned to',
  pendingUntil: 'Waits until',
  cause: 'Cause',
  fix: 'Fix',
  mergedInto: 'Merged into',
}

/** The commands, and what they may name here. */
function help({ policy, forwardTo, mailbox }: ReceiptInput): Block[] {
  const of = (names: Iterable<string>) => [...names].join(', ') || 'none configured'
  return [
    'Commands stand in the first lines, each in its own; below them your words to the requester.',
    '#note — what follows is for colleagues alone; so is an answer to a note, and what you forward into a ticket, but for #send',
    '#send — what follows goes to the requester all the same',
    '#solved — solves the ticket and tells the requester',
    '#cause …, #fix … — why it happened and what was done, told when it is solved',
    '#pending 3d — waits for the requester, at most so long (h, d, w); #open — is worked on',
    `#take, #assign name, #assign nobody — ${of(policy.agents.map(({ name }) => name))}`,
    `#team name — ${of(policy.teams.keys())}`,
    '#priority low, normal, high or urgent',
    `#category name — ${of(policy.categories.keys())}`,
    `#template name — sends a prepared text: ${of(policy.answers.keys())}`,
    '#tag word · #merge 1042 · #follow, #unfollow · #accept lets in what a stranger wrote',
    `Forward a colleague's mail to ${forwardTo ?? senderAddress(mailbox)}, and it becomes their ticket; #take, #priority and the like may stand above it.`,
    '#receipt — tells what became of the mail; #undo — takes the last one back; #help',
  ].map(text => ({ kind: 'fact', text }))
}

function block(text: string): Block {
  return { kind: 'text', text }
}
