import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dispatchNext, lookAround } from '../../src/dispatch/dispatcher.ts'
import { createIds, newSecret } from '../../src/ids.ts'
import { type TakenIn, takeIn } from '../../src/inbound/archive.ts'
import { IMPORTED, type Intake, ingest, replay } from '../../src/inbound/ingest.ts'
import { findMails } from '../../src/inbound/mail-files.ts'
import { DAY, plus } from '../../src/instant.ts'
import { mboxOf } from '../support/archive.ts'
import { keptLog } from '../support/log.ts'
import { mail, type TestMail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { openTestStore, type TestStore } from '../support/store.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

const NOW = '2026-11-23T09:00:05.000Z'

let store: TestStore
let intake: Intake
let folder: TempDir
beforeEach(async () => {
  store = await openTestStore()
  folder = await tempDir('archive')
  intake = {
    store,
    reader: readHere(policy()),
    policy: policy(),
    ids: createIds(newSecret()),
    clock: () => NOW,
    log: keptLog().log,
    onIngested: () => undefined,
  }
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const day = (date: number) => new Date(Date.UTC(2015, 0, date, 9))
const jane = { from: 'Jane Doe <jane@example.org>', to: 'it@example.org' }
const ana = { from: 'Ana Pop <ana@example.org>', to: ['jane@example.org', 'it@example.org'] }

const run = async (
  name: string,
  mails: readonly (TestMail | Buffer)[],
  { mailbox = null as string | null, signal = new AbortController().signal } = {},
): Promise<TakenIn[]> => {
  const path = join(folder.path, name)
  await writeFile(path, mboxOf(mails.map(one => (Buffer.isBuffer(one) ? one : mail(one)))))
  const found = []
  for await (const one of findMails([path], NOW)) if (one.kind === 'mail') found.push(one.mail)
  const all: TakenIn[] = []
  for await (const one of takeIn(intake, found, mailbox, signal)) all.push(one)
  return all
}
const outcomes = (taken: readonly TakenIn[]) => taken.map(({ outcome }) => outcome)
const nothingLeaves = async () => {
  expect(await store.read.outbox({ limit: 9 })).toEqual([])
}

describe('an archive', () => {
  test('becomes tickets of its time, and nothing leaves', async () => {
    const taken = await run('in.mbox', [
      { ...jane, messageId: 'a@jane', date: day(5) },
      { ...ana, messageId: 'b@ana', inReplyTo: 'a@jane', references: ['a@jane'], date: day(6), text: '#solved\nDone.' },
    ])
    expect(outcomes(taken)).toEqual(['open', 'append'])
    expect(await store.read.ticket(1001)).toMatchObject({
      mailbox: 'it',
      status: 'solved',
      openedAt: day(5).toISOString(),
      firstResponseAt: day(6).toISOString(),
      solvedAt: day(6).toISOString(),
      requester: { address: 'jane@example.org' },
    })
    expect(await store.read.promises(1001)).toEqual([])
    await nothingLeaves()
  })

  test('is in the ledger as imported, with the bytes that a server would have given', async () => {
    const bytes = mail({ ...jane, date: day(5), text: 'From here\n\nto there\n' })
    const [taken] = await run('in.mbox', [bytes])
    const rawMail = taken && 'rawMail' in taken ? taken.rawMail : 0
    expect(await store.read.rawBytes(rawMail)).toEqual(bytes)
    const line = await store.read.rawMail(rawMail)
    expect(line).toMatchObject({ folder: 'import:in.mbox', uid: 1, receivedAt: day(5).toISOString() })
    expect(line?.uidValidity).toBe(`${IMPORTED}${line?.sha256}`)
  })

  test('taken in again, larger, moved or in part, gives nothing twice', async () => {
    const mails = [1, 2, 3, 4].map(n => mail({ ...jane, messageId: `${n}@jane`, date: day(n) }))
    expect(outcomes(await run('in.mbox', mails.slice(0, 2)))).toEqual(['open', 'open'])
    const [, second, third, fourth] = mails
    const grown = await run('in.mbox', [second!, third!])
    expect(grown.map(one => 'earlier' in one && one.earlier)).toEqual([true, false])
    expect(outcomes(await run('in.mbox', [...mails, fourth!]))).toEqual(['open', 'open', 'open', 'open', 'duplicate'])
    expect(outcomes(await run('other.mbox', mails))).toEqual(['duplicate', 'duplicate', 'duplicate', 'duplicate'])
    const all = await store.read.rawMails({ limit: 99 })
    expect(all.filter(line => line.outcome === 'open')).toHaveLength(4)
    expect(all).toHaveLength(9)
  })

  test('beside the mailbox itself: what has arrived over IMAP is known, and the other way round', async () => {
    const bytes = mail({
      ...jane,
      messageId: 'a@jane',
      date: NOW,
      attachments: [{ filename: 'a.txt', content: 'x\ny\n' }],
    })
    const arrival = { mailbox: 'it', folder: 'INBOX', uidValidity: '1', uid: 1, receivedAt: NOW, bytes }
    await ingest(intake, [arrival], async () => undefined)
    expect(outcomes(await run('in.mbox', [bytes]))).toEqual(['duplicate'])

    const later = mail({ ...jane, messageId: 'b@jane', date: NOW })
    expect(outcomes(await run('in.mbox', [later]))).toEqual(['open'])
    const [again] = await ingest(intake, [{ ...arrival, uid: 2, bytes: later }], async () => undefined)
    expect(again?.outcome).toBe('duplicate')
    expect(await store.read.outbox({ limit: 9 })).toHaveLength(1) // the acknowledgement of the first
  })

  test('in pieces: the answers after all the questions still leave each ticket as its last mail left it', async () => {
    const second = { ...jane, messageId: 'c@jane', references: ['a@jane', 'b@ana'], inReplyTo: 'b@ana', date: day(7) }
    await run('inbox.mbox', [{ ...jane, messageId: 'a@jane', date: day(5) }, second])
    await run('inbox.mbox', [{ ...jane, messageId: 'x@jane', date: day(8) }])
    await run('sent.mbox', [
      { ...ana, messageId: 'b@ana', inReplyTo: 'a@jane', references: ['a@jane'], date: day(6) },
      { ...ana, from: 'it@example.org', messageId: 'y@it', inReplyTo: 'x@jane', references: ['x@jane'], date: day(9) },
    ])
    expect(await store.read.ticket(1001)).toMatchObject({ status: 'open', firstResponseAt: day(6).toISOString() })
    expect(await store.read.ticket(1002)).toMatchObject({ status: 'pending', firstResponseAt: day(9).toISOString() })
    expect((await store.read.messages(1002)).map(({ author, agent }) => [author, agent])).toEqual([
      ['requester', null],
      ['agent', null],
    ])
    await nothingLeaves()
  })

  test('that reaches into these days reminds nobody of the dates that have passed', async () => {
    const hoursAgo = (hours: number) => new Date(Date.parse(NOW) - hours * 3_600_000)
    await run('in.mbox', [
      { ...jane, messageId: 'a@jane', date: hoursAgo(4 * 24) },
      { ...jane, messageId: 'b@jane', date: hoursAgo(18) },
    ])
    const now = () => NOW
    const dispatching = { ...intake, clock: now, onQueued: () => undefined }
    while ((await dispatchNext(dispatching)) || (await lookAround(dispatching)));
    await nothingLeaves()
    // What is due only then is told then, once.
    const later = { ...dispatching, clock: () => plus(NOW, DAY) }
    while ((await dispatchNext(later)) || (await lookAround(later)));
    const told = (await store.read.outbox({ limit: 9 })).map(({ ticket, mail }) => [ticket, mail.to[0]?.address])
    expect(told).toContainEqual([1002, 'ana@example.org'])
    expect(told.filter(([ticket]) => ticket === 1001)).toEqual([])
  })

  test('that holds what we sent ourselves makes nothing of it', async () => {
    const bytes = mail({ ...jane, messageId: 'a@jane', date: NOW })
    const arrival = { mailbox: 'it', folder: 'INBOX', uidValidity: '1', uid: 1, receivedAt: NOW, bytes }
    await ingest(intake, [arrival], async () => undefined)
    const sent = await store.read.outbox({ limit: 9 })
    const copies = sent.map(({ mail: ours }) => ({
      ...{ from: 'IT Help <it@example.org>', to: 'jane@example.org', subject: ours.subject, text: ours.text },
      ...{ messageId: ours.messageId, inReplyTo: 'a@jane', references: ['a@jane'], date: NOW },
    }))
    expect(outcomes(await run('sent.mbox', copies))).toEqual(['skip'])
    expect(await store.read.messages(1001)).toHaveLength(2)
  })

  test('goes to the mailbox each mail names, or all to one', async () => {
    const named = [
      { from: 'a@x.example', to: 'support@example.org' },
      { from: 'b@x.example', to: 'list@x.example', headers: { 'Delivered-To': 'it@example.org' } },
      { from: 'c@x.example', to: 'somebody@else.example' },
      { from: 'it@example.org', to: 'somebody@else.example' },
    ].map((one, at) => mail({ ...one, messageId: `${at}@x`, date: day(at + 1) }))
    await run('in.mbox', named)
    const of = async () => (await store.read.rawMails({ limit: 9 })).map(line => line.mailbox).reverse()
    expect(await of()).toEqual(['support', 'it', 'support', 'it'])
    // What has been taken in stays where it is.
    await run('in.mbox', [...named, mail({ ...jane, date: day(9) })], { mailbox: 'support' })
    expect(await of()).toEqual(['support', 'it', 'support', 'it', 'support'])
  })

  test('a mail that cannot be read is quarantined; replayed it sends nothing either', async () => {
    const tooMuch = Array.from({ length: 30_000 }, (_, at) => `x${at} `.repeat(8)).join('\r\n ')
    const taken = await run('in.mbox', [
      { ...jane, messageId: 'a@jane', date: day(5) },
      { ...ana, headers: { 'X-Large': tooMuch }, date: day(6) },
      { ...jane, messageId: 'c@jane', date: day(7) },
    ])
    expect(outcomes(taken)).toEqual(['open', 'quarantine', 'open'])
    expect(taken[1]).toMatchObject({
      place: expect.stringMatching(/in\.mbox \(byte \d+\)$/),
      reason: expect.any(String),
    })

    const answer = mail({ ...ana, to: 'it@example.org', inReplyTo: 'a@jane', references: ['a@jane'], date: day(6) })
    const place = { mailbox: 'it', folder: 'import:x', uidValidity: `${IMPORTED}abc`, uid: 1, receivedAt: NOW }
    const rawMail = await store.write(async tx => {
      const id = await tx.saveRawMail({ ...place, bytes: answer, sha256: 'abc' }, NOW)
      await tx.settleRawMail(id ?? 0, { outcome: 'quarantine', reason: 'a fault', ticket: null, fingerprint: null })
      return id ?? 0
    })
    expect(await replay(intake, rawMail)).toMatchObject({ outcome: 'append', ticket: 1001 })
    const fresh = mail({ ...jane, messageId: 'n@jane', date: NOW })
    const other = await store.write(async tx => {
      const id = await tx.saveRawMail({ ...place, uid: 2, bytes: fresh, sha256: 'abc' }, NOW)
      await tx.settleRawMail(id ?? 0, { outcome: 'quarantine', reason: 'a fault', ticket: null, fingerprint: null })
      return id ?? 0
    })
    expect(await replay(intake, other)).toMatchObject({ outcome: 'open' })
    await nothingLeaves()
  })

  test('ends between two transactions when it is told to, and goes on the next time', async () => {
    const mails = Array.from({ length: 120 }, (_, n) => mail({ ...jane, messageId: `${n}@jane`, date: day(1) }))
    const stop = new AbortController()
    const path = join(folder.path, 'in.mbox')
    await writeFile(path, mboxOf(mails))
    const found = []
    for await (const one of findMails([path], NOW)) if (one.kind === 'mail') found.push(one.mail)
    const before: TakenIn[] = []
    for await (const one of takeIn(intake, found, null, stop.signal)) {
      before.push(one)
      stop.abort()
    }
    expect(before).toHaveLength(50)
    const taken = await run('in.mbox', mails)
    expect(taken.filter(one => 'earlier' in one && one.earlier)).toHaveLength(50)
    expect(outcomes(taken)).toEqual(mails.map(() => 'open'))
  })
})
