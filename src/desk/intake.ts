import { earlier, type Instant, later, msBetween } from '../instant.ts'
import { domainOf, foldAddress, isMailable, isOneOf } from '../mail/address.ts'
import type { SenderProof } from '../mail/authentication-results.ts'
import type { Address, AutomaticKind, Message } from '../mail/message.ts'
import { ownWords } from '../mail/new-text.ts'
import { withoutSharedEnd } from '../mail/shared-end.ts'
import { readVote } from '../mail/survey.ts'
import { insists, isThanks } from '../mail/thanks.ts'
import { agentWork, isForUs, withheldOfPast } from './agent-mail.ts'
import { whyBlocked } from './blocking.ts'
import { classify } from './classify.ts'
import type { AgentWork, Author, Decision, Facts, Reply } from './decision.ts'
import { closedFor, type Withheld, withhold } from './gate.ts'
import { mailedVote } from './mailed-vote.ts'
import { ordersIn } from './opening-orders.ts'
import { agentOf, answersElsewhere, newcomers, onBehalfOf, provenAgent } from './people.ts'
import type { Agent, MailboxPolicy, Policy } from './policy.ts'
import { type Due, dueTimes } from './service-level.ts'
import type { MailedVote } from './survey.ts'
import { wantsToLeave } from './taking-part.ts'
import { templateLanguages } from './template.ts'
import { type Candidate, type Rejected, type Standing, type Threading, thread, type Writer } from './thread.ts'
import { type Priority, type Ticket, type TicketChanges, withStatus } from './ticket.ts'

/*
 * The one place where it is decided what becomes of a mail. Facts in, a Decision out: no clock, no database, no I/O, and a
 * decision for every mail there can be. Each part of a decision carries its why, which ends up in the ticket's history.
 */

/**
 * Decides what becomes of a mail. Total: every mail gets a decision. `facts.mailbox` must be one of the policy's; a
 * mailbox that is not is a bug of the caller and throws.
 */
export function decide(message: Message, facts: Facts, policy: Policy): Decision {
  const mailbox = policy.mailboxes.get(facts.mailbox)
  if (!mailbox) throw new Error(`no mailbox ${facts.mailbox} in the policy`)

  if (facts.duplicateOf) {
    const { rawMail, ticket } = facts.duplicateOf
    return { kind: 'duplicate', of: rawMail, ticket, why: `the same mail was taken in before, as number ${rawMail}` }
  }
  const ours = message.from !== null && isOneOf(message.from.address, policy.ownAddresses)
  if (facts.past !== null && ours && facts.ownMail !== null)
    return { kind: 'skip', why: `we sent it ourselves, for ticket ${facts.ownMail}` }
  const blocked = whyBlocked(message, facts, policy)
  if (blocked !== null) return { kind: 'blocked', why: blocked }
  if (message.report) {
    const why = `${message.report.kind} report${facts.reportOn ? ` on ticket ${facts.reportOn}` : ', on no mail of ours that we know'}`
    return { kind: 'report', report: message.report, ticket: facts.reportOn, why }
  }

  const robot = message.automatic !== null && !MAY_BE_A_PERSON.has(message.automatic.kind)
  const agent = robot ? null : agentBehind(message, facts, policy)
  // In an archive and among sent mail that is how the desk answered.
  const fromDesk = facts.past !== null && !robot && ours
  const vote = mailedVote(message, facts)
  if (vote) {
    const by = { author: 'requester', agent: null, standing: 'accepted' } as const
    return append(message, facts, policy, mailbox, vote.candidate, by, [], vote)
  }
  const writer: Writer = {
    address: message.from && foldAddress(message.from.address),
    addressed: new Set([...message.to, ...message.cc].map(({ address }) => foldAddress(address))),
    isAgent: agent !== null || fromDesk,
    proof: facts.proof,
    provable: (policy.mx.servIds.size > 0 || message.via !== null) && facts.past === null,
  }
  const threading = thread(facts.candidates, writer, facts.now, policy.reopenWithinMs)
  if (threading.joined) {
    const { candidate, standing } = threading.joined
    const author = fromDesk ? 'agent' : authorOf(message, facts, candidate, standing, robot, agent)
    const by = { author, agent: author === 'agent' ? agent : null, standing }
    return append(message, facts, policy, mailbox, candidate, by, threading.rejected)
  }
  if (facts.past?.from === 'sent') return { kind: 'skip', why: 'sent mail that answers nothing we know' }
  const byDesk = facts.past === null ? agent !== null && !isForUs(message, policy) : agent !== null || fromDesk
  const writtenTo = byDesk ? addressee(message, policy) : null
  const behalfOf = agent && !facts.past && !writtenTo ? onBehalfOf(message, facts.senderHasTicket, policy) : null
  if (fromDesk && !writtenTo) return { kind: 'automatic', why: 'own-address: our own mail, to nobody but ourselves' }
  if (message.automatic && ANSWERS_NOTHING.has(message.automatic.kind)) {
    return { kind: 'automatic', why: `${message.automatic.kind}: ${message.automatic.why}; it belongs to no ticket` }
  }
  return open(message, facts, policy, mailbox, { robot, agent, writtenTo, behalfOf }, threading)
}

