import { LANGUAGES, NGRAMS } from './ngrams.ts'

/*
 * How eld (https://github.com/nitotm/efficient-language-detector-js) scores languages, over a table of its own that is packed:
 * loaded as eld loads it, the table took 90 MB of the reading process, a quarter of all that Postdesk needs.
 */

/** By n-gram: pairs of characters whose codes are the place of a language in LANGUAGES and what the n-gram weighs for it. */
const table = unpack(atob(NGRAMS))

/**
 * How much the n-grams of some words weigh on average, for each language in which any of them is known: 30 to 130 for the
 * language they are in. Empty for words without letters.
 */
export function ngramWeights(text: string): Map<string, number> {
  const grams = new Set<string>()
  for (const [word] of text.toLowerCase().matchAll(WORDS)) addNgrams(utf8(word), grams)
  const sums = new Map<string, number>()
  for (const gram of grams) {
    const pairs = table.get(gram) ?? ''
    for (let at = 0; at < pairs.length; at += 2) {
      const language = LANGUAGES[pairs.charCodeAt(at)] ?? ''
      sums.set(language, (sums.get(language) ?? 0) + pairs.charCodeAt(at + 1))
    }
  }
  for (const [language, sum] of sums) sums.set(language, sum / grams.size)
  return sums
}

// An apostrophe within a word, or before it, is of the word.
const WORDS = /[\p{L}'`’]*\p{L}/gu
const LONGEST_WORD = 70

/** Four bytes from every third on, and the last four; a blank stands for where the word begins and ends. */
function addNgrams(word: string, grams: Set<string>): void {
  const length = Math.min(word.length, LONGEST_WORD)
  let at = 0
  for (; at + 4 < length; at += 3) grams.add((at === 0 ? ' ' : '') + word.slice(at, at + 4))
  grams.add(`${at === 0 ? ' ' : ''}${word.slice(Math.max(0, length - 4))} `)
}

const encoder = new TextEncoder()

/** A character for each byte. */
function utf8(word: string): string {
  return /^[a-z]*$/.test(word) ? word : String.fromCharCode(...encoder.encode(word))
}

/** Each entry: how much of the n-gram before it begins with, and its further length (4 bits each); how many pairs; both. */
function unpack(packed: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  let gram = ''
  for (let at = 0; at < packed.length; ) {
    const head = packed.charCodeAt(at)
    const own = at + 2 + (head & 15)
    const end = own + 2 * packed.charCodeAt(at + 1)
    gram = gram.slice(0, head >> 4) + packed.slice(at + 2, own)
    entries.set(gram, packed.slice(own, end))
    at = end
  }
  return entries
}
