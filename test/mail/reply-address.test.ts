import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readReplyToken, replyTokens, splitDetail, withDetail } from '../../src/mail/reply-address.ts'

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
    ['it+a1@example.org', '+', 'it@example.org', 'a1'],
    ['it@example.org', '+', 'it@example.org', ''],
    ['it+@example.org', '+', 'it@example.org', ''],
    ['it+a+b@example.org', '+', 'it+a@example.org', 'b'],
    ['it-support-a1@example.org', '-', 'it-support@example.org', 'a1'],
    ['it+a1@ex-ample+.org', '-', 'it+a1@ex-ample+.org', ''],
    ['it@ex+ample.org', '+', 'it@ex+ample.org', ''],
    ['it--a1@example.org', '--', 'it@example.org', 'a1'],
    ['+a1@example.org', '+', '+a1@example.org', ''],
    ['@example.org', '+', '@example.org', ''],
    ['it+a1', '+', 'it+a1', ''],
    ['it+a1@example.org', '', 'it+a1@example.org', ''],
    ['', '+', '', ''],
  ])('%j split at %j', (address, delimiter, plain, detail) => {
    expect(splitDetail(address, delimiter)).toEqual({ address: plain, detail })
  })

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

  test('what was put together comes apart', () => {
    const text = fc.stringMatching(/^[a-z0-9._=-]{1,12}$/)
    fc.assert(
      fc.property(text, text, text, fc.constantFrom('+', '~', '--+'), (local, detail, domain, delimiter) => {
        const address = `${local}@${domain}`
        expect(splitDetail(withDetail(address, detail, delimiter) ?? '', delimiter)).toEqual({ address, detail })
      }),
    )
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
