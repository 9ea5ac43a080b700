/*
 * Whatever happens in whatever order (mails of people, strangers, machines and agents, calls of the API, mail that does not leave,
 * time), these hold after each of it.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Ticket } from '../../src/desk/ticket.ts'
import { foldAddress } from '../../src/mail/address.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import type { RecordedEvent } from '../../src/store/tickets.ts'
import { brokenInvariants } from '../support/store.ts'
import { ACTS, openWorld, type Played, type World } from '../support/world.ts'

const FIELDS = [
  ...(['status', 'priority', 'category', 'team', 'assignee', 'firstResponseDue', 'resolutionDue'] as const),
  ...(['firstResponseAt', 'solvedAt', 'pendingUntil', 'cause', 'fix'] as const),
]
const PEOPLE: ReadonlySet<unknown> = new Set(['requester', 'participant', 'stranger'])
type Change = { readonly from: unknown; readonly to: unknown }

/** The history explains every field: each change begins where the one before ended, and the last one says how it is. */
function historyFaults(ticket: Ticket, events: readonly RecordedEvent[], seen: ReadonlyMap<string, unknown>): string[] {
  return FIELDS.flatMap(field => {
    const changes = events.flatMap(({ kind, data }) => (kind === 'changed' ? ((data[field] as Change) ?? []) : []))
    const breaks = changes.filter(({ from }, at) => at > 0 && from !== changes[at - 1]?.to)
    const before = seen.get(`${ticket.id} ${field}`)
    const told = changes.length > 0 ? changes.at(-1)?.to : before === undefined ? ticket[field] : before
    return breaks.length > 0 || told !== ticket[field]
      ? [`${field} of ${ticket.id} is ${ticket[field]}, its history says ${told}`]
      : []
  })
}

function dateFaults({ id, status, openedAt, solvedAt, firstResponseAt, pendingUntil }: Ticket): string[] {
  const early = [solvedAt, firstResponseAt].some(at => at !== null && at < openedAt)
  const waits = pendingUntil !== null && status !== 'pending'
  return [...(early ? [`${id} was answered or solved before it was opened`] : []), ...(waits ? [`${id} waits`] : [])]
}

/** Who has asked for a mail of ours, or takes part, gets it; what is not for them is not in it. */
async function mailFaults({ crew, said }: World, { id, kind, ticket, mail }: OutboxMail): Promise<string[]> {
  const receivers = [...mail.to, ...mail.cc].map(({ address }) => foldAddress(address))
  const agents = crew.policy.agents.flatMap(({ addresses }) => addresses)
  if (kind === 'notification' || kind === 'receipt')
    return receivers.length === 1 && agents.includes(receivers[0] ?? '') ? [] : [`${kind} ${id} to ${receivers}`]
  const people = (await crew.store.read.participants(ticket ?? 0)).filter(({ left }) => !left)
  const strangers = receivers.filter(one => !people.some(({ address }) => foldAddress(address) === one))
  const text = JSON.stringify(mail)
  return [
    ...(strangers.length > 0 ? [`${kind} ${id} of ${ticket} to ${strangers}, who take no part`] : []),
    ...(new Set(receivers).size < Math.max(1, receivers.length) ? [`${kind} ${id} to ${receivers}`] : []),
    ...said.flatMap(({ words, forRequester }) =>
      !forRequester && text.includes(words) ? [`${kind} ${id}: ${words}`] : [],
    ),
  ]
}

