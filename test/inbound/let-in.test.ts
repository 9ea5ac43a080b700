/*
 * Who reads along on a ticket because of what an agent wrote: nobody whom the agent wrote to without the requester, and no stranger
 * whom the agent has not seen.
 */
import { describe, expect, test } from 'vitest'
import { MINUTE } from '../../src/instant.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'

const ANA = 'Ana Pop <ana@example.org>'
const BEN = 'Ben Roe <ben@example.org>'
const JANE = 'Jane Doe <jane@example.org>'
const LEGAL = 'legal@example.org'
const PASS = { 'Authentication-Results': 'mx.example.org; dmarc=pass header.from=example.org' }
// What an agent was told proves nothing any more once others have it: here the mail server does.
const TELLING = { ...withSubaddresses(), mx: { servIds: new Set(['mx.example.org']), sealers: new Set<string>() } }
const [JANES, CARLS, MALLORYS] = ['jane@example.org', 'carl@example.org', 'mallory@evil.example']

async function smoke(stage: Stage) {
  await stage.arrives({ from: JANE, subject: 'Printer', text: 'It smokes.', messageId: 'jane-1@example.org' })
  return stage.lastTo('ana@example.org')
}
const takePart = async (stage: Stage, ticket = 1001) =>
  (await stage.store.read.participants(ticket)).map(({ address }) => address)
const lastAnswer = async (stage: Stage) => {
  const [last] = (await stage.store.read.outbox({ limit: 100 })).filter(({ kind }) => kind === 'answer')
  if (!last) throw new Error('nothing was answered')
  return [...last.mail.to, ...last.mail.cc].map(({ address }) => address)
}

describe('whom an agent writes to', () => {
  const toJane = (to: string) => ({ to: `${JANES}, ${to}` })
  test.each<[string, string, (to: string) => object, string[]]>([
    ['in copy of an answer', 'Pull the plug.', () => ({ cc: LEGAL }), [JANES, LEGAL]],
    ['together with the requester', 'Pull the plug.', to => ({ ...toJane(LEGAL), cc: to }), [JANES, LEGAL]],
    ['in copy of a note', '#note This may end in a dismissal.', () => ({ cc: LEGAL }), [JANES]],
    ['in copy of a note the requester has, too', '#note Hello.', to => ({ ...toJane(LEGAL), cc: to }), [JANES]],
    ['in copy of what was not understood', '#frobnicate\nHello.', () => ({ cc: LEGAL }), [JANES]],
    ['in copy of a merge that cannot be', '#merge 4711\nHello.', () => ({ cc: LEGAL }), [JANES]],
    ['in copy of nothing', '#take', () => ({ cc: LEGAL }), [JANES]],
    ['with us in copy', 'Can you come and repair it?', to => ({ to: LEGAL, cc: to }), [JANES]],
  ])('%s', async (_name, text, addressed, expected) => {
    await using stage = await openStage(TELLING)
    const told = await smoke(stage)
    await stage.replies(told, ANA, text, { ...addressed(told.mail.replyTo ?? ''), headers: PASS })
    expect(await takePart(stage)).toEqual(expected)
    await stage.replies(told, ANA, 'Your password is Hunter2.', { headers: PASS })
    expect(await lastAnswer(stage)).toEqual(expected)
  })

  test('when they forward a mail: who was asked takes no part in the ticket', async () => {
    await using stage = await openStage(TELLING)
    const forwarded = ['---------- Forwarded message ---------', `From: ${JANE}`, 'Date: Mon, 23 Nov 2026 at 09:00']
    await stage.arrives({
      ...{ from: ANA, cc: LEGAL, subject: 'Fwd: Printer' },
      headers: PASS,
      text: ['Is that allowed?', '', ...forwarded, 'Subject: Printer', 'To: Ana Pop', '', 'It smokes.'].join('\n'),
    })
    expect((await stage.store.read.ticket(1001))?.requester?.address).toBe(JANES)
    expect(await takePart(stage)).toEqual([JANES])
  })
})

