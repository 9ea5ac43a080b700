/*
 * Words as people type them: text folded so that "Réseau", "RESEAU" and "re\u0301seau" are one word, and the finding of
 * many terms in one pass over it, with their places in the text as it was written.
 */

/** Of a longer text only the beginning is read: nobody states their request after 100,000 characters. */
export const READ_AT_MOST = 100_000

/** A text as folded words. Arrays run in parallel: `codes[i]` came from the original characters `from[i]` to `to[i]`. */
export type Folded = {
  /** UTF-16 codes of the folded words, one word after the other, without gaps. */
  readonly codes: Uint16Array
  readonly from: Int32Array
  readonly to: Int32Array
  /** Where each word begins in `codes`; one more entry than words, so that `starts[w + 1]` is the end of word `w`. */
  readonly starts: readonly number[]
}

// What the table below holds for a character; 0 while unknown; every other value is the code it folds to.
const GAP = 1
const NOTHING = 2
const SEVERAL = 3

// Letters that Unicode does not take apart, as people without them on their keyboard type them.
const LETTERS = new Map(
  'ßss æae œoe øo đd ðd łl ħh ıi ŋn þth ŧt əe ςσ'.split(' ').map(pair => [pair.charAt(0), pair.slice(1)]),
)
const LETTER = new RegExp(`[${[...LETTERS.keys()].join('')}]`, 'g')
// Accents and points of Latin, Greek, Cyrillic, Hebrew and Arabic, and the Arabic tatweel. Vowel signs of Indic scripts
// and the voicing marks of kana make other words: they stay.
const ACCENT =
  /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]|[\ufe00-\ufe0f]|[\u0591-\u05c7\u0610-\u061a\u064b-\u065f]|[\u0640\u0670]/g
const IN_WORD = /[\p{L}\p{N}\p{M}]/u
const NOT_IN_WORD = /[^\p{L}\p{N}\p{M}]/gu
// Soft hyphens, joiners and direction marks stand invisibly inside of words: seen in HTML mails and copied texts.
const INVISIBLE = /\p{Cf}/u
const MARK = /^\p{M}/u

/** One character folded: ' ' when it separates words, '' when it is nothing by itself. NFKD also unfolds ﬁ, Ｖ and ﾊ. */
function foldCharacter(character: string): string {
  if (!IN_WORD.test(character)) return INVISIBLE.test(character) ? '' : ' '
  return character
    .normalize('NFKD')
    .toLowerCase()
    .replace(LETTER, letter => LETTERS.get(letter) ?? letter)
    .replace(ACCENT, '')
    .replace(NOT_IN_WORD, '')
}

// Filled as characters are met: a lookup for each character instead of four expressions.
const table = new Uint16Array(0x1_0000)
const several = new Map<number, string>()
/** By folded code: 1 when it is a word of its own. */
const alone = new Uint8Array(0x1_0000)
alone.fill(1, 0xd840, 0xd889) // the first halves of the rarer Han characters

function learn(code: number): number {
  const folded = foldCharacter(String.fromCharCode(code))
  let entry = SEVERAL
  if (folded === ' ') entry = GAP
  else if (folded === '') entry = NOTHING
  else if (folded.length === 1) entry = folded.charCodeAt(0)
  else several.set(code, folded)
  table[code] = entry
  if (folded !== '' && standsAlone(folded.charCodeAt(0))) alone[folded.charCodeAt(0)] = 1
  return entry
}

/**
 * Scripts written without spaces (Thai, Lao, Burmese, Khmer, kana, Han): each of their characters is a word of its own,
 * so that a term is found anywhere in a run of them, as a phrase is. Marks belong to the character before.
 */
function standsAlone(code: number): boolean {
  if (code < 0x0e00) return false
  const unspaced =
    code <= 0x0eff ||
    (code >= 0x1000 && code <= 0x109f) ||
    (code >= 0x1780 && code <= 0x17ff) ||
    (code >= 0x3005 && code <= 0x3007) ||
    (code >= 0x3040 && code <= 0x31ff) ||
    (code >= 0x3400 && code <= 0x4dbf) ||
    (code >= 0x4e00 && code <= 0x9fff)
  return unspaced && !MARK.test(String.fromCharCode(code))
}

/** The words of a text, folded. Linear; reads `READ_AT_MOST` characters. */
export function foldWords(text: string): Folded {
  const length = Math.min(text.length, READ_AT_MOST)
  let codes = new Uint16Array(length + 16)
  let from = new Int32Array(length + 16)
  let to = new Int32Array(length + 16)
  const starts: number[] = []
  let at = 0
  let inWord = false
  let afterAlone = false // the word at hand is one of `standsAlone`

  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    let entry = table[code] || learn(code)
    let letters = ''
    let width = 1
    if (entry === GAP && code >= 0xd800 && code <= 0xdbff) {
      const character = String.fromCodePoint(text.codePointAt(i) ?? code)
      width = character.length
      letters = foldCharacter(character)
      entry = letters === ' ' ? GAP : letters === '' ? NOTHING : SEVERAL
    } else if (entry === SEVERAL) letters = several.get(code) ?? ''

    if (entry === GAP) inWord = false
    else if (entry === NOTHING) {
      // An accent written after its letter belongs to what is found.
      if (inWord) to[at - 1] = i + width
    } else {
      const first = entry === SEVERAL ? letters.charCodeAt(0) : entry
      const isAlone = alone[first] === 1
      if (!inWord || isAlone || (afterAlone && !MARK.test(String.fromCharCode(first)))) {
        starts.push(at)
        inWord = true
        afterAlone = isAlone
      }
      const size = entry === SEVERAL ? letters.length : 1
      if (at + size > codes.length) {
        codes = grown(codes, new Uint16Array(codes.length * 2))
        from = grown(from, new Int32Array(from.length * 2))
        to = grown(to, new Int32Array(to.length * 2))
      }
      for (let k = 0; k < size; k++) {
        codes[at] = entry === SEVERAL ? letters.charCodeAt(k) : entry
        from[at] = i
        to[at] = i + width
        at++
      }
    }
    i += width - 1
  }
  starts.push(at)
  return { codes, from, to, starts }
}

function grown<T extends Uint16Array | Int32Array>(old: T, bigger: T): T {
  bigger.set(old)
  return bigger
}
