import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { ConfigError } from '../../src/config/faults.ts'
import { type Loaded, loadConfig } from '../../src/config/load.ts'

export const HOME = mkdtempSync(join(tmpdir(), 'postdesk-config-'))
afterAll(() => rmSync(HOME, { recursive: true, force: true }))
let folders = 0

export type Files = Record<string, string | Uint8Array>
export type Options = { env?: Record<string, string>; secrets?: boolean; files?: Files }

/** A folder of its own with these files; the path of `desk.yaml` in it. */
export function desk(yaml: string | Uint8Array, files: Files = {}): string {
  const folder = join(HOME, String(++folders))
  for (const [name, content] of Object.entries({ 'desk.yaml': yaml, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return join(folder, 'desk.yaml')
}

export function load(
  yaml: string | Uint8Array,
  { env = { PW: 'secret' }, secrets = true, files = {} }: Options = {},
): Loaded {
  return loadConfig(desk(yaml, files), env, { secrets })
}

export function failure(yaml: string | Uint8Array, options: Options = {}): ConfigError {
  try {
    load(yaml, options)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('no fault was found')
}

/** The faults, each as `line:column path message → fix`. */
export function faults(yaml: string | Uint8Array, options: Options = {}): string[] {
  return failure(yaml, options)
    .message.split('\n')
    .map(line => line.replace(/^.*?desk\.yaml:/, ''))
}

/**
 * `‹` in the text marks the place of the one fault: found there? Returns the rest of the fault, `path message → fix`.
 */
export function faultAtMark(yaml: string, options: Options = {}): string {
  const before = yaml.slice(0, yaml.indexOf('‹')).split('\n')
  const found = faults(yaml.replace('‹', ''), options)
  const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1} `
  expect(found.join('\n')).toContain(place)
  expect(found).toHaveLength(1)
  return found[0]?.slice(place.length) ?? ''
}

export const MAILBOX = `mailboxes:
  it:
    displayName: IT Help
    addresses: [it@example.org]
    serviceLevel: std
    imap: { host: mail.example.org, secret: { env: PW } }
`
export const REST = `calendars:
  office: { timeZone: Europe/Brussels, week: { mon: [09:00-12:30, 13:30-17:30] } }
serviceLevels:
  std:
    calendar: office
    targets:
      low: { firstResponse: 8h, resolution: 40h }
      normal: { firstResponse: 4h, resolution: 16h }
      high: { firstResponse: 90m, resolution: 8h }
      urgent: { firstResponse: 1h30m, resolution: 4h }
`
export const GOOD = MAILBOX + REST
/** REST first, so that lines can be added to the mailbox. */
export const mailboxWith = (lines: string): string => `${REST}${MAILBOX}${lines}`
