import { describe, expect, test } from 'vitest'
import { htmlOf } from '../../src/desk/agent-text.ts'
import { captioned, illustrate, PICTURE } from '../../src/desk/pictures.ts'
import type { Attachment } from '../../src/mail/message.ts'

const NONE: ReadonlySet<string> = new Set()
let part = 0
const picture = (more: Partial<Attachment> = {}): Attachment => ({
  ...{
    part: part++,
    filename: 'image.png',
    contentType: 'image/png',
    size: 20_000,
    inline: true,
    contentId: `c${part}`,
  },
  ...{ sha256: `${part}`.padStart(64, '0'), ...more },
})
const found = (text: string, attachments: Attachment[], html: string | null = null, words = text, known = NONE) =>
  illustrate(words, { text, html, attachments }, known)

describe('the place of a picture', () => {
  test.each([
    [
      'Outlook',
      'Look:\n[cid:image001.png@01DC5B7A.D1F2B8E0]\nand then?',
      { contentId: 'image001.png@01DC5B7A.D1F2B8E0' },
    ],
    ['Gmail', 'Look:\n[image: image.png]\nand then?', {}],
    ['Apple Mail', `Look:\n${PICTURE}\nand then?`, {}],
  ])('%s', (_, text, more) => {
    const one = picture(more)
    expect(found(text, [one])).toEqual({ text: `Look:\n${PICTURE}\nand then?`, placed: [one], unplaced: [] })
  })

  test('where its description stands in brackets, in however many lines', () => {
    const html =
      '<p>Look: <img src="cid:shot" alt="A &quot;screen&quot; &amp; a mouse AI-generated &lt;content&gt;" /></p>'
    const one = picture({ contentId: 'shot' })
    const text = 'Look: [A "screen" & a mouse\n\nAI-generated <content>] [not this]'
    expect(found(text, [picture(), one], html)).toMatchObject({ text: `Look: ${PICTURE} [not this]`, placed: [one] })
  })

  test('several of one name are taken in order, one shown twice stands twice', () => {
    const [a, b, c] = [picture(), picture(), picture({ contentId: 'twice' })]
    const text = '[image: image.png] [cid:twice] [image: image.png] [cid:twice]'
    expect(found(text, [a, b, c]).placed).toEqual([a, c, b, c])
  })

  test('what is no mark of a picture of this mail stays as it is', () => {
    const text = '[x] [cid:gone] [image: other.png] [cid:drawing] a[0]'
    const drawing = picture({ contentId: 'drawing', contentType: 'image/x-emf', size: 100 })
    expect(found(text, [drawing, picture({ inline: false, filename: 'other.png' })]).text).toBe(text)
    expect(found(`a${PICTURE}b`, []).text).toBe('ab')
  })

  test('endless marks of endless pictures take no time', () => {
    const many = Array.from({ length: 1000 }, () => picture())
    const html = '<img src="cid:x" alt="image.png">'.repeat(30_000)
    expect(found('[image: image.png]'.repeat(50_000), many, html).placed).toHaveLength(50)
    expect(found('[image: image.png] [other]'.repeat(50_000), [picture()], html).placed).toHaveLength(50)
    expect(found('[other]'.repeat(100_000), many, html).placed).toEqual([])
  })

  test('endless brackets take linear time', () => {
    const text = '[image: ['.repeat(50_000) + '[cid:'.repeat(50_000) + '[[[]'.repeat(50_000)
    const html = '<img alt="'.repeat(50_000)
    expect(found(text, [picture()], html).placed).toEqual([])
  })
})

describe('a picture without a place', () => {
  const [shot, small, seen] = [picture(), picture({ size: 500 }), picture()]
  const known = new Set([seen.sha256])
  const drawing = picture({ contentType: 'image/tiff' })

  test('belongs to the words unless it is small or was seen before', () => {
    const all = [shot, small, seen, drawing]
    expect(found('Look:', all, null, 'Look:', known)).toEqual({ text: 'Look:', placed: [], unplaced: [shot, drawing] })
  })

  test('is quoted, or of a signature, where a program marks places', () => {
    const text = 'Look:\n\n> [image: image.png]\n'
    expect(found(text, [shot, drawing], null, 'Look:')).toEqual({ text: 'Look:', placed: [], unplaced: [drawing] })
  })

  test('with a place it is shown, small or seen', () => {
    const text = '[image: image.png] [image: image.png]'
    expect(found(text, [small, seen], null, text, known).placed).toEqual([small, seen])
  })
})

describe('told', () => {
  const pictures = [
    { cid: '1.x@y', name: 'a"<b>.png' },
    { cid: '2.x@y', name: null },
  ]
  const text = `See https://a.example/x${PICTURE} & ${PICTURE} ${PICTURE}.`
  test('as text: by name', () => {
    expect(captioned(text, pictures)).toBe('See https://a.example/x[a"<b>.png] & [picture] .')
  })
  test('as HTML: in its place, never within a link or as markup', () => {
    expect(htmlOf([{ kind: 'text', text, pictures }])).toContain(
      '<p>See <a href="https://a.example/x">https://a.example/x</a><img src="cid:1.x@y" alt="a&#34;&#60;b&#62;.png" style="max-width:100%"> &#38; <img src="cid:2.x@y" alt="" style="max-width:100%"> .</p>',
    )
  })
})
