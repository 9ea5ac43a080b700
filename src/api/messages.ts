import { solvingAnswer } from '../desk/closing.ts'
import { answerMail, replyAddress, senderAddress, signatureOf } from '../desk/outgoing-mail.ts'
import { receivers } from '../desk/people.ts'
import { type Agent, mailboxOf, type Policy } from '../desk/policy.ts'
import { changedEvents, changesByAnswer, type Ticket, type TicketChanges, withStatus } from '../desk/ticket.ts'
import { DeskError } from '../errors.ts'
import type { Ids } from '../ids.ts'
import type { Instant } from '../instant.ts'
import { Type } from '../json-schema.ts'
import { domainOf } from '../mail/address.ts'
import { referencesFor } from '../mail/message-id.ts'
import { noteOn, sentMessage } from '../store/messages.ts'
import type { Tx } from '../store/store.ts'
import { actorOf } from './auth.ts'
import type { Routes } from './options.ts'
import { problemsOfWriting } from './problem.ts'
import { ById, object, oneOf, ref } from './shapes.ts'
import { MessageShape } from './ticket-shapes.ts'
import { ticketToChange } from './tickets.ts'

const Words = object({
  kind: oneOf(['note', 'answer'], '`note` is for agents alone and never leaves; `answer` is mailed to the requester.'),
  text: Type.String({ minLength: 1, maxLength: 200_000, pattern: '\\S', description: 'plain text that is not blank' }),
  agent: Type.Optional(
    Type.String({ description: 'The agent of the configuration who says it; an answer goes out under their name.' }),
  ),
  solve: Type.Optional(
    Type.Boolean({ description: 'Solves the ticket as well. Else an answer brings the status of `afterAnswer`.' }),
  ),
})

type Said = {
  readonly text: string
  readonly agent: Agent | null
  readonly solve: boolean
  readonly actor: string
  readonly now: Instant
}
type Desk = { readonly policy: Policy; readonly ids: Ids }

/** Notes and answers. */
export const messageRoutes: Routes = async (app, { store, policy, ids, clock, onQueued }) => {
  app.post(
    '/tickets/:id/messages',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['tickets'],
        operationId: 'addMessage',
        summary: 'Add a note, or answer the requester',
        description: 'An answer is put into the outbox at once and mailed from there. Sent twice, it is mailed twice.',
        params: ById,
        body: Words,
        response: { 201: ref(MessageShape), ...problemsOfWriting(404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { kind, text, agent, solve = false } = request.body
      const by = agentNamed(policy, agent)
      const message = await store.write(async tx => {
        const ticket = await ticketToChange(tx, request.params.id, undefined)
        const said = { text, agent: by, solve, actor: actorOf(request), now: clock() }
        const id = await (kind === 'note' ? addNote(tx, ticket, said) : addAnswer(tx, { policy, ids }, ticket, said))
        const saved = await tx.message(id)
        if (!saved) throw new Error(`message ${id} is gone from its own transaction`)
        return saved
      })
      onQueued()
      reply.code(201)
      return message
    },
  )
}

function agentNamed(policy: Policy, name: string | undefined): Agent | null {
  if (name === undefined) return null
  const agent = policy.agents.find(one => one.name === name)
  if (agent) return agent
  const known = policy.agents.map(one => one.name)
  throw new DeskError(
    'invalid',
    `there is no agent "${name}": ${known.length > 0 ? `known are ${known.join(', ')}` : 'none is configured'}`,
  )
}

async function addNote(tx: Tx, ticket: Ticket, said: Said): Promise<number> {
  const { agent, text, solve, actor, now } = said
  const from = { name: agent?.displayName ?? actor, address: agent?.addresses[0] ?? '' }
  const note = noteOn(ticket, { author: 'agent', agent: agent?.name ?? null, from, text }, now)
  const message = await tx.saveMessage(note, [])
  const changes = solve ? withStatus(ticket, 'solved', now) : {}
  const data = { message, author: 'agent', agent: note.agent, note: true }
  await tx.addEvents(ticket.id, [{ kind: 'message', actor, data }, ...changedEvents(ticket, changes, actor)], now)
  await tx.changeTicket(ticket.id, changes, now, ticket.revision)
  return message
}

async function addAnswer(tx: Tx, { policy, ids }: Desk, ticket: Ticket, said: Said): Promise<number> {
  const { agent, text, solve, actor, now } = said
  if (!ticket.requester)
    throw new DeskError('invalid', `ticket ${ticket.id} has no requester who could be written to: add a note`)
  const mailbox = mailboxOf(policy, ticket)
  const whom = receivers(ticket, await tx.participants(ticket.id), [], policy)
  const parent = await tx.lastReceived(ticket.id)
  const replyTo = replyAddress(mailbox, ids.replyToken(ticket.id, ticket.requester.address))
  const status = solve ? 'solved' : ticket.status === 'open' ? mailbox.afterAnswer : ticket.status
  const changes: TicketChanges = changesByAnswer(ticket, status, now)
  const after = { ...ticket, ...changes }
  const solving = solvingAnswer(policy, { before: ticket, after, mailbox, replyTo }, whom, solvedAt =>
    ids.surveyToken(ticket.id, solvedAt),
  )
  const mail = answerMail({
    ticket,
    mailbox,
    agentName: agent?.displayName ?? null,
    receivers: whom,
    replyTo,
    text,
    signature: signatureOf(policy, ticket, agent),
    closing: solving?.words ?? null,
    messageId: ids.mint(ticket.id, domainOf(senderAddress(mailbox))),
    inReplyTo: parent?.messageId ?? null,
    references: referencesFor(parent?.messageId ?? null, parent?.references ?? []),
    attachments: [],
    pictures: [],
  })
  const who = { ticket: ticket.id, author: 'agent' as const, agent: agent?.name ?? null, mailbox: mailbox.name }
  // Colleagues hear what was answered, not where the requester says how content they are.
  const remembered = solving?.words ? { ...mail, text: `${text.trim()}\n` } : mail
  const message = await tx.saveMessage(sentMessage({ ...who, mail: remembered, language: null }, now), [])
  await tx.saveThreadIds(ticket.id, mail.messageId, [])
  const queued = {
    ticket: ticket.id,
    message,
    kind: 'answer' as const,
    dedupeKey: solving?.dedupeKey ?? `answer:${message}`,
    mailbox: mailbox.name,
    mail,
  }
  const outbox = await tx.enqueue(queued, now)

  await tx.toldParticipants(ticket.id, whom.untold, now)
  if (solving?.survey) await tx.askSurvey(solving.survey)
  await tx.addEvents(
    ticket.id,
    [
      { kind: 'message', actor, data: { message, author: 'agent', agent: who.agent, mailbox: mailbox.name } },
      ...changedEvents(ticket, changes, actor),
      { kind: 'reply-queued', actor, data: { kind: 'answer', outbox, to: mail.to, cc: mail.cc } },
    ],
    now,
  )
  await tx.changeTicket(ticket.id, changes, now, ticket.revision)
  return message
}
