/** What an agent's mail asks the desk to do, and the words that are left for the requester. */
export type Commands = {
  readonly solve: boolean
  /** The first line looked like a command but is none that we know: its mail must not go out. */
  readonly unknown: string | null
  readonly text: string
}

const COMMAND_LINE = /^#([\p{L}][\p{L}\p{N}-]{0,30})(?:\s.*)?$/u

/** Reads the command on the first line of an agent's new text; quoted and later lines are never commands. */
export function readCommands(newText: string): Commands {
  const text = newText.trim()
  const end = text.indexOf('\n')
  const first = (end < 0 ? text : text.slice(0, end)).trim()
  const match = COMMAND_LINE.exec(first)
  if (!match) return { solve: false, unknown: null, text }
  const rest = end < 0 ? '' : text.slice(end + 1).trim()
  if (match[1]?.toLowerCase() === 'solved' && first.length === '#solved'.length)
    return { solve: true, unknown: null, text: rest }
  return { solve: false, unknown: first.slice(0, 80), text: rest }
}
