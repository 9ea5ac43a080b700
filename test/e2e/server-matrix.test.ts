/*
 * One mailbox over many servers: whatever a server can or cannot do, mail comes in at once, once, and in order. What differs
 * between them is said in one object each.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectImap } from '../../src/inbound/imap.ts'
import { type AppHere, startAppHere } from '../support/app-here.ts'
import { describeWithCyrus, startCyrus } from '../support/cyrus.ts'
import { only } from '../support/desk.ts'
import { startDovecot } from '../support/dovecot.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { quiet } from '../support/imap-session.ts'
import { type ImapTap, tapImap } from '../support/imap-tap.ts'
import { mail } from '../support/mail.ts'
import type { MailServer } from '../support/mail-server.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { eventually } from '../support/wait.ts'

type ServerUnderTest = {
  readonly name: string
  /** `describe`, or what skips with a reason where the server cannot be had. */
  readonly describe: (name: string, tests: () => void) => void
  readonly start: () => Promise<MailServer>
  /** What it must tell of after the sign-in, and must not: else it is not the server we mean. */
  readonly can: readonly string[]
  readonly cannot: readonly string[]
  /** Do the mails keep their UIDs when UIDVALIDITY changes? */
  readonly keepsUids: boolean
}

const USERS = { users: ['it'] }
const dovecot = (name: string, cannot: readonly string[], can: readonly string[]): ServerUnderTest => ({
  name: `Dovecot ${name}`,
  describe: describeWithDovecot,
  start: () => startDovecot({ ...USERS, ...(cannot.length > 0 ? { without: cannot } : {}) }),
  can,
  cannot,
  keepsUids: true,
})
const hoodiecrow = (
  name: string,
  plugins: readonly string[],
  idle: boolean,
  cannot: readonly string[],
): ServerUnderTest => ({
  name: `Hoodiecrow ${name}`,
  describe,
  start: () => startHoodiecrow({ ...USERS, plugins, idle }),
  can: ['IMAP4REV1', ...(idle ? ['IDLE'] : [])],
  cannot,
  keepsUids: true,
})

const EXTENSIONS = [
  ...[
    'IDLE',
    'ENABLE',
    'CONDSTORE',
    'UIDPLUS',
    'MOVE',
    'SPECIAL-USE',
    'ESEARCH',
    'ID',
    'NAMESPACE',
    'UNSELECT',
    'WITHIN',
  ],
  ...['LITERAL+', 'BINARY', 'CHILDREN', 'LIST-EXTENDED', 'LIST-STATUS', 'SASL-IR', 'LOGIN-REFERRALS'],
]
const SERVERS: readonly ServerUnderTest[] = [
  dovecot('with all it has', [], ['IDLE', 'CONDSTORE', 'ENABLE', 'UIDPLUS', 'MOVE', 'ESEARCH', 'QRESYNC']),
  dovecot('without IDLE', ['IDLE'], ['CONDSTORE', 'UIDPLUS', 'MOVE']),
  dovecot('without CONDSTORE and ENABLE', ['CONDSTORE', 'ENABLE'], ['IDLE', 'UIDPLUS']),
  dovecot('without UIDPLUS, MOVE, SPECIAL-USE and ESEARCH', ['UIDPLUS', 'MOVE', 'SPECIAL-USE', 'ESEARCH'], ['IDLE']),
  dovecot('with nothing but RFC 3501', EXTENSIONS, ['IMAP4REV1']),
  hoodiecrow('with a few plugins', ['AUTH-PLAIN', 'NAMESPACE'], true, ['UIDPLUS', 'CONDSTORE', 'MOVE', 'SPECIAL-USE']),
  hoodiecrow('with no plugin at all', [], false, ['IDLE', 'UIDPLUS', 'CONDSTORE', 'NAMESPACE', 'UNSELECT']),
  {
    name: 'Cyrus',
    describe: describeWithCyrus,
    start: () => startCyrus(USERS),
    can: ['IDLE', 'CONDSTORE', 'QRESYNC', 'UIDPLUS', 'MOVE', 'OBJECTID'],
    cannot: ['AUTH=PLAIN'],
    keepsUids: false,
  },
]

/** Commands that a server must have told of before they may be sent. */
const NEEDS = {
  IDLE: /^IDLE/,
  ENABLE: /^ENABLE/,
  MOVE: /^UID MOVE/,
  UIDPLUS: /^UID EXPUNGE/,
  NAMESPACE: /^NAMESPACE/,
  ID: /^ID /,
  UNSELECT: /^UNSELECT/,
  ESEARCH: /^(?:UID )?SEARCH RETURN/,
  CONDSTORE: /CONDSTORE|CHANGEDSINCE/,
}

for (const server of SERVERS) server.describe(`server matrix: ${server.name}`, () => behaves(server))

const person = (name: string) => `${name}@example.org`
const letter = (name: string) =>
  mail({ from: person(name), to: person('it'), text: `Hello, this is ${name}, and I need your help.` })
const people = (count: number, of: string) => Array.from({ length: count }, (_, at) => `${of}-${at}`)

