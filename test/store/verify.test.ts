import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Database } from '../../src/store/native.ts'
import { openStore } from '../../src/store/store.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { NOW, openTestApi } from '../support/api.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

let folder: TempDir
let path: string
beforeEach(async () => {
  folder = await tempDir('verify')
  path = join(folder.path, 'desk.sqlite')
})
afterEach(() => folder[Symbol.asyncDispose]())

/** A copy of a database in which there is one of everything. */
async function furnished(): Promise<void> {
  await using api = await openTestApi()
  await api.arrives({
    text: 'The printer is on fire.',
    attachments: [{ filename: 'a.png', contentType: 'image/png', content: 'png' }],
  })
  await api.agent.post('/v1/tickets/1001/messages', { kind: 'answer', text: 'Run.', agent: 'ana' })
  await api.arrives({ from: 'Bob <bob@example.org>', subject: 'Wifi', text: 'No wifi on the third floor.' })
  await api.arrives({
    from: 'robot@example.org',
    subject: 'Out of office',
    text: 'I am away.',
    headers: { 'auto-submitted': 'auto-replied' },
  })
  new Database(api.store.path, { readonly: true }).exec(`vacuum into '${path}'`)
}

function damage(sql: string): void {
  const db = new Database(path)
  db.pragma('foreign_keys = off')
  db.pragma('ignore_check_constraints = on')
  db.exec(sql)
  db.close()
}

test('nothing is wrong with what the service writes', async () => {
  await furnished()
  const steps: string[] = []
  const { findings, rules, rows } = verifyDatabase(path, { deep: true, onStep: step => steps.push(step) })
  expect(findings).toEqual([])
  expect(rules).toBeGreaterThan(20)
  expect(rows).toMatchObject({ raw_mails: 3, tickets: 2, outbox: 3, attachments: 1 })
  expect(steps).toEqual(['structure', 'rules', 'mails', 'search'])
})

test('nothing is wrong with an id in letters that SQLite cannot fold', async () => {
  await using api = await openTestApi()
  await api.arrives({ messageId: 'ÄÖÜ.Ñ-1@EXAMPLE.org', text: 'The printer is on fire.' })
  expect((await api.store.read.threadIds(['äöü.ñ-1@example.org'])).map(row => row.ticket)).toEqual([1001])
  expect(verifyDatabase(api.store.path).findings).toEqual([])
})

