import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDatabase } from '../../src/store/lock.ts'
import { openStore } from '../../src/store/store.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'
import { within } from '../support/wait.ts'

const NOW = '2026-11-23T09:00:00.000Z'
let folder: TempDir
let path: string
beforeEach(async () => {
  folder = await tempDir('lock')
  path = join(folder.path, 'desk.sqlite')
})
afterEach(() => folder[Symbol.asyncDispose]())

test('one holder at a time, named to the others, also before the database is there', () => {
  const held = lockDatabase(path, NOW)
  expect(() => lockDatabase(path, NOW)).toThrow(
    new RegExp(
      `another Postdesk works on this database \\(process ${process.pid} on .+, since ${NOW}\\): stop it first`,
    ),
  )
  held[Symbol.dispose]()
  lockDatabase(path, NOW)[Symbol.dispose]()
})

test('opening, reading and writing the database go on beside it', async () => {
  using _held = lockDatabase(path, NOW)
  await using store = await openStore(path)
  await store.write(tx => tx.settingOnce('beside', 'yes'))
  expect(await store.read.setting('beside')).toBe('yes')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('two ways to write one path are one lock', async () => {
  await using _store = await openStore(path)
  const other = join(folder.path, 'other.sqlite')
  symlinkSync(path, other)
  using _held = lockDatabase(other, NOW)
  expect(() => lockDatabase(path, NOW)).toThrow(/another Postdesk/)
  expect(() => lockDatabase(join(folder.path, '.', 'sub', '..', 'desk.sqlite'), NOW)).toThrow(/another Postdesk/)
})

test('a folder that is not there: says so', () => {
  expect(() => lockDatabase(join(folder.path, 'no', 'desk.sqlite'), NOW)).toThrow(/folder must exist and be writable/)
})

test('a process that is killed leaves no lock behind', async () => {
  const source = `import { lockDatabase } from ${JSON.stringify(join(import.meta.dirname, '../../src/store/lock.ts'))}
    const held = lockDatabase(${JSON.stringify(path)}, ${JSON.stringify(NOW)}); console.log('held'); setInterval(() => held, 1000)`
  const holder = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source])
  try {
    await within(20_000, 'the other process holds it', once(holder.stdout, 'data'))
    expect(() => lockDatabase(path, NOW)).toThrow(`process ${holder.pid} on`)
  } finally {
    holder.kill('SIGKILL')
    await once(holder, 'close')
  }
  lockDatabase(path, NOW)[Symbol.dispose]()
})
