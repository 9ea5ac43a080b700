import { type Migration, Migrator, sql } from 'kysely'
import { DeskError } from '../errors.ts'
import { initial } from './migrations/0001-initial.ts'
import { reading } from './migrations/0002-reading.ts'
import { joined } from './migrations/0003-joined.ts'
import { senders } from './migrations/0004-senders.ts'
import { blocked } from './migrations/0005-blocked.ts'
import { agents } from './migrations/0006-agents.ts'
import { survey } from './migrations/0007-survey.ts'
import { crew } from './migrations/0008-crew.ts'
import { alike } from './migrations/0009-alike.ts'
import { refused } from './migrations/0010-refused.ts'
import { arrivals } from './migrations/0011-arrivals.ts'
import type { Db } from './schema.ts'
import type { Connections, TableEdit } from './sqlite.ts'

/** SQL, or what SQLite has no SQL for. */
type Step = string | TableEdit

const MIGRATIONS: Readonly<Record<string, readonly Step[]>> = {
  '0001-initial': initial,
  '0002-reading': reading,
  '0003-joined': joined,
  '0004-senders': senders,
  '0005-blocked': blocked,
  '0006-agents': agents,
  '0007-survey': survey,
  '0008-crew': crew,
  '0009-alike': alike,
  '0010-refused': refused,
  '0011-arrivals': arrivals,
}

/** In the order in which they run. */
export const migrationNames: readonly string[] = Object.keys(MIGRATIONS).sort()

/**
 * Brings the database to the newest schema; gives the names of the migrations that ran. Throws DeskError('store') when one
 * fails (nothing of it stays) and when the database was written by a newer Postdesk.
 */
export async function migrate({ writer: db, editTable }: Connections): Promise<string[]> {
  const done = await migrationsDone(db)
  refuseNewer(done)
  // Also looking would take the right to write, and wait for whoever has it.
  if (done.length === migrationNames.length) return []
  const migrations = Object.fromEntries(
    Object.entries(MIGRATIONS).map(([name, steps]) => [name, migration(steps, editTable)]),
  )
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error, results } = await migrator.migrateToLatest()
  if (error) {
    const failed = results?.find(result => result.status === 'Error')?.migrationName
    throw new DeskError(
      'store',
      `the database could not be brought to the newest schema (migration ${failed ?? '?'})`,
      {
        cause: error,
      },
    )
  }
  return (results ?? []).map(result => result.migrationName)
}

/** It runs in the transaction that also notes that it has run (`TransactionalAdapter`). */
function migration(steps: readonly Step[], editTable: Connections['editTable']): Migration {
  return {
    async up(tx: Db) {
      for (const step of steps) await (typeof step === 'string' ? sql.raw(step).execute(tx) : editTable(tx, step))
    },
  }
}

async function migrationsDone(db: Db): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(table => table.name === 'kysely_migration')) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  return rows.map(row => row.name)
}

function refuseNewer(done: readonly string[]): void {
  const unknown = done.filter(name => !(name in MIGRATIONS))
  if (unknown.length > 0) {
    throw new DeskError(
      'store',
      `this database was written by a newer Postdesk (it has ${unknown.join(', ')}): install that version, or restore the backup made before the upgrade`,
    )
  }
}
