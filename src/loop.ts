import { setTimeout as sleep } from 'node:timers/promises'

/** Waits `ms` milliseconds or until one of the signals aborts, whichever is first; never throws. */
export async function pause(ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  if (signals.some(({ aborted }) => aborted)) return
  // AbortSignal.any would leave something with a signal that outlives the pause, each time (Node 20.20).
  const over = new AbortController()
  const heard = signals.map(signal => onAbort(signal, () => over.abort()))
  await sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)
  for (const one of heard) one[Symbol.dispose]()
}

/** Calls `work` when the signal aborts, unless what it returns was disposed of before. */
export function onAbort(signal: AbortSignal, work: () => void): Disposable {
  signal.addEventListener('abort', work, { once: true })
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', work) }
}

type Backoff = { readonly firstMs: number; readonly maxMs: number }

/** The pause before try number `failures + 1`: doubling from `firstMs` to `maxMs`, with full jitter over its upper half. */
export function backoff(failures: number, { firstMs, maxMs }: Backoff, random: () => number = Math.random): number {
  const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30))
  return Math.round(ceiling / 2 + (random() * ceiling) / 2)
}

/**
 * Runs `step` again and again until the signal aborts. When a step throws, `onFailure` is told and the next try waits,
 * longer with every failure in a row. A step that goes on for long calls `works` whenever it has got somewhere: the row
 * of failures ends there. Returns when aborted; never throws what a step threw.
 */
export async function loop(
  step: (works: () => void) => Promise<void>,
  signal: AbortSignal,
  options: Backoff & { onFailure: (error: unknown, failures: number, pauseMs: number) => void | Promise<void> },
): Promise<void> {
  let failures = 0
  const works = () => {
    failures = 0
  }
  while (!signal.aborted) {
    try {
      await step(works)
      works()
    } catch (error) {
      if (signal.aborted) return
      const wait = backoff(failures++, options)
      await options.onFailure(error, failures, wait)
      await pause(wait, signal)
    }
  }
}
