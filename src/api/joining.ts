import { LINK_KINDS, type LinkKind, refuseMerged, splitTicket } from '../desk/joining.ts'
import type { Policy } from '../desk/policy.ts'
import type { Ticket, TicketId } from '../desk/ticket.ts'
import { DeskError } from '../errors.ts'
import type { Instant } from '../instant.ts'
import { type Static, Type } from '../json-schema.ts'
import { recordAcceptance, recordMerge } from '../store/record-joining.ts'
import type { Tx } from '../store/store.ts'
import { actorOf } from './auth.ts'
import type { Routes } from './options.ts'
import { problemsOfWriting } from './problem.ts'
import { ById, object, oneOf, ref } from './shapes.ts'
import { MessageShape, TicketShape } from './ticket-shapes.ts'
import { ETAG, etagOf, IfMatch, ticketOf, ticketToChange } from './tickets.ts'

const id = (description: string) => Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description })

const Merge = object({ into: id('The ticket that goes on, and gets the messages.') })

const Split = object({
  messages: Type.Array(id('A message of the ticket.'), {
    minItems: 1,
    maxItems: 500,
    uniqueItems: true,
    description: 'The messages that are about something else.',
  }),
  subject: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      pattern: '\\S',
      description: 'else that of the first of the messages',
    }),
  ),
})

const Pair = object({ id: id('Its number.'), other: id('The other ticket.') })

const MANUAL_KINDS = LINK_KINDS.filter(kind => kind !== 'split')
const Link = object({
  kind: oneOf(
    MANUAL_KINDS,
    '`follow-up`: the later one goes on where the other ended; `related`: nothing more is said.',
  ),
})

const ACCEPTANCE = {
  participant: Type.Optional(
    Type.Boolean({
      description: 'Whether the sender takes part from now on. They do unless this is false or a machine wrote it.',
    }),
  ),
}
const Acceptance = Type.Unsafe<Static<ReturnType<typeof object<typeof ACCEPTANCE>>> | null>({
  type: ['object', 'null'],
  properties: ACCEPTANCE,
  additionalProperties: false,
  description: 'May be left out.',
})

/** Tickets that are one after all, or two, or belong together; and messages of strangers that are let in. */
export const joiningRoutes: Routes = async (app, { store, policy, clock }) => {
  const faults = problemsOfWriting(404, 409, 412, 422)
  const changed = { 200: { ...ref(TicketShape), headers: ETAG }, ...faults }

  app.post(
    '/tickets/:id/merge',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['tickets'],
        operationId: 'mergeTicket',
        summary: 'Merge a ticket into another one',
        description:
          'All its messages move to the other ticket, as do its people, what waits to be sent and what was promised; later mail to it goes there too. It is closed for good and keeps its history. The other one keeps its requester, status and classification; of the dates still to come the earlier hold. Nobody is written to. Gives the ticket that goes on.',
        params: ById,
        headers: IfMatch,
        body: Merge,
        response: changed,
      },
    },
    async (request, reply) => {
      const survivor = await store.write(async tx => {
        const merged = await ticketToChange(tx, request.params.id, request.headers['if-match'])
        return recordMerge(tx, merged, await named(tx, request.body.into), actorOf(request), clock())
      })
      reply.header('etag', etagOf(survivor))
      return survivor
    },
  )

  app.post(
    '/tickets/:id/split',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['tickets'],
        operationId: 'splitTicket',
        summary: 'Make a ticket of its own out of some messages',
        description:
          'The new ticket is open, for the sender of the first of the messages that arrived, and classified as the old one; its dates are reckoned from now. Answers to what moved go to the new ticket. Nobody is written to. Gives the new ticket.',
        params: ById,
        headers: IfMatch,
        body: Split,
        response: { 201: { ...ref(TicketShape), headers: ETAG }, ...faults },
      },
    },
    async (request, reply) => {
      const ticket = await store.write(async tx => {
        const from = await ticketToChange(tx, request.params.id, request.headers['if-match'])
        return split(tx, from, request.body, policy, actorOf(request), clock())
      })
      reply.code(201).header('etag', etagOf(ticket))
      return ticket
    },
  )

  app.put(
    '/tickets/:id/links/:other',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['tickets'],
        operationId: 'linkTickets',
        summary: 'Link two tickets',
        description: 'Both show the link. Nothing else follows from it.',
        params: Pair,
        headers: IfMatch,
        body: Link,
        response: changed,
      },
    },
    async (request, reply) => {
      const { id, other } = request.params
      const ticket = await store.write(async tx => {
        const [one, another] = await pairOf(tx, id, other, request.headers['if-match'])
        const now = clock()
        const { kind } = request.body
        if (!(await tx.link(id, other, kind, now))) return one
        return linkChanged(tx, 'linked', one, another, [kind], actorOf(request), now)
      })
      reply.header('etag', etagOf(ticket))
      return ticket
    },
  )

  app.delete(
    '/tickets/:id/links/:other',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['tickets'],
        operationId: 'unlinkTickets',
        summary: 'Remove the links between two tickets',
        params: Pair,
        headers: IfMatch,
        response: { 200: { ...ref(TicketShape), headers: ETAG }, ...problemsOfWriting(404, 409, 412, 422) },
      },
    },
    async (request, reply) => {
      const { id, other } = request.params
      const ticket = await store.write(async tx => {
        const [one, another] = await pairOf(tx, id, other, request.headers['if-match'])
        const kinds = await tx.unlink(id, other)
        if (kinds.length === 0) throw new DeskError('not_found', `tickets ${id} and ${other} are not linked`)
        return linkChanged(tx, 'unlinked', one, another, kinds, actorOf(request), clock())
      })
      reply.header('etag', etagOf(ticket))
      return ticket
    },
  )

  app.post(
    '/messages/:id/accept',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['tickets'],
        operationId: 'acceptMessage',
        summary: 'Accept the message of a stranger',
        description:
          'A message that is `pending` counts from now on as if its sender had taken part: a solved ticket opens again. What does not belong here is moved out by a split.',
        params: ById,
        body: Acceptance,
        response: { 200: ref(MessageShape), ...problemsOfWriting(404, 409) },
      },
    },
    async request => {
      const { id } = request.params
      return store.write(async tx => {
        const message = await tx.message(id)
        if (!message) throw new DeskError('not_found', `there is no message ${id}`)
        if (message.ticket === null) throw new DeskError('conflict', `message ${id} belongs to no ticket`)
        const ticket = await ticketOf(tx, message.ticket)
        await recordAcceptance(tx, ticket, message, request.body?.participant, actorOf(request), clock())
        return (await tx.message(id)) ?? message
      })
    },
  )
}

