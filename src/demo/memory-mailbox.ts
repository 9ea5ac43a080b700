/*
 * One mailbox in memory, served by Hoodiecrow in this process: starts in a millisecond, forgets everything.
 * Depends on nothing of the project, so that the demo can have it; `hoodiecrow-imap.d.ts` belongs to it.
 *
 * Hoodiecrow is old and forgiving. Seen: one store for all users (hence one server a mailbox); an expunge is told with
 * EXPUNGE and EXISTS; SELECT and STATUS of an unknown folder answer BAD or NO as it comes; folders are ASCII; its own
 * IDLE leaves a timer of 30 minutes behind when a client goes without DONE, which would keep the process alive.
 */
import type { Server, Socket } from 'node:net'
import hoodiecrow from 'hoodiecrow-imap'

export type MemoryMailboxOptions = {
  readonly user: string
  readonly password: string
  /** 0, the default: any free port of 127.0.0.1. */
  readonly port?: number
  /** Does the server offer IDLE? Default: yes. */
  readonly idle?: boolean
  /** Hoodiecrow's plugins, which are its capabilities; the usual ones unless given. */
  readonly plugins?: readonly string[]
  /** Refuses logins, for there is no TLS: a server that wants STARTTLS first. */
  readonly loginDisabled?: boolean
}

export type MemoryMail = {
  readonly uid: number
  readonly flags: readonly string[]
  readonly receivedAt: Date
  readonly bytes: Buffer
}

export interface MemoryMailbox {
  readonly port: number
  /** Returns the UID. Listening clients are told. */
  deliver(folder: string, bytes: Uint8Array, more?: { receivedAt?: Date; flags?: readonly string[] }): number
  /** By ascending UID. */
  list(folder: string): MemoryMail[]
  createFolder(folder: string): void
  expunge(folder: string, uids: readonly number[]): void
  /** Same mails, another UIDVALIDITY; clients learn of it when they open the folder again. */
  changeUidValidity(folder: string): void
  stop(): Promise<void>
}

// ID and ENABLE are left out: their answers confuse more than they show.
const PLUGINS = ['AUTH-PLAIN', 'NAMESPACE', 'UIDPLUS', 'UNSELECT', 'SPECIAL-USE', 'LITERALPLUS']

export async function startMemoryMailbox(options: MemoryMailboxOptions): Promise<MemoryMailbox> {
  const { user, password, port = 0, idle = true, plugins = PLUGINS, loginDisabled = false } = options
  const imap = hoodiecrow({
    plugins: [...(loginDisabled ? ['NAMESPACE', 'LOGINDISABLED'] : plugins), ...(idle ? [offerIdle] : [])],
    users: { [user]: { password } },
    storage: { INBOX: { uidvalidity: now() }, '': { separator: '/', folders: {} } },
  })
  imap.setMaxListeners(0)
  const sockets = new Set<Socket>()
  imap.server.on('connection', socket => {
    sockets.add(socket)
    // It writes answers in many small pieces: with Nagle's algorithm each command takes 40 ms.
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  await listen(imap.server, port)

  const mailbox = (folder: string): hoodiecrow.Mailbox => {
    const found = imap.getMailbox(folder)
    if (!found) throw new Error(`there is no folder ${folder}`)
    return found
  }
  return {
    port: portOf(imap.server),

    deliver(folder, bytes, { receivedAt = new Date(), flags = [] } = {}) {
      const raw = Buffer.from(bytes).toString('latin1')
      return imap.appendMessage(mailbox(folder), [...flags], internalDate(receivedAt), raw).message.uid
    },

    list(folder) {
      return mailbox(folder)
        .messages.map(({ uid, flags, internaldate, raw }) => {
          return { uid, flags: [...flags], receivedAt: new Date(internaldate), bytes: Buffer.from(raw, 'latin1') }
        })
        .sort((a, b) => a.uid - b.uid)
    },

    createFolder(folder) {
      imap.createMailbox(folder)
      mailbox(folder).uidvalidity = now()
    },

    expunge(folder, uids) {
      const box = mailbox(folder)
      for (const uid of uids) {
        const at = box.messages.findIndex(message => message.uid === uid)
        if (at < 0) continue
        box.messages.splice(at, 1)
        imap.notify({ tag: '*', attributes: [at + 1, { type: 'ATOM', value: 'EXPUNGE' }] }, box)
      }
    },

    changeUidValidity(folder) {
      mailbox(folder).uidvalidity += 1
    },

    async stop() {
      const closed = new Promise(resolve => imap.server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** IDLE (RFC 2177) without Hoodiecrow's timer, and which no longer talks once the client said DONE. */
function offerIdle(imap: hoodiecrow.ImapServer): void {
  imap.registerCapability('IDLE')
  imap.setCommandHandler('IDLE', (connection, parsed, data, done) => {
    const answer = (command: string, value: string) =>
      connection.send({ tag: parsed.tag, command, attributes: [{ type: 'TEXT', value }] }, 'IDLE', parsed, data)
    if (connection.state !== 'Selected' && connection.state !== 'Authenticated') answer('BAD', 'Login first')
    else {
      connection.inputHandler = line => {
        connection.inputHandler = false
        connection.directNotifications = false
        if (line.toUpperCase() === 'DONE') answer('OK', 'Idle completed')
        else answer('BAD', 'Expected DONE')
      }
      connection.directNotifications = true
      connection.socket?.write('+ idling\r\n')
      connection.processNotifications()
    }
    done()
  })
}

let lastValidity = 0
function now(): number {
  lastValidity = Math.max(lastValidity + 1, Math.floor(Date.now() / 1000))
  return lastValidity
}

/** `02-Jan-2020 03:04:05 +0000` (RFC 3501 §9, date-time). Hoodiecrow's own writes half-hour zones wrongly. */
function internalDate(date: Date): string {
  const [, day, month, year, time] = /^\w+, (\d\d) (\w+) (\d{4}) ([\d:]+) GMT$/.exec(date.toUTCString()) ?? []
  return `${day}-${month}-${year} ${time} +0000`
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the mailbox does not listen on a port')
  return address.port
}
