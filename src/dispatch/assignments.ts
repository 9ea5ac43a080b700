import {
  awayWhy,
  chooseAgent,
  handedTo,
  nextAtWork,
  returnsAt,
  type Situation,
  unansweredWhy,
} from '../desk/assignment.ts'
import { agentOf } from '../desk/people.ts'
import { type Team, teamOf } from '../desk/policy.ts'
import type { Ticket } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import type { Tx } from '../store/store.ts'
import { type Dispatching, eachAlone, type Happened } from './dispatching.ts'

/*
 * Gives tickets to agents and takes them back, in the transaction of the event that brought it about or of the moment that was
 * waited for. Every way in which somebody is assigned, by mail, API or this room, comes by here as an event.
 */

/** What an event does to whose ticket it is. True when it was given to an agent, who is told of that by itself. */
export async function followAssignment(tx: Tx, dispatching: Dispatching, event: Happened): Promise<boolean> {
  const { kind, data, actor } = event
  switch (kind) {
    case 'opened':
      return !data['past'] && data['splitFrom'] === undefined && giveAway(tx, dispatching, event.ticket)
    case 'changed':
      return followChange(tx, dispatching, event)
    case 'away':
      await takeUrgent(tx, dispatching, actingAgent(actor) ?? '')
      return false
    case 'message':
    case 'reply-queued': {
      if (data['author'] !== 'agent' && data['kind'] !== 'answer') return false
      const handover = await tx.handoverOf(event.ticket)
      if (handover?.agent && (await isAnswerOf(tx, handover.agent, event))) await tx.dropHandover(event.ticket)
      return false
    }
    case 'commanded':
      // A note below `#take` stands in the same mail.
      if ((data['commands'] as readonly string[]).includes('note')) {
        const handover = await tx.handoverOf(event.ticket)
        if (handover?.agent && handover.agent === actingAgent(actor)) await tx.dropHandover(event.ticket)
      }
      return false
    default:
      return false
  }
}

/** Looks once which tickets change hands now; true when any did. Throws when the store is in trouble. */
export async function handOver(dispatching: Dispatching): Promise<boolean> {
  const { store, clock } = dispatching
  const due = await store.read.handoversDue(clock())
  return eachAlone(dispatching, due, ({ ticket }) => store.write(tx => handOverOne(tx, dispatching, ticket)))
}

async function handOverOne(tx: Tx, dispatching: Dispatching, id: number): Promise<boolean> {
  const { policy, clock } = dispatching
  const handover = await tx.handoverOf(id)
  const ticket = await tx.ticket(id)
  if (!handover || !ticket || handover.at > clock()) return false
  await tx.dropHandover(id)
  if (handover.agent === null) return giveAway(tx, dispatching, id)
  if (ticket.status !== 'open' || ticket.mergedInto !== null || ticket.assignee !== handover.agent) return false
  await takeBack(tx, dispatching, ticket, unansweredWhy(handover.agent, ticket, policy))
  return true
}

/** Gives a ticket that is nobody's to whose turn it is; where nobody is at work it waits. */
async function giveAway(tx: Tx, dispatching: Dispatching, id: number): Promise<boolean> {
  const { policy } = dispatching
  const ticket = await tx.ticket(id)
  const team = ticket && policy.teams.get(teamOf(policy, ticket) ?? '')
  if (!team || team.assign === 'manual') return false
  if (ticket.status !== 'open' || ticket.assignee !== null || ticket.mergedInto !== null) return false
  const situation = await situationOf(tx, dispatching, ticket, team, null)
  const chosen = chooseAgent(team, situation)
  if (!chosen) {
    const at = nextAtWork(team, situation)
    if (at !== null) await tx.setHandover({ ticket: id, agent: null, at })
    return false
  }
  await hand(tx, ticket, chosen.agent.name, chosen.why, situation.now)
  await tx.setAgentState(chosen.agent.name, { lastAssignedAt: chosen.at })
  return chosen.agent.notify.has('assigned')
}

/** Back to the team, or to the next one in a team that gives its tickets out. */
async function takeBack(tx: Tx, dispatching: Dispatching, ticket: Ticket, why: string): Promise<void> {
  const team = dispatching.policy.teams.get(teamOf(dispatching.policy, ticket) ?? '')
  const situation = team && (await situationOf(tx, dispatching, ticket, team, ticket.assignee))
  const chosen = team && situation ? chooseAgent(team, situation) : null
  await hand(tx, ticket, chosen?.agent.name ?? null, why, dispatching.clock())
  if (chosen) await tx.setAgentState(chosen.agent.name, { lastAssignedAt: chosen.at })
}

async function hand(tx: Tx, ticket: Ticket, agent: string | null, why: string, now: Instant): Promise<void> {
  const { changes, events } = handedTo(ticket, agent, why)
  await tx.addEvents(ticket.id, events, now)
  await tx.changeTicket(ticket.id, changes, now)
}

async function takeUrgent(tx: Tx, dispatching: Dispatching, agent: string): Promise<void> {
  const urgent = await tx.tickets({ assignee: agent, status: ['open'], priority: ['urgent'] }, 1_000)
  for (const ticket of urgent) await takeBack(tx, dispatching, ticket, awayWhy(agent, dispatching.policy))
}

type Change = { readonly to: unknown } | undefined

async function followChange(tx: Tx, dispatching: Dispatching, event: Happened): Promise<boolean> {
  const { policy } = dispatching
  const [assignee, team, status] = ['assignee', 'team', 'status'].map(field => event.data[field] as Change)
  if (status?.to === 'solved' || status?.to === 'closed') await tx.dropHandover(event.ticket)
  if (assignee) {
    await tx.dropHandover(event.ticket)
    const ticket = await tx.ticket(event.ticket)
    const at = ticket && returnsAt(ticket, policy, event.at)
    // What was undone or changed again since comes by as an event of its own.
    if (typeof assignee.to === 'string' && at && ticket.assignee === assignee.to)
      await tx.setHandover({ ticket: ticket.id, agent: assignee.to, at })
  }
  return typeof team?.to === 'string' && typeof assignee?.to !== 'string' && giveAway(tx, dispatching, event.ticket)
}

/** A person's words. Whose name is not known, in the mailbox's own folder of sent mail, may be theirs. */
async function isAnswerOf(tx: Tx, agent: string, { kind, actor, data }: Happened): Promise<boolean> {
  if (kind === 'reply-queued') return actingAgent(actor) === agent
  const by = (data['agent'] as string | null | undefined) ?? actingAgent(actor)
  const message = typeof data['message'] === 'number' ? await tx.message(data['message']) : null
  return message?.automatic === null && (by === null || by === agent)
}

function actingAgent(actor: string): string | null {
  return actor.startsWith('agent:') ? actor.slice('agent:'.length) : null
}

async function situationOf(
  tx: Tx,
  { policy, clock }: Dispatching,
  ticket: Ticket,
  team: Team,
  except: string | null,
): Promise<Situation> {
  const states = await tx.agentStates()
  const names = policy.agents.filter(({ teams }) => teams.includes(team.name)).map(({ name }) => name)
  return {
    ...{ now: clock(), policy, except },
    away: new Set([...states].flatMap(([name, { awaySince }]) => (awaySince === null ? [] : [name]))),
    load: team.assign === 'least-loaded' ? await tx.openTicketsOf(names) : new Map(),
    lastAssignedAt: new Map(
      [...states].flatMap(([name, { lastAssignedAt }]) => (lastAssignedAt ? [[name, lastAssignedAt]] : [])),
    ),
    requester: agentOf(policy, ticket.requester?.address ?? '')?.name ?? null,
  }
}
