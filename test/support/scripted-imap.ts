/*
 * An IMAP server that says what a test wants it to say: for the behaviour of servers nobody has at hand.
 */
import { createServer, type Socket } from 'node:net'
import type { ImapAccount } from '../../src/inbound/imap.ts'
import { listening, portOf } from './ports.ts'

/** The lines to answer to a command, without CRLF; `TAG` stands for its tag, `HANGUP` ends the connection. Undefined: the usual answer. */
export type Script = (command: string, say: (...lines: string[]) => void) => readonly string[] | undefined

export interface ScriptedImap extends AsyncDisposable {
  readonly account: ImapAccount
  /** What clients sent, without tags. */
  readonly commands: readonly string[]
}

/** Logs anybody in and has an INBOX of `exists` mails; `script` is asked first. `greeting` null: stays silent. */
export async function scriptedImap(
  script: Script,
  { exists = 0, greeting = '* OK ready' as string | null } = {},
): Promise<ScriptedImap> {
  const commands: string[] = []
  const sockets = new Set<Socket>()
  const usual = (command: string): readonly string[] => {
    const [verb] = command.toUpperCase().split(' ')
    if (verb === 'CAPABILITY') return ['* CAPABILITY IMAP4rev1 IDLE', 'TAG OK done']
    if (verb === 'LIST') return ['* LIST () "/" INBOX', 'TAG OK done']
    if (verb === 'LOGOUT') return ['* BYE bye', 'TAG OK done']
    if (verb === 'IDLE') return ['+ idling']
    if (verb === 'DONE') return ['IDLETAG OK done']
    const state = [`* ${exists} EXISTS`, '* OK [UIDVALIDITY 7] -', `* OK [UIDNEXT ${exists + 1}] -`]
    return verb === 'SELECT' ? [...state, 'TAG OK [READ-WRITE] done'] : ['TAG OK done']
  }
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    let idleTag = ''
    const say = (...lines: string[]) => {
      if (!socket.destroyed) socket.write(lines.map(line => `${line}\r\n`).join(''), 'latin1')
    }
    if (greeting !== null) say(greeting)
    let rest = ''
    socket.on('data', chunk => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [, tag = '', command = line] = line === 'DONE' ? [] : (/^(\S+) (.*)$/.exec(line) ?? [])
        commands.push(command)
        if (command.toUpperCase() === 'IDLE') idleTag = tag
        const answer = script(command, say) ?? usual(command)
        say(
          ...answer
            .filter(text => text !== 'HANGUP')
            .map(text => text.replace(/^TAG\b/, tag).replace(/^IDLETAG\b/, idleTag)),
        )
        if (answer.includes('HANGUP')) socket.end()
      }
    })
  })
  await listening(server)
  const account = { host: '127.0.0.1', port: portOf(server), tls: 'none', verifyCertificate: true } as const
  return {
    account: { ...account, user: 'desk', password: 'pa55-word', timeoutMs: 2000 },
    commands,
    async [Symbol.asyncDispose]() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
