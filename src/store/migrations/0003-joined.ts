/** Tickets merged into others, and links between tickets. */
export const joined: readonly string[] = [
  // Never a ticket that was merged itself: when that happens, what was merged into it follows.
  `ALTER TABLE tickets ADD COLUMN merged_into INTEGER REFERENCES tickets (id) CHECK (merged_into <> id)`,
  `CREATE INDEX tickets_by_merge ON tickets (merged_into) WHERE merged_into IS NOT NULL`,

  // One row a pair and kind. Numbers are given out in order, so the lower one came first.
  `CREATE TABLE ticket_links (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    other_id INTEGER NOT NULL REFERENCES tickets (id) CHECK (other_id > ticket_id),
    kind TEXT NOT NULL CHECK (kind IN ('follow-up', 'related', 'split')),
    at TEXT NOT NULL,
    PRIMARY KEY (ticket_id, other_id, kind)
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX ticket_links_by_other ON ticket_links (other_id)`,
]
