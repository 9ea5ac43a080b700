// The directions of the house (src/README.md): which room may look into which, and one door for each outside library.
// Type-only imports count (tsPreCompilationDeps).
const plain = ['errors', 'instant']
const street = [...plain, 'log', 'loop', 'ids', 'oauth', 'oauth-advice', 'server-words']

const room = (name, may, extra = plain) => ({
  name: `${name}-imports`,
  severity: 'error',
  comment: `${name}/ may import ${may.join(', ') || 'no other room'}`,
  from: { path: `^src/${name}/` },
  to: { path: '^src/', pathNot: `^src/(${[name, ...may].map(r => `${r}/`).join('|')}|(${extra.join('|')})\\.ts$)` },
})

const door = (file, pkg) => ({
  name: `only ${file} knows ${pkg}`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${file}` },
  to: { path: `node_modules/${pkg}(/|$)` },
})

module.exports = {
  forbidden: [
    room('mail', []),
    room('desk', ['mail']),
    room('config', ['desk', 'mail'], [...plain, 'json-schema', 'oauth']),
    room('store', ['desk', 'mail']),
    room('inbound', ['store', 'desk', 'mail'], street),
    room('outbound', ['store', 'desk', 'mail'], street),
    room('api', ['store', 'desk', 'mail'], [...street, 'json-schema']),
    room('dispatch', ['store', 'desk', 'mail'], street),
    {
      name: 'nobody imports the roof',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main\\.ts|cli/|demo/)' },
      to: { path: '^src/(app|main)\\.ts$|^src/(cli|demo)/' },
    },
    {
      name: 'the core is pure',
      comment: 'mail/ and desk/ compute: no node: module and only packages that compute as well',
      severity: 'error',
      from: { path: '^src/(mail|desk)/' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg'],
        pathNot: 'node_modules/(temporal-polyfill|date-holidays|liquidjs|sanitize-html|htmlparser2)/',
      },
    },
    {
      name: 'the service knows no languages',
      comment:
        'the table of n-grams takes 15 MB: it belongs into the process that reads mails (inbound/reader-process.ts)',
      severity: 'error',
      from: { path: '^src/app\\.ts$' },
      to: { path: '^src/mail/language\\.ts$', reachable: true },
    },
    door('store/', 'kysely'),
    door('store/native\\.ts', 'better-sqlite3'),
    door('inbound/imap(?:-session)?\\.ts', 'imapflow'),
    door('inbound/(?:parse|part-tree)\\.ts', 'mailparser'),
    door('outbound/', 'nodemailer'),
    door('api/', 'fastify'),
    door('config/load\\.ts', 'yaml'),
    door('log\\.ts', 'pino'),
    door('desk/holidays\\.ts', 'date-holidays'),
    door('desk/template\\.ts', 'liquidjs'),
    door('mail/html\\.ts', 'sanitize-html'),
    door('mail/html', 'htmlparser2'),
    door('demo/', '(hoodiecrow-imap|smtp-server)'),
    { name: 'no circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no dev packages in src',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/demo/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
