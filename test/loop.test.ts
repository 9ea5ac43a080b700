import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { backoff, loop, pause } from '../src/loop.ts'

test('the pause doubles up to its limit, with jitter over the upper half', () => {
  const limits = { firstMs: 100, maxMs: 1_000 }
  expect([0, 1, 2, 3, 4, 99].map(failures => backoff(failures, limits, () => 1))).toEqual([
    100, 200, 400, 800, 1000, 1000,
  ])
  expect(backoff(0, limits, () => 0)).toBe(50)
})

test('a failing step is repeated, later each time, and the row of failures ends when it works', async () => {
  const stop = new AbortController()
  const seen: number[] = []
  const outcomes = ['fail', 'fail', 'work and fail', 'fine', 'fail', 'stop']
  await loop(
    async works => {
      const outcome = outcomes.shift()
      if (outcome === 'stop') stop.abort()
      if (outcome === 'work and fail') works()
      if (outcome?.includes('fail')) throw new Error(outcome)
    },
    stop.signal,
    { firstMs: 1, maxMs: 2, onFailure: (_error, failures) => void seen.push(failures) },
  )
  expect(seen).toEqual([1, 2, 1, 1])
  expect(outcomes).toEqual([])
})

test('an abort ends the pause, and what a step throws then is not a failure', async () => {
  const stop = new AbortController()
  let failures = 0
  const running = loop(
    async () => {
      await pause(60_000, stop.signal)
      throw new Error('cut')
    },
    stop.signal,
    { firstMs: 60_000, maxMs: 60_000, onFailure: () => void failures++ },
  )
  stop.abort()
  await running
  expect(failures).toBe(0)
})

test('any of several signals ends a pause, and nothing of it stays with one that lives on', async () => {
  const stop = new AbortController()
  for (let count = 0; count < 20; count++) {
    const nap = new AbortController()
    const paused = pause(60_000, stop.signal, nap.signal)
    nap.abort()
    await paused
    await pause(60_000, stop.signal, nap.signal)
  }
  expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  expect(dependants(stop.signal)).toBe(0)
  const paused = pause(60_000, new AbortController().signal, stop.signal)
  stop.abort()
  await paused
})

/** How many signals Node keeps that were made of this one by AbortSignal.any. */
function dependants(signal: AbortSignal): number {
  const own = Object.getOwnPropertySymbols(signal).find(({ description }) => description === 'kDependantSignals')
  const kept = own && Reflect.get(signal, own)
  return kept?.size ?? 0
}
