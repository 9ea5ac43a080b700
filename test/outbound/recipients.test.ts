import { afterEach, beforeEach, expect, test } from 'vitest'
import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import { DeskError } from '../../src/errors.ts'
import { DAY, HOUR, plus } from '../../src/instant.ts'
import { type Sending, sendDue } from '../../src/outbound/sender.ts'
import { openSmtp, type SmtpTransport } from '../../src/outbound/smtp.ts'
import { keptLog } from '../support/log.ts'
import { enqueue, outgoing } from '../support/outgoing.ts'
import { type SmtpTestServer, smtpAccountAt, startSmtp } from '../support/smtp.ts'
import { openTestStore, type TestStore } from '../support/store.ts'

/*
 * A mail to several people, whom the server answers one by one.
 */
const NOW = '2026-11-23T09:00:00.000Z'
const [JANE, BOSS, CAS] = ['jane@example.org', 'boss@example.org', 'cas@example.org'] as const
const TO_THREE: Partial<OutgoingMail> = {
  automatic: false,
  to: [{ name: 'Jane Doe', address: 'Jane@Example.org' }],
  cc: [BOSS, CAS].map(address => ({ name: '', address })),
}

let store: TestStore
let smtp: SmtpTestServer
let transport: SmtpTransport
let now: string
let sending: Sending

beforeEach(async () => {
  now = NOW
  store = await openTestStore()
  smtp = await startSmtp()
  transport = openSmtp(smtpAccountAt(smtp.port))
  sending = {
    ...{ store, transport, log: keptLog().log, mailbox: 'it' },
    clock: () => now,
    openAttachment: async ({ part }) => Buffer.from(`part ${part}`),
  }
})
afterEach(async () => {
  transport.close()
  await smtp[Symbol.asyncDispose]()
  await store[Symbol.asyncDispose]()
})

/** One attempt, and what stands in the outbox after it. */
const attempt = async (afterMs = 0) => {
  now = plus(now, afterMs)
  await sendDue(sending)
  return (await store.read.outbox({ limit: 1 }))[0]
}
const sentTo = () => smtp.mails.map(({ envelope }) => envelope.to)
const history = async () =>
  (await store.read.events(1001)).flatMap(({ kind, data }) =>
    kind === 'opened' ? [] : [`${kind}: ${(data['to'] as { address: string }[]).map(({ address }) => address)}`],
  )
const againByHand = () => store.write(tx => tx.retryOutboxMail(1, now))

test('greylisted: who was taken has it once, and the next attempt is for the other alone', async () => {
  await enqueue(store, outgoing(TO_THREE), NOW)
  smtp.refuse(JANE, 450)
  expect(await attempt()).toMatchObject({
    state: 'queued',
    attempts: 1,
    lastError: expect.stringMatching(/^127\.0\.0\.1:\d+: 450 No such recipient$/),
    undelivered: { waiting: [JANE], refused: [] },
  })
  expect(await attempt(HOUR)).toMatchObject({ state: 'queued', attempts: 2, undelivered: { waiting: [JANE] } })
  smtp.refuse(JANE, null)
  expect(await attempt(HOUR)).toMatchObject({ state: 'sent', attempts: 3, lastError: null, undelivered: null })
  expect(sentTo()).toEqual([[BOSS, CAS], [JANE]])
  expect(smtp.mails[0]?.bytes.toString()).toMatch(/^To: Jane Doe <jane@example\.org>\r\nCc: boss@/im)
  expect(smtp.mails[1]?.bytes.equals(smtp.mails[0]?.bytes ?? Buffer.alloc(0))).toBe(true)
  expect(await history()).toEqual([`reply-sent: ${BOSS},${CAS}`, 'reply-sent: Jane@Example.org'])
})

test('refused for good: the mail has failed, the history names whom, and by hand it goes to them alone', async () => {
  await enqueue(store, outgoing(TO_THREE), NOW)
  smtp.refuse(JANE, 550)
  expect(await attempt()).toMatchObject({
    state: 'failed',
    response: expect.stringContaining('kept'),
    lastError: expect.stringContaining('550'),
    undelivered: { waiting: [JANE], refused: [] },
  })
  expect(await history()).toEqual([`reply-sent: ${BOSS},${CAS}`, 'reply-failed: Jane@Example.org'])
  expect(await attempt(DAY)).toMatchObject({ state: 'failed', attempts: 1 })
  smtp.refuse(JANE, null)
  await againByHand()
  // What some have got cannot be taken back any more.
  expect(await store.write(tx => tx.withdraw(1))).toBe(false)
  expect(await attempt()).toMatchObject({ state: 'sent', undelivered: null })
  expect(sentTo()).toEqual([[BOSS, CAS], [JANE]])
})

test('one waits, one is refused for good, one has it: each told at its time, nobody asked twice', async () => {
  await enqueue(store, outgoing(TO_THREE), NOW)
  smtp.refuse(JANE, 450)
  smtp.refuse(CAS, 550)
  expect(await attempt()).toMatchObject({
    state: 'queued',
    lastError: expect.stringMatching(/450 .*\(jane@example\.org\); .*550 .*\(cas@example\.org\)$/),
    undelivered: { waiting: [JANE], refused: [{ address: CAS }] },
  })
  expect(await history()).toEqual([`reply-sent: ${BOSS}`, `reply-failed: ${CAS}`])
  smtp.refuse(JANE, null)
  expect(await attempt(HOUR)).toMatchObject({
    state: 'failed',
    lastError: expect.stringContaining('550'),
    undelivered: { waiting: [CAS], refused: [] },
  })
  expect((await history()).slice(2)).toEqual(['reply-sent: Jane@Example.org'])
  smtp.refuse(CAS, null)
  await againByHand()
  expect(await attempt()).toMatchObject({ state: 'sent' })
  expect(sentTo()).toEqual([[BOSS], [JANE], [CAS]])
})

