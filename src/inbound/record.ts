import type { Decision, Past } from '../desk/decision.ts'
import { type Automatic, drawn, drawsOf } from '../desk/gate.ts'
import { replyAddress, senderAddress } from '../desk/outgoing-mail.ts'
import { type Agent, mailboxOf, type Policy } from '../desk/policy.ts'
import { acknowledgementMail } from '../desk/reply.ts'
import { changedEvents, type TicketId } from '../desk/ticket.ts'
import type { Ids } from '../ids.ts'
import { type Instant, plus } from '../instant.ts'
import { domainOf, foldAddress } from '../mail/address.ts'
import type { Address, Message } from '../mail/message.ts'
import { citedIds } from '../mail/message-id.ts'
import { conversationIds } from '../mail/thread-index.ts'
import { type NewMessage, noteOn, sentMessage } from '../store/messages.ts'
import type { Settled } from '../store/raw-mails.ts'
import { recordVote } from '../store/record-vote.ts'
import type { Tx } from '../store/store.ts'
import { checkedWork, recordOrders, recordWork } from './agent-work.ts'
import { relay, withheld } from './relay.ts'
import { isShownToOthers, rememberShown } from './shown-keys.ts'

/*
 * Writes down what `decide` decided: message, ticket, history and the mails that follow from it, in the transaction of the
 * mail itself. Nothing is decided here.
 */

export type Desk = { readonly policy: Policy; readonly ids: Ids }
type Arrived = {
  readonly rawMail: number
  readonly mailbox: string
  readonly folder: string
  readonly receivedAt: Instant
  /** Not fresh from the postman. */
  readonly past: Past['from'] | null
  /** The size in bytes that the server tells, when only the beginning of the mail was fetched. */
  readonly fullSize?: number | null
}
type Opened = Extract<Decision, { kind: 'open' }>
type Appended = Extract<Decision, { kind: 'append' }>

/** Records one decision; gives what the ledger says of the mail from now on. */
export async function record(
  tx: Tx,
  desk: Desk,
  arrived: Arrived,
  message: Message,
  decision: Decision,
  now: Instant,
): Promise<Settled> {
  await rememberShown(tx, desk, arrived.mailbox, message, now)
  switch (decision.kind) {
    case 'duplicate':
      if (decision.ticket) {
        const data = { mailbox: arrived.mailbox, rawMail: arrived.rawMail, of: decision.of }
        await tx.addEvents(decision.ticket, [{ kind: 'duplicate', actor: 'postdesk', data }], now)
      }
      return { outcome: 'duplicate', reason: decision.why, ticket: decision.ticket }
    case 'report':
      await recordReport(tx, arrived, message, decision, now)
      return { outcome: 'report', reason: decision.why, ticket: decision.ticket }
    case 'automatic':
      await tx.saveMessage(received(arrived, message, { ticket: null, author: 'robot' }), message.attachments)
      return { outcome: 'automatic', reason: decision.why, ticket: null }
    case 'blocked':
    case 'skip':
      return { outcome: decision.kind, reason: decision.why, ticket: null }
    case 'append': {
      await append(tx, desk, arrived, message, decision, now)
      // An agent's mail may have merged it.
      const ticket = await tx.survivorOf(decision.ticket.id)
      return { outcome: 'append', reason: `${decision.signal} ${decision.value}`, ticket }
    }
    case 'open': {
      const ticket = await open(tx, desk, arrived, message, decision, now)
      return { outcome: 'open', reason: null, ticket }
    }
  }
}

async function recordReport(
  tx: Tx,
  arrived: Arrived,
  message: Message,
  { report, ticket }: Extract<Decision, { kind: 'report' }>,
  now: Instant,
): Promise<void> {
  const id = await tx.saveMessage(received(arrived, message, { ticket, author: 'robot' }), message.attachments)
  if (!ticket) return
  // Only of whom the ticket knows: anybody could write a report that silences us towards others.
  const known = new Set((await tx.participants(ticket)).map(({ address }) => foldAddress(address)))
  const failed = report.recipients.flatMap(({ address }) => address ?? [])
  if (report.kind === 'delivery' && report.permanent)
    await tx.mailBounced(
      failed.filter(address => known.has(foldAddress(address))),
      now,
    )
  const data = { message: id, kind: report.kind, permanent: report.permanent, recipients: report.recipients }
  await tx.addEvents(ticket, [{ kind: 'report', actor: 'postdesk', data }], now)
}

