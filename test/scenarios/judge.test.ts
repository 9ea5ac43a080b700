/*
 * A runner that lets everything pass proves nothing: each demand fails where it should.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../support/temp-dir.ts'
import { readScenarios } from './format.ts'
import { runScenarios } from './play.ts'
import { inThisProcess } from './program.ts'
import { boxesOf } from './setup.ts'

const SUPPORT = 'support@example.org'
const ASKS = { dir: 'in', id: 'a', from: 'una@one.example', to: SUPPORT, subject: 'Lamp', body: 'The lamp is broken.' }
const OTHER = { ...ASKS, id: 'x', from: 'duo@two.example', subject: 'Chair', body: 'The chair is too low.' }
const ANSWER = { dir: 'out', id: 'b', replyTo: 'a', body: 'We bring a new lamp.' }
const REPLY = { ...ASKS, id: 'c', subject: 'Re: {SUBJ:b}', body: 'Thank you.', headers: { 'In-Reply-To': '{MID:b}' } }

const DEMANDS: Record<string, { readonly says: string; readonly [field: string]: unknown }> = {
  apart: { steps: [ASKS, OTHER], expectTickets: [['a', 'x']], says: 'x should be on the ticket of a [a: #1001 opened' },
  together: { steps: [ASKS, ANSWER, REPLY], expectTickets: [['a'], ['c']], says: 'c should not be on the ticket of a' },
  forbidden: { steps: [ASKS, ANSWER, REPLY], forbidden: [['a', 'c']], says: 'a and c must not share a ticket' },
  replies: { steps: [ASKS], maxAutoReplies: 0, says: '1 automatic replies, at most 0: una@one.example' },
  pending: { steps: [ASKS, ANSWER, REPLY], pending: ['c'], says: 'c is not pending: #1001 accepted by own-id' },
  status: { steps: [ASKS], status: { a: 'solved' }, says: 'the ticket of a is open, not solved' },
  leak: {
    steps: [ASKS, OTHER, { ...ANSWER, body: 'Somebody says: the chair is too low. The chair is too low.' }],
    security: true,
    says: 'what x says was mailed to una@one.example',
  },
  'unknown step': { steps: [ASKS], expectTickets: [['a', 'z']], says: 'there is no step z' },
  'unknown kind': { steps: [{ dir: 'fly', id: 'a' }], says: 'this step cannot be played' },
  'too early': { steps: [{ ...REPLY, headers: {} }, ASKS, ANSWER], says: 'nothing was sent for step b yet' },
  'no ticket': { steps: [ANSWER, ASKS], says: 'step a is on no ticket' },
}

test('each demand can fail, and says why', async () => {
  await using folder = await tempDir('scenarios')
  const path = join(folder.path, 'failing.json')
  writeFileSync(
    path,
    JSON.stringify(Object.entries(DEMANDS).map(([id, { says: _says, ...rest }]) => ({ id, ...rest }))),
  )
  const scenarios = readScenarios(path)
  const said: Record<string, string> = {}
  await runScenarios(scenarios, boxesOf(scenarios), inThisProcess, 4, (id, { faults }) => {
    said[id] = faults.join('; ')
  })
  for (const [id, { says }] of Object.entries(DEMANDS)) expect.soft(said[id], id).toContain(says)
})

test('what is soft is told, and fails nothing', async () => {
  await using folder = await tempDir('scenarios')
  const path = join(folder.path, 'soft.json')
  writeFileSync(path, JSON.stringify([{ id: 'soft', soft: true, steps: [ASKS, OTHER], expectTickets: [['a', 'x']] }]))
  const scenarios = readScenarios(path)
  await runScenarios(scenarios, boxesOf(scenarios), inThisProcess, 1, (_id, { faults, remarks }) => {
    expect(faults).toEqual([])
    expect(remarks).toHaveLength(1)
  })
})
