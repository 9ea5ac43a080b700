/*
 * The peer failure corpus (see failure-corpus.test.ts), the numbers about the machine: a full mailbox at the first start, clocks,
 * disks, and two where one should be.
 */
import { rm } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { DAY, HOUR, instantOf } from '../../src/instant.ts'
import { type AppHere, startAppHere } from '../support/app-here.ts'
import { describeOnBoth, only, startDesk } from '../support/desk.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { tapImap } from '../support/imap-tap.ts'
import { keptLog } from '../support/log.ts'
import { mail, type TestMail } from '../support/mail.ts'
import type { MailServer } from '../support/mail-server.ts'
import { fromOurMx } from '../support/mx.ts'
import { READER_PROGRAM } from '../support/reader.ts'
import { type MailboxSetup, SMALL_DESK } from '../support/setup.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { eventually } from '../support/wait.ts'

const person = (name: string) => `${name}@example.org`
const letter = (name: string, more: TestMail = {}) =>
  mail({ from: person(name), to: person('it'), text: `Hello, this is ${name}, and I need your help.`, ...more })
const daysAgo = (days: number) => instantOf(Date.now() - days * DAY)
const acknowledged = ({ mails }: SmtpTestServer) => mails.map(({ envelope }) => only(envelope.to)).sort()

describe('peer failure corpus: 32 a queue of 5,000 old mails at first start', () => {
  const OLD = 5_000
  /** The oldest lie there for 400 days; 50 a day. */
  const queue = async (imap: MailServer) => {
    for (let at = 0; at < OLD; at++)
      await imap.deliver('it', 'INBOX', letter(`old-${at}`), { receivedAt: daysAgo(400 - at / 50) })
    await imap.deliver('it', 'INBOX', letter('this-week'), { receivedAt: daysAgo(6) })
  }

  it.each([
    { startFrom: 'now', read: [0, 0] },
    // A day has no hour: 330 days ago is up to a day more.
    { startFrom: daysAgo(330).slice(0, 10), read: [1_500, 1_552] },
    { startFrom: 'all', read: [OLD + 1, OLD + 1] },
  ])(
    '32 from $startFrom: nobody is answered but who writes now, and what was left out is counted',
    async policy => {
      await using desk = await startDesk('Hoodiecrow', {
        mailboxes: { it: { startFrom: policy.startFrom } },
        before: queue,
      })
      const sum = async () => {
        type Sums = { items: { leftOut: number; accounted: number }[] }
        return only((await desk.service.get<Sums>('/v1/mailboxes/it/reconciliation')).items)
      }
      await eventually(sum, 20_000)
      await desk.deliver(letter('now'))
      await desk.smtp.waitFor(({ envelope }) => envelope.to.includes(person('now')), 90_000)
      await desk.service.sent()

      const { leftOut, accounted, ...rest } = await sum()
      expect(rest).toMatchObject({ onServer: OLD + 2, pending: [], missing: [], repaired: 0 })
      const [least = 0, most = 0] = policy.read
      expect(accounted - 1).toBeGreaterThanOrEqual(least)
      expect(accounted - 1).toBeLessThanOrEqual(most)
      expect(leftOut).toBe(OLD + 2 - accounted)
      expect(await desk.service.ledger()).toHaveLength(accounted)
      expect(acknowledged(desk.smtp)).toEqual([person('now')])
      expect(await desk.service.outbox()).toHaveLength(1)
    },
    120_000,
  )

  it('32 mail from before the first day is never fetched, wherever it lies among the other', async () => {
    await using imap = await startHoodiecrow({ users: ['it'] })
    await using smtp = await startSmtp()
    for (const [at, days] of [40, 39, 2, 38, 37, 1, 36].entries())
      await imap.deliver('it', 'INBOX', letter(`person-${at + 1}`), { receivedAt: daysAgo(days) })
    await using tap = await tapImap(imap.account('it'), () => undefined)
    const it = { imap: tap.account, smtp, startFrom: daysAgo(10).slice(0, 10) }
    await using app = await startAppHere({ mailboxes: { it } })
    const path = '/v1/mailboxes/it/reconciliation'
    const sum = await eventually(async () => {
      const { items } = await app.get<{ items: { accounted: number; leftOut: number }[] }>(path)
      return items[0] && items[0].accounted + items[0].leftOut === 7 ? items[0] : null
    }, 20_000)
    expect(sum).toMatchObject({ onServer: 7, accounted: 2, leftOut: 5, missing: [], pending: [], repaired: 0 })
    expect((await app.store.read.rawMails({ limit: 9 })).map(({ uid }) => uid).sort()).toEqual([3, 6])
    const cursor = await app.store.read.cursor('it', 'INBOX')
    expect(cursor?.lastUid).toBe(7)
    expect(tap.commands.filter(command => /^UID FETCH .*BODY/.test(command))).toEqual([
      expect.stringMatching(/^UID FETCH 3,6 /),
    ])
  })
})

