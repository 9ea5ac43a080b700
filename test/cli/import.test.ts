import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { appendFile, mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Sum } from '../../src/cli/import-sum.ts'
import { Database } from '../../src/store/native.ts'
import { openStore } from '../../src/store/store.ts'
import { type ArchivedMail, conversations, mboxOf } from '../support/archive.ts'
import { command, type Ended, MAIN } from '../support/command.ts'
import { mail } from '../support/mail.ts'
import { SMALL_DESK, writeSetup } from '../support/setup.ts'
import { brokenInvariants } from '../support/store.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'
import { oldThreads } from '../support/threads.ts'

type Told = ReturnType<Sum['json']> & { readonly stopped: boolean }

let folder: TempDir
beforeEach(async () => {
  folder = await tempDir('import')
})
afterEach(() => folder[Symbol.asyncDispose]())

/** A desk with a database of its own; no server is asked by an import. */
const desk = async (name: string) => {
  const home = join(folder.path, name)
  await mkdir(home)
  const nowhere = (user: string) => ({
    imap: { host: '127.0.0.1', port: 9, tls: 'none', verifyCertificate: true, user, password: 'x' } as const,
    smtp: { port: 9 },
  })
  const mailboxes = { it: nowhere('it'), support: nowhere('support') }
  const { configPath, databasePath } = await writeSetup({ mailboxes, desk: SMALL_DESK }, home)
  const args = (...more: string[]) => ['import', '--config', configPath, ...more]
  return {
    databasePath,
    args,
    run: (...more: string[]): Promise<Ended> => command(args(...more)),
    async sum(...more: string[]): Promise<Told> {
      const { stdout, stderr, code } = await command(args('--json', ...more))
      if (stdout === '') throw new Error(`it ended with ${code}: ${stderr}`)
      return JSON.parse(stdout) as Told
    },
  }
}

const rows = <Row>(path: string, query: string): Row[] => {
  const db = new Database(path, { readonly: true })
  try {
    return db.prepare(query).all() as Row[]
  } finally {
    db.close()
  }
}
const count = (path: string, from: string): number =>
  rows<{ n: number }>(path, `select count(*) as n from ${from}`)[0]?.n ?? 0

const sound = (path: string) => {
  expect(count(path, 'outbox')).toBe(0)
  expect(count(path, 'promises')).toBe(0)
  expect(brokenInvariants(path)).toEqual([])
}

/** Which mails share a ticket: of each ticket the ids of its mails, sorted. */
const tickets = (path: string): string[] => {
  const found = rows<{ ticket_id: number; message_id: string }>(path, 'select ticket_id, message_id from messages')
  return grouped(found.map(row => [row.ticket_id, row.message_id]))
}
const grouped = (pairs: readonly (readonly [number, string])[]): string[] => {
  const groups = new Map<number, string[]>()
  for (const [group, id] of pairs) groups.set(group, [...(groups.get(group) ?? []), id])
  return [...groups.values()].map(ids => ids.sort().join(' ')).sort()
}
const threads = (mails: readonly ArchivedMail[]) => grouped(mails.map(one => [one.thread, one.messageId]))

