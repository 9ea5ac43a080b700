import { spawnSync } from 'node:child_process'
import { chownSync, linkSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type DovecotServer, startDovecot } from '../support/dovecot.ts'

/*
 * The Dovecot of the benchmark: a user a round, so that no round profits from what Dovecot remembers of an earlier one, and
 * commands counted by Dovecot itself.
 */

export type BenchMailboxes = AsyncDisposable & {
  readonly server: DovecotServer
  /** Fills the INBOX of a user with the mails of a folder, in the order of their names. */
  fill(user: string, folder: string): void
  /** How often the user's sessions have sent which command since the start; the login itself is not among them. */
  commands(user: string): Readonly<Record<string, number>>
}

const STATISTICS = `
metric commands {
  filter = event=imap_command_finished
  group_by = user cmd_name
}
service stats {
  chroot =
  unix_listener stats-writer {
    mode = 0666
  }
}
`

export async function startMailboxes(users: readonly string[]): Promise<BenchMailboxes> {
  const server = await startDovecot({ users, config: STATISTICS })
  const mailRoot = join(server.home, 'mail')
  return {
    server,
    fill(user, folder) {
      const owner = statSync(mailRoot)
      const home = join(mailRoot, user)
      const maildir = join(home, 'Maildir')
      const inside = ['cur', 'new', 'tmp'].map(name => join(maildir, name))
      for (const path of [home, maildir, ...inside]) {
        mkdirSync(path)
        chownSync(path, owner.uid, owner.gid)
      }
      const second = Math.floor(Date.now() / 1000)
      for (const [at, name] of readdirSync(folder).sort().entries()) {
        const mail = join(folder, name)
        const { size } = statSync(mail)
        chownSync(mail, owner.uid, owner.gid)
        // Dovecot numbers new mails by the time in their names, and takes their size from there as its own delivery writes it.
        linkSync(mail, join(maildir, 'cur', `${second}.M${String(at).padStart(6, '0')}P1.bench,S=${size},W=${size}:2,`))
      }
    },
    commands(user) {
      const args = ['-c', join(server.home, 'dovecot.conf'), '-f', 'json', 'stats', 'dump', '-f', 'count']
      const { status, stdout, stderr } = spawnSync('/usr/bin/doveadm', args, { encoding: 'utf8' })
      if (status !== 0) throw new Error(`doveadm: ${stderr}`)
      const prefix = `commands_${user}_`
      const lines = JSON.parse(stdout) as { metric_name: string; count: number }[]
      const own = lines.filter(({ metric_name }) => metric_name.startsWith(prefix))
      return Object.fromEntries(own.map(({ metric_name, count }) => [metric_name.slice(prefix.length), count]))
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}
