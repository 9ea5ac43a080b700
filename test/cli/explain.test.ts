/*
 * `explain`: what would happen to raw mails. Scripts read its lines, so their shape is a promise.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command, MAIN } from '../support/command.ts'
import { mail } from '../support/mail.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

let folder: TempDir
beforeAll(async () => {
  folder = await tempDir('explain')
})
afterAll(() => folder?.[Symbol.asyncDispose]())

const at = (name: string) => join(folder.path, name)
const file = async (name: string, content: Uint8Array | string) => {
  await writeFile(at(name), content)
  return at(name)
}
/** The lines of JSON, one a mail. */
const explain = async (args: readonly string[], input = '', wanted = 0) => {
  const { code, stdout, stderr } = await command(['explain', '--json', ...args], { input, cwd: folder.path })
  expect([code, stderr]).toEqual([wanted, ''])
  return stdout
    .trim()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}
const MONDAY = ['--at', '2026-11-23T10:00:00+01:00']

describe('explain', () => {
  test('tells of a mail what stands in it, what it means, and what would be answered', async () => {
    const path = await file(
      'marie.eml',
      mail({
        from: 'Marie Dupont <marie@example.org>',
        to: ['it@example.org', 'Bob <bob@example.org>'],
        cc: 'carl@example.org',
        replyTo: 'm.dupont@example.org',
        subject: "L'imprimante du 3e étage",
        text: "Bonjour,\n\nl'imprimante du troisième étage n'imprime plus depuis hier.\n\nMerci\nMarie\n-- \nMarie Dupont",
        messageId: 'one@example.org',
        inReplyTo: 'zero@example.org',
        references: ['minus-one@example.org', 'zero@example.org'],
        date: '2026-11-23T08:59:00Z',
        attachments: [{ filename: 'écran.png', contentType: 'image/png', content: 'png' }],
      }),
    )
    const [line, ...more] = await explain([path, ...MONDAY])
    expect(more).toEqual([])
    expect(line).toEqual({
      file: path,
      ms: expect.any(Number),
      outcome: 'open',
      error: null,
      message: {
        messageId: 'one@example.org',
        inReplyTo: ['zero@example.org'],
        references: ['minus-one@example.org', 'zero@example.org'],
        date: '2026-11-23T08:59:00.000Z',
        from: { name: 'Marie Dupont', address: 'marie@example.org' },
        replyTo: [{ name: '', address: 'm.dupont@example.org' }],
        to: [
          { name: '', address: 'it@example.org' },
          { name: 'Bob', address: 'bob@example.org' },
        ],
        cc: [{ name: '', address: 'carl@example.org' }],
        subject: "L'imprimante du 3e étage",
        language: 'fr',
        text: expect.stringContaining('Marie Dupont'),
        newText: expect.stringMatching(/imprime plus depuis hier/),
        html: null,
        attachments: [{ filename: 'écran.png', contentType: 'image/png', size: 3, inline: false }],
        forwarded: null,
        protection: 'none',
      },
      automatic: null,
      report: null,
      classification: expect.objectContaining({ category: 'printer', team: 'it' }),
      due: {
        serviceLevel: 'internal',
        firstResponse: expect.objectContaining({ at: '2026-11-23T13:00:00.000Z' }),
        resolution: expect.objectContaining({ at: expect.stringMatching(/^2026-11-2/) }),
      },
      reply: {
        send: 'acknowledgement',
        to: { name: 'Marie Dupont', address: 'marie@example.org' },
        language: 'fr',
        subject: expect.stringContaining("L'imprimante du 3e étage [#"),
        text: expect.stringContaining('Bonjour Marie'),
      },
    })
  })

  test('tells what a machine wrote, what reports on a mail of ours, and what cannot be read', async () => {
    const away = { 'Auto-Submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'All' }
    const bounce = [
      'From: MAILER-DAEMON@mail.example.com',
      'To: it@example.org',
      'Subject: Undelivered Mail Returned to Sender',
      'Content-Type: multipart/report; report-type=delivery-status; boundary=x',
      'MIME-Version: 1.0',
      ...['', '--x', 'Content-Type: text/plain', '', 'It did not work.'],
      ...['', '--x', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mail.example.com', ''],
      ...['Final-Recipient: rfc822; gone@example.com', 'Action: failed', 'Status: 5.1.1'],
      ...['', '--x', 'Content-Type: text/rfc822-headers', '', 'Message-ID: <ours@example.org>', '', '--x--', ''],
    ].join('\r\n')
    const paths = [
      await file('away.eml', mail({ from: 'a@example.com', subject: 'Automatic reply', text: 'Away.', headers: away })),
      await file('bounce.eml', bounce),
      await file('monster.eml', `X-Long: ${'x'.repeat(1_100_000)}\n\nHello\n`),
      await file('empty.eml', ''),
      await file('binary.eml', Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) % 256))),
    ]
    const [robot, report, monster, empty, binary] = await explain(paths)
    expect(robot).toMatchObject({
      outcome: 'automatic',
      automatic: { kind: expect.any(String), why: expect.stringContaining('Auto-Submitted') },
      classification: null,
      due: null,
      reply: { send: null, why: expect.any(String), detail: expect.any(String) },
    })
    expect(report).toMatchObject({
      outcome: 'report',
      report: {
        kind: 'delivery',
        recipients: [{ address: 'gone@example.com', action: 'failed', status: '5.1.1' }],
        originalMessageId: 'ours@example.org',
      },
    })
    const unread = { outcome: 'quarantine', message: null, automatic: null, report: null, reply: null }
    expect(monster).toMatchObject({ ...unread, error: expect.stringContaining('too large') })
    for (const odd of [empty, binary]) expect(['open', 'quarantine']).toContain(odd.outcome)
  })

  test('tells why a mail would be blocked', async () => {
    const headers = { 'X-Spam-Status': 'Yes, score=7.2 required=5.0' }
    const path = await file('spam.eml', mail({ from: 'bob@shop.example', to: 'it@example.org', headers }))
    const detail = 'a spam filter has marked it (X-Spam-Status: Yes, score=7.2 required=5.0)'
    expect(await explain([path])).toMatchObject([
      { outcome: 'blocked', classification: null, due: null, reply: { send: null, why: 'blocked', detail } },
    ])
  })

  test('goes on when a path is no mail: a folder, nothing at all, something huge', async () => {
    const good = await file('good.eml', mail({ text: 'Hello, this is a good mail.' }))
    await mkdir(at('folder.eml'), { recursive: true })
    await file('huge.eml', '')
    // A sparse file: as long as a whole mailbox, without taking the space.
    await truncate(at('huge.eml'), 400 * 1024 * 1024)
    const lines = await explain([at('folder.eml'), at('missing.eml'), at('huge.eml'), good], '', 1)
    expect(lines.map(({ file: path, outcome }) => [path, outcome])).toEqual([
      [at('folder.eml'), 'unread'],
      [at('missing.eml'), 'unread'],
      [at('huge.eml'), 'unread'],
      [good, 'open'],
    ])
    for (const { error } of lines.slice(0, 3)) expect(error).toEqual(expect.stringMatching(/./))
    expect(lines[1].error).toContain('ENOENT')
    expect(lines[2].error).toContain('is it a mail?')
  })

  test('reads paths from standard input and from a file, in order, also with Windows line ends and strange names', async () => {
    const names = ['a b.eml', 'ü–nicode.eml', 'quo\'te".eml']
    for (const name of names) await file(name, mail({ subject: name, text: 'Hello' }))
    const subjects = (lines: { message: { subject: string } }[]) => lines.map(({ message }) => message.subject)
    expect(subjects(await explain(['--files-from', '-'], `${names.join('\r\n')}\r\n\r\n`))).toEqual(names)
    const list = await file('list.txt', names.toReversed().join('\n'))
    expect(subjects(await explain(['--files-from', list]))).toEqual(names.toReversed())
    expect(await explain(['--files-from', '-'], '')).toEqual([])
  })

  test('is readable for people, and writes nothing', async () => {
    await using home = await tempDir('explain')
    const path = join(home.path, 'mail.eml')
    await writeFile(
      path,
      mail({
        from: 'Jane <jane@example.org>',
        to: 'it@example.org',
        subject: 'VPN',
        text: 'The vpn is down, please help me.',
      }),
    )
    const { code, stdout } = await command(['explain', path, ...MONDAY], { cwd: home.path })
    expect(code).toBe(0)
    for (const word of [
      'opens a ticket',
      'jane@example.org',
      'network',
      '"VPN"',
      '2026-11-23T13:00',
      'acknowledgement to',
    ]) {
      expect(stdout).toContain(word)
    }
    expect(await readdir(home.path)).toEqual(['mail.eml'])
  })

  test('a moment that is none, or a list that is not there, is told in words', async () => {
    const [moment, number, list, folder] = await Promise.all([
      command(['explain', 'x.eml', '--at', 'tomorrow']),
      command(['explain', 'x.eml', '--at', '5']),
      command(['explain', '--files-from', at('nowhere.txt')]),
      command(['explain', '--files-from', at('.')]),
    ])
    expect(moment).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^postdesk: --at tomorrow/) })
    expect(number).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^postdesk: --at 5: write/) })
    expect(list).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('nowhere.txt') })
    expect(folder).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('the list cannot be read') })
    expect(list.stderr + folder.stderr).not.toMatch(/unexpected|\n {4}at /)
  })

  test('ends quietly when nobody reads its answers any more', async () => {
    const path = await file('pipe.eml', mail({ text: 'Hello' }))
    const child = spawn(process.execPath, [MAIN, 'explain', '--json', '--files-from', '-'])
    let stderr = ''
    child.stderr.on('data', chunk => {
      stderr += chunk
    })
    child.stdin.on('error', () => undefined)
    child.stdin.write(`${path}\n`.repeat(50_000))
    child.stdin.end()
    await once(child.stdout, 'data')
    child.stdout.destroy()
    await once(child, 'exit')
    expect({ code: child.exitCode, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe.skipIf(process.platform !== 'linux')('explain over thousands of mails', () => {
  test('needs no more memory at the end than at the beginning', { timeout: 60_000 }, async () => {
    const text = `${'The quick brown fox jumps over the lazy dog. '.repeat(22)}\n`.repeat(60)
    const big = await file('big.eml', mail({ subject: 'Foxes', text, html: `<p>${text}</p>` }))
    const child = spawn(process.execPath, [MAIN, 'explain', '--json', '--files-from', '-'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const resident = async () =>
      Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
    const [count, warm] = [1_200, 300]
    child.stdin.end(`${big}\n`.repeat(count))
    let seen = 0
    let early = 0
    let late = 0
    for await (const line of createInterface({ input: child.stdout })) {
      expect(line.startsWith('{"file":')).toBe(true)
      seen++
      if (seen === warm) early = await resident()
      if (seen === count - 50) late = await resident()
    }
    expect(seen).toBe(count)
    // More than 100 MB of mail went by meanwhile.
    expect(late - early).toBeLessThan(60)
    expect(early).toBeGreaterThan(0)
  })
})
