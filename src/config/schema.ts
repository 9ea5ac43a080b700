/*
 * What the configuration may say: the one source of the validation, of the types, and of config/schema.json, by which
 * editors complete and explain the file. Every field has a description, for the admin who reads it there.
 *
 * `Config` is the file after loading: defaults filled in, durations as milliseconds, file names absolute. No secret
 * is ever in it, so that it can be logged.
 */
import { type Static, Type } from '../json-schema.ts'
import { Agent, AgentMail, Answers, Team } from './agent-schema.ts'
import {
  elapsed,
  host,
  LANGUAGE,
  list,
  maybePath,
  maybeText,
  named,
  object,
  oneOf,
  path,
  reference,
  text,
  working,
} from './fields.ts'
import { Mailbox } from './mailbox-schema.ts'

const words = (description: string) =>
  Type.Optional(
    Type.Array(
      text(
        'A word or a phrase; case and accents do not matter. `print*` is any ending, `*drucker` any beginning. Among senders and recipients also `boss@example.org`, `@example.org`, `example.org` or `boss@`; among attachments `.pdf`.',
      ),
      { minItems: 1, description },
    ),
  )

const Terms = object(
  {
    any: words('At least one of these must occur.'),
    all: words('All of these must occur.'),
    none: words('None of these may occur.'),
    in: Type.Optional(
      Type.Array(
        oneOf(
          ['subject', 'text', 'sender', 'recipient', 'attachment'],
          '`text` is what the person wrote, without quotation and signature; `attachment` are the file names.',
        ),
        { minItems: 1, uniqueItems: true, description: 'Where they are looked for; left out, subject and text.' },
      ),
    ),
  },
  { description: 'Words to look for: `any`, `all` and `none` must hold together.' },
)

const Rule = object(
  {
    name: text('The name of the rule: tickets remember which rule matched.', { maxLength: 80 }),
    when: Type.Unsafe<Static<typeof Terms> | readonly Static<typeof Terms>[]>({
      anyOf: [Terms, { type: 'array', items: Terms }],
      default: [],
      description:
        'What must be found: a mapping such as `any: [vpn, wifi]`, or a list of them that must all hold. Left out, the rule always matches, and what it sets is a default.',
    }),
    wholeWords: Type.Boolean({
      default: true,
      description: 'Whether `print` is found only as a word of its own (true) or in `printer` too (false).',
    }),
    set: object(
      {
        category: Type.Optional(reference('The category.')),
        priority: Type.Optional(oneOf(['low', 'normal', 'high', 'urgent'], 'The priority.')),
        team: Type.Optional(reference('The team.')),
        serviceLevel: Type.Optional(reference('The service level.')),
        tags: Type.Optional(
          Type.Array(
            text('A tag.', {
              pattern: '^[a-z0-9][a-z0-9_.:-]{0,39}$',
              patternErrorMessage: 'a tag is lower case without blanks: a-z, 0-9, - _ . :',
            }),
            { minItems: 1, uniqueItems: true, description: 'Tags to add.' },
          ),
        ),
      },
      { default: {}, description: 'What the ticket gets when the rule matches. May be left out only with `stop`.' },
    ),
    weight: Type.Number({
      default: 1,
      exclusiveMinimum: 0,
      maximum: 1000,
      description:
        'How much each word found counts when rules want different things. Category, team and service level come from the rule with the highest sum, the priority from the heaviest rule.',
    }),
    stop: Type.Boolean({ default: false, description: 'Whether later rules are left aside when this one matches.' }),
  },
  { description: 'Words that say what a mail is about.' },
)

const day = list(
  Type.String({
    pattern: '^(?:[01][0-9]|2[0-3]):[0-5][0-9] ?[-–] ?(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$',
    patternErrorMessage:
      'write two times of day such as 09:00-12:30; 22:00-06:00 goes on over midnight, 00:00-24:00 is the whole day',
    description: 'From and to, such as `09:00-12:30`. When the second is not later, it is on the next day.',
  }),
  'The opening hours of this weekday; none: closed.',
)

const Calendar = object(
  {
    timeZone: text('The time zone of the hours, such as `Europe/Brussels`.'),
    week: object(
      { mon: day, tue: day, wed: day, thu: day, fri: day, sat: day, sun: day },
      { description: 'The opening hours, weekday by weekday. Several slots a day leave room for lunch.' },
    ),
    holidays: object(
      {
        country: maybeText('The country whose public holidays are closed, as two letters such as `BE` (ISO 3166).'),
        region: maybeText('Its state or region, where that has holidays of its own, such as `BY` for Bavaria.'),
        days: list(
          object(
            {
              date: text('A day: `2026-12-31` once, `12-31` every year.', {
                pattern: '^(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}$',
                patternErrorMessage: 'write 2026-12-31 for one year or 12-31 for every year',
              }),
              name: text('Why it is closed; people are told.'),
            },
            { description: 'A day of our own that is closed.' },
          ),
          'Days closed beyond the public holidays.',
        ),
        except: list(
          text('A day: `2026-12-26` once, `12-26` every year.', {
            pattern: '^(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}$',
            patternErrorMessage: 'write 2026-12-26 for one year or 12-26 for every year',
          }),
          'Public holidays on which we work all the same.',
        ),
      },
      { default: {}, description: 'The days on which we are closed.' },
    ),
    onCall: Type.Unsafe<{
      readonly name: string
      readonly phone: string | null
      readonly address: string | null
    } | null>({
      ...object({
        name: text('Who it is, such as `IT on call`.'),
        phone: maybeText('Their telephone number, as people are to dial it.'),
        address: maybeText('Their mail address.'),
      }),
      type: ['object', 'null'],
      default: null,
      description: 'Whom people may turn to when it is urgent and we are closed. Acknowledgements name them then.',
    }),
  },
  { description: 'When somebody is there.' },
)

