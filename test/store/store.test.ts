import { copyFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NewMessage } from '../../src/store/messages.ts'
import { Database } from '../../src/store/native.ts'
import { openStore, type Tx } from '../../src/store/store.ts'
import { openTestStore, type TestStore } from '../support/store.ts'

const NOW = '2026-11-23T09:00:00.000Z'
const LATER = '2026-11-23T10:00:00.000Z'

let store: TestStore
beforeEach(async () => {
  store = await openTestStore()
})
afterEach(() => store[Symbol.asyncDispose]())

const rawMail = (uid: number, bytes = Buffer.from(`mail ${uid}`)) => ({
  mailbox: 'it',
  folder: 'INBOX',
  uidValidity: '7',
  uid,
  receivedAt: NOW,
  bytes,
  sha256: 'x',
})

async function openTicket(tx: Tx, subject = 'Printer', at = NOW, address = 'jane@example.org'): Promise<number> {
  const requester = await tx.savePerson({ name: 'Jane', address }, 'en', at)
  const id = await tx.openTicket(
    {
      mailbox: 'it',
      team: 'it',
      assignee: null,
      subject,
      requesterId: requester,
      language: 'en',
      status: 'open',
      category: 'hardware',
      priority: 'normal',
      serviceLevel: 'standard',
      openedAt: at,
      firstResponseDue: LATER,
      resolutionDue: LATER,
    },
    ['paper'],
    at,
  )
  await tx.addParticipants(id, [requester], at)
  await tx.addEvents(id, [{ kind: 'opened', actor: 'postdesk', data: {} }], at)
  return id
}

const message = (ticket: number, more: Partial<NewMessage> = {}): NewMessage => ({
  ticket,
  rawMail: null,
  direction: 'in',
  author: 'requester',
  agent: null,
  standing: 'accepted',
  mailbox: 'it',
  messageId: null,
  references: [],
  from: { name: 'Jane', address: 'jane@example.org' },
  to: [],
  cc: [],
  subject: 'Printer',
  sentAt: null,
  receivedAt: NOW,
  language: 'en',
  text: 'The printer on the third floor is out of paper',
  newText: 'The printer',
  html: null,
  protection: 'none',
  automatic: null,
  report: null,
  forwarded: null,
  ...more,
})

describe('transactions', () => {
  test('a write that throws leaves nothing', async () => {
    const failing = store.write(async tx => {
      await openTicket(tx)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await store.read.tickets({}, 10)).toEqual([])
  })

  test('an attempt that throws is undone alone', async () => {
    await store.write(async tx => {
      await openTicket(tx, 'kept')
      await tx
        .attempt(() => openTicket(tx, 'undone').then(() => Promise.reject(new Error('no'))))
        .catch(() => undefined)
      await openTicket(tx, 'kept too')
    })
    const subjects = (await store.read.tickets({}, 10)).map(ticket => ticket.subject)
    expect(subjects.sort()).toEqual(['kept', 'kept too'])
  })

  test('a read in the middle of a write answers from before it, and does not hang', async () => {
    await store.write(async tx => {
      const id = await openTicket(tx)
      expect(await store.read.ticket(id)).toBeNull()
      expect(await tx.ticket(id)).not.toBeNull()
    })
  })

  test('a transaction object is useless afterwards', async () => {
    let leaked: Tx | undefined
    await store.write(async tx => {
      leaked = tx
    })
    await expect(leaked?.setting('x')).rejects.toThrow()
  })

  test('writes of two stores on one file wait for each other', async () => {
    await using second = await openStore(store.path)
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => (at % 2 ? store : second).write(tx => openTicket(tx, `t${at}`))),
    )
    expect(await store.read.tickets({}, 50)).toHaveLength(20)
  })
})

test('tickets have four digits from the first', async () => {
  expect(await store.write(tx => openTicket(tx))).toBe(1001)
})

test('a UID is taken in once', async () => {
  const first = await store.write(tx => tx.saveRawMail(rawMail(1), NOW))
  const again = await store.write(tx => tx.saveRawMail(rawMail(1), NOW))
  expect([first, again]).toEqual([1, null])
  await store.write(async tx => {
    await tx.saveMessage({ ...message(0), ticket: null, rawMail: 1 }, [])
    await tx.settleRawMail(1, { outcome: 'automatic', reason: 'robot', ticket: null, fingerprint: 'f' })
  })
  expect(await store.read.rawBytes(1)).toEqual(Buffer.from('mail 1'))
  expect(await store.read.sameContent('f', 99)).toEqual({ rawMail: 1, ticket: null })
  expect(await store.read.sameContent('f', 1)).toBeNull()
})

test('people keep their best name and their last language', async () => {
  await store.write(async tx => {
    const id = await tx.savePerson({ name: 'Jane', address: 'Jane@Example.org' }, null, NOW)
    expect(await tx.savePerson({ name: '', address: 'jane@example.org' }, 'fr', NOW)).toBe(id)
    expect(await tx.savePerson({ name: 'Jane Doe', address: 'jane@example.org' }, null, NOW)).toBe(id)
  })
  expect(await store.read.languageOf('JANE@example.org')).toBe('fr')
})

