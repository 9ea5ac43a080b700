/*
 * The service inside the test process: the same App, without the second that a process takes to start.
 */
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { instantOf } from '../../src/instant.ts'
import { createLog } from '../../src/log.ts'
import { READER_PROGRAM } from './reader.ts'
import { adminKey, type ServiceApi, serviceApi } from './service.ts'
import { type DeskSetup, writeSetup } from './setup.ts'
import { brokenInvariants } from './store.ts'
import { tempDir } from './temp-dir.ts'

export interface AppService extends ServiceApi, AsyncDisposable {
  /** How far its clock is ahead of the machine's (ms). */
  aheadMs: number
}

/** Configures and starts it. Disposing of it stops it and checks what must always be true. */
export async function startAppService(setup: DeskSetup): Promise<AppService> {
  const folder = await tempDir('app')
  try {
    const { configPath, databasePath, env } = await writeSetup(setup, folder.path)
    const key = await adminKey(databasePath)
    const { config, secrets, policy } = loadConfig(configPath, env)
    const clock = () => instantOf(Date.now() + service.aheadMs)
    const log = createLog('silent')
    const service: Omit<AppService, keyof ServiceApi> = {
      aheadMs: 0,
      async [Symbol.asyncDispose]() {
        await using _folder = folder
        await app[Symbol.asyncDispose]()
        const broken = brokenInvariants(databasePath)
        if (broken.length > 0) throw new Error(`the database breaks its rules: ${JSON.stringify(broken)}`)
      },
    }
    const app = await startApp({ readerProgram: READER_PROGRAM, config, secrets, policy, log, clock })
    return Object.assign(
      service,
      serviceApi(() => app.url, key, databasePath),
    )
  } catch (error) {
    await folder[Symbol.asyncDispose]()
    throw error
  }
}
