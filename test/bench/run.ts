/*
 * `npm run bench`: how many mails a second the built program takes from a full Dovecot INBOX to acknowledgements accepted over
 * SMTP, beside bare mailparser over the same mails in the same run. README.md tells what each figure means.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { dovecotAvailable } from '../support/dovecot.ts'
import { tempDir } from '../support/temp-dir.ts'
import type { BareFigures } from './bare.ts'
import { corpus } from './corpus.ts'
import { startMailboxes } from './mailbox.ts'
import { type Expected, type RoundFigures, runRound } from './round.ts'
import { startSink } from './sink.ts'
import { type Figures, table } from './table.ts'

const USAGE = `npm run bench -- [--mails N] [--pairs N] [--seed N] [--json] [--node ARGUMENT]...
  --mails   how many mails lie in the INBOX (2000)
  --pairs   how often both are timed, in turns (5); 0 only counts
  --node    an argument for the node of the service: --node=--cpu-prof
`

const { values } = parseArgs({
  options: {
    mails: { type: 'string', default: '2000' },
    pairs: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    node: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
})

async function bench(): Promise<number> {
  const [mails, pairs, seed] = [Number(values.mails), Number(values.pairs), Number(values.seed)]
  if (values.help || !(mails >= 50) || !(pairs >= 0) || !Number.isInteger(seed)) {
    process.stdout.write(USAGE)
    return values.help ? 0 : 64
  }
  if (!dovecotAvailable()) {
    process.stderr.write('The benchmark needs Dovecot 2.3: apt-get install dovecot-imapd\n')
    return 69
  }
  await using folder = await tempDir('bench')
  const mailFolder = join(folder.path, 'mails')
  mkdirSync(mailFolder)
  say(`making ${mails} mails`)
  const { expected, bytes } = await writeCorpus(mailFolder, mails, seed)
  const users = Array.from({ length: pairs + 1 }, (_, round) => `round${round}`)
  await using mailboxes = await startMailboxes(users)
  using sink = await startSink()
  for (const user of users) mailboxes.fill(user, mailFolder)

  const round = (user: string, countCommits: boolean) =>
    runRound({ mailboxes, sink, user, expected, countCommits, nodeArguments: values.node })
  say('counting commits and commands')
  const counted = await round('round0', true)
  const timed: Figures['pairs'][number][] = []
  for (const [at, user] of users.slice(1).entries()) {
    say(`pair ${at + 1} of ${pairs}`)
    timed.push({ bare: await runBare(mailFolder), service: await round(user, false) })
  }
  const figures: Figures = { mails, bytes, seed, counted, pairs: timed }
  process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : table(figures))
  return [counted, ...timed.map(({ service }) => service)].some((one: RoundFigures) => one.faults.length > 0) ? 1 : 0
}

async function writeCorpus(
  folder: string,
  mails: number,
  seed: number,
): Promise<{ expected: Expected; bytes: number }> {
  const answered = new Map<string, string>()
  let attachments = 0
  let written = 0
  let bytes = 0
  for await (const mail of corpus({ mails, seed, to: 'it@example.org', date: new Date() })) {
    writeFileSync(join(folder, `${String(written++).padStart(6, '0')}.eml`), mail.bytes)
    if (mail.answers === null) answered.set(mail.messageId, mail.from)
    attachments += mail.attachments
    bytes += mail.bytes.length
  }
  return { expected: { mails, attachments, answered }, bytes }
}

async function runBare(folder: string): Promise<BareFigures> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    join(import.meta.dirname, 'bare.ts'),
    folder,
  ])
  return JSON.parse(stdout) as BareFigures
}

function say(text: string): void {
  process.stderr.write(`${text} …\n`)
}

process.exitCode = await bench()
