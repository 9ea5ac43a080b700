/*
 * Whether a machine sent a mail, or one that must not be answered by a machine (RFC 3834 §2). Each verdict names its
 * evidence. Two errors count: answering a robot (loops) and leaving an employee without an answer; the second is why the
 * list headers of our own groups are no evidence, and why subjects are matched whole (`automatic-subjects.ts`).
 */
import { domainOf, foldAddress, isOneOf } from './address.ts'
import { headerValues, isMailDaemon, isUnread, nullPath } from './automatic-senders.ts'
import { isChallengeSubject, isGeneratedSubject, isVacationSubject } from './automatic-subjects.ts'
import { challengeIn, noticeIn, receiptIn } from './automatic-texts.ts'
import { cleanLine } from './header.ts'
import type { Automatic, AutomaticKind, Header, ParsedMail, Report } from './message.ts'
import { addressesIn } from './report-text.ts'
import { isOurList, type OurAddresses, writerBehind } from './rewritten-from.ts'

/** Mail from our addresses is our own coming back; what our lists add to a mail is no evidence. */
export type AutomatedContext = OurAddresses & {
  /**
   * `X-Auto-Response-Suppress` asks for no automatic answer; it does not say that a machine wrote. Exchange puts it on mail
   * of people where an administrator wants so (osTicket lost their acknowledgements, #726). True: the wish is granted, as
   * kind `suppress-header`, which tells it from proof; false: it is passed over. Recommended: true.
   */
  readonly heedSuppressHeader: boolean
}

/** Why this mail must not be answered automatically: the strongest kind of evidence first. Null for what people write. */
export function whyAutomatic(written: ParsedMail, report: Report | null, context: AutomatedContext): Automatic | null {
  const own = throughOwnList(written, context)
  const writer = own || isListed(written) ? writerBehind(written, context) : null
  const mail = writer ? { ...written, from: writer } : written
  return (
    ofReport(report) ??
    ofLoop(mail, context) ??
    ofCalendar(mail) ??
    ofAnswer(mail, context, own) ??
    ofList(mail, own) ??
    ofSender(mail) ??
    (context.heedSuppressHeader ? ofWish(mail) : null)
  )
}

function because(kind: AutomaticKind, name: string, value: string): Automatic {
  const label = name.replace(/(?<=^|-)[a-z]/g, letter => letter.toUpperCase())
  return { kind, why: cleanLine(`${label}: ${value}`).slice(0, 160) }
}

// --- reports, loops, calendars ----------------------------------------------------------------------------------------

function ofReport(report: Report | null): Automatic | null {
  if (!report) return null
  const about =
    report.recipients.map(one => [one.address, one.action, one.status].filter(Boolean).join(' '))[0] ??
    'no recipient named'
  if (report.kind === 'feedback') return because('feedback', 'complaint', about)
  if (report.kind === 'disposition') return because('mdn', 'receipt', about)
  const reached =
    report.recipients.length > 0 &&
    report.recipients.every(one => /^(?:delivered|relayed|expanded)$/.test(one.action ?? ''))
  return because(reached ? 'delivered' : 'dsn', reached ? 'delivered' : 'bounce', about)
}

function ofLoop(mail: ParsedMail, { ownAddresses }: AutomatedContext): Automatic | null {
  const mark = headerValues(mail, 'x-postdesk-loop')[0]
  if (mark !== undefined) return because('loop', 'X-Postdesk-Loop', mark)
  const passed = headerValues(mail, 'x-loop').find(value =>
    addressesIn(value).some(address => isOneOf(address, ownAddresses)),
  )
  if (passed !== undefined) return because('loop', 'X-Loop', passed)
  const from = mail.from?.address ?? ''
  return isOneOf(from, ownAddresses) ? because('loop', 'From', `${from} is our own address`) : null
}

// RFC 5546 §3.2: an attendee's client answers an invitation. REQUEST and CANCEL are people.
const CALENDAR_ANSWER = /^(?:reply|counter|declinecounter|refresh)$/i

function ofCalendar(mail: ParsedMail): Automatic | null {
  const declared = mail.contentType.type === 'text/calendar' ? (mail.contentType.parameters['method'] ?? '') : ''
  const written = mail.reportParts
    .filter(part => part.contentType === 'text/calendar')
    .map(part => /^METHOD:[ \t]{0,8}([A-Za-z]{1,20})/im.exec(part.text.slice(0, 20_000))?.[1] ?? '')
  const method = [declared, ...written].find(one => CALENDAR_ANSWER.test(one))
  return method ? because('calendar', 'Method', method) : null
}

// --- automatic answers ------------------------------------------------------------------------------------------------

type Sign = { readonly name: string; readonly kind: AutomaticKind; readonly value?: RegExp }

