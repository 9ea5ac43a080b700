#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { DeskError } from './errors.ts'

/*
 * The process: which command, signals → one AbortController, exit code. Each command is loaded when it is asked for.
 */

const HELP = `postdesk: mail to tickets, with an honest date

Usage: postdesk COMMAND [options]

  serve                       read the mailboxes, answer, and offer the API, until stopped
  check [--connect]           tell whether the configuration is right; with --connect, sign in everywhere
  key create NAME [--role R]  make an API key and show it, once; R is reader (when left out), agent, admin, or
                              monitor (for /metrics: it sees figures only)
  key list                    the API keys: number, name, role, last use
  key revoke ID               take a key back, by its number
  agents                      the agents: name, addresses, teams, open tickets, last mail, away since
  agents revoke NAME          take an agent's keys back: what was written to them so far gives no powers any more
  migrate                     bring the database to the newest schema (serve does so by itself)
  explain FILE…               tell what would happen to raw mails, and why; writes nothing
                              (--files-from FILE or -, one path a line; --at INSTANT, as if it were then)
  import PATH…                take in an archive: .eml files, mbox, Maildir and folders of them; nothing is sent;
                              run again it goes on, taking in nothing twice (--mailbox NAME, else by the addresses;
                              name former colleagues under agents first: their answers count by it)
  reconcile                   hold the mails on the servers against the ledger, and take in what is missing
  backup FILE                 copy the database, also while serve works on it, and look through the copy (--force: overwrite)
  verify [FILE]               look through the database, or a backup of it, and tell what is wrong
  restore FILE                put a backup in the place of the database; serve must be stopped. Mail that arrived before
                              the next start is not answered again (--quiet-until INSTANT: only what arrived before that)
  demo [--once]               the whole service on a mail server of its own, telling a story; --once ends after it

Options
  --config FILE   the configuration (else $POSTDESK_CONFIG, else ./postdesk.yaml; explain: else the example)
  --json          output for machines
  --help, --version
`

/** BSD sysexits: what a service manager and a script can tell apart. */
const EXIT = { ok: 0, failed: 1, usage: 64, config: 78 } as const

