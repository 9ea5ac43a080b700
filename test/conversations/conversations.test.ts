/*
 * Plays every story through the built program. How a story is written stands in README.md.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Arrived, type Desk, header, type Sent, startDesk } from '../support/desk.ts'
import type { TicketSeen } from '../support/service.ts'

type ExpectedSent = {
  readonly to: string
  readonly subject: string
  readonly automatic: boolean
  readonly from?: string
  readonly answers?: string
  readonly says?: readonly string[]
  readonly hides?: readonly string[]
  readonly attachments?: readonly string[]
}

type ExpectedMail = {
  readonly mailbox?: string
  readonly outcome: string
  /** Words of the reason that the ledger gives. */
  readonly reason?: string
  /** The name this story gives it; null: it belongs to none. */
  readonly ticket: string | null
  readonly author?: string
  readonly standing?: string
  readonly signal?: string
  readonly language?: string | null
  readonly newText?: string
  readonly attachments?: readonly string[]
  readonly automatic?: string | null
  readonly withheld?: string
  readonly sent: readonly ExpectedSent[]
  /** The agents who are told of it. */
  readonly told?: readonly string[]
}

type ExpectedTicket = {
  readonly requester: string
  readonly subject: string
  readonly status: string
  readonly language: string
  readonly category: string | null
  readonly priority: string
  readonly team: string
  readonly tags?: readonly string[]
  /** Has a person answered? */
  readonly answered: boolean
  readonly participants: readonly string[]
  /** How many messages it holds, our own among them. */
  readonly messages: number
}

type Story = {
  readonly story: string
  readonly mails: Readonly<Record<string, ExpectedMail>>
  readonly tickets: Readonly<Record<string, ExpectedTicket>>
}

const FOLDERS = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name)
  .sort()

/** What is known only while the story is played. */
class Run {
  readonly tickets = new Map<string, number>()
  readonly sent: Sent[] = []
  readonly messageIds = new Map<string, string>()

  filledIn(text: string): string {
    return text.replace(/\{\{(\w+)(?: (\d+))?: ([^}]+)\}\}/g, (all, what: string, number: string, name: string) => {
      const sent = this.sent[Number(number) - 1]
      const value = what === 'ticket' ? this.tickets.get(name) : what === 'sent' && sent ? header(sent, name) : null
      if (value === undefined || value === null) throw new Error(`nothing is known yet of ${all}`)
      return String(value)
    })
  }
}

describe('conversations', () => {
  let desk: Desk
  beforeAll(async () => {
    desk = await startDesk('Hoodiecrow', { desk: readFileSync(join(import.meta.dirname, 'desk.yaml'), 'utf8') })
  })
  afterAll(() => desk?.[Symbol.asyncDispose]())

  test('there are stories to play', () => {
    expect(FOLDERS.length).toBeGreaterThan(0)
  })

  test.each(FOLDERS)('%s', async name => {
    const folder = join(import.meta.dirname, name)
    const { story, mails, tickets } = storyIn(folder)
    const run = new Run()
    for (const [file, expected] of Object.entries(mails)) {
      const source = run.filledIn(readFileSync(join(folder, file), 'latin1')).replace(/\r?\n/g, '\r\n')
      const arrived = await desk.arrives(Buffer.from(source, 'latin1'), { mailbox: expected.mailbox ?? 'it' })
      run.sent.push(...arrived.sent)
      run.messageIds.set(file, /^Message-ID: *(\S+)/im.exec(source)?.[1] ?? '')
      if (arrived.line.outcome === 'open' && expected.ticket !== null && arrived.ticket)
        run.tickets.set(expected.ticket, arrived.ticket.id)
      expect(happened(arrived, expected, run), `${file}: ${story}`).toEqual(wanted(expected, run))
    }
    expect([...run.tickets.keys()].sort()).toEqual(Object.keys(tickets).sort())
    for (const [label, expected] of Object.entries(tickets)) {
      const ticket = await desk.service.ticket(run.tickets.get(label) ?? 0)
      const filledIn = { ...expected, subject: run.filledIn(expected.subject) }
      expect(stands(ticket, expected), `ticket ${label}: ${story}`).toEqual(filledIn)
    }
  })
})

