import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decompressRtf, readRtf } from '../../src/mail/rtf.ts'
import { decodeTnef, TNEF_TYPE } from '../../src/mail/tnef.ts'

/* winmail.dat as Outlook builds it, put together here byte by byte ([MS-OXTNEF]). */

const u16 = (value: number): Buffer => Buffer.of(value & 0xff, value >> 8)
const u32 = (value: number): Buffer => Buffer.concat([u16(value & 0xffff), u16(value >>> 16)])
const wide = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf16le')
const narrow = (text: string): Buffer => Buffer.from(`${text}\0`, 'latin1')
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])

const MESSAGE = 1
const ATTACHMENT = 2
const attribute = (level: number, id: number, value: Buffer): Buffer =>
  Buffer.concat([
    Buffer.of(level),
    u32(id),
    u32(value.length),
    value,
    u16(value.reduce((sum, byte) => (sum + byte) & 0xffff, 0)),
  ])
const tnef = (...attributes: Buffer[]): Buffer => Buffer.concat([u32(0x223e9f78), u16(7), ...attributes])

const properties = (...all: Buffer[]): Buffer => Buffer.concat([u32(all.length), ...all])
const variable = (type: number, id: number, value: Buffer): Buffer =>
  Buffer.concat([u16(type), u16(id), u32(1), u32(value.length), padded(value)])
const unicode = (id: number, text: string): Buffer => variable(0x1f, id, wide(text))
const string8 = (id: number, text: string): Buffer => variable(0x1e, id, narrow(text))
const binary = (id: number, value: Buffer): Buffer => variable(0x102, id, value)
const object = (id: number, value: Buffer): Buffer => variable(0x0d, id, Buffer.concat([Buffer.alloc(16, 7), value]))
const long = (id: number, value: number): Buffer => Buffer.concat([u16(0x03), u16(id), u32(value)])
const named = (text: string): Buffer =>
  Buffer.concat([
    u16(0x1f),
    u16(0x8001),
    Buffer.alloc(16),
    u32(1),
    u32(wide('Keywords').length),
    padded(wide('Keywords')),
    u32(1),
    u32(wide(text).length),
    padded(wide(text)),
  ])

const begins = attribute(ATTACHMENT, 0x69002, Buffer.alloc(14))
const title = (name: string): Buffer => attribute(ATTACHMENT, 0x18010, narrow(name))
const data = (content: string): Buffer => attribute(ATTACHMENT, 0x6800f, Buffer.from(content))
const attachmentProperties = (...all: Buffer[]): Buffer => attribute(ATTACHMENT, 0x69005, properties(...all))
const messageProperties = (...all: Buffer[]): Buffer => attribute(MESSAGE, 0x69003, properties(...all))
const codePage = (page: number): Buffer => attribute(MESSAGE, 0x69007, Buffer.concat([u32(page), u32(0)]))

const filesOf = (bytes: Buffer) =>
  decodeTnef(bytes)?.files.map(({ name, contentType, content }) => [
    name,
    contentType,
    Buffer.from(content).toString('latin1').slice(0, 40),
  ])

test.each<[string, Buffer, unknown]>([
  ['a short name', tnef(begins, title('A.TXT'), data('abc')), [['A.TXT', null, 'abc']]],
  [
    'the long name before the short one',
    tnef(
      begins,
      title('BERICH~1.PDF'),
      data('x'),
      attachmentProperties(
        long(0x3705, 1),
        unicode(0x3707, 'Bericht für Jörg.pdf'),
        string8(0x370e, 'application/pdf'),
      ),
    ),
    [['Bericht für Jörg.pdf', 'application/pdf', 'x']],
  ],
  [
    'the long name in the code page of the mail',
    tnef(codePage(1250), begins, data('x'), attachmentProperties(string8(0x3707, 'P\xf8ehled.csv'))),
    [['Přehled.csv', null, 'x']],
  ],
  [
    'names of properties are passed over',
    tnef(begins, data('x'), attachmentProperties(named('odd'), unicode(0x3707, 'a.txt'))),
    [['a.txt', null, 'x']],
  ],
  ['data before the name', tnef(begins, data('x'), title('b.txt')), [['b.txt', null, 'x']]],
  [
    'data in a property',
    tnef(begins, title('c.txt'), attachmentProperties(binary(0x3701, Buffer.from('prop')))),
    [['c.txt', null, 'prop']],
  ],
  ['no name at all', tnef(begins, data('x')), [[null, null, 'x']]],
  [
    'several files',
    tnef(begins, title('1'), data('a'), begins, title('2'), data('b')),
    [
      ['1', null, 'a'],
      ['2', null, 'b'],
    ],
  ],
  ['no attribute that begins the attachment', tnef(title('d.txt'), data('x')), [['d.txt', null, 'x']]],
  ['a file announced and not sent', tnef(begins, title('e.txt')), []],
  ['the end cut off', tnef(begins, title('f.txt'), data('0123456789')).subarray(0, -7), [['f.txt', null, '01234']]],
  [
    'garbage at the end',
    Buffer.concat([tnef(begins, title('g.txt'), data('x')), Buffer.from('garbage')]),
    [['g.txt', null, 'x']],
  ],
])('%s', (_, bytes, files) => {
  expect(filesOf(bytes)).toEqual(files)
})

