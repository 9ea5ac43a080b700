import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DEMO_PASSWORD, type DemoMail } from './mail-server.ts'

/*
 * The service as users run it: a configuration file, `postdesk key create`, `postdesk serve`, questions over HTTP.
 */

export type DemoService = {
  readonly url: string
  readonly key: string
  readonly configPath: string
  /** Asks the API. Throws when it does not answer with 200. */
  get<T>(path: string): Promise<T>
  /** Stops as a service manager would; gives the exit code. */
  stop(): Promise<number | null>
}

/** The program itself, as it was started. */
const PROGRAM = [...process.execArgv, process.argv[1] ?? '']

export async function startDemoService(mail: DemoMail): Promise<DemoService> {
  const folder = await mkdtemp(join(tmpdir(), 'postdesk-demo-'))
  const configPath = join(folder, 'postdesk.yaml')
  await writeFile(configPath, configuration(mail, new Date()))
  const env = { ...process.env, DEMO_PASSWORD }

  const args = [...PROGRAM, 'key', 'create', 'demo', '--role', 'admin', '--config', configPath, '--json']
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  const { key } = JSON.parse(stdout) as { key: string }

  const child = spawn(process.execPath, [...PROGRAM, 'serve', '--config', configPath], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await announcedUrl(child)
  return {
    url,
    key,
    configPath,
    async get<T>(path: string): Promise<T> {
      const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as T
    },
    async stop() {
      if (child.exitCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
      return child.exitCode
    },
  }
}

/** The address stands in the log line that says it is up. */
async function announcedUrl(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    if (text.length < 100_000) text += chunk.toString()
  })
  for (let tries = 0; tries < 300; tries++) {
    const found = /"url":"(http:[^"]+)"/.exec(text)?.[1]
    if (found) return found
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}: ${text}`)
    await sleep(100)
  }
  throw new Error('the service did not come up within 30 seconds')
}

// One city for each hour of the world that knows no summer time.
const ZONES = [
  'Pacific/Pago_Pago Pacific/Honolulu Pacific/Gambier Pacific/Pitcairn America/Phoenix America/Costa_Rica America/Bogota',
  'America/Caracas America/Sao_Paulo America/Noronha Atlantic/Cape_Verde Africa/Abidjan Africa/Lagos Africa/Johannesburg',
  'Africa/Nairobi Asia/Dubai Asia/Karachi Asia/Dhaka Asia/Bangkok Asia/Singapore Asia/Tokyo Australia/Brisbane',
  'Pacific/Noumea Pacific/Tarawa',
].flatMap(line => line.split(' '))

/** A place where the clock shows this hour just now. */
export function zoneWhereItIs(hour: number, now: Date): string {
  const hourIn = (timeZone: string) =>
    Number(new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' }).format(now))
  return ZONES.find(zone => hourIn(zone) === hour) ?? 'UTC'
}

/** support@ has its morning and it@ its night, at whatever time of day the demo runs. */
function configuration(mail: DemoMail, now: Date): string {
  const mailbox = (name: string, displayName: string, level: string) => `  ${name}:
    displayName: ${displayName}
    addresses: [${name}@example.org]
    team: it
    serviceLevel: ${level}
    startFrom: all
    pollEvery: 5s
    imap: { host: 127.0.0.1, port: ${mail.imapPort(`${name}@example.org`)}, tls: none, secret: { env: DEMO_PASSWORD } }
    smtp: { port: ${mail.smtpPort}, tls: none, login: false }
`
  const everyDay = (hours: string) =>
    ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map(day => `${day}: [${hours}]`).join(', ')
  const targets = `targets:
      low: { firstResponse: 16h, resolution: 80h }
      normal: { firstResponse: 4h, resolution: 20h }
      high: { firstResponse: 2h, resolution: 8h }
      urgent: { firstResponse: 30m, resolution: 4h }
`
  return `mailboxes:
${mailbox('support', 'Support', 'day')}${mailbox('it', 'IT Help', 'night')}
teams: { it: { displayName: IT } }
agents:
  ana: { displayName: Ana Pop, addresses: [ana@example.org], teams: [it] }
agentMail: { undoFor: 3s }
people: { domains: [example.org] }
categories:
  network: { en: Network and VPN, fr: Réseau et VPN, nl: Netwerk en VPN, de: Netzwerk und VPN, ro: Rețea și VPN, es: Red y VPN }
  printing: { en: Printing, fr: Impression, nl: Afdrukken, de: Drucken, ro: Imprimare, es: Impresión }
  password: { en: Password and login, fr: Mot de passe, nl: Wachtwoord en aanmelden, de: Passwort, ro: Parolă, es: Contraseña }
  hardware: { en: Devices, fr: Matériel, nl: Apparaten, de: Geräte, ro: Echipamente, es: Equipos }
rules:
  - { name: outage, when: { any: [outage, ausgefallen, en panne totale] }, set: { priority: urgent, tags: [outage] } }
  - { name: network, when: { any: [vpn, wifi, netzwerk, réseau] }, set: { category: network } }
  - { name: printing, when: { any: [printer, imprimante, drucker, imprimantă] }, set: { category: printing } }
  - { name: password, when: { any: [password, wachtwoord, mot de passe, parolă] }, set: { category: password } }
  - { name: devices, when: { any: [monitor*, keyboard, docking station] }, set: { category: hardware } }
calendars:
  day:
    timeZone: ${zoneWhereItIs(10, now)}
    week: { ${everyDay('08:00-12:30, 13:00-18:00')} }
  night:
    timeZone: ${zoneWhereItIs(23, now)}
    week: { ${everyDay('08:00-18:00')} }
    onCall: { name: IT on call, phone: +32 2 555 01 99 }
serviceLevels:
  day:
    calendar: day
    ${targets}  night:
    calendar: night
    ${targets}storage: { path: postdesk.sqlite }
http: { port: 0 }
`
}
