import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Policy } from '../../src/desk/policy.ts'
import { createIds } from '../../src/ids.ts'
import { DAY } from '../../src/instant.ts'
import { Database } from '../../src/store/native.ts'
import { type Answer, NOW, openTestApi, type TestApi } from '../support/api.ts'

// The key of openTestApi.
const ids = createIds(Buffer.alloc(32, 7))
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const URL = `/survey/${ids.surveyToken(1001, NOW)}`

let api: TestApi
afterEach(() => api[Symbol.asyncDispose]())

/** Jane's ticket is solved, and she is asked. */
async function solved(survey: Partial<Policy['survey']> = {}) {
  api = await openTestApi({ survey: { ask: true, anonymous: false, publicUrl: 'https://help.example.org', ...survey } })
  await api.arrives({
    subject: 'Printer <script>',
    text: 'Das Papier klemmt und der Drucker druckt überhaupt nicht mehr.',
  })
  const words = { kind: 'answer', text: 'Es geht wieder.', agent: 'ana', solve: true }
  expect((await api.agent.post('/v1/tickets/1001/messages', words)).status).toBe(201)
}

const vote = (form: Record<string, string>, url = URL): Promise<Answer> =>
  api.nobody.request('POST', url, new URLSearchParams(form).toString(), FORM)
const ticket = async () => (await api.reader.get('/v1/tickets/1001')).body
const rated = async () => (await ticket()).events.filter(({ kind }: { kind: string }) => kind === 'rated')
const count = (sql: string) => {
  const db = new Database(api.store.path, { readonly: true })
  try {
    return db.prepare(sql).all()
  } finally {
    db.close()
  }
}

describe('the page', () => {
  beforeEach(() => solved())

  test('shows the question in the language of the ticket, and nothing else', async () => {
    const { status, headers, body } = await api.nobody.get(URL)
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-robots-tag': 'noindex, nofollow',
      'referrer-policy': 'no-referrer',
    })
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
    )
    expect(body).toContain('<html lang="de">')
    expect(body).toContain('Wie zufrieden sind Sie')
    expect(body.match(/type="radio"/g)).toHaveLength(5)
    expect(body).not.toMatch(/script|https?:|jane|Papier/i)
  })

  test('is not written to by whoever opens links: GET and HEAD change nothing, however they ask', async () => {
    const before = await ticket()
    for (const url of [URL, `${URL}?score=5`, `${URL}?utm_source=mail`])
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) await api.nobody.request(method, url)
    expect(await ticket()).toEqual(before)
    expect((await api.store.read.survey(1001, NOW))?.answers).toBe(0)
  })

  test('a POST writes; a second one replaces the first, the same one again is nothing new', async () => {
    const answer = await vote({ score: '2', comment: 'Es hat\r\nlange gedauert. ' })
    expect([answer.status, answer.body.includes('Vielen Dank')]).toEqual([200, true])
    expect(await ticket()).toMatchObject({ status: 'solved', rating: 2, ratingComment: 'Es hat\nlange gedauert.' })
    await vote({ score: '2', comment: 'Es hat\r\nlange gedauert.' })
    expect(await rated()).toHaveLength(1)
    await vote({ score: '5' })
    expect(await ticket()).toMatchObject({ rating: 5, ratingComment: null })
    expect((await rated()).at(-1)).toMatchObject({
      actor: 'person:jane@example.org',
      data: { score: 5, before: 2, by: 'page' },
    })
    expect((await api.nobody.get(URL)).body).toMatch(/value="5" required checked/)
    expect((await api.nobody.get(URL)).body).not.toContain('lange gedauert')
  })

  test('no more than ten answers', async () => {
    for (let at = 0; at < 10; at++) expect((await vote({ score: String((at % 5) + 1) })).status).toBe(200)
    expect((await vote({ score: '3' })).status).toBe(404)
    expect((await ticket()).rating).toBe(5)
  })

  test('what is no answer is none: 400 with the page again, and nothing is written', async () => {
    for (const form of [
      {},
      { score: '0' },
      { score: '6' },
      { score: '05' },
      { score: '4.5' },
      { score: '' },
      { comment: 'x' },
    ]) {
      const { status, body } = await vote(form as Record<string, string>)
      expect([status, body.includes('<form')]).toEqual([400, true])
    }
    expect((await vote({ score: '4', comment: 'x'.repeat(20_000) })).status).toBe(413)
    for (const [type, body] of [
      ['application/json', '{"score":"4"}'],
      ['text/plain', 'score=4'],
    ] as const)
      expect((await api.nobody.request('POST', URL, body, { 'content-type': type })).status).toBe(415)
    expect(await ticket()).toMatchObject({ rating: null })
  })

  test('a long comment is cut, and is text wherever it is shown', async () => {
    await vote({ score: '4', comment: `<img src=x>\u0000${'ü'.repeat(1_500)}` })
    expect((await ticket()).ratingComment).toHaveLength(1_000)
    expect((await ticket()).ratingComment).toMatch(/^<img src=x>ü/)
  })

  test('what we did not make, or not for this, and what is too old: all the same answer, with nothing written', async () => {
    const [number = '', solvedAt = '', mac = ''] = ids.surveyToken(1001, NOW).split('.')
    const others = [
      '1001',
      `${number}.${solvedAt}.${'a'.repeat(26)}`,
      `1002.${solvedAt}.${mac}`,
      `${number}.${solvedAt.replace(/.$/, 'z')}.${mac}`,
      ids.replyToken(1001, 'jane@example.org'),
      ids.surveyToken(1002, NOW),
      ids.surveyToken(1001, '2026-11-23T09:00:00.001Z'),
      '%00',
      'x'.repeat(90),
    ]
    const bodies = new Set<string>()
    for (const other of others) {
      for (const answer of [await api.nobody.get(`/survey/${other}`), await vote({ score: '4' }, `/survey/${other}`)]) {
        expect(answer.status, other).toBe(404)
        bodies.add(answer.body)
      }
    }
    api.passes(61 * DAY)
    for (const answer of [await api.nobody.get(URL), await vote({ score: '4' })]) {
      expect(answer.status).toBe(404)
      bodies.add(answer.body)
    }
    expect(bodies.size).toBe(1)
    expect(await ticket()).toMatchObject({ rating: null })
  })

  test.each([
    ['fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5', 'fr'],
    ['da;q=0.9, nl;q=0.7, en;q=0.1', 'nl'],
    ['en;q=0.2,DE-at', 'de'],
    ['constructor, __proto__', 'en'],
    ['', 'en'],
  ])('what is over is told in the language of the browser: %j', async (accepted, language) => {
    const { body } = await api.nobody.get('/survey/1001', { 'accept-language': accepted })
    expect(body).toContain(`<html lang="${language}">`)
  })

  test('its address is not among the messages of the ticket', async () => {
    const { messages } = await ticket()
    expect(messages.at(-1).text).toBe('Es geht wieder.\n')
  })

  test('is counted', async () => {
    await vote({ score: '4' })
    const { body } = await api.monitor.get('/metrics')
    expect(body).toContain('postdesk_surveys_asked{mailbox="it"} 1\n')
    expect(body).toContain('postdesk_survey_answers{mailbox="it",score="4"} 1\n')
    expect(body).toContain('postdesk_survey_answered_ratio{mailbox="it"} 1\n')
  })
})

