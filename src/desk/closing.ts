import type { Instant } from '../instant.ts'
import { foldAddress } from '../mail/address.ts'
import { baseSubject, ticketTag } from '../mail/subject.ts'
import { SURVEY } from '../mail/survey.ts'
import { REOPEN } from '../mail/thanks.ts'
import { namesOf } from './greeting.ts'
import { type OutgoingMail, senderAddress } from './outgoing-mail.ts'
import type { Receivers } from './people.ts'
import type { MailboxPolicy, Policy } from './policy.ts'
import type { Survey } from './survey.ts'
import { oneLine, renderTemplate, templateLanguages } from './template.ts'
import type { ClosingVariables } from './template-variables.ts'
import type { Ticket, TicketId } from './ticket.ts'

/*
 * What the requester is told when a ticket is solved: what was wrong, what was done, how to come back, and the one question
 * how content they are. It stands below the answer that solves the ticket, else in a mail of its own.
 */

/** The dedupe key of the mail that tells it: one each time that a ticket is solved, whoever writes it. */
export function closingKey(ticket: TicketId, solvedAt: Instant): string {
  return `closing:${ticket}:${solvedAt}`
}

/** What is told of a ticket, as it is once it is solved. */
export type Closed = {
  readonly ticket: Ticket
  readonly mailbox: MailboxPolicy
  /** The token of its survey (`ids.ts`). */
  readonly surveyToken: string
  /** Where answers are to go when not to the mailbox itself. */
  readonly replyTo: string | null
}

export type ClosingMail = Closed & {
  /** Whether subject and name of the requester may stand in the mail; see `AcknowledgementInput`. */
  readonly repeatTheirWords: boolean
  readonly messageId: string
  readonly inReplyTo: string | null
  readonly references: readonly string[]
}

/** The language to tell it in; null when there are no templates for it. */
export function closingLanguage({ templates }: Policy, ticket: Ticket, mailbox: MailboxPolicy): string | null {
  const known = templateLanguages(templates, 'closing')
  return [ticket.language, mailbox.language, 'en'].find(one => known.includes(one)) ?? null
}

/** The mail that tells nothing else. Throws a DeskError('config') when there are no templates for it (`closingLanguage`). */
export function closingMail(policy: Policy, closed: ClosingMail): OutgoingMail {
  const { ticket, mailbox, repeatTheirWords } = closed
  const { requester } = ticket
  if (!requester) throw new Error(`ticket ${ticket.id} has no requester`)
  const language = closingLanguage(policy, ticket, mailbox) ?? ''
  const names = namesOf(requester.name)
  const theirs = repeatTheirWords
    ? { subject: subjectOf(ticket), first_name: names.first, full_name: names.full }
    : NOTHING_OF_THEIRS
  const question = questionOf(policy, closed, language, { alone: true, links: true })
  const variables = { ...common(closed, language), ...theirs, ...question, below_answer: false }
  return {
    ...renderTemplate(policy.templates, 'closing', language, variables),
    messageId: closed.messageId,
    inReplyTo: closed.inReplyTo,
    references: closed.references,
    from: { name: mailbox.displayName, address: senderAddress(mailbox) },
    to: [{ name: repeatTheirWords ? requester.name : '', address: requester.address }],
    cc: [],
    replyTo: closed.replyTo,
    attachments: [],
    automatic: true,
  }
}

/** What an answer that solves a ticket brings along. */
export type SolvingAnswer = {
  /** What stands below the agent's words; null when the mailbox does not tell it. */
  readonly words: string | null
  readonly dedupeKey: string
  /** The survey that the words put; null: they ask nothing. */
  readonly survey: Omit<Survey, 'answers'> | null
}

/**
 * One mail says both, what was done and that it is done: null when the answer does not solve the ticket, or does not go to its
 * requester. The page is left out where others get the answer too, who could say in the requester's name how content they are.
 */
