import { loadConfig } from '../config/load.ts'
import { openStore } from '../store/store.ts'

/** Brings the database of the configuration to the newest schema. */
export async function migrateCommand(configPath: string, json: boolean): Promise<number> {
  const { config } = loadConfig(configPath, process.env, { secrets: false })
  await using store = await openStore(config.storage.path)
  const { migrated } = store
  const words = migrated.length > 0 ? `ran ${migrated.join(', ')}` : 'nothing to do, the schema is the newest'
  process.stdout.write(
    json ? `${JSON.stringify({ database: config.storage.path, migrated })}\n` : `${config.storage.path}: ${words}\n`,
  )
  return 0
}