async function open(
  tx: Tx,
  desk: Desk,
  arrived: Arrived,
  message: Message,
  decision: Opened,
  now: Instant,
): Promise<TicketId> {
  const { ticket, classification, author } = decision
  const requester =
    ticket.requester && (await tx.savePerson(ticket.requester, author === 'robot' ? null : message.language, now))
  const row = { ...ticket, assignee: null, requesterId: requester }
  const dates = { firstResponseDue: ticket.due.firstResponse.at, resolutionDue: ticket.due.resolution.at }
  const id = await tx.openTicket({ ...row, ...dates }, ticket.tags, now)
  if (requester !== null) await tx.addParticipants(id, [requester], now)
  await takePart(tx, id, decision.newcomers, now)

  const who = { ticket: id, author, agent: decision.agent?.name ?? null }
  const messageId = await tx.saveMessage(received(arrived, message, who), message.attachments)
  await tx.saveThreadIds(id, message.messageId, namedIds(message))
  const actor = decision.agent
    ? `agent:${decision.agent.name}`
    : message.from
      ? `person:${foldAddress(message.from.address)}`
      : 'postdesk'
  const { decidedBy, matches } = classification
  await tx.addEvents(
    id,
    [
      {
        kind: 'opened',
        actor,
        data: {
          ...{ mailbox: arrived.mailbox, message: messageId, author, past: arrived.past },
          ...{ rejected: decision.rejected, followUpOf: decision.followUpOf, proof: decision.proof },
        },
      },
      {
        kind: 'classified',
        actor: 'postdesk',
        data: {
          category: ticket.category,
          priority: ticket.priority,
          team: ticket.team,
          tags: ticket.tags,
          decidedBy,
          matches,
        },
      },
      {
        kind: 'due',
        actor: 'postdesk',
        data: {
          serviceLevel: ticket.serviceLevel,
          firstResponse: ticket.due.firstResponse,
          resolution: ticket.due.resolution,
        },
      },
    ],
    now,
  )
  const { agent, orders } = decision
  if (agent && orders) await recordOrders(tx, id, agent, orders, messageId, now)
  if (decision.followUpOf !== null) await followUp(tx, decision.followUpOf, id, now)
  // The desk wrote first.
  if (author === 'agent' && ticket.status === 'pending')
    await tx.changeTicket(id, { firstResponseAt: ticket.openedAt }, now)
  await noteCutOff(tx, arrived, { ...ticket, id }, now)
  if (arrived.past) await passOver(tx, desk, id, ticket.due, now)
  await acknowledge(tx, desk, id, message, decision, now)
  return id
}

/** An archive that reaches into these days would remind of every date at once. */
async function passOver(
  tx: Tx,
  { policy }: Desk,
  id: TicketId,
  due: Opened['ticket']['due'],
  now: Instant,
): Promise<void> {
  const warned = plus(now, policy.agentMail.dueWarningMs)
  const dates = [
    ['first-response', due.firstResponse.at],
    ['resolution', due.resolution.at],
  ] as const
  for (const [what, dueAt] of dates) {
    if (dueAt <= warned) await tx.reminderOnce(id, what, 'due', dueAt)
    if (dueAt <= now) await tx.reminderOnce(id, what, 'breached', dueAt)
  }
}

async function followUp(tx: Tx, done: TicketId, ticket: TicketId, now: Instant): Promise<void> {
  await tx.link(done, ticket, 'follow-up', now)
  await tx.addEvents(done, [{ kind: 'linked', actor: 'postdesk', data: { ticket, kinds: ['follow-up'] } }], now)
}

