/*
 * The fields that servers write about who sent a mail, and what they prove.
 */
import { type MxTrust, senderProof } from '../../src/mail/authentication-results.ts'
import type { Header } from '../../src/mail/message.ts'

/** Our own server, `mx.example.org`, is believed. */
export const TRUST: MxTrust = { servIds: new Set(['mx.example.org']), sealers: new Set() }
export const RECEIVED: Header = { name: 'received', value: 'from a by b with ESMTPS; Mon, 23 Nov 2026 10:00:00 +0100' }
export const FROM: Header = { name: 'from', value: 'Jane <jane@x.org>' }
export const ar = (value: string): Header => ({ name: 'authentication-results', value })
/** What our own server found. */
export const ours = (results: string): Header => ar(`mx.example.org; ${results}`)

/** How far it is proven that the mail is from this address; without a From in it, that is the one. */
export const proof = (headers: readonly Header[], trust = TRUST, address = 'jane@x.org'): string => {
  const all = headers.some(({ name }) => name === 'from') ? headers : [...headers, { name: 'from', value: address }]
  return senderProof(all, { name: '', address }, trust).level
}