// Present with any value but a denial. cPanel's X-Autorespond holds the subject and may be empty.
const NOT_DENIED = /^(?!(?:no|false|0|off|none)$)/i
const SIGNS: readonly Sign[] = [
  { name: 'x-autoreply', kind: 'auto-reply' },
  { name: 'x-auto-reply', kind: 'auto-reply' },
  { name: 'x-autoreply-from', kind: 'auto-reply' },
  { name: 'x-auto-reply-from', kind: 'auto-reply' },
  { name: 'x-mail-autoreply', kind: 'auto-reply' },
  { name: 'x-autorespond', kind: 'auto-reply' },
  { name: 'x-autoresponse', kind: 'auto-reply' },
  { name: 'x-autoresponder', kind: 'auto-reply' },
  { name: 'x-auto-responder', kind: 'auto-reply' },
  { name: 'x-vacationmessage', kind: 'vacation' }, // read by Eventum
  { name: 'x-apple-action', kind: 'vacation', value: /^vacation$/i }, // iCloud
  { name: 'x-fc-machinegenerated', kind: 'auto-reply' }, // FirstClass
  { name: 'x-post-messageclass', kind: 'auto-reply', value: /autoresponder/i }, // FirstClass
  { name: 'delivered-to', kind: 'auto-reply', value: /^autoresponder$/i }, // Confixx
  { name: 'x-freescout-mail-type', kind: 'auto-reply', value: /^auto\./i },
  // Vacation programs that name themselves; any other mailer is also used by people.
  ...['x-mailer', 'user-agent'].map(
    (name): Sign => ({
      name,
      kind: 'auto-reply',
      value: /^(?:[\w.-]{1,30} )?(?:vacation|auto-?respond(?:er)?|auto-?reply)(?:$|[ /]v?\d)/i,
    }),
  ),
  ...['precedence', 'x-precedence', 'preference'].map(
    (name): Sign => ({ name, kind: 'auto-reply', value: /^auto[-_ ]?repl(?:y|ied)\b/i }),
  ),
  // CommuniGate: the values Forward, Redirect, Mirror and Group are mail of people that a rule or a group passed on.
  { name: 'x-autogenerated', kind: 'auto-generated', value: /^(?!(?:no|false|0|forward|redirect|mirror|group)\b)/i },
  { name: 'x-auto-generated', kind: 'auto-generated' }, // Frappe
  { name: 'x-amazon-mail-relay-type', kind: 'auto-generated', value: /^notification$/i },
  { name: 'x-jira-fingerprint', kind: 'auto-generated' }, // Jira, where an administrator took its Precedence away
  { name: 'x-cron-env', kind: 'system' },
  { name: 'x-ms-journal-report', kind: 'system' },
]

