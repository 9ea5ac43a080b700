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
    `${'a'.repeat(65)}@example.org`,
    `a@${'b'.repeat(260)}.org`,
    'a@b@c',
  ])('not %j', address => {
    expect(isMailable(address)).toBe(false)
  })
})
