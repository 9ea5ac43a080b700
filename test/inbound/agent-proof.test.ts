/*
 * Who is an agent: what proves it, and what proves nothing.
 */
import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../../src/instant.ts'
import { ANA, answers, BEN, JANE, PASS, smoke, TELLING, ticketOf } from '../support/agents.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'

describe('nobody is taken for an agent', () => {
  const standing = async (stage: Stage) => (await stage.store.read.messages(1001)).at(-1)?.standing
  test('by From, with a stolen reference or a number', async () => {
    for (const desk of [{}, TELLING, withSubaddresses()]) {
      await using stage = await openStage(desk)
      await smoke(stage)
      await stage.arrives({
        from: ANA,
        subject: 'Re: Printer [#1001]',
        text: '#solved\nPay here.',
        inReplyTo: 'jane-1@example.org',
      })
      expect(await standing(stage)).toBe('pending')
      expect(await answers(stage)).toEqual([])
      expect((await ticketOf(stage)).status).toBe('open')
    }
  })
  test('by the key of another agent, or from another address', async () => {
    for (const desk of [{}, withSubaddresses()]) {
      await using stage = await openStage(desk)
      const told = await smoke(stage)
      for (const from of [BEN, 'Eve <eve@other.example>', JANE.replace('jane', 'mallory')])
        await stage.replies(told, from, '#solved\nPay here.')
      expect(await answers(stage)).toEqual([])
      expect((await ticketOf(stage)).status).toBe('open')
    }
  })
  test('against the word of the mail server, or with answers to somebody else', async () => {
    await using stage = await openStage({ ...withSubaddresses(), ...TELLING })
    const told = await smoke(stage)
    const failed = { 'Authentication-Results': 'mx.example.org; dmarc=fail header.from=example.org' }
    await stage.replies(told, ANA, 'Pay here.', { headers: failed })
    await stage.replies(told, ANA, 'Pay there.', { headers: PASS, replyTo: 'ana@evil.example' })
    expect(await answers(stage)).toEqual([])
  })
  test('by a key that is too old, was revoked, or was changed', async () => {
    await using stage = await openStage(withSubaddresses())
    const told = await smoke(stage)
    await stage.later(91 * DAY)
    await stage.replies(told, ANA, 'Too old.')
    await stage.arrives({ from: JANE, subject: 'Mouse', text: 'It squeaks.' })
    const fresh = await stage.lastTo('ana@example.org')
    const forged = (fresh.mail.replyTo ?? '').replace(
      /\.([a-z2-7]{26})@/,
      (_, mac: string) => `.${[...mac].reverse().join('')}@`,
    )
    await stage.arrives({ from: ANA, to: forged, subject: 'Re: Mouse', text: 'Changed.' })
    await stage.later(HOUR)
    await stage.store.write(tx => tx.setAgentState('ana', { keysSince: stage.now() }))
    await stage.replies(fresh, ANA, 'Revoked.')
    expect(await answers(stage)).toEqual([])
    await stage.arrives({ from: JANE, subject: 'Keyboard', text: 'It sticks.' })
    await stage.replies(await stage.lastTo('ana@example.org'), ANA, 'I come.')
    expect(await answers(stage)).toHaveLength(1)
  })
  test('by a notification that the agent has shown to others', async () => {
    for (const desk of [{}, withSubaddresses()]) {
      await using stage = await openStage(desk)
      const told = await smoke(stage)
      await stage.replies(told, ANA, 'Dear Eve, see below.', { cc: 'eve@other.example' })
      const before = (await answers(stage)).length
      // Eve has the agent's mail now, and with it everything that it cites.
      await stage.replies(told, ANA, '#solved\nPay here.')
      expect((await answers(stage)).length).toBe(before)
      await stage.arrives({ from: JANE, subject: 'Re: Printer', text: 'Hello?', inReplyTo: 'jane-1@example.org' })
      await stage.later(MINUTE)
      await stage.arrives({ from: JANE, subject: 'Re: Printer', text: 'Still there?', inReplyTo: 'jane-1@example.org' })
      await stage.replies(await stage.lastTo('ana@example.org'), ANA, 'I am here.')
      expect((await answers(stage)).length).toBe(before + 1)
    }
  })
})

describe('an agent whom the mail server proves', () => {
  test('needs no fresh notification for what is tapped in an old one', async () => {
    await using stage = await openStage({ ...withSubaddresses(), ...TELLING })
    const told = await smoke(stage)
    await stage.later(91 * DAY)
    const to = (told.mail.replyTo ?? '').replace('@', '.take@')
    await stage.arrives({ from: ANA, to, subject: 'Re: Printer', text: ' ' })
    expect((await ticketOf(stage)).assignee).toBeNull()
    await stage.arrives({ from: ANA, to, subject: 'Re: Printer', text: ' ', headers: PASS })
    expect((await ticketOf(stage)).assignee).toBe('ana')
  })
  test('answers the requester directly, whoever else takes part', async () => {
    await using stage = await openStage(TELLING)
    const jane = { from: JANE, subject: 'Printer', text: 'It smokes.', messageId: 'jane-1@example.org', headers: PASS }
    await stage.arrives({ ...jane, cc: 'Luc <luc@example.org>' })
    const reply = {
      from: ANA,
      to: JANE,
      cc: 'it@example.org',
      subject: 'Re: Printer',
      text: 'I come.',
      inReplyTo: 'jane-1@example.org',
    }
    await stage.arrives({ ...reply, headers: PASS })
    expect(await answers(stage)).toEqual([])
    expect(await ticketOf(stage)).toMatchObject({ status: 'pending', firstResponseAt: stage.now() })
  })
})
