import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseMail } from '../inbound/parse.ts'
import { type DemoMail, type Passed, startDemoMail } from './mail-server.ts'
import { type DemoService, startDemoService } from './service.ts'
import { AGENT, type Expected, STORIES, type Story } from './stories.ts'
import { type LedgerLine, line, mailWords, sentLines, type TicketStory, ticketLines, toldLine } from './telling.ts'

/**
 * Runs the service on a mail system of its own, plays a working day of mail and tells what happens. Gives exit code 0 only
 * when every step came out as it should. Without `once` it stays up afterwards until the signal aborts.
 */
export async function demo({ once: leave, signal }: { once: boolean; signal: AbortSignal }): Promise<number> {
  print(
    'Postdesk: a working day in a few seconds. A mail server of its own, support@ and it@ example.org, real IMAP and SMTP.',
  )
  print('support@ has its morning, it@ its night. Starting the service as users run it …\n')
  await using mail = await startDemoMail(['support@example.org', 'it@example.org', 'you@example.org'])
  const service = await startDemoService(mail)
  const tickets = new Map<string, number>()
  let wrong = 0
  try {
    for (const [at, story] of STORIES.entries()) {
      if (signal.aborted) break
      const faults = await play(story, at + 1, { mail, service, tickets })
      for (const fault of faults) print(line('✘', fault))
      if (faults.length > 0) wrong++
    }
    print(
      wrong === 0
        ? `All ${STORIES.length} steps came out as told.`
        : `${wrong} of ${STORIES.length} steps came out differently.`,
    )
    if (!leave && !signal.aborted) {
      print(invitation(mail, service))
      await once(signal, 'abort')
    }
  } finally {
    const code = await service.stop()
    if (code !== 0) {
      print(`The service ended with exit code ${code}.`)
      wrong++
    }
  }
  return wrong === 0 ? 0 : 1
}

type Scene = { readonly mail: DemoMail; readonly service: DemoService; readonly tickets: Map<string, number> }

/** One story: delivers its mail, waits until everything has happened, tells it, and compares. Gives what is wrong. */
async function play(story: Story, number: number, { mail, service, tickets }: Scene): Promise<string[]> {
  const address = `${story.mailbox}@example.org`
  const told = (title: string) => lastTo(mail, AGENT, `[#${tickets.get(title)}]`)
  const source = story.mail({ lastTo: to => lastTo(mail, to), told })
  const passedBefore = mail.passed.length
  print(`${String(number).padStart(2)}. ${story.title}`)
  const written = await parseMail(Buffer.from(source)).catch(() => null)
  print(line('mail', written ? mailWords(written, address) : `something unreadable → ${address}`))
  const uid = mail.deliver(address, source)

  const arrived = await until(async () => {
    const { items } = await service.get<{ items: LedgerLine[] }>(`/v1/mails?mailbox=${story.mailbox}&limit=50`)
    return items.find(item => item.uid === uid)
  })
  if (!arrived) return ['the mail was not taken in within ten seconds']
  const toAgent = () => mail.passed.slice(passedBefore).filter(isToAgent)
  // Agents are told after the mail was taken in, and only then is all on its way.
  if (story.expected.told) await until(async () => (toAgent().length > 0 ? true : undefined))
  const ticket = arrived.ticket === null ? null : await settled(service, arrived.ticket)
  if (arrived.outcome === 'open' && ticket) tickets.set(story.title, ticket.id)
  const sent = mail.passed.slice(passedBefore).filter(one => !isToAgent(one))
  for (const text of ticketLines(arrived, ticket)) print(text)
  for (const text of sentLines(sent)) print(text)
  for (const one of toAgent()) print(toldLine(one))
  const faults = differences(story.expected, { arrived, ticket, sent, told: toAgent(), tickets })
  if (faults.length === 0) print(line('✔', 'as it should be'))
  print('')
  return faults
}

/** The ticket, once nothing of it waits to be sent any more. */
function settled(service: DemoService, id: number): Promise<TicketStory | undefined> {
  return until(async () => {
    const ticket = await service.get<TicketStory>(`/v1/tickets/${id}`)
    return ticket.outbox.every(mail => mail.state !== 'queued') ? ticket : undefined
  })
}

type Seen = {
  readonly arrived: LedgerLine
  readonly ticket: TicketStory | null | undefined
  readonly sent: readonly Passed[]
  readonly told: readonly Passed[]
  readonly tickets: ReadonlyMap<string, number>
}

function differences(expected: Expected, { arrived, ticket, sent, told, tickets }: Seen): string[] {
  const faults: string[] = []
  const compare = (what: string, is: unknown, should: unknown) => {
    if (is !== should) faults.push(`${what} is ${JSON.stringify(is)}, it should be ${JSON.stringify(should)}`)
  }
  compare('the outcome', arrived.outcome, expected.outcome)
  if (expected.ticketOf) compare('the ticket', arrived.ticket, tickets.get(expected.ticketOf))
  if (expected.category) compare('the category', ticket?.category, expected.category)
  if (expected.priority) compare('the priority', ticket?.priority, expected.priority)
  if (expected.status) compare('the status', ticket?.status, expected.status)
  if (expected.acknowledged) {
    compare('the number of mails sent', sent.length, 1)
    compare('the language', ticket?.language, expected.acknowledged)
  } else if (expected.answerTo) compare('the recipient', sent.map(({ to }) => to.join()).join(), expected.answerTo)
  else compare('the number of mails sent', sent.length, 0)
  if (expected.withheld) compare('the reason for no answer', lastWithheld(ticket), expected.withheld)
  const { says } = expected
  if (says && !sent.some(one => one.mail.text.includes(says))) faults.push(`no mail says "${says}"`)
  compare('the number of mails to the agent', told.length, expected.told === undefined ? 0 : 1)
  if (expected.told && !told.some(one => one.mail.text.includes(expected.told ?? '')))
    faults.push(`nothing tells the agent "${expected.told}"`)
  return faults
}

function isToAgent({ to }: Passed): boolean {
  return to.includes(AGENT)
}

function lastWithheld(ticket: TicketStory | null | undefined): unknown {
  return ticket?.events.findLast(event => event.kind === 'reply-withheld')?.data['why']
}

function lastTo(mail: DemoMail, address: string, subject = ''): Passed {
  const found = mail.passed.findLast(one => one.to.includes(address) && one.mail.subject.includes(subject))
  if (!found) throw new Error(`no mail to ${address} yet`)
  return found
}

/** Looks until there is something, for ten seconds. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T | undefined> {
  for (let tries = 0; tries < 200; tries++) {
    const seen = await look()
    if (seen !== undefined) return seen
    await sleep(50)
  }
  return undefined
}

function invitation(mail: DemoMail, { url, key }: DemoService): string {
  return `
It stays up. Ask it:

  curl -H 'Authorization: Bearer ${key}' ${url}/v1/tickets
  curl -H 'Authorization: Bearer ${key}' ${url}/v1/tickets/1001
  ${url}/docs   the whole API, to read

Write to it with a mail client (no TLS, password "demo"):

  you           you@example.org      IMAP 127.0.0.1:${mail.imapPort('you@example.org')}   SMTP 127.0.0.1:${mail.smtpPort} (no login)
  the mailbox   support@example.org  IMAP 127.0.0.1:${mail.imapPort('support@example.org')}
  the mailbox   it@example.org       IMAP 127.0.0.1:${mail.imapPort('it@example.org')}

Ctrl-C ends it and leaves nothing behind.`
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