/** A mail too large to be fetched whole: the agents are told where the rest of it is. */
async function noteCutOff(
  tx: Tx,
  { fullSize, mailbox, folder }: Arrived,
  ticket: Parameters<typeof noteOn>[0],
  now: Instant,
): Promise<void> {
  if (!fullSize) return
  const megabytes = (fullSize / 1024 ** 2).toFixed(1)
  const text = [
    `This mail has ${megabytes} MB, more than we fetch: what stands here is its beginning, without its attachments.`,
    `The whole mail is in the folder ${folder} of the mailbox ${mailbox}, or wherever it was moved to since.`,
  ].join('\n')
  const from = { name: 'Postdesk', address: '' }
  const note = await tx.saveMessage(noteOn(ticket, { author: 'postdesk', agent: null, from, text }, now), [])
  await tx.addEvents(ticket.id, [{ kind: 'cut-off', actor: 'postdesk', data: { note, bytes: fullSize } }], now)
}

async function acknowledge(
  tx: Tx,
  desk: Desk,
  id: TicketId,
  message: Message,
  decision: Opened,
  now: Instant,
): Promise<void> {
  const { reply, ticket } = decision
  if (reply.send === null) return withheld(tx, id, reply, 'acknowledgement', now)

  const mailbox = mailboxOf(desk.policy, ticket)
  const messageId = desk.ids.mint(id, domainOf(senderAddress(mailbox)))
  const replyTo = replyAddress(mailbox, desk.ids.replyToken(id, reply.to.address))
  const mail = acknowledgementMail(desk.policy, { id, ticket, reply, answers: message, messageId, replyTo, now })
  const sent = await tx.saveMessage(
    sentMessage(
      { ticket: id, author: 'postdesk', agent: null, mailbox: mailbox.name, mail, language: ticket.language },
      now,
    ),
    [],
  )
  await tx.saveThreadIds(id, mail.messageId, [])
  const queued = {
    ticket: id,
    message: sent,
    kind: 'acknowledgement' as const,
    dedupeKey: `ack:${id}`,
    mailbox: mailbox.name,
    mail,
  }
  const outbox = await tx.enqueue(queued, now)
  if (outbox === null) return
  await draw(tx, desk.policy, { address: reply.to.address, ticket: id, mailbox: mailbox.name }, now)
  const dates = [
    ['first-response', ticket.due.firstResponse.at],
    ['resolution', ticket.due.resolution.at],
  ] as const
  // Of a date that has passed by now nobody is told.
  for (const [kind, dueAt] of dates) if (dueAt > now) await tx.addPromise({ ticket: id, kind, dueAt, outbox }, now)
  const data = { kind: 'acknowledgement', outbox, to: mail.to, language: ticket.language }
  await tx.addEvents(id, [{ kind: 'reply-queued', actor: 'postdesk', data }], now)
}

/** Takes what an automatic mail costs out of its buckets, in the transaction that queues it. */
async function draw(tx: Tx, { budgets }: Policy, mail: Automatic, now: Instant): Promise<void> {
  const draws = drawsOf(mail, budgets)
  await tx.setBuckets(drawn(draws, await tx.buckets(draws.map(({ name }) => name)), now))
}

