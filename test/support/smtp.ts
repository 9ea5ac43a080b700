/*
 * An SMTP server in this process that keeps what it accepts and fails as it is told.
 */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { SmtpAccount } from '../../src/outbound/smtp.ts'
import { freePorts } from './ports.ts'
import { eventually } from './wait.ts'

export type SmtpMail = {
  readonly envelope: { readonly from: string; readonly to: readonly string[] }
  /** As sent, without the dots of SMTP. */
  readonly bytes: Buffer
  readonly at: Date
}

/**
 * What happens to one mail, said after its data:
 * `accept` · `temporary` 451 · `permanent` 550 · `drop`: the connection dies in the middle of the data ·
 * `lost-answer`: the mail is kept, but the connection dies before the client learns it · `delayMs`: accepted, late ·
 * `code` and `text`: this answer.
 */
export type SmtpBehaviour =
  | 'accept'
  | 'temporary'
  | 'permanent'
  | 'drop'
  | 'lost-answer'
  | { readonly delayMs: number }
  | { readonly code: number; readonly text: string }

export type SmtpOptions = {
  /** When given, clients have to log in with these. */
  readonly auth?: { readonly user: string; readonly password: string }
  /** When given, clients have to sign in by XOAUTH2, with a token that is good for that user. */
  readonly tokens?: (user: string, token: string) => boolean
  /** PEM. When given, STARTTLS is offered, or with `implicit` TLS from the first byte. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly implicit?: boolean }
  /** The largest mail, announced and enforced. */
  readonly maxBytes?: number
}

export interface SmtpTestServer extends AsyncDisposable {
  readonly host: '127.0.0.1'
  readonly port: number
  /** Accepted mails in order of arrival, those of a lost answer too. */
  readonly mails: readonly SmtpMail[]
  /** Counted since the start. `attempts` are mails whose data was begun, whatever became of them. */
  readonly counts: { readonly connections: number; readonly attempts: number }
  /** The next mails meet these, one each, in this order; those after them what `otherwise` says. */
  next(...behaviours: readonly SmtpBehaviour[]): void
  otherwise(behaviour: SmtpBehaviour): void
  /** Refuses a recipient at RCPT TO with this code; null accepts it again. */
  refuse(recipient: string, code: 450 | 550 | null): void
  /** Closes the port and every connection; online() opens the same port again. */
  offline(): Promise<void>
  online(): Promise<void>
  /** The first `count` mails, or the mails the predicate is true of (at least one), once they are there. */
  waitFor(wanted: number | ((mail: SmtpMail) => boolean), timeoutMs?: number): Promise<readonly SmtpMail[]>
  stop(): Promise<void>
}

