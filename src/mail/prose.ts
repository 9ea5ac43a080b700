/*
 * What of a text is language: without addresses, paths, codes, log lines and program text, which look like English.
 */

// A log line, a stack trace, a shell prompt, a line of headers or of a table.
const MACHINE_LINES: readonly RegExp[] = [
  /^\s*[[(]?\d{2,4}[-/.]\d{1,2}[-/.]\d{1,4}[T ,]{1,2}\d{1,2}:\d\d/,
  /^\s*[[(]?\d{1,2}:\d\d:\d\d\b/,
  /^\s*(?:at\s+[\w$.<>]+\s?\(|Traceback \(|Caused by:|File "|\.\.\. \d+ more)/,
  /^\s*[\w$.]{1,100}(?:Exception|Error)\b[^a-z]{0,3}(?:\s|$)/,
  /\b(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|TRACE)\b\s?[\]:|-]/,
  /[\w$]\([^)\n]{0,200}\)\s{0,9}[;{]/,
  /^\s*(?:[$#>|]|PS [A-Z]:|[A-Z]:\\)/,
]
// Share of characters that prose does not use, above which a line is program text.
const MOST_SYMBOLS = 0.2
const SYMBOLS = /[#$%&*+/0-9<=>@[\\\]^_`{|}~]/g
const QUOTED = /"[^"\n]{3,300}"|“[^”\n]{3,300}”|«[^»\n]{3,300}»|„[^“”\n]{3,300}[“”]/g
// Digits, underscores, addresses, paths, camelCase, and dots inside: names of files, hosts, packages.
const CODE = /[\p{N}_@\\=<>{}]|\/.*\/|\p{Ll}\p{Lu}|\p{L}\.\p{L}/u
const CAPITALS = /^\P{L}*\p{Lu}[\p{Lu}\P{L}]*$/u
// Most words: nothing has to be looked for in them.
const PLAIN = /^\p{L}?\p{Ll}+$/u
const EDGES = /^[^\p{L}]+|[^\p{L}\p{M}]+$/gu

/**
 * The first words of a text, about as many as fill `enough` characters, each without the punctuation around it; that
 * inside ("l'imprimante", "wi-fi") stays.
 */
export function proseWords(text: string, enough: number): string[] {
  const prose = proseLines(text, enough)
  const own = wordsOf(prose.replace(QUOTED, ' '))
  // What somebody quotes is often a message of their computer, but it may be all they wrote.
  return own.length >= 3 ? own : wordsOf(prose)
}

function proseLines(text: string, enough: number): string {
  let prose = ''
  let fenced = false
  for (const line of text.split(/\r\n|[\r\n]/)) {
    if (line.startsWith('```')) fenced = !fenced
    else if (!fenced && !MACHINE_LINES.some(pattern => pattern.test(line)) && !isMostlySymbols(line))
      prose += `${line}\n`
    if (prose.length >= enough) break
  }
  return prose.slice(0, enough)
}

function isMostlySymbols(line: string): boolean {
  const symbols = line.match(SYMBOLS)?.length ?? 0
  return symbols > 3 && symbols > MOST_SYMBOLS * line.length
}

function wordsOf(prose: string): string[] {
  const words: string[] = []
  const others: string[] = []
  for (const written of prose.split(/\s+/)) {
    const isPlain = PLAIN.test(written)
    const word = isPlain ? written : CODE.test(written) ? '' : written.replace(EDGES, '')
    if (word === '') continue
    words.push(word)
    if (isPlain || word.length === 1 || !CAPITALS.test(word)) others.push(word)
  }
  // Acronyms belong to no language, unless somebody has the Caps Lock key down.
  return others.length < words.length / 2 ? words.map(word => word.toLowerCase()) : others
}
