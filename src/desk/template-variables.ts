/*
 * What templates may speak of. Every variable is one word, number or phrase, always present and null when there is
 * nothing to say, so that a template needs no more than `{% if holiday %}`. `config/templates/README.md` tells authors.
 */

/** The variables of `acknowledgement`. Phrases are in the language of the template. */
export type AcknowledgementVariables = {
  readonly ticket_number: number
  /** `[#1042]`, by which a reply finds its ticket where the threading headers got lost. */
  readonly ticket_tag: string
  /** What the mail was about, without `Re:` and tag. Null where words of the sender must not be repeated. */
  readonly subject: string | null
  /** `Anna`. Null when the name says none, or where words of the sender must not be repeated. */
  readonly first_name: string | null
  /** `Anna Meier`, for languages whose polite greeting wants it; null like `first_name`. */
  readonly full_name: string | null
  /** The category in words. */
  readonly category: string | null
  /** Only `high` and `urgent` are worth telling; their words stand in the template, where their grammar is. */
  readonly priority: 'high' | 'urgent' | null
  /** `by 16:30 today`. Null when that moment has passed already. */
  readonly answer_by: string | null
  readonly solution_by: string | null
  /** Whether the desk is closed at this moment. */
  readonly closed: boolean
  /** Why it is closed all day, `Christmas Day`; null when closed only for the night or the weekend. */
  readonly holiday: string | null
  /** `tomorrow, Tuesday 24 November, at 08:00`; null when open, or when no opening is in sight. */
  readonly next_opening: string | null
  /** `Mon–Fri 08:00–12:00 and 13:00–17:00`; null when the calendar never opens. */
  readonly hours: string | null
  /** The zone of all times in the mail: `Europe/Bucharest`. */
  readonly time_zone: string
  /** Whom to turn to now. Null unless it is urgent and we are closed. */
  readonly on_call_name: string | null
  readonly on_call_phone: string | null
  readonly on_call_address: string | null
  readonly mailbox_name: string
  readonly mailbox_address: string
}

const FULL: AcknowledgementVariables = {
  ticket_number: 1042,
  ticket_tag: '[#1042]',
  subject: 'Printer on the second floor',
  first_name: 'Anna',
  full_name: 'Anna Meier',
  category: 'Printers',
  priority: 'urgent',
  answer_by: 'today at 16:30',
  solution_by: 'Monday 30 November, 14:00',
  closed: true,
  holiday: 'Christmas Day',
  next_opening: 'tomorrow at 08:00',
  hours: 'Mon–Fri 08:00–17:00',
  time_zone: 'Europe/Bucharest',
  on_call_name: 'IT on call',
  on_call_phone: '+40 21 000 00 00',
  on_call_address: 'oncall@example.org',
  mailbox_name: 'IT Help',
  mailbox_address: 'it@example.org',
}

const BARE: AcknowledgementVariables = {
  ...FULL,
  subject: null,
  first_name: null,
  full_name: null,
  category: null,
  priority: null,
  answer_by: null,
  solution_by: null,
  closed: false,
  holiday: null,
  next_opening: null,
  hours: null,
  on_call_name: null,
  on_call_phone: null,
  on_call_address: null,
}

/** The variables of `closing`: that a ticket is solved. */
export type ClosingVariables = Pick<
  AcknowledgementVariables,
  'ticket_number' | 'ticket_tag' | 'subject' | 'first_name' | 'full_name' | 'mailbox_name' | 'mailbox_address'
> & {
  /** The text goes below the words of an agent, in the same mail: no greeting, no signature. Only the text part is used then. */
  readonly below_answer: boolean
  /** Why it happened, and what solved it, in the agent's words. */
  readonly cause: string | null
  readonly fix: string | null
  /** `REOPEN`: on the first line it opens the ticket again whatever else is said. */
  readonly reopen_word: string
  /** Whether they are asked how content they are. */
  readonly survey: boolean
  /** The page to say it on; null when there is none. */
  readonly survey_page: string | null
  /** `SURVEY`: with a number from 1 to 5 on the first line of a reply it says it too; null when the survey is anonymous. */
  readonly survey_word: string | null
  /** Links that begin a mail which says it; null like `survey_word`, and below an answer. */
  readonly survey_mail_1: string | null
  readonly survey_mail_2: string | null
  readonly survey_mail_3: string | null
  readonly survey_mail_4: string | null
  readonly survey_mail_5: string | null
}

const SOLVED: ClosingVariables = {
  ticket_number: 1042,
  ticket_tag: '[#1042]',
  subject: 'Printer on the second floor',
  first_name: 'Anna',
  full_name: 'Anna Meier',
  mailbox_name: 'IT Help',
  mailbox_address: 'it@example.org',
  below_answer: false,
  cause: 'The drum was worn out.',
  fix: 'We put in a new one.',
  reopen_word: 'REOPEN',
  survey: true,
  survey_page: 'https://help.example.org/survey/1042.x',
  survey_word: 'SURVEY',
  survey_mail_1: 'mailto:it@example.org?subject=SURVEY%201',
  survey_mail_2: 'mailto:it@example.org?subject=SURVEY%202',
  survey_mail_3: 'mailto:it@example.org?subject=SURVEY%203',
  survey_mail_4: 'mailto:it@example.org?subject=SURVEY%204',
  survey_mail_5: 'mailto:it@example.org?subject=SURVEY%205',
}

/** No survey by mail. */
const ANONYMOUS = {
  survey_word: null,
  survey_mail_1: null,
  survey_mail_2: null,
  survey_mail_3: null,
  survey_mail_4: null,
  survey_mail_5: null,
} as const

const SOLVED_BARE: ClosingVariables = {
  ...{ ...SOLVED, ...ANONYMOUS, subject: null, first_name: null, full_name: null, cause: null, fix: null },
  ...{ survey: false, survey_page: null },
}

/** What the program knows of one kind of template. */
export type TemplateKind = {
  /** Variables to try a template with at start-up. Each names every variable there is. */
  readonly samples: readonly Readonly<Record<string, unknown>>[]
  /** Variables without which the subject would not do its work. */
  readonly inSubject: readonly string[]
}

/** The templates there are, by name. */
export const TEMPLATE_KINDS: ReadonlyMap<string, TemplateKind> = new Map([
  [
    'acknowledgement',
    { samples: [FULL, { ...FULL, priority: 'high', solution_by: FULL.answer_by }, BARE], inSubject: ['ticket_tag'] },
  ],
  [
    'closing',
    {
      samples: [SOLVED, { ...SOLVED, ...ANONYMOUS }, { ...SOLVED, below_answer: true }, SOLVED_BARE],
      inSubject: ['ticket_tag'],
    },
  ],
])
