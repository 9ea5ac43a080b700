import type { TableEdit } from '../sqlite.ts'

/** Participants who were told and who left, addresses that return our mail, and what bounds automatic mail. */
export const senders: readonly (string | TableEdit)[] = [
  `ALTER TABLE participants ADD COLUMN told_at TEXT`,
  `ALTER TABLE participants ADD COLUMN left_at TEXT`,
  // When our mail to this person was last returned for good.
  `ALTER TABLE people ADD COLUMN bounced_at TEXT`,

  // Token buckets: how many automatic mails were left at an instant, for `address:…` and `mailbox:…`.
  `CREATE TABLE buckets (
    name TEXT PRIMARY KEY,
    level REAL NOT NULL,
    at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID`,

  { table: 'alarms', replace: "'sending', 'silence'", by: "'sending', 'silence', 'storm'" },
]
