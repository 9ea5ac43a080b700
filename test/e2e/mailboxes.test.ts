/*
 * Several mailboxes: one that is sick never disturbs another, and goes on by itself when it is well again.
 */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startMemoryMailbox } from '../../src/demo/memory-mailbox.ts'
import type { FolderStatus } from '../../src/store/mailboxes.ts'
import { Database } from '../../src/store/native.ts'
import { startDovecot } from '../support/dovecot.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { mail } from '../support/mail.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { freePorts } from '../support/ports.ts'
import { type Service, startService } from '../support/service.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { eventually } from '../support/wait.ts'

type FolderSeen = FolderStatus & { readonly healthy: boolean; readonly trouble: string | null }

const letter = (name: string, to: string) =>
  mail({ from: `${name}@example.org`, to: `${to}@example.org`, text: `Hello, this is ${name}, and I need your help.` })

async function folder(service: Service, mailbox: string): Promise<FolderSeen> {
  const { items } = await service.get<{ items: { name: string; folders: FolderSeen[] }[] }>('/v1/mailboxes')
  const found = items.find(({ name }) => name === mailbox)?.folders[0]
  if (!found) throw new Error(`no folder of ${mailbox}`)
  return found
}

const acknowledged = (smtp: SmtpTestServer, name: string, timeoutMs = 15_000) =>
  smtp.waitFor(({ envelope }) => envelope.to.includes(`${name}@example.org`), timeoutMs)

describe('two mailboxes, of which one cannot be reached (Hoodiecrow)', () => {
  test('the other one works, and the sick one follows when its server comes', async () => {
    const [port = 0] = await freePorts(1)
    await using imap = await startHoodiecrow({ users: ['it'] })
    await using smtp = await startSmtp()
    const it = imap.account('it')
    const send = { port: smtp.port }
    const mailboxes = { it: { imap: it, smtp: send }, support: { imap: { ...it, port, user: 'support' }, smtp: send } }
    await using service = await startService({ mailboxes })

    await imap.deliver('it', 'INBOX', letter('one', 'it'))
    await acknowledged(smtp, 'one')
    const sick = await eventually(async () => {
      const seen = await folder(service, 'support')
      return seen.lastError !== null && seen
    })
    expect(sick).toMatchObject({ healthy: false, checkedAt: null, failingSince: expect.any(String) })
    expect(sick.lastError).toContain(`nothing answers at 127.0.0.1:${port}`)
    expect(await service.request('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { reasons: [expect.stringMatching(/^mailbox support: cannot be read since/)] },
    })
    expect((await service.request('GET', '/healthz')).status).toBe(200)

    const late = await startMemoryMailbox({ user: 'support', password: it.password, port })
    late.deliver('INBOX', letter('two', 'support'))
    await acknowledged(smtp, 'two', 30_000)
    await eventually(async () => expect((await service.request('GET', '/readyz')).status).toBe(200))
    expect(await folder(service, 'support')).toMatchObject({ healthy: true, lastError: null, failingSince: null })
    expect(await folder(service, 'it')).toMatchObject({ healthy: true, lastError: null })
    await service.stop()
    await late.stop()
  })

  test('is told of as not ready when the server has been gone for long, and only then', async () => {
    await using smtp = await startSmtp()
    const [port = 0] = await freePorts(1)
    const password = 'pa55-word'
    const server = await startMemoryMailbox({ user: 'it', password, port })
    const imap = { host: '127.0.0.1', port, tls: 'none', verifyCertificate: true, user: 'it', password } as const
    await using service = await startService({
      mailboxes: { it: { imap, smtp: { port: smtp.port }, pollEvery: '1s' } },
    })
    await eventually(async () => expect((await service.request('GET', '/readyz')).status).toBe(200))

    await server.stop()
    await eventually(async () => expect((await folder(service, 'it')).lastError).not.toBeNull())
    expect((await service.request('GET', '/readyz')).status).toBe(200)

    // Two hours later, as the database tells it.
    await service.stop()
    const db = new Database(service.databasePath)
    const before = new Date(Date.now() - 2 * 3_600_000).toISOString()
    db.prepare('update mailbox_folders set checked_at = ?, last_error_at = ?').run(before, before)
    db.close()
    await service.start()
    const answer = await service.request<{ reasons: string[] }>('GET', '/readyz')
    expect(answer).toMatchObject({ status: 503, body: { reasons: [`mailbox it: cannot be read since ${before}`] } })

    const back = await startMemoryMailbox({ user: 'it', password, port })
    await eventually(async () => expect((await service.request('GET', '/readyz')).status).toBe(200), 15_000)
    await service.stop()
    await back.stop()
  })
})

describeWithDovecot('two mailboxes on two servers (Dovecot)', () => {
  test('one server hangs, dies and comes back: the other mailbox does not notice, and no mail is lost', async () => {
    await using well = await startDovecot({ users: ['it'] })
    await using sick = await startDovecot({ users: ['support'] })
    await using smtp = await startSmtp()
    const send = { port: smtp.port }
    await using service = await startService({
      mailboxes: {
        it: { imap: well.account('it'), smtp: send },
        support: { imap: sick.account('support'), smtp: send, pollEvery: '1s' },
      },
    })
    await well.deliver('it', 'INBOX', letter('it1', 'it'))
    await sick.deliver('support', 'INBOX', letter('sup1', 'support'))
    await acknowledged(smtp, 'it1')
    await acknowledged(smtp, 'sup1')

    sick.freeze()
    await well.deliver('it', 'INBOX', letter('it2', 'it'))
    await acknowledged(smtp, 'it2')
    sick.thaw()
    await sick.deliver('support', 'INBOX', letter('sup2', 'support'))
    await acknowledged(smtp, 'sup2')

    await sick.kill()
    await well.deliver('it', 'INBOX', letter('it3', 'it'))
    await acknowledged(smtp, 'it3')
    await eventually(async () => expect((await folder(service, 'support')).lastError).not.toBeNull())
    await sick.restart()
    await sick.deliver('support', 'INBOX', letter('sup3', 'support'))
    await acknowledged(smtp, 'sup3', 30_000)
    expect(await folder(service, 'support')).toMatchObject({ healthy: true, lastError: null })
    expect((await service.ledger()).map(({ outcome }) => outcome)).toEqual(Array(6).fill('open'))
    expect(smtp.mails).toHaveLength(6)
  })

  test('one has a wrong password: it says so without repeating it, and works once the password is right', async () => {
    const password = 'right-4711'
    await using imap = await startDovecot({ users: ['it', 'support'], password })
    await using smtp = await startSmtp()
    const send = { port: smtp.port }
    const wrong = 'wrong-4712'
    await using service = await startService({
      mailboxes: {
        it: { imap: imap.account('it'), smtp: send },
        support: { imap: imap.account('support', { password: wrong }), smtp: send },
      },
    })
    await imap.deliver('it', 'INBOX', letter('ann', 'it'))
    await acknowledged(smtp, 'ann')
    const sick = await eventually(async () => {
      const seen = await folder(service, 'support')
      return seen.lastError !== null && seen
    })
    expect(sick.lastError).toContain('refuses the login of support')
    expect(sick.lastError).not.toContain(wrong)

    // The admin sets on the server what is configured here.
    await writeFile(join(imap.home, 'passwd'), `it:{PLAIN}${password}\nsupport:{PLAIN}${wrong}\n`)
    await eventually(async () => expect((await folder(service, 'support')).healthy).toBe(true), 30_000)
    expect(service.output()).not.toContain(wrong)
  })
})
