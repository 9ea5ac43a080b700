import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FOLLOWED } from '../../src/dispatch/dispatcher.ts'
import { Database } from '../../src/store/native.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { type Finding, verifyDatabase } from '../../src/store/verify.ts'

export type TestStore = Store & { readonly path: string }

/**
 * A store in a file of its own, or in that of the caller, who removes it. Closing it checks what must always be true of a database
 * of ours.
 */
export async function openTestStore(file?: string): Promise<TestStore> {
  const folder = file === undefined ? mkdtempSync(join(tmpdir(), 'postdesk-store-')) : null
  const path = file ?? join(folder ?? '', 'test.sqlite')
  const store = await openStore(path)
  return {
    ...store,
    path,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      try {
        const broken = brokenInvariants(path)
        if (broken.length > 0) throw new Error(`the database breaks its rules: ${JSON.stringify(broken)}`)
      } finally {
        if (folder !== null) rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

/** Whether the dispatcher has seen all that something follows from; also where there is nobody to be told. */
export function isDispatched(path: string): boolean {
  const database = new Database(path, { readonly: true })
  try {
    const cursor = database.prepare("SELECT value FROM settings WHERE name = 'dispatched'").pluck().get()
    const next = 'SELECT 1 FROM ticket_events WHERE id > ? AND kind IN (SELECT value FROM json_each(?))'
    return cursor === undefined || database.prepare(next).get(Number(cursor), JSON.stringify(FOLLOWED)) === undefined
  } finally {
    database.close()
  }
}

/** The rules that this database breaks, with what breaks them. */
export function brokenInvariants(path: string): readonly Finding[] {
  return verifyDatabase(path).findings
}
