import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCms } from '../../src/mail/cms.ts'

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...length), body])
}
const endless = (tag: number, ...parts: Buffer[]): Buffer =>
  Buffer.concat([Buffer.of(tag, 0x80), ...parts, Buffer.of(0, 0)])
const id = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const DATA = id('2a864886f70d010701')
const SIGNED = id('2a864886f70d010702')
const octets = (text: string): Buffer => der(0x04, Buffer.from(text))
const version = der(0x02, Buffer.of(1))
const digests = der(0x31)

const signed = (...content: Buffer[]): Buffer =>
  der(0x30, SIGNED, der(0xa0, der(0x30, version, digests, der(0x30, DATA, ...content), digests)))

test.each<[string, Buffer, string | null, string | null]>([
  ['signed', signed(der(0xa0, octets('Hello'))), 'signed', 'Hello'],
  ['signed, more than 127 bytes', signed(der(0xa0, octets('x'.repeat(300)))), 'signed', 'x'.repeat(300)],
  [
    'signed, in pieces of unknown length',
    der(
      0x30,
      SIGNED,
      endless(
        0xa0,
        endless(0x30, version, digests, endless(0x30, DATA, endless(0xa0, endless(0x24, octets('Hel'), octets('lo'))))),
      ),
    ),
    'signed',
    'Hello',
  ],
  ['signed, the content elsewhere', signed(), 'signed', null],
  ['encrypted', der(0x30, id('2a864886f70d010703'), der(0xa0, der(0x30, version))), 'encrypted', null],
  [
    'encrypted with authentication',
    der(0x30, id('2a864886f70d0109100117'), der(0xa0, der(0x30, version))),
    'encrypted',
    null,
  ],
  ['something else', der(0x30, DATA, der(0xa0, octets('x'))), null, null],
  ['no CMS', Buffer.from('Hello'), null, null],
  ['nothing', Buffer.alloc(0), null, null],
])('%s', (_, bytes, kind, content) => {
  const read = readCms(bytes)
  expect(read.kind).toBe(kind)
  expect(read.content && Buffer.from(read.content).toString()).toBe(content)
})

test('damaged or endlessly nested bytes never throw', () => {
  expect(readCms(Buffer.alloc(100_000, 0x30))).toMatchObject({ content: null })
  expect(readCms(Buffer.from('3080'.repeat(50_000), 'hex'))).toMatchObject({ content: null })
  const whole = signed(der(0xa0, octets('Hello')))
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, keep) => {
      const bytes = Buffer.from(whole)
      bytes[at] = byte
      expect(readCms(bytes.subarray(0, keep)).content?.length ?? 0).toBeLessThanOrEqual(whole.length)
    }),
  )
})
