/*
 * Access tokens for mail servers that take no password (OAuth 2.0, RFC 6749): asked of the provider's token endpoint, kept
 * until shortly before they end, and asked for anew when a mail server refuses one. Neither a token nor a secret is in any
 * error or log line of this file.
 */
import { type KeyObject, sign } from 'node:crypto'
import { systemClock } from './clock.ts'
import { DeskError } from './errors.ts'
import { epochMs, type Instant, MINUTE, plus } from './instant.ts'
import {
  type GrantKind,
  type Protocol,
  type Provider,
  refusalAdvice,
  serverAdvice,
  unreachableAdvice,
} from './oauth-advice.ts'
import { withoutTokens } from './server-words.ts'

type Client = {
  readonly clientId: string
  /** Null: a public client has none (RFC 6749 §2.1). */
  readonly clientSecret: string | null
}

/** What we show the token endpoint to be given an access token. */
export type Grant =
  /** RFC 6749 §4.4: the app is its own user. */
  | ({ readonly kind: 'client-credentials' } & Client)
  /** RFC 6749 §6: somebody has agreed once, in a browser. */
  | ({ readonly kind: 'refresh-token'; readonly refreshToken: string } & Client)
  /** RFC 7523 §2.1: an assertion that the account's key has signed. `subject` is the mail user it acts for. */
  | {
      readonly kind: 'service-account'
      readonly issuer: string
      readonly keyId: string | null
      /** RSA, private. */
      readonly key: KeyObject
      readonly subject: string
    }

export type OAuthSettings = {
  readonly provider: Provider
  readonly tokenUrl: string
  /** Null: left to the provider. */
  readonly scope: string | null
  readonly grant: Grant
}

export type AccessToken = {
  readonly value: string
  /** A little before it ends: from then on another one is to be used. */
  readonly until: Instant
}

/** Where an account's access tokens come from. All its connections share one. */
export interface TokenSource {
  /** For people: `client credentials at login.microsoftonline.com`. */
  readonly how: string
  /**
   * The token kept, or else a new one; however many ask, one request is under way. Rejects with DeskError('unauthorized'),
   * `temporary` unless somebody must change something first. The signal ends the waiting, and the request when nobody else waits for it.
   */
  token(signal?: AbortSignal): Promise<AccessToken>
  /** A mail server has refused this token: it is forgotten, so that the next attempt gets another. */
  invalidate(value: string): void
  /** What an admin should look at when the mail server refuses our tokens. */
  advice(protocol: Protocol): string
}

type TokenLog = { debug(fields: object, text: string): void; warn(fields: object, text: string): void }

