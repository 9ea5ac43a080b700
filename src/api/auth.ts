import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { DeskError } from '../errors.ts'
import { type Instant, MINUTE, msBetween } from '../instant.ts'
import type { Logger } from '../log.ts'
import { type ApiKey, ROLES, type Role } from '../store/api-keys.ts'
import type { Store } from '../store/store.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The least role that may use the route: admin may what agent may, agent what reader may. */
    role?: Role
  }
}

const KEY = /^pd_[A-Za-z0-9_-]{43}$/
/** Remembering the use of a key is a durable commit: too dear for every request. */
const TOUCH_EVERY_MS = MINUTE

/** A new key, to be shown once, and the hash to keep. 256 random bits need no salt and no slow hash. */
export function newApiKey(): { key: string; hash: string } {
  const key = `pd_${randomBytes(32).toString('base64url')}`
  return { key, hash: hashOf(key) }
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

type Keys = { readonly store: Store; readonly clock: () => Instant; readonly log: Logger }

/** Lets only requests with a key of sufficient role reach the routes of this scope; a route that names no role is refused at once. */
export function requireKeys(app: FastifyInstance, { store, clock, log }: Keys): void {
  const touched = new Map<number, Instant>()
  let touching: Promise<unknown> = Promise.resolve()

  // The answer does not wait for this, nor does it fail with it: a backup may hold the database for seconds.
  const touch = (key: ApiKey, now: Instant): void => {
    const last = touched.get(key.id) ?? key.lastUsedAt
    if (last !== null && msBetween(last, now) < TOUCH_EVERY_MS) return
    touched.set(key.id, now)
    touching = touching
      .then(() => store.write(tx => tx.touchApiKey(key.id, now)))
      .catch(err => log.warn({ err, key: key.name }, 'the use of a key could not be noted'))
  }

  app.decorateRequest('key', null)
  app.addHook('onRoute', route => {
    if (!route.config?.role) throw new Error(`${route.method} ${route.url} names no role`)
    // Shown in the OpenAPI document, which has no word of its own for it.
    if (route.schema) Object.assign(route.schema, { 'x-role': route.config.role })
  })
  app.addHook('onRequest', async (request, reply) => {
    const presented = bearerToken(request)
    const key = presented === null ? null : await keyFor(store, presented)
    if (!key) {
      // RFC 6750 §3: no error code when no key was sent at all.
      reply.header('www-authenticate', `Bearer realm="postdesk"${presented === null ? '' : ', error="invalid_token"'}`)
      const advice = 'send `Authorization: Bearer <key>`; `postdesk key create` makes one'
      throw new DeskError(
        'unauthorized',
        `${presented === null ? 'this needs a key' : 'the key is unknown or revoked'}: ${advice}`,
      )
    }
    const needed = request.routeOptions.config.role ?? 'admin'
    if (ROLES.indexOf(key.role) < ROLES.indexOf(needed)) {
      throw new DeskError('forbidden', `this needs the role ${needed}; the key "${key.name}" has the role ${key.role}`)
    }
    request.setDecorator('key', key)
    touch(key, clock())
  })
  app.addHook('onClose', () => touching.then(() => undefined))
}

/** How the history names whoever made this request. */
export function actorOf(request: FastifyRequest): string {
  return `key:${request.getDecorator<ApiKey>('key').name}`
}

function bearerToken(request: FastifyRequest): string | null {
  const [, token = ''] = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? []
  return request.headers.authorization === undefined ? null : token
}

async function keyFor(store: Store, presented: string): Promise<ApiKey | null> {
  if (!KEY.test(presented)) return null
  const hash = hashOf(presented)
  const key = await store.read.apiKeyByHash(hash)
  if (!key || key.revokedAt !== null) return null
  return timingSafeEqual(Buffer.from(hash), Buffer.from(key.hash)) ? key : null
}
