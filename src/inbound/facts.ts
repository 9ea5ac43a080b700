import type { Commanded } from '../desk/agent-mail.ts'
import type { Facts, Past } from '../desk/decision.ts'
import { type Buckets, drawsOf } from '../desk/gate.ts'
import { type AgentKey, agentOf, provenAgent } from '../desk/people.ts'
import { inTheText } from '../desk/pictures.ts'
import { type Agent, delimiterOf, type Policy } from '../desk/policy.ts'
import type { Survey } from '../desk/survey.ts'
import type { Candidate, Signal } from '../desk/thread.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Ids } from '../ids.ts'
import { DAY, earlier, type Instant, plus } from '../instant.ts'
import { foldAddress } from '../mail/address.ts'
import type { Message } from '../mail/message.ts'
import { citedIds, foldId } from '../mail/message-id.ts'
import { ownWords } from '../mail/new-text.ts'
import { type AgentToken, agentTokens, readReplyToken, replyTokens } from '../mail/reply-address.ts'
import { proofOf } from '../mail/rewritten-from.ts'
import { baseSubject, isReplySubject, taggedTickets } from '../mail/subject.ts'
import { readSurveyToken, readVote } from '../mail/survey.ts'
import { conversationIds } from '../mail/thread-index.ts'
import type { Reads } from '../store/store.ts'
import { citedNotifications, citedOfOurs } from './own-mail.ts'
import { wasShown } from './shown-keys.ts'

/** More ids, tags or tickets than these are no conversation but an attempt to keep us busy. */
const MAX_CANDIDATES = 10
/** How long an answer without any reference is taken for one by its subject alone. */
const SAME_SUBJECT_MS = 7 * DAY

type Arrived = {
  readonly mailbox: string
  readonly receivedAt: Instant
  readonly rawMail: number
  /** Not fresh from the postman: it is decided as if it were the day it arrived. */
  readonly past: Past['from'] | null
  /** Blocked before, and now released. */
  readonly released: boolean
}

/** Looks up everything that `decide` is told about a mail. */
export async function gatherFacts(
  read: Reads,
  { ids, policy }: { readonly ids: Ids; readonly policy: Policy },
  arrived: Arrived,
  message: Message,
  now: Instant,
): Promise<Facts> {
  const proof = proofOf(message, policy.mx)
  const agentKey = await keyOf(read, ids, policy, arrived.mailbox, message, now)
  const agent = provenAgent(message, proof, agentKey, policy)
  // Whoever an agent forwards for is answered instead of the agent.
  const sender = (agent && message.forwarded?.from ? message.forwarded.from : message.from)?.address ?? null
  const original = message.report?.originalMessageId ?? null
  const found = await candidates(read, ids, policy, arrived, message)
  return {
    now: arrived.past ? earlier(arrived.receivedAt, now) : now,
    mailbox: arrived.mailbox,
    receivedAt: arrived.receivedAt,
    duplicateOf: await read.sameContent(message.fingerprint, arrived.rawMail),
    candidates: found,
    proof,
    agentKey,
    citesNote: agent !== null && (await citesNote(read, message)),
    internal: agent ? await internalTexts(read, found, agent) : new Map(),
    knownContents: agent ? await read.knownContents(inTheText(message).map(({ sha256 }) => sha256)) : new Set(),
    earlierWords: await earlierWords(read, found, sender),
    surveys: readVote(message) ? await surveysAbout(read, ids, found, message) : new Map(),
    reportOn: original ? await ticketOfOurMail(read, ids, original) : null,
    senderHasTicket: sender ? await read.hasTicket(sender) : false,
    released: arrived.released,
    senderLanguage: sender ? await read.languageOf(sender) : null,
    buckets: await buckets(read, policy, sender ?? '', found, arrived.mailbox),
    bouncedAt: sender ? await read.bouncedAt(sender) : null,
    ownMail: message.messageId ? ids.ticketOf(message.messageId) : null,
    past: arrived.past && { from: arrived.past, lastMails: await lastMails(read, found) },
    quietUntil: await read.quietUntil(),
  }
}

async function earlierWords(
  read: Reads,
  found: readonly Candidate[],
  sender: string | null,
): Promise<Facts['earlierWords']> {
  const words = new Map<TicketId, readonly string[]>()
  if (sender === null) return words
  const done = found.filter(({ ticket: { status } }) => status === 'solved' || status === 'closed')
  for (const { ticket } of done) words.set(ticket.id, await read.wordsBy(sender, ticket.id))
  return words
}

