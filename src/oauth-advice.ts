/*
 * Words for an admin whose OAuth sign-in does not work: each of these mistakes is made by nearly everybody once, and the
 * providers' own words do not say what to do.
 */

export type Protocol = 'imap' | 'smtp'
export type Provider = 'microsoft' | 'google' | 'custom'
export type GrantKind = 'client-credentials' | 'refresh-token' | 'service-account'

type Advice = readonly [said: RegExp, advice: string]

// Matched against "error error_description"; the numbers are Microsoft's (AADSTS…).
const MICROSOFT: readonly Advice[] = [
  [
    /AADSTS7000222/,
    'The client secret has ended: make a new one in Entra ID (App registrations > Certificates & secrets)',
  ],
  [
    /AADSTS7000215|^invalid_client/,
    'clientSecret must hold the value of a client secret of this app, not the ID of the secret',
  ],
  [/AADSTS700016|^unauthorized_client/, 'Check clientId and tenant: this directory has no such app'],
  [/AADSTS90002|AADSTS900023/, 'Check tenant: there is no such directory'],
  [/AADSTS70011|AADSTS1002012|^invalid_scope/, 'Check scope: with a client secret it must end with /.default'],
  [
    /^invalid_grant/,
    'The refresh token has ended or was withdrawn: let the user agree again and configure the new one',
  ],
]
const GOOGLE_ACCOUNT: readonly Advice[] = [
  [
    /^unauthorized_client|^access_denied/,
    'Domain-wide delegation is missing: in the Admin console (Security > Access and data control > API controls > Domain-wide delegation) add the client ID of the service account with the scope https://mail.google.com/; it may take an hour to work',
  ],
  [
    /^invalid_grant/,
    'Check that the user is an account of your Workspace (no alias, no group), that the key still exists, and the clock of this machine',
  ],
]
const ANYBODY: readonly Advice[] = [
  [/^invalid_client|^deleted_client/, 'Check clientId and clientSecret'],
  [/^unauthorized_client/, 'Allow the app this kind of grant at the provider'],
  [/^invalid_scope/, 'Check scope'],
  [
    /^invalid_grant/,
    'The refresh token has ended or was withdrawn: let the user agree again and configure the new one. Those of a Google app in the state "Testing" end after a week',
  ],
]

/** What to do when the token endpoint refuses us; '' when we do not know. */
export function refusalAdvice(provider: Provider, grant: GrantKind, error: string, said: string): string {
  const own = provider === 'microsoft' ? MICROSOFT : grant === 'service-account' ? GOOGLE_ACCOUNT : []
  const words = `${error} ${said}`
  return [...own, ...ANYBODY].find(([pattern]) => pattern.test(words))?.[1] ?? ''
}

/** What to do when there is no connection to the token endpoint, to follow the code in brackets. */
export function unreachableAdvice(code: string): string {
  if (/CERT|SIGNATURE|ISSUER/.test(code))
    return ': its certificate is not trusted. When a proxy of yours stands between, name its authority in the environment variable NODE_EXTRA_CA_CERTS'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return ': check DNS, and that this machine may reach the internet'
  return ''
}

/** What to do when the provider gives tokens but the mail server refuses them. */
export function serverAdvice(provider: Provider, grant: GrantKind, protocol: Protocol): string {
  const imap = protocol === 'imap'
  if (provider === 'microsoft' && grant === 'client-credentials') {
    const permission = imap ? 'IMAP.AccessAsApp' : 'SMTP.SendAsApp'
    const mailbox = imap
      ? 'IMAP must be switched on for the mailbox'
      : 'SMTP AUTH must be switched on for the mailbox (Set-CASMailbox -SmtpClientAuthenticationDisabled $false)'
    return `The app needs the application permission ${permission} of Office 365 Exchange Online, with admin consent; Exchange must know it (New-ServicePrincipal, with the object ID of the enterprise application, not of the app registration) and let it into this mailbox (Add-MailboxPermission -AccessRights FullAccess); ${mailbox}. Changes may take an hour to work`
  }
  if (provider === 'microsoft')
    return `The refresh token must be for the scope ${imap ? 'IMAP.AccessAsUser.All' : 'SMTP.Send'} and its user must have access to this mailbox`
  if (provider === 'google')
    return `Check that the user is the account the tokens are for, that the scope is https://mail.google.com/${imap ? ', and that IMAP is switched on for the account' : ''}`
  return 'Check that the server takes tokens of this provider, that the scope is the one it wants, and that the user is the account the tokens are for'
}
