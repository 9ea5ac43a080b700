/*
 * A wire between the program and a real IMAP server: a test sees each command before the server does, may do something to the
 * mailbox first, and may cut. So a thing happens exactly "in mid-fetch", with every server and however fast it is.
 */
import { connect, createServer, type Socket } from 'node:net'
import type { ImapAccount } from '../../src/inbound/imap.ts'
import { listening, portOf } from './ports.ts'

/** Called with each command, without its tag; what it awaits happens first. `cut` ends the connection instead. */
export type OnCommand = (command: string) => undefined | 'cut' | Promise<undefined | 'cut'>

export interface ImapTap extends AsyncDisposable {
  /** The account, through the tap. Not for encrypted ones: the tap could not read along. */
  readonly account: ImapAccount
  /** What clients sent, without tags, and without what was cut. */
  readonly commands: readonly string[]
  /** Ends all connections there are. */
  cut(): void
}

export async function tapImap(account: ImapAccount, onCommand: OnCommand): Promise<ImapTap> {
  const commands: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(client => {
    const real = connect(account.port, account.host)
    const ends = [client, real]
    const cut = () => {
      for (const socket of ends) socket.destroy()
    }
    for (const socket of ends) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        cut()
      })
    }
    real.pipe(client)
    let rest = ''
    let passed = Promise.resolve()
    client.on('data', chunk => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        passed = passed.then(async () => {
          const command = line.replace(/^\w+ (?=\w)/, '')
          if ((await onCommand(command)) === 'cut') return cut()
          commands.push(command)
          if (!real.destroyed) real.write(`${line}\r\n`, 'latin1')
        })
        passed.catch(cut)
      }
    })
  })
  await listening(server)
  return {
    account: { ...account, host: '127.0.0.1', port: portOf(server) },
    commands,
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