/** The surveys that the mail may answer: the last one of each ticket, or the one whose token it holds. */
async function surveysAbout(
  read: Reads,
  ids: Ids,
  found: readonly Candidate[],
  message: Message,
): Promise<Facts['surveys']> {
  const surveys = new Map<TicketId, { survey: Survey; named: boolean }>()
  const token = readSurveyToken(ownWords(message))
  const named = token && ids.isSurveyToken(token) ? await read.survey(token.ticket, token.solvedAt) : null
  for (const { ticket } of found) {
    const tickets = [ticket.id, ...(await read.mergedInto(ticket.id))]
    const isNamed = named !== null && tickets.includes(named.ticket)
    const survey = isNamed ? named : await read.lastSurvey(tickets)
    if (survey) surveys.set(ticket.id, { survey, named: isNamed })
  }
  return surveys
}

function buckets(
  read: Reads,
  { budgets }: Policy,
  address: string,
  found: readonly Candidate[],
  mailbox: string,
): Promise<Buckets> {
  const about = [null, ...found.map(({ ticket }) => ticket.id)]
  return read.buckets(about.flatMap(ticket => drawsOf({ address, ticket, mailbox }, budgets)).map(({ name }) => name))
}

async function lastMails(read: Reads, found: readonly Candidate[]): Promise<Map<TicketId, Instant>> {
  const last = new Map<TicketId, Instant>()
  for (const { ticket } of found) {
    const at = await read.lastMailAt(ticket.id)
    if (at) last.set(ticket.id, at)
  }
  return last
}

/** What the sender of a mail has that we gave to nobody but the agent with this address. */
async function keyOf(
  read: Reads,
  ids: Ids,
  policy: Policy,
  mailbox: string,
  message: Message,
  now: Instant,
): Promise<AgentKey | null> {
  const agent = message.from && agentOf(policy, message.from.address)
  if (!agent) return null
  const { keysSince } = await read.agentState(agent.name)
  const oldest = plus(now, -policy.agentMail.keysForMs)
  const isGood = (madeAt: Instant) => madeAt >= oldest && (keysSince === null || madeAt >= keysSince)
  const theirs = agentTokens(message, delimiterOf(policy, mailbox)).filter(one => ids.isTokenOf(one, agent.name))
  const key = { agent: agent.name, verb: theirs.find(({ verb }) => verb !== null)?.verb ?? null }
  for (const token of theirs)
    if (isGood(token.madeAt) && !(await wasShown(read, token, agent.name)))
      return { ...key, by: 'address', proves: true }
  const notified = (await citedNotifications(read, message)).some(
    one => one.agent === agent.name && !one.shown && isGood(one.at),
  )
  if (notified) return { ...key, by: 'notification', proves: true }
  return theirs.length > 0 ? { ...key, by: 'address', proves: false } : null
}

/** Of everything that it cites the last is what it answers. */
async function citesNote(read: Reads, message: Message): Promise<boolean> {
  const [nearest] = await citedNotifications(read, message)
  return nearest?.kind === 'note'
}

/**
 * What colleagues wrote to each other on these tickets. No secret are words that an agent meant for the requester, and which
 * are kept as a note because they were not understood or taken back: they are sent again, put right.
 */
async function internalTexts(
  read: Reads,
  found: readonly Candidate[],
  { name }: Agent,
): Promise<Map<TicketId, readonly string[]>> {
  const texts = new Map<TicketId, readonly string[]>()
  for (const { ticket } of found) {
    const meant = new Set(
      (await read.events(ticket.id)).flatMap(({ kind, actor, data }) =>
        kind === 'commanded' ? (meantFor(data, actor === `agent:${name}`) ?? []) : [],
      ),
    )
    const notes = (await read.messages(ticket.id)).filter(one => one.direction === 'note' && !meant.has(one.id))
    texts.set(
      ticket.id,
      notes.map(({ newText }) => newText),
    )
  }
  return texts
}

/** The message of which the requester was to get the words; null: it was a note from the beginning. `own`: who asks wrote it. */
function meantFor(data: Readonly<Record<string, unknown>>, own: boolean): number | null {
  const { message, commands, fault, outbox, kept } = data as Commanded
  const isKept = own && typeof kept === 'string'
  const isMeant = !commands.includes('note') && (outbox !== null || fault !== null || isKept)
  return isMeant ? message : null
}

type Sign = {
  readonly ticket: TicketId
  readonly signal: Signal
  readonly value: string
  readonly token?: string
  readonly of?: AgentToken
}