/** List and bulk mail, and mail that only asks not to be answered, may still be written by a person. */
const MAY_BE_A_PERSON: ReadonlySet<AutomaticKind> = new Set(['list', 'bulk', 'suppress-header'])

/** A machine's answers and receipts: without the ticket they answer they are nobody's request. Alerts are. */
const ANSWERS_NOTHING: ReadonlySet<AutomaticKind> = new Set([
  'vacation',
  'auto-reply',
  'dsn',
  'mdn',
  'feedback',
  'delivered',
  'calendar',
  'loop',
])

/** For whom a ticket is that begins with the desk's words: whom they were written to. */
function addressee({ to, cc }: Message, policy: Policy): Address | null {
  const isTheirs = ({ address }: Address) =>
    isMailable(address) && !isOneOf(address, policy.ownAddresses) && !agentOf(policy, address)
  return [...to, ...cc].find(isTheirs) ?? null
}

/** The agent who wrote a mail. What is past is believed; in sent mail Sender tells who wrote (RFC 5322 §3.6.2). */
function agentBehind(message: Message, { past, proof, agentKey }: Facts, policy: Policy): Agent | null {
  if (!past) return provenAgent(message, proof, agentKey, policy)
  const { from, sender } = message
  const known = from && agentOf(policy, from.address)
  return known ?? (past.from === 'sent' && sender ? agentOf(policy, sender.address) : null)
}

function authorOf(
  message: Message,
  { agentKey }: Facts,
  { ticket, issuedTo }: Candidate,
  standing: Standing,
  robot: boolean,
  agent: Agent | null,
): Author {
  if (robot) return 'robot'
  if (standing === 'pending') return 'stranger'
  const sender = message.from ? foldAddress(message.from.address) : ''
  // An agent who asked for help is the requester of that ticket, whatever their job.
  if (ticket.requester && foldAddress(ticket.requester.address) === sender) return 'requester'
  // Merged into another's, their own request still has the address that was made for them as the one who asks.
  const asks = agentKey === null && issuedTo === sender
  return agent && !asks ? 'agent' : 'participant'
}

function append(
  message: Message,
  facts: Facts,
  policy: Policy,
  mailbox: MailboxPolicy,
  candidate: Candidate,
  by: { readonly author: Author; readonly agent: Agent | null; readonly standing: Standing },
  rejected: readonly Rejected[],
  vote: MailedVote | null = null,
): Decision {
  const { ticket, signal, value } = candidate
  const { author, agent, standing } = by
  const work =
    author === 'agent' ? agentWork(message, candidate, agent, facts, mailbox, policy, mayBeAnswered(facts)) : null
  const takesPart = author === 'requester' || author === 'participant'
  const powerless = takesPart ? whyPowerless(message, ticket, facts) : null
  return {
    kind: 'append',
    ticket,
    ...by,
    signal,
    value,
    rejected,
    powerless,
    changes: isOvertaken(ticket, facts)
      ? changesByEarlierMail(ticket, work, facts.receivedAt)
      : work
        ? work.changes
        : takesPart && powerless === null
          ? withStatus(ticket, 'open', facts.now)
          : {},
    newcomers:
      standing === 'pending' || author === 'robot' || vote || (work && !reachesRequester(work, message, ticket))
        ? []
        : newcomers(message, { proof: facts.proof, agent: author === 'agent' ? agent : null, signal }, policy),
    leaves: author === 'participant' && wantsToLeave(ownWords(message)),
    proof: facts.proof,
    reply: facts.past
      ? withheldOfPast(facts.past.from)
      : withhold('belongs-to-ticket', `the mail belongs to ticket ${ticket.id}, which was acknowledged when it opened`),
    work,
    vote,
    away: author === 'robot' ? agentAway(message, facts, policy) : null,
  }
}

