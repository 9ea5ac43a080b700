import { acceptMessage, mergeTickets } from '../desk/joining.ts'
import type { Ticket } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import { citedIds } from '../mail/message-id.ts'
import type { StoredMessage } from './messages.ts'
import type { Tx } from './store.ts'
import { withdrawClosing } from './withdraw-closing.ts'

/*
 * Merges and acceptances as they are written down, whoever asked for them: the API or an agent's mail.
 */

/** Merges a ticket into another one; gives the one that goes on. Throws what `mergeTickets` throws. */
export async function recordMerge(
  tx: Tx,
  merged: Ticket,
  survivor: Ticket,
  actor: string,
  now: Instant,
): Promise<Ticket> {
  const outcome = mergeTickets(merged, survivor, await tx.messages(merged.id), actor, now)
  for (const placed of outcome.placed) await tx.placeMessage(placed)
  // It goes on as part of the other one, so nobody is told that it were over.
  if (await withdrawClosing(tx, merged.id, null)) {
    const data = { kind: 'closing', why: 'merged', detail: `it is part of ticket ${survivor.id}` }
    await tx.addEvents(merged.id, [{ kind: 'reply-withheld', actor: 'postdesk', data }], now)
  }
  await tx.moveConversation(merged.id, survivor.id, now)
  await tx.addEvents(merged.id, outcome.merged.events, now)
  await tx.addEvents(survivor.id, outcome.survivor.events, now)
  await tx.changeTicket(merged.id, outcome.merged.changes, now, merged.revision)
  return tx.changeTicket(survivor.id, outcome.survivor.changes, now, survivor.revision)
}

/** Lets in what a stranger wrote. Throws what `acceptMessage` throws. */
export async function recordAcceptance(
  tx: Tx,
  ticket: Ticket,
  message: StoredMessage,
  joins: boolean | undefined,
  actor: string,
  now: Instant,
): Promise<void> {
  const outcome = acceptMessage(ticket, message, joins, actor, now)
  await tx.placeMessage(outcome.placed)
  await tx.saveThreadIds(ticket.id, message.messageId, citedIds([], message.references))
  if (outcome.joins)
    await tx.addParticipants(ticket.id, [await tx.savePerson(outcome.joins, message.language, now)], now)
  await tx.addEvents(ticket.id, outcome.events, now)
  await tx.changeTicket(ticket.id, outcome.changes, now, ticket.revision)
}
