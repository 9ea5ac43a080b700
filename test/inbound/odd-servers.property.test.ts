/*
 * Whatever an IMAP server does for a while: when it behaves again, every mail that it has stands in the ledger, once, with its own
 * bytes, and has one ticket.
 */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { createIds } from '../../src/ids.ts'
import type { AfterReading, WatchedFolder } from '../../src/inbound/folder.ts'
import { type Intake, sha256 } from '../../src/inbound/ingest.ts'
import { watchFolder } from '../../src/inbound/poller.ts'
import { reconcileWatched } from '../../src/inbound/reconcile.ts'
import { HOUR } from '../../src/instant.ts'
import { createLog } from '../../src/log.ts'
import { mail } from '../support/mail.ts'
import { type OddImap, oddImap } from '../support/odd-imap.ts'
import { FAULT_KINDS, type Fault, type Nature, RECEIVED_AT } from '../support/odd-imap-faults.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { openTestStore, type TestStore } from '../support/store.ts'
import { eventually, within } from '../support/wait.ts'

/** How far the monotonic clock is ahead. */
const clock = vi.hoisted(() => ({ aheadMs: 0 }))
// Pauses go by fast; what is waited for on the wire takes its time.
vi.mock('node:timers/promises', async original => {
  const real = await original<typeof import('node:timers/promises')>()
  const setTimeout: typeof real.setTimeout = (ms = 0, ...rest) => real.setTimeout(ms >= 500 ? ms / 1000 : ms, ...rest)
  return { ...real, setTimeout, default: { ...real, setTimeout } }
})
beforeEach(() => {
  clock.aheadMs = 0
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + clock.aheadMs)
})
afterEach(() => {
  vi.restoreAllMocks()
})

const nature: fc.Arbitrary<Nature> = fc.record({
  capabilities: fc.subarray(['IDLE', 'UIDPLUS', 'MOVE', 'CONDSTORE', 'NAMESPACE', 'ESEARCH']),
  later: fc.subarray(['MOVE', 'IDLE', 'UIDPLUS']),
  delimiter: fc.constantFrom('/', '.', '\\\\', null),
  removed: fc.constantFrom('nothing', 'emptiness', 'refusal', 'mail'),
  sizes: fc.constantFrom('true', 'zero', 'guessed'),
  sent: fc.boolean(),
  chunk: fc.constantFrom(1e9, 700, 3),
})
const faults: fc.Arbitrary<readonly Fault[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...FAULT_KINDS),
    after: fc.constantFrom(0, 0, 0, 1, 2, 4),
    times: fc.integer({ min: 1, max: 3 }),
    n: fc.nat({ max: 5000 }),
  }),
  { minLength: 1, maxLength: 6 },
)
// More than a window, too.
const count = fc.constantFrom(1, 2, 3, 4, 5, 6, 70)
const afterReading = fc.constantFrom<AfterReading>('leave', 'seen', { moveTo: 'Done' })

const START = '2026-11-20T00:00:00.000Z'
const LARGEST = 280_000
const BEGINNING = 256 * 1024
const TO = { to: 'it@example.org' }
/** The third is larger than what is fetched whole. */
const mailOf = (i: number) => {
  const text = i === 2 ? `long ${'x'.repeat(70)}\n`.repeat(4000) : `I ask for ${i}.`
  return mail({ ...TO, from: `p${i}@example.org`, subject: `mail ${i}`, text })
}
const sentMail = (i: number) => mail({ from: TO.to, to: `c${i}@example.com`, subject: `sent ${i}` })
const isOld = (bytes: Buffer) => bytes.includes('Subject: old')

