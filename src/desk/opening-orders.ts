import type { Message } from '../mail/message.ts'
import { type Command, readCommands } from './commands.ts'
import type { Agent, Policy } from './policy.ts'
import type { Ticket } from './ticket.ts'

/*
 * Commands above a mail that an agent forwards, or at the top of one that begins a conversation with somebody: what they ask is
 * heeded as the ticket opens, so that the requester is told the right date at once.
 */

export type Orders = {
  readonly commands: readonly Command[]
  /** Why none of them was heeded, for the agent; the ticket opens all the same. Null: all were. */
  readonly fault: { readonly line: string; readonly why: string } | null
  readonly wanted: Partial<Pick<Ticket, 'team' | 'category' | 'priority' | 'assignee'>>
  readonly tags: readonly string[]
  readonly follows: boolean
  /** The agent is told what became of it. */
  readonly receipt: boolean
}

/** Null when the agent asks for nothing. `toOthers`: what only looks like a command was written to somebody, and is none. */
export function ordersIn(message: Message, agent: Agent, policy: Policy, toOthers: boolean): Orders | null {
  // Commands in a mail that is passed on are not the agent's.
  if (message.newTextIsBelow) return null
  const { commands, fault } = readCommands(message.newText, null, agent, policy)
  if ((commands.length === 0 && !fault) || (fault && toOthers)) return null
  const late = commands.find(({ kind }) => !AT_OPENING.has(kind))
  const failed =
    fault ??
    (late ? { line: `#${late.kind}`, why: 'that is for a ticket that is there already: answer this mail' } : null)
  const heeded = failed ? [] : commands
  const wanted: { -readonly [Field in keyof Orders['wanted']]: Orders['wanted'][Field] } = {}
  for (const command of heeded) {
    if (command.kind === 'assign') wanted.assignee = command.agent
    else if (command.kind === 'team') wanted.team = command.team
    else if (command.kind === 'priority') wanted.priority = command.priority
    else if (command.kind === 'category') wanted.category = command.category
  }
  const asked = commands.some(({ kind }) => kind === 'receipt' || kind === 'help')
  return {
    ...{ commands, fault: failed, wanted },
    tags: heeded.flatMap(one => (one.kind === 'tag' ? one.tags : [])),
    follows: heeded.some(({ kind }) => kind === 'follow'),
    receipt: failed !== null || asked || agent.receipts === 'always',
  }
}

/** `note`: the words above a forwarded mail reach nobody but colleagues anyway. */
const AT_OPENING: ReadonlySet<Command['kind']> = new Set<Command['kind']>([
  ...(['assign', 'team', 'priority', 'category', 'tag'] as const),
  ...(['follow', 'note', 'receipt', 'help'] as const),
])
