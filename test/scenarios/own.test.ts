import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readScenarios } from './format.ts'
import { runScenarios } from './play.ts'
import { inThisProcess } from './program.ts'
import { boxesOf } from './setup.ts'

/** What the product does not do yet. Whoever builds it takes it out of here. */
const MISSING: readonly string[] = []

test('our scenarios', { timeout: 300_000 }, async () => {
  const scenarios = readScenarios(join(import.meta.dirname, 'own.json'))
  const failed = new Map<string, readonly string[]>()
  await runScenarios(scenarios, boxesOf(scenarios), inThisProcess, 4, (id, { faults }) => {
    if (faults.length > 0) failed.set(id, faults)
  })
  const unexpected = [...failed].filter(([id]) => !MISSING.includes(id))
  expect(Object.fromEntries(unexpected)).toEqual({})
  expect([...failed.keys()].sort()).toEqual([...MISSING].sort())
})
