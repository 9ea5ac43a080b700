/*
 * What loses or doubles mail in other help desks, by the numbers of the peer failure corpus: mails that cannot be told apart by
 * their ids, folders that change in mid-fetch. Clocks, disks and processes are in failure-corpus-operation.test.ts.
 */
import { describe, expect, it } from 'vitest'
import { type AppHere, startAppHere } from '../support/app-here.ts'
import { type Desk, describeOnBoth, only, type ServerKind, startDesk } from '../support/desk.ts'
import { startDovecot } from '../support/dovecot.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { type OnCommand, tapImap } from '../support/imap-tap.ts'
import { mail, type TestMail } from '../support/mail.ts'
import type { MailServer } from '../support/mail-server.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { startSmtp } from '../support/smtp.ts'
import { eventually } from '../support/wait.ts'

const IT = { mailboxes: { it: {} } }
const person = (name: string) => `${name}@example.org`
const letter = (name: string, more: TestMail = {}) =>
  mail({ from: person(name), to: person('it'), text: `Hello, this is ${name}, and I need your help.`, ...more })

/** Delivers one after the other; gives what became of each, and its ticket. */
async function take(desk: Desk, mails: readonly Buffer[]) {
  const lines = []
  for (const bytes of mails) lines.push((await desk.arrives(bytes)).line)
  return lines
}
const outcomes = (lines: readonly { outcome: string }[]) => lines.map(({ outcome }) => outcome)
const acknowledged = (mails: readonly { envelope: { to: readonly string[] } }[]) =>
  mails.map(({ envelope }) => only(envelope.to)).sort()

