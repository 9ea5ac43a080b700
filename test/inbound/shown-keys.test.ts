/*
 * Keys of agents that others were given too: they make nobody an agent any more.
 */
import { expect, test } from 'vitest'
import { HOUR } from '../../src/instant.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'

const ANA = 'Ana Pop <ana@example.org>'
const BEN = 'Ben Roe <ben@example.org>'
const MALLORY = 'mallory@evil.example'

async function told(stage: Stage, of: string, agent = 'ana') {
  await stage.arrives({ from: 'Jane Doe <jane@example.org>', subject: of, text: `It is about ${of}.` })
  return stage.lastTo(`${agent}@example.org`)
}
const answered = async (stage: Stage) =>
  (await stage.store.read.outbox({ limit: 100 }))
    .filter(one => one.kind === 'answer')
    .map(one => one.mail.text.split('\n')[0])

/** Writes as Ana to an address that she has shown. */
async function forges(stage: Stage, address: string | null, subject = 'Forged') {
  await stage.later(HOUR)
  await stage.arrives({ from: ANA, to: address ?? '', subject, text: 'Forged.' })
}

test('also after the ticket was merged', async () => {
  await using stage = await openStage(withSubaddresses())
  const shown = await told(stage, 'Printer')
  const bens = await stage.lastTo('ben@example.org')
  await told(stage, 'Scanner')
  await stage.replies(shown, ANA, 'Hello both.', { cc: MALLORY })
  await stage.replies(bens, BEN, '#merge 1002')
  await forges(stage, shown.mail.replyTo)
  expect(await answered(stage)).toEqual(['Hello both.'])
})

test('an address that is about no ticket', async () => {
  await using stage = await openStage(withSubaddresses())
  await stage.replies(await told(stage, 'Printer'), ANA, '#help')
  const { text } = (await stage.lastTo('ana@example.org')).mail
  const [address = ''] = /it\+0\.[^\s,@]+@example\.org/.exec(text) ?? []
  await forges(stage, address, 'Known to nobody but her [#1001]')
  expect(await answered(stage)).toEqual(['Forged.'])
  await stage.arrives({ from: ANA, to: address, cc: MALLORY, subject: 'Something new', text: 'Look.' })
  await forges(stage, address, 'Known to others [#1001]')
  expect(await answered(stage)).toEqual(['Forged.'])
})

test('shown in a mail about another ticket, or from an address that is not the agent’s', async () => {
  await using stage = await openStage(withSubaddresses())
  const [one, two] = [await told(stage, 'Printer'), await told(stage, 'Scanner')]
  const [first, second] = [one.mail.replyTo ?? '', two.mail.replyTo ?? '']
  await stage.arrives({ from: ANA, to: [second, first], cc: MALLORY, subject: 'Both', text: 'Hello both.' })
  await forges(stage, first)
  await forges(stage, second)
  const three = await told(stage, 'Cable')
  await stage.replies(three, 'ana@private.example', 'From home.', { cc: MALLORY })
  await forges(stage, three.mail.replyTo)
  expect(await answered(stage)).toEqual(['Hello both.'])
})

test('what the agent was given later still counts, though others cite what they had before', async () => {
  await using stage = await openStage(withSubaddresses())
  const old = await told(stage, 'Printer')
  await stage.replies(old, ANA, 'Hello.', { cc: 'jane@example.org' })
  await stage.later(HOUR)
  const cites = { inReplyTo: old.mail.messageId, references: [old.mail.messageId] }
  await stage.arrives({ from: 'jane@example.org', subject: 'Re: Printer [#1001]', text: 'It still smokes.', ...cites })
  const fresh = await stage.lastTo('ana@example.org')
  await stage.arrives({ from: 'jane@example.org', cc: 'bob@example.org', subject: 'Re: Printer [#1001]', ...cites })
  await stage.replies(fresh, ANA, 'I am coming.')
  expect(await answered(stage)).toContain('I am coming.')
})
