import type { Author } from '../desk/decision.ts'
import type { OutgoingMail } from '../desk/outgoing-mail.ts'
import type { Standing } from '../desk/thread.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import { foldAddress } from '../mail/address.ts'
import type { Address, Attachment, Automatic, Forwarded, ParsedMail, Report } from '../mail/message.ts'
import { foldId } from '../mail/message-id.ts'
import { agentReads } from './agents.ts'
import { attachmentsOf, type StoredAttachment, saveAttachments } from './attachments.ts'
import type { Db } from './schema.ts'
import { fromJson, toFlag, toJson } from './schema.ts'
import { one, statement } from './statement.ts'

/** A mail or note of a ticket: `in` arrived, `out` was sent by us, `note` is internal and never leaves. */
export type NewMessage = {
  readonly ticket: TicketId | null
  readonly rawMail: number | null
  readonly direction: 'in' | 'out' | 'note'
  readonly author: Author | 'postdesk'
  /** The name of the agent who wrote it. */
  readonly agent: string | null
  readonly standing: Standing
  readonly mailbox: string
  readonly messageId: string | null
  readonly references: readonly string[]
  readonly from: Address
  readonly to: readonly Address[]
  readonly cc: readonly Address[]
  readonly subject: string
  readonly sentAt: Instant | null
  readonly receivedAt: Instant
  readonly language: string | null
  readonly text: string
  readonly newText: string
  readonly html: string | null
  /** Signed or encrypted (S/MIME, PGP); what is encrypted could not be read. */
  readonly protection: ParsedMail['protection']
  readonly automatic: Automatic | null
  readonly report: Report | null
  readonly forwarded: Forwarded | null
}

export type StoredMessage = NewMessage & { readonly id: number; readonly attachments: readonly StoredAttachment[] }

/** A mail of ours as the ticket remembers it. */
export function sentMessage(
  sent: Pick<NewMessage, 'ticket' | 'author' | 'agent' | 'mailbox' | 'language'> & { readonly mail: OutgoingMail },
  at: Instant,
): NewMessage {
  const { mail, ...rest } = sent
  return {
    ...rest,
    rawMail: null,
    direction: 'out',
    standing: 'accepted',
    messageId: mail.messageId,
    references: mail.references,
    from: mail.from,
    to: mail.to,
    cc: [],
    subject: mail.subject,
    sentAt: at,
    receivedAt: at,
    text: mail.text,
    newText: mail.text,
    html: mail.html,
    protection: 'none',
    automatic: null,
    report: null,
    forwarded: null,
  }
}

/** A note on a ticket: for agents alone, never sent. `from` is who wrote it. */
export function noteOn(
  ticket: { readonly id: TicketId; readonly mailbox: string; readonly subject: string },
  written: Pick<NewMessage, 'author' | 'agent' | 'from' | 'text'>,
  at: Instant,
): NewMessage {
  return {
    ...written,
    ticket: ticket.id,
    rawMail: null,
    direction: 'note',
    standing: 'accepted',
    mailbox: ticket.mailbox,
    messageId: null,
    references: [],
    to: [],
    cc: [],
    subject: ticket.subject,
    sentAt: null,
    receivedAt: at,
    language: null,
    newText: written.text,
    html: null,
    protection: 'none',
    automatic: null,
    report: null,
    forwarded: null,
  }
}

