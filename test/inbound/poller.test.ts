/*
 * One folder as it is watched, with servers that do not do what they are asked for.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createIds } from '../../src/ids.ts'
import type { WatchedFolder } from '../../src/inbound/folder.ts'
import type { Intake } from '../../src/inbound/ingest.ts'
import { watchFolder } from '../../src/inbound/poller.ts'
import { HOUR, MINUTE } from '../../src/instant.ts'
import { keptLog } from '../support/log.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { type Script, type ScriptedImap, scriptedImap } from '../support/scripted-imap.ts'
import { openTestStore, type TestStore } from '../support/store.ts'
import { eventually } from '../support/wait.ts'

let store: TestStore
let imap: ScriptedImap
let intake: Intake
let lines: () => Record<string, unknown>[]
let stop: () => Promise<void>
beforeEach(async () => {
  store = await openTestStore()
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
  await imap[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
})

/** imapflow puts folders beneath INBOX here: what the server says to LIST reads like a name space. */
async function watch(script: Script, more: Partial<WatchedFolder> = {}, exists = 0): Promise<void> {
  imap = await scriptedImap(script, { exists })
  const watched = {
    ...({ mailbox: 'it', folder: 'INBOX', role: 'received', account: imap.account, startFrom: 'all' } as const),
    ...({ pollEveryMs: 100, largestMail: 1e7, afterReading: 'leave', sent: null, siblings: ['INBOX'] } as const),
    ...more,
  }
  const ending = new AbortController()
  const done = watchFolder(intake, watched, ending.signal, ending.signal)
  stop = async () => {
    ending.abort()
    await done
  }
}

const told = (msg: string) => lines().filter(line => line['msg'] === msg)
const sent = (verb: RegExp) => imap.commands.filter(command => verb.test(command)).length
const SIGN_IN = /^(LOGIN|AUTHENTICATE)/i

/** The monotonic clock goes on from then. */
function after(ms: number): void {
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms)
}

test('a sent folder that is not there costs no connection, and the other one is held against the ledger', async () => {
  const noFolder: Script = command =>
    /^(STATUS|SELECT) INBOX.Gesendet/i.test(command) ? ['TAG NO no folder'] : undefined
  await watch(noFolder, { sent: 'Gesendet' })
  await eventually(() => told('sent mail cannot be read').length > 0)
  after(7 * HOUR)
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
  after(6 * MINUTE)
  await eventually(() => sent(/^SELECT INBOX.Sent/i) > 0)
  expect(sent(SIGN_IN)).toBe(1)
  const status = async () => (await store.read.folders()).find(({ folder }) => folder === 'Sent')
  await eventually(async () => expect(await status()).toMatchObject({ role: 'sent', lastError: null }))
})
