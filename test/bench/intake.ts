/*
 * `npm run bench:intake`: the goals for taking mail in, measured in one run beside bare mailparser over the same mails.
 * README.md tells what each figure means.
 */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { dovecotAvailable } from '../support/dovecot.ts'
import { tempDir } from '../support/temp-dir.ts'
import type { BareFigures } from './bare.ts'
import { corpus } from './corpus.ts'
import { measureLatencies } from './latency.ts'
import { startMailboxes } from './mailbox.ts'
import { askMeanwhile, compareIdle } from './questions.ts'
import { type Expected, type Place, type RoundFigures, runRound } from './round.ts'
import { exampleAgents } from './service.ts'
import { startSink } from './sink.ts'
import { multiply } from './stored.ts'
import { type Figures, table } from './table.ts'

const USAGE = `npm run bench:intake -- [--mails N] [--pairs N] [--seed N] [--long] [--json] [--node ARGUMENT]...
  --mails   how many mails lie in the INBOX (2000)
  --pairs   how often both are timed, in turns (5); 0 only counts
  --long    also 10,000 mails, ten of 40 MB, and 20,000 against 200,000 stored messages (a quarter of an hour, 7 GB of disk)
  --node    an argument for the node of the service: --node=--cpu-prof
`
const MANY_MAILS = 10_000
const LARGE_MAILS = 10
/** In a mail they are 40 MB: of three bytes base64 makes four, and lines. */
const LARGE_FILE = 29_200_000
const STORED = [20_000, 200_000] as const
const STORED_PAIRS = 3
const ONE_BY_ONE = 31

const { values } = parseArgs({
  options: {
    mails: { type: 'string', default: '2000' },
    pairs: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    long: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    node: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
})

type Corpus = { readonly folder: string; readonly expected: Expected; readonly bytes: number }

async function bench(): Promise<number> {
  const [mails, pairs, seed] = [Number(values.mails), Number(values.pairs), Number(values.seed)]
  if (values.help || !(mails >= 100) || !(pairs >= 0) || !Number.isInteger(seed)) {
    process.stdout.write(USAGE)
    return values.help ? 0 : 64
  }
  if (!dovecotAvailable()) {
    process.stderr.write('The benchmark needs Dovecot 2.3: apt-get install dovecot-imapd\n')
    return 69
  }
  await using folder = await tempDir('bench')
  const pairUsers = Array.from({ length: pairs }, (_, at) => `pair${at}`)
  const storedUsers = STORED.flatMap(stored => Array.from({ length: STORED_PAIRS }, (_, at) => `stored${stored}n${at}`))
  const users = [
    'counted',
    'asked',
    'single',
    ...pairUsers,
    ...(values.long ? ['first', 'many', 'large', ...storedUsers] : []),
  ]
  await using mailboxes = await startMailboxes(users)
  using sink = await startSink(exampleAgents())
  const place: Place = { mailboxes, sink, nodeArguments: values.node }

  say(`making ${mails} mails`)
  const main = await writeCorpus(join(folder.path, 'mails'), mails, seed)
  const rounds: RoundFigures[] = []
  const round = async (
    user: string,
    { folder, expected }: Corpus,
    more: Partial<Parameters<typeof runRound>[0]> = {},
  ) => {
    mailboxes.fill(user, folder)
    const figures = await runRound({ ...place, user, expected, ...more })
    rounds.push(figures)
    return figures
  }

  say('counting commits and commands')
  const counted = await round('counted', main, { countCommits: true })
  const timed: Figures['pairs'][number][] = []
  for (const [at, user] of pairUsers.entries()) {
    say(`pair ${at + 1} of ${pairs}`)
    timed.push({ bare: await runBare(main.folder), service: await round(user, main) })
  }
  say('asking the API meanwhile')
  let listMs: readonly number[] = []
  let idle = Number.NaN
  await round('asked', main, {
    questions: {
      async meanwhile(service, key, end) {
        listMs = await askMeanwhile(service, key, end)
      },
      async afterwards(service, key) {
        idle = await compareIdle(service, key)
      },
    },
  })
  say('one mail at a time')
  const singles: Buffer[] = []
  for await (const { bytes } of corpus({ mails: ONE_BY_ONE, seed, ...LETTERS })) singles.push(bytes)
  const latencies = await measureLatencies(place, 'single', singles)

  const figures: Figures = {
    ...{ mails, bytes: main.bytes, seed, counted, pairs: timed, listMs, idle, latencies },
    ...(values.long ? await long(folder.path, seed, round) : {}),
    faults: [...new Set(rounds.flatMap(({ faults }) => faults))],
  }
  process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : table(figures))
  return figures.faults.length > 0 ? 1 : 0
}

/** What takes long: more mails, and databases that are full already. */
async function long(
  folder: string,
  seed: number,
  round: (user: string, corpus: Corpus, more?: Partial<Parameters<typeof runRound>[0]>) => Promise<RoundFigures>,
): Promise<Pick<Figures, 'many' | 'large' | 'stored'>> {
  say(`${MANY_MAILS} mails`)
  const many = await round('many', await writeCorpus(join(folder, 'many'), MANY_MAILS, seed + 1))
  say(`${LARGE_MAILS} mails of 40 MB`)
  const large = await round('large', await writeCorpus(join(folder, 'large'), LARGE_MAILS, seed + 4, LARGE_FILE))
  const paths = STORED.map(stored => join(folder, `stored${stored}.sqlite`))
  const first = await writeCorpus(join(folder, 'first'), 1000, seed + 2)
  const next = await writeCorpus(join(folder, 'next'), 1000, seed + 3)
  const keepAs = join(folder, 'first.sqlite')
  await round('first', first, { keepAs })
  for (const [at, stored] of STORED.entries()) {
    say(`storing ${stored} messages`)
    copyFileSync(keepAs, paths[at] ?? '')
    multiply(paths[at] ?? '', stored)
  }
  const rates = STORED.map(messages => ({ messages, mailsASecond: [] as number[], startMs: [] as number[] }))
  for (let pair = 0; pair < STORED_PAIRS; pair++) {
    for (const [at, { messages, mailsASecond, startMs: starts }] of rates.entries()) {
      say(`pair ${pair + 1} of ${STORED_PAIRS} with ${messages} messages stored`)
      const { wallMs, startMs } = await round(`stored${messages}n${pair}`, next, {
        database: paths[at] ?? '',
        verify: false,
      })
      mailsASecond.push((next.expected.mails / wallMs) * 1000)
      starts.push(startMs)
    }
  }
  return { many, large, stored: rates }
}

const LETTERS = { to: 'it@example.org', date: new Date() }

async function writeCorpus(folder: string, mails: number, seed: number, fileBytes?: number): Promise<Corpus> {
  mkdirSync(folder)
  const answered = new Map<string, string>()
  let attachments = 0
  let written = 0
  let bytes = 0
  for await (const mail of corpus({ mails, seed, ...LETTERS, fileBytes })) {
    writeFileSync(join(folder, `${String(written++).padStart(6, '0')}.eml`), mail.bytes)
    if (mail.answers === null) answered.set(mail.messageId, mail.from)
    attachments += mail.attachments
    bytes += mail.bytes.length
  }
  return { folder, expected: { mails, attachments, answered }, bytes }
}

async function runBare(folder: string): Promise<BareFigures> {
  const args = ['--import', 'tsx', join(import.meta.dirname, 'bare.ts'), folder]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as BareFigures
}

function say(text: string): void {
  process.stderr.write(`${text} …\n`)
}

process.exitCode = await bench()
