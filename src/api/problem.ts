import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorObject } from 'ajv'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DeskError, type ErrorCode } from '../errors.ts'
import { type Static, Type } from '../json-schema.ts'
import { isStorageTrouble } from '../store/store.ts'

/*
 * What goes wrong leaves as application/problem+json (RFC 9457), whoever threw it: a route, a validator, Fastify itself.
 */

const STATUS: Readonly<Record<ErrorCode, number>> = {
  config: 500,
  invalid: 422,
  not_found: 404,
  conflict: 409,
  outdated: 412,
  unauthorized: 401,
  forbidden: 403,
  imap: 502,
  smtp: 502,
  store: 503,
  unparseable: 422,
}

export const Problem = Type.Object(
  {
    type: Type.String({
      description: 'Always `about:blank`: the status says what kind of problem it is (RFC 9457 §4.2.1).',
    }),
    title: Type.String({ description: 'The name of the status.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    detail: Type.String({ description: 'What went wrong here, and what to do.' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            path: Type.String({ description: 'Where: `body/priority`, `query/limit`.' }),
            message: Type.String({ description: 'What is wrong there.' }),
          },
          { additionalProperties: false },
        ),
        { description: 'Every fault of the request, when it did not have the shape it should.' },
      ),
    ),
  },
  { $id: 'Problem', additionalProperties: false, description: 'RFC 9457 problem details.' },
)
type Problem = Static<typeof Problem>
type Fault = { readonly path: string; readonly message: string }

/** The request has not the shape it should: 400, with all of its faults. */
export class InvalidRequest extends Error {
  readonly faults: readonly Fault[]
  constructor(faults: readonly Fault[]) {
    super(faults.map(({ path, message }) => `${path} ${message}`).join('; '))
    this.faults = faults
  }
}

// A body of a megabyte can hold a hundred thousand misspelt fields.
const FAULTS_SHOWN = 20

/** The faults that Ajv found (with `verbose`), in words for whoever wrote the request. */
export function invalidRequest(errors: readonly ErrorObject[], part: string): InvalidRequest {
  return new InvalidRequest(errors.slice(0, FAULTS_SHOWN).map(error => faultOf(error, part)))
}

function faultOf(
  { keyword, instancePath, params, parentSchema, message = 'is wrong' }: ErrorObject,
  part: string,
): Fault {
  const at = `${part === 'querystring' ? 'query' : part === 'params' ? 'path' : part}${instancePath}`
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys((parentSchema?.['properties'] as object | undefined) ?? {})
      const advice = known.length > 0 ? `known are ${known.join(', ')}` : 'none is known here'
      return {
        path: `${at}/${String(params['additionalProperty']).slice(0, 100)}`,
        message: `does not exist: ${advice}`,
      }
    }
    case 'required':
      return { path: `${at}/${params['missingProperty']}`, message: 'is missing' }
    case 'enum':
      return { path: at, message: `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}` }
    case 'pattern':
      return { path: at, message: parentSchema?.['description'] ? `must be: ${parentSchema['description']}` : message }
    default:
      return { path: at, message }
  }
}

/** Sets how errors and unknown routes are answered. */
export function answerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendProblem(reply, request, problemOf(error, request)))
  app.setNotFoundHandler((request, reply) => {
    const detail = `there is no ${request.method} ${request.url.split('?')[0]}: /docs shows what there is`
    return sendProblem(reply, request, problem(404, detail))
  })
}

/** The problem for anything thrown. What we did not throw on purpose is logged and nothing of it is shown. */
export function problemOf(error: unknown, request: FastifyRequest): Problem {
  const status = statusOf(error)
  if (status >= 500) {
    request.log.error({ err: error, method: request.method, route: request.routeOptions.url }, 'request failed')
    const again =
      status === 503 ? 'The database is busy or in trouble; try again later.' : 'Something went wrong on our side.'
    return problem(status, `${again} The log has it under request ${request.id}.`)
  }
  const detail = error instanceof Error ? error.message : String(error)
  return { ...problem(status, detail), ...(error instanceof InvalidRequest && { errors: [...error.faults] }) }
}

function statusOf(error: unknown): number {
  if (error instanceof InvalidRequest) return 400
  if (error instanceof DeskError) return STATUS[error.code]
  if (isStorageTrouble(error)) return 503
  const { statusCode = 500, code = '' } = (error ?? {}) as Partial<FastifyError>
  // ECONNRESET with a status: whoever asked went away in the midst of the body.
  const isFastifys = code.startsWith('FST_') || code === 'ECONNRESET' || error instanceof SyntaxError
  return isFastifys && statusCode >= 400 && statusCode < 500 ? statusCode : 500
}

// It repeats what the request named, and that can be a megabyte.
const LONGEST_DETAIL = 2_000

function problem(status: number, detail: string): Problem {
  const short = detail.length > LONGEST_DETAIL ? `${detail.slice(0, LONGEST_DETAIL)} …` : detail
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail: short }
}

/** Sent as text: a problem leaves even where the route has no schema for its status. */
export function sendProblem(reply: FastifyReply, request: FastifyRequest, problem: Problem): FastifyReply {
  if (problem.status === 503) reply.header('retry-after', '5')
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send(request.method === 'HEAD' ? '' : JSON.stringify(problem))
}

const UNREADABLE: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'the address and the headers are longer than 16 kB: shorten them'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not arrive within 30 seconds: send it again'],
}

/** Answers what Node could not read as a request. The connection is closed, for nobody knows where the next one would begin. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, detail] = UNREADABLE[error.code ?? ''] ?? [400, 'this is no HTTP request that can be read']
  const body = JSON.stringify(problem(status, detail))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request has not the shape it should; `errors` names each fault.',
  401: 'No key was sent, or it is unknown or revoked.',
  403: 'The role of the key does not suffice.',
  404: 'There is no such thing.',
  409: 'It is not in a state that allows this.',
  412: 'It has changed since: the revision is not the one of `If-Match`.',
  413: 'The body is larger than 1 MiB.',
  415: 'The body must be `application/json`.',
  422: 'Understood, but it names what does not exist or cannot be.',
  500: 'Our fault; the log says more.',
  502: 'A mail server could not be asked.',
  503: 'The database is busy or in trouble; try again later.',
}

/** The responses with which a route of `/v1` can fail: those that all have, and the given ones. Typed as nothing: no handler returns them. */
export function problems(...more: number[]): Record<never, never> {
  const statuses = [400, 401, 403, ...more, 500, 503]
  return Object.fromEntries(
    statuses.map(status => [
      status,
      { description: MEANINGS[status], content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } } },
    ]),
  )
}

/** The same for a route that writes: whatever is sent to it may be too long or of the wrong type, even where it takes nothing. */
export function problemsOfWriting(...more: number[]): Record<never, never> {
  return problems(...more, 413, 415)
}
