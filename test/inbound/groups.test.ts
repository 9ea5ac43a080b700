/*
 * Mail through a group that wrote itself into From (DMARC): for whoever wrote it, answered once, there; nobody gains a power
 * by being named, and nothing is ever written to the group.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Policy } from '../../src/desk/policy.ts'
import { createIds, newSecret } from '../../src/ids.ts'
import { type Intake, ingest } from '../../src/inbound/ingest.ts'
import { keptLog } from '../support/log.ts'
import { mail, type TestMail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'
import { readHere } from '../support/reader.ts'
import { openTestStore, type TestStore } from '../support/store.ts'

const NOW = '2026-11-23T09:00:00.000Z'
let store: TestStore
let take: (given: TestMail) => Promise<{ readonly outcome: string; readonly ticket: number | null }>

const start = (different: Partial<Policy> = {}) => {
  const rules = policy(different)
  const { log } = keptLog()
  const ids = createIds(newSecret())
  const intake: Intake = { store, policy: rules, reader: readHere(rules), ids, clock: () => NOW, log, onIngested() {} }
  let uid = 0
  take = async given => {
    const bytes = mail(given)
    const arrival = { mailbox: 'it', folder: 'INBOX', uidValidity: '1', uid: ++uid, receivedAt: NOW, bytes }
    const [taken] = await ingest(intake, [arrival], async () => undefined)
    if (!taken) throw new Error('it was taken in before')
    return taken
  }
}
beforeEach(async () => {
  store = await openTestStore()
  start({ ownLists: new Set(['helpdesk.example.org', 'staff@example.org']) })
})
afterEach(() => store[Symbol.asyncDispose]())

const sent = async () => (await store.read.outbox({ limit: 100 })).map(({ mail }) => mail).reverse()
const receivers = async () => (await sent()).flatMap(({ to, cc }) => [...to, ...cc].map(({ address }) => address))

type Headers = Readonly<Record<string, string>>
/** What Google Groups adds to a mail of somebody whose domain forbids forwarding. */
const google = (group: string, writer: string): Headers => ({
  'X-Original-Sender': writer,
  'X-Original-From': `Anna Meier <${writer}>`,
  'Reply-To': `Anna Meier <${writer}>`,
  Precedence: 'list',
  'Mailing-list': `list ${group}; contact ${group}`,
  'List-ID': `<${group.replace('@', '.')}>`,
  'List-Unsubscribe': `<mailto:googlegroups-manage+1+unsubscribe@${group.split('@')[1]}>`,
})
/** What Mailman adds with `dmarc_moderation_action: munge_from`. */
const mailman = (list: string, writer: string): Headers => ({
  'Reply-To': `Anna Meier <${writer}>`,
  'X-Mailman-Version': '3.3.8',
  Precedence: 'list',
  'List-Id': `Helpdesk <${list.replace('@', '.')}>`,
  'List-Post': `<mailto:${list}>`,
})
const without = (headers: Headers, ...names: string[]): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)))

const says = (results: string) => ({ 'Authentication-Results': `mx.example.org; ${results}` })
const PASS = says('dmarc=pass header.from=example.org')
const telling = { mx: { servIds: new Set(['mx.example.org']), sealers: new Set<string>() } }

const ANNA = 'anna@elsewhere.example'
const [IT, HELPDESK] = ['it@example.org', 'helpdesk@example.org']

describe('the requester of a mail through a group, and who is acknowledged', () => {
  test.each<[string, string, Headers, string | null, string[]]>([
    ['a group that is our mailbox', `'Anna Meier' via IT <${IT}>`, google(IT, ANNA), ANNA, [ANNA]],
    ['a group before our mailbox', `'Anna Meier' via Helpdesk <${HELPDESK}>`, google(HELPDESK, ANNA), ANNA, [ANNA]],
    [
      'only the bare sender is left',
      `'Anna Meier' via IT <${IT}>`,
      without(google(IT, ANNA), 'X-Original-From', 'Reply-To'),
      ANNA,
      [ANNA],
    ],
    [
      'answers are to go to the group',
      `'Anna Meier' via IT <${IT}>`,
      { ...google(IT, ANNA), 'Reply-To': `IT <${IT}>` },
      ANNA,
      [ANNA],
    ],
    ['a list of Mailman', `Anna Meier via Staff <staff@example.org>`, mailman('staff@example.org', ANNA), ANNA, [ANNA]],
    ['a colleague', `Anna via IT <${IT}>`, google(IT, 'anna@example.org'), 'anna@example.org', ['anna@example.org']],
    ['a group that left From alone', `Anna Meier <${ANNA}>`, google(HELPDESK, 'mallory@evil.example'), ANNA, [ANNA]],
    [
      'a machine behind the group',
      `'Shop' via IT <${IT}>`,
      google(IT, 'noreply@shop.example'),
      'noreply@shop.example',
      [],
    ],
    [
      'a list of others is a list',
      `Anna via News <news@other.example>`,
      google('news@other.example', ANNA),
      'news@other.example',
      [],
    ],
    ['our own mail that comes back', `IT <${IT}>`, { ...google(IT, IT), 'X-Original-From': `IT <${IT}>` }, null, []],
    ['our own address that names somebody, and no group', `Anna via IT <${IT}>`, { 'X-Original-From': ANNA }, null, []],
    ['a group that names nobody', `Helpdesk <${HELPDESK}>`, mailman(HELPDESK, HELPDESK), HELPDESK, []],
  ])('%s', async (_what, from, headers, requester, acknowledged) => {
    const { ticket } = await take({ from, to: IT, subject: 'Printer', headers })
    const found = ticket === null ? null : await store.read.ticket(ticket)
    expect(found?.requester?.address ?? null).toBe(requester)
    if (requester === ANNA) expect(found?.requester?.name).toBe('Anna Meier')
    expect(await receivers()).toEqual(acknowledged)
  })

  test('where nobody said that the group is ours there is a ticket, and no automatic mail', async () => {
    start()
    const { ticket } = await take({ from: `Anna via Helpdesk <${HELPDESK}>`, headers: google(HELPDESK, ANNA) })
    expect(await receivers()).toEqual([])
    expect(ticket).not.toBeNull()
  })
})

