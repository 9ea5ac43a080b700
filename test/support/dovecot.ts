/*
 * A private Dovecot on free loopback ports: own configuration, own mail folders in a temporary directory, one
 * password for every user, no PAM, no system files. Works for root and for ordinary users (it needs the binaries only:
 * apt-get install dovecot-imapd). Written for Dovecot 2.3.
 */
import { spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { ImapAccount } from '../../src/inbound/imap.ts'
import { selfSigned } from './certificate.ts'
import { imapHand } from './imap-hand.ts'
import type { MailServer } from './mail-server.ts'
import { freePorts } from './ports.ts'
import { greets, ProcessGroup } from './process-group.ts'
import { tempDir } from './temp-dir.ts'
import { eventually } from './wait.ts'

export type DovecotOptions = {
  /** Users are `desk` unless named. A user may be a whole address. */
  readonly users?: readonly string[]
  readonly password?: string
  /** Capabilities the server shall not tell of (`IDLE`); it would still obey. */
  readonly without?: readonly string[]
  /** Further lines of configuration. */
  readonly config?: string
}

export interface DovecotServer extends MailServer {
  /** The certificate in PEM, signed by itself: what `ImapAccount.ca` is for. */
  readonly ca: string
  readonly ports: { readonly imap: number; readonly imaps: number }
  /** The folder of its configuration and mails, gone after stop(). */
  readonly home: string
  /** Deletes the folder and makes it again: no mails, other UIDVALIDITY, UIDs from 1. Not for INBOX. */
  recreateFolder(user: string, folder: string): Promise<void>
  /** Stops every process where it stands, as a hanging machine would; thaw() lets them go on. */
  freeze(): void
  thaw(): void
  /** Ends every process at once, without goodbye. */
  kill(): Promise<void>
  /** After kill(): the same mails on the same ports. */
  restart(): Promise<void>
  /** Dovecot's own log, to be shown when a test fails. */
  logText(): Promise<string>
}

const BINARY = '/usr/sbin/dovecot'
const DOVEADM = '/usr/bin/doveadm'

/** Is a Dovecot 2.3 installed? */
export function dovecotAvailable(): boolean {
  // Not there, or not for us to run: no output at all.
  return String(spawnSync(BINARY, ['--version'], { encoding: 'utf8' }).stdout).startsWith('2.3.')
}

export async function startDovecot(options: DovecotOptions = {}): Promise<DovecotServer> {
  const { users = ['desk'], password = 'pa55-wörd' } = options
  const folder = await tempDir('dovecot')
  const home = folder.path
  // Dovecot runs as several users when started by root; mkdtemp lets only the owner in.
  await chmod(home, 0o755)
  for (const name of ['run', 'state', 'mail']) await mkdir(join(home, name))
  const owner = mailOwner()
  await chown(join(home, 'mail'), owner.uid, owner.gid)
  const { cert } = await selfSigned(home)
  await writeFile(join(home, 'passwd'), users.map(user => `${user}:{PLAIN}${password}\n`).join(''))
  const [imap = 0, imaps = 0] = await freePorts(2)
  const capabilities = options.without ? CAPABILITIES.filter(name => !options.without?.includes(name)) : null
  await writeFile(join(home, 'dovecot.conf'), configuration(home, { imap, imaps }, owner, capabilities, options.config))

  const processes = new ProcessGroup([BINARY, '-F', '-c', join(home, 'dovecot.conf')])
  const { drop: dropHands, ...hand } = imapHand(imap, password)
  const start = async () => {
    await processes.start()
    try {
      await eventually(async () => processes.ended || (await greets(imap)), 10_000)
      if (processes.ended) throw new Error('it ended at once')
    } catch (error) {
      await processes.stop()
      const log = await readFile(join(home, 'dovecot.log'), 'utf8').catch(() => '(no log)')
      throw new Error(`Dovecot did not start:\n${log}\n${processes.complaints}`, { cause: error })
    }
  }
  let stopped: Promise<void> | null = null
  const stop = () => {
    stopped ??= end()
    return stopped
  }
  const end = async () => {
    await dropHands()
    await processes.stop()
    await folder[Symbol.asyncDispose]()
  }

  try {
    await start()
  } catch (error) {
    await folder[Symbol.asyncDispose]()
    throw error
  }
  return {
    ca: await readFile(cert, 'utf8'),
    ports: { imap, imaps },
    home,

    account(user, more = {}): ImapAccount {
      const tls = more.tls ?? 'none'
      const port = tls === 'implicit' ? imaps : imap
      return { host: '127.0.0.1', port, tls, verifyCertificate: false, user, password, timeoutMs: 10_000, ...more }
    },

    ...hand,

    async changeUidValidity(user, name) {
      await dropHands()
      const uidValidity = String(Math.floor(Date.now() / 1000) + Math.floor(Math.random() * 1_000_000))
      const update = ['mailbox', 'update', '-u', user, '--uid-validity', uidValidity, name]
      const done = spawnSync(DOVEADM, ['-c', join(home, 'dovecot.conf'), ...update], { encoding: 'utf8' })
      if (done.status !== 0) throw new Error(`doveadm: ${done.stderr}`)
    },

    freeze: () => processes.signal('SIGSTOP'),
    thaw: () => processes.signal('SIGCONT'),
    async kill() {
      await processes.stop()
      await dropHands()
    },
    async restart() {
      // What a killed master leaves behind, and would ask about.
      await rm(join(home, 'run', 'master.pid'), { force: true })
      await start()
    },
    logText: () => readFile(join(home, 'dovecot.log'), 'utf8'),

    stop,
    [Symbol.asyncDispose]: stop,
  }
}

/** Dovecot never serves mail as root: a Dovecot started by root serves it as nobody. */
function mailOwner(): { uid: number; gid: number } {
  const { uid, gid } = userInfo()
  return uid === 0 ? { uid: 65_534, gid: 65_534 } : { uid, gid }
}

const CAPABILITIES =
  'IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED CONDSTORE ESEARCH WITHIN LIST-STATUS BINARY MOVE LITERAL+'.split(
    ' ',
  )

function configuration(
  home: string,
  ports: { imap: number; imaps: number },
  owner: { uid: number; gid: number },
  capabilities: readonly string[] | null,
  more = '',
): string {
  const { uid, username } = userInfo()
  const group = () => spawnSync('id', ['-gn'], { encoding: 'utf8' }).stdout.trim()
  // An ordinary user cannot change to Dovecot's own users, so everything runs as that user.
  const internal =
    uid === 0
      ? ''
      : `default_internal_user = ${username}\ndefault_login_user = ${username}\ndefault_internal_group = ${group()}`
  return `
base_dir = ${home}/run
state_dir = ${home}/state
log_path = ${home}/dovecot.log
protocols = imap
listen = 127.0.0.1
${internal}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:~/Maildir
mail_fsync = never
mailbox_idle_check_interval = 1 s
mail_max_userip_connections = 1000
ssl = yes
ssl_cert = <${home}/cert.pem
ssl_key = <${home}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
# Wrong passwords are part of the tests; the pauses that punish them are not.
auth_failure_delay = 0
${capabilities ? `imap_capability = ${capabilities.join(' ')}` : ''}
passdb {
  driver = passwd-file
  args = ${home}/passwd
}
userdb {
  driver = static
  args = uid=${owner.uid} gid=${owner.gid} home=${home}/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Outgoing {
    special_use = \\Sent
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  service_count = 0
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${ports.imaps}
    ssl = yes
  }
}
${more}
`
}
