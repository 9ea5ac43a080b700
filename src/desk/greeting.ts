/*
 * The name to greet somebody by, out of the display name of their address. Rather no name than a wrong one: what does not
 * look like the name of a person gives none, and so nothing but letters ever gets into a greeting.
 */

/** `first`: Anna; `full`: Anna Meier. Both null, or `first` alone, when the name does not tell. */
export type Names = { readonly first: string | null; readonly full: string | null }

const NONE: Names = { first: null, full: null }

// A word of a name: letters with their marks, joined by hyphens and apostrophes ("Jean-Pierre", "O'Neil").
const WORD = /^(?=.{1,30}$)\p{L}[\p{L}\p{M}]*(?:[-'’]\p{L}[\p{L}\p{M}]*)*$/u
const INITIAL = /^\p{Lu}\.?$/u
// "(IT)", "[External]", "Anna Meier | ACME", "Anna Meier via Team", "Anna Meier - ACME".
const ADDITION = /\s*(?:\([^()]*\)|\[[^[\]]*\])|\s+(?:[|/–—-]|via)\s.*$/giu
const MOST_WORDS = 5

const TITLES = new Set(
  (
    'dr prof professor mr mrs ms miss mx sir herr frau hr fr dipl dipl-ing ing mag mme mlle m dhr mevr mw drs ir ' +
    'sr sra srta dl dna dna d-na dnei phd md mba msc bsc jr cpa esq'
  ).split(' '),
)

/** Particles stand inside a name in lower case: "Anna van der Berg". */
const PARTICLES = new Set(
  'van der den de du des la le von zu zum zur da dos di del della ten ter te el al y e'.split(' '),
)

/** A name with one of these is that of a function, a room or a machine. */
const FUNCTIONS = new Set(
  (
    'it hr edv admin administrator administration administratie administrare info information support suporte suport ' +
    'helpdesk help desk service servicio servicii team equipe équipe equipo echipa office büro buero bureau oficina birou ' +
    'reception réception recepción receptie recepție empfang sales vertrieb ventas vânzări marketing accounting accounts ' +
    'buchhaltung comptabilité contabilidad contabilitate boekhouding scanner printer drucker kopierer imprimante mailer daemon ' +
    'noreply no-reply postmaster webmaster root system user test mail email e-mail customer kunde client department abteilung'
  ).split(' '),
)

/** The names in a display name: `Pop, Ana` → Ana; `ANNA MEIER` → Anna; `anna.meier@example.org`, `IT Support` → none. */
export function namesOf(displayName: string): Names {
  if (displayName.length > 200) return NONE
  const bare = displayName.replace(/["“”„«»`]|^\s*'|'\s*$/g, '').replace(ADDITION, ' ')
  const [before = [], ...after] = bare.split(',').map(part => wordsOf(part))
  // "Pop, Ana" names the family first; "Anna Meier, PhD" has nothing but titles behind the comma.
  const given = after.find(words => words.length > 0)
  const words = given ? [...given, ...before] : before
  if (words.length === 0 || words.length > MOST_WORDS || !words.every(word => WORD.test(word) || INITIAL.test(word)))
    return NONE
  if (words.some(word => FUNCTIONS.has(word.toLowerCase()))) return NONE

  const first = given?.[0] ?? firstOf(words)
  if (words.length === 1 && isShouted(first) && first.length <= 3) return NONE // an abbreviation: "ACM"
  const inOrder = [first, ...words.filter(word => word !== first)]
  return { first: INITIAL.test(first) ? null : inNameCase(first, 0), full: inOrder.map(inNameCase).join(' ') }
}

/** "MEIER Anna": where one word alone is shouted it is the family's, as French, Belgian and Romanian companies write. */
function firstOf(words: readonly string[]): string {
  const [first = ''] = words
  if (INITIAL.test(first) || !isShouted(first)) return first
  return words.find(word => !isShouted(word) && !INITIAL.test(word) && !PARTICLES.has(word.toLowerCase())) ?? first
}

function wordsOf(part: string): string[] {
  return part.split(/\s+/).filter(word => word !== '' && !TITLES.has(word.replaceAll('.', '').toLowerCase()))
}

function isShouted(word: string): boolean {
  return word.length > 1 && word === word.toUpperCase() && word !== word.toLowerCase()
}

/** "MEIER" and "meier" → "Meier"; what has capitals and small letters already is spelt as its owner wants it. */
function inNameCase(word: string, at: number): string {
  const lower = word.toLowerCase()
  if (at > 0 && PARTICLES.has(lower)) return word === word.toUpperCase() ? lower : word
  if (word !== lower && !isShouted(word)) return word
  return lower.replace(/(^|[-'’])(\p{L})/gu, (_, joint: string, letter: string) => joint + letter.toUpperCase())
}
