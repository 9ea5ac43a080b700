import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listening, portOf } from '../support/ports.ts'
import type { Trouble, Verdict } from './trouble.ts'

/*
 * A TCP proxy that understands what goes through it well enough to name the steps, and lets trouble be done there.
 */

/** Bytes to be passed on, with the steps that are reached before and after that. */
export type Segment = {
  readonly bytes: Buffer
  readonly before?: string
  readonly after?: string
  readonly passed?: () => void
}

/** Cuts the streams of one connection into segments. Both get what has arrived; what is not complete they keep. */
export type Dialogue = {
  fromClient(bytes: Buffer): Segment[]
  fromServer(bytes: Buffer): Segment[]
  /** The client has thrown the connection away, with bytes that it had not read. */
  clientReset?(): void
  /** The client has hung up. */
  clientEnded?(): void
}

const NOTHING = Buffer.alloc(0)

/** One connection of the program, and ours to the server for it. */
class Line {
  readonly #client: Socket
  readonly #server: Socket
  /** Nothing is passed on any more, in no direction. */
  #over = false
  /** Whoever leaves the reading of a socket closes it: after its end a connection may be left no sooner. */
  readonly gone: Promise<void>

  constructor(client: Socket, server: Socket) {
    this.#client = client
    this.#server = server
    this.gone = new Promise(resolve => client.once('close', () => resolve()))
  }

  get isOver(): boolean {
    return this.#over
  }

  /** Does to it what was decided at a step, with these bytes to be passed on next. True: it goes on. */
  async obey(verdict: Verdict, to: Socket, bytes: Buffer): Promise<boolean> {
    if (verdict === 'go') return !this.#over
    this.#over = true
    if (verdict === 'halve') await written(to, bytes.subarray(0, Math.ceil(bytes.length / 2)))
    // A stalled connection stays open to the end of this life: nobody learns that the program has given it up.
    if (verdict !== 'stall') this.end()
    return false
  }

  end(): void {
    this.#client.destroy()
    // Gently: what was passed on to the server is to arrive there.
    this.#server.end()
  }
}

export type TcpProxy = AsyncDisposable & {
  readonly port: number
  /** Ends all connections. */
  cutAll(): void
  /** Ends all connections, and hangs up on others as long as `work` lasts. */
  closedFor(work: () => Promise<void>): Promise<void>
}

export async function startProxy(
  upstream: number,
  trouble: Trouble,
  connectStep: string,
  dialogue: () => Dialogue,
): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let closed = false
  const keep = (socket: Socket) => {
    socket.setNoDelay(true)
    sockets.add(socket)
    // Cut connections are what this is about.
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }
  const server = await listening(
    createServer(async client => {
      keep(client)
      if (closed) return void client.destroy()
      const upward = connect(upstream, '127.0.0.1')
      keep(upward)
      const line = new Line(client, upward)
      const speaks = dialogue()
      client.on('error', (error: NodeJS.ErrnoException) => error.code === 'ECONNRESET' && speaks.clientReset?.())
      client.on('end', () => speaks.clientEnded?.())
      if (!(await line.obey(await trouble.at(connectStep), client, NOTHING))) return
      const up = pump(client, upward, line, trouble, bytes => speaks.fromClient(bytes))
      const down = pump(upward, client, line, trouble, bytes => speaks.fromServer(bytes))
      await Promise.race([up, down])
      if (!line.isOver) line.end()
    }),
  )
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: portOf(server),
    cutAll,
    async closedFor(work) {
      closed = true
      cutAll()
      await work()
      closed = false
    },
    async [Symbol.asyncDispose]() {
      cutAll()
      server.close()
      await once(server, 'close')
    },
  }
}

async function pump(
  from: Socket,
  to: Socket,
  line: Line,
  trouble: Trouble,
  cut: (bytes: Buffer) => Segment[],
): Promise<void> {
  try {
    for await (const chunk of from) {
      for (const { bytes, before, after, passed } of cut(chunk)) {
        if (before !== undefined && !(await line.obey(await trouble.at(before), to, bytes))) return
        if (line.isOver) return
        await written(to, bytes)
        passed?.()
        if (after !== undefined && !(await line.obey(await trouble.at(after), to, NOTHING))) return await line.gone
      }
    }
  } catch {
    // The other side has gone.
  }
}

/** Resolves when the bytes are with the operating system, which sends them even if the socket is closed then. */
function written(to: Socket, bytes: Buffer): Promise<void> {
  return new Promise(resolve => {
    if (to.destroyed || bytes.length === 0) resolve()
    else to.write(bytes, () => resolve())
  })
}