describe('peer failure corpus: which mails are the same', () => {
  it('1 reused Message-ID with new content: another mail, another ticket, and a reply still finds its own', async () => {
    await using desk = await startDesk('Hoodiecrow', IT)
    const messageId = 'always-the-same@mailer.example'
    const first = letter('ann', { messageId, text: 'My printer is on fire.' })
    const lines = await take(desk, [
      first,
      letter('ann', { messageId, text: 'My chair is broken.' }),
      letter('bob', { messageId, text: 'My screen is black.' }),
      first,
    ])
    expect(outcomes(lines)).toEqual(['open', 'open', 'open', 'duplicate'])
    expect(new Set(lines.map(({ ticket }) => ticket)).size).toBe(3)
    expect(lines[3]?.ticket).toBe(lines[0]?.ticket)
    expect(acknowledged(desk.smtp.mails)).toEqual(['ann', 'ann', 'bob'].map(person))

    // The id names three tickets now; nobody gets into one that is not theirs.
    const reply = await desk.onTicket(letter('bob', { inReplyTo: messageId, text: 'It works again.' }))
    expect([reply.line.outcome, reply.ticket.id]).toEqual(['append', lines[2]?.ticket])
  })

  it('2 missing Message-ID twice with equal text: two people, or one person on two days, are two mails', async () => {
    await using desk = await startDesk('Hoodiecrow', IT)
    const [monday, tuesday] = ['2026-11-16T09:00:00Z', '2026-11-17T09:00:00Z']
    const same = { messageId: null, subject: 'Help', text: 'Please call me.' }
    const original = letter('ann', { ...same, date: monday })
    const lines = await take(desk, [
      original,
      letter('bob', { ...same, date: monday }),
      letter('ann', { ...same, date: tuesday }),
      // The same mail once more: copied back into the folder by somebody, its white space changed on the way.
      Buffer.from(original.toString().replace('Please call me.', 'Please  call me. \r\n\r\n')),
    ])
    expect(outcomes(lines)).toEqual(['open', 'open', 'open', 'duplicate'])
    expect(lines[3]?.ticket).toBe(lines[0]?.ticket)
    expect(acknowledged(desk.smtp.mails)).toEqual(['ann', 'ann', 'bob'].map(person))
  })

  it('2 missing Message-ID twice with equal text: a device without a clock is heard each time', async () => {
    await using desk = await startDesk('Hoodiecrow', { mailboxes: { it: {}, support: {} } })
    const alert = (at: string, to: string, date: string | null) =>
      Buffer.concat([
        Buffer.from(`Received: from mx.example by store.example for <${to}>; ${at}\r\nDelivered-To: ${to}\r\n`),
        Buffer.from(`Received: from ups-2 by mx.example; ${at}\r\n`),
        letter('ups', { messageId: null, date, subject: 'UPS on battery', text: `Battery at 40 %. ${date}` }),
      ])
    for (const date of [null, 'Sat, 01 Jan 2000 00:00:00 +0000']) {
      const lines = await take(desk, [
        alert('Mon, 16 Nov 2026 09:00:00 +0000', 'it@example.org', date),
        alert('Tue, 17 Nov 2026 17:30:00 +0000', 'it@example.org', date),
      ])
      expect(outcomes(lines)).toEqual(['open', 'open'])
      // One of them by way of the other mailbox: the first hop tells that it is the same.
      const copy = alert('Mon, 16 Nov 2026 09:00:00 +0000', 'support@example.org', date)
      const { line } = await desk.arrives(copy, { mailbox: 'support' })
      expect(line).toMatchObject({ outcome: 'duplicate', ticket: lines[0]?.ticket })
    }
  })

  it('3 empty/space Message-ID: is no id, for the mail itself nor for whoever cites it', async () => {
    await using desk = await startDesk('Hoodiecrow', IT)
    const empties = ['', ' ', '<>', '< >', '<\t>', '""', '< > <>']
    const mails = empties.flatMap((id, at) => [
      letter(`new-${at}`, { headers: { 'Message-ID': id } }),
      letter(`reply-${at}`, { headers: { 'Message-ID': id, 'In-Reply-To': id, References: `${id} ${id}` } }),
    ])
    const lines = await take(desk, mails)
    expect(outcomes(lines)).toEqual(mails.map(() => 'open'))
    expect(new Set(lines.map(({ ticket }) => ticket)).size).toBe(mails.length)
    for (const { ticket } of lines) {
      const { messages } = await desk.service.ticket(ticket ?? 0)
      // Their words and our acknowledgement: nobody else's.
      expect(messages.map(({ author }) => author)).toEqual(['requester', 'postdesk'])
    }
    expect(new Set(acknowledged(desk.smtp.mails)).size).toBe(mails.length)
  })

  it('14 one mail to two mailboxes is in the list of both', async () => {
    await using desk = await startDesk('Hoodiecrow')
    const bytes = mail({ from: 'ann@example.org', to: ['it@example.org', 'support@example.org'] })
    const { ticket } = await desk.onTicket(bytes, { mailbox: 'it' })
    await desk.arrives(bytes, { mailbox: 'support' })
    for (const mailbox of ['it', 'support']) {
      const { items } = await desk.service.get<{ items: { id: number }[] }>(`/v1/tickets?mailbox=${mailbox}`)
      expect([mailbox, items.map(({ id }) => id)]).toEqual([mailbox, [ticket.id]])
    }
  })

  it('14 mail to both mailboxes, also by Bcc: one ticket known to both queues, one acknowledgement', async () => {
    await using desk = await startDesk('Hoodiecrow')
    const way = (to: string) =>
      Buffer.from(`Return-Path: <ann@example.org>\r\nDelivered-To: ${to}\r\nReceived: from a by ${to}; now\r\n`)
    const both = ['it@example.org', 'support@example.org']
    const named = [both, ['it@example.org'], ['undisclosed-recipients:;']]
    for (const [at, to] of named.entries()) {
      const bytes = letter(`ann-${at}`, { to })
      const arrivals = await Promise.all(
        ['it', 'support'].map(async mailbox => {
          const uid = await desk.deliver(Buffer.concat([way(`${mailbox}@example.org`), bytes]), { mailbox })
          return desk.service.taken(mailbox, uid)
        }),
      )
      await desk.service.sent()
      expect(outcomes(arrivals).sort()).toEqual(['duplicate', 'open'])
      const [ticket = 0] = new Set(arrivals.map(line => line.ticket ?? 0))
      expect(arrivals.map(line => line.ticket)).toEqual([ticket, ticket])
      const { mailbox, events } = await desk.service.ticket(ticket)
      const also = only(events.filter(({ kind }) => kind === 'duplicate')).data as { mailbox: string }
      expect([mailbox, also.mailbox].sort()).toEqual(['it', 'support'])
      expect(await desk.sentTo(person(`ann-${at}`))).toHaveLength(1)
    }
    expect(desk.smtp.mails).toHaveLength(named.length)
  })
})