export function messageReads(db: Db) {
  const full = async (rows: readonly MessageRow[]): Promise<StoredMessage[]> => {
    if (rows.length === 0) return []
    const ids = rows.map(row => row.id)
    const parts = await attachmentsOf(db, ids)
    return rows.map(row => toMessage(row, parts.get(row.id) ?? []))
  }

  return {
    /** The messages of a ticket, oldest first, with their attachments. */
    async messages(ticket: TicketId): Promise<StoredMessage[]> {
      return full(await db.selectFrom('messages').selectAll().where('ticket_id', '=', ticket).orderBy('id').execute())
    },

    async message(id: number): Promise<StoredMessage | null> {
      const [message] = await full(await messageWith(db, { id }))
      return message ?? null
    },

    /** What somebody wrote on a ticket last: a few texts, the latest first. */
    async wordsBy(address: string, ticket: TicketId): Promise<string[]> {
      const rows = await lastOn(db, { ticket })
      return rows
        .filter(row => foldAddress(row.from_address) === foldAddress(address))
        .slice(0, 3)
        .map(row => row.new_text)
    },

    /**
     * The newest mail that the ticket received from its people: what an answer of ours answers. What was written to agents is not
     * among its references: whoever cites that may be taken for them, so nobody else learns of it.
     */
    async lastReceived(ticket: TicketId): Promise<{ messageId: string | null; references: readonly string[] } | null> {
      const row = await db
        .selectFrom('messages')
        .select(['message_id', 'message_references'])
        .where('ticket_id', '=', ticket)
        .where('direction', '=', 'in')
        .where('standing', '=', 'accepted')
        .where('author', 'in', ['requester', 'participant'])
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst()
      if (!row) return null
      const references = fromJson<readonly string[]>(row.message_references)
      const told = new Set((await agentReads(db).notificationsCited(references)).map(({ messageId }) => messageId))
      return { messageId: row.message_id, references: references.filter(id => !told.has(foldId(id))) }
    },

    /** When the newest mail of a person on the ticket arrived; null when it holds none. */
    async lastMailAt(ticket: TicketId): Promise<Instant | null> {
      const row = await db
        .selectFrom('messages')
        .select(eb => eb.fn.max('received_at').as('at'))
        .where('ticket_id', '=', ticket)
        .where('standing', '=', 'accepted')
        .where('author', 'in', ['requester', 'participant', 'agent'])
        .where('direction', '<>', 'note')
        .executeTakeFirst()
      return row?.at ?? null
    },

    /** The tickets that have had (held) or cited these ids. */
    async threadIds(ids: readonly string[]): Promise<{ id: string; ticket: TicketId; held: boolean }[]> {
      const rows = await Promise.all([...new Set(ids.map(foldId))].map(id => ticketsOfId(db, id)))
      return rows.flat().map(row => ({ id: row.message_id, ticket: row.ticket_id, held: row.held === 1 }))
    },
  }
}

export function messageWrites(db: Db) {
  return {
    async saveMessage(message: NewMessage, parts: readonly Attachment[]): Promise<number> {
      const { from, to, cc, references, automatic, report, forwarded, ...plain } = message
      const row = {
        ...plain,
        references: toJson(references),
        fromName: from.name,
        fromAddress: from.address,
        recipients: toJson({ to, cc }),
        automatic: automatic && toJson(automatic),
        report: report && toJson(report),
        forwarded: forwarded && toJson(forwarded),
      }
      const { id } = one(await insertMessage(db, row))
      await saveAttachments(db, id, parts)
      return id
    },

    /** What an agent took back before it was sent: colleagues may read it, and nobody else did. */
    async makeNote(id: number): Promise<void> {
      await db.updateTable('messages').set({ direction: 'note' }).where('id', '=', id).execute()
    },

    /** Remembers the ids of a message for later replies: its own as held, those it cites as cited. Held outlives cited. */
    async saveThreadIds(ticket: TicketId, own: string | null, cited: readonly string[]): Promise<void> {
      const held = own ? foldId(own) : null
      const rows = [...new Set(cited.map(foldId))]
        .filter(id => id !== held && id !== '')
        .map(id => ({ message_id: id, ticket_id: ticket, held: toFlag(false) }))
      if (rows.length > 0)
        await db
          .insertInto('thread_ids')
          .values(rows)
          .onConflict(on => on.doNothing())
          .execute()
      if (held) await holdId(db, { id: held, ticket })
    },
  }
}

type PlainMessage = Omit<NewMessage, 'from' | 'to' | 'cc' | 'references' | 'automatic' | 'report' | 'forwarded'> & {
  readonly references: string
  readonly fromName: string
  readonly fromAddress: string
  readonly recipients: string
  readonly automatic: string | null
  readonly report: string | null
  readonly forwarded: string | null
}

const messageWith = statement((db, { id }: { id: number }) =>
  db.selectFrom('messages').selectAll().where('id', '=', id),
)

