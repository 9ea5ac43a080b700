import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY, plus } from '../../src/instant.ts'
import { backUp, restoreBackup } from '../../src/store/backup.ts'
import { Database } from '../../src/store/native.ts'
import { numbersToSkip } from '../../src/store/restored.ts'
import { openStore } from '../../src/store/store.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { NOW, openTestApi, type TestApi } from '../support/api.ts'
import { enqueue, outgoing } from '../support/outgoing.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'
import { within } from '../support/wait.ts'

let folder: TempDir
let api: TestApi
let target: string
beforeEach(async () => {
  folder = await tempDir('backup')
  api = await openTestApi()
  target = join(folder.path, 'copy.sqlite')
  await api.arrives({ subject: 'Printer', text: 'It burns.' })
})
afterEach(async () => {
  await api[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const subjects = (path: string) =>
  new Database(path, { readonly: true }).prepare('select subject from tickets').pluck().all()
const setting = (path: string, name: string) =>
  new Database(path, { readonly: true }).prepare('select value from settings where name = ?').pluck().get(name)

/** A backup by another process, which stands still once it has begun to copy; the name of what it writes, and how it is killed. */
function backingUp(to: string) {
  const source = `import { backUp } from ${JSON.stringify(join(import.meta.dirname, '../../src/store/backup.ts'))}
    const onProgress = () => { console.log('copying'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) }
    await backUp(${JSON.stringify(api.store.path)}, ${JSON.stringify(to)}, { now: ${JSON.stringify(NOW)}, onProgress })`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source])
  return {
    part: within(20_000, 'the other process copies', once(child.stdout, 'data')).then(() => {
      const part = readdirSync(folder.path).find(name => name.endsWith('.postdesk-part'))
      if (!part) throw new Error(`nothing is being written: ${readdirSync(folder.path)}`)
      return part
    }),
    async end() {
      const ended = once(child, 'close')
      child.kill('SIGKILL')
      await ended
    },
  }
}

describe('a backup', () => {
  test('holds everything, is one sound file for its owner alone, and says what it is', async () => {
    const { bytes, findings, rows } = await backUp(api.store.path, target, { now: NOW })
    expect(readdirSync(folder.path)).toEqual(['copy.sqlite'])
    expect([bytes, findings, rows['tickets']]).toEqual([statSync(target).size, [], 1])
    expect(statSync(target).mode & 0o777).toBe(0o600)
    expect(subjects(target)).toEqual(['Printer'])
    expect(setting(target, 'backup-made-at')).toBe(NOW)
    expect(setting(api.store.path, 'backup-made-at')).toBeUndefined()
    // Where nothing can be written beside it, it can be read all the same.
    chmodSync(folder.path, 0o500)
    expect(verifyDatabase(target, { deep: true }).findings).toEqual([])
    chmodSync(folder.path, 0o700)
  })

  test('is the database of one moment, and comes to its end, while mail goes on arriving', async () => {
    const big = 'word '.repeat(400_000)
    for (let i = 0; i < 8; i++) await api.arrives({ subject: `big ${i}`, text: `${i} ${big}` })
    const progress: number[] = []
    let arriving: Promise<unknown> = Promise.resolve()
    const { rows } = await backUp(api.store.path, target, {
      now: NOW,
      onProgress(step, done) {
        if (step === 'copying') progress.push(done)
        arriving = arriving.then(() => api.arrives({ subject: 'meanwhile' }))
      },
    })
    await arriving
    expect(progress.length).toBeGreaterThan(2)
    expect(progress).toEqual(progress.toSorted((a, b) => a - b))
    expect(rows['tickets']).toBe(9)
    expect(subjects(target)).not.toContain('meanwhile')
    expect(verifyDatabase(target, { deep: true }).findings).toEqual([])
  })

  test('overwrites nothing unless told to', async () => {
    writeFileSync(target, 'precious')
    await expect(backUp(api.store.path, target, { now: NOW })).rejects.toThrow(
      /is there already: name another file, or say --force/,
    )
    expect(readFileSync(target, 'utf8')).toBe('precious')
    await backUp(api.store.path, target, { now: NOW, force: true })
    expect(subjects(target)).toEqual(['Printer'])
  })

  test.each([
    ['the database itself', () => api.store.path, /is the database itself/],
    ['a folder', () => folder.path, /is a folder/],
    [
      'a place that is not there',
      () => join(folder.path, 'no', 'copy.sqlite'),
      /the folder of .* is not there: make it first/,
    ],
  ])('refuses %s', async (_, at, words) => {
    await expect(backUp(api.store.path, at(), { now: NOW, force: true })).rejects.toThrow(words)
  })

  test('of a database that is damaged replaces no good one, and says what is wrong', async () => {
    await backUp(api.store.path, target, { now: NOW })
    const before = readFileSync(target)
    const damaged = join(folder.path, 'damaged.sqlite')
    writeFileSync(damaged, before)
    new Database(damaged).exec('update tickets set revision = 0').close()
    await expect(backUp(damaged, target, { now: NOW, force: true })).rejects.toThrow(
      /the copy is not sound.* no backup was made .*Not so: the revision of a ticket counts from 1 \(1001\)\./,
    )
    expect(readFileSync(target)).toEqual(before)
    expect(readdirSync(folder.path).filter(name => name.includes('part'))).toEqual([])
  })

  test('that is stopped in the middle leaves nothing', async () => {
    const stopping = new AbortController()
    const stopped = backUp(api.store.path, target, { now: NOW, signal: stopping.signal })
    stopping.abort()
    await expect(stopped).rejects.toThrow(/stopped: nothing has changed/)
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('that was killed leaves nothing for ever: the next one into the folder removes it', async () => {
    const killed = backingUp(join(folder.path, 'monday.sqlite'))
    const left = await killed.part
    await killed.end()
    expect(readdirSync(folder.path)).toContain(left)
    // A killed program may leave these too.
    writeFileSync(join(folder.path, `${left}-journal`), 'x')
    const others = ['film.part', 'x.0123456789abcdef.part', `${left}.zip`, `0${left}s`]
    for (const other of others) writeFileSync(join(folder.path, other), 'not ours')
    mkdirSync(join(folder.path, 'a.0123456789abcdef.postdesk-part'))
    await backUp(api.store.path, target, { now: NOW })
    expect(readdirSync(folder.path).sort()).toEqual(
      ['a.0123456789abcdef.postdesk-part', 'copy.sqlite', ...others].sort(),
    )
  })

  test('is left alone by another one while it is being written', async () => {
    const living = backingUp(target)
    const part = await living.part
    await backUp(api.store.path, join(folder.path, 'other.sqlite'), { now: NOW })
    expect(readdirSync(folder.path)).toContain(part)
    await living.end()
  })

  test('of what is not there says so', async () => {
    await expect(backUp(join(folder.path, 'none.sqlite'), target, { now: NOW })).rejects.toThrow(
      /cannot open the database/,
    )
  })
})

describe('putting it back', () => {
  let path: string
  beforeEach(async () => {
    path = join(folder.path, 'desk.sqlite')
    await enqueue(api.store, outgoing(), NOW)
    await backUp(api.store.path, target, { now: NOW })
  })

  test('what stood there is put aside whole, its -wal too; the service finds a backup', async () => {
    const lost = await openStore(path)
    await lost.write(tx => tx.settingOnce('newest', 'in the -wal'))
    // As a crash leaves it.
    for (const part of ['', '-wal', '-shm']) writeFileSync(`${path}${part}.kept`, readFileSync(`${path}${part}`))
    await lost[Symbol.asyncDispose]()
    for (const part of ['', '-wal', '-shm']) writeFileSync(`${path}${part}`, readFileSync(`${path}${part}.kept`))

    const later = plus(NOW, DAY)
    const { madeAt, aside } = await restoreBackup(target, path, { now: later, quietUntil: null })
    expect(madeAt).toBe(NOW)
    expect(aside).toBe(`${path}.before-20261124T090000000Z`)
    expect(setting(aside ?? '', 'newest')).toBe('in the -wal')
    expect(existsSync(`${path}-wal`)).toBe(false)
    expect(statSync(path).mode & 0o777).toBe(0o600)

    await using store = await openStore(path)
    const now = plus(later, 5_000)
    expect(await store.write(tx => tx.takeUpBackup(now))).toEqual({
      madeAt: NOW,
      quietUntil: plus(now, 60_000),
      heldBack: 2,
      lastTicket: expect.any(Number),
    })
    expect(await store.read.quietUntil()).toBe(plus(now, 60_000))
    expect(await store.write(tx => tx.takeUpBackup(now))).toBeNull()
    const [held] = await store.read.outbox({ limit: 1 })
    expect(held).toMatchObject({
      state: 'failed',
      lastError: expect.stringContaining(`held back: it waited in the backup of ${NOW}`),
    })
    expect(await store.read.nextAttemptAt('it')).toBeNull()
    expect(await store.write(tx => tx.retryOutboxMail(held?.id ?? 0, now))).toBe(true)
  })

  test('numbers that were told are not given out again: known from the database before, else guessed', async () => {
    const next = async () => {
      await using store = await openStore(path)
      const taken = await store.write(tx => tx.takeUpBackup(plus(NOW, DAY)))
      const [queued] = [await enqueue(store, outgoing(), NOW)]
      const ticket = (await store.read.outboxMail(queued ?? 0))?.ticket ?? 0
      expect(ticket).toBe((taken?.lastTicket ?? 0) + 1)
      return ticket
    }
    await restoreBackup(target, path, { now: plus(NOW, DAY), quietUntil: null })
    expect(await next()).toBe(1002 + 100 + 2 + 1)
    const db = new Database(path)
    db.exec("update sqlite_sequence set seq = 1500 where name = 'tickets'")
    db.close()
    await restoreBackup(target, path, { now: plus(NOW, DAY), quietUntil: null })
    expect(await next()).toBe(1501)
  })

  test('the moment until which mail is not answered can be said', async () => {
    await restoreBackup(target, path, { now: NOW, quietUntil: '2026-11-23T08:00:00.000Z' })
    await using store = await openStore(path)
    expect(await store.write(tx => tx.takeUpBackup(NOW))).toMatchObject({ quietUntil: '2026-11-23T08:00:00.000Z' })
  })

  test('what is no sound backup is put back when there is no better one', async () => {
    const db = new Database(target)
    db.exec('update tickets set revision = 0')
    db.close()
    await restoreBackup(target, path, { now: NOW, quietUntil: null, force: true })
    expect(verifyDatabase(path).findings).toHaveLength(1)
  })

  test('what is no sound backup is refused, and nothing has changed', async () => {
    writeFileSync(path, 'what stood there')
    const bad = join(folder.path, 'bad.sqlite')
    writeFileSync(bad, readFileSync(target))
    new Database(bad).exec('update tickets set revision = 0').close()
    const restore = (file: string) => restoreBackup(file, path, { now: NOW, quietUntil: null })
    await expect(restore(bad)).rejects.toThrow(/is no sound backup\. Not so: the revision/)
    writeFileSync(bad, 'x'.repeat(5000))
    await expect(restore(bad)).rejects.toThrow(/file is not a database/)
    await expect(restore(join(folder.path, 'none'))).rejects.toThrow()
    await expect(restore(path)).rejects.toThrow(/is the database itself/)
    expect(readFileSync(path, 'utf8')).toBe('what stood there')
    expect(readdirSync(folder.path).filter(name => /part|before/.test(name))).toEqual([])
  })
})

test('how many numbers are left out', () => {
  expect([
    numbersToSkip(0, DAY),
    numbersToSkip(280, DAY),
    numbersToSkip(280, 7 * DAY),
    numbersToSkip(280, -DAY),
  ]).toEqual([100, 120, 240, 100])
})
