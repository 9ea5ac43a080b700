import { watchedFolders } from '../app.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config/load.ts'
import { imapAccount } from '../config/secrets.ts'
import { errorText } from '../errors.ts'
import { createReader } from '../inbound/reader.ts'
import { type FolderReconciliation, reconcileWatched } from '../inbound/reconcile.ts'
import { instanceIds } from '../instance.ts'
import { createLog } from '../log.ts'
import { tokenSources } from '../oauth.ts'
import { openStore } from '../store/store.ts'

/**
 * `postdesk reconcile`: holds each watched folder against the ledger and takes in what is missing there. Safe while `serve`
 * runs. Exit code 1 when a folder could not be asked or a mail is still without an outcome.
 */
export async function reconcileCommand(configPath: string, json: boolean): Promise<number> {
  const { config, secrets, policy } = loadConfig(configPath, process.env)
  await using store = await openStore(config.storage.path)
  const log = createLog('error', process.stderr)
  await using reader = createReader({ policy, log })
  const intake = {
    store,
    reader,
    policy,
    ids: await instanceIds(store),
    clock: systemClock,
    log,
    onIngested: () => undefined,
  }
  const withTokens = tokenSources({ log, clock: systemClock })
  let good = true
  const sums: unknown[] = []
  for (const watched of watchedFolders(config, mailbox => withTokens(imapAccount(config, secrets, mailbox)))) {
    const { mailbox, folder } = watched
    try {
      for (const sum of await reconcileWatched(intake, watched)) {
        good &&= sum.repaired === sum.missing.length
        sums.push(sum)
        if (!json) process.stdout.write(`${words(sum)}\n`)
      }
    } catch (error) {
      good = false
      sums.push({ mailbox, folder, error: errorText(error) })
      if (!json) process.stdout.write(`✘ ${mailbox} ${folder}: ${errorText(error)}\n`)
    }
  }
  if (json) process.stdout.write(`${JSON.stringify({ ok: good, folders: sums })}\n`)
  return good ? 0 : 1
}

function words({
  mailbox,
  folder,
  onServer,
  accounted,
  leftOut,
  pending,
  missing,
  repaired,
  refused,
}: FolderReconciliation): string {
  const total = `${mailbox} ${folder}: ${onServer} on the server, ${onServer - missing.length + repaired} accounted for`
  const oldest = pending.map(({ receivedAt }) => receivedAt).sort()[0]
  const parts = [
    `${accounted} with an outcome`,
    ...(leftOut > 0 ? [`${leftOut} left out, from before the first day`] : []),
    ...(oldest ? [`${pending.length} about to be read, the oldest from ${oldest}`] : []),
    ...(missing.length > 0 ? [`${missing.length} were missing, ${repaired} of them taken in now`] : []),
    ...refused.map(({ uid, reason }) => `the server does not hand out the one with UID ${uid}: ${reason}`),
  ]
  return `${repaired === missing.length ? '✔' : '✘'} ${total} (${parts.join('; ')})`
}
