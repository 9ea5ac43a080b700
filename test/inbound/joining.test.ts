/*
 * Which ticket a mail finds, and who hears of it: the facts out of a real database, decided and recorded.
 */
import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Policy } from '../../src/desk/policy.ts'
import { createIds, newSecret } from '../../src/ids.ts'
import { gatherFacts } from '../../src/inbound/facts.ts'
import { type Ingested, type Intake, ingest } from '../../src/inbound/ingest.ts'
import { DAY, plus } from '../../src/instant.ts'
import { keptLog } from '../support/log.ts'
import { mail, type TestMail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { openTestStore, type TestStore } from '../support/store.ts'

let store: TestStore
let intake: Intake
let uid: number
let now: string

const start = (different: Partial<Policy> = {}) => {
  intake = { ...intake, policy: policy(different), reader: readHere(policy(different)) }
}
beforeEach(async () => {
  store = await openTestStore()
  uid = 0
  now = '2026-11-23T09:00:00.000Z'
  const { log } = keptLog()
  const ids = createIds(newSecret())
  intake = {
    store,
    policy: policy(),
    reader: readHere(policy()),
    ids,
    clock: () => now,
    log,
    onIngested: () => undefined,
  }
})
afterEach(() => store[Symbol.asyncDispose]())

const take = async (given: TestMail): Promise<Ingested> => {
  const bytes = mail({ to: 'it@example.org', ...given })
  const arrival = { mailbox: 'it', folder: 'INBOX', uidValidity: '1', uid: ++uid, receivedAt: now, bytes }
  const [taken] = await ingest(intake, [arrival], async () => undefined)
  if (!taken) throw new Error('it was taken in before')
  return taken
}
const lastSent = async () => (await store.read.outbox({ limit: 1 }))[0]?.mail
/** What our own mail server found; it is asked where a test starts with `telling`. */
const says = (results: string) => ({ 'Authentication-Results': `mx.example.org; ${results}` })
const proven = { headers: says('dmarc=pass header.from=example.org') }
const telling = { mx: { servIds: new Set(['mx.example.org']), sealers: new Set<string>() } }
const jane = { from: 'Jane Doe <jane@example.org>', subject: 'Printer' }
const ana = { from: 'Ana Pop <ana@example.org>', subject: 'Re: Printer' }

describe('the address that answers go to', () => {
  const withTokens = () => {
    const boxes = [...policy().mailboxes].map(([name, box]) => [name, { ...box, subaddress: '+' }] as const)
    start({ mailboxes: new Map(boxes) })
  }

  test('finds the ticket when a client leaves out everything else', async () => {
    withTokens()
    await take({ ...jane, messageId: 'q@x' })
    const replyTo = (await lastSent())?.replyTo ?? ''
    expect(replyTo).toMatch(/^it\+1001\.[a-z2-7]{26}@example\.org$/)
    const reply = await take({ from: 'JANE@example.org', to: replyTo.toUpperCase(), subject: 'hello' })
    expect(reply).toMatchObject({ outcome: 'append', ticket: 1001, reason: 'token reply address of 1001' })
  })

  test('passed on to a stranger makes them pending; of another ticket or forged it is nothing', async () => {
    withTokens()
    await take({ ...jane, messageId: 'q@x' })
    const replyTo = (await lastSent())?.replyTo ?? ''
    await take({ from: 'mallory@other.example', to: replyTo, subject: 'mine now' })
    const stolen = (await store.read.messages(1001)).at(-1)
    expect(stolen).toMatchObject({ author: 'stranger', standing: 'pending' })
    const forged = replyTo.replace(/\.[a-z2-7]/, found => (found === '.a' ? '.b' : '.a'))
    expect(await take({ from: 'jane@example.org', to: forged, subject: 'x' })).toMatchObject({ outcome: 'open' })
    const other = replyTo.replace('+1001.', '+1002.')
    expect(await take({ from: 'jane@example.org', to: other, subject: 'y' })).toMatchObject({ outcome: 'open' })
  })

  test('is not used where the mail server does not deliver it', async () => {
    await take({ ...jane, messageId: 'q@x' })
    expect((await lastSent())?.replyTo).toBeNull()
  })
})

describe('an answer without any reference', () => {
  test.each([
    ['the same person, about the same thing, soon', jane.from, 'AW: Printer', 1, 'append'],
    ['somebody else', 'bob@example.org', 'Re: Printer', 1, 'open'],
    ['something else', jane.from, 'Re: Scanner', 1, 'open'],
    ['no answer', jane.from, 'Printer', 1, 'open'],
    ['much later', jane.from, 'Re: Printer', 8, 'open'],
  ])('%s', async (_name, from, subject, days, outcome) => {
    await take(jane)
    now = plus(now, days * DAY)
    expect((await take({ from, subject })).outcome).toBe(outcome)
  })
})

test('an answer without any reference, out of a mailbox that is read for the first time, joins nothing years older', async () => {
  const takeOf = async (receivedAt: string, given: TestMail) => {
    const bytes = mail({ to: 'it@example.org', ...given })
    const arrival = { mailbox: 'it', folder: 'INBOX', uidValidity: '1', uid: ++uid, receivedAt, bytes }
    return (await ingest(intake, [arrival], async () => undefined))[0]
  }
  await takeOf('2019-01-07T09:00:00.000Z', jane)
  expect(await takeOf('2019-01-08T09:00:00.000Z', { ...jane, subject: 'Re: Printer' })).toMatchObject({ ticket: 1001 })
  expect(await takeOf('2021-01-08T09:00:00.000Z', { ...jane, subject: 'Re: Printer' })).toMatchObject({ ticket: 1002 })
})

describe('people in copy', () => {
  const bob = 'Bob Roe <bob@example.org>'

  test('hear the answers, are told once how to leave, and leave', async () => {
    start(telling)
    await take({ ...jane, cc: bob, messageId: 'q@x' })
    await take({ ...ana, ...proven, text: 'First.', inReplyTo: 'q@x' })
    const first = await lastSent()
    expect(first).toMatchObject({ to: [{ address: 'jane@example.org' }], cc: [{ address: 'bob@example.org' }] })
    expect(first?.text).toContain('LEAVE')
    await take({ ...ana, ...proven, text: 'Second.', inReplyTo: 'q@x' })
    const second = await lastSent()
    expect(second?.cc).toHaveLength(1)
    expect(second?.text).toBe('Second.\n')

    await take({ from: bob, subject: 'Re: Printer', text: 'LEAVE', inReplyTo: first?.messageId ?? '' })
    await take({ ...ana, ...proven, text: 'Third.', inReplyTo: 'q@x' })
    expect(await lastSent()).toMatchObject({ cc: [], text: 'Third.\n' })
    expect(await store.read.participants(1001)).toMatchObject([
      { address: 'jane@example.org', left: false },
      { address: 'bob@example.org', left: true, told: true },
    ])
  })

  test('are not brought in by somebody who knows only the number', async () => {
    start(telling)
    await take({ ...jane, messageId: 'q@x' })
    const forged = {
      ...jane,
      ...proven,
      subject: 'Re: Printer [#1001]',
      cc: 'mallory@other.example',
      text: 'and my friend',
    }
    expect(await take(forged)).toMatchObject({ outcome: 'append', ticket: 1001 })
    await take({ ...ana, ...proven, text: 'The answer.', inReplyTo: 'q@x' })
    expect(await lastSent()).toMatchObject({ text: 'The answer.\n', to: [{ address: 'jane@example.org' }], cc: [] })
  })
})

describe('where our mail server tells who the sender is', () => {
  test('a forged requester is a stranger, a forged agent answers nobody', async () => {
    start(telling)
    await take({ ...jane, messageId: 'q@x', ...proven })
    const forged = says('dmarc=fail header.from=example.org')
    await take({
      ...jane,
      subject: 'Re: Printer',
      text: 'Send it to my new address.',
      inReplyTo: 'q@x',
      headers: forged,
    })
    await take({ ...ana, text: 'Your password, please.', inReplyTo: 'q@x', headers: forged })
    await take({ ...ana, text: 'No word of our server.', inReplyTo: 'q@x' })
    const said = (await store.read.messages(1001)).filter(({ direction }) => direction === 'in')
    expect(said.map(({ author, standing }) => [author, standing])).toEqual([
      ['requester', 'accepted'],
      ['stranger', 'pending'],
      ['stranger', 'pending'],
      ['stranger', 'pending'],
    ])
    expect((await store.read.outbox({ limit: 10 })).map(({ kind }) => kind)).toEqual(['acknowledgement'])

    await take({ ...ana, ...proven, text: 'Turn it off.', inReplyTo: 'q@x' })
    expect(await lastSent()).toMatchObject({ text: 'Turn it off.\n', to: [{ address: 'jane@example.org' }] })
  })

  test('words of somebody who is not proven are not sent to whom they name', async () => {
    start(telling)
    const phishing = { ...jane, subject: 'Call +1 900 now' }
    await take(phishing)
    expect(JSON.stringify(await lastSent())).not.toContain('900')
    await take({ ...phishing, ...proven })
    expect((await lastSent())?.subject).toContain('900')
  })
})

test('what was done long ago is followed up by a new ticket that says so', async () => {
  start(telling)
  await take({ ...jane, messageId: 'q@x' })
  await take({ ...ana, ...proven, text: '#solved\nDone.', inReplyTo: 'q@x' })
  now = plus(now, 400 * DAY)
  const late = await take({ ...jane, subject: 'Re: Printer', inReplyTo: 'q@x', text: 'It is broken again.' })
  expect(late).toMatchObject({ outcome: 'open', ticket: 1002 })
  expect((await store.read.events(1002))[0]).toMatchObject({ kind: 'opened', data: { followUpOf: 1001 } })
  expect((await store.read.ticket(1001))?.status).toBe('solved')
  expect(await store.read.links(1001)).toEqual([{ ticket: 1002, kind: 'follow-up', at: now }])
  expect((await store.read.events(1001)).at(-1)).toMatchObject({ kind: 'linked', data: { ticket: 1002 } })
})

test('a button pressed in Gmail in place of words reopens nothing when it is a happy one', async () => {
  start(telling)
  await take({ ...jane, messageId: 'q@x' })
  await take({ ...ana, ...proven, text: '#solved\nDone.', inReplyTo: 'q@x' })
  const reaction = await readFile(new URL('../fixtures/mail/reaction.eml', import.meta.url), 'utf8')
  const pressed = async (emoji: string, id: string) => {
    const text = reaction.replaceAll('=F0=9F=91=8D', emoji).replace('reaction-1@', `${id}@`)
    const bytes = Buffer.from(text.replace('<pd.1001.a.b@example.org>', '<q@x>'))
    const arrival = { mailbox: 'it', folder: 'INBOX', uidValidity: '1', uid: ++uid, receivedAt: now, bytes }
    expect(await ingest(intake, [arrival], async () => undefined)).toMatchObject([{ outcome: 'append', ticket: 1001 }])
    return (await store.read.ticket(1001))?.status
  }
  expect(await pressed('=F0=9F=91=8D', 'up')).toBe('solved')
  expect(await pressed('=F0=9F=91=8E', 'down')).toBe('open')
})

test('thanks above a signature that they wrote before reopen nothing', async () => {
  start(telling)
  const signature = 'Best regards\nJane Doe\nSales Manager\nACME GmbH\nT +49 30 1234'
  await take({ ...jane, messageId: 'q@x', text: `It smokes.\n\n${signature}` })
  await take({ ...ana, ...proven, text: '#solved\nDone.', inReplyTo: 'q@x' })
  const again = { ...jane, subject: 'Re: Printer', inReplyTo: 'q@x' }
  await take({ ...again, text: `Thanks, it works!\n\n${signature}` })
  expect((await store.read.ticket(1001))?.status).toBe('solved')
  await take({ ...again, text: `Thanks, it works!\n\n${signature.replace('1234', '9999, but call me: it smokes')}` })
  expect((await store.read.ticket(1001))?.status).toBe('open')
})

test('an answer to an id that two tickets hold goes to whom it is written to, and the other one stands in the history', async () => {
  await take({ from: 'jane@example.org', subject: 'Door', text: 'The door is stuck.', messageId: 'form@web' })
  await take({ from: 'bob@example.org', subject: 'Window', text: 'The window is stuck.', messageId: 'form@web' })
  const to = ['bob@example.org', 'it@example.org']
  expect(await take({ ...ana, to, text: 'Push it.', inReplyTo: 'form@web' })).toMatchObject({ ticket: 1002 })
  expect((await store.read.events(1002)).find(({ kind }) => kind === 'threaded')).toMatchObject({
    data: { signal: 'held-id', rejected: [{ ticket: 1001, signal: 'held-id', value: 'form@web' }] },
  })
  expect(await take({ ...ana, to: 'it@example.org', text: 'Pull it.', inReplyTo: 'form@web' })).toMatchObject({
    ticket: 1001,
  })
})

test('an id that many tickets hold leads to who had it first, and to the newest', async () => {
  for (let at = 0; at < 30; at++)
    await take({ from: `p${at}@example.org`, subject: `No. ${at}`, text: `Form ${at}`, messageId: 'form@web' })
  const replyFrom = (from: string) => take({ from, subject: 'Well', inReplyTo: 'form@web', text: `It is ${from}.` })
  expect(await replyFrom('p0@example.org')).toMatchObject({ outcome: 'append', ticket: 1001 })
  expect(await replyFrom('p29@example.org')).toMatchObject({ outcome: 'append', ticket: 1030 })
  expect(await store.read.threadIds(['form@web'])).toHaveLength(20)
})

describe('a mail that names more tickets than any conversation does is looked up for a few of them', () => {
  const numbers = Array.from({ length: 30 }, (_, at) => 1001 + at)
  const many = (word: (at: number) => string) => Array.from({ length: 2000 }, (_, at) => word(at))

  test.each<[string, number, (replyTo: string[]) => TestMail]>([
    ['by reply addresses', 10, to => ({ to })],
    ['by reply addresses that are forged', 0, to => ({ to: to.map(one => one.replace(/.@/, 'x@')) })],
    ['by ids', 10, () => ({ references: [...numbers.map(id => `${id}@x`), ...many(at => `old${at}@x`).slice(0, 50)] })],
    ['by ids of no mail', 0, () => ({ references: many(at => `old${at}@x`) })],
    ['by tags', 10, () => ({ subject: numbers.map(id => `[#${id}]`).join('') })],
    ['by tags of no ticket', 0, () => ({ subject: many(at => `[#${at + 5000}]`).join('') })],
  ])('%s', async (_how, candidates, words) => {
    const boxes = [...policy().mailboxes].map(([name, box]) => [name, { ...box, subaddress: '+' }] as const)
    start({ mailboxes: new Map(boxes) })
    for (const id of numbers) await take({ from: `p${id}@example.org`, subject: `No. ${id}`, messageId: `${id}@x` })
    const replyTo = (await store.read.outbox({ limit: 100 })).flatMap(({ mail }) => mail.replyTo ?? [])
    expect(replyTo).toHaveLength(30)
    let questions = 0
    const read = new Proxy(store.read, {
      get(target, name: keyof typeof store.read) {
        questions++
        return target[name]
      },
    })
    const bytes = mail({ from: 'mallory@evil.example', to: 'it@example.org', ...words(replyTo) })
    const seen = await intake.reader.read(bytes, true)
    if (!('message' in seen)) throw new Error('it could not be read')
    const arrived = { mailbox: 'it', receivedAt: now, rawMail: 99, past: null, released: false }
    const facts = await gatherFacts(read, intake, arrived, seen.message, now)
    expect(facts.candidates).toHaveLength(candidates)
    expect(questions).toBeLessThan(400)
  })
})