describe('postdesk import', () => {
  for (const [dated, seed] of [
    [true, 1],
    [true, 2],
    [false, 3],
  ] as const) {
    const name = `500 mails mixed up, some missing, some twice, ${dated ? 'dated' : 'without a date'}`
    test(`${name}: a ticket is what References say (seed ${seed})`, { timeout: 60_000 }, async () => {
      const { mails, file } = conversations(seed, { dated })
      const path = join(folder.path, 'old.mbox')
      await writeFile(path, mboxOf(file.map(({ bytes }) => bytes)))
      const { sum, databasePath } = await desk('a')
      const told = await sum(path)
      expect(told).toMatchObject({ read: file.length, earlier: 0, stopped: false, unreadable: { count: 0 } })
      expect(told.outcomes).toMatchObject({
        open: new Set(mails.map(({ thread }) => thread)).size,
        duplicate: file.filter(({ copy }) => copy).length,
        quarantine: 0,
      })
      expect(told.outcomes.open + told.outcomes.append + told.outcomes.duplicate).toBe(file.length)
      expect(tickets(databasePath)).toEqual(threads(mails))
      sound(databasePath)
      if (!dated) return
      const last = new Map(mails.map(one => [one.thread, one.byAgent]))
      const waiting = [...last.values()].filter(byAgent => byAgent).length
      // A conversation of which only answers are left is one that the agent began; one of ours that begins nothing is none.
      const statuses = rows<{ id: number; status: string; last: string }>(
        databasePath,
        `select t.id, t.status, (select m.author from messages m where m.ticket_id = t.id order by m.received_at desc, m.id desc limit 1) as last
         from tickets t`,
      )
      expect(statuses.filter(one => (one.status === 'pending') !== (one.last === 'agent'))).toEqual([])
      expect(statuses.filter(one => one.status === 'pending').length).toBeLessThanOrEqual(waiting)
      const first = rows<{ opened_at: string }>(databasePath, 'select min(opened_at) as opened_at from tickets')
      expect(first[0]?.opened_at).toBe(mails[0]?.at.toISOString())
    })
  }

  test.each([1, 2, 3])(
    'threads as they really lie there are what their ids say, in any order (seed %i), and twice',
    async seed => {
      const { file, copies, groups } = oldThreads(seed)
      const path = join(folder.path, 'old.mbox')
      await writeFile(path, mboxOf(file))
      const { sum, databasePath } = await desk('a')
      const told = await sum(path)
      expect(told).toMatchObject({ read: file.length, earlier: 0, unreadable: { count: 0 } })
      expect(told.outcomes).toMatchObject({ open: groups.length, duplicate: copies, quarantine: 0 })
      const found = () =>
        tickets(databasePath)
          .map(group => group.replaceAll('@old.example', ''))
          .sort()
      expect(found()).toEqual(groups)
      const strangers = rows(
        databasePath,
        `select message_id as id, standing from messages where message_id like 'stranger.%'`,
      )
      expect(strangers.toSorted()).toEqual([
        { id: 'stranger.1@old.example', standing: 'pending' },
        { id: 'stranger.2@old.example', standing: 'accepted' },
        { id: 'stranger.3@old.example', standing: 'accepted' },
      ])
      const texts = rows<{ text: string }>(
        databasePath,
        `select text from messages where message_id like 'quoting.%' order by message_id`,
      )
      expect(texts.map(({ text }) => text.split('\n').slice(0, 4))).toEqual(
        [0, 1, 2].map(at => [
          `From here on it is ${at}.`,
          '>From there it was not.',
          '',
          'From someone@example.org Mon Nov  2 08:00:00 2015',
        ]),
      )
      const before = rows(databasePath, 'select * from tickets')
      expect(await sum(path)).toMatchObject({ read: file.length, earlier: file.length, outcomes: told.outcomes })
      expect(found()).toEqual(groups)
      expect(rows(databasePath, 'select * from tickets')).toEqual(before)
      sound(databasePath)
    },
  )

  test('an older part that is imported later: no conversation is mixed with another, and what cites all before it stays whole', async () => {
    const { file, groups } = oldThreads(4)
    const dateOf = (bytes: Buffer) => Date.parse(/^Date: (.*)$/m.exec(bytes.toString('latin1'))?.[1] ?? '')
    const byDate = file.toSorted((a, b) => dateOf(a) - dateOf(b))
    const { sum, databasePath } = await desk('a')
    for (const [at, part] of [byDate.slice(48), byDate.slice(0, 48)].entries()) {
      const path = join(folder.path, `${at}.mbox`)
      await writeFile(path, mboxOf(part))
      await sum(path)
    }
    const found = tickets(databasePath)
      .map(group => group.replaceAll('@old.example', ''))
      .sort()
    const parted = ['parents.0 parents.1 parents.2 parents.3 parents.4', 'phrase.0 phrase.1 phrase.2']
    const whole = groups.filter(group => !parted.includes(group))
    expect(found.filter(group => groups.includes(group))).toEqual(whole)
    // What cites its parent alone is known by that one, and two tickets are never merged by a mail.
    const pieces = found.filter(group => !groups.includes(group))
    expect(pieces.map(piece => parted.some(group => group.includes(piece)))).toEqual(pieces.map(() => true))
    sound(databasePath)
  })

  test('killed again and again, it ends with the same sum and the same tickets', { timeout: 120_000 }, async () => {
    const { mails, file } = conversations(7, { count: 300 })
    const path = join(folder.path, 'old.mbox')
    await writeFile(path, mboxOf(file.map(({ bytes }) => bytes)))
    const whole = await desk('whole')
    const wanted = await whole.sum(path)

    const killed = await desk('killed')
    let taken = 0
    for (const part of [0.1, 0.3, 0.5]) {
      const child = spawn(process.execPath, [MAIN, ...killed.args(path)], { stdio: 'ignore' })
      const ended = once(child, 'close')
      while (child.exitCode === null && taken < file.length * part) {
        await sleep(5)
        taken = takenIn(killed.databasePath)
      }
      child.kill('SIGKILL')
      await ended
      expect(child.signalCode).toBe('SIGKILL')
      taken = takenIn(killed.databasePath)
    }
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(file.length)
    const told = await killed.sum(path)
    expect(told.earlier).toBe(taken)
    expect({ ...told, earlier: 0 }).toEqual(wanted)
    expect(count(killed.databasePath, 'raw_mails')).toBe(file.length)
    expect(tickets(killed.databasePath)).toEqual(tickets(whole.databasePath))
    expect(tickets(killed.databasePath)).toEqual(threads(mails))
    sound(killed.databasePath)
  })

  test('two at once, beside a program that writes, take in each mail once', { timeout: 60_000 }, async () => {
    const { mails, file } = conversations(11, { count: 300 })
    const path = join(folder.path, 'old.mbox')
    await writeFile(path, mboxOf(file.map(({ bytes }) => bytes)))
    const { sum, databasePath } = await desk('a')
    await using store = await openStore(databasePath)
    const done = new AbortController()
    const longest = (async () => {
      let longestMs = 0
      for (let n = 0; !done.signal.aborted; n++) {
        const started = performance.now()
        await store.write(tx => tx.settingOnce(`test-${n}`, 'x'))
        longestMs = Math.max(longestMs, performance.now() - started)
        await sleep(10)
      }
      return longestMs
    })()
    const sums = await Promise.all([sum(path), sum(path)])
    done.abort()
    expect(await longest).toBeLessThan(10_000)
    for (const told of sums) expect(told).toMatchObject({ read: file.length, outcomes: sums[0]?.outcomes })
    expect(count(databasePath, 'raw_mails')).toBe(file.length)
    expect(tickets(databasePath)).toEqual(threads(mails))
    sound(databasePath)
  })

  test('an archive that has grown: only what is new is taken in', async () => {
    const { file } = conversations(5, { count: 60 })
    const path = join(folder.path, 'old.mbox')
    await writeFile(path, mboxOf(file.slice(0, 40).map(({ bytes }) => bytes)))
    const { sum, databasePath } = await desk('a')
    expect(await sum(path)).toMatchObject({ read: 40, earlier: 0 })
    await appendFile(path, mboxOf(file.slice(40).map(({ bytes }) => bytes)))
    expect(await sum(path)).toMatchObject({ read: file.length, earlier: 40 })
    expect(count(databasePath, 'raw_mails')).toBe(file.length)
  })

  test('tells what it did, in words and with its exit code', async () => {
    const archive = join(folder.path, 'archive')
    const maildir = join(archive, 'Maildir')
    await mkdir(join(maildir, 'cur'), { recursive: true })
    await mkdir(join(maildir, '.Sent/cur'), { recursive: true })
    const jane = { from: 'jane@example.org', to: 'it@example.org', messageId: 'a@jane', date: '2015-01-05T09:00:00Z' }
    const ana = { from: 'ana@example.org', to: 'jane@example.org', inReplyTo: 'a@jane', date: '2015-01-06T09:00:00Z' }
    const away = {
      ...jane,
      messageId: 'o@jane',
      headers: { 'Auto-Submitted': 'auto-replied' },
      subject: 'Out of office',
    }
    await writeFile(join(maildir, 'cur/1420448400.M1.host:2,S'), mail(jane))
    await writeFile(join(maildir, '.Sent/cur/1420534800.M2.host:2,S'), mail(ana))
    await writeFile(join(archive, 'away.eml'), mail(away))
    await writeFile(join(archive, 'copy.eml'), mail(jane))
    await writeFile(join(archive, 'notes.txt'), 'nothing')
    const { run, args, databasePath } = await desk('a')

    const good = await run(archive)
    expect(good).toMatchObject({ code: 0, stderr: '' })
    expect(good.stdout.replace(/ +/g, ' ')).toBe(
      ` 4 mails read
 1 new tickets
 1 appended to a ticket
 1 duplicates
 1 automatic, kept without a ticket
 0 reports (bounces, receipts)
 0 quarantined
 1 skipped
 0 could not be read
Nothing was sent.
Skipped:
 ${join(archive, 'notes.txt')}: is neither a mail nor a mailbox file (packed? unpack it first)
`,
    )
    const bad = await run(archive, join(folder.path, 'missing.mbox'))
    expect(bad.code).toBe(1)
    expect(bad.stdout).toContain('4 of them had been taken in before.')
    expect(bad.stdout).toMatch(/Could not be read:\n {2}.*missing\.mbox: ENOENT/)
    expect(rows(databasePath, 'select status from tickets')).toEqual([{ status: 'pending' }])
    sound(databasePath)

    expect(await command(args())).toMatchObject({ code: 64 })
    expect(await run('--mailbox', 'hr', archive)).toMatchObject({
      code: 1,
      stderr: 'postdesk: there is no mailbox hr: say one of it, support\n',
    })
  })

  test('Ctrl-C ends it after the mails in hand, and it says how to go on', { timeout: 60_000 }, async () => {
    const { file } = conversations(9, { count: 400 })
    const path = join(folder.path, 'old.mbox')
    await writeFile(path, mboxOf(file.map(({ bytes }) => bytes)))
    const { args, sum, databasePath } = await desk('a')
    const child = spawn(process.execPath, [MAIN, ...args(path)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    const ended = once(child, 'close')
    while (child.exitCode === null && takenIn(databasePath) === 0) await sleep(5)
    child.kill('SIGINT')
    await ended
    expect(child.exitCode).toBe(1)
    expect(stdout).toContain('Stopped before the end: the same command goes on from here.')
    expect(await sum(path)).toMatchObject({ read: file.length, stopped: false })
    sound(databasePath)
  })

  // The peak of a process stands in /proc, on Linux alone.
  test.skipIf(process.platform !== 'linux')('needs no more memory for a large file', { timeout: 120_000 }, async () => {
    const large = (n: number) =>
      mail({
        from: 'jane@example.org',
        to: 'it@example.org',
        messageId: `${n}@jane`,
        date: '2015-01-05T09:00:00Z',
        attachments: [{ filename: 'large.bin', content: Buffer.alloc(1_000_000, n) }],
      })
    const write = async (name: string, count: number) => {
      const path = join(folder.path, name)
      await using handle = await open(path, 'w')
      for (let n = 0; n < count; n++) await handle.write(mboxOf([large(n)]))
      return path
    }
    const peak = async (name: string, path: string): Promise<number> => {
      const child = spawn(process.execPath, [MAIN, ...(await desk(name)).args(path)], { stdio: 'ignore' })
      const ended = once(child, 'close')
      let bytes = 0
      while (child.exitCode === null) {
        bytes = Math.max(bytes, peakOf(child.pid))
        await sleep(10)
      }
      await ended
      expect(child.exitCode).toBe(0)
      return bytes
    }
    // More than one group of 16 MB each; the other is six times as large.
    const some = await peak('some', await write('some.mbox', 20))
    const many = await peak('many', await write('many.mbox', 120))
    expect(many - some).toBeLessThan(80 * 1_048_576)
  })
})

/** Mails in the ledger; 0 while there is none. */
function takenIn(path: string): number {
  try {
    return count(path, 'raw_mails')
  } catch {
    return 0
  }
}

function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
