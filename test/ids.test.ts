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
