import sanitize from 'sanitize-html'
import { htmlToText, walkHtml } from './html-text.ts'

/*
 * HTML of strangers made safe to show. The tree builder inside sanitize-html is quadratic in the nesting depth (100,000
 * nested elements take it seconds), so size and depth are capped before it sees anything.
 */

const LONGEST = 1_048_576
// Long threads of Outlook nest a few hundred levels; more is an attack or a machine gone mad.
const DEEPEST = 500

const VOID = new Set('area base basefont br col embed frame hr img input link meta param source track wbr'.split(' '))
// Which open elements a start tag closes, as the parser in sanitize-html has it: rows of unclosed cells are sloppy but
// common, and no nesting.
const CLOSES: Readonly<Record<string, string>> = {
  p: 'p',
  div: 'p',
  li: 'li',
  tr: 'tr th td',
  td: 'thead th td',
  th: 'th',
  tbody: 'thead tbody',
  tfoot: 'thead tbody',
  dt: 'dd dt',
  dd: 'dd dt',
  option: 'option',
}

/** Is an element nested deeper than the sanitiser can bear? Counts never fewer levels than it would open. */
function isTooDeep(source: string): boolean {
  if (hasFewTags(source)) return false
  const open = new Map<string, number>()
  const stack: string[] = []
  let deepest = 0
  const pop = (): string => {
    const name = stack.pop() ?? ''
    open.set(name, (open.get(name) ?? 1) - 1)
    return name
  }
  walkHtml(source, {
    open(name) {
      if (VOID.has(name)) return
      const closes = CLOSES[name]?.split(' ')
      while (closes?.includes(stack.at(-1) ?? '')) pop()
      stack.push(name)
      open.set(name, (open.get(name) ?? 0) + 1)
      deepest = Math.max(deepest, stack.length)
    },
    close(name) {
      if (open.get(name)) while (pop() !== name);
    },
    text() {},
  })
  return deepest > DEEPEST
}

function hasFewTags(source: string): boolean {
  let tags = 0
  for (let at = source.indexOf('<'); at >= 0 && tags <= DEEPEST; at = source.indexOf('<', at + 1)) tags++
  return tags <= DEEPEST
}

/** HTML of at most `longest` characters: images written into it go first, they can make up most of it, then the end. */
export function capHtml(source: string, longest: number = LONGEST): string {
  if (source.length <= longest) return source
  const lean = source.replace(/data:[a-z]{1,20}\/[a-z0-9.+-]{1,60}[^"'\s<>)]*/gi, 'data:,')
  return lean.length <= longest ? lean : lean.slice(0, Math.max(lean.lastIndexOf('<', longest), longest - 1000))
}

// The frequent ones first: sanitize-html looks for each tag from the beginning, several times.
const USUAL_TAGS = 'span p div td tr br b a font table tbody img li strong ul'
const BLOCK_TAGS =
  'address article aside blockquote center dd details dl dt fieldset figcaption figure footer h1 h2 h3 h4 h5 h6 header hr main nav ol pre section summary tfoot thead'
const INLINE_TAGS =
  'abbr bdi bdo big caption cite code col colgroup data del dfn em i ins kbd mark q rp rt ruby s samp small strike sub sup th time tt u var wbr'

const PICTURE = /^data:image\/(?:png|jpe?g|gif|webp);base64,/i

const RULES: sanitize.IOptions = {
  allowedTags: `${USUAL_TAGS} ${BLOCK_TAGS} ${INLINE_TAGS}`.split(' '),
  allowedAttributes: {
    '*': ['dir', 'lang', 'title', 'align', 'valign'],
    a: ['href', 'rel', 'target'],
    img: ['src', 'alt', 'width', 'height'],
    ol: ['start', 'type'],
    table: ['border', 'cellpadding', 'cellspacing', 'width'],
    td: ['colspan', 'rowspan', 'width'],
    th: ['colspan', 'rowspan', 'width'],
    font: ['color'],
    blockquote: ['type'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['cid', 'data'] },
  allowProtocolRelative: false,
  // What stands inside these is no text of the mail.
  nonTextTags: [
    'script',
    'style',
    'title',
    'textarea',
    'option',
    'noscript',
    'noframes',
    'noembed',
    'iframe',
    'object',
    'svg',
    'math',
  ],
  transformTags: {
    a: (tagName, attribs) => ({
      tagName,
      attribs: { ...attribs, rel: 'noopener noreferrer nofollow', target: '_blank' },
    }),
    // A remote image tells its server who read the mail and when: only its description stays.
    img: (tagName, attribs) => {
      const source = (attribs['src'] ?? '').trim()
      if (/^cid:/i.test(source) || PICTURE.test(source)) return { tagName, attribs }
      return { tagName: 'span', attribs: {}, text: attribs['alt'] ?? '' }
    },
  },
}

/**
 * The HTML of a mail made safe to show in a page of ours: no scripts, styles, forms, frames or remote content; images of
 * the mail itself stay as `cid:` for the reader to map. What is too deep to be laid out is shown as its text.
 */
export function sanitizeHtml(source: string): string {
  const capped = capHtml(source)
  if (isTooDeep(capped)) return textAsHtml(htmlToText(capped))
  return sanitize(capped, RULES)
}

/** Plain text as HTML, line breaks kept. */
export function textAsHtml(text: string): string {
  const escaped = text.replace(/[&<>"]/g, char => ENTITIES[char] ?? char)
  return `<p>${escaped.replaceAll('\n', '<br>\n')}</p>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
