import { type Agent, delimiterOf, type Policy } from '../desk/policy.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Ids } from '../ids.ts'
import { MINUTE, plus } from '../instant.ts'
import type { Message } from '../mail/message.ts'
import { foldId } from '../mail/message-id.ts'
import { agentTokens } from '../mail/reply-address.ts'
import type { Notified } from '../store/agents.ts'
import type { StoredMessage } from '../store/messages.ts'
import type { Reads } from '../store/store.ts'
import { citedNotifications } from './own-mail.ts'

/*
 * Which of the strangers' mails an agent lets in with `#accept`: the one that they were told of and answer, nothing that came
 * since. Whoever is let in reads along from then on.
 */

type Desk = { readonly policy: Policy; readonly ids: Ids }
type AgentMail = { readonly mailbox: string; readonly message: Message; readonly agent: Agent }

/** The mails that are let in, none when that was done already; or in words why it cannot be told which. */
export async function toAccept(
  read: Reads,
  desk: Desk,
  { mailbox, message, agent }: AgentMail,
  ticket: TicketId,
): Promise<readonly StoredMessage[] | string> {
  const messages = await read.messages(ticket)
  const waiting = messages.filter(({ standing }) => standing === 'pending')
  if (waiting.length === 0) return []
  const [nearest] = await citedNotifications(read, message)
  const answered = nearest ? [nearest] : await ofToken(read, desk, mailbox, message, agent, ticket)
  const told = new Set(await messagesOf(read, answered))
  const seen = waiting.filter(({ id }) => told.has(id))
  if (seen.length === 1) return seen
  if (seen.length === 0) {
    if (await wasAccepted(read, ticket, told)) return []
    if (waiting.length === 1) return waiting
  }
  const either = seen.length > 0 ? seen : waiting
  const names = either.slice(0, MOST_NAMED).map(({ from, subject }) => `${from.address} (“${subject.slice(0, 60)}”)`)
  const more = either.length > names.length ? [`and ${either.length - names.length} more`] : []
  const who = [...names, ...more].join(', ')
  return `there are ${either.length} that wait, from ${who}: reply to the mail that told you of the one you mean`
}

const MOST_NAMED = 5

/** What was written to an agent in the minute in which the address was made that their mail is for: one tap cites nothing. */
async function ofToken(
  read: Reads,
  { policy, ids }: Desk,
  mailbox: string,
  message: Message,
  { name }: Agent,
  ticket: TicketId,
): Promise<readonly Notified[]> {
  const tokens = agentTokens(message, delimiterOf(policy, mailbox)).filter(one => ids.isTokenOf(one, name))
  const all = await read.notificationsOf(ticket, name)
  return all.filter(({ at }) => tokens.some(({ madeAt }) => madeAt <= at && at < plus(madeAt, MINUTE)))
}

/** What these mails were about. */
async function messagesOf(read: Reads, told: readonly Notified[]): Promise<number[]> {
  const found: number[] = []
  for (const { ticket, messageId } of told) {
    const lines = await read.outbox({ ticket, limit: 1_000 })
    found.push(...lines.flatMap(({ mail, message }) => (foldId(mail.messageId) === messageId ? (message ?? []) : [])))
  }
  return found
}

async function wasAccepted(read: Reads, ticket: TicketId, messages: ReadonlySet<unknown>): Promise<boolean> {
  return (await read.events(ticket)).some(({ kind, data }) => kind === 'accepted' && messages.has(data['message']))
}
