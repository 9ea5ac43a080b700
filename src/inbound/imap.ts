/*
 * IMAP (RFC 3501, IDLE of RFC 2177): the only file that knows imapflow.
 *
 * A session is one connection with one open folder, used by one loop: one call at a time, except that close() may
 * come at any moment. Once the connection is gone every call rejects with the same temporary DeskError; the loop
 * connects anew. Nothing here remembers anything longer than the connection does: the cursor lives in the store.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ImapFlow, type ImapFlowOptions } from 'imapflow'
import { DeskError } from '../errors.ts'
import { type Instant, instantOf, MINUTE } from '../instant.ts'
import type { AccessToken, TokenSource } from '../oauth.ts'
import { withoutTokens } from '../oauth-advice.ts'
import { Bell } from './bell.ts'
import { explainImap } from './imap-errors.ts'
import { intoWindows, type Listed, uidSets } from './imap-uids.ts'

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

/** What is needed of a logger; pino's fits. The commands on the wire are logged at debug, never a password or a mail. */
export type ImapLog = {
  debug(fields: object, text?: string): void
  info(fields: object, text?: string): void
  warn(fields: object, text?: string): void
  error(fields: object, text?: string): void
  /** Without it nothing is logged at debug: writing every command out costs time. */
  isLevelEnabled?(level: string): boolean
}

export type FetchedMail = {
  readonly uid: number
  /** INTERNALDATE: when the server got the mail. */
  readonly receivedAt: Instant
  readonly bytes: Buffer
}

export type FolderState = {
  /** When it differs from the one known, all known UIDs are void (RFC 3501 §2.3.1.1). */
  readonly uidValidity: string
  readonly uidNext: number
  readonly exists: number
}

export interface ImapSession extends AsyncDisposable {
  /** Upper case, as after the login. */
  readonly capabilities: ReadonlySet<string>
  /**
   * When the access token that signed in ends; null: a password did. Gmail and Exchange Online hang up then;
   * leaving before is no failure.
   */
  readonly signedInUntil: Instant | null
  /** Selects the folder for reading and flagging; opening it again looks at it anew. */
  open(folder: string): Promise<FolderState>
  /**
   * The mails above `lastUid` that are in the folder now, by ascending UID, in windows of at most `window` mails and
   * about 16 MB. The next window is fetched while the caller works on this one. Mails that vanish meanwhile are
   * left out; a window left empty is not yielded.
   */
  fetchNew(lastUid: number, window?: number): AsyncIterable<readonly FetchedMail[]>
  /** The UIDs of all mails that are in the folder now, ascending. */
  listUids(): Promise<readonly number[]>
  /** These mails, as `fetchNew` gives them; those that are gone are left out. */
  fetchUids(uids: readonly number[]): AsyncIterable<readonly FetchedMail[]>
  /**
   * Returns when the folder's number of mails has changed since the last open() or fetchNew() began (`changed`, at once
   * if it already has), when `maxMs` are over (`time`) or when the signal aborts (`aborted`). Rejects when the
   * connection dies. Uses IDLE, renewed as needed; where the server has none, asks every `pollMs`. After `time`, open()
   * the folder again: some servers say nothing when it is replaced by another one of the same name (seen: Dovecot).
   */
  waitForChange(signal: AbortSignal, maxMs: number, pollMs: number): Promise<'changed' | 'time' | 'aborted'>
  /** Sets \Seen; mails that are gone do not matter. */
  markSeen(uids: readonly number[]): Promise<void>
  /** Says goodbye and closes, within two seconds. Never rejects. */
  close(): Promise<void>
}

const TIMEOUT_MS = MINUTE
// RFC 2177 §3: a server may drop who has said nothing for 30 minutes; seen in practice, firewalls forget after 5 to 15.
const IDLE_RENEWAL_MS = 5 * MINUTE
// A server that ends IDLE by itself faster than this is not asked again before the rest of it is over.
const IDLE_MIN_MS = 1000
const GOODBYE_MS = 2000
const WINDOW = 50

/**
 * Connects and logs in. The signal ends the attempt, not the session. Rejects with DeskError('imap') in words for an
 * admin, or 'unauthorized' when there is no access token to be had; `temporary` is false where somebody must change something
 * first (password, certificate, TLS mode).
 */
