import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MINUTE } from '../../src/instant.ts'
import { problemOf } from '../support/api.ts'
import type { TestMail } from '../support/mail.ts'
import { addresses, BOB, last, MALLORY, openTwoTickets, type TwoTickets } from '../support/two-tickets.ts'

let api: TwoTickets
beforeEach(async () => {
  api = await openTwoTickets()
})
afterEach(() => api[Symbol.asyncDispose]())

const ids = (things: readonly { id: number }[]) => things.map(({ id }) => id)
const kinds = (one: { events: readonly { kind: string }[] }) => one.events.map(({ kind }) => kind)
/** Where an answer to the last mail of ours on a ticket goes, with the token of whom it was made for. */
const replyAddress = async (id: number): Promise<string> => {
  const { mail } = (await api.store.read.outbox({ ticket: id, limit: 1 }))[0] ?? {}
  if (!mail?.replyTo) throw new Error(`the last mail of ticket ${id} names no address to reply to`)
  return mail.replyTo
}
const found = async (words: string) => ids((await api.reader.get(`/v1/tickets?q=${words}`)).body.items)

describe('a merge', () => {
  const merge = (id = 1002, into = 1001, headers = {}) =>
    api.agent.request('POST', `/v1/tickets/${id}/merge`, { into }, headers)

  test('brings everything to the other ticket, and leaves the history where it was', async () => {
    const [one, two] = [await api.ticket(1001), await api.ticket(1002)]
    api.passes(MINUTE)
    const answer = await merge()
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ id: 1001, status: one.status, requester: one.requester, updatedAt: api.now })

    const survivor = await api.ticket(1001)
    expect(answer.headers['etag']).toBe(`"${survivor.revision}"`)
    expect(survivor.revision).toBe(one.revision + 1)
    expect(survivor).toMatchObject({ mergedInto: null, mergedFrom: [1002] })
    expect(ids(survivor.messages)).toEqual([...ids(one.messages), ...ids(two.messages)])
    expect(ids(survivor.outbox).toSorted()).toEqual([...ids(one.outbox), ...ids(two.outbox)].toSorted())
    expect(survivor.promises).toEqual([...one.promises, ...two.promises])
    expect(addresses(survivor.participants)).toEqual(['jane@example.org', 'bob@example.org'])
    expect(survivor.messages.at(-2)).toMatchObject({ author: 'participant', from: { address: 'bob@example.org' } })

    const merged = await api.ticket(1002)
    expect(merged).toMatchObject({
      ...{ status: 'closed', solvedAt: api.now, mergedInto: 1001, mergedFrom: [], requester: two.requester },
      ...{ messages: [], outbox: [], promises: [], participants: two.participants },
    })
    expect(kinds(merged)).toEqual([...kinds(two), 'merged', 'changed'])
    const messages = ids(two.messages)
    expect(last(merged, 'merged')).toMatchObject({ actor: 'key:crm', data: { into: 1001, messages } })
    expect(last(survivor, 'merged')).toMatchObject({ actor: 'key:crm', data: { from: 1002, messages } })

    expect(await found('broken')).toEqual([1001])
    expect((await api.reader.get(`/v1/mails/${two.messages[0].rawMail}`)).body).toMatchObject({ ticket: 1001 })
    expect(api.woken()).toBe(1)
  })

  test('is followed by later mail: by our id, by our reply address, by theirs, by a lost one, by the tag, by a report and by a copy', async () => {
    const acknowledgement = await api.ours(1002)
    const reply = { to: await replyAddress(1002) }
    await merge()
    const mails: [TestMail, string][] = [
      [{ ...BOB, inReplyTo: acknowledgement }, 'own-id'],
      [{ ...BOB, ...reply }, 'token'],
      [{ ...BOB, inReplyTo: 'bob@example.org' }, 'held-id'],
      [{ ...BOB, inReplyTo: 'lost@example.org' }, 'cited-id'],
      [{ ...BOB, subject: 'Re: Broken [#1002]' }, 'tag'],
      [{ ...BOB, messageId: 'lost@example.org' }, 'awaited'],
    ]
    for (const [mail, signal] of mails) {
      expect(await api.arrives(mail), signal).toMatchObject({ outcome: 'append', ticket: 1001 })
      expect(last(await api.ticket(1001), 'threaded')).toMatchObject({ data: { signal, standing: 'accepted' } })
    }
    const raw = (await api.admin.get(`/v1/mails/${(await api.ticket(1001)).messages.at(-1).rawMail}/raw`)).bytes
    expect(await api.arrives(raw)).toMatchObject({ outcome: 'duplicate', ticket: 1001 })
    const bounce = {
      from: 'MAILER-DAEMON@example.org',
      headers: { 'Content-Type': 'multipart/report; report-type=delivery-status; boundary="b"' },
      text: [
        '--b\r\n\r\nIt failed.\r\n--b\r\nContent-Type: message/delivery-status\r\n',
        'Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n',
        `--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <${acknowledgement}>\r\n\r\nHi\r\n--b--\r\n`,
      ].join('\r\n'),
    }
    expect(await api.arrives(bounce)).toMatchObject({ outcome: 'report', ticket: 1001 })
    expect(await api.ticket(1002)).toMatchObject({ status: 'closed', messages: [] })
  })

  test('goes on with what was merged before', async () => {
    await api.arrives({ from: 'Carl <carl@example.org>', subject: 'Smoke', messageId: 'carl@example.org' })
    await merge(1002, 1003)
    await merge(1003, 1001)
    expect(await api.ticket(1001)).toMatchObject({ mergedFrom: [1002, 1003] })
    expect(await api.ticket(1002)).toMatchObject({ mergedInto: 1001 })
    expect(await api.arrives({ ...BOB, subject: '[#1002]' })).toMatchObject({ outcome: 'append', ticket: 1001 })
    expect((await api.ticket(1001)).messages.map(({ author }: { author: string }) => author)).toEqual([
      ...['requester', 'postdesk', 'agent', 'participant', 'postdesk', 'participant', 'postdesk', 'participant'],
    ])
  })

  test('closes for good: nothing is written there, changed or merged any more', async () => {
    await merge()
    const before = await api.ticket(1002)
    const refused = [
      await api.agent.patch('/v1/tickets/1002', { status: 'open' }),
      await api.say(1002, { kind: 'note', text: 'Hello?' }),
      await merge(),
      await merge(1001, 1002),
      await api.agent.post('/v1/tickets/1002/split', { messages: [1] }),
      await api.agent.request('PUT', '/v1/tickets/1001/links/1002', { kind: 'related' }),
      await api.agent.request('PUT', '/v1/tickets/1002/links/1001', { kind: 'related' }),
      // RFC 9110 §13.2.1: whatever the ETag, this is no failed precondition.
      await merge(1002, 1001, { 'if-match': `"${before.revision}"` }),
      await merge(1002, 1001, { 'if-match': '"77"' }),
      await merge(1001, 1002, { 'if-match': '*' }),
    ]
    for (const answer of refused)
      expect(problemOf(answer)).toMatchObject({ status: 409, detail: expect.stringMatching(/into ticket 1001: use/) })
    expect(await api.ticket(1002)).toEqual(before)
  })

  test('is refused for what is not there, for itself, and when it has changed since', async () => {
    const before = [await api.ticket(1001), await api.ticket(1002)]
    expect(problemOf(await merge(1002, 4711))).toMatchObject({ status: 422, detail: 'there is no ticket 4711' })
    expect(problemOf(await merge(1002, 1002))).toMatchObject({ status: 422 })
    expect(problemOf(await merge(1002, 1001, { 'if-match': '"77"' }))).toMatchObject({ status: 412 })
    expect([await api.ticket(1001), await api.ticket(1002)]).toEqual(before)
    expect((await merge(1002, 1001, { 'if-match': `"${before[1].revision}"` })).status).toBe(200)
  })

  test('leaves out who left, unless it is about their own request', async () => {
    const put = { cc: ['bob@example.org', 'carl@example.org'] }
    await api.arrives({ ...put, inReplyTo: 'jane@example.org' })
    await api.arrives({ ...BOB, cc: 'dora@example.org', inReplyTo: 'bob@example.org' })
    for (const name of ['bob', 'carl'])
      await api.arrives({ from: `${name}@example.org`, inReplyTo: 'jane@example.org', text: 'LEAVE' })
    await api.arrives({ from: 'dora@example.org', inReplyTo: 'bob@example.org', text: 'LEAVE' })
    await merge()
    const { participants } = await api.ticket(1001)
    const left = (one: { address: string; left: boolean }) => [one.address.split('@')[0], one.left]
    expect(participants.map(left)).toEqual([
      ['jane', false],
      ['bob', false],
      ['carl', true],
      ['dora', true],
    ])
  })

  test('takes links along', async () => {
    await api.arrives({ from: 'Carl <carl@example.org>', subject: 'Smoke' })
    await api.agent.request('PUT', '/v1/tickets/1002/links/1003', { kind: 'follow-up' })
    api.passes(MINUTE)
    await api.agent.request('PUT', '/v1/tickets/1002/links/1001', { kind: 'related' })
    await merge()
    const linked = async (id: number) =>
      (await api.ticket(id)).links.map((link: { ticket: number; kind: string }) => [link.ticket, link.kind])
    expect(await linked(1001)).toEqual([
      [1003, 'follow-up'],
      [1002, 'related'],
    ])
    expect(await linked(1003)).toEqual([
      [1001, 'follow-up'],
      [1002, 'follow-up'],
    ])
  })

  test('is never made by a mail, whatever it cites', async () => {
    const [one, two] = [await api.ticket(1001), await api.ticket(1002)]
    // An agent may write into both.
    for (const from of [BOB.from, 'Ana Pop <ana@example.org>']) {
      const mail = {
        from,
        references: [await api.ours(1001), 'jane@example.org', await api.ours(1002), 'bob@example.org'],
      }
      const { ticket: landed } = await api.arrives({ ...mail, subject: 'Both [#1001] [#1002]' })
      expect(landed).toBe(1002)
    }
    const after = [await api.ticket(1001), await api.ticket(1002)]
    for (const { mergedInto, mergedFrom, links } of after)
      expect({ mergedInto, mergedFrom, links }).toEqual({ mergedInto: null, mergedFrom: [], links: [] })
    expect(after[0]).toEqual(one)
    expect(ids(after[1].messages).slice(0, 2)).toEqual(ids(two.messages))
  })
})

