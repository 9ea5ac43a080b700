/*
 * What the configuration may say of agents and teams, and of how they work by mail; part of `schema.ts`.
 */
import { Type } from '../json-schema.ts'
import { elapsed, LANGUAGE, list, maybeReference, maybeText, named, object, oneOf, reference, text } from './fields.ts'

const NOTICES = ['new', 'reply', 'assigned', 'due', 'breached', 'bounced', 'note'] as const

export const Agent = object(
  {
    displayName: text('The name requesters see.'),
    addresses: Type.Array(text('A mail address.'), {
      minItems: 1,
      description: 'The addresses this agent writes from. The first is written to.',
    }),
    teams: list(reference('The name of a team.'), 'The teams this agent works in.', { uniqueItems: true }),
    notify: Type.Array(oneOf(NOTICES, 'Something that happens to a ticket.'), {
      uniqueItems: true,
      default: [...NOTICES],
      description:
        'What this agent is told of by mail: a `new` ticket of the team, a `reply` of the requester, a ticket `assigned` to them, a promised date that is `due` soon or `breached` (a ticket that was to wait until today counts as due), an answer that `bounced` or was refused, a `note` or an answer of a colleague on a ticket of theirs. None: no mail.',
    }),
    digest: list(
      text('A time of day such as 08:30.', {
        pattern: '^(?:[01][0-9]|2[0-3]):[0-5][0-9]$',
        patternErrorMessage: 'write a time of day such as 08:30',
      }),
      'The times of day at which this agent is told of everything since the last time in one mail, instead of a mail each; by the clock of their calendar. Dates that are due or breached and urgent tickets are told at once all the same. None: a mail each.',
      { uniqueItems: true },
    ),
    receipts: oneOf(
      ['always', 'risky', 'never'],
      'When this agent is told what became of a mail of theirs, and may take it back for a while: `risky` when it solves or merges a ticket, sends a text of `answers`, or stays a note because it answers one.',
      { default: 'risky' },
    ),
    calendar: maybeReference(
      'The calendar of the hours in which this agent works and is assigned tickets. Left out: always.',
    ),
  },
  { description: 'A person who answers tickets.' },
)

export const Team = object(
  {
    displayName: text('The name requesters and agents see.'),
    assign: oneOf(
      ['manual', 'round-robin', 'least-loaded'],
      'Who gets a new ticket: `manual` nobody, an agent takes it; `round-robin` one after the other; `least-loaded` who has the fewest open. Only agents who are at work and not away.',
      { default: 'manual' },
    ),
    returnAfter: Type.Unsafe<number | null>({
      type: ['string', 'null'],
      pattern: '^(?:[0-9]{1,4}h)?(?:[0-9]{1,5}m)?$',
      patternErrorMessage: 'write opening hours in h and m, such as 90m or 4h',
      'x-duration': ['1m', '4000h'],
      default: null,
      description:
        'After how much working time a ticket goes back to the team when the agent it is assigned to has not answered, nor left a note. Left out: never.',
    }),
    signature: maybeText(
      "What stands below the answers of this team, `{agent}` being the name of who wrote. The signatures of agents' own mail programs are left out. Left out: nothing.",
    ),
  },
  { description: 'A group of agents that tickets go to.' },
)

export const Answers = named(
  named(text('The text in that language.'), {
    ...LANGUAGE,
    description: 'The text by language; one in English, or else the first, serves the others.',
  }),
  { default: {}, description: 'Texts that agents send by `#template name`, by name.' },
)

export const AgentMail = object(
  {
    undoFor: elapsed(
      'How long an agent may take back what a receipt tells of; so long the mail waits. `0s`: it leaves at once.',
      ['0s', '1h'],
      { default: '2m' },
    ),
    keysFor: elapsed('How long the addresses in a notification give an agent powers.', ['1h', '99999h'], {
      default: '2160h',
    }),
    dueWarning: elapsed('How long before a promised date its agents are warned.', ['1m', '999h'], { default: '1h' }),
  },
  { default: {}, description: 'How agents work by mail.' },
)
