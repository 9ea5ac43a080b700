/*
 * One folder as it is watched, with servers that do not do what they are asked for.
 */
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createIds } from '../../src/ids.ts'
import { readFolder, type WatchedFolder } from '../../src/inbound/folder.ts'
import { connectImap, type ImapAccount } from '../../src/inbound/imap.ts'
import type { Intake } from '../../src/inbound/ingest.ts'
import { NOT_HANDED_OUT, noDoubts, TRIES_ALONE } from '../../src/inbound/one-by-one.ts'
import { watchFolder } from '../../src/inbound/poller.ts'
import { reconcileWatched } from '../../src/inbound/reconcile.ts'
import { HOUR, MINUTE } from '../../src/instant.ts'
import { startDovecot } from '../support/dovecot.ts'
import { keptLog } from '../support/log.ts'
import { mail } from '../support/mail.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { type Script, type ScriptedImap, scriptedImap } from '../support/scripted-imap.ts'
import { openTestStore, type TestStore } from '../support/store.ts'
import { eventually } from '../support/wait.ts'

let store: TestStore
let imap: ScriptedImap | null
let intake: Intake
let lines: () => Record<string, unknown>[]
let stop: () => Promise<void>
beforeEach(async () => {
  imap = null
  store = await openTestStore()
  // The shortest pauses.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const kept = keptLog()
  lines = kept.lines
  const rules = policy()
  const ids = createIds(Buffer.alloc(32, 7))
  intake = {
    ...{ policy: rules, reader: readHere(rules), ids, store },
    ...{ clock: systemClock, log: kept.log, onIngested: () => undefined },
  }
})
afterEach(async () => {
  await stop()
  vi.restoreAllMocks()
  await imap?.[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
})

const WATCHED = {
  ...({ mailbox: 'it', folder: 'INBOX', role: 'received', startFrom: 'all' } as const),
  ...({ pollEveryMs: 100, largestMail: 1e7, afterReading: 'leave', sent: null, siblings: ['INBOX'] } as const),
}

/** imapflow puts folders beneath INBOX here: what the server says to LIST reads like a name space. */
async function watch(script: Script, more: Partial<WatchedFolder> = {}, exists = 0): Promise<ScriptedImap> {
  imap = await scriptedImap(script, { exists })
  watchAt(imap.account, more)
  return imap
}

function watchAt(account: ImapAccount, more: Partial<WatchedFolder> = {}): void {
  const watched = { ...WATCHED, account, ...more }
  const ending = new AbortController()
  const done = watchFolder(intake, watched, ending.signal, ending.signal)
  stop = async () => {
    ending.abort()
    await done
  }
}

const told = (msg: string) => lines().filter(line => line['msg'] === msg)
const sent = (verb: RegExp) => (imap?.commands ?? []).filter(command => verb.test(command)).length
const SIGN_IN = /^(LOGIN|AUTHENTICATE)/i

/** The monotonic clock goes on from then. */
function passes(ms: number): void {
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms)
}

test('a sent folder that is not there costs no connection, and the other one is held against the ledger', async () => {
  const noFolder: Script = command =>
    /^(STATUS|SELECT) INBOX.Gesendet/i.test(command) ? ['TAG NO no folder'] : undefined
  await watch(noFolder, { sent: 'Gesendet' })
  await eventually(() => told('sent mail cannot be read').length > 0)
  const status = async () => (await store.read.folders()).find(({ folder }) => folder === 'Gesendet')
  await eventually(async () =>
    expect(await status()).toMatchObject({ role: 'sent', lastError: expect.stringContaining('correct `sentFolder`') }),
  )
  passes(7 * HOUR)
  await eventually(() => told('every mail is accounted for').length > 0, 10_000)
  expect(told('sent mail cannot be read').length).toBeGreaterThan(1)
  expect(told('mailbox cannot be read')).toEqual([])
  expect(sent(SIGN_IN)).toBe(1)
})

