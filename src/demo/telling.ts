import type { ParsedMail } from '../mail/message.ts'
import type { Passed } from './mail-server.ts'

/*
 * What happened, in words. Everything told here was read from the API or from the mails that left.
 */

export type LedgerLine = {
  readonly id: number
  readonly uid: number
  readonly outcome: string
  readonly reason: string | null
  readonly ticket: number | null
}

type Due = { readonly at: string; readonly targetMs: number }
type Match = { readonly rule: string; readonly words: readonly { readonly found: string; readonly field: string }[] }

export type TicketStory = {
  readonly id: number
  readonly status: string
  readonly category: string | null
  readonly priority: string
  readonly language: string
  readonly events: readonly {
    readonly kind: string
    readonly actor: string
    readonly data: Readonly<Record<string, unknown>>
  }[]
  readonly outbox: readonly { readonly state: string }[]
}

export function line(label: string, text: string): string {
  return `    ${label.padEnd(9)} ${text}`
}

export function mailWords({ from, subject }: ParsedMail, to: string): string {
  const author = from?.name ? `${from.name} <${from.address}>` : (from?.address ?? 'nobody')
  return `${author} → ${to}: ${subject}`
}

const OUTCOMES: Readonly<Record<string, string>> = {
  open: 'opened',
  append: 'taken to its ticket',
  report: 'a report about a mail of ours, noted',
  automatic: 'the answer of a machine, kept without a ticket',
  duplicate: 'had arrived before',
  blocked: 'blocked: kept and listed, no ticket',
  quarantine: 'cannot be read: kept in quarantine, and nobody else waits for it',
}

/** What became of the mail, which rule it was, which dates were promised, and why no answer went out. */
export function ticketLines(arrived: LedgerLine, ticket: TicketStory | null | undefined): string[] {
  const lines = [
    line(
      'outcome',
      `${ticket ? `[#${ticket.id}] ` : ''}${OUTCOMES[arrived.outcome] ?? arrived.outcome}${reasonOf(arrived)}`,
    ),
  ]
  if (!ticket) return lines
  const last = (kind: string) => ticket.events.findLast(event => event.kind === kind)?.data
  if (arrived.outcome === 'open') {
    const matches = (last('classified')?.['matches'] ?? []) as readonly Match[]
    const rules = matches.map(
      ({ rule, words }) =>
        `rule "${rule}" on ${words.map(({ found, field }) => `"${found}" in the ${field}`).join(', ')}`,
    )
    lines.push(
      line(
        'sorted',
        `${ticket.category ?? 'no category'}, ${ticket.priority}: ${rules.join('; ') || 'no rule matched'}`,
      ),
    )
    const due = last('due')
    if (due)
      lines.push(
        line(
          'dates',
          `${promise('first answer', due['firstResponse'] as Due)}, ${promise('solved', due['resolution'] as Due)}`,
        ),
      )
  } else if (arrived.outcome === 'append') {
    const threaded = last('threaded')
    if (threaded)
      lines.push(
        line(
          'joined',
          `by ${String(threaded['signal'])}${threaded['standing'] === 'pending' ? ', but the sender takes no part in it: pending, for agents only' : ''}; now ${ticket.status}`,
        ),
      )
  }
  const withheld = last('reply-withheld')
  const final = ticket.events.at(-1)?.kind
  if (withheld && final === 'reply-withheld') lines.push(line('no answer', String(withheld['detail'])))
  return lines
}

function reasonOf({ outcome, reason }: LedgerLine): string {
  return outcome === 'quarantine' && reason ? ` (${reason})` : ''
}

function promise(what: string, { at, targetMs }: Due): string {
  return `${what} by ${at.slice(0, 16).replace('T', ' ')} UTC (${targetMs / 3_600_000} h of opening hours)`
}

/** The mails that left: to whom, and the sentences with the dates. */
export function sentLines(sent: readonly Passed[]): string[] {
  return sent.map(({ to, mail }) => {
    const words = mail.text.replace(/\s+/g, ' ').trim()
    return line('sent', `to ${to.join(', ')}: ${words.length > 700 ? `${words.slice(0, 700)} …` : words}`)
  })
}

/** A mail that tells an agent something: who it seems to come from, and how it begins. */
export function toldLine({ to, mail }: Passed): string {
  const words = mail.text.replace(/\s+/g, ' ').trim()
  return line(
    'told',
    `${to.join(', ')}, from "${mail.from?.name}": ${words.length > 240 ? `${words.slice(0, 240)} …` : words}`,
  )
}
