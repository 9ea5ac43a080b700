/*
 * What servers say, as an admin may read it: in one line, and without what we sent them. Servers were seen to repeat it.
 */

/** With what we sign in. */
type Credentials = {
  readonly user: string | null
  readonly password: string | null
  /** Access tokens are sent in place of the password. */
  readonly tokens?: object
}

/** Masks whatever could be a token, an assertion or the base64 of one. */
export function withoutTokens(words: string): string {
  return words.replace(/\b(basic|bearer) \S+/gi, '$1 ***').replace(/[\w+/=.~-]{40,}/g, '***')
}

/** A server's words as one line of at most so many characters, in which neither password nor token stands, nor their base64 forms. */
export function serverWords(words: string, { user, password, tokens }: Credentials, most: number): string {
  const plain = password ? [password, `\0${user}\0${password}`] : []
  const secrets = [...plain, ...plain.map(secret => Buffer.from(secret).toString('base64'))]
  const masked = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), words)
  const line = (tokens ? withoutTokens(masked) : masked).replace(/[\p{C}\s]+/gu, ' ').trim()
  return Array.from(line).slice(0, most).join('')
}
