import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { watchAlarms } from '../src/alarms.ts'
import { DAY, HOUR, MINUTE, plus } from '../src/instant.ts'
import type { Delivery } from '../src/store/outbox.ts'
import { enqueue, outgoing } from './support/outgoing.ts'
import { eventually } from './support/wait.ts'
import { NOW, openWatch, type TestWatch } from './support/watch.ts'

let desk: TestWatch
beforeEach(async () => {
  desk = await openWatch()
})
afterEach(() => desk[Symbol.asyncDispose]())

describe('a mailbox that cannot be read', () => {
  test('after the set time, by a mail through a mailbox that is well; once a day; and when it is over', async () => {
    await desk.fails('it')
    desk.now = plus(NOW, 14 * MINUTE)
    expect(await desk.changes()).toEqual([])
    desk.now = plus(NOW, 15 * MINUTE)
    expect(await desk.changes()).toEqual(['raised reading it, told'])
    expect(await desk.changes()).toEqual([])
    const [first] = await desk.notices()
    expect(first).toMatchObject({ mailbox: 'hr', ticket: null, message: null, state: 'queued' })
    expect(first?.mail).toMatchObject({
      automatic: true,
      from: { address: 'hr@example.org' },
      to: [{ address: 'ops@example.org' }],
    })
    expect(first?.mail.text).toContain('nothing answers')
    expect(await desk.alarms()).toMatchObject([
      { cause: 'reading', mailbox: 'it', folder: 'INBOX', since: NOW, toldAt: desk.now },
    ])
    expect(desk.lines().find(({ level }) => level === 50)).toMatchObject({
      msg: 'alarm: mailbox it cannot be read',
      cause: 'reading',
      detail: 'nothing answers',
      told: true,
    })
    expect(desk.woken).toBe(1)

    desk.now = plus(NOW, DAY + 15 * MINUTE)
    expect(await desk.changes()).toEqual(['lasts reading it, told'])
    await desk.works('it')
    await desk.works('hr')
    expect(await desk.changes()).toEqual(['over reading it, told'])
    expect((await desk.notices()).map(({ mail }) => mail.subject)).toEqual([
      '[Postdesk] mailbox it cannot be read',
      '[Postdesk] still: mailbox it cannot be read',
      '[Postdesk] mailbox it is read again',
    ])
    expect(await desk.alarms()).toEqual([])
  })

  test('one that comes and goes is told of once a day, and shown each time', async () => {
    for (let time = 0; time < 3; time++) {
      await desk.fails('it')
      desk.now = plus(desk.now, 20 * MINUTE)
      expect(await desk.changes()).toEqual([time === 0 ? 'raised reading it, told' : 'raised reading it'])
      expect(await desk.alarms()).toHaveLength(1)
      await desk.works('it')
      expect(await desk.changes()).toEqual([time === 0 ? 'over reading it, told' : 'over reading it'])
    }
    expect(await desk.notices()).toHaveLength(2)
  })

  test('both at once: one mail, through the first', async () => {
    await desk.fails('it')
    await desk.fails('hr')
    desk.now = plus(NOW, HOUR)
    expect(await desk.changes()).toEqual(['raised reading it, told', 'raised reading hr, told'])
    expect((await desk.notices()).map(({ mailbox, mail }) => [mailbox, mail.subject])).toEqual([
      ['it', '[Postdesk] mailbox it cannot be read (and 1 more)'],
    ])
  })

  test('nobody to tell: it is logged and shown, and no mail is written; told when there is somebody', async () => {
    const admins = desk.watching.admins
    desk.watching = { ...desk.watching, admins: [] }
    await desk.fails('it')
    desk.now = plus(NOW, HOUR)
    expect(await desk.changes()).toEqual(['raised reading it, told'])
    expect([await desk.notices(), await desk.alarms()]).toMatchObject([[], [{ cause: 'reading', toldAt: null }]])
    desk.watching = { ...desk.watching, admins }
    expect(await desk.changes()).toEqual(['lasts reading it, told'])
    expect(await desk.notices()).toHaveLength(1)
  })

  test('connected, and silent for half an hour: hangs; not after a start, when nobody has read for days', async () => {
    await desk.works('it')
    desk.now = plus(NOW, 2 * DAY)
    desk.watching = { ...desk.watching, startedAt: plus(desk.now, -29 * MINUTE) }
    expect(await desk.changes()).toEqual([])
    desk.now = plus(desk.now, MINUTE)
    expect(await desk.changes()).toEqual(['raised reading it, told'])
  })

  test('the clock is set back by a year in between: no storm, and it ends', async () => {
    await desk.fails('it')
    desk.now = plus(NOW, HOUR)
    expect(await desk.changes()).toEqual(['raised reading it, told'])
    desk.now = plus(NOW, -365 * DAY)
    // It failed in what is desk.now the future: over for desk.now, and told.
    expect(await desk.changes()).toEqual(['over reading it, told'])
    expect(await desk.changes()).toEqual([])
  })
})

