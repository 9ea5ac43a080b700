/*
 * `check --connect` against a real Dovecot and an SMTP server that asks for a password.
 */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfSigned } from '../support/certificate.ts'
import { command } from '../support/command.ts'
import { type DovecotServer, startDovecot } from '../support/dovecot.ts'
import { mail } from '../support/mail.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { freePorts } from '../support/ports.ts'
import { type MailboxSetup, SMALL_DESK, writeSetup } from '../support/setup.ts'
import { type SmtpTestServer, startSmtp } from '../support/smtp.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

type Checked = { ok: boolean; findings: { what: string; ok: boolean; detail: string }[]; warnings: string[] }

describeWithDovecot('check --connect (Dovecot)', () => {
  let folder: TempDir
  let imap: DovecotServer
  let smtp: SmtpTestServer
  let good: MailboxSetup
  const auth = { user: 'desk', password: 'smtp-pa55' }

  beforeAll(async () => {
    folder = await tempDir('check')
    const paths = await selfSigned(folder.path)
    const [cert, key] = await Promise.all([readFile(paths.cert, 'utf8'), readFile(paths.key, 'utf8')])
    imap = await startDovecot({ users: ['it'] })
    smtp = await startSmtp({ auth, tls: { cert, key } })
    good = {
      imap: imap.account('it', { tls: 'implicit', verifyCertificate: true, ca: imap.ca }),
      smtp: { port: smtp.port, login: { ...auth, ca: cert } },
    }
    await imap.deliver('it', 'INBOX', mail())
  })
  afterAll(async () => {
    await smtp?.stop()
    await imap?.stop()
    await folder?.[Symbol.asyncDispose]()
  })

  const check = async (it: MailboxSetup) => {
    await using home = await tempDir('check')
    const { configPath, env } = await writeSetup({ mailboxes: { it } }, home.path)
    const { code, stdout, stderr } = await command(['check', '--connect', '--json', '--config', configPath], { env })
    for (const secret of Object.values(env)) expect(stdout + stderr).not.toContain(secret)
    expect(stderr).toBe('')
    const { ok, findings } = JSON.parse(stdout) as Checked
    expect(code).toBe(ok ? 0 : 1)
    return findings.map(finding => [finding.what.split(' ').at(-1), finding.ok, finding.detail])
  }
  const fine = expect.any(String)

  test('all is well: it signed in everywhere, and changed nothing', async () => {
    expect(await check(good)).toEqual([
      [expect.stringContaining('postdesk.yaml'), true, expect.stringContaining('good')],
      ['(IMAP)', true, expect.stringMatching(/signed in.*INBOX holds 1 /)],
      ['(SMTP)', true, expect.stringContaining('signed in')],
    ])
    expect(await imap.list('it', 'INBOX')).toMatchObject([{ uid: 1, flags: [] }])
    expect(smtp.mails).toEqual([])
  })

  type Fault = { readonly imap: RegExp } | { readonly smtp: RegExp }
  const cases: [string, Fault, (setup: MailboxSetup) => MailboxSetup][] = [
    [
      'the password for reading is wrong',
      { imap: /refuses the login of it/ },
      setup => ({ ...setup, imap: { ...setup.imap, password: 'n0t-this' } }),
    ],
    [
      'the password for sending is wrong',
      { smtp: /Authentication failed|535/ },
      setup => ({
        ...setup,
        smtp: { port: smtp.port, login: { ca: '', ...setup.smtp.login, ...auth, password: 'n0t' } },
      }),
    ],
    [
      'the certificate is not trusted',
      { imap: /certificate.*not trusted/ },
      ({ imap: { ca: _ca, ...account }, ...setup }) => ({ ...setup, imap: account }),
    ],
    ['there is no such folder', { imap: /no folder Nowhere/ }, setup => ({ ...setup, folders: ['INBOX', 'Nowhere'] })],
  ]
  test.each(cases)('%s: it says so, and tries the other all the same', async (_name, fault, change) => {
    const expected = (what: 'imap' | 'smtp') => {
      const words = (fault as Record<string, RegExp>)[what]
      return [`(${what.toUpperCase()})`, !words, words ? expect.stringMatching(words) : fine]
    }
    expect(await check(change(good))).toEqual([[fine, true, fine], expected('imap'), expected('smtp')])
  })

  test('nobody is there: it says where it looked', async () => {
    const [nowhere = 0] = await freePorts(1)
    const lost = { imap: { ...good.imap, port: nowhere }, smtp: { port: nowhere } }
    expect(await check(lost)).toEqual([
      [fine, true, fine],
      ['(IMAP)', false, expect.stringContaining(`127.0.0.1:${nowhere}`)],
      ['(SMTP)', false, expect.stringContaining(`127.0.0.1:${nowhere}`)],
    ])
  })

  test('says it to people as well', async () => {
    await using home = await tempDir('check')
    const { configPath, env } = await writeSetup({ mailboxes: { it: good } }, home.path)
    const [connected, alone] = await Promise.all([
      command(['check', '--connect', '--config', configPath], { env }),
      command(['check', '--config', configPath]),
    ])
    expect(connected.code).toBe(0)
    expect(connected.stdout.match(/^✔ /gm)).toHaveLength(3)
    expect([alone.code, alone.stdout]).toEqual([0, expect.stringContaining('postdesk check --connect')])
  })
})

test.each<[string, string, string, number]>([
  ['no way to prove who they are but a notification', '', 'trust: { mailServers: [] }', 1],
  ['addresses with a detail', 'subaddress: "+"', 'trust: { mailServers: [] }', 0],
  ['a mail server that tells', '', 'trust: { mailServers: [mx.example.org] }', 0],
])('agents with %s', async (_what, more, trust, warnings) => {
  await using home = await tempDir('check')
  const nobody = {
    host: '127.0.0.1',
    port: 9,
    tls: 'none',
    verifyCertificate: true,
    user: 'it',
    password: 'x',
  } as const
  const { configPath, env } = await writeSetup(
    { mailboxes: { it: { imap: nobody, smtp: { port: 9 }, more } }, desk: `${trust}\n${SMALL_DESK}` },
    home.path,
  )
  const { stdout } = await command(['check', '--json', '--config', configPath], { env })
  const { warnings: given } = JSON.parse(stdout) as Checked
  expect(given.filter(one => one.startsWith('agents are only known'))).toHaveLength(warnings)
})