export function connectImap(account: ImapAccount, log: ImapLog, signal?: AbortSignal): Promise<ImapSession> {
  return connect(account, log, signal)
}

export type ImapProbe = {
  readonly capabilities: readonly string[]
  readonly folders: readonly { readonly name: string; readonly exists: boolean; readonly messages: number }[]
}

/** Logs in, looks whether the folders are there, and leaves again. Changes nothing. */
export async function probeImap(
  account: ImapAccount,
  folders: readonly string[],
  log: ImapLog = SILENT,
): Promise<ImapProbe> {
  await using session = await connect(account, log)
  const found: { name: string; exists: boolean; messages: number }[] = []
  for (const name of folders) {
    const messages = await session.messagesIn(name)
    found.push({ name, exists: messages !== null, messages: messages ?? 0 })
  }
  return { capabilities: [...session.capabilities].sort(), folders: found }
}

const SILENT: ImapLog = { debug() {}, info() {}, warn() {}, error() {} }

async function connect(account: ImapAccount, log: ImapLog, signal?: AbortSignal): Promise<Session> {
  const token = (await account.tokens?.token(signal)) ?? null
  const client = new ImapFlow(clientOptions(account, token, log))
  const session = new Session(client, account, token, log)
  const stop = () => client.close()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    if (!signal?.aborted) await client.connect()
    if (!signal?.aborted) return session
  } catch (error) {
    if (token && (error as { authenticationFailed?: unknown }).authenticationFailed)
      account.tokens?.invalidate(token.value)
    if (!signal?.aborted) throw explainImap(error, peerOf(account), 'connect')
  } finally {
    signal?.removeEventListener('abort', stop)
    if (!client.usable) client.close()
  }
  client.close()
  throw new DeskError('imap', `stopped while connecting to the IMAP server ${account.host}:${account.port}`, {
    temporary: true,
  })
}

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

class Session implements ImapSession {
  readonly #client: ImapFlow
  readonly #account: ImapAccount
  readonly signedInUntil: Instant | null
  readonly #log: ImapLog
  /** Rings when the folder or the connection has changed. */
  readonly #bell = new Bell()
  /** What the connection died of, as imapflow told it. */
  #failure: unknown = null
  /** Set once the connection is gone: what every call rejects with from then on. */
  #lost: DeskError | null = null
  #closed: Promise<void> | null = null
  /** What was begun last, for the words of a lost connection. */
  #doing = 'connect'
  /** The server told of another number of mails than we have looked at. */
  #changed = false
  /** The server's view of the folder is as new as its last word to us; otherwise a NOOP comes first. */
  #fresh = false
  #idling: Promise<boolean | undefined> | null = null
  #idleRefused = false

  constructor(client: ImapFlow, account: ImapAccount, token: AccessToken | null, log: ImapLog) {
    this.#client = client
    this.#account = account
    this.signedInUntil = token?.until ?? null
    this.#log = log
    client.on('error', error => {
      this.#failure = error
    })
    client.on('close', () => {
      const error = this.#failure ?? { code: 'NoConnection', reason: client.byeReason }
      this.#lost = client.closedByClient
        ? new DeskError('imap', 'this IMAP session was closed', { temporary: true })
        : this.#explain(error, this.#doing)
      this.#bell.ring()
    })
    client.on('exists', () => {
      this.#changed = true
      this.#fresh = true
      this.#bell.ring()
    })
  }