describe('a split', () => {
  const split = (id: number, body: object, headers = {}) =>
    api.agent.request('POST', `/v1/tickets/${id}/split`, body, headers)

  test('takes along what is answered to it, though the answer cites what stayed as well', async () => {
    const { mail: ours } = (await api.store.read.outbox({ ticket: 1001, limit: 1 }))[0] ?? {}
    const first = ours?.messageId ?? ''
    const asked = await api.arrives({
      subject: 'Chair',
      messageId: 'chair@jane',
      inReplyTo: first,
      references: [first],
    })
    const message = (await api.store.read.messages(1001)).find(({ rawMail }) => rawMail === asked.rawMail)
    const made = await split(1001, { messages: [message?.id] })
    const answer = { subject: 'Re: Chair', text: 'Which one?', references: [first, 'chair@jane'] }
    expect(await api.arrives({ ...answer, inReplyTo: 'chair@jane' })).toMatchObject({ ticket: made.body.id })
    expect(await api.arrives({ ...answer, text: 'Well?', references: [first], inReplyTo: first })).toMatchObject({
      ticket: 1001,
    })
  })

  test('makes a ticket of its own: mails, ids, what waits to be sent and what was told go along', async () => {
    const chair = { subject: 'Re: Printer', messageId: 'chair@example.org', references: ['oak@example.org'] }
    await api.arrives({ ...chair, inReplyTo: 'jane@example.org', text: 'And my chair is broken.' })
    await api.say(1001, { kind: 'answer', text: 'A chair is on its way.', agent: 'ana' })
    const replyTo = await replyAddress(1001)
    const before = await api.ticket(1001)
    const [mail, answer] = before.messages.slice(-2)
    api.passes(MINUTE)
    const made = await split(1001, { messages: [answer.id, mail.id], subject: 'Chair' })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ id: 1003, subject: 'Chair', status: 'open', openedAt: api.now })
    expect(made.headers['etag']).toBe('"1"')
    expect(api.woken()).toBe(2)

    const [old, fresh] = [await api.ticket(1001), await api.ticket(1003)]
    expect(ids(fresh.messages)).toEqual([mail.id, answer.id])
    expect(ids(old.messages)).toEqual(ids(before.messages).slice(0, -2))
    expect(fresh.outbox).toEqual([{ ...before.outbox[0], ticket: 1003 }])
    expect(old.outbox).toEqual(before.outbox.slice(1))
    expect(old).toMatchObject({ revision: before.revision + 1, promises: before.promises, status: before.status })
    expect(kinds(fresh)).toEqual(['opened', 'due', 'split'])
    expect(last(old, 'split')).toMatchObject({ actor: 'key:crm', data: { into: 1003, messages: [mail.id, answer.id] } })
    expect(old.links).toEqual([{ ticket: 1003, kind: 'split', at: api.now }])
    expect(fresh.links).toEqual([{ ticket: 1001, kind: 'split', at: api.now }])
    expect((await api.reader.get(`/v1/mails/${mail.rawMail}`)).body).toMatchObject({ ticket: 1003 })
    expect(await found('chair')).toEqual([1003])

    // Our answer was signed for the old ticket, as was the address to reply to.
    const replied = { to: replyTo, inReplyTo: answer.messageId }
    expect(await api.arrives(replied)).toMatchObject({ outcome: 'append', ticket: 1003 })
    expect(last(await api.ticket(1003), 'threaded')).toMatchObject({ data: { signal: 'token', standing: 'accepted' } })
    for (const cited of [answer.messageId, 'chair@example.org', 'oak@example.org'])
      expect(await api.arrives({ inReplyTo: cited }), cited).toMatchObject({ outcome: 'append', ticket: 1003 })
    for (const cited of [before.outbox.at(-1).messageId, 'jane@example.org'])
      expect(await api.arrives({ inReplyTo: cited }), cited).toMatchObject({ outcome: 'append', ticket: 1001 })
    // What people only know by the number is where the number says.
    expect(await api.arrives({ subject: 'Re: Printer [#1001]' })).toMatchObject({ ticket: 1001 })
  })

  test('undoes a merge: acknowledgement and promises find back', async () => {
    const { messages, promises } = await api.ticket(1002)
    const acknowledgement = await api.ours(1002)
    await api.agent.post('/v1/tickets/1002/merge', { into: 1001 })
    await split(1001, { messages: ids(messages) })
    expect(await api.ticket(1003)).toMatchObject({ requester: { address: 'bob@example.org' }, promises })
    expect((await api.ticket(1003)).messages[0]).toMatchObject({ author: 'requester' })
    expect(await api.arrives({ ...BOB, inReplyTo: acknowledgement })).toMatchObject({ ticket: 1003 })
    await api.agent.post('/v1/tickets/1003/merge', { into: 1001 })
    expect(await api.arrives({ ...BOB, inReplyTo: acknowledgement })).toMatchObject({ ticket: 1001 })
  })

  test('a stolen id of ours leads nobody away', async () => {
    const [first, acknowledgement] = (await api.ticket(1001)).messages
    const cited = { inReplyTo: acknowledgement.messageId }
    const trap = await api.arrives({ ...MALLORY, messageId: acknowledgement.messageId, subject: 'Trap' })
    expect(trap).toMatchObject({ outcome: 'open', ticket: 1003 })
    expect(await api.arrives(cited)).toMatchObject({ outcome: 'append', ticket: 1001 })
    // The thief's ticket holds the id as well as the one that our mail was split off to, and is the older one.
    await split(1001, { messages: [first.id, acknowledgement.id] })
    expect(await api.arrives(cited)).toMatchObject({ outcome: 'append', ticket: 1004 })
  })

  test('moves a stranger out, who is then on a ticket of their own and no more on this one', async () => {
    await api.arrives({
      ...MALLORY,
      inReplyTo: await api.ours(1001),
      messageId: 'm@elsewhere.example',
      text: 'Sell me ink.',
    })
    const stranger = (await api.ticket(1001)).messages.at(-1)
    expect(stranger).toMatchObject({ author: 'stranger', standing: 'pending' })
    await split(1001, { messages: [stranger.id] })
    expect(await api.ticket(1003)).toMatchObject({
      ...{ requester: { address: 'mallory@elsewhere.example' }, outbox: [] },
      messages: [{ author: 'requester', standing: 'accepted' }],
    })
    expect(addresses((await api.ticket(1003)).participants)).toEqual(['mallory@elsewhere.example'])
    expect(addresses((await api.ticket(1001)).participants)).toEqual(['jane@example.org'])
    expect(await api.arrives({ ...MALLORY, inReplyTo: 'm@elsewhere.example' })).toMatchObject({ ticket: 1003 })
  })

  test.each<[string, object, number, RegExp]>([
    ['no message', { messages: [] }, 400, /fewer than 1/],
    ['one twice', { messages: [1, 1] }, 400, /duplicate/],
    ['one of another ticket', { messages: [1, 4] }, 422, /ticket 1001 has no message 4/],
    ['one that does not exist', { messages: [4711] }, 422, /ticket 1001 has no message 4711/],
    ['all', { messages: [1, 2, 3] }, 422, /must keep a message/],
  ])('of %s is refused', async (_what, body, status, words) => {
    const before = await api.ticket(1001)
    const problem = problemOf(await split(1001, body))
    expect(problem.status).toBe(status)
    expect(JSON.stringify(problem)).toMatch(words)
    expect(problemOf(await split(1001, { messages: [1] }, { 'if-match': '"77"' })).status).toBe(412)
    expect(await api.ticket(1001)).toEqual(before)
    expect((await api.reader.get('/v1/tickets/1003')).status).toBe(404)
  })
})

