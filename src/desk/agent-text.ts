import { captioned, inPlace, type Shown } from './pictures.ts'
import { oneLine } from './template.ts'

/*
 * Mails to agents as text and as HTML, out of the same blocks. Nothing of a person's words is markup here: all is escaped.
 */

export type Block =
  | { readonly kind: 'text'; readonly text: string; readonly pictures?: readonly Shown[] }
  /** The line below which everything is for agents alone. */
  | { readonly kind: 'mark'; readonly text: string }
  | { readonly kind: 'fact'; readonly text: string }
  | { readonly kind: 'links'; readonly links: readonly { readonly label: string; readonly href: string }[] }

/** In front of every line that only agents may know: it also marks them in a quotation that lost the line above. */
const BAR = '│ '

export function textOf(blocks: readonly Block[]): string {
  const parts = blocks.map(block => {
    if (block.kind === 'fact') return `${BAR}${factLine(block.text)}\n`
    // Nobody needs the subject to be written out.
    if (block.kind === 'links')
      return block.links
        .map(({ label, href }) => `${BAR}${label}: <${href.replace(/\?subject=[^&]*$/, '')}>\n`)
        .join('')
    const text = block.kind === 'text' ? captioned(block.text, block.pictures ?? []) : block.text
    return `${text.trim()}\n\n`
  })
  return `${parts.join('').trimEnd()}\n`
}

export function htmlOf(blocks: readonly Block[]): string {
  const parts = blocks.map(block => {
    if (block.kind === 'text') return paragraphs(block.text, block.pictures)
    if (block.kind === 'mark') return `<p style="color:#777;font-size:smaller">${escaped(block.text)}</p>`
    if (block.kind === 'fact')
      return `<div style="color:#555;font-size:smaller">${BAR}${escaped(factLine(block.text))}</div>`
    const links = block.links.map(({ label, href }) => `<a href="${escaped(href)}">${escaped(label)}</a>`)
    return `<div style="color:#555;font-size:smaller">${BAR}${links.join(' &nbsp; ')}</div>`
  })
  return `<!doctype html>\n<html>\n<body>\n${parts.join('\n')}\n</body>\n</html>\n`
}

// As long a line of a file is still known for one of ours (internal-text.ts).
const LONGEST_FACT = 2000

/** A second line would have no bar. */
function factLine(text: string): string {
  return oneLine(text, LONGEST_FACT)
}

/** Words as HTML: paragraphs where an empty line was, line breaks where a line ended, indentation kept, pictures in their places. */
export function paragraphs(text: string, pictures: readonly Shown[] = []): string {
  const html = text
    .replace(/\r\n?/g, '\n')
    .trim()
    .split(/\n{2,}/)
    .map(
      part =>
        `<p>${linked(part)
          .replace(/^ +| {2,}/gm, blanks => '&nbsp;'.repeat(blanks.length))
          .replaceAll('\n', '<br>\n')}</p>`,
    )
    .join('\n')
  return inPlace(
    html,
    pictures,
    ({ cid, name }) => `<img src="cid:${escaped(cid)}" alt="${escaped(name ?? '')}" style="max-width:100%">`,
  )
}

/** Addresses of the web; what ends a sentence is no part of them. */
function linked(text: string): string {
  return text
    .split(/(https?:\/\/[^\s<>"\ufffc]*[^\s<>"\ufffc.,;:!?)\]}'])/)
    .map((part, at) => (at % 2 === 1 ? `<a href="${escaped(part)}">${escaped(part)}</a>` : escaped(part)))
    .join('')
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.codePointAt(0)};`)
}
