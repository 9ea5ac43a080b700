/*
 * A whole desk: an IMAP server, an SMTP server and the service between them.
 */
import { readFile } from 'node:fs/promises'
import { type ParsedMail, simpleParser } from 'mailparser'
import { describe } from 'vitest'
import type { Instant } from '../../src/instant.ts'
import { selfSigned } from './certificate.ts'
import { startDovecot } from './dovecot.ts'
import { startHoodiecrow } from './hoodiecrow.ts'
import { mail, type TestMail } from './mail.ts'
import type { MailServer } from './mail-server.ts'
import { fromOurMx } from './mx.ts'
import { describeWithDovecot } from './needs-dovecot.ts'
import { type LedgerLine, type Service, type ServiceApi, startService, type TicketSeen } from './service.ts'
import type { DeskSetup, MailboxSetup } from './setup.ts'
import { type SmtpMail, type SmtpTestServer, startSmtp } from './smtp.ts'
import { tempDir } from './temp-dir.ts'

export type ServerKind = 'Hoodiecrow' | 'Dovecot'

/** The tests against the in-process server, where nothing is encrypted, and against the real one, where everything is. */
export function describeOnBoth(name: string, tests: (kind: ServerKind) => void): void {
  describe(`${name} (Hoodiecrow)`, () => tests('Hoodiecrow'))
  describeWithDovecot(`${name} (Dovecot)`, () => tests('Dovecot'))
}

/** A mail of ours as the SMTP server took it. */
export type Sent = SmtpMail & { readonly parsed: ParsedMail; readonly source: string }

export type Arrived = {
  readonly line: LedgerLine
  readonly ticket: TicketSeen | null
  /** What went out to people because of it. */
  readonly sent: readonly Sent[]
  /** What agents were told of it: notifications and receipts. */
  readonly told: readonly Sent[]
}

export type Delivery = {
  readonly mailbox?: string
  readonly receivedAt?: Instant
  /** Our mail server found no proof that the sender is who the mail says; else it says that they are. */
  readonly unproven?: boolean
}

/** `S` is how the service runs: as a process of its own, unless said otherwise. */
export interface Desk<S = Service> extends AsyncDisposable {
  readonly imap: MailServer
  readonly smtp: SmtpTestServer
  readonly service: S
  /** Puts a mail into the INBOX of a mailbox (`it` unless named) and waits for nothing. Returns its UID. */
  deliver(given: TestMail | Buffer, delivery?: Delivery): Promise<number>
  /** Delivers, and waits until the mail was taken in and all that follows from it was sent. */
  arrives(given: TestMail | Buffer, delivery?: Delivery): Promise<Arrived>
  /** As `arrives`, for a mail that belongs to a ticket. */
  onTicket(given: TestMail | Buffer, delivery?: Delivery): Promise<Arrived & { readonly ticket: TicketSeen }>
  /** What was sent to this address, oldest first. */
  sentTo(address: string): Promise<readonly Sent[]>
}

export type DeskOptions = Omit<DeskSetup, 'mailboxes'> & {
  /** `it` and `support` unless given. */
  readonly mailboxes?: Readonly<Record<string, Partial<Omit<MailboxSetup, 'imap' | 'smtp'>>>>
  /** What happens on the server before the service is started for the first time. */
  readonly before?: (imap: MailServer) => Promise<unknown>
}

export function startDesk(kind: ServerKind, options: DeskOptions = {}): Promise<Desk> {
  return startDeskWith(startService, kind, options)
}

