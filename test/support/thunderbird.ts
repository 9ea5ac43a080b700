/*
 * The real Thunderbird, without a screen and with a profile of its own, that answers mails as its user does. It knows no
 * server but ours: whatever else it asked for would find a closed port, and end the program if it went past that.
 */
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Marionette, marionette } from './marionette.ts'
import { ProcessGroup } from './process-group.ts'
import { startSmtp } from './smtp.ts'
import { tempDir } from './temp-dir.ts'
import { eventually } from './wait.ts'

/** What its user has chosen. */
export type Habit = {
  readonly name: string
  /** Enter begins a paragraph: an empty line stands between it and the text above. */
  readonly paragraphs: boolean
  readonly preferences: Preferences
}
type Preferences = Readonly<Record<string, boolean | number | string>>

const IDENTITY = 'mail.identity.id1'

function habit(
  name: string,
  chosen: { html: boolean; above: boolean; paragraphs?: boolean; more?: Preferences },
): Habit {
  const { html, above, paragraphs = html, more = {} } = chosen
  return {
    name,
    paragraphs,
    preferences: {
      [`${IDENTITY}.compose_html`]: html,
      [`${IDENTITY}.reply_on_top`]: above ? 1 : 0,
      [`${IDENTITY}.htmlSigText`]: '',
      'mail.default_send_format': 0,
      'mail.compose.default_to_paragraph': paragraphs,
      ...more,
    },
  }
}

const SIGNED = { [`${IDENTITY}.htmlSigText`]: 'Ana Pop\nIT Help, second floor\nextension 42' }

export const HABITS: readonly Habit[] = [
  habit('plain text, above the quotation', { html: false, above: true }),
  habit('plain text, below the quotation, with a signature', { html: false, above: false, more: SIGNED }),
  habit('HTML, above the quotation, with a signature', { html: true, above: true, more: SIGNED }),
  habit('HTML, below the quotation, without paragraphs', { html: true, above: false, paragraphs: false }),
  habit('HTML alone, below the quotation', { html: true, above: false, more: { 'mail.default_send_format': 2 } }),
]

export interface Thunderbird extends AsyncDisposable {
  /** The reply that it sends to this mail when these words are typed into it. */
  reply(to: Buffer, words: string, habit: Habit): Promise<Buffer>
}

export function thunderbirdAvailable(): boolean {
  return spawnSync('sh', ['-c', 'command -v thunderbird']).status === 0
}

/** Takes some seconds. Throws with what it complained of when it does not come up. */
export async function startThunderbird(): Promise<Thunderbird> {
  if (!thunderbirdAvailable()) throw new Error('Thunderbird is not installed: apt-get install thunderbird')
  const folder = await tempDir('thunderbird')
  const smtp = await startSmtp()
  const profile = join(folder.path, 'profile')
  const program = new ProcessGroup(
    ['thunderbird', '--headless', '--no-remote', '--profile', profile, '--marionette', '--remote-allow-system-access'],
    { env: environment(folder.path) },
  )
  let remote: Marionette | null = null
  const stop = async () => {
    remote?.end()
    await program.stop()
    await smtp.stop()
    await folder[Symbol.asyncDispose]()
  }
  try {
    await mkdir(profile)
    await writeFile(join(profile, 'user.js'), preferences(smtp.port))
    const script = await readFile(new URL('thunderbird-reply.mjs', import.meta.url), 'utf8')
    await program.start()
    remote = await marionette(await portOf(program, profile))
    const { run } = remote
    return {
      async reply(to, words, habit) {
        const path = join(folder.path, 'mail.eml')
        await writeFile(path, to)
        const typed = habit.paragraphs ? words.replaceAll('\n\n', '\n') : words
        const sent = smtp.mails.length
        await run(`${script}\nreturn reply(...arguments)`, [path, typed, habit.preferences])
        const reply = (await smtp.waitFor(sent + 1))[sent]
        if (!reply) throw new Error('it sent nothing')
        return reply.bytes
      },
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw new Error(`Thunderbird does not start: ${program.complaints.slice(-1000)}`, { cause: error })
  }
}

/** Where it lets itself be controlled; it tells so in a file. */
async function portOf(program: ProcessGroup, profile: string): Promise<number> {
  const told = () => readFile(join(profile, 'MarionetteActivePort'), 'utf8')
  const port = await eventually(() => (program.ended ? 'none' : told()), 60_000, 50)
  if (port === 'none') throw new Error('it ended at once')
  return Number(port)
}

const environment = (home: string): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: home,
  TMPDIR: home,
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  MOZ_DISABLE_NONLOCAL_CONNECTIONS: '1',
  MOZ_CRASHREPORTER_DISABLE: '1',
})

function preferences(smtp: number): string {
  const all = { ...ACCOUNT, 'mail.smtpserver.smtp1.port': smtp, ...QUIET }
  const line = ([name, value]: [string, unknown]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
  return Object.entries(all).map(line).join('')
}

const ACCOUNT = {
  'mail.accountmanager.accounts': 'account1',
  'mail.accountmanager.defaultaccount': 'account1',
  'mail.accountmanager.localfoldersserver': 'server1',
  'mail.account.account1.server': 'server1',
  'mail.account.account1.identities': 'id1',
  'mail.server.server1.type': 'none',
  'mail.server.server1.hostname': 'Local Folders',
  'mail.server.server1.userName': 'nobody',
  'mail.server.server1.name': 'Local Folders',
  [`${IDENTITY}.fullName`]: 'Ana Pop',
  [`${IDENTITY}.useremail`]: 'ana@example.org',
  [`${IDENTITY}.valid`]: true,
  [`${IDENTITY}.smtpServer`]: 'smtp1',
  [`${IDENTITY}.fcc`]: false,
  'mail.smtpservers': 'smtp1',
  'mail.smtp.defaultserver': 'smtp1',
  'mail.smtpserver.smtp1.hostname': '127.0.0.1',
  'mail.smtpserver.smtp1.authMethod': 1,
  'mail.smtpserver.smtp1.try_ssl': 0,
}

/** No questions, no pages, no news, nothing that is not asked for. Marionette brings what Mozilla's own tests switch off. */
const QUIET = {
  'marionette.port': 0,
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'toolkit.telemetry.enabled': false,
  'mail.rights.version': 1,
  'mail.shell.checkDefaultClient': false,
  'mail.provider.suppress_dialog_on_startup': true,
  'mail.inappnotifications.enabled': false,
  'mailnews.start_page.enabled': false,
  'mailnews.auto_config_url': '',
  'messenger.startup.action': 0,
}