/** The service here, with its servers. */
async function startHere(more: Partial<MailboxSetup> = {}, limits = {}) {
  const imap = await startHoodiecrow({ users: ['it'] })
  const smtp = await startSmtp()
  const app = await startAppHere({ mailboxes: { it: { imap: imap.account('it'), smtp, ...more } } }, limits)
  return {
    imap,
    smtp,
    app,
    /** Delivers and waits for the acknowledgement. */
    async hears(name: string, receivedAt = instantOf(Date.now())) {
      await imap.deliver('it', 'INBOX', letter(name), { receivedAt })
      await smtp.waitFor(({ envelope }) => envelope.to.includes(person(name)), 15_000)
    },
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await Promise.all([imap.stop(), smtp.stop()])
    },
  }
}

const ledger = (app: AppHere) => app.store.read.rawMails({ limit: 999 })
const ticketOf = async (app: AppHere, name: string) =>
  only(await app.store.read.tickets({ requester: person(name) }, 9))

describe('peer failure corpus: 33 clock jump', () => {
  it('33 clock ahead by hours and back while it waits for mail: each mail is heard and answered, once', async () => {
    await using here = await startHere()
    const { app, imap, smtp } = here
    await here.hears('ann')
    for (const [name, ms] of [
      ['bob', 3 * HOUR],
      ['cem', -6 * HOUR],
      ['dan', 3 * HOUR],
    ] as const) {
      app.jump(ms)
      await here.hears(name)
    }
    // A 451 in the time ahead is tried again when the clock is right.
    app.jump(20 * HOUR)
    smtp.next('temporary')
    await imap.deliver('it', 'INBOX', letter('eve'))
    await eventually(() => smtp.counts.attempts === 5, 15_000)
    app.jump(-20 * HOUR)
    await here.hears('fay')
    await smtp.waitFor(({ envelope }) => envelope.to.includes(person('eve')), 15_000)
    expect(acknowledged(smtp)).toEqual(['ann', 'bob', 'cem', 'dan', 'eve', 'fay'].map(person))
    expect((await ledger(app)).map(({ outcome }) => outcome)).toEqual(Array(6).fill('open'))
    const sum = await app.get('/v1/mailboxes/it/reconciliation')
    expect(sum).toMatchObject({ items: [{ onServer: 6, accounted: 6, missing: [] }] })
  })

  it('33 clock ahead by hours: nobody is told that a mailbox hangs which was read a moment ago', async () => {
    await using imap = await startHoodiecrow({ users: ['it'] })
    await using smtp = await startSmtp()
    const desk = `${SMALL_DESK}admins: [ops@example.org]\nalarmAfter: 5m\n`
    await using app = await startAppHere({ mailboxes: { it: { imap: imap.account('it'), smtp } }, desk })
    await eventually(async () => (await app.store.read.folders())[0]?.checkedAt, 15_000)
    app.jump(3 * HOUR)
    await eventually(() => app.lines().some(({ msg }) => /^the clock of this machine was changed/.test(String(msg))))
    // Another mail shows that alarms were looked for since.
    await imap.deliver('it', 'INBOX', mail({ from: 'ann@example.org', to: 'it@example.org' }))
    await smtp.waitFor(({ envelope }) => envelope.to.includes('ann@example.org'), 15_000)
    expect(app.lines().filter(({ msg }) => /^alarm: /.test(String(msg)))).toEqual([])
  })

  it('33 clock set back: a history stays in the order in which things happened, and no figure is negative', async () => {
    await using here = await startHere()
    const { app, imap, smtp } = here
    app.jump(2 * DAY)
    await here.hears('zoe', app.clock())
    app.jump(-2 * DAY)
    const [theirs] = await app.store.read.messages((await ticketOf(app, 'zoe')).id)
    const answer = { inReplyTo: theirs?.messageId ?? '', text: '#solved\n\nIt works again.' }
    await imap.deliver('it', 'INBOX', fromOurMx(letter('ana', answer)))
    await smtp.waitFor(({ bytes }) => bytes.includes('It works again.'), 15_000)
    await app.quiet('it')
    const { id, status, solvedAt } = await ticketOf(app, 'zoe')
    expect([status, solvedAt]).toEqual(['solved', expect.any(String)])
    const events = await app.store.read.events(id)
    const kinds = events.map(({ kind }) => kind)
    expect(kinds[0]).toBe('opened')
    const sent = events.filter(({ kind }) => kind === 'reply-sent').map(({ data }) => data['kind'])
    // What leaves at the same time leaves in any order.
    expect(sent.sort()).toEqual(['acknowledgement', 'answer', 'receipt'])
    expect(kinds.indexOf('threaded')).toBeGreaterThan(kinds.indexOf('reply-sent'))
    const metrics = await app.get<string>('/metrics')
    expect(metrics).toContain('postdesk_arrival_to_ticket_seconds')
    expect(metrics).not.toMatch(/ -\d| NaN/)
  })

  it('33 clock set back: who was answered often in a time that never came is answered again', async () => {
    await using here = await startHere()
    const { app, imap, smtp } = here
    const writes = (problem: string) =>
      imap.deliver('it', 'INBOX', letter('ann', { text: problem }), { receivedAt: app.clock() })
    app.jump(365 * DAY)
    // As many as anybody gets within an hour.
    for (let at = 0; at < 10; at++) await writes(`This is problem ${at}.`)
    await smtp.waitFor(10, 15_000)
    app.jump(-365 * DAY)
    await writes('This is one more.')
    await smtp.waitFor(11, 15_000)
  })
})

