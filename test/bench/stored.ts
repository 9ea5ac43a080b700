import { Database } from '../../src/store/native.ts'

/*
 * A database that has been in use for long, made out of one that took in some mails: each row again and again under new ids,
 * addresses and Message-IDs. Of the bytes of the copies only the beginning is kept: nothing reads them, and disks are small.
 */

const BYTES_KEPT = 1_500

/** Multiplies what is in the database until it holds about so many messages; gives how many there are. */
export function multiply(path: string, messages: number): number {
  const db = new Database(path)
  db.pragma('synchronous = OFF')
  db.pragma('foreign_keys = OFF')
  const one = (sql: string) => db.prepare<[], number>(sql).pluck().get() ?? 0
  const highest = (table: string) => one(`select max(id) from ${table}`)
  const step = Object.fromEntries(['raw_mails', 'tickets', 'messages', 'people', 'outbox'].map(t => [t, highest(t)]))
  const original = one('select count(*) from messages')
  /** What stands in a column of copy number :k; columns not named here are the same. */
  const moved: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    people: { id: at('id', 'people'), address: own('address') },
    raw_mails: {
      id: at('id', 'raw_mails'),
      uid: at('uid', 'raw_mails'),
      sha256: own('sha256'),
      fingerprint: own('fingerprint'),
      ticket_id: at('ticket_id', 'tickets'),
      bytes: `substr(bytes, 1, ${BYTES_KEPT})`,
    },
    tickets: { id: at('id', 'tickets'), requester_id: at('requester_id', 'people') },
    ticket_tags: { ticket_id: at('ticket_id', 'tickets') },
    participants: { ticket_id: at('ticket_id', 'tickets'), person_id: at('person_id', 'people') },
    messages: {
      id: at('id', 'messages'),
      ticket_id: at('ticket_id', 'tickets'),
      raw_mail_id: at('raw_mail_id', 'raw_mails'),
      message_id: own('message_id'),
    },
    attachments: { id: 'null', message_id: at('message_id', 'messages') },
    thread_ids: { message_id: own('message_id'), ticket_id: at('ticket_id', 'tickets') },
    ticket_events: { id: 'null', ticket_id: at('ticket_id', 'tickets') },
    outbox: {
      id: at('id', 'outbox'),
      ticket_id: at('ticket_id', 'tickets'),
      message_id: at('message_id', 'messages'),
      dedupe_key: `iif(kind = 'acknowledgement', 'ack:' || (${at('ticket_id', 'tickets')}), ${own('dedupe_key')})`,
      recipients: own('recipients'),
    },
    promises: { id: 'null', ticket_id: at('ticket_id', 'tickets'), outbox_id: at('outbox_id', 'outbox') },
  }
  const copies = Object.entries(moved).map(([table, columns]) => {
    const names = db.prepare<[], string>(`select name from pragma_table_info('${table}')`).pluck().all()
    // Copied from the first state, or each copy would double them.
    db.exec(`create temp table "first_${table}" as select * from main."${table}"`)
    const values = names.map(name => columns[name] ?? name).join(', ')
    return db.prepare(`insert into main."${table}" (${names.join(', ')}) select ${values} from temp."first_${table}"`)
  })
  // As a BigInt it is an integer to SQLite; as a number it would be one with a decimal point.
  for (let k = 1; original * (k + 1) <= messages; k++)
    db.transaction(() => copies.map(copy => copy.run({ k: BigInt(k) })))()
  // What has been copied is history: no agent is told of it.
  db.exec("delete from settings where name = 'dispatched'")
  const made = one('select count(*) from messages')
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  return made

  function at(column: string, table: string): string {
    return `${column} + :k * ${step[table]}`
  }
  function own(column: string): string {
    return `:k || '.' || ${column}`
  }
}
