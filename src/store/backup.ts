import { closeSync, existsSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { DeskError, errorText } from '../errors.ts'
import { type Instant, instantOf } from '../instant.ts'
import { holdPart } from './part.ts'
import { BACKUP_MADE_AT, RESTORE_LAST_TICKET, RESTORE_QUIET_UNTIL } from './restored.ts'
import { openNative } from './sqlite.ts'
import { type Finding, type Verified, verifyDatabase } from './verify.ts'

/*
 * A copy of the database as it was at one moment, while the service works on it. It is one file without a -wal beside it,
 * says in its settings that it is a backup and of when, and stands under its name only once it has been looked through.
 */

/** How far it is, in bytes; looking through a copy tells nothing of how far it is: 0 of 0. */
export type BackupProgress = (step: 'copying' | 'verifying', done: number, total: number) => void

export type BackupOptions = {
  readonly now: Instant
  /** Replace a file that is there. */
  readonly force?: boolean
  readonly onProgress?: BackupProgress
  readonly signal?: AbortSignal
}

/** Some 8 MB: small enough for a progress that moves and a Ctrl-C that is heard. */
const PAGES_A_STEP = 2_000

/**
 * Copies the database at `path` into the file `target`, readable for its owner alone. Throws DeskError('conflict') when
 * that is there already, and DeskError('store') when it cannot be written, or when the copy is not sound: then nothing is
 * left of it, and a file that stood there before stays what it was. What killed backups have left in the folder is removed.
 */
export async function backUp(
  path: string,
  target: string,
  options: BackupOptions,
): Promise<Verified & { bytes: number }> {
  const { now, force = false, onProgress = () => undefined, signal } = options
  const file = freeTarget(path, target, force)
  try {
    using held = holdPart(file, now)
    const part = held.path
    await copyDatabase(path, part, onProgress, signal)
    onProgress('verifying', 0, 0)
    set(part, { [BACKUP_MADE_AT]: now })
    const verified = verifyDatabase(part)
    if (verified.findings.length > 0) {
      const words =
        'the copy is not sound, and so the database is not: no backup was made (`postdesk verify` tells all).'
      throw new DeskError('store', `${words} ${brokenRules(verified.findings)}`)
    }
    const { size } = statSync(part)
    syncFile(part)
    renameSync(part, file)
    syncFolder(dirname(file))
    return { ...verified, bytes: size }
  } catch (error) {
    if (error instanceof DeskError) throw error
    throw new DeskError('store', `cannot write ${file}: ${errorText(error)}`, { cause: error })
  }
}

/** The absolute path to write to. */
function freeTarget(path: string, target: string, force: boolean): string {
  let folder: string
  try {
    folder = realpathSync(dirname(resolve(target)))
  } catch (cause) {
    throw new DeskError('invalid', `the folder of ${target} is not there: make it first`, { cause })
  }
  const file = join(folder, basename(target))
  if (existsSync(file)) {
    const found = statSync(file)
    if (found.isDirectory()) throw new DeskError('invalid', `${target} is a folder: name a file in it`)
    if (!found.isFile()) throw new DeskError('invalid', `${target} is a device: name a file`)
    const own = realpathSync(path)
    if ([own, `${own}-wal`, `${own}-shm`, `${own}.lock`].includes(realpathSync(file)))
      throw new DeskError('invalid', `${target} is the database itself: name another file`)
    if (!force) throw new DeskError('conflict', `${target} is there already: name another file, or say --force`)
  }
  return file
}

function brokenRules(findings: readonly Finding[]): string {
  return findings.map(({ rule, rows }) => `Not so: ${rule} (${rows.slice(0, 3).join(', ')}).`).join(' ')
}

export type RestoreOptions = Omit<BackupOptions, 'force'> & {
  /** Also when the backup breaks rules: better than none. */
  readonly force?: boolean
  /** Mail that arrived earlier is not answered automatically; null: all that arrives before the service is started. */
  readonly quietUntil: Instant | null
}

export type Restored = {
  readonly madeAt: Instant
  /** Where the database that stood there is now; null when there was none. */
  readonly aside: string | null
}

/**
 * Puts the backup `file` in the place of the database at `path`, which nobody may have opened; what stood there is put
 * aside beside it. The service takes it up when it starts (`restored.ts`). Throws DeskError('store') when the backup is
 * not sound or cannot be read, and then nothing has changed.
 */
export async function restoreBackup(file: string, path: string, options: RestoreOptions): Promise<Restored> {
  const { now, quietUntil, force = false, onProgress = () => undefined, signal } = options
  if (existsSync(file) && existsSync(path) && realpathSync(file) === realpathSync(path))
    throw new DeskError('invalid', `${file} is the database itself: name a backup of it`)
  const target = existsSync(path) ? realpathSync(path) : resolve(path)
  onProgress('verifying', 0, 0)
  const { findings } = verifyDatabase(file)
  if (findings.length > 0 && !force) {
    const advice = 'Take another one, or say --force when it is the best there is.'
    throw new DeskError('store', `${file} is no sound backup. ${brokenRules(findings)} ${advice}`)
  }
  const part = `${target}.part`
  try {
    await copyDatabase(file, part, onProgress, signal)
    const madeAt = settingOf(part, BACKUP_MADE_AT) ?? instantOf(statSync(file).mtimeMs)
    const lastTicket = lastTicketOf(target)
    set(part, {
      [BACKUP_MADE_AT]: madeAt,
      ...(quietUntil === null ? {} : { [RESTORE_QUIET_UNTIL]: quietUntil }),
      ...(lastTicket === null ? {} : { [RESTORE_LAST_TICKET]: String(lastTicket) }),
    })
    syncFile(part)
    const aside = putAside(target, now)
    renameSync(part, target)
    syncFolder(dirname(target))
    return { madeAt, aside }
  } catch (error) {
    rmSync(part, { force: true })
    throw error instanceof DeskError
      ? error
      : new DeskError('store', `cannot put ${file} in the place of ${target}: ${errorText(error)}`, { cause: error })
  }
}

/** With its -wal, which holds its newest changes: left behind, it would be read into the database that comes here. */
function putAside(target: string, now: Instant): string | null {
  if (!existsSync(target)) {
    for (const rest of ['-wal', '-shm']) rmSync(`${target}${rest}`, { force: true })
    return null
  }
  const aside = `${target}.before-${now.replace(/[^0-9TZ]/g, '')}`
  for (const part of ['', '-wal', '-shm'])
    if (existsSync(`${target}${part}`)) renameSync(`${target}${part}`, `${aside}${part}`)
  return aside
}

/** The highest ticket number that the database has given out; null when it cannot be asked, which may be why it is replaced. */
function lastTicketOf(path: string): number | null {
  if (!existsSync(path)) return null
  try {
    const db = openNative(path, { readonly: true })
    try {
      return db.prepare<[], number>("select seq from sqlite_sequence where name = 'tickets'").pluck().get() ?? null
    } finally {
      db.close()
    }
  } catch {
    return null
  }
}

async function copyDatabase(
  from: string,
  part: string,
  onProgress: BackupProgress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const source = openNative(from, { readonly: true })
  try {
    // Without a transaction the copy would begin anew whenever the service writes, and might never end.
    source.exec('begin')
    source.prepare('select count(*) from sqlite_schema').get()
    const pageSize = Number(source.pragma('page_size', { simple: true }))
    rmSync(part, { force: true })
    closeSync(openSync(part, 'wx', 0o600))
    await source.backup(part, {
      progress({ totalPages, remainingPages }) {
        if (signal?.aborted) throw new DeskError('conflict', 'stopped: nothing has changed')
        onProgress('copying', (totalPages - remainingPages) * pageSize, totalPages * pageSize)
        return PAGES_A_STEP
      },
    })
  } finally {
    source.close()
  }
  // One file that can be read from anywhere, also where nothing can be written beside it.
  openNative(part, { pragmas: ['journal_mode = DELETE'] }).close()
}

function settingOf(path: string, name: string): string | null {
  const db = openNative(path, { readonly: true })
  try {
    return db.prepare<[string], string>('select value from settings where name = ?').pluck().get(name) ?? null
  } finally {
    db.close()
  }
}

function set(path: string, settings: Readonly<Record<string, string>>): void {
  const db = openNative(path)
  try {
    const insert = db.prepare('insert or replace into settings (name, value) values (?, ?)')
    db.transaction(() => {
      for (const [name, value] of Object.entries(settings)) insert.run(name, value)
    })()
  } finally {
    db.close()
  }
}

/** A name without its content would be the worst backup: the content is on the disk first. */
function syncFile(file: string): void {
  const handle = openSync(file, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Windows cannot open a folder, and needs no sync of it. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
