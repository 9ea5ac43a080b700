import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { folderTrouble } from '../../src/api/health.ts'
import { type Instant, MINUTE, plus } from '../../src/instant.ts'
import { NOW, openTestApi, type TestApi } from '../support/api.ts'

let api: TestApi
beforeEach(async () => {
  api = await openTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const read = () => api.store.write(tx => tx.folderRead('it', 'INBOX', api.now))
const fails = (error: string) => api.store.write(tx => tx.folderFailed('it', 'INBOX', error, api.now))
const ready = async () => {
  const { status, body } = await api.nobody.get('/readyz')
  return { status, reasons: body.reasons ?? [] }
}

test('alive needs no key and tells nothing', async () => {
  const { status, body } = await api.nobody.get('/healthz')
  expect([status, body]).toEqual([200, { status: 'alive' }])
})

describe('ready', () => {
  test('from the first reading of every folder on', async () => {
    expect(await ready()).toEqual({ status: 503, reasons: ['mailbox it: has not been read yet'] })
    await read()
    expect(await ready()).toEqual({ status: 200, reasons: [] })
  })

  test('while a mailbox is quiet, and after a short failure', async () => {
    await read()
    api.passes(26 * MINUTE)
    expect((await ready()).status).toBe(200)
    await fails('connection lost')
    expect((await ready()).status).toBe(200)
  })

  test('not when a mailbox has been failing for long, and the words of the server stay inside', async () => {
    await read()
    await fails('NO [AUTHENTICATIONFAILED] hunter2')
    const since = api.now
    for (let minute = 0; minute < 6; minute++) {
      api.passes(MINUTE)
      await fails('NO [AUTHENTICATIONFAILED] hunter2')
    }
    expect(await ready()).toEqual({ status: 503, reasons: [`mailbox it: cannot be read since ${since}`] })
    await read()
    expect((await ready()).status).toBe(200)
  })

  test('not when a mail waits for long', async () => {
    await read()
    await api.arrives({})
    expect((await ready()).status).toBe(200)
    const since = api.now
    api.passes(16 * MINUTE)
    await read()
    expect(await ready()).toEqual({ status: 503, reasons: [`mailbox it: a mail has been waiting since ${since}`] })
    await api.store.write(tx => tx.settle(1, { outcome: 'sent', response: '250' }, api.now))
    expect((await ready()).status).toBe(200)
  })

  test('not when the database does not answer', async () => {
    const store = {
      ...api.store,
      read: { ...api.store.read, folders: () => Promise.reject(new Error('disk I/O error in /home/hunter2')) },
    }
    const ill = await openTestApi({}, { store })
    const { status, body } = await ill.nobody.get('/readyz')
    expect([status, body.reasons]).toEqual([503, ['the database does not answer']])
    await ill[Symbol.asyncDispose]()
  })
})

const status = (checkedAt: Instant | null, failingSince: Instant | null) => ({
  ...{
    mailbox: 'it',
    folder: 'INBOX',
    role: 'received' as const,
    uidValidity: null,
    lastUid: 0,
    readSince: null,
    lastError: failingSince && 'no',
  },
  ...{ checkedAt, failingSince },
})
const ago = (minutes: number) => plus(NOW, -minutes * MINUTE)

test.each([
  ['never looked at', 1, null, 'has not been read yet'],
  ['never read', 1, status(null, null), 'has not been read yet'],
  ['failing from the start', 1, status(null, ago(1)), `cannot be read since ${ago(1)}`],
  ['just read', 1, status(ago(0), null), null],
  ['quiet', 1, status(ago(30), null), null],
  ['too quiet', 1, status(ago(31), null), `has not been read since ${ago(31)}`],
  ['failing for a little', 1, status(ago(20), ago(5)), null],
  ['failing for long', 1, status(ago(20), ago(6)), `cannot be read since ${ago(6)}`],
  ['read every ten minutes, failing for long', 10, status(ago(60), ago(50)), 'has not been read since'],
  ['read every hour', 60, status(ago(299), null), null],
  ['read every hour, too quiet', 60, status(ago(301), null), `has not been read since ${ago(301)}`],
])('a folder %s', (_what, pollMinutes, folder, trouble) => {
  const found = folderTrouble({ mailbox: 'it', folder: 'INBOX', pollEveryMs: pollMinutes * MINUTE }, folder, NOW)
  if (trouble === null) expect(found).toBeNull()
  else expect(found).toContain(trouble)
})

test('the mailboxes with how far they are read and what went wrong', async () => {
  await read()
  await api.store.write(tx =>
    tx.setCursor('it', 'INBOX', { uidValidity: '7', lastUid: 42, readSince: NOW, sinceUid: 0 }),
  )
  api.passes(MINUTE)
  await fails('connection refused')
  const since = api.now
  api.passes(MINUTE)
  await fails('still refused')
  const { status: code, body } = await api.reader.get('/v1/mailboxes')
  expect(code).toBe(200)
  expect(body.items).toEqual([
    {
      name: 'support',
      displayName: 'Support',
      addresses: ['support@example.org'],
      team: 'support',
      folders: [],
      alarms: [],
    },
    {
      name: 'it',
      displayName: 'IT Help',
      addresses: ['it@example.org'],
      team: 'it',
      folders: [
        {
          ...{
            folder: 'INBOX',
            healthy: true,
            trouble: null,
            uidValidity: '7',
            lastUid: 42,
            readSince: NOW,
            role: 'received',
          },
          ...{ checkedAt: NOW, lastError: 'still refused', failingSince: since },
        },
      ],
      alarms: [],
    },
  ])
})

test('a folder of sent mail that cannot be read is shown until another one is read in its place', async () => {
  await api.store.write(tx => tx.folderFailed('it', 'Snet', 'there is no folder Snet', api.now, 'sent'))
  const sent = async () => {
    const { body } = await api.reader.get('/v1/mailboxes')
    const { folders } = body.items.find((one: { name: string }) => one.name === 'it')
    return folders.filter((one: { role: string }) => one.role === 'sent')
  }
  expect(await sent()).toMatchObject([{ folder: 'Snet', healthy: false, trouble: 'there is no folder Snet' }])
  api.passes(MINUTE)
  await api.store.write(async tx => {
    await tx.beginFolder('it', 'Sent', 'sent', { uidValidity: '7', lastUid: 0, readSince: null, sinceUid: 0 })
    await tx.folderRead('it', 'Sent', api.now)
  })
  expect(await sent()).toMatchObject([{ folder: 'Sent', healthy: true }])
})
