import { domainToASCII } from 'node:url'
import { createTransport, type SendMailOptions } from 'nodemailer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { DeskError, errorText } from '../errors.ts'
import { MINUTE } from '../instant.ts'
import type { TokenSource } from '../oauth.ts'
import { serverWords } from '../server-words.ts'
import { bearerSignIn, NoToken } from './bearer.ts'

/** How to reach a mailbox's submission server. */
export type SmtpAccount = {
  readonly host: string
  readonly port: number
  readonly tls: 'implicit' | 'starttls' | 'none'
  readonly verifyCertificate: boolean
  /** PEM. When given, only certificates signed by these are trusted, and the system's are not. */
  readonly ca?: string
  /** Null: the server asks for no sign-in (a relay on the own network). */
  readonly user: string | null
  readonly password: string | null
  /** When given, their access tokens sign in, and the password is not used. */
  readonly tokens?: TokenSource
  /** The name to greet the server with (RFC 5321 §4.1.1.1). */
  readonly ehlo: string
}

/** What became of a mail that was handed over. */
export type Handed = {
  /** The server's answer; null: it refused all recipients. */
  readonly response: string | null
  readonly accepted: readonly string[]
  readonly refused: readonly Refusal[]
}

export type Refusal = { readonly address: string; readonly error: unknown }

/** A pool of connections to one server. */
export type SmtpTransport = {
  /** More mails than these wait for one another. */
  readonly connections: number
  /**
   * Hands one mail over. Whom the server refuses is known before it has the mail: the others get it. Throws DeskError('smtp'),
   * temporary or not, with the server's words, when it is no matter of single recipients.
   */
  deliver(message: SendMailOptions): Promise<Handed>
  /** Ends all connections; deliveries under way fail. */
  close(): void
}

// RFC 5321 §4.5.3.2.6: who hangs up within ten minutes of the final dot, while the server looks for viruses, sends the mail twice.
// One that accepts a connection and then says nothing has no mail yet.
const TIMEOUTS = { connectionTimeout: 30_000, greetingTimeout: 30_000, socketTimeout: 10 * MINUTE }
/** One that goes on saying something and never comes to an end is given up all the same: the mails behind it wait. */
const LONGEST_DELIVERY_MS = 30 * MINUTE
const LIMITS = { ...TIMEOUTS, deliveryMs: LONGEST_DELIVERY_MS }

export function openSmtp(account: SmtpAccount, connections = 4, { deliveryMs, ...timeouts } = LIMITS): SmtpTransport {
  const auth = signInOf(account)
  const closing = new AbortController()
  const transport = createTransport({
    pool: true,
    maxConnections: connections,
    maxMessages: 500,
    ...connectionOptions(account, closing.signal),
    ...timeouts,
    ...(auth ? { auth } : {}),
  })
  // Some submission servers refuse MAIL FROM:<> of a signed-in client. Learnt from the server at the first refusal.
  let nullSenderRefused = false

  const handOver = async (message: SendMailOptions): Promise<Handed> => {
    const asGiven = givenNames(message)
    const handed = (response: string | null, accepted: readonly Recipient[], errors: readonly SmtpError[] = []) => ({
      response: response === null ? null : saidBy(account, response),
      accepted: accepted.map(one => asGiven(typeof one === 'string' ? one : one.address)),
      refused: errors.map(error => ({ address: asGiven(error.recipient ?? ''), error: asDeskError(error, account) })),
    })
    try {
      const signal = AbortSignal.timeout(deliveryMs)
      const { response, accepted, rejectedErrors } = await transport.sendMail({ ...message, signal })
      return handed(response, accepted, rejectedErrors)
    } catch (error) {
      const { rejectedErrors } = error as SmtpError
      if (rejectedErrors?.length) return handed(null, [], rejectedErrors)
      throw error
    }
  }
  const deliver = async (message: SendMailOptions): Promise<Handed> => {
    const sent = nullSenderRefused ? withNamedSender(message) : message
    try {
      return await handOver(sent).catch(async error => {
        const named = withNamedSender(sent)
        if (named === sent || !isNullSenderRefused(error)) throw error
        const taken = await handOver(named)
        // It was about the sender, and not about this mail or a bad moment.
        nullSenderRefused = true
        return taken
      })
    } catch (error) {
      throw asDeskError(error, account)
    }
  }
  return {
    connections,
    deliver,
    close() {
      closing.abort()
      transport.close({ force: true })
    },
  }
}

export type SmtpProbe = {
  readonly signedIn: boolean
  /** The names of the server's extensions (RFC 5321 §4.1.1.1), upper case. */
  readonly extensions: readonly string[]
  /** The largest mail it takes (bytes, RFC 1870); null: it does not say. */
  readonly largestMail: number | null
}

/** Connects, signs in where the account does, and leaves again. Sends nothing. Throws DeskError('smtp'). */
export async function probeSmtp(account: SmtpAccount): Promise<SmtpProbe> {
  const connection = new SMTPConnection(connectionOptions(account))
  const lost = new Promise<never>((_resolve, reject) => {
    connection.on('error', reject)
    connection.once('end', () =>
      reject(new Error(`hung up after: ${saidBy(account, String(connection.lastServerResponse))}`)),
    )
  })
  lost.catch(() => undefined)
  const done = (work: (done: (error?: Error | null) => void) => void) =>
    Promise.race([new Promise<void>((resolve, reject) => work(error => (error ? reject(error) : resolve()))), lost])
  try {
    await done(next => connection.connect(next))
    const [, ...lines] = String(connection.lastServerResponse).split(/\r?\n/)
    const extensions = lines.map(line => line.slice(4).trim().toUpperCase())
    const auth = connection.allowsAuth ? signInOf(account) : null
    if (auth) await done(next => connection.login({ ...auth, credentials: auth }, next))
    connection.quit()
    const size = Number(extensions.find(line => line.startsWith('SIZE '))?.slice(5))
    return {
      signedIn: auth !== null,
      extensions: extensions.flatMap(line => line.split(' ', 1)),
      largestMail: size > 0 ? size : null,
    }
  } catch (error) {
    connection.close()
    throw asDeskError(error, account)
  }
}

