import type { Bucket } from '../desk/gate.ts'
import type { Db } from './schema.ts'
import { statement } from './statement.ts'

/** What automatic mail draws from; a bucket that was never drawn from has no row. */
export function bucketReads(db: Db) {
  return {
    async bucket(name: string): Promise<Bucket | null> {
      const [row] = await bucket(db, { name })
      return row ?? null
    },
  }
}

export function bucketWrites(db: Db) {
  return {
    async setBucket(name: string, { level, at }: Bucket): Promise<void> {
      await setBucket(db, { name, level, at })
    },
  }
}

const bucket = statement((db, { name }: { name: string }) =>
  db.selectFrom('buckets').select(['level', 'at']).where('name', '=', name),
)

const setBucket = statement((db, row: Bucket & { readonly name: string }) =>
  db
    .insertInto('buckets')
    .values({ name: row.name, level: row.level, at: row.at })
    .onConflict(on => on.column('name').doUpdateSet({ level: row.level, at: row.at })),
)
