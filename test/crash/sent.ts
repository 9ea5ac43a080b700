import { Database } from '../../src/store/native.ts'
import type { SmtpMail } from '../support/smtp.ts'
import type { Difference } from './check.ts'

/*
 * What was sent, and how often. Between an SMTP server's taking a mail and our having written that down is a window in which
 * no protocol helps: whoever dies in it, or does not hear the answer, has to send again.
 */

/** A mail that the program handed over to the last byte, as the proxy saw it. */
export type HandedOver = {
  /** Without angle brackets. */
  readonly messageId: string
  /** The life in which that was, the first one being 0. */
  readonly life: number
  /** When the server's 250 was passed on (ms since 1970), unless the program had hung up before; null: it never was. */
  answeredAt: number | null
  /**
   * Upon that it hung up at once, without another word. In a life that went on it had given up before, which we saw too late:
   * seen when the machine stood still for longer than the program waits.
   */
  hungUp: boolean
}

export type LifeEnd = {
  /** Milliseconds since 1970. */
  readonly at: number
  /** The Message-IDs of the mails that the database then said were sent. */
  readonly sent: ReadonlySet<string>
}

/** A mail that was sent once more because of the window. */
export type SentAgain = {
  readonly messageId: string
  /** The answer never came; or it came, and so many ms later the program was killed without having written it down. */
  readonly because: 'answer lost' | { readonly killedAfterMs: number }
}

/** A line of the outbox. */
export type Outgoing = {
  readonly id: number
  readonly ticket: number | null
  readonly kind: string
  readonly state: string
  readonly recipients: string
  /** JSON. */
  readonly mail: string
}

type Sending = {
  readonly accepted: readonly SmtpMail[]
  readonly handedOver: readonly HandedOver[]
  readonly ends: readonly LifeEnd[]
}

/** What the SMTP server took is what stands in the outbox, once each, and again only where that cannot be avoided. */
export function checkSent(
  { accepted, handedOver, ends }: Sending,
  outbox: readonly Outgoing[],
  differ: (kind: Difference['kind'], what: string) => void,
): SentAgain[] {
  const again: SentAgain[] = []
  const made = new Map(outbox.map(line => [messageIdOf(line), line]))
  for (const { bytes, envelope } of accepted) {
    const line = made.get(idIn(bytes))
    if (!line) differ('doubled', `a mail to ${envelope.to} was sent that is not in the outbox: ${idIn(bytes)}`)
    else if (envelope.to.join(' ') !== line.recipients) differ('wrong', `mail ${line.id} was sent to ${envelope.to}`)
  }
  for (const [messageId, { id, state }] of made) {
    const copies = accepted.filter(({ bytes }) => idIn(bytes) === messageId)
    const [first, ...others] = copies
    if (!first) differ('lost', `mail ${id} of the outbox is ${state}, and the SMTP server has never had it`)
    else if (others.some(({ bytes }) => !bytes.equals(first.bytes)))
      differ('doubled', `mail ${id} of the outbox was sent twice, and not the same`)
    const handed = handedOver.filter(one => one.messageId === messageId)
    if (copies.length > handed.length) differ('doubled', `mail ${id} of the outbox came ${copies.length} times`)
    for (const [at, one] of handed.slice(0, -1).entries()) {
      const because = reasonFor(one, handed[at + 1]?.life ?? one.life, ends)
      if (because) again.push({ messageId, because })
      else differ('doubled', `mail ${id} of the outbox was sent again without need`)
    }
  }
  return again
}

/** Why a mail that was handed over had to be handed over again in that life; null: it had not. */
function reasonFor(
  { messageId, life, answeredAt, hungUp }: HandedOver,
  nextLife: number,
  ends: readonly LifeEnd[],
): SentAgain['because'] | null {
  const end = ends[life]
  if (end?.sent.has(messageId) && nextLife > life) return null
  if (answeredAt === null) return 'answer lost'
  if (nextLife === life) return hungUp ? 'answer lost' : null
  return end ? { killedAfterMs: end.at - answeredAt } : null
}

/** The Message-IDs of the mails that a database says were sent. */
export function sentIn(databasePath: string): Set<string> {
  const db = new Database(databasePath, { readonly: true })
  try {
    const sent = db.prepare<[], Pick<Outgoing, 'mail'>>("select mail from outbox where state = 'sent'").all()
    return new Set(sent.map(messageIdOf))
  } finally {
    db.close()
  }
}

function messageIdOf({ mail }: Pick<Outgoing, 'mail'>): string {
  return (JSON.parse(mail) as { messageId: string }).messageId
}

/** The Message-ID of a mail of ours, without angle brackets. */
export function idIn(bytes: Buffer): string {
  return /^message-id:\s*<([^>]*)>/im.exec(bytes.toString('latin1'))?.[1] ?? ''
}