test('nobody was taken: it waits for those alone who may be taken later, and fails when nobody may', async () => {
  await enqueue(store, outgoing(TO_THREE), NOW)
  for (const address of [BOSS, CAS]) smtp.refuse(address, 450)
  smtp.refuse(JANE, 550)
  expect(await attempt()).toMatchObject({
    ...{ state: 'queued', response: null },
    undelivered: { waiting: [BOSS, CAS], refused: [{ address: JANE }] },
  })
  for (const address of [BOSS, CAS]) smtp.refuse(address, 550)
  expect(await attempt(HOUR)).toMatchObject({ state: 'failed', undelivered: { waiting: [JANE, BOSS, CAS] } })
  expect(await history()).toEqual(['reply-failed: Jane@Example.org', `reply-failed: ${BOSS},${CAS}`])
  expect(smtp.mails).toEqual([])
})

test('all refused alike is one failure of one mail', async () => {
  await enqueue(store, outgoing(TO_THREE), NOW)
  for (const address of [JANE, BOSS, CAS]) smtp.refuse(address, 450)
  expect(await attempt()).toMatchObject({
    state: 'queued',
    undelivered: null,
    lastError: expect.stringMatching(/450 [^(]+$/),
  })
  for (const address of [JANE, BOSS, CAS]) smtp.refuse(address, null)
  expect(await attempt(HOUR)).toMatchObject({ state: 'sent' })
  expect(sentTo()).toEqual([[JANE, BOSS, CAS]])
})

test('greylisted for four days, or the connection fails for so long: given up, and who was refused before is not forgotten', async () => {
  await enqueue(store, outgoing(TO_THREE), NOW)
  smtp.refuse(JANE, 450)
  smtp.refuse(CAS, 550)
  for (let count = 0; count < 9; count++) await attempt(HOUR)
  await smtp.offline()
  expect(await attempt(4 * DAY)).toMatchObject({
    ...{ state: 'failed', attempts: 10 },
    undelivered: { waiting: [CAS, JANE], refused: [] },
  })
  expect(await history()).toEqual([`reply-sent: ${BOSS}`, `reply-failed: ${CAS}`, 'reply-failed: Jane@Example.org'])
})

test('a mail to nobody does not count as sent', async () => {
  await enqueue(store, outgoing({ to: [] }), NOW)
  expect(await attempt()).toMatchObject({ state: 'queued', lastError: expect.stringContaining('No recipients') })
})

test('the data is refused after some recipients were: nobody has it, and all get it later', async () => {
  await enqueue(store, outgoing(TO_THREE), NOW)
  smtp.refuse(JANE, 450)
  smtp.next('temporary')
  expect(await attempt()).toMatchObject({
    state: 'queued',
    undelivered: null,
    lastError: expect.stringContaining('451'),
  })
  smtp.refuse(JANE, null)
  expect(await attempt(HOUR)).toMatchObject({ state: 'sent' })
  expect(sentTo()).toEqual([[JANE, BOSS, CAS]])
})

test('it dies between two attempts: only who has not got it gets it; before it was noted: all of them, the one window there is', async () => {
  await enqueue(store, outgoing(TO_THREE), NOW)
  smtp.refuse(JANE, 450)
  // The claim is written, and the disk is full or the process dead before the outcome is.
  let writes = 0
  const write: TestStore['write'] = work =>
    ++writes === 1 ? store.write(work) : Promise.reject(new DeskError('store', 'dead'))
  await expect(sendDue({ ...sending, store: { ...store, write } })).rejects.toThrow('dead')
  expect(sentTo()).toEqual([[BOSS, CAS]])
  // Another process knows what stands in the store, and nothing else.
  expect(await attempt(HOUR)).toMatchObject({ state: 'queued', attempts: 2, undelivered: { waiting: [JANE] } })
  smtp.refuse(JANE, null)
  expect(await attempt(HOUR)).toMatchObject({ state: 'sent', attempts: 3 })
  expect(sentTo()).toEqual([[BOSS, CAS], [BOSS, CAS], [JANE]])
})

test('no more mails are open at once than there are connections', async () => {
  const attachments = [{ rawMail: 1, part: 2, filename: 'scan.pdf', contentType: 'application/pdf' }]
  for (let count = 0; count < 20; count++)
    await enqueue(store, outgoing({ attachments, messageId: `pd.${count}@example.org` }), NOW)
  let [open, most] = [0, 0]
  smtp.otherwise({ delayMs: 5 })
  const counting: Sending = {
    ...sending,
    openAttachment: async () => {
      most = Math.max(most, ++open)
      return Buffer.from('%PDF')
    },
    transport: { ...transport, deliver: message => transport.deliver(message).finally(() => open--) },
  }
  expect(await sendDue(counting)).toBe(20)
  expect([smtp.mails.length, most]).toEqual([20, 4])
  expect((await store.read.outbox({ limit: 50 })).every(({ state }) => state === 'sent')).toBe(true)
})
