import { cannotWait } from '../desk/digest.ts'
import { type Draw, drawn, levelOf } from '../desk/gate.ts'
import {
  type Background,
  type Crew,
  type Happening,
  notificationMail,
  type Told,
  whoIsTold,
} from '../desk/notification.ts'
import { passOn, replyAddress, senderAddress } from '../desk/outgoing-mail.ts'
import { agentOf } from '../desk/people.ts'
import { illustrate, inTheText } from '../desk/pictures.ts'
import { type Agent, mailboxOf, type Notice, type Policy, teamOf } from '../desk/policy.ts'
import type { Ticket, TicketEvent } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import { domainOf, foldAddress } from '../mail/address.ts'
import type { Address } from '../mail/message.ts'
import type { StoredMessage } from '../store/messages.ts'
import type { Reads, Tx } from '../store/store.ts'
import { calendarOf, type Dispatching, type Happened } from './dispatching.ts'

/*
 * From an event to the mails that tell agents of it.
 */

/** What there is to tell of an event; null: nothing. */
type News = Happening & { readonly message: StoredMessage | null; readonly headline: string | null }

export async function notify(tx: Tx, dispatching: Dispatching, event: Happened): Promise<void> {
  const { policy, clock } = dispatching
  const news = await newsOf(tx, dispatching, event)
  if (!news) return
  const now = clock()
  const crew = { followers: await tx.followers(news.ticket.id), away: new Set(await tx.agentsAway()) }
  const told: string[] = []
  let background: Background | null = null
  const toldNext = event.kind === 'opened' ? await handedNext(tx, dispatching, event, crew) : []
  const agents = whoIsTold(news, crew, policy)
  const silence = unheard(news, agents, policy)
  if (silence) await tx.addEvents(news.ticket.id, [silence], now)
  for (const agent of agents) {
    if (toldNext.includes(agent)) continue
    const draws = drawsOf(news, agent, policy)
    const buckets = await tx.buckets(draws.map(({ name }) => name))
    const dry = draws.find(({ name, budget }) => levelOf(buckets.get(name) ?? null, budget, now) < 1)
    if (dry?.why === 'robot-storm') {
      await tx.addEvents(news.ticket.id, [withheldFrom(agent, dry)], now)
      continue
    }
    if (dry || (agent.digest.length > 0 && !cannotWait(news.notice, news.ticket))) {
      const { ticket, notice } = news
      await tx.addDigestLine({ agent: agent.name, event: event.id, ticket: ticket.id, notice, at: event.at })
      continue
    }
    background ??= await backgroundOf(tx, news.ticket)
    if (!(await tell(tx, dispatching, event, news, background, agent, now))) continue
    await tx.setBuckets(drawn(draws, buckets, now))
    told.push(agent.name)
  }
  const data = { notice: news.notice, agents: told }
  if (told.length > 0) await tx.addEvents(news.ticket.id, [{ kind: 'notified', actor: 'postdesk', data }], now)
}

const FOR_SOMEBODY: ReadonlySet<Notice> = new Set(['new', 'reply', 'breached'])

/**
 * Nobody hears of what the whole team should; null: somebody does, or it is meant so. Whose agents want no mail at all (`notify: []`),
 * or who has none, works by the API.
 */
function unheard({ notice, ticket, by }: News, told: readonly Agent[], policy: Policy): TicketEvent | null {
  const isSomebodys = policy.agents.length === 0 || policy.agents.some(({ name }) => name === ticket.assignee)
  if (told.length > 0 || by !== null || isSomebodys || !FOR_SOMEBODY.has(notice)) return null
  const team = teamOf(policy, ticket)
  const inCharge = policy.agents.filter(({ teams }) => team === null || teams.includes(team))
  if (inCharge.length > 0 && inCharge.every(({ notify }) => notify.size === 0)) return null
  const detail = `no agent ${team === null ? '' : `of team ${team} `}is to be told of this (\`${notice}\`)`
  return {
    kind: 'reply-withheld',
    actor: 'postdesk',
    data: { kind: 'notification', agent: null, why: 'nobody', detail },
  }
}

/**
 * Who is told next that the new ticket is theirs: it was given to them as it opened (`#assign` above a forward), or before anybody
 * was told of it.
 */
async function handedNext(tx: Tx, dispatching: Dispatching, { id, ticket }: Happened, crew: Crew): Promise<Agent[]> {
  const told: Agent[] = []
  for (const event of await tx.events(ticket)) {
    if (event.id <= id || event.kind !== 'changed') continue
    const news = await newsOf(tx, dispatching, { ...event, ticket })
    if (news?.notice === 'assigned') told.push(...whoIsTold(news, crew, dispatching.policy))
  }
  return told
}

