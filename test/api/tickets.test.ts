import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/instant.ts'
import { openTestApi, problemOf, type TestApi } from '../support/api.ts'

let api: TestApi
const open = async () => {
  api = await openTestApi()
}
const close = () => api[Symbol.asyncDispose]()

const subjects = async (query: string) => {
  const { status, body } = await api.reader.get(`/v1/tickets${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.items.map((item: { subject: string }) => item.subject)
}

describe('finding tickets', () => {
  beforeAll(async () => {
    await open()
    await api.arrives({ subject: 'Toner', text: 'The printer wants toner, s’il vous plaît à l’étage.' })
    api.passes(MINUTE)
    await api.arrives({ subject: 'Screen', text: 'My screen is black. This is urgent!', from: 'Bob <BOB@Example.org>' })
    api.passes(MINUTE)
    await api.arrives({ subject: 'Wi-Fi', text: 'No network in room 1001.' })
    api.passes(MINUTE)
    await api.agent.patch('/v1/tickets/1003', { status: 'solved', assignee: 'ana', team: 'support' })
  })
  afterAll(close)

  test.each([
    ['', ['Wi-Fi', 'Screen', 'Toner']],
    ['?status=open', ['Screen', 'Toner']],
    ['?status=open&status=solved', ['Wi-Fi', 'Screen', 'Toner']],
    ['?priority=urgent', ['Screen']],
    ['?priority=urgent&priority=normal&status=solved', ['Wi-Fi']],
    ['?category=printing', ['Toner']],
    ['?category=none-such', []],
    ['?team=it', ['Screen', 'Toner']],
    ['?assignee=ana', ['Wi-Fi']],
    ['?assignee=none', ['Screen', 'Toner']],
    ['?mailbox=it', ['Wi-Fi', 'Screen', 'Toner']],
    ['?mailbox=support', []],
    ['?requester=bob@EXAMPLE.org', ['Screen']],
    ['?tag=none-such', []],
    ['?updatedSince=2026-11-23T09:02:00Z', ['Wi-Fi']],
    ['?updatedSince=2026-11-23T10:01:00%2B01:00', ['Wi-Fi', 'Screen']],
    ['?q=printer', ['Toner']],
    ['?q=PRINTER%20etage', ['Toner']],
    ['?q=pri', ['Toner']],
    ['?q=printer%20black', []],
    ['?q=jane', ['Wi-Fi', 'Toner']],
    ['?q=%231002', ['Screen']],
    ['?q=1001', ['Wi-Fi', 'Toner']],
    ['?q=1001&status=open', ['Toner']],
    ['?overdue=true', []],
    ['?overdue=false', ['Wi-Fi', 'Screen', 'Toner']],
    ['?limit=1', ['Wi-Fi']],
  ])('%s', async (query, expected) => {
    expect(await subjects(query)).toEqual(expected)
  })

  test('overdue are those not solved whose date has passed', async () => {
    const { now } = api
    api.passes(5 * HOUR)
    expect(await subjects('?overdue=true')).toEqual(['Screen'])
    api.passes(24 * 14 * HOUR)
    expect(await subjects('?overdue=true')).toEqual(['Screen', 'Toner'])
    api.now = now
  })

  test.each([
    '"',
    "'",
    '*',
    '"*',
    '!!!',
    '( OR',
    'a AND',
    'NEAR(a b)',
    '-',
    '^x',
    'subject:x',
    '{a b}: c',
    'x\u0000y',
    '\ud800',
    '%',
    ';--',
    'é',
    '日本',
    '😀',
    '# 12',
    '#',
  ])('any text can be searched for: %j', async words => {
    const { status } = await api.reader.get(`/v1/tickets?q=${encodeURIComponent(Buffer.from(words).toString())}`)
    expect(status).toBe(200)
  })

  test.each([
    ['?limit=0', 'query/limit', 'must be >= 1'],
    ['?limit=201', 'query/limit', 'must be <= 200'],
    ['?limit=Infinity', 'query/limit', 'must be <= 200'],
    ['?limit=1&limit=2', 'query/limit', 'must be integer'],
    ['?status=opened', 'query/status/0', 'must be one of open, pending, solved, closed'],
    ['?stauts=open', 'query/stauts', 'does not exist: known are limit, cursor, q,'],
    ['?overdue=perhaps', 'query/overdue', 'must be boolean'],
    ['?updatedSince=yesterday', 'query/updatedSince', 'must be: an instant such as'],
    ['?updatedSince=2026-13-45T10:00:00Z', 'query/updatedSince', 'is no date of the calendar'],
    ['?updatedSince=0000-01-01T00:00:00Z', 'query/updatedSince', 'is no date of the calendar'],
    ['?updatedSince=0001-01-01T00:00:00%2B14:00', 'query/updatedSince', 'is no date of the calendar'],
    ['?updatedSince=9999-12-31T23:59:59-14:00', 'query/updatedSince', 'is no date of the calendar'],
    ['?q=', 'query/q', 'must NOT have fewer than 1 characters'],
  ])('%s is refused', async (query, path, message) => {
    const problem = problemOf(await api.reader.get(`/v1/tickets${query}`))
    expect(problem.status).toBe(400)
    expect(problem.errors).toEqual([{ path, message: expect.stringContaining(message) }])
  })
})

describe('paging', () => {
  beforeEach(open)
  afterEach(close)

  const arrive = async (count: number) => {
    // Three to an instant: the number decides among them.
    for (let at = 0; at < count; at++) {
      await api.arrives({ subject: `ticket ${at}` })
      if (at % 3 === 2) api.passes(MINUTE)
    }
  }
  const page = async (query: string) => {
    const { status, body } = await api.reader.get(`/v1/tickets?${query}`)
    expect(status).toBe(200)
    return { ids: body.items.map(({ id }: { id: number }) => id) as number[], next: body.nextCursor as string | null }
  }

  test('goes through all tickets once, whatever is opened meanwhile', async () => {
    await arrive(10)
    const seen: number[] = []
    let cursor = ''
    for (let pages = 0; pages < 20; pages++) {
      const { ids, next } = await page(`limit=3${cursor}`)
      seen.push(...ids)
      await arrive(2)
      if (next === null) break
      cursor = `&cursor=${next}`
    }
    expect(seen).toEqual([1010, 1009, 1008, 1007, 1006, 1005, 1004, 1003, 1002, 1001])
  })

  test('a ticket that changes while one pages is found by updatedSince', async () => {
    await arrive(6)
    const began = api.now
    const first = await page('limit=3')
    await api.agent.patch('/v1/tickets/1001', { status: 'pending' })
    const second = await page(`limit=3&cursor=${first.next}`)
    expect([...first.ids, ...second.ids]).toEqual([1006, 1005, 1004, 1003, 1002])
    expect((await page(`updatedSince=${began}`)).ids).toContain(1001)
  })

  test('the last page says so, also when it is full', async () => {
    await arrive(4)
    const first = await page('limit=2')
    const second = await page(`limit=2&cursor=${first.next}`)
    expect(second).toEqual({ ids: [1002, 1001], next: null })
  })

  const cursors = [
    ['rubbish', '!!!'],
    ['no JSON', Buffer.from('no').toString('base64url')],
    ['a number', Buffer.from('1').toString('base64url')],
    ['of another list', Buffer.from('[5]').toString('base64url')],
    ['an instant of another shape', Buffer.from('["2026",1001]').toString('base64url')],
    ['no number', Buffer.from('["2026-11-23T09:00:00.000Z","1001"]').toString('base64url')],
    ['a negative number', Buffer.from('["2026-11-23T09:00:00.000Z",-1]').toString('base64url')],
    ['an object', Buffer.from('{"0":1,"length":2}').toString('base64url')],
  ] as const
  test('a cursor that is not ours is refused', async () => {
    for (const [name, cursor] of cursors) {
      const problem = problemOf(await api.reader.get(`/v1/tickets?cursor=${encodeURIComponent(cursor)}`))
      expect(problem, name).toMatchObject({ status: 400, errors: [{ path: 'query/cursor' }] })
    }
  })
})

describe('a ticket', () => {
  beforeEach(open)
  afterEach(close)

  test('comes with everything that is known of it, and why', async () => {
    await api.arrives({
      subject: 'Imprimante',
      text: 'The printer is urgent.',
      html: '<p>The printer <script>alert(1)</script>is urgent.</p><img src="https://evil.example/x.png">',
    })
    const { body, headers } = await api.reader.get('/v1/tickets/1001')
    expect(headers['etag']).toBe('"1"')
    expect(body).toMatchObject({
      id: 1001,
      requester: { name: 'Jane Doe', address: 'jane@example.org' },
      status: 'open',
      category: 'printing',
      priority: 'urgent',
      revision: 1,
      participants: [{ address: 'jane@example.org' }],
      outbox: [{ kind: 'acknowledgement', state: 'queued', to: [{ name: 'Jane Doe', address: 'jane@example.org' }] }],
      promises: [
        { kind: 'first-response', dueAt: body.firstResponseDue, toldAt: api.now },
        { kind: 'resolution', dueAt: body.resolutionDue, toldAt: api.now },
      ],
    })
    expect(body.messages).toMatchObject([
      { direction: 'in', author: 'requester', standing: 'accepted', newText: 'The printer is urgent.' },
      { direction: 'out', author: 'postdesk' },
    ])
    expect(body.messages[0].html).not.toMatch(/script|evil/)
    const classified = body.events.find((event: { kind: string }) => event.kind === 'classified')
    expect(JSON.stringify(classified.data.matches)).toContain('printer')
    const due = body.events.find((event: { kind: string }) => event.kind === 'due')
    expect(due.data.firstResponse).toMatchObject({ at: body.firstResponseDue, timeline: expect.any(Array) })
  })

  test('flags what a stranger wrote', async () => {
    await api.arrives({})
    const { body } = await api.reader.get('/v1/tickets/1001')
    await api.arrives({ from: 'mallory@elsewhere.example', inReplyTo: body.messages[1].messageId, text: 'Me too.' })
    const { messages } = (await api.reader.get('/v1/tickets/1001')).body
    expect(messages.at(-1)).toMatchObject({ author: 'stranger', standing: 'pending', newText: 'Me too.' })
  })
})

describe('changing a ticket', () => {
  beforeEach(async () => {
    await open()
    await api.arrives({ subject: 'Printer' })
  })
  afterEach(close)
  const events = async () =>
    (await api.reader.get('/v1/tickets/1001')).body.events as {
      kind: string
      actor: string
      data: Record<string, unknown>
    }[]

  test('writes down who changed what, from what', async () => {
    api.passes(MINUTE)
    const { status, body, headers } = await api.agent.patch('/v1/tickets/1001', {
      status: 'solved',
      assignee: 'ana',
      category: null,
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      status: 'solved',
      assignee: 'ana',
      category: null,
      solvedAt: api.now,
      updatedAt: api.now,
      revision: 2,
    })
    expect(headers['etag']).toBe('"2"')
    expect((await events()).at(-1)).toMatchObject({
      kind: 'changed',
      actor: 'key:crm',
      data: {
        status: { from: 'open', to: 'solved' },
        assignee: { from: null, to: 'ana' },
        category: { from: 'printing', to: null },
      },
    })
  })

  test('that is so already changes nothing', async () => {
    const before = await events()
    const { body } = await api.agent.patch('/v1/tickets/1001', { status: 'open', team: 'it' })
    expect(body.revision).toBe(1)
    expect(await events()).toEqual(before)
  })

  test('a new priority brings new dates from when it was opened, with their reckoning', async () => {
    const before = (await api.reader.get('/v1/tickets/1001')).body
    api.passes(30 * MINUTE)
    const { body } = await api.agent.patch('/v1/tickets/1001', { priority: 'urgent' })
    // Monday 10:00 in Brussels: one hour and four hours of work, with lunch from 12 to 13.
    expect(body).toMatchObject({
      firstResponseDue: '2026-11-23T10:00:00.000Z',
      resolutionDue: '2026-11-23T14:00:00.000Z',
    })
    const [changed, due] = (await events()).slice(-2)
    expect(changed).toMatchObject({
      kind: 'changed',
      data: {
        priority: { from: 'normal', to: 'urgent' },
        resolutionDue: { from: before.resolutionDue, to: body.resolutionDue },
      },
    })
    expect(due).toMatchObject({
      kind: 'due',
      actor: 'key:crm',
      data: { firstResponse: { at: body.firstResponseDue }, resolution: { at: body.resolutionDue } },
    })
    // What was promised stays told.
    expect((await api.reader.get('/v1/tickets/1001')).body.promises).toEqual(before.promises)
  })

  test.each([
    ['"1"', 200],
    ['*', 200],
    ['"7", "1"', 200],
    ['"2"', 412],
    ['W/"1"', 412],
    ['1', 412],
    ['', 412],
  ])('If-Match: %s gives %i', async (tag, status) => {
    const answer = await api.agent.patch('/v1/tickets/1001', { status: 'pending' }, { 'if-match': tag })
    expect(answer.status).toBe(status)
    const { body } = await api.reader.get('/v1/tickets/1001')
    expect(body.status).toBe(status === 200 ? 'pending' : 'open')
    if (status === 412) expect(problemOf(answer).detail).toContain('its ETag is "1" now')
  })

  test('of two that come at once with the same ETag, one is refused', async () => {
    const both = ['ana', 'ben'].map(assignee =>
      api.agent.patch('/v1/tickets/1001', { assignee }, { 'if-match': '"1"' }),
    )
    const statuses = (await Promise.all(both)).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, 412])
  })
})

describe('a change is refused, and nothing happens,', () => {
  beforeAll(async () => {
    await open()
    await api.arrives({ subject: 'Printer' })
  })
  afterAll(close)

  test.each([
    [{ team: 'itt' }, 'there is no team "itt": known are it, support'],
    [{ assignee: 'bob' }, 'there is no assignee "bob": known are ana, ben'],
    [{ category: 'coffee' }, 'there is no category "coffee": known are printing'],
    [
      { team: 'x', assignee: 'y' },
      'there is no team "x": known are it, support; there is no assignee "y": known are ana, ben',
    ],
    [{ team: '__proto__' }, 'there is no team "__proto__": known are it, support'],
  ])('to what does not exist is refused: %j', async (edit, detail) => {
    const answer = await api.agent.patch('/v1/tickets/1001', edit)
    expect(problemOf(answer)).toEqual({ status: 422, detail })
    expect((await api.reader.get('/v1/tickets/1001')).body.revision).toBe(1)
  })

  test.each([
    [
      { prioritty: 'high' },
      [{ path: 'body/prioritty', message: 'does not exist: known are status, priority, category, team, assignee' }],
    ],
    [{ priority: 'hihg' }, [{ path: 'body/priority', message: 'must be one of low, normal, high, urgent' }]],
    [{ priority: null }, [{ path: 'body/priority' }, { path: 'body/priority' }]],
    [{ team: 5 }, [{ path: 'body/team', message: 'must be string,null' }]],
    [{ status: ['open'] }, [{ path: 'body/status' }, { path: 'body/status' }]],
    [{}, [{ path: 'body', message: 'must NOT have fewer than 1 properties' }]],
    [[], [{ path: 'body', message: 'must be object' }]],
    [
      { revision: 7, firstResponseDue: '2030-01-01T00:00:00.000Z' },
      [{ path: 'body/revision' }, { path: 'body/firstResponseDue' }],
    ],
  ])('of another shape is refused, each fault named: %j', async (body, errors) => {
    const problem = problemOf(await api.agent.patch('/v1/tickets/1001', body))
    expect(problem.status).toBe(400)
    expect(problem.errors).toMatchObject(errors)
    expect(problem.errors).toHaveLength(errors.length)
  })
})
