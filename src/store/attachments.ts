import type { TicketId } from '../desk/ticket.ts'
import type { Attachment } from '../mail/message.ts'
import type { Db } from './schema.ts'
import { toFlag } from './schema.ts'
import { valuesIn } from './sqlite.ts'
import { statement } from './statement.ts'

export type StoredAttachment = Attachment & {
  readonly id: number
  readonly rawMail: number | null
  readonly ticket: TicketId | null
}

export function attachmentReads(db: Db) {
  return {
    async attachment(id: number): Promise<StoredAttachment | null> {
      const row = await attachments(db).where('a.id', '=', id).executeTakeFirst()
      return row ? toAttachment(row) : null
    },

    /** Which of these contents (hex SHA-256) an earlier mail had; with `message`, one earlier than that. */
    async knownContents(sha256: readonly string[], message = Number.MAX_SAFE_INTEGER): Promise<Set<string>> {
      const known = new Set<string>()
      for (const content of new Set(sha256)) {
        const [row] = await withContent(db, { sha256: content, message })
        if (row) known.add(row.sha256)
      }
      return known
    },
  }
}

/** Those of several messages, by message; one that has none is missing. */
export async function attachmentsOf(db: Db, messages: readonly number[]): Promise<Map<number, StoredAttachment[]>> {
  const found = new Map<number, StoredAttachment[]>()
  for (const row of await ofMessages(db, { messages: JSON.stringify(messages) }))
    found.set(row.message_id, [...(found.get(row.message_id) ?? []), toAttachment(row)])
  return found
}

export async function saveAttachments(db: Db, message: number, parts: readonly Attachment[]): Promise<void> {
  if (parts.length === 0) return
  await db
    .insertInto('attachments')
    .values(
      parts.map(part => ({
        message_id: message,
        part: part.part,
        filename: part.filename,
        content_type: part.contentType,
        size: part.size,
        inline: toFlag(part.inline),
        content_id: part.contentId,
        sha256: part.sha256,
      })),
    )
    .execute()
}

function attachments(db: Db) {
  return db
    .selectFrom('attachments as a')
    .innerJoin('messages as m', 'm.id', 'a.message_id')
    .selectAll('a')
    .select(['m.raw_mail_id', 'm.ticket_id'])
}

const ofMessages = statement((db, { messages }: { messages: string }) =>
  attachments(db).where('a.message_id', 'in', valuesIn<number>(messages)).orderBy('a.part'),
)

const withContent = statement((db, { sha256, message }: { sha256: string; message: number }) =>
  db.selectFrom('attachments').select('sha256').where('sha256', '=', sha256).where('message_id', '<', message).limit(1),
)

type AttachmentRow = {
  id: number
  part: number
  filename: string | null
  content_type: string
  size: number
  inline: 0 | 1
  content_id: string | null
  sha256: string
  raw_mail_id: number | null
  ticket_id: number | null
}

function toAttachment(row: AttachmentRow): StoredAttachment {
  return {
    id: row.id,
    rawMail: row.raw_mail_id,
    ticket: row.ticket_id,
    part: row.part,
    filename: row.filename,
    contentType: row.content_type,
    size: row.size,
    inline: row.inline === 1,
    contentId: row.content_id,
    sha256: row.sha256,
  }
}
