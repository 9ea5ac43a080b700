import { AGENT_TOKEN, MAC, MADE } from '../mail/token-form.ts'

/*
 * What must never reach a requester: what colleagues wrote to each other, what a notification tells agents alone, and the
 * addresses that give agents their powers. Quotations are cut off before (`mail/new-text.ts`); this is for the day when a
 * mail program quotes in a way that nobody has seen.
 */

/** The line in a notification below which everything is for agents alone. */
export const INTERNAL_FROM_HERE = '———— Postdesk: for agents only, from here on ————'

// The bar stands before every line of a notification that only agents may know.
const MARK = /^.{0,40}Postdesk: for agents only\b|^(?:>|[^\S\n\r\u2028\u2029])*│ /m
const TOKEN = new RegExp(AGENT_TOKEN, 'i')

/** The text above the mark of a notification; all of it when there is none. `below`: something else follows what is marked. */
export function aboveMark(text: string): { readonly text: string; readonly below: string } {
  const found = MARK.exec(text)
  if (!found) return { text, below: '' }
  const lines = text.slice(found.index).split('\n')
  const last = lines.findLastIndex(line => MARK.test(line))
  // The notification may be quoted on: what the quotation of it ends with is no word of the agent.
  const below = lines.slice(last + 1).filter(line => line.trim() !== '' && !/^\s*[>|]/.test(line))
  return { text: text.slice(0, found.index).replace(/(?<![\s>|*_])[\s>|*_]+$/, ''), below: below.join('\n') }
}

// In a file nothing stands where a mail program would have put it. Tables and trees are drawn with bars too, but with more of them.
const BAR = '(?:│|&#9474;|&#x2502;|&boxv;)'
const IN_FILE = [
  // Of the number its last digit will do: a file may be nothing but digits.
  new RegExp(`(?<=\\d)\\.${MADE}\\.${MAC}`, 'i'),
  /Postdesk:\s{1,20}for\s{1,20}agents\s{1,20}only\b/i,
  // Found by its bar, and only then looked back from: endless quote marks cost nothing.
  new RegExp(
    `${BAR}(?<=(?:^|>)[> \\t\\u00a0]{0,40}${BAR})(?:[ \\u00a0]|&nbsp;)[\\p{L}#][^│\\n<]{0,2000}(?:$|<)`,
    'imu',
  ),
]

/** Whether the text of a file holds what was written for agents alone: the mark or a line of a notification, an agent's address. */
export function isInternal(text: string): boolean {
  return IN_FILE.some(sign => sign.test(text))
}

/** So many words in a row of an internal text are no chance. */
const RUN = 8
const SHORTEST_CHARACTERS = 12

/** Words that a text for the requester shares with an internal one, or an agent's address in it; null: it may go. */
export function internalWords(text: string, internal: readonly string[]): string | null {
  if (TOKEN.test(text)) return 'the address of an agent'
  const words = wordsOf(text)
  const runs = new Map<string, number>()
  const joined = ` ${words.join(' ')} `
  for (let at = 0; at + RUN <= words.length; at++) runs.set(words.slice(at, at + RUN).join(' '), at)
  for (const note of internal) {
    const said = wordsOf(note)
    const whole = said.join(' ')
    if (said.length > 1 && said.length < RUN && whole.length >= SHORTEST_CHARACTERS && joined.includes(` ${whole} `))
      return note.trim()
    for (let at = 0; at + RUN <= said.length; at++) {
      const run = said.slice(at, at + RUN).join(' ')
      if (runs.has(run)) return run
    }
  }
  return null
}

/** Quote marks, line breaks and capitals change on the way. */
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}'’@.-]*/gu) ?? []
}
