import { setImmediate } from 'node:timers/promises'
import { type DigestEntry, digestMail, isDigestDue } from '../desk/digest.ts'
import { replyAddress, senderAddress } from '../desk/outgoing-mail.ts'
import { type Agent, mailboxOf, type Policy } from '../desk/policy.ts'
import type { TicketId } from '../desk/ticket.ts'
import { domainOf } from '../mail/address.ts'
import type { DigestLine } from '../store/crew.ts'
import type { Tx } from '../store/store.ts'
import { type Dispatching, eachAlone } from './dispatching.ts'

/*
 * Sends what has waited for an agent's time of day, or for the end of a storm. The lines go in the transaction that queues the mail: whatever was missed
 * while nobody was here comes in one mail, and nothing comes twice.
 */

/** Looks once; true when a mail was written. Throws when the store is in trouble. */
export async function sendDigests(dispatching: Dispatching): Promise<boolean> {
  const { store, policy, clock, onQueued } = dispatching
  const now = clock()
  const due = (await store.read.digestsWaiting()).filter(({ agent: name, since }) => {
    const agent = policy.agents.find(one => one.name === name)
    return !agent || isDigestDue(agent, since, timeZoneOf(agent, policy), now)
  })
  const sent = await eachAlone(dispatching, due, ({ agent }) => store.write(tx => writeDigest(tx, dispatching, agent)))
  if (sent) onQueued()
  return sent
}

function timeZoneOf({ calendar }: Agent, { calendars }: Policy): string {
  const [first] = calendars.values()
  return (calendars.get(calendar ?? '') ?? first)?.timeZone ?? 'UTC'
}

async function writeDigest(tx: Tx, { policy, ids, clock }: Dispatching, name: string): Promise<boolean> {
  const agent = policy.agents.find(one => one.name === name)
  const lines = await tx.digestLines(name)
  await tx.dropDigestLines(name)
  const last = lines.at(-1)
  if (!agent || !last) return false
  const now = clock()
  const tickets = new Map<TicketId, DigestLine[]>()
  for (const line of lines) {
    const id = await tx.survivorOf(line.ticket)
    tickets.set(id, [...(tickets.get(id) ?? []), line])
  }
  const entries: DigestEntry[] = []
  for (const [id, about] of tickets) {
    // SQLite answers at once: nothing else would have its turn, and there may be thousands.
    await setImmediate()
    const ticket = await tx.ticket(id)
    if (!ticket) continue
    const address = replyAddress(mailboxOf(policy, ticket), ids.agentToken(id, name, now))
    entries.push({ ticket, notices: about.map(({ notice }) => notice), address })
  }
  const [first] = entries
  if (!first) return false
  const mailbox = mailboxOf(policy, first.ticket)
  const messageId = ids.mint(NO_TICKET, domainOf(senderAddress(mailbox)))
  const mail = digestMail({ entries, agent, mailbox, timeZone: timeZoneOf(agent, policy), messageId, now })
  const about = { ticket: null, message: null, kind: 'notification' as const, mailbox: mailbox.name }
  await tx.enqueue({ ...about, dedupeKey: `digest:${last.event}:${name}`, mail }, now)
  for (const { ticket } of entries)
    await tx.addEvents(
      ticket.id,
      [{ kind: 'notified', actor: 'postdesk', data: { notice: 'digest', agents: [name] } }],
      now,
    )
  return true
}

/** Tickets count from 1: an answer to a mail with this number belongs to none. */
const NO_TICKET = 0