const MAIL_FIELDS =
  'mailbox outcome reason ticket author standing signal language newText attachments automatic withheld sent told'
const SENT_FIELDS = 'to subject automatic from answers says hides attachments'

/** The story of a folder. Throws when a mail is not told of, or a field is not known: nothing is left out by mistake. */
function storyIn(folder: string): Story {
  const story = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Story
  const files = readdirSync(folder).filter(file => file.endsWith('.eml'))
  expect(Object.keys(story.mails)).toEqual(files.sort())
  const known = (thing: object, fields: string) =>
    expect(Object.keys(thing).filter(field => !fields.split(' ').includes(field))).toEqual([])
  known(story, 'story mails tickets')
  for (const mail of Object.values(story.mails)) {
    known(mail, MAIL_FIELDS)
    for (const sent of mail.sent) known(sent, SENT_FIELDS)
  }
  return story
}

/** What the story expects of a mail, with what the run knows. */
function wanted(expected: ExpectedMail, run: Run) {
  const { mailbox: _mailbox, ticket, sent, ...rest } = expected
  return {
    ...rest,
    ticket: ticket === null ? null : run.tickets.get(ticket),
    sent: sent.map(({ subject, answers, says = [], hides = [], ...one }) => ({
      ...one,
      subject: run.filledIn(subject),
      ...(answers === undefined ? {} : { answers: run.messageIds.get(answers) }),
      says: says.map(words => run.filledIn(words)),
      hides: [...hides],
    })),
  }
}

/** The same of what happened, in as far as the story asks for it. */
function happened({ line, ticket, sent, told }: Arrived, expected: ExpectedMail, run: Run) {
  const message = ticket?.messages.find(({ rawMail }) => rawMail === line.id) ?? null
  const last = (kind: string) => ticket?.events.findLast(event => event.kind === kind)?.data
  const seen: Record<keyof Omit<ExpectedMail, 'mailbox' | 'sent'>, unknown> = {
    outcome: line.outcome,
    reason: expected.reason && line.reason?.includes(expected.reason) ? expected.reason : line.reason,
    ticket: line.ticket,
    author: message?.author,
    standing: message?.standing,
    signal: last('threaded')?.['signal'],
    language: message?.language,
    newText: message?.newText.trim(),
    attachments: message?.attachments.map(({ filename }) => filename),
    automatic: (message?.automatic as { kind: string } | null | undefined)?.kind ?? null,
    withheld: last('reply-withheld')?.['why'],
    told: told.flatMap(({ envelope }) => envelope.to).sort(),
  }
  return {
    ...Object.fromEntries(Object.entries(seen).filter(([field]) => field in expected)),
    sent: sent.map((one, at) => mailed(one, expected.sent[at], run)),
  }
}

function mailed(sent: Sent, expected: ExpectedSent | undefined, run: Run) {
  const { parsed, envelope } = sent
  const text = `${parsed.text ?? ''}\n${parsed.html || ''}`
  const automatic = header(sent, 'Auto-Submitted') === 'auto-replied' && envelope.from === ''
  const { says = [], hides = [] } = expected ?? {}
  return {
    to: envelope.to.join(', '),
    subject: parsed.subject,
    automatic,
    ...(expected?.from === undefined ? {} : { from: parsed.from?.text }),
    ...(expected?.answers === undefined ? {} : { answers: header(sent, 'In-Reply-To') }),
    ...(expected?.attachments === undefined ? {} : { attachments: parsed.attachments.map(({ filename }) => filename) }),
    says: says.map(words => run.filledIn(words)).filter(words => text.includes(words)),
    hides: hides.filter(words => !text.includes(words) && !parsed.subject?.includes(words)),
  }
}

function stands(ticket: TicketSeen, expected: ExpectedTicket) {
  const { subject, status, language, category, priority, team, tags, messages, participants } = ticket
  const all = {
    ...{ subject, status, language, category, priority, team, tags },
    requester: ticket.requester?.address,
    answered: ticket.firstResponseAt !== null,
    participants: participants.map(({ address }) => address).sort(),
    messages: messages.length,
  }
  return Object.fromEntries(Object.entries(all).filter(([field]) => field in expected || field !== 'tags'))
}
