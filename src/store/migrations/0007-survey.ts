/** What people say of a ticket once it is solved. */
export const survey: readonly string[] = [
  // The last one, from 1 (bad) to 5 (very good); never of an anonymous survey.
  `ALTER TABLE tickets ADD COLUMN rating INTEGER CHECK (rating BETWEEN 1 AND 5)`,
  `ALTER TABLE tickets ADD COLUMN rating_comment TEXT`,

  // Who was asked: once each time that a ticket is solved.
  `CREATE TABLE surveys (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    solved_at TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    anonymous INTEGER NOT NULL CHECK (anonymous IN (0, 1)),
    -- How often it was answered. Of an anonymous one this is all that is known here: no time, no score.
    answers INTEGER NOT NULL DEFAULT 0 CHECK (answers >= 0),
    score INTEGER CHECK (score BETWEEN 1 AND 5),
    PRIMARY KEY (ticket_id, solved_at),
    CHECK (anonymous = 0 OR (score IS NULL AND answers <= 1))
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX surveys_by_score ON surveys (mailbox, score)`,

  // Neither ticket nor person nor time. The key is drawn by lot and there is no rowid: the order tells nothing either.
  `CREATE TABLE anonymous_answers (
    lot TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL,
    team TEXT,
    category TEXT,
    month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]'),
    score INTEGER NOT NULL CHECK (score BETWEEN 1 AND 5),
    comment TEXT
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX anonymous_answers_by_score ON anonymous_answers (mailbox, score)`,
]