/** What follows from the history has followed. */
async function dispatchFaults(
  { store, policy, now }: World['crew'],
  tickets: readonly Ticket[],
  all: readonly OutboxMail[],
) {
  const faults: string[] = []
  for (const ticket of tickets) {
    const { id, status, solvedAt, pendingUntil } = ticket
    const events = await store.read.events(id)
    if (pendingUntil !== null && pendingUntil <= now) faults.push(`${id} has waited long enough`)
    const isDone = status === 'solved' || status === 'closed'
    for (const one of all.filter(
      ({ dedupeKey }) => dedupeKey.startsWith('closing:') && dedupeKey.split(':')[1] === `${id}`,
    )) {
      const isOfNow = isDone && ticket.mergedInto === null && one.dedupeKey.endsWith(solvedAt ?? '')
      if (one.kind === 'closing' && one.state === 'queued' && one.attempts === 0 && !isOfNow)
        faults.push(`${one.dedupeKey} waits, and ticket ${id} is ${status}`)
    }
    const isTold = all.some(
      ({ dedupeKey, state }) => dedupeKey === `closing:${id}:${solvedAt}` && state !== 'withdrawn',
    )
    const isWithheld = events.some(({ kind, data }) => kind === 'reply-withheld' && data['kind'] === 'closing')
    if (status === 'solved' && !isTold && !isWithheld) faults.push(`nobody is told that ${id} is solved`)
    const handover = await store.read.handoverOf(id)
    if (handover?.agent && (handover.agent !== ticket.assignee || ticket.mergedInto !== null))
      faults.push(`ticket ${id} goes back from ${handover.agent}, and is ${ticket.assignee}'s`)
    // An agent who asks needs no other one to hear of it, when there are only two and the other is away.
    if (policy.agents.some(({ addresses }) => addresses.includes(ticket.requester?.address ?? ''))) continue
    for (const { id: event, kind, data } of events) {
      if (kind !== 'opened' && kind !== 'message') continue
      if (data['splitFrom'] !== undefined || data['vote'] || !PEOPLE.has(data['author'])) continue
      // A message that was split off is told of under its new number.
      const isTold = all.some(({ dedupeKey }) => dedupeKey.startsWith(`notification:${event}:`))
      const follows = events.some(one => one.id > event && (one.kind === 'notified' || one.kind === 'changed'))
      const waits = (await store.read.digestLines('ben')).some(line => line.event === event)
      if (!isTold && !follows && !waits) faults.push(`nobody was told of event ${event} of ticket ${id}`)
    }
    const late = (await store.read.promises(id)).filter(({ dueAt, toldAt }) => dueAt < toldAt)
    if (late.length > 0) faults.push(`the past was promised to the requester of ${id}`)
  }
  return faults
}

async function faultsOf(world: World, { lag }: Played, seen: Map<string, unknown>): Promise<string[]> {
  const { crew, faults } = world
  const { read, path } = crew.store
  const tickets = await read.tickets({}, 1_000)
  const all = await read.outbox({ limit: 1_000 })
  const found = [...faults.splice(0), ...brokenInvariants(path).map(one => JSON.stringify(one))]
  for (const ticket of tickets) {
    found.push(...historyFaults(ticket, await read.events(ticket.id), seen), ...dateFaults(ticket))
    for (const field of FIELDS) seen.set(`${ticket.id} ${field}`, ticket[field])
  }
  const last = Number(seen.get('outbox') ?? 0)
  for (const one of all) if (one.id > last) found.push(...(await mailFaults(world, one)))
  seen.set('outbox', all[0]?.id)
  if (!lag) found.push(...(await dispatchFaults(crew, tickets, all)))
  const pages = await Promise.all(
    ['tickets', 'mails', 'outbox', 'agents', `tickets/${tickets[0]?.id}`].map(one => crew.reader.get(`/v1/${one}`)),
  )
  found.push(...pages.flatMap(({ status, body }) => (status === 200 ? [] : [JSON.stringify(body)])))
  return found
}

const number = fc.nat(255)
const act = fc.record<Played>({
  kind: fc.constantFrom(...ACTS, 'writes', 'replies', 'agentReplies', 'agentReplies', 'agentReplies', 'sends'),
  ...{ a: number, b: number, c: number },
  lag: fc.nat(5).map(n => n === 0),
})
/** More of them with another seed look further. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 12)
const FIRST: Played = { kind: 'writes', a: 0, b: 0, c: 1, lag: false }

test(
  'whatever happens: every history explains its ticket, nothing goes to whom it is not for, and nothing breaks',
  async () => {
    let mails = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(31),
        fc.array(act, { minLength: 10, maxLength: 40, size: 'max' }),
        async (variant, acts) => {
          await using world = await openWorld(variant)
          const seen = new Map<string, unknown>()
          for (const one of [FIRST, ...acts]) {
            await world.play(one)
            expect(await faultsOf(world, one, seen), JSON.stringify(one)).toEqual([])
          }
          mails += (await world.crew.store.read.outbox({ limit: 1_000 })).length
        },
      ),
      { numRuns: RUNS },
    )
    expect(mails).toBeGreaterThan(50)
  },
  RUNS * 10_000,
)
