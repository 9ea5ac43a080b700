import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkAlarms, type Watching, watchAlarms } from '../src/alarms.ts'
import { createIds } from '../src/ids.ts'
import { DAY, HOUR, type Instant, MINUTE, plus } from '../src/instant.ts'
import type { Delivery } from '../src/store/outbox.ts'
import type { Tx } from '../src/store/store.ts'
import { keptLog } from './support/log.ts'
import { enqueue, outgoing } from './support/outgoing.ts'
import { policy } from './support/policy.ts'
import { openTestStore, type TestStore } from './support/store.ts'
import { eventually } from './support/wait.ts'

// A Monday, 10:00 in Brussels, where the desk of the tests is open.
const NOW = '2026-11-23T09:00:00.000Z'

let store: TestStore
let now: Instant
let watching: Watching
let lines: () => Record<string, unknown>[]
let woken: number
beforeEach(async () => {
  store = await openTestStore()
  now = NOW
  woken = 0
  const it = policy().mailboxes.get('it')
  if (!it) throw new Error('no it')
  const hr = { ...it, name: 'hr', displayName: 'HR', addresses: ['hr@example.org'] }
  const kept = keptLog()
  lines = kept.lines
  watching = {
    ...{
      store,
      policy: policy({
        mailboxes: new Map([
          ['it', it],
          ['hr', hr],
        ]),
      }),
      ids: createIds(Buffer.alloc(32, 7)),
    },
    ...{
      clock: () => now,
      log: kept.log,
      admins: ['ops@example.org'],
      alarmAfterMs: 15 * MINUTE,
      startedAt: plus(NOW, -DAY),
    },
    folders: ['it', 'hr'].map(mailbox => ({ mailbox, folder: 'INBOX', pollEveryMs: MINUTE, sent: null })),
    onQueued: () => {
      woken++
    },
  }
})
afterEach(() => store[Symbol.asyncDispose]())

const changes = async () =>
  (await checkAlarms(watching)).map(
    ({ kind, trouble, tell }) => `${kind} ${trouble.cause} ${trouble.mailbox}${tell ? ', told' : ''}`,
  )
const fails = (mailbox: string, error = 'nothing answers') =>
  store.write(tx => tx.folderFailed(mailbox, 'INBOX', error, now))
const works = (mailbox: string) => store.write(tx => tx.folderRead(mailbox, 'INBOX', now))
const notices = async () => (await store.read.outbox({ limit: 50 })).filter(({ kind }) => kind === 'notice').reverse()
const alarms = async () => (await store.read.alarms()).filter(({ overAt }) => overAt === null)

