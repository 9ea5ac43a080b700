import { ngramWeights } from './byte-ngrams.ts'
import { proseWords } from './prose.ts'

/*
 * The language somebody writes in. Short texts decide it badly, and a wrong language is worse than none (the mailbox has
 * one): so first everything that is no language is taken out, and then a lead is asked for.
 */

// Where n-grams doubt, the small words decide: they are half of what people write, and they survive typing without accents.
const SMALL_WORDS: Readonly<Record<string, string>> = {
  en: 'the my is not please can could i you your to have has and it with when for this of are was hi hello be does how we need thanks thank a an on at from any would will there',
  fr: 'le la les je ne pas est mon ma mes une un des pour sur avec bonjour merci vous nous que qui plus dans depuis cette ce c j l d n s suis il elle ou et en au aux du de a avez svp mais',
  nl: 'de het een ik niet mijn is van op en graag kan kunnen bij naar geen wij we dit voor aub bedankt dank met wordt zijn hoe wat te er heb heeft nog of om ook maar jullie u in aan wanneer',
  de: 'der die das ich nicht mein meine ist und bitte kann ein eine mit auf nach hallo guten wir zu von fur danke sie geht keine kein den dem im in es hat habe wann wie noch nur seit beim fuer ihr mir',
  ro: 'nu si la va rog sa mi am de ma meu mea este e pe cu buna ziua multumesc pentru imi unui un o din se poate pot mai ce care cand ne dati imi il le are fost vreau puteti cum in dar',
  es: 'el la los las no mi por favor que una un puedo esta este con para hola gracias de del se me desde tengo cuando como y en es hay pueden mis lo al necesito nos ya pero',
  it: 'il la lo i gli le non mi per favore un una che di con buongiorno grazie del della sono ho posso alla al ancora dal questo e da in mio mia quando come si ci puo potete vorrei piu ma',
  pt: 'o a os as nao meu minha por favor que um uma com para do da dos no na bom dia obrigado obrigada consigo estou preciso em e de se me quando como esta podem foi ja mas ao pode',
  pl: 'nie sie na prosze moj moje moja mam do jest w z i dzien dobry moge czy to dziekuje od po jak za co juz dla o ze mi ten ale bo mozna kiedy nowy prosimy',
  sv: 'jag inte min mitt mina och att det den ar en ett pa kan har tack hej med for fran till ni nagon vi som i av om mig nar hur igen vill var ska finns men ej',
}
const languagesOf = new Map<string, string[]>()
for (const [language, words] of Object.entries(SMALL_WORDS)) {
  for (const word of new Set(words.split(' '))) languagesOf.set(word, [...(languagesOf.get(word) ?? []), language])
}

// Names of products and words of the trade are the same in every language: "Outlook crash" is not yet English.
const INTERNATIONAL = new Set(
  (
    'outlook teams excel powerpoint word windows office linux mac macbook microsoft google chrome firefox edge safari adobe ' +
    'acrobat citrix zoom slack jira confluence salesforce workday android iphone ipad samsung lenovo dell vpn wifi sap pdf ' +
    'usb laptop desktop tablet smartphone printer router server software hardware email mail internet intranet online offline ' +
    'login password reset update upgrade account token ticket app crash test info status link support helpdesk admin ok asap e-mail wi-fi'
  ).split(' '),
)

const READ_AT_MOST = 8_000
/** A text is looked at in pieces of about so many characters, the first ones, until the language is clear. */
const PIECE = 64
const PIECES = 8

// Found on 280 short sentences (not those of the test): what a small word weighs beside the mean weight of an n-gram
// (counted once a word), and the lead the first language needs over the second, in all and relatively.
const SMALL_WORD = 40
const LEAD = 30
const RELATIVE_LEAD = 0.08
/** With so many times the lead, the rest of the text need not be asked: it is half of the cost of a mail's language. */
const CLEAR = 3

/** ISO 639-1 of what is written; null when it is too short or too mixed to tell. Reads the first 8,000 characters. */
export function detectLanguage(text: string): string | null {
  const prose = proseWords(text.slice(0, READ_AT_MOST).normalize('NFC'), PIECE * PIECES)
  const words = prose.filter(word => !INTERNATIONAL.has(word.toLowerCase()))
  if (words.length < 2) return null
  const evidence = new Map<string, number>()
  const add = (language: string, weight: number): void => {
    evidence.set(language, (evidence.get(language) ?? 0) + weight)
  }
  for (const piece of pieces(words)) {
    const joined = piece.join(' ')
    for (const [language, weight] of ngramWeights(joined)) add(language, piece.length * weight)
    for (const word of fold(joined)) {
      for (const language of languagesOf.get(word) ?? []) add(language, SMALL_WORD)
    }
    if (leads(evidence, CLEAR)) break
  }
  const language = leads(evidence, 1)
  if (!language) return null
  // "Marco Rossi, Via Roma": a name tells where somebody comes from, not what they write.
  const namesOnly = words.every(word => /^\p{Lu}/u.test(word))
  return namesOnly && !fold(words.join(' ')).some(word => languagesOf.get(word)?.includes(language)) ? null : language
}

/** The language that is ahead of the second one by `times` the lead that is needed; null when none is. */
function leads(evidence: ReadonlyMap<string, number>, times: number): string | null {
  let first: string | null = null
  let most = 0
  let second = 0
  for (const [language, weight] of evidence) {
    if (weight > most) {
      second = most
      most = weight
      first = language
    } else if (weight > second) second = weight
  }
  const lead = most - second
  return lead < times * LEAD || lead < times * RELATIVE_LEAD * most ? null : first
}

/** Words in lower case and without accents; "sa-mi" and "l'écran" are two. */
function fold(text: string): string[] {
  return text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ł', 'l')
    .split(/\P{L}+/u)
}

/** Runs of words of about `PIECE` characters, the first few of them. */
function pieces(words: readonly string[]): string[][] {
  const all: string[][] = [[]]
  let size = 0
  for (const word of words) {
    size += word.length + 1
    if (size > PIECE) {
      if (all.length === PIECES) break
      all.push([])
      size = word.length + 1
    }
    all.at(-1)?.push(word)
  }
  return all
}
