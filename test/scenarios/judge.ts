/*
 * What came of a scenario against what it expects, in words that tell a person where to look.
 */
import { type ParsedMail, simpleParser } from 'mailparser'
import { header, type Sent } from '../support/desk.ts'
import type { LedgerLine, Page, ServiceApi, TicketSeen } from '../support/service.ts'
import { addressIn } from './fill.ts'
import type { Scenario } from './format.ts'
import type { Outcome, Played } from './play.ts'
import { isAgent } from './setup.ts'

/** `faults`: why it failed; none: it passed. `remarks`: what would be better, but is not demanded. */
export type Verdict = { readonly faults: readonly string[]; readonly remarks: readonly string[] }

type Message = TicketSeen['messages'][number]
/** Where a step ended. */
type Place = {
  readonly id: string
  /** What it shares with the steps on the same ticket, and with no other. */
  readonly key: string
  readonly words: string
  readonly ticket: TicketSeen | null
  readonly message: Message | null
  readonly played: Played
}

export async function judge(scenario: Scenario, outcome: Outcome, service: ServiceApi): Promise<Verdict> {
  const places = new Map(outcome.played.map(one => [one.id, placeOf(one, outcome.tickets)]))
  const at = (id: string): Place => {
    const place = places.get(id)
    if (!place) throw new Error(`step ${id} was not played`)
    return place
  }
  const all = [...places.values()]
  const where = (found: readonly string[]) =>
    found.length > 0 ? [`${found.join('; ')} [${all.map(({ id, words }) => `${id}: ${words}`).join(' | ')}]`] : []
  const grouping = scenario.expectTickets ? misgrouped(scenario.expectTickets.map(group => group.map(at))) : []
  const shared = scenario.forbidden.flatMap(pair => {
    const keys = pair.map(id => at(id).key)
    return new Set(keys).size < keys.length ? [`${pair.join(' and ')} must not share a ticket`] : []
  })
  const faults = [
    ...where([...(scenario.soft ? [] : grouping), ...shared, ...all.flatMap(notTakenIn)]),
    ...scenario.pending
      .filter(id => at(id).message?.standing !== 'pending')
      .map(id => `${id} is not pending: ${at(id).words}`),
    ...Object.entries(scenario.status).flatMap(([id, status]) => wrongStatus(at(id), status)),
    ...(await Promise.all(scenario.mustKeep.map(id => lost(at(id), service)))).flat(),
    ...tooMany(outcome.sent, scenario.maxAutoReplies),
    ...swapped(outcome),
    ...(scenario.security ? leaks(all, outcome.sent) : []),
  ]
  return { faults, remarks: scenario.soft ? where(grouping) : [] }
}

function placeOf(played: Played, tickets: readonly TicketSeen[]): Place {
  const found = tickets
    .flatMap(ticket => ticket.messages.map(message => ({ ticket, message })))
    .find(({ message }) => (played.dir === 'in' ? message.rawMail === played.line.id : message.id === played.message))
  const known = { id: played.id, played, message: found?.message ?? null }
  if (found) {
    const { ticket, message } = found
    const pending = message.standing === 'pending'
    const key = pending ? `${message.from.address} pending on ${ticket.id}` : `${ticket.id}`
    return {
      ...known,
      ticket,
      key,
      words: `#${ticket.id} ${played.dir === 'out' ? 'answer' : evidence(ticket, message)}`,
    }
  }
  if (played.dir === 'out') return { ...known, ticket: null, key: played.id, words: 'the answer is gone' }
  const { outcome, ticket: number, reason } = played.line
  const ticket = tickets.find(({ id }) => id === number) ?? null
  return {
    ...known,
    ticket,
    key: `${ticket?.id ?? played.id}`,
    words: `${ticket ? `#${ticket.id} ` : ''}${outcome}: ${reason}`,
  }
}

type Refused = { readonly ticket: number; readonly signal: string; readonly value: string; readonly why: string }

/** What led there, and what else was considered, out of the history of the ticket. */
function evidence(ticket: TicketSeen, message: Message): string {
  const told = ticket.events
    .filter(({ data }) => data['message'] === message.id)
    .map(({ kind, data }) => ({ kind, data }))
  const threaded = told.find(({ kind }) => kind === 'threaded')?.data
  const data = threaded ?? told.find(({ kind }) => kind === 'opened')?.data
  const refused = ((data?.['rejected'] ?? []) as readonly Refused[]).map(
    one => `, not #${one.ticket} by ${one.signal} ${one.value}: ${one.why}`,
  )
  const joined = threaded ? `${message.standing} by ${threaded['signal']} ${threaded['value']}` : 'opened'
  return `${joined}${refused.join('')}`
}

function misgrouped(groups: readonly (readonly Place[])[]): string[] {
  const apart = groups.flatMap(([first, ...others]) =>
    others
      .filter(other => other.key !== first?.key)
      .map(other => `${other.id} should be on the ticket of ${first?.id}`),
  )
  const together = groups.flatMap((group, at) =>
    groups
      .slice(at + 1)
      .flatMap(other =>
        group.flatMap(one =>
          other.filter(({ key }) => key === one.key).map(({ id }) => `${id} should not be on the ticket of ${one.id}`),
        ),
      ),
  )
  return [...apart, ...together]
}

