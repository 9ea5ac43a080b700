/*
 * The placeholders: what only the run knows.
 */
import { randomUUID } from 'node:crypto'
import { header, type Sent } from '../support/desk.ts'
import { headerOf, type Scenario, type Step } from './format.ts'

/** What has happened so far, as far as later steps speak of it. */
export type Known = {
  /** All that was sent out, oldest first. */
  readonly sent: readonly Sent[]
  /** By step: the ticket it is on. */
  readonly ticketOf: ReadonlyMap<string, number>
  /** By outgoing step: the mails of the answer, one or one for each person. */
  readonly answers: ReadonlyMap<string, readonly Sent[]>
}

export type Fill = (text: string, asker: Step) => string

/** Fills a text in for the step that says it. Throws when it speaks of a step that does not exist or was not sent yet. */
export function filler({ steps }: Scenario, known: Known): Fill {
  const minted = new Map<string, string>()
  const stepNamed = (id: string): Step & { dir: 'in' | 'out' } => {
    const step = steps.find(one => (one.dir === 'in' || one.dir === 'out') && one.id === id)
    if (step?.dir !== 'in' && step?.dir !== 'out') throw new Error(`there is no step ${id} to speak of`)
    return step
  }
  /** Of an answer that went to several: the copy of whoever speaks of it, else that of whoever it answers. */
  const copy = (id: string, asker: Step): Sent => {
    const answer = stepNamed(id)
    const copies = known.answers.get(id) ?? []
    const question = answer.dir === 'out' ? stepNamed(answer.replyTo) : null
    const askers = [asker, question].map(one => (one?.dir === 'in' ? (addressIn(one.from ?? '') ?? '') : ''))
    const found =
      askers.flatMap(address => copies.filter(({ envelope }) => envelope.to.includes(address)))[0] ?? copies[0]
    if (!found) throw new Error(`nothing was sent for step ${id} yet`)
    return found
  }
  const messageId = (id: string, asker: Step): string => {
    const step = stepNamed(id)
    if (step.dir === 'out') return header(copy(id, asker), 'Message-ID') ?? ''
    const given = headerOf(step, 'message-id')
    if (given === null) return ''
    if (given !== undefined) return fill([given].flat()[0] ?? '', step)
    // Known before it is sent: a reply may overtake the mail it answers.
    if (!minted.has(id))
      minted.set(id, `<${randomUUID()}@${(addressIn(step.from ?? '') ?? '@sender.example').split('@')[1]}>`)
    return minted.get(id) ?? ''
  }
  const subject = (id: string, asker: Step): string => {
    const step = stepNamed(id)
    return step.dir === 'in' ? fill(step.subject ?? '', step) : (copy(id, asker).parsed.subject ?? '')
  }
  const value = (what: string, id: string, asker: Step): string => {
    const newest = known.sent.at(-1)
    if (id === 'last' && what.startsWith('MID')) return newest ? caseOf(what, header(newest, 'Message-ID') ?? '') : ''
    if (id === 'last' && what === 'SUBJ') return newest?.parsed.subject ?? ''
    if (what === 'MID' || what === 'MID_LOWER') return caseOf(what, messageId(id, asker))
    if (what === 'SUBJ') return subject(id, asker)
    if (what === 'TAG') return /\[[^[\]]*\d\]/.exec(subject(id, asker))?.[0] ?? `[#${known.ticketOf.get(id)}]`
    if (what === 'REPLY_TO') {
      const { replyTo, from } = copy(id, asker).parsed
      return (replyTo ?? from)?.value[0]?.address ?? ''
    }
    const step = stepNamed(id)
    const said = step.dir === 'in' ? fill(step.body, step) : (copy(id, asker).parsed.text ?? '')
    return said.trimEnd().replace(/^/gm, '> ')
  }
  const fill: Fill = (text, asker) =>
    text.replace(/\{(MID|MID_LOWER|SUBJ|TAG|QUOTE|REPLY_TO):([^{}]+)\}/g, (_all, what: string, id: string) =>
      value(what, id, asker),
    )
  return fill
}

/** The first address in a header, folded. */
export function addressIn(text: string): string | null {
  return /[^\s<>,;"]+@[^\s<>,;"]+/.exec(text)?.[0].toLowerCase() ?? null
}

function caseOf(what: string, id: string): string {
  return what === 'MID_LOWER' ? id.toLowerCase() : id
}
