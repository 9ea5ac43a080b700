import { isOneOf } from '../mail/address.ts'
import type { MxTrust } from '../mail/authentication-results.ts'
import type { Message } from '../mail/message.ts'
import type { Calendar } from './calendar.ts'
import type { Rule } from './classify.ts'
import type { ServiceLevel } from './service-level.ts'
import type { TemplateSet } from './template.ts'
import type { Status, Ticket } from './ticket.ts'

/** Someone who answers tickets, known by the addresses they write from. */
export type Agent = {
  /** Key in the configuration: `ana`. */
  readonly name: string
  /** Shown to requesters: `Ana Pop`. */
  readonly displayName: string
  /** Folded (`foldAddress`). The first one is written to. */
  readonly addresses: readonly string[]
  readonly teams: readonly string[]
  readonly notify: ReadonlySet<Notice>
  /** Times of day, `08:30`, at which everything is told in one mail; none: a mail each. */
  readonly digest: readonly string[]
  /** Which of their mails are answered with what became of them. */
  readonly receipts: 'always' | 'risky' | 'never'
  /** The name of the calendar of their working hours; null: always. */
  readonly calendar: string | null
}

/** What agents are told of. */
export type Notice = 'new' | 'reply' | 'assigned' | 'due' | 'breached' | 'bounced' | 'note'

/** A group of agents that tickets go to. */
export type Team = {
  readonly name: string
  readonly displayName: string
  /** Who gets a new ticket. */
  readonly assign: 'manual' | 'round-robin' | 'least-loaded'
  /** After so much working time an unanswered ticket goes back to the team; null: never. */
  readonly returnAfterMs: number | null
  /** Below its answers, with `{agent}` for the name. */
  readonly signature: string | null
}

/** What the desk knows about one shared mailbox. */
export type MailboxPolicy = {
  /** Key in the configuration: `it`. */
  readonly name: string
  /** Shown as the sender of our mails: `IT Help`. */
  readonly displayName: string
  /** Folded; the first one is the sender of our mails. */
  readonly addresses: readonly string[]
  readonly team: string | null
  /** The language of our mails when that of the requester is unknown or has no templates. */
  readonly language: string
  readonly serviceLevel: string
  readonly acknowledge: boolean
  /** Whether the requester is told that a ticket is solved. */
  readonly closing: boolean
  /** What stands between name and detail in `it+detail@` (RFC 5233), when the mail server delivers that; null: it does not. */
  readonly subaddress: string | null
  /** The status a ticket gets when an agent has answered without saying more. */
  readonly afterAnswer: Status
}

/** Folded: `jane@example.org`, `@example.org` without sub-domains, `example.org` with all of them. */
export type SenderEntries = ReadonlySet<string>

/** What a bucket of automatic mails holds, and how fast it fills again. */
export type Budget = { readonly size: number; readonly perDay: number }

/** Everything the desk decides by. Built once from the configuration; readonly data. */
export type Policy = {
  readonly mailboxes: ReadonlyMap<string, MailboxPolicy>
  readonly agents: readonly Agent[]
  readonly teams: ReadonlyMap<string, Team>
  /** Texts that agents send by name, by language. */
  readonly answers: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly agentMail: {
    /** How long (ms) an agent may take back what a receipt tells of. */
    readonly undoForMs: number
    /** How long (ms) what was written to an agent gives powers. */
    readonly keysForMs: number
    /** How long (ms) before a promised date its agents are warned. */
    readonly dueWarningMs: number
  }
  readonly survey: {
    /** Whether the requester of a solved ticket is asked how content they are. */
    readonly ask: boolean
    readonly anonymous: boolean
    /** Where people reach our pages, without a slash at the end; null: they do not. */
    readonly publicUrl: string | null
  }
  /** In the order in which they are tried. */
  readonly rules: readonly Rule[]
  readonly calendars: ReadonlyMap<string, Calendar>
  readonly serviceLevels: ReadonlyMap<string, ServiceLevel>
  readonly templates: TemplateSet
  /** Categories by key with their name in each language; a category without names is shown by its key. */
  readonly categories: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** Every address that is ours, folded: of mailboxes and their aliases. Mail from them is our own coming back. */
  readonly ownAddresses: ReadonlySet<string>
  /** List-Ids (folded, without brackets) of our own distribution groups: their list headers do not make a mail automatic. */
  readonly ownLists: ReadonlySet<string>
  /** Domains of the people this desk serves, folded. Only to them does an automatic mail repeat words they wrote. */
  readonly peopleDomains: ReadonlySet<string>
  /** Whose word on senders is believed: our own mail servers. */
  readonly mx: MxTrust
  /** How long (ms) a reply reopens what was done; later it opens a new ticket that follows it up. */
  readonly reopenWithinMs: number
  /** How much automatic mail one address gets, one ticket brings, and one mailbox sends. */
  readonly budgets: { readonly address: Budget; readonly ticket: Budget; readonly mailbox: Budget }
  /** `X-Auto-Response-Suppress` is a wish, not proof of a machine: whether an acknowledgement heeds it. */
  readonly heedSuppressHeader: boolean
  /** Whose mail is always taken in, and whose never. */
  readonly senders: { readonly allow: SenderEntries; readonly block: SenderEntries }
  /** Mail that our server's spam filter marked is blocked. */
  readonly heedSpam: boolean
  /** Mail whose server date is older than this many ms is never answered automatically. */
  readonly acknowledgeMaxAgeMs: number
}

/** What stands before the details in the addresses of a mailbox; null when it has none, or is not configured any more. */
export function delimiterOf({ mailboxes }: Policy, mailbox: string): string | null {
  return mailboxes.get(mailbox)?.subaddress ?? null
}

/** The name of the mailbox that a mail went to, or was sent from; of the first one when it names none of ours. */
export function mailboxFor(policy: Policy, message: Message): string {
  const [first] = policy.mailboxes.keys()
  const found = namedMailbox(policy, message) ?? first
  if (found === undefined) throw new Error('the policy has no mailbox')
  return found
}

/** The name of the mailbox whose address a mail names as the one that it went to, or was sent from; null when it names none of ours. */
export function namedMailbox({ mailboxes }: Policy, { headers, to, cc, from }: Message): string | null {
  const delivered = headers.filter(({ name }) => name === 'delivered-to' || name === 'x-original-to')
  const named = [...delivered.map(({ value }) => value), ...[...to, ...cc].map(({ address }) => address)]
  if (from) named.push(from.address)
  const all = [...mailboxes.values()]
  return all.find(({ addresses }) => named.some(address => isOneOf(address, new Set(addresses))))?.name ?? null
}

/**
 * The name of the team whose ticket it is: its own. When that is not configured any more, whoever has the mailbox that writes
 * about it now, and no others. Null: it is for all agents.
 */
export function teamOf(policy: Policy, ticket: Pick<Ticket, 'mailbox' | 'team'>): string | null {
  const { team } = ticket
  return team === null || policy.teams.has(team) ? team : mailboxOf(policy, ticket).team
}

/**
 * The mailbox from which a ticket is written about: its own. When that is not configured any more, another one of its team, else
 * the first: whoever waits for an answer gets it all the same. Throws when the policy has none at all, which is a bug.
 */
export function mailboxOf({ mailboxes }: Policy, { mailbox, team }: Pick<Ticket, 'mailbox' | 'team'>): MailboxPolicy {
  const all = [...mailboxes.values()]
  const found = mailboxes.get(mailbox) ?? all.find(one => one.team === team) ?? all[0]
  if (!found) throw new Error('the policy has no mailbox')
  return found
}
