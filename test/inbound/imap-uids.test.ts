import { describe, expect, it } from 'vitest'
import { intoWindows, uidSets } from '../../src/inbound/imap-uids.ts'

const MB = 1024 * 1024

describe('uidSets', () => {
  it.each([
    [[], []],
    [[7], ['7']],
    [[3, 1, 2, 7], ['1:3,7']],
    [[1, 1, 2], ['1:2']],
    [[1, 3, 5, 6], ['1,3,5:6']],
    [[4294967294, 4294967295], ['4294967294:4294967295']],
  ])('%j is %j', (uids, sets) => {
    expect(uidSets(uids)).toEqual(sets)
  })

  it('keeps each set short and names every UID once', () => {
    const uids = Array.from({ length: 1000 }, (_, at) => 4294000000 + 3 * at + (at % 2))
    const sets = uidSets(uids)
    expect(sets.length).toBeGreaterThan(1)
    expect(Math.max(...sets.map(({ length }) => length))).toBeLessThan(8000)
    expect(sets.flatMap(set => set.split(',').flatMap(range => range.split(':').map(Number)))).toEqual(uids)
  })
})

describe('intoWindows', () => {
  it.each([
    ['nothing', [], []],
    ['by count', [1, 1, 1, 1, 1, 1, 1], [[1, 2, 3], [4, 5, 6], [7]]],
    ['by size', [10 * MB, 6 * MB, 1, 16 * MB, 1], [[1, 2], [3], [4], [5]]],
    ['one too large', [1, 40 * MB, 1, 1], [[1], [2], [3, 4]]],
    ['unknown sizes', [0, 0, 0, 0], [[1, 2, 3], [4]]],
  ])('%s', (_, sizes, windows) => {
    expect(
      intoWindows(
        sizes.map((size, at) => ({ uid: at + 1, size })),
        3,
      ).map(window => window.map(({ uid }) => uid)),
    ).toEqual(windows)
  })
})