export type TokenOptions = {
  readonly log: TokenLog
  readonly clock?: () => Instant
  /** How long the token endpoint may take. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 30_000
/** Tokens have 1–4 kB; an answer that is longer is none. */
const LARGEST = 64 * 1024
const LONGEST_LIFE_MS = 24 * 60 * MINUTE
/** RFC 6749 §5.1 lets a provider leave the lifetime out. Too short a guess costs a request, too long a refused login. */
const USUAL_LIFE_MS = 10 * MINUTE
const MARGIN_MS = 5 * MINUTE
/** Google takes none that is good for longer than an hour. */
const ASSERTION_S = 600

export function createTokenSource(settings: OAuthSettings, options: TokenOptions): TokenSource {
  return new Tokens(settings, options)
}

/**
 * Puts its token source into every account that signs in with OAuth. Accounts of the same settings share one: some
 * providers let a refresh token be used only once.
 */
export function tokenSources(options: TokenOptions) {
  const sources = new Map<OAuthSettings, TokenSource>()
  return <A extends { readonly oauth?: OAuthSettings }>(account: A): A & { readonly tokens?: TokenSource } => {
    if (!account.oauth) return account
    const tokens = sources.get(account.oauth) ?? createTokenSource(account.oauth, options)
    sources.set(account.oauth, tokens)
    return { ...account, tokens }
  }
}

const GRANTS: Readonly<Record<GrantKind, string>> = {
  'client-credentials': 'client credentials',
  'refresh-token': 'a refresh token',
  'service-account': 'a service account',
}

/** A request under way, ended when nobody waits for it any more: a stop need not sit out a silent endpoint. */
type TokenRequest = { readonly token: Promise<AccessToken>; waiting: number; stop(): void }

class Tokens implements TokenSource {
  readonly how: string
  readonly #settings: OAuthSettings
  readonly #log: TokenLog
  readonly #clock: () => Instant
  readonly #timeoutMs: number
  readonly #endpoint: string
  #kept: AccessToken | null = null
  #request: TokenRequest | null = null
  #refreshToken: string | null
  #rotated = false

  constructor(settings: OAuthSettings, { log, clock = systemClock, timeoutMs = TIMEOUT_MS }: TokenOptions) {
    this.#settings = settings
    this.#log = log
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#endpoint = new URL(settings.tokenUrl).host
    this.#refreshToken = settings.grant.kind === 'refresh-token' ? settings.grant.refreshToken : null
    this.how = `${GRANTS[settings.grant.kind]} at ${this.#endpoint}`
  }

  async token(signal?: AbortSignal): Promise<AccessToken> {
    if (this.#kept && this.#clock() < this.#kept.until) return this.#kept
    if (signal?.aborted) throw this.#stopped()
    this.#request ??= this.#begin()
    const request = this.#request
    const left = new AbortController()
    const stopped = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(this.#stopped()), { signal: left.signal })
    })
    request.waiting++
    try {
      return await Promise.race([request.token, stopped])
    } finally {
      left.abort()
      if (--request.waiting === 0) request.stop()
    }
  }

  invalidate(value: string): void {
    if (this.#kept?.value === value) this.#kept = null
  }

  advice(protocol: Protocol): string {
    return serverAdvice(this.#settings.provider, this.#settings.grant.kind, protocol)
  }

  #begin(): TokenRequest {
    const stopping = new AbortController()
    const end = () => {
      if (this.#request === request) this.#request = null
    }
    const request: TokenRequest = {
      token: this.#renew(stopping.signal).finally(end),
      waiting: 0,
      stop() {
        end()
        stopping.abort()
      },
    }
    return request
  }

  async #renew(signal: AbortSignal): Promise<AccessToken> {
    // The life of a token is counted from before the request, so that a slow answer makes it shorter, not longer.
    const asked = this.#clock()
    const answer = this.#read(...(await this.#ask(asked, signal)))
    const { access_token: value, expires_in: seconds, refresh_token: next } = answer
    const life = Math.min(LONGEST_LIFE_MS, seconds === null ? USUAL_LIFE_MS : seconds * 1000)
    const until = plus(asked, life - Math.min(MARGIN_MS, life / 10))
    if (next !== null && this.#refreshToken !== null && next !== this.#refreshToken) {
      this.#refreshToken = next
      if (!this.#rotated) {
        this.#rotated = true
        const words =
          'the provider has replaced our refresh token: the new one is used until Postdesk stops, but the one in the configuration may work no longer; if the next start says so, let it be issued anew'
        this.#log.warn({ tokenEndpoint: this.#endpoint }, words)
      }
    }
    this.#kept = { value, until }
    this.#log.debug({ tokenEndpoint: this.#endpoint, until }, 'a new access token')
    return this.#kept
  }

  /** The status and the text of the endpoint's answer. */
  async #ask(now: Instant, signal: AbortSignal): Promise<[Response, string]> {
    const { tokenUrl } = this.#settings
    const { headers, form } = tokenRequest(this.#settings, this.#refreshToken, now)
    try {
      const response = await fetch(tokenUrl, {
        method: 'POST',
        headers: { accept: 'application/json', ...headers },
        body: new URLSearchParams(form),
        // Followed, a redirection would hand our secret to whomever it names.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
      })
      return [response, await readCapped(response)]
    } catch (error) {
      if (error instanceof TooLong) throw this.#failure('gives an endless answer: is this the URL of a token endpoint?')
      if (error instanceof Error && error.name === 'TimeoutError')
        throw this.#failure(`did not answer within ${Math.round(this.#timeoutMs / 100) / 10} s`, true)
      if (signal.aborted) throw this.#stopped()
      const { code = 'no connection' } = ((error as Error).cause ?? {}) as { code?: string }
      throw this.#failure(`cannot be reached (${code})${unreachableAdvice(code)}`, true, {}, error)
    }
  }

  #read(response: Response, text: string) {
    const { status } = response
    const answer = jsonObject(text)
    if (status >= 300 && status < 400)
      throw this.#failure(`redirects us (${status}): correct the URL of the token endpoint`, false, { status })
    if (!response.ok) throw this.#refusal(status, answer)
    const token = answer && tokenOf(answer)
    if (!token) throw this.#failure(`answers (${status}) with something that holds no bearer token`, true, { status })
    return token
  }

  /** RFC 6749 §5.2. Unknown means temporary only where the server says that it is at fault. */
  #refusal(status: number, answer: Record<string, unknown> | null): DeskError {
    const error = this.#quotable(answer?.['error'], 60)
    const said = this.#quotable(answer?.['error_description'], 300)
    const temporary = status >= 500 || status === 408 || status === 429 || TEMPORARY.test(error)
    const words = `${temporary ? 'gives no token just now' : 'refuses us'} (${[status, error].filter(Boolean).join(' ')})`
    const hint = temporary ? '' : refusalAdvice(this.#settings.provider, this.#settings.grant.kind, error, said)
    return this.#failure(`${words}${said && `; it said: ${said}`}${hint && `. ${hint}`}`, temporary, { status, error })
  }

  /** What the endpoint said as one short line without anything secret. */
  #quotable(said: unknown, length: number): string {
    if (typeof said !== 'string') return ''
    const { grant } = this.#settings
    const secrets = [this.#refreshToken, 'clientSecret' in grant ? grant.clientSecret : null]
    const forms = secrets.flatMap(secret => (secret ? [secret, formEncoded(secret)] : []))
    const clean = forms.reduce((rest, form) => rest.replaceAll(form, '***'), said)
    // What Microsoft adds for its own support.
    const [words = ''] = clean.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').split(/ ?Trace ID: /, 1)
    return withoutTokens(words).trim().slice(0, length)
  }

  #stopped(): DeskError {
    return this.#failure('was not waited for', true)
  }

  #failure(words: string, temporary = false, fields: Record<string, unknown> = {}, cause?: unknown): DeskError {
    return new DeskError('unauthorized', `the token endpoint ${this.#endpoint} ${words}`, {
      temporary,
      fields: { tokenEndpoint: this.#endpoint, ...fields },
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

const TEMPORARY = /^(?:temporarily_unavailable|server_error|slow_down)$/

/** The form to send (RFC 6749 §4.4.2 and §6, RFC 7523 §2.1), and who we are (RFC 6749 §2.3.1). */
function tokenRequest({ provider, tokenUrl, scope, grant }: OAuthSettings, refreshToken: string | null, now: Instant) {
  const scoped: Record<string, string> = scope === null ? {} : { scope }
  if (grant.kind === 'service-account') {
    const assertion = signedAssertion(grant, tokenUrl, scope, now)
    return { headers: {}, form: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion } }
  }
  const form =
    grant.kind === 'refresh-token'
      ? { grant_type: 'refresh_token', refresh_token: refreshToken ?? grant.refreshToken, ...scoped }
      : { grant_type: 'client_credentials', ...scoped }
  const { clientId, clientSecret } = grant
  if (clientSecret === null) return { headers: {}, form: { ...form, client_id: clientId } }
  // Microsoft and Google document the form; the standard demands Basic of everybody else.
  if (provider !== 'custom') return { headers: {}, form: { ...form, client_id: clientId, client_secret: clientSecret } }
  const credentials = [clientId, clientSecret].map(formEncoded).join(':')
  return { headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }, form }
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

/** RFC 7523 §3, signed with RS256 (RFC 7515 §3.1). */
function signedAssertion(
  { issuer, keyId, key, subject }: Extract<Grant, { kind: 'service-account' }>,
  audience: string,
  scope: string | null,
  now: Instant,
): string {
  const iat = Math.floor(epochMs(now) / 1000)
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId === null ? {} : { kid: keyId }) }
  const claims = { iss: issuer, sub: subject, scope: scope ?? undefined, aud: audience, iat, exp: iat + ASSERTION_S }
  const signed = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`
}

class TooLong extends Error {}

async function readCapped(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    // Leaving the loop ends the connection.
    if (size > LARGEST) throw new TooLong()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function jsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** RFC 6749 §5.1 and appendix A.12: visible ASCII only, so that it fits into one field of SASL. */
function tokenOf({ access_token, token_type = 'Bearer', expires_in, refresh_token }: Record<string, unknown>) {
  if (typeof access_token !== 'string' || !/^[\x21-\x7e]+$/.test(access_token)) return null
  if (String(token_type).toLowerCase() !== 'bearer') return null
  // Microsoft's older endpoint writes the number as a text.
  const seconds = Number(expires_in ?? Number.NaN)
  return {
    access_token,
    expires_in: seconds >= 0 ? seconds : null,
    refresh_token: typeof refresh_token === 'string' && refresh_token !== '' ? refresh_token : null,
  }
}
