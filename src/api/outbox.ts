import { DeskError } from '../errors.ts'
import { Type } from '../json-schema.ts'
import { actorOf } from './auth.ts'
import type { Routes } from './options.ts'
import { OutboxDetail, OutboxLine, outboxDetail, outboxLine } from './outbox-shapes.ts'
import { problems, problemsOfWriting } from './problem.ts'
import { ById, idBefore, object, oneOf, PAGE_SIZE, PAGING, page, pageOf, ref } from './shapes.ts'

const ListQuery = object({
  ...PAGING,
  state: Type.Optional(oneOf(['queued', 'sent', 'failed', 'withdrawn'], 'In this state.')),
  ticket: Type.Optional(
    Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'About this ticket.' }),
  ),
})

/** The mails that leave us. */
export const outboxRoutes: Routes = async (app, { store, clock, onQueued, log }) => {
  app.get(
    '/outbox',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['outbox'],
        operationId: 'listOutbox',
        summary: 'The mails that leave us, and how far each got',
        querystring: ListQuery,
        response: { 200: page(ref(OutboxLine), 'Newest first.'), ...problems() },
      },
    },
    async ({ query: { cursor, limit = PAGE_SIZE, ...filter } }) => {
      const rows = await store.read.outbox({ ...filter, ...idBefore(cursor), limit: limit + 1 })
      return pageOf(rows.map(outboxLine), limit, line => [line.id])
    },
  )

  app.get(
    '/outbox/:id',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['outbox'],
        operationId: 'getOutboxMail',
        summary: 'A mail that leaves us, as it is written',
        params: ById,
        response: { 200: ref(OutboxDetail), ...problems(404) },
      },
    },
    async ({ params: { id } }) => {
      const mail = await store.read.outboxMail(id)
      if (!mail) throw noMail(id)
      return outboxDetail(mail)
    },
  )

  app.post(
    '/outbox/:id/retry',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['outbox'],
        operationId: 'retryOutboxMail',
        summary: 'Send a mail again that failed or waits',
        description:
          'It is the very same mail, with the same Message-ID. Recipients who have got it do not get it again.',
        params: ById,
        response: { 200: ref(OutboxLine), ...problemsOfWriting(404, 409) },
      },
    },
    async request => {
      const { id } = request.params
      const mail = await store.write(async tx => {
        const queued = await tx.retryOutboxMail(id, clock())
        const now = await tx.outboxMail(id)
        if (!now) throw noMail(id)
        if (!queued) throw new DeskError('conflict', `mail ${id} was sent already, at ${now.sentAt}`)
        return now
      })
      log.info({ outbox: id, ticket: mail.ticket, actor: actorOf(request) }, 'mail put back to the front')
      onQueued()
      return outboxLine(mail)
    },
  )
}

function noMail(id: number): DeskError {
  return new DeskError('not_found', `there is no mail ${id} in the outbox`)
}