describe('a mailbox that cannot be read', () => {
  test('after the set time, by a mail through a mailbox that is well; once a day; and when it is over', async () => {
    await fails('it')
    now = plus(NOW, 14 * MINUTE)
    expect(await changes()).toEqual([])
    now = plus(NOW, 15 * MINUTE)
    expect(await changes()).toEqual(['raised reading it, told'])
    expect(await changes()).toEqual([])
    const [first] = await notices()
    expect(first).toMatchObject({ mailbox: 'hr', ticket: null, message: null, state: 'queued' })
    expect(first?.mail).toMatchObject({
      automatic: true,
      from: { address: 'hr@example.org' },
      to: [{ address: 'ops@example.org' }],
    })
    expect(first?.mail.text).toContain('nothing answers')
    expect(await alarms()).toMatchObject([
      { cause: 'reading', mailbox: 'it', folder: 'INBOX', since: NOW, toldAt: now },
    ])
    expect(lines().find(({ level }) => level === 50)).toMatchObject({
      msg: 'alarm: mailbox it cannot be read',
      cause: 'reading',
      detail: 'nothing answers',
      told: true,
    })
    expect(woken).toBe(1)

    now = plus(NOW, DAY + 15 * MINUTE)
    expect(await changes()).toEqual(['lasts reading it, told'])
    await works('it')
    await works('hr')
    expect(await changes()).toEqual(['over reading it, told'])
    expect((await notices()).map(({ mail }) => mail.subject)).toEqual([
      '[Postdesk] mailbox it cannot be read',
      '[Postdesk] still: mailbox it cannot be read',
      '[Postdesk] mailbox it is read again',
    ])
    expect(await alarms()).toEqual([])
  })

  test('one that comes and goes is told of once a day, and shown each time', async () => {
    for (let time = 0; time < 3; time++) {
      await fails('it')
      now = plus(now, 20 * MINUTE)
      expect(await changes()).toEqual([time === 0 ? 'raised reading it, told' : 'raised reading it'])
      expect(await alarms()).toHaveLength(1)
      await works('it')
      expect(await changes()).toEqual([time === 0 ? 'over reading it, told' : 'over reading it'])
    }
    expect(await notices()).toHaveLength(2)
  })

  test('both at once: one mail, through the first', async () => {
    await fails('it')
    await fails('hr')
    now = plus(NOW, HOUR)
    expect(await changes()).toEqual(['raised reading it, told', 'raised reading hr, told'])
    expect((await notices()).map(({ mailbox, mail }) => [mailbox, mail.subject])).toEqual([
      ['it', '[Postdesk] mailbox it cannot be read (and 1 more)'],
    ])
  })

  test('nobody to tell: it is logged and shown, and no mail is written; told when there is somebody', async () => {
    const admins = watching.admins
    watching = { ...watching, admins: [] }
    await fails('it')
    now = plus(NOW, HOUR)
    expect(await changes()).toEqual(['raised reading it, told'])
    expect([await notices(), await alarms()]).toMatchObject([[], [{ cause: 'reading', toldAt: null }]])
    watching = { ...watching, admins }
    expect(await changes()).toEqual(['lasts reading it, told'])
    expect(await notices()).toHaveLength(1)
  })

  test('connected, and silent for half an hour: hangs; not after a start, when nobody has read for days', async () => {
    await works('it')
    now = plus(NOW, 2 * DAY)
    watching = { ...watching, startedAt: plus(now, -29 * MINUTE) }
    expect(await changes()).toEqual([])
    now = plus(now, MINUTE)
    expect(await changes()).toEqual(['raised reading it, told'])
  })

  test('the clock is set back by a year in between: no storm, and it ends', async () => {
    await fails('it')
    now = plus(NOW, HOUR)
    expect(await changes()).toEqual(['raised reading it, told'])
    now = plus(NOW, -365 * DAY)
    // It failed in what is now the future: over for now, and told.
    expect(await changes()).toEqual(['over reading it, told'])
    expect(await changes()).toEqual([])
  })
})

describe('a folder of sent mail that cannot be read', () => {
  const sentFails = (folder: string) =>
    store.write(tx => tx.folderFailed('it', folder, `there is no folder ${folder}`, now, 'sent'))
  const sentIsRead = (folder: string) =>
    store.write(async tx => {
      await tx.beginFolder('it', folder, 'sent', { uidValidity: '7', lastUid: 0, readSince: null, sinceUid: 0 })
      await tx.folderRead('it', folder, now)
    })
  const readFrom = (sent: string | null) => {
    watching = { ...watching, folders: watching.folders.map(one => ({ ...one, sent })) }
  }

  test.each(['Snet', 'auto'])('(%s) is told of like any other, and when it is read', async configured => {
    readFrom(configured)
    await sentFails('Snet')
    now = plus(NOW, 14 * MINUTE)
    expect(await changes()).toEqual([])
    now = plus(NOW, 15 * MINUTE)
    expect(await changes()).toEqual(['raised reading it, told'])
    expect((await notices())[0]?.mail).toMatchObject({
      subject: '[Postdesk] mailbox it (Snet) cannot be read',
      text: expect.stringContaining('there is no folder Snet'),
    })
    await sentIsRead('Snet')
    expect(await changes()).toEqual(['over reading it, told'])
  })

  test.each(['Sent', 'auto', null])('is over when the folder is another one (%s)', async configured => {
    readFrom('Snet')
    await sentFails('Snet')
    now = plus(NOW, 15 * MINUTE)
    expect(await changes()).toEqual(['raised reading it, told'])
    readFrom(configured)
    if (configured) await sentIsRead('Sent')
    expect(await changes()).toEqual(['over reading it, told'])
  })
})

