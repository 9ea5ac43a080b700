/** Participants who were told and who left, addresses that return our mail, and what bounds automatic mail. */
export const senders: readonly string[] = [
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

  // The same table, with one cause more.
  `ALTER TABLE alarms RENAME TO alarms_before`,
  `CREATE TABLE alarms (
    cause TEXT NOT NULL CHECK (cause IN ('reading', 'sending', 'silence', 'storm')),
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    since TEXT NOT NULL,
    detail TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    told_at TEXT,
    over_at TEXT,
    PRIMARY KEY (cause, mailbox, folder)
  ) STRICT, WITHOUT ROWID`,
  `INSERT INTO alarms SELECT * FROM alarms_before`,
  `DROP TABLE alarms_before`,
]
