import { distinct, foldAddress, isMailable, isOneOf } from './address.ts'
import { type MxTrust, type SenderProof, senderProof } from './authentication-results.ts'
import type { Address, Message, ParsedMail } from './message.ts'

/*
 * Groups that write themselves into From: where the sender's domain forbids forwarding (DMARC), Google Groups and Mailman
 * make "'Anna Meier' via IT <it@example.org>" of "Anna Meier <anna@elsewhere.example>". Who wrote stands elsewhere then,
 * where anybody could have put it: good enough to answer, never to be believed.
 */

export type OurAddresses = {
  /** Every address that is ours, folded. */
  readonly ownAddresses: ReadonlySet<string>
  /** Our own groups and forwarders, folded: List-Ids without brackets, or addresses. */
  readonly ownLists: ReadonlySet<string>
}

/** Is this the address of a group of ours? The List-Id of it@example.org is it.example.org (Google Groups, RFC 2919 §2). */
export function isOurList(address: string, ownLists: ReadonlySet<string>): boolean {
  return isOneOf(address, ownLists) || ownLists.has(foldAddress(address).replace('@', '.'))
}

// Google writes both, the first one only where it replaced From. Mailman leaves the writer in Reply-To (munge_from).
const ORIGINAL = ['x-original-from', 'x-original-sender']

/** Who wrote a mail in which a group of ours stands in From; null: From is as it was, or nobody else is named. */
export function writerBehind(mail: ParsedMail, { ownAddresses, ownLists }: OurAddresses): Address | null {
  const { from, headers, replyTo } = mail
  const isOurs = (address: string) => isOneOf(address, ownAddresses) || isOurList(address, ownLists)
  if (!from || !isOurs(from.address)) return null
  const named = ORIGINAL.flatMap(name => headers.filter(header => header.name === name))
    .map(({ value }) => (/<([^<>]*)>\s*$/.exec(value)?.[1] ?? value).trim())
    .find(isMailable)
  if (named !== undefined) return isOurs(named) ? null : { name: nameBefore(from.name), address: named }
  const others = distinct(replyTo).filter(({ address }) => isMailable(address) && !isOurs(address))
  const [writer] = others
  if (!writer || others.length > 1 || !VIA.test(from.name)) return null
  return { name: writer.name || nameBefore(from.name), address: writer.address }
}

// The word is the same in all the languages that Google and Mailman speak.
const VIA = /^(.+?)\s+via\s+\S/i

function nameBefore(name: string): string {
  const before = (VIA.exec(name)?.[1] ?? '').trim()
  return /^'.+'$/.test(before) ? before.slice(1, -1) : before
}

/** How far our MX proved the sender: of a mail with a group in From it can prove the group alone. */
export function proofOf({ headers, from, via }: Message, trust: MxTrust): SenderProof {
  if (!via) return senderProof(headers, from, trust)
  const ofGroup = senderProof(headers, via, trust)
  if (ofGroup.level === 'fail') return ofGroup
  return { level: 'none', why: `${via.address} stands in From, and only names ${from?.address ?? 'somebody'}` }
}
