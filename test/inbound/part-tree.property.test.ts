import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseMail, readAttachment } from '../../src/inbound/parse.ts'

/*
 * Mails of random structure, of which some multiparts are built as badly as those met in practice. Whatever stands in a part
 * must be found: among the words, in a file, or in a report for machines. (Alternatives are left out: they say the same thing.)
 */

const LEAVES = {
  plain: (mark: string) => `Content-Type: text/plain\n\nword ${mark}\n`,
  html: (mark: string) => `Content-Type: text/html\n\n<p>${mark}</p>\n`,
  base64: (mark: string) =>
    `Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n${Buffer.from(mark).toString('base64')}\n`,
  quotedPrintable: (mark: string) =>
    `Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nword ${mark}=\n\n`,
  file: (mark: string) => `Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\n${mark}\n`,
  image: (mark: string) => `Content-Type: image/png\nContent-ID: <x@y>\nContent-Disposition: inline\n\n${mark}\n`,
  textFile: (mark: string) => `Content-Type: text/plain\nContent-Disposition: inline; filename=x.log\n\n${mark}\n`,
  bare: (mark: string) => `\nword ${mark}\n`,
}
type Leaf = keyof typeof LEAVES

type Built = { readonly type: string; readonly open: string; readonly close: string }
const DAMAGES: Record<string, (built: Built, boundary: string) => Built> = {
  none: built => built,
  brokenFold: built => ({ ...built, type: built.type.replace('; boundary', ';\nboundary') }),
  emptyLine: built => ({ ...built, type: built.type.replace('; boundary', ';\n\n boundary') }),
  noBoundary: built => ({ ...built, type: built.type.split(';')[0] ?? '' }),
  otherBoundary: (built, boundary) => ({ ...built, type: built.type.replace(boundary, `${boundary}z`) }),
  otherCase: (built, boundary) => ({ ...built, type: built.type.replace(boundary, boundary.toUpperCase()) }),
  notAscii: (built, boundary) => ({
    type: built.type.replace(boundary, `${boundary}ü`),
    open: built.open.replace(boundary, `${boundary}ü`),
    close: built.close.replace(boundary, `${boundary}ü`),
  }),
  noSemicolon: built => ({ ...built, type: built.type.replace('; boundary', ' boundary') }),
  noSubtype: built => ({ ...built, type: built.type.replace(/\/\w+/, '/') }),
  twoTypes: built => ({ ...built, type: `${built.type}\nContent-Type: text/plain` }),
  encoded: built => ({ ...built, type: `${built.type}\nContent-Transfer-Encoding: base64` }),
  neverClosed: built => ({ ...built, close: '' }),
  noHyphens: built => ({ ...built, open: built.open.slice(2) }),
  blanks: built => ({ ...built, open: built.open.replace('\n', '   \n') }),
  epilogue: built => ({ ...built, close: `${built.close}checked for viruses\n` }),
}

type Tree = Leaf | { readonly subtype: string; readonly tail: string; readonly damage: string; readonly parts: Tree[] }
const { root } = fc.letrec<{ root: Tree; part: Tree }>(tie => ({
  root: fc.record({
    subtype: fc.constantFrom('mixed', 'related', 'signed', 'report', 'digest'),
    tail: fc.constantFrom('', '--', '_=x', '=_Part 1'),
    // Half of them are sound.
    damage: fc.oneof(fc.constant('none'), fc.constantFrom(...Object.keys(DAMAGES))),
    parts: fc.array(tie('part'), { minLength: 1, maxLength: 3 }),
  }),
  part: fc.oneof({ maxDepth: 3 }, fc.constantFrom(...(Object.keys(LEAVES) as Leaf[])), tie('root')),
}))

function built(tree: Tree, marks: string[]): string {
  if (typeof tree === 'string') {
    marks.push(`MARK${marks.length}X`)
    return LEAVES[tree](marks.at(-1) ?? '')
  }
  marks.push('')
  const boundary = `b${marks.length}${tree.tail}`
  const type = `Content-Type: multipart/${tree.subtype}; boundary="${boundary}"`
  const sound = { type, open: `--${boundary}\n`, close: `--${boundary}--\n` }
  const { type: declared, open, close } = DAMAGES[tree.damage]?.(sound, boundary) ?? sound
  return `${declared}\n\n${tree.parts.map(part => `${open}${built(part, marks)}`).join('\n')}\n${close}`
}

test('nothing that stands in a part is lost, however badly the parts are told apart', async () => {
  await fc.assert(
    fc.asyncProperty(root, fc.boolean(), async (tree, crlf) => {
      const marks: string[] = []
      const source = `From: a@x.example\nMIME-Version: 1.0\n${built(tree, marks)}`
      const bytes = Buffer.from(crlf ? source.replaceAll('\n', '\r\n') : source)
      const mail = await parseMail(bytes)
      const files = await Promise.all(mail.attachments.map(({ part }) => readAttachment(bytes, part)))
      const read = [mail.text, mail.sourceHtml, ...mail.reportParts.map(part => part.text)]
      const found = [...read, ...files.map(file => file?.content.toString('latin1'))].join('\n')
      const lost = marks.filter(mark => !found.includes(mark) && !found.includes(Buffer.from(mark).toString('base64')))
      expect(lost, source).toEqual([])
    }),
    { numRuns: 1000 },
  )
})