const lastOn = statement((db, { ticket }: { ticket: TicketId }) =>
  db
    .selectFrom('messages')
    .select(['from_address', 'new_text'])
    .where('ticket_id', '=', ticket)
    .where('direction', '=', 'in')
    .where('standing', '=', 'accepted')
    .orderBy('id', 'desc')
    .limit(20),
)

const insertMessage = statement((db, message: PlainMessage) =>
  db
    .insertInto('messages')
    .values({
      ticket_id: message.ticket,
      raw_mail_id: message.rawMail,
      direction: message.direction,
      author: message.author,
      agent: message.agent,
      standing: message.standing,
      mailbox: message.mailbox,
      message_id: message.messageId,
      message_references: message.references,
      from_name: message.fromName,
      from_address: message.fromAddress,
      recipients: message.recipients,
      subject: message.subject,
      sent_at: message.sentAt,
      received_at: message.receivedAt,
      language: message.language,
      text: message.text,
      new_text: message.newText,
      html: message.html,
      protection: message.protection,
      automatic: message.automatic,
      report: message.report,
      forwarded: message.forwarded,
    })
    .returning('id'),
)

// Programs that give all their mails one Message-ID have thousands of tickets under it.
const MOST_OF_AN_ID = 10

/** The first tickets with this id, then the newest. */
async function ticketsOfId(db: Db, id: string) {
  const first = await firstOfId(db, { id })
  if (first.length < MOST_OF_AN_ID) return first
  const newest = await newestOfId(db, { id })
  const last = first.at(-1)?.ticket_id ?? 0
  return [...first, ...newest.filter(row => row.ticket_id > last)]
}

const firstOfId = statement((db, { id }: { id: string }) => holdersOf(db, id).orderBy('ticket_id').limit(MOST_OF_AN_ID))
const newestOfId = statement((db, { id }: { id: string }) =>
  holdersOf(db, id).orderBy('ticket_id', 'desc').limit(MOST_OF_AN_ID),
)

function holdersOf(db: Db, id: string) {
  return db.selectFrom('thread_ids').selectAll().where('message_id', '=', id)
}

const holdId = statement((db, row: { id: string; ticket: TicketId }) =>
  db
    .insertInto('thread_ids')
    .values({ message_id: row.id, ticket_id: row.ticket, held: toFlag(true) })
    .onConflict(on => on.columns(['message_id', 'ticket_id']).doUpdateSet({ held: toFlag(true) })),
)

type MessageRow = {
  id: number
  ticket_id: number | null
  raw_mail_id: number | null
  direction: 'in' | 'out' | 'note'
  author: Author | 'postdesk'
  agent: string | null
  standing: Standing
  mailbox: string
  message_id: string | null
  message_references: string
  from_name: string
  from_address: string
  recipients: string
  subject: string
  sent_at: Instant | null
  received_at: Instant
  language: string | null
  text: string
  new_text: string
  html: string | null
  protection: ParsedMail['protection']
  automatic: string | null
  report: string | null
  forwarded: string | null
}

function toMessage(row: MessageRow, attachments: readonly StoredAttachment[]): StoredMessage {
  const { to, cc } = fromJson<{ to: Address[]; cc: Address[] }>(row.recipients)
  return {
    id: row.id,
    ticket: row.ticket_id,
    rawMail: row.raw_mail_id,
    direction: row.direction,
    author: row.author,
    agent: row.agent,
    standing: row.standing,
    mailbox: row.mailbox,
    messageId: row.message_id,
    references: fromJson(row.message_references),
    from: { name: row.from_name, address: row.from_address },
    to,
    cc,
    subject: row.subject,
    sentAt: row.sent_at,
    receivedAt: row.received_at,
    language: row.language,
    text: row.text,
    newText: row.new_text,
    html: row.html,
    protection: row.protection,
    automatic: row.automatic === null ? null : fromJson(row.automatic),
    report: row.report === null ? null : fromJson(row.report),
    forwarded: row.forwarded === null ? null : fromJson(row.forwarded),
    attachments,
  }
}
