/*
 * Second thoughts of agents: what they send again, and what they take back.
 */
import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/instant.ts'
import { PASS, TELLING } from '../support/agents.ts'
import { agent, team } from '../support/policy.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'

const ANA = 'Ana Pop <ana@example.org>'
const BEN = 'Ben Roe <ben@example.org>'
const WORDS = 'It was the toner that had leaked into the drum of it, sorry.'

async function smoke(stage: Stage, subject = 'Printer') {
  await stage.arrives({ from: 'Jane Doe <jane@example.org>', subject, text: `The ${subject} smokes.` })
  return stage.lastTo('ana@example.org')
}
const states = async (stage: Stage, kind: string) =>
  (await stage.store.read.outbox({ limit: 100 })).filter(one => one.kind === kind).map(({ state }) => state)
const undone = async (stage: Stage, ticket = 1001) =>
  (await stage.store.read.events(ticket)).filter(({ kind }) => kind === 'undone').map(({ data }) => data['result'])
/** All that is due leaves. */
async function delivers({ store, now }: Stage) {
  const due = await store.write(tx => tx.claimDue('it', now(), 100, now))
  for (const { id } of due) await store.write(tx => tx.settle(id, { outcome: 'sent', response: '250' }, now()))
}

test('words that were not understood go out when they are sent again, put right', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  await stage.replies(told, ANA, `#sloved\n${WORDS}`)
  expect(await states(stage, 'answer')).toEqual([])
  await stage.replies(told, ANA, `#solved\n${WORDS}`)
  expect(await states(stage, 'answer')).toEqual(['queued'])
})

test('so do words that were taken back; a note stays inside', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  await stage.replies(told, ANA, `#solved\n${WORDS}`)
  await stage.later(1)
  await stage.replies(told, ANA, '#undo')
  await stage.replies(told, ANA, `${WORDS} More follows.`)
  expect(await states(stage, 'answer')).toEqual(['queued', 'withdrawn'])
  const said = 'She always breaks it with a cup of coffee, as all of us know.'
  await stage.replies(told, ANA, `#note\n#sloved\n${said}`)
  await stage.replies(told, ANA, said)
  expect(await states(stage, 'answer')).toHaveLength(2)
})

test('what the requester has been told is not taken back, though no answer told it', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  await stage.replies(told, ANA, '#solved')
  await stage.later(5 * MINUTE)
  await delivers(stage)
  await stage.replies(told, ANA, '#undo')
  expect(await undone(stage)).toEqual(['sent'])
  expect((await stage.store.read.ticket(1001))?.status).toBe('solved')
})

test('taking something else back leaves what a colleague solved', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  const bens = await stage.lastTo('ben@example.org')
  await stage.replies(told, ANA, '#solved')
  await stage.replies(bens, BEN, '#priority high')
  await stage.replies(bens, BEN, '#undo')
  expect(await undone(stage)).toEqual(['done'])
  expect(await states(stage, 'closing')).toEqual(['queued'])
})

test('what was opened again by mistake is solved again, and that is told after all, once', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  await stage.replies(told, ANA, '#solved')
  const { solvedAt } = (await stage.store.read.ticket(1001)) ?? {}
  await stage.replies(told, ANA, '#open')
  expect(await states(stage, 'closing')).toEqual(['withdrawn'])
  expect(await stage.store.read.survey(1001, solvedAt ?? '')).toBeNull()
  await stage.replies(told, ANA, '#undo')
  expect(await stage.store.read.ticket(1001)).toMatchObject({ status: 'solved', solvedAt })
  expect(await states(stage, 'closing')).toEqual(['queued'])
  expect(await stage.store.read.survey(1001, solvedAt ?? '')).toMatchObject({ answers: 0 })
  await delivers(stage)
  expect(await states(stage, 'closing')).toEqual(['queued'])
  await stage.later(2 * MINUTE)
  await delivers(stage)
  expect(await states(stage, 'closing')).toEqual(['sent'])
})