test('mails that the server does not hand out: told after the set time, with their UIDs and its words, and when it is over', async () => {
  const place = { mailbox: 'it', folder: 'INBOX', uidValidity: '7' }
  const refused = (uid: number) => store.write(tx => tx.mailRefused({ ...place, uid, reason: 'it said NO' }, now))
  await refused(2)
  now = plus(NOW, 10 * MINUTE)
  await refused(2)
  await refused(7)
  expect(await changes()).toEqual([])
  now = plus(NOW, 15 * MINUTE)
  expect(await changes()).toEqual(['raised refused it, told'])
  expect((await notices())[0]).toMatchObject({
    mailbox: 'hr',
    mail: {
      subject: '[Postdesk] some mails of mailbox it cannot be fetched',
      text: expect.stringContaining('shows 2 without handing out what is in them (UID 2, 7): it said NO\n'),
    },
  })
  await store.write(tx => tx.noLongerRefused(place, [2, 7]))
  expect(await changes()).toEqual(['over refused it, told'])
})

describe('mail that is not sent', () => {
  const notSent = async (mailbox: string, id: string) => {
    const mail = (await enqueue(store, outgoing({ messageId: id }), now, mailbox)) ?? 0
    await store.write(async tx => {
      await tx.claimDue(mailbox, now, 50, () => plus(now, MINUTE))
      await tx.settle(mail, { outcome: 'later', error: '421 go away' }, now)
    })
    return mail
  }

  test('is told of through another mailbox, with what the server said', async () => {
    await notSent('it', 'a@x')
    now = plus(NOW, 15 * MINUTE)
    expect(await changes()).toEqual(['raised sending it, told'])
    expect(await notices()).toMatchObject([{ mailbox: 'hr', mail: { text: expect.stringContaining('421 go away') } }])
    await store.write(tx => tx.settle(1, { outcome: 'sent', response: '250' }, now))
    expect(await changes()).toEqual(['over sending it, told'])
  })

  test('is told of when its mailbox is not configured any more', async () => {
    await enqueue(store, outgoing({ messageId: 'a@x' }), now, 'gone')
    expect(await changes()).toEqual(['raised sending gone, told'])
    expect(await notices()).toMatchObject([{ mail: { text: expect.stringContaining('1 mail still waits') } }])
    await store.write(tx => tx.settle(1, { outcome: 'sent', response: '250' }, now))
    expect(await changes()).toEqual(['over sending gone, told'])
  })

  test('is not an alarm when other mails are sent meanwhile: it is about that one', async () => {
    await notSent('it', 'a@x')
    const other = await enqueue(store, outgoing({ messageId: 'b@x' }), NOW)
    now = plus(NOW, HOUR)
    await store.write(tx => tx.settle(other ?? 0, { outcome: 'sent', response: '250' }, now))
    expect(await changes()).toEqual([])
  })

  /** Refused for good, by the server of the mailbox. */
  const refused = async (to: string, different: Partial<Delivery> = {}) => {
    const mail = outgoing({ messageId: `${to}.${now}@x`, to: [{ name: '', address: to }] })
    const id = (await enqueue(store, mail, now)) ?? 0
    const delivery = { outcome: 'failed', error: '550 5.4.5 Daily limit', ...different } as Delivery
    await store.write(async tx => {
      await tx.claimDue('it', now, 50, () => plus(now, MINUTE))
      await tx.settle(id, delivery, now)
    })
    return id
  }

  test('refused for good, whoever it is for: told of, once a day, until a mail is sent', async () => {
    await refused('jane@example.org')
    now = plus(NOW, 10 * MINUTE)
    await refused('ben@example.org')
    expect(await changes()).toEqual([])
    now = plus(NOW, 15 * MINUTE)
    expect(await changes()).toEqual(['raised sending it, told'])
    expect(await notices()).toMatchObject([
      {
        mailbox: 'hr',
        mail: { text: expect.stringMatching(/since 2026-11-23 09:00 UTC\.\n.*550 5\.4\.5 Daily limit/) },
      },
    ])
    // Nobody writes for two days: it is not over because of that.
    now = plus(NOW, 2 * DAY)
    expect(await changes()).toEqual(['lasts sending it, told'])
    await store.write(tx => tx.retryOutboxMail(1, now))
    await store.write(tx => tx.settle(1, { outcome: 'sent', response: '250' }, now))
    expect(await changes()).toEqual(['over sending it, told'])
    now = plus(NOW, 3 * DAY)
    expect(await changes()).toEqual([])
  })

  const others: [string, () => Promise<unknown>][] = [
    ['of one address alone: that is about the address', () => refused('jane@example.org')],
    ['that others have got', () => refused('ben@example.org', { response: '250' })],
    [
      'before a mail was sent',
      async () => {
        await refused('ben@example.org')
        const sent = await enqueue(store, outgoing({ messageId: 'sent@x' }), now)
        now = plus(now, MINUTE)
        await store.write(tx => tx.settle(sent ?? 0, { outcome: 'sent', response: '250' }, now))
      },
    ],
    [
      'days ago, found at the first look',
      async () => {
        await refused('ben@example.org')
        now = plus(now, 2 * DAY)
      },
    ],
  ]
  test.each(others)('a refusal is no alarm: %s', async (_name, happens) => {
    await refused('jane@example.org')
    now = plus(now, MINUTE)
    await happens()
    now = plus(now, HOUR)
    expect(await changes()).toEqual([])
  })

  test('mail that merely waits its turn is none', async () => {
    await enqueue(store, outgoing(), NOW)
    now = plus(NOW, HOUR)
    expect(await changes()).toEqual([])
  })
})

