import { type TokenizerCallbacks as Callbacks, Tokenizer } from 'htmlparser2'

/*
 * HTML read as text, straight from the tokens and without a tree: linear whatever the nesting (the tree builders are
 * quadratic in it). Where a caller needs to know which lines stood in which element, it gets regions of lines.
 */

/** What `walkHtml` reports, in document order; names in lower case. End tags come as written, matched to nothing. */
export type HtmlEvents = {
  open(name: string, attributes: ReadonlyMap<string, string>): void
  close(name: string): void
  text(text: string): void
}

/** Reads HTML token by token, in linear time. Script, style and title arrive as text inside their tags. */
export function walkHtml(source: string, events: HtmlEvents): void {
  let name = ''
  let attributes = new Map<string, string>()
  let key = ''
  let value = ''
  const opened = (): void => events.open(name, attributes)
  const callbacks: Callbacks = {
    onopentagname(start, end) {
      name = source.slice(start, end).toLowerCase()
      attributes = new Map()
    },
    onattribname(start, end) {
      key = source.slice(start, end).toLowerCase()
      value = ''
    },
    onattribdata(start, end) {
      value += source.slice(start, end)
    },
    onattribentity(codepoint) {
      value += String.fromCodePoint(codepoint)
    },
    onattribend() {
      if (!attributes.has(key)) attributes.set(key, value)
    },
    onopentagend: opened,
    onselfclosingtag: opened,
    onclosetag(start, end) {
      events.close(source.slice(start, end).toLowerCase())
    },
    ontext(start, end) {
      events.text(source.slice(start, end))
    },
    ontextentity(codepoint) {
      events.text(String.fromCodePoint(codepoint))
    },
    oncdata() {},
    oncomment() {},
    ondeclaration() {},
    onprocessinginstruction() {},
    onend() {},
  }
  const tokenizer = new Tokenizer({ decodeEntities: true }, callbacks)
  tokenizer.write(source)
  tokenizer.end()
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

const VOID = words('area base basefont br col embed frame hr img input link meta param source track wbr')
const SILENT = words('script style title noscript noframes noembed template object svg math')
const BLOCK = words(
  'address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html iframe legend li main nav ol optgroup option p pre section select summary table tbody td tfoot th thead tr ul',
)
const CELL = words('td th')
// What an end tag inside does not reach beyond (the scope of the HTML standard, §13.2.4.2).
const SCOPE = words('table td th caption html template')
// Set apart by an empty line, as a browser does with its margins.
const SPACED = words('p h1 h2 h3 h4 h5 h6 ul ol dl blockquote pre table hr')
const CLOSES: Readonly<Record<string, ReadonlySet<string>>> = {
  li: words('li'),
  dt: words('dd dt'),
  dd: words('dd dt'),
  td: words('td th'),
  th: words('td th'),
  tr: words('tr td th'),
  tbody: words('thead tbody tr td th'),
  tfoot: words('thead tbody tr td th'),
  option: words('option'),
}
// Outlook and editors that write a paragraph a line, without margins.
const TIGHT = /\b(?:Mso\w+|PlainText|x_Mso\w+)\b|margin(?:-top|-bottom)?:\s*0/i
const HIDDEN = /(?:^|[;\s])(?:display:\s*none|mso-hide:\s*all|visibility:\s*hidden)/i
const VERBATIM = /white-space:\s*(?:pre|pre-wrap|pre-line|break-spaces)\b/i
const PICTOGRAM = /^\p{Extended_Pictographic}(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f){0,12}$/u

/** The lines that stood in one element. `kind` is what `classify` called it; the order is that of the start tags. */
export type Region<Kind extends string> = { readonly kind: Kind; readonly from: number; to: number }

export type HtmlLines<Kind extends string> = { readonly lines: string[]; readonly regions: readonly Region<Kind>[] }

type Open = {
  name: string
  scope: number
  block: number
  list: boolean
  verbatim: boolean
  hidden: boolean
  region: { to: number } | null
}

/** HTML laid out in lines, and the regions of the elements that `classify` gives a kind. */
export function readHtml<Kind extends string>(
  source: string,
  classify: (name: string, attributes: ReadonlyMap<string, string>) => Kind | null,
): HtmlLines<Kind> {
  const page = new Page()
  const regions: Region<Kind>[] = []
  const stack: Open[] = []
  const where = new Map<string, number[]>()
  const counters: (number | null)[] = []
  let verbatim = 0
  let hidden = 0

  const pop = (): void => {
    const element = stack.pop()
    if (!element) return
    where.get(element.name)?.pop()
    if (element.list) counters.pop()
    if (element.verbatim) verbatim--
    if (element.hidden) hidden--
    if (!hidden && BLOCK.has(element.name) && !CELL.has(element.name)) {
      page.block(SPACED.has(element.name) && element.name !== 'p' && counters.length === 0)
    }
    if (element.region) element.region.to = page.position()
  }

  walkHtml(source, {
    open(name, attributes) {
      const closes = CLOSES[name] ?? (BLOCK.has(name) && !CELL.has(name) ? PARAGRAPH : undefined)
      while (closes?.has(stack.at(-1)?.name ?? '')) pop()
      const style = attributes.get('style') ?? ''
      const isHidden = SILENT.has(name) || (style !== '' && HIDDEN.test(style))
      if (!hidden && !isHidden) start(name, attributes, style)
      const kind = hidden || isHidden ? null : classify(name, attributes)
      let region: Region<Kind> | null = null
      if (kind !== null) {
        const at = page.position()
        region = { kind, from: at, to: at }
        regions.push(region)
      }
      if (VOID.has(name)) return
      const above = stack.at(-1)
      const index = stack.length
      const list = name === 'ul' || name === 'ol'
      const keeps = name === 'pre' || (style !== '' && VERBATIM.test(style))
      if (list) counters.push(name === 'ol' ? Number.parseInt(attributes.get('start') ?? '1', 10) || 1 : null)
      if (keeps) verbatim++
      if (isHidden) hidden++
      const scope = SCOPE.has(name) ? index : (above?.scope ?? 0)
      const block = BLOCK.has(name) ? index : (above?.block ?? -1)
      stack.push({ name, scope, block, list, verbatim: keeps, hidden: isHidden, region })
      const known = where.get(name)
      if (known) known.push(index)
      else where.set(name, [index])
    },
    close(name) {
      const at = where.get(name)?.at(-1)
      const top = stack.at(-1)
      if (at === undefined || !top) return
      // An end tag reaches into no other cell, and one of `b` or `span` not beyond the block it stands in.
      if (at < top.scope && !SCOPE.has(name) && !TABLE.has(name)) return
      if (!BLOCK.has(name) && !SILENT.has(name) && at < top.block) return
      while (stack.length > at) pop()
    },
    text(text) {
      if (hidden) return
      if (verbatim > 0) page.verbatim(text)
      else page.write(text)
    },
  })
  while (stack.length > 0) pop()
  return { lines: page.finish(), regions }

  function start(name: string, attributes: ReadonlyMap<string, string>, style: string): void {
    if (name === 'br') page.newline()
    else if (CELL.has(name)) page.space()
    else if (BLOCK.has(name)) page.block(SPACED.has(name) && !isTight(attributes, style) && counters.length === 0)
    if (name === 'li') page.mark(bullet(counters))
    if (name === 'img' && PICTOGRAM.test(attributes.get('alt') ?? '')) page.write(attributes.get('alt') ?? '')
  }
}

const PARAGRAPH = words('p')
const TABLE = words('tr tbody thead tfoot')

/** HTML as readable plain text: line breaks, paragraphs, list items and table rows kept. */
export function htmlToText(source: string): string {
  return tidy(readHtml(source, () => null).lines)
}

/** Lines as text: no blanks at their ends, no long gaps between them, none around. */
export function tidy(lines: readonly string[]): string {
  return lines
    .map(line => line.trimEnd())
    .join('\n')
    .replace(/\n{4,}/g, '\n\n\n')
    .replace(/^\n+|\n+$/g, '')
}

function isTight(attributes: ReadonlyMap<string, string>, style: string): boolean {
  return TIGHT.test(`${attributes.get('class') ?? ''} ${style}`.slice(0, 500))
}

function bullet(counters: (number | null)[]): string {
  const number = counters.at(-1)
  if (typeof number !== 'number') return '- '
  counters[counters.length - 1] = number + 1
  return `${number}. `
}

/** Text being laid out: white space folded, empty lines asked for and given only when more text follows. */
class Page {
  #lines: string[] = []
  #line = ''
  #gap = false
  #space = false
  #blank = false
  #mark = ''

  /** The number of the line that comes next; a line begun is ended. */
  position(): number {
    this.block(false)
    return this.#lines.length
  }

  newline(): void {
    this.#open()
    this.#push()
  }

  block(spaced: boolean): void {
    if (this.#line !== '' || this.#mark !== '') this.#push()
    // `<p>&nbsp;</p>` is how Outlook writes an empty line.
    else if (this.#blank) this.#lines.push('')
    this.#blank = false
    this.#space = false
    if (spaced && this.#lines.length > 0) this.#gap = true
  }

  space(): void {
    this.#space = this.#line !== ''
  }

  mark(mark: string): void {
    this.#mark = mark
  }

  write(text: string): void {
    const folded = text.replace(/[ \t\r\n\f\u00a0]+/g, ' ')
    const trimmed = folded.trim()
    if (folded.startsWith(' ')) this.space()
    if (trimmed === '') {
      if (this.#line === '' && text.includes('\u00a0')) this.#blank = true
      return
    }
    this.#open()
    this.#line += `${this.#space ? ' ' : ''}${trimmed}`
    this.#space = folded.endsWith(' ')
  }

  verbatim(text: string): void {
    const [first = '', ...more] = text.replaceAll('\r', '').split('\n')
    this.#append(first)
    for (const line of more) {
      this.#open()
      this.#push()
      this.#append(line)
    }
  }

  finish(): string[] {
    this.block(false)
    return this.#lines
  }

  #append(text: string): void {
    if (text === '') return
    this.#open()
    this.#line += text
  }

  #open(): void {
    if (this.#gap && this.#lines.at(-1) !== '') this.#lines.push('')
    this.#gap = false
    this.#blank = false
    this.#line += this.#mark
    if (this.#mark !== '') this.#space = false
    this.#mark = ''
  }

  #push(): void {
    this.#lines.push(this.#line + this.#mark)
    this.#line = ''
    this.#mark = ''
    this.#space = false
  }
}