/**
 * Whether the requester gets what an agent wrote. Whom the agent wrote to without them, a vendor or the one who is asked in a note,
 * must not read along from then on, nor be shown to the requester in the next answer.
 */
function reachesRequester({ internal, relay }: AgentWork, { to, cc }: Message, { requester }: Ticket): boolean {
  if (internal) return false
  if (!('send' in relay)) return true
  const address = foldAddress(requester?.address ?? '')
  return [...to, ...cc].some(one => foldAddress(one.address) === address)
}

/** Why the mail of somebody who takes part leaves the status as it is; null: it reopens. */
function whyPowerless(message: Message, { id, status }: Ticket, { earlierWords }: Facts): string | null {
  if (answersElsewhere(message)) return 'Reply-To is not the sender: the mail has no power over the status'
  if (wantsToLeave(ownWords(message))) return 'the sender only leaves the conversation'
  if (readVote(message)) return 'the mail only answers the survey'
  const done = status === 'solved' || status === 'closed'
  // Their own word for it is never taken for courtesy, and a file says more than thanks.
  if (!done || insists(ownWords(message)) !== null || message.attachments.some(({ inline }) => !inline)) return null
  const words = message.from
    ? withoutSharedEnd(ownWords(message), earlierWords.get(id) ?? [], message.from)
    : ownWords(message)
  return isThanks(words, message.language)
    ? 'the mail only says thanks: what is done stays done; REOPEN on the first line would open it again'
    : null
}

/** The ticket holds later mail already. */
function isOvertaken(ticket: Ticket, { past, receivedAt }: Facts): boolean {
  return (past?.lastMails.get(ticket.id) ?? '') > receivedAt
}

/** Of mail that others have followed only the first response is still news. */
function changesByEarlierMail(ticket: Ticket, work: AgentWork | null, at: Instant): TicketChanges {
  if (!work || work.internal) return {}
  // The question that it answers may come only now, out of an archive: the ticket began with what came after.
  const answeredAt = later(ticket.openedAt, at)
  return ticket.firstResponseAt !== null && ticket.firstResponseAt <= answeredAt ? {} : { firstResponseAt: answeredAt }
}

/** The agent who is away, when a machine of theirs says so in answer to what we wrote to them. */
function agentAway({ from, automatic }: Message, { agentKey, past }: Facts, policy: Policy): Agent | null {
  const agent = from && agentOf(policy, from.address)
  return agent && !past && automatic?.kind === 'vacation' && agentKey?.proves && agentKey.agent === agent.name
    ? agent
    : null
}

function open(
  message: Message,
  facts: Facts,
  policy: Policy,
  mailbox: MailboxPolicy,
  by: {
    readonly robot: boolean
    readonly agent: Agent | null
    /** The desk wrote first, to this person. */
    readonly writtenTo: Address | null
    /** An agent forwarded what this person wrote. */
    readonly behalfOf: Address | null
  },
  { rejected, followUpOf }: Pick<Threading, 'rejected' | 'followUpOf'>,
): Decision {
  const { robot, agent, writtenTo, behalfOf } = by
  const byAgent = writtenTo !== null || behalfOf !== null
  const classification = classify(policy.rules, {
    subject: message.subject,
    text: message.forwarded ? `${message.newText}\n${message.forwarded.text}` : message.newText,
    sender: message.from?.address ?? '',
    recipients: [...message.to, ...message.cc].map(address => address.address),
    attachments: message.attachments.flatMap(attachment => attachment.filename ?? []),
  })
  const orders = byAgent && agent && !facts.past ? ordersIn(message, agent, policy, behalfOf === null) : null
  const priority = orders?.wanted.priority ?? classification.priority ?? 'normal'
  const serviceLevel = classification.serviceLevel ?? mailbox.serviceLevel
  const sender = message.from && isMailable(message.from.address) ? message.from : null
  // The person has been waiting since the mail arrived, not since we read it; a server's clock may run ahead of ours.
  const openedAt = earlier(facts.receivedAt, facts.now)
  return {
    kind: 'open',
    author: byAgent ? 'agent' : robot ? 'robot' : 'requester',
    agent: byAgent ? agent : null,
    followUpOf,
    // What an agent forwards does not reach the one whom it is for.
    newcomers: robot || behalfOf ? [] : newcomers(message, { proof: facts.proof, agent, signal: null }, policy),
    proof: facts.proof,
    classification,
    orders,
    rejected,
    ticket: {
      mailbox: mailbox.name,
      team: orders?.wanted.team ?? classification.team ?? mailbox.team,
      subject: message.subject,
      requester: writtenTo ?? behalfOf ?? sender,
      status: writtenTo ? 'pending' : 'open',
      language: languageFor(message, facts, policy, mailbox),
      category: orders?.wanted.category ?? classification.category,
      priority,
      tags: [...new Set([...classification.tags, ...(orders?.tags ?? [])])],
      serviceLevel,
      openedAt,
      due: dueAt(policy, serviceLevel, priority, openedAt),
    },
    reply: writtenTo
      ? facts.past
        ? withheldOfPast(facts.past.from)
        : withhold('agent-wrote', 'an agent wrote to them: there is nothing to acknowledge')
      : acknowledge(behalfOf ? { ...message, from: behalfOf } : message, facts, policy, mailbox),
  }
}

