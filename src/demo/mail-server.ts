import { SMTPServer } from 'smtp-server'
import { parseMail } from '../inbound/parse.ts'
import type { ParsedMail } from '../mail/message.ts'
import { type MemoryMailbox, startMemoryMailbox } from './memory-mailbox.ts'

/*
 * A whole mail system in this process: SMTP in front, a mailbox on IMAP for each address it knows. Mail to a known
 * address is put into that mailbox, mail to others is accepted and kept as well, so that the story can look at it.
 */

/** A mail that passed through the SMTP server, and whom it was for. */
export type Passed = { readonly to: readonly string[]; readonly mail: ParsedMail }

export type DemoMail = AsyncDisposable & {
  readonly smtpPort: number
  readonly imapPort: (address: string) => number
  /** Puts a mail into the mailbox of an address, as if it had come from the outside. Gives the UID. */
  deliver(address: string, source: string): number
  /** Everything the SMTP server accepted, oldest first. */
  readonly passed: readonly Passed[]
}

/** The password of every account: this mail system lives on loopback and ends with the demo. */
export const DEMO_PASSWORD = 'demo'

export async function startDemoMail(addresses: readonly string[]): Promise<DemoMail> {
  const mailboxes = new Map<string, MemoryMailbox>()
  for (const user of addresses) mailboxes.set(user, await startMemoryMailbox({ user, password: DEMO_PASSWORD }))
  const passed: Passed[] = []

  const smtp = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    authOptional: true,
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const to = session.envelope.rcptTo.map(({ address }) => address.toLowerCase())
        parseMail(bytes)
          .then(mail => {
            passed.push({ to, mail })
            for (const address of to) mailboxes.get(address)?.deliver('INBOX', bytes)
            done(null, 'delivered')
          })
          .catch(done)
      })
    },
  })
  smtp.on('error', () => undefined)
  await new Promise<void>(resolve => {
    smtp.listen(0, '127.0.0.1', () => resolve())
  })
  const address = smtp.server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the SMTP server does not listen on a port')

  const mailboxOf = (of: string): MemoryMailbox => {
    const mailbox = mailboxes.get(of)
    if (!mailbox) throw new Error(`${of} has no mailbox here`)
    return mailbox
  }
  return {
    smtpPort: address.port,
    imapPort: of => mailboxOf(of).port,
    deliver: (of, source) => mailboxOf(of).deliver('INBOX', Buffer.from(source.replace(/\r?\n/g, '\r\n'), 'utf8')),
    passed,
    async [Symbol.asyncDispose]() {
      await new Promise<void>(resolve => smtp.close(() => resolve()))
      for (const mailbox of mailboxes.values()) await mailbox.stop()
    },
  }
}