describe('a folder of sent mail that cannot be read', () => {
  const sentFails = (folder: string) =>
    desk.store.write(tx => tx.folderFailed('it', folder, `there is no folder ${folder}`, desk.now, 'sent'))
  const sentIsRead = (folder: string) =>
    desk.store.write(async tx => {
      await tx.beginFolder('it', folder, 'sent', { uidValidity: '7', lastUid: 0, readSince: null, sinceUid: 0 })
      await tx.folderRead('it', folder, desk.now)
    })
  const readFrom = (sent: string | null) => {
    desk.watching = { ...desk.watching, folders: desk.watching.folders.map(one => ({ ...one, sent })) }
  }

  test.each(['Snet', 'auto'])('(%s) is told of like any other, and when it is read', async configured => {
    readFrom(configured)
    await sentFails('Snet')
    desk.now = plus(NOW, 14 * MINUTE)
    expect(await desk.changes()).toEqual([])
    desk.now = plus(NOW, 15 * MINUTE)
    expect(await desk.changes()).toEqual(['raised reading it, told'])
    expect((await desk.notices())[0]?.mail).toMatchObject({
      subject: '[Postdesk] mailbox it (Snet) cannot be read',
      text: expect.stringContaining('there is no folder Snet'),
    })
    await sentIsRead('Snet')
    expect(await desk.changes()).toEqual(['over reading it, told'])
  })

  test.each(['Sent', 'auto', null])('is over when the folder is another one (%s)', async configured => {
    readFrom('Snet')
    await sentFails('Snet')
    desk.now = plus(NOW, 15 * MINUTE)
    expect(await desk.changes()).toEqual(['raised reading it, told'])
    readFrom(configured)
    if (configured) await sentIsRead('Sent')
    expect(await desk.changes()).toEqual(['over reading it, told'])
  })
})

test('mails that the server does not hand out: told after the set time, with their UIDs and its words, and when it is over', async () => {
  const place = { mailbox: 'it', folder: 'INBOX', uidValidity: '7' }
  const refused = (uid: number) =>
    desk.store.write(tx => tx.mailRefused({ ...place, uid, reason: 'it said NO' }, desk.now))
  await refused(2)
  desk.now = plus(NOW, 10 * MINUTE)
  await refused(2)
  await refused(7)
  expect(await desk.changes()).toEqual([])
  desk.now = plus(NOW, 15 * MINUTE)
  expect(await desk.changes()).toEqual(['raised refused it, told'])
  expect((await desk.notices())[0]).toMatchObject({
    mailbox: 'hr',
    mail: {
      subject: '[Postdesk] some mails of mailbox it cannot be fetched',
      text: expect.stringContaining('shows 2 without handing out what is in them (UID 2, 7): it said NO\n'),
    },
  })
  await desk.store.write(tx => tx.noLongerRefused(place, [2, 7]))
  expect(await desk.changes()).toEqual(['over refused it, told'])
})

