import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as breathe } from 'node:timers/promises'
import { type Instant, msBetween } from '../instant.ts'
import { Type } from '../json-schema.ts'
import type { Position } from '../store/measures.ts'
import { OUTCOMES } from '../store/schema.ts'
import { requireKeys } from './auth.ts'
import { CONTENT_TYPE, Counter, exposition, type Family, Histogram } from './exposition.ts'
import type { ApiOptions, Routes } from './options.ts'
import { problems } from './problem.ts'
import { object } from './shapes.ts'

/*
 * Figures for Prometheus. What is counted is read out of the ledger and the histories, from where the last look ended; it
 * begins with 0 at every start, as counters do. All else is how it stands now.
 */

/** Seconds. The server's dates have whole seconds (RFC 3501 §2.3.3), so nothing below one can be told. */
const LAGS = [1, 2, 5, 10, 30, 60, 120, 300, 900, 3_600, 14_400, 86_400]

/** Rows looked at in one go, and in one request: a first look after a long time must hold up nobody. */
const STEP = 2_000
const MOST_STEPS = 50

/** For Prometheus, with a key: a `monitor` suffices, which sees no mail and no ticket. */
export const metricsRoutes: Routes = async (app, options) => {
  const figures = await openFigures(options)
  app.addHook('onClose', async () => figures.close())
  requireKeys(app, options)
  app.get(
    '/metrics',
    {
      config: { role: 'monitor' },
      schema: {
        tags: ['health'],
        operationId: 'metrics',
        summary: 'Figures for Prometheus, in its text format',
        querystring: object({}),
        response: {
          200: {
            description: 'Version 0.0.4 of the format.',
            content: { 'text/plain': { schema: Type.String({ description: 'A family of samples after the other.' }) } },
          },
          ...problems(),
        },
      },
    },
    async (_request, reply) => {
      reply.type(CONTENT_TYPE)
      return exposition(await figures.read())
    },
  )
}

async function openFigures(options: ApiOptions) {
  const { store, clock, policy } = options
  const mails = new Counter()
  const outgoing = new Counter()
  const toTicket = new Histogram(LAGS)
  const toAcknowledgement = new Histogram(LAGS)
  for (const mailbox of policy.mailboxes.keys()) {
    for (const outcome of OUTCOMES) mails.add({ mailbox, outcome }, 0)
    for (const kind of ['acknowledgement', 'answer', 'closing'])
      for (const outcome of ['sent', 'failed']) outgoing.add({ mailbox, kind, outcome }, 0)
    toTicket.of({ mailbox })
    toAcknowledgement.of({ mailbox })
  }
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  let position: Position = await store.read.position()
  let looking = Promise.resolve()

  /** One after the other: two requests at once must not count the same rows. */
  const look = (): Promise<void> => {
    looking = looking.catch(() => undefined).then(lookFurther)
    return looking
  }
  const lookFurther = async (): Promise<void> => {
    for (let step = 0; step < MOST_STEPS; step++) {
      const news = await store.read.newsSince(position, STEP)
      position = news.next
      for (const { mailbox, outcome } of news.mails) mails.add({ mailbox, outcome })
      for (const { kind, at, mailbox, openedAt, of } of news.events) {
        const lag = Math.max(0, msBetween(openedAt, at)) / 1_000
        if (kind === 'opened') toTicket.observe({ mailbox }, lag)
        else outgoing.add({ mailbox, kind: of ?? 'unknown', outcome: kind === 'reply-sent' ? 'sent' : 'failed' })
        if (kind === 'reply-sent' && of === 'acknowledgement') toAcknowledgement.observe({ mailbox }, lag)
      }
      if (!news.more) return
      await breathe()
    }
  }

  return {
    close: () => delay.disable(),
    async read(): Promise<Family[]> {
      await look()
      const now = clock()
      const counted: Family[] = [
        counter('postdesk_mails_total', 'Mails taken in since the start, by what became of them.', mails),
        counter(
          'postdesk_outgoing_mails_total',
          'Mails about tickets that left, or were given up, since the start.',
          outgoing,
        ),
        histogram('postdesk_arrival_to_ticket_seconds', 'From the arrival at the mail server to the ticket.', toTicket),
        histogram(
          'postdesk_arrival_to_acknowledgement_seconds',
          'From the arrival at the mail server to the acknowledgement that the SMTP server accepted.',
          toAcknowledgement,
        ),
      ]
      const families = [...counted, ...(await folderFigures(options, now)), ...(await queueFigures(options, now))]
      return [...families, ...(await surveyFigures(options)), ...delayFigures(delay), ...processFigures()]
    },
  }
}

