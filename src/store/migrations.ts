import { type Migration, Migrator, sql } from 'kysely'
import { DeskError } from '../errors.ts'
import { initial } from './migrations/0001-initial.ts'
import { reading } from './migrations/0002-reading.ts'
import { people } from './migrations/0004-people.ts'
import type { Db } from './schema.ts'

const MIGRATIONS: Readonly<Record<string, readonly string[]>> = {
  '0001-initial': initial,
  '0002-reading': reading,
  '0004-people': people,
}

/** In the order in which they run. */
export const migrationNames: readonly string[] = Object.keys(MIGRATIONS).sort()

/**
 * Brings the database to the newest schema; gives the names of the migrations that ran. Throws DeskError('store') when one
 * fails (nothing of it stays) and when the database was written by a newer Postdesk.
 */
export async function migrate(db: Db): Promise<string[]> {
  await refuseNewer(db)
  const migrations = Object.fromEntries(Object.entries(MIGRATIONS).map(([name, steps]) => [name, migration(steps)]))
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
function migration(steps: readonly string[]): Migration {
  return {
    async up(tx) {
      for (const step of steps) await sql.raw(step).execute(tx)
    },
  }
}

async function refuseNewer(db: Db): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(table => table.name === 'kysely_migration')) return
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  const unknown = rows.map(row => row.name).filter(name => !(name in MIGRATIONS))
  if (unknown.length > 0) {
    throw new DeskError(
      'store',
      `this database was written by a newer Postdesk (it has ${unknown.join(', ')}): install that version, or restore the backup made before the upgrade`,
    )
  }
}