function notTakenIn({ id, played }: Place): string[] {
  if (played.dir === 'out') return played.sent.length > 0 ? [] : [`the answer ${id} was mailed to nobody`]
  return played.line.outcome === 'quarantine' ? [`${id} could not be read`] : []
}

function wrongStatus({ id, ticket }: Place, wanted: string): string[] {
  const status = ticket?.status ?? 'on no ticket'
  return status === wanted ? [] : [`the ticket of ${id} is ${status}, not ${wanted}`]
}

// --- what must be found again -----------------------------------------------------------------------------------------

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
const unquoted = (text: string) => text.replace(/^>.*$/gm, '')

/** Its words must stand in its message, or for a copy in that of the first, and the search must find them. */
async function lost(place: Place, service: ServiceApi): Promise<string[]> {
  const { id, played, message, ticket } = place
  const said = played.dir === 'in' ? (played.mail.text ?? '') : (played.sent[0]?.parsed.text ?? '')
  const wanted = [...new Set(wordsOf(unquoted(said)))]
  const kept = message
    ? [message.text]
    : ticket
      ? ticket.messages.map(({ text }) => text)
      : await rawText(played, service)
  const missing = (text: string) => wanted.filter(word => !wordsOf(text).includes(word))
  const least = kept.map(missing).sort((a, b) => a.length - b.length)[0] ?? wanted
  if (least.length > 0) return [`the text of ${id} is lost: ${least.slice(0, 8).join(' ')} (${place.words})`]
  if (!ticket) return []
  const query = wanted.slice(0, 5).join(' ')
  const { items } = await service.get<Page<{ id: number }>>(`/v1/tickets?limit=200&q=${encodeURIComponent(query)}`)
  return wanted.length === 0 || items.some(one => one.id === ticket.id)
    ? []
    : [`the search for "${query}" of ${id} does not find #${ticket.id}`]
}

/** What a machine wrote without a ticket is listed in the ledger. */
async function rawText(played: Played, service: ServiceApi): Promise<string[]> {
  if (played.dir === 'out' || !KEPT_WITHOUT_TICKET.has(played.line.outcome)) return []
  const { body } = await service.request<string>('GET', `/v1/mails/${played.line.id}/raw`)
  const { text, html } = await simpleParser(String(body))
  return [`${text ?? ''} ${html || ''}`]
}

const KEPT_WITHOUT_TICKET: ReadonlySet<LedgerLine['outcome']> = new Set(['automatic', 'report'])

// --- what must not leave ----------------------------------------------------------------------------------------------

function tooMany(sent: readonly Sent[], most: number | null): string[] {
  // RFC 3834 §5; a null return path alone is a machine's as well.
  const automatic = sent.filter(one => (header(one, 'Auto-Submitted') ?? 'no') !== 'no' || one.envelope.from === '')
  if (most === null || automatic.length <= most) return []
  const told = automatic.map(({ envelope, parsed }) => `${envelope.to.join(', ')} "${parsed.subject}"`)
  return [`${automatic.length} automatic replies, at most ${most}: ${told.join('; ')}`]
}

function swapped({ tickets, requesters }: Outcome): string[] {
  return tickets.flatMap(({ id, requester }) => {
    const first = requesters.get(id)
    return first === undefined || first?.address === requester?.address
      ? []
      : [`#${id} was for ${first?.address ?? 'nobody'}, and is for ${requester?.address ?? 'nobody'} now`]
  })
}

/** What was said on a ticket goes to nobody but those whom its accepted mails name; what is pending goes to its author alone. */
function leaks(places: readonly Place[], sent: readonly Sent[]): string[] {
  const said = places.flatMap(place => {
    const { played } = place
    const words = plain(played.dir === 'in' ? played.mail.text : played.sent[0]?.parsed.text)
    const sharers = place.message?.standing === 'pending' ? [place] : places.filter(({ key }) => key === place.key)
    const known = sharers.flatMap(one => (one.played.dir === 'in' ? peopleOf(one.played.mail) : []))
    return words.length < SAYS_NOTHING ? [] : [{ id: place.id, words, known }]
  })
  return said.flatMap(({ id, words }) => {
    // The same words may be said on several tickets.
    const known = new Set(said.filter(other => other.words === words).flatMap(other => other.known))
    const mails = sent.filter(({ parsed }) => plain(`${parsed.subject} ${parsed.text}`).includes(words))
    const strangers = mails
      .flatMap(({ envelope }) => envelope.to)
      .filter(to => !known.has(to.toLowerCase()) && !isAgent(to))
    return strangers.map(address => `what ${id} says was mailed to ${address}`)
  })
}

// "ok" stands in too many mails to prove anything.
const SAYS_NOTHING = 10

function plain(text: string | undefined): string {
  return unquoted(text ?? '')
    .replace(/\s+/g, ' ')
    .trim()
}

function peopleOf(mail: ParsedMail): string[] {
  const lists = [mail.from, mail.to, mail.cc].flat().map(one => one?.text ?? '')
  return lists.flatMap(text => text.split(',')).flatMap(text => addressIn(text) ?? [])
}
