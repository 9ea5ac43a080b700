/*
 * A token endpoint (RFC 6749) in this process, with the introspection that Dovecot asks (RFC 7662): hands out tokens that
 * end and can be revoked, and fails as it is told.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { listening, portOf } from './ports.ts'

/**
 * What the next request meets: an answer (`body` an object: as JSON), late if `delayMs` says so, `hang`: none ever · `drop`: the connection ends ·
 * `endless`: an answer without an end.
 */
export type TokenAnswer =
  | {
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: unknown
      readonly delayMs?: number
    }
  | 'hang'
  | 'drop'
  | 'endless'

export type TokenRequest = {
  readonly method: string
  readonly authorization: string | null
  readonly form: Readonly<Record<string, string>>
}

export interface TokenEndpoint extends AsyncDisposable {
  readonly url: string
  /** For Dovecot, with the token as Bearer. */
  readonly introspectionUrl: string
  readonly requests: readonly TokenRequest[]
  /** The tokens handed out, oldest first. */
  readonly tokens: readonly string[]
  /** The life of the tokens handed out from now on (s). */
  lifetime: number
  /** Is this token good now? */
  accepts(token: string): boolean
  /** From now on no token handed out so far is good. */
  revoke(): void
  /** The next requests meet these, one each; those after them get a token. */
  next(...answers: readonly TokenAnswer[]): void
}

/** `user` is whom all its tokens are for. */
export async function startTokenEndpoint({ user = 'it' } = {}): Promise<TokenEndpoint> {
  const requests: TokenRequest[] = []
  const script: TokenAnswer[] = []
  const ends = new Map<string, number>()
  const hanging = new Set<ServerResponse>()

  const accepts = (token: string) => (ends.get(token) ?? 0) > Date.now()
  const issue = () => {
    const token = `at-${randomBytes(45).toString('base64url')}`
    ends.set(token, Date.now() + endpoint.lifetime * 1000)
    return { access_token: token, token_type: 'Bearer', expires_in: endpoint.lifetime }
  }
  const say = (response: ServerResponse, { status = 200, headers = {}, body }: Exclude<TokenAnswer, string>) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body ?? issue()))
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const authorization = request.headers.authorization ?? null
    if (request.url === '/introspect') {
      const active = accepts(authorization?.replace(/^Bearer /, '') ?? '')
      say(response, { status: active ? 200 : 401, body: { active, username: user } })
      return
    }
    let text = ''
    for await (const chunk of request) text += chunk
    requests.push({ method: request.method ?? '', authorization, form: Object.fromEntries(new URLSearchParams(text)) })
    const next = script.shift() ?? {}
    if (next === 'drop') request.socket.destroy()
    else if (next === 'hang') hanging.add(response)
    else if (next === 'endless') pour(response)
    else {
      await sleep(next.delayMs ?? 0)
      say(response, next)
    }
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy())
  })
  await listening(server)
  const origin = `http://127.0.0.1:${portOf(server)}`
  const endpoint: TokenEndpoint = {
    url: `${origin}/token`,
    introspectionUrl: `${origin}/introspect`,
    requests,
    get tokens() {
      return [...ends.keys()]
    },
    lifetime: 3600,
    accepts,
    revoke: () => {
      for (const token of ends.keys()) ends.set(token, 0)
    },
    next: (...answers) => void script.push(...answers),
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return endpoint
}

function pour(response: ServerResponse): void {
  const more = () => {
    if (!response.destroyed && response.write('x'.repeat(16_384))) setImmediate(more)
  }
  response.on('drain', more)
  more()
}
