import { closeSync, existsSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  type LimitNode,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  SqliteQueryCompiler,
  sql,
  ValueNode,
} from 'kysely'
import { DeskError, errorText } from '../errors.ts'
import { Database, type Native } from './native.ts'
import type { Db, Tables } from './schema.ts'

/*
 * What is SQLite here and nowhere else: opening, locking, savepoints, full-text matching, its error codes.
 */

/**
 * How long one statement waits for a lock that another process holds (a backup, an admin's shell), in ms. The whole
 * process stands still meanwhile, so it is short; the patience is in `beginTransaction`, which lets others go on.
 */
const BUSY_TIMEOUT = 100
const LOCK_RETRY_MS = 50
const LOCK_PATIENCE_MS = 30_000

/** Kysely prepares each query anew, which costs more than most of our queries do: statements are kept by their text. */
function withStatementCache(native: Native): SqliteDatabase {
  const kept = new Map<string, ReturnType<SqliteDatabase['prepare']>>()
  return {
    close: () => void native.close(),
    prepare: text => {
      const known = kept.get(text)
      if (known) return known
      // Kysely's types know other arguments than better-sqlite3's; the values are the same.
      const statement = native.prepare(text) as unknown as ReturnType<SqliteDatabase['prepare']>
      if (kept.size > 500) kept.clear()
      kept.set(text, statement)
      return statement
    },
  }
}

/**
 * `BEGIN` alone takes the write lock at the first write, and fails with SQLITE_BUSY_SNAPSHOT when another process wrote
 * since our first read. Every transaction of ours is a write, so it takes the lock at once.
 */
class ImmediateDriver extends SqliteDriver {
  readonly #native: Native
  constructor(config: SqliteDialectConfig, native: Native) {
    super(config)
    this.#native = native
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const deadline = performance.now() + LOCK_PATIENCE_MS
    for (;;) {
      try {
        await connection.executeQuery(CompiledQuery.raw('begin immediate'))
        return
      } catch (error) {
        if (!codeOf(error).startsWith('SQLITE_BUSY')) throw error
        if (performance.now() > deadline) throw lockedError(error)
        await sleep(LOCK_RETRY_MS)
      }
    }
  }

