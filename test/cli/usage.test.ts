/*
 * How the commands are called, and how they fail: exit codes are what scripts and service managers read.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { command, MAIN } from '../support/command.ts'
import { tempDir } from '../support/temp-dir.ts'

const USAGE = 64
const CONFIG = 78

describe('the command line', () => {
  test.each([[['--help']], [['-h']], [['help']], [['serve', '--help']], [[]]])('%j tells what there is', async args => {
    const { code, stdout, stderr } = await command(args)
    expect([code, stderr]).toEqual([0, ''])
    for (const word of [
      'serve',
      'check',
      'key create',
      'agents revoke',
      'migrate',
      'explain',
      'demo',
      '--config',
      '--json',
    ]) {
      expect(stdout).toContain(word)
    }
  })

  test('--version tells that of the package', async () => {
    const { version } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'))
    expect(await command(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test.each([
    [['serv'], 'serv'],
    [['toString'], 'there is no command toString'],
    [['serve', '--conect'], '--conect'],
    [['serve', '--connect'], 'serve has no option --connect'],
    [['check', '--role', 'admin'], 'check has no option --role'],
    [['serve', 'now'], 'serve does not take "now"'],
    [['serve', '--config'], '--config'],
    [['key', 'create', 'one', 'two'], 'key create'],
    [['agents', 'revoke'], 'agents revoke NAME'],
    [['explain'], 'explain needs the path of a mail'],
  ])('%j is no way to call it', async (args, words) => {
    const { code, stdout, stderr } = await command(args)
    expect(stderr).toContain(words)
    expect(stderr).toContain('postdesk --help')
    expect([code, stdout]).toEqual([USAGE, ''])
  })
})

test.skipIf(process.platform !== 'linux')('an answer that finds no room is told in words', async () => {
  await using full = await open('/dev/full', 'w')
  const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', full.fd, 'pipe'] })
  let stderr = ''
  child.stderr?.on('data', chunk => {
    stderr += chunk
  })
  await once(child, 'close')
  expect([child.exitCode, stderr]).toEqual([1, expect.stringMatching(/^postdesk: the output cannot be written: .*\n$/)])
})

describe('a faulty configuration', () => {
  const FAULTY = `mailboxes:
  it:
    displayName: IT
    addresses: [it@example.org]
    serviceLevel: standrad
    imap: { host: mail.example.org, prot: 993, secret:
        { env: NOT_SET } }
calendars:
  office: { timeZone: Europe/Brussel, week: { mon: [09:00-12:30] } }
serviceLevels:
  standard:
    calendar: office
    targets:
      low: { firstResponse: 8h, resolution: 40h }
      normal: { firstResponse: 4h, resolution: 16h }
      high: { firstResponse: 2h, resolution: 8h }
      urgent: { firstResponse: soon, resolution: 4h }
`
  // Of commands that connect to nothing nobody asks for a password.
  test.each([
    [['serve'], 5],
    [['check'], 4],
    [['key', 'list'], 4],
  ])('%j: every fault at once, each with its place and what to do', async (args, count) => {
    await using folder = await tempDir('cli')
    const path = join(folder.path, 'postdesk.yaml')
    await writeFile(path, FAULTY)
    const { code, stdout, stderr } = await command([...args, '--config', path])
    const faults = stderr.replace('postdesk: ', '').trim().split('\n')
    expect(faults).toHaveLength(count)
    for (const fault of faults) expect(fault).toMatch(/postdesk\.yaml:\d+:\d+ \S+ .+ → .+/)
    for (const [line, word] of [
      [5, 'standard'],
      [6, 'port'],
      [9, 'Europe/Brussels'],
      [17, 'urgent'],
    ] as const) {
      expect(faults.find(fault => fault.includes(`yaml:${line}:`))).toContain(word)
    }
    expect([code, stdout]).toEqual([CONFIG, ''])
  })

  test('that is not there is named, and so is where to begin', async () => {
    await using folder = await tempDir('cli')
    const { code, stderr } = await command(['serve'], { cwd: folder.path })
    expect(stderr).toMatch(/postdesk\.yaml:1:1 .*--config.*postdesk\.example\.yaml/)
    expect(code).toBe(CONFIG)
  })

  test('may be named by the environment', async () => {
    const { code, stderr } = await command(['check'], { env: { POSTDESK_CONFIG: 'elsewhere.yaml' } })
    expect(stderr).toContain('elsewhere.yaml:1:1')
    expect(code).toBe(CONFIG)
  })
})
