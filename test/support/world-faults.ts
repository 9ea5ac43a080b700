/*
 * What must be so of a desk in which anything may happen, whatever has happened: what an employee, an agent or an admin would
 * be angry about otherwise.
 */
import type { Ticket } from '../../src/desk/ticket.ts'
import { HOUR } from '../../src/instant.ts'
import { foldAddress } from '../../src/mail/address.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import type { RecordedEvent } from '../../src/store/tickets.ts'
import { brokenInvariants } from './store.ts'
import type { Played, World } from './world.ts'
import { type Delivered, proven, type Scene } from './world-scene.ts'
import { setRight } from './world-time.ts'

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

function dateFaults(
  { id, status, openedAt, solvedAt, firstResponseAt, pendingUntil }: Ticket,
  wasWrong: boolean,
): string[] {
  const early = !wasWrong && [solvedAt, firstResponseAt].some(at => at !== null && at < openedAt)
  const waits = pendingUntil !== null && status !== 'pending'
  return [...(early ? [`${id} was answered or solved before it was opened`] : []), ...(waits ? [`${id} waits`] : [])]
}

/** Who has asked for a mail of ours, or takes part, gets it; what is not for them is not in it. */
async function mailFaults({ crew, said }: Scene, { id, kind, ticket, mail }: OutboxMail): Promise<string[]> {
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
  { store, policy, now }: Scene['crew'],
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
      if (data['splitFrom'] !== undefined || data['vote'] || data['past'] || !PEOPLE.has(data['author'])) continue
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

/** Nobody has got the same answer twice, also from before a backup was put back; and no number is given to a second ticket. */
function twiceFaults({ delivered, said, reused, numbers }: Scene, tickets: readonly Ticket[]): string[] {
  const faults: string[] = []
  const answers = new Map<string, Set<string>>()
  const add = (what: string, { mail }: Delivered) =>
    answers.set(what, (answers.get(what) ?? new Set()).add(mail.messageId))
  for (const one of delivered) {
    const { kind, mail } = one
    if (kind === 'acknowledgement' && mail.inReplyTo && !reused.has(mail.inReplyTo)) add(mail.inReplyTo, one)
    if (kind === 'answer') for (const { words } of said) if (mail.text.includes(words)) add(words, one)
  }
  for (const [what, ids] of answers) if (ids.size > 1) faults.push(`${what} was answered ${ids.size} times`)
  for (const { id, openedAt, requester } of tickets) {
    const whose = `${openedAt} ${requester?.address}`
    if (numbers.has(id) && numbers.get(id) !== whose)
      faults.push(`${id} was that of ${numbers.get(id)}, and is that of ${whose}`)
    numbers.set(id, whose)
  }
  return faults
}

/** What is wrong a day after the clock was set right: nothing waits for ever, and who writes now is answered. */
export async function lastFaultsOf({ scene }: World): Promise<string[]> {
  const { crew, server, faults } = scene
  setRight(scene)
  await crew.settle()
  const waiting = (await Promise.all(['ana', 'ben'].map(name => scene.read.digestLines(name)))).flat()
  for (let hours = 0; hours < 27; hours += 3) {
    crew.passes(3 * HOUR)
    await crew.settle()
    await scene.send()
  }
  await scene.look()
  const found: string[] = []
  for (const place of server.places())
    if (!(await scene.takenAt(place))) found.push(`nothing is known of mail ${JSON.stringify(place)}`)
  const queued = (await scene.read.outbox({ state: 'queued', limit: 100 })).filter(({ attempts }) => attempts > 0)
  found.push(...queued.map(({ kind, id, nextAttemptAt }) => `${kind} ${id} still waits, for ${nextAttemptAt}`))
  const lines = (await Promise.all(['ana', 'ben'].map(name => scene.read.digestLines(name)))).flat()
  const left = lines.filter(line => waiting.some(one => one.event === line.event && one.agent === line.agent))
  found.push(...left.map(({ agent, at }) => `${agent} is not told of what waits for a digest since ${at}`))
  const fresh = { from: 'Nia New <nia@example.org>', subject: 'Mouse', text: 'It squeaks.' }
  const taken = await scene.arrives({ ...fresh, headers: proven('nia@example.org') })
  const answer = (await scene.read.outbox({ limit: 5 })).find(
    ({ kind, ticket }) => kind === 'acknowledgement' && ticket === taken?.ticket,
  )
  if (!answer)
    found.push(
      `who writes now is not answered (${taken?.outcome}): ${JSON.stringify((await scene.read.events(taken?.ticket ?? 0)).at(-1)?.data)}`,
    )
  return [...found, ...faults.splice(0)]
}

/** What is wrong after an act. */
export async function faultsOf({ scene, seen }: World, { lag }: Played): Promise<string[]> {
  const { crew, faults, wasWrong } = scene
  const { read, path } = crew.store
  const tickets = await read.tickets({}, 1_000)
  const all = await read.outbox({ limit: 1_000 })
  const found = [...faults.splice(0), ...brokenInvariants(path).map(one => JSON.stringify(one))]
  for (const ticket of tickets) {
    found.push(...historyFaults(ticket, await read.events(ticket.id), seen), ...dateFaults(ticket, wasWrong))
    for (const field of FIELDS) seen.set(`${ticket.id} ${field}`, ticket[field])
  }
  found.push(...twiceFaults(scene, tickets))
  const last = Number(seen.get('outbox') ?? 0)
  for (const one of all) if (one.id > last) found.push(...(await mailFaults(scene, one)))
  seen.set('outbox', all[0]?.id)
  if (!lag) found.push(...(await dispatchFaults(crew, tickets, all)))
  const pages = await Promise.all(
    ['tickets', 'mails', 'outbox', 'agents', `tickets/${tickets[0]?.id}`].map(one => crew.reader.get(`/v1/${one}`)),
  )
  found.push(...pages.flatMap(({ status, body }) => (status === 200 ? [] : [JSON.stringify(body)])))
  return found
}
