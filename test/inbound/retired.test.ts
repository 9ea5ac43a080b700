/*
 * Mail that was kept when its mailbox was still configured.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ingest, release, replay } from '../../src/inbound/ingest.ts'
import { openIntake, type TestIntake } from '../support/intake.ts'
import { mail, type TestMail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'

let desk: TestIntake
beforeEach(async () => {
  desk = await openIntake()
})
afterEach(() => desk[Symbol.asyncDispose]())

const jane = { from: 'Jane Doe <jane@example.org>', to: 'it@example.org' }

describe('a mail of a mailbox that is not configured any more', () => {
  const box = (name: string, ...addresses: string[]) => {
    const it = policy().mailboxes.get('it')
    if (!it) throw new Error('no it')
    return [name, { ...it, name, addresses }] as const
  }
  /** Its own mailbox is called `old`; it is in quarantine, or blocked. */
  const kept = async (given: TestMail) => {
    const ill = {
      ...desk.intake,
      policy: policy({ serviceLevels: new Map(), mailboxes: new Map([box('old', 'it@example.org')]) }),
    }
    const [mailThere] = await ingest(ill, [desk.arrival(mail(given), 'old')], desk.cursor)
    return mailThere?.rawMail ?? 0
  }
  const spam = { ...jane, headers: { 'X-Spam-Flag': 'YES' } }

  test.each([
    ['replayed', jane, replay],
    ['released', spam, release],
  ] as const)('is %s in the one that has its address now', async (_, given, again) => {
    const rawMail = await kept(given)
    const help = box('help', 'help@example.org', 'it@example.org')
    const now = { ...desk.intake, policy: policy({ mailboxes: new Map([box('hr', 'hr@example.org'), help]) }) }
    expect(await again(now, rawMail)).toMatchObject({ outcome: 'open', ticket: 1001 })
    expect(await desk.store.read.ticket(1001)).toMatchObject({ mailbox: 'help' })
    expect((await desk.store.read.outbox({ limit: 9 })).map(({ mailbox }) => mailbox)).toEqual(['help'])
  })

  test.each([
    ['replayed', jane, replay],
    ['released', spam, release],
  ] as const)('is not %s when it went to none that is, and stays what it is', async (_, given, again) => {
    const rawMail = await kept(given)
    const before = await desk.store.read.rawMail(rawMail)
    const now = { ...desk.intake, policy: policy({ mailboxes: new Map([box('hr', 'hr@example.org')]) }) }
    await expect(again(now, rawMail)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('the mailbox old, which is not configured any more: give the address'),
    })
    expect(await desk.store.read.rawMail(rawMail)).toEqual(before)
  })
})
