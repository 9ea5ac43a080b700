import {
  COURTESY,
  FOR,
  FOR_WHAT,
  GOOD,
  GREETING,
  NO_NAMES,
  THANKS,
  WISH_HOW,
  WISH_REST,
  WISH_WHEN,
} from './thanks-phrases.ts'

/*
 * Whether a text says thanks and nothing else, so that a solved ticket stays solved. A wrong yes hides somebody's problem:
 * every word must belong to a phrase known to carry nothing, or stand where only a name does. One unknown word, a
 * question, a digit or an unhappy face, and it is no thanks.
 */

/** Letters as they compare: without accents, ł as l; hyphens and apostrophes part words. Capitals stay. */
function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[łŁøØæÆœŒßđĐ]/g, letter => LETTERS[letter] ?? letter)
    .replace(/['’‘`´‐‑-]/g, ' ')
}
const LETTERS: Readonly<Record<string, string>> = {
  ...{ ł: 'l', Ł: 'L', ø: 'o', Ø: 'O', æ: 'ae', Æ: 'Ae', œ: 'oe', Œ: 'Oe', ß: 'ss', đ: 'd', Đ: 'D' },
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter(word => word !== '')

/** `(a|b|) c` → `a c`, `b c`, `c`. */
function expand(phrase: string): string[] {
  const group = /\(([^()]*)\)/.exec(phrase)
  if (!group) return [phrase]
  const [all, inside = ''] = group
  const [before, after] = [phrase.slice(0, group.index), phrase.slice(group.index + all.length)]
  return inside.split('|').flatMap(one => expand(before + one + after))
}

function phrases(table: string): string[] {
  return table
    .split(/[\n,]/)
    .flatMap(expand)
    .map(phrase => wordsOf(fold(phrase).toLowerCase()).join(' '))
    .filter(phrase => phrase !== '')
}

type Kind = 'thanks' | 'good' | 'courtesy' | 'greeting'
const KINDS: readonly [Kind, string][] = [
  ['good', GOOD],
  ['courtesy', COURTESY],
  ['greeting', GREETING],
  ['thanks', THANKS],
]
const known = new Map(KINDS.flatMap(([kind, table]) => phrases(table).map(phrase => [phrase, kind] as const)))
const forWhat = new Set(phrases(FOR_WHAT))
const forOpeners = new Set(phrases(FOR))
const wish = {
  how: new Set(phrases(WISH_HOW)),
  when: new Set(phrases(WISH_WHEN)),
  rest: new Set(phrases(WISH_REST)),
}
const noNames = new Set(wordsOf(fold(NO_NAMES)))
const LONGEST_PHRASE = [...known.keys(), ...forWhat].reduce(
  (most, phrase) => Math.max(most, phrase.split(' ').length),
  0,
)

// Colours and genders of faces.
const FACES = /\p{Emoji_Modifier}|\ufe0e|\ufe0f|\u200d|♀|♂/gu
const HAPPY =
  /[👍🙏😊🙂😀😃😄😁😆😉😎😍🥰🤗🤩🥳🎉🎊❤♥💙💚💛🧡💜💪👌👏🙌✅✔☺💯🌞☀✨⭐🌟🌻🌷🌹💐🍀🎄🎅😇😘🤝🏆🥇]|(?<![\p{L}\p{N}])(?:[:;=]['’]?-?[)D\]*P]+|\^\^|x[dD]|<3)(?![\p{L}\p{N}])/gu

// A button pressed in place of words. Gmail (developers.google.com/workspace/gmail/reactions) writes the emoji, "Jane reacted via
// Gmail" in the reader's language and a link; Outlook "[like]  Jane reacted to your message:".
const PRESSED_IN_GMAIL = /^(\S{1,30})\s[^<]{1,200}<https:\/\/www\.google\.com\/gmail\/about\/\?[^>\s]{1,300}>\s*$/
const PRESSED_IN_OUTLOOK = /^\[(?:like|heart|celebrate|laugh)\]\s[^\n?!:]{1,150}:$/i

// Nobody needs more to say thanks.
const LONGEST_TEXT = 400
const MOST_NAMES = 6
const MOST_NAMES_TOGETHER = 5

/**
 * Does this new text (greeting and name may be left in it, the signature not) hold nothing but thanks or "it works",
 * in English, French, Dutch, German, Spanish, Italian, Portuguese, Romanian, Polish, Swedish or Danish? `language` (ISO
 * 639-1 or null) only settles what the words leave open. Attachments are the caller's to look at: they are a message too.
 */
export function isThanks(newText: string, language: string | null = null): boolean {
  if (newText.length > LONGEST_TEXT) return false
  if (PRESSED_IN_OUTLOOK.test(newText.trim())) return true
  const said = (PRESSED_IN_GMAIL.exec(newText.trim())?.[1] ?? newText).normalize('NFC').replace(FACES, '')
  if (isHappyFace(said)) return true
  const text = said
    .replace(HAPPY, ',')
    .replace(/[*_>"“”„«»¡]/g, ' ')
    .replace(/\s[-–—]+\s|[–—();]/g, ',')
  const shouts = !/\p{Ll}/u.test(text)
  const kinds = new Set<Kind>()
  let names = 0
  let before = ''
  for (const [, clause = '', after = ''] of text.matchAll(/([^\n,.!…]+)([\n,.!…\s]*)/g)) {
    // A name may begin a line or follow a comma, but not come first ("Nope, thanks"); sentences have capitals anyway.
    const read = readClause(wordsOf(fold(clause)), !shouts && /[\n,]/.test(before), shouts, language)
    if (!read) return false
    for (const kind of read.kinds) kinds.add(kind)
    names += read.names
    before = after
  }
  return names <= MOST_NAMES && (kinds.has('thanks') || kinds.has('good'))
}

function isHappyFace(text: string): boolean {
  return text.trim() !== '' && text.replace(HAPPY, '').trim() === ''
}

type Clause = { readonly kinds: ReadonlySet<Kind>; readonly names: number }

/** Null when a word of the clause belongs to nothing. */
function readClause(words: readonly string[], named: boolean, shouts: boolean, language: string | null): Clause | null {
  const kinds = new Set<Kind>()
  let names = 0
  let last: Kind | 'for' | 'name' | null = null
  for (let at = 0; at < words.length; ) {
    const opened = last === 'thanks' ? longest(words, at, forOpeners) : 0
    const object = opened > 0 || last === 'for' ? longest(words, at + opened, forWhat) : 0
    const reason = object > 0 ? opened + object : 0
    const phrase = longest(words, at, known)
    const wished = wishLength(words, at)
    const kind = kindOf(words.slice(at, at + phrase), words[at] ?? '', language)
    if (reason > Math.max(phrase, wished) || (reason > 0 && reason === phrase)) {
      at += reason
      last = 'for'
    } else if (wished > phrase) {
      at += wished
      last = 'courtesy'
    } else if (kind) {
      at += Math.max(phrase, 1)
      kinds.add(kind)
      last = kind
    } else {
      const mayFollow = last === null ? named : last !== 'name' && last !== 'good'
      const plain = last === 'greeting' && at === words.length - 1 && isPlainName(words[at] ?? '') ? 1 : 0
      const name = (mayFollow && !shouts ? nameLength(words, at) : 0) || plain
      if (name === 0) return null
      at += name
      names += name
      last = 'name'
    }
  }
  return { kinds, names }
}

/** How many words from here on are the longest phrase of `table`; 0 when none is. */
function longest(words: readonly string[], from: number, table: Pick<ReadonlySet<string>, 'has'>): number {
  for (let length = Math.min(LONGEST_PHRASE, words.length - from); length > 0; length--) {
    if (
      table.has(
        words
          .slice(from, from + length)
          .join(' ')
          .toLowerCase(),
      )
    )
      return length
  }
  return 0
}

/** In Polish "tak" is a yes. */
function kindOf(phrase: readonly string[], next: string, language: string | null): Kind | undefined {
  if (phrase.length > 0) return known.get(phrase.join(' ').toLowerCase())
  return language === 'da' && next.toLowerCase() === 'tak' ? 'thanks' : undefined
}

/** How many words from here on wish somebody a good time. */
function wishLength(words: readonly string[], from: number): number {
  let at = from
  let how = false
  let when = false
  for (;;) {
    const [hows, whens, rests] = [
      longest(words, at, wish.how),
      longest(words, at, wish.when),
      longest(words, at, wish.rest),
    ]
    const length = Math.max(hows, whens, rests)
    if (length === 0) return how && when ? at - from : 0
    how ||= hows === length
    when ||= whens === length
    at += length
  }
}

const NAME = /^\p{Lu}[\p{L}]*$/u
const PARTICLE = /^(?:van|von|de|der|den|del|della|di|da|la|le|ten|ter|zu|af|dos|do|y|bin)$/i

/** How many words from here on are a name. */
function nameLength(words: readonly string[], from: number): number {
  let length = 0
  while (from + length < words.length && length <= MOST_NAMES_TOGETHER) {
    const word = words[from + length] ?? ''
    const isName = NAME.test(word) && !noNames.has(word.toLowerCase()) && !known.has(word.toLowerCase())
    if (!isName && !(length > 0 && PARTICLE.test(word))) break
    length++
  }
  return length <= MOST_NAMES_TOGETHER ? length : 0
}

/** "hi tom" */
function isPlainName(word: string): boolean {
  return /^\p{L}{2,12}$/u.test(word) && !noNames.has(word.toLowerCase())
}

/** The word by which somebody insists that a solved ticket is not solved, by language: written alone or first in the first line. */
export const REOPEN: Readonly<Record<string, string>> = {
  en: 'REOPEN',
  fr: 'ROUVRIR',
  nl: 'HEROPENEN',
  de: 'WIEDERÖFFNEN',
  es: 'REABRIR',
  it: 'RIAPRIRE',
  pt: 'REABRIR',
  ro: 'REDESCHIDE',
  pl: 'OTWÓRZ PONOWNIE',
  sv: 'ÖPPNA IGEN',
  da: 'GENÅBN',
}
// How people write them otherwise.
const VARIANTS = [
  're open',
  'reouvrir',
  'wieder öffnen',
  'wieder oeffnen',
  'wiedereröffnen',
  'redeschidere',
  'riapri',
  'heropen',
  'aabn igen',
]
const REOPENS = [...Object.values(REOPEN), ...VARIANTS].map(word => fold(word).toLowerCase())

/**
 * The first line with which somebody insists on their ticket being opened again ("REOPEN", "Reopen: it is back"), as they
 * wrote it, at most 100 characters; null when the text does not begin so.
 */
export function insists(newText: string): string | null {
  const line = newText.slice(0, 1000).trimStart().split('\n', 1)[0]?.trim() ?? ''
  const bare = fold(line)
    .toLowerCase()
    .replace(/^[\s#*_>"“”„«»[\]/]+/, '')
  const word = REOPENS.find(one => bare.startsWith(one))
  return word !== undefined && /^[\s*_"“”»[\]]*(?:$|[.,:;!–—])/.test(bare.slice(word.length))
    ? line.slice(0, 100)
    : null
}