async function play(nature: Nature, plan: readonly Fault[], count: number, afterReading: AfterReading): Promise<void> {
  clock.aheadMs = 0
  await using store = await openTestStore()
  const old = mail({ ...TO, from: 'old@example.org', subject: 'old' })
  const mails = Array.from({ length: count }, (_, i) => mailOf(i))
  await using server = await oddImap({ nature, plan, old, mails })
  const rules = policy()
  const intake: Intake = {
    ...{ policy: rules, reader: readHere(rules), ids: createIds(Buffer.alloc(32, 7)), store },
    ...{ clock: systemClock, log: createLog('silent'), onIngested: () => undefined },
  }
  const watched: WatchedFolder = {
    ...({ mailbox: 'it', folder: 'INBOX', role: 'received', account: server.account, pollEveryMs: 100 } as const),
    // A date that the server told wrong may be before our first day.
    startFrom: plan.some(({ kind }) => kind === 'oddDate') ? 'all' : START,
    ...{ largestMail: LARGEST, afterReading, sent: 'auto', siblings: ['INBOX'] },
  }
  const allTaken = async () => expect(await missing(store, server)).toEqual([])
  const ending = new AbortController()
  const done = watchFolder(intake, watched, ending.signal, ending.signal)
  try {
    for (let i = 0; i < 8 && !server.over; i++) {
      if (nature.sent && i < 3) server.deliver('Sent', sentMail(i))
      await eventually(() => server.over, 80).catch(() => server.arrive())
    }
    server.behave()
    server.deliver('INBOX', mailOf(99))
    // What was refused, or not shown, is asked for again later.
    await eventually(allTaken, 1000).catch(() => {
      clock.aheadMs += 7 * HOUR
    })
    await eventually(allTaken, 10_000)
    expect(await faultsOf(store, server, plan)).toEqual([])
    if (afterReading !== 'leave') return
    for (const { onServer, accounted, leftOut, pending } of await reconcileWatched(intake, watched))
      expect([accounted + leftOut, pending]).toEqual([onServer, []])
  } finally {
    ending.abort()
    await within(5000, 'the end of the loop', done)
  }
}

/** What the server has and the ledger has not. */
async function missing(store: TestStore, server: OddImap): Promise<string[]> {
  const rows = await store.read.rawMails({ limit: 999 })
  const taken = new Set(rows.map(({ folder, uidValidity, uid }) => `${folder}/${uidValidity}/${uid}`))
  const hashes = new Set(rows.map(row => row.sha256))
  const shown = ['INBOX', 'Sent'].flatMap(name => {
    const { validity = 0, mails = [] } = server.folders.get(name) ?? {}
    return mails.flatMap(({ uid, bytes }) => (isOld(bytes) ? [] : `${name}/${validity}/${uid}`))
  })
  // Nothing is moved that was not taken in.
  const moved = (server.folders.get('Done')?.mails ?? []).filter(
    ({ bytes }) => !hashes.has(sha256(bytes)) && !hashes.has(sha256(bytes.subarray(0, BEGINNING))),
  )
  return [...shown.filter(key => !taken.has(key)), ...moved.map(({ uid }) => `Done/${uid}`)]
}

/** What is wrong with the ledger. */
async function faultsOf(store: TestStore, server: OddImap, plan: readonly Fault[]): Promise<string[]> {
  const has = (...kinds: string[]) => plan.some(({ kind }) => kinds.includes(kind))
  // When it hides the old mail and its UID as well, nobody can know that it was there before.
  const isDated = !has('oddDate') && !(has('lowUidNext') && has('missing', 'wrongExists'))
  const tickets = new Map<string, number | null>()
  const faults: string[] = []
  for (const row of (await store.read.rawMails({ limit: 999 })).toReversed()) {
    const where = `${row.folder}/${row.uidValidity}/${row.uid}`
    const bytes = server.known(row.folder, row.uidValidity, row.uid)?.bytes
    if (!bytes) {
      faults.push(`${where} never was`)
      continue
    }
    const whole = sha256(bytes)
    const isWhole = row.sha256 === whole && row.fullSize === null
    const isBeginning = row.sha256 === sha256(bytes.subarray(0, BEGINNING)) && (row.fullSize ?? 0) > BEGINNING
    if (!isWhole && !isBeginning) faults.push(`${where} has ${row.size} of ${bytes.length} bytes, told ${row.fullSize}`)
    if (isDated && row.receivedAt < START) faults.push(`${where} is from before our first day`)
    if (isDated && row.receivedAt > START && row.receivedAt !== RECEIVED_AT) faults.push(`${where}: ${row.receivedAt}`)
    if (row.folder === 'Sent') continue
    const before = tickets.get(whole)
    if (before === undefined) tickets.set(whole, row.ticket)
    const isRight = before === undefined ? row.outcome === 'open' : row.outcome === 'duplicate' && row.ticket === before
    if (!isRight) faults.push(`${where}: ${row.outcome} ${row.ticket} ${row.reason}, ${before}`)
  }
  return faults
}

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 12)

test(
  'what a server did for a while leaves no trace',
  () => fc.assert(fc.asyncProperty(nature, faults, count, afterReading, play), { numRuns: RUNS }),
  RUNS * 20_000,
)
