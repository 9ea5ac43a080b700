import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Connections, openSqlite } from '../../src/store/sqlite.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

let folder: TempDir
let connections: Connections
beforeEach(async () => {
  folder = await tempDir('sqlite')
  connections = await openSqlite(join(folder.path, 'postdesk.db'))
})
afterEach(async () => {
  await connections.close()
  await folder[Symbol.asyncDispose]()
})

test('a limit stands in the statement, so that it is planned once', () => {
  for (const db of [connections.reader, connections.writer]) {
    const { sql, parameters } = db.selectFrom('tickets').select('id').where('team', '=', 'it').limit(50).compile()
    expect(sql).toMatch(/limit 50$/)
    expect(parameters).toEqual(['it'])
  }
})

test('a limit that is no whole number is never written into a statement', () => {
  const hostile = '1; drop table tickets' as unknown as number
  for (const limit of [hostile, 1.5, Number.NaN]) {
    const { sql, parameters } = connections.reader.selectFrom('tickets').select('id').limit(limit).compile()
    expect(sql).toMatch(/limit \?$/)
    expect(parameters).toEqual([limit])
  }
})
