/*
 * Do the addresses and teams make sense: who writes, who is written to, who is kept out, and who hears of a ticket? Part of
 * `sense.ts`.
 */
import { entryFor } from '../desk/blocking.ts'
import { foldAddress, isMailable, isOneOf } from '../mail/address.ts'
import type { Find, Path } from './faults.ts'
import type { Config } from './schema.ts'
import { named, type Sketch } from './shape.ts'

export function checkAddresses(config: Sketch<Config>, find: Find): void {
  const unmailable = (path: Path): void =>
    find(path, 'is no mail address', 'write it like it@example.org, without a name or brackets')
  const own = new Map<string, string>()
  const each = (section: 'mailboxes' | 'agents', see: (address: string, path: Path, name: string) => void): void => {
    for (const [name, { addresses }] of named<{ readonly addresses?: readonly (string | undefined)[] | undefined }>(
      config[section],
    )) {
      for (const [at, address] of (addresses ?? []).entries()) {
        const path = [section, name, 'addresses', at]
        if (address === undefined) continue
        if (isMailable(address)) see(foldAddress(address), path, name)
        else unmailable(path)
      }
    }
  }
  each('mailboxes', (address, path, name) => {
    const other = own.get(address)
    if (other === name) find(path, 'is listed twice', 'remove one of the two')
    else if (other !== undefined) find(path, `belongs to the mailbox \`${other}\` already`, 'keep it in one of the two')
    own.set(address, other ?? name)
  })
  const ours = new Set(own.keys())
  const agents = new Map<string, string>()
  each('agents', (address, path, name) => {
    const other = agents.get(address)
    if (isOneOf(address, ours))
      find(path, 'is the address of a mailbox', 'write an address that only this person writes from')
    else if (other === name) find(path, 'is listed twice', 'remove one of the two')
    else if (other !== undefined) find(path, `belongs to the agent \`${other}\` already`, 'keep it with one of the two')
    agents.set(address, other ?? name)
  })
  for (const [at, address] of (config.admins ?? []).entries()) {
    if (address === undefined) continue
    if (!isMailable(address)) unmailable(['admins', at])
    else if (isOneOf(address, ours))
      find(
        ['admins', at],
        'is the address of a mailbox',
        'write one that is read elsewhere: this one may be what fails',
      )
  }
  for (const [name, calendar] of named(config.calendars)) {
    const address = calendar.onCall?.address
    if (address && !isMailable(address)) unmailable(['calendars', name, 'onCall', 'address'])
  }
}

export function checkSenders({ senders, agents, people }: Sketch<Config>, find: Find, warn: Find): void {
  const folded = (entries: readonly (string | undefined)[] | undefined) =>
    Array.from(entries ?? [], entry => foldAddress(entry ?? '')) // a sketch has holes, which map() passes over
  const lists = { allow: folded(senders?.allow), block: folded(senders?.block) }
  for (const list of ['allow', 'block'] as const) {
    for (const [at, entry] of lists[list].entries()) {
      const sender = entry.startsWith('@') ? `x${entry}` : entry.includes('@') ? entry : `x@${entry}`
      if (entry !== '' && !isMailable(sender))
        find(['senders', list, at], 'is neither an address nor a domain', 'write it without a name or brackets')
    }
  }
  const allow = new Set(lists.allow)
  const names = named(agents).flatMap(([name, { addresses }]) =>
    folded(addresses).map((address): [string, string] => [address, `the agent \`${name}\``]),
  )
  const domains = folded(people?.domains).map((domain): [string, string] => [`x@${domain}`, `all of ${domain}`])
  for (const [at, entry] of lists.block.entries()) {
    const blocked = [...names, ...domains].find(
      ([address]) => entryFor(address, new Set([entry])) !== null && entryFor(address, allow) === null,
    )
    if (allow.has(entry)) warn(['senders', 'block', at], 'has no effect: `allow` has it too', 'remove one of the two')
    else if (entry !== '' && blocked)
      warn(
        ['senders', 'block', at],
        `keeps out ${blocked[1]}, whom this desk serves or works with`,
        'block less, or name them in `senders.allow`',
      )
  }
}

/** A mail that is acknowledged and that nobody hears of waits for ever. Who has no agents, or wants no mail at all, works by the API. */
export function checkTeams({ agents, mailboxes, rules, teams }: Sketch<Config>, warn: Find): void {
  const getTickets = new Set([
    ...named(mailboxes).map(([, { team }]) => team),
    ...(rules ?? []).map(one => one?.set?.team),
  ])
  const all = named(agents)
  if (all.length === 0) return
  const areTold = (some: typeof all, notices: readonly string[]): boolean =>
    some.some(([, { notify }]) => notify?.some(notice => notices.includes(notice ?? '')) ?? true) ||
    some.every(([, { notify }]) => notify?.length === 0)
  const hear = 'add `new` to `notify` of one'
  for (const [name, { assign }] of named(teams)) {
    if (!getTickets.has(name)) continue
    const members = all.filter(([, agent]) => agent.teams?.includes(name) ?? true)
    if (members.length === 0)
      warn(['teams', name], 'gets tickets of which nobody is told: no agent is in it', 'name it in `teams` of an agent')
    else if (!areTold(members, assign === 'manual' ? ['new'] : ['new', 'assigned']))
      warn(['teams', name], 'gets tickets of which nobody is told: none of its agents hears of new ones', hear)
  }
  // Without a team they are for all agents.
  for (const [name, { team }] of named(mailboxes))
    if (team == null && !areTold(all, ['new']))
      warn(['mailboxes', name], 'gets tickets of which nobody is told: no agent hears of new ones', hear)
}
