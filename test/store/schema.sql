CREATE TABLE agents (
    name TEXT PRIMARY KEY,
    -- Addresses and mails made for this agent earlier give no powers any more.
    keys_since TEXT,
    -- When an out-of-office came in answer to our mail; their next mail ends it.
    away_since TEXT,
    last_assigned_at TEXT
  ) STRICT, WITHOUT ROWID;

CREATE TABLE alarms (
    cause TEXT NOT NULL CHECK (cause IN ('reading', 'sending', 'silence', 'storm', 'refused')),
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    since TEXT NOT NULL,
    detail TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    told_at TEXT,
    over_at TEXT,
    PRIMARY KEY (cause, mailbox, folder)
  ) STRICT, WITHOUT ROWID;

CREATE TABLE anonymous_answers (
    lot TEXT PRIMARY KEY,
    mailbox TEXT NOT NULL,
    team TEXT,
    category TEXT,
    month TEXT NOT NULL CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]'),
    score INTEGER NOT NULL CHECK (score BETWEEN 1 AND 5),
    comment TEXT
  ) STRICT, WITHOUT ROWID;

CREATE INDEX anonymous_answers_by_score ON anonymous_answers (mailbox, score);

CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'agent', 'reader', 'monitor')),
    hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    last_used_at TEXT,
    revoked_at TEXT
  ) STRICT;

CREATE TABLE attachments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL REFERENCES messages (id),
    part INTEGER NOT NULL,
    filename TEXT,
    content_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    inline INTEGER NOT NULL CHECK (inline IN (0, 1)),
    content_id TEXT,
    sha256 TEXT NOT NULL,
    UNIQUE (message_id, part)
  ) STRICT;

CREATE INDEX attachments_by_content ON attachments (sha256);

CREATE TABLE buckets (
    name TEXT PRIMARY KEY,
    level REAL NOT NULL,
    at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

CREATE TABLE digest_lines (
    agent TEXT NOT NULL,
    event_id INTEGER NOT NULL REFERENCES ticket_events (id),
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    notice TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (agent, event_id)
  ) STRICT, WITHOUT ROWID;

CREATE TABLE followers (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    agent TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (ticket_id, agent)
  ) STRICT, WITHOUT ROWID;

CREATE TABLE handovers (
    ticket_id INTEGER PRIMARY KEY REFERENCES tickets (id),
    -- From whom it goes back to the team; null: it is to be given to somebody who is at work then.
    agent TEXT,
    at TEXT NOT NULL
  ) STRICT;

CREATE INDEX handovers_by_time ON handovers (at);

CREATE TABLE left_out_mails (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uid_validity TEXT NOT NULL,
    first_uid INTEGER NOT NULL,
    last_uid INTEGER NOT NULL CHECK (last_uid >= first_uid),
    mails INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (mailbox, folder, uid_validity, first_uid)
  ) STRICT;

CREATE TABLE mailbox_folders (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uid_validity TEXT,
    last_uid INTEGER NOT NULL DEFAULT 0,
    read_since TEXT,
    checked_at TEXT,
    last_error TEXT,
    last_error_at TEXT, role TEXT NOT NULL DEFAULT 'received' CHECK (role IN ('received', 'sent')), since_uid INTEGER NOT NULL DEFAULT 0, tidied_uid INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, folder)
  ) STRICT;

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER REFERENCES tickets (id),
    raw_mail_id INTEGER UNIQUE REFERENCES raw_mails (id),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out', 'note')),
    author TEXT NOT NULL CHECK (author IN ('requester', 'participant', 'agent', 'stranger', 'robot', 'postdesk')),
    agent TEXT,
    standing TEXT NOT NULL CHECK (standing IN ('accepted', 'pending')),
    mailbox TEXT NOT NULL,
    message_id TEXT,
    message_references TEXT NOT NULL,
    from_name TEXT NOT NULL,
    from_address TEXT NOT NULL,
    recipients TEXT NOT NULL,
    subject TEXT NOT NULL,
    sent_at TEXT,
    received_at TEXT NOT NULL,
    language TEXT,
    text TEXT NOT NULL,
    new_text TEXT NOT NULL,
    html TEXT,
    protection TEXT NOT NULL CHECK (protection IN ('none', 'signed', 'encrypted')),
    automatic TEXT,
    report TEXT,
    forwarded TEXT
  ) STRICT;