export async function startDeskWith<S extends ServiceApi & AsyncDisposable>(
  startService: (setup: DeskSetup) => Promise<S>,
  kind: ServerKind,
  options: DeskOptions,
): Promise<Desk<S>> {
  const { mailboxes = { it: {}, support: {} }, before, ...setup } = options
  const { imap, account } = await startImap(kind, Object.keys(mailboxes))
  const { smtp, login } = await startSubmission(kind)
  const servers = { [Symbol.asyncDispose]: () => Promise.all([imap.stop(), smtp.stop()]).then(() => undefined) }
  const entries = Object.entries(mailboxes).map(([name, mailbox]): [string, MailboxSetup] => [
    name,
    { imap: account(name), smtp: { port: smtp.port, ...(login ? { login } : {}) }, ...mailbox },
  ])
  try {
    await before?.(imap)
    const service = await startService({ ...setup, mailboxes: Object.fromEntries(entries) })
    return {
      imap,
      smtp,
      service,
      ...actions(imap, smtp, service),
      async [Symbol.asyncDispose]() {
        await using _servers = servers
        await service[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await servers[Symbol.asyncDispose]()
    throw error
  }
}

function actions(imap: MailServer, smtp: SmtpTestServer, service: ServiceApi) {
  const deliver: Desk['deliver'] = (given, { mailbox = 'it', receivedAt, unproven = false } = {}) => {
    const written = Buffer.isBuffer(given) ? given : mail({ to: `${mailbox}@example.org`, ...given })
    const bytes = unproven ? written : fromOurMx(written)
    return imap.deliver(mailbox, 'INBOX', bytes, receivedAt === undefined ? {} : { receivedAt })
  }
  const arrives: Desk['arrives'] = async (given, delivery = {}) => {
    const before = smtp.mails.length
    const line = await service.taken(delivery.mailbox ?? 'it', await deliver(given, delivery))
    await service.sent()
    const ticket = line.ticket === null ? null : await service.ticket(line.ticket)
    const left = await Promise.all(smtp.mails.slice(before).map(readSent))
    const toAgents = await idsToAgents(service)
    const isTold = ({ parsed }: Sent) => toAgents.has(parsed.messageId ?? '')
    return { line, ticket, sent: left.filter(one => !isTold(one)), told: left.filter(isTold) }
  }
  const onTicket: Desk['onTicket'] = async (given, delivery) => {
    const { ticket, ...rest } = await arrives(given, delivery)
    if (!ticket) throw new Error(`no ticket: ${JSON.stringify(rest.line)}`)
    return { ticket, ...rest }
  }
  const sentTo: Desk['sentTo'] = address =>
    Promise.all(smtp.mails.filter(({ envelope }) => envelope.to.includes(address)).map(readSent))
  return { deliver, arrives, onTicket, sentTo }
}

/** The Message-IDs of the newest notifications and receipts. */
async function idsToAgents(service: ServiceApi): Promise<ReadonlySet<string>> {
  const lines = await service.outbox()
  return new Set(
    lines.filter(({ kind }) => kind === 'notification' || kind === 'receipt').map(({ messageId }) => `<${messageId}>`),
  )
}

export async function readSent(sent: SmtpMail): Promise<Sent> {
  return { ...sent, parsed: await simpleParser(sent.bytes), source: sent.bytes.toString() }
}

/** The one mail that there must be. */
export function only<T>(things: readonly T[]): T {
  const [first] = things
  if (first === undefined || things.length !== 1) throw new Error(`there are ${things.length}, not one`)
  return first
}

/** A header of a mail of ours as it was written, unfolded. */
export function header(sent: Sent, name: string): string | null {
  const found = sent.parsed.headerLines.find(line => line.key === name.toLowerCase())
  return found
    ? found.line
        .slice(name.length + 1)
        .replace(/\r?\n[ \t]+/g, ' ')
        .trim()
    : null
}

/** A reply to a mail of ours as mail clients write it. */
export function replyTo(sent: Sent, reply: TestMail & { readonly text: string }): TestMail {
  const { messageId = '', references = [], subject = '', from, replyTo = from, text = '' } = sent.parsed
  const id = (text: string) => text.replace(/[<>]/g, '')
  const quoted = text.trimEnd().replace(/^/gm, '> ')
  return {
    to: replyTo?.text ?? null,
    subject: /^re:/i.test(subject) ? subject : `Re: ${subject}`,
    inReplyTo: id(messageId),
    references: [...[references].flat(), messageId].map(id),
    ...reply,
    text: `${reply.text}\n\nOn Mon, 23 Nov 2026 at 10:00, ${from?.value[0]?.name} wrote:\n${quoted}\n`,
  }
}

async function startImap(kind: ServerKind, users: readonly string[]) {
  if (kind === 'Hoodiecrow') {
    const imap = await startHoodiecrow({ users })
    return { imap, account: (user: string) => imap.account(user) }
  }
  const imap = await startDovecot({ users })
  const secure = { tls: 'starttls', verifyCertificate: true, ca: imap.ca } as const
  return { imap, account: (user: string) => imap.account(user, secure) }
}

async function startSubmission(kind: ServerKind) {
  if (kind === 'Hoodiecrow') return { smtp: await startSmtp(), login: null }
  await using folder = await tempDir('smtp')
  const paths = await selfSigned(folder.path)
  const [cert, key] = await Promise.all([readFile(paths.cert, 'utf8'), readFile(paths.key, 'utf8')])
  const auth = { user: 'desk', password: 'smtp-pa55' }
  return { smtp: await startSmtp({ auth, tls: { cert, key } }), login: { ...auth, ca: cert } }
}
