import type { Generated, Kysely } from 'kysely'
import type { LinkKind } from '../desk/joining.ts'
import type { Notice } from '../desk/policy.ts'
import type { Priority, Rating, Status } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'

/*
 * The tables as TypeScript; `migrations/` creates them. Instants are text, flags 0 or 1, `json` columns hold JSON text:
 * better-sqlite3 refuses Date and boolean at bind time, and PostgreSQL will take the same values.
 */

type Json = string
type Flag = 0 | 1

export const OUTCOMES = ['open', 'append', 'report', 'automatic', 'duplicate', 'blocked', 'skip', 'quarantine'] as const
export type Outcome = (typeof OUTCOMES)[number]

/**
 * `answer` an agent's words · `closing` what the requester is told when a ticket is solved · `notification` what happened, to an
 * agent · `receipt` what became of an agent's commands · `notice` to the admins, about no ticket.
 */
export type OutboxKind = 'acknowledgement' | 'answer' | 'closing' | 'notification' | 'receipt' | 'notice'
/** `withdrawn`: an agent took it back before it was sent. */
export type OutboxState = 'queued' | 'sent' | 'failed' | 'withdrawn'

export type Tables = {
  settings: { name: string; value: string }
  mailbox_folders: {
    mailbox: string
    folder: string
    uid_validity: string | null
    last_uid: number
    /** Mail that the server received earlier than this is not read; null reads all. */
    read_since: Instant | null
    /** `read_since` binds mails up to this UID: those that were there when the folder was opened under its UIDVALIDITY. */
    since_uid: number
    /** `sent` mail was written by agents in the mailbox itself. */
    role: Generated<'received' | 'sent'>
    /** Up to here the mails were marked or moved on the server. */
    tidied_uid: Generated<number>
    checked_at: Instant | null
    last_error: string | null
    last_error_at: Instant | null
  }
  left_out_mails: {
    mailbox: string
    folder: string
    uid_validity: string
    first_uid: number
    last_uid: number
    mails: number
    at: Instant
  }
  /** Mails that the server shows and does not hand out. */
  refused_mails: {
    mailbox: string
    folder: string
    uid_validity: string
    uid: number
    since: Instant
    tried_at: Instant
    reason: string
  }
  raw_mails: {
    id: Generated<number>
    mailbox: string
    folder: string
    uid_validity: string
    uid: number
    received_at: Instant
    stored_at: Instant
    size: number
    sha256: string
    fingerprint: string | null
    outcome: Outcome
    reason: string | null
    ticket_id: number | null
    bytes: Buffer
    /** The size that the server tells of a mail of which `bytes` is only the beginning; null: it is whole. */
    full_size: number | null
  }
  people: {
    id: Generated<number>
    address: string
    name: string
    language: string | null
    first_seen_at: Instant
    /** When our mail to this person was last returned for good. */
    bounced_at: Instant | null
  }
  buckets: { name: string; level: number; at: Instant }
  tickets: {
    id: Generated<number>
    mailbox: string
    team: string | null
    assignee: string | null
    subject: string
    requester_id: number | null
    language: string
    status: Status
    category: string | null
    priority: Priority
    service_level: string
    opened_at: Instant
    first_response_due: Instant
    resolution_due: Instant
    first_response_at: Instant | null
    solved_at: Instant | null
    updated_at: Instant
    revision: Generated<number>
    /** The ticket that has its mails now; never one that was merged itself. */
    merged_into: Generated<number | null>
    pending_until: Generated<Instant | null>
    cause: Generated<string | null>
    fix: Generated<string | null>
    rating: Generated<Rating | null>
    rating_comment: Generated<string | null>
  }
  surveys: {
    ticket_id: number
    solved_at: Instant
    mailbox: string
    anonymous: Flag
    answers: Generated<number>
    score: Generated<Rating | null>
  }
  anonymous_answers: {
    lot: string
    mailbox: string
    team: string | null
    category: string | null
    month: string
    score: Rating
    comment: string | null
  }
  ticket_tags: { ticket_id: number; tag: string }
  /** `ticket_id` is the lower number. */
  ticket_links: { ticket_id: number; other_id: number; kind: LinkKind; at: Instant }
  participants: {
    ticket_id: number
    person_id: number
    added_at: Instant
    /** When they were told that they take part. */
    told_at: Instant | null
    /** When they asked to be left out. */
    left_at: Instant | null
  }
  agents: {
    name: string
    /** Addresses and mails made for this agent earlier give no powers any more. */
    keys_since: Instant | null
    away_since: Instant | null
    last_assigned_at: Instant | null
  }
  followers: { ticket_id: number; agent: string; at: Instant }
  notifications: {
    message_id: string
    ticket_id: number
    agent: string
    kind: string
    at: Instant
    shown_at: Generated<Instant | null>
  }
  /** Dates that agents were told of. */
  reminders: { ticket_id: number; what: 'first-response' | 'resolution'; notice: 'due' | 'breached'; due_at: Instant }
  /** `agent`: from whom the ticket goes back to the team; null: it waits for somebody to be at work. */
  handovers: { ticket_id: number; agent: string | null; at: Instant }
  digest_lines: { agent: string; event_id: number; ticket_id: number; notice: Notice; at: Instant }
  messages: {
    id: Generated<number>
    ticket_id: number | null
    raw_mail_id: number | null
    direction: 'in' | 'out' | 'note'
    author: 'requester' | 'participant' | 'agent' | 'stranger' | 'robot' | 'postdesk'
    agent: string | null
    standing: 'accepted' | 'pending'
    mailbox: string
    message_id: string | null
    message_references: Json
    from_name: string
    from_address: string
    recipients: Json
    subject: string
    sent_at: Instant | null
    received_at: Instant
    language: string | null
    text: string
    new_text: string
    html: string | null
    protection: 'none' | 'signed' | 'encrypted'
    automatic: Json | null
    report: Json | null
    forwarded: Json | null
  }
  attachments: {
    id: Generated<number>
    message_id: number
    part: number
    filename: string | null
    content_type: string
    size: number
    inline: Flag
    content_id: string | null
    sha256: string
  }
  thread_ids: { message_id: string; ticket_id: number; held: Flag }
  ticket_events: { id: Generated<number>; ticket_id: number; at: Instant; kind: string; actor: string; data: Json }
  outbox: {
    id: Generated<number>
    ticket_id: number | null
    message_id: number | null
    kind: OutboxKind
    dedupe_key: string
    mailbox: string
    /** Folded addresses of the envelope, joined by a blank: one column to count mails to an address by. */
    recipients: string
    mail: Json
    state: OutboxState
    attempts: Generated<number>
    next_attempt_at: Instant
    last_error: string | null
    response: string | null
    created_at: Instant
    sent_at: Instant | null
  }
  promises: {
    id: Generated<number>
    ticket_id: number
    kind: 'first-response' | 'resolution'
    due_at: Instant
    told_at: Instant
    outbox_id: number
  }
  alarms: {
    cause: 'reading' | 'sending' | 'silence' | 'storm' | 'refused'
    mailbox: string
    folder: string
    since: Instant
    detail: string
    raised_at: Instant
    told_at: Instant | null
    over_at: Instant | null
  }
  api_keys: {
    id: Generated<number>
    name: string
    role: 'admin' | 'agent' | 'reader' | 'monitor'
    hash: string
    created_at: Instant
    last_used_at: Instant | null
    revoked_at: Instant | null
  }
}

/** A connection or a transaction: the only thing the table files of this room work on. */
export type Db = Kysely<Tables>

export const toJson = (value: unknown): Json => JSON.stringify(value)
export const fromJson = <T>(text: Json): T => JSON.parse(text) as T
export const toFlag = (value: boolean): Flag => (value ? 1 : 0)
