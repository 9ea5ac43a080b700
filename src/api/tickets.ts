import { editTicket } from '../desk/edit.ts'
import { refuseMerged } from '../desk/joining.ts'
import { PRIORITIES, STATUSES, type Ticket, type TicketId } from '../desk/ticket.ts'
import { DeskError } from '../errors.ts'
import { type Instant, instantOf } from '../instant.ts'
import { type Static, Type } from '../json-schema.ts'
import { foldAddress } from '../mail/address.ts'
import type { Reads } from '../store/store.ts'
import type { TicketFilter, TicketPosition } from '../store/tickets.ts'
import { withoutKeys } from './agent-keys.ts'
import { actorOf } from './auth.ts'
import type { Routes } from './options.ts'
import { outboxLine } from './outbox-shapes.ts'
import { InvalidRequest, problems, problemsOfWriting } from './problem.ts'
import { ById, isId, list, object, oneOf, orNull, PAGE_SIZE, PAGING, page, pageOf, readCursor, ref } from './shapes.ts'
import { TicketDetail, TicketShape } from './ticket-shapes.ts'

const word = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 320, description }))
const INSTANT = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,9})?)?(?:Z|[+-]\\d{2}:\\d{2})$'

const ListQuery = object({
  ...PAGING,
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description:
        'Words that must all occur in its messages; case and accents do not matter, the last word may be a beginning. A number, or `#1042`, finds that ticket too.',
    }),
  ),
  mailbox: word('Of this mailbox.'),
  status: Type.Optional(list(oneOf(STATUSES, 'A status.'), 'Of one of these; repeat the parameter.')),
  priority: Type.Optional(list(oneOf(PRIORITIES, 'A priority.'), 'Of one of these; repeat the parameter.')),
  category: word('Of this category.'),
  team: word('Of this team.'),
  assignee: word('Of this agent; `none`: of nobody.'),
  tag: word('With this tag.'),
  requester: word('From this mail address.'),
  overdue: Type.Optional(
    Type.Boolean({ description: 'Past the date by which they should have been solved, and not solved.' }),
  ),
  updatedSince: Type.Optional(
    Type.String({
      pattern: INSTANT,
      description: 'an instant such as 2026-11-22T10:00:00Z (in a URL, write + as %2B)',
    }),
  ),
})

const Edit = object(
  {
    status: Type.Optional(oneOf(STATUSES, 'The new status.')),
    priority: Type.Optional(oneOf(PRIORITIES, 'The new priority. The dates still to come are reckoned anew by it.')),
    category: Type.Optional(orNull.text('A category of the configuration, or null.')),
    team: Type.Optional(orNull.text('A team of the configuration, or null.')),
    assignee: Type.Optional(orNull.text('The name of an agent of the configuration, or null.')),
  },
  { minProperties: 1 },
)

export const ETAG = { etag: { type: 'string', description: 'The revision, for `If-Match`.' } }
export const IfMatch = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'Change it only when it still has this ETag.' })),
})

