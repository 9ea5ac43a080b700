import type { Commanded, Undone } from '../desk/agent-mail.ts'
import { closingKey } from '../desk/closing.ts'
import type { AgentWork, Decision } from '../desk/decision.ts'
import type { Orders } from '../desk/opening-orders.ts'
import type { Agent, Policy } from '../desk/policy.ts'
import { changedEvents, type Ticket, type TicketChanges, type TicketEvent, type TicketId } from '../desk/ticket.ts'
import { DeskError } from '../errors.ts'
import type { Ids } from '../ids.ts'
import type { Instant } from '../instant.ts'
import type { Message } from '../mail/message.ts'
import type { StoredMessage } from '../store/messages.ts'
import type { OutboxMail } from '../store/outbox.ts'
import { recordAcceptance, recordMerge } from '../store/record-joining.ts'
import type { Tx } from '../store/store.ts'
import type { RecordedEvent } from '../store/tickets.ts'
import { toAccept } from './acceptance.ts'

/*
 * Writes down what an agent's commands come to, beside the ordinary changes of the ticket. What became of it stands in one
 * event, `commanded`: out of it the agent is told (`dispatch/`), and `#undo` takes it back.
 */

type Desk = { readonly policy: Policy; readonly ids: Ids }
type Appended = Extract<Decision, { kind: 'append' }>

/** What an agent wants, once it is known that it can be, and the strangers' mails that are let in. */
export type CheckedWork = { readonly work: AgentWork; readonly accepted: readonly StoredMessage[] }

/** A merge needs its other ticket, and `#accept` must say whom. */
export async function checkedWork(
  tx: Tx,
  desk: Desk,
  { mailbox, message }: { readonly mailbox: string; readonly message: Message },
  { ticket, agent }: Appended,
  work: AgentWork,
): Promise<CheckedWork> {
  if (work.fault || !agent) return { work, accepted: [] }
  const merging = work.mergeInto === null ? null : await whyNotMerged(tx, ticket, work.mergeInto)
  if (merging !== null) return { work: refused(work, `#merge ${work.mergeInto}`, merging), accepted: [] }
  const isAsked = work.commands.some(({ kind }) => kind === 'accept')
  const accepted = isAsked ? await toAccept(tx, desk, { mailbox, message, agent }, ticket.id) : []
  return typeof accepted === 'string' ? { work: refused(work, '#accept', accepted), accepted: [] } : { work, accepted }
}

async function whyNotMerged(tx: Tx, ticket: Ticket, number: TicketId): Promise<string | null> {
  const into = await tx.ticket(number)
  if (!into) return `there is no ticket ${number}`
  if (into.id === ticket.id) return 'a ticket cannot be merged into itself'
  return into.mergedInto === null ? null : `ticket ${into.id} was merged into ${into.mergedInto}: use that number`
}

function refused(work: AgentWork, line: string, why: string): AgentWork {
  const nothing = { internal: true, changes: {}, events: [], tags: [], mergeInto: null, holdUntil: null } as const
  const relay = { send: null, why: 'unknown-command', detail: why } as const
  return { ...work, ...nothing, relay, fault: { line, why }, receipt: true }
}