describe('an anonymous answer', () => {
  beforeEach(() => solved({ anonymous: true }))

  test('is kept without ticket and person, and given once', async () => {
    expect((await api.nobody.get(URL)).body).toContain('Ihre Antwort ist anonym')
    const before = await ticket()
    expect((await vote({ score: '1', comment: 'Nie wieder.' })).status).toBe(200)
    expect((await vote({ score: '5' })).status).toBe(404)
    expect((await api.nobody.get(URL)).status).toBe(404)
    // Neither the ticket, nor its revision, nor its history tells of it.
    expect(await ticket()).toEqual(before)
    expect(count('select mailbox, team, category, month, score, comment from anonymous_answers')).toEqual([
      { mailbox: 'it', team: 'it', category: 'printing', month: '2026-11', score: 1, comment: 'Nie wieder.' },
    ])
    expect(count('select ticket_id, answers, score from surveys')).toEqual([
      { ticket_id: 1001, answers: 1, score: null },
    ])
    // No line of the log names the address, which names the ticket.
    expect(JSON.stringify(api.lines())).not.toContain('1001.')
    const { body } = await api.monitor.get('/metrics')
    expect(body).toContain('postdesk_survey_answers{mailbox="it",score="1"} 1\n')
  })

  test('is not read out of a mail, which has a sender', async () => {
    const [closing] = await api.store.read.outbox({ ticket: 1001, limit: 1 })
    await api.arrives({ subject: 'Re: Printer', inReplyTo: closing?.mail.messageId ?? '', text: 'SURVEY 1' })
    expect(await ticket()).toMatchObject({ rating: null, status: 'solved' })
    expect(count('select * from anonymous_answers')).toEqual([])
  })
})
