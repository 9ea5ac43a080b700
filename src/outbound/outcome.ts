import { recipientsOf } from '../desk/outgoing-mail.ts'
import type { TicketEvent } from '../desk/ticket.ts'
import { errorText, isTemporary } from '../errors.ts'
import { foldAddress } from '../mail/address.ts'
import type { Address } from '../mail/message.ts'
import type { Delivery, OutboxMail, Undelivered } from '../store/outbox.ts'
import type { Handed } from './smtp.ts'

/** What came of handing a mail over: how it is settled, and what the history of its ticket tells. */
export type Outcome = { readonly delivery: Delivery; readonly events: readonly TicketEvent[] }

/** To whom a mail goes at the next attempt. */
export function openRecipients({ mail, undelivered }: OutboxMail): readonly string[] {
  return undelivered?.waiting ?? recipientsOf(mail)
}

/**
 * RFC 5321 §4.2.1 and §3.3: a server answers for each recipient. Who was refused for now waits for the next attempt, which goes to
 * nobody else; who was refused for good is told of at once. When nobody waits any more and somebody was refused, the mail has
 * failed: sent again by hand it goes to those alone. `givenUp`: nobody is to wait any longer.
 */
export function outcomeOf(mail: OutboxMail, { response, accepted, refused }: Handed, givenUp: boolean): Outcome {
  const waiting = refused.filter(({ error }) => isTemporary(error) && !givenUp).map(withWords)
  const lost = refused.filter(({ error }) => !isTemporary(error) || givenUp).map(withWords)
  const lostSoFar = [...(mail.undelivered?.refused ?? []), ...lost]
  const data = { kind: mail.kind, outbox: mail.id, attempts: mail.attempts }
  const events: TicketEvent[] = []
  if (accepted.length > 0)
    events.push({ kind: 'reply-sent', actor: 'postdesk', data: { ...data, to: named(mail, accepted) } })
  if (lost.length > 0) {
    const to = named(mail, addressesOf(lost))
    events.push({ kind: 'reply-failed', actor: 'postdesk', data: { ...data, to, error: wordsOf(lost) } })
  }
  if (waiting.length === 0 && lostSoFar.length === 0)
    return { delivery: { outcome: 'sent', response: response ?? '' }, events }
  const isOneForAll = accepted.length === 0 && mail.undelivered === null && (waiting.length === 0 || lost.length === 0)
  const undelivered: Undelivered =
    waiting.length > 0
      ? { waiting: addressesOf(waiting), refused: lostSoFar }
      : { waiting: addressesOf(lostSoFar), refused: [] }
  const outcome = waiting.length > 0 ? 'later' : 'failed'
  const error = wordsOf([...waiting, ...lostSoFar])
  return { delivery: { outcome, error, response, ...(isOneForAll ? {} : { undelivered }) }, events }
}

type Refused = Undelivered['refused'][number]

function withWords({ address, error }: Handed['refused'][number]): Refused {
  return { address, error: errorText(error) }
}

function addressesOf(refused: readonly Refused[]): string[] {
  return refused.map(({ address }) => address)
}

/** Said of whom only where not the same is said of all. */
function wordsOf(refused: readonly Refused[]): string {
  const words = new Set(refused.map(({ error }) => error))
  return words.size === 1 ? [...words].join() : refused.map(({ address, error }) => `${error} (${address})`).join('; ')
}

function named({ mail }: OutboxMail, addresses: readonly string[]): Address[] {
  const known = new Map([...mail.cc, ...mail.to].map(one => [foldAddress(one.address), one]))
  return addresses.map(address => known.get(foldAddress(address)) ?? { name: '', address })
}
