import { closingKey, closingLanguage, closingMail, closingSurvey } from '../desk/closing.ts'
import { closedTo, drawn, drawsOf, type Withheld, withhold } from '../desk/gate.ts'
import { mayHearThemselves } from '../desk/intake.ts'
import { replyAddress, senderAddress } from '../desk/outgoing-mail.ts'
import { type MailboxPolicy, mailboxOf, type Policy } from '../desk/policy.ts'
import type { Ticket } from '../desk/ticket.ts'
import { type Instant, later, plus } from '../instant.ts'
import { domainOf } from '../mail/address.ts'
import type { SenderProof } from '../mail/authentication-results.ts'
import { referencesFor } from '../mail/message-id.ts'
import type { Reads, Tx } from '../store/store.ts'
import type { RecordedEvent } from '../store/tickets.ts'
import { withdrawClosing } from '../store/withdraw-closing.ts'
import type { Dispatching, Happened } from './dispatching.ts'

/*
 * From a ticket that was solved to the mail that tells its requester, unless the answer that solved it has told already. The mail
 * waits as long as `#undo` may take the solving back; a ticket that is worked on again is not told to be solved.
 */

export async function close(tx: Tx, dispatching: Dispatching, event: Happened): Promise<void> {
  const status = changeOf(event, 'status')
  if (!status) return
  const ticket = await tx.ticket(event.ticket)
  if (!ticket) return
  const { policy, clock } = dispatching
  const mailbox = mailboxOf(policy, ticket)
  // It is not over, or was not over since: nobody is told that it were.
  await withdrawClosing(tx, ticket.id, ticket.solvedAt)
  if (status.to !== 'solved') return
  const solvedAt = changeOf(event, 'solvedAt')?.to ?? ticket.solvedAt
  if (typeof solvedAt !== 'string' || solvedAt !== ticket.solvedAt) return
  const made = await tx.madeOut(closingKey(ticket.id, solvedAt))
  // As it was, for `#undo` took back that it was opened again: what had been withdrawn then is told after all.
  const isBack = made?.kind === 'closing' && made.state === 'withdrawn'
  if (made && !isBack) return
  const now = clock()
  const history = await tx.events(ticket.id)
  const withheld =
    whyUntold(ticket, event, history) ?? (await whyHeldBack(tx, dispatching, ticket, mailbox, solvedAt, now))
  if (!withheld) {
    if (isBack) return tellAfterAll(tx, policy, ticket, { outbox: made.id, solvedAt, now })
    return tell(tx, dispatching, ticket, mailbox, { solvedAt, proof: proofOf(history), now })
  }
  const data = { kind: 'closing', why: withheld.why, detail: withheld.detail }
  await tx.addEvents(ticket.id, [{ kind: 'reply-withheld', actor: 'postdesk', data }], now)
}

/** Why nobody is waiting to be told. */
function whyUntold(ticket: Ticket, event: Happened, history: readonly RecordedEvent[]): Withheld | null {
  if (ticket.mergedInto !== null) return withhold('merged', `it is part of ticket ${ticket.mergedInto}`)
  if (event.data['past']) return withhold('past', 'what is past was told in its time')
  const written = history.filter(({ kind }) => kind === 'opened' || kind === 'message')
  if (written.length > 0 && written.every(({ data }) => data['past']))
    return withhold('imported', 'nobody has written here since it was taken out of an archive')
  if (!ticket.requester) return withhold('no-address', 'the ticket has no requester who could be written to')
  return history[0]?.data['author'] === 'robot' ? withhold('robot', 'a machine opened the ticket') : null
}

