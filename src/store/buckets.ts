import type { Bucket, Buckets } from '../desk/gate.ts'
import type { Db } from './schema.ts'
import { statement } from './statement.ts'

/** What automatic mail draws from; a bucket that was never drawn from has no row. */
export function bucketReads(db: Db) {
  return {
    async buckets(names: readonly string[]): Promise<Buckets> {
      const found = new Map<string, Bucket>()
      for (const name of new Set(names)) {
        const [row] = await bucket(db, { name })
        if (row) found.set(name, row)
      }
      return found
    },
  }
}

export function bucketWrites(db: Db) {
  return {
    async setBuckets(buckets: Buckets): Promise<void> {
      for (const [name, { level, at }] of buckets) await setBucket(db, { name, level, at })
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
