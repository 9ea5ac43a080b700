/*
 * An SMTP server, line by line, that does at every step what it is told instead of what a server does: for what no SMTP library
 * would ever say.
 */
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where a server can do otherwise. `dot`: all of the mail is there. `data`: its first bytes are. */
export type Step = 'greeting' | 'ehlo' | 'helo' | 'starttls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'inside' | 'dot'

/** What happens at a step, in the place of what should. */
export type Oddity =
  /** This, written as it is. `kept`: at the dot, the mail is taken all the same. `close`: and then it hangs up. */
  | { readonly say: string; readonly kept?: boolean; readonly close?: boolean; readonly inPieces?: boolean }
  | 'cut'
  /** At the dot: the mail is taken, and the connection dies before the client learns it. */
  | 'take-and-cut'
  | 'silence'
  /** A line of an answer every few milliseconds, and never the last one. */
  | 'without-end'

/** What is known of the client at a step. */
export type Sight = { readonly from: string | null; readonly recipient: string | null; readonly bytes: Buffer | null }

/** A mail that the server took. */
export type Taken = {
  readonly from: string
  readonly to: readonly string[]
  readonly bytes: Buffer
  /** Whether the client was told so. */
  readonly told: boolean
}

/** The client was told a code of 400 and more. `recipient`: at RCPT. */
export type Refusal = Sight & { readonly step: Step; readonly code: number; readonly recipients: readonly string[] }

export interface OddSmtp extends AsyncDisposable {
  readonly port: number
  readonly taken: readonly Taken[]
  /** All that was said of 400 and more, in order. */
  readonly refusals: readonly Refusal[]
  /** All that clients said. */
  readonly heard: readonly string[]
}

export type OddOptions = {
  /** The lines of the answer to EHLO below the first. */
  readonly extensions?: () => readonly string[]
  /** What happens at a step; null: what should. */
  readonly at?: (step: Step, sight: Sight) => Oddity | null
}

const PROPER: Readonly<Record<Step, string>> = {
  greeting: '220 odd.example ESMTP\r\n',
  ehlo: '',
  helo: '250 odd.example\r\n',
  starttls: '454 4.7.0 TLS is not to be had\r\n',
  auth: '235 2.7.0 Welcome\r\n',
  mail: '250 2.1.0 OK\r\n',
  rcpt: '250 2.1.5 OK\r\n',
  data: '354 Go on\r\n',
  inside: '',
  dot: '250 2.0.0 kept\r\n',
}

export async function startOddSmtp({ extensions = () => [], at = () => null }: OddOptions = {}): Promise<OddSmtp> {
  const taken: Taken[] = []
  const refusals: Refusal[] = []
  const heard: string[] = []
  const sockets = new Set<Socket>()

  const serve = async (socket: Socket): Promise<void> => {
    let from: string | null = null
    let recipients: string[] = []
    /** Does the step; false when the session is over. */
    const step = async (
      name: Step,
      { recipient = null, bytes = null }: Partial<Sight> = {},
    ): Promise<string | null> => {
      const sight = { from, recipient, bytes }
      const oddity = at(name, sight)
      const keep = (told: boolean) => {
        if (name === 'dot' && bytes) taken.push({ from: from ?? '', to: recipients, bytes, told })
      }
      if (oddity === 'silence') return new Promise(() => undefined)
      if (oddity === 'without-end') {
        while (socket.writable) {
          socket.write('250-and\r\n')
          await sleep(10)
        }
        return null
      }
      if (oddity === 'cut' || oddity === 'take-and-cut') {
        if (oddity === 'take-and-cut') keep(false)
        socket.resetAndDestroy()
        return null
      }
      const hello = () =>
        ['odd.example', ...extensions()].map(
          (line, index, all) => `250${index === all.length - 1 ? ' ' : '-'}${line}\r\n`,
        )
      const said = oddity?.say ?? (name === 'ehlo' ? hello().join('') : PROPER[name])
      const code = Number(/^\d{3}/.exec(said)?.[0] ?? 0)
      if (oddity?.kept || (code >= 200 && code < 300)) keep(code >= 200 && code < 300)
      if (code >= 400) refusals.push({ ...sight, step: name, code, recipients })
      if (oddity?.inPieces) {
        const middle = Math.ceil(said.length / 3)
        for (const piece of [said.slice(0, 1), said.slice(1, middle), said.slice(middle)]) {
          socket.write(piece, 'latin1')
          await sleep(2)
        }
      } else if (said !== '') socket.write(said, 'latin1')
      if (!oddity?.close) return said
      socket.end()
      return null
    }

    const lines = linesOf(socket)
    // Not left by a return or a break: that would destroy the socket, and what was said last with it.
    let isOver = (await step('greeting')) === null
    for (;;) {
      const { value: line } = await lines.next()
      if (line === undefined) return
      if (isOver) continue
      heard.push(line)
      const verb = line.slice(0, 4).toUpperCase()
      const [, path = ''] = /<(.*)>/.exec(line) ?? []
      let goesOn: string | null = ''
      if (verb === 'EHLO') goesOn = await step('ehlo')
      else if (verb === 'HELO') goesOn = await step('helo')
      else if (verb === 'STAR') goesOn = await step('starttls')
      else if (verb === 'AUTH') goesOn = await signIn(line)
      else if (verb === 'MAIL') {
        from = path
        recipients = []
        goesOn = await step('mail')
      } else if (verb === 'RCPT') {
        goesOn = await step('rcpt', { recipient: path.toLowerCase() })
        if (goesOn?.startsWith('2')) recipients.push(path.toLowerCase())
      } else if (verb === 'DATA') {
        if (recipients.length === 0) socket.write('503 5.5.1 nobody to send it to\r\n')
        else {
          goesOn = await step('data')
          if (goesOn?.startsWith('3')) goesOn = await mail()
        }
      } else if (verb === 'QUIT') {
        socket.end('221 2.0.0 Bye\r\n')
        goesOn = null
      } else socket.write(verb === 'RSET' ? '250 2.0.0 OK\r\n' : '500 5.5.2 What?\r\n')
      isOver = goesOn === null
    }

    async function signIn(line: string): Promise<string | null> {
      const [, method = '', initial] = line.split(' ')
      const challenges: Readonly<Record<string, readonly string[]>> = {
        LOGIN: ['VXNlcm5hbWU6', 'UGFzc3dvcmQ6'],
        'CRAM-MD5': ['PDFAb2RkLmV4YW1wbGU+'],
        PLAIN: initial === undefined ? [''] : [],
      }
      for (const challenge of challenges[method.toUpperCase()] ?? []) {
        socket.write(`334 ${challenge}\r\n`)
        const { value } = await lines.next()
        heard.push(String(value))
      }
      return step('auth')
    }

    async function mail(): Promise<string | null> {
      const body: string[] = []
      for (;;) {
        const { value: line } = await lines.next()
        if (line === undefined || (body.length === 0 && (await step('inside')) === null)) return null
        if (line === '.') return step('dot', { bytes: Buffer.from(`${body.join('\r\n')}\r\n`, 'latin1') })
        body.push(line.startsWith('.') ? line.slice(1) : line)
      }
    }
  }

  const server = createServer(socket => {
    sockets.add(socket)
    socket.setNoDelay(true)
    // Clients that vanish are what this is about.
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    serve(socket).catch(() => socket.destroy())
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as { port: number }
  return {
    ...{ port, taken, refusals, heard },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

async function* linesOf(socket: Socket): AsyncGenerator<string, undefined> {
  let rest = ''
  for await (const chunk of socket) {
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\r\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
