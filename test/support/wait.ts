import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Calls `look` until it returns something other than undefined, null or false, and returns that. What it throws counts
 * as "not yet" (so expectations work), and is shown when the time is over.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  timeoutMs = 5000,
  everyMs = 20,
): Promise<Exclude<T, undefined | null | false>> {
  const until = performance.now() + timeoutMs
  for (;;) {
    let last: unknown
    try {
      const seen = await look()
      if (seen !== undefined && seen !== null && seen !== false) return seen as Exclude<T, undefined | null | false>
      last = seen
    } catch (error) {
      last = error
    }
    if (performance.now() >= until) {
      const words = last instanceof Error ? last.message : JSON.stringify(last)
      throw new Error(`not within ${timeoutMs} ms; last seen: ${words}`, { cause: last })
    }
    await sleep(everyMs)
  }
}

/** Rejects when the promise takes longer: a hang becomes a failure with a name. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const done = new AbortController()
  const late = sleep(ms, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${what}: not within ${ms} ms`)
  })
  late.catch(() => undefined)
  try {
    return await Promise.race([promise, late])
  } finally {
    done.abort()
  }
}
