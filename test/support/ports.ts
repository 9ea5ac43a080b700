import { createServer, type Server } from 'node:net'

/** Ports of the loopback address that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listening(createServer())))
  const ports = servers.map(portOf)
  await Promise.all(servers.map(server => new Promise(done => server.close(done))))
  return ports
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
