import { systemClock } from '../clock.ts'
import { loadConfig } from '../config/load.ts'
import { DeskError } from '../errors.ts'
import { takeIn } from '../inbound/archive.ts'
import { type FoundMail, findMails } from '../inbound/mail-files.ts'
import { createReader } from '../inbound/reader.ts'
import { instanceIds } from '../instance.ts'
import { createLog } from '../log.ts'
import { openStore } from '../store/store.ts'
import { Sum } from './import-sum.ts'
import { createProgress, type Progress } from './progress.ts'

type Options = { readonly mailbox: string | null; readonly json: boolean; readonly signal: AbortSignal }

/**
 * `postdesk import`: takes in the mail in these files and folders, oldest first, and sends nothing. What an earlier import
 * took in is passed over. Gives 0 when every mail is accounted for, 1 when something could not be read (it is named) or the
 * signal aborted. Throws DeskError when the configuration or the database is in trouble.
 */
export async function importCommand(
  configPath: string,
  paths: readonly string[],
  { mailbox, json, signal }: Options,
): Promise<number> {
  const { config, policy } = loadConfig(configPath, process.env, { secrets: false })
  if (mailbox !== null && !policy.mailboxes.has(mailbox)) {
    const names = [...policy.mailboxes.keys()].join(', ')
    throw new DeskError('invalid', `there is no mailbox ${mailbox}: say one of ${names}`)
  }
  await using store = await openStore(config.storage.path)
  const log = createLog('error', process.stderr)
  await using reader = createReader({ policy, log })
  const intake = { store, reader, policy, ids: await instanceIds(store), clock: systemClock, log }
  const sum = new Sum()
  const progress = createProgress(process.stderr)
  try {
    const mails = await look(paths, sum, progress, signal)
    for await (const one of takeIn(intake, mails, mailbox, signal)) {
      sum.add(one)
      progress.show(sum.read, mails.length, `${sum.outcomes.open} new tickets, ${sum.outcomes.append} appended`)
    }
  } finally {
    progress.end()
  }
  const stopped = signal.aborted
  const hint = stopped ? 'Stopped before the end: the same command goes on from here.\n' : ''
  process.stdout.write(json ? `${JSON.stringify({ ...sum.json(), stopped })}\n` : sum.text() + hint)
  return sum.unreadable.count > 0 || stopped ? 1 : 0
}

/** Finds everything, and sorts it by arrival: replies that lie in one file and questions in another still meet in order. */
async function look(
  paths: readonly string[],
  sum: Sum,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly FoundMail[]> {
  const mails: FoundMail[] = []
  for await (const found of findMails(paths, systemClock())) {
    if (signal.aborted) return []
    if (found.kind === 'mail') mails.push(found.mail)
    else sum[found.kind].add(found.place, found.why)
    progress.show(mails.length, 0, 'mails found')
  }
  return mails.sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : a.receivedAt > b.receivedAt ? 1 : 0))
}