async function append(
  tx: Tx,
  desk: Desk,
  arrived: Arrived,
  message: Message,
  given: Appended,
  now: Instant,
): Promise<void> {
  const { mailbox } = arrived
  const checked = given.work && (await checkedWork(tx, desk, { mailbox, message }, given, given.work))
  const work = checked?.work ?? null
  const undone = work?.fault ? { changes: {}, newcomers: [] } : {}
  const decision = work ? { ...given, work, ...undone } : given
  const { ticket, author, agent, standing, changes } = decision
  const actor = agent
    ? `agent:${agent.name}`
    : message.from
      ? `person:${foldAddress(message.from.address)}`
      : 'postdesk'
  const who = { ticket: ticket.id, author, agent: agent?.name ?? null, standing }
  const direction = work?.internal ? 'note' : 'in'
  const said = received(arrived, message, who)
  const newText = work && !arrived.past ? work.words : said.newText
  const messageId = await tx.saveMessage({ ...said, newText, direction }, message.attachments)
  // A stranger's ids would let further strangers in by citing them, and their Cc would make them participants.
  if (standing === 'accepted') {
    await tx.saveThreadIds(ticket.id, message.messageId, namedIds(message))
    await takePart(tx, ticket.id, decision.newcomers, now)
    if (decision.leaves && message.from) await tx.leaveTicket(ticket.id, message.from.address, now)
    if (author === 'requester' && message.from) await tx.savePerson(message.from, message.language, now)
  }
  const { signal, value, rejected, powerless, proof, vote } = decision
  // What follows from a change (`dispatch/`) has followed in its time.
  const past = arrived.past ? { past: arrived.past } : {}
  await tx.addEvents(
    ticket.id,
    [
      { kind: 'threaded', actor: 'postdesk', data: { message: messageId, signal, value, standing, rejected, proof } },
      {
        kind: 'message',
        actor,
        data: {
          message: messageId,
          author,
          mailbox: arrived.mailbox,
          powerless,
          note: direction === 'note',
          vote: decision.vote !== null && decision.vote.comment === null,
          past: arrived.past,
        },
      },
      ...changedEvents(ticket, changes, actor).map(event => ({ ...event, data: { ...event.data, ...past } })),
      ...(work?.events ?? []),
    ],
    now,
  )
  await tx.changeTicket(ticket.id, changes, now)
  if (vote) await recordVote(tx, vote.survey, vote, { by: 'mail', actor }, now)
  await noteCutOff(tx, arrived, ticket, now)
  await withheld(tx, ticket.id, decision.reply, 'acknowledgement', now)
  if (decision.away) await agentIsAway(tx, ticket.id, decision.away, now)
  if (!checked || !work) return
  const outbox = await relay(tx, desk, { rawMail: arrived.rawMail, messageId }, { ...decision, work }, now)
  if (agent && !arrived.past && isShownToOthers(message, desk.policy))
    await tx.notificationsShown(ticket.id, agent.name, now)
  if (agent && !arrived.past) await recordWork(tx, decision, agent, checked, { message: messageId, outbox }, now)
}

async function agentIsAway(tx: Tx, ticket: TicketId, { name }: Agent, now: Instant): Promise<void> {
  await tx.setAgentState(name, { awaySince: now })
  await tx.addEvents(ticket, [{ kind: 'away', actor: `agent:${name}`, data: {} }], now)
}

async function takePart(tx: Tx, ticket: TicketId, people: readonly Address[], now: Instant): Promise<void> {
  const ids: number[] = []
  for (const person of people) ids.push(await tx.savePerson(person, null, now))
  await tx.addParticipants(ticket, ids, now)
}

/** What later mail of the same conversation may name beside the mail's own id. */
function namedIds({ inReplyTo, references, headers }: Message): string[] {
  return citedIds(inReplyTo, references).concat(conversationIds(headers))
}

const NOBODY: Address = { name: '', address: '' }

function received(
  arrived: Arrived,
  message: Message,
  who: Pick<NewMessage, 'ticket' | 'author'> & Partial<Pick<NewMessage, 'agent' | 'standing'>>,
): NewMessage {
  return {
    agent: null,
    standing: 'accepted',
    ...who,
    rawMail: arrived.rawMail,
    direction: 'in',
    mailbox: arrived.mailbox,
    messageId: message.messageId,
    references: message.references,
    from: message.from ?? NOBODY,
    to: message.to,
    cc: message.cc,
    subject: message.subject,
    sentAt: message.date,
    receivedAt: arrived.receivedAt,
    language: message.language,
    text: message.text,
    newText: message.newText,
    html: message.html,
    protection: message.protection,
    automatic: message.automatic,
    report: message.report,
    forwarded: message.forwarded,
  }
}
