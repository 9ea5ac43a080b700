/*
 * Words of agents that must not be lost, words for agents that must not come out, machines that answer what agents are told.
 */
import { expect, test } from 'vitest'
import { MINUTE } from '../../src/instant.ts'
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
