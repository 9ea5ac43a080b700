import type { TableEdit } from '../sqlite.ts'

/** Mails that the server shows and does not hand out. */
export const refused: readonly (string | TableEdit)[] = [
  // What was taken in after them has moved the cursor past them; they are tried again until they come, or are gone.
  `CREATE TABLE refused_mails (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uid_validity TEXT NOT NULL,
    uid INTEGER NOT NULL,
    since TEXT NOT NULL,
    tried_at TEXT NOT NULL,
    -- What the server says, the last time.
    reason TEXT NOT NULL,
    PRIMARY KEY (mailbox, folder, uid_validity, uid)
  ) STRICT, WITHOUT ROWID`,
  { table: 'alarms', replace: "'silence', 'storm'", by: "'silence', 'storm', 'refused'" },
]
