import type { Commanded, Undone } from '../desk/agent-mail.ts'
import { replyAddress, senderAddress } from '../desk/outgoing-mail.ts'
import { mailboxOf } from '../desk/policy.ts'
import { receiptMail } from '../desk/receipt.ts'
import { domainOf } from '../mail/address.ts'
import type { Tx } from '../store/store.ts'
import type { Dispatching, Happened } from './dispatching.ts'

/*
 * What became of an agent's mail, told to the agent.
 */

export async function writeReceipt(tx: Tx, { policy, ids, clock }: Dispatching, event: Happened): Promise<void> {
  const commanded = event.data as Commanded
  if (!commanded.receipt) return
  const agent = policy.agents.find(({ name }) => event.actor === `agent:${name}`)
  const ticket = await tx.ticket(await tx.survivorOf(event.ticket))
  if (!agent || !ticket) return
  const mailbox = mailboxOf(policy, ticket)
  const now = clock()
  const undone = (await tx.events(event.ticket)).find(
    one => one.kind === 'undone' && one.data['message'] === commanded.message,
  )
  const sent = commanded.outbox === null ? null : await tx.outboxMail(commanded.outbox)
  const answered = await tx.message(commanded.message)
  const before = await tx.notificationsOf(ticket.id, agent.name)
  const messageId = ids.mint(ticket.id, domainOf(senderAddress(mailbox)))
  const calendar = policy.calendars.get(policy.serviceLevels.get(ticket.serviceLevel)?.calendar ?? '')
  const mail = receiptMail({
    ...{ ...commanded, ticket, agent, mailbox, messageId, now, policy },
    timeZone: calendar?.timeZone ?? 'UTC',
    opened: commanded.opened ?? false,
    kept: commanded.kept ?? null,
    undone: (undone?.data['result'] as Undone | undefined) ?? null,
    sentTo: sent ? [...sent.mail.to, ...sent.mail.cc] : [],
    address: ids.agentToken(ticket.id, agent.name, now),
    forwardTo: replyAddress(mailbox, ids.agentToken(0, agent.name, now)),
    answers: { messageId: answered?.messageId ?? null, before: before.map(one => one.messageId) },
    text: answered?.newText ?? '',
  })
  const queued = {
    ticket: ticket.id,
    message: null,
    kind: 'receipt' as const,
    dedupeKey: `receipt:${event.id}`,
    mailbox: mailbox.name,
    mail,
  }
  if ((await tx.enqueue(queued, now)) === null) return
  await tx.saveThreadIds(ticket.id, messageId, [])
  await tx.saveNotification({ messageId, ticket: ticket.id, agent: agent.name, kind: 'receipt', at: now })
}
