/** Who is to do what by when: dates that agents are reminded of, tickets that change hands, news that wait for a digest. */
export const crew: readonly string[] = [
  // What is still to be answered or solved, by its date: looked at every minute.
  `CREATE INDEX tickets_by_first_response ON tickets (first_response_due)
    WHERE first_response_at IS NULL AND solved_at IS NULL`,
  `CREATE INDEX tickets_by_resolution ON tickets (resolution_due) WHERE solved_at IS NULL`,
  `CREATE INDEX tickets_by_assignee ON tickets (assignee, status) WHERE assignee IS NOT NULL`,
  `CREATE INDEX messages_by_agent ON messages (agent, received_at) WHERE agent IS NOT NULL AND raw_mail_id IS NOT NULL`,

  // Nobody is reminded twice of one date; a new date is another one.
  `CREATE TABLE reminders (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    what TEXT NOT NULL CHECK (what IN ('first-response', 'resolution')),
    notice TEXT NOT NULL CHECK (notice IN ('due', 'breached')),
    due_at TEXT NOT NULL,
    PRIMARY KEY (ticket_id, what, notice, due_at)
  ) STRICT, WITHOUT ROWID`,

  // Tickets that change hands at a moment unless something happens before.
  `CREATE TABLE handovers (
    ticket_id INTEGER PRIMARY KEY REFERENCES tickets (id),
    -- From whom it goes back to the team; null: it is to be given to somebody who is at work then.
    agent TEXT,
    at TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX handovers_by_time ON handovers (at)`,

  // What an agent is told of in the next digest.
  `CREATE TABLE digest_lines (
    agent TEXT NOT NULL,
    event_id INTEGER NOT NULL REFERENCES ticket_events (id),
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    notice TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (agent, event_id)
  ) STRICT, WITHOUT ROWID`,
]
