import type { Address } from './message.ts'
import { AGENT_TOKEN, MAC, TICKET, VERB } from './token-form.ts'

/** The form in which two addresses are compared: lower case as a whole, for no provider tells case apart in practice. */
export function foldAddress(address: string): string {
  return address.trim().toLowerCase()
}

/** The domain of an address in lower case, '' when there is none. */
export function domainOf(address: string): string {
  return foldAddress(address.slice(address.lastIndexOf('@') + 1 || address.length))
}

// The details of our own reply addresses, as `reply-address.ts` reads them, behind the other delimiters that servers know.
const OWN_DETAIL = new RegExp(`[=_.-](?:${AGENT_TOKEN}(?:${VERB})?|${TICKET}\\.${MAC})(?=@)`)

/**
 * The address without its detail (RFC 5233), folded: `it+a1b2@example.org` → `it@example.org`. Behind another delimiter than `+`
 * only a token of ours is a detail: `it-team@example.org` may be anybody.
 */
export function withoutDetail(address: string): string {
  return foldAddress(address)
    .replace(/^([^+@]+)\+[^@]*@/, '$1@')
    .replace(OWN_DETAIL, '')
}

/** Is this one of `own`, which hold folded addresses? With a detail (`it+token@`) it still is. */
export function isOneOf(address: string, own: ReadonlySet<string>): boolean {
  return own.has(foldAddress(address)) || own.has(withoutDetail(address))
}

// RFC 5321 §4.5.3.1: a local part has at most 64 octets, a path 256. Control characters, blanks and brackets would
// end the address in an SMTP command or a header; what nobody sees (a zero-width space, copied along) some programs leave out on
// the way, and then it is another address.
const MAILABLE = /^[^\s@<>()[\]\\,;:"\p{C}]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}.-]{0,251}[\p{L}\p{N}])?$/u

/** Can a mail be sent there? Quoted local parts and address literals are refused: nobody's mailbox at a company has one. */
export function isMailable(address: string): boolean {
  return address.length <= 254 && MAILABLE.test(address) && !address.includes('..')
}

/** The addresses without repetition, in order; the first name seen is kept. */
export function distinct(addresses: readonly Address[]): Address[] {
  const seen = new Map<string, Address>()
  for (const address of addresses) {
    const key = foldAddress(address.address)
    if (key && !seen.has(key)) seen.set(key, address)
  }
  return [...seen.values()]
}
