import { DeskError } from '../errors.ts'
import type { Instant } from '../instant.ts'
import type { Policy } from './policy.ts'
import { dueTimes } from './service-level.ts'
import { changedEvents, type Ticket, type TicketChanges, type TicketEvent, withStatus } from './ticket.ts'

/** What somebody wants changed of a ticket by hand; what is absent stays. */
export type Edit = Partial<Pick<Ticket, 'status' | 'priority' | 'category' | 'team' | 'assignee'>>

/** What an edit comes to: the changes (empty when it says what is so already) and the lines of history for them. */
export type Edited = { readonly changes: TicketChanges; readonly events: readonly TicketEvent[] }

/**
 * Decides what an edit by `actor` changes. A new priority brings new dates, reckoned from when the ticket was opened.
 * Throws DeskError('invalid') that names what exists, when the edit names a team, agent or category that does not.
 */
export function editTicket(ticket: Ticket, edit: Edit, policy: Policy, actor: string, now: Instant): Edited {
  const faults = [
    unknown('team', edit.team, policy.teams.keys()),
    unknown(
      'assignee',
      edit.assignee,
      policy.agents.map(agent => agent.name),
    ),
    unknown('category', edit.category, policy.categories.keys()),
  ].filter(fault => fault !== null)
  if (faults.length > 0) throw new DeskError('invalid', faults.join('; '))

  const { status, ...rest } = edit
  const wanted = { ...rest, ...(status && withStatus(ticket, status, now)) }
  const dates =
    edit.priority && edit.priority !== ticket.priority
      ? newDates({ ...ticket, ...wanted }, policy, edit.priority)
      : null
  const entries = Object.entries({ ...wanted, ...dates?.changes }).filter(
    ([field, to]) => ticket[field as keyof Ticket] !== to,
  )
  const changes: TicketChanges = Object.fromEntries(entries)
  const due: TicketEvent[] = dates ? [{ kind: 'due', actor, data: dates.data }] : []
  return { changes, events: [...changedEvents(ticket, changes, actor), ...due] }
}

function unknown(field: string, name: string | null | undefined, known: Iterable<string>): string | null {
  if (name === undefined || name === null) return null
  const names = [...known]
  if (names.includes(name)) return null
  return `there is no ${field} "${name}": ${names.length > 0 ? `known are ${names.join(', ')}` : 'none is configured'}`
}

/** A date that has been met or missed already is history: only what is still to come is reckoned anew. */
function newDates(
  ticket: Ticket,
  policy: Policy,
  priority: Ticket['priority'],
): { changes: TicketChanges; data: TicketEvent['data'] } {
  const level = policy.serviceLevels.get(ticket.serviceLevel)
  const calendar = level && policy.calendars.get(level.calendar)
  if (!level || !calendar) {
    const why = `service level ${ticket.serviceLevel} is not configured any more: the dates stay as they were`
    return { changes: {}, data: { serviceLevel: ticket.serviceLevel, priority, why } }
  }
  const { firstResponse, resolution } = dueTimes(level, calendar, priority, ticket.openedAt)
  const unanswered = ticket.firstResponseAt === null
  const unsolved = ticket.solvedAt === null
  return {
    changes: {
      ...(unanswered && { firstResponseDue: firstResponse.at }),
      ...(unsolved && { resolutionDue: resolution.at }),
    },
    data: {
      serviceLevel: level.name,
      priority,
      ...(unanswered && { firstResponse }),
      ...(unsolved && { resolution }),
    },
  }
}
