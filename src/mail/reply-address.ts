import { type Instant, instantOf, MINUTE } from '../instant.ts'
import { foldAddress } from './address.ts'
import type { Message } from './message.ts'
import { AGENT_TOKEN, MAC, TICKET, VERB } from './token-form.ts'

/*
 * Addresses that say by themselves which ticket an answer belongs to: `it+1042.<mac>@example.org`, the detail of RFC 5233.
 * They survive clients that drop every header of a thread. Only the holder of the key can tell whether one is true (`ids.ts`).
 */

/** What a reply token claims. */
export type ReplyToken = { readonly ticket: number; readonly mac: string }

const TOKEN = new RegExp(`^(${TICKET})\\.(${MAC})$`, 'i')

/** What the token in an agent's address claims. `verb`: a command in the address itself, as in `it+1042.….solved@`. */
export type AgentToken = {
  /** 0: it is about no ticket. */
  readonly ticket: number
  /** When it was made, as it stands in the token, and as an instant to the minute. */
  readonly made: string
  readonly madeAt: Instant
  readonly mac: string
  readonly verb: string | null
}

const AGENT_DETAIL = new RegExp(`^(${AGENT_TOKEN})(${VERB})?$`)

/** An agent's address with a command in it; null when it would be longer than servers need to take. */
export function withVerb(address: string, verb: string): string | null {
  const at = address.lastIndexOf('@')
  const local = `${address.slice(0, at)}.${verb}`
  return local.length > LONGEST_LOCAL_PART ? null : local + address.slice(at)
}

/** Reads the token of an agent's address back; null when it has another shape. */
export function readAgentToken(detail: string): AgentToken | null {
  const [, token, verb] = AGENT_DETAIL.exec(detail.toLowerCase()) ?? []
  if (token === undefined) return null
  const [ticket, made = '', mac = ''] = token.split('.')
  const madeAt = instantOf(Number.parseInt(made, 36) * MINUTE)
  return { ticket: Number(ticket), made, madeAt, mac, verb: verb?.slice(1) ?? null }
}

/** Reads a token back; null when it has another shape. */
export function readReplyToken(token: string): ReplyToken | null {
  const [, ticket, mac = ''] = TOKEN.exec(token) ?? []
  return ticket === undefined ? null : { ticket: Number(ticket), mac: mac.toLowerCase() }
}

// RFC 5321 §4.5.3.1.1
const LONGEST_LOCAL_PART = 64

/** The address with a detail; null when it would be longer than servers need to take (RFC 5321 §4.5.3.1.1), or is none. */
export function withDetail(address: string, detail: string, delimiter = '+'): string | null {
  const at = address.lastIndexOf('@')
  const local = `${address.slice(0, Math.max(at, 0))}${delimiter}${detail}`
  if (at < 1 || new TextEncoder().encode(local).length > LONGEST_LOCAL_PART) return null
  return local + address.slice(at)
}

// Where servers note whom a mail was for; a mail to a group or in Bcc has our address nowhere else.
const RECIPIENT_FIELDS = new Set([
  'delivered-to',
  'x-delivered-to',
  'x-original-to',
  'envelope-to',
  'x-envelope-to',
  'x-forwarded-to',
])
// Each word is looked at from its beginning alone: a field may be one word without end.
const ADDRESS = /(?<![^\s<>,;:"()@])[^\s<>,;:"()@]{1,64}@[^\s<>,;:"()@]{1,255}/g

/** More tokens than these are no answer but an attempt to keep us busy. */
const MOST_TOKENS = 10

type Addressed = Pick<Message, 'to' | 'cc' | 'headers'>

/** The reply tokens in the recipients of a mail, in lower case, without repetition, at most 10. None is proven yet. `delimiter` null: details are not used. */
export function replyTokens(message: Addressed, delimiter: string | null = '+'): string[] {
  return detailsIn(message, delimiter)
    .filter(detail => readReplyToken(detail))
    .slice(0, MOST_TOKENS)
}

/** The tokens of agents' addresses in the recipients of a mail, at most 10. None is proven yet. `delimiter` as above. */
export function agentTokens(message: Addressed, delimiter: string | null = '+'): AgentToken[] {
  return detailsIn(message, delimiter)
    .flatMap(detail => readAgentToken(detail) ?? [])
    .slice(0, MOST_TOKENS)
}

function detailsIn(message: Addressed, delimiter: string | null): string[] {
  if (!delimiter) return []
  const noted = message.headers
    .filter(({ name }) => RECIPIENT_FIELDS.has(name))
    .flatMap(({ value }) => [...value.matchAll(ADDRESS)].map(match => match[0]))
  const addresses = [...message.to, ...message.cc].map(({ address }) => address).concat(noted)
  return [...new Set(addresses.flatMap(address => detailsOf(foldAddress(address), delimiter)))]
}

/** What stands behind a delimiter: behind each, for tokens and names hold dots and hyphens too. Which one is a token its form tells. */
function detailsOf(address: string, delimiter: string): string[] {
  const [name, ...rest] = address
    .slice(0, Math.max(address.lastIndexOf('@'), 0))
    .slice(-LONGEST_LOCAL_PART)
    .split(delimiter)
  return name === '' ? [] : rest.map((_, at) => rest.slice(at).join(delimiter))
}

// Wherever they stand in a text, and whatever is in front of them. Bounded: a mail may be nothing but digits.
const IN_TEXT = new RegExp(AGENT_TOKEN, 'gi')

/** A text without the tokens of agents' addresses, an ellipsis in the place of each: they are theirs alone. */
export function withoutAgentTokens(text: string): string {
  return text.replace(IN_TEXT, '…')
}
