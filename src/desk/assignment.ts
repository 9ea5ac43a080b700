import { earlier, HOUR, type Instant, later, MINUTE, plus } from '../instant.ts'
import { addWorkingTime, isOpen, nextOpening } from './calendar.ts'
import { type Agent, type Policy, type Team, teamOf } from './policy.ts'
import type { Ticket, TicketChanges, TicketEvent } from './ticket.ts'

/*
 * Who gets a ticket that nobody took, and when it goes back to the team. Only agents who are at work and not away get tickets,
 * and none in which they are the one who asks for help.
 */

/** What is known of a team's agents at a moment. */
export type Situation = {
  readonly now: Instant
  readonly policy: Policy
  readonly away: ReadonlySet<string>
  /** How many open tickets each agent has; none where nothing stands. */
  readonly load: ReadonlyMap<string, number>
  /** When a ticket was last given to each agent. */
  readonly lastAssignedAt: ReadonlyMap<string, Instant>
  /** The agent who asks for help in it; null: somebody else does. */
  readonly requester: string | null
  /** From whom the ticket is taken: they do not get it again. */
  readonly except: string | null
}

/** `at`: when it was their turn, later than anybody's before, however many tickets a moment brings. */
export type Chosen = { readonly agent: Agent; readonly why: string; readonly at: Instant }

/** The agent whose turn it is; null: nobody's, or the team gives its tickets out by hand. */
export function chooseAgent(team: Team, situation: Situation): Chosen | null {
  const { now, policy, away, load, lastAssignedAt } = situation
  if (team.assign === 'manual') return null
  const atWork = agentsFor(team, situation).filter(agent => !away.has(agent.name) && isAtWork(agent, policy, now))
  const loadOf = ({ name }: Agent) => (team.assign === 'least-loaded' ? (load.get(name) ?? 0) : 0)
  const lastOf = ({ name }: Agent) => lastAssignedAt.get(name) ?? ''
  // The sort is stable: who was never given anything comes in the order of the configuration.
  const [agent] = atWork.toSorted(
    (a, b) => loadOf(a) - loadOf(b) || (lastOf(a) < lastOf(b) ? -1 : lastOf(a) > lastOf(b) ? 1 : 0),
  )
  if (!agent) return null
  const why =
    team.assign === 'least-loaded'
      ? `fewest open tickets at work (${load.get(agent.name) ?? 0})`
      : `whose turn it was at work in team ${team.name}`
  const last = [...lastAssignedAt.values()].reduce(later, '')
  return { agent, why, at: last === '' ? now : later(now, plus(last, 1)) }
}

/** When to look again for somebody who gets the ticket; null: there is nobody who ever could. */
export function nextAtWork(team: Team, situation: Situation): Instant | null {
  if (team.assign === 'manual') return null
  const { now, policy } = situation
  // Who is at work and not chosen is away: their next mail may come at any moment.
  const soon = plus(now, MINUTE)
  const openings = agentsFor(team, situation).flatMap(agent => {
    const calendar = policy.calendars.get(agent.calendar ?? '')
    const opening = calendar ? nextOpening(calendar, now) : now
    return opening === null ? [] : [later(opening, soon)]
  })
  return openings.length > 0 ? openings.reduce(earlier) : null
}

function agentsFor({ name }: Team, { policy, requester, except }: Situation): Agent[] {
  return policy.agents.filter(agent => agent.teams.includes(name) && agent.name !== except && agent.name !== requester)
}

function isAtWork({ calendar: name }: Agent, { calendars }: Policy, now: Instant): boolean {
  const calendar = calendars.get(name ?? '')
  return calendar === undefined || isOpen(calendar, now)
}

/** The changes that give a ticket to an agent, or (null) back to the team, with the line of history. */
export function handedTo(
  ticket: Ticket,
  agent: string | null,
  why: string,
): { readonly changes: TicketChanges; readonly events: readonly TicketEvent[] } {
  const assignee = { from: ticket.assignee, to: agent, why }
  return { changes: { assignee: agent }, events: [{ kind: 'changed', actor: 'postdesk', data: { assignee } }] }
}

/** When a ticket that was given to somebody at `at` goes back unless they have answered, in the opening hours of its service level. */
export function returnsAt(ticket: Ticket, policy: Policy, at: Instant): Instant | null {
  const afterMs = policy.teams.get(teamOf(policy, ticket) ?? '')?.returnAfterMs ?? null
  const calendar = policy.calendars.get(policy.serviceLevels.get(ticket.serviceLevel)?.calendar ?? '')
  return afterMs === null || !calendar ? null : addWorkingTime(calendar, at, afterMs).at
}

/** Why a ticket goes back whose agent has not answered. */
export function unansweredWhy(agent: string, ticket: Ticket, policy: Policy): string {
  const ms = policy.teams.get(teamOf(policy, ticket) ?? '')?.returnAfterMs ?? 0
  const time = ms % HOUR === 0 ? `${ms / HOUR}h` : `${Math.round(ms / MINUTE)}m`
  return `${displayed(agent, policy)} has not answered within ${time} of working time`
}

/** Why a ticket goes back whose agent is out of office. */
export function awayWhy(agent: string, policy: Policy): string {
  return `${displayed(agent, policy)} is out of office, and it is urgent`
}

function displayed(name: string, { agents }: Policy): string {
  return agents.find(agent => agent.name === name)?.displayName ?? name
}