test('held ids outlive cited ones, in one case', async () => {
  await store.write(async tx => {
    const id = await openTicket(tx)
    await tx.saveThreadIds(id, null, ['A@x', 'b@x'])
    await tx.saveThreadIds(id, 'a@X', ['b@x'])
    await tx.saveThreadIds(id, null, ['a@x'])
  })
  expect(await store.read.threadIds(['A@X', 'B@x', 'c@x'])).toEqual([
    { id: 'a@x', ticket: 1001, held: true },
    { id: 'b@x', ticket: 1001, held: false },
  ])
})

test('a ticket is read column by column', async () => {
  const id = await store.write(tx => openTicket(tx))
  const at = (minute: number) => `2026-11-23T09:${minute}:00.000Z`
  const values = {
    ...{ team: 'a team', assignee: 'an agent', subject: 'a subject', language: 'de', category: 'a category' },
    ...{ status: 'solved', priority: 'urgent', service_level: 'a level', cause: 'a cause', fix: 'a fix' },
    ...{ opened_at: at(10), first_response_due: at(11), resolution_due: at(12), first_response_at: at(13) },
    ...{
      solved_at: at(14),
      updated_at: at(15),
      pending_until: at(16),
      rating: 4,
      rating_comment: 'a comment',
      revision: 7,
    },
  }
  const { path } = store
  using database = Object.assign(new Database(path), { [Symbol.dispose]: () => database.close() })
  const names = Object.keys(values)
  database.prepare(`UPDATE tickets SET ${names.map(name => `${name} = @${name}`).join(', ')}`).run(values)
  const camelCase = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
  expect(await store.read.ticket(id)).toEqual({
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [camelCase(name), value])),
    ...{ id, mailbox: 'it', tags: ['paper'], mergedInto: null },
    requester: { name: 'Jane', address: 'jane@example.org' },
  })
})

