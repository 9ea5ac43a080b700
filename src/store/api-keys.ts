import type { Instant } from '../instant.ts'
import type { Db } from './schema.ts'
import { statement } from './statement.ts'

/** Each may what those before it may; `monitor` sees figures only, no mail and no ticket. */
export const ROLES = ['monitor', 'reader', 'agent', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** A key of the API as far as it is remembered: its secret is not, only a hash of it. */
export type ApiKey = {
  readonly id: number
  readonly name: string
  readonly role: Role
  readonly createdAt: Instant
  readonly lastUsedAt: Instant | null
  readonly revokedAt: Instant | null
}

export function apiKeyReads(db: Db) {
  return {
    async apiKeys(): Promise<ApiKey[]> {
      return (await db.selectFrom('api_keys').selectAll().orderBy('id').execute()).map(toApiKey)
    },

    /** The key with this hash, for the comparison that `api/auth.ts` makes; revoked ones too. */
    async apiKeyByHash(hash: string): Promise<(ApiKey & { hash: string }) | null> {
      const [row] = await withHash(db, { hash })
      return row ? { ...toApiKey(row), hash: row.hash } : null
    },
  }
}

export function apiKeyWrites(db: Db) {
  return {
    async createApiKey(key: { name: string; role: Role; hash: string }, at: Instant): Promise<number> {
      const { id } = await db
        .insertInto('api_keys')
        .values({ ...key, created_at: at, last_used_at: null, revoked_at: null })
        .returning('id')
        .executeTakeFirstOrThrow()
      return id
    },

    async touchApiKey(id: number, at: Instant): Promise<void> {
      await db.updateTable('api_keys').set({ last_used_at: at }).where('id', '=', id).execute()
    },

    /** False when there is no such key, or it was revoked before. */
    async revokeApiKey(id: number, at: Instant): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable('api_keys')
        .set({ revoked_at: at })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow()
      return numUpdatedRows > 0n
    },
  }
}

type Row = {
  id: number
  name: string
  role: Role
  created_at: Instant
  last_used_at: Instant | null
  revoked_at: Instant | null
}

function toApiKey(row: Row): ApiKey {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }
}

const withHash = statement((db, { hash }: { hash: string }) =>
  db.selectFrom('api_keys').selectAll().where('hash', '=', hash),
)
