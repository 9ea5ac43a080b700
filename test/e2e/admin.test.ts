/*
 * The story of the admin, through the program as it is built: everything she sees and does goes over HTTP.
 */

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOUR, msBetween } from '../../src/instant.ts'
import type { FolderStatus } from '../../src/store/mailboxes.ts'
import { Database } from '../../src/store/native.ts'
import type { Settled } from '../../src/store/raw-mails.ts'
import { command } from '../support/command.ts'
import { type Desk, only, startDesk } from '../support/desk.ts'
import { mail } from '../support/mail.ts'
import type { LedgerLine, Page, Problem, TicketSeen } from '../support/service.ts'

type MailboxSeen = {
  readonly name: string
  readonly folders: readonly (FolderStatus & { readonly healthy: boolean; readonly trouble: string | null })[]
}

describe('the admin', () => {
  let desk: Desk
  beforeAll(async () => {
    desk = await startDesk('Hoodiecrow')
  })
  afterAll(() => desk?.[Symbol.asyncDispose]())

  const find = async (query: string) => {
    const { items } = await desk.service.get<Page<TicketSeen>>(`/v1/tickets?${query}`)
    return items.map(ticket => ticket.id)
  }

  test('finds tickets: by what they are, by what was said in them, page by page', async () => {
    const from = 'Zoë Quint <zoe@example.org>'
    const printing = await desk.onTicket({
      from,
      subject: 'Printer',
      text: 'The crème brûlée machine and the printer.',
    })
    const urgent = await desk.onTicket({ from, subject: 'urgent', text: 'Hello, the zeppelin has landed on the roof.' })
    const invoice = await desk.onTicket({ from, subject: 'Invoice', text: 'Hello, here is an invoice for zeppelins.' })
    const [p, u, i] = [printing.ticket.id, urgent.ticket.id, invoice.ticket.id]

    expect(await find('requester=ZOE@example.org')).toEqual([i, u, p])
    for (const [query, expected] of [
      ['category=printing', [p]],
      ['priority=urgent&priority=high', [u]],
      ['team=support', [i]],
      ['tag=print', [p]],
      ['status=open&status=pending', [i, u, p]],
      ['status=solved', []],
      ['assignee=none', [i, u, p]],
      ['q=zeppelin', [i, u]],
      ['q=ZEPPELIN%20roof', [u]],
      ['q=creme%20brulee', [p]],
      [`q=%23${p}`, [p]],
      ['overdue=true', []],
      ['mailbox=support', []],
    ] as const) {
      expect([query, await find(`requester=zoe@example.org&${query}`)]).toEqual([query, expected])
    }

    const seen: number[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const more: string = cursor && `&cursor=${cursor}`
      const page: Page<TicketSeen> = await desk.service.get(`/v1/tickets?requester=zoe@example.org&limit=1${more}`)
      seen.push(...page.items.map(ticket => ticket.id))
      cursor = page.nextCursor
    }
    expect(seen).toEqual([i, u, p])
  })

  test('reads why: which rule and words, how the dates were reckoned, what was answered', async () => {
    const { ticket } = await desk.onTicket({
      from: 'Why <why@example.org>',
      subject: 'The printer',
      text: 'Hello, it is urgent: I need the printer for a meeting.',
    })
    const event = (kind: string) => ticket.events.find(one => one.kind === kind)
    expect(ticket.events.map(({ kind }) => kind)).toEqual(['opened', 'classified', 'due', 'reply-queued', 'reply-sent'])
    expect(event('opened')).toMatchObject({ actor: 'person:why@example.org' })
    expect(event('classified')?.data).toMatchObject({
      category: 'printing',
      priority: 'urgent',
      decidedBy: { category: 'printers', priority: 'urgent' },
      matches: [
        { rule: 'printers', words: [{ found: 'printer', field: 'subject' }] },
        { rule: 'urgent', words: [{ found: 'urgent', field: 'text' }] },
      ],
    })
    const due = { serviceLevel: 'always', firstResponse: { at: ticket.firstResponseDue, targetMs: HOUR } }
    expect(event('due')?.data).toMatchObject(due)
    expect(event('reply-sent')?.data).toMatchObject({ kind: 'acknowledgement', attempts: 1 })
  })

  test('changes a ticket, but not over the change of somebody else', async () => {
    const { ticket } = await desk.onTicket({ from: 'Change <change@example.org>', text: 'Hello, I have a question.' })
    const path = `/v1/tickets/${ticket.id}`
    const etag = (await desk.service.request('GET', path)).headers.get('etag') ?? ''
    const edit = { priority: 'high', assignee: 'ana', category: 'printing', team: 'support' }
    const changed = await desk.service.request<TicketSeen>('PATCH', path, edit, { 'if-match': etag })
    expect(changed).toMatchObject({ status: 200, body: { ...edit, revision: ticket.revision + 1 } })
    expect(msBetween(changed.body.openedAt, changed.body.firstResponseDue)).toBe(2 * HOUR)

    const late = await desk.service.request<Problem>('PATCH', path, { status: 'solved' }, { 'if-match': etag })
    expect(late.status).toBe(412)
    expect(late.headers.get('content-type')).toContain('application/problem+json')
    const solved = { status: 'solved' }
    const now = { 'if-match': changed.headers.get('etag') ?? '' }
    expect((await desk.service.request('PATCH', path, solved, now)).status).toBe(200)

    const misspelt = await desk.service.request<Problem>('PATCH', path, { prioriti: 'low' })
    expect(misspelt).toMatchObject({ status: 400, body: { errors: [{ path: 'body/prioriti' }] } })
    const unknown = await desk.service.request<Problem>('PATCH', path, { team: 'nobody' })
    expect(unknown).toMatchObject({ status: 422, body: { detail: expect.stringContaining('known are it, support') } })

    const seen = await desk.service.ticket(ticket.id)
    expect(seen).toMatchObject({ ...edit, status: 'solved', solvedAt: expect.any(String) })
    const events = seen.events.filter(({ kind }) => kind === 'changed')
    expect(events.map(({ actor }) => actor)).toEqual(['key:test', 'key:test'])
    expect(events[0]?.data).toMatchObject({ priority: { from: 'normal', to: 'high' } })
  })

  test('adds a note that never leaves, and an answer that does', async () => {
    const { ticket } = await desk.onTicket({
      from: 'Nora <nora@example.org>',
      subject: 'Chair',
      text: 'Hello, my chair is broken.',
      messageId: 'nora-1@example.org',
    })
    const path = `/v1/tickets/${ticket.id}/messages`
    const note = await desk.service.request('POST', path, { kind: 'note', text: 'She broke it herself.', agent: 'ana' })
    expect(note).toMatchObject({ status: 201, body: { direction: 'note', agent: 'ana' } })
    const text = 'Dear Nora,\n\na new one arrives tomorrow.'
    const answer = await desk.service.request('POST', path, { kind: 'answer', text, agent: 'ana', solve: true })
    expect(answer).toMatchObject({ status: 201, body: { direction: 'out', agent: 'ana' } })
    await desk.service.sent()

    const sent = (await desk.sentTo('nora@example.org')).slice(1)
    expect(only(sent).parsed).toMatchObject({
      subject: `Re: Chair [#${ticket.id}]`,
      inReplyTo: '<nora-1@example.org>',
      text: expect.stringContaining(`${text}\n\nWith this we consider your request ${ticket.id} solved.`),
      from: { value: [{ name: 'Ana Pop (IT desk)', address: 'it@example.org' }] },
    })
    const seen = await desk.service.ticket(ticket.id)
    expect(seen).toMatchObject({ status: 'solved', firstResponseAt: expect.any(String) })
    expect(desk.smtp.mails.some(({ bytes }) => bytes.includes('broke it herself'))).toBe(false)
  })

  test('downloads a mail byte for byte, and its attachments as nothing a browser would run', async () => {
    const page = '<script>alert(1)</script>'
    const bytes = mail({
      from: 'Files <files@example.org>',
      to: 'it@example.org',
      text: 'Hello, here are two files for you.',
      attachments: [
        { filename: 'page.html', contentType: 'text/html', content: page },
        { filename: 'Übersicht.png', contentType: 'image/png', content: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255]) },
      ],
    })
    const { line, ticket } = await desk.onTicket(bytes, { unproven: true })
    const download = async (path: string) => {
      const headers = { authorization: `Bearer ${desk.service.key}` }
      const response = await fetch(`${desk.service.url}${path}`, { headers })
      return { response, content: Buffer.from(await response.arrayBuffer()) }
    }
    const raw = await download(`/v1/mails/${line.id}/raw`)
    expect(raw.content.equals(bytes)).toBe(true)
    expect(line.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))

    const files = ticket.messages[0]?.attachments ?? []
    expect(files.map(file => file.filename)).toEqual(['page.html', 'Übersicht.png'])
    const [html, image] = await Promise.all(files.map(file => download(`/v1/attachments/${file.id}`)))
    expect(html?.content.toString()).toBe(page)
    expect(image?.content).toEqual(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255]))
    expect(html?.response.headers.get('content-type')).toBe('application/octet-stream')
    for (const { response } of [raw, html, image].flatMap(one => one ?? [])) {
      expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename=/)
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(response.headers.get('content-security-policy')).toContain('sandbox')
    }
  })

  test('sees what could not be read, and tries it again', async () => {
    const monster = Buffer.from(`From: m@example.org\r\nX-Long: ${'x'.repeat(1_100_000)}\r\n\r\nHello\r\n`)
    const { line, sent } = await desk.arrives(monster)
    expect(line).toMatchObject({ outcome: 'quarantine', ticket: null, reason: expect.stringContaining('too large') })
    expect(sent).toEqual([])
    const replayed = (id: number) => desk.service.request<Settled & Problem>('POST', `/v1/quarantine/${id}/replay`)
    expect(await replayed(line.id)).toMatchObject({ status: 200, body: { outcome: 'quarantine', ticket: null } })

    // What an older version could not read, and this one can.
    const bytes = mail({ from: 'Late Lea <lea@example.org>', to: 'it@example.org', text: 'Hello, did you see this?' })
    const db = new Database(desk.service.databasePath)
    const now = new Date().toISOString()
    const { lastInsertRowid } = db
      .prepare(
        `insert into raw_mails (mailbox, folder, uid_validity, uid, received_at, stored_at, size, sha256, outcome, reason, bytes)
         values ('it', 'Old', '1', 1, ?, ?, ?, 'x', 'quarantine', 'unexpected: a bug of then', ?)`,
      )
      .run(now, now, bytes.length, bytes)
    db.close()
    const id = Number(lastInsertRowid)

    const listed = await desk.service.get<Page<LedgerLine>>('/v1/quarantine')
    expect(listed.items.map(one => one.id)).toEqual(expect.arrayContaining([id, line.id]))
    const settled = await replayed(id)
    expect(settled).toMatchObject({ status: 200, body: { outcome: 'open', ticket: expect.any(Number) } })
    await desk.service.sent()
    expect(await desk.sentTo('lea@example.org')).toHaveLength(1)
    expect((await replayed(id)).status).toBe(409)
    expect((await replayed(999_999)).status).toBe(404)
    expect(await desk.sentTo('lea@example.org')).toHaveLength(1)
  })

  test('sees how far each mailbox has been read, and every mail that left', async () => {
    const { line, ticket } = await desk.onTicket({ from: 'Len <len@example.org>', text: 'Hello, one more question.' })
    const { items } = await desk.service.get<{ items: MailboxSeen[] }>('/v1/mailboxes')
    expect(items.map(({ name }) => name)).toEqual(['it', 'support'])
    expect(items[0]?.folders).toMatchObject([
      {
        folder: 'INBOX',
        healthy: true,
        trouble: null,
        lastUid: line.uid,
        uidValidity: line.uidValidity,
        lastError: null,
      },
    ])
    const row = only(await desk.service.outbox(`ticket=${ticket.id}`))
    expect(row).toMatchObject({
      kind: 'acknowledgement',
      state: 'sent',
      attempts: 1,
      to: [{ address: 'len@example.org' }],
    })
    expect(row.response).toMatch(/^250 /)
    expect((await desk.service.request('POST', `/v1/outbox/${row.id}/retry`)).status).toBe(409)
    expect(await desk.sentTo('len@example.org')).toHaveLength(1)
  })

  test('gives out keys that may do less, takes them back, and nobody gets in without one', async () => {
    const args = ['--config', desk.service.configPath, '--json']
    const made = await command(['key', 'create', 'dashboard', '--role', 'reader', ...args])
    const { id, key } = JSON.parse(made.stdout) as { id: number; key: string }
    const status = async (method: string, path: string, bearer: string) => {
      const body = method === 'PATCH' ? { priority: 'low' } : undefined
      return (await desk.service.request(method, path, body, { authorization: `Bearer ${bearer}` })).status
    }
    expect(await status('GET', '/v1/tickets', key)).toBe(200)
    expect(await status('PATCH', '/v1/tickets/1', key)).toBe(403)
    expect(await status('GET', '/v1/tickets', 'pd_wrong')).toBe(401)
    expect((await fetch(`${desk.service.url}/v1/tickets`)).status).toBe(401)
    expect((await command(['key', 'revoke', String(id), ...args])).code).toBe(0)
    expect(await status('GET', '/v1/tickets', key)).toBe(401)
  })

  test('finds the API described for people and for machines', async () => {
    const openapi = await fetch(`${desk.service.url}/v1/openapi.json`)
    const { openapi: version, paths } = (await openapi.json()) as { openapi: string; paths: object }
    expect(version).toMatch(/^3\.1\./)
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/v1/tickets', '/v1/tickets/{id}', '/v1/mailboxes']))
    const docs = await fetch(`${desk.service.url}/docs`)
    expect(docs.status).toBe(200)
    expect(docs.headers.get('content-type')).toContain('text/html')
    expect(await desk.service.request('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'alive' } })
    expect(await desk.service.request('GET', '/readyz')).toMatchObject({ status: 200, body: { status: 'ready' } })
  })
})
