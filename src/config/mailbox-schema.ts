/*
 * What the configuration may say of a shared mailbox; part of `schema.ts`.
 */
import { Type } from '../json-schema.ts'
import { elapsed, LANGUAGE, maybeReference, maybeText, object, oneOf, reference, size, text } from './fields.ts'
import { Imap, Smtp } from './server-schema.ts'

export const Mailbox = object(
  {
    displayName: text('The sender people see on our mails, such as `IT Help`.'),
    addresses: Type.Array(text('A mail address.'), {
      minItems: 1,
      description: 'The addresses under which people write to this mailbox. The first is the sender of our mails.',
    }),
    team: maybeReference('The team that gets its tickets when no rule says otherwise.'),
    language: text('The language of our mails when that of the requester is unknown or has no templates.', {
      ...LANGUAGE,
      default: 'en',
    }),
    serviceLevel: reference('The service level of its tickets when no rule says otherwise.'),
    acknowledge: Type.Boolean({
      default: true,
      description:
        'Whether people are told at once that their mail arrived, with a ticket number and a date to plan by.',
    }),
    closing: Type.Boolean({
      default: true,
      description:
        'Whether people are told when their ticket is solved: what was wrong, what was done, and how to come back.',
    }),
    afterAnswer: oneOf(
      ['open', 'pending', 'solved'],
      'The status of a ticket once an agent has answered it: `pending` waits for the requester, `solved` is done until they write again.',
      { default: 'pending' },
    ),
    subaddress: maybeText(
      'What the mail server allows between a name and a detail, usually `+`: our mails then ask for answers to an address such as `it+1042.x@example.org`, which finds its ticket whatever a mail client leaves out. Try that a mail to `it+x@…` arrives before you set it.',
      { pattern: '^[+=_.-]$', patternErrorMessage: 'write one character, usually +' },
    ),
    folders: Type.Array(text('A folder on the server, written as the server does.'), {
      minItems: 1,
      default: ['INBOX'],
      description: 'The folders that are read. Each is followed on a connection of its own.',
    }),
    sentFolder: text(
      'Where answers are found that agents write in the mailbox itself, from its own address: `auto` is the folder that the server calls its sent mail (SPECIAL-USE), `none` reads none, anything else is its name on the server.',
      { default: 'auto' },
    ),
    afterReading: oneOf(
      ['leave', 'seen', 'flag', 'move'],
      'What happens on the server to a mail once it is taken in: nothing, marked as seen, flagged, or moved to `moveTo`. What could not be read stays as it is.',
      { default: 'leave' },
    ),
    moveTo: maybeText('The folder for `afterReading: move`. It is created when it does not exist.'),
    largestMail: size(
      'A mail larger than this is not fetched whole: its ticket holds its beginning, without attachments, and a note.',
      ['256KB', '1GB'],
      { default: '50MB' },
    ),
    startFrom: Type.Unsafe<'now' | 'all' | `${number}-${number}-${number}`>({
      type: 'string',
      pattern: '^(?:now|all|[0-9]{4}-[0-9]{2}-[0-9]{2})$',
      patternErrorMessage: 'write now, all, or a day such as 2026-11-22',
      default: 'now',
      description:
        'Which mail the very first connection reads: `now` only what arrives from then on, `all` whatever is there, a day what arrived since. Later starts go on where the last one stopped.',
    }),
    pollEvery: elapsed(
      'How often we look for mail when the server does not tell us of it by itself (IDLE).',
      ['1s', '24h'],
      {
        default: '60s',
      },
    ),
    imap: Imap,
    smtp: Smtp,
  },
  { description: 'A shared mailbox.' },
)
