/*
 * The mail server of a desk in which anything may happen: folders in memory, seen over a session as the service sees any
 * server's. It has a clock of its own, which is right.
 */
import type { ImapSession } from '../../src/inbound/session.ts'
import type { Instant } from '../../src/instant.ts'

type Mail = { readonly uid: number; readonly receivedAt: Instant; readonly bytes: Buffer }
type Folder = { uidValidity: number; uidNext: number; mails: Mail[] }

export type Place = {
  readonly mailbox: string
  readonly folder: string
  readonly uidValidity: string
  readonly uid: number
}

export type Server = {
  /** Puts a mail into a folder, and gives its place there. */
  deliver(mailbox: string, folder: string, bytes: Buffer, receivedAt: Instant): Place
  /** The folder was made anew out of the same mails: they have other UIDs (RFC 3501 §2.3.1.1). Gives the places they have now. */
  renumber(mailbox: string, folder: string): readonly Place[]
  /** Where every mail is. */
  places(): readonly Place[]
  session(mailbox: string): ImapSession
}

export function openServer(): Server {
  const folders = new Map<string, Folder>()
  const folderOf = (mailbox: string, name: string): Folder => {
    const key = `${mailbox} ${name}`
    const folder = folders.get(key) ?? { uidValidity: 1, uidNext: 1, mails: [] }
    folders.set(key, folder)
    return folder
  }
  const placesIn = (key: string, { uidValidity, mails }: Folder): Place[] => {
    const [mailbox = '', folder = ''] = key.split(' ')
    return mails.map(({ uid }) => ({ mailbox, folder, uidValidity: String(uidValidity), uid }))
  }

  return {
    deliver(mailbox, name, bytes, receivedAt) {
      const folder = folderOf(mailbox, name)
      const uid = folder.uidNext++
      folder.mails.push({ uid, receivedAt, bytes })
      return { mailbox, folder: name, uidValidity: String(folder.uidValidity), uid }
    },
    renumber(mailbox, name) {
      const folder = folderOf(mailbox, name)
      folder.uidValidity++
      folder.mails = folder.mails.map((mail, at) => ({ ...mail, uid: at + 1 }))
      folder.uidNext = folder.mails.length + 1
      return placesIn(`${mailbox} ${name}`, folder)
    },
    places: () => [...folders].flatMap(([key, folder]) => placesIn(key, folder)),
    session(mailbox) {
      let open = folderOf(mailbox, 'INBOX')
      const stateOf = ({ uidValidity, uidNext, mails }: Folder) => ({
        uidValidity: String(uidValidity),
        uidNext,
        exists: mails.length,
      })
      return {
        ...{ capabilities: new Set(), lost: false, signedInUntil: null },
        async open(name) {
          open = folderOf(mailbox, name)
          return stateOf(open)
        },
        async list(lastUid = 0) {
          const above = open.mails.filter(({ uid }) => uid > lastUid)
          return above.map(({ uid, receivedAt, bytes }) => ({ uid, receivedAt, size: bytes.length }))
        },
        async *fetch(listed) {
          const wanted = new Set(listed.map(({ uid }) => uid))
          const mails = open.mails.filter(({ uid }) => wanted.has(uid))
          if (mails.length > 0) yield mails.map(mail => ({ ...mail, fullSize: null }))
        },
        sentFolder: async () => 'Sent',
        peek: async name => stateOf(folderOf(mailbox, name)),
        async waitForChange() {
          throw new Error('nobody waits here')
        },
        async mark() {},
        async move() {},
        async close() {},
        async [Symbol.asyncDispose]() {},
      }
    },
  }
}