/** Everything that commands do beside changing fields of the ticket and answering; `outbox`: the answer. */
export async function recordWork(
  tx: Tx,
  { ticket, changes }: Appended,
  agent: Agent,
  { work, accepted }: CheckedWork,
  { message, outbox }: { readonly message: number; readonly outbox: number | null },
  now: Instant,
): Promise<void> {
  const actor = `agent:${agent.name}`
  // Whoever writes is back.
  if ((await tx.agentState(agent.name)).awaySince !== null) await tx.setAgentState(agent.name, { awaySince: null })
  const followed = (await tx.followers(ticket.id)).includes(agent.name)
  await tx.addTags(ticket.id, work.tags)
  // One tap on an address and the same word below it are one wish.
  for (const kind of new Set(work.fault ? [] : work.commands.map(one => one.kind))) {
    if (kind === 'follow') await tx.follow(ticket.id, agent.name, now)
    else if (kind === 'unfollow') await tx.unfollow(ticket.id, agent.name)
    else if (kind === 'accept') await accept(tx, ticket, accepted, actor, now)
    else if (kind === 'undo') await undo(tx, ticket, actor, message, now)
  }
  const [changed] = changedEvents(ticket, changes, actor)
  const tags = work.tags.filter(tag => !ticket.tags.includes(tag))
  const follows = (await tx.followers(ticket.id)).includes(agent.name)
  const data: Commanded = {
    message,
    commands: work.commands.map(inWords),
    fault: work.fault,
    kept: work.kept,
    receipt: work.receipt,
    changes: (changed?.data ?? {}) as Commanded['changes'],
    ...(tags.length > 0 && { tags }),
    ...(follows !== followed && { follows }),
    ...(accepted.length > 0 && { accepted: accepted.map(({ id }) => id) }),
    outbox,
    holdUntil: outbox === null ? null : work.holdUntil,
  }
  const isPlain = work.commands.length === 0 && !work.fault && !work.receipt && work.kept === null
  if (!isPlain) await tx.addEvents(ticket.id, [{ kind: 'commanded', actor, data }], now)
  if (work.mergeInto !== null) {
    const [merged, survivor] = [await tx.ticket(ticket.id), await tx.ticket(work.mergeInto)]
    if (merged && survivor) await recordMerge(tx, merged, survivor, actor, now)
  }
}

/** What an agent asked for whose mail opened the ticket: whose it is, and the word that it was heeded. */
export async function recordOrders(
  tx: Tx,
  id: TicketId,
  agent: Agent,
  { commands, fault, wanted, follows, receipt }: Orders,
  message: number,
  now: Instant,
): Promise<void> {
  const actor = `agent:${agent.name}`
  const ticket = await tx.ticket(id)
  if (!ticket) throw new DeskError('not_found', `there is no ticket ${id}`)
  if (follows) await tx.follow(id, agent.name, now)
  const changes = wanted.assignee === undefined ? {} : { assignee: wanted.assignee }
  await tx.addEvents(id, changedEvents(ticket, changes, actor), now)
  await tx.changeTicket(id, changes, now)
  const asked = Object.entries(wanted).map(([field, to]) => [field, { from: null, to }])
  const data: Commanded = {
    ...{ message, opened: true, commands: commands.map(inWords), fault, receipt },
    ...{ changes: Object.fromEntries(asked), outbox: null, holdUntil: null },
  }
  await tx.addEvents(id, [{ kind: 'commanded', actor, data }], now)
}

function inWords(command: AgentWork['commands'][number]): string {
  const { kind, ...rest } = command
  const [value] = Object.values(rest)
  if (kind === 'pending')
    return command.kind === 'pending' && command.forMs ? `pending ${Math.round(command.forMs / 60_000)}m` : 'pending'
  if (kind === 'assign') return `assign ${value ?? 'nobody'}`
  return value === undefined ? kind : `${kind} ${Array.isArray(value) ? value.join(' ') : value}`
}

async function accept(
  tx: Tx,
  { id }: Ticket,
  messages: readonly StoredMessage[],
  actor: string,
  now: Instant,
): Promise<void> {
  for (const message of messages) {
    const ticket = await tx.ticket(id)
    if (ticket) await recordAcceptance(tx, ticket, message, undefined, actor, now)
  }
}

/**
 * Takes back the agent's last mail: what waits is not sent, and what it changed is as before, except where somebody changed it
 * since. Once anything of it has left, nothing is taken back. Who was let in has read along, and stays.
 */
