import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

const DESCRIPTION = `Tickets out of mail: read them, change them, answer them, and see why each decision was taken.

Send a key with every request: \`Authorization: Bearer pd_…\` (\`postdesk key create\` makes one). A \`monitor\`
sees figures, a \`reader\` reads, an \`agent\` also changes and answers, an \`admin\` may everything; \`x-role\` is the least that an operation takes. Instants are ISO 8601 in UTC. Lists come in pages: send
\`nextCursor\` back as \`cursor\`. Errors are problem details (RFC 9457); a request with a field or parameter that does not
exist is refused.`

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 220 40"><text y="30" font-family="sans-serif" font-size="30" fill="#fff">Postdesk</text></svg>'

/** Collects the routes that are registered after it into an OpenAPI document. */
export async function collectOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Postdesk', version: '1', description: DESCRIPTION },
      tags: [
        { name: 'tickets', description: 'Requests of people, and what is said about them.' },
        { name: 'mails', description: 'All mail that was read, byte for byte, and the quarantine.' },
        { name: 'outbox', description: 'The mails that leave us.' },
        { name: 'mailboxes', description: 'The shared mailboxes, and how well they are read.' },
        { name: 'agents', description: 'The people who answer tickets.' },
        { name: 'health', description: 'For load balancers and service managers.' },
      ],
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'A key: `pd_…`.' } } },
      security: [{ key: [] }],
    },
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, at) => (typeof $id === 'string' ? $id : `schema-${at}`),
    },
  })
}

/** The document for machines and the page for people. The page brings all it needs with it. */
export async function serveDocs(app: FastifyInstance): Promise<void> {
  app.get('/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Postdesk API' },
    logo: { type: 'image/svg+xml', content: LOGO },
    uiConfig: { deepLinking: true, docExpansion: 'list', showExtensions: true },
    staticCSP: {
      'default-src': "'none'",
      'script-src': "'self'",
      // Swagger UI sets style attributes, and shows its icons as data.
      'style-src': "'self' 'unsafe-inline'",
      'img-src': "'self' data:",
      'connect-src': "'self'",
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
      'form-action': "'none'",
    },
  })
}