CREATE INDEX messages_by_agent ON messages (agent, received_at) WHERE agent IS NOT NULL AND raw_mail_id IS NOT NULL;

CREATE INDEX messages_by_ticket ON messages (ticket_id, id) WHERE ticket_id IS NOT NULL;

CREATE VIRTUAL TABLE messages_fts USING fts5 (
    subject, text, from_name, from_address,
    content='messages', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
  );

CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages WHEN old.author <> 'postdesk' BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, subject, text, from_name, from_address)
    VALUES ('delete', old.id, old.subject, old.text, old.from_name, old.from_address);
  END;

CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages WHEN new.author <> 'postdesk' BEGIN
    INSERT INTO messages_fts (rowid, subject, text, from_name, from_address)
    VALUES (new.id, new.subject, new.text, new.from_name, new.from_address);
  END;

CREATE TRIGGER messages_fts_update AFTER UPDATE OF subject, text, from_name, from_address ON messages
  WHEN old.author <> 'postdesk' BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, subject, text, from_name, from_address)
    VALUES ('delete', old.id, old.subject, old.text, old.from_name, old.from_address);
    INSERT INTO messages_fts (rowid, subject, text, from_name, from_address)
    VALUES (new.id, new.subject, new.text, new.from_name, new.from_address);
  END;

CREATE TABLE notifications (
    message_id TEXT PRIMARY KEY CHECK (message_id <> ''),
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    agent TEXT NOT NULL,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    -- The agent has shown it to others, so it proves nothing any more.
    shown_at TEXT
  ) STRICT, WITHOUT ROWID;

CREATE INDEX notifications_by_ticket ON notifications (ticket_id, agent, at);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER REFERENCES tickets (id),
    message_id INTEGER REFERENCES messages (id),
    kind TEXT NOT NULL CHECK (kind IN ('acknowledgement', 'answer', 'closing', 'notification', 'receipt', 'notice')),
    dedupe_key TEXT NOT NULL UNIQUE,
    mailbox TEXT NOT NULL,
    recipients TEXT NOT NULL,
    mail TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'withdrawn')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL,
    last_error TEXT,
    response TEXT,
    created_at TEXT NOT NULL,
    sent_at TEXT
  ) STRICT;

CREATE INDEX outbox_by_recipients ON outbox (recipients, created_at);

CREATE INDEX outbox_by_ticket ON outbox (ticket_id, id);

CREATE INDEX outbox_due ON outbox (mailbox, next_attempt_at, id, created_at, attempts) WHERE state = 'queued';

CREATE INDEX outbox_failed ON outbox (id) WHERE state = 'failed';

CREATE INDEX outbox_sent ON outbox (mailbox, sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE participants (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    person_id INTEGER NOT NULL REFERENCES people (id),
    added_at TEXT NOT NULL, told_at TEXT, left_at TEXT,
    PRIMARY KEY (ticket_id, person_id)
  ) STRICT, WITHOUT ROWID;

CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE CHECK (address <> ''),
    name TEXT NOT NULL,
    language TEXT,
    first_seen_at TEXT NOT NULL
  , bounced_at TEXT) STRICT;

CREATE TABLE promises (
    id INTEGER PRIMARY KEY,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    kind TEXT NOT NULL CHECK (kind IN ('first-response', 'resolution')),
    due_at TEXT NOT NULL,
    told_at TEXT NOT NULL,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id)
  ) STRICT;

CREATE INDEX promises_by_ticket ON promises (ticket_id, id);

CREATE TABLE raw_mails (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uid_validity TEXT NOT NULL,
    uid INTEGER NOT NULL,
    received_at TEXT NOT NULL,
    stored_at TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    fingerprint TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('open', 'append', 'report', 'automatic', 'duplicate', 'blocked', 'skip', 'quarantine')),
    reason TEXT,
    ticket_id INTEGER REFERENCES tickets (id),
    bytes BLOB NOT NULL, full_size INTEGER,
    UNIQUE (mailbox, folder, uid_validity, uid)
  ) STRICT;

CREATE INDEX raw_mails_by_arrival ON raw_mails (mailbox, received_at, folder);

CREATE INDEX raw_mails_by_fingerprint ON raw_mails (fingerprint) WHERE fingerprint IS NOT NULL;

CREATE INDEX raw_mails_by_outcome ON raw_mails (outcome, id);

