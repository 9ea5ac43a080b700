/*
 * What an employee hears when their ticket is solved, and how they say whether they are content: the program as it is built.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Desk, describeOnBoth, header, replyTo, startDesk } from '../support/desk.ts'
import { SMALL_DESK } from '../support/setup.ts'
import { eventually } from '../support/wait.ts'

const PUBLIC = 'https://help.example.org'
const PASS = { 'Authentication-Results': 'mx.example.org; dmarc=pass header.from=example.org' }
const ANA = { from: 'Ana Pop <ana@example.org>', headers: PASS }
const TRUST = 'trust: { mailServers: [mx.example.org] }\n'

describeOnBoth('a solved ticket', kind => {
  const stories = (more: string) => {
    let desk: Desk | undefined
    beforeAll(async () => {
      const mailboxes = { it: { more: "subaddress: '+'" } }
      desk = await startDesk(kind, { mailboxes, publicUrl: PUBLIC, desk: `${SMALL_DESK}${TRUST}${more}` })
    })
    afterAll(() => desk?.[Symbol.asyncDispose]())
    const started = () => {
      if (!desk) throw new Error('not started')
      return desk
    }
    return {
      started,
      opened: async (name: string) => {
        const address = `${name.toLowerCase()}@example.org`
        const theirs = { from: `${name} <${address}>`, headers: PASS, messageId: `${name.toLowerCase()}-1@example.org` }
        const subject = `${name} needs help`
        const { ticket } = await started().onTicket({
          ...theirs,
          subject,
          text: 'Hello, my laptop does not start any more.',
        })
        const citing = { subject: `Re: ${subject}`, inReplyTo: theirs.messageId, references: [theirs.messageId] }
        return { ticket, address, theirs, byAna: { ...ANA, ...citing } }
      },
      closingTo: (address: string) =>
        eventually(async () => (await started().sentTo(address)).find(({ source }) => /REOPEN/.test(source)), 20_000),
      page: (text: string | undefined) => {
        const found = new RegExp(`${PUBLIC}(/survey/\\S+)`).exec(text ?? '')?.[1]
        if (found === undefined) throw new Error(`no page in ${text}`)
        return `${started().service.url}${found}`
      },
      vote: (url: string, score: string) =>
        fetch(url, { method: 'POST', body: new URLSearchParams({ score, comment: 'All good.' }) }),
    }
  }

  describe('of a survey with names', () => {
    const { started, opened, closingTo, page, vote } = stories('agentMail: { undoFor: 1s }\n')

    test('without words: a mail of its own, a vote by mail, thanks, and back again', async () => {
      const desk = started()
      const { ticket, address, theirs, byAna } = await opened('Bob')
      await desk.onTicket({ ...byAna, text: '#solved\n#cause The battery was flat.\n#fix A new battery.' })
      const closing = await closingTo(address)
      expect(closing.envelope).toEqual({ from: '', to: [address] })
      expect(header(closing, 'In-Reply-To')).toBe(`<${theirs.messageId}>`)
      expect(header(closing, 'Auto-Submitted')).toMatch(/^auto-/)
      expect(closing.parsed.subject).toBe(`Re: Bob needs help [#${ticket.id}]`)
      for (const words of ['The battery was flat.', 'A new battery.', 'REOPEN', 'SURVEY 4'])
        expect(closing.parsed.text).toContain(words)
      expect(closing.source).not.toContain('#solved')
      const tickets = (await desk.service.get<{ items: unknown[] }>('/v1/tickets')).items.length

      const token = closing.parsed.replyTo?.value[0]?.address ?? ''
      expect(token).toMatch(new RegExp(`^it\\+${ticket.id}\\.[a-z2-7]{26}@example\\.org$`))
      // A link of the scale: a new mail without a thread, and with a signature.
      const link = { ...theirs, messageId: null, to: token, subject: `SURVEY 4 [#${ticket.id}]` }
      const voted = await desk.onTicket({ ...link, text: 'SURVEY 4\n\n-- \nBob\nSales' })
      expect(voted.ticket).toMatchObject({ id: ticket.id, status: 'solved', rating: 4, ratingComment: null })
      expect(voted.sent).toEqual([])

      const reply = { from: theirs.from, headers: PASS }
      const thanks = await desk.onTicket(replyTo(closing, { ...reply, text: 'Thanks, it works!' }))
      expect(thanks.ticket).toMatchObject({ id: ticket.id, status: 'solved', rating: 4 })
      const again = await desk.onTicket(replyTo(closing, { ...reply, text: 'REOPEN' }))
      expect(again.ticket).toMatchObject({ id: ticket.id, status: 'open' })
      expect((await desk.service.get<{ items: unknown[] }>('/v1/tickets')).items).toHaveLength(tickets)
      expect((await desk.sentTo(address)).filter(({ source }) => /REOPEN/.test(source))).toHaveLength(1)
    })

    test('with words: one mail says both; whoever opens its links changes nothing, a form does', async () => {
      const desk = started()
      const { ticket, address, byAna } = await opened('Carla')
      await desk.onTicket({ ...byAna, text: '#solved\n\nYou have a new battery now.' })
      const closing = await closingTo(address)
      expect(closing.parsed.text).toMatch(/^You have a new battery now\.\n\nWith this we consider/)
      expect(header(closing, 'Auto-Submitted')).toBeNull()

      const url = page(closing.parsed.text)
      for (const link of [url, `${url}?x=1`])
        for (const method of ['HEAD', 'GET']) expect((await fetch(link, { method })).status).toBe(200)
      expect(await desk.service.ticket(ticket.id)).toMatchObject({ status: 'solved', rating: null })
      expect((await vote(url, '5')).status).toBe(200)
      expect(await desk.service.ticket(ticket.id)).toMatchObject({
        status: 'solved',
        rating: 5,
        ratingComment: 'All good.',
      })
      expect((await desk.sentTo(address)).filter(({ source }) => /REOPEN/.test(source))).toHaveLength(1)
    })

    test('by API: the same mail of its own', async () => {
      const { ticket, address } = await opened('Dora')
      const { status } = await started().service.request('PATCH', `/v1/tickets/${ticket.id}`, { status: 'solved' })
      expect(status).toBe(200)
      expect(page((await closingTo(address)).parsed.text)).toContain(`/survey/${ticket.id}.`)
    })
  })

  describe('of an anonymous survey', () => {
    const { started, opened, closingTo, page, vote } = stories(
      'agentMail: { undoFor: 1h }\nsurvey: { anonymous: true }\n',
    )

    test('taken back in time: nobody hears of it', async () => {
      const desk = started()
      const { ticket, address, byAna } = await opened('Emil')
      await desk.onTicket({ ...byAna, text: '#solved' })
      const queued = () => desk.service.outbox('state=queued')
      await eventually(async () => (await queued()).some(({ kind: what }) => what === 'closing'), 20_000)
      const undone = await desk.onTicket({ ...byAna, text: '#undo' })
      expect(undone.ticket).toMatchObject({ id: ticket.id, status: 'open', solvedAt: null })
      expect(await queued()).toEqual([])
      // The acknowledgement and no more.
      expect(await desk.sentTo(address)).toHaveLength(1)
    })

    test('answered once, and nothing on the ticket tells how', async () => {
      const desk = started()
      const { ticket, address } = await opened('Fay')
      const answer = { kind: 'answer', text: 'It works again.', agent: 'ana', solve: true }
      await desk.service.request('POST', `/v1/tickets/${ticket.id}/messages`, answer)
      const closing = await closingTo(address)
      expect(closing.parsed.text).not.toMatch(/SURVEY \d/)
      await desk.service.sent()
      const before = await desk.service.ticket(ticket.id)
      const url = page(closing.parsed.text)
      expect([(await vote(url, '1')).status, (await vote(url, '5')).status]).toEqual([200, 404])
      expect(await desk.service.ticket(ticket.id)).toEqual(before)
      const { body } = await desk.service.request<string>('GET', '/metrics')
      expect(body).toContain('postdesk_survey_answers{mailbox="it",score="1"} 1\n')
      expect(desk.service.output()).not.toContain(url.slice(url.lastIndexOf('/')))
    })
  })
})
