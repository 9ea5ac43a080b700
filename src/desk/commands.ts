import { DAY, HOUR, MINUTE } from '../instant.ts'
import { foldAddress } from '../mail/address.ts'
import type { Agent, Policy } from './policy.ts'
import { PRIORITIES, type Priority, type TicketId } from './ticket.ts'

/*
 * What an agent's mail asks the desk to do: lines that begin with `#`, above everything else that the agent wrote. Quoted
 * and later lines are never commands. What looks like a command and is none keeps the whole mail from going out, for it
 * was meant for us.
 */

export type Command =
  /** The mail is for colleagues alone. */
  | { readonly kind: 'note' }
  /** It is for the requester, though it would be a note by itself. */
  | { readonly kind: 'send' }
  | { readonly kind: 'solved' }
  | { readonly kind: 'open' }
  /** Waits for the requester, at most so long (ms); null: for good. */
  | { readonly kind: 'pending'; readonly forMs: number | null }
  /** Null: to nobody. */
  | { readonly kind: 'assign'; readonly agent: string | null }
  | { readonly kind: 'team'; readonly team: string }
  | { readonly kind: 'priority'; readonly priority: Priority }
  | { readonly kind: 'category'; readonly category: string }
  | { readonly kind: 'tag'; readonly tags: readonly string[] }
  | { readonly kind: 'merge'; readonly into: TicketId }
  | { readonly kind: 'follow' | 'unfollow' }
  /** A text of the configuration goes to the requester, above what the agent wrote. */
  | { readonly kind: 'template'; readonly name: string }
  | { readonly kind: 'cause' | 'fix'; readonly text: string }
  /** What a stranger wrote is let in. */
  | { readonly kind: 'accept' }
  | { readonly kind: 'undo' }
  /** The agent wants to be told what becomes of this mail. */
  | { readonly kind: 'receipt' }
  | { readonly kind: 'help' }

export type Commands = {
  readonly commands: readonly Command[]
  /** The words below them: for the requester, or with `note` for colleagues. */
  readonly text: string
  /** What is no command though it looks like one, and what to do about it. Then nothing of the mail is done or sent. */
  readonly fault: { readonly line: string; readonly why: string } | null
}

/** Reads the commands of an agent's new text. `verb`: a command that the address itself holds. */
export function readCommands(newText: string, verb: string | null, agent: Agent, policy: Policy): Commands {
  const commands: Command[] = []
  const faults: { line: string; why: string }[] = []
  const lines = newText.split(/\r?\n/)
  let words: string | null = null
  const take = (line: string, name: string, argument: string): void => {
    const read = readers.get(name)?.(argument, agent, policy) ?? `#${name} is no command`
    if (typeof read === 'string') faults.push({ line: line.slice(0, LONGEST_LINE), why: read })
    else commands.push(read)
  }
  if (verb !== null) take(`…${verb}@`, verb, '')
  const tapped = commands.length
  let next = 0
  for (; next < lines.length; next++) {
    const line = bare(lines[next] ?? '')
    if (line === '') continue
    const match = COMMAND_LINE.exec(line)
    const name = match?.[2]?.replace(IGNORABLE, '').toLowerCase() ?? ''
    // `# Printers` is a headline, `# solved` is not.
    if (!match || (match[1] !== '' && !readers.has(name))) break
    const argument = (match[3] ?? '').trim()
    if (name === 'note') {
      commands.push({ kind: 'note' })
      words = argument
    } else take(line, name, argument)
  }
  if (commands.some(({ kind }) => kind === 'send')) {
    // What is written in the mail counts before what stands in the address.
    if (commands[0]?.kind === 'note' && tapped === 1) commands.shift()
    if (commands.some(({ kind }) => kind === 'note'))
      faults.push({ line: '#send', why: '#note keeps it from the requester: write one of the two' })
  }
  const rest = lines
    .slice(next)
    .map(line => (isBlank(line) ? '' : line))
    .join('\n')
    .trim()
  return { commands, text: [words ?? '', rest].filter(part => part !== '').join('\n'), fault: faults[0] ?? null }
}

