import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore, type Store } from '../../src/store/store.ts'
import { type Finding, verifyDatabase } from '../../src/store/verify.ts'

export type TestStore = Store & { readonly path: string }

/** A store in a file of its own. Closing it checks what must always be true of a database of ours. */
export async function openTestStore(): Promise<TestStore> {
  const folder = mkdtempSync(join(tmpdir(), 'postdesk-store-'))
  const path = join(folder, 'test.sqlite')
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
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

/** The rules that this database breaks, with what breaks them. */
export function brokenInvariants(path: string): readonly Finding[] {
  return verifyDatabase(path).findings
}
