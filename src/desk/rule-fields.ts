import { domainOf, foldAddress, withoutDetail } from '../mail/address.ts'

/*
 * The parts of a mail that rules look at, and what else than words can be looked for in addresses and file names.
 */

export const FIELDS = ['subject', 'text', 'sender', 'recipient', 'attachment'] as const
export type Field = (typeof FIELDS)[number]

/** What rules look at. `text` is what this person wrote in this mail, without quotation. */
export type Classifiable = {
  readonly subject: string
  readonly text: string
  readonly sender: string
  readonly recipients: readonly string[]
  /** File names. */
  readonly attachments: readonly string[]
}

/** The texts of a field. */
export function itemsOf(mail: Classifiable, field: Field): readonly string[] {
  switch (field) {
    case 'subject':
      return [mail.subject]
    case 'text':
      return [mail.text]
    case 'sender':
      return [mail.sender]
    case 'recipient':
      return mail.recipients
    case 'attachment':
      return mail.attachments
  }
}

/** What an address or a file name is found by, besides its words. */
export function keysOf(item: string, field: Field): string[] {
  if (field === 'attachment') {
    const [, ...endings] = item.slice(-40).toLowerCase().split('.')
    return endings.map((_, at) => `.${endings.slice(at).join('.')}`)
  }
  if (field !== 'sender' && field !== 'recipient') return []
  // "Ana Pop <ana@example.org>" or the bare address. RFC 5321 §4.5.3.1: no path is longer than 256.
  const address = foldAddress(item.slice(item.lastIndexOf('<') + 1).replace(/>\s*$/, '')).slice(-256)
  const at = address.lastIndexOf('@')
  if (at < 0) return []
  const local = address.slice(0, at)
  const labels = domainOf(address).split('.')
  return [
    ...new Set([address, withoutDetail(address)]),
    `${local}@`,
    local,
    `@${labels.join('.')}`,
    ...labels.map((_, label) => labels.slice(label).join('.')),
  ]
}

// "boss@example.org", "@example.org", "boss@" · "example.org" · ".pdf"; "*@example.org" and "*.pdf" are the same written
// otherwise. Such a term stands for itself in these fields only; in a text its parts are words like others.
const ADDRESS = /^[^\s*@]*@[^\s*@]*$/
const DOMAIN = /^[^\s*@.]+(?:\.[^\s*@.]+)+$/
const ENDING = /^(?:\.[^\s*.]+)+$/

/** What such a term is found by in `keysOf`; null when it is one to be found by its words. */
export function exactKey(written: string, field: Field): string | null {
  const term = foldAddress(written)
  const bare = term.startsWith('*') ? term.slice(1) : term
  if (field === 'attachment') return ENDING.test(bare) ? bare : null
  if (field !== 'sender' && field !== 'recipient') return null
  if (bare === '@' || !(ADDRESS.test(bare) || DOMAIN.test(term))) return null
  return bare
}