/** Machines that go on for ever, and days on which everything fails at once, fill no agent's mailbox: more waits for a digest. */
const AGENT_BUDGET = { size: 100, perDay: 2_000 }

/** What a notification costs. Of a machine that goes on and on an agent hears a few times, and not in digests either. */
function drawsOf({ ticket, message }: News, { name }: Agent, { budgets }: Policy): Draw[] {
  const own = `agent:${name}`
  const ofRobots = { name: `${own}:robots:${ticket.id}`, budget: budgets.ticket }
  return [
    ...(message?.author === 'robot' ? [{ ...ofRobots, why: 'robot-storm', whose: `${name} of machines` }] : []),
    { name: own, budget: AGENT_BUDGET, why: 'too-many', whose: name },
  ]
}

function withheldFrom({ name }: Agent, { whose, why, budget }: Draw): TicketEvent {
  const detail = `${whose} had ${budget.size} notifications, and gets ${budget.perDay} more a day`
  return { kind: 'reply-withheld', actor: 'postdesk', data: { kind: 'notification', agent: name, why, detail } }
}

async function tell(
  tx: Tx,
  { policy, ids }: Dispatching,
  event: Happened,
  news: News,
  background: Background,
  agent: Agent,
  now: Instant,
): Promise<boolean> {
  const { ticket } = news
  const mailbox = mailboxOf(policy, ticket)
  const calendar = calendarOf(policy, ticket)
  if (!calendar) return false
  const before = await tx.notificationsOf(ticket.id, agent.name)
  const messageId = ids.mint(ticket.id, domainOf(senderAddress(mailbox)))
  const mail = notificationMail({
    ...{ happening: news, headline: news.headline, told: news.message && (await toldOf(tx, news.message, messageId)) },
    ...{ agent, mailbox, calendar, background },
    replyTo: replyAddress(mailbox, ids.agentToken(ticket.id, agent.name, now)),
    ...{ messageId, before: before.map(one => one.messageId), now },
  })
  const queued = {
    ...{ ticket: ticket.id, message: news.message?.id ?? null, mailbox: mailbox.name, mail },
    kind: 'notification' as const,
    dedupeKey: `notification:${event.id}:${agent.name}`,
  }
  if ((await tx.enqueue(queued, now)) === null) return false
  await tx.saveThreadIds(ticket.id, messageId, [])
  // What answers a note is one: this is where it is known by what it cites.
  const kind = news.notice === 'note' && news.message?.direction !== 'note' ? 'answer' : news.notice
  await tx.saveNotification({ messageId, ticket: ticket.id, agent: agent.name, kind, at: now })
  return true
}

async function newsOf(
  read: Reads,
  { policy, log }: Dispatching,
  { kind, ticket: id, actor, data }: Happened,
): Promise<News | null> {
  // What is past was told in its time.
  if (data['past']) return null
  const message = typeof data['message'] === 'number' ? await read.message(data['message']) : null
  // It may have been split off or merged since.
  const ticket = await read.ticket(message?.ticket ?? (await read.survivorOf(id)))
  if (!ticket) return null
  const by = actor.startsWith('agent:') ? actor.slice('agent:'.length) : null
  const news = { ticket, by, message, headline: null }
  switch (kind) {
    case 'opened':
      return data['splitFrom'] === undefined ? { ...news, notice: 'new' } : null
    case 'message':
      // A vote without words stands on the ticket; nobody needs to act.
      if (!message || isAbsence(message) || isEmpty(message) || data['vote']) return null
      // Their machine answers what we told them: telling it would go on for ever.
      if (message.author === 'robot' && agentOf(policy, message.from.address)) return null
      if (message.author === 'agent' || message.author === 'postdesk') return { ...news, notice: 'note' }
      return { ...news, notice: 'reply' }
    case 'changed': {
      const handed = handing(ticket, data)
      return handed && { ...news, ...handed, message: await firstMail(read, ticket) }
    }
    case 'report': {
      if (data['permanent'] !== true) return null
      const returned = message?.report?.originalMessageId ?? ''
      const [toAgent] = await read.notificationsCited([returned])
      if (toAgent) {
        // To tell agents that their mail comes back would bring the next one back, and so on for ever.
        log.warn({ ticket: ticket.id, agent: toAgent.agent }, 'a mail to an agent was returned: correct their address')
        return null
      }
      const headline = 'Our mail to the requester was returned for good: they have not got it.'
      return { ...news, message: null, notice: 'bounced', headline }
    }
    case 'reply-failed':
      // Of mails to agents and admins nobody is told by such mails.
      return data['kind'] === 'answer' || data['kind'] === 'closing'
        ? { ...news, message: null, notice: 'bounced', headline: failureOf(data) }
        : null
    case 'reminded':
      return { ...news, message: null, notice: data['notice'] as News['notice'], headline: String(data['words'] ?? '') }
    default:
      return null
  }
}

