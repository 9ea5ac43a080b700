/*
 * Passwords and their like come from environment variables and files, never from the configuration; they live in `Secrets`, apart from
 * `Config`, and nothing that prints or serialises a `Secrets` shows them.
 */
import { DeskError } from '../errors.ts'
import { domainOf } from '../mail/address.ts'
import type { OAuthSettings } from '../oauth.ts'
import type { Problem } from './faults.ts'
import { readOAuth } from './oauth.ts'
import type { Config } from './schema.ts'
import { type Environment, readAuthority, readSecret } from './secret-files.ts'
import type { Sketch } from './shape.ts'

type Protocol = 'imap' | 'smtp'

/** How an account signs in: with `oauth` where there is one, and the password is empty then. */
type SignIn = { readonly password: string; readonly oauth?: OAuthSettings }

/** What the mailboxes sign in with, and the certificate authorities read from files. */
export class Secrets {
  readonly #signIns = new Map<string, SignIn>()
  readonly #authorities = new Map<string, string>()

  /** @internal Only `readSecrets` fills it. */
  putSignIn(mailbox: string, protocol: Protocol, signIn: SignIn): void {
    this.#signIns.set(`${protocol} ${mailbox}`, signIn)
  }

  /** @internal Only `readSecrets` fills it. */
  putAuthority(mailbox: string, protocol: Protocol, pem: string): void {
    this.#authorities.set(`${protocol} ${mailbox}`, pem)
  }

  /** Throws when the configuration was loaded without secrets: asking then is a bug. */
  signIn(mailbox: string, protocol: Protocol): SignIn {
    const signIn = this.#signIns.get(`${protocol} ${mailbox}`)
    if (!signIn) throw new DeskError('config', `the ${protocol} password of mailbox ${mailbox} was not loaded`)
    return signIn
  }

  authority(mailbox: string, protocol: Protocol): string | null {
    return this.#authorities.get(`${protocol} ${mailbox}`) ?? null
  }

  toJSON(): string {
    return '[secrets]'
  }
}

/** Everything needed to reach a server. `ca` is a certificate authority as PEM text. */
export type Account = {
  readonly host: string
  readonly port: number
  readonly tls: 'implicit' | 'starttls' | 'none'
  readonly verifyCertificate: boolean
  readonly ca?: string
  readonly user: string
} & SignIn

/** As `Account`; user and password are null when the server asks for no login. */
export type SmtpAccount = Omit<Account, 'user' | 'password'> & {
  readonly user: string | null
  readonly password: string | null
  /** The name to greet the server with. */
  readonly ehlo: string
}

const IMAP_PORTS = { implicit: 993, starttls: 143, none: 143 } as const
const SMTP_PORTS = { implicit: 465, starttls: 587, none: 25 } as const

function mailboxOf(config: Config, name: string): Config['mailboxes'][string] {
  const mailbox = config.mailboxes[name]
  if (!mailbox) throw new Error(`no mailbox ${name} in the configuration`)
  return mailbox
}

/** Where and how the mail of a mailbox is read. */
export function imapAccount(config: Config, secrets: Secrets, name: string): Account {
  const { imap, addresses } = mailboxOf(config, name)
  const ca = secrets.authority(name, 'imap')
  return {
    host: imap.host,
    port: imap.port ?? IMAP_PORTS[imap.tls],
    tls: imap.tls,
    verifyCertificate: imap.verifyCertificate,
    ...(ca === null ? {} : { ca }),
    user: imap.user ?? addresses[0] ?? '',
    ...secrets.signIn(name, 'imap'),
  }
}

/** Where and how the mail of a mailbox is sent. */
export function smtpAccount(config: Config, secrets: Secrets, name: string): SmtpAccount {
  const { imap, smtp, addresses } = mailboxOf(config, name)
  const ca = secrets.authority(name, 'smtp')
  return {
    host: smtp.host ?? imap.host,
    port: smtp.port ?? SMTP_PORTS[smtp.tls],
    tls: smtp.tls,
    verifyCertificate: smtp.verifyCertificate,
    ...(ca === null ? {} : { ca }),
    user: smtp.login ? (smtp.user ?? imap.user ?? addresses[0] ?? '') : null,
    ...(smtp.login ? secrets.signIn(name, 'smtp') : { password: null }),
    ehlo: smtp.ehlo ?? domainOf(addresses[0] ?? ''),
  }
}

/** Reads every secret and authority that the configuration names; whatever cannot be read is a problem. */
export function readSecrets(config: Sketch<Config>, env: Environment) {
  const secrets = new Secrets()
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const looks = { problems, warnings }
  for (const [name, mailbox] of Object.entries(config.mailboxes ?? {})) {
    const { imap, smtp, addresses } = mailbox ?? {}
    const path = ['mailboxes', name]
    const password = imap?.secret && readSecret(imap.secret, 'password', [...path, 'imap', 'secret'], env, looks)
    const user = imap?.user ?? addresses?.[0] ?? ''
    const oauth = imap?.oauth && readOAuth(imap.oauth, user, [...path, 'imap', 'oauth'], env, looks)
    const shared = oauth ? { password: '', oauth } : password ? { password } : null
    if (shared) secrets.putSignIn(name, 'imap', shared)
    if (smtp?.login !== false) {
      const own = smtp?.secret && readSecret(smtp.secret, 'password', [...path, 'smtp', 'secret'], env, looks)
      if (own) secrets.putSignIn(name, 'smtp', { password: own })
      else if (shared && !smtp?.secret) secrets.putSignIn(name, 'smtp', shared)
    }

    const authority = imap?.caFile && readAuthority(imap.caFile, [...path, 'imap', 'caFile'], looks)
    const ownAuthority = smtp?.caFile && readAuthority(smtp.caFile, [...path, 'smtp', 'caFile'], looks)
    if (authority) secrets.putAuthority(name, 'imap', authority)
    const trusted = smtp?.caFile ? ownAuthority : authority
    if (trusted) secrets.putAuthority(name, 'smtp', trusted)
  }
  return { secrets, problems, warnings }
}
