import { execFile } from 'node:child_process'
import { chown, mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ImapFlow } from 'imapflow'
import type { DovecotServer } from '../support/dovecot.ts'
import { eventually } from '../support/wait.ts'
import { COPY_FIELD, type Copy } from './mails.ts'

/*
 * The mailbox of one user, and what others do to it: a mail transfer agent that delivers into the Maildir, a person with a mail
 * client, and an administrator.
 */

/** A folder by UID: which copy it is, and whether it is marked as seen or flagged. */
export type ListedFolder = {
  readonly uidValidity: string
  readonly mails: ReadonlyMap<number, { readonly copy: string; readonly isMarked: boolean }>
}

export type Listed = {
  readonly folders: ReadonlyMap<Copy['folder'], ListedFolder>
  /** The copies in the folder that mails are moved to. */
  readonly moved: readonly string[]
}

/** Where mails are moved to, when they are. */
export const DONE = 'Done'

/** Any user may come in, so that each schedule has users of its own. */
export const ANY_USER = `
passdb {
  driver = static
  args = password=pa55-wörd
}
`

export class Inbox {
  readonly user: string
  readonly #server: DovecotServer
  readonly #maildir: string
  #client: Promise<ImapFlow> | null = null
  #delivered = 0

  constructor(server: DovecotServer, user: string) {
    this.user = user
    this.#server = server
    this.#maildir = join(server.home, 'mail', user, 'Maildir')
  }

  async create(): Promise<void> {
    const owner = await stat(join(this.#server.home, 'mail'))
    const home = join(this.#maildir, '..')
    const folders = [this.#maildir, join(this.#maildir, '.Sent')]
    const paths = folders.flatMap(path => [path, ...['cur', 'new', 'tmp'].map(name => join(path, name))])
    for (const path of [home, ...paths]) {
      await mkdir(path)
      await chown(path, owner.uid, owner.gid)
    }
  }

  /** As if it had come `agoMs` ago. */
  async deliver(bytes: Buffer, folder: Copy['folder'], agoMs = 0): Promise<void> {
    const owner = await stat(this.#maildir)
    const at = (Date.now() - agoMs) / 1000
    const name = `${Math.floor(at)}.M${String(this.#delivered++).padStart(6, '0')}.crash`
    const maildir = folder === 'INBOX' ? this.#maildir : join(this.#maildir, `.${folder}`)
    const written = join(maildir, 'tmp', name)
    await writeFile(written, bytes)
    await chown(written, owner.uid, owner.gid)
    await utimes(written, at, at)
    await rename(written, join(maildir, 'new', name))
  }

  /** The person with the mail client removes a mail for good, if it is there. */
  async expunge(copy: string): Promise<void> {
    const client = await this.#open()
    await client.mailboxOpen('INBOX')
    const found = await client.search({ header: { [COPY_FIELD]: copy } }, { uid: true })
    if (found && found.length > 0) await client.messageDelete(found, { uid: true })
    await client.mailboxClose()
  }

  /** All UIDs are void: the same mails under another UIDVALIDITY. */
  async changeUidValidity(uidValidity: number): Promise<void> {
    await this.leave()
    const update = ['mailbox', 'update', '-u', this.user, '--uid-validity', String(uidValidity), 'INBOX']
    await this.#doveadm(update)
  }

  /** All that the server knew about the mails is gone, and it numbers them anew. Nobody may be connected meanwhile. */
  async renumber(): Promise<void> {
    await this.leave()
    // Who still has the INBOX open would write down what it remembers.
    await eventually(async () => {
      const who = await this.#doveadm(['-f', 'tab', 'who', '-1', this.user])
      return who.trim().split('\n').length <= 1
    }, 5_000)
    // Not what keeps a UIDVALIDITY from coming again.
    const known = (await readdir(this.#maildir)).filter(name => /^dovecot[.-]/.test(name) && !/uidvalidity/.test(name))
    for (const name of known) await rm(join(this.#maildir, name), { recursive: true })
  }

  /** Which copy is where, as the server shows it now. */
  async list(): Promise<Listed> {
    const client = await this.#open()
    const look = async (folder: string): Promise<ListedFolder> => {
      const box = await client.mailboxOpen(folder)
      const query = { uid: true, flags: true, headers: [COPY_FIELD] }
      const rows = box.exists > 0 ? await client.fetchAll('1:*', query, { uid: true }) : []
      await client.mailboxClose()
      const mails = rows.map(({ uid, flags, headers }) => {
        const copy = /:\s*(\S+)/.exec(headers?.toString() ?? '')?.[1] ?? ''
        return [uid, { copy, isMarked: flags?.has('\\Seen') || flags?.has('\\Flagged') || false }] as const
      })
      return { uidValidity: String(box.uidValidity), mails: new Map(mails) }
    }
    const has = (await client.list()).some(({ path }) => path === DONE)
    const moved = has ? [...(await look(DONE)).mails.values()].map(({ copy }) => copy) : []
    return {
      folders: new Map([
        ['INBOX', await look('INBOX')],
        ['Sent', await look('Sent')],
      ]),
      moved,
    }
  }

  async leave(): Promise<void> {
    const client = await this.#client?.catch(() => null)
    this.#client = null
    if (client?.usable) await client.logout().catch(() => undefined)
  }

  /** Away with all of it. */
  async remove(): Promise<void> {
    await this.leave()
    await rm(join(this.#maildir, '..'), { recursive: true, force: true, maxRetries: 5 })
  }

  async #open(): Promise<ImapFlow> {
    const known = await this.#client?.catch(() => null)
    if (known?.usable) return known
    const { host, port, user, password } = this.#server.account(this.user)
    this.#client = (async () => {
      const client = new ImapFlow({
        host,
        port,
        auth: { user, pass: password },
        logger: false,
        doSTARTTLS: false,
        disableAutoIdle: true,
      })
      client.on('error', () => undefined)
      await client.connect()
      return client
    })()
    return this.#client
  }

  async #doveadm(args: readonly string[]): Promise<string> {
    const config = join(this.#server.home, 'dovecot.conf')
    return (await promisify(execFile)('/usr/bin/doveadm', ['-c', config, ...args])).stdout
  }
}
