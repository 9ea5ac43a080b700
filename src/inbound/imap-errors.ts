/*
 * What imapflow, TLS, DNS and IMAP servers raise, in words that tell an admin what to do.
 * Knows the errors by their shape, so imapflow keeps its one door (`imap.ts`).
 */
import { DeskError } from '../errors.ts'
import type { TokenSource } from '../oauth.ts'
import { serverWords } from '../server-words.ts'

const LONGEST_WORDS = 300

/** Whom we talked to; the password is only here to be kept out of every text. */
type Peer = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly tokens?: TokenSource
  readonly timeoutMs: number
  readonly tls: string
}

/** The fields of an error of imapflow, Node's sockets or OpenSSL that are read here. Any may be missing. */
type Raised = {
  readonly code?: unknown
  readonly message?: unknown
  readonly command?: unknown
  readonly reason?: unknown
  readonly responseStatus?: unknown
  readonly responseText?: unknown
  readonly response?: unknown
  readonly serverResponseCode?: unknown
  readonly authenticationFailed?: unknown
  readonly tlsFailed?: unknown
  readonly mailboxMissing?: unknown
}

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'INVALID_CA',
])
const OUT_OF_DATE = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])
const TIMEOUTS = new Set(['CONNECT_TIMEOUT', 'GREETING_TIMEOUT', 'UPGRADE_TIMEOUT', 'ETIMEOUT', 'ETIMEDOUT'])
const UNREACHABLE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL'])
const LOST = /^(NoConnection|EConnectionClosed|StateLogout|ClosedAfterConnect\w*|ECONNRESET|ECONNABORTED|EPIPE)$/

// RFC 5530 §3: refusals that say nothing about the password. Exchange and Gmail say it in words only.
const BUSY_CODE = /^(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)$/i
const BUSY_TEXT = /too many|temporar|try again|unavailable|rate limit|throttl|authenticated but not connected/i
// Exchange: the sign-in was good, but not for this mailbox; or there are too many connections.
const NOT_CONNECTED = /authenticated but not connected/i

/** Any error raised while `doing` ("open the folder INBOX") as a DeskError that never holds the password. */
export function explainImap(error: unknown, peer: Peer, doing: string): DeskError {
  if (error instanceof DeskError) return error
  const raised: Raised = typeof error === 'object' && error !== null ? error : { message: String(error) }
  const code = text(raised.code)
  const said = serverWords(
    text(raised.responseText) || text(raised.response) || text(raised.reason),
    peer,
    LONGEST_WORDS,
  )
  const where = `${peer.host}:${peer.port}`
  const fields = { host: peer.host, port: peer.port, user: peer.user, code, command: text(raised.command), said }
  const failure = (temporary: boolean, words: string, hint = '') =>
    new DeskError('imap', `${words}${said ? `; it said: ${said}` : ''}${hint ? `. ${hint}` : ''}`, {
      temporary,
      fields,
      // What the server answered to a login may repeat what we sent: that error is not passed on.
      ...(raised.authenticationFailed ? {} : { cause: error }),
    })

  if (raised.authenticationFailed) {
    if (/login is disabled/i.test(text(raised.message))) {
      const hint = "Set tls to 'starttls' or 'implicit'"
      return failure(false, `the IMAP server ${where} takes no password without encryption`, hint)
    }
    if (BUSY_CODE.test(text(raised.serverResponseCode)) || BUSY_TEXT.test(said)) {
      const hint = NOT_CONNECTED.test(said) ? (peer.tokens?.advice('imap') ?? '') : ''
      return failure(true, `the IMAP server ${where} does not let ${peer.user} in just now`, hint)
    }
    if (peer.tokens) {
      const words = `the IMAP server ${where} refuses the access token of ${peer.user} (${peer.tokens.how})`
      return failure(false, words, peer.tokens.advice('imap'))
    }
    const hint =
      'Check user and password; some providers want an app password, or IMAP to be switched on for the account'
    return failure(false, `the IMAP server ${where} refuses the login of ${peer.user}`, hint)
  }
  if (UNTRUSTED.has(code)) {
    const hint =
      'If it is your own, give the certificate that signed it as ca (PEM); only on a machine you trust, set verifyCertificate to false'
    return failure(false, `the certificate of the IMAP server ${where} is not trusted (${code})`, hint)
  }
  if (OUT_OF_DATE.has(code)) {
    const hint = 'Renew it on the server, and check the clock of this machine'
    return failure(true, `the certificate of the IMAP server ${where} is out of date (${code})`, hint)
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    const hint = 'Use the name that stands in the certificate as host'
    return failure(false, `the certificate of the IMAP server ${where} is for another name than ${peer.host}`, hint)
  }
  if (TIMEOUTS.has(code)) {
    const seconds = Math.round(peer.timeoutMs / 100) / 10
    // A server that waits for a TLS handshake, and we for its greeting: both are silent.
    const mute = doing === 'connect' && code !== 'CONNECT_TIMEOUT' && peer.tls !== 'implicit'
    const hint = mute ? "If the port speaks TLS from the start (usually 993), set tls to 'implicit'" : ''
    return failure(true, `the IMAP server ${where} did not answer within ${seconds} s (${doing})`, hint)
  }
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    const hint = "Does the port speak TLS from the start? If not (usually 143), set tls to 'starttls'"
    return failure(false, `no TLS connection to the IMAP server ${where} (${code})`, hint)
  }
  if (UNREACHABLE.has(code)) {
    return failure(
      true,
      `nothing answers at ${where} (${code})`,
      'Is the IMAP server running, and are host and port right?',
    )
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return failure(true, `the name ${peer.host} of the IMAP server cannot be resolved (${code})`, 'Check host and DNS')
  }
  if (LOST.test(code)) return failure(true, `lost the connection to the IMAP server ${where} (${doing})`)
  if (raised.tlsFailed) {
    const hint = "Set tls to 'implicit' (usually port 993); 'none' only where nobody can listen"
    return failure(false, `the IMAP server ${where} does not offer STARTTLS`, hint)
  }
  if (raised.mailboxMissing) {
    return failure(
      false,
      `could not ${doing}: the IMAP server ${where} has no such folder`,
      'Create it or correct its name',
    )
  }
  if (raised.responseStatus === 'NO' || raised.responseStatus === 'BAD') {
    const forbidden = /^NOPERM$/i.test(text(raised.serverResponseCode)) || /\bpermission denied\b/i.test(said)
    const hint = NOT_CONNECTED.test(said) ? (peer.tokens?.advice('imap') ?? '') : ''
    return failure(!forbidden, `the IMAP server ${where} refused to ${doing}`, hint)
  }
  if (peer.tokens && raised.message === 'Unsupported authentication mechanism') {
    const hint = 'If it offers it only with TLS, set tls; else sign in with a password (`secret`)'
    return failure(false, `the IMAP server ${where} offers no sign-in with OAuth (OAUTHBEARER, XOAUTH2)`, hint)
  }
  const words = serverWords(text(raised.message), peer, LONGEST_WORDS) || 'no reason given'
  return failure(true, `could not ${doing} at the IMAP server ${where}: ${words}`)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
