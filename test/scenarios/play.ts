/*
 * Plays one scenario: the built program on a database of its own, IMAP and SMTP servers in this process. The agent answers
 * what they are told by mail, from a mail client; the REST API is for the rest.
 */
import { type ParsedMail, simpleParser } from 'mailparser'
import { instantOf } from '../../src/instant.ts'
import { readSent, replyTo, type Sent } from '../support/desk.ts'
import { mail } from '../support/mail.ts'
import type { LedgerLine, Page, TicketSeen } from '../support/service.ts'
import { type Fill, filler } from './fill.ts'
import { headerOf, type Scenario, type Step } from './format.ts'
import { judge, type Verdict } from './judge.ts'
import type { Program, ProgramDesk } from './program.ts'
import { type Boxes, deskFor, recipients } from './setup.ts'

/** What became of a step that is a mail. */
export type Played =
  | { readonly dir: 'in'; readonly id: string; readonly mail: ParsedMail; readonly line: LedgerLine }
  | { readonly dir: 'out'; readonly id: string; readonly message: number; readonly sent: readonly Sent[] }

type In = Step & { readonly dir: 'in' }
type Out = Step & { readonly dir: 'out' }
type Requester = TicketSeen['requester']

/** Everything that is known after the last step. */
export type Outcome = {
  readonly played: readonly Played[]
  readonly sent: readonly Sent[]
  readonly tickets: readonly TicketSeen[]
  /** By ticket: for whom it was when it was first seen. */
  readonly requesters: ReadonlyMap<number, Requester>
}

