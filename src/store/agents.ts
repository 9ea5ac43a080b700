import type { TicketId } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import { foldId } from '../mail/message-id.ts'
import type { Db } from './schema.ts'
import { statement } from './statement.ts'

/** What we know of an agent beside the configuration. */
export type AgentState = {
  /** Addresses and mails made for this agent earlier give no powers any more. */
  readonly keysSince: Instant | null
  /** Since when an out-of-office answers our mail; null: not away. */
  readonly awaySince: Instant | null
  readonly lastAssignedAt: Instant | null
}

/** A mail that told an agent of a ticket. */
export type Notification = {
  readonly messageId: string
  readonly ticket: TicketId
  readonly agent: string
  /** What it tells of: a `Notice` (an `answer` of a colleague is no `note`), or `receipt`. */
  readonly kind: string
  readonly at: Instant
}

/** `shown`: the agent has shown it to others, so that it proves nothing any more. */
export type Notified = Notification & { readonly shown: boolean }

const UNKNOWN: AgentState = { keysSince: null, awaySince: null, lastAssignedAt: null }

export function agentReads(db: Db) {
  return {
    async agentState(name: string): Promise<AgentState> {
      const [row] = await stateOf(db, { name })
      return row ? toState(row) : UNKNOWN
    },

    /** Of all agents of whom anything is known. */
    async agentStates(): Promise<ReadonlyMap<string, AgentState>> {
      const rows = await db.selectFrom('agents').selectAll().execute()
      return new Map(rows.map(row => [row.name, toState(row)]))
    },

    /** How many open tickets each of these agents has. */
    async openTicketsOf(agents: readonly string[]): Promise<ReadonlyMap<string, number>> {
      const rows = await db
        .selectFrom('tickets')
        .select(eb => ['assignee', eb.fn.countAll<number>().as('count')])
        .where('assignee', 'in', agents)
        .where('status', '=', 'open')
        .groupBy('assignee')
        .execute()
      return new Map(rows.map(({ assignee, count }) => [assignee ?? '', Number(count)]))
    },

    /** When a mail of this agent last arrived; null: none has. */
    async lastMailOf(agent: string): Promise<Instant | null> {
      const row = await db
        .selectFrom('messages')
        .select(eb => eb.fn.max('received_at').as('at'))
        .where('agent', '=', agent)
        .where('raw_mail_id', 'is not', null)
        .executeTakeFirst()
      return row?.at ?? null
    },

    /** The agents whose out-of-office was seen since they last wrote. */
    async agentsAway(): Promise<string[]> {
      const rows = await agentsAway(db, {})
      return rows.map(({ name }) => name)
    },

    /** The agents who follow a ticket. */
    async followers(ticket: TicketId): Promise<string[]> {
      const rows = await followers(db, { ticket })
      return rows.map(({ agent }) => agent)
    },

    /** Which of these Message-IDs are those of notifications. */
    async notificationsCited(ids: readonly string[]): Promise<Notified[]> {
      const rows = await Promise.all([...new Set(ids.map(foldId))].map(id => notificationOf(db, { id })))
      return rows.flat().map(toNotification)
    },

    /** What an agent was told of a ticket, oldest first. */
    async notificationsOf(ticket: TicketId, agent: string): Promise<Notified[]> {
      const rows = await db
        .selectFrom('notifications')
        .selectAll()
        .where('ticket_id', '=', ticket)
        .where('agent', '=', agent)
        .orderBy('at')
        .execute()
      return rows.map(toNotification)
    },
  }
}

export function agentWrites(db: Db) {
  return {
    /** Changes what is known of an agent; what is absent stays. */
    async setAgentState(name: string, state: Partial<AgentState>): Promise<void> {
      const before = await agentReads(db).agentState(name)
      const { keysSince, awaySince, lastAssignedAt } = { ...before, ...state }
      const row = { keys_since: keysSince, away_since: awaySince, last_assigned_at: lastAssignedAt }
      await db
        .insertInto('agents')
        .values({ name, ...row })
        .onConflict(on => on.column('name').doUpdateSet(row))
        .execute()
    },

    async follow(ticket: TicketId, agent: string, at: Instant): Promise<void> {
      await db
        .insertInto('followers')
        .values({ ticket_id: ticket, agent, at })
        .onConflict(on => on.doNothing())
        .execute()
    },

    async unfollow(ticket: TicketId, agent: string): Promise<void> {
      await db.deleteFrom('followers').where('ticket_id', '=', ticket).where('agent', '=', agent).execute()
    },

    /** What an agent was told of a ticket until then proves nothing any more. */
    async notificationsShown(ticket: TicketId, agent: string, at: Instant, until = at): Promise<void> {
      await db
        .updateTable('notifications')
        .set({ shown_at: at })
        .where('ticket_id', '=', ticket)
        .where('agent', '=', agent)
        .where('at', '<=', until)
        .where('shown_at', 'is', null)
        .execute()
    },

    async saveNotification(notification: Notification): Promise<void> {
      await saveNotification(db, { ...notification, messageId: foldId(notification.messageId) })
    },
  }
}

const stateOf = statement((db, { name }: { name: string }) =>
  db.selectFrom('agents').selectAll().where('name', '=', name),
)

const agentsAway = statement(db => db.selectFrom('agents').select('name').where('away_since', 'is not', null))

const followers = statement((db, { ticket }: { ticket: TicketId }) =>
  db.selectFrom('followers').select('agent').where('ticket_id', '=', ticket).orderBy('agent'),
)

const notificationOf = statement((db, { id }: { id: string }) =>
  db.selectFrom('notifications').selectAll().where('message_id', '=', id),
)

const saveNotification = statement((db, { messageId, ticket, agent, kind, at }: Notification) =>
  db.insertInto('notifications').values({ message_id: messageId, ticket_id: ticket, agent, kind, at }),
)

type StateRow = { keys_since: Instant | null; away_since: Instant | null; last_assigned_at: Instant | null }

function toState({ keys_since, away_since, last_assigned_at }: StateRow): AgentState {
  return { keysSince: keys_since, awaySince: away_since, lastAssignedAt: last_assigned_at }
}

type Row = {
  message_id: string
  ticket_id: number
  agent: string
  kind: string
  at: Instant
  shown_at: Instant | null
}

function toNotification({ message_id, ticket_id, agent, kind, at, shown_at }: Row): Notified {
  return { messageId: message_id, ticket: ticket_id, agent, kind, at, shown: shown_at !== null }
}