describe('a mailbox to which no mail comes', () => {
  /** Six weeks with five mails in each working hour of it@, the last one `quietMs` before now. */
  const learnt = (quietMs: number) =>
    store.write(async tx => {
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
    now = plus(NOW, 90 * MINUTE)
    expect(await changes()).toEqual(['raised silence it, told'])
    expect((await notices())[0]).toMatchObject({
      mailbox: 'hr',
      mail: {
        subject: '[Postdesk] no mail comes to mailbox it',
        text: expect.stringMatching(/about \d\d mails come usually/),
      },
    })
    now = plus(NOW, 14 * HOUR)
    expect(await changes()).toEqual([])
    await store.write(tx => comes(tx, { uid: 99_999, receivedAt: now }))
    expect(await changes()).toEqual(['over silence it, told'])
  })

  test('is told of also when our own mails are copied into its sent folder, and when one came from the future', async () => {
    await learnt(DAY)
    now = plus(NOW, 90 * MINUTE)
    await store.write(async tx => {
      await tx.beginFolder('it', 'Sent', 'sent', { uidValidity: '7', lastUid: 0, readSince: null, sinceUid: 0 })
      for (let uid = 1; uid < 300; uid++)
        await comes(tx, { folder: 'Sent', uid, receivedAt: plus(now, -uid * 5 * MINUTE) })
      await comes(tx, { uid: 99_999, receivedAt: plus(now, 400 * DAY) })
    })
    expect(await changes()).toEqual(['raised silence it, told'])
  })

  test('is none while it cannot be read: that is told instead', async () => {
    await learnt(DAY)
    await fails('it')
    now = plus(NOW, 90 * MINUTE)
    expect(await changes()).toEqual(['raised reading it, told'])
  })

  test('is told of also while its sent mail cannot be read', async () => {
    watching = { ...watching, folders: watching.folders.map(one => ({ ...one, sent: 'Snet' })) }
    await learnt(DAY)
    await store.write(tx => tx.folderFailed('it', 'Snet', 'there is no folder Snet', now, 'sent'))
    now = plus(NOW, 90 * MINUTE)
    expect(await changes()).toEqual(['raised reading it, told', 'raised silence it, told'])
  })

  test('is none where nothing ever came', async () => {
    now = plus(NOW, 90 * MINUTE)
    expect(await changes()).toEqual([])
  })
})

test('the watch looks again and again, survives a store in trouble, and tells of a clock that was changed', async () => {
  const stop = new AbortController()
  let broken = true
  const read = { ...store.read, alarms: () => (broken ? Promise.reject(new Error('trouble')) : store.read.alarms()) }
  await fails('it')
  const watch = watchAlarms({ ...watching, store: { ...store, read } }, stop.signal, 5)
  await eventually(() => lines().find(({ msg }) => msg === 'it could not be looked whether all is well'))
  broken = false
  now = plus(NOW, HOUR)
  expect(
    await eventually(() => lines().find(({ msg }) => String(msg).startsWith('the clock of this machine was changed'))),
  ).toMatchObject({ jumpMs: expect.any(Number) })
  await eventually(async () => (await notices()).length === 1)
  stop.abort()
  await watch
})
