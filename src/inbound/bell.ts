/** Wakes who waits for something that others notice. Nobody waiting: the ring is lost, so look before you wait. */
export class Bell {
  readonly #waiting = new Set<() => void>()

  ring(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  /**
   * Waits for the next ring, for `ms` milliseconds, for the signal, or for the promise, and tells which it was: of the
   * promise its value; one that rejects counts as a ring. Leaves no timer and no listener behind.
   */
  wait<T = never>(signal: AbortSignal, ms: number, also?: Promise<T>): Promise<T | 'rung' | 'aborted' | 'time'> {
    return new Promise(resolve => {
      const end = (reason: T | 'rung' | 'aborted' | 'time') => {
        clearTimeout(timer)
        this.#waiting.delete(rung)
        signal.removeEventListener('abort', aborted)
        resolve(reason)
      }
      const rung = () => end('rung')
      const aborted = () => end('aborted')
      // Node's timers fire at once when they are to take longer than this.
      const timer = setTimeout(() => end('time'), Math.max(0, Math.min(ms, 2 ** 31 - 1)))
      this.#waiting.add(rung)
      signal.addEventListener('abort', aborted)
      also?.then(end, rung)
      if (signal.aborted) aborted()
    })
  }
}
