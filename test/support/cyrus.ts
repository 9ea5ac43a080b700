/*
 * A private Cyrus IMAP on a free loopback port: own configuration, own spool in a temporary directory, any password is right.
 * Works for root and for ordinary users. Written for Cyrus 3.6.
 *
 * Debian does not install it beside Dovecot, but its files can be unpacked anywhere, and POSTDESK_CYRUS tells where:
 *   apt-get download cyrus-imapd cyrus-common libical3 libxapian30 libpcre3
 *   for deb in *.deb; do dpkg -x "$deb" /opt/cyrus; done
 */
import { existsSync } from 'node:fs'
import { chown, mkdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { imapHand } from './imap-hand.ts'
import type { MailServer } from './mail-server.ts'
import { freePorts } from './ports.ts'
import { greets, ProcessGroup } from './process-group.ts'
import { tempDir } from './temp-dir.ts'
import { eventually } from './wait.ts'

const ROOT = process.env['POSTDESK_CYRUS'] ?? ''
const BIN = join(ROOT, '/usr/lib/cyrus/bin')

/** `describe` for tests against Cyrus. They are optional: without Cyrus they are skipped, and say so. */
export function describeWithCyrus(name: string, tests: () => void): void {
  if (existsSync(join(BIN, 'master'))) return void describe(name, tests)
  const words = `no Cyrus in ${BIN}; test/support/cyrus.ts tells how to get one`
  process.stderr.write(`\n!!! SKIPPED: ${name}\n!!! ${words}\n\n`)
  describe.skip(`${name} (skipped, ${words})`, tests)
}

export async function startCyrus({
  users = ['desk'],
}: {
  readonly users?: readonly string[]
} = {}): Promise<MailServer> {
  const folder = await tempDir('cyrus')
  const home = folder.path
  const owner = userInfo().uid === 0 ? NOBODY : null
  for (const name of ['', 'spool', 'conf', 'conf/socket', 'conf/proc', 'conf/db', 'conf/log']) {
    await mkdir(join(home, name), { recursive: true })
    if (owner) await chown(join(home, name), owner.uid, owner.gid)
  }
  const [port = 0] = await freePorts(1)
  const user = owner ? 'nobody' : userInfo().username
  await writeFile(join(home, 'imapd.conf'), imapdConf(home, user))
  await writeFile(join(home, 'cyrus.conf'), cyrusConf(home, port))
  const lib = ['/usr/lib/x86_64-linux-gnu', '/lib/x86_64-linux-gnu', '/usr/lib/cyrus'].map(path => join(ROOT, path))
  const command = ['-D', '-C', join(home, 'imapd.conf'), '-M', join(home, 'cyrus.conf'), '-p', join(home, 'conf/pid')]
  const processes = new ProcessGroup([join(BIN, 'master'), ...command], {
    ...(ROOT ? { env: { ...process.env, LD_LIBRARY_PATH: lib.join(':') } } : {}),
    ...(owner ? { owner } : {}),
  })
  const { drop, as, recreateFolder: _not, ...hand } = imapHand(port, PASSWORD)
  /** Whoever is allowed to make mailboxes. */
  const asAdmin = () => as('cyrus')

  let stopped: Promise<void> | null = null
  const stop = () => {
    stopped ??= (async () => {
      await drop()
      await processes.stop()
      await folder[Symbol.asyncDispose]()
    })()
    return stopped
  }
  try {
    await processes.start()
    await eventually(async () => processes.ended || (await greets(port)), 20_000)
    if (processes.ended) throw new Error(`Cyrus did not start: ${processes.complaints}`)
    for (const name of users) await (await asAdmin()).mailboxCreate(`user/${name}`)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    account: (name, more = {}) => ({
      ...{ host: '127.0.0.1', port, tls: 'none', verifyCertificate: false, user: name, password: PASSWORD },
      ...{ timeoutMs: 10_000, ...more },
    }),
    ...hand,

    /** As after a move to another server: Cyrus can only make the mailbox anew. */
    async changeUidValidity(name, box) {
      if (box !== 'INBOX') throw new Error('only INBOX')
      const client = await as(name)
      await client.mailboxOpen(box)
      const mails = await client.fetchAll('1:*', { source: true, flags: true, internalDate: true })
      await drop()
      const admin = await asAdmin()
      // An admin may delete it once its ACL says so (RFC 4314 §3.1); imapflow has no words for that.
      const words = [`user/${name}`, 'cyrus', 'lrswipkxtecdan'].map(value => ({ type: 'STRING', value }))
      ;(await (admin as unknown as Raw).exec('SETACL', words)).next()
      await admin.mailboxDelete(`user/${name}`)
      await admin.mailboxCreate(`user/${name}`)
      const again = await as(name)
      for (const { source = Buffer.alloc(0), flags = new Set<string>(), internalDate } of mails)
        await again.append(
          box,
          source,
          [...flags].filter(flag => flag !== '\\Recent'),
          internalDate,
        )
    },

    stop,
    [Symbol.asyncDispose]: stop,
  }
}

type Raw = { exec(command: string, words: readonly object[]): Promise<{ next(): void }> }

const PASSWORD = 'any-pa55'
const NOBODY = { uid: 65_534, gid: 65_534 }

const imapdConf = (home: string, user: string) => `
configdirectory: ${home}/conf
defaultpartition: default
partition-default: ${home}/spool
cyrus_user: ${user}
admins: cyrus
unixhierarchysep: yes
altnamespace: yes
allowplaintext: yes
# None of SASL, so that clients sign in with LOGIN.
sasl_mech_list: EXTERNAL
idlesocket: ${home}/conf/socket/idle
notifysocket: ${home}/conf/socket/notify
# How often a waiting imapd looks where no idled tells it (s).
imapidlepoll: 1
`

/** -N: any password is right. */
const cyrusConf = (home: string, port: number) => `
START {
  recover cmd="${BIN}/ctl_cyrusdb -C ${home}/imapd.conf -r"
}
SERVICES {
  imap cmd="${BIN}/imapd -C ${home}/imapd.conf -N" listen="127.0.0.1:${port}" prefork=0
}
EVENTS {
}
`
