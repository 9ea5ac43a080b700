/*
 * A day of two agents and five employees, by mail alone, through the program as it is built. No mail server says who is who:
 * the agents are known by the addresses that their notifications give them.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Desk, describeOnBoth, only, replyTo, type Sent, startDesk } from '../support/desk.ts'
import type { TestMail } from '../support/mail.ts'

const ANA = 'Ana Pop <ana@example.org>'
const BEN = 'Ben Roe <ben@example.org>'

const DAY = `trust: { mailServers: [] }
agentMail: { undoFor: 2s }
teams: { it: { displayName: IT, assign: round-robin, signature: "{agent}, IT" } }
agents:
  ana: { displayName: Ana Pop, addresses: [ana@example.org], teams: [it] }
  ben: { displayName: Ben Roe, addresses: [ben@example.org], teams: [it] }
people: { domains: [example.org] }
rules:
  - { name: urgent, when: { any: [urgent] }, set: { priority: urgent } }
calendars:
  always:
    timeZone: Europe/Brussels
    week: { mon: [00:00-24:00], tue: [00:00-24:00], wed: [00:00-24:00], thu: [00:00-24:00], fri: [00:00-24:00], sat: [00:00-24:00], sun: [00:00-24:00] }
serviceLevels:
  always:
    calendar: always
    targets:
      low: { firstResponse: 8h, resolution: 40h }
      normal: { firstResponse: 4h, resolution: 16h }
      high: { firstResponse: 2h, resolution: 8h }
      urgent: { firstResponse: 1h, resolution: 4h }
`

describeOnBoth('a day at the desk', kind => {
  let desk: Desk
  beforeAll(async () => {
    desk = await startDesk(kind, { mailboxes: { it: { more: "subaddress: '+'" } }, desk: DAY })
  })
  afterAll(() => desk?.[Symbol.asyncDispose]())

  const writes = (from: string, subject: string, text: string, more: TestMail = {}) =>
    desk.onTicket({ from, to: 'it@example.org', subject, text, ...more })
  const last = async (address: string): Promise<Sent> => {
    const sent = (await desk.sentTo(address)).at(-1)
    if (!sent) throw new Error(`nothing was sent to ${address}`)
    return sent
  }
  const receivers = (sent: readonly Sent[]) => sent.flatMap(({ envelope }) => envelope.to).sort()
  const textOf = (sent: Sent) => sent.parsed.text ?? ''

  test('from the first mail to the last', async () => {
    // Whoever's turn it is hears of it, and nobody else.
    const vpn = await writes(
      'Jane Doe <jane@example.org>',
      'VPN does not connect',
      'Hello,\n\nthe VPN says that my certificate has expired.\n\nJane',
    )
    expect(receivers(vpn.sent)).toEqual(['jane@example.org'])
    expect(receivers(vpn.told)).toEqual(['ana@example.org'])
    const printer = await writes(
      'Luc Dupont <luc@example.org>',
      "L'imprimante",
      "Bonjour,\n\nl'imprimante du troisième étage ne répond plus depuis ce matin.\n\nLuc",
    )
    expect(receivers(printer.told)).toEqual(['ben@example.org'])

    // An answer is a reply; the requester's is told to whose ticket it is.
    const notification = only(vpn.told)
    expect(notification.parsed.from?.value[0]).toEqual({ name: 'Jane Doe via IT desk', address: 'it@example.org' })
    const answered = await desk.onTicket(
      replyTo(notification, { from: ANA, text: 'Hello Jane,\n\nwhich laptop is it?\n\nAna' }),
    )
    const answer = only(answered.sent)
    expect(textOf(answer)).toBe('Hello Jane,\n\nwhich laptop is it?\n\nAna\n\n-- \nAna Pop, IT\n')
    expect(answered.ticket).toMatchObject({ status: 'pending', assignee: 'ana' })
    const asked = await desk.onTicket(
      replyTo(answer, { from: 'Jane Doe <jane@example.org>', text: 'The grey one, number 4711.' }),
    )
    expect(receivers(asked.told)).toEqual(['ana@example.org'])
    expect(asked.ticket.status).toBe('open')

    // A word among colleagues, and the ticket changes hands.
    const passed = await desk.onTicket(
      replyTo(only(asked.told), {
        from: ANA,
        text: '#assign ben\n#note The grey ones are yours; she is in a hurry, her boss too.',
      }),
    )
    expect(passed.sent).toEqual([])
    expect(receivers(passed.told)).toContain('ben@example.org')
    expect(passed.ticket.assignee).toBe('ben')
    const bens = await desk.sentTo('ben@example.org')
    expect(bens.some(sent => textOf(sent).includes('her boss too'))).toBe(true)

    // Ben solves it; for two seconds he could take it back.
    const solved = await desk.onTicket(
      replyTo(await last('ben@example.org'), {
        from: BEN,
        text: '#cause an expired certificate\n#fix a new one\n#solved\nPlease restart the laptop once.\n\nBen',
      }),
    )
    const receipt = only(solved.told)
    expect(textOf(receipt)).toMatch(/Goes to Jane Doe[\s\S]*#undo until/)
    const closing = await last('jane@example.org')
    expect(textOf(closing)).toMatch(/^Please restart the laptop once\.[\s\S]*an expired certificate[\s\S]*a new one/)
    const thanks = await desk.onTicket(
      replyTo(closing, { from: 'Jane Doe <jane@example.org>', text: 'Thank you very much!' }),
    )
    expect(thanks.ticket.status).toBe('solved')
    const vote = await desk.onTicket(replyTo(closing, { from: 'Jane Doe <jane@example.org>', text: 'SURVEY 5' }))
    expect(vote.ticket).toMatchObject({ status: 'solved', rating: 5 })

    // A slip of the finger reaches nobody, and what was sent too early is taken back.
    const slip = await desk.onTicket(
      replyTo(only(printer.told), { from: BEN, text: '#solvd\nLe papier était coincé.' }),
    )
    expect(slip.sent).toEqual([])
    expect(textOf(only(slip.told))).toMatch(/Nothing was sent[\s\S]*#solvd[\s\S]*Le papier était coincé/)
    await desk.deliver(replyTo(only(printer.told), { from: BEN, text: '#solved\nC’est réparé.' }))
    const undone = await desk.onTicket(replyTo(only(printer.told), { from: BEN, text: '#undo' }))
    expect(undone.ticket.status).toBe('open')
    expect((await desk.sentTo('luc@example.org')).every(sent => !textOf(sent).includes('réparé'))).toBe(true)

    // What a colleague wrote to Ana alone becomes that colleague's ticket.
    await desk.onTicket(replyTo(only(slip.told), { from: BEN, text: '#help' }))
    const forwardTo = /to (it\+0\.\S+@example\.org)/.exec(textOf(await last('ben@example.org')))?.[1]
    const forwarded = await writes(
      BEN,
      'Fwd: Locked out',
      'Please take over.\n\n---------- Forwarded message ---------\nFrom: Carol <carol@example.org>\nDate: Mon, 23 Nov 2026 at 09:12\nSubject: Locked out\nTo: Ben Roe <ben@example.org>\n\nHello Ben, my account is locked since this morning and I cannot work at all.\n',
      { to: forwardTo ?? '' },
    )
    expect(forwarded.ticket.requester?.address).toBe('carol@example.org')
    expect(receivers(forwarded.sent)).toEqual(['carol@example.org'])
    expect(textOf(only(forwarded.sent))).not.toContain('take over')

    // One problem told twice is one ticket.
    const first = await writes(
      'Dan <dan@example.org>',
      'Monitor',
      'My monitor stays black since I came back from lunch.',
    )
    const second = await writes(
      'Dan <dan@example.org>',
      'Screen',
      'It is still black, and I cannot see anything on it.',
    )
    const whose = only(second.told)
    const agent = receivers(second.told)[0] === 'ana@example.org' ? ANA : BEN
    await desk.onTicket(replyTo(whose, { from: agent, text: `#merge ${first.ticket.id}` }))
    expect((await desk.service.ticket(second.ticket.id)).mergedInto).toBe(first.ticket.id)

    // Who is out of office leaves what is urgent to the others.
    const urgent = await writes(
      'Eve <eve@example.org>',
      'URGENT: the till is dead',
      'Urgent: the till in the canteen is dead and people queue.',
    )
    const given = receivers(urgent.told)[0] ?? ''
    const away = given === 'ana@example.org' ? ANA : BEN
    const there = given === 'ana@example.org' ? 'ben@example.org' : 'ana@example.org'
    const absence = await desk.onTicket({
      ...replyTo(only(urgent.told), { from: away, text: 'I am out of office until Thursday.' }),
      subject: 'Out of office',
      headers: { 'Auto-Submitted': 'auto-replied' },
    })
    expect(absence.sent).toEqual([])
    expect(receivers(absence.told)).toContain(there)
    expect((await desk.service.ticket(urgent.ticket.id)).assignee).not.toBe(given.split('@')[0])

    // Nobody but agents ever saw what was for agents, and nobody was written to who had no reason to expect it.
    const people = ['jane', 'luc', 'carol', 'dan', 'eve']
    const counts: Record<string, number> = {}
    for (const name of people) {
      const sent = await desk.sentTo(`${name}@example.org`)
      counts[name] = sent.length
      for (const mail of sent) {
        expect(mail.source).not.toMatch(/for agents only|her boss|take over|solvd/)
        expect(textOf(mail)).not.toMatch(/\d+\.[0-9a-z]{5,6}\.[a-z2-7]{26}/)
      }
    }
    expect(counts).toEqual({ jane: 3, luc: 1, carol: 1, dan: 2, eve: 1 })
  }, 120_000)
})
