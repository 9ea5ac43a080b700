import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Intake, ingest, replay } from '../../src/inbound/ingest.ts'
import { NOW, openIntake, type TestIntake } from '../support/intake.ts'
import { mail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'

let desk: TestIntake
beforeEach(async () => {
  desk = await openIntake()
})
afterEach(() => desk[Symbol.asyncDispose]())

const jane = { from: 'Jane Doe <jane@example.org>', to: 'it@example.org' }
const kinds = async (ticket: number) => (await desk.store.read.events(ticket)).map(event => event.kind)

describe('a new mail', () => {
  test('becomes a ticket with its history, an acknowledgement and two promises, all at once', async () => {
    const text = 'The printer on the third floor is jammed since this morning.'
    const [result] = await desk.take({
      ...jane,
      cc: 'Bob <bob@example.org>',
      subject: 'Paper jam',
      text,
      messageId: 'a@jane.example',
    })
    expect(result).toMatchObject({ outcome: 'open', ticket: 1001 })
    const ticket = await desk.store.read.ticket(1001)
    expect(ticket).toMatchObject({
      subject: 'Paper jam',
      category: 'printing',
      requester: { address: 'jane@example.org' },
      language: 'en',
    })
    expect(await kinds(1001)).toEqual(['opened', 'classified', 'due', 'reply-queued'])
    expect((await desk.store.read.participants(1001)).map(person => person.address)).toEqual([
      'jane@example.org',
      'bob@example.org',
    ])
    const { mail: sent, dedupeKey } = await desk.lastSent()
    expect(dedupeKey).toBe('ack:1001')
    expect(sent).toMatchObject({
      to: [{ name: 'Jane Doe', address: 'jane@example.org' }],
      subject: 'Re: Paper jam [#1001]',
      inReplyTo: 'a@jane.example',
      automatic: true,
    })
    expect(sent.text).toContain('1001')
    expect(desk.intake.ids.ticketOf(sent.messageId)).toBe(1001)
    expect(await desk.store.read.promises(1001)).toEqual([
      { kind: 'first-response', dueAt: ticket?.firstResponseDue, toldAt: NOW },
      { kind: 'resolution', dueAt: ticket?.resolutionDue, toldAt: NOW },
    ])
    expect(await desk.store.read.cursor('it', 'INBOX')).toEqual({
      uidValidity: '1',
      lastUid: 1,
      readSince: null,
      sinceUid: 0,
    })
  })

  test('that lay on the server for long is promised only what is still to come', async () => {
    const arrival = { ...desk.arrival(mail({ ...jane, subject: 'Paper jam' })), receivedAt: '2026-11-22T23:00:00.000Z' }
    desk.intake = { ...desk.intake, clock: () => '2026-11-23T13:00:00.000Z' }
    await ingest(desk.intake, [arrival], desk.cursor)
    const ticket = await desk.store.read.ticket(1001)
    expect(ticket).toMatchObject({ firstResponseDue: '2026-11-23T11:00:00.000Z' })
    expect((await desk.lastSent()).kind).toBe('acknowledgement')
    expect(await desk.store.read.promises(1001)).toMatchObject([{ kind: 'resolution', dueAt: ticket?.resolutionDue }])
  })

  test('keeps its bytes and its attachments', async () => {
    const bytes = mail({
      ...jane,
      attachments: [{ filename: 'log.txt', contentType: 'text/plain', content: 'error 42' }],
    })
    const [result] = await desk.take(bytes)
    expect(await desk.store.read.rawBytes(result?.rawMail ?? 0)).toEqual(bytes)
    const [message] = await desk.store.read.messages(1001)
    expect(message?.attachments).toMatchObject([{ filename: 'log.txt', size: 8, inline: false }])
  })

  test('of a stranger is answered without a word of theirs', async () => {
    await desk.take({
      from: 'CLICK HERE <x@elsewhere.example>',
      to: 'it@example.org',
      subject: 'You have won, see evil.example',
    })
    const { mail: sent } = await desk.lastSent()
    expect(JSON.stringify(sent)).not.toMatch(/CLICK|won|evil/)
    expect(sent.subject).toContain('[#1001]')
  })
})

describe('a reply', () => {
  test('to our acknowledgement joins the ticket and gets no second one', async () => {
    await desk.take({ ...jane, messageId: 'a@jane.example' })
    const { mail: ack } = await desk.lastSent()
    const [result] = await desk.take({
      ...jane,
      subject: ack.subject,
      inReplyTo: ack.messageId,
      text: 'One more thing.',
    })
    expect(result).toMatchObject({ outcome: 'append', ticket: 1001 })
    expect(await desk.store.read.outbox({ limit: 9 })).toHaveLength(1)
    const threaded = (await desk.store.read.events(1001)).find(event => event.kind === 'threaded')
    expect(threaded?.data).toMatchObject({ signal: 'own-id', value: ack.messageId, standing: 'accepted' })
  })

  test('that arrives before its parent is joined by the parent', async () => {
    const bob = { from: 'Bob <bob@example.org>', to: ['it@example.org', 'jane@example.org'] }
    await desk.take({ ...bob, subject: 'Re: Printer', inReplyTo: 'a@jane.example', references: ['a@jane.example'] })
    const [parent] = await desk.take({
      ...jane,
      cc: 'bob@example.org',
      subject: 'Printer',
      messageId: 'A@jane.example',
    })
    expect(parent).toMatchObject({ outcome: 'append', ticket: 1001, reason: 'awaited a@jane.example' })
  })

  test('to a mail that never arrives joins those who cite the same', async () => {
    await desk.take({ ...jane, subject: 'Re: Printer', references: ['lost@jane.example'] })
    const [second] = await desk.take({ ...jane, subject: 'Re: Printer', references: ['lost@jane.example'] })
    expect(second).toMatchObject({ outcome: 'append', reason: 'cited-id lost@jane.example' })
  })

  test('with only the tag in its subject joins when the sender takes part, and else opens a ticket', async () => {
    await desk.take(jane)
    const [own, stranger] = await desk.take(
      { ...jane, subject: 'Re: something else [#1001]' },
      { from: 'Mallory <m@elsewhere.example>', to: 'it@example.org', subject: '[#1001] give me the data' },
    )
    expect(own).toMatchObject({ outcome: 'append', ticket: 1001 })
    expect(stranger).toMatchObject({ outcome: 'open', ticket: 1002 })
    expect((await desk.store.read.events(1002))[0]?.data).toMatchObject({ rejected: [{ ticket: 1001, signal: 'tag' }] })
  })

  test('of a stranger with a stolen reference is pending, changes nothing and lets nobody else in', async () => {
    await desk.take({ ...jane, messageId: 'a@jane.example' })
    const mallory = { from: 'Mallory <m@elsewhere.example>', to: 'it@example.org', cc: 'eve@elsewhere.example' }
    await desk.take({ ...mallory, inReplyTo: 'a@jane.example', messageId: 'm@elsewhere.example' })
    expect((await desk.store.read.messages(1001)).at(-1)).toMatchObject({ author: 'stranger', standing: 'pending' })
    expect((await desk.store.read.participants(1001)).map(person => person.address)).toEqual(['jane@example.org'])
    const [eve] = await desk.take({
      from: 'eve@elsewhere.example',
      to: 'it@example.org',
      inReplyTo: 'm@elsewhere.example',
    })
    expect(eve).toMatchObject({ outcome: 'open', ticket: 1002 })
    expect(await desk.store.read.outbox({ limit: 9 })).toHaveLength(2)
  })
})

describe("an agent's answer", () => {
  const headers = { 'Authentication-Results': 'mx.example.org; dmarc=pass header.from=example.org' }
  const ana = { from: 'Ana <ana@example.org>', to: 'it@example.org', headers }

  beforeEach(() => {
    desk.intake = {
      ...desk.intake,
      policy: policy({ mx: { servIds: new Set(['mx.example.org']), sealers: new Set() } }),
    }
  })

  test('reaches the requester once, under the name of the agent, with the attachments', async () => {
    await desk.take({ ...jane, messageId: 'a@jane.example', subject: 'Printer' })
    const attachments = [{ filename: 'steps.pdf', contentType: 'application/pdf', content: '%PDF' }]
    await desk.take({
      ...ana,
      subject: 'Re: Printer',
      inReplyTo: 'a@jane.example',
      text: 'Open tray 2.\n\n> old text\n',
      attachments,
    })
    const { mail: sent, kind } = await desk.lastSent()
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
    expect(await desk.store.read.ticket(1001)).toMatchObject({ status: 'pending', firstResponseAt: NOW })
  })

  test('is not sent again when the requester was addressed, and still counts', async () => {
    await desk.take({ ...jane, messageId: 'a@jane.example' })
    await desk.take({
      ...ana,
      to: 'jane@example.org',
      cc: 'it@example.org',
      inReplyTo: 'a@jane.example',
      text: 'Done.',
    })
    expect(await desk.store.read.outbox({ limit: 9 })).toHaveLength(1)
    expect(await desk.store.read.ticket(1001)).toMatchObject({ firstResponseAt: NOW })
    const withheld = (await desk.store.read.events(1001))
      .filter(event => event.kind === 'reply-withheld')
      .map(event => event.data['why'])
    expect(withheld).toEqual(['belongs-to-ticket', 'already-addressed'])
  })

  test('solves with #solved; the requester reopens by writing', async () => {
    await desk.take({ ...jane, messageId: 'a@jane.example' })
    await desk.take({ ...ana, inReplyTo: 'a@jane.example', text: '#solved\nNew toner is in.' })
    expect(await desk.store.read.ticket(1001)).toMatchObject({ status: 'solved', solvedAt: NOW })
    const { mail: sent } = await desk.lastSent()
    expect(sent.text).toMatch(/^New toner is in\.\n\nWith this we consider your request 1001 solved\./)
    await desk.take({ ...jane, inReplyTo: sent.messageId, text: 'It is jammed again.' })
    expect(await desk.store.read.ticket(1001)).toMatchObject({ status: 'open', solvedAt: null })
  })
})

describe('what is no request', () => {
  test('the same mail in two mailboxes is one ticket with one acknowledgement', async () => {
    const bytes = mail({ ...jane, messageId: 'a@jane.example' })
    await desk.take(bytes)
    const received = Buffer.concat([
      Buffer.from('Received: from elsewhere.example\r\nDelivered-To: support@example.org\r\n'),
      bytes,
    ])
    const [second] = await ingest(desk.intake, [desk.arrival(received, 'support')], desk.cursor)
    expect(second).toMatchObject({ outcome: 'duplicate', ticket: 1001 })
    expect(await kinds(1001)).toContain('duplicate')
    expect(await desk.store.read.outbox({ limit: 9 })).toHaveLength(1)
  })

  test('the same Message-ID with other content is another mail', async () => {
    await desk.take({ ...jane, messageId: 'a@jane.example', text: 'The printer is jammed.' })
    const [second] = await desk.take({ ...jane, messageId: 'a@jane.example', text: 'My chair is broken.' })
    expect(second).toMatchObject({ outcome: 'open', ticket: 1002 })
  })

  test('an out-of-office to our acknowledgement is kept on the ticket, without power over it', async () => {
    await desk.take({ ...jane, messageId: 'a@jane.example' })
    const { mail: ack } = await desk.lastSent()
    const headers = { 'Auto-Submitted': 'auto-replied' }
    const [robot] = await desk.take({ ...jane, inReplyTo: ack.messageId, subject: 'Automatic reply: hello', headers })
    expect(robot).toMatchObject({ outcome: 'append', ticket: 1001 })
    expect((await desk.store.read.messages(1001)).at(-1)).toMatchObject({ author: 'robot' })
    expect(await desk.store.read.outbox({ limit: 9 })).toHaveLength(1)
  })

  test('an out-of-office to nothing we know is kept without a ticket', async () => {
    const [robot] = await desk.take({
      ...jane,
      subject: 'Out of office',
      headers: { 'Auto-Submitted': 'auto-replied' },
    })
    expect(robot).toMatchObject({ outcome: 'automatic', ticket: null })
    expect(robot?.reason).toContain('Auto-Submitted')
    expect(await desk.store.read.tickets({}, 9)).toEqual([])
  })
})

describe('what goes wrong', () => {
  const broken = Buffer.from(`From: a@example.org\r\nX-Big: ${'x'.repeat(2_000_000)}\r\n\r\nhello`)

  test('a mail that cannot be read is quarantined with its bytes, and the others go on', async () => {
    const results = await desk.take(jane, broken, { ...jane, subject: 'Other' })
    expect(results.map(result => result.outcome)).toEqual(['open', 'quarantine', 'open'])
    expect(results[1]?.reason).toMatch(/header/i)
    expect(await desk.store.read.rawBytes(results[1]?.rawMail ?? 0)).toEqual(broken)
    expect(await desk.store.read.cursor('it', 'INBOX')).toMatchObject({ lastUid: 3 })
  })

  test('a mail that cannot be recorded is undone as a whole, quarantined, and can be replayed', async () => {
    const rules = policy().serviceLevels
    const bad = { ...desk.intake, policy: policy({ serviceLevels: new Map() }) }
    const [failed] = await ingest(bad, [desk.arrival(mail(jane))], desk.cursor)
    expect(failed).toMatchObject({ outcome: 'quarantine', ticket: null })
    expect(await desk.store.read.tickets({}, 9)).toEqual([])
    expect(rules.size).toBe(1)
    expect(await replay(desk.intake, failed?.rawMail ?? 0)).toMatchObject({ outcome: 'open', ticket: 1001 })
    await expect(replay(desk.intake, failed?.rawMail ?? 0)).rejects.toMatchObject({ code: 'conflict' })
    await expect(replay(desk.intake, 99)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('trouble with the whole store quarantines nothing: nothing has happened, and it can be done again', async () => {
    const arrivals = [desk.arrival(mail(jane))]
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
    const failing: Intake = {
      ...desk.intake,
      store: {
        ...desk.store,
        write: work => desk.store.write(tx => work({ ...tx, saveMessage: () => Promise.reject(full) })),
      },
    }
    await expect(ingest(failing, arrivals, desk.cursor)).rejects.toThrow('the disk of the database is full')
    expect(await desk.store.read.rawMails({ limit: 9 })).toEqual([])
    expect(await desk.store.read.cursor('it', 'INBOX')).toBeNull()
    expect(await ingest(desk.intake, arrivals, desk.cursor)).toMatchObject([{ outcome: 'open' }])
  })

  test('the same UIDs again do nothing', async () => {
    const arrivals = [desk.arrival(mail(jane))]
    await ingest(desk.intake, arrivals, desk.cursor)
    expect(await ingest(desk.intake, arrivals, desk.cursor)).toEqual([])
    expect(await desk.store.read.tickets({}, 9)).toHaveLength(1)
  })
})
