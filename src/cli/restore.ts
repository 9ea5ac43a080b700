import { systemClock } from '../clock.ts'
import { loadConfig } from '../config/load.ts'
import { restoreBackup } from '../store/backup.ts'
import { lockDatabase } from '../store/lock.ts'
import { withBar } from './backup.ts'
import { momentOf } from './moment.ts'

type Options = {
  readonly quietUntil: string | null
  readonly force: boolean
  readonly json: boolean
  readonly signal: AbortSignal
}

/** `postdesk restore FILE`: puts a backup in the place of the database, which no service may be working on. */
export async function restoreCommand(
  configPath: string,
  file: string,
  { quietUntil, force, json, signal }: Options,
): Promise<number> {
  const { path } = loadConfig(configPath, process.env, { secrets: false }).config.storage
  const now = systemClock()
  using _lock = lockDatabase(path, now)
  const until = quietUntil === null ? null : momentOf('--quiet-until', quietUntil)
  const { madeAt, aside } = await withBar(onProgress =>
    restoreBackup(file, path, { now, quietUntil: until, force, signal, onProgress }),
  )
  process.stdout.write(
    json
      ? `${JSON.stringify({ database: path, file, madeAt, aside, quietUntil: until })}\n`
      : `${path} is the backup of ${madeAt} again.${aside ? ` What stood there is in ${aside}.` : ''}
Start the service: it reads again what has arrived since ${madeAt}, and answers none of it that arrived before ${until ?? 'the start'}.
Look at /v1/outbox?state=failed for mails that waited in the backup, and at \`postdesk key list\` for keys that were revoked since.
`,
  )
  return 0
}
