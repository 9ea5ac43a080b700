import { connect, createServer } from 'node:net'
import { listening, portOf } from '../support/ports.ts'
import { tempDir } from '../support/temp-dir.ts'
import { eventually } from '../support/wait.ts'
import type { Place } from './round.ts'
import { configure, startService } from './service.ts'

/*
 * Mails that come one at a time: from the server's EXISTS passing by on its way to the service, to the acknowledgement accepted
 * over SMTP. A relay between the service and Dovecot sees the EXISTS, so that Dovecot's own half second of waiting does not count.
 */

/** Delivers each of the mails when the one before was answered; gives the latencies (ms). */
export async function measureLatencies(
  { mailboxes, sink, nodeArguments }: Place,
  user: string,
  mails: readonly Buffer[],
): Promise<number[]> {
  await using folder = await tempDir('bench-latency')
  const account = mailboxes.server.account(user)
  let announcedAt = 0
  const relay = await listening(
    createServer(service => {
      const server = connect(account.port, account.host)
      server.on('data', chunk => {
        if (/^\* \d+ EXISTS\r$/m.test(chunk.toString('latin1'))) announcedAt = Date.now()
      })
      for (const socket of [service, server]) socket.on('error', () => undefined)
      service.pipe(server).pipe(service)
    }),
  )
  const imap = { ...account, port: portOf(relay) }
  await configure(folder.path, imap, sink.port)
  const service = await startService(folder.path, imap, nodeArguments)
  const latencies: number[] = []
  try {
    await service.running(eventually(() => (mailboxes.commands(user)['IDLE'] ?? 0) > 0 || announcedAt > 0, 20_000))
    for (const mail of mails) {
      sink.expect(1)
      await mailboxes.server.deliver(user, 'INBOX', mail)
      await service.running(sink.reached(15_000))
      const [accepted] = await sink.report()
      if (accepted) latencies.push(accepted.at - announcedAt)
    }
  } finally {
    await service.stop()
    relay.close()
  }
  // The first one loads the program that reads mails.
  return latencies.slice(1)
}
