/*
 * What a test does inside the mailboxes of a real server, by IMAP, over lasting connections of its own: delivering through
 * one takes a millisecond.
 */
import { ImapFlow } from 'imapflow'
import { instantOf } from '../../src/instant.ts'
import type { MailServer, StoredMail } from './mail-server.ts'

export interface ImapHand extends Pick<MailServer, 'deliver' | 'list' | 'createFolder' | 'expunge'> {
  /** Deletes the folder and makes it again: no mails, other UIDVALIDITY, UIDs from 1. Not for INBOX. */
  recreateFolder(user: string, folder: string): Promise<void>
  /** Closes the connections; what comes next opens new ones. */
  drop(): Promise<void>
  /** The connection of this user, for what is not above. */
  as(user: string): Promise<ImapFlow>
}

export function imapHand(port: number, password: string): ImapHand {
  const clients = new Map<string, Promise<ImapFlow>>()
  const as = async (user: string): Promise<ImapFlow> => {
    const known = clients.get(user)
    if (known !== undefined) return await known
    const opened = (async () => {
      const shared = { host: '127.0.0.1', port, logger: false, disableAutoIdle: true } as const
      const client = new ImapFlow({ ...shared, auth: { user, pass: password }, doSTARTTLS: false })
      const forget = () => clients.get(user) === opened && clients.delete(user)
      client.on('error', forget)
      client.on('close', forget)
      await client.connect()
      return client
    })()
    clients.set(user, opened)
    return await opened
  }
  return {
    as,

    async deliver(user, name, bytes, { receivedAt, seen = false } = {}) {
      const client = await as(user)
      const date = receivedAt === undefined ? undefined : new Date(receivedAt)
      const done = await client.append(name, Buffer.from(bytes), seen ? ['\\Seen'] : [], date)
      if (!done || done.uid === undefined) throw new Error(`the server did not take the mail into ${name}`)
      return done.uid
    },

    async list(user, name) {
      const client = await as(user)
      const box = await client.mailboxOpen(name)
      const query = { uid: true, flags: true, internalDate: true }
      const rows = box.exists > 0 ? await client.fetchAll('1:*', query, { uid: true }) : []
      await client.mailboxClose()
      const mails = rows.map(({ uid, flags, internalDate }): StoredMail => {
        return {
          uid,
          flags: [...(flags ?? [])].filter(flag => flag !== '\\Recent').sort(),
          receivedAt: instantOf(new Date(internalDate ?? 0).getTime()),
        }
      })
      return mails.sort((a, b) => a.uid - b.uid)
    },

    async createFolder(user, name) {
      await (await as(user)).mailboxCreate(name)
    },

    async expunge(user, name, uids) {
      const client = await as(user)
      await client.mailboxOpen(name)
      await client.messageDelete(uids.join(','), { uid: true })
      await client.mailboxClose()
    },

    async recreateFolder(user, name) {
      const client = await as(user)
      await client.mailboxDelete(name)
      await client.mailboxCreate(name)
    },

    async drop() {
      const open = [...clients.values()]
      clients.clear()
      for (const client of await Promise.allSettled(open)) if (client.status === 'fulfilled') client.value.close()
    },
  }
}