describe('each rule is broken by what it is about', () => {
  beforeEach(furnished)

  test.each<[rule: string, sql: string, rows: string[]]>([
    [
      'a mail that opened or joined a ticket has a message on it',
      'update raw_mails set ticket_id = 1002 where id = 1',
      ['1'],
    ],
    [
      'a mail that opened a ticket is the only one that did',
      'update raw_mails set ticket_id = 1001 where id = 2',
      ['1001'],
    ],
    ['a report or the answer of a machine has a message', 'delete from messages where raw_mail_id = 3', ['3']],
    [
      'a mail that was set aside has a reason and no message',
      "update raw_mails set outcome = 'quarantine', reason = 'odd' where id = 3",
      ['3'],
    ],
    ['a blocked mail is on no ticket', "update raw_mails set outcome = 'blocked', reason = 'spam' where id = 2", ['2']],
    ['a mail is not larger than it was on the server', 'update raw_mails set size = 3 where id = 2', ['2']],
    ['each ticket was opened once', "delete from ticket_events where kind = 'opened' and ticket_id = 1002", ['1002']],
    [
      'the history of a ticket begins with its opening',
      "update ticket_events set kind = 'note' where kind = 'opened' and ticket_id = 1001",
      ['1001'],
    ],
    ['the revision of a ticket counts from 1', 'update tickets set revision = 0 where id = 1001', ['1001']],
    ['a solved ticket has its time', "update tickets set status = 'solved' where id = 1001", ['1001']],
    ['a requester takes part in the ticket', 'delete from participants where ticket_id = 1002', ['1002']],
    ['an accepted message can be found by its id', 'delete from thread_ids where ticket_id = 1002', ['4', '5']],
    ['an attachment is a part of a mail that is here', 'update messages set raw_mail_id = null where id = 1', ['1']],
    [
      'a ticket is acknowledged at most once',
      "update outbox set kind = 'acknowledgement', dedupe_key = 'ack:1001x' where kind = 'answer'",
      ['1001'],
    ],
    ['an acknowledgement is that of its ticket', "update outbox set dedupe_key = 'ack:7' where id = 1", ['1']],
    ['an outgoing mail and its message are on one ticket', 'update outbox set ticket_id = 1002 where id = 1', ['1']],
    ['a sent mail has its time', "update outbox set state = 'sent' where id = 1", ['1']],
    ['a promise stands in a mail to the same ticket', 'update promises set ticket_id = 1002 where id = 1', ['1']],
    ['a mail promises a date once', "update promises set kind = 'resolution' where outbox_id = 1", ['1']],
    ['a merged ticket is closed', 'update tickets set merged_into = 1002 where id = 1001', ['1001']],
    ['what was merged is on a ticket that was not', 'update tickets set merged_into = 2003 - id', ['1001', '1002']],
    ['a merged ticket holds no mail', 'update tickets set merged_into = 1001 where id = 1002', ['1002']],
    [
      'whoever took part in a merged ticket takes part in the one it was merged into',
      'update tickets set merged_into = 1001 where id = 1002',
      ['1002'],
    ],
    [
      'every message but our own can be searched, and no other',
      "update messages set author = 'postdesk' where raw_mail_id = 2",
      ['4'],
    ],
    [
      'every instant is written in full',
      "update tickets set opened_at = '2026-11-23' where id = 1001; update messages set sent_at = '2026-13-45T09:00:00.000Z' where id = 1",
      ['tickets.opened_at: 2026-11-23', 'messages.sent_at: 2026-13-45T09:00:00.000Z'],
    ],
    [
      'a mail that the server does not hand out has no outcome',
      "insert into refused_mails select mailbox, folder, uid_validity, uid, stored_at, stored_at, 'NO' from raw_mails where id = 2",
      ['it INBOX 2'],
    ],
    ['what is kept as JSON can be read', "update outbox set mail = '{' where id = 2", ['outbox.mail of 2']],
    ['what refers to something finds it', 'delete from people where id = 1', []],
    [
      'each mail is the one that was taken in (SHA-256)',
      'update raw_mails set bytes = cast(zeroblob(size) as blob) where id = 2',
      ['mail 2'],
    ],
    [
      'the search index agrees with the messages',
      "drop trigger messages_fts_update; update messages set subject = 'Zeppelin' where raw_mail_id = 2",
      ['wifi in subject', 'zeppelin in subject'],
    ],
  ])('%s', (rule, sql, rows) => {
    damage(sql)
    const found = verifyDatabase(path, { deep: true }).findings.find(finding => finding.rule === rule)
    expect(found, 'it is found').toBeDefined()
    if (rows.length > 0) expect(found?.rows.toSorted()).toEqual(rows.toSorted())
    expect(found?.more).toBe(false)
  })

  test('of many rows the first are shown', () => {
    damage(`with recursive n (i) as (select 1 union all select i + 1 from n where i < 50)
      insert into tickets (mailbox, subject, language, status, priority, service_level, opened_at, first_response_due, resolution_due, updated_at)
      select 'it', '', 'en', 'open', 'low', 'x', '${NOW}', '${NOW}', '${NOW}', '${NOW}' from n`)
    const found = verifyDatabase(path).findings.find(({ rule }) => rule === 'each ticket was opened once')
    expect([found?.rows.length, found?.more]).toEqual([20, true])
  })

  test('a damaged page is a finding in the words of SQLite, not a crash', () => {
    const db = new Database(path)
    const root = Number(db.prepare("select rootpage from sqlite_schema where name = 'messages'").pluck().get())
    const size = Number(db.pragma('page_size', { simple: true }))
    const bytes = db.serialize()
    db.close()
    bytes.fill(0xff, (root - 1) * size, root * size)
    writeFileSync(path, bytes)
    const { findings } = verifyDatabase(path, { deep: true })
    expect(findings[0]?.rule).toBe('the structure of the file is sound')
    expect(findings.flatMap(({ rows }) => rows).join()).toMatch(/malformed|invalid page|error code/)
  })
})

describe('what is none of ours', () => {
  test.each([
    ['an empty file', () => writeFileSync(path, ''), /is no database of Postdesk/],
    ['a text', () => writeFileSync(path, 'x'.repeat(5000)), /file is not a database\. The file is something else/],
    ['another database', () => new Database(path).exec('create table t (a)').close(), /is no database of Postdesk/],
    ['nothing', () => undefined, /cannot open the database/],
    [
      'half a file',
      () => {
        new Database(path).exec('create table t (a); insert into t values (zeroblob(100000))').close()
        truncateSync(path, 50_000)
      },
      /malformed\. It is damaged too far to be looked through: keep the file/,
    ],
  ])('%s', (_, make, words) => {
    make()
    expect(() => verifyDatabase(path)).toThrow(words)
  })

  test('a newer version', async () => {
    await (await openStore(path))[Symbol.asyncDispose]()
    damage("insert into kysely_migration values ('9999-future', 'x')")
    expect(() => verifyDatabase(path)).toThrow(/newer Postdesk \(it has 9999-future\)/)
  })
})
