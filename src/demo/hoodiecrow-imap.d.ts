/** What is used of hoodiecrow-imap 2.1, which brings no types. */
declare module 'hoodiecrow-imap' {
  import type { Server, Socket } from 'node:net'

  namespace hoodiecrow {
    /** A mail as Hoodiecrow keeps it: `raw` holds one byte in each character. */
    type StoredMessage = { uid: number; flags: string[]; internaldate: string; raw: string }
    type Mailbox = { path: string; uidvalidity: number; uidnext: number; messages: StoredMessage[] }
    type Connection = {
      socket: Socket | null
      state: 'Not Authenticated' | 'Authenticated' | 'Selected' | 'Logout'
      /** Takes the next line from the client instead of the command parser. */
      inputHandler: ((line: string) => void) | false
      /** Whether news of the folder are sent at once and not with the next answer. */
      directNotifications: boolean
      send(response: Response, description: string, parsed: Parsed, data: string): void
      processNotifications(): void
      expungeSpecificMessages(mailbox: Mailbox, which: (message: StoredMessage) => boolean): void
    }
    type Parsed = { tag: string; command: string; attributes?: unknown[] }
    type Response = { tag: string; command?: string; attributes: unknown[] }
    type Handler = (connection: Connection, parsed: Parsed, data: string, done: () => void) => void
    type ImapServer = {
      readonly server: Server
      setMaxListeners(count: number): void
      registerCapability(name: string, isOffered?: (connection: Connection) => boolean): void
      setCommandHandler(name: string, handler: Handler): void
      getMailbox(path: string): Mailbox | undefined
      createMailbox(path: string): void
      appendMessage(
        mailbox: Mailbox,
        flags: string[],
        internaldate: string,
        raw: string,
      ): { mailbox: Mailbox; message: StoredMessage }
      notify(response: Response, mailbox: Mailbox): void
    }
    type Options = {
      plugins?: readonly (string | ((server: ImapServer) => void))[]
      users?: Record<string, { password: string }>
      storage?: Record<string, { separator?: string; folders?: object; messages?: object[]; uidvalidity?: number }>
      secureConnection?: boolean
      credentials?: { key: string | Buffer; cert: string | Buffer }
    }
  }

  function hoodiecrow(options?: hoodiecrow.Options): hoodiecrow.ImapServer
  export = hoodiecrow
}