test('a conversation through the group: each hears of the other, the group of nothing', async () => {
  start({ ...telling, ownLists: new Set(['helpdesk.example.org']) })
  const headers = { ...PASS, ...google(IT, ANNA) }
  const through = { from: `'Anna Meier' via IT <${IT}>`, to: [IT, HELPDESK], headers }
  await take({ ...through, subject: 'Printer', messageId: 'q@x', text: 'It is broken.' })
  await take({ from: 'ana@example.org', to: IT, text: '#solved\nTurn it on.', inReplyTo: 'q@x', headers: PASS })
  const answer = (await sent()).at(-1)
  expect(answer).toMatchObject({ to: [{ address: ANNA }], cc: [], text: expect.stringMatching(/^Turn it on\.\n/) })
  const again = { ...through, subject: 'Re: Printer', text: 'It is still broken.', inReplyTo: answer?.messageId ?? '' }
  expect(await take(again)).toMatchObject({ outcome: 'append', ticket: 1001 })
  expect(await store.read.ticket(1001)).toMatchObject({ status: 'open', requester: { address: ANNA } })
  expect((await store.read.messages(1001)).at(-1)).toMatchObject({ author: 'requester', standing: 'accepted' })
  expect(await receivers()).toEqual([ANNA, ANNA])
})

describe('who is only named by a group gains nothing:', () => {
  const as = (writer: string, more: Headers = {}) => ({
    from: `'Somebody' via IT <${IT}>`,
    to: IT,
    headers: { ...google(IT, writer), ...more },
  })
  const jane = { from: 'jane@example.org', to: IT, subject: 'Safe', messageId: 'q@x', text: 'The code is 4711.' }

  for (const [where, different, pass] of [
    ['with a server that proves senders', telling, PASS],
    ['without one', {}, {}],
  ] as const) {
    test(`an agent, ${where}`, async () => {
      start(different)
      await take({ ...jane, headers: pass })
      await take({ ...as('ana@example.org', pass), text: '#solved\nYour password, please.', inReplyTo: 'q@x' })
      expect((await store.read.messages(1001)).at(-1)).toMatchObject({ author: 'stranger', standing: 'pending' })
      expect(await store.read.ticket(1001)).toMatchObject({ status: 'open' })
      expect(await receivers()).toEqual(['jane@example.org'])
    })

    test(`a requester by a number or a subject, ${where}`, async () => {
      start(different)
      await take({ ...jane, headers: pass })
      const named = as('jane@example.org', pass)
      expect(await take({ ...named, subject: 'Re: [#1001]', cc: 'mallory@evil.example' })).toMatchObject({
        ticket: 1002,
      })
      expect(await take({ ...named, subject: 'Re: Safe' })).toMatchObject({ ticket: 1003 })
      expect(JSON.stringify((await sent()).slice(1))).not.toMatch(/Safe|4711/)
    })
  }

  test('a requester, when our server disproves the group itself', async () => {
    start(telling)
    await take({ ...jane, headers: PASS })
    await take({ ...as('jane@example.org', says('dmarc=fail header.from=example.org')), inReplyTo: 'q@x' })
    expect((await store.read.messages(1001)).at(-1)).toMatchObject({ author: 'stranger', standing: 'pending' })
  })

  test('somebody else to whom the answers are to go', async () => {
    start(telling)
    await take({ ...jane, headers: PASS })
    await take({ from: 'ana@example.org', to: IT, text: '#solved\nDone.', inReplyTo: 'q@x', headers: PASS })
    const elsewhere = as('jane@example.org', { ...PASS, 'Reply-To': 'mallory@evil.example' })
    await take({ ...elsewhere, inReplyTo: 'q@x', cc: 'mallory@evil.example', text: 'No.' })
    expect(await store.read.ticket(1001)).toMatchObject({ status: 'solved' })
    expect((await store.read.participants(1001)).map(({ address }) => address)).toEqual(['jane@example.org'])
  })
})
