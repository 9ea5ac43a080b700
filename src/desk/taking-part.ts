/*
 * What people in copy are told once, at the end of the first answer they get: why they get it, and how to get no more.
 */

type Words = { readonly leave: string; readonly notice: string }

// The word is the last in its sentence, so that nobody wonders whether a full stop belongs to it.
const WORDS: Readonly<Record<string, Words>> = {
  en: { leave: 'LEAVE', notice: 'Whoever is in copy and wants no more of these mails replies with one word: LEAVE' },
  fr: {
    leave: 'QUITTER',
    notice: 'Les personnes en copie qui ne souhaitent plus recevoir ces messages répondent par un seul mot : QUITTER',
  },
  nl: {
    leave: 'AFMELDEN',
    notice: 'Wie in kopie staat en deze mails niet meer wil krijgen, antwoordt met één woord: AFMELDEN',
  },
  de: {
    leave: 'ABMELDEN',
    notice: 'Wer in Kopie steht und diese Mails nicht mehr bekommen möchte, antwortet mit einem Wort: ABMELDEN',
  },
  es: {
    leave: 'SALIR',
    notice: 'Quien esté en copia y no quiera recibir más estos mensajes responde con una sola palabra: SALIR',
  },
  it: {
    leave: 'ESCI',
    notice: 'Chi è in copia e non vuole più ricevere questi messaggi risponda con una sola parola: ESCI',
  },
}

const LEAVE = new Set(Object.values(WORDS).map(({ leave }) => leave.toLowerCase()))
const LONGEST = 40

/** Does this new text ask to be left out? Only the word alone on the first line does, in any of our languages. */
export function wantsToLeave(newText: string): boolean {
  const [first = ''] = newText.trimStart().split('\n', 1)
  const line = first.trim()
  // A line without end is no word, and would keep the pattern busy for minutes.
  return line.length <= LONGEST && LEAVE.has(line.replace(/[.!]+$/, '').toLowerCase())
}

/** What those in copy are told, in this language or in English. */
export function copyNotice(language: string): string {
  return (WORDS[language] ?? WORDS['en'])?.notice ?? ''
}
