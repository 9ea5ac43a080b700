/*
 * From a solved ticket to the mail that tells its requester: the real intake, API, dispatcher and database.
 */
import { afterEach, expect, test } from 'vitest'
import type { Policy } from '../../src/desk/policy.ts'
import { dispatchNext } from '../../src/dispatch/dispatcher.ts'
import { createIds } from '../../src/ids.ts'
import { DAY, MINUTE, plus } from '../../src/instant.ts'
import { recordMerge } from '../../src/store/record-joining.ts'
import { NOW, openTestApi, type TestApi } from '../support/api.ts'
import { keptLog } from '../support/log.ts'
import type { TestMail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'

// The key of openTestApi.
const ids = createIds(Buffer.alloc(32, 7))
const TRUST = { servIds: new Set(['mx.example.org']), sealers: new Set<string>() }
const PASS = { 'Authentication-Results': 'mx.example.org; dmarc=pass header.from=example.org' }

let open: TestApi | undefined
afterEach(() => open?.[Symbol.asyncDispose]())

async function desk(different: Partial<Policy> = {}) {
  const api = await openTestApi({ mx: TRUST, ...different })
  open = api
  const { log, lines } = keptLog()
  const dispatching = { store: api.store, policy: api.policy, ids, clock: () => api.now, log, onQueued() {} }
  const dispatched = async () => {
    while (await dispatchNext(dispatching));
    expect(lines().filter(({ err }) => err)).toEqual([])
  }
  await dispatched()
  return {
    api,
    dispatched,
    arrives: async (given: TestMail) => {
      const ingested = await api.arrives({ headers: PASS, ...given })
      await dispatched()
      return ingested
    },
    patch: async (ticket: number, change: object) => {
      expect((await api.agent.patch(`/v1/tickets/${ticket}`, change)).status).toBe(200)
      await dispatched()
    },
    /** The mails that tell of a solved ticket, whatever became of them; oldest first. */
    closings: async (ticket: number) =>
      (await api.store.read.outbox({ ticket, limit: 100 }))
        .filter(one => one.dedupeKey.startsWith('closing:'))
        .reverse(),
    withheld: async (ticket: number) =>
      (await api.store.read.events(ticket)).flatMap(({ kind, data }) =>
        kind === 'reply-withheld' && data['kind'] === 'closing' ? [data['why']] : [],
      ),
    ticket: async (id: number) => {
      const ticket = await api.store.read.ticket(id)
      if (!ticket) throw new Error('no ticket')
      return ticket
    },
  }
}

const JANE = {
  from: 'Jane Doe <jane@example.org>',
  subject: 'Printer',
  messageId: 'jane-1@example.org',
  text: 'It burns.',
}
const ANA = { from: 'Ana Pop <ana@example.org>', subject: 'Re: Printer', inReplyTo: 'jane-1@example.org' }

test('a ticket solved by hand: one mail of its own, as late as it may be taken back', async () => {
  const { api, arrives, patch, closings, dispatched } = await desk()
  await arrives(JANE)
  await patch(1001, { status: 'solved' })
  await dispatched()
  const [mail, ...more] = await closings(1001)
  expect(more).toEqual([])
  expect(mail).toMatchObject({ kind: 'closing', state: 'queued', nextAttemptAt: plus(NOW, 2 * MINUTE) })
  expect(mail?.mail).toMatchObject({ inReplyTo: 'jane-1@example.org', automatic: true, subject: 'Re: Printer [#1001]' })
  expect((await api.store.read.survey(1001, NOW))?.answers).toBe(0)
  // The acknowledgement drew from it too.
  expect((await api.store.read.buckets(['ticket:1001'])).get('ticket:1001')?.level).toBe(18)
})

test('solved again: told again; worked on again before it was told: not told', async () => {
  const { api, arrives, patch, closings } = await desk()
  await arrives(JANE)
  await patch(1001, { status: 'solved' })
  await patch(1001, { status: 'open' })
  expect((await closings(1001)).map(({ state }) => state)).toEqual(['withdrawn'])
  expect(await api.store.read.survey(1001, NOW)).toBeNull()
  api.passes(DAY)
  await patch(1001, { status: 'solved' })
  expect((await closings(1001)).map(({ state }) => state)).toEqual(['withdrawn', 'queued'])
})

test('closed without having been solved, or solved and open again when looked at: nobody is told', async () => {
  const { api, arrives, patch, closings, dispatched } = await desk()
  await arrives(JANE)
  await patch(1001, { status: 'closed' })
  await api.agent.patch('/v1/tickets/1001', { status: 'solved' })
  await api.agent.patch('/v1/tickets/1001', { status: 'open' })
  await dispatched()
  expect(await closings(1001)).toEqual([])
})

test('an answer that solves tells it in the same mail, by mail and by API', async () => {
  const { api, arrives, closings, ticket } = await desk()
  await arrives(JANE)
  await arrives({ ...ANA, text: '#solved\n#fix A new drum.\n\nIt prints again.' })
  const [byMail, ...more] = await closings(1001)
  expect(more).toEqual([])
  expect(byMail?.kind).toBe('answer')
  expect(byMail?.mail.text).toMatch(
    /^It prints again\.\n\nWith this we consider your request 1001 solved\.\n\nWhat was done: A new drum\./,
  )
  expect(byMail?.mail.text).not.toContain('#')
  expect((await ticket(1001)).fix).toBe('A new drum.')

  await arrives({ ...JANE, messageId: 'jane-2@example.org', subject: 'Wifi' })
  const said = { kind: 'answer', text: 'It works again.', agent: 'ana', solve: true }
  expect((await api.agent.post('/v1/tickets/1002/messages', said)).status).toBe(201)
  await arrives({ ...JANE, messageId: 'jane-3@example.org', subject: 'Chair' })
  const [byApi, ...others] = await closings(1002)
  expect(others).toEqual([])
  expect(byApi?.mail.text).toMatch(/^It works again\.\n\nWith this/)
  const token = ids.surveyToken(1002, (await ticket(1002)).solvedAt ?? '')
  expect(byApi?.mail.text).toContain(`https://help.example.org/survey/${token}\n`)
})

test('an agent who wrote to the requester directly has not told it: a mail of its own does', async () => {
  const { arrives, closings } = await desk()
  await arrives(JANE)
  await arrives({ ...ANA, to: 'jane@example.org', cc: 'it@example.org', text: '#solved\n\nIt prints again.' })
  expect((await closings(1001)).map(({ kind }) => kind)).toEqual(['closing'])
})

test('#undo in time: not told, and the ticket is as before', async () => {
  const { api, arrives, closings, ticket } = await desk()
  await arrives(JANE)
  await arrives({ ...ANA, text: '#solved' })
  expect((await closings(1001)).map(({ kind, state }) => [kind, state])).toEqual([['closing', 'queued']])
  api.passes(MINUTE)
  await arrives({ ...ANA, text: '#undo' })
  expect((await closings(1001)).map(({ state }) => state)).toEqual(['withdrawn'])
  expect(await ticket(1001)).toMatchObject({ status: 'open', solvedAt: null })
  expect(await api.store.read.survey(1001, NOW)).toBeNull()

  await arrives({ ...ANA, text: '#solved\n\nAll is well.' })
  await arrives({ ...ANA, text: '#undo' })
  expect((await closings(1001)).map(({ state }) => state)).toEqual(['withdrawn', 'withdrawn'])
  expect(await api.store.read.lastSurvey([1001])).toBeNull()
})

test('who is not told, and why', async () => {
  const rules = policy()
  const quiet = new Map([...rules.mailboxes].map(([name, one]) => [name, { ...one, closing: false }]))
  const off = await desk({ mailboxes: quiet })
  await off.arrives(JANE)
  await off.patch(1001, { status: 'solved' })
  expect([await off.closings(1001), await off.withheld(1001)]).toEqual([[], ['switched-off']])
  await off.api[Symbol.asyncDispose]()

  const { api, arrives, patch, closings, withheld, ticket } = await desk({
    budgets: { ...rules.budgets, ticket: { size: 2, perDay: 1 } },
  })
  await arrives({ ...JANE, from: 'cron@example.org', headers: { ...PASS, 'Auto-Submitted': 'auto-generated' } })
  await patch(1001, { status: 'solved' })
  expect([await closings(1001), await withheld(1001)]).toEqual([[], ['robot']])

  await arrives({ ...JANE, messageId: 'jane-2@example.org', subject: 'Wifi' })
  await patch(1002, { status: 'solved' })
  await patch(1002, { status: 'open' })
  api.passes(MINUTE)
  await patch(1002, { status: 'solved' })
  expect([(await closings(1002)).length, await withheld(1002)]).toEqual([1, ['ticket-storm']])

  await arrives({ ...JANE, messageId: 'jane-3@example.org', subject: 'Chair' })
  await api.agent.patch('/v1/tickets/1003', { status: 'solved' })
  const [merged, survivor] = [await ticket(1003), await ticket(1002)]
  await api.store.write(tx => recordMerge(tx, merged, survivor, 'key:crm', api.now))
  await arrives({ ...JANE, messageId: 'jane-4@example.org', subject: 'Desk' })
  expect(await closings(1003)).toEqual([])
})

test('a ticket that is merged before it was told: nobody is told of a part that the whole were over', async () => {
  const { api, arrives, patch, closings, withheld } = await desk()
  await arrives(JANE)
  await arrives({ ...JANE, messageId: 'jane-2@example.org', subject: 'Chair' })
  await patch(1001, { status: 'solved' })
  const solvedAt = api.now
  expect((await api.agent.post('/v1/tickets/1001/merge', { into: 1002 })).status).toBe(200)
  expect((await closings(1002)).map(({ state }) => state)).toEqual(['withdrawn'])
  expect(await withheld(1001)).toEqual(['merged'])
  expect(await api.store.read.survey(1001, solvedAt)).toBeNull()
})

test('a ticket that is opened and solved again before anybody looked is told once', async () => {
  const { api, arrives, patch, closings } = await desk()
  await arrives(JANE)
  await patch(1001, { status: 'solved' })
  api.passes(MINUTE)
  await api.agent.patch('/v1/tickets/1001', { status: 'open' })
  await patch(1001, { status: 'solved' })
  expect((await closings(1001)).map(({ state }) => state)).toEqual(['withdrawn', 'queued'])
})

test('a vote by mail is on the ticket, and nothing else comes of it', async () => {
  const { api, arrives, patch, closings, ticket } = await desk()
  await arrives(JANE)
  await patch(1001, { status: 'solved' })
  const [closing] = await closings(1001)
  const reply = { ...JANE, subject: 'Re: Printer [#1001]', inReplyTo: closing?.mail.messageId ?? '' }
  const notified = async () =>
    (await api.store.read.outbox({ limit: 100 })).filter(({ kind }) => kind === 'notification').length
  const before = await notified()
  await arrives({ ...reply, messageId: 'jane-2@example.org', text: 'SURVEY 2' })
  expect(await ticket(1001)).toMatchObject({ status: 'solved', rating: 2, ratingComment: null })
  expect(await notified()).toBe(before)

  // Long after a reply would open a new ticket.
  api.passes(30 * DAY)
  await arrives({
    ...reply,
    messageId: 'jane-3@example.org',
    text: 'SURVEY 5\n\nIn the end all was well.\n\n-- \nJane Doe',
  })
  expect(await ticket(1001)).toMatchObject({ status: 'solved', rating: 5, ratingComment: 'In the end all was well.' })
  const rated = (await api.store.read.events(1001)).filter(({ kind }) => kind === 'rated')
  expect(rated.map(({ actor, data }) => [actor, data['score'], data['before'], data['by']])).toEqual([
    ['person:jane@example.org', 2, null, 'mail'],
    ['person:jane@example.org', 5, 2, 'mail'],
  ])
  expect(await api.store.read.ticket(1002)).toBeNull()

  api.passes(31 * DAY)
  await arrives({ ...reply, messageId: 'jane-4@example.org', text: 'SURVEY 1' })
  expect((await ticket(1001)).rating).toBe(5)
})

test('a vote by mail is believed only from the requester, and never reopens', async () => {
  const { arrives, patch, closings, ticket } = await desk()
  await arrives({ ...JANE, cc: 'bob@example.org' })
  await patch(1001, { status: 'solved' })
  const [closing] = await closings(1001)
  const { solvedAt } = await ticket(1001)
  const vote = { inReplyTo: closing?.mail.messageId ?? '', subject: 'Re: Printer [#1001]', text: 'SURVEY 1' }
  await arrives({ ...vote, from: 'bob@example.org' })
  await arrives({
    ...vote,
    from: 'Jane Doe <jane@example.org>',
    headers: { 'Authentication-Results': 'mx.example.org; dmarc=fail header.from=example.org' },
  })
  await arrives({ ...vote, from: 'Jane Doe <jane@example.org>', replyTo: 'mallory@elsewhere.example' })
  expect(await ticket(1001)).toMatchObject({ status: 'solved', rating: null })

  // A link of the scale where the mailbox has no addresses of its own for answers: the token proves it, and the number alone nothing.
  const link = { from: 'jane@example.org', subject: 'SURVEY 4 [#1001]', headers: {} }
  const forged = await arrives({ ...link, text: `SURVEY 4\n\n1001.${'a'.repeat(8)}.${'b'.repeat(26)}` })
  expect([forged.ticket === 1001 ? (await ticket(1001)).rating : null, (await ticket(1001)).status]).toEqual([
    null,
    'solved',
  ])
  await arrives({ ...link, text: `SURVEY 4\n\n${ids.surveyToken(1001, solvedAt ?? '')}\n` })
  expect(await ticket(1001)).toMatchObject({ status: 'solved', rating: 4, ratingComment: null })
})

test('an out-of-office that quotes the question is no vote', async () => {
  const { arrives, patch, closings, ticket } = await desk()
  await arrives(JANE)
  await patch(1001, { status: 'solved' })
  const inReplyTo = (await closings(1001))[0]?.mail.messageId ?? ''
  await arrives({
    ...JANE,
    messageId: 'x@example.org',
    inReplyTo,
    text: 'SURVEY 5',
    headers: { ...PASS, 'Auto-Submitted': 'auto-replied' },
  })
  expect(await ticket(1001)).toMatchObject({ status: 'solved', rating: null })
})
