import { type Instant, MINUTE, msBetween } from '../instant.ts'
import type { FolderStatus } from '../store/mailboxes.ts'
import type { ApiOptions, Routes, Watched } from './options.ts'
import { list, object, oneOf, text } from './shapes.ts'

/** A mail that waits longer says that its SMTP server is in trouble. */
const QUEUED_FOR_MS = 15 * MINUTE
const FAILING_FOR_MS = 5 * MINUTE
/** A connection that waits for news (IDLE) reads at least every 25 minutes; a quiet mailbox is no sick one. */
const QUIET_FOR_MS = 30 * MINUTE

const Alive = object({ status: oneOf(['alive'], 'The process answers.') }, { description: 'It is.' })
const Ready = object({ status: oneOf(['ready'], 'Everything works.') }, { description: 'It does.' })
const NotReady = object(
  { status: oneOf(['not-ready'], 'Something does not work.'), reasons: list(text('A reason.'), 'Why.') },
  { description: 'It does not.' },
)

/** For load balancers and service managers, without a key: so nothing of it tells more than the names of mailboxes. */
export const healthRoutes: Routes = async (app, options) => {
  app.get(
    '/healthz',
    {
      schema: {
        tags: ['health'],
        operationId: 'alive',
        summary: 'Is the process alive?',
        security: [],
        response: { 200: Alive },
      },
    },
    async () => ({ status: 'alive' as const }),
  )

  app.get(
    '/readyz',
    {
      schema: {
        tags: ['health'],
        operationId: 'ready',
        summary: 'Does everything work: the database, reading, sending?',
        security: [],
        response: { 200: Ready, 503: NotReady },
      },
    },
    async (_request, reply) => {
      const reasons = await reasonsAgainst(options)
      if (reasons.length === 0) return { status: 'ready' as const }
      reply.code(503)
      return { status: 'not-ready' as const, reasons }
    },
  )
}

async function reasonsAgainst({ store, policy, folders, clock, log }: ApiOptions): Promise<string[]> {
  const now = clock()
  try {
    const known = await store.read.folders()
    const troubles = folders.flatMap(watched => {
      const status = known.find(one => one.mailbox === watched.mailbox && one.folder === watched.folder)
      const trouble = folderTrouble(watched, status ?? null, now)
      return trouble === null ? [] : [`mailbox ${watched.mailbox}: ${trouble}`]
    })
    // For a mailbox that is not configured any more nobody sends: an alarm tells of that, and no restart would help.
    const late = (await store.read.queueDepths()).filter(
      ({ mailbox, oldestAt }) => policy.mailboxes.has(mailbox) && msBetween(oldestAt, now) > QUEUED_FOR_MS,
    )
    const waiting = late.map(({ mailbox, oldestAt }) => `mailbox ${mailbox}: a mail has been waiting since ${oldestAt}`)
    return [...new Set([...troubles, ...waiting])]
  } catch (err) {
    log.error({ err }, 'the database does not answer')
    return ['the database does not answer']
  }
}

/** Why a folder is not read as it should be; null when it is. */
export function folderTrouble({ pollEveryMs }: Watched, status: FolderStatus | null, now: Instant): string | null {
  const { checkedAt = null, failingSince = null } = status ?? {}
  if (checkedAt === null)
    return failingSince === null ? 'has not been read yet' : `cannot be read since ${failingSince}`
  if (failingSince !== null && msBetween(failingSince, now) > Math.max(5 * pollEveryMs, FAILING_FOR_MS)) {
    return `cannot be read since ${failingSince}`
  }
  return msBetween(checkedAt, now) > Math.max(5 * pollEveryMs, QUIET_FOR_MS)
    ? `has not been read since ${checkedAt}`
    : null
}
