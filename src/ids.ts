import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { epochMs, type Instant, MINUTE } from './instant.ts'
import { foldAddress } from './mail/address.ts'
import { readOwnId } from './mail/message-id.ts'
import { type AgentToken, readReplyToken } from './mail/reply-address.ts'
import type { SurveyToken } from './mail/survey.ts'

/** Makes and recognises this instance's Message-IDs, and the tokens of its reply addresses. */
export type Ids = {
  /** A new Message-ID for a mail of this ticket, without angle brackets. */
  mint(ticket: number, domain: string): string
  /** The ticket an id of ours names, when the signature proves that we made it; null for any other id. */
  ticketOf(id: string): number | null
  /** What follows the delimiter in the reply address of this ticket and this person: at most 42 characters, always the same. */
  replyToken(ticket: number, address: string): string
  /**
   * What follows the delimiter in the address that an agent answers to, about this ticket or (0) anything: at most 48 characters.
   * Whoever writes to it from that agent's address is that agent.
   */
  agentToken(ticket: number, agent: string, at: Instant): string
  /** Did we make this token, and for this agent? */
  isTokenOf(token: AgentToken, agent: string): boolean
  /** What stands in the address of a page on which this ticket, as it was solved then, is rated; whoever has it may. */
  surveyToken(ticket: number, solvedAt: Instant): string
  /** Did we make this token? */
  isSurveyToken(token: SurveyToken): boolean
  /** The ticket a token was made for, when we made it and for this person; null for any other, a forwarded one too. */
  ticketOfToken(token: string, address: string): number | null
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

// Lower-case base32: some gateways fold the case of ids on the way, hexadecimal would be a third longer.
function base32(bytes: Uint8Array): string {
  let bits = 0
  let value = 0
  let text = ''
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      text += BASE32[(value >>> (bits - 5)) & 31]
      bits -= 5
    }
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text
}

/** Ids and tokens signed with HMAC-SHA-256, cut to 128 bits (RFC 2104 §5). `key` is the instance's own secret. */
export function createIds(key: Uint8Array): Ids {
  const mac = (signed: string): string => base32(createHmac('sha256', key).update(signed).digest().subarray(0, 16))
  const isMac = (given: string, signed: string): boolean =>
    timingSafeEqual(Buffer.from(mac(signed)), Buffer.from(given))
  // An address may hold anything but begins nothing that `mint` signs.
  const reply = (ticket: number, address: string): string => `reply.${ticket}.${foldAddress(address)}`
  const ofAgent = (ticket: number, made: string, agent: string): string => `agent.${ticket}.${made}.${agent}`
  const ofSurvey = (ticket: number, solved: string): string => `survey.${ticket}.${solved}`
  return {
    mint(ticket, domain) {
      const signed = `pd.${ticket}.${base32(randomBytes(10))}`
      return `${signed}.${mac(signed)}@${domain}`
    },
    ticketOf(id) {
      const own = readOwnId(id)
      return own && isMac(own.mac, own.signed) ? own.ticket : null
    },
    replyToken(ticket, address) {
      return `${ticket}.${mac(reply(ticket, address))}`
    },
    agentToken(ticket, agent, at) {
      const made = Math.floor(epochMs(at) / MINUTE).toString(36)
      return `${ticket}.${made}.${mac(ofAgent(ticket, made, agent))}`
    },
    isTokenOf({ ticket, made, mac: given }, agent) {
      return isMac(given, ofAgent(ticket, made, agent))
    },
    surveyToken(ticket, solvedAt) {
      const solved = epochMs(solvedAt).toString(36)
      return `${ticket}.${solved}.${mac(ofSurvey(ticket, solved))}`
    },
    isSurveyToken({ ticket, solved, mac: given }) {
      return isMac(given, ofSurvey(ticket, solved))
    },
    ticketOfToken(token, address) {
      const read = readReplyToken(token)
      return read && isMac(read.mac, reply(read.ticket, address)) ? read.ticket : null
    },
  }
}

/** A new secret for `createIds`: 256 bits. */
export function newSecret(): Buffer {
  return randomBytes(32)
}
