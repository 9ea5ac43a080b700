import { systemClock } from '../clock.ts'
import { loadConfig } from '../config/load.ts'
import { type BackupProgress, backUp } from '../store/backup.ts'
import { createProgress } from './progress.ts'

type Options = { readonly force: boolean; readonly json: boolean; readonly signal: AbortSignal }

/** `postdesk backup FILE`: a copy of the database while the service works on it, looked through before it has its name. */
export async function backupCommand(
  configPath: string,
  file: string,
  { force, json, signal }: Options,
): Promise<number> {
  const { config } = loadConfig(configPath, process.env, { secrets: false })
  const now = systemClock()
  const { bytes, rows, older } = await withBar(onProgress =>
    backUp(config.storage.path, file, { now, force, signal, onProgress }),
  )
  process.stdout.write(
    json
      ? `${JSON.stringify({ database: config.storage.path, file, madeAt: now, bytes, rows })}\n`
      : `${file}: sound, ${megabytes(bytes)} MB${older ? '' : `, ${rows['tickets']} tickets, ${rows['raw_mails']} mails`}. It holds every mail and the key of our Message-IDs: keep it as safe as the mailboxes.\n`,
  )
  return 0
}

/** A bar for a person at a terminal; a backup that runs by night tells only how it ended. */
export function withBar<T>(work: (onProgress: BackupProgress) => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work(() => undefined)
  const bar = createProgress(process.stderr)
  const show: BackupProgress = (step, done, total) =>
    bar.show(Math.round(done / 1e6), Math.round(total / 1e6), step === 'copying' ? 'MB' : 'looking through it')
  return work(show).finally(() => bar.end())
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1)
}
