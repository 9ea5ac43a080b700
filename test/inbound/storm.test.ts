/*
 * Weeks of machines that answer whatever they get, each at once and each mail: what goes out is bounded, and people get
 * theirs. The robots write the headers that they are known for; the worst write none.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createIds, newSecret } from '../../src/ids.ts'
import { type Intake, ingest } from '../../src/inbound/ingest.ts'
import { DAY, MINUTE, plus } from '../../src/instant.ts'
import { keptLog } from '../support/log.ts'
import { mail, type TestMail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { openTestStore, type TestStore } from '../support/store.ts'

let store: TestStore
beforeEach(async () => {
  store = await openTestStore()
})
afterEach(() => store[Symbol.asyncDispose]())

type Headers = Readonly<Record<string, string>>
const MARKED: Readonly<Record<string, Headers>> = {
  vacation: { 'Auto-Submitted': 'auto-replied' },
  osticket: { Precedence: 'auto_reply', 'X-Autoreply': 'yes', 'Auto-Submitted': 'auto-replied' },
  rt: { Precedence: 'bulk', 'X-RT-Loop-Prevention': 'rt.example', 'Auto-Submitted': 'auto-generated' },
  znuny: { Precedence: 'bulk', 'Auto-Submitted': 'auto-replied', 'X-Powered-By': 'Znuny' },
  frappe: { 'X-Auto-Generated': 'frappe' },
  list: { 'List-Id': 'Everyone <everyone.other.example>', Precedence: 'list' },
  bouncer: { 'Return-Path': '<>' },
  postdesk: { 'X-Postdesk-Loop': 'yes', 'Auto-Submitted': 'auto-replied', Precedence: 'auto_reply' },
}
/** FreeScout and Libredesk mark nothing of their automatic answers, and many a script does not either. */
const UNMARKED = ['freescout', 'libredesk', 'script']
const DAYS = 21

test('three weeks of answering machines: a bounded number of mails, and every person gets theirs', {
  timeout: 120_000,
}, async () => {
  let now = '2026-11-02T08:00:00.000Z'
  let uid = 0
  const rules = policy()
  const { log } = keptLog()
  const ids = createIds(newSecret())
  const intake: Intake = { store, policy: rules, reader: readHere(rules), ids, clock: () => now, log, onIngested() {} }
  const arrives = async (given: TestMail) => {
    const bytes = mail({ to: 'it@example.org', ...given })
    await ingest(
      intake,
      [{ mailbox: 'it', folder: 'INBOX', uidValidity: '1', uid: ++uid, receivedAt: now, bytes }],
      async () => undefined,
    )
  }
  const sentTo = new Map<string, number>()
  let seen = 0
  /** What went out since the last look. */
  const takeSent = async () => {
    const fresh = (await store.read.outbox({ limit: 500 })).filter(({ id }) => id > seen)
    seen = Math.max(seen, ...fresh.map(({ id }) => id))
    for (const { mail } of fresh) {
      const to = mail.to[0]?.address ?? ''
      sentTo.set(to, (sentTo.get(to) ?? 0) + 1)
    }
    return fresh.map(({ mail }) => mail)
  }

  const robots = [...Object.keys(MARKED), ...UNMARKED]
  let people = 0
  for (let day = 0; day < DAYS; day++) {
    // Each robot begins once a day by itself, and then answers for as long as it is answered.
    for (const robot of robots)
      await arrives({ from: `${robot}@other.example`, subject: `Report ${day}`, headers: MARKED[robot] ?? {} })
    await arrives({ from: `person${day}@example.org`, subject: 'Printer', text: 'It does not print any more.' })
    people++
    for (let round = 0; round < 100; round++) {
      const sent = await takeSent()
      const answers = sent.filter(({ to }) => to[0]?.address.endsWith('@other.example'))
      if (answers.length === 0) break
      now = plus(now, MINUTE)
      for (const { to, messageId, subject } of answers) {
        const robot = to[0]?.address.split('@')[0] ?? ''
        // A new subject and no references each time: no thread bounds it either.
        const headers = MARKED[robot] ?? {}
        await arrives({
          from: to[0]?.address ?? '',
          subject: `Received ${round}: ${subject.length}`,
          headers,
          text: `${messageId}`,
        })
      }
    }
    now = plus(`${now.slice(0, 10)}T08:00:00.000Z`, DAY)
  }

  const { size, perDay } = rules.budgets.address
  for (const robot of Object.keys(MARKED))
    expect([robot, sentTo.get(`${robot}@other.example`) ?? 0]).toEqual([robot, 0])
  for (const robot of UNMARKED) {
    const count = sentTo.get(`${robot}@other.example`) ?? 0
    expect(count, robot).toBeGreaterThan(0)
    expect(count, robot).toBeLessThanOrEqual(size + DAYS * perDay)
  }
  for (let day = 0; day < people; day++) expect(sentTo.get(`person${day}@example.org`)).toBe(1)
})
