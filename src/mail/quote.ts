import {
  attribution,
  attributionEndingAt,
  attributionInside,
  isFramedAttribution,
  mayEndAttribution,
  type Sureness,
} from './attribution.ts'
import { type HeaderBlock, LONGEST_BLOCK, readCrowdedHeader, readHeaderBlock } from './header-block.ts'
import {
  type Bar,
  barInside,
  isClosing,
  isDeviceSignature,
  isPointer,
  isStroke,
  looksLikeBar,
  readBar,
  readField,
} from './phrases.ts'
import type { Line, Role } from './text-lines.ts'

/*
 * Tells apart, line by line, what a person wrote, what is quoted and what is signature. One pass; every look ahead and
 * back is bounded, so the work is linear in the text.
 */

export type Segment = {
  kind: 'own' | 'quote' | 'signature'
  readonly lines: string[]
  /** Quotes: a program wrote whose words these are, on lines of their own above or in the quotation itself. */
  readonly attributed: boolean
  readonly introduced: boolean
}

export type Scan = {
  readonly lines: readonly Line[]
  readonly segments: readonly Segment[]
  /** Something ended the person's text: the old mail follows without quote marks. */
  readonly cut: boolean
  /** A quotation was recognised by more than a `>`: nobody needs to look further. */
  readonly sure: boolean
  /** The first thing that a program wrote above an old mail. */
  readonly first: Introduction | null
  /** All own text stands below it, where an old mail stands or an answer to one: nobody can tell whose it is. */
  readonly below: boolean
}

/** What stands above an old mail: an attribution, a bar with or without a header, a header alone. */
export type Introduction = {
  readonly kind: 'attribution' | 'original' | 'forward' | 'header'
  readonly start: number
  /** The line after it. */
  readonly end: number
  readonly sureness: Sureness
  readonly header: HeaderBlock | null
}

const DELIMITER = /^--\s?$/
// A signature with the disclaimer of a law firm; more is text below a line of two strokes.
const LONGEST_SIGNATURE = 30
// Below so many lines there is a log file pasted into the mail, not the mail answered: quote marks count, phrases do not.
const MOST_JUDGED = 10_000

/** Reads the lines from first to last. */
export function scan(lines: readonly Line[]): Scan {
  return new Scanner(lines).run()
}

class Scanner {
  readonly #lines: readonly Line[]
  readonly #texts: readonly string[]
  readonly #segments: Segment[] = []
  /** Own lines found to be worth nothing so far: segment and line, from where to look on. */
  #judged = { segment: 0, line: 0 }
  #own = false
  /** Lines above this one belong to no attribution. */
  #floor = 0
  /** In a signature below two strokes: it goes on until the old mail begins, for nothing marks its end. */
  #belowStrokes = false
  #signatureLines = 0
  #sure = false
  #first: Introduction | null = null
  #below = false

  constructor(lines: readonly Line[]) {
    this.#lines = lines
    this.#texts = lines.map(line => line.text)
  }

  run(): Scan {
    for (let at = 0; at < this.#lines.length; ) {
      const next = this.#step(at)
      if (next < 0) return this.#found({ cut: true, sure: true })
      at = next
    }
    return this.#found({ cut: false, sure: this.#sure })
  }

  #found(how: Pick<Scan, 'cut' | 'sure'>): Scan {
    return { ...how, lines: this.#lines, segments: this.#segments, first: this.#first, below: this.#below }
  }

  /** Takes the line at `at`; gives the number of the next one, -1 when the old mail begins. */
  #step(at: number): number {
    const { text, quoted, role } = this.#lines[at] ?? NOTHING
    if (role === 'rest' && !quoted) {
      if (this.#hasOwn()) return this.#isPointed() ? this.#keepAll(at) : -1
      this.#below = true
    }
    if (quoted) {
      const tail = this.#attributionTail(at, text)
      return tail ? this.#introduced(tail, at) : this.#quote(at, text, role !== null)
    }
    if (text.trim() === '') {
      this.#segments.at(-1)?.lines.push('')
      return at + 1
    }
    if (role === 'signature') return this.#signature(at, text)
    if (at > MOST_JUDGED || (role === null && !TELLING.test(text))) return this.#plain(at, text)
    const split = role === null ? this.#split(at, text) : null
    if (split !== null) return split
    const introduction = this.#introduction(at, text, role)
    return introduction ? this.#introduced(introduction, at) : this.#plain(at, text)
  }

