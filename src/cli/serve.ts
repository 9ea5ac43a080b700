import { once } from 'node:events'
import { startApp } from '../app.ts'
import { loadConfig } from '../config/load.ts'
import { createLog } from '../log.ts'

/** Runs the service until the signal aborts. Throws DeskError when it cannot start; gives the exit code. */
export async function serve(configPath: string, signal: AbortSignal): Promise<number> {
  const { config, secrets, policy, warnings } = loadConfig(configPath, process.env)
  const log = createLog(config.log.level)
  for (const warning of warnings) log.warn(warning)
  await using app = await startApp({ config, secrets, policy, log })
  if (!signal.aborted) await once(signal, 'abort')
  log.info({ url: app.url }, 'postdesk stops: what is in hand is finished first')
  return 0
}
