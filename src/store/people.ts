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

    /** Was a ticket ever opened for this person? */
    async hasTicket(address: string): Promise<boolean> {
      return (await ticketFor(db, { address: foldAddress(address) })).length > 0
    },

    /** Those who take part in a ticket, in the order in which they came. */
    async participants(ticket: TicketId): Promise<Address[]> {
      return db
        .selectFrom('participants as pa')
        .innerJoin('people as pe', 'pe.id', 'pa.person_id')
        .select(['pe.name', 'pe.address'])
        .where('pa.ticket_id', '=', ticket)
        .orderBy('pa.added_at')
        .orderBy('pe.id')
        .execute()
    },
  }
}

export function peopleWrites(db: Db) {
  return {
    /** The id of this person; a better name and a newly seen language replace what was known. */
    async savePerson(person: Address, language: string | null, at: Instant): Promise<number> {
      return one(await savePerson(db, { address: foldAddress(person.address), name: person.name, language, at })).id
    },

    async addParticipants(ticket: TicketId, people: readonly number[], at: Instant): Promise<void> {
      for (const person of people) await addParticipant(db, { ticket, person, at })
    },
  }
}

const languageOf = statement((db, { address }: { address: string }) =>
  db.selectFrom('people').select('language').where('address', '=', address),
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

const addParticipant = statement((db, row: { ticket: TicketId; person: number; at: Instant }) =>
  db
    .insertInto('participants')
    .values({ ticket_id: row.ticket, person_id: row.person, added_at: row.at })
    .onConflict(on => on.doNothing()),
)
