/*
 * What the acts of a world (`world.ts`) have in common: the desk as it is just now, the mail server in front of it, and what is
 * wrong by their answers alone.
 */
import { randomUUID } from 'node:crypto'
import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import type { Ticket } from '../../src/desk/ticket.ts'
import { DeskError } from '../../src/errors.ts'
import { createIds } from '../../src/ids.ts'
import { readFolder, type WatchedFolder } from '../../src/inbound/folder.ts'
import type { Intake } from '../../src/inbound/ingest.ts'
import { openSentFolder } from '../../src/inbound/sent-folder.ts'
import { type Instant, plus } from '../../src/instant.ts'
import { sendDue } from '../../src/outbound/sender.ts'
import type { StoredMessage } from '../../src/store/messages.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import type { Settled } from '../../src/store/raw-mails.ts'
import type { Reads, Store } from '../../src/store/store.ts'
import type { Answer } from './api.ts'
import type { TestCrew } from './crew.ts'
import { keptLog } from './log.ts'
import { mail, type TestMail } from './mail.ts'
import { readHere } from './reader.ts'
import { openServer, type Place, type Server } from './world-server.ts'

/** A line of the ledger. */
export type Taken = Settled & { readonly rawMail: number }

/** A mail of ours that somebody has got, whatever our database says of it. */
export type Delivered = Pick<OutboxMail, 'kind' | 'ticket'> & { readonly mail: OutgoingMail }

export type Scene = {
  /** Another one after the service was started anew. */
  crew: TestCrew
  readonly read: Reads
  readonly server: Server
  /** How far our clock is ahead of the true time (ms). */
  skewMs: number
  /** The clock was wrong before: what was written down then may be. */
  wasWrong: boolean
  readonly intake: () => Intake
  readonly said: { readonly words: string; readonly forRequester: boolean }[]
  readonly faults: string[]
  /** What people, machines and agents wrote to us, newest first. */
  readonly arrived: TestMail[]
  readonly delivered: Delivered[]
  /** Message-IDs under which several mails came. */
  readonly reused: Set<string>
  /** For whom and since when each ticket was that ever had a number. */
  readonly numbers: Map<number, string>
  /** The server keeps a copy of what is sent. */
  readonly keepsSent: boolean
  /** Words by which it is known where they go. */
  words(forRequester: boolean): string
  /** A number that was not there before. */
  next(): number
  /** By the server's clock. */
  trueTime(): Instant
  /** Reads what is new on the server. `store`: through another one. */
  look(store?: Store): Promise<void>
  arrives(given: TestMail | Buffer, mailbox?: string, lateMs?: number): Promise<Taken | null>
  /** What became of a mail on the server. */
  takenAt(place: Place): Promise<Taken | null>
  answered(answer: Answer): void
  ticketAt(n: number): Promise<Ticket | undefined>
  sent(isMeant: (one: OutboxMail) => boolean): Promise<OutboxMail[]>
  messageOf(taken: Taken | null): Promise<StoredMessage | undefined>
  stateOf(id: number): Promise<string>
  /** Sends what is due. `refused`: the address that the server does not take. */
  send(refused?: string, code?: number, through?: Store): Promise<void>
  readonly lines: () => Record<string, unknown>[]
}

export const PEOPLE = ['Jane Doe <jane@example.org>', 'Bob Roe <bob@example.org>', 'Eve <eve@other.example>']
export const AGENTS = ['Ana Pop <ana@example.org>', 'Ben Roe <ben@example.org>']
export const BLOCKED = 'Mallory <mallory@third.example>'

export const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)]
export const domainOf = (who: string) => who.replace(/^.*@|>$/g, '')
export const proven = (who: string) => ({
  'Authentication-Results': `mx.example.org; dmarc=pass header.from=${domainOf(who)}`,
})
export const isToAgent = ({ kind }: { readonly kind: OutboxMail['kind'] }) =>
  kind === 'notification' || kind === 'receipt'

