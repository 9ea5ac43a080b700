import { expect, test } from 'vitest'
import { cleanLine, decodeText, maskWords, readFields, readIds, readStructured } from '../../src/mail/header.ts'

test('fields: folded, with blanks before the colon, with lines that are none', () => {
  expect(readFields('Subject: a\r\n  b\r\n\tc\r\nnonsense here\r\nX-Empty:\r\nFrom : d\r\nX: 1\r2\r\n: e\r\n')).toEqual(
    [
      { name: 'subject', value: 'a b c' },
      { name: 'x-empty', value: '' },
      { name: 'from', value: 'd' },
      { name: 'x', value: '1 2' },
    ],
  )
  expect(readFields(' continues nothing\nA: b')).toEqual([{ name: 'a', value: 'b' }])
})

test('one line without anything that hides', () => {
  expect(cleanLine(' a\r\nb\tc\0d\x1be\x85f\u2028g ')).toBe('a b cde f g')
  expect(cleanLine('invoice\u202efdp.exe\u2066\u2069\u200e\ufeff')).toBe('invoicefdp.exe')
  expect(cleanLine('👩‍💻 می‌خواهم')).toBe('👩‍💻 می‌خواهم')
})

test.each([
  ['plain', 'plain'],
  ['=?utf-8?Q?Gr=C3=BC=C3=9Fe?=', 'Grüße'],
  ['=?UTF-8?b?R3LDvMOfZQ==?= aus =?utf-8?q?K=C3=B6ln?=', 'Grüße aus Köln'],
  ['=?utf-8?q?a?= \t =?utf-8?q?b?=', 'ab'],
  ['=?utf-8?q?a?= =?iso-8859-1?q?=E4?= c', 'aä c'],
  ['(=?utf-8?q?a?=)', '(a)'],
  ['=?iso-8859-1*en?Q?caf=E9?=', 'café'],
  ['=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=', 'ä'],
  ['=?iso-8859-1?Q?Fr\xf6sche?=', 'Frösche'],
  ['=?utf-8?Q?What?_Really??=', 'What? Really?'],
  ['=?utf-8?Q??=', ''],
  ['=?utf-8?Q?never ends', '=?utf-8?Q?never ends'],
  ['=?utf-8?Q?begun =?utf-8?Q?anew?=', '=?utf-8?Q?begun anew'],
  ['=?utf-8?X?a?=', '=?utf-8?X?a?='],
  ['=?NONE?B?VEVTVA=?=', 'TEST'],
  ['1 =? 2', '1 =? 2'],
  ['=?utf-8?Q?a=0D=0AB:_c=00?=', 'a B: c'],
])('the text of %j', (raw, text) => {
  expect(decodeText(raw)).toBe(text)
})

test('raw bytes: UTF-8, else the charset given, else windows-1252', () => {
  expect(decodeText('Gr\xc3\xbc\xc3\x9fe', 'iso-8859-2')).toBe('Grüße')
  expect(decodeText('P\xf8\xedli\xb9', 'iso-8859-2')).toBe('Příliš')
  expect(decodeText('Andr\xe9 \x96')).toBe('André –')
})

test('a value is bounded', () => {
  expect(decodeText('x'.repeat(100_000)).length).toBe(16_384)
})

test('decoded words change no list', () => {
  const { masked, unmask } = maskWords('=?utf-8?Q?Boss=2C_=3Cb=40x=3E?= <a@y>, \ue0000\ue001=?utf-8?Q?C?=', null)
  expect(masked).not.toMatch(/Boss|b@x/)
  expect(masked).toMatch(/^[^,<]+ <a@y>, 0?[^,<]+$/)
  expect(unmask(masked)).toBe('Boss, <b@x> <a@y>, 0C')
})

test.each<[string, string, Record<string, string>]>([
  ['text/plain; charset=utf-8', 'text/plain', { charset: 'utf-8' }],
  ['Text/Plain ; Charset = "UTF-8" ; format=flowed', 'text/plain', { charset: 'UTF-8', format: 'flowed' }],
  ['text/plain; charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
  ['multipart/mixed; boundary="a;b=\\"c\\""', 'multipart/mixed', { boundary: 'a;b="c"' }],
  ['a/b; x=1; x=2; flag; y=', 'a/b', { x: '1', flag: '', y: '' }],
  ['a/b; name=My file (1).pdf; x=y', 'a/b', { name: 'My file (1).pdf', x: 'y' }],
  ['a/b; name="=?utf-8?Q?=C3=A4=2Etxt?="', 'a/b', { name: 'ä.txt' }],
  ["a/b; name*=utf-8'de'%C3%A4.txt; name=wrong", 'a/b', { name: 'ä.txt' }],
  ['a/b; name*1*=%A4; name*0*=utf-8\'\'%C3; name*2=".txt"', 'a/b', { name: 'ä.txt' }],
  ['a/b; name*0="=?utf-8?Q?=C3"; name*1="=A4?="', 'a/b', { name: 'ä' }],
  ["a/b; name*=utf-8''a%0d%0ab%00%e2%80%ae", 'a/b', { name: 'a b' }],
  ['a/b; name="never ends', 'a/b', { name: 'never ends' }],
  ['a/b; ;; =x; __proto__=z', 'a/b', { ['__proto__']: 'z' }],
  ['', '', {}],
])('%j', (raw, value, parameters) => {
  const read = readStructured(raw)
  expect(read.value).toBe(value)
  expect([...read.parameters]).toEqual(Object.entries(parameters))
})

test.each([
  ['<a@b>', ['a@b']],
  ['<a@b> <c@d>', ['a@b', 'c@d']],
  ['<a@b>,<c@d>,>', ['a@b', 'c@d']],
  ['<a@\r\n b>', ['a@b']],
  ['Message of Monday <a@b> "and" <a@b>', ['a@b']],
  ['a@b, c@d', ['a@b', 'c@d']],
  ['=?utf-8?q?=3Ca=40b=3E?=', ['a@b']],
  ['<>', []],
  ['nothing here', []],
])('ids in %j', (raw, ids) => {
  expect(readIds(raw)).toEqual(ids)
})

test('of very many ids the first and the nearest are kept', () => {
  const ids = readIds(Array.from({ length: 900 }, (_, at) => `<${at}@x>`).join(' '))
  expect(ids).toHaveLength(200)
  expect([ids[0], ids.at(-1)]).toEqual(['0@x', '899@x'])
})