/** The tickets this mail may belong to, strongest signal first, each ticket once. */
async function candidates(
  read: Reads,
  ids: Ids,
  policy: Policy,
  { mailbox, past, receivedAt }: Arrived,
  message: Message,
): Promise<Candidate[]> {
  const delimiter = delimiterOf(policy, mailbox)
  const signs: Sign[] = []
  const cited = citedIds(message.inReplyTo, message.references)
  const own = message.messageId ? foldId(message.messageId) : null
  const known = await read.threadIds(own ? [...cited, own] : cited)
  const ours = await citedOfOurs(read, ids, cited, known)
  // The mail that a token came with may have been split off since.
  const whereNow = (named: TicketId) => ours.find(one => one.signedFor === named)?.ticket ?? named
  for (const token of replyTokens(message, delimiter)) {
    const named = readReplyToken(token)?.ticket
    if (named === undefined) continue
    signs.push({ ticket: whereNow(named), signal: 'token', value: `reply address of ${named}`, token })
  }
  for (const token of agentTokens(message, delimiter))
    if (token.ticket > 0)
      signs.push({
        ticket: whereNow(token.ticket),
        signal: 'token',
        value: `agent's address of ${token.ticket}`,
        of: token,
      })
  for (const { ticket, id } of ours) signs.push({ ticket, signal: 'own-id', value: id })
  for (const id of cited) {
    for (const row of firstAndNewest(known.filter(row => row.id === id)))
      signs.push({ ticket: row.ticket, signal: row.held ? 'held-id' : 'cited-id', value: id })
  }
  for (const row of known) {
    if (row.id === own && !row.held) signs.push({ ticket: row.ticket, signal: 'awaited', value: row.id })
  }
  for (const ticket of taggedTickets(message.subject)) signs.push({ ticket, signal: 'tag', value: `[#${ticket}]` })
  for (const row of await read.threadIds(conversationIds(message.headers)))
    signs.push({ ticket: row.ticket, signal: 'conversation', value: row.id })
  // Years later nobody can tell any more: there ids alone count.
  for (const ticket of past ? [] : await ofSameSubject(read, message, receivedAt))
    signs.push({ ticket, signal: 'subject', value: baseSubject(message.subject) })

  const found = new Map<TicketId, Candidate>()
  for (const { ticket: named, signal, value, token, of } of signs) {
    if (found.size >= MAX_CANDIDATES) break
    const id = await read.survivorOf(named)
    if (found.has(id)) continue
    const ticket = await read.ticket(id)
    if (!ticket) continue
    const people = await read.participants(id)
    const participants = new Map(people.map(person => [foldAddress(person.address), person]))
    if (of) {
      const agent = policy.agents.find(({ name }) => ids.isTokenOf(of, name))
      if (agent) found.set(id, { ticket, participants, signal, value, issuedTo: agent.addresses[0] ?? null })
      continue
    }
    if (token === undefined) {
      found.set(id, { ticket, participants, signal, value })
      continue
    }
    // Whom a token was made for is not in it: it is one of those who take part, or it is not ours.
    const issuedTo = [...participants.keys()].find(address => ids.ticketOfToken(token, address) !== null)
    if (issuedTo !== undefined) found.set(id, { ticket, participants, signal, value, issuedTo })
  }
  return [...found.values()]
}

type Known = Awaited<ReturnType<Reads['threadIds']>>[number]

/** Tickets that have one id, those that hold it before those that cite it: who had it first, then the newest. */
function firstAndNewest(rows: readonly Known[]): Known[] {
  return [true, false].flatMap(held => {
    const [first, ...others] = rows.filter(row => row.held === held).sort((a, b) => a.ticket - b.ticket)
    return first ? [first, ...others.reverse()] : []
  })
}

/** Some clients and gateways drop every reference: an answer of the same person about the same thing, soon after. */
async function ofSameSubject(read: Reads, message: Message, receivedAt: Instant): Promise<TicketId[]> {
  const subject = baseSubject(message.subject)
  if (!message.from || subject === '' || !isReplySubject(message.subject)) return []
  const since = plus(receivedAt, -SAME_SUBJECT_MS)
  const lately = { requester: foldAddress(message.from.address), updatedSince: since }
  const recent = await read.tickets(lately, MAX_CANDIDATES)
  const found: TicketId[] = []
  for (const { id, subject: its, openedAt } of recent) {
    if (baseSubject(its) !== subject) continue
    // A mailbox that is read for the first time brings years of mail within minutes.
    const last = (await read.lastMailAt(id)) ?? openedAt
    if (last >= since && last <= plus(receivedAt, SAME_SUBJECT_MS)) found.push(id)
  }
  return found
}

/** The ticket that a mail of ours with this Message-ID belongs to; null when we never sent it. */
async function ticketOfOurMail(read: Reads, ids: Ids, messageId: string): Promise<TicketId | null> {
  const known = (await read.threadIds([messageId])).filter(row => row.held)
  const [ours] = await citedOfOurs(read, ids, [messageId], known)
  const ticket = ours?.ticket ?? known[0]?.ticket ?? null
  return ticket !== null && (await read.ticket(ticket)) ? ticket : null
}
