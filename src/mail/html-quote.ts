import { attributionEndingAt, mayEndAttribution } from './attribution.ts'
import { unarmoured } from './clear-sign.ts'
import { type Region, readHtml } from './html-text.ts'
import { readBar } from './phrases.ts'
import type { Line, Role } from './text-lines.ts'

/*
 * What the structure of HTML mails says about quotation: the classes and ids that mail programs give to the old mail, its
 * attribution and the signature. They need no language.
 */

type Kind =
  | 'cite' // a quotation beyond doubt
  | 'gmail' // Gmail's frame: attribution and blockquote, or a forward
  | 'gmail-block' // Gmail's blockquote; outside of the frame it may be an indented paragraph
  | 'block' // a blockquote of no known program
  | 'frame' // the whole old mail, attribution included, unless it is a forward
  | 'attribution'
  | 'rest' // the old mail begins here and goes on to the end
  | 'append' // Outlook's mark at the end of the new text; new mails have it too
  | 'rule'
  | 'bordered' // Outlook's line above the header of the old mail, if it is one
  | 'signature'

type Attributes = ReadonlyMap<string, string>

/**
 * Is there anything in this HTML that a look at its structure could tell? Cheap. `text` is what the mail says: a line above
 * the header of an old mail tells nothing where no header is.
 */
export function hasQuoteStructure(source: string, text: string): boolean {
  return STRUCTURE.test(source) || (BORDER.test(source) && (text.match(FIELD)?.length ?? 0) >= FEWEST_FIELDS)
}