describe('peer failure corpus: 34 disk full', () => {
  it('34 disk full: the API goes on, mail waits on the server, and nobody is answered twice or forgotten', async () => {
    await using here = await startHere({ pollEvery: '1s' }, { maxPages: 260 })
    const { app, imap, smtp } = here
    await here.hears('ann')
    const names = Array.from({ length: 60 }, (_, at) => `person-${at}`)
    const long = 'It is a long story. '.repeat(600)
    for (const name of names) await imap.deliver('it', 'INBOX', letter(name, { text: `I am ${name}. ${long}` }))
    const refused = () =>
      app.lines().filter(({ msg }) => msg === 'mail cannot be taken in: the database is in trouble').length
    // Not only once: it goes on trying.
    await eventually(() => refused() >= 2, 20_000)
    const taken = await ledger(app)
    expect(taken.length).toBeLessThan(names.length)
    expect(taken.filter(({ outcome }) => outcome !== 'open')).toEqual([])
    const { id } = await ticketOf(app, 'ann')
    expect(await app.get(`/v1/tickets/${id}`)).toMatchObject({ id, status: 'open' })
    expect(await imap.list('it', 'INBOX')).toHaveLength(names.length + 1)

    await app.restart({})
    await eventually(async () => (await ledger(app)).length === names.length + 1, 30_000)
    await app.quiet('it')
    expect(acknowledged(smtp)).toEqual(['ann', ...names].map(person).sort())
    expect(new Set((await ledger(app)).map(({ outcome }) => outcome))).toEqual(new Set(['open']))
  })
})

describeOnBoth('peer failure corpus: 35 two pollers at once', kind => {
  it('35 two processes whose lock does not hold: every mail is one ticket, and is answered once', async () => {
    const names = Array.from({ length: 400 }, (_, at) => `person-${at}`)
    await using desk = await startDesk(kind, {
      mailboxes: { it: { pollEvery: '1s' } },
      async before(imap) {
        for (const name of names) await imap.deliver('it', 'INBOX', letter(name))
      },
    })
    // As on a network disk where locks are only made believe.
    await rm(`${desk.service.databasePath}.lock`)
    const env = { IT_IMAP: desk.imap.account('it').password, IT_SMTP: 'smtp-pa55' }
    const second = keptLog()
    await using _app = await startApp({
      ...loadConfig(desk.service.configPath, env),
      log: second.log,
      readerProgram: READER_PROGRAM,
    })
    await eventually(async () => expect(await desk.service.ledger()).toHaveLength(names.length), 60_000)
    await desk.service.sent(60_000)

    const all = await desk.service.ledger()
    expect(new Set(all.map(({ outcome }) => outcome))).toEqual(new Set(['open']))
    expect(new Set(all.map(({ ticket }) => ticket)).size).toBe(names.length)
    expect(acknowledged(desk.smtp)).toEqual(names.map(person).sort())
    const logged = (what: string) => [...desk.service.lines, ...second.lines()].filter(({ msg }) => msg === what).length
    await eventually(() => expect([logged('mail taken in'), logged('mail sent')]).toEqual([names.length, names.length]))
  })
})
