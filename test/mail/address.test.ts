import { describe, expect, test } from 'vitest'
import { distinct, domainOf, isMailable, isOneOf, withoutDetail } from '../../src/mail/address.ts'

test('domains and details', () => {
  expect(domainOf('Ana@Example.ORG')).toBe('example.org')
  expect(domainOf('nobody')).toBe('')
  expect(withoutDetail('IT+token@example.org')).toBe('it@example.org')
  expect(withoutDetail('it@example.org')).toBe('it@example.org')
  expect(isOneOf('It+x@Example.org', new Set(['it@example.org']))).toBe(true)
  expect(isOneOf('it@example.com', new Set(['it@example.org']))).toBe(false)
})

test.each([
  ['it-1042.abcdefghijklmnopqrstuvwxyz@example.org', true],
  ['IT=1042.29xk3f.ABCDEFGHIJKLMNOPQRSTUVWXYZ.take@example.org', true],
  ['it.1042.abcdefghijklmnopqrstuvwxyz@example.org', true],
  // Somebody else, or a detail that only the server of another company knows.
  ['it-team@example.org', false],
  ['it.1042@example.org', false],
  ['it-1042.abcdefghijklmnopqrstuvwxy@example.org', false],
  ['it-1042.abcdefghijklmnopqrstuvwxyz@example.com', false],
  ['it-1042.abcdefghijklmnopqrstuvwxyz.example.org', false],
])('%s is an address of it@: %s', (address, expected) => {
  expect(isOneOf(address, new Set(['it@example.org']))).toBe(expected)
})

// With quadratic work this would not end.
test.each(['1', '-1', '-1.', 'a', '.', '+'])('a million times %j is no address of ours', unit => {
  expect(isOneOf(`${unit.repeat(1_000_000)}@example.org`, new Set(['it@example.org']))).toBe(false)
})

test('addresses without repetition keep the first name', () => {
  const a = { name: 'Ana', address: 'ana@x.example' }
  expect(distinct([a, { name: '', address: 'ANA@x.example' }, { name: '', address: '' }])).toEqual([a])
})

describe('mailable', () => {
  test.each(['ana@example.org', "o'hara@example.org", 'a.b+c@sub.example.org', 'ünal@exämple.org', 'x@localhost'])(
    '%j',
    address => {
      expect(isMailable(address)).toBe(true)
    },
  )
  test.each([
    '',
    'ana',
    '@example.org',
    'ana@',
    'ana@example.org\r\nRCPT TO:<x@y>',
    'a b@example.org',
    '<ana@example.org>',
    'ana@-example.org',
    'ana@example..org',
    'a\0@example.org',
    '\u200bana@example.org',
    'ana\u202e@example.org',
    `${'a'.repeat(65)}@example.org`,
    `a@${'b'.repeat(260)}.org`,
    'a@b@c',
  ])('not %j', address => {
    expect(isMailable(address)).toBe(false)
  })
})
