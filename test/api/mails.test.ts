import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { contentDisposition, safeType } from '../../src/api/download.ts'
import { openTestApi, problemOf, sha256, type TestApi } from '../support/api.ts'
import { mail } from '../support/mail.ts'

let api: TestApi
beforeEach(async () => {
  api = await openTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

async function quarantine(bytes: Buffer, uid: number): Promise<number> {
  const rawMail = {
    mailbox: 'it',
    folder: 'INBOX',
    uidValidity: '7',
    uid,
    receivedAt: api.now,
    bytes,
    sha256: sha256(bytes),
  }
  return api.store.write(async tx => {
    const id = await tx.saveRawMail(rawMail, api.now)
    if (id === null) throw new Error('the mail was there already')
    await tx.settleRawMail(id, { outcome: 'quarantine', reason: 'the reader was ill', ticket: null, fingerprint: null })
    return id
  })
}

describe('the ledger', () => {
  test('holds every mail and what became of it, in pages, newest first', async () => {
    const twice = mail({ subject: 'Twice' })
    for (const source of [twice, twice, mail({ subject: 'Away', headers: { 'Auto-Submitted': 'auto-replied' } })])
      await api.arrives(source)
    const first = (await api.reader.get('/v1/mails?limit=2')).body
    expect(first.items).toMatchObject([
      { id: 3, uid: 3, outcome: 'automatic', ticket: null, reason: expect.stringContaining('auto-replied') },
      { id: 2, outcome: 'duplicate', ticket: 1001 },
    ])
    const second = (await api.reader.get(`/v1/mails?limit=2&cursor=${first.nextCursor}`)).body
    expect(second).toMatchObject({
      items: [{ id: 1, outcome: 'open', ticket: 1001, mailbox: 'it', size: twice.length, sha256: sha256(twice) }],
      nextCursor: null,
    })
    expect((await api.reader.get('/v1/mails?outcome=duplicate')).body.items).toMatchObject([{ id: 2 }])
    expect((await api.reader.get('/v1/mails?mailbox=support')).body.items).toEqual([])
    expect((await api.reader.get('/v1/mails/2')).body).toEqual(first.items[1])
  })

  test('gives the mail back byte for byte, as a file', async () => {
    const source = Buffer.concat([mail({ text: 'é' }), Buffer.from([0, 255, 13, 10])])
    await api.arrives(source)
    const { status, bytes, headers } = await api.reader.get('/v1/mails/1/raw')
    expect(status).toBe(200)
    expect(bytes.equals(source)).toBe(true)
    expect(headers).toMatchObject({
      'content-type': 'message/rfc822',
      'content-disposition': 'attachment; filename="mail-1.eml"',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      'cache-control': 'no-store',
    })
  })
})

describe('an attachment', () => {
  const download = async (filename: string, contentType: string, content: string) => {
    const { ticket } = await api.arrives({ attachments: [{ filename, contentType, content }] })
    const { messages } = (await api.reader.get(`/v1/tickets/${ticket}`)).body
    return api.reader.get(`/v1/attachments/${messages[0].attachments[0].id}`)
  }

  test('that is a picture comes as a file', async () => {
    const { status, bytes, headers } = await download('Schéma 1.png', 'image/png', 'not really')
    expect([status, bytes.toString(), headers['content-type']]).toEqual([200, 'not really', 'image/png'])
    expect(headers['content-disposition']).toBe(
      `attachment; filename="Sch_ma 1.png"; filename*=UTF-8''Sch%C3%A9ma%201.png`,
    )
  })

  test.each([
    ['page.html', 'text/html'],
    ['drawing.svg', 'image/svg+xml'],
    ['feed.xml', 'application/xml'],
    ['run.js', 'text/javascript'],
  ])('that a browser could run comes as mere bytes: %s', async (name, type) => {
    const { bytes, headers } = await download(name, type, '<script>alert(1)</script>')
    expect(bytes.toString()).toBe('<script>alert(1)</script>')
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${name}"`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
    })
  })

  test('whose mail is not there any more is not found', async () => {
    const empty = await openTestApi({}, { store: api.store, openAttachment: async () => null })
    const { status } = await download('a.png', 'image/png', 'x')
    expect(status).toBe(200)
    const answer = await empty.nobody.get('/v1/attachments/1', { authorization: `Bearer ${api.reader.key}` })
    expect(problemOf(answer)).toMatchObject({ status: 404, detail: expect.stringContaining('not kept any more') })
    await empty[Symbol.asyncDispose]()
  })
})

test.each([
  ['a.png', 'attachment; filename="a.png"'],
  ['a"b\\c%41.png', `attachment; filename="a_b_c_41.png"; filename*=UTF-8''a%22b%5Cc%2541.png`],
  ['x\r\nSet-Cookie: a=b', `attachment; filename="x__Set-Cookie: a=b"; filename*=UTF-8''x%0D%0ASet-Cookie%3A%20a%3Db`],
  ["it's (1)*.txt", `attachment; filename="it's (1)*.txt"`],
  ["l'été (1)*.txt", `attachment; filename="l'_t_ (1)*.txt"; filename*=UTF-8''l%27%C3%A9t%C3%A9%20%281%29%2A.txt`],
  ['😀', `attachment; filename="_"; filename*=UTF-8''%F0%9F%98%80`],
  ['\ud800', `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`],
])('the file name %j is written as RFC 6266 has it', (name, header) => {
  expect(contentDisposition(name)).toBe(header)
})

