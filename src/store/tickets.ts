import type { Priority, Status, Ticket, TicketChanges, TicketEvent, TicketId } from '../desk/ticket.ts'
import { DeskError } from '../errors.ts'
import type { Instant } from '../instant.ts'
import type { Db } from './schema.ts'
import { fromJson, toJson } from './schema.ts'
import { ticketsMatching, valuesIn } from './sqlite.ts'
import { one, statement } from './statement.ts'
import { readTicket, selectTickets } from './ticket-row.ts'

export type TicketFilter = {
  readonly mailbox?: string
  readonly status?: readonly Status[]
  readonly priority?: readonly Priority[]
  readonly category?: string
  readonly team?: string
  /** Null: those that nobody is assigned to. */
  readonly assignee?: string | null
  readonly tag?: string
  /** Folded address. */
  readonly requester?: string
  /** Not solved and past this instant of their resolution due. */
  readonly overdueAt?: Instant
  /** Words that must all occur in the messages of the ticket; the last one may be a beginning. */
  readonly words?: readonly string[]
  /** Finds this ticket too, whether the words occur in it or not. */
  readonly orNumber?: TicketId
  readonly updatedSince?: Instant
}

/** A place between two tickets of a list: stable while tickets are added. */
export type TicketPosition = { readonly updatedAt: Instant; readonly id: TicketId }

export type RecordedEvent = TicketEvent & { readonly id: number; readonly at: Instant }

/** A ticket before it has a number. */
export type TicketRow = Omit<
  Ticket,
  | 'id'
  | 'requester'
  | 'tags'
  | 'revision'
  | 'updatedAt'
  | 'firstResponseAt'
  | 'solvedAt'
  | 'pendingUntil'
  | 'cause'
  | 'fix'
  | 'rating'
  | 'ratingComment'
  | 'mergedInto'
> & {
  readonly requesterId: number | null
}

export function ticketReads(db: Db) {
  return {
    async ticket(id: TicketId): Promise<Ticket | null> {
      const [row] = await ticketWith(db, { id })
      return row ? readTicket(row) : null
    },

    /** Tickets by last change, newest first; `after` continues behind a position. */
    async tickets(filter: TicketFilter, limit: number, after?: TicketPosition): Promise<Ticket[]> {
      let query = selectTickets(db).orderBy('t.updated_at', 'desc').orderBy('t.id', 'desc').limit(limit)
      const { mailbox } = filter
      if (mailbox) {
        // A mail to two mailboxes is one ticket, which both of them know.
        const copied = db
          .selectFrom('raw_mails')
          .select('ticket_id')
          .where('outcome', '=', 'duplicate')
          .where('mailbox', '=', mailbox)
          .where('ticket_id', 'is not', null)
        query = query.where(eb => eb.or([eb('t.mailbox', '=', mailbox), eb('t.id', 'in', copied)]))
      }
      if (filter.status) query = query.where('t.status', 'in', filter.status)
      if (filter.priority) query = query.where('t.priority', 'in', filter.priority)
      if (filter.category) query = query.where('t.category', '=', filter.category)
      if (filter.team) query = query.where('t.team', '=', filter.team)
      if (filter.assignee === null) query = query.where('t.assignee', 'is', null)
      else if (filter.assignee) query = query.where('t.assignee', '=', filter.assignee)
      if (filter.requester) query = query.where('p.address', '=', filter.requester)
      if (filter.updatedSince) query = query.where('t.updated_at', '>=', filter.updatedSince)
      const { tag, overdueAt, words, orNumber } = filter
      if (tag)
        query = query.where('t.id', 'in', db.selectFrom('ticket_tags').select('ticket_id').where('tag', '=', tag))
      if (overdueAt)
        query = query.where('t.status', 'in', ['open', 'pending']).where('t.resolution_due', '<', overdueAt)
      if (words && words.length > 0) {
        const found = ticketsMatching(words)
        query = query.where(eb =>
          eb.or([eb('t.id', 'in', found), ...(orNumber === undefined ? [] : [eb('t.id', '=', orNumber)])]),
        )
      }
      if (after) {
        // The first condition alone lets an index seek the place; deep pages would walk there otherwise.
        query = query
          .where('t.updated_at', '<=', after.updatedAt)
          .where(eb => eb.or([eb('t.updated_at', '<', after.updatedAt), eb('t.id', '<', after.id)]))
      }
      return (await query.execute()).map(readTicket)
    },

    async events(ticket: TicketId): Promise<RecordedEvent[]> {
      const rows = await db
        .selectFrom('ticket_events')
        .selectAll()
        .where('ticket_id', '=', ticket)
        .orderBy('id')
        .execute()
      return rows.map(row => ({
        id: row.id,
        at: row.at,
        kind: row.kind as TicketEvent['kind'],
        actor: row.actor,
        data: fromJson(row.data),
      }))
    },

    /** What of these kinds happened to any ticket after this event, oldest first. */
    async eventsAfter(
      event: number,
      kinds: readonly TicketEvent['kind'][],
      limit: number,
    ): Promise<(RecordedEvent & { readonly ticket: TicketId })[]> {
      const rows = await eventsAfter(db, { event, kinds: JSON.stringify(kinds), limit })
      return rows.map(row => ({
        id: row.id,
        ticket: row.ticket_id,
        at: row.at,
        kind: row.kind as TicketEvent['kind'],
        actor: row.actor,
        data: fromJson(row.data),
      }))
    },

    /** The number of the newest event; 0 when there is none. */
    async lastEvent(): Promise<number> {
      const row = await db
        .selectFrom('ticket_events')
        .select(eb => eb.fn.max('id').as('id'))
        .executeTakeFirst()
      return row?.id ?? 0
    },

    /** The dates that were told to the requester, oldest first. */
    async promises(
      ticket: TicketId,
    ): Promise<{ kind: 'first-response' | 'resolution'; dueAt: Instant; toldAt: Instant }[]> {
      const rows = await db.selectFrom('promises').selectAll().where('ticket_id', '=', ticket).orderBy('id').execute()
      return rows.map(row => ({ kind: row.kind, dueAt: row.due_at, toldAt: row.told_at }))
    },
  }
}