async function undo(tx: Tx, ticket: Ticket, actor: string, message: number, now: Instant): Promise<void> {
  const events = await tx.events(ticket.id)
  const last = lastOf(events, actor, message)
  if (!last) return note(null, 'nothing')
  if (last.kind === 'merged') return note(last.id, 'merged')
  // An answer without a command or a receipt waits for nothing.
  if (last.kind === 'message') return note(last.id, 'sent')
  const { changes, outbox, message: written, commands, opened, tags, follows, accepted } = last.data as Commanded
  // The requester has been told its number and its dates.
  if (opened) return note(last.id, 'sent')
  if (commands.some(one => one.startsWith('merge '))) return note(last.id, 'merged')
  const solvedAt = changes['solvedAt']?.to
  const closing = typeof solvedAt === 'string' ? await closingOf(tx, ticket, solvedAt) : null
  const leaves = [outbox, closing?.state === 'withdrawn' ? null : (closing?.id ?? null)].filter(id => id !== null)
  for (const id of new Set(leaves)) if (!(await mayWithdraw(tx, id))) return note(last.id, 'sent')
  for (const id of new Set(leaves)) await tx.withdraw(id)
  if (outbox !== null) await tx.makeNote(written)
  const current = await tx.ticket(ticket.id)
  if (!current) throw new DeskError('not_found', `there is no ticket ${ticket.id}`)
  if (current.solvedAt !== null && ticket.solvedAt === current.solvedAt && 'solvedAt' in changes)
    await tx.withdrawSurvey(current.id, current.solvedAt)
  const back = Object.entries(changes).filter(([field, { to }]) => current[field as keyof Ticket] === to)
  const before = new Map(back.map(([field, { from }]) => [field, from]))
  // The team that has it no more may have given it out meanwhile.
  const given = events.findLast(({ kind, data }) => kind === 'changed' && 'assignee' in data)
  if (before.has('team') && given && given.id > last.id && given.actor === 'postdesk')
    before.set('assignee', changes['assignee']?.from ?? null)
  const reverted: TicketChanges = Object.fromEntries(before)
  await tx.addEvents(ticket.id, changedEvents(current, reverted, actor), now)
  await tx.changeTicket(ticket.id, reverted, now)
  await tx.removeTags(ticket.id, tags ?? [])
  const name = actor.slice('agent:'.length)
  if (follows !== undefined) await (follows ? tx.unfollow(ticket.id, name) : tx.follow(ticket.id, name, now))
  await note(last.id, accepted ? 'all-but-accepted' : 'done')

  async function note(of: number | null, result: Undone) {
    const event: TicketEvent = { kind: 'undone', actor, data: { message, of, result } }
    await tx.addEvents(ticket.id, [event], now)
  }
}

const TAKEN_BACK: ReadonlySet<unknown> = new Set<Undone>(['done', 'all-but-accepted'])

/** The mail that tells of this solving, whatever became of it. */
async function closingOf(tx: Tx, { id }: Ticket, solvedAt: Instant): Promise<OutboxMail | null> {
  const key = closingKey(id, solvedAt)
  return (await tx.outbox({ ticket: id, limit: 100 })).find(({ dedupeKey }) => dedupeKey === key) ?? null
}

async function mayWithdraw(tx: Tx, id: number): Promise<boolean> {
  const mail = await tx.outboxMail(id)
  return mail?.state === 'queued' && mail.attempts === 0
}

/** The last thing that an agent did here by mail, neither misunderstood nor taken back already. `asking`: the mail that asks. */
function lastOf(events: readonly RecordedEvent[], actor: string, asking: number): RecordedEvent | undefined {
  const undone = new Set(
    events.flatMap(({ kind, data }) => (kind === 'undone' && TAKEN_BACK.has(data['result']) ? [data['of']] : [])),
  )
  const commanded = events.filter(({ kind }) => kind === 'commanded')
  const told = new Set(commanded.map(({ data }) => data['message']))
  return events.findLast(one => {
    if (one.actor !== actor || undone.has(one.id)) return false
    if (one.kind === 'merged') return one.data['from'] !== undefined
    if (one.kind === 'message')
      return one.data['note'] === false && one.data['message'] !== asking && !told.has(one.data['message'])
    if (one.kind !== 'commanded' || one.data['fault'] !== null) return false
    return !(one.data as Commanded).commands.some(command => command === 'undo' || command === 'help')
  })
}