function behaves(server: ServerUnderTest): void {
  let imap: MailServer
  let smtp: SmtpTestServer
  let tap: ImapTap
  let app: AppHere
  const backlog = people(120, 'backlog')
  /** Who has written by now. */
  const everybody = [...backlog]
  beforeAll(async () => {
    imap = await server.start()
    smtp = await startSmtp()
    await imap.createFolder('it', 'Work')
    for (const name of backlog) await imap.deliver('it', 'INBOX', letter(name))
    tap = await tapImap(imap.account('it'), () => undefined)
    const pollEvery = server.can.includes('IDLE') ? '60s' : '1s'
    app = await startAppHere({ mailboxes: { it: { imap: tap.account, smtp, pollEvery, more: 'afterReading: seen' } } })
    await allAnswered()
  })
  afterAll(async () => {
    await app?.[Symbol.asyncDispose]()
    await tap?.[Symbol.asyncDispose]()
    await Promise.all([smtp?.stop(), imap?.stop()])
  })

  const ledger = async () => (await app.store.read.rawMails({ limit: 9999 })).toReversed()
  const there = async () => (await imap.list('it', 'INBOX')).map(({ uid }) => uid)
  const seen = async () =>
    (await imap.list('it', 'INBOX')).filter(({ flags }) => flags.includes('\\Seen')).map(({ uid }) => uid)
  const inTrouble = () => app.lines().filter(({ msg }) => msg === 'mailbox cannot be read').length
  /** Everybody was answered, once. */
  const allAnswered = () =>
    eventually(() => {
      const told = smtp.mails.map(({ envelope }) => only(envelope.to))
      expect(told.sort()).toEqual(everybody.map(person).sort())
      return true
    }, 30_000)
  const writes = async (name: string) => {
    everybody.push(name)
    await imap.deliver('it', 'INBOX', letter(name))
  }
  /** Every mail on the server has its place. */
  const balanced = async () => {
    const mails = (await there()).length
    const sum = await app.get<{ items: object[] }>('/v1/mailboxes/it/reconciliation')
    expect(only(sum.items)).toMatchObject({ onServer: mails, accounted: mails, pending: [], missing: [], repaired: 0 })
  }

  it('is the server that is meant', async () => {
    await using session = await connectImap(imap.account('it'), quiet)
    expect([...session.capabilities]).toEqual(expect.arrayContaining([...server.can]))
    expect([...session.capabilities].filter(capability => server.cannot.includes(capability))).toEqual([])
  })

  it('a backlog: in order, each once', async () => {
    const lines = (await ledger()).slice(0, backlog.length)
    expect(lines.map(({ uid }) => uid)).toEqual(backlog.map((_, at) => at + 1))
    expect(new Set(lines.map(({ outcome }) => outcome))).toEqual(new Set(['open']))
  })

  it('new mail: without waiting for the interval where the server tells, and no command it does not tell of', async () => {
    for (const name of people(3, 'new')) {
      await writes(name)
      await allAnswered()
    }
    expect(tap.commands.includes('IDLE')).toBe(server.can.includes('IDLE'))
    for (const [capability, command] of Object.entries(NEEDS))
      if (server.cannot.includes(capability)) expect(tap.commands.filter(sent => command.test(sent))).toEqual([])
  })

  it('an expunge by others, then new mail: nobody is left out, and the sum is right', async () => {
    const uids = await there()
    await imap.expunge(
      'it',
      'INBOX',
      [0, 1, 60, uids.length - 1].map(at => uids[at] ?? 0),
    )
    await writes('after-expunge')
    await allAnswered()
    expect(await there()).toHaveLength(uids.length - 4 + 1)
    await balanced()
  })

  it('a lost connection: goes on where it was', async () => {
    const before = inTrouble()
    tap.cut()
    await writes('after-cut')
    await allAnswered()
    expect(inTrouble()).toBeGreaterThan(before)
    await balanced()
  })

  it('mails taken in are marked as seen, and only those', async () => {
    await writes('marked')
    await allAnswered()
    await eventually(async () => expect(await seen()).toEqual(await there()), 15_000)
    const uid = await imap.deliver('it', 'Work', letter('elsewhere'))
    expect((await imap.list('it', 'Work')).find(one => one.uid === uid)?.flags).toEqual([])
  })

  it('marks and moves: those that are named, into a folder that was not there, no harm by those that are gone', async () => {
    const [first, , third] = [
      await imap.deliver('it', 'Work', letter('one')),
      await imap.deliver('it', 'Work', letter('two')),
      await imap.deliver('it', 'Work', letter('three')),
    ]
    const before = await imap.list('it', 'Work')
    {
      await using session = await connectImap(imap.account('it'), quiet)
      await session.open('Work')
      await session.mark([first, third, 9_999], 'flagged')
      await session.move([first, third, 9_999], 'Done')
      await session.move([9_998], 'Done')
    }
    const mails = await imap.list('it', 'Work')
    const left = mails.filter(({ flags }) => !flags.includes('\\Deleted')).map(({ uid }) => uid)
    expect(left).toEqual(before.map(({ uid }) => uid).filter(uid => uid !== first && uid !== third))
    // Without MOVE and UIDPLUS nothing may be expunged, for others may have marked mails of theirs.
    const cleared = !server.cannot.includes('UIDPLUS')
    expect(mails).toHaveLength(before.length - (cleared ? 2 : 0))
    expect((await imap.list('it', 'Done')).map(({ flags }) => flags)).toEqual([['\\Flagged'], ['\\Flagged']])
  })

  it('another UIDVALIDITY: nothing twice, nothing lost', async () => {
    const [lines, uids] = [await ledger(), await there()]
    await imap.changeUidValidity('it', 'INBOX')
    expect(await there()).toEqual(server.keepsUids ? uids : uids.map((_, at) => at + 1))
    // Servers do not tell of it, or hang up: the next look shows it.
    tap.cut()
    await writes('after-change')
    await allAnswered()
    await eventually(async () => expect(await ledger()).toHaveLength(lines.length + uids.length + 1), 20_000)
    const after = await ledger()
    expect(new Set(after.slice(lines.length).map(({ uidValidity }) => uidValidity)).size).toBe(1)
    expect(after.filter(({ outcome }) => outcome === 'open')).toHaveLength(everybody.length)
    await balanced()
  })
}
