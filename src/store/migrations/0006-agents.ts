import type { TableEdit } from '../sqlite.ts'

/** What agents do by mail: waiting until a day, cause and fix, followers, notifications and what else the desk writes to them. */
export const agents: readonly (string | TableEdit)[] = [
  // When a pending ticket is to be looked at again.
  `ALTER TABLE tickets ADD COLUMN pending_until TEXT`,
  `CREATE INDEX tickets_by_pending ON tickets (pending_until) WHERE pending_until IS NOT NULL`,
  // Why it happened and what solved it, as the requester is told.
  `ALTER TABLE tickets ADD COLUMN cause TEXT`,
  `ALTER TABLE tickets ADD COLUMN fix TEXT`,

  // What we know of an agent that the configuration cannot say.
  `CREATE TABLE agents (
    name TEXT PRIMARY KEY,
    -- Addresses and mails made for this agent earlier give no powers any more.
    keys_since TEXT,
    -- When an out-of-office came in answer to our mail; their next mail ends it.
    away_since TEXT,
    last_assigned_at TEXT
  ) STRICT, WITHOUT ROWID`,

  // Agents who want to hear of a ticket that is not theirs.
  `CREATE TABLE followers (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    agent TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (ticket_id, agent)
  ) STRICT, WITHOUT ROWID`,

  // What was written to an agent about a ticket. Whoever cites such a mail has it, and had better be that agent.
  `CREATE TABLE notifications (
    message_id TEXT PRIMARY KEY CHECK (message_id <> ''),
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    agent TEXT NOT NULL,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    -- The agent has shown it to others, so it proves nothing any more.
    shown_at TEXT
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX notifications_by_ticket ON notifications (ticket_id, agent, at)`,

  // Which pictures were there before: logos, and what a reply quotes.
  `CREATE INDEX attachments_by_content ON attachments (sha256)`,

  {
    table: 'outbox',
    replace: "'acknowledgement', 'answer', 'notice'",
    by: "'acknowledgement', 'answer', 'closing', 'notification', 'receipt', 'notice'",
  },
  { table: 'outbox', replace: "'queued', 'sent', 'failed'", by: "'queued', 'sent', 'failed', 'withdrawn'" },
]
