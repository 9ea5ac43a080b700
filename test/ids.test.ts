import { describe, expect, test } from 'vitest'
import { createIds, newSecret } from '../src/ids.ts'

describe('own Message-IDs', () => {
  const ids = createIds(newSecret())

  test('name their ticket', () => {
    const id = ids.mint(1042, 'example.org')
    expect(id).toMatch(/^pd\.1042\.[a-z2-7]{16}\.[a-z2-7]{26}@example\.org$/)
    expect(ids.ticketOf(id)).toBe(1042)
  })

  test('survive gateways that fold their case or replace the domain', () => {
    const id = ids.mint(7, 'example.org')
    expect(ids.ticketOf(id.toUpperCase())).toBe(7)
    expect(ids.ticketOf(id.replace(/@.*/, '@relay.example.net'))).toBe(7)
  })

  test('are never the same twice', () => {
    expect(new Set(Array.from({ length: 1000 }, () => ids.mint(1, 'a.example'))).size).toBe(1000)
  })

  test.each([
    ['another ticket', (id: string) => id.replace('pd.1042.', 'pd.1043.')],
    ['another nonce', (id: string) => id.replace(/\.[a-z2-7]{16}\./, '.aaaaaaaaaaaaaaaa.')],
    ['a guessed signature', (id: string) => id.replace(/[a-z2-7]{26}@/, `${'a'.repeat(26)}@`)],
    ['a shorter signature', (id: string) => id.replace(/[a-z2-7]{26}@/, 'abc@')],
    ['no signature', () => 'pd.1042@example.org'],
    ['something else', () => 'CAF=abc@mail.example.com'],
  ])('%s names no ticket', (_name, change) => {
    expect(ids.ticketOf(change(ids.mint(1042, 'example.org')))).toBeNull()
  })

  test('of another instance name no ticket here', () => {
    expect(ids.ticketOf(createIds(newSecret()).mint(1042, 'example.org'))).toBeNull()
  })
})

describe('reply tokens', () => {
  const ids = createIds(newSecret())
  const token = ids.replyToken(1042, 'jane@example.org')

  test('name their ticket, to the person they were made for', () => {
    expect(token).toMatch(/^1042\.[a-z2-7]{26}$/)
    expect(ids.ticketOfToken(token, 'jane@example.org')).toBe(1042)
    expect(ids.replyToken(1042, 'jane@example.org')).toBe(token)
  })

  test('survive gateways that fold the case of addresses', () => {
    expect(ids.ticketOfToken(token.toUpperCase(), 'Jane@Example.ORG')).toBe(1042)
  })

  test.each<[string, string, string]>([
    ['of another person', token, 'eve@example.org'],
    ['of nobody', token, ''],
    ['for another ticket', token.replace('1042.', '1043.'), 'jane@example.org'],
    ['with a guessed signature', `1042.${'a'.repeat(26)}`, 'jane@example.org'],
    ['with a shorter signature', token.slice(0, -1), 'jane@example.org'],
    ['with a longer signature', `${token}a`, 'jane@example.org'],
    ['without a signature', '1042', 'jane@example.org'],
    ['of nothing', '', ''],
    ['of another instance', createIds(newSecret()).replyToken(1042, 'jane@example.org'), 'jane@example.org'],
    ['that share a text', ids.replyToken(10, '42.jane@example.org'), 'jane@example.org'],
  ])('%s name no ticket', (_name, given, address) => {
    expect(ids.ticketOfToken(given, address)).toBeNull()
  })

  test('and Message-IDs do not stand for each other', () => {
    const id = ids.mint(1042, 'example.org')
    const [, , nonce = '', mac = ''] = id.split(/[.@]/)
    expect(ids.ticketOfToken(`1042.${mac}`, nonce)).toBeNull()
    expect(ids.ticketOf(`pd.1042.jane@example.org.${token.slice(5)}@example.org`)).toBeNull()
  })

  test('leave room for a mailbox name', () => {
    expect(ids.replyToken(999_999_999_999_999, 'jane@example.org')).toHaveLength(42)
  })
})
