import { createHash } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { newApiKey } from '../../src/api/auth.ts'
import { type ApiOptions, createApi } from '../../src/api/server.ts'
import type { PassedOn } from '../../src/desk/outgoing-mail.ts'
import type { Policy } from '../../src/desk/policy.ts'
import { createIds } from '../../src/ids.ts'
import { type Ingested, ingest, release, replay } from '../../src/inbound/ingest.ts'
import { type Instant, plus } from '../../src/instant.ts'
import type { Role } from '../../src/store/api-keys.ts'
import { keptLog } from './log.ts'
import { mail, type TestMail } from './mail.ts'
import { policy } from './policy.ts'
import { readHere } from './reader.ts'
import { openTestStore, type TestStore } from './store.ts'

export const NOW = '2026-11-23T09:00:00.000Z'

/** What came back; `body` is the JSON, or the text where it is none. */
export type Answer = {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: what came over HTTP is looked at by expectations
  readonly body: any
  readonly headers: Readonly<Record<string, unknown>>
  readonly bytes: Buffer
}

export type Caller = {
  readonly key: string
  request(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  get(url: string, headers?: Record<string, string>): Promise<Answer>
  post(url: string, body?: unknown): Promise<Answer>
  patch(url: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
}

export type TestApi = AsyncDisposable & {
  readonly app: Awaited<ReturnType<typeof createApi>>
  readonly store: TestStore
  readonly policy: Policy
  /** The time of day of the whole service. */
  now: Instant
  passes(ms: number): void
  /** How often the sender was woken. */
  readonly woken: () => number
  readonly lines: () => Record<string, unknown>[]
  readonly nobody: Caller
  readonly monitor: Caller
  readonly reader: Caller
  readonly agent: Caller
  readonly admin: Caller
  keyFor(role: Role, name: string): Promise<Caller>
  /** A mail that arrives in it@, as the poller would hand it over. */
  arrives(source: TestMail | Buffer): Promise<Ingested>
}

/** The API over a database file (`file`: one that is there already), with the real intake behind it and a key of each role. */
export async function openTestApi(
  different: Partial<Policy> = {},
  options: Partial<ApiOptions> = {},
  file?: string,
): Promise<TestApi> {
  const store = await openTestStore(file)
  const { log, lines } = keptLog()
  const rules = policy(different)
  const ids = createIds(Buffer.alloc(32, 7))
  let now: Instant = NOW
  let woken = 0
  let uid = 0
  const clock = () => now
  const onQueued = () => {
    woken++
  }
  const reader = readHere(rules)
  const intake = { policy: rules, reader, ids, store, clock, log, onIngested: () => {} }
  const app = await createApi({
    ...{ store, policy: rules, ids, clock, log, trustProxy: [], onQueued },
    folders: [{ mailbox: 'it', folder: 'INBOX', pollEveryMs: 60_000 }],
    replay: rawMail => replay(intake, rawMail),
    release: rawMail => release(intake, rawMail),
    reconcile: async mailbox => [
      {
        mailbox,
        folder: 'INBOX',
        onServer: 0,
        accounted: 0,
        leftOut: 0,
        pending: [],
        missing: [],
        repaired: 0,
        refused: [],
      },
    ],
    openAttachment: async ({ rawMail, part }: PassedOn) => {
      const bytes = await store.read.rawBytes(rawMail)
      return bytes && reader.attachment(bytes, part)
    },
    ...options,
  })

  const caller = (key: string): Caller => {
    const request: Caller['request'] = async (method, url, body, headers = {}) => {
      const response = await app.inject({
        ...{ method: method as NonNullable<InjectOptions['method']>, url },
        headers: { ...(key && { authorization: `Bearer ${key}` }), ...headers },
        ...(body !== undefined && { payload: body as NonNullable<InjectOptions['payload']> }),
      })
      const isJson = String(response.headers['content-type']).includes('json') && response.body !== ''
      return {
        status: response.statusCode,
        body: isJson ? response.json() : response.body,
        headers: response.headers,
        bytes: response.rawPayload,
      }
    }
    return {
      key,
      request,
      get: (url, headers) => request('GET', url, undefined, headers),
      post: (url, body) => request('POST', url, body),
      patch: (url, body, headers) => request('PATCH', url, body, headers),
    }
  }
  const keyFor = async (role: Role, name: string) => {
    const { key, hash } = newApiKey()
    await store.write(tx => tx.createApiKey({ name, role, hash }, now))
    return caller(key)
  }

  return {
    ...{ app, store, policy: rules, lines, keyFor },
    woken: () => woken,
    nobody: caller(''),
    monitor: await keyFor('monitor', 'prometheus'),
    reader: await keyFor('reader', 'wallboard'),
    agent: await keyFor('agent', 'crm'),
    admin: await keyFor('admin', 'boss'),
    get now() {
      return now
    },
    set now(instant) {
      now = instant
    },
    passes(ms) {
      now = plus(now, ms)
    },
    async arrives(source) {
      uid++
      const bytes = Buffer.isBuffer(source)
        ? source
        : mail({ from: 'Jane Doe <jane@example.org>', to: 'it@example.org', date: new Date(now), ...source })
      const arrival = { mailbox: 'it', folder: 'INBOX', uidValidity: '7', uid, receivedAt: now, bytes }
      const [ingested] = await ingest(intake, [arrival], tx =>
        tx.setCursor(arrival.mailbox, arrival.folder, { uidValidity: '7', lastUid: uid, readSince: null, sinceUid: 0 }),
      )
      if (!ingested) throw new Error('the mail was not taken in')
      return ingested
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      await store[Symbol.asyncDispose]()
    },
  }
}

/** Tells whether an answer is a problem as RFC 9457 has it, and gives its words. */
export function problemOf({ status, body, headers }: Answer): {
  status: number
  detail: string
  errors?: { path: string; message: string }[]
} {
  const type = String(headers['content-type'])
  if (
    !type.startsWith('application/problem+json') ||
    body.status !== status ||
    body.type !== 'about:blank' ||
    !body.title
  ) {
    throw new Error(`not a problem: ${status} ${type} ${JSON.stringify(body)}`)
  }
  return { status, detail: body.detail, ...(body.errors && { errors: body.errors }) }
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