describe('a link', () => {
  const link = (id: number, other: number, kind: unknown, headers = {}) =>
    api.agent.request('PUT', `/v1/tickets/${id}/links/${other}`, { kind }, headers)
  const unlink = (id: number, other: number) => api.agent.request('DELETE', `/v1/tickets/${id}/links/${other}`)

  test('shows on both, counts once, and goes again', async () => {
    const before = [await api.ticket(1001), await api.ticket(1002)]
    const made = await link(1002, 1001, 'related')
    expect(made).toMatchObject({ status: 200, body: { id: 1002, revision: before[1].revision + 1 } })
    const after = [await api.ticket(1001), await api.ticket(1002)]
    expect(after[0].links).toEqual([{ ticket: 1002, kind: 'related', at: api.now }])
    expect(after[1].links).toEqual([{ ticket: 1001, kind: 'related', at: api.now }])
    expect(last(after[0], 'linked')).toMatchObject({ actor: 'key:crm', data: { ticket: 1002, kinds: ['related'] } })
    expect(last(after[1], 'linked')).toMatchObject({ actor: 'key:crm', data: { ticket: 1001, kinds: ['related'] } })

    expect((await link(1001, 1002, 'related')).headers['etag']).toBe(`"${after[0].revision}"`)
    expect([await api.ticket(1001), await api.ticket(1002)]).toEqual(after)

    await link(1001, 1002, 'follow-up')
    expect((await api.ticket(1001)).links).toHaveLength(2)
    expect((await unlink(1001, 1002)).body.id).toBe(1001)
    for (const id of [1001, 1002]) {
      const { links, events } = await api.ticket(id)
      expect(links).toEqual([])
      expect(events.at(-1)).toMatchObject({ kind: 'unlinked', data: { kinds: ['follow-up', 'related'] } })
    }
    expect(problemOf(await unlink(1002, 1001))).toMatchObject({
      status: 404,
      detail: expect.stringMatching(/not linked/),
    })
  })

  test.each<[string, () => Promise<unknown>, number]>([
    ['with itself', () => link(1001, 1001, 'related'), 422],
    ['with nothing', () => link(1001, 4711, 'related'), 404],
    ['that only a split makes', () => link(1001, 1002, 'split'), 400],
    ['of no kind', () => link(1001, 1002, undefined), 400],
    ['of what has changed since', () => link(1001, 1002, 'related', { 'if-match': '"77"' }), 412],
  ])('%s is refused', async (_what, attempt, status) => {
    expect(await attempt()).toMatchObject({ status })
    expect((await api.ticket(1001)).links).toEqual([])
  })
})
