import type { LinkKind, Placed } from '../desk/joining.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import { citedIds, foldId } from '../mail/message-id.ts'
import { messageWrites } from './messages.ts'
import type { Db } from './schema.ts'
import { fromJson } from './schema.ts'
import { statement } from './statement.ts'

/** How a ticket belongs together with another one. */
export type Link = { readonly ticket: TicketId; readonly kind: LinkKind; readonly at: Instant }

export function joiningReads(db: Db) {
  return {
    /** The ticket that holds what once belonged to this one; itself when it was not merged. */
    async survivorOf(id: TicketId): Promise<TicketId> {
      const [row] = await mergedInto(db, { id })
      return row?.merged_into ?? id
    },

    /** The tickets that were merged into this one, also by way of others. */
    async mergedInto(id: TicketId): Promise<TicketId[]> {
      const rows = await db.selectFrom('tickets').select('id').where('merged_into', '=', id).orderBy('id').execute()
      return rows.map(row => row.id)
    },

    /** Which other tickets it is linked with, oldest first. */
    async links(ticket: TicketId): Promise<Link[]> {
      const rows = await db
        .selectFrom('ticket_links')
        .selectAll()
        .where(eb => eb.or([eb('ticket_id', '=', ticket), eb('other_id', '=', ticket)]))
        .orderBy('at')
        .orderBy('ticket_id')
        .orderBy('other_id')
        .orderBy('kind')
        .execute()
      return rows.map(row => ({
        ticket: row.ticket_id === ticket ? row.other_id : row.ticket_id,
        kind: row.kind,
        at: row.at,
      }))
    },

    /** Of these tickets the one that we sent the mail with this Message-ID for; null: none. */
    async sentFor(messageId: string, tickets: readonly TicketId[]): Promise<TicketId | null> {
      for (const ticket of tickets) {
        const rows = await db.selectFrom('outbox').select('mail').where('ticket_id', '=', ticket).execute()
        if (rows.some(row => foldId(sentId(row.mail)) === foldId(messageId))) return ticket
      }
      return null
    },
  }
}

