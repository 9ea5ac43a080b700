import { createTransport, type SendMailOptions } from 'nodemailer'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import { DeskError, errorText } from '../errors.ts'
import type { TokenSource } from '../oauth.ts'
import { withoutTokens } from '../oauth-advice.ts'
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
  /** As nodemailer has written them to the server. */
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

// A server that accepts a connection and then says nothing must not hold a mail for nodemailer's ten minutes.
const TIMEOUTS = { connectionTimeout: 30_000, greetingTimeout: 30_000, socketTimeout: 120_000 }

export function openSmtp(account: SmtpAccount, connections = 4): SmtpTransport {
  const auth = signInOf(account)
  const closing = new AbortController()
  const transport = createTransport({
    pool: true,
    maxConnections: connections,
    maxMessages: 500,
    ...connectionOptions(account, closing.signal),
    ...(auth ? { auth } : {}),
  })
  // Some submission servers refuse MAIL FROM:<> of a signed-in client. Learnt from the server at the first refusal.
  let nullSenderRefused = false

  const handed = (
    response: string | null,
    accepted: readonly Recipient[],
    errors: readonly SmtpError[] = [],
  ): Handed => ({
    response,
    accepted: accepted.map(one => (typeof one === 'string' ? one : one.address)),
    refused: errors.map(error => ({ address: error.recipient ?? '', error: asDeskError(error, account) })),
  })
  const deliver = async (message: SendMailOptions): Promise<Handed> => {
    const sent = nullSenderRefused ? withNamedSender(message) : message
    try {
      const { response, accepted, rejectedErrors } = await transport.sendMail(sent)
      return handed(response, accepted, rejectedErrors)
    } catch (error) {
      const { rejectedErrors } = error as SmtpError
      if (rejectedErrors?.length) return handed(null, [], rejectedErrors)
      if (!isNullSenderRefused(error, sent) || withNamedSender(sent) === sent) throw asDeskError(error, account)
      nullSenderRefused = true
      return deliver(message)
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
      reject(new Error(`hung up after: ${withoutTokens(String(connection.lastServerResponse))}`)),
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

function isNullSenderRefused(error: unknown, message: SendMailOptions): boolean {
  const { responseCode = 0, command } = error as SmtpError
  return message.envelope?.from === '' && command === 'MAIL FROM' && responseCode >= 500
}

/** The loop protection then rests on the headers alone (RFC 3834 §3.3 allows a named return path as the second best). */
function withNamedSender(message: SendMailOptions): SendMailOptions {
  const from = message.from
  if (message.envelope?.from !== '' || typeof from !== 'object' || !('address' in from)) return message
  return { ...message, envelope: { ...message.envelope, from: from.address } }
}

/**
 * RFC 5321 §4.2.1: 5yz is a permanent failure, 4yz a transient one. A refused sign-in (535) is about us and not about the
 * mail: it stays temporary, so that a new password sends what has waited. Sockets and time-outs have no code: temporary.
 */
function asDeskError(error: unknown, account: SmtpAccount): DeskError {
  const { code, responseCode, response } = error as SmtpError
  const permanent = responseCode !== undefined && responseCode >= 500 && code !== 'EAUTH'
  const place = `${account.host}:${account.port}`
  const refused = code === 'EAUTH'
  const said = response ?? errorText(error)
  const advice = error instanceof NoToken ? '' : adviceFor(code, account.tokens)
  return new DeskError('smtp', `${place}: ${refused ? withoutTokens(said) : said}${advice}`, {
    // What a server answers to a sign-in may repeat what we sent: that error is not passed on.
    ...(refused ? {} : { cause: error }),
    temporary: !permanent,
    fields: { smtp: place, code, responseCode },
  })
}

function adviceFor(code: string | undefined, tokens: TokenSource | undefined): string {
  switch (code) {
    case 'EAUTH':
      return ` (${tokens?.advice('smtp') ?? 'check the user and secret of smtp in the configuration'})`
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
