import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isOneOf } from '../../src/mail/address.ts'
import {
  agentTokens,
  readReplyToken,
  replyTokens,
  withDetail,
  withoutAgentTokens,
  withVerb,
} from '../../src/mail/reply-address.ts'

const MAC = 'abcdefghijklmnopqrstuvwxyz'
const TOKEN = `1042.${MAC}`

test.each([
  [TOKEN, { ticket: 1042, mac: MAC }],
  [TOKEN.toUpperCase(), { ticket: 1042, mac: MAC }],
  [`1042.${MAC.slice(1)}`, null],
  [`1042.${MAC}a`, null],
  [`1042.${MAC.slice(1)}1`, null],
  [`1042${MAC}`, null],
  [`1042 .${MAC}`, null],
  [`-1.${MAC}`, null],
  [`1234567890123456.${MAC}`, null],
  [`.${MAC}`, null],
  [`${TOKEN}\n`, null],
  ['', null],
])('the token %j', (token, expected) => {
  expect(readReplyToken(token)).toEqual(expected)
})

describe('details', () => {
  test.each([
    ['it@example.org', TOKEN, '+', `it+${TOKEN}@example.org`],
    ['it@example.org', 'a', '-', 'it-a@example.org'],
    [`${'x'.repeat(32)}@example.org`, TOKEN, '+', `${'x'.repeat(32)}+${TOKEN}@example.org`],
    [`${'x'.repeat(33)}@example.org`, TOKEN, '+', null],
    [`${'ü'.repeat(17)}@example.org`, TOKEN, '+', null],
    ['@example.org', 'a', '+', null],
    ['it', 'a', '+', null],
  ])('%j with %j after %j', (address, detail, delimiter, expected) => {
    expect(withDetail(address, detail, delimiter)).toBe(expected)
  })
})

describe('the tokens of a mail', () => {
  const other = `7.${MAC}`
  const person = (address: string) => ({ name: '', address })
  const found = (different: Partial<Parameters<typeof replyTokens>[0]>, delimiter?: string): string[] =>
    replyTokens({ to: [], cc: [], headers: [], ...different }, delimiter)

  test('stand in To and Cc', () => {
    expect(found({ to: [person('jane@x.org'), person(`it+${TOKEN}@x.org`)] })).toEqual([TOKEN])
    expect(found({ cc: [person(`IT+${TOKEN.toUpperCase()}@X.ORG`)] })).toEqual([TOKEN])
    expect(found({ to: [person(`it+${TOKEN}@x.org`)], cc: [person(`hr+${other}@x.org`)] })).toEqual([TOKEN, other])
    expect(found({ to: [person(`it-desk-${TOKEN}@x.org`)] }, '-')).toEqual([TOKEN])
  })

  test.each([
    ['delivered-to', `it+${TOKEN}@x.org`],
    ['x-original-to', `<it+${TOKEN}@x.org>`],
    ['envelope-to', `jane@x.org, it+${TOKEN}@x.org`],
    ['x-envelope-to', `"IT" <it+${TOKEN}@x.org>, <jane@x.org>`],
    ['x-delivered-to', `rfc822;it+${TOKEN}@x.org`],
    ['x-forwarded-to', `it+${TOKEN}@x.org jane@x.org`],
  ])('stand in %s: %s', (name, value) => {
    expect(found({ headers: [{ name, value }] })).toEqual([TOKEN])
  })

  test.each(['it', 'it-support', 'it.support', 'room_7.1042'])(
    'come back out of what they were put into: %s@',
    name => {
      const own = `${name}@x.org`
      const agents = `1042.29xk3f.${MAC}`
      for (const delimiter of ['+', '=', '_', '.', '-']) {
        const address = withDetail(own, TOKEN, delimiter) ?? ''
        expect(found({ to: [person(address)] }, delimiter), address).toEqual([TOKEN])
        const theirs = withVerb(withDetail(own, agents, delimiter) ?? '', 'solved') ?? ''
        const read = agentTokens({ to: [person(theirs)], cc: [], headers: [] }, delimiter)
        expect(read, theirs).toMatchObject([{ ticket: 1042, made: '29xk3f', mac: MAC, verb: 'solved' }])
        for (const one of [address, theirs]) expect(isOneOf(one, new Set([own])), one).toBe(true)
      }
    },
  )

  test('stand nowhere else', () => {
    expect(found({ headers: [{ name: 'subject', value: `it+${TOKEN}@x.org` }] })).toEqual([])
    expect(found({ to: [person('it+1042@x.org'), person(`${TOKEN}@x.org`), person(`it@${TOKEN}`)] })).toEqual([])
  })

  test('are named once, and not without end', () => {
    expect(found({ to: [person(`it+${TOKEN}@x.org`), person(`hr+${TOKEN}@x.org`)] })).toEqual([TOKEN])
    const many = Array.from({ length: 500 }, (_, at) => person(`it+${at}.${MAC}@x.org`))
    expect(found({ to: many })).toHaveLength(10)
  })

  test('are looked for in anything', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom(`it+${TOKEN}@x.org`, '@'.repeat(5000), `a+${'1'.repeat(5000)}@b`),
    )
    fc.assert(
      fc.property(text, text, fc.constantFrom('+', '-', '', '.'), (address, value, delimiter) => {
        for (const token of found({ to: [person(address)], headers: [{ name: 'delivered-to', value }] }, delimiter))
          expect(readReplyToken(token)).not.toBeNull()
      }),
    )
  })

  // With anything worse than linear work this would not end.
  test.each(['a', '+', '@', 'a@', 'a+1.', '<'])('a million times %j', unit => {
    const value = unit.repeat(1_000_000 / unit.length)
    expect(found({ to: [person(value)], headers: [{ name: 'delivered-to', value }] })).toEqual([])
  })
})

test.each([
  [`<mailto:it+1042.29xk3f.${MAC}.solved@x.org>`, '<mailto:it+….solved@x.org>'],
  [`IT-1042.29XK3F.${MAC.toUpperCase()}@X.ORG and it-7.29xk3.${MAC}@x.org`, 'IT-…@X.ORG and it-…@x.org'],
  [`it%2B1042.29xk3f.${MAC}%40x.org`, 'it%2B…%40x.org'],
  [`it+${TOKEN}@x.org`, `it+${TOKEN}@x.org`],
  ['10.0.0.1 is version 1.234567.8', '10.0.0.1 is version 1.234567.8'],
  // With quadratic work this would not end.
  ['1'.repeat(3_000_000), '1'.repeat(3_000_000)],
])('%#: agents’ tokens are hidden', (text, shown) => {
  expect(withoutAgentTokens(text) === shown).toBe(true)
})
