import { Database } from '../../src/store/native.ts'
import type { SmtpMail } from '../support/smtp.ts'
import { brokenInvariants } from '../support/store.ts'
import type { Listed } from './inbox.ts'
import { AGENTS, agentAddress, type Copy, conversationsOf, copiesThatAre, copyIn, type Mail } from './mails.ts'
import { checkSent, type HandedOver, type LifeEnd, type Outgoing, type SentAgain } from './sent.ts'

/*
 * Holds what is there in the end against the truth: the ledger, the tickets with their messages, what was sent.
 */

export type Evidence = {
  /** The number of the schedule. */
  readonly schedule: number
  readonly mails: readonly Mail[]
  readonly afterReading: 'leave' | 'seen' | 'flag' | 'move'
  /** The bytes of each copy that was delivered. */
  readonly delivered: ReadonlyMap<string, Buffer>
  /** Copies that somebody else expunged, nobody knows whether before they were read. */
  readonly expunged: ReadonlySet<string>
  /** What the server shows, by mailbox. */
  readonly server: ReadonlyMap<string, Listed>
  readonly databasePath: string
  /** What the SMTP server took, in order. */
  readonly accepted: readonly SmtpMail[]
  /** What the program handed over, in order, whether it learnt of that or not. */
  readonly handedOver: readonly HandedOver[]
  /** How each life ended, the first one at 0. */
  readonly ends: readonly LifeEnd[]
}

/** `lost` and `doubled` are the differences that the program must never make; all of them are wrong. */
export type Difference = { readonly kind: 'lost' | 'doubled' | 'wrong'; readonly what: string }

export type Checked = { readonly differences: readonly Difference[]; readonly again: readonly SentAgain[] }

export type Differ = (kind: Difference['kind'], what: string) => void

type Line = {
  readonly id: number
  readonly mailbox: string
  readonly folder: string
  readonly uidValidity: string
  readonly uid: number
  readonly outcome: string
  readonly ticket: number | null
  readonly bytes: Buffer
}

type Message = {
  readonly ticket: number | null
  readonly rawMail: number
  readonly author: string
  readonly messageId: string | null
  readonly text: string
  readonly attachments: number
}

export function check(evidence: Evidence): Checked {
  const differences: Difference[] = []
  const differ: Differ = (kind, what) => void differences.push({ kind, what })
  const { databasePath } = evidence
  for (const { rule, rows } of brokenInvariants(databasePath)) differ('wrong', `it breaks the rule "${rule}": ${rows}`)
  const db = new Database(databasePath, { readonly: true })
  try {
    const all = <Row>(query: string) => db.prepare<[], Row>(query).all()
    const ledger = all<Line>(
      'select id, mailbox, folder, uid_validity as uidValidity, uid, outcome, ticket_id as ticket, bytes from raw_mails order by id',
    )
    const messages = all<Message>(
      `select m.ticket_id as ticket, raw_mail_id as rawMail, author, message_id as messageId, text,
         (select count(*) from attachments a where a.message_id = m.id) as attachments
       from messages m where raw_mail_id is not null`,
    )
    const outbox = all<Outgoing>(
      'select id, ticket_id as ticket, kind, state, recipients, mail from outbox order by id',
    )
    const tickets = all<{ id: number; requester: string | null }>(
      'select t.id, p.address as requester from tickets t left join people p on p.id = t.requester_id',
    )
    checkPlaces(evidence, ledger, differ)
    const linesOf = byMail(evidence, ledger, differ)
    checkMails(evidence, linesOf, messages, differ)
    checkTickets(evidence, linesOf, new Map(tickets.map(({ id, requester }) => [id, requester])), differ)
    checkOutbox(evidence, linesOf, outbox, differ)
    return { differences, again: checkSent(evidence, outbox, differ) }
  } finally {
    db.close()
  }
}

type LinesOf = (mail: Mail) => readonly Line[]

