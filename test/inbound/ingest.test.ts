import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createIds, newSecret } from '../../src/ids.ts'
import {
  type Arrival,
  type Ingested,
  type Intake,
  ingest,
  readAhead,
  release,
  replay,
} from '../../src/inbound/ingest.ts'
import type { Tx } from '../../src/store/store.ts'
import { keptLog } from '../support/log.ts'
import { mail, type TestMail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { openTestStore, type TestStore } from '../support/store.ts'

const NOW = '2026-11-23T09:00:05.000Z'
const ARRIVED = '2026-11-23T09:00:00.000Z'

let store: TestStore
let intake: Intake
let uid: number

beforeEach(async () => {
  store = await openTestStore()
  uid = 0
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
afterEach(() => store[Symbol.asyncDispose]())

const arrival = (bytes: Buffer, mailbox = 'it'): Arrival => ({
  mailbox,
  folder: 'INBOX',
  uidValidity: '1',
  uid: ++uid,
  receivedAt: ARRIVED,
  bytes,
})
const cursor = () => (tx: Tx) =>
  tx.setCursor('it', 'INBOX', { uidValidity: '1', lastUid: uid, readSince: null, sinceUid: 0 })
const take = async (...mails: (TestMail | Buffer)[]): Promise<Ingested[]> => {
  const arrivals = mails.map(one => arrival(Buffer.isBuffer(one) ? one : mail(one)))
  return ingest(intake, arrivals, cursor())
}
const jane = { from: 'Jane Doe <jane@example.org>', to: 'it@example.org' }
const kinds = async (ticket: number) => (await store.read.events(ticket)).map(event => event.kind)
const lastSent = async () => {
  const [sent] = await store.read.outbox({ limit: 1 })
  if (!sent) throw new Error('nothing was made out')
  return sent
}

describe('a new mail', () => {
  test('becomes a ticket with its history, an acknowledgement and two promises, all at once', async () => {
    const text = 'The printer on the third floor is jammed since this morning.'
    const [result] = await take({
      ...jane,
      cc: 'Bob <bob@example.org>',
      subject: 'Paper jam',
      text,
      messageId: 'a@jane.example',
    })
    expect(result).toMatchObject({ outcome: 'open', ticket: 1001 })
    const ticket = await store.read.ticket(1001)
    expect(ticket).toMatchObject({
      subject: 'Paper jam',
      category: 'printing',
      requester: { address: 'jane@example.org' },
      language: 'en',
    })
    expect(await kinds(1001)).toEqual(['opened', 'classified', 'due', 'reply-queued'])
    expect((await store.read.participants(1001)).map(person => person.address)).toEqual([
      'jane@example.org',
      'bob@example.org',
    ])
    const { mail: sent, dedupeKey } = await lastSent()
    expect(dedupeKey).toBe('ack:1001')
    expect(sent).toMatchObject({
      to: [{ name: 'Jane Doe', address: 'jane@example.org' }],
      subject: 'Re: Paper jam [#1001]',
      inReplyTo: 'a@jane.example',
      automatic: true,
    })
    expect(sent.text).toContain('1001')
    expect(intake.ids.ticketOf(sent.messageId)).toBe(1001)
    expect(await store.read.promises(1001)).toEqual([
      { kind: 'first-response', dueAt: ticket?.firstResponseDue, toldAt: NOW },
      { kind: 'resolution', dueAt: ticket?.resolutionDue, toldAt: NOW },
    ])
    expect(await store.read.cursor('it', 'INBOX')).toEqual({
      uidValidity: '1',
      lastUid: 1,
      readSince: null,
      sinceUid: 0,
    })
  })

  test('keeps its bytes and its attachments', async () => {
    const bytes = mail({
      ...jane,
      attachments: [{ filename: 'log.txt', contentType: 'text/plain', content: 'error 42' }],
    })
    const [result] = await take(bytes)
    expect(await store.read.rawBytes(result?.rawMail ?? 0)).toEqual(bytes)
    const [message] = await store.read.messages(1001)
    expect(message?.attachments).toMatchObject([{ filename: 'log.txt', size: 8, inline: false }])
  })

  test('of a stranger is answered without a word of theirs', async () => {
    await take({
      from: 'CLICK HERE <x@elsewhere.example>',
      to: 'it@example.org',
      subject: 'You have won, see evil.example',
    })
    const { mail: sent } = await lastSent()
    expect(JSON.stringify(sent)).not.toMatch(/CLICK|won|evil/)
    expect(sent.subject).toContain('[#1001]')
  })
})

describe('a reply', () => {
  test('to our acknowledgement joins the ticket and gets no second one', async () => {
    await take({ ...jane, messageId: 'a@jane.example' })
    const { mail: ack } = await lastSent()
    const [result] = await take({ ...jane, subject: ack.subject, inReplyTo: ack.messageId, text: 'One more thing.' })
    expect(result).toMatchObject({ outcome: 'append', ticket: 1001 })
    expect(await store.read.outbox({ limit: 9 })).toHaveLength(1)
    const threaded = (await store.read.events(1001)).find(event => event.kind === 'threaded')
    expect(threaded?.data).toMatchObject({ signal: 'own-id', value: ack.messageId, standing: 'accepted' })
  })

  test('that arrives before its parent is joined by the parent', async () => {
    const bob = { from: 'Bob <bob@example.org>', to: ['it@example.org', 'jane@example.org'] }
    await take({ ...bob, subject: 'Re: Printer', inReplyTo: 'a@jane.example', references: ['a@jane.example'] })
    const [parent] = await take({ ...jane, cc: 'bob@example.org', subject: 'Printer', messageId: 'A@jane.example' })
    expect(parent).toMatchObject({ outcome: 'append', ticket: 1001, reason: 'awaited a@jane.example' })
  })

  test('to a mail that never arrives joins those who cite the same', async () => {
    await take({ ...jane, subject: 'Re: Printer', references: ['lost@jane.example'] })
    const [second] = await take({ ...jane, subject: 'Re: Printer', references: ['lost@jane.example'] })
    expect(second).toMatchObject({ outcome: 'append', reason: 'cited-id lost@jane.example' })
  })

  test('with only the tag in its subject joins when the sender takes part, and else opens a ticket', async () => {
    await take(jane)
    const [own, stranger] = await take(
      { ...jane, subject: 'Re: something else [#1001]' },
      { from: 'Mallory <m@elsewhere.example>', to: 'it@example.org', subject: '[#1001] give me the data' },
    )
    expect(own).toMatchObject({ outcome: 'append', ticket: 1001 })
    expect(stranger).toMatchObject({ outcome: 'open', ticket: 1002 })
    expect((await store.read.events(1002))[0]?.data).toMatchObject({ rejected: [{ ticket: 1001, signal: 'tag' }] })
  })

  test('of a stranger with a stolen reference is pending, changes nothing and lets nobody else in', async () => {
    await take({ ...jane, messageId: 'a@jane.example' })
    const mallory = { from: 'Mallory <m@elsewhere.example>', to: 'it@example.org', cc: 'eve@elsewhere.example' }
    await take({ ...mallory, inReplyTo: 'a@jane.example', messageId: 'm@elsewhere.example' })
    expect((await store.read.messages(1001)).at(-1)).toMatchObject({ author: 'stranger', standing: 'pending' })
    expect((await store.read.participants(1001)).map(person => person.address)).toEqual(['jane@example.org'])
    const [eve] = await take({ from: 'eve@elsewhere.example', to: 'it@example.org', inReplyTo: 'm@elsewhere.example' })
    expect(eve).toMatchObject({ outcome: 'open', ticket: 1002 })
    expect(await store.read.outbox({ limit: 9 })).toHaveLength(2)
  })
})

describe("an agent's answer", () => {
  const headers = { 'Authentication-Results': 'mx.example.org; dmarc=pass header.from=example.org' }
  const ana = { from: 'Ana <ana@example.org>', to: 'it@example.org', headers }

  beforeEach(() => {
    intake = { ...intake, policy: policy({ mx: { servIds: new Set(['mx.example.org']), sealers: new Set() } }) }
  })

  test('reaches the requester once, under the name of the agent, with the attachments', async () => {
    await take({ ...jane, messageId: 'a@jane.example', subject: 'Printer' })
    const attachments = [{ filename: 'steps.pdf', contentType: 'application/pdf', content: '%PDF' }]
    await take({
      ...ana,
      subject: 'Re: Printer',
      inReplyTo: 'a@jane.example',
      text: 'Open tray 2.\n\n> old text\n',
      attachments,
    })
    const { mail: sent, kind } = await lastSent()
    expect(kind).toBe('answer')
    expect(sent).toMatchObject({
      from: { name: 'Ana Pop (IT Help)', address: 'it@example.org' },
      to: [{ address: 'jane@example.org' }],
      subject: 'Re: Printer [#1001]',
      inReplyTo: 'a@jane.example',
      automatic: false,
      attachments: [{ rawMail: 2, part: 0, filename: 'steps.pdf' }],
    })
    expect(sent.text).toBe('Open tray 2.\n')
    expect(await store.read.ticket(1001)).toMatchObject({ status: 'pending', firstResponseAt: NOW })
  })

  test('is not sent again when the requester was addressed, and still counts', async () => {
    await take({ ...jane, messageId: 'a@jane.example' })
    await take({ ...ana, to: 'jane@example.org', cc: 'it@example.org', inReplyTo: 'a@jane.example', text: 'Done.' })
    expect(await store.read.outbox({ limit: 9 })).toHaveLength(1)
    expect(await store.read.ticket(1001)).toMatchObject({ firstResponseAt: NOW })
    const withheld = (await store.read.events(1001))
      .filter(event => event.kind === 'reply-withheld')
      .map(event => event.data['why'])
    expect(withheld).toEqual(['belongs-to-ticket', 'already-addressed'])
  })

  test('solves with #solved; the requester reopens by writing', async () => {
    await take({ ...jane, messageId: 'a@jane.example' })
    await take({ ...ana, inReplyTo: 'a@jane.example', text: '#solved\nNew toner is in.' })
    expect(await store.read.ticket(1001)).toMatchObject({ status: 'solved', solvedAt: NOW })
    const { mail: sent } = await lastSent()
    expect(sent.text).toMatch(/^New toner is in\.\n\nWith this we consider your request 1001 solved\./)
    await take({ ...jane, inReplyTo: sent.messageId, text: 'It is jammed again.' })
    expect(await store.read.ticket(1001)).toMatchObject({ status: 'open', solvedAt: null })
  })
})

describe('what is no request', () => {
  test('the same mail in two mailboxes is one ticket with one acknowledgement', async () => {
    const bytes = mail({ ...jane, messageId: 'a@jane.example' })
    await take(bytes)
    const received = Buffer.concat([
      Buffer.from('Received: from elsewhere.example\r\nDelivered-To: support@example.org\r\n'),
      bytes,
    ])
    const [second] = await ingest(intake, [arrival(received, 'support')], cursor())
    expect(second).toMatchObject({ outcome: 'duplicate', ticket: 1001 })
    expect(await kinds(1001)).toContain('duplicate')
    expect(await store.read.outbox({ limit: 9 })).toHaveLength(1)
  })

  test('the same Message-ID with other content is another mail', async () => {
    await take({ ...jane, messageId: 'a@jane.example', text: 'The printer is jammed.' })
    const [second] = await take({ ...jane, messageId: 'a@jane.example', text: 'My chair is broken.' })
    expect(second).toMatchObject({ outcome: 'open', ticket: 1002 })
  })

  test('an out-of-office to our acknowledgement is kept on the ticket, without power over it', async () => {
    await take({ ...jane, messageId: 'a@jane.example' })
    const { mail: ack } = await lastSent()
    const headers = { 'Auto-Submitted': 'auto-replied' }
    const [robot] = await take({ ...jane, inReplyTo: ack.messageId, subject: 'Automatic reply: hello', headers })
    expect(robot).toMatchObject({ outcome: 'append', ticket: 1001 })
    expect((await store.read.messages(1001)).at(-1)).toMatchObject({ author: 'robot' })
    expect(await store.read.outbox({ limit: 9 })).toHaveLength(1)
  })

  test('an out-of-office to nothing we know is kept without a ticket', async () => {
    const [robot] = await take({ ...jane, subject: 'Out of office', headers: { 'Auto-Submitted': 'auto-replied' } })
    expect(robot).toMatchObject({ outcome: 'automatic', ticket: null })
    expect(robot?.reason).toContain('Auto-Submitted')
    expect(await store.read.tickets({}, 9)).toEqual([])
  })
})

describe('blocked mail', () => {
  const spam = { from: 'Bob <bob@shop.example>', to: 'it@example.org', headers: { 'X-Spam-Flag': 'YES' } }

  test('is kept with the reason: no ticket, no answer, nothing to be searched', async () => {
    const [result] = await take({ ...spam, text: 'Cheap zeppelins' })
    expect(result).toMatchObject({
      outcome: 'blocked',
      ticket: null,
      reason: expect.stringContaining('X-Spam-Flag: YES'),
    })
    expect(await store.read.rawMails({ outcome: 'blocked', limit: 9 })).toHaveLength(1)
    expect(await store.read.tickets({}, 9)).toEqual([])
    expect(await store.read.outbox({ limit: 9 })).toEqual([])
    expect(await store.read.languageOf('bob@shop.example')).toBeNull()
  })

  test('once released is a ticket with its acknowledgement, and only once', async () => {
    const [blocked] = await take({ ...spam, text: 'The printer on the third floor is jammed.' })
    const rawMail = blocked?.rawMail ?? 0
    await expect(replay(intake, rawMail)).rejects.toMatchObject({ code: 'conflict' })
    expect(await release(intake, rawMail)).toMatchObject({ outcome: 'open', ticket: 1001 })
    expect(await store.read.ticket(1001)).toMatchObject({ requester: { address: 'bob@shop.example' } })
    expect((await lastSent()).dedupeKey).toBe('ack:1001')
    await expect(release(intake, rawMail)).rejects.toMatchObject({ code: 'conflict' })
    await expect(release(intake, 99)).rejects.toMatchObject({ code: 'not_found' })

    // Who has a ticket and takes part in it is not blocked any more; other mail of theirs still is.
    const answer = { ...spam, inReplyTo: (await lastSent()).mail.messageId, subject: 'Re: it' }
    expect((await take(answer, { ...spam, subject: 'Buy' })).map(({ outcome }) => outcome)).toEqual([
      'append',
      'blocked',
    ])
  })

  test('released late is not acknowledged any more', async () => {
    const [blocked] = await take(spam)
    const later = { ...intake, clock: () => '2026-11-26T09:00:00.000Z' }
    expect(await release(later, blocked?.rawMail ?? 0)).toMatchObject({ outcome: 'open' })
    expect(await store.read.outbox({ limit: 9 })).toEqual([])
  })

  test('does not hide a copy that is not blocked; once that is a ticket, the blocked one is its duplicate', async () => {
    const copy = { ...spam, messageId: 'twice@shop.example', date: new Date(ARRIVED) }
    const [blocked, clean, again] = await take(copy, { ...copy, headers: {} }, copy)
    expect([blocked, clean, again].map(one => one?.outcome)).toEqual(['blocked', 'open', 'duplicate'])
    expect(await release(intake, blocked?.rawMail ?? 0)).toMatchObject({ outcome: 'duplicate', ticket: 1001 })
  })

  test('an employee is blocked by the filter until there is a ticket of theirs, by the list always', async () => {
    const marked = { ...jane, headers: { 'X-Spam-Flag': 'YES' } }
    expect((await take(marked, jane, { ...marked, subject: 'B' })).map(({ outcome }) => outcome)).toEqual([
      'blocked',
      'open',
      'open',
    ])
    const listed = policy({ senders: { allow: new Set(), block: new Set(['jane@example.org']) } })
    const [blocked] = await ingest({ ...intake, policy: listed }, [arrival(mail({ ...jane, subject: 'C' }))], cursor())
    expect(blocked).toMatchObject({ outcome: 'blocked', reason: expect.stringContaining('jane@example.org') })
  })

  test('a bounce of our mail that a filter marked is still a report; one of a mail of others is blocked', async () => {
    await take(jane)
    const ours = (await lastSent()).mail.messageId
    const bounce = (id: string) =>
      Buffer.from(
        [
          'From: MAILER-DAEMON@mail.example.com',
          'X-Spam-Flag: YES',
          `Message-ID: <bounce-of-${id}>`,
          'Content-Type: multipart/report; report-type=delivery-status; boundary=x',
          'MIME-Version: 1.0',
          ...['', '--x', 'Content-Type: text/plain', '', 'It did not work.'],
          ...['', '--x', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mail.example.com', ''],
          ...['Final-Recipient: rfc822; jane@example.org', 'Action: failed', 'Status: 5.1.1'],
          ...['', '--x', 'Content-Type: text/rfc822-headers', '', `Message-ID: <${id}>`, '', '--x--', ''],
        ].join('\r\n'),
      )
    const [known, unknown] = await take(bounce(ours), bounce('x@elsewhere.example'))
    expect(known).toMatchObject({ outcome: 'report', ticket: 1001 })
    expect(unknown).toMatchObject({ outcome: 'blocked', ticket: null })
  })
})

describe('what goes wrong', () => {
  const broken = Buffer.from(`From: a@example.org\r\nX-Big: ${'x'.repeat(2_000_000)}\r\n\r\nhello`)

  test('a mail that cannot be read is quarantined with its bytes, and the others go on', async () => {
    const results = await take(jane, broken, { ...jane, subject: 'Other' })
    expect(results.map(result => result.outcome)).toEqual(['open', 'quarantine', 'open'])
    expect(results[1]?.reason).toMatch(/header/i)
    expect(await store.read.rawBytes(results[1]?.rawMail ?? 0)).toEqual(broken)
    expect(await store.read.cursor('it', 'INBOX')).toMatchObject({ lastUid: 3 })
  })

  test('a mail that cannot be recorded is undone as a whole, quarantined, and can be replayed', async () => {
    const rules = policy().serviceLevels
    const bad = { ...intake, policy: policy({ serviceLevels: new Map() }) }
    const [failed] = await ingest(bad, [arrival(mail(jane))], cursor())
    expect(failed).toMatchObject({ outcome: 'quarantine', ticket: null })
    expect(await store.read.tickets({}, 9)).toEqual([])
    expect(rules.size).toBe(1)
    expect(await replay(intake, failed?.rawMail ?? 0)).toMatchObject({ outcome: 'open', ticket: 1001 })
    await expect(replay(intake, failed?.rawMail ?? 0)).rejects.toMatchObject({ code: 'conflict' })
    await expect(replay(intake, 99)).rejects.toMatchObject({ code: 'not_found' })
  })

  describe('a mail of a mailbox that is not configured any more', () => {
    const box = (name: string, ...addresses: string[]) => {
      const it = policy().mailboxes.get('it')
      if (!it) throw new Error('no it')
      return [name, { ...it, name, addresses }] as const
    }
    /** Its own mailbox is called `old`; it is in quarantine, or blocked. */
    const kept = async (given: TestMail) => {
      const ill = {
        ...intake,
        policy: policy({ serviceLevels: new Map(), mailboxes: new Map([box('old', 'it@example.org')]) }),
      }
      const [mailThere] = await ingest(ill, [arrival(mail(given), 'old')], cursor())
      return mailThere?.rawMail ?? 0
    }
    const spam = { ...jane, headers: { 'X-Spam-Flag': 'YES' } }

    test.each([
      ['replayed', jane, replay],
      ['released', spam, release],
    ] as const)('is %s in the one that has its address now', async (_, given, again) => {
      const rawMail = await kept(given)
      const help = box('help', 'help@example.org', 'it@example.org')
      const now = { ...intake, policy: policy({ mailboxes: new Map([box('hr', 'hr@example.org'), help]) }) }
      expect(await again(now, rawMail)).toMatchObject({ outcome: 'open', ticket: 1001 })
      expect(await store.read.ticket(1001)).toMatchObject({ mailbox: 'help' })
      expect((await store.read.outbox({ limit: 9 })).map(({ mailbox }) => mailbox)).toEqual(['help'])
    })

    test.each([
      ['replayed', jane, replay],
      ['released', spam, release],
    ] as const)('is not %s when it went to none that is, and stays what it is', async (_, given, again) => {
      const rawMail = await kept(given)
      const before = await store.read.rawMail(rawMail)
      const now = { ...intake, policy: policy({ mailboxes: new Map([box('hr', 'hr@example.org')]) }) }
      await expect(again(now, rawMail)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('the mailbox old, which is not configured any more: give the address'),
      })
      expect(await store.read.rawMail(rawMail)).toEqual(before)
    })
  })

  test('trouble with the whole store quarantines nothing: nothing has happened, and it can be done again', async () => {
    const arrivals = [arrival(mail(jane))]
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    const failing: Intake = {
      ...intake,
      store: { ...store, write: work => store.write(tx => work({ ...tx, saveMessage: () => Promise.reject(full) })) },
    }
    await expect(ingest(failing, arrivals, cursor())).rejects.toThrow('the disk of the database is full')
    expect(await store.read.rawMails({ limit: 9 })).toEqual([])
    expect(await store.read.cursor('it', 'INBOX')).toBeNull()
    expect(await ingest(intake, arrivals, cursor())).toMatchObject([{ outcome: 'open' }])
  })

  test('the same UIDs again do nothing', async () => {
    const arrivals = [arrival(mail(jane))]
    await ingest(intake, arrivals, cursor())
    expect(await ingest(intake, arrivals, cursor())).toEqual([])
    expect(await store.read.tickets({}, 9)).toHaveLength(1)
  })
})

describe('reading ahead', () => {
  const window = (...numbers: number[]) =>
    numbers.map(number => ({ uid: number, bytes: Buffer.from(`Subject: ${number}`) }))

  test('the next window is being read while the caller is at this one, and none is asked for before its time', async () => {
    const seen: string[] = []
    const reader = {
      ...intake.reader,
      read: (bytes: Buffer) => {
        seen.push(`reads ${bytes}`)
        return intake.reader.read(bytes, false)
      },
    }
    async function* windows() {
      for (const numbers of [[1, 2], [3], [4]]) yield window(...numbers)
    }
    for await (const mails of readAhead(reader, windows(), false)) {
      seen.push(`at ${mails.map(({ uid }) => uid)}`)
    }
    expect(seen).toEqual([
      ...['reads Subject: 1', 'reads Subject: 2', 'reads Subject: 3', 'at 1,2'],
      ...['reads Subject: 4', 'at 3', 'at 4'],
    ])
  })

  test('what was fetched before the connection broke is still handed out', async () => {
    async function* windows() {
      yield window(1)
      yield window(2)
      throw new Error('gone')
    }
    const uids: number[] = []
    const all = async () => {
      for await (const mails of readAhead(intake.reader, windows(), false)) uids.push(...mails.map(one => one.uid))
    }
    await expect(all()).rejects.toThrow('gone')
    expect(uids).toEqual([1, 2])
  })

  test('a reader that is gone rejects where the mail is taken in, and nothing has happened', async () => {
    const stopped = { ...intake.reader, read: () => Promise.reject(new Error('stopped')) }
    const ahead = readAhead<Arrival>(stopped, Readable.from([[arrival(mail(jane))]]), false)
    for await (const arrivals of ahead) await expect(ingest(intake, arrivals, cursor())).rejects.toThrow('stopped')
    expect(await store.read.rawMails({ limit: 9 })).toEqual([])
  })
})