/** Tickets: found, read and changed. */
export const ticketRoutes: Routes = async (app, { store, policy, clock, onQueued }) => {
  app.get(
    '/tickets',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['tickets'],
        operationId: 'findTickets',
        summary: 'Find tickets',
        description:
          'Last changed first. A page goes on exactly where the one before ended, whatever is added meanwhile; a ticket that changes meanwhile moves to the front, where `updatedSince` finds it.',
        querystring: ListQuery,
        response: { 200: page(ref(TicketShape), 'Last changed first.'), ...problems() },
      },
    },
    async ({ query }) => {
      const { limit = PAGE_SIZE } = query
      const after = query.cursor === undefined ? undefined : positionOf(query.cursor)
      const rows = await store.read.tickets(filterOf(query, clock()), limit + 1, after)
      return pageOf(rows, limit, ticket => [ticket.updatedAt, ticket.id])
    },
  )

  app.get(
    '/tickets/:id',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['tickets'],
        operationId: 'getTicket',
        summary: 'A ticket with its messages, history and mails',
        params: ById,
        response: { 200: { ...ref(TicketDetail), headers: ETAG }, ...problems(404) },
      },
    },
    async ({ params: { id } }, reply) => {
      // The ticket first: should it change between two questions, the ETag is the older one and a change by it is refused.
      const ticket = await ticketOf(store.read, id)
      const [participants, messages, events, promises, outbox, links, mergedFrom] = await Promise.all([
        store.read.participants(id),
        store.read.messages(id),
        store.read.events(id),
        store.read.promises(id),
        store.read.outbox({ ticket: id, limit: 1_000 }),
        store.read.links(id),
        store.read.mergedInto(id),
      ])
      reply.header('etag', etagOf(ticket))
      const joined = { links, mergedFrom }
      const lines = outbox.map(outboxLine)
      return withoutKeys({ ...ticket, ...joined, participants, messages, events, promises, outbox: lines })
    },
  )

  app.patch(
    '/tickets/:id',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['tickets'],
        operationId: 'changeTicket',
        summary: 'Change a ticket',
        params: ById,
        headers: IfMatch,
        body: Edit,
        response: { 200: { ...ref(TicketShape), headers: ETAG }, ...problemsOfWriting(404, 409, 412, 422) },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const changed = await store.write(async tx => {
        const ticket = await ticketToChange(tx, id, request.headers['if-match'])
        const now = clock()
        const { changes, events } = editTicket(ticket, request.body, policy, actorOf(request), now)
        if (events.length === 0) return ticket
        await tx.addEvents(id, events, now)
        return tx.changeTicket(id, changes, now, ticket.revision)
      })
      // Somebody may have to hear of it.
      onQueued()
      reply.header('etag', etagOf(changed))
      return changed
    },
  )
}

/** Throws DeskError('not_found') when there is no such ticket. */
export async function ticketOf(reads: Pick<Reads, 'ticket'>, id: TicketId): Promise<Ticket> {
  const ticket = await reads.ticket(id)
  if (!ticket) throw new DeskError('not_found', `there is no ticket ${id}`)
  return ticket
}

/** Throws DeskError('not_found'), 'conflict' when it was merged, 'outdated' when it is not the one of `ifMatch` any more. */
export async function ticketToChange(
  reads: Pick<Reads, 'ticket'>,
  id: TicketId,
  ifMatch: string | undefined,
): Promise<Ticket> {
  const ticket = await ticketOf(reads, id)
  // RFC 9110 §13.2.1: a precondition counts only where the request would have succeeded without it.
  refuseMerged(ticket)
  // RFC 9110 §13.1.1
  if (!matches(ifMatch, ticket)) {
    throw new DeskError('outdated', `ticket ${id} has changed since: its ETag is ${etagOf(ticket)} now. Read it again.`)
  }
  return ticket
}

function filterOf(query: Static<typeof ListQuery>, now: Instant): TicketFilter {
  const { q, assignee, requester, overdue, updatedSince, limit: _limit, cursor: _cursor, ...same } = query
  const number = /^\s*#?(\d{1,15})\s*$/.exec(q ?? '')?.[1]
  return {
    ...same,
    ...(q !== undefined && { words: q.split(/\s+/).filter(word => word !== '') }),
    ...(number !== undefined && { orNumber: Number(number) }),
    ...(assignee !== undefined && { assignee: assignee === 'none' ? null : assignee }),
    ...(requester !== undefined && { requester: foldAddress(requester) }),
    ...(overdue && { overdueAt: now }),
    ...(updatedSince !== undefined && { updatedSince: utc(updatedSince) }),
  }
}

function utc(written: string): Instant {
  try {
    return instantOf(Date.parse(written))
  } catch {
    const message = 'is no date of the calendar, in UTC from the year 1 to 9999'
    throw new InvalidRequest([{ path: 'query/updatedSince', message }])
  }
}

function positionOf(cursor: string): TicketPosition {
  const [updatedAt, id] = readCursor(cursor, isPosition)
  return { updatedAt, id }
}

function isPosition(value: unknown): value is [Instant, TicketId] {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [updatedAt, id] = value
  return typeof updatedAt === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(updatedAt) && isId(id)
}

export function etagOf({ revision }: Ticket): string {
  return `"${revision}"`
}

/** RFC 9110 §13.1.1: any of the listed tags, compared strongly; `*` is whatever there is. */
function matches(header: string | undefined, ticket: Ticket): boolean {
  if (header === undefined || header.trim() === '*') return true
  return header.split(',').some(tag => tag.trim() === etagOf(ticket))
}