test('a mail within the mail is a file of this format, to be opened in turn', () => {
  const inner = tnef(messageProperties(unicode(0x1000, 'Inner words')), begins, title('inner.txt'), data('x'))
  const [file] =
    decodeTnef(tnef(begins, title('Untitled Attachment'), data('icon'), attachmentProperties(object(0x3701, inner))))
      ?.files ?? []
  expect(file).toMatchObject({ name: 'Untitled Attachment', contentType: TNEF_TYPE })
  expect(decodeTnef(file?.content ?? new Uint8Array())).toMatchObject({
    text: 'Inner words',
    files: [{ name: 'inner.txt' }],
  })
})

test.each<[string, Buffer, object]>([
  ['Unicode text', messageProperties(unicode(0x1000, 'Grüße')), { text: 'Grüße', html: null }],
  [
    'text in the code page',
    Buffer.concat([codePage(1251), messageProperties(string8(0x1000, '\xcf\xf0\xe8\xe2\xe5\xf2'))]),
    { text: 'Привет' },
  ],
  ['text as an attribute', attribute(MESSAGE, 0x2800c, narrow('Plain\nwords')), { text: 'Plain\nwords' }],
  [
    'HTML with its own charset',
    messageProperties(
      binary(0x1013, Buffer.from('<meta content="text/html; charset=windows-1252"><p>Gr\xfc\xdfe', 'latin1')),
    ),
    { text: null, html: '<meta content="text/html; charset=windows-1252"><p>Grüße' },
  ],
  ['nothing', Buffer.alloc(0), { text: null, html: null, files: [] }],
])('the body: %s', (_, attributes, body) => {
  expect(decodeTnef(tnef(attributes))).toMatchObject(body)
})

const stored = (rtf: string): Buffer => {
  const bytes = Buffer.from(rtf, 'latin1')
  return Buffer.concat([u32(bytes.length + 12), u32(bytes.length), Buffer.from('MELA'), u32(0), bytes])
}

test('rich text alone is read for its words', () => {
  const rtf = String.raw`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\*\generator X;}\pard Gr\'fc\'dfe\par {\b Mara} \u8364?5 \{x\}\par}`
  expect(decodeTnef(tnef(messageProperties(binary(0x1009, stored(rtf)))))?.text).toBe('Grüße\nMara €5 {x}')
})

test('HTML wrapped in rich text comes back as HTML', () => {
  const rtf = String.raw`{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag84 <p>}\htmlrtf {\b\htmlrtf0 Hello {\*\htmltag84 <b>}J\'f6rg{\*\htmltag92 </b>}\htmlrtf \par}\htmlrtf0 {\*\htmltag92 </p>}}`
  expect(readRtf(Buffer.from(rtf, 'latin1'))).toEqual({ text: null, html: '<p>Hello <b>Jörg</b></p>' })
})

test('compressed rich text: letters, and references into what was written', () => {
  // "{\rtf1 abcabcabc}": the dictionary begins with "{\rtf1" (offset 0, 6 long), "abc" in letters, then 6 from 213.
  const tokens = Buffer.concat([
    Buffer.of(0b00100001),
    Buffer.of(0x00, 0x04),
    Buffer.from(' abc'),
    Buffer.of(0x0d, 0x64),
    Buffer.from('}'),
  ])
  const bytes = Buffer.concat([u32(tokens.length + 12), u32(17), Buffer.from('LZFu'), u32(0), tokens])
  expect(Buffer.from(decompressRtf(bytes) ?? []).toString('latin1')).toBe(String.raw`{\rtf1 abcabcabc}`)
  expect(decompressRtf(Buffer.from('short'))).toBeNull()
  expect(decompressRtf(Buffer.alloc(40))).toBeNull()
})

test('rich text that promises gigabytes gets what its bytes can give', () => {
  const bomb = Buffer.concat([u32(1), u32(0xffffffff), Buffer.from('LZFu'), u32(0), Buffer.alloc(1000, 0xff)])
  expect(decompressRtf(bomb)?.length).toBeLessThanOrEqual(17 * bomb.length)
})

test('what is no winmail.dat is null', () => {
  expect(decodeTnef(Buffer.alloc(0))).toBeNull()
  expect(decodeTnef(Buffer.from('%PDF-1.7'))).toBeNull()
  expect(decodeTnef(tnef().subarray(0, 4))).toEqual({ files: [], text: null, html: null })
})

test('damaged bytes never throw and give no more than was sent', () => {
  const whole = tnef(
    codePage(1252),
    messageProperties(named('x'), unicode(0x1000, 'words'), binary(0x1009, stored('{\\rtf1 x}'))),
    begins,
    title('a.txt'),
    data('content'),
    attachmentProperties(unicode(0x3707, 'long.txt')),
    begins,
    attachmentProperties(object(0x3701, tnef(begins, data('y')))),
  )
  const damage = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255), keep: fc.nat(whole.length) })
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 5 }), damages => {
      let bytes = Buffer.from(whole)
      for (const { at, byte, keep } of damages) {
        if (at < bytes.length) bytes[at] = byte
        if (keep % 7 === 0) bytes = bytes.subarray(0, keep)
      }
      const read = decodeTnef(bytes)
      for (const file of read?.files ?? []) expect(file.content.length).toBeLessThanOrEqual(bytes.length)
    }),
    { numRuns: 2000 },
  )
})
