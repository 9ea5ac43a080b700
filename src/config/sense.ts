/*
 * What has the right shape may still make no sense: a name that refers to nothing, a calendar that never opens, an
 * address in two mailboxes. Works on a sketch, so that it finds its faults beside those of shape; what a fault of shape
 * has left incomplete is passed over.
 */
import { isIP } from 'node:net'
import { isTimeZone, nextOpening } from '../desk/calendar.ts'
import { checkRule } from '../desk/classify.ts'
import { isHolidayCountry } from '../desk/holidays.ts'
import { PRIORITIES } from '../desk/ticket.ts'
import { instantOf } from '../instant.ts'
import { type Find, nearest, type Path, type Problem } from './faults.ts'
import { checkSignIn } from './oauth.ts'
import { toCalendar, toRule } from './policy.ts'
import type { Config } from './schema.ts'
import { checkAddresses, checkSenders, checkTeams } from './sense-people.ts'
import { named, type Sketch } from './shape.ts'

type Given = {
  /** What the check of the shape has found. */
  readonly shape: readonly Problem[]
  /** The languages that acknowledgements are written in. */
  readonly languages: ReadonlySet<string>
  readonly now: Date
}

type Section = 'teams' | 'calendars' | 'serviceLevels' | 'categories'
/** `section entry` of each entry that has a fault of shape, `section ` of a section as a whole. */
type Broken = ReadonlySet<string>

const SINGULAR: Readonly<Record<Section, string>> = {
  teams: 'team',
  calendars: 'calendar',
  serviceLevels: 'service level',
  categories: 'category',
}

/** Every problem, and every warning: what works but is probably not meant. */
export function checkSense(config: Sketch<Config>, given: Given): { problems: Problem[]; warnings: Problem[] } {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const find: Find = (path, message, fix) => problems.push({ path, message, fix })
  const broken = new Set(given.shape.map(({ path: [section, entry] }) => `${section} ${entry ?? ''}`))
  const warn: Find = (path, message, fix) => warnings.push({ path, message, fix })
  checkReferences(config, broken, find)
  checkAddresses(config, find)
  checkSenders(config, find, warn)
  checkTeams(config, warn)
  checkMailboxes(config, given, find, warn)
  checkCalendars(config, broken, given.now, find)
  checkServiceLevels(config, find)
  checkRules(config, broken, find)
  for (const [at, proxy] of (config.http?.trustProxy ?? []).entries()) {
    if (proxy !== undefined && !isNetwork(proxy)) {
      find(
        ['http', 'trustProxy', at],
        'is no IP address',
        'write an address such as 10.0.0.5 or a range such as 10.0.0.0/8',
      )
    }
  }
  const { survey, http } = config
  if (survey?.anonymous && survey.ask && http?.publicUrl === null)
    warn(['survey', 'anonymous'], 'nobody is asked: an anonymous answer needs a page', 'add `http.publicUrl`')
  return { problems, warnings }
}

function checkReferences(config: Sketch<Config>, broken: Broken, find: Find): void {
  const lost = [...broken].some(place => place.endsWith(' ')) // a section may be misspelt: do not complain of all who refer to it
  const refer = (path: Path, section: Section, name: string | null | undefined): void => {
    if (name === null || name === undefined) return
    if (Object.hasOwn(config[section] ?? {}, name)) return
    const there = Object.keys(config[section] ?? {})
    if (lost && there.length === 0) return
    if (broken.has(`${section} ${name}`)) return
    const guess = nearest(name, there)
    const fix = guess
      ? `did you mean \`${guess}\`?`
      : `${there.length > 0 ? `write one of ${there.join(', ')}, or ` : ''}add it under \`${section}\``
    find(path, `there is no ${SINGULAR[section]} \`${name}\``, fix)
  }
  for (const [name, mailbox] of named(config.mailboxes)) {
    refer(['mailboxes', name, 'team'], 'teams', mailbox.team)
    refer(['mailboxes', name, 'serviceLevel'], 'serviceLevels', mailbox.serviceLevel)
  }
  for (const [name, agent] of named(config.agents)) {
    for (const [at, team] of (agent.teams ?? []).entries()) refer(['agents', name, 'teams', at], 'teams', team)
    refer(['agents', name, 'calendar'], 'calendars', agent.calendar)
  }
  for (const [name, level] of named(config.serviceLevels)) {
    refer(['serviceLevels', name, 'calendar'], 'calendars', level.calendar)
  }
  for (const [at, rule] of (config.rules ?? []).entries()) {
    refer(['rules', at, 'set', 'category'], 'categories', rule?.set?.category)
    refer(['rules', at, 'set', 'team'], 'teams', rule?.set?.team)
    refer(['rules', at, 'set', 'serviceLevel'], 'serviceLevels', rule?.set?.serviceLevel)
  }
}

