/*
 * Reports about a mail sent earlier: bounces and delay warnings (RFC 3464 in an RFC 6522 envelope, or no standard at all),
 * read receipts (RFC 8098) and abuse complaints (RFC 5965).
 */
import { foldAddress } from './address.ts'
import { headerValues, isMailDaemon, mayBeServer, nullPath } from './automatic-senders.ts'
import { isBounceSubject, isVacationSubject } from './automatic-subjects.ts'
import type { RawField } from './header.ts'
import type { ParsedMail, Report, ReportPart, ReportRecipient } from './message.ts'
import {
  addressesIn,
  type BounceText,
  boundedLines,
  readBlocks,
  readBounceText,
  statusIn,
  unquoted,
} from './report-text.ts'

/** What this mail reports about a mail sent earlier; null when it is no report. People who quote or forward a report are people. */
export function readReport(mail: ParsedMail): Report | null {
  return feedback(mail) ?? disposition(mail) ?? notification(mail) ?? delivery(mail)
}

// --- complaints -------------------------------------------------------------------------------------------------------

function feedback(mail: ParsedMail): Report | null {
  const parts = partsOf(mail, /^message\/feedback-report$/)
  const declared = isReport(mail) && (reportType(mail) === 'feedback-report' || parts.length > 0)
  if (!declared && !isHotmailComplaint(mail)) return null
  const fields = parts.flatMap(part => readBlocks(boundedLines(part.text)).flat())
  const named = fields.filter(field => /^(?:original-rcpt-to|removal-recipient)$/.test(field.name))
  return {
    kind: 'feedback',
    recipients: distinctBy(named.flatMap(field => addressesIn(field.value))).map(address => ({
      address,
      action: null,
      status: null,
    })),
    permanent: null,
    originalMessageId: messageIdIn(fields) ?? returnedMessageId(mail, null),
  }
}

// Microsoft's Junk Mail Reporting sends the complaint as a plain forward, not as RFC 5965.
function isHotmailComplaint(mail: ParsedMail): boolean {
  return /^staff@hotmail\.com$/i.test(mail.from?.address ?? '') && /^complaint about message from /i.test(mail.subject)
}

// --- receipts ---------------------------------------------------------------------------------------------------------

function disposition(mail: ParsedMail): Report | null {
  const parts = partsOf(mail, /^message\/(?:global-)?disposition-notification$/)
  if (!isReport(mail) || (reportType(mail) !== 'disposition-notification' && parts.length === 0)) return null
  const fields = parts.flatMap(part => readBlocks(boundedLines(part.text)).flat())
  const address = addressOf(fields, ['final-recipient', 'original-recipient']) ?? mail.from?.address
  return {
    kind: 'disposition',
    recipients: address ? [{ address, action: null, status: null }] : [],
    permanent: null,
    originalMessageId:
      messageIdIn(fields.filter(field => field.name === 'original-message-id')) ?? returnedMessageId(mail, null),
  }
}

// --- bounces ----------------------------------------------------------------------------------------------------------

// What a mail must reach to be taken for a bounce. Measured on 308 bounces and 167 other mails: at 2 and below, mails of
// people pass; at 5 and above, bounces are missed; 3 and 4 judge alike, and 4 is the slower to accuse a person.
const ENOUGH = 4

function delivery(mail: ParsedMail): Report | null {
  const statusParts = partsOf(mail, /^message\/(?:global-)?delivery-status$/)
  const listed = headerValues(mail, 'x-failed-recipients').flatMap(addressesIn) // Exim, Gmail, mail.ru: they name the failed here
  const traits = {
    report: isReport(mail) && (reportType(mail) === 'delivery-status' || statusParts.length > 0),
    listed: listed.length > 0 || headerValues(mail, 'x-ms-exchange-message-is-ndr').length > 0,
    status: statusParts.length > 0,
    daemon: isMailDaemon(mail),
    machine: mayBeServer(mail),
    nullPath: nullPath(mail) !== null,
  }
  // Some machine must be behind it: the words alone are also those of people who ask about a bounce.
  if (!Object.values({ ...traits, status: false }).some(Boolean)) return null
  if (!traits.report && (isVacationSubject(mail.subject, true) || /^(?:fwd?|wg|tr|rv) ?:/i.test(mail.subject)))
    return null
  const text = readBounceText(
    mail.text,
    mail.to.map(to => to.address),
  )
  const score =
    (traits.report ? 5 : 0) +
    (traits.listed ? 4 : 0) +
    (traits.status ? 3 : 0) +
    (traits.daemon ? 2 : traits.machine ? 1 : 0) +
    (traits.nullPath ? 2 : 0) +
    (isBounceSubject(mail.subject) ? 2 : 0) +
    (text.claims ? (text.recipients.length > 0 ? 2 : 1) : 0) +
    (text.opensWithReply ? 1 : 0) +
    (returnedHeader(mail, text).length > 1 ? 1 : 0)
  if (score < ENOUGH) return null
  const recipients = failedRecipients(mail, statusParts, listed, text)
  const actions = new Set(recipients.map(recipient => recipient.action))
  return {
    kind: 'delivery',
    recipients,
    permanent: actions.has('failed') ? true : actions.has('delayed') ? false : null,
    originalMessageId: returnedMessageId(mail, text),
  }
}

