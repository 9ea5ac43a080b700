import { withoutAgentTokens } from '../mail/reply-address.ts'

/**
 * The same without the tokens in agents' addresses, in whatever text of it: who may read a ticket is no agent yet. They stand in
 * notifications, and so in what agents write to, quote and forward.
 */
export function withoutKeys<T>(shown: T): T
export function withoutKeys(shown: unknown): unknown {
  if (typeof shown === 'string') return withoutAgentTokens(shown)
  if (Array.isArray(shown)) return shown.map(one => withoutKeys<unknown>(one))
  if (typeof shown !== 'object' || shown === null) return shown
  return Object.fromEntries(Object.entries(shown).map(([name, one]) => [name, withoutKeys<unknown>(one)]))
}
