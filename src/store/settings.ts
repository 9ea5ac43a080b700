import type { Db } from './schema.ts'
import { statement } from './statement.ts'

export function settingReads(db: Db) {
  return {
    async setting(name: string): Promise<string | null> {
      const [row] = await setting(db, { name })
      return row?.value ?? null
    },
  }
}

export function settingWrites(db: Db) {
  return {
    async setSetting(name: string, value: string): Promise<void> {
      await db
        .insertInto('settings')
        .values({ name, value })
        .onConflict(on => on.column('name').doUpdateSet({ value }))
        .execute()
    },

    /** Keeps the value that is there already; gives the one that now stands. */
    async settingOnce(name: string, value: string): Promise<string> {
      await db
        .insertInto('settings')
        .values({ name, value })
        .onConflict(on => on.doNothing())
        .execute()
      return (await settingReads(db).setting(name)) ?? value
    },
  }
}

const setting = statement((db, { name }: { name: string }) =>
  db.selectFrom('settings').select('value').where('name', '=', name),
)
