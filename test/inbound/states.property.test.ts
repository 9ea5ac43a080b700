/*
 * Whatever happens in whatever order (mails of people, strangers, machines and agents, calls of the API, mail that does not leave,
 * time), these hold after each of it.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ACTS, openWorld, type Played } from '../support/world.ts'
import { faultsOf, lastFaultsOf } from '../support/world-faults.ts'

const number = fc.nat(255)
const act = fc.record<Played>({
  kind: fc.constantFrom(...ACTS, 'writes', 'replies', 'agentReplies', 'agentReplies', 'agentReplies', 'sends'),
  ...{ a: number, b: number, c: number },
  lag: fc.nat(5).map(n => n === 0),
})
/** More of them with another seed look further. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 10)
const FIRST: Played = { kind: 'writes', a: 0, b: 0, c: 1, lag: false }

test(
  'whatever happens: every history explains its ticket, nothing goes to whom it is not for, and nothing breaks',
  async () => {
    let mails = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(63),
        fc.array(act, { minLength: 10, maxLength: 40, size: 'max' }),
        async (variant, acts) => {
          await using world = await openWorld(variant)
          for (const one of [FIRST, ...acts]) {
            await world.play(one)
            expect(await faultsOf(world, one), JSON.stringify(one)).toEqual([])
          }
          expect(await lastFaultsOf(world)).toEqual([])
          mails += (await world.scene.crew.store.read.outbox({ limit: 1_000 })).length
        },
      ),
      // What it has been reduced to by then is told.
      { numRuns: RUNS, interruptAfterTimeLimit: RUNS * 8_000, markInterruptAsFailure: true },
    )
    expect(mails).toBeGreaterThan(50)
  },
  RUNS * 10_000,
)