const STRUCTURE =
  /gmail_(?:quote|attr)|<blockquote|divRplyFwdMsg|appendonsend|reference-message|yahoo_quoted|moz-cite-prefix|OLK_SRC_BODY|protonmail_quote|zmail_extra|stopSpelling|OutlookMessageHeader|name=["']?quote|skype_quote|tutanota_quote|messageReplySection|zwchr|reply-intro|airmail_on|missive_quote/i
const BORDER = /border-top:\s?solid/i
// A line that looks like "From: …", whatever the language.
const FIELD = /^[\s*>]{0,5}\p{L}[^:：\n]{0,30}[:：]/gmu
const FEWEST_FIELDS = 3

/** The lines of an HTML mail with what its structure says about them. */
export function htmlQuoteLines(source: string): Line[] {
  const { lines, regions } = readHtml(source, classify)
  const depths = new Depths(lines.length)
  const roles: (Role | null)[] = new Array(lines.length + 1).fill(null)
  mark(lines, regions, depths, roles)
  const levels = depths.levels()
  return unarmoured(lines).flatMap((text, at): Line[] => {
    if (text === null) return []
    // The margin above a quotation is none of it.
    const level = text === '' && !levels[at - 1] ? 0 : (levels[at] ?? 0)
    if (level === 0) return [{ text, quoted: false, role: roles[at] ?? null }]
    return [{ text: `${'> '.repeat(Math.min(level, 9))}${text}`.trimEnd(), quoted: true, role: 'attribution' }]
  })
}

function classify(name: string, attributes: Attributes): Kind | null {
  if (name === 'blockquote') return blockquote(attributes)
  if (attributes.size === 0) return name === 'hr' ? 'rule' : null
  const id = attributes.get('id') ?? ''
  const classes = attributes.get('class') ?? ''
  const style = attributes.get('style') ?? ''
  if (name === 'hr') return id === 'stopSpelling' || id === 'zwchr' || /width:\s?98%/.test(style) ? 'rest' : 'rule'
  if (id !== '') {
    const known = IDS.find(([pattern]) => pattern.test(id))
    if (known) return known[1]
  }
  if (classes !== '') {
    const known = CLASSES.find(([pattern]) => pattern.test(classes))
    if (known) return known[1]
  }
  if (name === 'div' && FRAMES.has(attributes.get('name') ?? '')) return 'frame'
  return style !== '' && BORDERED.test(style) ? 'bordered' : null
}

// GMX and web.de, Spark.
const FRAMES = new Set(['quote', 'messageReplySection'])

// Ids may come with the `x_` that Outlook web gives to what it quotes, but then they stand inside a quotation.
const IDS: readonly (readonly [RegExp, Kind])[] = [
  [/^divRplyFwdMsg$/, 'rest'],
  [/^appendonsend$/, 'append'],
  [/^mail-editor-reference-message-container$/, 'rest'],
  [/^OLK_SRC_BODY_SECTION$/, 'frame'],
  [/^(?:ydp[0-9a-f]{4,12})?yahoo_quoted/, 'frame'],
  [/^reply-intro$/, 'attribution'], // Roundcube
  [/^(?:ymail_android_signature|composer_signature)$/, 'signature'],
  [
    /^(?:ms-outlook-mobile-signature|MAC_OUTLOOK_SIGNATURE|Signature|AppleMailSignature|x?appleMailSignature)$/i,
    'signature',
  ],
  [/^zmail_extra$/, 'frame'],
]
const CLASSES: readonly (readonly [RegExp, Kind])[] = [
  [/(?:^|\s)gmail_quote(?:\s|$)/, 'gmail'],
  [/(?:^|\s)gmail_attr(?:\s|$)/, 'attribution'],
  [
    /(?:^|\s)(?:gmail_signature|gmail_signature_prefix|moz-signature|protonmail_signature_block|(?:ydp[0-9a-f]{4,12})?yahoo-signature|ydp[0-9a-f]{4,12}signature|apple-signature)(?:\s|$)/,
    'signature',
  ],
  [/(?:^|\s)(?:moz-cite-prefix|airmail_on)(?:\s|$)/, 'attribution'],
  [
    /(?:^|\s)(?:(?:ydp[0-9a-f]{4,12})?yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|skype_quote|missive_quote)(?:\s|$)/,
    'frame',
  ],
  [/(?:^|\s)(?:ms-outlook-mobile-reference-message|OutlookMessageHeader)(?:\s|$)/, 'rest'],
]
const BORDERED = /border-top:\s?solid\s[^;]{1,30}\b\d/i

function blockquote(attributes: Attributes): Kind | null {
  const style = attributes.get('style') ?? ''
  const classes = attributes.get('class') ?? ''
  if (attributes.get('type') === 'cite' || attributes.has('cite')) return 'cite'
  if (/border-left(?:-width)?:\s*(?!none|0|medium none)/i.test(style)) return 'cite'
  if (/(?:^|\s)(?:protonmail_quote|tutanota_quote|iosymail|yahoo_quoted)(?:\s|$)/.test(classes)) return 'cite'
  // Indentation: Gmail's and Outlook's button for it makes a blockquote without border.
  if (/border:\s*none|margin:\s*0(?:px)? 0(?:px)? 0(?:px)? 40px/i.test(style)) return null
  return /(?:^|\s)gmail_quote(?:\s|$)/.test(classes) ? 'gmail-block' : 'block'
}

// No program nests what counts deeper than a few dozen elements.
const LOOK_AHEAD = 60

function mark(
  lines: readonly string[],
  regions: readonly Region<Kind>[],
  depths: Depths,
  roles: (Role | null)[],
): void {
  let gmailEnd = -1
  let roleEnd = -1
  let blockEnd = -1
  const blocks: Region<Kind>[] = []
  regions.forEach((region, at) => {
    const { kind, from, to } = region
    if (kind === 'cite') depths.add(from, to)
    else if (kind === 'frame' && !isForward(lines, region)) depths.add(from, to)
    else if (kind === 'gmail' && from >= gmailEnd) {
      gmailEnd = to
      if (!isForward(lines, region) && !holdsBlock(regions, at)) depths.add(from, to)
    } else if (kind === 'gmail-block' && to <= gmailEnd) depths.add(from, to)
    else if ((kind === 'attribution' || kind === 'signature') && from >= roleEnd && !isForward(lines, region)) {
      roleEnd = to
      roles.fill(kind, from, to)
    } else if (
      kind === 'rest' ||
      (kind === 'append' && isEndOfNew(regions, at)) ||
      (kind === 'bordered' && holdsHeader(lines, region))
    ) {
      roles[from] = 'rest'
    } else if (kind === 'block' && from >= blockEnd) {
      blockEnd = to
      blocks.push(region)
    }
  })
  const levels = depths.levels()
  const last = blocks.findLast(({ from, to }) => to > from && !levels[from])
  for (const block of blocks) {
    const { from, to } = block
    if (levels[from]) continue
    if (isIntroduced(lines, from) || (block === last && lines.slice(0, from).some(line => line.trim() !== '')))
      depths.add(from, to)
  }
}

function isForward(lines: readonly string[], { from, to }: Region<Kind>): boolean {
  for (let at = from; at < Math.min(to, from + 3); at++) {
    const line = lines[at] ?? ''
    if (line.trim() !== '') return readBar(line) !== null || /^[-\s]{8,}/.test(line)
  }
  return false
}

/** Does Gmail's frame hold the blockquote that the current versions put into it? Then the rest of it is new text. */
function holdsBlock(regions: readonly Region<Kind>[], at: number): boolean {
  const end = regions[at]?.to ?? 0
  for (let next = at + 1; next < at + LOOK_AHEAD; next++) {
    const region = regions[next]
    if (!region || region.from >= end) return false
    if (region.kind === 'gmail-block' || region.kind === 'cite') return true
  }
  return false
}

/** Outlook's mark counts when its rule or its header comes next. */
function isEndOfNew(regions: readonly Region<Kind>[], at: number): boolean {
  const next = regions[at + 1]
  return (
    next !== undefined &&
    next.from === regions[at]?.to &&
    (next.kind === 'rest' || next.kind === 'rule' || next.kind === 'bordered')
  )
}

/** Three lines that look like "From: …", whatever the language. */
function holdsHeader(lines: readonly string[], { from, to }: Region<Kind>): boolean {
  const fields = lines.slice(from, Math.min(to, from + 12)).filter(line => /^\p{L}[^:：]{0,30}[:：]/u.test(line))
  return fields.length >= FEWEST_FIELDS
}

/** Is the last line before this one an attribution, or the first one of the quotation itself? */
function isIntroduced(lines: readonly string[], from: number): boolean {
  let above = from - 1
  while (above > from - 4 && lines[above]?.trim() === '') above--
  const ends = (at: number, floor: number): boolean =>
    mayEndAttribution(lines[at] ?? '') &&
    attributionEndingAt(index => (index >= floor ? (lines[index] ?? null) : null), at) !== null
  return ends(above, 0)
}

/** How deep each line is quoted, from ranges that may overlap: linear in ranges and lines. */
class Depths {
  readonly #steps: Int32Array

  constructor(size: number) {
    this.#steps = new Int32Array(size + 1)
  }

  add(from: number, to: number): void {
    if (to <= from) return
    this.#steps[from] = (this.#steps[from] ?? 0) + 1
    this.#steps[to] = (this.#steps[to] ?? 0) - 1
  }

  levels(): Int32Array {
    let level = 0
    return this.#steps.map(step => {
      level += step
      return level
    })
  }
}
