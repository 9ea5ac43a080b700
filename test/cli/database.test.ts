/*
 * `key` and `migrate`: commands on the database, beside a service that may be running on it.
 */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Database } from '../../src/store/native.ts'
import { command } from '../support/command.ts'
import { type Written, writeSetup } from '../support/setup.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

const NOBODY = { host: '127.0.0.1', port: 9, tls: 'none', verifyCertificate: true, user: 'it', password: 'x' } as const

async function configured(): Promise<{
  folder: TempDir
  written: Written
  run: (...args: string[]) => ReturnType<typeof command>
}> {
  const folder = await tempDir('cli')
  const written = await writeSetup({ mailboxes: { it: { imap: NOBODY, smtp: { port: 9 } } } }, folder.path)
  return { folder, written, run: (...args) => command([...args, '--config', written.configPath]) }
}

describe('key', () => {
  test('is made, shown once, listed without itself, and taken back', async () => {
    const { folder, written, run } = await configured()
    await using _folder = folder
    expect((await run('key', 'list')).stdout).toContain('postdesk key create NAME')

    const made = JSON.parse((await run('key', 'create', 'dashboard', '--json')).stdout)
    expect(made).toEqual({ id: 1, name: 'dashboard', role: 'reader', key: expect.stringMatching(/^pd_[\w-]{43}$/) })
    const words = (await run('key', 'create', 'admin of the night', '--role', 'admin')).stdout
    expect(words).toContain('admin of the night')
    const [shown = ''] = /pd_[\w-]{43}/.exec(words) ?? []
    expect(shown).not.toBe('')

    const db = new Database(written.databasePath, { readonly: true })
    const kept = JSON.stringify(db.prepare('select * from api_keys').all())
    db.close()
    for (const key of [made.key, shown]) expect(kept).not.toContain(key)

    const { stdout } = await run('key', 'list')
    expect(stdout).toMatch(/^1\tdashboard\treader\t.*\n2\tadmin of the night\tadmin\t.*\n$/)
    expect(stdout).not.toContain('pd_')
    expect((await run('key', 'revoke', '1')).code).toBe(0)
    const listed = JSON.parse((await run('key', 'list', '--json')).stdout)
    expect(listed).toMatchObject([
      { id: 1, revokedAt: expect.any(String) },
      { id: 2, revokedAt: null },
    ])
    // A hash is no secret that opens anything, but it is nobody's business either.
    expect(JSON.stringify(listed)).not.toMatch(/[0-9a-f]{64}/)
  })

  test.each([
    [['key', 'revoke', '7'], 'there is no key 7'],
    [['key', 'revoke', 'all'], 'there is no key all'],
    [['key', 'revoke', '1e0'], 'there is no key 1e0'],
    [['key', 'create', 'one\ntwo'], 'is one line of at most 100 characters'],
    [['key', 'create', 'x'.repeat(101)], 'is one line of at most 100 characters'],
    [['restore', 'backup', '--quiet-until', '5'], '--quiet-until 5: write a moment such as'],
    [['backup', '/dev/null', '--force'], '/dev/null is a device'],
    [['key', 'create', 'x', '--role', 'king'], 'there is no role king: say '],
  ])('%j fails in words', async (args, words) => {
    const { folder, run } = await configured()
    await using _folder = folder
    await run('key', 'create', 'first')
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toContain(words)
    expect([code, stdout]).toEqual([1, ''])
  })

  test('is listed also while another program is writing', async () => {
    const { folder, written, run } = await configured()
    await using _folder = folder
    expect((await run('key', 'create', 'one')).code).toBe(0)
    const db = new Database(written.databasePath)
    const insert = db.prepare('insert into people (address, name, first_seen_at) values (?, ?, ?)')
    db.transaction(() => {
      for (let at = 0; at < 2_000; at++) insert.run(`p${at}@example.org`, '', '2026-11-22T00:00:00.000Z')
    })()
    db.exec('begin immediate')
    const { code, stdout, stderr } = await run('key', 'list')
    db.exec('rollback')
    db.close()
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('one')
  })
})

describe('migrate', () => {
  test('makes the database, and has nothing to do the second time', async () => {
    const { folder, written, run } = await configured()
    await using _folder = folder
    const first = JSON.parse((await run('migrate', '--json')).stdout)
    expect(first).toEqual({ database: written.databasePath, migrated: expect.arrayContaining(['0001-initial']) })
    const second = await run('migrate')
    expect([second.code, second.stdout]).toEqual([0, expect.stringContaining('nothing to do')])
  })

  test('refuses a database of a newer version, and what is no database, in words', async () => {
    const { folder, written, run } = await configured()
    await using _folder = folder
    expect((await run('migrate')).code).toBe(0)
    const db = new Database(written.databasePath)
    db.prepare('insert into kysely_migration (name, timestamp) values (?, ?)').run('9999-future', '2030-01-01')
    db.close()
    for (const args of [['migrate'], ['key', 'list']]) {
      const { code, stderr } = await run(...args)
      expect([code, stderr]).toEqual([1, expect.stringContaining('written by a newer Postdesk (it has 9999-future)')])
    }
  })

  test('says so when the place of the database cannot be written', async () => {
    const { folder, run } = await configured()
    await using _folder = folder
    await mkdir(join(folder.path, 'postdesk.sqlite'))
    const { code, stderr } = await run('migrate')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^postdesk: cannot open the database .*postdesk\.sqlite/)])
    expect(stderr).not.toContain(' at ')
  })
})

describe('agents', () => {
  test('are listed with what is known of them, and their keys taken back', async () => {
    const { folder, run } = await configured()
    await using _folder = folder
    const listed = await run('agents')
    expect(listed.stdout).toBe(
      'ana\tAna Pop\tana@example.org\tteams it\t0 open\tno mail yet\n' +
        'ben\tBen Roe\tben@example.org ben@home.example\tteams support\t0 open\tno mail yet\n',
    )
    const revoked = await run('agents', 'revoke', 'ana')
    expect(revoked.stdout).toMatch(
      /^The keys of ana \(Ana Pop\) are taken back: .* before \d{4}-.*Z gives powers any more\.\n/,
    )
    expect((await run('agents')).stdout).toMatch(/^ana\t.*\tkeys revoked \d{4}-/)
    expect(JSON.parse((await run('agents', '--json')).stdout)).toMatchObject([
      { name: 'ana', keysSince: expect.any(String), awaySince: null },
      { name: 'ben', keysSince: null },
    ])
    const nobody = await run('agents', 'revoke', 'zoe')
    expect([nobody.code, nobody.stderr]).toEqual([1, 'postdesk: there is no agent zoe: known are ana, ben\n'])
  })
})