CREATE INDEX raw_mails_by_ticket ON raw_mails (ticket_id) WHERE ticket_id IS NOT NULL;

CREATE TABLE refused_mails (
    mailbox TEXT NOT NULL,
    folder TEXT NOT NULL,
    uid_validity TEXT NOT NULL,
    uid INTEGER NOT NULL,
    since TEXT NOT NULL,
    tried_at TEXT NOT NULL,
    -- What the server says, the last time.
    reason TEXT NOT NULL,
    PRIMARY KEY (mailbox, folder, uid_validity, uid)
  ) STRICT, WITHOUT ROWID;

CREATE TABLE reminders (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    what TEXT NOT NULL CHECK (what IN ('first-response', 'resolution')),
    notice TEXT NOT NULL CHECK (notice IN ('due', 'breached')),
    due_at TEXT NOT NULL,
    PRIMARY KEY (ticket_id, what, notice, due_at)
  ) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE surveys (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    solved_at TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    anonymous INTEGER NOT NULL CHECK (anonymous IN (0, 1)),
    -- How often it was answered. Of an anonymous one this is all that is known here: no time, no score.
    answers INTEGER NOT NULL DEFAULT 0 CHECK (answers >= 0),
    score INTEGER CHECK (score BETWEEN 1 AND 5),
    PRIMARY KEY (ticket_id, solved_at),
    CHECK (anonymous = 0 OR (score IS NULL AND answers <= 1))
  ) STRICT, WITHOUT ROWID;

CREATE INDEX surveys_by_score ON surveys (mailbox, score);

CREATE TABLE thread_ids (
    message_id TEXT NOT NULL CHECK (message_id <> ''),
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    held INTEGER NOT NULL CHECK (held IN (0, 1)),
    PRIMARY KEY (message_id, ticket_id)
  ) STRICT, WITHOUT ROWID;

CREATE TABLE ticket_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL
  ) STRICT;

CREATE INDEX ticket_events_by_ticket ON ticket_events (ticket_id, id);

CREATE TABLE ticket_links (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    other_id INTEGER NOT NULL REFERENCES tickets (id) CHECK (other_id > ticket_id),
    kind TEXT NOT NULL CHECK (kind IN ('follow-up', 'related', 'split')),
    at TEXT NOT NULL,
    PRIMARY KEY (ticket_id, other_id, kind)
  ) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_links_by_other ON ticket_links (other_id);

CREATE TABLE ticket_tags (
    ticket_id INTEGER NOT NULL REFERENCES tickets (id),
    tag TEXT NOT NULL,
    PRIMARY KEY (ticket_id, tag)
  ) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_tags_by_tag ON ticket_tags (tag, ticket_id);

CREATE TABLE tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox TEXT NOT NULL,
    team TEXT,
    assignee TEXT,
    subject TEXT NOT NULL,
    requester_id INTEGER REFERENCES people (id),
    language TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'pending', 'solved', 'closed')),
    category TEXT,
    priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    service_level TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    first_response_due TEXT NOT NULL,
    resolution_due TEXT NOT NULL,
    first_response_at TEXT,
    solved_at TEXT,
    updated_at TEXT NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1
  , merged_into INTEGER REFERENCES tickets (id) CHECK (merged_into <> id), pending_until TEXT, cause TEXT, fix TEXT, rating INTEGER CHECK (rating BETWEEN 1 AND 5), rating_comment TEXT) STRICT;

CREATE INDEX tickets_by_assignee ON tickets (assignee, status) WHERE assignee IS NOT NULL;

CREATE INDEX tickets_by_category ON tickets (category, updated_at, id) WHERE category IS NOT NULL;

CREATE INDEX tickets_by_first_response ON tickets (first_response_due)
    WHERE first_response_at IS NULL AND solved_at IS NULL;

CREATE INDEX tickets_by_merge ON tickets (merged_into) WHERE merged_into IS NOT NULL;

CREATE INDEX tickets_by_pending ON tickets (pending_until) WHERE pending_until IS NOT NULL;

CREATE INDEX tickets_by_requester ON tickets (requester_id, id);

CREATE INDEX tickets_by_resolution ON tickets (resolution_due) WHERE solved_at IS NULL;

CREATE INDEX tickets_by_status ON tickets (status, updated_at, id);

CREATE INDEX tickets_by_update ON tickets (updated_at, id);