/** Plays the scenarios, `atOnce` at a time, and tells of each in their order. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  boxes: Boxes,
  program: Program,
  atOnce: number,
  tell: (id: string, verdict: Verdict) => void,
): Promise<void> {
  const verdicts: Promise<Verdict>[] = []
  for (const [at, scenario] of scenarios.entries()) {
    const before = verdicts[at - atOnce] ?? Promise.resolve()
    verdicts.push(before.then(() => playAndJudge(scenario, boxes, program)))
  }
  for (const [at, verdict] of verdicts.entries()) tell(scenarios[at]?.id ?? '', await verdict)
}

async function playAndJudge(scenario: Scenario, boxes: Boxes, program: Program): Promise<Verdict> {
  if (scenario.fault) return { faults: [scenario.fault], remarks: [] }
  try {
    await using desk = await program(deskFor(boxes))
    const outcome = await play(scenario, desk, boxes)
    return await judge(scenario, outcome, desk.service)
  } catch (error) {
    return { faults: [error instanceof Error ? error.message : String(error)], remarks: [] }
  }
}

async function play(scenario: Scenario, desk: ProgramDesk, boxes: Boxes): Promise<Outcome> {
  const played = new Map<string, Played>()
  const sent: Sent[] = []
  const ticketOf = new Map<string, number>()
  const answers = new Map<string, readonly Sent[]>()
  const requesters = new Map<number, Requester>()
  const fill = filler(scenario, { sent, ticketOf, answers })
  const dates = new Map<string, Date>()
  let aheadMs = 0

  const onTicket = (id: string): number => {
    const ticket = ticketOf.get(id)
    if (ticket === undefined) throw new Error(`step ${id} is on no ticket that an agent could act on`)
    return ticket
  }
  /** The newest that the agent was told of this ticket. */
  const notificationOf = async (ticket: number): Promise<Sent> => {
    const lines = await desk.service.outbox(`ticket=${ticket}`)
    const ids = lines.filter(({ kind }) => kind === 'notification').map(({ messageId }) => `<${messageId}>`)
    const mails = await Promise.all(desk.smtp.mails.map(readSent))
    const newest = mails.findLast(({ parsed }) => ids.includes(parsed.messageId ?? ''))
    if (!newest) throw new Error(`the agent was told nothing of ticket ${ticket}`)
    return newest
  }
  const arrive = async (step: In): Promise<void> => {
    const to = fill(step.to, step)
    // Copies of one mail were written at one time; what has no id was written a minute later each time.
    const key = fill(`{MID:${step.id}}`, step) || step.id
    const date = dates.get(key) ?? new Date(Date.now() + aheadMs - 60_000 * (scenario.steps.length - dates.size))
    dates.set(key, date)
    const bytes = write(step, to, date, fill)
    const parsed = await simpleParser(bytes)
    for (const mailbox of recipients(to).flatMap(address => boxes.get(address) ?? [])) {
      const arrived = await desk.arrives(bytes, {
        mailbox,
        receivedAt: instantOf(Date.now() + aheadMs),
        unproven: true,
      })
      sent.push(...arrived.sent)
      if (played.has(step.id)) continue
      const { line, ticket } = arrived
      played.set(step.id, { dir: 'in', id: step.id, mail: parsed, line })
      if (!ticket) continue
      ticketOf.set(step.id, ticket.id)
      if (!requesters.has(ticket.id)) requesters.set(ticket.id, ticket.requester)
    }
    if (!played.has(step.id)) throw new Error(`step ${step.id} goes to ${to}, where nobody is`)
  }
  const answer = async (step: Out): Promise<void> => {
    const ticket = onTicket(step.replyTo)
    const notification = await notificationOf(ticket)
    const text = `${step.solve ? '#solved\n' : ''}${fill(step.body, step)}`
    const from = notification.parsed.to
    const date = new Date(Date.now() + aheadMs)
    const reply = replyTo(notification, { from: [from].flat()[0]?.text ?? null, date, text })
    const mailbox = recipients(`${reply.to}`).flatMap(address => boxes.get(address) ?? [])[0] ?? ''
    const arrived = await desk.arrives(reply, { mailbox, receivedAt: instantOf(date.getTime()), unproven: true })
    const { ticket: on, line } = arrived
    const message = on?.messages.find(({ rawMail }) => rawMail === line.id)
    if (!on || !message) throw new Error(`the answer ${step.id} came to nothing: ${line.outcome}, ${line.reason}`)
    sent.push(...arrived.sent)
    played.set(step.id, { dir: 'out', id: step.id, message: message.id, sent: arrived.sent })
    answers.set(step.id, arrived.sent)
    ticketOf.set(step.id, on.id)
  }

  for (const step of scenario.steps) {
    switch (step.dir) {
      case 'in':
        await arrive(step)
        break
      case 'out':
        await answer(step)
        break
      case 'close':
        await ask(desk, 'PATCH', `/v1/tickets/${onTicket(step.ticketOf)}`, { status: 'closed' })
        break
      case 'later':
        aheadMs += step.days * 86_400_000
        await desk.service.setAhead(aheadMs)
    }
  }
  const { items } = await desk.service.get<Page<{ id: number }>>('/v1/tickets?limit=200')
  const tickets = await Promise.all(items.map(({ id }) => desk.service.ticket(id)))
  return { played: [...played.values()], sent, tickets, requesters }
}

async function ask<T>(desk: ProgramDesk, method: string, path: string, body: unknown): Promise<T> {
  const answered = await desk.service.request<T>(method, path, body)
  if (answered.status >= 300) throw new Error(`${method} ${path}: ${answered.status} ${JSON.stringify(answered.body)}`)
  return answered.body
}

/** The mail as it comes over the wire. A body of its own content type is written as it is. */
function write(step: In, to: string, date: Date, fill: Fill): Buffer {
  const filled = Object.entries(step.headers).map(([name, value]) => {
    const values = value === null ? null : [value].flat().map(one => fill(one, step))
    // An answer to nothing: no mail was sent out that it could name.
    return [name, values?.every(one => one === '') ? null : values] as const
  })
  const encoding =
    headerOf(step, 'content-transfer-encoding') === undefined ? { 'Content-Transfer-Encoding': '8bit' } : {}
  const head = mail({
    from: step.from,
    to,
    subject: step.subject === null ? null : fill(step.subject, step),
    messageId: fill(`{MID:${step.id}}`, step).replace(/^<|>$/g, '') || null,
    date,
    text: '',
    headers: { ...encoding, ...Object.fromEntries(filled) },
  })
  return Buffer.concat([head, Buffer.from(fill(step.body, step).replace(/\r?\n/g, '\r\n'), 'utf8')])
}