const LONGEST_LINE = 80
// What no eye sees: around what was pasted, dictated or typed on a telephone; Gmail puts what is written from right to left
// between marks of direction.
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu
// Inside of words and emoji joiners and variants have a meaning.
const MEANT = /(?<=[\p{L}\p{M}\p{Extended_Pictographic}])(?:\u200c|\u200d|\ufe0f)/u
const INVISIBLE = new RegExp(`(?!${MEANT.source})${IGNORABLE.source}`, 'gu')
const COMMAND_LINE = /^[#＃](\s?)(\p{L}[\p{L}\p{N}\p{Default_Ignorable_Code_Point}-]{0,30})(?:[\s:：]+(.*)|[.!]?)$/u

/** The line as it is seen. Gmail writes what was bold as `*#solved*` into the plain text. */
function bare(line: string): string {
  const text = line.replace(INVISIBLE, '').replace(/\s+/g, ' ').trim()
  return /^([*_]{1,2})[#＃].*\1$/.test(text) ? text.replace(/^[*_]+|(?<![*_])[*_]+$/g, '') : text
}

function isBlank(line: string): boolean {
  return !/[^\s\p{Default_Ignorable_Code_Point}]/u.test(line)
}

/** Gives the command, or in words what is wrong with it. */
type Read = (argument: string, agent: Agent, policy: Policy) => Command | string

/** A command that takes nothing: `#solved thanks to all` may be meant in two ways, so nobody guesses. */
const alone =
  (command: Command): Read =>
  argument =>
    argument === '' ? command : `#${command.kind} stands alone in its line: write your words below it`

const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['note', alone({ kind: 'note' })],
  ['send', alone({ kind: 'send' })],
  ['solved', alone({ kind: 'solved' })],
  ['open', alone({ kind: 'open' })],
  ['pending', pending],
  ['assign', assign],
  [
    'take',
    (argument, agent) =>
      argument === ''
        ? { kind: 'assign', agent: agent.name }
        : '#take takes the ticket for you: for somebody else write #assign and their name',
  ],
  [
    'team',
    (argument, _, { teams }) =>
      oneOfThe(
        'team',
        argument,
        [...teams.values()].map(one => [one.name, one.name, one.displayName]),
        team => ({ kind: 'team', team }),
      ),
  ],
  [
    'priority',
    argument =>
      oneOfThe(
        'priority',
        argument,
        PRIORITIES.map(one => [one, one]),
        priority => ({ kind: 'priority', priority: priority as Priority }),
      ),
  ],
  [
    'category',
    (argument, _, { categories }) =>
      oneOfThe(
        'category',
        argument,
        [...categories].map(([key, names]) => [key, key, ...Object.values(names)]),
        category => ({ kind: 'category', category }),
      ),
  ],
  ['tag', tag],
  ['merge', merge],
  ['follow', alone({ kind: 'follow' })],
  ['unfollow', alone({ kind: 'unfollow' })],
  [
    'template',
    (argument, _, { answers }) =>
      oneOfThe(
        'template',
        argument,
        [...answers.keys()].map(name => [name, name]),
        name => ({ kind: 'template', name }),
      ),
  ],
  ['cause', told('cause')],
  ['fix', told('fix')],
  ['accept', alone({ kind: 'accept' })],
  ['undo', alone({ kind: 'undo' })],
  ['receipt', alone({ kind: 'receipt' })],
  ['help', () => ({ kind: 'help' })],
])

const UNITS: Readonly<Record<string, number>> = { m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY }
const LONGEST_WAIT_MS = 366 * DAY

function pending(argument: string): Command | string {
  if (argument === '') return { kind: 'pending', forMs: null }
  const [, count = '', unit = ''] = /^(\d{1,4}) ?([mhdw])[a-z]*$/i.exec(argument) ?? []
  const forMs = Number(count) * (UNITS[unit.toLowerCase()] ?? 0)
  if (forMs > 0 && forMs <= LONGEST_WAIT_MS) return { kind: 'pending', forMs }
  return `how long is "${argument}"? Write #pending 3d (days), 4h (hours) or 2w (weeks), at most a year`
}

function assign(argument: string, _: Agent, { agents }: Policy): Command | string {
  if (/^(?:nobody|no one|none|-)$/i.test(argument)) return { kind: 'assign', agent: null }
  const folded = foldAddress(argument.replace(/^.*<|>.*$/g, ''))
  const byAddress = agents.find(({ addresses }) => addresses.includes(folded))
  if (byAddress) return { kind: 'assign', agent: byAddress.name }
  const names = agents.map(one => [one.name, one.name, one.displayName, one.displayName.split(' ')[0] ?? ''])
  return oneOfThe('agent', argument, names, agent => ({ kind: 'assign', agent }))
}

function tag(argument: string): Command | string {
  const tags = argument
    .toLowerCase()
    .split(/[\s,]+/)
    .map(one => one.replace(/^#/, ''))
    .filter(one => one !== '')
  const wrong = tags.find(one => !/^[a-z0-9][a-z0-9_.:-]{0,39}$/.test(one))
  if (tags.length === 0) return 'which tag? Write #tag and one or more words'
  return wrong === undefined ? { kind: 'tag', tags } : `"${wrong}" is no tag: use a-z, 0-9, - _ . :`
}

function merge(argument: string): Command | string {
  const [, number] = /^\[?#?(\d{1,15})\]?$/.exec(argument) ?? []
  return number === undefined
    ? 'into which ticket? Write #merge and its number: this one is closed, its mails move there'
    : { kind: 'merge', into: Number(number) }
}

function told(kind: 'cause' | 'fix'): Read {
  const example = kind === 'cause' ? 'the cable was loose' : 'it was plugged in again'
  return text => (text === '' ? `write it in the same line, as in #${kind} ${example}` : { kind, text })
}

/** `names`: the key first, then everything it may be called. */
function oneOfThe(
  what: string,
  argument: string,
  names: readonly (readonly string[])[],
  made: (key: string) => Command,
): Command | string {
  const wanted = folded(argument)
  const found = names.filter(
    ([key, ...called]) => folded(key ?? '') === wanted || called.some(name => folded(name) === wanted),
  )
  const exact = found.find(([key]) => folded(key ?? '') === wanted)
  const [key] = exact ?? (found.length === 1 ? (found[0] ?? []) : [])
  if (key !== undefined && wanted !== '') return made(key)
  if (found.length > 1) return `there are several called "${argument}": ${found.map(([one]) => one).join(', ')}`
  const known = names.map(([one]) => one).join(', ')
  return `there is no ${what} "${argument}": ${known === '' ? 'none is configured' : `known are ${known}`}`
}

function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').trim().toLowerCase()
}