function connectionOptions(account: SmtpAccount, signal?: AbortSignal) {
  const { host, port, user, tokens } = account
  return {
    host,
    port,
    secure: account.tls === 'implicit',
    requireTLS: account.tls === 'starttls',
    ignoreTLS: account.tls === 'none',
    tls: { rejectUnauthorized: account.verifyCertificate, ...(account.ca ? { ca: account.ca } : {}) },
    name: account.ehlo,
    ...(tokens && user !== null
      ? { customAuth: { [BEARER]: bearerSignIn({ host, port, user, tokens, ...(signal ? { signal } : {}) }) } }
      : {}),
    ...TIMEOUTS,
  }
}

/** Not called XOAUTH2: nodemailer takes that name for its own. */
const BEARER = 'OAUTHBEARER'

function signInOf({ user, password, tokens }: SmtpAccount) {
  if (user === null) return null
  return tokens ? { user, pass: '', method: BEARER } : { user, pass: password ?? '' }
}

type SmtpError = {
  readonly code?: string | undefined
  readonly responseCode?: number | undefined
  readonly response?: string | undefined
  readonly command?: string | undefined
  /** Of an error about one recipient. */
  readonly recipient?: string | undefined
  /** Of the error that all were refused: one each. */
  readonly rejectedErrors?: readonly SmtpError[] | undefined
}

type Recipient = string | { readonly address: string }

function isNullSenderRefused(error: unknown): boolean {
  return (error as SmtpError).command === 'MAIL FROM' && isForGood(error as SmtpError)
}

/** nodemailer quotes and encodes addresses before it writes them to the server: here they are again as they were given. */
function givenNames({ envelope }: SendMailOptions): (written: string) => string {
  const given = new Map([envelope?.to ?? []].flat().map(one => [writtenForm(String(one)), String(one)]))
  return written => given.get(writtenForm(written)) ?? written
}

function writtenForm(address: string): string {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at).replace(/^"(.*)"$/, '$1')
  return `${local}@${domainToASCII(address.slice(at + 1)) || address.slice(at + 1)}`
}

/** The loop protection then rests on the headers alone (RFC 3834 §3.3 allows a named return path as the second best). */
function withNamedSender(message: SendMailOptions): SendMailOptions {
  const from = message.from
  if (message.envelope?.from !== '' || typeof from !== 'object' || !('address' in from)) return message
  return { ...message, envelope: { ...message.envelope, from: from.address } }
}

/**
 * RFC 5321 §4.2.1: 5yz is a permanent failure, 4yz a transient one, when it is said of the mail. What is said before it, and of the
 * session, is about us: a refused sign-in (RFC 4954 §6), a greeting that blocks this machine. It stays temporary, so that what has
 * waited is sent once that is put right. Sockets and time-outs have no code: temporary.
 */
function isForGood({ command = '', responseCode = 0 }: SmtpError): boolean {
  return OF_THE_MAIL.has(command) && responseCode >= 500 && responseCode < 600 && !OF_THE_SESSION.has(responseCode)
}

const OF_THE_MAIL: ReadonlySet<string> = new Set(['MAIL FROM', 'RCPT TO', 'DATA'])
/** Out of sequence; and, by RFC 4954 §6, that a sign-in or encryption is wanted, or another one. */
const OF_THE_SESSION: ReadonlySet<number> = new Set([503, 530, 534, 535, 538])

function asDeskError(error: unknown, account: SmtpAccount): DeskError {
  const { code, responseCode, response } = error as SmtpError
  const place = `${account.host}:${account.port}`
  const said = saidBy(account, response ?? errorText(error))
  const advice = error instanceof NoToken ? '' : adviceFor(error as SmtpError, account.tokens)
  return new DeskError('smtp', `${place}: ${said}${advice}`, {
    // What a server answers may repeat what we sent: the error itself is not passed on.
    temporary: !isForGood(error as SmtpError),
    fields: { smtp: place, code, responseCode },
  })
}

const LONGEST_WORDS = 400

/** The code stands before each line of an answer (RFC 5321 §4.2.1), and is news once. */
function saidBy(account: SmtpAccount, answer: string): string {
  return serverWords(answer.replace(/\r?\n\d{3}[- ]/g, ' '), account, LONGEST_WORDS)
}

function adviceFor({ code, responseCode = 0 }: SmtpError, tokens: TokenSource | undefined): string {
  if (responseCode >= 400 && responseCode < 500) return ''
  if (OF_THE_SESSION.has(responseCode) && code !== 'EAUTH')
    return ' (the server wants a sign-in or encryption first: check smtp.user, its secret and smtp.tls)'
  switch (code) {
    case 'EAUTH':
      return ` (${tokens?.advice('smtp') ?? 'check the user and secret of smtp in the configuration'})`
    case 'EABORT':
      return ' (the server did not come to an end)'
    case 'EDNS':
    case 'ENOTFOUND':
      return ' (no server has that name: check smtp.host)'
    case 'ECONNREFUSED':
    case 'ESOCKET':
    case 'ETIMEDOUT':
    case 'ECONNECTION':
      return ' (check smtp.host, smtp.port and smtp.tls, and whether a firewall is in between)'
    case 'ETLS':
      return ' (check smtp.tls and the certificate of the server)'
    default:
      return ''
  }
}
