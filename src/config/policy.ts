import type { Calendar, Slot } from '../desk/calendar.ts'
import type { Rule } from '../desk/classify.ts'
import type { Policy } from '../desk/policy.ts'
import type { TemplateSet } from '../desk/template.ts'
import { foldAddress } from '../mail/address.ts'
import type { Config } from './schema.ts'

/** What the desk decides by, out of a configuration that has passed every check. */
export function toPolicy(config: Config, templates: TemplateSet): Policy {
  const { automatic, people, senders, trust } = config
  return {
    mailboxes: entries(config.mailboxes, (name, mailbox) => ({
      name,
      displayName: mailbox.displayName,
      addresses: mailbox.addresses.map(foldAddress),
      team: mailbox.team,
      language: mailbox.language,
      serviceLevel: mailbox.serviceLevel,
      acknowledge: mailbox.acknowledge,
      closing: mailbox.closing,
      afterAnswer: mailbox.afterAnswer,
      subaddress: mailbox.subaddress,
    })),
    agents: Object.entries(config.agents).map(([name, { addresses, notify, ...agent }]) => ({
      ...agent,
      name,
      addresses: addresses.map(foldAddress),
      notify: new Set(notify),
    })),
    teams: entries(config.teams, (name, { returnAfter, ...team }) => ({ ...team, name, returnAfterMs: returnAfter })),
    answers: entries(config.answers, (_name, texts) => texts),
    agentMail: {
      undoForMs: config.agentMail.undoFor,
      keysForMs: config.agentMail.keysFor,
      dueWarningMs: config.agentMail.dueWarning,
    },
    survey: { ...config.survey, publicUrl: config.http.publicUrl?.replace(/\/+$/, '') ?? null },
    rules: config.rules.map(toRule),
    calendars: entries(config.calendars, toCalendar),
    serviceLevels: entries(config.serviceLevels, (name, { calendar, targets }) => ({
      name,
      calendar,
      targets: {
        low: toTarget(targets.low),
        normal: toTarget(targets.normal),
        high: toTarget(targets.high),
        urgent: toTarget(targets.urgent),
      },
    })),
    templates,
    categories: entries(config.categories, (_name, names) => names),
    ownAddresses: new Set(Object.values(config.mailboxes).flatMap(mailbox => mailbox.addresses.map(foldAddress))),
    ownLists: new Set(config.ownLists.map(id => id.toLowerCase())),
    peopleDomains: new Set(people.domains.map(domain => domain.toLowerCase())),
    mx: {
      servIds: new Set(trust.mailServers.map(id => (id === 'exchange-online' ? '' : id.toLowerCase()))),
      sealers: new Set(trust.forwarders.map(domain => domain.toLowerCase())),
    },
    reopenWithinMs: config.reopenWithin,
    budgets: {
      address: { size: automatic.perAddress, perDay: 2 * automatic.perAddress },
      ticket: { size: automatic.perTicket, perDay: automatic.perTicket },
      mailbox: { size: automatic.perMailbox, perDay: 24 * automatic.perMailbox },
    },
    heedSuppressHeader: automatic.heedSuppressHeader,
    senders: { allow: new Set(senders.allow.map(foldAddress)), block: new Set(senders.block.map(foldAddress)) },
    heedSpam: config.spam === 'heed',
    acknowledgeMaxAgeMs: automatic.maxAge,
  }
}

export function toRule({ when, ...rule }: Config['rules'][number]): Rule {
  return { ...rule, when: Array.isArray(when) ? when : [when] }
}

export function toCalendar(name: string, { week, holidays, ...calendar }: Config['calendars'][string]): Calendar {
  return {
    name,
    ...calendar,
    week: {
      mon: week.mon.map(toSlot),
      tue: week.tue.map(toSlot),
      wed: week.wed.map(toSlot),
      thu: week.thu.map(toSlot),
      fri: week.fri.map(toSlot),
      sat: week.sat.map(toSlot),
      sun: week.sun.map(toSlot),
    },
    holidays,
  }
}

/** `09:00-12:30` → its two ends. */
function toSlot(text: string): Slot {
  return { from: text.slice(0, 5), to: text.slice(-5) }
}

function toTarget({ firstResponse, resolution }: { firstResponse: number; resolution: number }) {
  return { firstResponseMs: firstResponse, resolutionMs: resolution }
}

function entries<A, B>(
  things: Readonly<Record<string, A>>,
  make: (name: string, thing: A) => B,
): ReadonlyMap<string, B> {
  return new Map(Object.entries(things).map(([name, thing]) => [name, make(name, thing)]))
}
