import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { eld } from 'eld/small'
import { describe, expect, test } from 'vitest'
import { ngramWeights } from '../../src/mail/byte-ngrams.ts'
import { LANGUAGES } from '../../src/mail/ngrams.ts'
import { SENTENCES } from './sentences.ts'

/*
 * eld's table and its way of scoring, against the packed table and ours. After an update of eld, or of the languages here:
 * UPDATE=1 npx vitest run --config test/vitest.config.ts test/mail/byte-ngrams.test.ts
 */

const GOLDEN = fileURLToPath(new URL('../../src/mail/ngrams.ts', import.meta.url))
// Of 60 languages those written at European companies: fewer are confused less.
const EUROPEAN = 'en fr nl de ro es it pt pl sv da no fi cs sk hu sl hr et lv lt bg el uk ru be sr tr ca'.split(' ')
/** eld's table leaves out what all its numbers have in common. */
const LEAST = 53

type Data = { languages: Record<string, string>; ngrams: Record<string, Record<string, number>> }

async function packed(): Promise<string> {
  const inside = (path: string) => import(new URL(`../../node_modules/eld/src/${path}`, import.meta.url).href)
  const { ngramsData }: { ngramsData: Data } = await inside('ngrams/small.js')
  const { dictionary }: { dictionary: string[] } = await inside('dictionary.js')
  // eld writes a character of its own for each byte above 127.
  const byteOf = new Map(dictionary.map((character, byte) => [character, byte] as const).slice(128))
  const entries = Object.entries(ngramsData.ngrams).flatMap(([gram, weights]) => {
    const pairs = Object.entries(weights).flatMap(([id, weight]) => {
      const language = EUROPEAN.indexOf(ngramsData.languages[id] ?? '')
      return language < 0 ? [] : [language, weight + LEAST]
    })
    const bytes = [...gram].map(character =>
      character === ' ' ? 32 : (byteOf.get(character) ?? character.charCodeAt(0)),
    )
    return pairs.length === 0 ? [] : [{ gram: String.fromCharCode(...bytes), pairs }]
  })
  entries.sort((a, b) => (a.gram < b.gram ? -1 : 1))
  let before = ''
  const bytes = entries.flatMap(({ gram, pairs }) => {
    let shared = 0
    while (shared < gram.length && gram[shared] === before[shared]) shared++
    before = gram
    const further = [...gram.slice(shared)].map(byte => byte.charCodeAt(0))
    return [(shared << 4) | further.length, pairs.length / 2, ...further, ...pairs]
  })
  return `/*
 * Written by test/mail/byte-ngrams.test.ts out of the table "small" of eld 2.1, by Nito T.M., under the Apache License 2.0
 * (https://www.apache.org/licenses/LICENSE-2.0): of its languages some, packed.
 */
export const LANGUAGES: readonly string[] =
  '${EUROPEAN.join(' ')}'.split(' ')
export const NGRAMS =
  '${Buffer.from(bytes).toString('base64')}'
`
}

test('the table is that of eld', async () => {
  const wanted = await packed()
  if (process.env['UPDATE']) writeFileSync(GOLDEN, wanted)
  expect(readFileSync(GOLDEN, 'utf8') === wanted, 'run this with UPDATE=1').toBe(true)
})

describe('words weigh what they weigh for eld', () => {
  eld.setLanguageSubset(EUROPEAN)
  const byEld = (text: string) =>
    new Map(
      Object.entries(eld.detect(text).getScores()).map(([language, score]) => [language, (25 * score) / (1 - score)]),
    )

  test.each([
    ...Object.values(SENTENCES).flat(),
    "L'écran de l’équipe n'est pas 'noir' …",
    "'t Is zo'n kapot toetsenbord, 's ochtends' vroeg",
    'Ξέχασα τον κωδικό μου',
    'Я забув пароль, допоможіть будь ласка.',
    'Şifremi unuttum',
    'a b c ab abc abcd abcde abcdefgh',
    'Donaudampfschifffahrtsgesellschaftskapitänskajütenschlüsselanhängerproduzent',
  ])('%s', text => {
    const ours = ngramWeights(text)
    const theirs = byEld(text)
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort())
    for (const [language, weight] of theirs) expect(ours.get(language)).toBeCloseTo(weight, 6)
  })

  test('no letters, no weights', () => {
    expect(ngramWeights(' 12 ’’ !')).toEqual(new Map())
    expect(LANGUAGES).toEqual(EUROPEAN)
  })
})
