/*
 * Agents at work from their mail client: facts out of a real database, decided, recorded and told.
 */
import { describe, expect, test } from 'vitest'
import { MINUTE } from '../../src/instant.ts'
import { compose } from '../../src/outbound/compose.ts'
import { ANA, answers, BEN, JANE, PASS, smoke, TELLING, ticketOf } from '../support/agents.ts'
import { agent, team } from '../support/policy.ts'
import { openStage, replyTo, type Stage, withSubaddresses } from '../support/stage.ts'

const notes = async (stage: Stage) =>
  (await stage.store.read.messages(1001)).filter(({ direction }) => direction === 'note').map(({ newText }) => newText)

describe.each([
  ['with addresses of their own', withSubaddresses()],
  ['known by what they cite', {}],
])('an agent %s', (_name, desk) => {
  test('answers by replying: their words alone, in the thread of the requester', async () => {
    await using stage = await openStage(desk)
    const told = await smoke(stage)
    expect(told.mail.from.name).toBe('Jane Doe via IT Help')
    expect(told.mail.text.startsWith('The printer smokes.\n')).toBe(true)
    await stage.replies(told, ANA, 'Pull the plug, please.')
    const [answer] = await answers(stage)
    expect(answer?.mail).toMatchObject({
      from: { name: 'Ana Pop (IT Help)', address: 'it@example.org' },
      to: [{ name: 'Jane Doe', address: 'jane@example.org' }],
      inReplyTo: 'jane-1@example.org',
      references: ['jane-1@example.org'],
      text: 'Pull the plug, please.\n',
    })
    expect(await ticketOf(stage)).toMatchObject({ status: 'pending', firstResponseAt: stage.now() })
  })

  test('writes notes, which the colleague whose ticket it is reads and nobody else', async () => {
    await using stage = await openStage(desk)
    const told = await smoke(stage)
    await stage.replies(await stage.lastTo('ben@example.org'), BEN, '#take')
    await stage.replies(told, ANA, '#note She always says that.')
    expect(await notes(stage)).toEqual(['', 'She always says that.'].slice(-2))
    expect((await stage.lastTo('ben@example.org')).mail.text).toContain('She always says that.')
    expect(await answers(stage)).toEqual([])
    expect((await stage.mailsTo('jane@example.org')).map(({ kind }) => kind)).toEqual(['acknowledgement'])
  })

  test('is told what is no command; nothing of the mail leaves or is lost', async () => {
    await using stage = await openStage(desk)
    await stage.replies(await smoke(stage), ANA, '#sloved\nIt was the toner.')
    expect(await answers(stage)).toEqual([])
    expect((await notes(stage)).at(-1)).toContain('It was the toner.')
    const receipt = await stage.lastTo('ana@example.org')
    expect(receipt).toMatchObject({ kind: 'receipt', mail: { automatic: true } })
    expect(receipt.mail.text).toMatch(/Nothing was sent.*“#sloved”: #sloved is no command[\s\S]*It was the toner/)
    expect((await ticketOf(stage)).status).toBe('open')
  })

  test('solves, and takes it back in time', async () => {
    await using stage = await openStage(desk)
    await stage.replies(await smoke(stage), ANA, '#cause dust\n#fix cleaned\n#solved\nIt works again.')
    expect(await ticketOf(stage)).toMatchObject({ status: 'solved', cause: 'dust', fix: 'cleaned' })
    const receipt = await stage.lastTo('ana@example.org')
    expect(receipt.mail.text).toContain('Goes to Jane Doe.')
    expect(receipt.mail.text).toContain('#undo until today at 10:02')
    await stage.later(MINUTE)
    await stage.replies(receipt, ANA, '#undo')
    expect(await ticketOf(stage)).toMatchObject({ status: 'open', cause: null, fix: null, firstResponseAt: null })
    const [answer] = (await stage.store.read.outbox({ ticket: 1001, limit: 50 })).filter(
      ({ kind }) => kind === 'answer',
    )
    expect(answer?.state).toBe('withdrawn')
    expect(await notes(stage)).toContain('It works again.')
    expect((await stage.lastTo('ana@example.org')).mail.text).toContain('Taken back')
  })

  test('cannot take back what has left, and hears so', async () => {
    await using stage = await openStage(desk)
    await stage.replies(await smoke(stage), ANA, '#solved\nIt works again.')
    await stage.later(3 * MINUTE)
    const receipt = await stage.lastTo('ana@example.org')
    await stage.store.write(tx => tx.claimDue('it', stage.now(), 50, () => stage.now()))
    await stage.replies(receipt, ANA, '#undo')
    expect((await stage.lastTo('ana@example.org')).mail.text).toContain('Too late')
    expect((await ticketOf(stage)).status).toBe('solved')
  })

  test('sends a prepared text in the language of the requester, above their own words', async () => {
    await using stage = await openStage(desk)
    const text = "Bonjour, je ne peux plus me connecter au VPN depuis ce matin, pouvez-vous m'aider ?"
    await stage.arrives({ from: JANE, subject: 'VPN', text })
    await stage.replies(await stage.lastTo('ana@example.org'), ANA, '#template vpn\nCordialement, Ana')
    expect((await answers(stage))[0]?.mail.text).toBe('Veuillez relancer le client VPN.\n\nCordialement, Ana\n')
  })

  test('merges, follows, sorts and waits', async () => {
    await using stage = await openStage(desk)
    const first = await smoke(stage)
    await stage.arrives({ from: JANE, subject: 'Smoke', text: 'It smokes again.' })
    const second = await stage.lastTo('ana@example.org')
    await stage.replies(second, ANA, '#merge 4711')
    expect((await stage.lastTo('ana@example.org')).mail.text).toContain('there is no ticket 4711')
    await stage.replies(second, ANA, '#merge 1001')
    expect((await ticketOf(stage, 1002)).mergedInto).toBe(1001)
    await stage.replies(first, ANA, '#priority urgent\n#tag smoke\n#assign ben\n#follow\n#pending 3d')
    expect(await ticketOf(stage)).toMatchObject({
      ...{ priority: 'urgent', tags: ['smoke'], assignee: 'ben', status: 'pending' },
      pendingUntil: '2026-11-26T09:00:00.000Z',
    })
    expect((await stage.lastTo('ben@example.org')).mail.text).toContain('Ticket 1001 is yours now')
    const before = (await stage.mailsTo('ana@example.org')).length
    await stage.arrives({ from: JANE, subject: 'Re: Printer', text: 'And now?', inReplyTo: 'jane-1@example.org' })
    expect((await stage.mailsTo('ana@example.org')).length).toBe(before + 1)
  })

  test('sees what strangers write, and lets it in', async () => {
    await using stage = await openStage(desk)
    await smoke(stage)
    await stage.arrives({
      from: 'Eve <eve@other.example>',
      subject: 'Re: Printer',
      text: 'I know why.',
      inReplyTo: 'jane-1@example.org',
    })
    const told = await stage.lastTo('ana@example.org')
    expect(told.mail.text).toContain('takes no part in ticket 1001')
    await stage.replies(told, ANA, '#accept')
    const message = (await stage.store.read.messages(1001)).find(({ newText }) => newText === 'I know why.')
    expect(message).toMatchObject({ standing: 'accepted', author: 'participant' })
  })

  test('is away when their machine says so, which is no answer, and back when they write', async () => {
    await using stage = await openStage(desk)
    const told = await smoke(stage)
    const away = {
      ...replyTo(told.mail, ANA, 'I am away until Monday.'),
      headers: { 'Auto-Submitted': 'auto-replied' },
      subject: 'Out of office',
    }
    await stage.arrives(away)
    expect(await answers(stage)).toEqual([])
    expect(await stage.store.read.agentsAway()).toEqual(['ana'])
    const before = (await stage.mailsTo('ana@example.org')).length
    await stage.arrives({ from: JANE, subject: 'Mouse', text: 'It squeaks.' })
    expect((await stage.mailsTo('ana@example.org')).length).toBe(before)
    await stage.replies(told, ANA, 'Here I am again.')
    expect(await stage.store.read.agentsAway()).toEqual([])
  })

  test('writes to others, with us in copy: that is no answer to the requester', async () => {
    await using stage = await openStage(desk)
    const told = await smoke(stage)
    const mail = {
      ...replyTo(told.mail, ANA, 'Can you come and repair it?'),
      to: 'repair@other.example',
      cc: told.mail.replyTo ?? 'it@example.org',
    }
    await stage.arrives(mail)
    expect(await answers(stage)).toEqual([])
    expect((await ticketOf(stage)).firstResponseAt).toBeNull()
  })
})

describe('an answer', () => {
  const picture = (byte: number, size = 20_000) => new Uint8Array(size).fill(byte)
  const image = (contentId: string, content: Uint8Array) => ({
    ...{ filename: `${contentId}.png`, contentType: 'image/png', inline: true, contentId, content },
  })

  test('is text and HTML, below it the signature of the team', async () => {
    const it = team('it', 'IT')
    const teams = new Map([['it', { ...it, signature: '{agent}\nIT, room 3' }]])
    await using stage = await openStage({ teams })
    await stage.replies(await smoke(stage), ANA, 'See https://help.example.org/a?b=1&c=2.\n\n  1 < 2')
    const mail = (await answers(stage))[0]?.mail
    expect(mail?.text).toBe('See https://help.example.org/a?b=1&c=2.\n\n  1 < 2\n\n-- \nAna Pop\nIT, room 3\n')
    expect(mail?.html).toContain(
      '<a href="https://help.example.org/a?b=1&#38;c=2">https://help.example.org/a?b=1&#38;c=2</a>.',
    )
    expect(mail?.html).toContain('<p>&nbsp;&nbsp;1 &#60; 2</p>')
    expect(mail?.html).toContain('Ana Pop<br>')
  })
  test('carries an invitation, which is a part without a name', async () => {
    await using stage = await openStage()
    const told = await smoke(stage)
    const calendar =
      'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261124T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
    const type = 'text/calendar; method=REQUEST'
    await stage.replies(told, ANA, 'I come at ten.', { attachments: [{ contentType: type, content: calendar }] })
    const [answer] = await answers(stage)
    if (!answer) throw new Error('no answer')
    const { attachments } = await compose(answer.mail, stage.now(), async () => Buffer.from(calendar))
    expect(attachments).toMatchObject([{ filename: 'invite.ics', contentType: 'text/calendar' }])
  })
  test('carries files, and pictures of the text that nobody has seen before', async () => {
    await using stage = await openStage()
    await stage.arrives({
      from: JANE,
      subject: 'Printer',
      html: '<p>It says <img src="cid:a"></p>',
      attachments: [image('a', picture(1))],
    })
    const told = await stage.lastTo('ana@example.org')
    const html =
      '<p>Like this: <img src="cid:b"> <img src="cid:logo"></p><blockquote type="cite"><img src="cid:a"></blockquote>'
    const attachments = [
      image('a', picture(1)),
      image('b', picture(2)),
      image('logo', picture(3, 500)),
      { filename: 'how.pdf', content: 'x' },
    ]
    await stage.replies(told, ANA, 'Like this:', { html, attachments })
    expect((await answers(stage))[0]?.mail.attachments.map(({ filename }) => filename)).toEqual(['b.png', 'how.pdf'])
  })
})

describe('what an agent sends counts', () => {
  const forwarded = {
    from: ANA,
    subject: 'Fwd: Locked out',
    headers: PASS,
    text: `Can somebody look at this?

---------- Forwarded message ---------
From: Jane Doe <jane@example.org>
Date: Mon, 23 Nov 2026 at 09:12
Subject: Locked out
To: Ana Pop <ana@example.org>

Hello Ana, my account is locked out since this morning and I have a presentation at ten.
`,
  }
  test('a forward is the ticket of whoever wrote first, who is acknowledged', async () => {
    await using stage = await openStage(TELLING)
    await stage.arrives(forwarded)
    expect((await ticketOf(stage)).requester).toMatchObject({ address: 'jane@example.org' })
    expect((await stage.mailsTo('jane@example.org')).map(({ kind }) => kind)).toEqual(['acknowledgement'])
    expect((await stage.mailsTo('jane@example.org'))[0]?.mail.text).not.toContain('Can somebody')
    expect((await stage.mailsTo('ana@example.org')).filter(({ kind }) => kind === 'acknowledgement')).toEqual([])
  })
  test('commands above a forward are heeded as it opens: the requester is told the right date at once', async () => {
    await using stage = await openStage(TELLING)
    const commands = '#priority urgent\n#take\n#tag account\n#receipt\nShe is the new head of sales.\n\n'
    await stage.arrives({ ...forwarded, text: forwarded.text.replace('Can somebody look at this?\n', commands) })
    expect(await ticketOf(stage)).toMatchObject({
      ...{ priority: 'urgent', assignee: 'ana', requester: { address: 'jane@example.org' } },
      ...{ tags: expect.arrayContaining(['account']), firstResponseDue: '2026-11-23T10:00:00.000Z' },
    })
    const acknowledgement = (await stage.mailsTo('jane@example.org'))[0]?.mail.text
    expect(acknowledgement).toContain('11:00')
    expect(acknowledgement).not.toMatch(/#|head of sales/)
    const receipt = (await stage.mailsTo('ana@example.org')).find(({ kind }) => kind === 'receipt')
    expect(receipt?.mail.text).toContain('Ticket 1001 was opened for Jane Doe.\nPriority: urgent.\nAssigned to: ana.')
  })
  test('whom a forward is assigned to is told once, that it is theirs', async () => {
    await using stage = await openStage(TELLING)
    await stage.arrives({ ...forwarded, text: `#assign ben\n\n${forwarded.text}` })
    const toBen = await stage.mailsTo('ben@example.org')
    expect(toBen.map(({ kind }) => kind)).toEqual(['notification'])
    expect(toBen[0]?.mail.text).toMatch(/Ticket 1001 is yours now[\s\S]*locked out since this morning/)
  })
  test('who wants to hear only of new tickets is told of the new one, and not that it is theirs', async () => {
    const agents = [agent('ana', { teams: ['it'] }), agent('ben', { teams: ['it'], notify: new Set(['new']) })]
    await using stage = await openStage({ ...TELLING, agents })
    await stage.arrives({ ...forwarded, text: `#assign ben\n\n${forwarded.text}` })
    const toBen = await stage.mailsTo('ben@example.org')
    expect(toBen.map(({ mail }) => mail.text)).toEqual([expect.not.stringContaining('is yours now')])
  })
  test('a command above a forward that is none: the ticket opens, and the agent is told', async () => {
    await using stage = await openStage(TELLING)
    await stage.arrives({ ...forwarded, text: `#priority high\n#merge 7\n\n${forwarded.text}` })
    expect(await ticketOf(stage)).toMatchObject({ priority: 'normal', requester: { address: 'jane@example.org' } })
    const receipt = (await stage.mailsTo('ana@example.org')).find(({ kind }) => kind === 'receipt')
    expect(receipt?.mail.text).toContain(
      'Ticket 1001 was opened for Jane Doe, and nothing else was done. “#merge”: that is',
    )
    await stage.replies(receipt ?? (await stage.lastTo('ana@example.org')), ANA, '#priority high')
    expect(await ticketOf(stage)).toMatchObject({ priority: 'high' })
  })
  test('what only looks like a command in a mail to a colleague is none', async () => {
    await using stage = await openStage(TELLING)
    const outgoing = { from: ANA, to: JANE, cc: 'it@example.org', subject: 'Your new laptop', headers: PASS }
    await stage.arrives({ ...outgoing, text: '#1 it is ready.\n#comeandgetit' })
    expect((await stage.store.read.events(1001)).filter(({ kind }) => kind === 'commanded')).toEqual([])
    await stage.arrives({ ...outgoing, subject: 'Your new screen', text: '#take\nIt is ready.' })
    expect(await ticketOf(stage, 1002)).toMatchObject({ assignee: 'ana', status: 'pending' })
  })
  test('a forward to their own address too, where no mail server tells', async () => {
    await using stage = await openStage(withSubaddresses())
    await stage.replies(await smoke(stage), ANA, '#help')
    const address = /to (it\+0\.\S+@example\.org)/.exec((await stage.lastTo('ana@example.org')).mail.text)?.[1]
    await stage.arrives({ ...forwarded, headers: {}, to: address ?? '' })
    expect((await ticketOf(stage, 1002)).requester).toMatchObject({ address: 'jane@example.org' })
  })
  test('a stranger who is forwarded is not written to', async () => {
    await using stage = await openStage(TELLING)
    await stage.arrives({ ...forwarded, text: forwarded.text.replaceAll('jane@example.org', 'phisher@evil.example') })
    expect((await ticketOf(stage)).requester).toMatchObject({ address: 'ana@example.org' })
    expect(await stage.mailsTo('phisher@evil.example')).toEqual([])
  })
  test('a new mail to a colleague with us in copy is a ticket of that colleague, answered already', async () => {
    await using stage = await openStage(TELLING)
    await stage.arrives({
      from: ANA,
      to: JANE,
      cc: 'it@example.org',
      subject: 'Your new laptop',
      text: 'It is ready.',
      headers: PASS,
    })
    expect(await ticketOf(stage)).toMatchObject({
      status: 'pending',
      requester: { address: 'jane@example.org' },
      firstResponseAt: stage.now(),
    })
    expect(await stage.mailsTo('jane@example.org')).toEqual([])
    await stage.arrives({
      from: JANE,
      subject: 'Re: Your new laptop',
      text: 'I come at three.',
      inReplyTo: (await stage.store.read.messages(1001))[0]?.messageId ?? '',
      headers: PASS,
    })
    expect((await stage.store.read.messages(1001)).map(({ author }) => author)).toEqual(['agent', 'requester'])
  })
})
