import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { initial } from '../../src/store/migrations/0001-initial.ts'
import { reading } from '../../src/store/migrations/0002-reading.ts'
import { migrationNames } from '../../src/store/migrations.ts'
import { Database, type Native } from '../../src/store/native.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { openStore } from '../../src/store/store.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { NOW, openTestApi } from '../support/api.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

let folder: TempDir
let path: string
beforeEach(async () => {
  folder = await tempDir('migrations')
  path = `${folder.path}/desk.sqlite`
  await makeOld()
})
afterEach(() => folder[Symbol.asyncDispose]())

const OLD = ['0001-initial', '0002-reading']

/** A database as the first two migrations left it, in which every table has rows that the service wrote. */
async function makeOld(): Promise<void> {
  await using api = await openTestApi()
  await api.arrives({
    text: 'The printer is on fire.',
    attachments: [{ filename: 'a.png', contentType: 'image/png', content: 'png' }],
  })
  await api.agent.post('/v1/tickets/1001/messages', { kind: 'answer', text: 'Run.', agent: 'ana' })
  await api.agent.patch('/v1/tickets/1001', { tags: ['fire'] })
  await api.arrives({ from: 'robot@example.org', subject: 'Away', headers: { 'auto-submitted': 'auto-replied' } })

  const db = new Database(path)
  db.pragma('foreign_keys = off')
  for (const step of [...initial, ...reading]) db.exec(step)
  db.exec(`
    attach '${api.store.path}' as made;
    insert into settings values ('a', 'b');
    insert into left_out_mails values ('it', 'INBOX', '7', 1, 9, 9, '${NOW}');
    insert into alarms values ('silence', 'it', '', '${NOW}', 'no mail', '${NOW}', null, null);
    insert into ticket_tags values (1001, 'hot')`)
  for (const table of tablesOf(db)) {
    const columns = db.pragma(`table_info(${table})`) as { name: string }[]
    const names = columns.map(({ name }) => name).join()
    db.exec(`insert into ${table} (${names}) select ${names} from made.${table}`)
  }
  for (const made of db
    .prepare("select sql from made.sqlite_schema where name like 'kysely%' and sql is not null")
    .pluck()
    .all())
    db.exec(String(made))
  db.exec(`
    insert into kysely_migration select * from made.kysely_migration where name in ('${OLD.join("', '")}');
    insert into kysely_migration_lock select * from made.kysely_migration_lock`)
  // Stopping the service does so too.
  db.exec('analyze')
  db.close()
}

function tablesOf(db: Native): string[] {
  const names = db.prepare<[], string>("select name from main.sqlite_schema where type = 'table'").pluck().all()
  return names.filter(name => !/^(?:sqlite_|messages_fts|kysely)/.test(name))
}

/** The tables and their columns. */
function columnsOf(db: Native): Record<string, string[]> {
  return Object.fromEntries(
    [...tablesOf(db), 'sqlite_sequence'].map(table => [
      table,
      (db.pragma(`table_info(${table})`) as { name: string }[]).map(({ name }) => name),
    ]),
  )
}

/** All rows of these tables, and what a search finds. */
function contents(db: Native, columns: Record<string, string[]>): Record<string, unknown[]> {
  const rows = Object.fromEntries(
    Object.entries(columns).map(([table, names]) => [table, db.prepare(`select ${names.join()} from ${table}`).all()]),
  )
  return { ...rows, found: db.prepare("select rowid from messages_fts where messages_fts match 'printer'").all() }
}

/** Where the mails begin in the file: a table that is copied begins elsewhere. */
function rootOfMails(db: Native): unknown {
  return db.prepare("select rootpage from sqlite_schema where name = 'raw_mails'").pluck().get()
}

function look<T>(at: (db: Native) => T): T {
  const db = new Database(path)
  try {
    db.pragma('foreign_keys = on')
    return at(db)
  } finally {
    db.close()
  }
}

describe('a database of an earlier version', () => {
  test('is brought to the newest schema, and nothing in it is lost', async () => {
    const columns = look(columnsOf)
    const before = look(db => ({ rows: contents(db, columns), root: rootOfMails(db) }))
    for (const [table, rows] of Object.entries(before.rows)) expect(rows.length, table).toBeGreaterThan(0)
    expect(verifyDatabase(path)).toMatchObject({ findings: [], older: true })

    const store = await openStore(path)
    expect(store.migrated).toEqual(migrationNames.filter(name => !OLD.includes(name)))
    expect(await store.read.ticket(1001)).toMatchObject({ tags: expect.arrayContaining(['hot']) })
    await store[Symbol.asyncDispose]()

    const after = look(db => ({ rows: contents(db, columns), root: rootOfMails(db) }))
    expect(after).toEqual(before)
    const { findings, older, rows } = verifyDatabase(path, { deep: true })
    expect({ findings, older }).toEqual({ findings: [], older: false })
    expect(rows).toMatchObject({ raw_mails: 2, tickets: 1 })

    await using again = await openStore(path)
    expect(again.migrated).toEqual([])
  })

  test('has a ledger that knows blocked mail, and still refuses outcomes and references that there are not', async () => {
    const blocked = "update raw_mails set outcome = 'blocked', reason = 'odd' where id = 2"
    expect(() => look(db => db.exec(blocked))).toThrow('CHECK constraint failed')
    await (await openStore(path))[Symbol.asyncDispose]()
    look(db => db.exec(blocked))
    expect(() => look(db => db.exec("update raw_mails set outcome = 'lost' where id = 2"))).toThrow('CHECK constraint')
    expect(() => look(db => db.exec('delete from raw_mails where id = 1'))).toThrow('FOREIGN KEY constraint')
    expect(() => look(db => db.exec('update raw_mails set ticket_id = 9 where id = 1'))).toThrow('FOREIGN KEY')
    expect(look(db => db.pragma('index_list(raw_mails)'))).toHaveLength(5)
  })
})

describe('a definition that is changed', () => {
  const guarded = "update sqlite_schema set sql = sql where name = 'raw_mails'"

  test('must be what was expected, or nothing happens; afterwards it is guarded again', async () => {
    const connections = await openSqlite(path)
    const { writer, editTable } = connections
    const before = look(db => db.prepare('select * from sqlite_schema').all())
    const edit = (replace: string, by: string) =>
      writer.transaction().execute(tx => editTable(tx, { table: 'raw_mails', replace, by }))
    await expect(edit("'no such outcome'", "'x'")).rejects.toThrow('raw_mails is not defined as it was expected')
    // A definition that cannot be read.
    await expect(edit('CHECK (outcome', 'CHECK ((outcome')).rejects.toThrow(/malformed|syntax/)
    await expect(sql.raw(guarded).execute(writer)).rejects.toThrow('may not be modified')
    await connections.close()
    expect(look(db => db.prepare('select * from sqlite_schema').all())).toEqual(before)
    expect(verifyDatabase(path).findings).toEqual([])
  })
})