/** Every UID that the server shows has its line, and in it the very mail. */
function checkPlaces(
  { server, delivered, expunged, mails, afterReading }: Evidence,
  ledger: readonly Line[],
  differ: Differ,
): void {
  const placeOf = (mailbox: string, folder: string, uidValidity: string, uid: number) =>
    `${mailbox} ${folder} ${uidValidity} ${uid}`
  const lines = new Map(ledger.map(line => [placeOf(line.mailbox, line.folder, line.uidValidity, line.uid), line]))
  const leftOut = copiesThatAre('left out', mails)
  for (const [mailbox, { folders, moved }] of server) {
    const there: string[] = [...moved]
    for (const [folder, { uidValidity, mails: shown }] of folders) {
      const after = folder === 'INBOX' ? afterReading : 'leave'
      for (const [uid, { copy, isMarked }] of shown) {
        there.push(copy)
        const place = placeOf(mailbox, folder, uidValidity, uid)
        const line = lines.get(place)
        const isTaken = line !== undefined && line.outcome !== 'quarantine'
        if (isMarked !== (isTaken && (after === 'seen' || after === 'flag')))
          differ('wrong', `${copy} (${place}) is ${isMarked ? '' : 'not '}marked`)
        if (isTaken && after === 'move') differ('wrong', `${copy} (${place}) was not moved`)
        if (leftOut.has(copy)) continue
        if (!line) differ('lost', `${copy} is on the server (${place}) and not in the ledger`)
        else if (copyIn(line.bytes) !== copy)
          differ('wrong', `${place} is ${copy} on the server and ${copyIn(line.bytes)} in the ledger`)
      }
    }
    for (const copy of moved) {
      const taken = ledger.filter(line => line.mailbox === mailbox && copyIn(line.bytes) === copy)
      if (!taken.some(({ outcome }) => outcome !== 'quarantine')) differ('lost', `${copy} was moved and not taken in`)
    }
    for (const { id } of mails.flatMap(({ copies }) => copies).filter(copy => copy.mailbox === mailbox)) {
      const times = there.filter(copy => copy === id).length
      if (delivered.has(id) && !expunged.has(id) && times !== 1)
        differ('wrong', `${id} is ${times} times on the server`)
    }
  }
}

/** The lines of the ledger by the mail that they are about; all of them must be about one. */
function byMail({ mails, delivered }: Evidence, ledger: readonly Line[], differ: Differ): LinesOf {
  const copies = new Map(
    mails.flatMap(mail => mail.copies.map((copy): [string, [Mail, Copy]] => [copy.id, [mail, copy]])),
  )
  const lines = new Map<Mail, Line[]>(mails.map(mail => [mail, []]))
  const places = new Set<string>()
  for (const line of ledger) {
    const name = copyIn(line.bytes) ?? 'not marked'
    const [mail, copy] = copies.get(name) ?? []
    if (!mail || !copy || !delivered.get(name)?.equals(line.bytes)) {
      differ('wrong', `mail ${line.id} of the ledger was never delivered so (${name}, ${line.bytes.length} bytes)`)
      continue
    }
    if (copy.mailbox !== line.mailbox || copy.folder !== line.folder)
      differ('wrong', `${name}, in ${copy.mailbox} ${copy.folder}, is in the ledger for ${line.mailbox} ${line.folder}`)
    const place = `${name} under UIDVALIDITY ${line.uidValidity}`
    if (places.has(place)) differ('doubled', `${place} has two lines in the ledger`)
    places.add(place)
    lines.get(mail)?.push(line)
  }
  return mail => lines.get(mail) ?? []
}

/** Each mail has one outcome and, if there is something in it to be read, is one message. */
function checkMails(evidence: Evidence, linesOf: LinesOf, messages: readonly Message[], differ: Differ): void {
  for (const mail of evidence.mails) {
    const lines = linesOf(mail)
    if (mail.outcome === 'left out') {
      if (lines.length > 0) differ('wrong', `${mail.id} was there before the first day: ${describe(lines)}`)
      continue
    }
    const copies = new Set(lines.map(line => copyIn(line.bytes)))
    for (const { id } of mail.copies) {
      if (evidence.delivered.has(id) && !evidence.expunged.has(id) && !copies.has(id))
        differ('lost', `${id} is not in the ledger`)
    }
    if (lines.length === 0) continue
    const first = lines.filter(({ outcome }) => outcome !== 'duplicate')
    const wanted = mail.outcome === 'ticket' ? ['open', 'append'] : [mail.outcome]
    if (first.some(({ outcome }) => !wanted.includes(outcome)))
      differ('wrong', `${mail.id} should be ${wanted.join(' or ')}: ${describe(lines)}`)
    // What cannot be read is nothing's duplicate.
    const outcomes = mail.outcome === 'quarantine' ? lines.length : 1
    if (first.length !== outcomes)
      differ(
        first.length < outcomes ? 'lost' : 'doubled',
        `${mail.id} has ${first.length} outcomes: ${describe(lines)}`,
      )
    const own = messages.filter(message => lines.some(line => line.id === message.rawMail))
    const many = mail.outcome === 'quarantine' ? 0 : 1
    if (own.length !== many) differ(own.length < many ? 'lost' : 'doubled', `${mail.id} is ${own.length} messages`)
    for (const message of own) checkMessage(mail, message, first[0]?.ticket ?? null, differ)
  }
}