/** RFC 3834 §5: keyword, then comments and parameters. "no" is said of what people write. */
function keywordOf(value: string): string {
  return (/^[^\s;(]{1,40}/.exec(value.replace(/^(?:\s*\([^()]*\))+/, '').trim())?.[0] ?? '').toLowerCase()
}

/** Automatic answers by their headers, and by their subjects: a quarter of the vacation mails has no such header. */
function ofAnswer(mail: ParsedMail, context: AutomatedContext, own: OwnList | null): Automatic | null {
  const sign = signed(mail, context, own)
  const answer = mail.inReplyTo.length + mail.references.length > 0
  const vacation = isVacationSubject(mail.subject, answer)
  if (vacation && sign) return { kind: 'vacation', why: sign.why }
  if (vacation) return because('vacation', 'Subject', mail.subject)
  if (sign) return sign
  if (isChallengeSubject(mail.subject)) return because('auto-reply', 'Subject', mail.subject)
  if (isGeneratedSubject(mail.subject)) return because('auto-generated', 'Subject', mail.subject)
  const receipt = receiptIn(mail)
  if (receipt) return because('mdn', 'Text', receipt)
  const said = challengeIn(mail) ?? (answer ? noticeIn(mail) : null)
  return said ? because('auto-reply', 'Text', said) : null
}

function signed(mail: ParsedMail, context: AutomatedContext, own: OwnList | null): Automatic | null {
  for (const { name, value } of named(mail, ['auto-submitted', 'x-auto-submitted'])) {
    const keyword = keywordOf(value)
    if (!keyword || keyword === 'no' || (keyword === 'auto-generated' && stampedByOurRule(mail, context, own))) continue
    return because(keyword === 'auto-replied' ? 'auto-reply' : 'auto-generated', name, value)
  }
  for (const { name, kind, value = NOT_DENIED } of SIGNS) {
    const said = headerValues(mail, name).find(one => value.test(one.trim()))
    if (said !== undefined) return because(kind, name, said)
  }
  return null
}

// --- lists and bulk ---------------------------------------------------------------------------------------------------

const LIST_FIELDS = [
  ...['list-id', 'list-post', 'list-owner', 'list-archive', 'list-help', 'list-subscribe'], // RFC 2919, RFC 2369
  ...['mailing-list', 'x-mailing-list', 'x-beenthere', 'x-mailman-version', 'x-ml-name', 'x-mlserver'],
  ...['x-list-id', 'x-listname', 'x-listserver', 'x-listprocessor-version', 'x-google-group-id'],
]

function isListed(mail: ParsedMail): boolean {
  return named(mail, LIST_FIELDS).some(({ value }) => value.trim() !== '')
}

function ofList(mail: ParsedMail, own: OwnList | null): Automatic | null {
  if (!own) {
    const list = named(mail, LIST_FIELDS).find(({ value }) => value.trim() !== '')
    if (list) return because('list', list.name, list.value)
  }
  for (const { name, value } of named(mail, ['precedence', 'x-precedence'])) {
    const word = /^[a-z]{1,20}/.exec(value.trim().toLowerCase())?.[0] ?? ''
    if (word === 'junk' || (!own && word === 'bulk')) return because('bulk', name, value)
    if (!own && word === 'list') return because('list', name, value)
  }
  const leave = named(mail, ['list-unsubscribe']).find(({ value }) => value.trim() !== '' && !own?.wrote(value))
  if (leave) return because('bulk', leave.name, leave.value)
  // Gmail's key for complaints about mailings. Amazon SES adds one of its own to whatever it relays, people's mail too.
  const mailing = named(mail, ['feedback-id']).find(
    ({ value }) => value.trim() !== '' && !/:AmazonSES$/i.test(value.trim()),
  )
  if (mailing) return because('bulk', mailing.name, mailing.value)
  const loop = own ? undefined : headerValues(mail, 'x-loop').find(value => NOT_DENIED.test(value.trim()))
  return loop === undefined ? null : because('auto-generated', 'X-Loop', loop)
}

/** One of our own groups or forwarders brought the mail. `wrote`: is this what the group itself puts into a List- field? */
type OwnList = { readonly wrote: (value: string) => boolean }

// Where the address of a group or forwarder is left in a mail: by its sender, by MTAs, Gmail filters, Exchange rules.
const RULE_TRACES = ['x-ms-exchange-inbox-rules-loop', 'x-ms-exchange-forwardingloop']
const TRACES = [
  ...['list-post', 'x-beenthere', 'mailing-list', 'x-mailing-list', 'delivered-to', 'x-original-to', 'envelope-to'],
  ...['resent-to', 'resent-from', 'x-forwarded-to', 'x-forwarded-for', 'x-google-original-to', ...RULE_TRACES],
]

function throughOwnList(mail: ParsedMail, { ownAddresses, ownLists }: AutomatedContext): OwnList | null {
  const ids = headerValues(mail, 'list-id').map(value => foldAddress(/<([^<>]*)>\s*$/.exec(value)?.[1] ?? value))
  // The List-Id of it@example.org is it.example.org (Google Groups): either may be what is configured, or it is a mailbox.
  const known = (id: string) =>
    ownLists.has(id) || [...ownLists, ...ownAddresses].some(one => one.includes('@') && one.replace('@', '.') === id)
  // A list of somebody else that one of our groups has subscribed to is still that list.
  if (ids.length > 0) return ids.every(known) ? { wrote: () => true } : null
  const traces = named(mail, TRACES).flatMap(({ value }) => addressesIn(value))
  const met = [...mail.to, ...mail.cc]
    .map(one => one.address)
    .concat(traces)
    .filter(address => isOurList(address, ownLists))
  const domains = new Set(met.map(domainOf))
  return met.length === 0
    ? null
    : { wrote: value => addressesIn(value).some(address => domains.has(domainOf(address))) }
}

/**
 * Microsoft 365 marks what an inbox rule redirects as auto-generated since 2025 (zammad#6025). The mail is its sender's own
 * when the rule is that of a forwarder or mailbox of ours. An out-of-office comes from a rule too: the rule of its From.
 */
function stampedByOurRule(
  mail: ParsedMail,
  { ownAddresses, ownLists }: AutomatedContext,
  own: OwnList | null,
): boolean {
  const from = mail.from?.address ?? ''
  const rules = named(mail, RULE_TRACES).flatMap(({ value }) => addressesIn(value))
  const ours = (address: string) => isOneOf(address, ownLists) || isOneOf(address, ownAddresses)
  if (!from || ours(from) || rules.some(rule => foldAddress(rule) === foldAddress(from))) return false
  const agent = headerValues(mail, 'x-ms-exchange-generated-message-source').some(value =>
    /mailbox rules agent/i.test(value),
  )
  return rules.length > 0 ? rules.some(ours) : own !== null && agent
}

// --- senders and wishes -----------------------------------------------------------------------------------------------

function ofSender(mail: ParsedMail): Automatic | null {
  const path = nullPath(mail)
  const from = mail.from?.address ?? ''
  if (isMailDaemon(mail)) return because('dsn', 'From', `${mail.from?.name ?? ''} <${from}>`)
  if (path !== null) return because('system', 'Return-Path', path)
  return isUnread(from) ? because('system', 'From', from) : null
}

// MS-OXCMAIL §2.1.3.2.20. DR, RN and NRN are about receipts, which we never send.
const WISHES = /(?:^|[\s,])(?:all|autoreply|oof)(?=$|[\s,])/i

function ofWish(mail: ParsedMail): Automatic | null {
  const wish = headerValues(mail, 'x-auto-response-suppress').find(value => WISHES.test(value))
  return wish === undefined ? null : because('suppress-header', 'X-Auto-Response-Suppress', wish)
}

function named(mail: ParsedMail, names: readonly string[]): Header[] {
  return names.flatMap(name => mail.headers.filter(header => header.name === name))
}
