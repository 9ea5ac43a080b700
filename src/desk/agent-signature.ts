import type { Address } from '../mail/message.ts'
import { isClosing } from '../mail/phrases.ts'
import type { Agent } from './policy.ts'

/*
 * Telephones and Outlook set a signature below that no line marks off: their name, and a few short lines.
 */

/** Whether the words below commands are but a signature. Whoever is called as the agent may be greeted by them. */
export function isOnlySignature(text: string, { displayName }: Agent, requester: Address | null): boolean {
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  const [first = '', second = ''] = lines
  const isName = isOneOf([displayName, displayName.split(' ')[0] ?? ''])
  const isClosed = isClosing(first) && isName(second)
  return (
    lines.length > 0 &&
    lines.length <= 10 &&
    lines.every(line => line.length <= 80) &&
    (isClosed || (isName(first) && !isGreeting(first, lines.slice(1), requester)))
  )
}

function isGreeting(first: string, below: readonly string[], requester: Address | null): boolean {
  if (below.length === 0) return false
  return isOneOf(namesOf(requester))(first) || (first.endsWith(',') && below.some(isSentence))
}

/** What people call them: `Ana Gomez`, `Gomez, Ana`, `ana.gomez@…`. */
function namesOf(requester: Address | null): string[] {
  const { name, address } = requester ?? { name: '', address: '' }
  const called = [...name.split(/[\s,]+/), ...address.replace(/@.*$/s, '').split(/[._-]+/)]
  return [name, ...called].filter(one => one.length > 1)
}

function isOneOf(names: readonly string[]): (line: string) => boolean {
  const folded = names.map(name => name.toLowerCase())
  return line => folded.includes(line.toLowerCase().replace(/[,.]$/, ''))
}

/** `IT Support` and `T +49 30 1234` are none. */
function isSentence(line: string): boolean {
  const words = line.split(/\s+/).length
  return words >= 3 && (/[.!?…]$/.test(line) || /^\p{Ll}/u.test(line))
}