describe('changing a ticket', () => {
  test('counts the revision, and refuses a stale one', async () => {
    const id = await store.write(tx => openTicket(tx))
    const changed = await store.write(tx => tx.changeTicket(id, { assignee: 'ana' }, LATER, 1))
    expect(changed).toMatchObject({ assignee: 'ana', revision: 2, updatedAt: LATER })
    const stale = store.write(tx => tx.changeTicket(id, { assignee: null }, LATER, 1))
    await expect(stale).rejects.toMatchObject({ code: 'conflict' })
    await expect(store.write(tx => tx.changeTicket(9, {}, LATER))).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('listing tickets', () => {
  const ids = async (filter: Parameters<TestStore['read']['tickets']>[0]) =>
    (await store.read.tickets(filter, 50)).map(ticket => ticket.id)

  beforeEach(async () => {
    await store.write(async tx => {
      const a = await openTicket(tx, 'Printer', '2026-11-23T09:00:00.000Z')
      const b = await openTicket(tx, 'Imprimante', '2026-11-23T09:00:01.000Z', 'bob@example.org')
      await tx.saveMessage(message(a), [])
      await tx.saveMessage(message(b, { subject: 'Imprimante', text: "L'imprimante de l'étage est cassée" }), [])
      await tx.saveMessage(message(b, { author: 'postdesk', direction: 'out', text: 'Thank you, boilerplate' }), [])
      await tx.changeTicket(b, { priority: 'urgent', team: null }, '2026-11-23T09:00:01.000Z')
    })
  })

  test('finds words whatever their accents, and beginnings of the last one', async () => {
    expect(await ids({ words: ['etage'] })).toEqual([1002])
    expect(await ids({ words: ['third', 'flo'] })).toEqual([1001])
    expect(await ids({ words: ['third', 'etage'] })).toEqual([])
    expect(await ids({ words: ['boilerplate'] })).toEqual([])
  })

  test('takes search words as words, never as a query language', async () => {
    for (const word of ['"', '*', 'a OR b', 'NEAR(', "'; drop table tickets", 'text:x', '-x', '^x']) {
      await expect(store.read.tickets({ words: [word] }, 10)).resolves.toBeInstanceOf(Array)
    }
  })

  test('filters', async () => {
    expect(await ids({ priority: ['urgent', 'high'] })).toEqual([1002])
    expect(await ids({ requester: 'bob@example.org' })).toEqual([1002])
    expect(await ids({ tag: 'paper', status: ['open'] })).toEqual([1002, 1001])
    expect(await ids({ team: 'it' })).toEqual([1001])
    expect(await ids({ assignee: null, mailbox: 'it', category: 'hardware' })).toEqual([1002, 1001])
    expect(await ids({ overdueAt: '2026-11-23T10:00:00.001Z' })).toEqual([1002, 1001])
    expect(await ids({ overdueAt: LATER })).toEqual([])
    expect(await ids({ updatedSince: '2026-11-23T09:00:01.000Z' })).toEqual([1002])
  })

  test('goes on behind a position while tickets are added', async () => {
    const [first] = await store.read.tickets({}, 1)
    await store.write(tx => openTicket(tx, 'newer', LATER))
    const rest = await store.read.tickets({}, 10, { updatedAt: first?.updatedAt ?? '', id: first?.id ?? 0 })
    expect(rest.map(ticket => ticket.id)).toEqual([1001])
  })
})

describe('the outbox', () => {
  const mail = {
    messageId: 'm@x',
    inReplyTo: null,
    references: [],
    from: { name: 'IT', address: 'it@example.org' },
    to: [{ name: '', address: 'Jane@example.org' }],
    subject: 's',
    cc: [],
    replyTo: null,
    text: 't',
    html: null,
    attachments: [],
    automatic: true,
  }
  const enqueue = (dedupeKey: string) =>
    store.write(async tx => {
      const ticket = await openTicket(tx)
      const id = await tx.saveMessage(message(ticket), [])
      return tx.enqueue({ ticket, message: id, kind: 'acknowledgement', dedupeKey, mailbox: 'it', mail }, NOW)
    })
  const claim = (at: string) => store.write(tx => tx.claimDue('it', at, 10, () => LATER))

  test('takes a dedupe key once', async () => {
    expect(await enqueue('ack:1001')).toBe(1)
    expect(await enqueue('ack:1001')).toBeNull()
  })

  test('counts the attempt and puts the next one off when it is claimed', async () => {
    await enqueue('ack:1001')
    expect(await claim(NOW)).toMatchObject([{ id: 1, attempts: 1, mail: { subject: 's' } }])
    expect(await claim(NOW)).toEqual([])
    expect(await store.read.nextAttemptAt('it')).toBe(LATER)
    expect(await store.read.nextAttemptAt('hr')).toBeNull()
    expect(await claim(LATER)).toMatchObject([{ id: 1, attempts: 2 }])
  })

  test('settles, and takes back what failed but not what was sent', async () => {
    await enqueue('ack:1001')
    await claim(NOW)
    await store.write(tx => tx.settle(1, { outcome: 'failed', error: '550 no such user' }, NOW))
    expect(await store.read.outbox({ limit: 5 })).toMatchObject([{ state: 'failed', lastError: '550 no such user' }])
    expect(await store.read.queueDepths()).toEqual([])
    expect(await store.write(tx => tx.retryOutboxMail(1, NOW))).toBe(true)
    await claim(NOW)
    await store.write(tx => tx.settle(1, { outcome: 'sent', response: '250 ok' }, NOW))
    expect(await store.read.outboxMail(1)).toMatchObject({ state: 'sent', sentAt: NOW, lastError: null, attempts: 1 })
    expect(await store.write(tx => tx.retryOutboxMail(1, NOW))).toBe(false)
  })
})

test('keys are found by their hash and can be taken back once', async () => {
  const id = await store.write(tx => tx.createApiKey({ name: 'ci', role: 'reader', hash: 'h' }, NOW))
  expect(await store.read.apiKeyByHash('h')).toMatchObject({ id, name: 'ci', role: 'reader', revokedAt: null })
  expect(await store.write(tx => tx.revokeApiKey(id, NOW))).toBe(true)
  expect(await store.write(tx => tx.revokeApiKey(id, NOW))).toBe(false)
})

describe('opening', () => {
  test('a database of a newer Postdesk is refused with what to do', async () => {
    const copy = `${store.path}.newer`
    await store.write(tx => tx.settingOnce('x', 'y'))
    copyFileSync(store.path, copy)
    const db = new Database(copy)
    db.exec(
      "create table if not exists kysely_migration (name text, timestamp text); insert into kysely_migration values ('9999-future', 'x')",
    )
    db.close()
    await expect(openStore(copy)).rejects.toThrow(/newer Postdesk.*9999-future.*restore the backup/s)
  })

  test('a migration that could not be noted has not happened, and runs at the next opening', async () => {
    const copy = `${store.path}.half`
    const empty = new Database(copy)
    empty.exec(`create table kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null);
      create trigger unnoted before insert on kysely_migration begin select raise(abort, 'not noted'); end`)
    await expect(openStore(copy)).rejects.toThrow(/could not be brought to the newest schema/)
    expect(empty.prepare("select name from sqlite_master where name = 'tickets'").all()).toEqual([])
    empty.exec('drop trigger unnoted')
    empty.close()
    await using opened = await openStore(copy)
    expect(opened.migrated).toEqual(expect.arrayContaining(['0001-initial']))
  })

  test.each([
    ['/nonexistent-folder/db.sqlite', /must exist and be writable/],
    ['.', /cannot open the database/],
  ])('%s is refused with what to do', async (path, words) => {
    await expect(openStore(path)).rejects.toThrow(words)
  })
})

test('the schema is what the golden file says', async () => {
  const db = new Database(store.path, { readonly: true })
  const rows = db
    .prepare(
      "select sql from sqlite_master where sql is not null and name not like 'kysely%' and name not like 'messages_fts_%' or type = 'trigger' order by name",
    )
    .pluck()
    .all() as string[]
  db.close()
  await expect(`${rows.join(';\n\n')};\n`).toMatchFileSnapshot('schema.sql')
})
