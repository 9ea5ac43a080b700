import { type AgentLine, agentLines, unknownAgent } from '../api/agents.ts'
import { systemClock } from '../clock.ts'
import { loadConfig } from '../config/load.ts'
import { openStore } from '../store/store.ts'

/** Lists the agents with what is known of them. */
export async function listAgents(configPath: string, json: boolean): Promise<number> {
  const { config, policy } = loadConfig(configPath, process.env, { secrets: false })
  await using store = await openStore(config.storage.path)
  const agents = await agentLines(store.read, policy)
  if (json) process.stdout.write(`${JSON.stringify(agents)}\n`)
  else if (agents.length === 0) process.stdout.write('No agent is configured: name them under `agents`.\n')
  else for (const agent of agents) process.stdout.write(`${inWords(agent)}\n`)
  return 0
}

function inWords({ name, displayName, addresses, teams, ...known }: AgentLine): string {
  const { openTickets, lastMailAt, awaySince, keysSince } = known
  return [
    name,
    displayName,
    addresses.join(' '),
    teams.length > 0 ? `teams ${teams.join(', ')}` : 'no team',
    `${openTickets} open`,
    lastMailAt === null ? 'no mail yet' : `last mail ${lastMailAt}`,
    ...(awaySince === null ? [] : [`away since ${awaySince}`]),
    ...(keysSince === null ? [] : [`keys revoked ${keysSince}`]),
  ].join('\t')
}

/** Takes back all keys of an agent; also while the service runs, which looks at each mail anew. */
export async function revokeAgent(configPath: string, name: string, json: boolean): Promise<number> {
  const { config, policy } = loadConfig(configPath, process.env, { secrets: false })
  const agent = policy.agents.find(one => one.name === name)
  if (!agent) throw unknownAgent(name, policy)
  await using store = await openStore(config.storage.path)
  const keysSince = systemClock()
  await store.write(tx => tx.setAgentState(name, { keysSince }))
  const { displayName, addresses } = agent
  const words = [
    `The keys of ${name} (${displayName}) are taken back: no address and no notification made before ${keysSince} gives powers any more.`,
    `The next notification brings new ones, to ${addresses[0]}. If somebody else reads mail there, change \`agents.${name}\` and start the service again.`,
  ]
  process.stdout.write(json ? `${JSON.stringify({ name, keysSince })}\n` : `${words.join('\n')}\n`)
  return 0
}
