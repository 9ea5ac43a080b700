/*
 * Words of agents that must not be lost, words for agents that must not come out, machines that answer what agents are told.
 */
import { describe, expect, test } from 'vitest'
import { MINUTE } from '../../src/instant.ts'
import { policy } from '../support/policy.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'

const ANA = 'Ana Pop <ana@example.org>'
const BEN = 'Ben Roe <ben@example.org>'

async function smoke(stage: Stage) {
  await stage.arrives({ from: 'Jane Doe <jane@example.org>', subject: 'Printer', text: 'It smokes.' })
  return stage.lastTo('ana@example.org')
}

test('words that look like a signature go out, where the mail says nothing else', async () => {
  await using stage = await openStage(withSubaddresses())
  await stage.replies(await smoke(stage), ANA, 'Ana,\n\nplease pull the plug.')
  const last = await stage.lastTo('jane@example.org')
  expect(last).toMatchObject({ kind: 'answer', mail: { text: 'Ana,\n\nplease pull the plug.\n' } })
})

test('an agent of whose mail nothing is left is told so', async () => {
  await using stage = await openStage(withSubaddresses())
  await stage.replies(await smoke(stage), ANA, '')
  const last = await stage.lastTo('ana@example.org')
  expect(last.kind).toBe('receipt')
  expect(last.mail.text).toContain('Nothing was sent')
})

test('words of a note are no cause and no fix', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  const note = 'She broke it herself with a cup of coffee as always.'
  await stage.replies(await stage.lastTo('ben@example.org'), BEN, `#note ${note}`)
  await stage.replies(told, ANA, `#cause ${note}\n#solved`)
  expect((await stage.mailsTo('jane@example.org')).map(({ kind }) => kind)).toEqual(['acknowledgement'])
  expect((await stage.lastTo('ana@example.org')).mail.text).toContain('Nothing was sent and nothing was changed')
})

test('what a stranger wrote stands below the mark', async () => {
  await using stage = await openStage(withSubaddresses())
  await smoke(stage)
  const { messageId } = (await stage.lastTo('jane@example.org')).mail
  await stage.arrives({
    from: 'eve@elsewhere.example',
    subject: 'Re: it',
    inReplyTo: messageId,
    text: 'I know all of it.',
  })
  const { text } = (await stage.lastTo('ana@example.org')).mail
  expect(text.indexOf('I know all of it.')).toBeGreaterThan(text.indexOf('Postdesk: for agents only'))
})

test.each([
  ['an agent', ANA, 1],
  ['somewhere else', 'desk@elsewhere.example', 21],
])('a machine of %s that answers all it is told runs dry', async (_whose, from, most) => {
  await using stage = await openStage(withSubaddresses())
  await smoke(stage)
  for (let n = 1; n <= 25; n++) {
    const headers = { 'Auto-Submitted': 'auto-generated' }
    await stage.replies(await stage.lastTo('ana@example.org'), from, `Opened as number ${n}`, { headers })
    await stage.later(MINUTE)
  }
  expect(await stage.mailsTo('ana@example.org')).toHaveLength(most)
})

const ticketOf = async (stage: Stage) => {
  const ticket = await stage.store.read.ticket(1001)
  if (!ticket) throw new Error('no ticket')
  return ticket
}
const sentTo = async (stage: Stage, address: string) =>
  (await stage.mailsTo(address)).map(({ kind, mail }) => (kind === 'answer' ? mail.text : kind))

/** Ben has the ticket, and has just been told of what Ana wrote to him alone. */
async function gossip(stage: Stage) {
  const told = await smoke(stage)
  await stage.replies(await stage.lastTo('ben@example.org'), BEN, '#take')
  await stage.replies(told, ANA, '#note Is she telling the truth?')
  return stage.lastTo('ben@example.org')
}