const OPTIONS = {
  config: { type: 'string' },
  json: { type: 'boolean', default: false },
  connect: { type: 'boolean', default: false },
  role: { type: 'string' },
  mailbox: { type: 'string' },
  'files-from': { type: 'string' },
  at: { type: 'string' },
  once: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  'quiet-until': { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', default: false },
} as const

/** The options that only some commands know. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  serve: [],
  check: ['connect'],
  key: ['role'],
  agents: [],
  migrate: [],
  explain: ['files-from', 'at'],
  import: ['mailbox'],
  reconcile: [],
  backup: ['force'],
  verify: [],
  restore: ['quiet-until', 'force'],
  demo: ['once'],
}

class UsageError extends Error {}

async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parse(argv)
  const [command, ...rest] = positionals
  if (values.version) return print(`${await version()}\n`)
  if (values.help || command === undefined || command === 'help') return print(HELP)
  const known = Object.hasOwn(KNOWN, command) ? KNOWN[command] : undefined
  if (!known) throw new UsageError(`there is no command ${command}`)
  for (const [option, value] of Object.entries(values)) {
    const given = value !== undefined && value !== false
    if (given && !['config', 'json', ...known].includes(option))
      throw new UsageError(`${command} has no option --${option}`)
  }
  const config = values.config ?? process.env['POSTDESK_CONFIG'] ?? 'postdesk.yaml'
  const { json } = values
  switch (command) {
    case 'serve':
      expect(rest, 0, command)
      return (await import('./cli/serve.ts')).serve(config, signal)
    case 'check':
      expect(rest, 0, command)
      return (await import('./cli/check.ts')).check(config, { connect: values.connect, json })
    case 'migrate':
      expect(rest, 0, command)
      return (await import('./cli/migrate.ts')).migrateCommand(config, json)
    case 'key':
      return keyCommand(rest, config, values.role, json)
    case 'agents':
      return agentsCommand(rest, config, json)
    case 'explain': {
      if (rest.length === 0 && !values['files-from'])
        throw new UsageError('explain needs the path of a mail, or --files-from')
      const { explainCommand } = await import('./cli/explain-command.ts')
      const chosen = values.config ?? process.env['POSTDESK_CONFIG'] ?? null
      const filesFrom = values['files-from'] ?? null
      return explainCommand(rest, { config: chosen, filesFrom, at: values.at ?? null, json }, signal)
    }
    case 'import': {
      if (rest.length === 0) throw new UsageError('import needs the path of a mail, an mbox, a Maildir or a folder')
      const mailbox = values.mailbox ?? null
      return (await import('./cli/import.ts')).importCommand(config, rest, { mailbox, json, signal })
    }
    case 'reconcile':
      expect(rest, 0, command)
      return (await import('./cli/reconcile.ts')).reconcileCommand(config, json)
    case 'backup': {
      const { backupCommand } = await import('./cli/backup.ts')
      return backupCommand(config, oneFile(rest, command), { force: values.force, json, signal })
    }
    case 'verify':
      expect(rest, 1, command)
      return (await import('./cli/verify.ts')).verifyCommand(config, rest[0] ?? null, json)
    case 'restore': {
      const { restoreCommand } = await import('./cli/restore.ts')
      const quietUntil = values['quiet-until'] ?? null
      return restoreCommand(config, oneFile(rest, command), { quietUntil, force: values.force, json, signal })
    }
    default:
      expect(rest, 0, command)
      return (await loadDemo()).demo({ once: values.once, signal })
  }
}

function loadDemo() {
  return import('./demo/demo.ts').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    const words =
      'the demo brings a mail server along that an installation leaves out: run `npm ci && npm run demo` in a checkout'
    throw new DeskError('invalid', words, { cause: error })
  })
}

async function keyCommand(
  rest: readonly string[],
  config: string,
  role: string | undefined,
  json: boolean,
): Promise<number> {
  const { createKey, listKeys, revokeKey } = await import('./cli/key.ts')
  const [action, argument] = rest
  if (action === 'create' && argument && rest.length === 2) return createKey(config, argument, role ?? 'reader', json)
  if (action === 'list' && rest.length === 1) return listKeys(config, json)
  if (action === 'revoke' && argument && rest.length === 2) return revokeKey(config, argument, json)
  throw new UsageError('say `key create NAME`, `key list` or `key revoke ID`')
}

async function agentsCommand(rest: readonly string[], config: string, json: boolean): Promise<number> {
  const { listAgents, revokeAgent } = await import('./cli/agents.ts')
  const [action, name] = rest
  if (action === undefined) return listAgents(config, json)
  if (action === 'revoke' && name && rest.length === 2) return revokeAgent(config, name, json)
  throw new UsageError('say `agents` or `agents revoke NAME`')
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function expect(rest: readonly string[], count: number, command: string): void {
  if (rest.length > count) throw new UsageError(`${command} does not take "${rest[count]}"`)
}

function oneFile(rest: readonly string[], command: string): string {
  expect(rest, 1, command)
  const [file] = rest
  if (!file) throw new UsageError(`${command} needs the name of a file`)
  return file
}

function print(text: string): number {
  process.stdout.write(text)
  return EXIT.ok
}

async function version(): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  const manifest: { version: string } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  return manifest.version
}

function exitCodeFor(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`postdesk: ${error.message}\nTry: postdesk --help\n`)
    return EXIT.usage
  }
  if (error instanceof DeskError) {
    // A faulty configuration has a line for each fault: all of them look the same.
    for (const line of error.message.split('\n')) process.stderr.write(`postdesk: ${line}\n`)
    return error.code === 'config' ? EXIT.config : EXIT.failed
  }
  process.stderr.write(`postdesk: unexpected: ${error instanceof Error ? error.stack : String(error)}\n`)
  return EXIT.failed
}

const stopping = new AbortController()
// Once: a second Ctrl-C ends the process at once, which loses nothing.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

// `explain … | head` closes our output while we write: that is no error of ours.
let unwritten = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  stopping.abort()
  if (error.code === 'EPIPE' || unwritten) return
  unwritten = true
  process.exitCode = exitCodeFor(new DeskError('invalid', `the output cannot be written: ${error.message}`))
})

try {
  const code = await run(process.argv.slice(2), stopping.signal)
  process.exitCode = unwritten ? EXIT.failed : code
} catch (error) {
  process.exitCode = exitCodeFor(error)
}