export function joiningWrites(db: Db) {
  const link = async (one: TicketId, other: TicketId, kind: LinkKind, at: Instant): Promise<boolean> => {
    const pair = { ticket_id: Math.min(one, other), other_id: Math.max(one, other) }
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('ticket_links')
      .values({ ...pair, kind, at })
      .onConflict(on => on.doNothing())
      .executeTakeFirstOrThrow()
    return (numInsertedOrUpdatedRows ?? 0n) > 0n
  }

  return {
    /** False when they were linked so before. */
    link,

    /** Gives the kinds of the links that there were. */
    async unlink(one: TicketId, other: TicketId): Promise<LinkKind[]> {
      const rows = await db
        .deleteFrom('ticket_links')
        .where('ticket_id', '=', Math.min(one, other))
        .where('other_id', '=', Math.max(one, other))
        .returning('kind')
        .execute()
      return rows.map(row => row.kind)
    },

    /** What a message is to its ticket; that it is accepted is for `saveThreadIds` to know too. */
    async placeMessage({ id, author, standing }: Placed): Promise<void> {
      await db.updateTable('messages').set({ author, standing }).where('id', '=', id).execute()
    },

    /**
     * Moves all mails of a ticket to another one, with their ids, what waits in the outbox, what was promised and who takes
     * part or follows; links are held by both. The history stays.
     */
    async moveConversation(from: TicketId, into: TicketId, at: Instant): Promise<void> {
      for (const table of ['messages', 'raw_mails', 'outbox', 'promises', 'notifications'] as const)
        await db.updateTable(table).set({ ticket_id: into }).where('ticket_id', '=', from).execute()
      for (const held of [0, 1] as const) {
        await db
          .insertInto('thread_ids')
          .columns(['message_id', 'ticket_id', 'held'])
          .expression(eb =>
            eb
              .selectFrom('thread_ids')
              .select(eb => ['message_id', eb.val(into).as('ticket_id'), 'held'])
              .where('ticket_id', '=', from)
              .where('held', '=', held),
          )
          .onConflict(on =>
            held === 1 ? on.columns(['message_id', 'ticket_id']).doUpdateSet({ held }) : on.doNothing(),
          )
          .execute()
      }
      await db.deleteFrom('thread_ids').where('ticket_id', '=', from).execute()
      await db
        .insertInto('participants')
        .columns(['ticket_id', 'person_id', 'added_at', 'told_at', 'left_at'])
        .expression(eb =>
          eb
            .selectFrom('participants')
            .select(eb => [eb.val(into).as('ticket_id'), 'person_id', eb.val(at).as('added_at'), 'told_at', 'left_at'])
            .where('ticket_id', '=', from),
        )
        .onConflict(on => on.doNothing())
        .execute()
      await db
        .insertInto('followers')
        .columns(['ticket_id', 'agent', 'at'])
        .expression(eb =>
          eb
            .selectFrom('followers')
            .select(eb => [eb.val(into).as('ticket_id'), 'agent', 'at'])
            .where('ticket_id', '=', from),
        )
        .onConflict(on => on.doNothing())
        .execute()
      // Whoever left here, but asked there, waits for an answer.
      await db
        .updateTable('participants')
        .set({ left_at: null })
        .where('ticket_id', '=', into)
        .where('person_id', 'in', db.selectFrom('tickets').select('requester_id').where('id', '=', from))
        .execute()
      for (const { ticket, kind, at: since } of await joiningReads(db).links(from))
        if (ticket !== into) await link(into, ticket, kind, since)
      await db.updateTable('tickets').set({ merged_into: into }).where('merged_into', '=', from).execute()
    },

    /** Moves single messages of a ticket to another one, with their ids, what waits in the outbox and what was promised. */
    async moveMessages(messages: readonly number[], from: TicketId, into: TicketId): Promise<void> {
      const rows = await idsOf(db, from)
      const moved = rows.filter(row => messages.includes(row.message))
      const kept = rows.filter(row => !messages.includes(row.message))
      const stale = (of: 'held' | 'cited') => {
        const still = new Set(kept.flatMap(row => row[of]))
        return moved.flatMap(row => row[of]).filter(id => !still.has(id))
      }
      for (const [ids, held] of [
        [stale('held'), 1],
        [stale('cited'), 0],
      ] as const) {
        if (ids.length === 0) continue
        await db
          .deleteFrom('thread_ids')
          .where('ticket_id', '=', from)
          .where('held', '=', held)
          .where('message_id', 'in', ids)
          .execute()
      }
      const { saveThreadIds } = messageWrites(db)
      for (const { held, cited } of moved) {
        await saveThreadIds(into, null, cited)
        for (const id of held) await saveThreadIds(into, id, [])
      }
      const ofMoved = db.selectFrom('messages').select('raw_mail_id').where('id', 'in', messages)
      await db.updateTable('raw_mails').set({ ticket_id: into }).where('id', 'in', ofMoved).execute()
      await db.updateTable('messages').set({ ticket_id: into }).where('id', 'in', messages).execute()
      const held = moved.flatMap(row => row.held)
      if (held.length > 0)
        await db
          .updateTable('notifications')
          .set({ ticket_id: into })
          .where('ticket_id', '=', from)
          .where('message_id', 'in', held)
          .execute()
      const sent = await db
        .updateTable('outbox')
        .set({ ticket_id: into })
        .where('ticket_id', '=', from)
        .where('message_id', 'in', messages)
        .returning('id')
        .execute()
      const outbox = sent.map(row => row.id)
      if (outbox.length === 0) return
      await db.updateTable('promises').set({ ticket_id: into }).where('outbox_id', 'in', outbox).execute()
    },
  }
}

const mergedInto = statement((db, { id }: { id: TicketId }) =>
  db.selectFrom('tickets').select('merged_into').where('id', '=', id),
)

/** The ids that each message of a ticket brought along: its own, those of the mails we made of it, those it cites. */
async function idsOf(db: Db, ticket: TicketId) {
  const messages = await db
    .selectFrom('messages')
    .select(['id', 'message_id', 'message_references', 'standing'])
    .where('ticket_id', '=', ticket)
    .execute()
  const sent = await db.selectFrom('outbox').select(['message_id', 'mail']).where('ticket_id', '=', ticket).execute()
  return messages.map(({ id, message_id, message_references, standing }) => {
    const ours = sent.filter(row => row.message_id === id).map(row => sentId(row.mail))
    // Of what waits to be judged no ids are known to the ticket.
    const own = message_id !== null && standing === 'accepted' ? [message_id] : []
    const cited = standing === 'accepted' ? citedIds([], fromJson<string[]>(message_references)) : []
    return { message: id, held: [...new Set([...own, ...ours].map(foldId))], cited }
  })
}

function sentId(mail: string): string {
  return fromJson<{ messageId: string }>(mail).messageId
}