/** The language to answer in: that of the mail (what was forwarded rather than a word above it), else what this person wrote before, else the mailbox's; templates must exist. */
function languageFor(message: Message, facts: Facts, policy: Policy, mailbox: MailboxPolicy): string {
  const known = templateLanguages(policy.templates, 'acknowledgement')
  const written = message.forwarded ? message.forwarded.language : message.language
  return [written, facts.senderLanguage].find(one => one !== null && known.includes(one)) ?? mailbox.language
}

function dueAt(
  policy: Policy,
  serviceLevel: string,
  priority: Priority,
  from: Instant,
): { firstResponse: Due; resolution: Due } {
  const level = policy.serviceLevels.get(serviceLevel)
  const calendar = level && policy.calendars.get(level.calendar)
  if (!level || !calendar) throw new Error(`no service level ${serviceLevel}, or its calendar, in the policy`)
  return dueTimes(level, calendar, priority, from)
}

/** May this mail be acknowledged? The reasons against it in the order in which they are told. */
function acknowledge(message: Message, facts: Facts, policy: Policy, mailbox: MailboxPolicy): Reply {
  if (facts.past) return withheldOfPast(facts.past.from)
  const { now, buckets, bouncedAt, proof } = facts
  const about = { ticket: null, mailbox: mailbox.name }
  const closed = closedFor(message, about, { now, buckets, bouncedAt, proof }, policy)
  if (closed) return closed
  const restored = mayBeAnswered(facts)
  if (restored) return restored
  const age = msBetween(facts.receivedAt, facts.now)
  if (age > policy.acknowledgeMaxAgeMs) {
    return withhold('too-old', `the server received the mail ${Math.floor(age / 3_600_000)} hours ago`)
  }
  if (!mailbox.acknowledge) return withhold('switched-off', `mailbox ${mailbox.name} sends no acknowledgements`)
  const sender = message.from
  if (!sender) throw new Error('the gate is open for nobody')
  return {
    send: 'acknowledgement',
    to: sender,
    repeatTheirWords: message.via === null && mayHearThemselves(sender, facts, policy),
  }
}

/**
 * Whether words of the mail may stand in the answer: only where it surely goes to who wrote them. Otherwise anybody could
 * have us carry their phishing to whomever they write into From.
 */
export function mayHearThemselves(
  { address }: Address,
  { proof }: { readonly proof: Pick<SenderProof, 'level'> },
  { peopleDomains, mx }: Policy,
): boolean {
  const proven = mx.servIds.size > 0 ? proof.level === 'pass' : proof.level !== 'fail'
  return proven && peopleDomains.has(domainOf(address))
}

/** Read a second time, because the database that knew what was sent for it is gone. */
function mayBeAnswered({ receivedAt, quietUntil }: Facts): Withheld | null {
  if (quietUntil === null || receivedAt >= quietUntil) return null
  const words = `it arrived before ${quietUntil}, and since then the database was restored from a backup`
  return withhold('restored', `${words}: what it was answered with may have been sent already`)
}
