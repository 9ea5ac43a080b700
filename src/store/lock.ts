import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { DeskError } from '../errors.ts'
import type { Instant } from '../instant.ts'
import type { Native } from './native.ts'
import { codeOf, openNative } from './sqlite.ts'

/*
 * One serving process a database: two would read and answer every mail twice over. The lock is the operating system's, on
 * a second SQLite file beside the database, in which a write is begun and never ended: it goes with the process however
 * that ends (kill -9, a power cut), on every platform, and no heartbeat can be late. Looking into the database, backups,
 * keys and imports go on beside it.
 */

/** Long enough for a process that is just ending; a standstill of this length at a start harms nobody. */
const PATIENCE_MS = 1_000

/**
 * Says that this process serves the database at `path`, until it is disposed of. Throws DeskError('conflict') with the
 * holder when another process does, DeskError('store') when the lock file cannot be made.
 */
export function lockDatabase(path: string, now: Instant): Disposable {
  const file = `${realPath(path)}.lock`
  const native = openNative(file, { timeout: PATIENCE_MS, pragmas: ['synchronous = OFF'] })
  try {
    native.exec('create table if not exists holder (id integer primary key, words text)')
    // Written down and committed before the lock, so that others can read it beside the lock.
    const words = `process ${process.pid} on ${hostname()}, since ${now}`
    native.prepare('insert or replace into holder (id, words) values (1, ?)').run(words)
    native.exec('begin immediate')
  } catch (cause) {
    const busy = codeOf(cause).startsWith('SQLITE_BUSY')
    const holder = busy ? holderOf(native) : null
    native.close()
    if (!busy) throw new DeskError('store', `cannot lock ${file}: ${(cause as Error).message}`, { cause })
    const words = `another Postdesk works on this database (${holder ?? 'it does not say which'})`
    const advice = 'stop it first, or give this one a storage.path of its own'
    throw new DeskError('conflict', `${words}: ${advice}`, { cause, fields: { database: path } })
  }
  return { [Symbol.dispose]: () => void native.close() }
}

function holderOf(native: Native): string | null {
  try {
    const row = native.prepare<[], { words: string }>('select words from holder').get()
    return row?.words ?? null
  } catch {
    return null
  }
}

/** Two ways to write one path must not be two locks. The file may not be there yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    try {
      return join(realpathSync(dirname(path)), basename(path))
    } catch {
      return path
    }
  }
}
