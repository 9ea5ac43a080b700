/*
 * Agents of a stage and whom they work for, with the ticket that most of their tests begin with.
 */
import type { Ticket } from '../../src/desk/ticket.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import type { Stage } from './stage.ts'

export const ANA = 'Ana Pop <ana@example.org>'
export const BEN = 'Ben Roe <ben@example.org>'
export const JANE = 'Jane Doe <jane@example.org>'
/** What a mail server that we believe says of all three; TELLING is the desk that believes it. */
export const PASS = { 'Authentication-Results': 'mx.example.org; dmarc=pass header.from=example.org' }
export const TELLING = { mx: { servIds: new Set(['mx.example.org']), sealers: new Set<string>() } }

/** Jane's printer smokes, and the team knows: returns what Ana was told. */
export async function smoke(stage: Stage): Promise<OutboxMail> {
  await stage.arrives({ from: JANE, subject: 'Printer', text: 'The printer smokes.', messageId: 'jane-1@example.org' })
  return stage.lastTo('ana@example.org')
}

/** Throws when there is none. */
export async function ticketOf(stage: Stage, id = 1001): Promise<Ticket> {
  const ticket = await stage.store.read.ticket(id)
  if (!ticket) throw new Error(`no ticket ${id}`)
  return ticket
}

/** What agents answered, oldest first, whatever became of it. */
export const answers = async (stage: Stage): Promise<OutboxMail[]> =>
  (await stage.store.read.outbox({ limit: 100 })).filter(one => one.kind === 'answer').reverse()
