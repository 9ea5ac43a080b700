/*
 * A full disk, a database that a shell has locked, a file that is damaged: words for the admin, nothing half done, and it
 * goes on by itself when it is over.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createIds } from '../../src/ids.ts'
import { type Arrival, type Intake, ingest } from '../../src/inbound/ingest.ts'
import { Database } from '../../src/store/native.ts'
import { isStorageTrouble, openStore, type Tx } from '../../src/store/store.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { keptLog } from '../support/log.ts'
import { mail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

const NOW = '2026-11-23T09:00:00.000Z'
let folder: TempDir
let path: string
beforeEach(async () => {
  folder = await tempDir('trouble')
  path = join(folder.path, 'desk.sqlite')
})
afterEach(() => folder[Symbol.asyncDispose]())

const arrival = (uid: number): Arrival => ({
  ...{ mailbox: 'it', folder: 'INBOX', uidValidity: '7', uid, receivedAt: NOW },
  bytes: mail({
    from: 'jane@example.org',
    to: 'it@example.org',
    subject: `Printer ${uid}`,
    text: 'It burns. '.repeat(3_000),
  }),
})
const intakeOn = (store: Awaited<ReturnType<typeof openStore>>): Intake => ({
  ...{
    store,
    reader: readHere(policy()),
    policy: policy(),
    ids: createIds(Buffer.alloc(32, 7)),
    clock: () => NOW,
    log: keptLog().log,
    onIngested: () => undefined,
  },
})
const group = (...uids: number[]) => {
  const cursor = { uidValidity: '7', lastUid: uids.at(-1) ?? 0, readSince: null, sinceUid: 0 }
  return [uids.map(arrival), (tx: Tx) => tx.setCursor('it', 'INBOX', cursor)] as const
}

describe('a full disk', () => {
  test('a group that does not fit is not taken in at all, its mails are innocent, and it is taken in once there is space', async () => {
    // An empty database has some 100 pages.
    const small = await openStore(path, { maxPages: 200 })
    await ingest(intakeOn(small), ...group(1, 2))
    const many = Array.from({ length: 30 }, (_, i) => i + 3)
    const refused = await ingest(intakeOn(small), ...group(...many)).catch((error: unknown) => error)
    expect(String(refused)).toBe(
      'DeskError: the disk of the database is full. Free some space on its disk; nothing is lost, and what waits is done then.',
    )
    expect(refused).toMatchObject({ code: 'store', temporary: true, fields: { sqlite: 'SQLITE_FULL' } })
    expect(isStorageTrouble(refused)).toBe(true)
    expect((await small.read.rawMails({ limit: 9 })).map(({ uid }) => uid)).toEqual([2, 1])
    expect(await small.read.cursor('it', 'INBOX')).toMatchObject({ lastUid: 2 })
    // What is small still fits: the connection is not stuck in a transaction that is gone.
    await small.write(tx => tx.settingOnce('still', 'there'))
    await small[Symbol.asyncDispose]()

    await using large = await openStore(path)
    await ingest(intakeOn(large), ...group(...many))
    const ledger = await large.read.rawMails({ limit: 99 })
    expect(ledger.map(({ outcome }) => outcome)).toEqual(Array(32).fill('open'))
    expect(verifyDatabase(path, { deep: true }).findings).toEqual([])
  })
})

describe('a database that another program has locked', () => {
  test('a write waits until it is let go, and the service goes on meanwhile', async () => {
    await using store = await openStore(path)
    const shell = new Database(path)
    shell.exec('begin immediate')
    let done = false
    const write = store
      .write(tx => tx.settingOnce('late', 'but written'))
      .then(() => {
        done = true
      })
    expect(await store.read.setting('late')).toBeNull()
    await new Promise(resolve => setTimeout(resolve, 700))
    expect(done).toBe(false)
    shell.exec('rollback')
    shell.close()
    await write
    expect(await store.read.setting('late')).toBe('but written')
  })

  test('at the start: says so', async () => {
    await (await openStore(path))[Symbol.asyncDispose]()
    const shell = new Database(path)
    shell.pragma('locking_mode = exclusive')
    shell.exec('begin exclusive')
    await expect(openStore(path)).rejects.toThrow(
      /database is locked\. Another program holds it: close that and try again/,
    )
    shell.close()
  })
})

describe('a file that is no database of ours any more', () => {
  test('a text: says so at the start', async () => {
    writeFileSync(path, 'x'.repeat(5_000))
    await expect(openStore(path)).rejects.toThrow(
      /file is not a database\. The file is something else: name another one/,
    )
  })

  test('damage that shows in a write: says what to do', async () => {
    const whole = await openStore(path)
    await ingest(intakeOn(whole), ...group(1))
    await whole[Symbol.asyncDispose]()
    const db = new Database(path)
    const root = Number(db.prepare("select rootpage from sqlite_schema where name = 'settings'").pluck().get())
    const size = Number(db.pragma('page_size', { simple: true }))
    db.pragma('journal_mode = delete')
    const bytes = db.serialize()
    db.close()
    bytes.fill(0xff, (root - 1) * size, root * size)
    writeFileSync(path, bytes)
    const damaged = await openStore(path)
    await expect(damaged.write(tx => tx.settingOnce('a', 'b'))).rejects.toThrow(
      /the database cannot be used \(.*malformed.*SQLITE_CORRUPT.*\)\. It is damaged: `postdesk verify` tells how/,
    )
    await damaged[Symbol.asyncDispose]()
  })
})
