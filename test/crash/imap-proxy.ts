import type { Dialogue, Segment } from './proxy.ts'

/** The commands of which steps are known, by what stands behind the tag. */
const COMMANDS: readonly (readonly [string, RegExp])[] = [
  ['login', /^(LOGIN|AUTHENTICATE) /i],
  ['select', /^(SELECT|EXAMINE) /i],
  ['fetch', /^UID FETCH .*BODY/i],
  ['list', /^UID FETCH /i],
  ['idle', /^IDLE/i],
  ['noop', /^NOOP/i],
  ['store', /^(UID )?STORE /i],
  ['move', /^(UID )?MOVE /i],
]

/** Steps whose answer is a step of its own. IDLE is answered when it ends. */
const ANSWERED = new Set(['login', 'select', 'list', 'fetch', 'noop', 'store', 'move'])

/** IMAP as a proxy sees it: lines (RFC 3501 §2.2) and literals (§4.3). */
export function imapDialogue(): Dialogue {
  const running = new Map<string, string>()
  let greeted = false
  let idling = false
  const client = new Lines()
  const server = new Lines()

  const command = (line: string): string | undefined => {
    if (/^DONE\r\n/i.test(line)) return 'imap done sent'
    const [tag = '', ...rest] = line.split(' ')
    const name = COMMANDS.find(([, text]) => text.test(rest.join(' ')))?.[0]
    if (name === undefined) return undefined
    running.set(tag, name)
    return `imap ${name} sent`
  }
  const answer = (line: string): string | undefined => {
    if (!greeted) {
      greeted = true
      return 'imap greeting'
    }
    if (line.startsWith('+') && [...running.values()].includes('idle') && !idling) {
      idling = true
      return 'imap idling'
    }
    if (idling && /^\* \d+ EXISTS/i.test(line)) return 'imap exists'
    const [tag = ''] = line.split(' ', 1)
    const name = running.get(tag)
    if (name === undefined) return undefined
    running.delete(tag)
    if (name === 'idle') idling = false
    return ANSWERED.has(name) ? `imap ${name} answered` : undefined
  }
  return {
    fromClient: bytes => client.cut(bytes, command, undefined),
    fromServer: bytes =>
      server.cut(bytes, answer, [...running.values()].includes('fetch') ? 'imap fetch half' : undefined),
  }
}

/** Cuts a stream of IMAP into lines and the halves of literals. */
class Lines {
  #kept = Buffer.alloc(0)
  /** How much of a literal is still to come, and how much of it is its second half. */
  #literal = 0
  #secondHalf = 0

  cut(bytes: Buffer, stepOf: (line: string) => string | undefined, half: string | undefined): Segment[] {
    this.#kept = Buffer.concat([this.#kept, bytes])
    const segments: Segment[] = []
    for (;;) {
      const part = this.#literal > 0 ? this.#ofLiteral(half) : this.#line(stepOf)
      if (!part) return segments
      segments.push(part)
    }
  }

  #ofLiteral(half: string | undefined): Segment | null {
    if (this.#kept.length === 0) return null
    const inFirst = this.#literal > this.#secondHalf
    const starts = this.#literal === this.#secondHalf
    const part = this.#take(inFirst ? this.#literal - this.#secondHalf : this.#literal)
    this.#literal -= part.length
    return { bytes: part, ...(starts && half !== undefined ? { before: half } : {}) }
  }

  #line(stepOf: (line: string) => string | undefined): Segment | null {
    const end = this.#kept.indexOf('\r\n')
    if (end < 0) return null
    const bytes = this.#take(end + 2)
    const line = bytes.toString('latin1')
    this.#literal = Number(/\{(\d+)\+?\}\r\n$/.exec(line)?.[1] ?? 0)
    this.#secondHalf = Math.floor(this.#literal / 2)
    const before = stepOf(line)
    return { bytes, ...(before === undefined ? {} : { before }) }
  }

  #take(count: number): Buffer {
    const part = this.#kept.subarray(0, count)
    this.#kept = this.#kept.subarray(part.length)
    return part
  }
}
