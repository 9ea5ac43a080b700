import { DAY, type Instant, msBetween } from '../instant.ts'
import type { OutgoingMail } from './outgoing-mail.ts'

/*
 * When the admins are told that something does not work: once when a cause begins, once a day while it lasts, once when
 * it is over, and never twice a day of a cause that comes and goes.
 *
 *   well ──trouble──▶ raised (told, unless told of it today) ──a day──▶ told again ──no trouble──▶ over (told, if told before)
 */

/**
 * `reading` a folder cannot be read · `sending` mail of a mailbox does not leave · `silence` no mail comes where it always
 * did · `storm` a mailbox has used up its automatic mails · `refused` the server does not hand out some mails of a folder.
 */
export type Cause = 'reading' | 'sending' | 'silence' | 'storm' | 'refused'

export type Trouble = {
  readonly cause: Cause
  readonly mailbox: string
  /** Empty when it is no single folder's. */
  readonly folder: string
  readonly since: Instant
  /** What is known of it, in words: the last error. */
  readonly detail: string
}

/** A trouble as it is remembered. */
export type Alarm = Trouble & {
  readonly raisedAt: Instant
  /** When the admins were last told of this cause. */
  readonly toldAt: Instant | null
  /** Null while it lasts. */
  readonly overAt: Instant | null
}

export type AlarmChange = {
  readonly kind: 'raised' | 'lasts' | 'over'
  readonly trouble: Trouble
  /** Whether the admins get a mail about it. */
  readonly tell: boolean
}

/** What has changed, given what is remembered and what is in trouble now. Nothing has: an empty list. */
export function alarmChanges(known: readonly Alarm[], troubles: readonly Trouble[], now: Instant): AlarmChange[] {
  const keyOf = ({ cause, mailbox, folder }: Trouble) => `${cause} ${mailbox} ${folder}`
  const byKey = new Map(known.map(alarm => [keyOf(alarm), alarm]))
  const inTrouble = new Set(troubles.map(keyOf))
  const changes: AlarmChange[] = []
  for (const trouble of troubles) {
    const alarm = byKey.get(keyOf(trouble))
    const tell = !alarm || alarm.toldAt === null || isAnotherDay(alarm.toldAt, now)
    if (!alarm || alarm.overAt !== null) changes.push({ kind: 'raised', trouble, tell })
    else if (tell) changes.push({ kind: 'lasts', trouble, tell })
  }
  for (const alarm of known) {
    if (alarm.overAt !== null || inTrouble.has(keyOf(alarm))) continue
    changes.push({ kind: 'over', trouble: alarm, tell: alarm.toldAt !== null && alarm.toldAt >= alarm.raisedAt })
  }
  return changes
}

/** In either direction: after a clock was set back, a day told of in the future must not silence a year. */
function isAnotherDay(toldAt: Instant, now: Instant): boolean {
  return Math.abs(msBetween(toldAt, now)) >= DAY
}

/** One mail to the admins about everything they are to be told of. */
export function alarmMail(mail: {
  readonly changes: readonly AlarmChange[]
  readonly from: OutgoingMail['from']
  readonly to: readonly string[]
  readonly messageId: string
  readonly now: Instant
}): OutgoingMail {
  const told = mail.changes.filter(({ tell }) => tell)
  const [first] = told
  if (!first) throw new Error('there is nothing to tell')
  const more = told.length > 1 ? ` (and ${told.length - 1} more)` : ''
  const paragraphs = told.map(change => paragraph(change, mail.now)).join('\n\n')
  return {
    messageId: mail.messageId,
    inReplyTo: null,
    references: [],
    from: mail.from,
    to: mail.to.map(address => ({ name: '', address })),
    cc: [],
    replyTo: null,
    subject: `[Postdesk] ${headline(first)}${more}`,
    text: `${paragraphs}\n\nWhile it lasts you are told once a day, and once when it is over.\nThis mail was written by a program; an answer to it opens a ticket.\n`,
    html: null,
    attachments: [],
    automatic: true,
  }
}

/** What a change is called, in the subject and in the log. */
export function headline({ kind, trouble: { cause, mailbox, folder } }: AlarmChange): string {
  const place = `mailbox ${mailbox}${folder === '' || folder === 'INBOX' ? '' : ` (${folder})`}`
  const [bad, good] = {
    reading: [`${place} cannot be read`, `${place} is read again`],
    sending: [`mail from ${place} is not sent`, `mail from ${place} is sent again`],
    silence: [`no mail comes to ${place}`, `mail comes to ${place} again`],
    storm: [`${place} sends no acknowledgements: there were too many`, `${place} sends acknowledgements again`],
    refused: [`some mails of ${place} cannot be fetched`, `every mail of ${place} arrives again`],
  }[cause]
  return (kind === 'over' ? good : kind === 'lasts' ? `still: ${bad}` : bad) ?? ''
}

const ADVICE: Readonly<Record<Cause, string>> = {
  reading:
    'Nothing is lost: mail waits on the server and is read as soon as that works again. `postdesk check --connect` tries the login.',
  sending:
    'Nothing is lost. What waits (/v1/outbox?state=queued) is tried again for four days; what the server refused for good (/v1/outbox?state=failed) is sent again by hand. `postdesk check --connect` tries the login.',
  silence:
    'The mailbox itself can be read. Does mail still reach it? Look at its quota, at forwarding rules and filters, and at the MX record; send it a mail yourself.',
  storm:
    'Nothing is lost: every mail has its ticket. /v1/tickets?mailbox=… shows who writes so much; when it is people, raise `automatic.perMailbox`.',
  refused:
    'All other mail is taken in, and these are tried every quarter of an hour; `postdesk reconcile` tries them at once. It is over when they were fetched, or are no longer in the folder: look whether the server can repair them, or read them in a mail client and move them away.',
}

function paragraph(change: AlarmChange, now: Instant): string {
  const { kind, trouble } = change
  const title = headline(change)
  const sentence = `${title.charAt(0).toUpperCase()}${title.slice(1)}`
  if (kind === 'over') return `${sentence}, since ${moment(now)}. It did not from ${moment(trouble.since)} on.`
  return `${sentence}, since ${moment(trouble.since)}.\n${trouble.detail}\n${ADVICE[trouble.cause]}`
}

/** `2026-11-23 09:00 UTC` */
function moment(instant: Instant): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`
}
