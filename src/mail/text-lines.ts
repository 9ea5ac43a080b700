import { attribution, isFramedAttribution } from './attribution.ts'

/*
 * The lines of a mail, and which of them carry quote marks.
 */

/** What the structure of HTML says about a line: part of an attribution, of a signature, or the first line of the old mail. */
export type Role = 'attribution' | 'signature' | 'rest'

/** A line as it may be shown; `quoted` when it carries quote marks or stood in a quotation. */
export type Line = { readonly text: string; readonly quoted: boolean; readonly role: Role | null }

/** The lines of plain text (RFC 3676 §4.5: a line that begins with `>` is quoted). */
export function plainLines(text: string): Line[] {
  const lines = lineFeeds(text).split('\n')
  const indented = indentedQuotes(lines)
  return lines.map((line, at) => ({
    text: line,
    quoted: (QUOTE_MARK.test(line) && !isFramedAttribution(line)) || indented.has(at),
    role: null,
  }))
}

/** mailx and s-nail indent what they quote with a tab, right below their attribution. */
function indentedQuotes(lines: readonly string[]): ReadonlySet<number> {
  const quoted = new Set<number>()
  lines.forEach((line, at) => {
    if (line.startsWith('\t') || !/[:：]$/.test(line)) return
    let next = at + 1
    while (lines[next]?.trim() === '') next++
    if (!lines[next]?.startsWith('\t') || attribution(line) === 0) return
    for (; next < lines.length && (lines[next]?.startsWith('\t') || lines[next] === ''); next++) quoted.add(next)
  })
  return quoted
}

function lineFeeds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
}

/** RFC 3676 §4.5 stands at the start of the line; some programs set blanks before. */
export const QUOTE_MARK = /^\s{0,3}>/
