import { newApiKey } from '../api/auth.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config/load.ts'
import { DeskError } from '../errors.ts'
import { ROLES, type Role } from '../store/api-keys.ts'
import { openStore, type Store } from '../store/store.ts'

const LONGEST_NAME = 100

/** Makes a key and shows it, this once: only its hash is kept. */
export async function createKey(configPath: string, name: string, role: string, json: boolean): Promise<number> {
  if (!isRole(role)) throw new DeskError('invalid', `there is no role ${role}: say admin, agent, reader or monitor`)
  // It stands in histories and lists, a line each.
  if (name.length > LONGEST_NAME || /\p{Cc}/u.test(name))
    throw new DeskError('invalid', `the name of a key is one line of at most ${LONGEST_NAME} characters`)
  const { config } = loadConfig(configPath, process.env, { secrets: false })
  await using store = await openStore(config.storage.path)
  const { key, hash } = newApiKey()
  const id = await store.write(tx => tx.createApiKey({ name, role, hash }, systemClock()))
  process.stdout.write(
    json
      ? `${JSON.stringify({ id, name, role, key })}\n`
      : `Key ${id} (${name}, ${role}). Keep it now, it is not shown again:\n\n  ${key}\n\n  curl -H "Authorization: Bearer ${key}" http://${config.http.host}:${config.http.port}/v1/tickets\n`,
  )
  return 0
}

export async function listKeys(configPath: string, json: boolean): Promise<number> {
  await using store = await storeOf(configPath)
  const keys = await store.read.apiKeys()
  if (json) process.stdout.write(`${JSON.stringify(keys)}\n`)
  else if (keys.length === 0) process.stdout.write('There is no key yet: postdesk key create NAME\n')
  else for (const key of keys) process.stdout.write(`${key.id}\t${key.name}\t${key.role}\t${stateOf(key)}\n`)
  return 0
}

/** Takes a key back; whoever uses it is refused from the next request on. */
export async function revokeKey(configPath: string, id: string, json: boolean): Promise<number> {
  await using store = await storeOf(configPath)
  const number = Number(id)
  // `1e0` would be a number too.
  const revoked = /^\d{1,15}$/.test(id) && (await store.write(tx => tx.revokeApiKey(number, systemClock())))
  if (!revoked) throw new DeskError('not_found', `there is no key ${id} in use: postdesk key list shows them`)
  process.stdout.write(json ? `${JSON.stringify({ id: number, revoked: true })}\n` : `Key ${id} is revoked.\n`)
  return 0
}

function isRole(role: string): role is Role {
  return ROLES.some(known => known === role)
}

function stateOf(key: { createdAt: string; lastUsedAt: string | null; revokedAt: string | null }): string {
  if (key.revokedAt) return `revoked ${key.revokedAt}`
  return key.lastUsedAt ? `last used ${key.lastUsedAt}` : `made ${key.createdAt}, never used`
}

async function storeOf(configPath: string): Promise<Store> {
  const { config } = loadConfig(configPath, process.env, { secrets: false })
  return openStore(config.storage.path)
}