  get capabilities(): ReadonlySet<string> {
    return new Set([...this.#client.capabilities.keys()].map(name => name.toUpperCase()))
  }

  async open(folder: string): Promise<FolderState> {
    const doing = `open the folder ${JSON.stringify(folder)}`
    // Before and not after the command: an EXISTS right behind its answer must not be forgotten.
    this.#changed = false
    const box = await this.#do(doing, () => this.#client.mailboxOpen(folder))
    this.#fresh = true
    // RFC 3501 §7.1 lets a server leave UIDNEXT out of SELECT; STATUS has to tell it.
    const status = box.uidNext ? box : await this.#do(doing, () => this.#client.status(folder, { uidNext: true }))
    const uidNext = status ? status.uidNext : undefined
    if (!box.uidValidity || !uidNext) {
      const words = `the IMAP server ${this.#account.host} gives the mails of ${JSON.stringify(folder)} no lasting UIDs`
      throw new DeskError('imap', `${words}: it cannot be read without losing or doubling mail`, { temporary: false })
    }
    return { uidValidity: String(box.uidValidity), uidNext, exists: box.exists ?? 0 }
  }

  async *fetchNew(lastUid: number, window = WINDOW): AsyncGenerator<readonly FetchedMail[], void, undefined> {
    yield* this.#fetchWindows(intoWindows(await this.#listAbove(lastUid), window))
  }

  async listUids(): Promise<readonly number[]> {
    return (await this.#listAbove(0)).map(({ uid }) => uid)
  }

  async *fetchUids(uids: readonly number[]): AsyncGenerator<readonly FetchedMail[], void, undefined> {
    const wanted = new Set(uids)
    const listed = (await this.#listAbove(0)).filter(({ uid }) => wanted.has(uid))
    yield* this.#fetchWindows(intoWindows(listed, WINDOW))
  }

  async *#fetchWindows(windows: readonly number[][]): AsyncGenerator<readonly FetchedMail[], void, undefined> {
    const load = (uids: readonly number[] = []) => {
      const mails = this.#load(uids)
      // The caller may leave before awaiting the prefetch; who stays gets the rejection all the same.
      mails.catch(() => undefined)
      return mails
    }
    let next = load(windows[0])
    for (let at = 1; at <= windows.length; at++) {
      const mails = await next
      next = load(windows[at])
      if (mails.length > 0) yield mails
    }
  }

  async waitForChange(signal: AbortSignal, maxMs: number, pollMs: number): Promise<'changed' | 'time' | 'aborted'> {
    const until = performance.now() + maxMs
    for (;;) {
      if (signal.aborted) return 'aborted'
      if (this.#lost) throw this.#lost
      if (this.#changed) return 'changed'
      const left = until - performance.now()
      if (left <= 0) return 'time'
      if (this.capabilities.has('IDLE') && !this.#idleRefused) await this.#idle(signal, left)
      else await this.#poll(signal, left, pollMs)
    }
  }

  async markSeen(uids: readonly number[]): Promise<void> {
    const doing = 'mark mails as seen'
    for (const set of uidSets(uids)) {
      const done = await this.#do(doing, () =>
        this.#client.messageFlagsAdd(set, ['\\Seen'], { uid: true, silent: true }),
      )
      if (!done) throw this.#explain({ message: 'refused; is the folder read-only?' }, doing)
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#goodbye()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Not for a session that reads: some servers answer STATUS of the open folder wrongly (RFC 3501 §6.3.10). */
  async messagesIn(folder: string): Promise<number | null> {
    const doing = `look at the folder ${JSON.stringify(folder)}`
    try {
      const status = await this.#do(doing, () => this.#client.status(folder, { messages: true }))
      return status ? (status.messages ?? 0) : null
    } catch (error) {
      if (error instanceof DeskError && error.fields['code'] === 'NotFound') return null
      throw error
    }
  }

  /** UIDs and sizes of the mails above `lastUid`, ascending. One command, however sparse the UIDs are. */
  async #listAbove(lastUid: number): Promise<Listed[]> {
    const doing = 'list new mails'
    if (!this.#fresh) await this.#do(doing, () => this.#client.noop())
    this.#changed = false
    this.#fresh = false
    const box = this.#client.mailbox
    if (this.#lost) throw this.#lost
    if (!box) throw new Error('fetchNew() before open()')
    // An empty folder has no "*" to name, and servers differ in what they say to it.
    if (box.exists === 0) return []
    const listed = new Map<number, Listed>()
    await this.#do(doing, async () => {
      // Asking for the sizes costs 14 µs a mail where SEARCH would cost 1, and bounds the memory (see intoWindows).
      const query = { uid: true, size: true }
      for await (const { uid, size = 0 } of this.#client.fetch(`${lastUid + 1}:*`, query, { uid: true })) {
        // RFC 3501 §6.4.8: "n:*" always names the last mail, also when its UID is below n.
        if (uid > lastUid) listed.set(uid, { uid, size })
      }
    })
    return [...listed.values()].sort((a, b) => a.uid - b.uid)
  }

  /** The mails of one window, all of them before anything is handed out: a command inside imapflow's fetch loop hangs. */
  async #load(uids: readonly number[]): Promise<FetchedMail[]> {
    const doing = 'fetch mails'
    const found = new Map<number, FetchedMail>()
    let missing = uids
    // RFC 2180 §4.1: of mails expunged by others a server may send nothing, or emptiness, and say NO to the whole
    // command. A second look, after a NOOP has let it tell us, makes sure that nothing but those is left out.
    for (let look = 0; look < 2 && missing.length > 0; look++) {
      if (look > 0) await this.#do(doing, () => this.#client.noop())
      try {
        await this.#do(doing, () => this.#fetchInto(found, missing))
      } catch (error) {
        if (look > 0 || this.#lost || !(error instanceof DeskError) || !error.temporary) throw error
      }
      missing = missing.filter(uid => !found.has(uid))
    }
    if (missing.length > 0) this.#log.info({ uids: missing }, 'imap: mails were removed before they could be fetched')
    return uids.flatMap(uid => found.get(uid) ?? [])
  }

  async #fetchInto(found: Map<number, FetchedMail>, uids: readonly number[]): Promise<void> {
    const wanted = new Set(uids)
    const query = { uid: true, internalDate: true, source: true }
    for (const set of uidSets(uids)) {
      for await (const row of this.#client.fetch(set, query, { uid: true })) {
        // Rows without a body are news of flags, for any mail of the folder, that came in between; an empty body is
        // how some servers show an expunged mail (RFC 2180 §4.1.3).
        if (!row.source?.length || !wanted.has(row.uid)) continue
        found.set(row.uid, { uid: row.uid, receivedAt: this.#receivedAt(row), bytes: row.source })
      }
    }
  }

  #receivedAt(row: { readonly uid: number; readonly internalDate?: Date | string | undefined }): Instant {
    try {
      return instantOf(new Date(row.internalDate ?? Number.NaN).getTime())
    } catch {
      // No server was seen to do this. It has the mail now, so "now" errs by the time it lay there.
      const fields = { uid: row.uid, internalDate: String(row.internalDate) }
      this.#log.warn(fields, 'imap: unreadable INTERNALDATE, taking now')
      return instantOf(Date.now())
    }
  }

  /** IDLE until news, abort or `ms`. It goes on behind our back when we return: the next command ends it (RFC 2177). */
  async #idle(signal: AbortSignal, ms: number): Promise<void> {
    const began = performance.now()
    this.#doing = 'wait for mail'
    this.#idling ??= this.#client.idle().finally(() => {
      this.#idling = null
    })
    // Ended without news: renewed by imapflow, or by the server, or the connection is gone, which the caller sees.
    const ended = this.#idling.then(
      answer => answer !== false,
      () => false,
    )
    const reason = await this.#bell.wait(signal, ms, ended)
    if (reason === 'rung' || this.#lost || signal.aborted) return
    if (reason === false) this.#idleRefused = true
    else if (reason === true) await this.#bell.wait(signal, Math.min(ms, began + IDLE_MIN_MS - performance.now()))
  }

  async #poll(signal: AbortSignal, ms: number, pollMs: number): Promise<void> {
    const reason = await this.#bell.wait(signal, Math.min(ms, pollMs))
    if (reason === 'time' && !this.#lost && pollMs <= ms) await this.#do('look for news', () => this.#client.noop())
  }

  async #goodbye(): Promise<void> {
    const given = new AbortController()
    const patience = sleep(GOODBYE_MS, undefined, { signal: given.signal }).catch(() => undefined)
    if (!this.#lost) await Promise.race([this.#client.logout().catch(() => undefined), patience])
    given.abort()
    this.#client.close()
  }

  /** Runs one command; whatever it raises becomes a DeskError, and the reason of a lost connection comes first. */
  async #do<T>(doing: string, command: () => Promise<T>): Promise<T> {
    if (this.#lost) throw this.#lost
    this.#doing = doing
    try {
      const result = await command()
      if (this.#lost) throw this.#lost
      return result
    } catch (error) {
      throw this.#lost ?? this.#explain(error, doing)
    }
  }

  #explain(error: unknown, doing: string): DeskError {
    return explainImap(error, peerOf(this.#account), doing)
  }
}
