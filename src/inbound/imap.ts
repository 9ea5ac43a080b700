/*
 * Signing in to an IMAP server. This file and `imap-session.ts` are the only ones that know imapflow.
 */
import { ImapFlow, type ImapFlowOptions } from 'imapflow'
import { DeskError } from '../errors.ts'
import { MINUTE } from '../instant.ts'
import type { AccessToken, TokenSource } from '../oauth.ts'
import { withoutTokens } from '../server-words.ts'
import { explainImap } from './imap-errors.ts'
import { Session } from './imap-session.ts'
import type { ImapLog, ImapSession } from './session.ts'

export type ImapAccount = {
  readonly host: string
  readonly port: number
  /** `implicit`: TLS from the first byte (993). `starttls`: demanded, never merely tried. `none`: no encryption, even if offered. */
  readonly tls: 'implicit' | 'starttls' | 'none'
  readonly verifyCertificate: boolean
  /** PEM. When given, only certificates signed by these are trusted, and the system's are not. */
  readonly ca?: string
  readonly user: string
  readonly password: string
  /** When given, their access tokens sign in (SASL OAUTHBEARER of RFC 7628, or XOAUTH2), and the password is not used. */
  readonly tokens?: TokenSource
  /** How long the server may be silent when it should speak: connecting, greeting, within a command. Default one minute. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = MINUTE
// RFC 2177 §3: a server may drop who has said nothing for 30 minutes; seen in practice, firewalls forget after 5 to 15.
const IDLE_RENEWAL_MS = 5 * MINUTE

/**
 * Connects and logs in. The signal ends the attempt, not the session. Rejects with DeskError('imap') in words for an
 * admin, or 'unauthorized' when there is no access token to be had; `temporary` is false where somebody must change something
 * first (password, certificate, TLS mode).
 */
export async function connectImap(account: ImapAccount, log: ImapLog, signal?: AbortSignal): Promise<ImapSession> {
  const token = (await account.tokens?.token(signal)) ?? null
  const client = new ImapFlow(clientOptions(account, token, log))
  const explain = (error: unknown, doing: string) => explainImap(error, peerOf(account), doing)
  const { host } = account
  const session = new Session({ client, host, signedInUntil: token?.until ?? null, log, explain })
  const stop = () => client.close()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    if (!signal?.aborted) await client.connect()
    if (!signal?.aborted) return session
  } catch (error) {
    if (token && (error as { authenticationFailed?: unknown }).authenticationFailed)
      account.tokens?.invalidate(token.value)
    if (!signal?.aborted) throw explain(error, 'connect')
  } finally {
    signal?.removeEventListener('abort', stop)
    if (!client.usable) client.close()
  }
  client.close()
  throw new DeskError('imap', `stopped while connecting to the IMAP server ${account.host}:${account.port}`, {
    temporary: true,
  })
}

export type ImapProbe = {
  readonly capabilities: readonly string[]
  readonly folders: readonly { readonly name: string; readonly exists: boolean; readonly messages: number }[]
  /** The folder of sent mail; null: the server names none. */
  readonly sentFolder: string | null
}

/** Logs in, looks whether the folders are there, and leaves again. Changes nothing. */
export async function probeImap(
  account: ImapAccount,
  folders: readonly string[],
  log: ImapLog = SILENT,
): Promise<ImapProbe> {
  await using session = await connectImap(account, log)
  const found: { name: string; exists: boolean; messages: number }[] = []
  for (const name of folders) {
    const state = await session.peek(name)
    found.push({ name, exists: state !== null, messages: state?.exists ?? 0 })
  }
  return { capabilities: [...session.capabilities].sort(), folders: found, sentFolder: await session.sentFolder() }
}

const SILENT: ImapLog = { debug() {}, info() {}, warn() {}, error() {} }

function clientOptions(account: ImapAccount, token: AccessToken | null, log: ImapLog): ImapFlowOptions {
  const { host, port, user, password, timeoutMs = TIMEOUT_MS } = account
  return {
    host,
    port,
    auth: token ? { user, accessToken: token.value } : { user, pass: password },
    secure: account.tls === 'implicit',
    // Left out, imapflow would upgrade when offered, and go on in clear text when somebody on the way removes the offer.
    ...(account.tls === 'implicit' ? {} : { doSTARTTLS: account.tls === 'starttls' }),
    tls: { rejectUnauthorized: account.verifyCertificate, ...(account.ca === undefined ? {} : { ca: account.ca }) },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    // Also the longest silence in IDLE before imapflow asks with a NOOP whether the server is still there.
    socketTimeout: timeoutMs,
    // Its own IDLE would begin only 15 s after the last command.
    disableAutoIdle: true,
    maxIdleTime: IDLE_RENEWAL_MS,
    disableCompression: true,
    disableIMAP4rev2: true,
    clientInfo: { name: 'postdesk', version: false, vendor: false, 'support-url': false },
    logger: wireLog(log, token !== null),
  }
}

/**
 * imapflow's own log, at debug: what it calls an error reaches the caller as an error and is logged there. It hides what we
 * show at the sign-in, but not a server's repeating it.
 */
function wireLog(log: ImapLog, tokens: boolean): ImapFlowOptions['logger'] {
  if (!log.isLevelEnabled?.('debug')) return false
  const write = (entry: { msg?: string; err?: unknown }) => {
    const { msg, err, ...rest } = entry
    if (!tokens) log.debug({ ...rest, ...(err ? { err } : {}), imap: msg }, 'imap')
    else log.debug({ ...rest, imap: withoutTokens([msg, err].filter(Boolean).join(' ')) }, 'imap')
  }
  return { debug: write, info: write, warn: write, error: write }
}

function peerOf(account: ImapAccount) {
  return { ...account, timeoutMs: account.timeoutMs ?? TIMEOUT_MS }
}