test.each([
  ['image/png', 'image/png'],
  ['IMAGE/JPEG; name=x', 'image/jpeg'],
  ['text/plain; charset=utf-8', 'text/plain'],
  ['application/pdf', 'application/pdf'],
  ['text/html', 'application/octet-stream'],
  ['image/svg+xml', 'application/octet-stream'],
  ['application/xhtml+xml', 'application/octet-stream'],
  ['text/plain\r\nx: y', 'application/octet-stream'],
  ['image/png+xml', 'application/octet-stream'],
  ['', 'application/octet-stream'],
])('%j is handed out as %s', (type, as) => {
  expect(safeType(type)).toBe(as)
})

describe('blocked mail', () => {
  const spam = { from: 'Bob <bob@shop.example>', subject: 'Offer', headers: { 'X-Spam-Flag': 'YES' } }

  test('is listed with the reason, can be read, and is counted', async () => {
    await api.arrives({})
    const { rawMail } = await api.arrives(spam)
    const { items } = (await api.reader.get('/v1/mails?outcome=blocked')).body
    expect(items).toMatchObject([
      { id: rawMail, ticket: null, reason: 'a spam filter has marked it (X-Spam-Flag: YES)' },
    ])
    expect((await api.reader.get(`/v1/mails/${rawMail}/raw`)).bytes.toString()).toContain('Subject: Offer')
    expect((await api.monitor.get('/metrics')).body).toContain('postdesk_mails_total{mailbox="it",outcome="blocked"} 1')
    expect((await api.reader.get('/v1/tickets')).body.items).toHaveLength(1)
  })

  test('is released by an agent, once', async () => {
    const { rawMail } = await api.arrives(spam)
    expect((await api.reader.post(`/v1/mails/${rawMail}/release`)).status).toBe(403)
    const { status, body } = await api.agent.post(`/v1/mails/${rawMail}/release`)
    expect([status, body]).toEqual([200, { outcome: 'open', reason: null, ticket: 1001 }])
    expect((await api.reader.get('/v1/tickets/1001')).body).toMatchObject({ subject: 'Offer' })
    expect((await api.reader.get('/v1/mails?outcome=blocked')).body.items).toEqual([])
    expect(api.lines()).toContainEqual(expect.objectContaining({ msg: 'mail released', rawMail, ticket: 1001 }))
    const again = problemOf(await api.agent.post(`/v1/mails/${rawMail}/release`))
    expect(again).toMatchObject({ status: 409, detail: `mail ${rawMail} is not blocked: it was open` })
  })

  test('what is in quarantine is not released, and what is blocked is not replayed', async () => {
    const { rawMail } = await api.arrives(spam)
    const id = await quarantine(Buffer.from('a'), 901)
    expect((await api.agent.post(`/v1/mails/${id}/release`)).status).toBe(409)
    expect((await api.admin.post(`/v1/quarantine/${rawMail}/replay`)).status).toBe(409)
  })
})

describe('the quarantine', () => {
  test('lists what could not be read, and why', async () => {
    await api.arrives({})
    const ids = [await quarantine(Buffer.from('a'), 901), await quarantine(Buffer.from('b'), 902)]
    const first = (await api.reader.get('/v1/quarantine?limit=1')).body
    expect(first.items).toMatchObject([{ id: ids[1], outcome: 'quarantine', reason: 'the reader was ill' }])
    const second = (await api.reader.get(`/v1/quarantine?limit=1&cursor=${first.nextCursor}`)).body
    expect(second).toMatchObject({ items: [{ id: ids[0] }], nextCursor: null })
    expect((await api.reader.get('/v1/quarantine?outcome=open')).status).toBe(400)
  })

  test('a mail tried again becomes a ticket, once', async () => {
    const id = await quarantine(mail({ from: 'Jane <jane@example.org>', subject: 'Late' }), 901)
    const { status, body } = await api.admin.post(`/v1/quarantine/${id}/replay`)
    expect([status, body]).toEqual([200, { outcome: 'open', reason: null, ticket: 1001 }])
    expect((await api.reader.get('/v1/tickets/1001')).body).toMatchObject({ subject: 'Late' })
    expect((await api.reader.get('/v1/quarantine')).body.items).toEqual([])
    const again = problemOf(await api.admin.post(`/v1/quarantine/${id}/replay`))
    expect(again).toMatchObject({ status: 409, detail: expect.stringContaining('it was open') })
  })

  test('a mail that still cannot be read stays, with the reason', async () => {
    const id = await quarantine(Buffer.from(`X: ${'x'.repeat(2 * 1024 * 1024)}\r\n\r\n`), 901)
    const { status, body } = await api.admin.post(`/v1/quarantine/${id}/replay`)
    expect([status, body]).toEqual([
      200,
      { outcome: 'quarantine', reason: 'The mail cannot be read: its header is too large.', ticket: null },
    ])
    expect((await api.reader.get('/v1/quarantine')).body.items).toMatchObject([{ id, reason: body.reason }])
  })
})