test('a sent folder that could not be read once is read later over the same connection', async () => {
  let asked = 0
  await watch(
    command => {
      if (!/^STATUS/i.test(command)) return undefined
      if (asked++ === 0) return ['TAG NO [UNAVAILABLE] try again later']
      return ['* STATUS Sent (UIDVALIDITY 7 UIDNEXT 1 MESSAGES 0)', 'TAG OK done']
    },
    { sent: 'Sent' },
  )
  await eventually(() => told('sent mail cannot be read').length > 0)
  expect(sent(/^SELECT INBOX.Sent/i)).toBe(0)
  passes(6 * MINUTE)
  await eventually(() => sent(/^SELECT INBOX.Sent/i) > 0)
  expect(sent(SIGN_IN)).toBe(1)
  const status = async () => (await store.read.folders()).find(({ folder }) => folder === 'Sent')
  await eventually(async () => expect(await status()).toMatchObject({ role: 'sent', lastError: null }))
})

test('a sent folder that the server makes later is found over the same connection', async () => {
  const made = { sent: false }
  await watch(
    command => {
      if (/^LIST "" ""$/i.test(command)) return ['* LIST (\\Noselect) "/" ""', 'TAG OK -']
      if (/^LIST "" "?\*/i.test(command)) return [...(made.sent ? ['* LIST (\\Sent) "/" Sent'] : []), 'TAG OK -']
      if (/^STATUS Sent/i.test(command)) return ['* STATUS Sent (UIDVALIDITY 7 UIDNEXT 1 MESSAGES 0)', 'TAG OK -']
      return undefined
    },
    { sent: 'auto' },
  )
  await eventually(() => sent(/^IDLE/i) > 2)
  expect(sent(/^LIST "" "?\*/i)).toBe(1)
  made.sent = true
  passes(6 * MINUTE)
  await eventually(() => sent(/^SELECT Sent/i) > 0)
  expect(sent(SIGN_IN)).toBe(1)
})

test.each<[string, Script, Partial<WatchedFolder>]>([
  [
    'of mails is another one at each look',
    command => {
      if (/^SELECT/i.test(command)) return ['* 5 EXISTS', '* OK [UIDVALIDITY 7] -', '* OK [UIDNEXT 6] -', 'TAG OK -']
      return /^UID FETCH/i.test(command) ? ['* 6 EXISTS', 'TAG OK -'] : undefined
    },
    {},
  ],
  [
    'of the next sent mail is another one at each look',
    command => {
      const next = (imap?.commands.length ?? 0) + 1
      if (!/^STATUS/i.test(command)) return undefined
      return [`* STATUS Sent (UIDVALIDITY 7 UIDNEXT ${next} MESSAGES 0)`, 'TAG OK -']
    },
    { sent: 'Sent' },
  ],
])('a server whose number %s is not asked without pause', async (_, script, more) => {
  await watch(script, { ...more, pollEveryMs: MINUTE }, 5)
  await eventually(() => sent(/^SELECT INBOX$/i) > 1)
  // Looked at all the time, some hundred commands.
  await new Promise(resolve => setTimeout(resolve, 700))
  expect(imap?.commands.length).toBeLessThan(30)
})

test.each(['now', '2026-01-01T00:00:00.000Z'] as const)(
  'where UIDNEXT lags behind, what is from before our first day (%s) stays unread',
  async startFrom => {
    const { script } = folderOf(3, () => 'mail')
    const yearsAgo: Script = command => {
      const answer = script(command, () => undefined)
      if (/^SELECT INBOX$/i.test(command)) return answer?.map(line => line.replace(/UIDNEXT \d+/, 'UIDNEXT 1'))
      return answer?.map(line => line.replace('23-Nov-2026', '23-Nov-2020'))
    }
    const { account } = await watch(yearsAgo, { startFrom }, 3)
    await eventually(() => sent(/^IDLE/i) > 1)
    expect(await taken()).toEqual([])
    const [sum] = await reconcileWatched(intake, { ...WATCHED, account })
    expect(sum).toMatchObject({ onServer: 3, leftOut: 3, missing: [], pending: [] })
  },
)

test.each(['NO', 'BAD'])(
  '%s to LIST: the inbox is read over the same connection, and the sent folder is looked for again',
  async word => {
    const ALL = /^LIST "" "?\*/i
    const lists = { refused: true }
    const { script } = folderOf(1, () => 'mail')
    await watch(
      command => {
        // imapflow also asks for the delimiter, and for each folder that it opens.
        if (/^LIST "" ""$/i.test(command)) return ['* LIST (\\Noselect) "/" ""', 'TAG OK -']
        if (ALL.test(command)) return lists.refused ? [`TAG ${word} not now`] : ['* LIST () "/" Sent', 'TAG OK -']
        if (/^STATUS Sent/i.test(command)) return ['* STATUS Sent (UIDVALIDITY 7 UIDNEXT 1 MESSAGES 0)', 'TAG OK -']
        return script(command, () => undefined)
      },
      { sent: 'auto' },
      1,
    )
    await eventually(async () => expect(await taken()).toEqual([1]))
    await eventually(() => told('the folder of sent mail cannot be found').length > 0)
    const looked = sent(ALL)
    await eventually(() => sent(/^IDLE/i) > 3)
    expect(sent(ALL)).toBe(looked)
    expect(told('the folder of sent mail cannot be found')).toMatchObject([
      { level: 40, mailbox: 'it', reason: expect.stringContaining('refused to list the folders; it said: not now') },
    ])
    lists.refused = false
    passes(6 * MINUTE)
    await eventually(async () =>
      expect(await store.read.folders()).toMatchObject([{ folder: 'INBOX' }, { folder: 'Sent', role: 'sent' }]),
    )
    expect(told('mailbox cannot be read')).toEqual([])
    expect(sent(SIGN_IN)).toBe(1)
  },
)

/** A folder whose mails are handed out, or not. */
function folderOf(count: number, answerTo: (uid: number) => 'mail' | 'no' | 'nothing' | 'bye') {
  const state = { count, answerTo }
  const uidsIn = (set: string) =>
    set.split(',').flatMap(range => {
      const [from = '1', to = from] = range.split(':')
      const last = to === '*' ? state.count : Number(to)
      return Array.from({ length: Math.max(0, last - Number(from) + 1) }, (_, i) => Number(from) + i)
    })
  const script: Script = command => {
    if (/^SELECT INBOX$/i.test(command))
      return [`* ${state.count} EXISTS`, '* OK [UIDVALIDITY 7] -', `* OK [UIDNEXT ${state.count + 1}] -`, 'TAG OK -']
    const search = /^UID SEARCH UID (\S+)/i.exec(command)
    if (search) return [`* SEARCH ${uidsIn(search[1] ?? '').join(' ')}`, 'TAG OK -']
    const fetch = /^UID FETCH (\S+) (.*)$/i.exec(command)
    if (!fetch) return undefined
    const rows: string[] = []
    for (const uid of uidsIn(fetch[1] ?? '')) {
      const head = `* ${uid} FETCH (UID ${uid} INTERNALDATE "23-Nov-2026 08:00:00 +0000"`
      if (!/BODY/i.test(fetch[2] ?? '')) {
        rows.push(`${head} RFC822.SIZE 300)`)
        continue
      }
      const answer = state.answerTo(uid)
      if (answer === 'no') return [...rows, 'TAG NO [SERVERBUG] Internal error occurred']
      if (answer === 'bye') return [...rows, '* BYE FETCH failed', 'HANGUP']
      if (answer === 'nothing') continue
      const bytes = mail({ from: `p${uid}@example.org`, to: 'it@example.org', subject: `mail ${uid}` }).toString(
        'latin1',
      )
      const origin = /<0>|<0\.\d+>/.test(fetch[2] ?? '') ? '<0>' : ''
      rows.push(`${head} BODY[]${origin} {${bytes.length}}\r\n${bytes})`)
    }
    return [...rows, 'TAG OK -']
  }
  return { state, script }
}

const taken = async () => (await store.read.rawMails({ limit: 99 })).map(({ uid }) => uid).sort((a, b) => a - b)
const refused = async () => (await store.read.refusedMails()).map(({ uid, reason }) => [uid, reason])
const lastUid = async () => (await store.read.cursor('it', 'INBOX'))?.lastUid

describe('a mail that the server shows and does not hand out', () => {
  test.each([
    ['no', 'refused to fetch the mail with UID 2; it said: Internal error occurred'],
    ['nothing', 'it shows UID 2 and gives nothing'],
    ['bye', /lost the connection .* \(fetch the mail with UID 2\)/],
  ] as const)('by saying "%s": the others are taken in, it is told of, and tried again', async (how, words) => {
    const { state, script } = folderOf(4, uid => (uid === 2 ? how : 'mail'))
    const { account } = await watch(script, {}, 4)
    await eventually(async () => expect(await taken()).toEqual([1, 3, 4]), 20_000)
    const reason = typeof words === 'string' ? expect.stringContaining(words) : expect.stringMatching(words)
    expect(await refused()).toEqual([[2, reason]])
    expect(told(NOT_HANDED_OUT).at(-1)).toMatchObject({ mailbox: 'it', folder: 'INBOX', uid: 2, reason })
    const sum = await reconcileWatched(intake, { ...WATCHED, account })
    expect(sum).toMatchObject([{ onServer: 4, accounted: 3, missing: [2], repaired: 0, refused: [{ uid: 2, reason }] }])
    const status = async () => (await store.read.folders())[0]
    await eventually(async () => expect(await status()).toMatchObject({ lastError: null, lastUid: 4 }))

    state.answerTo = () => 'mail'
    passes(16 * MINUTE)
    await eventually(async () => expect(await taken()).toEqual([1, 2, 3, 4]), 20_000)
    expect(await refused()).toEqual([])
  })

  test('and is the newest: it is passed by when an older one is handed out, and what comes later is read at once', async () => {
    const { state, script } = folderOf(2, uid => (uid === 2 ? 'bye' : 'mail'))
    await watch(script, {}, 2)
    await eventually(async () => expect(await refused()).toHaveLength(1), 20_000)
    expect(await lastUid()).toBe(2)
    const before = sent(SIGN_IN)
    state.count = 3
    await eventually(async () => expect(await taken()).toEqual([1, 3]))
    expect(sent(SIGN_IN) - before).toBeLessThanOrEqual(1)
  })

  test.each([
    ['no', 'Internal error occurred'],
    ['bye', 'lost the connection'],
  ] as const)(
    'and is the only one ("%s"): refused often enough, it is passed by, and the folder is well',
    async (how, words) => {
      const { state, script } = folderOf(1, () => how)
      imap = await scriptedImap(script, { exists: 1 })
      const watched = { ...WATCHED, account: imap.account }
      const doubts = noDoubts()
      // As the loop does, without its pauses.
      const look = async () => {
        await using session = await connectImap(watched.account, intake.log)
        return await readFolder(intake, watched, session, new AbortController().signal, doubts)
      }
      for (let time = 0; time < TRIES_ALONE; time++) await expect(look()).rejects.toThrow(words)
      expect([await lastUid(), await refused()]).toEqual([0, []])
      expect(await look()).toBe(0)
      expect([await lastUid(), await refused()]).toEqual([1, [[1, expect.stringContaining(words)]]])
      expect((await store.read.folders())[0]).toMatchObject({ lastError: null, checkedAt: expect.any(String) })

      watchAt(imap.account)
      await eventually(() => sent(/^IDLE/i) > 0)
      state.answerTo = () => 'mail'
      passes(16 * MINUTE)
      await eventually(async () => expect(await taken()).toEqual([1]), 20_000)
      expect(await refused()).toEqual([])
      expect(told('mailbox cannot be read')).toEqual([])
    },
  )

  test('and is removed there: nothing waits for it any more', async () => {
    const { state, script } = folderOf(3, uid => (uid === 3 ? 'no' : 'mail'))
    const { account } = await watch(script, {}, 3)
    await eventually(async () => expect(await refused()).toHaveLength(1), 20_000)
    state.count = 2
    await reconcileWatched(intake, { ...WATCHED, account })
    expect(await refused()).toEqual([])
  })

  test.each(['no', 'bye'] as const)(
    'nor any other ("%s"): nothing moves, and all is read in order afterwards',
    async how => {
      const { state, script } = folderOf(5, () => how)
      await watch(script, {}, 5)
      await eventually(() => told('mailbox cannot be read').length >= 4, 20_000)
      expect([await lastUid(), await taken(), await refused()]).toEqual([0, [], []])
      state.answerTo = () => 'mail'
      await eventually(async () => expect(await taken()).toEqual([1, 2, 3, 4, 5]), 30_000)
      expect(await refused()).toEqual([])
      const tickets = (await store.read.rawMails({ limit: 9 })).map(({ uid, ticket }) => [uid, ticket])
      expect(tickets.sort()).toEqual([1, 2, 3, 4, 5].map(uid => [uid, 1000 + uid]))
    },
  )
})

describeWithDovecot('a mail that Dovecot cannot read', () => {
  it('of which it cannot even tell the size: the others are read, also when it is the last one', async () => {
    await using dovecot = await startDovecot()
    // As delivered by other programs: a name that does not tell the size.
    const files = join(dovecot.home, 'mail/desk/Maildir/new')
    await dovecot.deliver('desk', 'INBOX', mail({ from: 'ann@example.org', to: 'it@example.org' }))
    for (const name of ['ben', 'carl']) {
      const seconds = name === 'ben' ? 1_700_000_001 : 1_700_000_002
      await writeFile(join(files, `${seconds}.M1P1.host`), mail({ from: `${name}@example.org`, to: 'it@example.org' }))
    }
    await chmod(join(files, '1700000002.M1P1.host'), 0o000)
    watchAt(dovecot.account('desk'))
    await eventually(async () => expect(await taken()).toHaveLength(2), 20_000)
    await eventually(async () => expect(await refused()).toHaveLength(1), 20_000)
    const failed = told('mailbox cannot be read').length
    await dovecot.deliver('desk', 'INBOX', mail({ from: 'dora@example.org', to: 'it@example.org' }))
    await eventually(async () => expect(await taken()).toHaveLength(3), 20_000)
    expect(told('mailbox cannot be read')).toHaveLength(failed)
    await chmod(join(dovecot.home, 'mail/desk/Maildir/cur/1700000002.M1P1.host:2,'), 0o644)
    passes(16 * MINUTE)
    await eventually(async () => expect(await taken()).toHaveLength(4), 20_000)
    expect(await refused()).toEqual([])
    await stop()
  })

  it('is passed by, told of, and tried again, though the server hangs up at it', async () => {
    await using dovecot = await startDovecot()
    for (const name of ['ann', 'ben', 'carl'])
      await dovecot.deliver('desk', 'INBOX', mail({ from: `${name}@example.org`, to: 'it@example.org', text: name }))
    const files = join(dovecot.home, 'mail/desk/Maildir/new')
    const names = await Promise.all(
      (await readdir(files)).map(async name => [await readFile(join(files, name), 'latin1'), name]),
    )
    const damaged = names.find(([text]) => text?.includes('ben@example.org'))?.[1] ?? ''
    await chmod(join(files, damaged), 0o000)
    watchAt(dovecot.account('desk'), { afterReading: 'seen' })
    await eventually(async () => expect(await taken()).toEqual([1, 3]), 20_000)
    expect(await refused()).toEqual([[2, expect.stringMatching(/fetch the mail with UID 2\).*FETCH failed/)]])
    const read = join(dovecot.home, 'mail/desk/Maildir/cur')
    await chmod(join(read, `${damaged}:2,`), 0o644)
    passes(16 * MINUTE)
    await eventually(async () => expect(await taken()).toEqual([1, 2, 3]), 20_000)
    expect(await refused()).toEqual([])
    // Marked like the others, though those after it were marked before.
    await eventually(
      async () => expect((await readdir(read)).filter(name => !name.endsWith(':2,S'))).toEqual([]),
      20_000,
    )
    await stop()
  })
})
