import type { Selectable } from 'kysely'
import type { Ticket } from '../desk/ticket.ts'
import { type Db, fromJson, type Tables } from './schema.ts'
import { ticketAsJson } from './sqlite.ts'

type Row = Selectable<Tables['tickets']>
type ValuesOf<Columns extends readonly (keyof Row)[]> = { readonly [At in keyof Columns]: Row[Columns[At]] }

/** In the order in which `readTicket` takes them. */
const COLUMNS = [
  'id',
  'mailbox',
  'team',
  'assignee',
  'subject',
  'language',
  'status',
  'category',
  'priority',
  'service_level',
  'opened_at',
  'first_response_due',
  'resolution_due',
  'first_response_at',
  'solved_at',
  'updated_at',
  'pending_until',
  'cause',
  'fix',
  'rating',
  'rating_comment',
  'merged_into',
  'revision',
] as const satisfies readonly (keyof Row)[]

type Values = readonly [
  ...ValuesOf<typeof COLUMNS>,
  name: string | null,
  address: string | null,
  tags: readonly string[],
]

const TICKET = ticketAsJson(COLUMNS).as('ticket')

/** Tickets as `readTicket` reads them, of the tables `tickets` as `t` and `people`, their requesters, as `p`. */
export function selectTickets(db: Db) {
  return db.selectFrom('tickets as t').leftJoin('people as p', 'p.id', 't.requester_id').select(TICKET)
}

/** The ticket out of such a row. Named one by one: to make the objects in a loop over names takes half as long again. */
export function readTicket(row: { readonly ticket: string }): Ticket {
  const [
    id,
    mailbox,
    team,
    assignee,
    subject,
    language,
    status,
    category,
    priority,
    serviceLevel,
    openedAt,
    firstResponseDue,
    resolutionDue,
    firstResponseAt,
    solvedAt,
    updatedAt,
    pendingUntil,
    cause,
    fix,
    rating,
    ratingComment,
    mergedInto,
    revision,
    name,
    address,
    tags,
  ] = fromJson<Values>(row.ticket)
  return {
    id,
    mailbox,
    team,
    assignee,
    subject,
    requester: address === null ? null : { name: name ?? '', address },
    language,
    status,
    category,
    priority,
    tags,
    serviceLevel,
    openedAt,
    firstResponseDue,
    resolutionDue,
    firstResponseAt,
    solvedAt,
    updatedAt,
    pendingUntil,
    cause,
    fix,
    rating,
    ratingComment,
    mergedInto,
    revision,
  }
}