export async function startSmtp(options: SmtpOptions = {}): Promise<SmtpTestServer> {
  const [port = 0] = await freePorts(1)
  const mails: SmtpMail[] = []
  const counts = { connections: 0, attempts: 0 }
  const script: SmtpBehaviour[] = []
  const refused = new Map<string, number>()
  const sockets = new Map<number, Socket>()
  let usual: SmtpBehaviour = 'accept'
  let server: SMTPServer | null = null

  const receive = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> => {
    counts.attempts++
    const behaviour = script.shift() ?? usual
    const hangUp = () => sockets.get(session.remotePort)?.destroy()
    const chunks: Buffer[] = []
    for await (const chunk of stream) {
      if (behaviour === 'drop') {
        hangUp()
        return new Promise(() => undefined)
      }
      chunks.push(Buffer.from(chunk))
    }
    if (stream.sizeExceeded) throw answer(552, 'Too large')
    if (behaviour === 'temporary') throw answer(451, 'Try again later')
    if (behaviour === 'permanent') throw answer(550, 'Not wanted here')
    if (typeof behaviour === 'object' && 'code' in behaviour) throw answer(behaviour.code, behaviour.text)
    if (typeof behaviour === 'object') await sleep(behaviour.delayMs, undefined, { ref: false })
    const { mailFrom, rcptTo } = session.envelope
    const envelope = { from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address) }
    mails.push({ envelope, bytes: Buffer.concat(chunks), at: new Date() })
    if (behaviour === 'lost-answer') {
      hangUp()
      return new Promise(() => undefined)
    }
  }

  const online = async (): Promise<void> => {
    if (server) return
    const { auth, tokens, tls, maxBytes } = options
    const locked = auth !== undefined || tokens !== undefined
    const opened = new SMTPServer({
      ...(tls ? { cert: tls.cert, key: tls.key, secure: tls.implicit ?? false } : {}),
      ...(maxBytes === undefined ? {} : { size: maxBytes }),
      disabledCommands: [...(tls ? [] : ['STARTTLS']), ...(locked ? [] : ['AUTH'])],
      ...(tokens ? { authMethods: ['XOAUTH2'] } : {}),
      allowInsecureAuth: true,
      authOptional: !locked,
      disableReverseLookup: true,
      logger: false,
      closeTimeout: 1,
      onAuth(given, _session, done) {
        const { username = '', accessToken } = given
        if (tokens && accessToken !== undefined) {
          // Without a user it answers as Google does: what is wrong in JSON first, the 535 after that.
          done(
            null,
            tokens(username, accessToken) ? { user: username } : { data: { status: '400', schemes: 'bearer' } },
          )
        } else if (given.username === auth?.user && given.password === auth?.password)
          done(null, { user: given.username })
        else done(answer(535, 'Authentication failed'))
      },
      onRcptTo({ address }, _session, done) {
        const code = refused.get(address.toLowerCase())
        done(code === undefined ? null : answer(code, 'No such recipient'))
      },
      onData(stream, session, done) {
        receive(stream, session).then(
          () => done(null, 'kept'),
          (error: Error) => done(error),
        )
      },
    })
    // Clients that vanish are what the tests are about.
    opened.on('error', () => undefined)
    opened.server.on('connection', socket => {
      counts.connections++
      socket.setNoDelay(true)
      const { remotePort } = socket
      if (remotePort === undefined) return
      sockets.set(remotePort, socket)
      socket.on('close', () => sockets.delete(remotePort))
    })
    await new Promise<void>((resolve, reject) => {
      opened.server.once('error', reject)
      opened.listen(port, '127.0.0.1', () => {
        opened.server.removeListener('error', reject)
        resolve()
      })
    })
    server = opened
  }

  const offline = async (): Promise<void> => {
    const closing = server
    server = null
    if (!closing) return
    const closed = new Promise<void>(resolve => closing.close(() => resolve()))
    for (const socket of sockets.values()) socket.destroy()
    await closed
  }

  await online()
  return {
    host: '127.0.0.1',
    port,
    mails,
    counts,
    next: (...behaviours) => void script.push(...behaviours),
    otherwise(behaviour) {
      usual = behaviour
    },
    refuse(recipient, code) {
      if (code === null) refused.delete(recipient.toLowerCase())
      else refused.set(recipient.toLowerCase(), code)
    },
    offline,
    online,
    waitFor(wanted, timeoutMs = 5000) {
      return eventually(() => {
        const found = typeof wanted === 'number' ? mails.slice(0, wanted) : mails.filter(wanted)
        const missing = typeof wanted === 'number' ? wanted - found.length : 1 - found.length
        if (missing > 0) throw new Error(`${mails.length} mails accepted, ${counts.attempts} attempts`)
        return found
      }, timeoutMs)
    },
    stop: offline,
    [Symbol.asyncDispose]: offline,
  }
}

/** How to reach a server on this port of this machine, which asks for no sign-in, except for what is given. */
export function smtpAccountAt(port: number, different: Partial<SmtpAccount> = {}): SmtpAccount {
  const none = { tls: 'none', user: null, password: null } as const
  return { host: '127.0.0.1', port, verifyCertificate: true, ehlo: 'example.org', ...none, ...different }
}

function answer(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code })
}
