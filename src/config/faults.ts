import { DeskError } from '../errors.ts'

/** Where in the configuration: `['mailboxes', 'it', 'imap', 'port']`, `['rules', 2, 'when']`. */
export type Path = readonly (string | number)[]

/** Something wrong, found at a path. Texts never repeat a value that could be a password. */
export type Problem = {
  readonly path: Path
  /** Point to the name of the field rather than to what it holds. */
  readonly atKey?: boolean
  readonly message: string
  /** What to do about it. */
  readonly fix: string
}

/** Takes note of a problem. */
export type Find = (path: Path, message: string, fix: string) => void

/** Something wrong, at its place in a file. `path` is '' when it concerns the file as a whole. */
export type Fault = {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly path: string
  readonly message: string
  readonly fix: string
}

/** `file:line:column path message → what to do`, the form terminals and editors make clickable. */
export function faultText({ file, line, column, path, message, fix }: Fault): string {
  const text = [`${file}:${line}:${column}`, path, `${message} → ${fix}`].filter(Boolean).join(' ')
  // A name can hold what a terminal obeys, or a line of its own.
  return text.replace(/\p{Cc}/gu, control => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The configuration cannot be used. Holds every fault; the message is one line a fault. */
export class ConfigError extends DeskError {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    const inOrder = faults.toSorted((a, b) =>
      a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1,
    )
    const lines = [...new Set(inOrder.map(faultText))]
    super('config', lines.join('\n'), { fields: { faults: lines.length } })
    this.faults = inOrder
  }
}

/** `mailboxes.it.imap.port`, `rules[2].when`. */
export function pathText(path: Path): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`)).join('')
}

/** How many letters must be added, dropped, changed or swapped with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  const cells = new Map<string, number>()
  const cell = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j
    const known = cells.get(`${i} ${j}`)
    if (known !== undefined) return known
    const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
    const best = Math.min(
      cell(i - 1, j) + 1,
      cell(i, j - 1) + 1,
      cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
      swapped ? cell(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
    )
    cells.set(`${i} ${j}`, best)
    return best
  }
  return cell(a.length, b.length)
}

/** The word most probably meant, null when none is near. */
export function nearest(word: string, words: Iterable<string>): string | null {
  if (word.length > 60) return null
  // `serviceLevel`, `service-level` and `service_level` are one word to people.
  const plain = (text: string): string => text.toLowerCase().replace(/[-_ ]/g, '')
  let best: string | null = null
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of words) {
    if (Math.abs(plain(candidate).length - plain(word).length) >= least) continue
    const d = distance(plain(word), plain(candidate))
    if (d < least) [best, least] = [candidate, d]
  }
  return best
}
