import { expect, test } from 'vitest'
import { citedIds, readOwnId, referencesFor } from '../../src/mail/message-id.ts'

test('cited ids come nearest first, once, in one case', () => {
  expect(citedIds(['b@x'], ['a@x', 'B@X', 'c@x'])).toEqual(['b@x', 'c@x', 'a@x'])
  expect(citedIds([], ['root@x', 'parent@x'])).toEqual(['parent@x', 'root@x'])
  expect(citedIds([], [])).toEqual([])
  const flood = Array.from({ length: 50_000 }, (_, at) => `${at}@x`)
  expect(citedIds([], flood)).toEqual(flood.slice(-100).reverse())
})

test('an answer refers to the whole chain and its parent last', () => {
  expect(referencesFor('p@x', ['a@x', 'b@x'])).toEqual(['a@x', 'b@x', 'p@x'])
  expect(referencesFor('p@x', ['a@x', 'p@x'])).toEqual(['a@x', 'p@x'])
  expect(referencesFor(null, [])).toEqual([])
})

test('a long chain keeps its root and its end', () => {
  const chain = Array.from({ length: 200 }, (_, at) => `${at}@x`)
  const kept = referencesFor('p@x', chain)
  expect(kept).toHaveLength(20)
  expect([kept.at(0), kept.at(1), kept.at(-1)]).toEqual(['0@x', '182@x', 'p@x'])
})

test.each(['', 'pd.12', 'pd.x.aaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbb@x', 'xpd.12.aaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbb@x'])(
  '%j is none of ours',
  id => {
    expect(readOwnId(id)).toBeNull()
  },
)
