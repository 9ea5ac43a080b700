import { type Folded, foldWords } from './words.ts'

/*
 * Terms: the words and phrases that rules look for, and a tree of them all. A text is walked once, however many terms
 * there are: from the start of each word as far as some term still agrees.
 */

/** A term ready to be looked for. Two terms with the same `key` find the same. */
export type Term = {
  readonly key: string
  /** Folded words; all but the last are followed by any white space or punctuation, or by nothing at all in Han or Thai. */
  readonly words: readonly { readonly text: string; readonly anyEnding: boolean }[]
  /** May begin inside of a word: `*drucker`, or a term of a rule that does not keep to whole words. */
  readonly anyBeginning: boolean
  /** Part of a word is enough (`wholeWords: false`); only that part then is what was found. */
  readonly anywhere: boolean
}

const PUNCTUATION = /[^*\p{L}\p{N}\p{M}\p{Cf}]/u

/** Reads a term as it stands in a rule; a text says what is wrong with it. */
export function readTerm(written: string, wholeWords: boolean): Term | string {
  const words: { text: string; anyEnding: boolean }[] = []
  let anyBeginning = !wholeWords
  for (const [at, chunk] of written.trim().split(/\s+/u).entries()) {
    const leading = chunk.startsWith('*')
    const anyEnding = chunk.length > 1 && chunk.endsWith('*')
    const core = chunk.slice(leading ? 1 : 0, anyEnding ? -1 : undefined)
    if (core.includes('*')) return `'*' stands for the beginning or the end of a word, not for its middle: "${written}"`
    const folded = foldedWords(core)
    const last = folded.pop()
    if (last === undefined) {
      if (leading) return `'*' needs a word: "${written}"`
      continue // punctuation between two words of a phrase
    }
    if (leading && at > 0) return `'*' may begin a term but not a later word of it: "${written}"`
    if (leading) anyBeginning = true
    words.push(...folded.map(text => ({ text, anyEnding: false })), { text: last, anyEnding })
  }
  if (words.length === 1 && words[0]?.text.length === 1 && PUNCTUATION.test(written.trim())) {
    return `punctuation is not read: "${written}" would be found wherever "${words[0].text}" is`
  }
  if (words.length === 0) return written.trim() === '' ? 'a term is empty' : `no letter or digit in "${written}"`
  const anywhere = !wholeWords
  const key = `${anyBeginning ? '*' : ''}${words.map(word => word.text + (word.anyEnding ? '*' : '')).join(' ')}${anywhere ? '~' : ''}`
  return { key, words, anyBeginning, anywhere }
}

function foldedWords(text: string): string[] {
  const { codes, starts } = foldWords(text)
  return starts.slice(0, -1).map((start, word) => String.fromCharCode(...codes.subarray(start, starts[word + 1])))
}

type Node = {
  /** The next letter of the same word. */
  readonly letters: Map<number, Node>
  /** The first letter of the next word. */
  nextWord: Node | null
  /** Any rest of this word, then what follows. */
  rest: Node | null
  /** The terms that are found when the word ends here. */
  readonly whole: number[]
  /** The terms that are found here even if the word goes on. */
  readonly part: number[]
}

const node = (): Node => ({ letters: new Map(), nextWord: null, rest: null, whole: [], part: [] })

/** Told for each find: the term's number, and the range of its original characters. */
export type Found = (term: number, from: number, to: number) => void

export class TermTree {
  readonly #atWordStart = node()
  readonly #anywhere = node()
  readonly #numbers = new Map<string, number>()

  /** The number by which this term will be reported; the same for terms that find the same. */
  add(term: Term): number {
    const known = this.#numbers.get(term.key)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(term.key, number)
    let here = term.anyBeginning ? this.#anywhere : this.#atWordStart
    for (const [at, word] of term.words.entries()) {
      if (at > 0) {
        here.nextWord ??= node()
        here = here.nextWord
      }
      for (let i = 0; i < word.text.length; i++) {
        const code = word.text.charCodeAt(i)
        const next = here.letters.get(code) ?? node()
        here.letters.set(code, next)
        here = next
      }
      if (word.anyEnding && !(term.anywhere && at === term.words.length - 1)) {
        here.rest ??= node()
        here = here.rest
      }
    }
    const ends = term.anywhere ? here.part : here.whole
    ends.push(number)
    return number
  }

  /** Reports every place of every term, at most once for each place where it may begin. */
  find(text: Folded, found: Found): void {
    const { codes, from, to, starts } = text
    const words = starts.length - 1
    const report = (terms: readonly number[], began: number, ended: number): void => {
      for (const term of terms) found(term, from[began] ?? 0, to[ended - 1] ?? 0)
    }
    /** Follows the tree from `here` along the letters at `at` in `word`; it began at `began`, in the word from `wordStart`. */
    const walk = (here: Node, word: number, at: number, began: number, wordStart: number): void => {
      let wordEnd = starts[word + 1] ?? 0
      for (;;) {
        if (here.part.length > 0) report(here.part, began, at)
        if (here.rest) {
          report(here.rest.whole, wordStart, wordEnd)
          if (here.rest.nextWord && word + 1 < words) walk(here.rest.nextWord, word + 1, wordEnd, began, wordStart)
        }
        if (at === wordEnd) {
          report(here.whole, wordStart, at)
          if (!here.nextWord || word + 1 >= words) return
          here = here.nextWord
          word++
          wordEnd = starts[word + 1] ?? 0
        }
        const next = here.letters.get(codes[at] ?? 0)
        if (!next) return
        here = next
        at++
      }
    }
    const inside = this.#anywhere.letters.size > 0
    for (let word = 0; word < words; word++) {
      const start = starts[word] ?? 0
      walk(this.#atWordStart, word, start, start, start)
      if (!inside) continue
      for (let at = start; at < (starts[word + 1] ?? 0); at++) walk(this.#anywhere, word, at, at, start)
    }
  }
}
