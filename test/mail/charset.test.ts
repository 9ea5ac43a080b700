import fc from 'fast-check'
import { expect, test } from 'vitest'
import { base64Bytes, bytesToLatin1, charsetName, decodeCharset, latin1ToBytes } from '../../src/mail/charset.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const bytes = (text: string): Uint8Array => latin1ToBytes(text)

test.each([
  ['UTF-8', 'utf-8'],
  ['"utf8"', 'utf-8'],
  ['utf8mb4', 'utf-8'],
  ['Latin-1', 'windows-1252'],
  ['ISO_8859-1', 'windows-1252'],
  ['iso-8859-8-i', 'iso-8859-8'],
  ['ISO8859-15', 'iso-8859-15'],
  ['cp1252', 'windows-1252'],
  ['Windows1250', 'windows-1250'],
  ['x-cp1251', 'windows-1251'],
  ['ANSI_X3.4-1968', 'us-ascii'],
  ['cp936', 'gbk'],
  ['ks_c_5601-1987', 'euc-kr'],
  ['ibm850', 'cp850'],
  ['unicode-1-1-utf-7', 'utf-7'],
  ['ISO8859-16', 'iso-8859-16'],
  ['latin10', 'iso-8859-16'],
  ['iso-8859-99', null],
  ['constructor', null],
  ['__proto__', null],
  ['x-unknown', null],
  ['', null],
  ['x'.repeat(500), null],
])('label %s', (label, name) => {
  expect(charsetName(label)).toBe(name)
})

test.each<[string, Uint8Array, string | null, string]>([
  ['windows-1252, the upper controls too', bytes('\x93Gr\xfc\xdfe\x94 \x80 5'), 'windows-1252', '“Grüße” € 5'],
  ['windows-1252 under the name of ISO-8859-1', bytes('it\x92s'), 'iso-8859-1', 'it’s'],
  ['windows-1250', bytes('P\xf8\xedli\x9a'), 'cp1250', 'Příliš'],
  ['KOI8-R', bytes('\xf0\xd2\xc9\xd7\xc5\xd4'), 'koi8-r', 'Привет'],
  ['code page 437', bytes('\x81ber \xe1'), 'cp437', 'über ß'],
  ['code page 852', bytes('\xe7as \xa9'), 'ibm852', 'šas ę'],
  ['ISO-8859-16', bytes('func\xfeioneaz\xe3 \xba \xa4 5'), 'iso-8859-16', 'funcționează ș € 5'],
  ['Shift_JIS', bytes('\x83v\x83\x8a\x83\x93\x83^'), 'cp932', 'プリンタ'],
  ['ISO-2022-JP, an escape right after another', bytes('\x1b$B2q\x1b(B\x1b$B5D\x1b(B'), 'iso-2022-jp', '会議'],
  ['ISO-2022-KR', bytes('\x1b$)C\x0eGQ1\x5b\x0f!'), 'iso-2022-kr', '한글!'],
  ['GB18030', bytes('\xb4\xf2\xd3\xa1'), 'gb2312', '打印'],
  ['UTF-7', bytes('A+ImIDkQ. +- +2D3cqQ-'), 'utf-7', 'A≢Α. + 💩'],
  ['UTF-16 with a mark', bytes('\xff\xfeH\0i\0'), 'utf-16', 'Hi'],
  ['UTF-16 without, little-endian', bytes('H\0i\0'), 'utf-16', 'Hi'],
  ['UTF-16 without, big-endian', bytes('\0H\0i'), 'utf-16', 'Hi'],
  ['UTF-16 that nobody announced', bytes('\xff\xfe\xe4\0'), null, 'ä'],
  ['a byte order mark is no text', utf8('\ufeffHi'), 'utf-8', 'Hi'],
  ['ASCII over UTF-8', utf8('Grüße'), 'us-ascii', 'Grüße'],
  ['UTF-8 over windows-1252', bytes('Gr\xfc\xdfe \x96 bis'), 'utf-8', 'Grüße – bis'],
  [
    'UTF-8 with one broken sequence stays UTF-8',
    bytes(`${bytesToLatin1(utf8('Größe ändern'))}\xc3`),
    'utf-8',
    'Größe ändern\ufffd',
  ],
  ['ISO-8859-1 over UTF-8', utf8('Grüße'), 'iso-8859-1', 'Grüße'],
  ['one pair that may be meant', bytes('\xc3\x82'), 'iso-8859-1', 'Ã‚'],
  ['ISO-2022-JP over UTF-8', utf8('プリンタ'), 'iso-2022-jp', 'プリンタ'],
  ['Big5 over UTF-8', utf8('La imprimante – größer 打印'), 'big5', 'La imprimante – größer 打印'],
  ['GBK over UTF-8', utf8('Größe: 10 €'), 'gb2312', 'Größe: 10 €'],
  ['Shift_JIS with a broken end', bytes('\x83v\x83\x8a\x83'), 'shift_jis', 'プリ\ufffd'],
  ['no label at all', bytes('Andr\xe9'), null, 'André'],
  ['a label nobody knows', utf8('é'), 'x-martian', 'é'],
])('%s', (_, input, label, text) => {
  expect(decodeCharset(input, label)).toBe(text)
})

test('the fallback is taken where bytes are no UTF-8', () => {
  expect(decodeCharset(bytes('P\xf8\xedli\xb9'), null, 'iso-8859-2')).toBe('Příliš')
  expect(decodeCharset(utf8('Příliš'), null, 'iso-8859-2')).toBe('Příliš')
})

test('any bytes under any label are text', () => {
  const labels = fc.constantFrom(
    null,
    'utf-8',
    'utf-7',
    'utf-16',
    'iso-2022-jp',
    'iso-2022-kr',
    'gb18030',
    'big5',
    'cp437',
    'latin1',
    'x',
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), labels, (input, label) => {
      expect(typeof decodeCharset(input, label)).toBe('string')
      expect(latin1ToBytes(bytesToLatin1(input))).toEqual(input)
    }),
  )
})

test('base64: line breaks, missing and inner padding, the alphabet of URLs', () => {
  expect(bytesToLatin1(base64Bytes('SGVs\r\nbG8='))).toBe('Hello')
  expect(bytesToLatin1(base64Bytes('SGVsbG8'))).toBe('Hello')
  expect(bytesToLatin1(base64Bytes('SGk=SGk='))).toBe('HiHi')
  expect(base64Bytes('-_8')).toEqual(base64Bytes('+/8'))
})