const target = (priority: string) =>
  object(
    {
      firstResponse: working('By when a person answers, in opening hours: `30m`, `4h`, `40h`.'),
      resolution: working('By when it is solved, in opening hours.'),
    },
    { description: `What is promised at ${priority} priority.` },
  )

const ServiceLevel = object(
  {
    calendar: reference('The calendar whose opening hours count.'),
    targets: object(
      { low: target('low'), normal: target('normal'), high: target('high'), urgent: target('urgent') },
      { description: 'The times promised, by priority.' },
    ),
  },
  { description: 'What is promised to people.' },
)

const senders = (description: string) =>
  list(
    text(
      'An address, `@example.org` for all at that domain, or `example.org` for all at it and its sub-domains. Case does not matter.',
      {
        pattern: '^(?:[^\\s@*]*@)?[^\\s@*.]+(?:\\.[^\\s@*.]+)+$',
        patternErrorMessage: 'write an address, @example.org, or a domain such as example.org, without *',
      },
    ),
    description,
    { uniqueItems: true },
  )

export const ConfigSchema = object(
  {
    mailboxes: named(Mailbox, { minProperties: 1, description: 'The shared mailboxes, by name.' }),
    teams: named(Team, { default: {}, description: 'The teams, by name.' }),
    agents: named(Agent, { default: {}, description: 'The people who answer tickets, by name.' }),
    answers: Answers,
    agentMail: AgentMail,
    survey: object(
      {
        ask: Type.Boolean({
          default: true,
          description: 'Whether the mail that tells people of a solved ticket asks how content they are.',
        }),
        anonymous: Type.Boolean({
          default: false,
          description:
            'Whether answers are kept without ticket and person. They are then given on a page only, which needs `http.publicUrl`: a mail tells who wrote it.',
        }),
      },
      { default: {}, description: 'The one question that people are asked when their ticket is solved.' },
    ),
    categories: named(
      named(text('The name of the category in that language.'), {
        ...LANGUAGE,
        default: {},
        description: 'Its names by language, as acknowledgements say them. Without names the key is shown.',
      }),
      { default: {}, description: 'What tickets can be about, by key.' },
    ),
    rules: list(Rule, 'How mails are sorted. The rules are tried in this order.'),
    calendars: named(Calendar, { minProperties: 1, description: 'Opening hours and holidays, by name.' }),
    serviceLevels: named(ServiceLevel, { minProperties: 1, description: 'What is promised to people, by name.' }),
    people: object(
      {
        domains: list(
          text('A domain such as example.org.', {
            pattern: '^[^\\s@]+\\.[^\\s@]+$',
            patternErrorMessage: 'write only the domain, such as example.org',
          }),
          'The domains of the people this desk serves. Only to them does an automatic mail repeat words they wrote.',
          { uniqueItems: true },
        ),
      },
      { default: {}, description: 'The people this desk serves.' },
    ),
    senders: object(
      {
        allow: senders(
          'Whose mail is always taken in, even if `block` or the spam filter say otherwise. The From address is believed.',
        ),
        block: senders('Whose mail makes no ticket and gets no answer. It is kept and listed, and can be released.'),
      },
      { default: {}, description: 'Senders that are let in or kept out.' },
    ),
    spam: oneOf(
      ['heed', 'ignore'],
      'Whether mail is blocked that the spam filter of your mail server has marked: X-Spam-Flag and the like (SpamAssassin, rspamd), SCL (Microsoft). The server must put such a field into every mail itself, or remove those that come from outside: nobody signs them. Agents, people who take part in the ticket, and those of `people` with an earlier ticket are never blocked by it.',
      { default: 'heed' },
    ),
    ownLists: list(
      text('A List-Id such as everyone.example.org, without brackets.', {
        pattern: '^[^\\s<>]+$',
        patternErrorMessage: 'write the List-Id alone, without < and >, such as everyone.example.org',
      }),
      'Our own distribution groups. Mail through them is answered as if it had come directly; mail of other lists never is.',
      { uniqueItems: true },
    ),
    trust: object(
      {
        mailServers: list(
          text('A name such as mx.example.org, or exchange-online.', {
            pattern: '^[^\\s;]+$',
            patternErrorMessage: 'write the name alone, as it stands first in Authentication-Results',
          }),
          'The mail servers of ours whose `Authentication-Results` tell whether a sender is who they say (RFC 8601): the name at the beginning of that field, or `exchange-online`, which writes none. They must remove such fields from mail that comes in. With one named, an agent is only believed when it says pass; with none, From is.',
          { uniqueItems: true },
        ),
        forwarders: list(
          text('A domain such as example.org.'),
          'Domains whose ARC seals are believed when they forward to us (RFC 8617).',
          { uniqueItems: true },
        ),
      },
      { default: {}, description: 'Whose word on senders is believed.' },
    ),
    reopenWithin: elapsed(
      'How long after it was solved or closed a reply reopens a ticket. Later it opens a new one that refers to it.',
      ['1h', '9000h'],
      { default: '336h' },
    ),
    automatic: object(
      {
        maxAge: elapsed('Mail that arrived longer ago than this is never answered automatically.', ['1m', '9000h'], {
          default: '24h',
        }),
        perAddress: Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: 10,
          description:
            'How many automatic mails one address gets at once; twice as many more in a day. A machine that no header betrays stays bounded by it.',
        }),
        perTicket: Type.Integer({
          minimum: 1,
          maximum: 10_000,
          default: 20,
          description:
            'How many automatic mails one ticket brings at once, to whomever; as many more in a day. Many machines in copy of one ticket stay bounded by it.',
        }),
        perMailbox: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 3000,
          description:
            'How many automatic mails a mailbox sends at once, and in each hour after that. When it is used up the admins are told.',
        }),
        heedSuppressHeader: Type.Boolean({
          default: true,
          description:
            'Whether `X-Auto-Response-Suppress` keeps us from acknowledging. Exchange sets it on mails of people too, when so configured: `false` then.',
        }),
      },
      { default: {}, description: 'When automatic mails are held back. Robots, lists and bounces never get one.' },
    ),
    admins: list(
      text('A mail address.'),
      'Who is told by mail when a mailbox cannot be read, mail is not sent, or no mail comes where it always did: once, once a day while it lasts, and when it is over.',
      { uniqueItems: true },
    ),
    alarmAfter: elapsed('How long reading or sending must have failed before the admins are told.', ['1m', '24h'], {
      default: '15m',
    }),
    templates: maybePath(
      'A folder of your own templates. Files in it replace the shipped ones of the same name, one by one; further languages may be added.',
    ),
    storage: object(
      { path: path('The database file. Its folder must exist and be writable.', { default: 'postdesk.sqlite' }) },
      { default: {}, description: 'Where tickets and mails are kept.' },
    ),
    http: object(
      {
        host: text('The address to listen on: `127.0.0.1` this machine only, `0.0.0.0` every network.', {
          ...host,
          default: '127.0.0.1',
        }),
        port: Type.Integer({
          minimum: 0,
          maximum: 65_535,
          default: 8025,
          description: 'The port to listen on; 0 takes a free one and logs it.',
        }),
        publicUrl: maybeText(
          'Where people reach this service with their browsers, such as `https://help.example.org`: the address of the page on which they say how content they are. Only `/survey/` needs to be reached from there. Left out: they are asked by mail alone.',
          {
            pattern: '^https?://[^\\s/?#]+(?:/[^\\s?#]*)?$',
            patternErrorMessage: 'write an address such as https://help.example.org, without ? and #',
          },
        ),
        trustProxy: list(
          text('An IP address or a range such as 10.0.0.0/8.'),
          'The reverse proxies whose `X-Forwarded-For` is believed. None: the header is ignored.',
        ),
      },
      { default: {}, description: 'The REST API.' },
    ),
    log: object(
      {
        level: oneOf(
          ['silent', 'error', 'warn', 'info', 'debug', 'trace'],
          'How much is logged. Texts of mails never are.',
          {
            default: 'info',
          },
        ),
      },
      { default: {}, description: 'The log, JSON lines on standard output.' },
    ),
    shutdownGrace: elapsed('How long a stop waits for the mail in hand.', ['0s', '10m'], { default: '10s' }),
  },
  { title: 'Postdesk configuration', description: 'The configuration of Postdesk.' },
)

export type Config = Static<typeof ConfigSchema>

/** The JSON Schema for editors (config/schema.json): what has a default may be left out; keywords of our own (`x-`) are not shown. */
export function editorSchema(): unknown {
  const tidy = (schema: unknown): unknown => {
    if (Array.isArray(schema)) return schema.map(tidy)
    if (typeof schema !== 'object' || schema === null) return schema
    const { required, ...rest } = schema as { required?: unknown; properties?: Record<string, { default?: unknown }> }
    const needed = Array.isArray(required)
      ? required.filter(name => rest.properties?.[name]?.default === undefined)
      : []
    return {
      ...Object.fromEntries(
        Object.entries(rest).flatMap(([key, part]) => (key.startsWith('x-') ? [] : [[key, tidy(part)]])),
      ),
      ...(needed.length > 0 ? { required: needed } : {}),
    }
  }
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...(tidy(ConfigSchema) as object) }
}
