import type SMTPConnection from 'nodemailer/lib/smtp-connection'
import { errorText } from '../errors.ts'
import type { TokenSource } from '../oauth.ts'

type Peer = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly tokens: TokenSource
  readonly signal?: AbortSignal
}
type Handler = SMTPConnection.CustomAuthenticationHandlers[string]

/** There is no access token to be had: the mail server was not asked. */
export class NoToken extends Error {}

/**
 * Signs in with an access token, by a custom method of nodemailer: its own OAuth2 keeps a token for itself, knows no
 * OAUTHBEARER, and would ask for tokens with an HTTP client of its own. A refused token is tried once more with a fresh
 * one, so that no mail waits for the next attempt because somebody has revoked it.
 */
export function bearerSignIn(peer: Peer): Handler {
  return async ({ authMethods, sendCommand }) => {
    // nodemailer tells of no OAUTHBEARER; a server that has neither says so.
    const method = authMethods.includes('XOAUTH2') ? 'XOAUTH2' : 'OAUTHBEARER'
    for (const last of [false, true]) {
      // The error is the token source's, and others hold it too, but nodemailer writes into those it is given.
      const { value } = await peer.tokens.token(peer.signal).catch(error => {
        throw new NoToken(errorText(error))
      })
      let answer = await sendCommand(`AUTH ${method} ${initialResponse(method, peer, value)}`)
      // What is wrong with the token, in JSON; the client says something empty, and only then the server refuses
      // (RFC 7628 §3.2.3).
      if (answer.status === 334) answer = await sendCommand(method === 'XOAUTH2' ? '' : 'AQ==')
      if (answer.status === 235) return
      // RFC 4954 §6: only this one is about what we have shown.
      if (answer.status === 535) peer.tokens.invalidate(value)
      if (answer.status !== 535 || last) throw new Error('the sign-in is refused')
    }
  }
}

/** RFC 7628 §3.1, and the format of Google and Microsoft that it was made of. */
function initialResponse(method: 'XOAUTH2' | 'OAUTHBEARER', { host, port, user }: Peer, token: string): string {
  const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C')
  const fields = method === 'XOAUTH2' ? [`user=${user}`] : [`n,a=${name},`, `host=${host}`, `port=${port}`]
  return Buffer.from([...fields, `auth=Bearer ${token}`, '', ''].join('\x01')).toString('base64')
}