test('after a merge, or an answer that has left, nothing from before is taken back instead', async () => {
  await using stage = await openStage(withSubaddresses())
  const [one, two] = [await smoke(stage), await smoke(stage, 'Scanner')]
  await stage.replies(two, ANA, '#priority high')
  await stage.replies(one, ANA, '#merge 1002')
  await stage.replies(await stage.lastTo('ana@example.org'), ANA, '#undo')
  await stage.later(HOUR)
  await stage.replies(two, ANA, 'Pull the plug.')
  await stage.later(HOUR)
  await stage.replies(two, ANA, '#undo')
  await stage.replies(two, ANA, '#undo')
  expect(await undone(stage, 1002)).toEqual(['merged', 'sent', 'sent'])
  expect((await stage.store.read.ticket(1002))?.priority).toBe('high')
})

test('tags and following are taken back too, as far as they came by it; who was let in stays, and the agent hears so', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  const now = async () => ({
    tags: (await stage.store.read.ticket(1001))?.tags,
    followers: await stage.store.read.followers(1001),
  })
  await stage.replies(told, ANA, '#tag toner')
  await stage.replies(told, ANA, '#tag toner drum\n#follow')
  expect(await now()).toEqual({ tags: ['drum', 'toner'], followers: ['ana'] })
  await stage.replies(told, ANA, '#undo')
  expect(await now()).toEqual({ tags: ['toner'], followers: [] })

  const eve = { from: 'Eve <eve@other.example>', subject: 'Re: Printer', text: 'I saw it.' }
  await stage.arrives({ ...eve, inReplyTo: (await stage.lastTo('jane@example.org')).mail.messageId })
  await stage.replies(await stage.lastTo('ana@example.org'), ANA, '#accept\n#priority high')
  await stage.replies(told, ANA, '#undo')
  expect(await stage.store.read.ticket(1001)).toMatchObject({ priority: 'normal' })
  expect((await stage.store.read.participants(1001)).map(({ address }) => address)).toContain('eve@other.example')
  expect((await stage.lastTo('ana@example.org')).mail.text).toContain('whoever you let in stays')
})

test('an agent whose own request was merged into that of a colleague goes on asking', async () => {
  await using stage = await openStage({ ...withSubaddresses(), ...TELLING })
  await smoke(stage)
  await stage.arrives({ from: BEN, subject: 'Smoke', text: 'It smells of smoke in room 3.', headers: PASS })
  const acknowledgement = (await stage.mailsTo('ben@example.org')).find(({ kind }) => kind === 'acknowledgement')
  await stage.replies(await stage.lastTo('ana@example.org'), ANA, '#merge 1001')
  expect(await stage.store.read.ticket(1002)).toMatchObject({ mergedInto: 1001 })
  if (!acknowledgement) throw new Error('Ben was not acknowledged')
  await stage.replies(acknowledgement, BEN, 'It is worse now, can you hurry?', { headers: PASS })
  const messages = await stage.store.read.messages(1001)
  expect(messages.find(({ newText }) => newText.startsWith('It is worse'))).toMatchObject({ author: 'participant' })
  expect(await states(stage, 'answer')).toEqual([])
  // As an agent they answer what they are told as one.
  await stage.replies(await stage.lastTo('ben@example.org'), BEN, `#solved\n${WORDS}`, { headers: PASS })
  expect(await states(stage, 'answer')).toEqual(['queued'])
})

test('a team that got a ticket by mistake keeps it no more, nor does whom it gave it to', async () => {
  const teams = new Map([
    ['it', team('it')],
    ['support', { ...team('support'), assign: 'round-robin' as const }],
  ])
  const agents = [agent('ana', { teams: ['it'] }), agent('cem', { teams: ['support'] })]
  await using stage = await openStage({ ...withSubaddresses(), teams, agents })
  const told = await smoke(stage)
  await stage.replies(told, ANA, '#take')
  await stage.replies(told, ANA, '#team support')
  expect(await stage.store.read.ticket(1001)).toMatchObject({ team: 'support', assignee: 'cem' })
  await stage.replies(told, ANA, '#undo')
  expect(await undone(stage)).toEqual(['done'])
  expect(await stage.store.read.ticket(1001)).toMatchObject({ team: 'it', assignee: 'ana' })
})
