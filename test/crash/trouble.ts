import { setTimeout as sleep } from 'node:timers/promises'
import { type Deed, nameOf, type Tally } from './steps.ts'

/** What shall be done when a step is reached for the count-th time in a life. */
export type Planned = { readonly step: string; readonly count: number; readonly deed: Deed; readonly waitMs?: number }

/** What is left for the proxy to do: pass the bytes on, or half of them and none, or hang up, or fall silent. */
export type Verdict = 'go' | 'halve' | 'cut' | 'stall'

/** Counts the steps of all connections as the proxies come to them, and does what is planned there. */
export class Trouble {
  /** How often each step occurred in the whole schedule, whether something was done there or not. */
  readonly seen = new Map<string, number>()
  readonly #tally: Tally
  readonly #kill: () => Promise<void>
  readonly #note: (event: string) => void
  #planned: Planned[] = []
  #counts = new Map<string, number>()
  #life = 0

  constructor(tally: Tally, kill: () => Promise<void>, note: (event: string) => void) {
    this.#tally = tally
    this.#kill = kill
    this.#note = note
  }

  /** Begins to count anew. */
  plan(planned: readonly Planned[]): void {
    this.#planned = [...planned]
    this.#counts = new Map()
    this.#life++
  }

  async at(step: string): Promise<Verdict> {
    this.seen.set(step, (this.seen.get(step) ?? 0) + 1)
    const count = (this.#counts.get(step) ?? 0) + 1
    this.#counts.set(step, count)
    const index = this.#planned.findIndex(planned => planned.step === step && planned.count === count)
    const [planned] = index < 0 ? [] : this.#planned.splice(index, 1)
    if (!planned) return 'go'
    const { deed, waitMs = 0 } = planned
    this.#tally.add(step, nameOf(deed))
    this.#note(`${step}, time ${count}: ${nameOf(deed)}`)
    const life = this.#life
    if (waitMs > 0) await sleep(waitMs)
    if (deed === 'kill') {
      // A life that has ended meanwhile has no other one killed in its place.
      if (life === this.#life) await this.#kill()
      return 'cut'
    }
    if (typeof deed === 'string') return deed
    await sleep(deed.delayMs)
    return 'go'
  }
}
