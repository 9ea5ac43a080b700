/*
 * The process is killed in the middle of its work, at moments that nobody chose. What it had begun it completes or repeats;
 * it loses nothing, and what it does twice is a delivery whose answer it did not live to see.
 */

import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Database } from '../../src/store/native.ts'
import { describeOnBoth, header, only, readSent, type Sent, startDesk } from '../support/desk.ts'
import { mail } from '../support/mail.ts'
import type { MailServer } from '../support/mail-server.ts'
import type { Service } from '../support/service.ts'
import { eventually } from '../support/wait.ts'

/** Mails that wait for the service at each start. */
const BACKLOG = 60
/** A sender claims so many mails at a time: no more can be under way when it is killed. */
const UNDER_WAY = 50

/** The state that the killed process has left behind. */
function left(databasePath: string): { mails: number; sent: number } {
  const db = new Database(databasePath, { readonly: true })
  const count = (query: string) => (db.prepare(query).get() as { n: number }).n
  const state = {
    mails: count('select count(*) as n from raw_mails'),
    sent: count(`select count(*) as n from outbox where state = 'sent'`),
  }
  db.close()
  return state
}

/** Waits until this start has taken in or sent some of its backlog, and a moment more. */
async function someMoment(service: Service, since: number): Promise<void> {
  const [text, wanted] =
    randomInt(2) === 0 ? ['mail taken in', randomInt(1, BACKLOG)] : ['mail sent', randomInt(1, BACKLOG)]
  const seen = () => service.lines.slice(since).filter(line => line['msg'] === text).length >= wanted
  await eventually(seen, 5_000, 1).catch(() => undefined)
  await sleep(randomInt(20))
}

function letter(at: number): Buffer {
  const text = `Hello, this is number ${at}, and I need your help with my printer.`
  return mail({ from: `Person ${at} <person-${at}@example.org>`, to: 'it@example.org', text })
}

describeOnBoth('killed in the middle of a backlog', kind => {
  const kills = kind === 'Dovecot' ? 5 : 3
  const total = BACKLOG * kills

  test('every mail has one line in the ledger and one ticket, and is acknowledged by one mail', async () => {
    let delivered = 0
    const backlog = async (imap: MailServer) => {
      for (let at = 0; at < BACKLOG; at++) await imap.deliver('it', 'INBOX', letter(++delivered))
    }
    await using desk = await startDesk(kind, { mailboxes: { it: {} }, before: backlog })
    const moments: { mails: number; sent: number; of: number }[] = []
    for (let kill = 1; kill <= kills; kill++) {
      await someMoment(desk.service, desk.service.lines.length)
      await desk.service.kill()
      moments.push({ ...left(desk.service.databasePath), of: delivered })
      if (kill < kills) await backlog(desk.imap)
      await desk.service.start()
    }
    await eventually(async () => expect(await desk.service.ledger()).toHaveLength(total), 60_000)
    // A mail that was under way when the process died is put off by a minute; nobody wants to wait for that here.
    await eventually(async () => {
      const waiting = await desk.service.outbox('state=queued')
      for (const { id } of waiting) await desk.service.request('POST', `/v1/outbox/${id}/retry`)
      return waiting.length === 0
    }, 60_000)
    // At least one of the moments was in the middle, or nothing was shown.
    expect(
      moments.some(({ mails, sent, of }) => mails < of || sent < of),
      JSON.stringify(moments),
    ).toBe(true)

    const ledger = await desk.service.ledger()
    expect(ledger.map(({ uid }) => uid)).toEqual(Array.from({ length: total }, (_, at) => at + 1))
    expect(ledger.filter(({ outcome }) => outcome !== 'open')).toEqual([])
    expect(new Set(ledger.map(({ ticket }) => ticket)).size).toBe(total)

    const sent = await Promise.all(desk.smtp.mails.map(readSent))
    const distinct = (of: (one: Sent) => string) => new Set(sent.map(of)).size
    expect(distinct(one => only(one.envelope.to))).toBe(total)
    // Whoever got two copies got the same mail twice, and can tell.
    expect(distinct(one => `${only(one.envelope.to)} ${header(one, 'Message-ID')}`)).toBe(total)
    expect(distinct(one => one.source)).toBe(total)
    expect(sent.length - total, JSON.stringify(moments)).toBeLessThanOrEqual(kills * UNDER_WAY)
  })
})
