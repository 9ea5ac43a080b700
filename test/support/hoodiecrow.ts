/*
 * Mailboxes in this process for quick tests, one server a user. Dovecot is the real one (`dovecot.ts`).
 */

import { type MemoryMailbox, type MemoryMailboxOptions, startMemoryMailbox } from '../../src/demo/memory-mailbox.ts'
import type { ImapAccount } from '../../src/inbound/imap.ts'
import { instantOf } from '../../src/instant.ts'
import type { MailServer } from './mail-server.ts'

export type HoodiecrowOptions = Partial<Omit<MemoryMailboxOptions, 'user' | 'port'>> & {
  /** `desk` unless named. */
  readonly users?: readonly string[]
}

export async function startHoodiecrow(options: HoodiecrowOptions = {}): Promise<MailServer> {
  const { users = ['desk'], password = 'pa55-word', ...more } = options
  const mailboxes = new Map<string, MemoryMailbox>()
  for (const user of users) mailboxes.set(user, await startMemoryMailbox({ user, password, ...more }))
  const of = (user: string): MemoryMailbox => {
    const mailbox = mailboxes.get(user)
    if (!mailbox) throw new Error(`this Hoodiecrow was started without the user ${user}`)
    return mailbox
  }
  const stop = async () => {
    const running = [...mailboxes.values()]
    mailboxes.clear()
    await Promise.all(running.map(mailbox => mailbox.stop()))
  }
  return {
    account(user, fields = {}): ImapAccount {
      const { port } = of(user)
      const address = { host: '127.0.0.1', port, tls: 'none', verifyCertificate: false } as const
      return { ...address, user, password, timeoutMs: 10_000, ...fields }
    },
    async deliver(user, folder, bytes, { receivedAt, seen = false } = {}) {
      const date = receivedAt === undefined ? {} : { receivedAt: new Date(receivedAt) }
      return of(user).deliver(folder, bytes, { flags: seen ? ['\\Seen'] : [], ...date })
    },
    async list(user, folder) {
      return of(user)
        .list(folder)
        .map(({ uid, flags, receivedAt }) => ({
          uid,
          flags: [...flags].sort(),
          receivedAt: instantOf(receivedAt.getTime()),
        }))
    },
    async createFolder(user, folder) {
      of(user).createFolder(folder)
    },
    async expunge(user, folder, uids) {
      of(user).expunge(folder, uids)
    },
    async changeUidValidity(user, folder) {
      of(user).changeUidValidity(folder)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
