import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY, HOUR, type Instant, MINUTE, plus } from '../src/instant.ts'
import type { Tx } from '../src/store/store.ts'
import { NOW, openWatch, type TestWatch } from './support/watch.ts'

let desk: TestWatch
beforeEach(async () => {
  desk = await openWatch()
})
afterEach(() => desk[Symbol.asyncDispose]())

describe('a mailbox to which no mail comes', () => {
  /** Six weeks with five mails in each working hour of it@, the last one `quietMs` before desk.now. */
  const learnt = (quietMs: number) =>
    desk.store.write(async tx => {
      let uid = 0
      for (let at = plus(NOW, -42 * DAY); at < plus(NOW, -quietMs); at = plus(at, 12 * MINUTE)) {
        const hour = Number(at.slice(11, 13))
        if ([0, 6].includes(new Date(at).getUTCDay()) || hour < 7 || hour > 16) continue
        await comes(tx, { uid: ++uid, receivedAt: at })
      }
    })
  const comes = async (tx: Tx, mail: { uid: number; receivedAt: Instant; folder?: string }) => {
    const raw = { mailbox: 'it', folder: 'INBOX', uidValidity: '7', bytes: Buffer.from('x'), sha256: 'x', ...mail }
    const id = (await tx.saveRawMail(raw, mail.receivedAt)) ?? 0
    await tx.settleRawMail(id, { outcome: 'skip', reason: 'a test', ticket: null, fingerprint: null })
  }

  test('is told of with what is usual, lasts over closing time, and ends with a mail', async () => {
    await learnt(DAY)
    desk.now = plus(NOW, 90 * MINUTE)
    expect(await desk.changes()).toEqual(['raised silence it, told'])
    expect((await desk.notices())[0]).toMatchObject({
      mailbox: 'hr',
      mail: {
        subject: '[Postdesk] no mail comes to mailbox it',
        text: expect.stringMatching(/about \d\d mails come usually/),
      },
    })
    desk.now = plus(NOW, 14 * HOUR)
    expect(await desk.changes()).toEqual([])
    await desk.store.write(tx => comes(tx, { uid: 99_999, receivedAt: desk.now }))
    expect(await desk.changes()).toEqual(['over silence it, told'])
  })

  test('is told of also when our own mails are copied into its sent folder, and when one came from the future', async () => {
    await learnt(DAY)
    desk.now = plus(NOW, 90 * MINUTE)
    await desk.store.write(async tx => {
      await tx.beginFolder('it', 'Sent', 'sent', { uidValidity: '7', lastUid: 0, readSince: null, sinceUid: 0 })
      for (let uid = 1; uid < 300; uid++)
        await comes(tx, { folder: 'Sent', uid, receivedAt: plus(desk.now, -uid * 5 * MINUTE) })
      await comes(tx, { uid: 99_999, receivedAt: plus(desk.now, 400 * DAY) })
    })
    expect(await desk.changes()).toEqual(['raised silence it, told'])
  })

  test('is none while it cannot be read: that is told instead', async () => {
    await learnt(DAY)
    await desk.fails('it')
    desk.now = plus(NOW, 90 * MINUTE)
    expect(await desk.changes()).toEqual(['raised reading it, told'])
  })

  test('is told of also while its sent mail cannot be read', async () => {
    desk.watching = { ...desk.watching, folders: desk.watching.folders.map(one => ({ ...one, sent: 'Snet' })) }
    await learnt(DAY)
    await desk.store.write(tx => tx.folderFailed('it', 'Snet', 'there is no folder Snet', desk.now, 'sent'))
    desk.now = plus(NOW, 90 * MINUTE)
    expect(await desk.changes()).toEqual(['raised reading it, told', 'raised silence it, told'])
  })

  test('is none where nothing ever came', async () => {
    desk.now = plus(NOW, 90 * MINUTE)
    expect(await desk.changes()).toEqual([])
  })
})
