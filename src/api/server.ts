import { Ajv } from 'ajv'
import { type FastifyInstance, type FastifyPluginAsync, fastify, LogController } from 'fastify'
import { AGENT_SHAPES, agentRoutes } from './agents.ts'
import { attachmentRoutes } from './attachments.ts'
import { requireKeys } from './auth.ts'
import { collectOpenApi, serveDocs } from './docs.ts'
import { healthRoutes } from './health.ts'
import { joiningRoutes } from './joining.ts'
import { MAILBOX_SHAPES, mailboxRoutes } from './mailboxes.ts'
import { MAIL_SHAPES, mailRoutes } from './mails.ts'
import { messageRoutes } from './messages.ts'
import { metricsRoutes } from './metrics.ts'
import type { ApiOptions } from './options.ts'
import { outboxRoutes } from './outbox.ts'
import { OUTBOX_SHAPES } from './outbox-shapes.ts'
import { answerProblems, invalidRequest, Problem, problemOf, refuseUnreadable, sendProblem } from './problem.ts'
import { Address, object } from './shapes.ts'
import { surveyRoutes } from './survey.ts'
import { TICKET_SHAPES } from './ticket-shapes.ts'
import { ticketRoutes } from './tickets.ts'

export type { ApiOptions } from './options.ts'

/** Builds the API; `listen` on it to serve, `close` to stop: requests in hand are finished first. */
export async function createApi(options: ApiOptions): Promise<FastifyInstance> {
  const { log, trustProxy } = options
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,
    bodyLimit: 1024 * 1024,
    // What is too long is no number and no name: that is said by the schemas (Node takes no header above 16 kB).
    routerOptions: { maxParamLength: 16 * 1024 },
    // Who sends a request byte by byte, or nothing at all, holds a connection no longer than this (ms).
    requestTimeout: 30_000,
    connectionTimeout: 120_000,
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, request, reply) => void sendProblem(reply, request, problemOf(error, request)),
    // Our own instance's logger and type provider are no part of the type that the routes ask for.
  }) as unknown as FastifyInstance

  validateStrictly(app)
  answerProblems(app)
  protect(app)
  logRequests(app)
  await collectOpenApi(app)
  for (const shape of [
    Problem,
    Address,
    ...OUTBOX_SHAPES,
    ...TICKET_SHAPES,
    ...MAIL_SHAPES,
    ...MAILBOX_SHAPES,
    ...AGENT_SHAPES,
  ]) {
    app.addSchema(shape)
  }

  await app.register(healthRoutes, options)
  await app.register(metricsRoutes, options)
  await app.register(surveyRoutes, options)
  await app.register(v1(options), { prefix: '/v1' })
  await serveDocs(app)
  await app.ready()
  return app
}

/** The table of contents of the API. */
const v1 = (options: ApiOptions): FastifyPluginAsync => {
  return async app => {
    requireKeys(app, options)
    refuseUnknownParameters(app)
    await app.register(ticketRoutes, options)
    await app.register(messageRoutes, options)
    await app.register(joiningRoutes, options)
    await app.register(mailRoutes, options)
    await app.register(attachmentRoutes, options)
    await app.register(outboxRoutes, options)
    await app.register(mailboxRoutes, options)
    await app.register(agentRoutes, options)
  }
}

/** Bodies are taken as they are written; path and query are text and become numbers and lists. What is misspelt is refused. */
function validateStrictly(app: FastifyInstance): void {
  const base = {
    allErrors: true,
    verbose: true,
    useDefaults: true,
    removeAdditional: false,
    allowUnionTypes: true,
  } as const
  const strict = new Ajv({ ...base, coerceTypes: false })
  // Seen: with strictNumbers a coerced `Infinity` skips `maximum`, and a page has no end.
  const lenient = new Ajv({ ...base, coerceTypes: 'array', strictNumbers: false })
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? strict : lenient).compile(schema as object))
  app.setSchemaErrorFormatter((errors, part) => invalidRequest(errors as Parameters<typeof invalidRequest>[0], part))
  // Fastify reads text/plain too; a JSON API that takes it can be written to by any web page's form.
  app.removeContentTypeParser('text/plain')
}

function refuseUnknownParameters(app: FastifyInstance): void {
  const none = object({})
  app.addHook('onRoute', route => {
    if (route.schema) route.schema.querystring ??= none
  })
}

function protect(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    reply.header('referrer-policy', 'no-referrer')
    if (request.url.startsWith('/docs')) return
    reply.header('cache-control', 'no-store')
    reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  })
}

/** One line a request. The route and not the address: what people search for stays out of the log, as do all headers. */
function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    request.log.debug(
      { method, route: routeOptions.url ?? null, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'request',
    )
  })
}
