/*
 * Message-IDs (RFC 5322 §3.6.4), without their angle brackets throughout the program.
 * Ours are `pd.<ticket>.<nonce>.<mac>@<domain>`: whoever cites one has seen a mail of that ticket.
 */

/** What one of our own ids claims; only the holder of the key can tell whether the claim is true (`ids.ts`). */
export type OwnId = { readonly ticket: number; readonly nonce: string; readonly mac: string; readonly signed: string }

// The nonce and the mac are base32 in lower case: some gateways fold the case of ids on the way.
const OWN = /^(pd\.(\d{1,15})\.([a-z2-7]{8,32}))\.([a-z2-7]{26})@/i

/** Reads one of our own ids back; null when it has another shape. */
export function readOwnId(id: string): OwnId | null {
  const match = OWN.exec(id)
  if (!match) return null
  const [, signed = '', ticket = '', nonce = '', mac = ''] = match
  return { ticket: Number(ticket), nonce: nonce.toLowerCase(), mac: mac.toLowerCase(), signed: signed.toLowerCase() }
}

/** The form in which ids are compared: seen in practice, gateways lower-case them; two that differ in case alone are one. */
export function foldId(id: string): string {
  return id.toLowerCase()
}

/** More ids than these are no conversation but an attempt to keep us busy. */
const MAX_CITED = 100

/** The ids this mail cites, nearest first: In-Reply-To, then References from the end (its parent stands last); at most 100. */
export function citedIds(inReplyTo: readonly string[], references: readonly string[]): string[] {
  return [...new Set([...inReplyTo, ...references.toReversed()].map(foldId))].slice(0, MAX_CITED)
}

// Clients cut long References themselves; RFC 5322 §2.1.1 allows lines of 998 octets, folded.
const KEPT = 20

/** The References of an answer (RFC 5322 §3.6.4): the parent's chain and the parent; the first and the last kept when long. */
export function referencesFor(parentId: string | null, parentReferences: readonly string[]): string[] {
  const chain = [...parentReferences, ...(parentId ? [parentId] : [])].filter((id, at, all) => all.indexOf(id) === at)
  return chain.length <= KEPT ? chain : [...chain.slice(0, 1), ...chain.slice(1 - KEPT)]
}