/** The service over a wire that a test can act behind and cut. */
async function startWired(
  kind: ServerKind,
  folder: string,
  onCommand: (wired: Wired, command: string) => ReturnType<OnCommand>,
  more = '',
) {
  const imap = kind === 'Hoodiecrow' ? await startHoodiecrow({ users: ['it'] }) : await startDovecot({ users: ['it'] })
  if (folder !== 'INBOX') await imap.createFolder('it', folder)
  const smtp = await startSmtp()
  const wired: Wired = { imap, app: null }
  const tap = await tapImap(imap.account('it'), command => onCommand(wired, command))
  return {
    imap,
    smtp,
    tap,
    async start(): Promise<AppHere> {
      const it = { imap: tap.account, smtp: { port: smtp.port }, pollEvery: '1s', folders: [folder], more }
      wired.app = await startAppHere({ mailboxes: { it } })
      return wired.app
    },
    async [Symbol.asyncDispose]() {
      await tap[Symbol.asyncDispose]()
      await Promise.all([imap.stop(), smtp.stop()])
    },
  }
}
type Wired = { readonly imap: MailServer; app: AppHere | null }

const isBodyFetch = (command: string) => /^UID FETCH .*BODY/.test(command)
const ledger = (app: AppHere) => app.store.read.rawMails({ limit: 999 })
/** Three windows. */
const names = Array.from({ length: 120 }, (_, at) => `person-${at}`)
const letters = names.map(name => letter(name))