async function whyHeldBack(
  read: Reads,
  { policy }: Dispatching,
  ticket: Ticket,
  mailbox: MailboxPolicy,
  solvedAt: Instant,
  now: Instant,
): Promise<Withheld | null> {
  if (!mailbox.closing) return withhold('switched-off', `mailbox ${mailbox.name} does not tell of solved tickets`)
  if (closingLanguage(policy, ticket, mailbox) === null)
    return withhold('no-template', 'there is no text to tell it in')
  const quietUntil = await read.quietUntil()
  if (quietUntil !== null && solvedAt < quietUntil)
    return withhold('restored', 'it was solved before the database was restored from a backup, and may have been told')
  const address = ticket.requester?.address ?? ''
  const about = { address, ticket: ticket.id, mailbox: mailbox.name }
  const buckets = await read.buckets(drawsOf(about, policy.budgets).map(({ name }) => name))
  const bouncedAt = await read.bouncedAt(address)
  return closedTo(about, { now, buckets, bouncedAt, proof: null }, policy)
}

async function tell(
  tx: Tx,
  { policy, ids }: Dispatching,
  ticket: Ticket,
  mailbox: MailboxPolicy,
  {
    solvedAt,
    proof,
    now,
  }: { readonly solvedAt: Instant; readonly proof: Pick<SenderProof, 'level'>; readonly now: Instant },
): Promise<void> {
  const { requester } = ticket
  if (!requester) return
  const parent = await tx.lastReceived(ticket.id)
  const mail = closingMail(policy, {
    ticket,
    mailbox,
    surveyToken: ids.surveyToken(ticket.id, solvedAt),
    replyTo: replyAddress(mailbox, ids.replyToken(ticket.id, requester.address)),
    repeatTheirWords: mayHearThemselves(requester, { proof }, policy),
    messageId: ids.mint(ticket.id, domainOf(senderAddress(mailbox))),
    inReplyTo: parent?.messageId ?? null,
    references: referencesFor(parent?.messageId ?? null, parent?.references ?? []),
  })
  const kind = 'closing'
  const queued = { ticket: ticket.id, message: null, kind, mailbox: mailbox.name, mail } as const
  const notBefore = undoneUntil(policy, solvedAt, now)
  const outbox = await tx.enqueue({ ...queued, dedupeKey: closingKey(ticket.id, solvedAt) }, now, notBefore)
  if (outbox === null) return
  await tx.saveThreadIds(ticket.id, mail.messageId, [])
  const draws = drawsOf({ address: requester.address, ticket: ticket.id, mailbox: mailbox.name }, policy.budgets)
  await tx.setBuckets(drawn(draws, await tx.buckets(draws.map(({ name }) => name)), now))
  const survey = closingSurvey(policy, ticket, solvedAt)
  if (survey) await tx.askSurvey(survey)
  const data = { kind, outbox, to: mail.to, language: ticket.language }
  await tx.addEvents(ticket.id, [{ kind: 'reply-queued', actor: 'postdesk', data }], now)
}

async function tellAfterAll(
  tx: Tx,
  policy: Policy,
  ticket: Ticket,
  { outbox, solvedAt, now }: { readonly outbox: number; readonly solvedAt: Instant; readonly now: Instant },
): Promise<void> {
  await tx.unwithdraw(outbox, undoneUntil(policy, solvedAt, now))
  const survey = closingSurvey(policy, ticket, solvedAt)
  if (survey) await tx.askSurvey(survey)
  const data = { kind: 'closing', outbox, to: ticket.requester ? [ticket.requester] : [], language: ticket.language }
  await tx.addEvents(ticket.id, [{ kind: 'reply-queued', actor: 'postdesk', data }], now)
}

/** Until then `#undo` may take the solving back, and nobody is told. */
function undoneUntil({ agentMail }: Policy, solvedAt: Instant, now: Instant): Instant {
  return later(plus(solvedAt, agentMail.undoForMs), now)
}

/** How far the mail was proven that the ticket began with. */
function proofOf([opened]: readonly RecordedEvent[]): Pick<SenderProof, 'level'> {
  return (opened?.data['proof'] as SenderProof | undefined) ?? { level: 'none' }
}

function changeOf({ kind, data }: Happened, field: string): { readonly from: unknown; readonly to: unknown } | null {
  const change = kind === 'changed' ? data[field] : null
  return typeof change === 'object' && change !== null && 'to' in change && 'from' in change ? change : null
}
