import type { Address } from './message.ts'

/*
 * Signatures that no line marks off, as Outlook sets them: what a person's mails end with alike, from their name on.
 */

/**
 * A text without the signature that it shares with one of the person's earlier texts; the text as it is where there is none. Only
 * the line with their name and the very same lines behind it go: nothing that is said in this mail alone.
 */
export function withoutSharedEnd(text: string, earlier: readonly string[], from: Address): string {
  const lines = text.split('\n')
  const said = wordLines(lines)
  const names = namesOf(from)
  for (const one of earlier) {
    const before = wordLines(one.split('\n'))
    let shared = 0
    while (shared < said.length && said.at(-1 - shared)?.words === before.at(-1 - shared)?.words) shared++
    const name = said.slice(said.length - shared).find(({ words }) => isNamed(words, names))
    if (name && name.at > (said[0]?.at ?? 0)) return lines.slice(0, name.at).join('\n')
  }
  return text
}

// Of a logo's mark each mail has another number.
const MARK = /\[(?:cid|image):[^\]]{0,300}\]|\ufffc/g

/** The lines in which something stands, and where. */
function wordLines(lines: readonly string[]): { readonly words: string; readonly at: number }[] {
  return lines
    .map((line, at) => ({ words: line.replace(MARK, ' ').replace(/\s+/g, ' ').trim(), at }))
    .filter(({ words }) => words !== '')
}

function namesOf({ name, address }: Address): Set<string> {
  const named = wordsOf(name)
  return new Set(named.length > 0 ? named : wordsOf(address.replace(/@.*$/s, '')))
}

// "Dr. Jane Doe, M.Sc. (she/her)"
const MOST_BESIDE_NAME = 5

/** Does this line hold the name, its first and its last at least, and not much else? */
function isNamed(line: string, names: ReadonlySet<string>): boolean {
  const words = wordsOf(line)
  const hits = new Set(words.filter(word => names.has(word))).size
  return hits > 0 && hits >= Math.min(2, names.size) && words.length <= names.size + MOST_BESIDE_NAME
}

function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .match(/\p{L}{2,}/gu) ?? []
  )
}
