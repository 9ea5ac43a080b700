/*
 * `oauth` of a mailbox: which fields belong together at which provider, and the settings they make.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Grant, OAuthSettings } from '../oauth.ts'
import type { Path, Problem } from './faults.ts'
import type { Config } from './schema.ts'
import { type Environment, forEverybody, type Looks, readSecret, readText } from './secret-files.ts'
import type { OAuthSource } from './server-schema.ts'
import type { Sketch } from './shape.ts'

type Mailbox = Config['mailboxes'][string]
type Find = (path: Path, message: string, fix: string) => void

const PROVIDERS = {
  microsoft: {
    tokenUrl: (tenant: string) => `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
    scope: 'https://outlook.office365.com/.default',
  },
  google: { tokenUrl: () => 'https://oauth2.googleapis.com/token', scope: 'https://mail.google.com/' },
  custom: { tokenUrl: () => '', scope: null },
} as const

/** Tells whether a mailbox, at this path, has one way to sign in, and whether it is whole. */
export function checkSignIn({ addresses, imap, smtp }: Sketch<Mailbox>, at: Path, find: Find): void {
  if (!imap) return
  const { secret, oauth } = imap
  if (!secret && !oauth) {
    const fix = 'add `secret`, where the password is found, or `oauth` (Microsoft 365, Google)'
    find([...at, 'imap'], 'there is nothing to sign in with', fix)
  }
  if (secret && oauth) find([...at, 'imap', 'oauth'], 'stands beside `secret`', 'keep one of the two')
  if (oauth) checkOAuth(oauth, [...at, 'imap', 'oauth'], find)
  if (oauth?.serviceAccountFile && smtp?.user && !smtp.secret && smtp.user !== (imap.user ?? addresses?.[0]))
    find([...at, 'smtp', 'user'], 'the service account acts for the user of `imap`', 'remove `user`, or add `secret`')
}

/** Which fields of an `oauth` are missing, and which contradict one another. */
function checkOAuth(oauth: Sketch<OAuthSource>, at: Path, find: Find): void {
  const { provider, tenant, clientSecret, refreshToken, serviceAccountFile, tokenUrl } = oauth
  const need = (name: keyof OAuthSource, what: string): void => {
    if (!oauth[name]) find(at, `\`${name}\` is missing`, `add \`${name}\`: ${what}`)
  }
  const leave = (name: keyof OAuthSource, why: string): void => {
    if (oauth[name]) find([...at, name], why, `remove \`${name}\``)
  }
  const needApp = (): void => {
    need('clientId', 'the ID of the app, as the provider registered it')
    // A public client may refresh its tokens without a secret; Google's apps have one always.
    if (!refreshToken || provider === 'google') need('clientSecret', 'where the secret of the app is found')
  }
  if (provider !== 'microsoft') leave('tenant', 'only Microsoft has tenants')
  if (provider !== 'google') leave('serviceAccountFile', 'only Google has such files')
  if (provider === 'microsoft') {
    if (!tokenUrl) need('tenant', 'the ID of your directory (Entra ID), or its domain such as example.onmicrosoft.com')
    if (clientSecret && !refreshToken && /^(?:common|organizations|consumers)$/i.test(tenant ?? ''))
      find([...at, 'tenant'], 'an app cannot sign in to all directories at once', 'write the ID or a domain of yours')
    needApp()
  } else if (provider === 'google' && serviceAccountFile) {
    for (const name of ['clientId', 'clientSecret', 'refreshToken'] as const)
      leave(name, 'a service account signs in by its key alone')
  } else if (provider === 'google' && !refreshToken) {
    const fix = 'add `serviceAccountFile` (Workspace), or `clientId`, `clientSecret` and `refreshToken`'
    find(at, 'there is nothing to sign in with', fix)
  } else {
    if (provider === 'custom') need('tokenUrl', 'the URL of the token endpoint')
    needApp()
  }
  const fault = tokenUrl ? faultOfUrl(tokenUrl) : null
  if (fault) find([...at, 'tokenUrl'], ...fault)
}

function faultOfUrl(text: string): [message: string, fix: string] | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) return ['is no URL', 'write it like https://id.example.org/oauth2/token']
  // RFC 6749 §3.2: secrets and tokens go through it.
  if (url.protocol === 'http:' && !/^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname))
    return ['secrets and tokens would cross the network in clear', 'write https://']
  if (url.username || url.password) return ['a secret must not stand in this file', 'use `clientId` and `clientSecret`']
  if (url.hash) return ['has a part behind #', 'remove it']
  return null
}

/**
 * The settings of an `oauth` that passed the checks, with its secrets; null when one cannot be read, and `looks` say why.
 * `user` is the mail account that a service account acts for.
 */
export function readOAuth(
  oauth: Sketch<OAuthSource>,
  user: string,
  at: Path,
  env: Environment,
  looks: Looks,
): OAuthSettings | null {
  const { provider, clientId, serviceAccountFile, tenant } = oauth
  if (!provider) return null
  const read = (name: 'clientSecret' | 'refreshToken', what: string): string | null => {
    const source = oauth[name]
    return source ? readSecret(source, what, [...at, name], env, looks) : null
  }
  const clientSecret = read('clientSecret', 'client secret')
  const refreshToken = read('refreshToken', 'refresh token')
  const grant = (): Grant | null => {
    if (serviceAccountFile) return readServiceAccount(serviceAccountFile, user, [...at, 'serviceAccountFile'], looks)
    if (!clientId) return null
    if (oauth.refreshToken)
      return refreshToken === null ? null : { kind: 'refresh-token', clientId, clientSecret, refreshToken }
    return clientSecret === null ? null : { kind: 'client-credentials', clientId, clientSecret }
  }
  const granted = grant()
  const usual = PROVIDERS[provider]
  const tokenUrl = oauth.tokenUrl ?? usual.tokenUrl(tenant ?? '')
  if (!granted || !URL.canParse(tokenUrl)) return null
  // RFC 6749 §6: without a scope a refresh token gives what was agreed to.
  const scope = oauth.scope ?? (granted.kind === 'refresh-token' ? null : usual.scope)
  return { provider, tokenUrl, scope, grant: granted }
}

function readServiceAccount(file: string, subject: string, path: Path, looks: Looks): Grant | null {
  const read = readText(file)
  const account = read.why === null ? parseServiceAccount(read.text) : null
  if (account) {
    if (read.forEverybody) looks.warnings.push(forEverybody(file, path))
    return { kind: 'service-account', ...account, subject }
  }
  const problem: Problem = {
    path,
    message: `${file} ${read.why ?? 'is not the key of a service account'}`,
    fix: 'in the Google Cloud console open the service account, make a new key of the type JSON, and name that file',
  }
  looks.problems.push(problem)
  return null
}

function parseServiceAccount(text: string): { issuer: string; keyId: string | null; key: KeyObject } | null {
  try {
    const {
      client_email: issuer,
      private_key_id: keyId,
      private_key: pem,
    } = JSON.parse(text) as Record<string, unknown>
    if (typeof issuer !== 'string' || typeof pem !== 'string') return null
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === 'rsa' ? { issuer, keyId: typeof keyId === 'string' ? keyId : null, key } : null
  } catch {
    // Not passed on: what a JSON or PEM reader complains of may quote the key.
    return null
  }
}