export function ticketWrites(db: Db) {
  return {
    async openTicket(ticket: TicketRow, tags: readonly string[], at: Instant): Promise<TicketId> {
      const { id } = one(await insertTicket(db, { ...ticket, at }))
      for (const tag of tags) await insertTag(db, { ticket: id, tag })
      return id
    },

    /**
     * Applies changes and counts the revision up. With `revision` given, only when the ticket still has that one:
     * otherwise throws DeskError('conflict'). Throws DeskError('not_found') when there is no such ticket.
     */
    async changeTicket(id: TicketId, changes: TicketChanges, at: Instant, revision?: number): Promise<Ticket> {
      const columns = {
        ...('status' in changes && { status: changes.status }),
        ...('priority' in changes && { priority: changes.priority }),
        ...('category' in changes && { category: changes.category }),
        ...('team' in changes && { team: changes.team }),
        ...('assignee' in changes && { assignee: changes.assignee }),
        ...('firstResponseDue' in changes && { first_response_due: changes.firstResponseDue }),
        ...('resolutionDue' in changes && { resolution_due: changes.resolutionDue }),
        ...('firstResponseAt' in changes && { first_response_at: changes.firstResponseAt }),
        ...('solvedAt' in changes && { solved_at: changes.solvedAt }),
        ...('pendingUntil' in changes && { pending_until: changes.pendingUntil }),
        ...('cause' in changes && { cause: changes.cause }),
        ...('fix' in changes && { fix: changes.fix }),
        ...('rating' in changes && { rating: changes.rating }),
        ...('ratingComment' in changes && { rating_comment: changes.ratingComment }),
        ...('mergedInto' in changes && { merged_into: changes.mergedInto }),
      }
      let query = db
        .updateTable('tickets')
        .set(eb => ({ ...columns, updated_at: at, revision: eb('revision', '+', 1) }))
        .where('id', '=', id)
      if (revision !== undefined) query = query.where('revision', '=', revision)
      const { numUpdatedRows } = await query.executeTakeFirstOrThrow()
      const ticket = await ticketReads(db).ticket(id)
      if (!ticket) throw new DeskError('not_found', `there is no ticket ${id}`)
      if (numUpdatedRows === 0n) {
        throw new DeskError(
          'conflict',
          `ticket ${id} has changed since: it is at revision ${ticket.revision}. Read it again.`,
        )
      }
      return ticket
    },

    async addEvents(ticket: TicketId, events: readonly TicketEvent[], at: Instant): Promise<void> {
      for (const { kind, actor, data } of events) await insertEvent(db, { ticket, at, kind, actor, data: toJson(data) })
    },

    async addTags(ticket: TicketId, tags: readonly string[]): Promise<void> {
      for (const tag of tags) await insertTag(db, { ticket, tag })
    },

    async removeTags(ticket: TicketId, tags: readonly string[]): Promise<void> {
      if (tags.length === 0) return
      await db.deleteFrom('ticket_tags').where('ticket_id', '=', ticket).where('tag', 'in', tags).execute()
    },

    async addPromise(promise: NewPromise, at: Instant): Promise<void> {
      await insertPromise(db, { ...promise, at })
    },
  }
}

type NewPromise = {
  readonly ticket: TicketId
  readonly kind: 'first-response' | 'resolution'
  readonly dueAt: Instant
  readonly outbox: number
}

const ticketWith = statement((db, { id }: { id: TicketId }) => selectTickets(db).where('t.id', '=', id))

const insertTicket = statement((db, ticket: TicketRow & { at: Instant }) =>
  db
    .insertInto('tickets')
    .values({
      mailbox: ticket.mailbox,
      team: ticket.team,
      assignee: ticket.assignee,
      subject: ticket.subject,
      requester_id: ticket.requesterId,
      language: ticket.language,
      status: ticket.status,
      category: ticket.category,
      priority: ticket.priority,
      service_level: ticket.serviceLevel,
      opened_at: ticket.openedAt,
      first_response_due: ticket.firstResponseDue,
      resolution_due: ticket.resolutionDue,
      first_response_at: null,
      solved_at: null,
      updated_at: ticket.at,
    })
    .returning('id'),
)

const eventsAfter = statement((db, { event, kinds, limit }: { event: number; kinds: string; limit: number }) =>
  db
    .selectFrom('ticket_events')
    .selectAll()
    .where('id', '>', event)
    .where('kind', 'in', valuesIn<string>(kinds))
    .orderBy('id')
    .limit(limit),
)

const insertTag = statement((db, row: { ticket: TicketId; tag: string }) =>
  db
    .insertInto('ticket_tags')
    .values({ ticket_id: row.ticket, tag: row.tag })
    .onConflict(on => on.doNothing()),
)

const insertEvent = statement(
  (db, event: { ticket: TicketId; at: Instant; kind: string; actor: string; data: string }) =>
    db
      .insertInto('ticket_events')
      .values({ ticket_id: event.ticket, at: event.at, kind: event.kind, actor: event.actor, data: event.data }),
)

const insertPromise = statement((db, promise: NewPromise & { at: Instant }) =>
  db.insertInto('promises').values({
    ticket_id: promise.ticket,
    kind: promise.kind,
    due_at: promise.dueAt,
    told_at: promise.at,
    outbox_id: promise.outbox,
  }),
)
