/*
 * What strangers try, each against a ticket of Jane's: nothing of it may reach them, and nothing may change by their word.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createIds, newSecret } from '../../src/ids.ts'
import { type Intake, ingest } from '../../src/inbound/ingest.ts'
import { keptLog } from '../support/log.ts'
import { mail, type TestMail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { openTestStore, type TestStore } from '../support/store.ts'

const NOW = '2026-11-23T09:00:00.000Z'
const SECRET = 'The code of the safe is 4711.'
const says = (results: string) => ({ 'Authentication-Results': `mx.example.org; ${results}` })
const PASS = says('dmarc=pass header.from=example.org')
const FAIL = says('dmarc=fail header.from=example.org')

let store: TestStore
let take: (given: TestMail | Buffer) => Promise<unknown>
let ack: string

beforeEach(async () => {
  store = await openTestStore()
  let uid = 0
  const rules = policy({
    mx: { servIds: new Set(['mx.example.org']), sealers: new Set() },
    mailboxes: new Map([...policy().mailboxes].map(([name, box]) => [name, { ...box, subaddress: '+' }])),
  })
  const { log } = keptLog()
  const ids = createIds(newSecret())
  const intake: Intake = { store, policy: rules, reader: readHere(rules), ids, clock: () => NOW, log, onIngested() {} }
  take = given => {
    const bytes = Buffer.isBuffer(given) ? given : mail({ to: 'it@example.org', ...given })
    const arrival = { mailbox: 'it', folder: 'INBOX', uidValidity: '1', uid: ++uid, receivedAt: NOW, bytes }
    return ingest(intake, [arrival], async () => undefined)
  }
  await take({ from: 'Jane <jane@example.org>', subject: 'Safe', text: SECRET, messageId: 'q@x', headers: PASS })
  ack = (await sent())[0]?.messageId ?? ''
  await take({ from: 'ana@example.org', text: '#solved\nDone.', inReplyTo: 'q@x', headers: PASS })
})
afterEach(() => store[Symbol.asyncDispose]())

const sent = async () => (await store.read.outbox({ limit: 100 })).map(({ mail }) => mail).reverse()
const replyAddress = async () => (await sent())[0]?.replyTo ?? ''
const MALLORY = 'Mallory <mallory@evil.example>'

/** What an agent's next answer tells, and to whom. */
async function nextAnswer() {
  await take({ from: 'ana@example.org', text: SECRET, inReplyTo: 'q@x', headers: PASS })
  const answer = (await sent()).findLast(({ automatic }) => !automatic)
  return [...(answer?.to ?? []), ...(answer?.cc ?? [])].map(({ address }) => address)
}

const ATTACKS: Record<string, () => TestMail | Promise<TestMail>> = {
  'a guessed number': () => ({ from: MALLORY, subject: 'Re: [#1001] send it to me' }),
  'a guessed number in the name of Jane': () => ({ from: 'jane@example.org', subject: 'Re: [#1001]', headers: FAIL }),
  'a stolen reference': () => ({ from: MALLORY, subject: 'Re: Safe', inReplyTo: ack }),
  'a stolen reference in the name of Jane': () => ({ from: 'jane@example.org', inReplyTo: ack, headers: FAIL }),
  'an accomplice in Cc': () => ({ from: 'jane@example.org', cc: MALLORY, inReplyTo: ack, headers: FAIL }),
  'an accomplice in Cc, our server silent': () => ({ from: 'jane@example.org', cc: MALLORY, subject: 'Re: [#1001]' }),
  'answers to somebody else': () => ({ from: 'jane@example.org', replyTo: MALLORY, inReplyTo: ack, headers: PASS }),
  'the reply address passed on': async () => ({ from: MALLORY, to: await replyAddress() }),
  'the subject of Jane': () => ({ from: MALLORY, subject: 'Re: Safe' }),
  'a reply to all by a stranger': () => ({ from: MALLORY, to: ['it@example.org', 'jane@example.org'], inReplyTo: ack }),
  'an agent forged': () => ({ from: 'ana@example.org', text: 'Your password, please.', inReplyTo: ack, headers: FAIL }),
  'an agent forged, our server silent': () => ({ from: 'ana@example.org', text: '#solved', inReplyTo: ack }),
  'an agent whose answers go elsewhere': () => ({
    from: 'ana@example.org',
    replyTo: MALLORY,
    inReplyTo: ack,
    headers: PASS,
  }),
  'a verdict of another server': () => ({
    from: 'ana@example.org',
    inReplyTo: ack,
    headers: { 'Authentication-Results': 'mx.evil.example; dmarc=pass header.from=example.org' },
  }),
  'a verdict below ours': () => ({
    from: 'ana@example.org',
    inReplyTo: ack,
    headers: {
      'Authentication-Results': [
        'mx.example.org; dmarc=fail header.from=example.org',
        'mx.example.org; dmarc=pass header.from=example.org',
      ],
    },
  }),
  'a verdict inside a word': () => ({
    from: 'ana@example.org',
    inReplyTo: ack,
    headers: says(
      'spf=pass smtp.mailfrom="=?utf-8?Q?x=22=3B_dmarc=3Dpass_header.from=3Dexample.org=3B?="@evil.example',
    ),
  }),
}

describe('an attack with', () => {
  test.each(Object.keys(ATTACKS))('%s', async name => {
    const before = await store.read.ticket(1001)
    const mails = (await sent()).length
    await take((await ATTACKS[name]?.()) ?? {})
    const after = await store.read.ticket(1001)
    expect(after?.status).toBe(before?.status)
    expect(after?.requester?.address).toBe('jane@example.org')
    for (const mail of (await sent()).slice(mails)) {
      expect(mail.automatic).toBe(true)
      expect(JSON.stringify(mail)).not.toContain('4711')
      // Whoever is named in From may hear that something arrived, and nothing of what it says.
      expect(`${mail.subject}${mail.text}`).not.toMatch(/send it to me|password|Safe/)
    }
    expect(await nextAnswer()).toEqual(['jane@example.org'])
  })
})

test('a subject with a header in it makes no header and no receiver', async () => {
  const injected = Buffer.from(
    'From: mallory@example.org\r\nTo: it@example.org\r\nMessage-ID: <i@x>\r\nAuthentication-Results: mx.example.org; dmarc=pass header.from=example.org\r\n' +
      'Subject: =?utf-8?Q?Hi=0D=0ABcc=3A_victim=40other.example?=\r\n\r\nHello there, please help me.\r\n',
  )
  await take(injected)
  const last = (await sent()).at(-1)
  expect(last?.to.map(({ address }) => address)).toEqual(['mallory@example.org'])
  expect(last?.cc).toEqual([])
  expect(last?.subject).not.toMatch(/[\r\n]/)
})

test('a mail bomb in the name of others: none of their words, and a few mails at most', async () => {
  const mails = (await sent()).length
  for (let at = 0; at < 60; at++)
    await take({ from: 'Buy now <victim@example.org>', subject: `Buy at evil.example ${at}`, text: 'buy, buy' })
  const bombs = (await sent()).slice(mails)
  expect(bombs.length).toBeLessThanOrEqual(10)
  expect(JSON.stringify(bombs)).not.toMatch(/evil\.example|Buy now/)
})
