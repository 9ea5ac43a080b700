import type { Instant } from '../instant.ts'
import type { SenderProof } from '../mail/authentication-results.ts'
import type { Address, Attachment, Report } from '../mail/message.ts'
import type { Classification } from './classify.ts'
import type { Command } from './commands.ts'
import type { Buckets, Withheld } from './gate.ts'
import type { Orders } from './opening-orders.ts'
import type { AgentKey, Receivers } from './people.ts'
import type { Agent } from './policy.ts'
import type { Due } from './service-level.ts'
import type { MailedVote, Survey } from './survey.ts'
import type { Candidate, Rejected, Signal, Standing } from './thread.ts'
import type { Ticket, TicketChanges, TicketEvent, TicketId } from './ticket.ts'

/*
 * What `decide` (`intake.ts`) is told, and what it answers: data alone.
 */

/** What the shell looked up. All of it is data. */
export type Facts = {
  readonly now: Instant
  /** The name of the mailbox that the mail arrived in. */
  readonly mailbox: string
  /** The server's date of arrival (INTERNALDATE): unlike the Date header, nobody outside can choose it. */
  readonly receivedAt: Instant
  /** The same mail (same content) has been taken in before. */
  readonly duplicateOf: { readonly rawMail: number; readonly ticket: TicketId | null } | null
  /** Tickets this mail may belong to, strongest signal first. */
  readonly candidates: readonly Candidate[]
  /** How far our own mail server proved the sender. */
  readonly proof: SenderProof
  /** What shows that the sender is an agent, beside the mail server's word. */
  readonly agentKey: AgentKey | null
  /** The nearest mail of ours to agents that it cites tells of a note. */
  readonly citesNote: boolean
  /** For an agent's mail: what colleagues wrote to each other on the tickets it may belong to. */
  readonly internal: ReadonlyMap<TicketId, readonly string[]>
  /** For an agent's mail: its pictures that an earlier mail had too (SHA-256), such as logos and what is quoted. */
  readonly knownContents: ReadonlySet<string>
  /** For tickets that are done: what the sender wrote on them before, the latest first. Their signature stands below it. */
  readonly earlierWords: ReadonlyMap<TicketId, readonly string[]>
  /** The surveys about the tickets it may belong to, when it answers one. `named`: the mail holds its token. */
  readonly surveys: ReadonlyMap<TicketId, { readonly survey: Survey; readonly named: boolean }>
  /** For a report: the ticket whose mail it reports on. */
  readonly reportOn: TicketId | null
  /** There is a ticket that was opened for the sender. */
  readonly senderHasTicket: boolean
  /** The mail was blocked, and somebody wants it taken in all the same. */
  readonly released: boolean
  /** The language the sender is known to write, from earlier mail. */
  readonly senderLanguage: string | null
  /** What automatic mails to the sender, about the candidates, and of the mailbox draw from. */
  readonly buckets: Buckets
  /** When our mail to the sender was last returned for good; null: never. */
  readonly bouncedAt: Instant | null
  /** The ticket that we signed the mail's own Message-ID for: we sent it. Null: somebody else did. */
  readonly ownMail: TicketId | null
  /** Null for mail that arrives. */
  readonly past: Past | null
  /** Mail that arrived earlier may have been answered before the database was restored from a backup; null: it never was. */
  readonly quietUntil: Instant | null
}

/**
 * Mail that tells what has happened: out of an archive, or out of the folder of sent mail, where agents write in the
 * mailbox itself. `now` is then the moment it arrived at, and nobody is written to.
 */
export type Past = {
  readonly from: 'archive' | 'sent'
  /** When the last mail of each candidate arrived: what is older than that tells nothing of how the ticket stands. */
  readonly lastMails: ReadonlyMap<TicketId, Instant>
}

export type Author = 'requester' | 'participant' | 'agent' | 'stranger' | 'robot'

export type Reply =
  | {
      readonly send: 'acknowledgement'
      readonly to: Address
      readonly repeatTheirWords: boolean
    }
  | Withheld

/** What an agent's mail brings to the requester, and in copy to those who take part. */
export type Relay =
  | (Receivers & {
      /** With PICTURE in the place of each of the pictures, which are among the files. */
      readonly text: string
      readonly pictures: readonly Attachment[]
      readonly files: readonly Attachment[]
    })
  | Withheld

/** What an agent's mail comes to. */
export type AgentWork = {
  readonly commands: readonly Command[]
  /** What the agent wrote below them; all of it where something was not understood. */
  readonly words: string
  /** Why nothing of the mail was done, for the agent; null: all of it was. */
  readonly fault: { readonly line: string; readonly why: string } | null
  /** It never leaves: only colleagues read it. */
  readonly internal: boolean
  /** Why that is so though the agent did not say it; null: they did, or it leaves. */
  readonly kept: string | null
  readonly changes: TicketChanges
  /** What history tells beside the changes: new dates. */
  readonly events: readonly TicketEvent[]
  readonly tags: readonly string[]
  readonly mergeInto: TicketId | null
  /** The answer, as it goes out. */
  readonly relay: Relay
  /** The agent is told what became of it. */
  readonly receipt: boolean
  /** Until when what goes out waits, so that it can be taken back. */
  readonly holdUntil: Instant | null
}

export type NewTicket = Pick<
  Ticket,
  | 'mailbox'
  | 'team'
  | 'subject'
  | 'requester'
  | 'language'
  | 'category'
  | 'priority'
  | 'tags'
  | 'serviceLevel'
  | 'openedAt'
> & {
  readonly status: 'open' | 'pending'
  readonly due: { readonly firstResponse: Due; readonly resolution: Due }
}

export type Decision =
  | { readonly kind: 'duplicate'; readonly of: number; readonly ticket: TicketId | null; readonly why: string }
  | { readonly kind: 'report'; readonly report: Report; readonly ticket: TicketId | null; readonly why: string }
  /** Kept and listed, but no ticket: the answer of a machine to nothing we know. */
  | { readonly kind: 'automatic'; readonly why: string }
  /** Kept and listed, but no ticket and no answer: from somebody unwanted, or spam. An agent may release it. */
  | { readonly kind: 'blocked'; readonly why: string }
  /** Nothing that the desk does not know already. */
  | { readonly kind: 'skip'; readonly why: string }
  | {
      readonly kind: 'append'
      readonly ticket: Ticket
      readonly author: Author
      readonly agent: Agent | null
      readonly standing: Standing
      readonly signal: Signal
      readonly value: string
      readonly rejected: readonly Rejected[]
      readonly changes: TicketChanges
      /** Why the mail has no power over the status, where it could be expected to. */
      readonly powerless: string | null
      readonly newcomers: readonly Address[]
      /** The sender takes part and wants to no longer. */
      readonly leaves: boolean
      readonly proof: SenderProof
      readonly reply: Withheld
      /** When an agent wrote it. */
      readonly work: AgentWork | null
      /** The answer to a survey: the mail is nothing else. */
      readonly vote: MailedVote | null
      /** The agent whose machine says that they are away. */
      readonly away: Agent | null
    }
  | {
      readonly kind: 'open'
      readonly ticket: NewTicket
      readonly author: Author
      readonly agent: Agent | null
      /** A ticket done for too long to be reopened, which this one follows up. */
      readonly followUpOf: TicketId | null
      readonly newcomers: readonly Address[]
      readonly proof: SenderProof
      readonly classification: Classification
      /** What the agent asked for who opens it for somebody else; the ticket has it already, but for whose it is. */
      readonly orders: Orders | null
      readonly rejected: readonly Rejected[]
      readonly reply: Reply
    }