  /** A full disk may have rolled back already; to say that "no transaction is active" would hide why. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#native.inTransaction) await super.rollbackTransaction(connection)
  }
}

/**
 * Kysely would commit a migration, and after that the note that it has run. Killed in between (seen in the crash harness)
 * the database would be migrated once more at every start, and never again open.
 */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/**
 * A LIMIT that is a parameter makes SQLite plan the statement anew whenever it gets its value (seen with 3.53, built with
 * STAT4 as better-sqlite3 is): ten times as long as finding a row takes. So its number stands in the statement.
 */
class LiteralLimits extends SqliteQueryCompiler {
  protected override visitLimit(node: LimitNode): void {
    const { limit } = node
    if (ValueNode.is(limit) && Number.isSafeInteger(limit.value)) this.append(`limit ${limit.value}`)
    else super.visitLimit(node)
  }
}

class ReadingDialect extends SqliteDialect {
  override createQueryCompiler(): LiteralLimits {
    return new LiteralLimits()
  }
}

class ImmediateDialect extends ReadingDialect {
  readonly #config: SqliteDialectConfig
  readonly #native: Native
  constructor(config: SqliteDialectConfig, native: Native) {
    super(config)
    this.#config = config
    this.#native = native
  }
  override createDriver(): ImmediateDriver {
    return new ImmediateDriver(this.#config, this.#native)
  }
  override createAdapter(): TransactionalAdapter {
    return new TransactionalAdapter()
  }
}

export type SqliteOptions = {
  /** How large the database may become, in pages; a disk that is full is tried out with it. */
  readonly maxPages?: number
}

/** In the definition of `table`, what is to be replaced (it must be there) and by what. */
export type TableEdit = { readonly table: string; readonly replace: string; readonly by: string }

export type Connections = {
  readonly writer: Db
  readonly reader: Db
  /** Changes what rows of a table are checked for, in a transaction of the writer. Every row there is must pass the new check. */
  editTable(tx: Db, edit: TableEdit): Promise<void>
  close(): Promise<void>
}

// SQLite's own 2 MB; better-sqlite3 makes it 16, which is memory and no time: the system has the file's pages at hand as well.
const PAGES_KEPT = 'cache_size = -2000'

/**
 * Opens (and creates) the database file: one connection that writes and a second one that can only read, so that a
 * read issued in the middle of a write answers from the committed state instead of waiting for itself.
 * Throws DeskError('store') with the path and what to do.
 */
export async function openSqlite(path: string, { maxPages }: SqliteOptions = {}): Promise<Connections> {
  // FULL: a mail is acknowledged to nobody before it would survive a power cut.
  const pragmas = ['journal_mode = WAL', 'synchronous = FULL', 'foreign_keys = ON', 'temp_store = MEMORY', PAGES_KEPT]
  const native = openNative(path, {
    pragmas: maxPages === undefined ? pragmas : [...pragmas, `max_page_count = ${maxPages}`],
  })
  const writer = new Kysely<Tables>({ dialect: new ImmediateDialect({ database: withStatementCache(native) }, native) })
  const reader = new Kysely<Tables>({
    dialect: new ReadingDialect({
      database: async () => withStatementCache(openNative(path, { readonly: true, pragmas: [PAGES_KEPT] })),
    }),
  })
  return {
    writer,
    reader,
    async editTable(tx, edit) {
      // better-sqlite3 opens every connection as "defensive", which forbids this.
      native.unsafeMode(true)
      try {
        await editDefinition(tx, edit)
      } finally {
        native.unsafeMode(false)
      }
    },
    async close() {
      await reader.destroy()
      try {
        native.pragma('optimize')
      } catch {
        // A courtesy to later queries: another program that is writing just now makes no stop fail.
      }
      await writer.destroy()
      if (native.open) native.close()
    },
  }
}

/**
 * Opens a database file, with these pragmas set. A file that is not there is made, unless it is only to be read. Throws
 * DeskError('store') with the path and what to do.
 */
export function openNative(
  path: string,
  { readonly = false, timeout = BUSY_TIMEOUT, pragmas = [] as readonly string[] } = {},
): Native {
  let native: Native | undefined
  try {
    if (!readonly) createPrivate(path)
    native = new Database(path, { readonly, timeout })
    for (const pragma of pragmas) native.pragma(pragma)
    // SQLite looks into the file no sooner than it must: better here, where there are words for it, than anywhere.
    native.pragma('schema_version')
    return native
  } catch (cause) {
    native?.close()
    const missing = readonly && !existsSync(path)
    const advice = missing ? 'There is no such file.' : adviceFor(cause)
    throw new DeskError('store', `cannot open the database ${path}: ${errorText(cause)}. ${advice}`, { cause })
  }
}

/**
 * It holds everybody's mail and our signing key: its owner's alone. SQLite gives its -wal the same mode. A file that is there
 * is not touched: closing it would take away the locks that this process has on it (fcntl(2)).
 */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

function adviceFor(cause: unknown): string {
  const code = codeOf(cause)
  if (code === 'SQLITE_NOTADB') return 'The file is something else: name another one (storage.path).'
  if (code.startsWith('SQLITE_BUSY')) return 'Another program holds it: close that and try again.'
  if (code.startsWith('SQLITE_CORRUPT'))
    return 'It is damaged too far to be looked through: keep the file, and bring a backup back with `postdesk restore`.'
  if (code === 'SQLITE_FULL') return FULL
  if (code.startsWith('SQLITE_READONLY')) return 'It must be writable for the user Postdesk runs as.'
  return 'Its folder must exist and be writable for the user Postdesk runs as.'
}

const FULL = 'Free some space on its disk; nothing is lost, and what waits is done then.'
const DAMAGED = 'It is damaged: `postdesk verify` tells how, `postdesk restore` brings a backup back.'

/**
 * What SQLite threw while it wrote or read, in words for whoever reads the log; anything else as it is. Trouble with the
 * disk passes: the same call succeeds once there is space again.
 */
export function storeError(error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof DeskError || !isStorageTrouble(error)) return error
  const fields = { sqlite: code }
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE')
    return new DeskError('store', `the disk of the database is full. ${FULL}`, {
      cause: error,
      temporary: true,
      fields,
    })
  if (code.startsWith('SQLITE_BUSY')) return lockedError(error)
  const advice = code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' ? DAMAGED : 'Look at its disk.'
  const words = `the database cannot be used (${errorText(error)}, ${code}). ${advice}`
  return new DeskError('store', words, { cause: error, temporary: true, fields })
}

function lockedError(cause: unknown): DeskError {
  const words = 'the database is locked by another program: close it, what waits is done then'
  return new DeskError('store', words, { cause, temporary: true })
}

/** The code of what SQLite or Node threw: `SQLITE_FULL`, `ENOENT`; an empty text when it has none. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}

/**
 * Does this error concern the database as a whole (disk full, locked, damaged) rather than the row in hand? Then the
 * mail in hand is innocent and must be tried again, not quarantined.
 */
export function isStorageTrouble(error: unknown): boolean {
  if (error instanceof DeskError) return error.code === 'store'
  const code = codeOf(error)
  return (
    code.startsWith('SQLITE_') &&
    !code.startsWith('SQLITE_CONSTRAINT') &&
    code !== 'SQLITE_ERROR' &&
    code !== 'SQLITE_MISMATCH'
  )
}

/** Runs `work` so that its changes are undone when it throws, while the transaction around it goes on. */
export async function inSavepoint<T>(db: Db, work: () => Promise<T>): Promise<T> {
  await db.executeQuery(SAVEPOINT)
  try {
    const result = await work()
    await db.executeQuery(RELEASE)
    return result
  } catch (error) {
    // A full disk may already have rolled the whole transaction back, and the savepoint with it.
    await db.executeQuery(ROLLBACK).catch(() => undefined)
    await db.executeQuery(RELEASE).catch(() => undefined)
    throw error
  }
}

const SAVEPOINT = CompiledQuery.raw('savepoint one_mail')
const RELEASE = CompiledQuery.raw('release one_mail')
const ROLLBACK = CompiledQuery.raw('rollback to one_mail')

/**
 * The way that SQLite documents for constraints whose change leaves the rows as they are (lang_altertable.html §7, last
 * part): only the text of the definition is written. The other way copies the table, which here holds every mail with its
 * bytes: gigabytes, twice on the disk, and all that refers to it built anew. A new schema_version makes each connection
 * read the definitions again.
 */
async function editDefinition(tx: Db, { table, replace, by }: TableEdit): Promise<void> {
  const { rows } = await sql<{ schema_version: number }>`pragma schema_version`.execute(tx)
  const next = sql.raw(`pragma schema_version = ${(rows[0]?.schema_version ?? 0) + 1}`)
  await sql`pragma writable_schema = on`.execute(tx)
  try {
    const { numAffectedRows } = await sql`
      update sqlite_schema set sql = replace(sql, ${replace}, ${by})
      where type = 'table' and name = ${table} and instr(sql, ${replace}) > 0`.execute(tx)
    if (numAffectedRows !== 1n) throw new Error(`the table ${table} is not defined as it was expected to be`)
    await next.execute(tx)
  } finally {
    await sql`pragma writable_schema = off`.execute(tx)
  }
  // Reads the new definition, or fails here, where nothing is committed yet.
  await sql`select 1 from ${sql.table(table)} limit 0`.execute(tx)
}

/** The hour of an instant: `2026-11-23T09`. */
export function hourOf(column: string) {
  return sql<string>`substr(${sql.ref(column)}, 1, 13)`
}

/** Tickets opened from now on have higher numbers than this. */
export async function skipTicketNumbers(db: Db, last: number): Promise<void> {
  await sql`update sqlite_sequence set seq = ${last} where name = 'tickets' and seq < ${last}`.execute(db)
}

/** What is in a JSON array: one parameter however many they are, so that the statement's text stays the same. */
export function valuesIn<Value extends number | string>(json: string) {
  return sql<Value>`(select value from json_each(${json}))`
}

/**
 * A whole ticket as a JSON array, of the tables `t` and `p` (its requester): these columns, name and address, the tags. Of rows as
 * wide as this better-sqlite3 12 makes objects at less than half the speed at which JSON is read; the names of a JSON object
 * would take a third of the time again.
 */
export function ticketAsJson(columns: readonly string[]) {
  return sql.raw<string>(`json_array(
    ${columns.map(column => `t.${column}`).join(', ')},
    p.name, p.address,
    json((select json_group_array(tag order by tag) from ticket_tags where ticket_id = t.id))
  )`)
}

/** The JSON object of a column with this field of it, given as JSON. */
export function withField(column: string, field: string, json: string) {
  return sql<string>`json_set(${sql.ref(column)}, ${`$.${field}`}, json(${json}))`
}

/** The ids of the tickets whose messages hold all these words, at least one; the last word matches as a beginning. */
export function ticketsMatching(words: readonly string[]) {
  // FTS5 reads up to a NUL and then misses the closing quotation mark.
  const quoted = words.map(word => `"${word.replaceAll('"', '""').replaceAll('\0', ' ')}"`)
  const query = `${quoted.join(' ')}*`
  return sql<number>`(
    select distinct m.ticket_id from messages_fts f join messages m on m.id = f.rowid
    where f.messages_fts match ${query} and m.ticket_id is not null
  )`
}
