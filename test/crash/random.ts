/** Numbers drawn from a seed: the same seed draws the same ones. */
export type Random = {
  /** From 0 up to and not including 1. */
  next(): number
  /** From `from` up to and including `to`. */
  int(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(things: readonly T[]): T
}

/** Mulberry32, seeded with the hash (FNV-1a) of what is given. */
export function randomFrom(...seeds: readonly (number | string)[]): Random {
  let state = 0x811c9dc5
  for (const char of seeds.join('/')) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  return {
    next,
    int,
    chance: probability => next() < probability,
    pick(things) {
      const thing = things[int(0, things.length - 1)]
      if (thing === undefined) throw new Error('nothing to pick from')
      return thing
    },
  }
}