/** What a restored backup holds back does not say whom it was for. */
function failureOf({ kind, to, error, outbox }: Happened['data']): string {
  const what = kind === 'closing' ? 'Our mail that it is solved' : 'Our answer'
  const whom = ((to ?? []) as readonly Address[]).map(({ address }) => address).join(', ')
  return `${what}${whom && ` to ${whom}`} was not sent, and is not tried again by itself: ${error} (mail ${outbox} of the outbox)`
}

/** Commands alone are told by what they change. */
function isEmpty({ author, newText, attachments }: StoredMessage): boolean {
  return author === 'agent' && newText.trim() === '' && attachments.length === 0
}

/** A machine's word that somebody is away, or got our mail, is no news. */
function isAbsence({ automatic }: StoredMessage): boolean {
  return (
    automatic !== null && ['vacation', 'auto-reply', 'loop', 'mdn', 'delivered', 'calendar'].includes(automatic.kind)
  )
}

type Change = { readonly to: unknown; readonly why?: string } | undefined

/** Whose the ticket is now: of an agent, back with the team, or of another team that nobody of has it yet. */
function handing(ticket: Ticket, data: Happened['data']): { notice: 'assigned' | 'new'; headline: string } | null {
  const [assignee, team] = [data['assignee'] as Change, data['team'] as Change]
  const why = assignee?.why ? ` (${assignee.why})` : ''
  const say = (whose: string) => `Ticket ${ticket.id} is ${whose} now${why}. What it is about:`
  // Given on before this was looked at: the change after it tells whom it concerns.
  if (typeof assignee?.to === 'string' && assignee.to !== ticket.assignee) return null
  if (typeof assignee?.to === 'string') return { notice: 'assigned', headline: say('yours') }
  if (assignee?.why) return { notice: 'new', headline: say('back with the team') }
  if (typeof team?.to === 'string' && ticket.assignee === null)
    return { notice: 'new', headline: say('one of your team') }
  return null
}

async function firstMail(read: Reads, ticket: Ticket): Promise<StoredMessage | null> {
  return (
    (await read.messages(ticket.id)).find(({ direction, standing }) => direction === 'in' && standing === 'accepted') ??
    null
  )
}

/** Bytes; what is larger bounces at the first mail server that thinks so. */
const MOST_ATTACHED = 15 * 1024 ** 2

async function toldOf(read: Reads, message: StoredMessage, messageId: string): Promise<Told> {
  const { rawMail, attachments } = message
  const pictures = inTheText(message).map(({ sha256 }) => sha256)
  const known = await read.knownContents(pictures, message.id)
  // Nothing new was found: whoever reads it finds what we did not.
  const words = message.forwarded || message.newText.trim() === '' ? message.text : message.newText
  const { text, placed, unplaced } = illustrate(words, message, known)
  const files = attachments.filter(one => !one.inline || placed.includes(one) || unplaced.includes(one))
  const fits = rawMail !== null && files.reduce((sum, { size }) => sum + size, 0) <= MOST_ATTACHED
  return {
    from: message.from,
    ...(fits
      ? { text, ...passOn(rawMail, files, placed, messageId), leftOut: 0 }
      : { text: words, pictures: [], attachments: [], leftOut: files.length }),
    pending: message.standing === 'pending',
    note: message.direction === 'note',
  }
}

async function backgroundOf(read: Reads, ticket: Ticket): Promise<Background> {
  const { requester, category, id } = ticket
  const earlier = requester ? await read.tickets({ requester: foldAddress(requester.address) }, 4) : []
  const alike = category === null ? [] : await read.tickets({ category, status: ['solved', 'closed'] }, 4)
  const classified = (await read.events(id)).find(({ kind }) => kind === 'classified')
  const matches = (classified?.data['matches'] ?? []) as readonly { readonly rule: string }[]
  const others = (one: Ticket) => one.id !== id && one.mergedInto === null
  return {
    earlier: earlier.filter(others).slice(0, 3),
    alike: alike.filter(others).slice(0, 3),
    sortedBy: matches.map(({ rule }) => `rule “${rule}”`),
  }
}