const USUAL_PORTS: Readonly<Record<number, string>> = {
  993: 'implicit',
  465: 'implicit',
  143: 'starttls',
  587: 'starttls',
}

function checkMailboxes(config: Sketch<Config>, { shape, languages, now }: Given, find: Find, warn: Find): void {
  const read = new Map<string, string>()
  for (const [name, mailbox] of named(config.mailboxes)) {
    const { language, startFrom, imap, smtp } = mailbox
    const at = (...steps: (string | number)[]): Path => ['mailboxes', name, ...steps]
    if (language !== undefined && !languages.has(language)) {
      find(
        at('language'),
        `there are no templates in \`${language}\``,
        `choose one of ${[...languages].sort().join(', ')}, or add your own in \`templates\``,
      )
    }
    if (startFrom !== undefined && startFrom !== 'now' && startFrom !== 'all') {
      if (!isDay(startFrom))
        find(at('startFrom'), 'is no day of the calendar', 'write now, all, or a day such as 2026-11-22')
      else if (startFrom > instantOf(now.getTime()).slice(0, 10))
        find(at('startFrom'), 'is in the future', 'write now, all, or a day in the past')
    }
    // A part that has lost its shape would seem to be missing.
    if (!shape.some(({ path }) => at('imap').every((step, index) => path[index] === step)))
      checkSignIn(mailbox, at(), find)
    for (const [protocol, server] of [['imap', imap] as const, ['smtp', smtp] as const]) {
      const host = server?.host ?? imap?.host
      if (!server || host === undefined) continue
      if (server.tls === 'none' && !/^(?:localhost|127\..*|::1)$/.test(host)) {
        warn(at(protocol, 'tls'), 'mails and the password cross the network in clear', 'use implicit or starttls')
      }
      if (server.verifyCertificate === false) {
        warn(
          at(protocol, 'verifyCertificate'),
          'anybody on the way can pose as this server',
          'name its certificate authority in `caFile` instead',
        )
      }
      const usual = USUAL_PORTS[server.port ?? 0]
      if (usual && server.tls && server.tls !== 'none' && server.tls !== usual) {
        warn(
          at(protocol, 'port'),
          `port ${server.port} usually wants \`tls: ${usual}\``,
          'change one of the two if no connection comes about',
        )
      }
    }
    const user = imap?.user ?? mailbox.addresses?.[0]
    for (const [index, folder] of (mailbox.folders ?? []).entries()) {
      if (!imap?.host || !user || folder === undefined) continue
      // RFC 3501 §5.1: INBOX is the one name whose case does not matter.
      const key = [
        imap.host.toLowerCase(),
        imap.port ?? (imap.tls === 'implicit' ? 993 : 143),
        user.toLowerCase(),
        folder.toUpperCase() === 'INBOX' ? 'INBOX' : folder,
      ].join('\n')
      const other = read.get(key)
      if (other === name) find(at('folders', index), 'is listed twice', 'remove one of the two')
      else if (other !== undefined)
        find(
          at('folders', index),
          `the mailbox \`${other}\` reads this folder of this account too`,
          'give each mailbox a folder or an account of its own',
        )
      read.set(key, other ?? name)
    }
    checkAfterReading(mailbox, at, find, warn)
  }
}