  /** What a program wrote above the old mail: a bar, a header, an attribution. */
  #introduction(at: number, text: string, role: Role | null): Introduction | null {
    if (role === 'attribution') {
      let end = at + 1
      while (this.#lines[end]?.role === 'attribution' && !this.#lines[end]?.quoted) end++
      return { kind: 'attribution', start: at, end, sureness: 2, header: null }
    }
    if (isFramedAttribution(text)) return { kind: 'attribution', start: at, end: at + 1, sureness: 2, header: null }
    const bar = readBar(text)
    if (bar) return this.#bar(bar, at, text)
    const header = readField(text) ? readHeaderBlock(this.#texts, at, false, this.#nextMark(at)) : null
    if (header) return { kind: 'header', start: this.#barAbove(at), end: header.end, sureness: 2, header }
    if (!mayEndAttribution(text)) return null
    const found = attributionEndingAt(index => this.#candidate(index, at), at)
    return found ? { kind: 'attribution', ...found, end: at + 1, header: null } : null
  }

  /** Words between strokes right above a header: a bar in a language that we do not know. */
  #barAbove(header: number): number {
    let at = header - 1
    while (at > header - 4 && this.#candidate(at, header)?.trim() === '') at--
    return looksLikeBar(this.#candidate(at, header) ?? '') ? at : header
  }

  /** The next line of which HTML says that something else begins. */
  #nextMark(at: number): number {
    let next = at + 1
    while (next <= at + LONGEST_BLOCK && this.#lines[next]?.role === null) next++
    return next
  }

  /** A line above `end` that may belong to an attribution: the person's own so far, and in one piece with it. */
  #candidate(index: number, end: number): string | null {
    if (index < this.#floor || index < 0) return null
    const line = this.#lines[index]
    return line && (index === end || (!line.quoted && line.role === null)) ? line.text : null
  }

  /** A bar, and the header behind it or below, past an empty line or two. */
  #bar(kind: Bar, at: number, text: string): Introduction {
    const fields = readCrowdedHeader(text)
    if (fields) return { kind, start: at, end: at + 1, sureness: 2, header: { end: at + 1, fields } }
    let next = at + 1
    while (next < at + 4 && this.#lines[next]?.text.trim() === '') next++
    const header = this.#lines[next]?.quoted ? null : readHeaderBlock(this.#texts, next, true)
    return { kind, start: at, end: header?.end ?? at + 1, sureness: 2, header }
  }

  #introduced(introduction: Introduction, at: number): number {
    const next = this.#skipBlank(introduction.end)
    const marked = this.#lines[next]?.quoted === true
    if (marked || introduction.sureness === 2) this.#first ??= introduction
    if (marked) {
      this.#takeBack(at - introduction.start)
      this.#sure = true
      this.#segments.push({ kind: 'quote', lines: [], attributed: true, introduced: true })
      this.#floor = next
      return next
    }
    if (introduction.sureness < 2 && !this.#isBelowDevice(introduction)) return this.#plain(at, this.#texts[at] ?? '')
    this.#takeBack(at - introduction.start)
    if (this.#hasOwn()) return this.#isShown(introduction) ? this.#keepAll(introduction.start) : -1
    // Nothing above but strokes and signatures: a bare forward, or an answer below a quote without marks.
    this.#restart(introduction.end)
    return introduction.end
  }

  /** A phone signed the person's words: what says "Jef wrote:" below that is a program too. It sets no date without a time. */
  #isBelowDevice({ start, end }: Introduction): boolean {
    const said = this.#texts.slice(start, end).join(' ')
    if ((/\d/.test(said) && !said.includes('@')) || this.#below || !this.#hasOwn()) return false
    let above = start - 1
    while (above > start - 4 && this.#texts[above]?.trim() === '') above--
    return isDeviceSignature(this.#texts[above] ?? '')
  }

  /** The text below is all there is. */
  #restart(at: number): void {
    const quotes = this.#segments.filter(segment => segment.kind === 'quote')
    this.#segments.splice(0, this.#segments.length, ...quotes)
    this.#judged = { segment: 0, line: 0 }
    this.#belowStrokes = false
    this.#floor = at
    this.#below = true
  }

  /** An attribution or a bar that begins behind the last word of the text, with quoted lines or a header below. */
  #split(at: number, text: string): number | null {
    const bar = barInside(text)
    if (bar) {
      this.#plain(at, text.slice(0, bar.at).trimEnd())
      return this.#introduced(this.#bar(bar.kind, at, text.slice(bar.at)), at)
    }
    if (!mayEndAttribution(text) || !this.#lines[this.#skipBlank(at + 1)]?.quoted) return null
    const inside = attributionInside(text)
    if (inside < 1) return null
    this.#plain(at, text.slice(0, inside).replace(/[-_\s]+$/, ''))
    return this.#introduced({ kind: 'attribution', start: at, end: at + 1, sureness: 2, header: null }, at)
  }

  #plain(at: number, text: string): number {
    const last = this.#segments.at(-1)
    if (last?.kind === 'signature' && this.#belowStrokes) {
      last.lines.push(text)
      // Too long for a signature: the person set the strokes to part the text.
      if (++this.#signatureLines > LONGEST_SIGNATURE) {
        last.kind = 'own'
        this.#own = true
      }
      return at + 1
    }
    if (DELIMITER.test(text)) return this.#signature(at, text)
    if (last?.kind === 'quote' && this.#isWrappedQuote(at, text)) {
      last.lines.push(text)
      return at + 1
    }
    if (last?.kind === 'own') last.lines.push(text)
    else {
      this.#segments.push({ kind: 'own', lines: [text], attributed: false, introduced: false })
      this.#floor = at
    }
    return at + 1
  }

  #signature(at: number, text: string): number {
    const last = this.#segments.at(-1)
    if (last?.kind === 'signature') last.lines.push(text)
    else {
      this.#segments.push({ kind: 'signature', lines: [text], attributed: false, introduced: false })
      this.#signatureLines = 0
    }
    this.#belowStrokes = this.#lines[at]?.role === null
    this.#floor = at + 1
    return at + 1
  }

  #quote(at: number, text: string, attributed: boolean): number {
    const last = this.#segments.at(-1)
    if (attributed) this.#sure = true
    if (last?.kind === 'quote') last.lines.push(text)
    else
      this.#segments.push({
        kind: 'quote',
        lines: [text],
        attributed: attributed || this.#isAttributedInside(at),
        introduced: false,
      })
    this.#floor = at + 1
    return at + 1
  }

  /** Apple Mail and Outlook for iOS set the attribution or the header inside the quotation. */
  #isAttributedInside(at: number): boolean {
    for (let next = at; next < at + 3 && at < MOST_JUDGED; next++) {
      const bare = (this.#texts[next] ?? '').replace(/^[\s>]+/, '')
      const joined = `${bare} ${(this.#texts[next + 1] ?? '').replace(/^[\s>]+/, '')}`
      if (attribution(bare) > 0 || attribution(joined) > 0 || readField(bare)?.kind === 'from') return true
    }
    return false
  }

  /** "…<jef@example.org" / "> wrote:" — the bracket of a wrapped address is no quote mark. */
  #attributionTail(at: number, text: string): Introduction | null {
    if (at <= this.#floor - 1 || this.#lines[at]?.role || text.length > 60 || !TAIL.test(text)) return null
    const found = attributionEndingAt(index => this.#candidate(index, at), at)
    return found && found.start < at ? { kind: 'attribution', ...found, end: at + 1, header: null } : null
  }

  /** A quoted line broken in two on its way: the second half has no mark. Answers stand apart or begin a sentence. */
  #isWrappedQuote(at: number, text: string): boolean {
    const above = this.#lines[at - 1]
    if (!above?.quoted || !this.#lines[at + 1]?.quoted) return false
    if (LINK_ONLY.test(text)) return true
    const before = above.text.trimEnd()
    if (/[<(]https?:[^\s<>()]*$/.test(before.slice(-300)) && /^\S+[>)]\s*$/.test(text)) return true
    const word = text.trimStart().split(/\s/, 1)[0] ?? ''
    return before.length + 1 + word.length > 68 && before.length > 55 && !/[?!:]$/.test(before) && /^\p{Ll}/u.test(text)
  }

  #skipBlank(from: number): number {
    let next = from
    while (this.#lines[next]?.text.trim() === '' && !this.#lines[next]?.quoted) next++
    return next
  }

  /** Takes the lines of a wrapped attribution back from the person's text. */
  #takeBack(count: number): void {
    const lines = this.#segments.at(-1)?.lines
    if (!lines || count < 1) return
    lines.length = Math.max(0, lines.length - count)
    if (this.#segments[this.#judged.segment]?.lines === lines)
      this.#judged.line = Math.min(this.#judged.line, lines.length)
  }

  /** Has the person written anything so far? Each line is judged once. */
  #hasOwn(): boolean {
    while (!this.#own && this.#judged.segment < this.#segments.length) {
      const segment = this.#segments[this.#judged.segment]
      const line = segment?.kind === 'own' ? segment.lines[this.#judged.line] : undefined
      if (line !== undefined) {
        this.#own = isWorth(line)
        this.#judged.line++
      } else if (segment === this.#segments.at(-1)) break
      else this.#judged = { segment: this.#judged.segment + 1, line: 0 }
    }
    return this.#own
  }

  /** The person shows what stands below, and may go on after it. */
  #isShown({ kind, start }: Introduction): boolean {
    if (kind !== 'attribution' && this.#isPointed()) return true
    // Bars are written by programs alone. An attribution may stand right below the person's last word.
    if (kind !== 'header' && (kind !== 'attribution' || this.#texts[start - 1]?.trim() !== '')) return false
    const last = this.#segments.at(-1)
    const own = last?.kind === 'own' ? last.lines : []
    const line = own.findLast(text => text.trim() !== '') ?? ''
    // Some programs set a second line above the old mail, and companies "Follow us on:" below a parting.
    if (!/[:：]\s*$/.test(line.slice(-9)) || own.some(text => text !== line && isClosing(text))) return false
    return attribution(line) === 0 && readBar(`-----${line}-----`) === null
  }

  /** All that the person wrote is "FYI": what stands below is what they want read. */
  #isPointed(): boolean {
    let said = ''
    for (const segment of this.#segments) {
      if (segment.kind !== 'own') continue
      for (const line of segment.lines) {
        said += said && line ? ` ${line.trim()}` : line.trim()
        if (said.length > 100) return false
      }
    }
    return isPointer(said)
  }

  #keepAll(at: number): number {
    this.#segments.push({ kind: 'own', lines: ['', ...this.#texts.slice(at)], attributed: false, introduced: false })
    return this.#lines.length
  }
}

// Without any of these no line is an attribution, a field or a bar.
const TELLING = />>>|##|®|[:：—–~‐‑―─━]|--|__|==|- -|wrote|^\s*\d{4}[-/]/
const NOTHING: Line = { text: '', quoted: false, role: null }
const TAIL = /^>\s{0,2}(?:[\p{L}()]{1,20}(?:\s[\p{L}()]{1,20}){0,3})?\s?[:：]?\s*$/u
const LINK_ONLY = /^\s*[(<[]?https?:\/\/[^\s<>()]{1,500}[)>\]]?[\s>]*$/

/** Neither a stroke nor what a phone adds. */
function isWorth(text: string): boolean {
  return text.trim() !== '' && !isStroke(text) && !isDeviceSignature(text)
}