function checkMessage(mail: Mail, message: Message, ticket: number | null, differ: Differ): void {
  const wrong = (what: string) => differ('wrong', `${mail.id}: ${what}`)
  if (message.ticket !== ticket) wrong(`its line is on ticket ${ticket}, its message on ${message.ticket}`)
  if (!message.text.includes(mail.words)) wrong('its words are not in the message')
  if (message.messageId !== mail.messageId) wrong(`its message has the id ${message.messageId}`)
  if (message.author !== mail.author) wrong(`it was written by the ${mail.author}, not by the ${message.author}`)
  if (message.attachments !== mail.attachments) wrong(`its message has ${message.attachments} attachments`)
}

/** What belongs together is one ticket, for the one who wrote, and there is no other. */
function checkTickets(
  { mails }: Evidence,
  linesOf: LinesOf,
  tickets: ReadonlyMap<number, string | null>,
  differ: Differ,
): void {
  const ours = new Set<number>()
  for (const [conversation, members] of conversationsOf(mails)) {
    const lines = members.flatMap(linesOf)
    if (lines.length === 0) continue
    const known = new Set(lines.flatMap(({ ticket }) => ticket ?? []))
    const opened = lines.filter(({ outcome }) => outcome === 'open').length
    if (known.size > 1 || opened > 1)
      differ('doubled', `${conversation} is the tickets ${[...known].join()}, opened ${opened} times`)
    if (known.size < 1 || opened < 1) differ('lost', `${conversation} has no ticket that was opened for it`)
    for (const ticket of known) {
      if (ours.has(ticket)) differ('wrong', `ticket ${ticket} is of ${conversation} and of another`)
      ours.add(ticket)
      if (!tickets.has(ticket)) differ('lost', `there is no ticket ${ticket}`)
      else if (tickets.get(ticket) !== members[0]?.from)
        differ('wrong', `ticket ${ticket} is for ${tickets.get(ticket)}, not for ${members[0]?.from}`)
    }
  }
  for (const ticket of tickets.keys()) if (!ours.has(ticket)) differ('doubled', `nobody asked for ticket ${ticket}`)
}

/**
 * One acknowledgement for each ticket, one mail to the requester for each answer of an agent, each agent told once of each
 * mail that the requester wrote, and all of it sent.
 */
function checkOutbox(
  { mails, schedule }: Evidence,
  linesOf: LinesOf,
  outbox: readonly Outgoing[],
  differ: Differ,
): void {
  const owed: string[] = []
  for (const members of conversationsOf(mails).values()) {
    const ticket = members.flatMap(linesOf)[0]?.ticket
    if (ticket === undefined) continue
    owed.push(`acknowledgement on ticket ${ticket} to ${members[0]?.from}`)
    const taken = members.filter(mail => linesOf(mail).length > 0)
    for (const { from, author } of taken) {
      if (from === agentAddress(AGENTS[0], schedule)) owed.push(`answer on ticket ${ticket} to ${members[0]?.from}`)
      if (author !== 'requester') continue
      for (const agent of AGENTS) owed.push(`notification on ticket ${ticket} to ${agentAddress(agent, schedule)}`)
    }
  }
  const made = outbox.map(({ kind, ticket, recipients }) => `${kind} on ticket ${ticket} to ${recipients}`)
  for (const one of without(owed, made)) differ('lost', `no ${one}`)
  for (const one of without(made, owed)) differ('doubled', `${one}, which is owed to nobody`)
  for (const { id, state } of outbox) if (state !== 'sent') differ('wrong', `mail ${id} of the outbox is ${state}`)
}

function describe(lines: readonly Line[]): string {
  return lines.map(line => `${copyIn(line.bytes)} ${line.outcome} (mail ${line.id}, ticket ${line.ticket})`).join(', ')
}

/** The texts of `some` that are not in `others`, as often as they are missing there. */
function without(some: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return some.filter(text => {
    const at = left.indexOf(text)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}
