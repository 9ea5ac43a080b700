/*
 * The desk that a file of scenarios writes to: a mailbox for each address, always open, one agent who looks after all of them.
 */
import type { DeskOptions } from '../support/desk.ts'
import { SMALL_DESK } from '../support/setup.ts'
import type { Scenario } from './format.ts'

/** The mailboxes by address. */
export type Boxes = ReadonlyMap<string, string>

export const AGENT = 'agent'

export function isAgent(address: string): boolean {
  return address.startsWith(`${AGENT}@`)
}

/** A mail that has one addressee arrives there, so that is an address of ours; of several, those are that are known so. */
export function boxesOf(scenarios: readonly Scenario[]): Boxes {
  const arrivals = scenarios.flatMap(({ steps }) =>
    steps.flatMap(step => (step.dir === 'in' && step.to ? [recipients(step.to)] : [])),
  )
  const ours = new Set(arrivals.filter(to => to.length === 1).flat())
  for (const to of arrivals) if (to[0] && !to.some(address => ours.has(address))) ours.add(to[0])
  return new Map([...ours].map((address, at) => [address, `${address.replace(/[^a-z]/g, '').slice(0, 20)}${at + 1}`]))
}

/** The addresses in a `to`, folded and without sub-addresses. */
export function recipients(to: string): string[] {
  return [...to.matchAll(/([^\s<>,;"+]+)(?:\+[^\s<>,;"@]*)?@([^\s<>,;"]+)/g)].map(([, local = '', domain = '']) =>
    `${local}@${domain}`.toLowerCase(),
  )
}

/**
 * As an admin would configure it: the people it serves are those of our own domains, everybody else is a customer. Nobody
 * has looked at who the senders are, so no mail server is named whose word would count; the agent is known by what they were
 * told, however long ago.
 */
export function deskFor(boxes: Boxes): DeskOptions {
  const domains = [...new Set([...boxes.keys()].map(address => address.split('@')[1] ?? ''))]
  const level = SMALL_DESK.slice(SMALL_DESK.indexOf('calendars:'))
  const names = [...boxes.values()]
  const teams = names.map(name => `${name}: { displayName: Team }`).join(', ')
  const addresses = JSON.stringify(domains.map(domain => `${AGENT}@${domain}`))
  return {
    mailboxes: Object.fromEntries(
      [...boxes].map(([address, name]) => [name, { addresses: [address], more: "subaddress: '+'" }]),
    ),
    desk: `teams: { ${teams} }
agents: { ${AGENT}: { displayName: Our Agent, addresses: ${addresses}, teams: ${JSON.stringify(names)} } }
agentMail: { undoFor: 0s, keysFor: 99999h }
trust: { mailServers: [] }
people: { domains: ${JSON.stringify(domains)} }
${level}`,
  }
}
