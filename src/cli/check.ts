import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { imapAccount, smtpAccount } from '../config/secrets.ts'
import { errorText } from '../errors.ts'
import { type ImapAccount, probeImap } from '../inbound/imap.ts'
import { type TokenSource, tokenSources } from '../oauth.ts'
import { probeSmtp, type SmtpAccount } from '../outbound/smtp.ts'

type Mailbox = Config['mailboxes'][string]

/** One thing that was tried. */
type Finding = { readonly what: string; readonly ok: boolean; readonly detail: string }

/** Tells whether the configuration is right; with `connect`, whether every account can be used. Exit code 1 when not. */
export async function check(
  configPath: string,
  { connect, json }: { connect: boolean; json: boolean },
): Promise<number> {
  const { config, secrets, ...loaded } = loadConfig(configPath, process.env, { secrets: connect })
  const warnings = [...loaded.warnings, ...unproven(config)]
  const findings: Finding[] = [{ what: configPath, ok: true, detail: summary(config) }]
  if (connect) {
    const withTokens = tokenSources({ log: { debug() {}, warn: (_fields, text) => warnings.push(text) } })
    for (const [name, mailbox] of Object.entries(config.mailboxes)) {
      const imap = withTokens(imapAccount(config, secrets, name))
      const smtp = withTokens(smtpAccount(config, secrets, name))
      const { tokens } = imap
      if (tokens) {
        const finding = await attempt(`${name}: access token (OAuth 2.0)`, () => given(tokens))
        findings.push(finding)
        // Without one the rest would fail in the same words.
        if (!finding.ok && smtp.tokens) continue
      }
      findings.push(await attempt(`${name}: reading (IMAP)`, () => reading(imap, mailbox)))
      findings.push(await attempt(`${name}: sending (SMTP)`, () => sending(smtp)))
    }
  }
  if (json) process.stdout.write(`${JSON.stringify({ ok: findings.every(({ ok }) => ok), findings, warnings })}\n`)
  else {
    for (const { what, ok, detail } of findings) process.stdout.write(`${ok ? '✔' : '✘'} ${what}: ${detail}\n`)
    for (const warning of warnings) process.stdout.write(`! ${warning}\n`)
    if (!connect) process.stdout.write('The servers were not asked: postdesk check --connect signs in everywhere.\n')
  }
  return findings.every(({ ok }) => ok) ? 0 : 1
}

/** It works so, and is right where no mail server of ours tells who wrote: yet whoever configures it should know. */
function unproven({ agents, trust, mailboxes }: Config): string[] {
  const isMarked = Object.values(mailboxes).some(({ subaddress }) => subaddress !== null)
  if (Object.keys(agents).length === 0 || isMarked || trust.mailServers.length > 0) return []
  return [
    'agents are only known by answering a notification: From alone is no proof. Name your mail server in `trust.mailServers`, or give the mailboxes a `subaddress`',
  ]
}

async function attempt(what: string, work: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, detail: await work() }
  } catch (error) {
    return { what, ok: false, detail: errorText(error) }
  }
}

async function given(tokens: TokenSource): Promise<string> {
  const { until } = await tokens.token()
  return `given for ${tokens.how}, used until ${until}`
}

/** The extensions of IMAP that make a difference to a shared mailbox. */
const EXTENSIONS = ['IDLE', 'UIDPLUS', 'MOVE', 'SPECIAL-USE', 'CONDSTORE']

async function reading(account: ImapAccount, { folders, sentFolder, pollEvery }: Mailbox): Promise<string> {
  const named = sentFolder === 'auto' || sentFolder === 'none' ? [] : [sentFolder]
  const found = await probeImap(account, [...folders, ...named])
  const missing = found.folders.filter(({ exists }) => !exists).map(({ name }) => name)
  if (missing.length > 0)
    throw new Error(`signed in, but there is no folder ${missing.join(', ')}: correct \`folders\` or \`sentFolder\``)
  const has = EXTENSIONS.filter(name => found.capabilities.includes(name))
  const lacks = EXTENSIONS.filter(name => !has.includes(name))
  return [
    signedIn(account.user, account.tokens),
    ...found.folders.map(({ name, messages }) => `${name} holds ${messages} mails`),
    sentFolder === 'none' ? 'sent mail is not read' : sentWords(named[0] ?? found.sentFolder),
    has.includes('IDLE') ? 'new mail is told at once' : `new mail is looked for every ${pollEvery / 1000} s`,
    `the server has ${has.join(', ') || 'no extensions'}${lacks.length > 0 ? `, but not ${lacks.join(', ')}` : ''}`,
  ].join('; ')
}

function sentWords(folder: string | null): string {
  return folder === null
    ? 'no folder of sent mail was found: what agents write in the mailbox itself is not seen (`sentFolder`)'
    : `answers that agents write in the mailbox itself are found in ${folder}`
}

async function sending(account: SmtpAccount): Promise<string> {
  const found = await probeSmtp(account)
  if (account.user !== null && !found.signedIn)
    throw new Error('the server asks for no sign-in: write `login: false`, or correct `tls` if it should ask')
  const { largestMail } = found
  return [
    account.user === null ? 'the server answers, without a sign-in' : signedIn(account.user, account.tokens),
    largestMail === null
      ? 'it does not say how large a mail may be'
      : `it takes mails up to ${Math.floor(largestMail / 1e5) / 10} MB`,
    `the server has ${found.extensions.join(', ') || 'no extensions'}`,
  ].join('; ')
}

function signedIn(user: string, tokens: TokenSource | undefined): string {
  return `signed in as ${user} with ${tokens ? `an access token (${tokens.how})` : 'the password'}`
}

function summary(config: Config): string {
  const count = (things: object, one: string, many = `${one}s`) => {
    const { length } = Object.keys(things)
    return `${length} ${length === 1 ? one : many}`
  }
  return `good (${count(config.mailboxes, 'mailbox', 'mailboxes')}, ${count(config.agents, 'agent')}, ${count(config.rules, 'rule')})`
}
