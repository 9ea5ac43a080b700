import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readOwnId } from './mail/message-id.ts'

/** Makes and recognises this instance's Message-IDs. */
export type Ids = {
  /** A new Message-ID for a mail of this ticket, without angle brackets. */
  mint(ticket: number, domain: string): string
  /** The ticket an id of ours names, when the signature proves that we made it; null for any other id. */
  ticketOf(id: string): number | null
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

/** Ids signed with HMAC-SHA-256, cut to 128 bits (RFC 2104 §5). `key` is the instance's own secret. */
export function createIds(key: Uint8Array): Ids {
  const mac = (signed: string): string => base32(createHmac('sha256', key).update(signed).digest().subarray(0, 16))
  return {
    mint(ticket, domain) {
      const signed = `pd.${ticket}.${base32(randomBytes(10))}`
      return `${signed}.${mac(signed)}@${domain}`
    },
    ticketOf(id) {
      const own = readOwnId(id)
      if (!own) return null
      const good = timingSafeEqual(Buffer.from(mac(own.signed)), Buffer.from(own.mac))
      return good ? own.ticket : null
    },
  }
}

/** A new secret for `createIds`: 256 bits. */
export function newSecret(): Buffer {
  return randomBytes(32)
}