describe.each([
  ['with addresses of their own', withSubaddresses()],
  ['known by what they cite', {}],
])('an answer to a note, of agents %s', (_name, desk) => {
  test('is a note, which the agent may send after all', async () => {
    await using stage = await openStage(desk)
    const note = await gossip(stage)
    expect(note.mail.text).toContain('Reply, and it is a note for your colleagues; below the first line #send')
    const words = 'No, she is lying as always. Do not tell her that we know.'
    await stage.replies(note, BEN, words)
    expect(await sentTo(stage, 'jane@example.org')).toEqual(['acknowledgement'])
    expect((await stage.store.read.messages(1001)).at(-1)).toMatchObject({ direction: 'note', newText: words })
    expect(await ticketOf(stage)).toMatchObject({ status: 'open', firstResponseAt: null })
    const receipt = await stage.lastTo('ben@example.org')
    expect(receipt.mail.text).toMatch(
      /Kept as a note for colleagues[\s\S]*send it again below the line #send:\s+No, she/,
    )
    // Colleagues cannot send what he wrote for them.
    await stage.replies(await stage.lastTo('ana@example.org'), ANA, `#send\n${words}`)
    expect(await sentTo(stage, 'jane@example.org')).toEqual(['acknowledgement'])
    await stage.replies(receipt, BEN, `#send\n${words}`)
    expect(await sentTo(stage, 'jane@example.org')).toEqual(['acknowledgement', `${words}\n`])
    expect((await ticketOf(stage)).status).toBe('pending')
  })
  test('goes to the requester below #send, with commands, or where they are written to directly', async () => {
    await using stage = await openStage(desk)
    const note = await gossip(stage)
    await stage.replies(note, BEN, '#send\nHello Jane, I come at ten.')
    await stage.replies(note, BEN, '#priority high\n#send\nAt eleven.')
    expect((await sentTo(stage, 'jane@example.org')).slice(1)).toEqual(['Hello Jane, I come at ten.\n', 'At eleven.\n'])
    await stage.replies(note, BEN, 'At twelve.', { cc: 'Jane Doe <jane@example.org>' })
    expect((await stage.store.read.messages(1001)).at(-1)).toMatchObject({ direction: 'in', newText: 'At twelve.' })
  })
  test('solves, where the agent says so', async () => {
    await using stage = await openStage(desk)
    await stage.replies(await gossip(stage), BEN, '#solved')
    expect((await ticketOf(stage)).status).toBe('solved')
    expect(await sentTo(stage, 'jane@example.org')).toEqual(['acknowledgement', 'closing'])
  })
  test('and an answer to what a colleague answered goes out', async () => {
    await using stage = await openStage(desk)
    const told = await smoke(stage)
    await stage.replies(await stage.lastTo('ben@example.org'), BEN, '#take')
    await stage.replies(told, ANA, 'Pull the plug.')
    const seen = await stage.lastTo('ben@example.org')
    expect(seen.mail.text.startsWith('Pull the plug.\n')).toBe(true)
    await stage.replies(seen, BEN, 'And open the window.')
    expect((await sentTo(stage, 'jane@example.org')).at(-1)).toBe('And open the window.\n')
  })
})

test('an answer to a note is one too where the program drops what it cites', async () => {
  await using stage = await openStage(withSubaddresses())
  const note = await gossip(stage)
  const bare = { from: BEN, to: note.mail.replyTo ?? '', subject: 'Re: Printer' }
  await stage.arrives({ ...bare, text: 'She is lying.' })
  expect(await sentTo(stage, 'jane@example.org')).toEqual(['acknowledgement'])
  await stage.arrives({ ...bare, text: '#send\nI come at ten.' })
  expect(await sentTo(stage, 'jane@example.org')).toEqual(['acknowledgement', 'I come at ten.\n'])
})

test('whoever wants no receipts gets none for notes', async () => {
  const agents = policy().agents.map(one => ({ ...one, receipts: 'never' as const }))
  await using stage = await openStage({ ...withSubaddresses(), agents })
  const note = await gossip(stage)
  const before = await stage.mailsTo('ben@example.org')
  await stage.replies(note, BEN, 'She is lying.')
  expect(await stage.mailsTo('ben@example.org')).toHaveLength(before.length)
  await stage.replies(note, BEN, '#send\nShe is lying.')
  expect((await sentTo(stage, 'jane@example.org')).at(-1)).toBe('She is lying.\n')
})