/** Who failed: by the fields made for machines where there are any, else X-Failed-Recipients, else the words, else the returned mail. */
function failedRecipients(
  mail: ParsedMail,
  parts: readonly ReportPart[],
  listed: readonly string[],
  text: BounceText,
): ReportRecipient[] {
  const groups = (
    parts.length > 0 ? parts.map(part => part.text) : FIELDS_IN_TEXT.test(mail.text) ? [mail.text] : wrappedReport(mail)
  ).flatMap(readStatusGroups)
  const failed = groups.filter(group => !/^(?:delivered|relayed|expanded)$/.test(group.action ?? ''))
  // A report on several recipients also lists those it reached: no news beside a failure.
  const reported = failed.length > 0 ? failed : groups
  const candidates = [
    reported.flatMap(group => group.address ?? []),
    listed,
    text.recipients.map(one => one.address),
    returnedTo(mail, text),
  ]
  const addresses = distinctBy(candidates.find(some => some.length > 0) ?? []).slice(0, MAX_RECIPIENTS)
  const late = text.delayed || DELAY_SUBJECT.test(mail.subject)
  const only = addresses.length === 1
  return addresses.map(address => {
    const about = (one: { address: string | null }) =>
      one.address !== null && foldAddress(one.address) === foldAddress(address)
    const group = reported.find(about) ?? (only ? reported[0] : undefined)
    const said = text.recipients.find(about) ?? (only ? text.recipients[0] : undefined)
    const action = group?.action ?? (late ? 'delayed' : 'failed')
    return {
      address,
      action,
      status: preciser(group?.status, said?.status ?? (only ? text.status : null)) ?? `${CLASS[action]}.0.0`,
    }
  })
}

// RFC 3463 §2: the class of a status that nobody gave follows from what happened.
const CLASS = { failed: 5, delayed: 4, delivered: 2, relayed: 2, expanded: 2 }

/** A filter that sends bounces on wraps the whole of them. */
function wrappedReport(mail: ParsedMail): string[] {
  return partsOf(mail, /^message\/rfc822$/)
    .map(part => part.text)
    .filter(text => FIELDS_IN_TEXT.test(text))
    .slice(0, 1)
}

const MAX_RECIPIENTS = 100
const FIELDS_IN_TEXT = /^([ >]{0,8})final-recipient ?:/im
const DELAY_SUBJECT =
  /^(?:warning: (?:could not send|message)|delayed mail|delivery (?:is |has been )?delayed)|\(delay\)$|: (?:delayed|warning)$/i

type StatusGroup = {
  readonly address: string | null
  readonly action: ReportRecipient['action']
  readonly status: string | null
}

/** The recipients of a message/delivery-status (RFC 3464 §2.3). Seen in practice: no blank line between groups, or one inside. */
function readStatusGroups(text: string): StatusGroup[] {
  const groups: RawField[][] = []
  const before = FIELDS_IN_TEXT.exec(text)?.[1] ?? ''
  for (const block of readBlocks(unquoted(boundedLines(text), before)))
    block.forEach((field, at) => {
      const group = groups.at(-1)
      const next = at === 0 && block.some(isRecipient) && group?.some(isRecipient)
      if (!group || next || (isRecipient(field) && group.some(other => other.name === field.name))) groups.push([field])
      else group.push(field)
    })
  return groups.filter(group => group.some(field => isRecipient(field) || field.name === 'action')).map(readGroup)
}

function isRecipient(field: RawField): boolean {
  return field.name === 'final-recipient' || field.name === 'original-recipient'
}

const RECIPIENTS = ['final-recipient', 'original-recipient', 'x-actual-recipient']
const ACTIONS = ['failed', 'delayed', 'delivered', 'relayed', 'expanded'] as const

function readGroup(group: readonly RawField[]): StatusGroup {
  const field = (name: string) => group.find(one => one.name === name)?.value ?? ''
  const action = ACTIONS.find(one => field('action').toLowerCase().startsWith(one)) // "failed (bad destination mailbox)"
  return {
    // The final recipient is whom the failing server knew; some name only the original one, or an alias that is no address.
    address: addressOf(group, RECIPIENTS, /@[^@]+\.[^@.]+$/) ?? addressOf(group, RECIPIENTS),
    action: action ?? null,
    status: preciser(statusIn(field('status')), statusIn(field('diagnostic-code'))),
  }
}