async function folderFigures({ store, folders }: ApiOptions, now: Instant): Promise<Family[]> {
  const known = await store.read.folders()
  const watched = folders.map(({ mailbox, folder }) => ({
    labels: { mailbox, folder },
    status: known.find(one => one.mailbox === mailbox && one.folder === folder),
  }))
  const each = (value: (status: (typeof watched)[number]['status']) => number | null) =>
    watched.flatMap(({ labels, status }) => {
      const figure = value(status)
      return figure === null ? [] : [{ labels, value: figure }]
    })
  const refused = await store.read.refusedMails()
  const alarms = (await store.read.alarms()).filter(({ overAt }) => overAt === null)
  return [
    gauge(
      'postdesk_folder_up',
      '1 when the folder could be read the last time, 0 when not.',
      each(status => (status?.checkedAt && status.failingSince === null ? 1 : 0)),
    ),
    gauge(
      'postdesk_oldest_unprocessed_mail_seconds',
      'No mail of the folder has been waiting longer to be taken in: the time since it was last read to its end.',
      each(status => (status?.checkedAt ? age(status.checkedAt, now) : null)),
    ),
    gauge(
      'postdesk_folder_failing_seconds',
      'How long the folder has not been readable; 0 when it is.',
      each(status => (status?.failingSince ? age(status.failingSince, now) : 0)),
    ),
    gauge(
      'postdesk_refused_mails',
      'Mails that the server shows and does not hand out; they are tried again.',
      watched.map(({ labels }) => ({
        labels,
        value: refused.filter(one => one.mailbox === labels.mailbox && one.folder === labels.folder).length,
      })),
    ),
    gauge(
      'postdesk_alarm',
      '1 for each alarm that lasts.',
      alarms.map(({ cause, mailbox, folder }) => ({ labels: { cause, mailbox, folder }, value: 1 })),
    ),
  ]
}

async function surveyFigures({ store }: ApiOptions): Promise<Family[]> {
  const asked = await store.read.surveysAsked()
  const ratings = await store.read.ratings()
  const score = ({ mailbox, score, count }: (typeof ratings)[number]) => ({
    labels: { mailbox, score: String(score) },
    value: count,
  })
  return [
    gauge(
      'postdesk_surveys_asked',
      'Solved tickets whose requesters were asked how content they are.',
      asked.map(({ mailbox, count }) => ({ labels: { mailbox }, value: count })),
    ),
    // Whoever changes their mind takes an answer away from another score, so these are no counters.
    gauge('postdesk_survey_answers', 'What they said, from 1 (not at all) to 5 (very).', ratings.map(score)),
    gauge(
      'postdesk_survey_answered_ratio',
      'The share of those asked that said something.',
      asked.map(({ mailbox, count }) => ({
        labels: { mailbox },
        value: ratings.filter(one => one.mailbox === mailbox).reduce((sum, one) => sum + one.count, 0) / count,
      })),
    ),
  ]
}

async function queueFigures({ store, policy }: ApiOptions, now: Instant): Promise<Family[]> {
  const depths = await store.read.queueDepths()
  const names = new Set([...policy.mailboxes.keys(), ...depths.map(({ mailbox }) => mailbox)])
  const rows = [...names].map(mailbox => ({ labels: { mailbox }, depth: depths.find(one => one.mailbox === mailbox) }))
  const quarantine = await store.read.quarantine()
  return [
    gauge(
      'postdesk_outbox_queued',
      'Mails that wait to be sent.',
      rows.map(({ labels, depth }) => ({ labels, value: depth?.queued ?? 0 })),
    ),
    gauge(
      'postdesk_outbox_oldest_seconds',
      'How long the oldest of them has been waiting.',
      rows.map(({ labels, depth }) => ({ labels, value: depth ? age(depth.oldestAt, now) : 0 })),
    ),
    gauge('postdesk_outbox_failed', 'Mails given up, that wait for somebody to look at them.', [
      { value: await store.read.failedCount() },
    ]),
    gauge('postdesk_quarantined_mails', 'Mails that could not be read or recorded.', [{ value: quarantine.count }]),
    gauge('postdesk_quarantine_oldest_seconds', 'How long the oldest of them has been there.', [
      { value: quarantine.oldestAt ? age(quarantine.oldestAt, now) : 0 },
    ]),
  ]
}

/** Since the last look: a mean over the life of the process would hide every standstill. */
function delayFigures(delay: ReturnType<typeof monitorEventLoopDelay>): Family[] {
  const seconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9) : 0)
  const samples = [0.5, 0.9, 0.99].map(quantile => ({
    labels: { quantile: String(quantile) },
    value: seconds(delay.percentile(quantile * 100)),
  }))
  const max = seconds(delay.max)
  delay.reset()
  return [
    gauge('postdesk_event_loop_delay_seconds', 'How late timers of 10 ms come, since the last look.', samples),
    gauge('postdesk_event_loop_delay_max_seconds', 'The latest of them.', [{ value: max }]),
  ]
}

/** Under the names that every dashboard knows (prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics). */
function processFigures(): Family[] {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  const startedAt = (Date.now() - process.uptime() * 1_000) / 1_000
  return [
    {
      name: 'process_cpu_seconds_total',
      type: 'counter',
      help: 'Processor time used, of user and system.',
      samples: [{ value: (user + system) / 1e6 }],
    },
    gauge('process_resident_memory_bytes', 'Memory in use.', [{ value: rss }]),
    gauge('process_start_time_seconds', 'When the process was started, in seconds since 1970.', [
      { value: Math.round(startedAt) },
    ]),
    gauge('nodejs_heap_size_used_bytes', 'The part of it that JavaScript uses.', [{ value: heapUsed }]),
  ]
}

function age(since: Instant, now: Instant): number {
  return Math.max(0, msBetween(since, now)) / 1_000
}

function gauge(name: string, help: string, samples: Family['samples']): Family {
  return { name, type: 'gauge', help, samples }
}

function counter(name: string, help: string, counts: Counter): Family {
  return { name, type: 'counter', help, samples: counts.samples() }
}

function histogram(name: string, help: string, values: Histogram): Family {
  return { name, type: 'histogram', help, samples: values.samples() }
}