async function split(
  tx: Tx,
  from: Ticket,
  { messages: chosen, subject }: Static<typeof Split>,
  policy: Policy,
  actor: string,
  now: Instant,
): Promise<Ticket> {
  const [messages, participants] = [await tx.messages(from.id), await tx.participants(from.id)]
  const outcome = splitTicket(from, messages, participants, { chosen, subject }, policy, actor, now)
  const { requester, tags, ...row } = outcome.ticket
  const people: number[] = []
  for (const person of outcome.people) people.push(await tx.savePerson(person, null, now))
  // The requester is the first of the people.
  const id = await tx.openTicket({ ...row, requesterId: requester ? (people[0] ?? null) : null }, tags, now)
  await tx.addParticipants(id, people, now)
  const moved = outcome.placed.map(placed => placed.id)
  for (const placed of outcome.placed) await tx.placeMessage(placed)
  await tx.moveMessages(moved, from.id, id)
  await tx.link(from.id, id, 'split', now)
  await tx.addEvents(id, outcome.events, now)
  await tx.addEvents(from.id, [{ kind: 'split', actor, data: { into: id, messages: moved } }], now)
  await tx.changeTicket(from.id, {}, now, from.revision)
  return ticketOf(tx, id)
}

async function pairOf(tx: Tx, id: TicketId, other: TicketId, ifMatch: string | undefined): Promise<[Ticket, Ticket]> {
  const pair: [Ticket, Ticket] = [await ticketToChange(tx, id, ifMatch), await ticketOf(tx, other)]
  refuseMerged(pair[1])
  if (id === other) throw new DeskError('invalid', `ticket ${id} cannot be linked with itself`)
  return pair
}

async function linkChanged(
  tx: Tx,
  kind: 'linked' | 'unlinked',
  one: Ticket,
  another: Ticket,
  kinds: readonly LinkKind[],
  actor: string,
  now: Instant,
): Promise<Ticket> {
  await tx.addEvents(one.id, [{ kind, actor, data: { ticket: another.id, kinds } }], now)
  await tx.addEvents(another.id, [{ kind, actor, data: { ticket: one.id, kinds } }], now)
  await tx.changeTicket(another.id, {}, now, another.revision)
  return tx.changeTicket(one.id, {}, now, one.revision)
}

/** A ticket that a body names. */
async function named(tx: Tx, id: TicketId): Promise<Ticket> {
  const ticket = await tx.ticket(id)
  if (!ticket) throw new DeskError('invalid', `there is no ticket ${id}`)
  return ticket
}
