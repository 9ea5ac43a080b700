import { DeskError } from '../errors.ts'
import { Type } from '../json-schema.ts'
import type { RawMailStatus } from '../store/raw-mails.ts'
import type { Reads } from '../store/store.ts'
import { BINARY, sendDownload } from './download.ts'
import type { Routes } from './options.ts'
import { problems, problemsOfWriting } from './problem.ts'
import {
  ById,
  idBefore,
  instant,
  number,
  object,
  oneOf,
  orNull,
  PAGE_SIZE,
  PAGING,
  page,
  pageOf,
  ref,
  text,
} from './shapes.ts'

const OUTCOMES = ['open', 'append', 'report', 'automatic', 'duplicate', 'blocked', 'skip', 'quarantine'] as const

const outcome = oneOf(
  OUTCOMES,
  'What became of it: it opened a ticket, was added to one, reported on a mail of ours, was an automatic mail that belongs nowhere, a second copy, blocked as spam or by its sender, skipped, or could not be read.',
)

const MailShape = object(
  {
    id: number('Its number in the ledger.'),
    mailbox: text('The mailbox.'),
    folder: text('The folder on the server.'),
    uidValidity: text('With the UID it names the mail on the server (RFC 3501 §2.3.1.1).'),
    uid: number('Its UID in the folder.'),
    receivedAt: instant('When the server received it.'),
    storedAt: instant('When we read it.'),
    size: number('Bytes that were fetched.'),
    fullSize: orNull.number('Bytes of the whole mail as the server tells, when it was too large to be fetched whole.'),
    sha256: text('Hexadecimal, of the bytes fetched.'),
    outcome,
    reason: orNull.text('Why.'),
    ticket: orNull.number('The ticket it belongs to.'),
  },
  { $id: 'Mail', description: 'A mail that was read from a server, and what became of it.' },
)

const Settled = object(
  { outcome, reason: orNull.text('Why.'), ticket: orNull.number('The ticket it belongs to now.') },
  { description: 'What became of it this time.' },
)

const mailbox = Type.Optional(Type.String({ minLength: 1, maxLength: 320, description: 'Of this mailbox.' }))
const ListQuery = object({ ...PAGING, mailbox, outcome: Type.Optional(outcome) })
const QuarantineQuery = object({ ...PAGING, mailbox })

export const MAIL_SHAPES = [MailShape]

/** The ledger of all mail that was ever read, and the quarantine. */
export const mailRoutes: Routes = async (app, { store, replay, release, log }) => {
  app.get(
    '/mails',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['mails'],
        operationId: 'listMails',
        summary: 'Every mail that was read, and what became of it',
        querystring: ListQuery,
        response: { 200: page(ref(MailShape), 'Newest first.'), ...problems() },
      },
    },
    async ({ query: { cursor, limit = PAGE_SIZE, ...filter } }) =>
      mailPage(await store.read.rawMails({ ...filter, ...idBefore(cursor), limit: limit + 1 }), limit),
  )

  app.get(
    '/mails/:id',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['mails'],
        operationId: 'getMail',
        summary: 'A mail, and what became of it',
        params: ById,
        response: { 200: ref(MailShape), ...problems(404) },
      },
    },
    ({ params: { id } }) => mailOf(store.read, id),
  )

  app.get(
    '/mails/:id/raw',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['mails'],
        operationId: 'downloadMail',
        summary: 'The mail itself, byte for byte as the server gave it',
        params: ById,
        response: { 200: BINARY('message/rfc822', 'The mail.'), ...problems(404) },
      },
    },
    async ({ params: { id } }, reply) => {
      const bytes = await store.read.rawBytes(id)
      if (!bytes) throw noMail(id)
      return sendDownload(reply, bytes, `mail-${id}.eml`, 'message/rfc822')
    },
  )

  app.post(
    '/mails/:id/release',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['mails'],
        operationId: 'releaseMail',
        summary: 'Take in a mail that was blocked',
        description: 'It becomes what it would have been, mostly a ticket, acknowledged if it is not too old for that.',
        params: ById,
        response: { 200: Settled, ...problemsOfWriting(404, 409) },
      },
    },
    async ({ params: { id } }) => {
      const settled = await release(id)
      log.info({ rawMail: id, decision: settled.outcome, ticket: settled.ticket }, 'mail released')
      return settled
    },
  )

  app.get(
    '/quarantine',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['mails'],
        operationId: 'listQuarantine',
        summary: 'Mails that could not be read, and why',
        querystring: QuarantineQuery,
        response: { 200: page(ref(MailShape), 'Newest first.'), ...problems() },
      },
    },
    async ({ query: { cursor, limit = PAGE_SIZE, ...filter } }) =>
      mailPage(
        await store.read.rawMails({ ...filter, ...idBefore(cursor), outcome: 'quarantine', limit: limit + 1 }),
        limit,
      ),
  )

  app.post(
    '/quarantine/:id/replay',
    {
      config: { role: 'admin' },
      schema: {
        tags: ['mails'],
        operationId: 'replayMail',
        summary: 'Try a mail of the quarantine again',
        description: 'It stays in quarantine, with the reason, when it still cannot be read.',
        params: ById,
        response: { 200: Settled, ...problemsOfWriting(404, 409) },
      },
    },
    async ({ params: { id } }) => {
      const settled = await replay(id)
      log.info({ rawMail: id, decision: settled.outcome, ticket: settled.ticket }, 'mail replayed')
      return settled
    },
  )
}

function mailPage(rows: readonly RawMailStatus[], limit: number) {
  return pageOf(rows, limit, mail => [mail.id])
}

async function mailOf(reads: Reads, id: number): Promise<RawMailStatus> {
  const mail = await reads.rawMail(id)
  if (!mail) throw noMail(id)
  return mail
}

function noMail(id: number): DeskError {
  return new DeskError('not_found', `there is no mail ${id}`)
}
