import { type Instant, msBetween } from '../instant.ts'
import { baseSubject, ticketTag } from '../mail/subject.ts'
import { type Calendar, holidayOn, isOpen, nextOpening } from './calendar.ts'
import { namesOf } from './greeting.ts'
import { oneLine, renderTemplate, type TemplateSet } from './template.ts'
import type { AcknowledgementVariables } from './template-variables.ts'
import type { Priority, TicketId } from './ticket.ts'
import { deadlineInWords, hoursInWords, momentInWords } from './wording.ts'

/** What an acknowledgement tells, and what it depends on. */
export type AcknowledgementInput = {
  readonly ticket: {
    readonly id: TicketId
    readonly subject: string
    readonly priority: Priority
    readonly category: string | null
    /** The category in the language of the mail; without one its key is shown. */
    readonly categoryName: string | null
  }
  /** The display name in the sender's From. */
  readonly requesterName: string
  /** One that there are templates in. */
  readonly language: string
  readonly mailbox: { readonly displayName: string; readonly address: string }
  readonly calendar: Calendar
  readonly now: Instant
  readonly firstResponseDue: Instant
  readonly resolutionDue: Instant
  /**
   * Whether words of the sender (subject, name) may stand in the mail. A From is easily forged: repeating free text to
   * whoever is named there would make us carry somebody's phishing or mail bomb.
   */
  readonly repeatTheirWords: boolean
}

/** The mail that says: it has arrived, its number, and by when you hear from us. */
export type Acknowledgement = {
  readonly subject: string
  readonly text: string
  readonly html: string | null
  readonly language: string
}

/** Writes an acknowledgement. Throws a DeskError('config') when there are no templates in the language. */
export function renderAcknowledgement(set: TemplateSet, input: AcknowledgementInput): Acknowledgement {
  const { language } = input
  return { ...renderTemplate(set, 'acknowledgement', language, { ...variablesOf(input) }), language }
}

function variablesOf(input: AcknowledgementInput): AcknowledgementVariables {
  const { ticket, language, mailbox, calendar, now } = input
  const closed = !isOpen(calendar, now)
  const opening = closed ? nextOpening(calendar, now) : null
  const onCall =
    closed && ticket.priority === 'urgent' && (calendar.onCall?.phone || calendar.onCall?.address)
      ? calendar.onCall
      : null
  return {
    ticket_number: ticket.id,
    ticket_tag: ticketTag(ticket.id),
    ...theirWords(input),
    category: word(ticket.categoryName ?? ticket.category),
    priority: ticket.priority === 'high' || ticket.priority === 'urgent' ? ticket.priority : null,
    answer_by: deadline(input, input.firstResponseDue),
    solution_by: deadline(input, input.resolutionDue),
    closed,
    holiday: closed ? word(holidayOn(calendar, now)) : null,
    next_opening: opening && momentInWords(language, calendar.timeZone, now, opening),
    hours: hoursInWords(language, calendar.week),
    time_zone: calendar.timeZone,
    on_call_name: word(onCall?.name),
    on_call_phone: word(onCall?.phone),
    on_call_address: word(onCall?.address),
    mailbox_name: oneLine(mailbox.displayName, LONGEST_WORD),
    mailbox_address: mailbox.address,
  }
}

function theirWords(
  input: AcknowledgementInput,
): Pick<AcknowledgementVariables, 'subject' | 'first_name' | 'full_name'> {
  if (!input.repeatTheirWords) return { subject: null, first_name: null, full_name: null }
  const { first, full } = namesOf(input.requesterName)
  // One line first: a `Re:` behind a control character is still one, and marks are only looked for in so much text.
  const subject = oneLine(baseSubject(oneLine(input.ticket.subject, LONGEST_READ)), LONGEST_REPEATED)
  return { subject: subject || null, first_name: first, full_name: full }
}

// Long enough for any subject of a person, short enough that the tag behind it is never cut off.
const LONGEST_REPEATED = 120
const LONGEST_READ = 1_000
const LONGEST_WORD = 100

/** A moment that has passed is no promise: mail may have lain on the server for a day before we came to read it. */
function deadline({ language, calendar, now }: AcknowledgementInput, due: Instant): string | null {
  return msBetween(now, due) > 0 ? deadlineInWords(language, calendar.timeZone, now, due) : null
}

function word(text: string | null | undefined): string | null {
  return oneLine(text ?? '', LONGEST_WORD) || null
}