describe('mail that is not sent', () => {
  const notSent = async (mailbox: string, id: string) => {
    const mail = (await enqueue(desk.store, outgoing({ messageId: id }), desk.now, mailbox)) ?? 0
    await desk.store.write(async tx => {
      await tx.claimDue(mailbox, desk.now, 50, () => plus(desk.now, MINUTE))
      await tx.settle(mail, { outcome: 'later', error: '421 go away' }, desk.now)
    })
    return mail
  }

  test('is told of through another mailbox, with what the server said', async () => {
    await notSent('it', 'a@x')
    desk.now = plus(NOW, 15 * MINUTE)
    expect(await desk.changes()).toEqual(['raised sending it, told'])
    expect(await desk.notices()).toMatchObject([
      { mailbox: 'hr', mail: { text: expect.stringContaining('421 go away') } },
    ])
    await desk.store.write(tx => tx.settle(1, { outcome: 'sent', response: '250' }, desk.now))
    expect(await desk.changes()).toEqual(['over sending it, told'])
  })

  test('is told of when its mailbox is not configured any more', async () => {
    await enqueue(desk.store, outgoing({ messageId: 'a@x' }), desk.now, 'gone')
    expect(await desk.changes()).toEqual(['raised sending gone, told'])
    expect(await desk.notices()).toMatchObject([{ mail: { text: expect.stringContaining('1 mail still waits') } }])
    await desk.store.write(tx => tx.settle(1, { outcome: 'sent', response: '250' }, desk.now))
    expect(await desk.changes()).toEqual(['over sending gone, told'])
  })

  test('is not an alarm when other mails are sent meanwhile: it is about that one', async () => {
    await notSent('it', 'a@x')
    const other = await enqueue(desk.store, outgoing({ messageId: 'b@x' }), NOW)
    desk.now = plus(NOW, HOUR)
    await desk.store.write(tx => tx.settle(other ?? 0, { outcome: 'sent', response: '250' }, desk.now))
    expect(await desk.changes()).toEqual([])
  })

  /** Refused for good, by the server of the mailbox. */
  const refused = async (to: string, different: Partial<Delivery> = {}) => {
    const mail = outgoing({ messageId: `${to}.${desk.now}@x`, to: [{ name: '', address: to }] })
    const id = (await enqueue(desk.store, mail, desk.now)) ?? 0
    const delivery = { outcome: 'failed', error: '550 5.4.5 Daily limit', ...different } as Delivery
    await desk.store.write(async tx => {
      await tx.claimDue('it', desk.now, 50, () => plus(desk.now, MINUTE))
      await tx.settle(id, delivery, desk.now)
    })
    return id
  }

  test('refused for good, whoever it is for: told of, once a day, until a mail is sent', async () => {
    await refused('jane@example.org')
    desk.now = plus(NOW, 10 * MINUTE)
    await refused('ben@example.org')
    expect(await desk.changes()).toEqual([])
    desk.now = plus(NOW, 15 * MINUTE)
    expect(await desk.changes()).toEqual(['raised sending it, told'])
    expect(await desk.notices()).toMatchObject([
      {
        mailbox: 'hr',
        mail: { text: expect.stringMatching(/since 2026-11-23 09:00 UTC\.\n.*550 5\.4\.5 Daily limit/) },
      },
    ])
    // Nobody writes for two days: it is not over because of that.
    desk.now = plus(NOW, 2 * DAY)
    expect(await desk.changes()).toEqual(['lasts sending it, told'])
    await desk.store.write(tx => tx.retryOutboxMail(1, desk.now))
    await desk.store.write(tx => tx.settle(1, { outcome: 'sent', response: '250' }, desk.now))
    expect(await desk.changes()).toEqual(['over sending it, told'])
    desk.now = plus(NOW, 3 * DAY)
    expect(await desk.changes()).toEqual([])
  })

  const others: [string, () => Promise<unknown>][] = [
    ['of one address alone: that is about the address', () => refused('jane@example.org')],
    ['that others have got', () => refused('ben@example.org', { response: '250' })],
    [
      'before a mail was sent',
      async () => {
        await refused('ben@example.org')
        const sent = await enqueue(desk.store, outgoing({ messageId: 'sent@x' }), desk.now)
        desk.now = plus(desk.now, MINUTE)
        await desk.store.write(tx => tx.settle(sent ?? 0, { outcome: 'sent', response: '250' }, desk.now))
      },
    ],
    [
      'days ago, found at the first look',
      async () => {
        await refused('ben@example.org')
        desk.now = plus(desk.now, 2 * DAY)
      },
    ],
  ]
  test.each(others)('a refusal is no alarm: %s', async (_name, happens) => {
    await refused('jane@example.org')
    desk.now = plus(desk.now, MINUTE)
    await happens()
    desk.now = plus(desk.now, HOUR)
    expect(await desk.changes()).toEqual([])
  })

  test('mail that merely waits its turn is none', async () => {
    await enqueue(desk.store, outgoing(), NOW)
    desk.now = plus(NOW, HOUR)
    expect(await desk.changes()).toEqual([])
  })
})

test('the watch looks again and again, survives a store in trouble, and tells of a clock that was changed', async () => {
  const stop = new AbortController()
  let broken = true
  const read = {
    ...desk.store.read,
    alarms: () => (broken ? Promise.reject(new Error('trouble')) : desk.store.read.alarms()),
  }
  await desk.fails('it')
  const watch = watchAlarms({ ...desk.watching, store: { ...desk.store, read } }, stop.signal, 5)
  await eventually(() => desk.lines().find(({ msg }) => msg === 'it could not be looked whether all is well'))
  broken = false
  desk.now = plus(NOW, HOUR)
  expect(
    await eventually(() =>
      desk.lines().find(({ msg }) => String(msg).startsWith('the clock of this machine was changed')),
    ),
  ).toMatchObject({ jumpMs: expect.any(Number) })
  await eventually(async () => (await desk.notices()).length === 1)
  stop.abort()
  await watch
})
