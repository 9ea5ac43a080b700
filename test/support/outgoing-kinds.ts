/*
 * Every kind of mail that leaves us, made of given words.
 */
import fc from 'fast-check'
import { alarmMail, type Cause } from '../../src/desk/alarm.ts'
import { closingMail, solvingAnswer } from '../../src/desk/closing.ts'
import { digestMail } from '../../src/desk/digest.ts'
import { notificationMail } from '../../src/desk/notification.ts'
import { answerMail, type OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import type { MailboxPolicy } from '../../src/desk/policy.ts'
import { receiptMail } from '../../src/desk/receipt.ts'
import { acknowledgementMail } from '../../src/desk/reply.ts'
import type { Due } from '../../src/desk/service-level.ts'
import type { Ticket } from '../../src/desk/ticket.ts'
import { DAY, type Instant, plus } from '../../src/instant.ts'
import { safeFilename } from '../../src/mail/filename.ts'
import type { Address } from '../../src/mail/message.ts'
import { referencesFor } from '../../src/mail/message-id.ts'
import { hostileWords } from './hostile-words.ts'
import { policy } from './policy.ts'
import { ticket } from './ticket.ts'

export const NOW = '2026-11-23T09:00:05.000Z'
export const LANGUAGES = ['de', 'en', 'es', 'fr', 'nl', 'ro'] as const
const rules = policy()
const base = rules.mailboxes.get('it')
const calendar = rules.calendars.get('office')
const [ana] = rules.agents
if (!base || !calendar || !ana) throw new Error('the policy has changed')
const mailbox: MailboxPolicy = { ...base, subaddress: '+' }
const TOKEN = `1042.mi8x2k1c.${'a'.repeat(26)}`

const address = fc.constantFrom(
  ...[
    "o'neil+x@example.org",
    'Jane@Example.ORG',
    'jürgen@example.org',
    'jane@bücher.example',
    'j.d@xn--bcher-kva.example',
  ],
  ...[`${'l'.repeat(64)}@example.org`, `a@${'d'.repeat(60)}.${'d'.repeat(60)}.example`, '!#$%&*/=?^_`{|}~@example.org'],
)
const person: fc.Arbitrary<Address> = fc.record({ name: hostileWords.map(name => name.slice(0, 1000)), address })
const id = fc.oneof(
  fc.constantFrom(
    'first@jane.example',
    'a b@c',
    'ü@x',
    '中文',
    '\r\nBcc: x@y',
    '>',
    '<',
    'no-at',
    '=?utf-8?q?x?=@y',
    '"q q"@y',
  ),
  fc.nat({ max: 998 }).map(length => `${'i'.repeat(length)}@x`),
)
const ids = fc.array(id, { maxLength: 30 })

/** What a mail is made of; `repeat` and `anonymous` choose between its forms. */
export type Words = {
  readonly subject: string
  readonly text: string
  readonly cause: string
  readonly fix: string
  readonly other: string
  readonly requester: Address
  readonly from: Address
  readonly language: string
  readonly ids: readonly string[]
  readonly parent: string | null
  readonly filename: string | null
  readonly contentType: string
  readonly copies: readonly Address[]
  readonly repeat: boolean
  readonly anonymous: boolean
}

/** Hostile ones. */
export const words: fc.Arbitrary<Words> = fc.record({
  ...{ subject: hostileWords, text: hostileWords, cause: hostileWords, fix: hostileWords, other: hostileWords },
  ...{ requester: person, from: person, language: fc.constantFrom(...LANGUAGES), ids, parent: fc.option(id) },
  ...{
    filename: hostileWords.map(safeFilename),
    contentType: fc.constantFrom('text/plain', 'message/rfc822', 'multipart/mixed'),
  },
  ...{ copies: fc.array(person, { maxLength: 3 }), repeat: fc.boolean(), anonymous: fc.boolean() },
})
export const PLAIN: Words = {
  ...{ subject: 'Printer', text: 'It works.', cause: 'Worn out.', fix: 'A new one.', other: 'x', language: 'en' },
  ...{ requester: { name: 'Jane Doe', address: 'jane@example.org' }, from: { name: '', address: 'jane@example.org' } },
  ...{ ids: [], parent: null, filename: null, contentType: 'text/plain', copies: [], repeat: true, anonymous: false },
}

const ticketOf = ({ subject, requester, language, cause, fix }: Words, different: Partial<Ticket> = {}) =>
  ticket({ subject, requester, language, cause, fix, ...different })
const threaded = ({ ids, parent }: Words) => ({ inReplyTo: parent, references: referencesFor(parent, ids) })
const attached = ({ filename, contentType }: Words) => [{ rawMail: 1, part: 1, filename, contentType }]
const replyTo = `it+1042.${'m'.repeat(26)}@example.org`

export function acknowledgement(given: Words, now: Instant = NOW, due: Instant = plus(now, DAY)): OutgoingMail {
  const promised: Due = { at: due, targetMs: DAY, timeline: [] }
  return acknowledgementMail(rules, {
    ...{ id: 1042, messageId: 'pd.1042.aaaa.bbbb@example.org', replyTo, now },
    ticket: { ...ticketOf(given), status: 'open', due: { firstResponse: promised, resolution: promised } },
    reply: { send: 'acknowledgement', to: given.requester, repeatTheirWords: given.repeat },
    answers: { messageId: given.parent, references: given.ids },
  })
}

/** All kinds of mails that the desk writes, by name. */
export const KINDS: Readonly<Record<string, (words: Words) => OutgoingMail>> = {
  acknowledgement: given => acknowledgement(given),
  closing: given =>
    closingMail(policy({ survey: { ...rules.survey, anonymous: given.anonymous } }), {
      ticket: ticketOf(given, { status: 'solved', solvedAt: NOW }),
      ...{ mailbox, surveyToken: TOKEN, replyTo: given.anonymous ? null : replyTo, repeatTheirWords: given.repeat },
      ...{ messageId: 'pd.1042.aaaa.bbbb@example.org', ...threaded(given) },
    }),
  answer: given => {
    const receivers = { to: [given.requester], cc: given.copies, untold: given.copies }
    const after = ticketOf(given, { status: 'solved', solvedAt: NOW })
    const solving = solvingAnswer(rules, { before: ticketOf(given), after, mailbox, replyTo }, receivers, () => TOKEN)
    return answerMail({
      ...{ ticket: after, mailbox, agentName: given.other, receivers, replyTo, text: given.text },
      ...{ signature: given.fix, closing: solving?.words ?? null, messageId: 'pd.1042.a.b@example.org' },
      ...{ ...threaded(given), attachments: attached(given), pictures: [] },
    } as Parameters<typeof answerMail>[0])
  },
  notification: given =>
    notificationMail({
      happening: { notice: 'reply', ticket: ticketOf(given, { tags: [given.other] }), by: null },
      headline: given.repeat ? given.other : null,
      told: {
        ...given,
        attachments: attached(given),
        pictures: [],
        leftOut: 1,
        pending: given.anonymous,
        note: given.repeat,
      },
      ...{ agent: ana, mailbox, calendar, replyTo: `it+${TOKEN}@example.org`, messageId: 'pd.1042.a.b@example.org' },
      background: { earlier: [ticketOf(given)], alike: [ticketOf(given)], sortedBy: [given.other] },
      ...{ before: ['pd.1042.c.d@example.org'], now: NOW },
    }),
  digest: given =>
    digestMail({
      entries: [{ ticket: ticketOf(given), notices: ['new', 'reply'], address: `it+${TOKEN}@example.org` }],
      ...{ agent: ana, mailbox, timeZone: 'Europe/Brussels', messageId: 'pd.0.a.b@example.org', now: NOW },
    }),
  receipt: given =>
    receiptMail({
      ...{ ticket: ticketOf(given), agent: ana, mailbox, policy: rules, commands: [], opened: given.repeat },
      fault: given.anonymous ? { line: given.other, why: given.other } : null,
      ...{ kept: given.other, changes: { cause: { from: null, to: given.cause } }, sentTo: [given.requester] },
      ...{ holdUntil: NOW, undone: null, address: TOKEN, messageId: 'pd.1042.a.b@example.org' },
      answers: { messageId: given.parent, before: ['pd.1042.c.d@example.org'] },
      ...{ forwardTo: null, text: given.text, timeZone: 'Europe/Brussels', now: NOW },
    } as Parameters<typeof receiptMail>[0]),
  alarm: given =>
    alarmMail({
      changes: (['reading', 'sending', 'silence', 'storm', 'refused'] as Cause[]).map(cause => ({
        ...{ kind: 'raised', tell: true },
        trouble: { cause, mailbox: 'it', folder: 'Archive/2026', since: NOW, detail: given.text },
      })),
      from: { name: 'IT Help', address: 'it@example.org' },
      to: ['admin@example.org', 'jürgen@example.org'],
      ...{ messageId: 'pd.0.a.b@example.org', now: NOW },
    }),
}

/** The mail of this kind. */
export function made(kind: string, given: Words): OutgoingMail {
  const mail = KINDS[kind]?.(given)
  if (!mail) throw new Error(`no mail is called ${kind}`)
  return mail
}
