/*
 * Mail that a filter marked or a list blocks: kept, without a ticket, until somebody releases it.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ingest, release, replay } from '../../src/inbound/ingest.ts'
import { ARRIVED, openIntake, type TestIntake } from '../support/intake.ts'
import { mail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'

let desk: TestIntake
beforeEach(async () => {
  desk = await openIntake()
})
afterEach(() => desk[Symbol.asyncDispose]())

const jane = { from: 'Jane Doe <jane@example.org>', to: 'it@example.org' }

describe('blocked mail', () => {
  const spam = { from: 'Bob <bob@shop.example>', to: 'it@example.org', headers: { 'X-Spam-Flag': 'YES' } }

  test('is kept with the reason: no ticket, no answer, nothing to be searched', async () => {
    const [result] = await desk.take({ ...spam, text: 'Cheap zeppelins' })
    expect(result).toMatchObject({
      outcome: 'blocked',
      ticket: null,
      reason: expect.stringContaining('X-Spam-Flag: YES'),
    })
    expect(await desk.store.read.rawMails({ outcome: 'blocked', limit: 9 })).toHaveLength(1)
    expect(await desk.store.read.tickets({}, 9)).toEqual([])
    expect(await desk.store.read.outbox({ limit: 9 })).toEqual([])
    expect(await desk.store.read.languageOf('bob@shop.example')).toBeNull()
  })

  test('once released is a ticket with its acknowledgement, and only once', async () => {
    const [blocked] = await desk.take({ ...spam, text: 'The printer on the third floor is jammed.' })
    const rawMail = blocked?.rawMail ?? 0
    await expect(replay(desk.intake, rawMail)).rejects.toMatchObject({ code: 'conflict' })
    expect(await release(desk.intake, rawMail)).toMatchObject({ outcome: 'open', ticket: 1001 })
    expect(await desk.store.read.ticket(1001)).toMatchObject({ requester: { address: 'bob@shop.example' } })
    expect((await desk.lastSent()).dedupeKey).toBe('ack:1001')
    await expect(release(desk.intake, rawMail)).rejects.toMatchObject({ code: 'conflict' })
    await expect(release(desk.intake, 99)).rejects.toMatchObject({ code: 'not_found' })

    // Who has a ticket and takes part in it is not blocked any more; other mail of theirs still is.
    const answer = { ...spam, inReplyTo: (await desk.lastSent()).mail.messageId, subject: 'Re: it' }
    expect((await desk.take(answer, { ...spam, subject: 'Buy' })).map(({ outcome }) => outcome)).toEqual([
      'append',
      'blocked',
    ])
  })

  test('released late is not acknowledged any more', async () => {
    const [blocked] = await desk.take(spam)
    const later = { ...desk.intake, clock: () => '2026-11-26T09:00:00.000Z' }
    expect(await release(later, blocked?.rawMail ?? 0)).toMatchObject({ outcome: 'open' })
    expect(await desk.store.read.outbox({ limit: 9 })).toEqual([])
  })

  test('does not hide a copy that is not blocked; once that is a ticket, the blocked one is its duplicate', async () => {
    const copy = { ...spam, messageId: 'twice@shop.example', date: new Date(ARRIVED) }
    const [blocked, clean, again] = await desk.take(copy, { ...copy, headers: {} }, copy)
    expect([blocked, clean, again].map(one => one?.outcome)).toEqual(['blocked', 'open', 'duplicate'])
    expect(await release(desk.intake, blocked?.rawMail ?? 0)).toMatchObject({ outcome: 'duplicate', ticket: 1001 })
  })

  test('an employee is blocked by the filter until there is a ticket of theirs, by the list always', async () => {
    const marked = { ...jane, headers: { 'X-Spam-Flag': 'YES' } }
    expect((await desk.take(marked, jane, { ...marked, subject: 'B' })).map(({ outcome }) => outcome)).toEqual([
      'blocked',
      'open',
      'open',
    ])
    const listed = policy({ senders: { allow: new Set(), block: new Set(['jane@example.org']) } })
    const [blocked] = await ingest(
      { ...desk.intake, policy: listed },
      [desk.arrival(mail({ ...jane, subject: 'C' }))],
      desk.cursor,
    )
    expect(blocked).toMatchObject({ outcome: 'blocked', reason: expect.stringContaining('jane@example.org') })
  })

  test('a bounce of our mail that a filter marked is still a report; one of a mail of others is blocked', async () => {
    await desk.take(jane)
    const ours = (await desk.lastSent()).mail.messageId
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
    const [known, unknown] = await desk.take(bounce(ours), bounce('x@elsewhere.example'))
    expect(known).toMatchObject({ outcome: 'report', ticket: 1001 })
    expect(unknown).toMatchObject({ outcome: 'blocked', ticket: null })
  })
})
