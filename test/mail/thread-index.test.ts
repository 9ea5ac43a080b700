import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readThreadIndex } from '../../src/mail/thread-index.ts'

const GUID = '00112233445566778899aabbccddeeff'
const filetime = (instant: string): string =>
  ((BigInt(Date.parse(instant)) + 11_644_473_600_000n) * 10_000n).toString(16).padStart(16, '0')
const AT = filetime('2026-11-23T10:00:00Z')
const exchange = `01${AT.slice(0, 10)}${GUID}`
const outlook = `${AT.slice(0, 12)}${GUID}`
const answer = 'a1b2c3d4e5'
const coded = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

describe('a conversation', () => {
  test('as Outlook begins one', () => {
    const { conversation, depth, startedAt } = readThreadIndex(coded(outlook)) ?? {}
    expect([conversation, depth]).toEqual([GUID, 0])
    expect(Math.abs(Date.parse(startedAt ?? '') - Date.parse('2026-11-23T10:00:00Z'))).toBeLessThan(7)
  })

  test('as Exchange begins one', () => {
    const { conversation, depth, startedAt } = readThreadIndex(coded(exchange)) ?? {}
    expect([conversation, depth]).toEqual([GUID, 0])
    expect(Math.abs(Date.parse(startedAt ?? '') - Date.parse('2026-11-23T10:00:00Z'))).toBeLessThan(1_700)
  })

  test.each([1, 2, 3, 40])('with %i answers is the same', answers => {
    expect(readThreadIndex(coded(outlook + answer.repeat(answers)))).toMatchObject({
      conversation: GUID,
      depth: answers,
    })
    expect(readThreadIndex(coded(exchange + answer.repeat(answers)))).toMatchObject({
      conversation: GUID,
      depth: answers,
    })
  })

  test('folded, in whatever way', () => {
    const folded = coded(outlook + answer.repeat(8)).replace(/.{20}/g, '$& \t')
    expect(readThreadIndex(` ${folded}\r\n `)).toMatchObject({ conversation: GUID, depth: 8 })
  })

  test('without its padding', () => {
    expect(readThreadIndex(coded(outlook).replace(/=+$/, ''))).toMatchObject({ conversation: GUID })
  })

  test('with a time that is none keeps its name', () => {
    expect(readThreadIndex(coded(`ffffffffffff${GUID}`))).toEqual({ conversation: GUID, depth: 0, startedAt: null })
  })
})

test.each([
  ['nothing', ''],
  ['blanks', '   '],
  ['no base64', 'not a thread index at all!'],
  ['another alphabet', coded(outlook).replace(/.$/, '*')],
  ['padding inside', `${coded(outlook)}${coded(answer)}`],
  ['too short', coded(outlook.slice(0, -2))],
  ['half an answer', coded(`${outlook}a1b2c3`)],
  ['an empty conversation', coded(`${AT.slice(0, 12)}${'00'.repeat(16)}`)],
  ['a conversation of ones', coded(`${AT.slice(0, 12)}${'ff'.repeat(16)}`)],
  ['more answers than anybody gives', coded(outlook + answer.repeat(1001))],
  ['a million letters', 'A'.repeat(1_000_000)],
  ['a million blanks', ' '.repeat(1_000_000)],
])('%s is none', (_name, value) => {
  expect(readThreadIndex(value)).toBeNull()
})

test('whatever stands there is read or refused', () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 60 }).map(all => Buffer.from(all).toString('base64'))
  fc.assert(
    fc.property(fc.oneof(bytes, fc.string()), value => {
      const read = readThreadIndex(value)
      if (read) expect(read.conversation).toMatch(/^[\da-f]{32}$/)
    }),
  )
})
