import type { FastifyReply, FastifyRequest } from 'fastify'
import { mailboxOf } from '../desk/policy.ts'
import { isOpenSurvey, type Survey } from '../desk/survey.ts'
import { surveyWords } from '../desk/survey-words.ts'
import { RATINGS, type Ticket } from '../desk/ticket.ts'
import { Type } from '../json-schema.ts'
import { foldAddress } from '../mail/address.ts'
import { ticketTag } from '../mail/subject.ts'
import { commentOf, readSurveyToken } from '../mail/survey.ts'
import { recordVote } from '../store/record-vote.ts'
import type { Reads } from '../store/store.ts'
import type { ApiOptions, Routes } from './options.ts'
import { object, text } from './shapes.ts'
import { askingPage, PAGE_POLICY, sayingPage } from './survey-page.ts'

/*
 * The page on which people say how content they are. Mail gateways open every link of a mail: GET shows, only POST writes. Who
 * has the address may answer; one that we did not make is answered as if there were nothing, as is one that is too old.
 */

const Token = object({ token: text('What stands in the link of the mail.') })
const Page = {
  description: 'A page for people.',
  content: { 'text/html': { schema: Type.String({ description: 'HTML.' }) } },
}

/** 1,000 characters of comment are at most 12,000 bytes of a form. */
const LARGEST_FORM = 16 * 1024

type Asked = { readonly survey: Survey; readonly ticket: Ticket }

export const surveyRoutes: Routes = async (app, options) => {
  const { store, clock } = options
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: LARGEST_FORM },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  )
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', PAGE_POLICY)
    reply.header('x-robots-tag', 'noindex, nofollow')
  })

  app.get(
    '/survey/:token',
    // No part of the API that the OpenAPI document describes.
    { schema: { hide: true, params: Token, response: { 200: Page, 404: Page } } },
    async (request, reply) => {
      const { token } = request.params
      const asked = await askedBy(store.read, options, token)
      if (!asked) return nothing(request, reply, options)
      return show(reply, options, asked, null)
    },
  )

  app.post(
    '/survey/:token',
    { schema: { hide: true, params: Token, response: { 200: Page, 400: Page, 404: Page } } },
    async (request, reply) => {
      const { params, body } = request
      const { token } = params
      const form = body instanceof URLSearchParams ? body : new URLSearchParams()
      const score = RATINGS.find(one => String(one) === form.get('score'))
      const comment = commentOf((form.get('comment') ?? '').replaceAll('\r\n', '\n'))
      const asked = await askedBy(store.read, options, token)
      if (!asked) return nothing(request, reply, options)
      const { words } = surveyWords(asked.ticket.language)
      if (score === undefined) return show(reply.code(400), options, asked, words.choose)
      const written = await store.write(async tx => {
        const current = await askedBy(tx, options, token)
        const actor = `person:${foldAddress(asked.ticket.requester?.address ?? '')}`
        return current && recordVote(tx, current.survey, { score, comment }, { by: 'page', actor }, clock())
      })
      if (!written) return nothing(request, reply, options)
      const said = asked.survey.anonymous ? words.thanks : `${words.thanks} ${words.again}`
      return say(reply, pageOf(options, asked.ticket), said)
    },
  )
}

/** The survey that an address names, when we made the address and the survey may be answered. */
async function askedBy(read: Reads, { ids, clock }: ApiOptions, given: string): Promise<Asked | null> {
  const token = readSurveyToken(given)
  if (!token || !ids.isSurveyToken(token)) return null
  const survey = await read.survey(token.ticket, token.solvedAt)
  if (!survey || !isOpenSurvey(survey, clock())) return null
  const ticket = await read.ticket(await read.survivorOf(survey.ticket))
  return ticket && { survey, ticket }
}

function show(reply: FastifyReply, options: ApiOptions, { survey, ticket }: Asked, note: string | null): string {
  reply.type('text/html; charset=utf-8')
  const answered = survey.answers > 0
  return askingPage({
    ...pageOf(options, ticket),
    ...{ tag: ticketTag(survey.ticket), anonymous: survey.anonymous, note },
    chosen: answered ? ticket.rating : null,
    // Whoever has the address may answer; what the requester wrote is theirs.
    comment: null,
  })
}

function say(reply: FastifyReply, page: ReturnType<typeof pageOf>, said: string): string {
  reply.type('text/html; charset=utf-8')
  return sayingPage(page, said)
}

/** Of what is over nobody may learn whose it was, nor its language: that of the browser is taken. */
function nothing({ headers }: FastifyRequest, reply: FastifyReply, options: ApiOptions): string {
  const page = { ...pageOf(options, null), ...surveyWords(...languagesOf(headers['accept-language'])) }
  return say(reply.code(404), page, page.words.over)
}

function pageOf({ policy }: ApiOptions, ticket: Ticket | null) {
  const name = ticket ? mailboxOf(policy, ticket).displayName : ''
  return { ...surveyWords(ticket?.language ?? 'en'), name: name === '' ? 'Postdesk' : name }
}

/** `fr-CH, de;q=0.7` → `fr`, `de`: what somebody reads, the dearest first (RFC 9110 §12.5.4). */
function languagesOf(header = ''): string[] {
  const ranges = header
    .slice(0, 200)
    .split(',')
    .map(range => /^\s*([a-z]{2,3})(?:-[\w-]*)?\s*(?:;\s*q=([\d.]+))?\s*$/i.exec(range))
    .flatMap(found => (found ? [{ language: found[1]?.toLowerCase() ?? '', weight: Number(found[2] ?? 1) }] : []))
  return ranges.toSorted((a, b) => b.weight - a.weight).map(({ language }) => language)
}
