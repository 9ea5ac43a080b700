import { foldAddress } from '../mail/address.ts'
import type { Address, Attachment } from '../mail/message.ts'
import { withDetail } from '../mail/reply-address.ts'
import { baseSubject, ticketTag } from '../mail/subject.ts'
import { paragraphs } from './agent-text.ts'
import type { Receivers } from './people.ts'
import { captioned, type Shown } from './pictures.ts'
import { type Agent, type MailboxPolicy, type Policy, teamOf } from './policy.ts'
import { copyNotice } from './taking-part.ts'
import { oneLine } from './template.ts'
import type { Ticket } from './ticket.ts'

/** An attachment of a mail we have received, to be sent on. */
export type PassedOn = {
  readonly rawMail: number
  readonly part: number
  readonly filename: string | null
  readonly contentType: string
  /** Its Content-ID when our HTML shows it; left out: it is a file. */
  readonly cid?: string
}

/** A mail that leaves us: rendered and final, so that a second try sends the very same. */
export type OutgoingMail = {
  readonly messageId: string
  readonly inReplyTo: string | null
  readonly references: readonly string[]
  readonly from: Address
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  /** Where answers are to go when not to `from`. */
  readonly replyTo: string | null
  readonly subject: string
  readonly text: string
  readonly html: string | null
  readonly attachments: readonly PassedOn[]
  /**
   * Written by the program: sent with the headers and the null envelope sender of RFC 3834. `generated`: to an agent, who may
   * answer, and whose bounces and absence we want to hear of.
   */
  readonly automatic: boolean | 'generated'
}

/** Files of a mail we have received, and how our mail of this Message-ID shows those that stand in its text. */
export function passOn(
  rawMail: number,
  files: readonly Attachment[],
  placed: readonly Attachment[],
  messageId: string,
): { readonly attachments: readonly PassedOn[]; readonly pictures: readonly Shown[] } {
  const cidOf = ({ part }: Attachment) => `${part}.${messageId}`
  return {
    attachments: files.map(one => {
      const { part, filename, contentType } = one
      return { rawMail, part, filename, contentType, ...(placed.includes(one) ? { cid: cidOf(one) } : {}) }
    }),
    pictures: placed.map(one => ({ cid: cidOf(one), name: one.filename })),
  }
}

/** The folded addresses that a mail goes to. */
export function recipientsOf({ to, cc }: Pick<OutgoingMail, 'to' | 'cc'>): string[] {
  return [...to, ...cc].map(({ address }) => foldAddress(address))
}

/** An agent's words to the requester, from the mailbox's address under the agent's name. */
export function answerMail(answer: {
  readonly ticket: Ticket
  readonly mailbox: MailboxPolicy
  readonly agentName: string | null
  readonly receivers: Receivers
  readonly replyTo: string | null
  /** With PICTURE in the place of each of the pictures. */
  readonly text: string
  readonly pictures: readonly Shown[]
  /** Of the team; null: none. */
  readonly signature: string | null
  /** What the desk says below; null: nothing. */
  readonly closing: string | null
  readonly messageId: string
  readonly inReplyTo: string | null
  readonly references: readonly string[]
  readonly attachments: readonly PassedOn[]
}): OutgoingMail {
  const { ticket, mailbox, agentName, receivers, pictures, signature, closing } = answer
  const below = [signature, receivers.untold.length > 0 ? copyNotice(ticket.language) : null].filter(
    part => part !== null,
  )
  const words = closing === null ? answer.text.trim() : `${answer.text.trim()}\n\n${closing.trim()}`
  return {
    messageId: answer.messageId,
    inReplyTo: answer.inReplyTo,
    references: answer.references,
    from: {
      name: agentName ? `${agentName} (${mailbox.displayName})` : mailbox.displayName,
      address: senderAddress(mailbox),
    },
    to: receivers.to,
    cc: receivers.cc,
    replyTo: answer.replyTo,
    subject: replySubject(ticket),
    text: `${captioned(words, pictures)}\n${below.length === 0 ? '' : `\n-- \n${below.join('\n')}\n`}`,
    html: answerHtml(words, pictures, below.join('\n')),
    attachments: answer.attachments,
    automatic: false,
  }
}

/** The words as HTML of our own making: what an agent's program made of them would carry its quotation along. */
function answerHtml(words: string, pictures: readonly Shown[], below: string): string {
  const foot = below === '' ? '' : `\n<div style="color:#777">-- <br>${paragraphs(below)}</div>`
  return `<!doctype html>\n<html>\n<body>\n${paragraphs(words, pictures)}${foot}\n</body>\n</html>\n`
}

/** What stands below an answer of the ticket's team; null: nothing. */
export function signatureOf(
  policy: Policy,
  ticket: Pick<Ticket, 'mailbox' | 'team'>,
  agent: Agent | null,
): string | null {
  const signature = policy.teams.get(teamOf(policy, ticket) ?? '')?.signature
  return signature ? signature.replaceAll('{agent}', agent?.displayName ?? '').trim() : null
}

/** `Re: <what it is about> [#1042]`: the tag finds the ticket again where a client drops the threading headers. */
export function replySubject(ticket: Pick<Ticket, 'id' | 'subject'>): string {
  const base = shortSubject(ticket)
  return base ? `Re: ${base} ${ticketTag(ticket.id)}` : ticketTag(ticket.id)
}

// RFC 5322 §2.1.1 allows lines of 998 octets, and a subject without blanks is a single one. The tag behind it is found again
// among the first thousand characters, of which a sign like an emoji takes two.
const LONGEST_SUBJECT = 300

/** What a ticket is about, as one line of at most so many characters, none cut in two: '' when its subject says nothing. */
export function shortSubject({ subject }: Pick<Ticket, 'subject'>, most = LONGEST_SUBJECT): string {
  return oneLine(baseSubject(subject), most)
}

/** The address our mails come from. */
export function senderAddress(mailbox: MailboxPolicy): string {
  const [first] = mailbox.addresses
  if (!first) throw new Error(`mailbox ${mailbox.name} has no address`)
  return first
}

/** The address that answers of this ticket are to go to, where the mail server delivers such addresses; else null. */
export function replyAddress(mailbox: MailboxPolicy, token: string): string | null {
  return mailbox.subaddress === null ? null : withDetail(senderAddress(mailbox), token, mailbox.subaddress)
}
