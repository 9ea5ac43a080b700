/*
 * The whole service in this process, with a clock of the test's own: what it does when reading fails for long, and when
 * the clock jumps.
 */
import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { startMemoryMailbox } from '../../src/demo/memory-mailbox.ts'
import { DAY, HOUR, instantOf } from '../../src/instant.ts'
import { startAppHere } from '../support/app-here.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { mail } from '../support/mail.ts'
import { freePorts } from '../support/ports.ts'
import { HOSTILE_PROGRAM } from '../support/reader.ts'
import { SMALL_DESK } from '../support/setup.ts'
import { startSmtp } from '../support/smtp.ts'
import { eventually } from '../support/wait.ts'

type Alarms = { items: { name: string; alarms: { cause: string; folder: string | null; detail: string }[] }[] }

const letter = (name: string, to = 'it', length = 0) => {
  const text = `Hello, this is ${name}, and I need your help. ${'It is a long story. '.repeat(length / 20)}`
  return mail({ from: `${name}@example.org`, to: `${to}@example.org`, text })
}

test('a mailbox that cannot be read: the admins get one mail through the other one, and one when it is over', async () => {
  const [port = 0] = await freePorts(1)
  await using imap = await startHoodiecrow({ users: ['it'] })
  await using smtp = await startSmtp()
  const it = imap.account('it')
  const send = { port: smtp.port }
  const mailboxes = { support: { imap: { ...it, port, user: 'support' }, smtp: send }, it: { imap: it, smtp: send } }
  await using desk = await startAppHere({ mailboxes, desk: `${SMALL_DESK}admins: [ops@example.org]\nalarmAfter: 5m\n` })
  await eventually(
    async () =>
      (await desk.store.read.folders()).some(({ mailbox, lastError }) => mailbox === 'support' && lastError !== null),
    15_000,
  )
  desk.jump(HOUR / 2)

  const [told] = await smtp.waitFor(1, 15_000)
  if (!told) throw new Error('nobody was told')
  expect(told.envelope).toEqual({ from: '', to: ['ops@example.org'] })
  const parsed = await simpleParser(told.bytes)
  expect(parsed.subject).toBe('[Postdesk] mailbox support cannot be read')
  expect(parsed.from?.value[0]?.address).toBe('it@example.org')
  expect(parsed.text).toContain(`nothing answers at 127.0.0.1:${port}`)
  expect(String(parsed.headers.get('auto-submitted'))).toMatch(/^auto-/)
  const { items } = await desk.get<Alarms>('/v1/mailboxes')
  expect(items.find(({ name }) => name === 'support')?.alarms).toMatchObject([{ cause: 'reading', folder: 'INBOX' }])
  expect(items.find(({ name }) => name === 'it')?.alarms).toEqual([])

  const late = await startMemoryMailbox({ user: 'support', password: it.password, port })
  const over = await smtp.waitFor(({ bytes }) => bytes.includes('is read again'), 30_000)
  expect(over).toHaveLength(1)
  expect(smtp.mails).toHaveLength(2)
  await late.stop()
})

test('the clock jumps a year ahead and back again: every mail is taken in and answered once', async () => {
  await using imap = await startHoodiecrow({ users: ['it'] })
  await using smtp = await startSmtp()
  await using desk = await startAppHere({
    mailboxes: { it: { imap: imap.account('it'), smtp: { port: smtp.port }, pollEvery: '1s' } },
  })
  const arrives = async (name: string) => {
    await imap.deliver('it', 'INBOX', letter(name), { receivedAt: instantOf(Date.now()) })
    await eventually(
      async () => (await desk.store.read.rawMails({ limit: 99 })).some(({ outcome }) => outcome === 'open'),
      15_000,
    )
  }
  const told = (name: string) => smtp.waitFor(({ envelope }) => envelope.to.includes(`${name}@example.org`), 15_000)
  const ledger = async (count: number) =>
    eventually(async () => (await desk.store.read.rawMails({ limit: 99 })).length === count, 15_000)

  await arrives('ann')
  await told('ann')
  desk.jump(365 * DAY)
  // It waits for a moment of next year when the clock comes back.
  smtp.next('temporary')
  await imap.deliver('it', 'INBOX', letter('bob'), { receivedAt: desk.clock() })
  await eventually(() => smtp.counts.attempts === 2, 15_000)
  // By that clock this one is a year old: it becomes a ticket, and its sender is not told.
  await imap.deliver('it', 'INBOX', letter('cem'), { receivedAt: instantOf(Date.now()) })
  await ledger(3)
  desk.jump(-365 * DAY)
  await arrives('dan')
  await told('dan')
  await told('bob')
  await desk.restart()
  await arrives('eve')
  await told('eve')
  await ledger(5)
  expect((await desk.store.read.rawMails({ limit: 9 })).map(({ outcome }) => outcome)).toEqual(Array(5).fill('open'))
  expect(smtp.mails.map(({ envelope }) => envelope.to[0]?.split('@')[0]).sort()).toEqual(['ann', 'bob', 'dan', 'eve'])
  const cem = (await desk.store.read.tickets({ requester: 'cem@example.org' }, 1))[0]
  expect((await desk.store.read.events(cem?.id ?? 0)).at(-1)).toMatchObject({
    kind: 'reply-withheld',
    data: { why: 'too-old' },
  })
  expect(desk.lines().some(({ msg }) => String(msg).startsWith('the clock of this machine was changed'))).toBe(true)
})

