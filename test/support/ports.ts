import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'

// Below what systems give to connections that ask for any port (Linux 32768, others 49152): between the look and the use of a port
// no connection of another test takes it.
const FIRST = 20_000
const LAST = 32_000

/** Ports of the loopback address that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = randomInt(FIRST, LAST)
    const server = await listening(createServer(), port).catch(() => null)
    if (!server) continue
    await new Promise(done => server.close(done))
    ports.add(port)
  }
  return [...ports]
}

/** Resolves when the server listens on 127.0.0.1, on a free port unless one is given. */
export function listening<S extends Server>(server: S, port = 0): Promise<S> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject)
      resolve(server)
    })
  })
}

export function portOf(server: Server): number {
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the server does not listen on a port')
  return address.port
}
