/*
 * Mail that is unwanted: kept and listed, answered by nobody, until somebody wants it after all.
 */
import { expect, test } from 'vitest'
import { describeOnBoth, only, startDesk } from '../support/desk.ts'
import type { LedgerLine, Page } from '../support/service.ts'
import { SMALL_DESK } from '../support/setup.ts'

describeOnBoth('blocked mail', kind => {
  test('makes no ticket and gets no answer; released it does', async () => {
    const senders = 'senders: { allow: [wanted@ads.shop.example], block: [shop.example] }\n'
    await using desk = await startDesk(kind, { desk: SMALL_DESK + senders })
    const { service } = desk
    const listed = async () => (await service.get<Page<LedgerLine>>('/v1/mails?outcome=blocked')).items

    const from = 'Bob <bob@ads.shop.example>'
    const offer = await desk.arrives({ from, subject: 'Zeppelins', text: 'Cheap zeppelins for your printer.' })
    expect(offer.line).toMatchObject({ outcome: 'blocked', ticket: null })
    const marked = await desk.arrives({ from: 'eve@else.example', headers: { 'X-Spam-Status': 'Yes, score=9.1' } })
    expect(marked.line).toMatchObject({ outcome: 'blocked', ticket: null })
    expect(desk.smtp.mails).toEqual([])
    expect(await listed()).toMatchObject([
      { id: marked.line.id, reason: expect.stringContaining('X-Spam-Status: Yes, score=9.1') },
      { id: offer.line.id, reason: expect.stringContaining('`shop.example`') },
    ])
    for (const query of ['', '?q=zeppelins'])
      expect(await service.get(`/v1/tickets${query}`)).toMatchObject({ items: [] })
    const raw = await service.request<string>('GET', `/v1/mails/${offer.line.id}/raw`)
    expect(raw.body).toContain('Cheap zeppelins')

    const wanted = await desk.onTicket({ from: 'wanted@ads.shop.example', text: 'Your order has a question.' })
    expect(wanted.sent).toHaveLength(1)

    const sum = await service.get<{ items: unknown[] }>('/v1/mailboxes/it/reconciliation')
    expect(sum.items).toMatchObject([{ onServer: 3, accounted: 3, missing: [] }])

    // Also over a restart: what was blocked is not taken up again by itself.
    await service.stop()
    await service.start()
    expect(await listed()).toHaveLength(2)
    const released = await service.request<{ ticket: number }>('POST', `/v1/mails/${offer.line.id}/release`)
    expect(released).toMatchObject({ status: 200, body: { outcome: 'open' } })
    await service.sent()
    const ticket = await service.ticket(released.body.ticket)
    expect(ticket).toMatchObject({
      subject: 'Zeppelins',
      requester: { address: 'bob@ads.shop.example' },
      category: 'printing',
    })
    const acknowledgement = only(await desk.sentTo('bob@ads.shop.example'))
    expect(acknowledgement.parsed.subject).toContain(`[#${ticket.id}]`)
    expect(await listed()).toMatchObject([{ id: marked.line.id }])
    expect(await service.get('/v1/tickets?q=zeppelins')).toMatchObject({ items: [{ id: ticket.id }] })
  })
})