test('a full disk: mail waits on the server, nothing is sent twice, and all goes on once there is space', async () => {
  await using imap = await startHoodiecrow({ users: ['it'] })
  await using smtp = await startSmtp()
  const mailboxes = { it: { imap: imap.account('it'), smtp: { port: smtp.port }, pollEvery: '1s' } }
  await using desk = await startAppHere({ mailboxes }, { maxPages: 220 })
  const count = 40
  for (let at = 0; at < count; at++) await imap.deliver('it', 'INBOX', letter(`person-${at}`, 'it', 8_000))
  const full = await eventually(
    () => desk.lines().find(({ msg }) => msg === 'mail cannot be taken in: the database is in trouble'),
    20_000,
  )
  expect(full['reason']).toContain('the disk of the database is full. Free some space')
  expect((await desk.store.read.rawMails({ limit: 99 })).length).toBeLessThan(count)
  expect(desk.lines().filter(({ msg }) => msg === 'mail quarantined')).toEqual([])

  await desk.restart({})
  await eventually(async () => (await desk.store.read.rawMails({ limit: 99 })).length === count, 30_000)
  expect((await desk.store.read.rawMails({ limit: 99 })).map(({ outcome }) => outcome)).toEqual(
    Array(count).fill('open'),
  )
  await eventually(async () => (await desk.store.read.nextAttemptAt('it')) === null, 30_000)
  const people = smtp.mails.map(({ envelope }) => envelope.to[0])
  expect([people.length, new Set(people).size]).toEqual([count, count])
})

test('a mail that kills whoever reads it: it is quarantined, the others become tickets in order', async () => {
  await using imap = await startHoodiecrow({ users: ['it'] })
  await using smtp = await startSmtp()
  const names = ['ann', 'ben', 'cem', 'dan', 'eve']
  const poison = mail({ from: 'mal@example.org', to: 'it@example.org', headers: { 'X-Harm': 'take all memory' } })
  for (const name of names.slice(0, 2)) await imap.deliver('it', 'INBOX', letter(name))
  await imap.deliver('it', 'INBOX', poison)
  for (const name of names.slice(2)) await imap.deliver('it', 'INBOX', letter(name))
  const mailboxes = { it: { imap: imap.account('it'), smtp: { port: smtp.port } } }
  await using desk = await startAppHere({ mailboxes }, {}, HOSTILE_PROGRAM)
  await smtp.waitFor(names.length, 45_000)

  const ledger = (await desk.store.read.rawMails({ limit: 9 })).toReversed()
  expect(ledger.map(({ uid, outcome }) => [uid, outcome])).toEqual([
    [1, 'open'],
    [2, 'open'],
    [3, 'quarantine'],
    [4, 'open'],
    [5, 'open'],
    [6, 'open'],
  ])
  const reason = 'reading this mail took more than 256 MB of memory'
  expect(ledger[2]).toMatchObject({ reason })
  expect(await desk.store.read.rawBytes(ledger[2]?.id ?? 0)).toEqual(poison)
  const requesters = (await desk.store.read.tickets({}, 9)).map(({ id, requester }) => [id, requester?.address])
  expect(requesters.sort()).toEqual(names.map((name, at) => [1001 + at, `${name}@example.org`]))
  expect(desk.lines().filter(({ level }) => Number(level) >= 40)).toMatchObject([
    { msg: 'the process that reads mails has ended over a mail, which is tried once more', reason },
    { msg: 'the process that reads mails has ended over the same mail again: it is given up', reason },
    { msg: 'mail quarantined', mailbox: 'it', folder: 'INBOX', uid: 3, reason },
  ])
})