describeOnBoth('peer failure corpus: what happens in mid-fetch', kind => {
  it('4 UIDVALIDITY change in mid-fetch, and the UIDs name other mails: nothing lost, nothing twice', async () => {
    let fetches = 0
    await using wired = await startWired(kind, 'Queue', async ({ imap }, command) => {
      if (!isBodyFetch(command) || ++fetches !== 2) return
      // As a mailbox looks that was moved to another server: the same mails, and other numbers.
      const uids = (await imap.list('it', 'Queue')).map(({ uid }) => uid)
      if ('recreateFolder' in imap)
        await (imap as Awaited<ReturnType<typeof startDovecot>>).recreateFolder('it', 'Queue')
      else {
        await imap.expunge('it', 'Queue', uids)
        await imap.changeUidValidity('it', 'Queue')
      }
      for (const bytes of letters.toReversed()) await imap.deliver('it', 'Queue', bytes)
      await imap.deliver('it', 'Queue', letter('late'))
    })
    for (const bytes of letters) await wired.imap.deliver('it', 'Queue', bytes)
    await using app = await wired.start()
    const everybody = [...names, 'late'].map(person).sort()
    await eventually(() => expect(acknowledged(wired.smtp.mails)).toEqual(everybody), 40_000)
    const { folders } = await eventually(async () => {
      const lines = await ledger(app)
      const now = (await app.store.read.cursor('it', 'Queue'))?.uidValidity
      expect(lines.filter(line => line.uidValidity === now)).toHaveLength(names.length + 1)
      return { folders: new Set(lines.map(line => line.uidValidity)) }
    }, 20_000)
    expect(folders.size).toBe(2)
    await app.quiet('it')
    const lines = await ledger(app)
    expect(lines.filter(({ outcome }) => outcome === 'open')).toHaveLength(everybody.length)
    expect(new Set(outcomes(lines))).toEqual(new Set(['open', 'duplicate']))
    expect(wired.smtp.mails).toHaveLength(everybody.length)
  })

  it('5 expunge by another client in mid-fetch: nobody else is left out, and the sum is right', async () => {
    const gone = [3, 50, 51, 52, 77, 100, 120]
    let expunged = false
    await using wired = await startWired(kind, 'INBOX', async ({ imap }, command) => {
      if (expunged || !isBodyFetch(command)) return
      expunged = true
      await imap.expunge('it', 'INBOX', gone)
    })
    for (const bytes of letters) await wired.imap.deliver('it', 'INBOX', bytes)
    await using app = await wired.start()
    await eventually(async () => (await app.store.read.cursor('it', 'INBOX'))?.lastUid !== 0, 20_000)
    await wired.imap.deliver('it', 'INBOX', letter('late'))
    await eventually(async () => (await ledger(app)).some(({ uid }) => uid === 121), 20_000)
    await app.quiet('it')
    const lines = (await ledger(app)).toReversed()
    const taken = lines.map(({ uid }) => uid)
    expect(taken).toEqual(taken.toSorted((a, b) => a - b))
    // What had been on its way already may have arrived all the same.
    expect(taken.filter(uid => !gone.includes(uid))).toEqual(
      Array.from({ length: 121 }, (_, at) => at + 1).filter(uid => !gone.includes(uid)),
    )
    expect(taken.length).toBeLessThan(121)
    expect(new Set(outcomes(lines))).toEqual(new Set(['open']))
    expect(new Set(acknowledged(wired.smtp.mails)).size).toBe(lines.length)
    const sum = await app.get<{ items: object[] }>('/v1/mailboxes/it/reconciliation')
    expect(only(sum.items)).toMatchObject({ onServer: 114, accounted: 114, pending: [], missing: [], repaired: 0 })
  })

  it.each([
    ['leave', []],
    ['seen', ['\\Seen']],
    ['flag', ['\\Flagged']],
  ])(
    '6 connection drop after COMMIT before STORE (%s): not taken in again, and marked in the end',
    async (mark, flags) => {
      let cuts = 0
      const cut: string[] = []
      const onCommand = async ({ app }: Wired, command: string) => {
        // The first command after each commit, and then the marking itself.
        const committed = app ? (await ledger(app)).length : 0
        if (!(committed > cuts || (committed === cuts && command.startsWith('UID STORE') && cut.length < 2 * cuts)))
          return
        cuts = committed
        cut.push(command)
        return 'cut' as const
      }
      await using wired = await startWired(kind, 'INBOX', onCommand, `afterReading: ${mark}`)
      await using app = await wired.start()
      for (const name of ['ann', 'bob', 'cem']) {
        await wired.imap.deliver('it', 'INBOX', letter(name))
        await wired.smtp.waitFor(({ envelope }) => envelope.to.includes(person(name)), 20_000)
        const marked = async () => (await wired.imap.list('it', 'INBOX')).at(-1)?.flags
        await eventually(async () => expect([cut.length > 0, await marked()]).toEqual([true, flags]), 20_000)
      }
      expect(cuts).toBe(3)
      if (mark !== 'leave') expect(cut.filter(command => command.startsWith('UID STORE')).length).toBeGreaterThan(0)
      await eventually(async () => (await app.store.read.folders())[0]?.lastError === null, 20_000)
      await app.quiet('it')
      expect(outcomes(await ledger(app))).toEqual(Array(3).fill('open'))
      expect(wired.smtp.mails).toHaveLength(3)
    },
  )
})

describeWithDovecot('peer failure corpus: large mail (Dovecot)', () => {
  it('7 a 51 MB mail: is a ticket with its words and a note, is answered, and holds up nobody', async () => {
    await using desk = await startDesk('Dovecot', IT)
    await desk.service.stop()
    const attachments = [{ filename: 'film.mp4', content: Buffer.alloc((51 * 1024 * 1024 * 3) / 4, 7) }]
    for (const bytes of [letter('ann'), letter('bob', { attachments }), letter('cem')]) await desk.deliver(bytes)
    await desk.service.start()
    const lines = await eventually(async () => {
      const all = await desk.service.ledger()
      return all.length === 3 && all
    }, 50_000)
    expect(outcomes(lines)).toEqual(['open', 'open', 'open'])
    // Not fetched whole: the limit is 50 MB unless said otherwise.
    expect(lines.map(({ fullSize }) => (fullSize ?? 0) > 51 * 1024 * 1024)).toEqual([false, true, false])
    expect(lines[1]?.size).toBeLessThan(1024 * 1024)
    const { messages } = await desk.service.ticket(lines[1]?.ticket ?? 0)
    expect(messages.map(({ text }) => text).join('\n')).toContain('Hello, this is bob')
    expect(messages.filter(({ direction }) => direction === 'note')).toHaveLength(1)
    await desk.service.sent()
    expect(acknowledged(desk.smtp.mails)).toEqual(['ann', 'bob', 'cem'].map(person))
  })
})
