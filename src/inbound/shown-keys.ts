import { agentOf } from '../desk/people.ts'
import { delimiterOf, type Policy } from '../desk/policy.ts'
import type { Ids } from '../ids.ts'
import type { Instant } from '../instant.ts'
import { isOneOf } from '../mail/address.ts'
import type { Message } from '../mail/message.ts'
import { type AgentToken, agentTokens } from '../mail/reply-address.ts'
import type { Reads, Tx } from '../store/store.ts'
import { citedNotifications } from './own-mail.ts'

/*
 * What makes somebody an agent (`desk/people.ts`) proves nothing any more once others were given it too: whoever the mail
 * says it is from, and whatever ticket it came to. What the agent was given later still does.
 */

type Desk = { readonly policy: Policy; readonly ids: Ids }

/** Remembers which keys of agents a mail shows to others than agents. */
export async function rememberShown(
  tx: Tx,
  { policy, ids }: Desk,
  mailbox: string,
  message: Message,
  now: Instant,
): Promise<void> {
  if (!isShownToOthers(message, policy)) return
  for (const { ticket, agent, at } of await citedNotifications(tx, message))
    await tx.notificationsShown(ticket, agent, now, at)
  for (const token of agentTokens(message, delimiterOf(policy, mailbox))) {
    const agent = policy.agents.find(({ name }) => ids.isTokenOf(token, name))
    const before = agent && (await shownUntil(tx, token, agent.name))
    if (agent && (before ?? '') < token.madeAt) await tx.setSetting(nameOf(token, agent.name), token.madeAt)
  }
}

/** Others than agents have got this address, or a mail that holds it. */
export async function wasShown(read: Reads, token: AgentToken, agent: string): Promise<boolean> {
  const until = await shownUntil(read, token, agent)
  if (until !== null && token.madeAt <= until) return true
  const told = token.ticket === 0 ? [] : await read.notificationsOf(await read.survivorOf(token.ticket), agent)
  return told.some(one => one.shown && one.at >= token.madeAt)
}

/** The agent's own mail cites what was written to them, so others who get it could be taken for the agent. */
export function isShownToOthers({ to, cc }: Message, policy: Policy): boolean {
  return [...to, ...cc].some(({ address }) => !isOneOf(address, policy.ownAddresses) && !agentOf(policy, address))
}

// Not every address is in a notification: digests and #help hold some that stand for no ticket's mail.
function nameOf({ ticket }: AgentToken, agent: string): string {
  return `shown:${agent}:${ticket}`
}

async function shownUntil(read: Reads, token: AgentToken, agent: string): Promise<Instant | null> {
  return read.setting(nameOf(token, agent))
}