export function createScene(first: TestCrew, keepsSent: boolean): Scene {
  const { log, lines } = keptLog()
  const server = openServer()
  const faults: string[] = []
  const arrived: TestMail[] = []
  let count = 0

  const scene: Scene = {
    ...{
      crew: first,
      server,
      skewMs: 0,
      wasWrong: false,
      said: [],
      faults,
      arrived,
      delivered: [],
      reused: new Set(),
      numbers: new Map(),
      keepsSent,
      lines,
    },
    get read() {
      return scene.crew.store.read
    },
    intake() {
      const { store, policy } = scene.crew
      const ids = createIds(Buffer.alloc(32, 7))
      const clock = () => scene.crew.now
      return { store, policy, log, clock, reader: readHere(policy), ids, onIngested() {} }
    },
    words(forRequester) {
      const words = `zebra${++count}q`
      scene.said.push({ words, forRequester })
      return words
    },
    next: () => ++count,
    trueTime: () => plus(scene.crew.now, -scene.skewMs),
    async look(store = scene.crew.store) {
      const { signal } = new AbortController()
      const intake = { ...scene.intake(), store }
      for (const mailbox of scene.crew.policy.mailboxes.keys()) {
        const session = server.session(mailbox)
        await readFolder(intake, watchedInbox(mailbox), session, signal)
        const sent = await openSentFolder(intake, watchedInbox(mailbox), session)
        await sent?.read(signal, { hungUpAt: new Map(), proofs: 0, alone: null }, false)
      }
    },
    async arrives(given, mailbox = 'it', lateMs = 0) {
      const receivedAt = plus(scene.trueTime(), -lateMs)
      const isBuffer = Buffer.isBuffer(given)
      // To the byte the same when it comes again.
      const source = isBuffer
        ? {}
        : { to: 'it@example.org', date: receivedAt, messageId: `${randomUUID()}@x`, ...given }
      if (!isBuffer) arrived.unshift(source)
      const [before] = await scene.read.outbox({ limit: 1 })
      const place = server.deliver(mailbox, 'INBOX', isBuffer ? given : mail(source), receivedAt)
      await scene.look()
      const taken = await scene.takenAt(place)
      if (!taken) faults.push(`mail ${place.uid} of ${mailbox} was not taken in`)
      if (taken?.outcome === 'quarantine') faults.push(`quarantined: ${taken.reason}`)
      const acknowledged = (await scene.read.outbox({ limit: 10 })).filter(
        ({ id, kind }) => kind === 'acknowledgement' && id > (before?.id ?? 0),
      )
      const isRobot = isBuffer || 'Auto-Submitted' in (given.headers ?? {})
      const may = taken?.outcome === 'open' && !isRobot ? 1 : 0
      if (acknowledged.length > may) faults.push(`${taken?.outcome} was acknowledged ${acknowledged.length} times`)
      return taken
    },
    takenAt: place => scene.read.settledAt([place.mailbox], place),
    answered({ status, body }) {
      const isRefused = status >= 400 && status < 500 && status !== 400 && typeof body.detail === 'string'
      if (status >= 300 && !isRefused) faults.push(`${status} ${JSON.stringify(body)}`)
    },
    /** The newest few. */
    async ticketAt(n) {
      const newest = (await scene.read.tickets({}, 100)).toSorted((x, y) => y.id - x.id)
      return pick(newest, n % 4)
    },
    async sent(isMeant) {
      const all = await scene.read.outbox({ limit: 300 })
      return all.filter(one => one.state === 'sent' && one.ticket !== null && isMeant(one))
    },
    messageOf: async taken =>
      (await scene.read.messages(taken?.ticket ?? 0)).find(({ rawMail }) => rawMail === taken?.rawMail),
    async stateOf(id) {
      const { revision: _, updatedAt: __, ...ticket } = (await scene.read.ticket(id)) ?? {}
      return JSON.stringify({ ...ticket, followers: await scene.read.followers(id) })
    },
    async send(refused, code = 550, store = scene.crew.store) {
      const error = new DeskError('smtp', `${code} no`, { temporary: code < 500 })
      const { policy } = scene.crew
      const due = new Map((await scene.read.outbox({ limit: 300 })).map(one => [`<${one.mail.messageId}>`, one]))
      const transport = {
        connections: 1,
        close() {},
        async deliver({ envelope, messageId }: { readonly envelope?: unknown; readonly messageId?: unknown }) {
          const all = (envelope as { readonly to: readonly string[] }).to
          const isTaken = (address: string) => address !== refused
          const accepted = all.filter(isTaken)
          const one = due.get(String(messageId))
          if (one && accepted.length > 0) leaves(one)
          return {
            response: '250',
            accepted,
            refused: all.filter(a => !isTaken(a)).map(address => ({ address, error })),
          }
        },
      }
      const clock = () => scene.crew.now
      for (const mailbox of policy.mailboxes.keys())
        await sendDue({ store, log, clock, mailbox, transport, openAttachment: async () => null })
    },
  }

  function leaves({ kind, ticket, mail: ours, mailbox }: OutboxMail) {
    scene.delivered.push({ kind, ticket, mail: ours })
    if (scene.keepsSent) server.deliver(mailbox, 'Sent', copyOf(ours), scene.trueTime())
  }
  return scene
}

/** What stands in the folder of sent mail where the server itself puts a copy there. */
export function copyOf(ours: OutgoingMail): Buffer {
  const named = ({ name, address }: { readonly name: string; readonly address: string }) => `${name} <${address}>`
  return mail({
    ...{ from: named(ours.from), to: ours.to.map(named), cc: ours.cc.map(named), subject: ours.subject },
    ...{ text: ours.text, messageId: ours.messageId, references: ours.references, date: '2026-11-23T09:00:00Z' },
    ...(ours.inReplyTo ? { inReplyTo: ours.inReplyTo } : {}),
    ...(ours.replyTo ? { replyTo: ours.replyTo } : {}),
    headers: ours.automatic ? { 'Auto-Submitted': 'auto-replied', 'X-Postdesk-Loop': 'yes' } : {},
  })
}

function watchedInbox(mailbox: string): WatchedFolder {
  const account = { host: 'imap', port: 993, tls: 'implicit', verifyCertificate: true, user: mailbox, password: 'x' }
  return {
    ...{ mailbox, folder: 'INBOX', role: 'received', startFrom: 'all', pollEveryMs: 60_000, afterReading: 'leave' },
    ...{ account: account as unknown as WatchedFolder['account'], largestMail: 1e8, sent: 'auto', siblings: ['INBOX'] },
  }
}
