import type { Policy } from '../desk/policy.ts'
import { DeskError } from '../errors.ts'
import type { Instant } from '../instant.ts'
import type { Reads } from '../store/store.ts'
import { actorOf } from './auth.ts'
import type { Routes } from './options.ts'
import { problems, problemsOfWriting } from './problem.ts'
import { list, number, object, orNull, ref, text } from './shapes.ts'

const AgentShape = object(
  {
    name: text('Their name in the configuration.'),
    displayName: text('The name requesters see.'),
    addresses: list(text('A mail address.'), 'The addresses they write from. The first is written to.'),
    teams: list(text('The name of a team.'), 'The teams they work in.'),
    openTickets: number('How many open tickets are assigned to them.'),
    lastMailAt: orNull.instant('When a mail of theirs last arrived; null: none did.'),
    awaySince: orNull.instant('Since when they are out of office; null: they are not. Their next mail ends it.'),
    keysSince: orNull.instant(
      'What was written to them earlier gives no powers any more; null: all of it does until it expires.',
    ),
  },
  { $id: 'Agent', description: 'A person who answers tickets.' },
)

export const AGENT_SHAPES = [AgentShape]

/** An agent as the API and the command line tell of them. */
export type AgentLine = {
  readonly name: string
  readonly displayName: string
  readonly addresses: readonly string[]
  readonly teams: readonly string[]
  readonly openTickets: number
  readonly lastMailAt: Instant | null
  readonly awaySince: Instant | null
  readonly keysSince: Instant | null
}

/** The agents of the configuration in its order, with what is known of them. */
export async function agentLines(read: Reads, { agents }: Policy): Promise<AgentLine[]> {
  const load = await read.openTicketsOf(agents.map(({ name }) => name))
  return Promise.all(
    agents.map(async ({ name, displayName, addresses, teams }) => {
      const { awaySince, keysSince } = await read.agentState(name)
      const lastMailAt = await read.lastMailOf(name)
      return { name, displayName, addresses, teams, openTickets: load.get(name) ?? 0, lastMailAt, awaySince, keysSince }
    }),
  )
}

const ByName = object({ name: text('Their name in the configuration.') })

/** The agents, and what the desk is told about them by hand. */
export const agentRoutes: Routes = async (app, { store, policy, clock, onQueued }) => {
  const lineOf = async (name: string): Promise<AgentLine> => {
    const line = (await agentLines(store.read, policy)).find(one => one.name === name)
    if (!line) throw unknownAgent(name, policy)
    return line
  }

  app.get(
    '/agents',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['agents'],
        operationId: 'listAgents',
        summary: 'The agents: who is away, and how much each has to do',
        response: {
          200: object(
            { items: list(ref(AgentShape), 'In the order of the configuration.') },
            { description: 'All of them.' },
          ),
          ...problems(),
        },
      },
    },
    async () => ({ items: await agentLines(store.read, policy) }),
  )

  app.post(
    '/agents/:name/revoke',
    {
      config: { role: 'admin' },
      schema: {
        tags: ['agents'],
        operationId: 'revokeAgentKeys',
        summary: 'Take an agent’s keys back',
        description:
          'Every address and notification made for the agent so far gives no powers any more; the next notification brings new ones. Where somebody else reads their mail, take the address out of the configuration too.',
        params: ByName,
        response: { 200: ref(AgentShape), ...problemsOfWriting(404) },
      },
    },
    async ({ params: { name } }) => {
      await lineOf(name)
      await store.write(tx => tx.setAgentState(name, { keysSince: clock() }))
      return lineOf(name)
    },
  )

  app.put(
    '/agents/:name/away',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['agents'],
        operationId: 'setAgentAway',
        summary: 'An agent is out of office',
        description: 'Their urgent open tickets go back to the team, and they are given none. Their next mail ends it.',
        params: ByName,
        response: { 200: ref(AgentShape), ...problemsOfWriting(404) },
      },
    },
    async request => {
      const { name } = request.params
      const { awaySince } = await lineOf(name)
      if (awaySince !== null) return lineOf(name)
      await store.write(async tx => {
        const now = clock()
        await tx.setAgentState(name, { awaySince: now })
        // The history of what they had to do tells it, and who takes that over finds it there.
        const urgent = await tx.tickets({ assignee: name, status: ['open'], priority: ['urgent'] }, 1_000)
        const event = { kind: 'away', actor: `agent:${name}`, data: { by: actorOf(request) } } as const
        for (const { id } of urgent) await tx.addEvents(id, [event], now)
      })
      onQueued()
      return lineOf(name)
    },
  )

  app.delete(
    '/agents/:name/away',
    {
      config: { role: 'agent' },
      schema: {
        tags: ['agents'],
        operationId: 'setAgentBack',
        summary: 'An agent is back',
        params: ByName,
        response: { 200: ref(AgentShape), ...problemsOfWriting(404) },
      },
    },
    async ({ params: { name } }) => {
      await lineOf(name)
      await store.write(tx => tx.setAgentState(name, { awaySince: null }))
      return lineOf(name)
    },
  )
}

/** Names those that there are. */
export function unknownAgent(name: string, { agents }: Policy): DeskError {
  const known = agents.map(agent => agent.name)
  return new DeskError(
    'not_found',
    `there is no agent ${name}: ${known.length > 0 ? `known are ${known.join(', ')}` : 'none is configured'}`,
  )
}