/** X.0.0 says nothing but the class (RFC 3463 §3.1): the other source is believed when it says more. */
function preciser(first: string | null | undefined, second: string | null | undefined): string | null {
  return (
    (first && !first.endsWith('.0.0') ? first : null) ??
    (second && (!first || second[0] === first[0]) ? second : null) ??
    first ??
    null
  )
}

const SES_RECIPIENTS: ReadonlyMap<unknown, string> = new Map([
  ['Bounce', 'bouncedRecipients'],
  ['Complaint', 'complainedRecipients'],
  ['Delivery', 'recipients'],
])

/** Amazon SES reports by JSON in a mail of its notification service; nothing in it looks like a bounce otherwise. */
function notification(mail: ParsedMail): Report | null {
  if (headerValues(mail, 'x-amz-sns-message-id').length === 0) return null
  const told = parseJson(mail.text.slice(0, 100_000).trim().split('\n', 1)[0] ?? '')
  const type = propertyOf(told, 'notificationType') ?? propertyOf(told, 'eventType')
  const about = SES_RECIPIENTS.get(type)
  if (!about) return null
  const body = propertyOf(told, String(type).toLowerCase())
  const list = propertyOf(body, about)
  const recipients = (Array.isArray(list) ? list.slice(0, MAX_RECIPIENTS) : []).flatMap(
    (one: unknown): ReportRecipient[] => {
      const address = addressesIn(String(propertyOf(one, 'emailAddress') ?? one))[0]
      if (!address) return []
      return [
        {
          address,
          action: type === 'Bounce' ? 'failed' : type === 'Delivery' ? 'delivered' : null,
          status: statusIn(String(propertyOf(one, 'status') ?? '')),
        },
      ]
    },
  )
  const id = propertyOf(propertyOf(propertyOf(told, 'mail'), 'commonHeaders'), 'messageId')
  return {
    kind: type === 'Complaint' ? 'feedback' : 'delivery',
    recipients,
    permanent: type === 'Bounce' ? true : null,
    originalMessageId: typeof id === 'string' ? messageIdIn([{ name: 'message-id', value: id }]) : null,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}

// --- what a report consists of ----------------------------------------------------------------------------------------

function isReport(mail: ParsedMail): boolean {
  return mail.contentType.type === 'multipart/report'
}

function reportType(mail: ParsedMail): string {
  return (mail.contentType.parameters['report-type'] ?? '').toLowerCase()
}

function partsOf(mail: ParsedMail, type: RegExp): ReportPart[] {
  return mail.reportParts.filter(part => type.test(part.contentType))
}

/** The first address like `form` in the first of the fields named that has one. */
function addressOf(fields: readonly RawField[], names: readonly string[], form = /@/): string | null {
  for (const name of names) {
    const address = fields
      .filter(field => field.name === name)
      .flatMap(field => addressesIn(field.value.replace(/^[\w-]{1,20}\s?;/, '')))
      .find(one => form.test(one))
    if (address) return address
  }
  return null
}

/** The header of the mail that came back: as a part of its own, or below the words. Some send both, one of them cut short. */
function returnedHeader(mail: ParsedMail, text: BounceText | null): readonly RawField[] {
  const part = partsOf(mail, RETURNED)[0]
  return [...(part ? (readBlocks(boundedLines(part.text))[0] ?? []) : []), ...(text?.returned ?? [])]
}

const RETURNED = /^(?:message\/(?:rfc822|global)|(?:text|message)\/(?:rfc822|global)-headers)$/

function returnedMessageId(mail: ParsedMail, text: BounceText | null): string | null {
  // Exchange, Gmail and Exim also cite the failed mail as one cites what one answers.
  return messageIdIn(returnedHeader(mail, text)) ?? mail.inReplyTo[0] ?? mail.references.at(-1) ?? null
}

function messageIdIn(fields: readonly RawField[]): string | null {
  const value = fields.find(field => field.name === 'message-id' || field.name === 'original-message-id')?.value ?? ''
  const id = (/<([^<>]{1,500})>/.exec(value)?.[1] ?? value.slice(0, 500)).replace(/[\s<>\p{Cc}]/gu, '')
  return id || null
}

/** Whom the returned mail went to: a guess, and none where the report names somebody and several may be meant. */
function returnedTo(mail: ParsedMail, text: BounceText): string[] {
  const header = returnedHeader(mail, text)
  const among = (names: RegExp) =>
    header.filter(field => names.test(field.name)).flatMap(field => addressesIn(field.value))
  const to = among(/^(?:to|x-original-to|x-rcpt-to)$/)
  if (text.names.length === 0) return to
  const all = distinctBy([...to, ...among(/^cc$/)])
  const named = all.filter(address => text.names.includes(foldAddress(address).replace(/@.*$/, '')))
  return named.length > 0 || all.length > 1 ? named : all
}

function distinctBy(addresses: readonly string[]): string[] {
  const seen = new Map<string, string>()
  for (const address of addresses) if (!seen.has(foldAddress(address))) seen.set(foldAddress(address), address)
  return [...seen.values()]
}
