import { solvingAnswer } from '../desk/closing.ts'
import type { AgentWork, Decision } from '../desk/decision.ts'
import { answerMail, passOn, replyAddress, senderAddress, signatureOf } from '../desk/outgoing-mail.ts'
import { mailboxOf, type Policy } from '../desk/policy.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Ids } from '../ids.ts'
import type { Instant } from '../instant.ts'
import { domainOf } from '../mail/address.ts'
import { referencesFor } from '../mail/message-id.ts'
import type { Tx } from '../store/store.ts'

/*
 * What leaves because of an agent's mail, and the line of history where nothing does.
 */

type Appended = Extract<Decision, { kind: 'append' }>

/** Queues what an agent's mail brings to the requester; gives its line in the outbox, or null when nothing leaves. */
export async function relay(
  tx: Tx,
  desk: { readonly policy: Policy; readonly ids: Ids },
  { rawMail, messageId }: { readonly rawMail: number; readonly messageId: number },
  { ticket, agent, work, changes }: Appended & { readonly work: AgentWork },
  now: Instant,
): Promise<number | null> {
  const { relay: plan } = work
  if ('send' in plan) {
    await withheld(tx, ticket.id, plan, 'answer', now)
    return null
  }
  const mailbox = mailboxOf(desk.policy, ticket)
  const parent = await tx.lastReceived(ticket.id)
  const replyTo = replyAddress(mailbox, desk.ids.replyToken(ticket.id, ticket.requester?.address ?? ''))
  const after = { ...ticket, ...changes }
  const solving = solvingAnswer(desk.policy, { before: ticket, after, mailbox, replyTo }, plan, solvedAt =>
    desk.ids.surveyToken(ticket.id, solvedAt),
  )
  const ownId = desk.ids.mint(ticket.id, domainOf(senderAddress(mailbox)))
  const mail = answerMail({
    ticket,
    mailbox,
    agentName: agent?.displayName ?? null,
    receivers: plan,
    replyTo,
    text: plan.text,
    signature: signatureOf(desk.policy, ticket, agent),
    closing: solving?.words ?? null,
    messageId: ownId,
    inReplyTo: parent?.messageId ?? null,
    references: referencesFor(parent?.messageId ?? null, parent?.references ?? []),
    ...passOn(rawMail, plan.files, plan.pictures, ownId),
  })
  await tx.saveThreadIds(ticket.id, mail.messageId, [])
  const queued = {
    ticket: ticket.id,
    message: messageId,
    kind: 'answer' as const,
    dedupeKey: solving?.dedupeKey ?? `answer:${messageId}`,
    mailbox: mailbox.name,
    mail,
  }
  const notBefore = work.holdUntil ?? now
  const outbox =
    (await tx.enqueue(queued, now, notBefore)) ??
    // Somebody has told already that it is solved: the words go out all the same.
    (await tx.enqueue({ ...queued, dedupeKey: `answer:${messageId}` }, now, notBefore))
  if (outbox === null) return null
  await tx.toldParticipants(ticket.id, plan.untold, now)
  if (solving?.survey) await tx.askSurvey(solving.survey)
  const data = { kind: 'answer', outbox, to: mail.to, cc: mail.cc }
  await tx.addEvents(ticket.id, [{ kind: 'reply-queued', actor: `agent:${agent?.name ?? ''}`, data }], now)
  return outbox
}

/** Tells in the history why no mail of this kind leaves. */
export async function withheld(
  tx: Tx,
  ticket: TicketId,
  { why, detail }: { why: string; detail: string },
  kind: 'acknowledgement' | 'answer',
  now: Instant,
): Promise<void> {
  await tx.addEvents(ticket, [{ kind: 'reply-withheld', actor: 'postdesk', data: { kind, why, detail } }], now)
}