describe('#accept', () => {
  /** Somebody answers the acknowledgement, which was not written to them. */
  const strange = async (stage: Stage, from: string, text: string) => {
    const { messageId } = (await stage.lastTo(JANES)).mail
    await stage.arrives({ from, subject: 'Re: Printer', inReplyTo: messageId, text })
    return stage.lastTo('ana@example.org')
  }
  const tapped = (stage: Stage, to: { readonly mail: { readonly replyTo: string | null } }, from = ANA, text = ' ') =>
    stage.arrives({
      ...{ from, to: (to.mail.replyTo ?? '').replace('@', '.accept@') },
      ...{ subject: 'Re: Printer [#1001]', text },
    })
  const receipt = async (stage: Stage) => {
    const last = await stage.lastTo('ana@example.org')
    expect(last.kind).toBe('receipt')
    return last.mail.text
  }

  test.each([
    ['by a reply', async (stage: Stage, to: Parameters<Stage['replies']>[0]) => stage.replies(to, ANA, '#accept')],
    ['by a tap', (stage: Stage, to: Parameters<Stage['replies']>[0]) => tapped(stage, to)],
    ['by both', (stage: Stage, to: Parameters<Stage['replies']>[0]) => tapped(stage, to, ANA, '#accept')],
  ])('%s lets in whom the notification is about, and nobody who came since', async (_how, accept) => {
    await using stage = await openStage(withSubaddresses())
    await smoke(stage)
    await stage.later(MINUTE)
    const carls = await strange(stage, CARLS, 'Me too.')
    await stage.later(MINUTE)
    const mallorys = await strange(stage, MALLORYS, 'Hello.')
    await accept(stage, carls)
    expect(await takePart(stage)).toEqual([JANES, CARLS])
    // It was done already.
    await accept(stage, carls)
    expect(await takePart(stage)).toEqual([JANES, CARLS])
    await accept(stage, mallorys)
    expect(await takePart(stage)).toEqual([JANES, CARLS, MALLORYS])
  })

  test('which of two it is about nobody guesses', async () => {
    await using stage = await openStage(withSubaddresses())
    const about = await smoke(stage)
    await strange(stage, CARLS, 'Me too.')
    await strange(stage, MALLORYS, 'Hello.')
    await stage.replies(about, ANA, '#accept\nHello both.')
    expect(await receipt(stage)).toMatch(/^[\s\S]*Nothing was sent and nothing was changed\. “#accept”: there are 2/)
    expect(await receipt(stage)).toContain(CARLS)
    expect(await receipt(stage)).toContain(MALLORYS)
    await tapped(stage, await stage.lastTo('ben@example.org'), BEN)
    expect(await takePart(stage)).toEqual([JANES])
  })

  test('of two that were told within one minute a tap does not tell which', async () => {
    await using stage = await openStage(withSubaddresses())
    await smoke(stage)
    await stage.later(MINUTE)
    const carls = await strange(stage, CARLS, 'Me too.')
    await strange(stage, MALLORYS, 'Hello.')
    await tapped(stage, carls)
    expect(await receipt(stage)).toContain('reply to the mail that told you of the one you mean')
    await stage.replies(carls, ANA, '#accept')
    expect(await takePart(stage)).toEqual([JANES, CARLS])
  })

  test('lets in the only one that waits, whatever it answers', async () => {
    await using stage = await openStage(withSubaddresses())
    const about = await smoke(stage)
    await stage.later(MINUTE)
    await strange(stage, CARLS, 'Me too.')
    await stage.replies(about, ANA, '#accept')
    expect(await takePart(stage)).toEqual([JANES, CARLS])
  })

  test('above a line that is no command lets nobody in, and follows nothing', async () => {
    await using stage = await openStage(withSubaddresses())
    await smoke(stage)
    await stage.replies(await strange(stage, CARLS, 'Me too.'), ANA, '#accept\n#follow\n#frobnicate')
    expect(await receipt(stage)).toContain('Nothing was sent and nothing was changed')
    expect(await takePart(stage)).toEqual([JANES])
    expect(await stage.store.read.followers(1001)).toEqual([])
  })
})

test.each(['=', '_', '.', '-'])('behind %j too an address of ours is ours', async subaddress => {
  await using stage = await openStage(withSubaddresses({ subaddress }))
  const told = await smoke(stage)
  expect(told.mail.replyTo).toContain(`it${subaddress}1001.`)
  await stage.replies(told, ANA, 'Pull the plug.', { cc: 'it-team@example.org' })
  expect(await lastAnswer(stage)).toEqual([JANES])
  await stage.replies(await stage.lastTo(JANES), JANE, 'Thank you, and now?')
  const threaded = (await stage.store.read.events(1001)).findLast(({ kind }) => kind === 'threaded')
  expect(threaded?.data).toMatchObject({ signal: 'token', standing: 'accepted' })
  expect(await takePart(stage)).toEqual([JANES, 'it-team@example.org'])
})
