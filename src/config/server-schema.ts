import { type Static, Type } from '../json-schema.ts'
import { host, maybePath, maybeText, object, oneOf, path, port, text } from './fields.ts'

/* What the configuration says of the servers that mail is read from and sent through. */

/** Where a secret is found; `what` it is: `password`. */
const secret = (what: string, description: string) =>
  object(
    {
      env: Type.Optional(
        text(`The name of the environment variable that holds the ${what}.`, {
          pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
          patternErrorMessage: `write the name of an environment variable, not the ${what} itself`,
        }),
      ),
      file: Type.Optional(path(`A file that holds the ${what} and nothing else; one line end after it is ignored.`)),
    },
    { minProperties: 1, maxProperties: 1, description },
  )

const OAuth = object(
  {
    provider: oneOf(
      ['microsoft', 'google', 'custom'],
      'Who gives the tokens. `microsoft`: Microsoft 365, as an app of your directory. `google`: Workspace or Gmail. `custom`: whoever has a token endpoint, named in `tokenUrl`.',
    ),
    tenant: maybeText(
      'Microsoft: the ID of your directory (Entra ID), or a domain of it such as `example.onmicrosoft.com`.',
      {
        pattern: '^[A-Za-z0-9][A-Za-z0-9.-]*$',
        patternErrorMessage: 'write the ID of the directory, or its domain such as example.onmicrosoft.com',
      },
    ),
    clientId: maybeText('The ID of the app, as the provider registered it. A Google service account needs none.'),
    clientSecret: Type.Optional(
      secret(
        'client secret',
        'Where the secret of the app is found: `{ env: NAME }` or `{ file: path }`. Without `refreshToken` it is what signs in, so the app is its own user.',
      ),
    ),
    refreshToken: Type.Optional(
      secret(
        'refresh token',
        'Where the refresh token is found that a user got by agreeing in a browser: `{ env: NAME }` or `{ file: path }`. When the provider replaces it, the new one is kept in memory only and the log says so.',
      ),
    ),
    serviceAccountFile: maybePath(
      'Google: the JSON key of a service account with domain-wide delegation; it signs in as `imap.user`.',
    ),
    tokenUrl: maybeText('The token endpoint, https://…; left out, that of the provider. http:// only on this machine.'),
    scope: maybeText(
      'What the tokens are for, as the provider calls it; left out, what IMAP and SMTP need at Microsoft or Google.',
    ),
  },
  {
    description:
      'Signing in with OAuth 2.0 (XOAUTH2 or OAUTHBEARER) in place of a password: Microsoft 365, Google, or a provider of your own. Sending uses it too.',
  },
)

const tls = oneOf(
  ['implicit', 'starttls', 'none'],
  'How the connection is protected. `implicit`: TLS from the first byte. `starttls`: plain first, then TLS, and no login without it. `none`: not at all; only for a server on the same machine.',
  { default: 'implicit' },
)

const verifyCertificate = Type.Boolean({
  default: true,
  description:
    "Whether the server's certificate must be valid. Rather than switching this off, name your authority in `caFile`.",
})

export const Imap = object(
  {
    host: text('The IMAP server, such as mail.example.org.', host),
    port: port('The port; left out, 993 with `tls: implicit` and 143 otherwise.'),
    tls,
    verifyCertificate,
    caFile: maybePath('A PEM file with the certificate authority of the server, when it is not a public one.'),
    user: maybeText("The login name; left out, the mailbox's first address."),
    secret: Type.Optional(
      secret(
        'password',
        'Where the password is found: `{ env: NAME }` or `{ file: path }`. The password itself never stands in this file. Either this or `oauth`.',
      ),
    ),
    oauth: Type.Optional(OAuth),
  },
  { description: 'Where mail is read.' },
)

export const Smtp = object(
  {
    host: maybeText('The SMTP server; left out, the host of `imap`.', host),
    port: port('The port; left out, 465 with `tls: implicit`, 587 with `starttls` and 25 with `none`.'),
    tls,
    verifyCertificate,
    caFile: maybePath('A PEM file with the certificate authority of the server; left out, that of `imap`.'),
    login: Type.Boolean({
      default: true,
      description: 'Whether the server asks for a login. `false` for a relay that knows us by our address.',
    }),
    user: maybeText('The login name; left out, that of `imap`.'),
    secret: Type.Optional(secret('password', 'Where the password is found; left out, that of `imap`.')),
    ehlo: maybeText(
      "The name we greet the server with (EHLO); left out, the domain of the mailbox's first address.",
      host,
    ),
  },
  { default: {}, description: 'Where mail is sent. Host, user, secret and caFile are those of `imap` when left out.' },
)

export type SecretSource = Static<ReturnType<typeof secret>>
export type OAuthSource = Static<typeof OAuth>
