/*
 * A process that accepts every mail over SMTP and remembers what it answered to whom. It knows no more of SMTP than a client
 * without extensions needs, so that it is not what is measured. The parent talks to it over the IPC channel.
 */
import { createServer, type Socket } from 'node:net'
import { listening, portOf } from '../support/ports.ts'

/** One accepted mail: the recipients of its envelope, the Message-ID it answers, and when it was accepted (epoch ms). */
export type Accepted = { readonly to: readonly string[]; readonly inReplyTo: string | null; readonly at: number }

/** `expect`: forget everything, tell when this many have come; those to `agents` are none. `report`: tell what has come. */
export type ToSink = { readonly expect: number; readonly agents: readonly string[] } | { readonly report: true }
export type FromSink =
  | { readonly port: number }
  | { readonly reached: number }
  | { readonly accepted: readonly Accepted[] }

const END_OF_DATA = Buffer.from('\r\n.\r\n')
const CRLF = Buffer.from('\r\n')

let accepted: Accepted[] = []
let expected = Number.POSITIVE_INFINITY
let agents = new Set<string>()

function serve(socket: Socket): void {
  socket.setNoDelay(true)
  socket.on('error', () => undefined)
  let rest: Buffer = Buffer.alloc(0)
  let receiving = false
  let to: string[] = []
  const command = (line: string): string => {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'MAIL') to = []
    if (verb === 'RCPT') to.push(/<([^>]*)>/.exec(line)?.[1] ?? '')
    if (verb === 'DATA') {
      receiving = true
      return '354 go on\r\n'
    }
    if (verb === 'QUIT') socket.end()
    return verb === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n'
  }
  socket.on('data', chunk => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let answers = ''
    for (;;) {
      const ending = receiving ? END_OF_DATA : CRLF
      const end = rest.indexOf(ending)
      if (end < 0) break
      const text = rest.toString('latin1', 0, receiving ? Math.min(end, 16_384) : end)
      rest = rest.subarray(end + ending.length)
      if (receiving) accept(to, text)
      answers += receiving ? '250 kept\r\n' : ''
      if (receiving) receiving = false
      else answers += command(text)
    }
    if (answers !== '' && socket.writable) socket.write(answers)
  })
  socket.write('220 sink\r\n')
}

function accept(to: readonly string[], text: string): void {
  if (to.every(address => agents.has(address))) return
  accepted.push({ to, inReplyTo: /^in-reply-to:\s*<([^>]+)>/im.exec(text)?.[1] ?? null, at: Date.now() })
  if (accepted.length === expected) tell({ reached: expected })
}

function tell(message: FromSink): void {
  process.send?.(message)
}

process.on('message', (message: ToSink) => {
  if ('report' in message) return tell({ accepted })
  accepted = []
  expected = message.expect
  agents = new Set(message.agents)
})
process.on('disconnect', () => process.exit())

tell({ port: portOf(await listening(createServer(serve))) })
