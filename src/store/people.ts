import type { Participant } from '../desk/thread.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import { foldAddress } from '../mail/address.ts'
import type { Address } from '../mail/message.ts'
import type { Db } from './schema.ts'
import { one, statement } from './statement.ts'

export function peopleReads(db: Db) {
  return {
    /** The language this person was last seen to write; null when unknown. */
    async languageOf(address: string): Promise<string | null> {
      const [row] = await languageOf(db, { address: foldAddress(address) })
      return row?.language ?? null
    },

    /** When our mail to this address was last returned for good; null: never, as far as we know. */
    async bouncedAt(address: string): Promise<Instant | null> {
      const [row] = await bouncedAt(db, { address: foldAddress(address) })
      return row?.bounced_at ?? null
    },

    /** Was a ticket ever opened for this person? */
    async hasTicket(address: string): Promise<boolean> {
      return (await ticketFor(db, { address: foldAddress(address) })).length > 0
    },

    /** Those who take part in a ticket, in the order in which they came. */
    async participants(ticket: TicketId): Promise<Participant[]> {
      const rows = await participants(db, { ticket })
      return rows.map(({ name, address, told_at, left_at }) => ({
        ...{ name, address },
        left: left_at !== null,
        told: told_at !== null,
      }))
    },
  }
}

export function peopleWrites(db: Db) {
  return {
    /** The id of this person; a better name and a newly seen language replace what was known. */
    async savePerson(person: Address, language: string | null, at: Instant): Promise<number> {
      return one(await savePerson(db, { address: foldAddress(person.address), name: person.name, language, at })).id
    },

    /** They have been told that they take part. */
    async toldParticipants(ticket: TicketId, people: readonly Address[], at: Instant): Promise<void> {
      for (const { address } of people) await tellParticipant(db, { ticket, address: foldAddress(address), at })
    },

    /** Our mail to these addresses was returned for good; who is unknown here was never written to. */
    async mailBounced(addresses: readonly string[], at: Instant): Promise<void> {
      const folded = addresses.map(foldAddress)
      if (folded.length > 0)
        await db.updateTable('people').set({ bounced_at: at }).where('address', 'in', folded).execute()
    },

    /** This person wants no more answers. */
    async leaveTicket(ticket: TicketId, address: string, at: Instant): Promise<void> {
      await db
        .updateTable('participants')
        .set({ left_at: at })
        .where('ticket_id', '=', ticket)
        .where('person_id', 'in', db.selectFrom('people').select('id').where('address', '=', foldAddress(address)))
        .execute()
    },

    async addParticipants(ticket: TicketId, people: readonly number[], at: Instant): Promise<void> {
      for (const person of people) await addParticipant(db, { ticket, person, at })
    },
  }
}

const languageOf = statement((db, { address }: { address: string }) =>
  db.selectFrom('people').select('language').where('address', '=', address),
)

const bouncedAt = statement((db, { address }: { address: string }) =>
  db.selectFrom('people').select('bounced_at').where('address', '=', address),
)

const ticketFor = statement((db, { address }: { address: string }) =>
  db
    .selectFrom('people as p')
    .innerJoin('tickets as t', 't.requester_id', 'p.id')
    .select('t.id')
    .where('p.address', '=', address)
    .limit(1),
)

const savePerson = statement((db, person: { address: string; name: string; language: string | null; at: Instant }) =>
  db
    .insertInto('people')
    .values({ address: person.address, name: person.name, language: person.language, first_seen_at: person.at })
    .onConflict(on =>
      on.column('address').doUpdateSet(eb => ({
        name: eb
          .case()
          .when(eb.ref('excluded.name'), '<>', '')
          .then(eb.ref('excluded.name'))
          .else(eb.ref('people.name'))
          .end(),
        language: eb.fn.coalesce('excluded.language', 'people.language'),
      })),
    )
    .returning('id'),
)

const participants = statement((db, { ticket }: { ticket: TicketId }) =>
  db
    .selectFrom('participants as pa')
    .innerJoin('people as pe', 'pe.id', 'pa.person_id')
    .select(['pe.name', 'pe.address', 'pa.told_at', 'pa.left_at'])
    .where('pa.ticket_id', '=', ticket)
    .orderBy('pa.added_at')
    .orderBy('pe.id'),
)

const addParticipant = statement((db, row: { ticket: TicketId; person: number; at: Instant }) =>
  db
    .insertInto('participants')
    .values({ ticket_id: row.ticket, person_id: row.person, added_at: row.at })
    .onConflict(on => on.doNothing()),
)

const tellParticipant = statement((db, row: { ticket: TicketId; address: string; at: Instant }) =>
  db
    .updateTable('participants')
    .set({ told_at: row.at })
    .where('ticket_id', '=', row.ticket)
    .where('person_id', 'in', db.selectFrom('people').select('id').where('address', '=', row.address)),
)
