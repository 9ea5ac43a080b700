/*
 * Real mail programs that answer a mail without a person: they read it out of an mbox, quote it as they do, and hand their
 * reply to a `sendmail` that keeps it.
 */
import { spawnSync } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import { compose } from '../../src/outbound/compose.ts'
import { tempDir } from './temp-dir.ts'

export type MailClient = {
  readonly name: string
  readonly program: string
  readonly reply: (folder: string, words: string) => { command: string; args: readonly string[]; input: string }
}

const mutt = (program: 'mutt' | 'neomutt', where: 'above' | 'below'): MailClient => ({
  name: `${program}, ${where} the quotation`,
  program,
  reply: folder => ({
    command: 'script',
    args: ['-qec', `${program} -n -F ${folder}/${where}.rc -f ${folder}/box`, '/dev/null'],
    input: '',
  }),
})

export const MAIL_CLIENTS: readonly MailClient[] = [
  mutt('mutt', 'above'),
  mutt('mutt', 'below'),
  mutt('neomutt', 'above'),
  {
    name: 's-nail, below the quotation',
    program: 's-nail',
    reply: (folder, words) => ({
      command: 's-nail',
      args: ['-:/', '-S', 'v15-compat', '-S', `mta=file://${folder}/sendmail`, '-S', 'mta-no-default-arguments']
        .concat([
          '-S',
          'from=Ana Pop <ana@example.org>',
          '-S',
          'quote',
          '-S',
          'ttycharset=utf-8',
          '-S',
          'reply-to-honour=yes',
        ])
        .concat(['-#', '-f', `${folder}/box`]),
      input: `reply 1\n${words}\n~.\nxit\n`,
    }),
  },
]

export function isInstalled({ program }: MailClient): boolean {
  return spawnSync('sh', ['-c', `command -v ${program} && command -v script`]).status === 0
}

/** The reply that the program sends. Throws with what it said when it sends none. */
export async function replyWith(client: MailClient, to: OutgoingMail, words: string): Promise<Buffer> {
  const temp = await tempDir('client')
  try {
    const folder = temp.path
    const script = (name: string, lines: string) =>
      writeFile(join(folder, name), `#!/bin/sh\n${lines}\n`).then(() => chmod(join(folder, name), 0o755))
    await script('sendmail', `cat > ${folder}/sent`)
    await script('above', `cat ${folder}/words "$1" > "$1.new" && mv "$1.new" "$1"`)
    await script('below', `cat "$1" ${folder}/words > "$1.new" && mv "$1.new" "$1"`)
    await writeFile(join(folder, 'words'), `${words}\n\n`)
    await writeFile(join(folder, 'box'), await mbox(to))
    for (const where of ['above', 'below']) await writeFile(join(folder, `${where}.rc`), muttrc(folder, where))
    const { command, args, input } = client.reply(folder, words)
    const env = { ...process.env, TERM: 'xterm', LC_ALL: 'C.UTF-8', HOME: folder, MAILRC: '/dev/null' }
    const ran = spawnSync(command, args, { input, env, timeout: 30_000, encoding: 'utf8' })
    return await readFile(join(folder, 'sent')).catch(() => {
      throw new Error(`${client.name} sent nothing (${ran.status}): ${ran.stdout.slice(-500)}${ran.stderr}`)
    })
  } finally {
    await temp[Symbol.asyncDispose]()
  }
}

async function mbox(to: OutgoingMail): Promise<Buffer> {
  return Buffer.concat([
    Buffer.from('From it@example.org Mon Nov 23 10:00:00 2026\n'),
    await asDelivered(to),
    Buffer.from('\n'),
  ])
}

/** The mail as it lies in the mailbox of whom it is for. */
export async function asDelivered(mail: OutgoingMail): Promise<Buffer> {
  const options = await compose(mail, '2026-11-23T09:00:00.000Z', async () => null)
  const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail(options)
  return message as Buffer
}

const muttrc = (folder: string, where: string) => `set folder=${folder}
set fast_reply=yes
set include=yes
set abort_unmodified=no
set autoedit=yes
set edit_headers=no
set reply_to=yes
set copy=no
set quit=yes
set move=no
set wait_key=no
set from="ana@example.org"
set realname="Ana Pop"
set sendmail="${folder}/sendmail"
set editor="${folder}/${where} %s"
set charset=utf-8
set send_charset=utf-8
push "<first-entry><reply><send-message><exit>"
`
