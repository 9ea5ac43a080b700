import { randomBytes } from 'node:crypto'
import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DeskError } from '../errors.ts'
import type { Instant } from '../instant.ts'
import { lockDatabase } from './lock.ts'
import { codeOf } from './sqlite.ts'

/*
 * The file that a backup is written into before it has its name. Who is killed leaves it behind, as large as the database: the
 * next backup into the same folder takes it away. It is known by a name that nobody else gives, and that nobody writes it by
 * the lock of the operating system that its writer holds, which is right also between containers.
 */

const NAME = /\.[0-9a-f]{16}\.postdesk-part$/

/**
 * A new file to write `file` into, held until it is disposed of; what is there of it then goes. Throws DeskError('store') when
 * nothing can be written there.
 */
export function holdPart(file: string, now: Instant): Disposable & { readonly path: string } {
  removeLeftOver(dirname(file), now)
  return hold(`${file}.${randomBytes(8).toString('hex')}.postdesk-part`, now)
}

function hold(path: string, now: Instant): Disposable & { readonly path: string } {
  const lock = lockDatabase(path, now)
  return {
    path,
    [Symbol.dispose]() {
      lock[Symbol.dispose]()
      // Itself last: by its name what is left of this is found another time.
      for (const rest of ['.lock-journal', '.lock', '-journal', '-wal', '-shm', ''])
        rmSync(`${path}${rest}`, { force: true })
    },
  }
}

/** What somebody still writes, or may not be removed, is no reason to make no backup. */
function removeLeftOver(folder: string, now: Instant): void {
  for (const name of leftOver(folder)) {
    try {
      hold(join(folder, name), now)[Symbol.dispose]()
    } catch (error) {
      if (!(error instanceof DeskError) && codeOf(error) === '') throw error
    }
  }
}

/** None where files can be written and not listed. */
function leftOver(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter(entry => entry.isFile() && NAME.test(entry.name)).map(({ name }) => name)
  } catch {
    return []
  }
}