test('what an agent forwards into a ticket is a note, with the reason', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  const words = 'Can you take her? She is a pain, I have had enough of her.'
  const forwarded = {
    ...{ from: ANA, to: 'support@example.org', subject: `Fwd: ${told.mail.subject}`, inReplyTo: told.mail.messageId },
    text: `#assign ben\n${words}\n\n---------- Forwarded message ---------\nFrom: ${told.mail.from.name} <it@example.org>\nDate: Mon, 23 Nov 2026 at 10:00\nSubject: ${told.mail.subject}\nTo: Ana Pop <ana@example.org>\n\n${told.mail.text}`,
  }
  await stage.arrives(forwarded, 'support')
  expect(await sentTo(stage, 'jane@example.org')).toEqual(['acknowledgement'])
  expect((await stage.store.read.messages(1001)).at(-1)).toMatchObject({ direction: 'note', newText: words })
  expect((await ticketOf(stage)).assignee).toBe('ben')
  expect((await stage.lastTo('ana@example.org')).mail.text).toContain('it is forwarded')
  // To Jane herself it is an answer, and sent in the agent's own way.
  await stage.arrives({
    ...forwarded,
    to: 'Jane Doe <jane@example.org>',
    cc: 'it@example.org',
    messageId: 'f2@example.org',
  })
  expect((await stage.store.read.messages(1001)).at(-1)?.direction).toBe('in')
})

test('an answer whose subject speaks of a forward is one', async () => {
  await using stage = await openStage(withSubaddresses())
  await stage.arrives({ from: 'Jane Doe <jane@example.org>', subject: 'Fwd: Invoice', text: 'Who pays this?' })
  await stage.replies(await stage.lastTo('ana@example.org'), ANA, 'Sales does.')
  expect((await sentTo(stage, 'jane@example.org')).at(-1)).toBe('Sales does.\n')
})

describe('a mail that only holds commands', () => {
  const logo = {
    ...{ filename: 'logo.png', contentType: 'image/png', inline: true, contentId: 'logo' },
    content: new Uint8Array(12_000).fill(7),
  }
  const html = '<p></p><div id="Signature">Ana Pop<br><img src="cid:logo"></div>'

  test('sends no logo of a signature', async () => {
    await using stage = await openStage(withSubaddresses())
    const told = await smoke(stage)
    const to = (told.mail.replyTo ?? '').replace('@', '.take@')
    await stage.arrives({ from: ANA, to, subject: 'Re: it', text: '\n-- \nAna Pop\nIT', html, attachments: [logo] })
    expect(await sentTo(stage, 'jane@example.org')).toEqual(['acknowledgement'])
    expect((await ticketOf(stage)).assignee).toBe('ana')
  })
  test('sends the pictures of what it says, and files', async () => {
    await using stage = await openStage(withSubaddresses())
    const told = await smoke(stage)
    const shown = '<p>#priority low<br>Like this: <img src="cid:logo"></p>'
    await stage.replies(told, ANA, '#priority low\nLike this:', { html: shown, attachments: [logo] })
    expect((await stage.lastTo('jane@example.org')).mail.attachments).toHaveLength(1)
    await stage.replies(told, ANA, '#priority high', { attachments: [{ filename: 'form.pdf', content: 'x' }] })
    expect((await stage.lastTo('jane@example.org')).mail.attachments).toMatchObject([{ filename: 'form.pdf' }])
  })
  test.each([
    ['Ana Gomez <ana.gomez@example.org>', 'Ana,\n\nplease use the printer on floor 2 until Monday.', true],
    ['Ana Gomez <ana.gomez@example.org>', 'Ana\n\nThe printer on floor 2 works', true],
    ['ana.gomez@example.org', 'Ana,\n\nThe printer on floor 2 works', true],
    ['Jo <jo@example.org>', 'Ana,\n\nplease use the printer on floor 2 until Monday.', true],
    ['Ana Gomez <ana.gomez@example.org>', 'Ana Pop\nIT Support\nT +49 30 1234', false],
    ['Ana Gomez <ana.gomez@example.org>', 'Ana', false],
    ['Jo <jo@example.org>', 'Ana,\nIT Support\nT +49 30 1234', false],
    ['Jo <jo@example.org>', 'Best regards\nAna Pop\nIT Support', false],
  ])('to %s: %j', async (from, words, isSaid) => {
    await using stage = await openStage(withSubaddresses())
    await stage.arrives({ from, subject: 'Printer', text: 'It smokes.' })
    await stage.replies(await stage.lastTo('ana@example.org'), ANA, `#take\n${words}`)
    const address = from.replace(/^.*<|>$/g, '')
    expect((await sentTo(stage, address)).slice(1)).toEqual(isSaid ? [`${words}\n`] : [])
  })
})