function checkAfterReading(
  { folders, sentFolder, afterReading, moveTo }: Sketch<Config['mailboxes'][string]>,
  at: (...steps: Path) => Path,
  find: Find,
  warn: Find,
): void {
  if (moveTo === undefined || afterReading === undefined) return
  if (afterReading === 'move' && moveTo === null)
    find(at('afterReading'), 'does not say where to', 'name the folder with `moveTo`')
  else if (afterReading !== 'move' && moveTo !== null)
    warn(at('moveTo'), 'has no effect', 'write `afterReading: move` too, or remove it')
  // What is moved into a folder that is read would come in a second time.
  else if (moveTo !== null && [...(folders ?? []), sentFolder].includes(moveTo))
    find(at('moveTo'), 'is a folder that is read', 'choose another one')
}

function checkCalendars(config: Sketch<Config>, broken: Broken, now: Date, findAny: Find): void {
  for (const [name, sketch] of named(config.calendars)) {
    let sound = !broken.has(`calendars ${name}`)
    const find = (steps: Path, message: string, fix: string): void => {
      sound = false
      findAny(['calendars', name, ...steps], message, fix)
    }
    const { timeZone, holidays } = sketch
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      const guess = nearest(timeZone, Intl.supportedValuesOf('timeZone'))
      find(
        ['timeZone'],
        'is no time zone',
        guess ? `did you mean \`${guess}\`?` : 'write one of the IANA database such as Europe/Brussels',
      )
    }
    const { country, region } = holidays ?? {}
    if (country && !isHolidayCountry(country)) {
      find(
        ['holidays', 'country'],
        'no public holidays are known for this country',
        'write its two letters such as BE, or leave it out and list `days`',
      )
    } else if (country && region && !isHolidayCountry(country, region)) {
      find(
        ['holidays', 'region'],
        `is no region of ${country} with holidays of its own`,
        'write its code such as BY for Bavaria in DE, or leave it out',
      )
    } else if (region && !country) {
      find(['holidays', 'region'], 'a region needs its country', 'add `country`')
    }
    const dates: [Path, string | undefined][] = [
      ...[...(holidays?.days ?? []).entries()].map(([at, day]): [Path, string | undefined] => [
        ['holidays', 'days', at, 'date'],
        day?.date,
      ]),
      ...[...(holidays?.except ?? []).entries()].map(([at, day]): [Path, string | undefined] => [
        ['holidays', 'except', at],
        day,
      ]),
    ]
    for (const [path, date] of dates) {
      if (date !== undefined && !isDay(date)) find(path, 'is no day of the calendar', 'correct the month or the day')
    }
    // `sound` means whole: what is missing in a sketch has been told as a fault of its shape.
    if (
      sound &&
      nextOpening(toCalendar(name, sketch as Config['calendars'][string]), instantOf(now.getTime())) === null
    ) {
      find(['week'], 'this calendar never opens', 'give at least one weekday hours such as [09:00-17:00]')
    }
  }
}

function checkServiceLevels(config: Sketch<Config>, find: Find): void {
  for (const [name, { targets }] of named(config.serviceLevels)) {
    for (const priority of PRIORITIES) {
      const { firstResponse, resolution } = targets?.[priority] ?? {}
      if (firstResponse !== undefined && resolution !== undefined && resolution < firstResponse) {
        const path = ['serviceLevels', name, 'targets', priority, 'resolution']
        find(
          path,
          'is shorter than the first response',
          'nothing is solved before it is answered: make it at least as long',
        )
      }
    }
  }
}

function checkRules(config: Sketch<Config>, broken: Broken, find: Find): void {
  const names = new Set<string>()
  for (const [at, rule] of (config.rules ?? []).entries()) {
    if (rule?.name !== undefined) {
      if (names.has(rule.name))
        find(['rules', at, 'name'], 'another rule is called so', 'choose another name: tickets remember rules by it')
      names.add(rule.name)
    }
    if (!rule || broken.has(`rules ${at}`)) continue
    const wrong = checkRule(toRule(rule as Config['rules'][number]))
    if (wrong !== null) find(['rules', at], wrong, 'correct this rule')
  }
}

/** `2026-12-31` or `12-31`: is there such a day? `02-29` is one. */
function isDay(text: string): boolean {
  const date = text.length === 5 ? `2024-${text}` : text
  const ms = Date.parse(`${date}T00:00:00Z`)
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date)
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}