export function solvingAnswer(
  policy: Policy,
  {
    before,
    after,
    mailbox,
    replyTo,
  }: Pick<Closed, 'mailbox' | 'replyTo'> & { readonly before: Ticket; readonly after: Ticket },
  { to, cc }: Pick<Receivers, 'to' | 'cc'>,
  surveyToken: (solvedAt: Instant) => string,
): SolvingAnswer | null {
  const { solvedAt } = after
  // What was closed before has its time already, and what was told of it its key.
  if (after.status !== 'solved' || solvedAt === null || before.solvedAt !== null) return null
  const requester = foldAddress(after.requester?.address ?? '')
  if (!to.some(({ address }) => foldAddress(address) === requester)) return null
  const dedupeKey = closingKey(after.id, solvedAt)
  const language = closingLanguage(policy, after, mailbox)
  if (!mailbox.closing || language === null) return { words: null, dedupeKey, survey: null }
  const alone = to.length + cc.length === 1
  const closed = { ticket: after, mailbox, replyTo, surveyToken: surveyToken(solvedAt) }
  const question = questionOf(policy, closed, language, { alone, links: false })
  const variables = { ...common(closed, language), ...NOTHING_OF_THEIRS, ...question, below_answer: true }
  return {
    words: renderTemplate(policy.templates, 'closing', language, variables).text,
    dedupeKey,
    survey: question.survey ? surveyOf(policy, after, solvedAt) : null,
  }
}

/** The survey that a closing mail puts; null: it asks nothing. */
export function closingSurvey(policy: Policy, ticket: Ticket, solvedAt: Instant): Omit<Survey, 'answers'> | null {
  return asks(policy, true) ? surveyOf(policy, ticket, solvedAt) : null
}

function surveyOf({ survey }: Policy, { id, mailbox }: Ticket, solvedAt: Instant): Omit<Survey, 'answers'> {
  return { ticket: id, solvedAt, mailbox, anonymous: survey.anonymous }
}

function asks({ survey }: Policy, alone: boolean): boolean {
  return survey.ask && ((alone && survey.publicUrl !== null) || !survey.anonymous)
}

/** Where a survey is answered with a browser. */
export function surveyPage(publicUrl: string, token: string): string {
  return `${publicUrl}/survey/${token}`
}

const NOTHING_OF_THEIRS = { subject: null, first_name: null, full_name: null } as const

// As in acknowledgements.
const LONGEST_SUBJECT = 120
const LONGEST_READ = 1_000
const LONGEST_WORD = 100

function subjectOf({ subject }: Ticket): string | null {
  return oneLine(baseSubject(oneLine(subject, LONGEST_READ)), LONGEST_SUBJECT) || null
}

type Common = 'ticket_number' | 'ticket_tag' | 'cause' | 'fix' | 'reopen_word' | 'mailbox_name' | 'mailbox_address'

function common({ ticket, mailbox }: Closed, language: string): Pick<ClosingVariables, Common> {
  return {
    ticket_number: ticket.id,
    ticket_tag: ticketTag(ticket.id),
    cause: ticket.cause?.trim() || null,
    fix: ticket.fix?.trim() || null,
    reopen_word: REOPEN[language] ?? REOPEN['en'] ?? 'REOPEN',
    mailbox_name: oneLine(mailbox.displayName, LONGEST_WORD),
    mailbox_address: senderAddress(mailbox),
  }
}

type Question = Omit<ClosingVariables, Common | 'subject' | 'first_name' | 'full_name' | 'below_answer'>

function questionOf(
  policy: Policy,
  { ticket, mailbox, surveyToken, replyTo }: Closed,
  language: string,
  { alone, links }: { readonly alone: boolean; readonly links: boolean },
): Question {
  const { ask, anonymous, publicUrl } = policy.survey
  const page = ask && alone && publicUrl !== null ? surveyPage(publicUrl, surveyToken) : null
  const word = ask && !anonymous ? (SURVEY[language] ?? SURVEY['en'] ?? 'SURVEY') : null
  // The address that is only the requester's proves who writes; where there is none, the token does.
  const proof = replyTo === null ? `\r\n\r\n${surveyToken}\r\n` : '\r\n'
  const mailto = (score: number) =>
    word === null || !links
      ? null
      : // RFC 6068 §2
        `mailto:${replyTo ?? senderAddress(mailbox)}?subject=${encodeURIComponent(`${word} ${score} ${ticketTag(ticket.id)}`)}&body=${encodeURIComponent(`${word} ${score}${proof}`)}`
  return {
    survey: asks(policy, alone),
    survey_page: page,
    survey_word: word,
    survey_mail_1: mailto(1),
    survey_mail_2: mailto(2),
    survey_mail_3: mailto(3),
    survey_mail_4: mailto(4),
    survey_mail_5: mailto(5),
  }
}
