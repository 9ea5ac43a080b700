import { fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createReader, READ_BUDGET, type Reader, type ReaderOptions } from '../../src/inbound/reader.ts'
import { keptLog } from '../support/log.ts'
import { mail } from '../support/mail.ts'
import { policy } from '../support/policy.ts'
import { HOSTILE_PROGRAM, READER_PROGRAM, readHere } from '../support/reader.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'
import { eventually } from '../support/wait.ts'

let reader: Reader
let lines: () => Record<string, unknown>[]
const start = (options: Partial<ReaderOptions> = {}) => {
  const kept = keptLog()
  lines = kept.lines
  reader = createReader({ policy: policy(), log: kept.log, program: READER_PROGRAM, ...options })
}
afterEach(() => reader[Symbol.asyncDispose]())

const subjectOf = (read: Awaited<ReturnType<Reader['read']>>) => ('message' in read ? read.message.subject : read)
const readAll = async (...texts: (string | Buffer)[]) =>
  (await Promise.all(texts.map(text => reader.read(Buffer.from(text), false)))).map(subjectOf)
const told = () => lines().map(({ msg }) => msg)

describe('the reader', () => {
  beforeEach(() => start())

  test('gives what is read here, in the order in which it was asked', async () => {
    const mails = [
      mail({
        subject: 'Überraschung',
        html: '<p>Hello <b>you</b></p>',
        attachments: [{ filename: 'a.txt', content: 'a' }],
      }),
      mail({ subject: 'Large', attachments: [{ content: Buffer.alloc(9_000_000, 7) }] }),
      mail({ from: 'it@example.org', text: 'We have looked into it.' }),
      Buffer.from(`X-Big: ${'x'.repeat(2_000_000)}\r\n\r\nhello`),
      Buffer.alloc(0),
    ]
    const here = readHere(policy())
    for (const imported of [false, true]) {
      const read = await Promise.all(mails.map(bytes => reader.read(bytes, imported)))
      expect(read).toEqual(await Promise.all(mails.map(bytes => here.read(bytes, imported))))
      expect(read.map(one => 'fault' in one)).toEqual([false, false, false, true, false])
    }
    expect(told()).toEqual([])
  })

  test('gives the content of attachments', async () => {
    const content = Buffer.from([0, 1, 2, 255])
    const bytes = mail({ attachments: [{ filename: 'a.bin', content }] })
    expect(await reader.attachment(bytes, 0)).toEqual(content)
    expect(await reader.attachment(bytes, 1)).toBeNull()
    const broken = Buffer.from(`X-Big: ${'x'.repeat(2_000_000)}\r\n\r\nhello`)
    await expect(reader.attachment(broken, 0)).rejects.toMatchObject({ code: 'unparseable' })
  })

  test('starts nothing before the first mail, and nothing after it was disposed of', async () => {
    await reader[Symbol.asyncDispose]()
    await expect(reader.read(mail(), false)).rejects.toThrow('the service is stopping')
  })
})

describe('a mail that breaks its reader costs only itself', () => {
  const OVER = 'the process that reads mails has ended over a mail, which is tried once more'
  const AGAIN = 'the process that reads mails has ended over the same mail again: it is given up'
  const cases: [harm: string, reason: string, budget?: Partial<typeof READ_BUDGET>][] = [
    ['loop', 'reading this mail took longer than 0.5 s', { ms: 500 }],
    ['wait for ever', 'reading this mail took longer than 0.5 s', { ms: 500 }],
    ['take all memory', 'reading this mail took more than 64 MB of memory', { heapMb: 64 }],
    ['throw', 'reading this mail ended its process: TypeError: boom is not a function'],
    ['exit', 'reading this mail ended its process: exit code 3'],
    ['be killed', 'reading this mail ended its process: SIGSEGV'],
  ]

  test.for(cases)('%s', async ([harm, fault, budget]) => {
    start({ program: HOSTILE_PROGRAM, budget: { ...READ_BUDGET, ...budget } })
    expect(await readAll('first', harm, 'second', 'third')).toEqual(['first', { fault }, 'second', 'third'])
    expect(lines()).toMatchObject([
      { level: 40, msg: OVER, reason: fault, bytes: harm.length, waiting: 3 },
      { level: 50, msg: AGAIN, reason: fault },
    ])
    expect(await readAll('later')).toEqual(['later'])
  })

  test('several of them in a row, each of them itself', async () => {
    start({ program: HOSTILE_PROGRAM })
    const fault = 'reading this mail ended its process: exit code 3'
    expect(await readAll('exit', 'exit', 'first', 'exit')).toEqual([{ fault }, { fault }, 'first', { fault }])
  })

  test('an attachment of it is refused', async () => {
    start({ program: HOSTILE_PROGRAM })
    const refused = reader.attachment(Buffer.from('exit'), 0)
    await expect(refused).rejects.toMatchObject({ code: 'unparseable', message: /exit code 3/ })
    expect(await readAll('first')).toEqual(['first'])
  })

  test('the time of a mail begins when it is its turn', async () => {
    start({ program: HOSTILE_PROGRAM, budget: { ...READ_BUDGET, ms: 500 } })
    const slow = Array.from({ length: 8 }, () => 'slow')
    expect(await readAll(...slow)).toEqual(slow)
    expect(told()).toEqual([])
  })
})

describe('a mail that is not to blame', () => {
  let folder: TempDir
  beforeEach(async () => {
    folder = await tempDir('reader')
  })
  afterEach(() => folder[Symbol.asyncDispose]())

  test('is read after all when its process died once', async () => {
    start({ program: HOSTILE_PROGRAM })
    const unlucky = `die once: ${join(folder.path, 'died')}`
    expect(await readAll('first', unlucky, 'second')).toEqual(['first', unlucky, 'second'])
    expect(lines()).toMatchObject([{ level: 40, reason: 'reading this mail ended its process: exit code 5' }])
  })

  test('is read after all when an earlier one broke the process', async () => {
    start({ program: HOSTILE_PROGRAM })
    expect(await readAll('harm the next', 'slow', 'second')).toEqual(['harm the next', 'slow', 'second'])
    expect(told()).toHaveLength(1)
  })

  test('waits when there can be no process, and is read once there can', async () => {
    const program = new URL(`file://${folder.path}/not-there.mjs`)
    start({ program })
    const waiting = [reader.read(Buffer.from('first'), false), reader.read(Buffer.from('second'), false)]
    for (const refused of waiting) await expect(refused).rejects.toThrow('no process can be had to read mails in')
    expect(lines()).toMatchObject([{ level: 50, msg: 'the process that reads mails does not start' }])
    await copyFile(HOSTILE_PROGRAM, program)
    expect(await readAll('third')).toEqual(['third'])
  })
})

describe('the process', () => {
  test('is gone when the reader was disposed of, and what waited is told', async () => {
    start({ program: HOSTILE_PROGRAM })
    await readAll('first')
    const waiting = [reader.read(Buffer.from('loop'), false), reader.read(Buffer.from('second'), false)]
    const told = Promise.all(waiting.map(one => expect(one).rejects.toThrow('the service is stopping')))
    await reader[Symbol.asyncDispose]()
    await told
    expect(lines()).toEqual([])
  })

  test('keeps nobody alive who has nothing more to read', async () => {
    await using folder = await tempDir('reader')
    const script = join(folder.path, 'once.mjs')
    await writeFile(
      script,
      `import { createReader } from ${JSON.stringify(new URL('reader.js', READER_PROGRAM).href)}
      const policy = { ownAddresses: new Set(), ownLists: new Set(), heedSuppressHeader: true }
      const { message } = await createReader({ policy }).read(Buffer.from('Subject: one\\r\\n\\r\\n'), false)
      process.stdout.write(message.subject)`,
    )
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 15_000 })
    let out = ''
    child.stdout.on('data', chunk => {
      out += chunk
    })
    expect([await once(child, 'close'), out]).toEqual([[0, null], 'one'])
  })

  test('goes on after SIGINT and SIGTERM, which a terminal or a service manager sends to all', async () => {
    const child = fork(READER_PROGRAM, { serialization: 'advanced' })
    await once(child, 'message')
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(signal)
    const { ownAddresses, ownLists, heedSuppressHeader } = policy()
    const context = { ownAddresses, ownLists, heedSuppressHeader }
    child.send({ kind: 'mail', bytes: mail({ subject: 'Still there' }), imported: false, context })
    const [answer] = await once(child, 'message')
    expect(answer).toMatchObject({ message: { subject: 'Still there' } })
    child.disconnect()
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('ends when the service is killed, even in the middle of an endless loop', async () => {
    await using folder = await tempDir('reader')
    const [script, looping] = ['service.mjs', 'looping.mjs'].map(name => join(folder.path, name)) as [string, string]
    await writeFile(
      script,
      `import { fork } from 'node:child_process'
      const child = fork(process.argv[2])
      child.on('message', () => child.send('loop', () => process.stdout.write(String(child.pid))))`,
    )
    await writeFile(
      looping,
      `process.on('message', () => { for (;;); })
      await import(${JSON.stringify(READER_PROGRAM.href)})`,
    )
    const service = spawn(process.execPath, [script, looping], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [pid] = await once(service.stdout, 'data')
    const state = () => spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
    // Running, not sleeping: it is in the loop.
    await eventually(() => state().startsWith('R'))
    service.kill('SIGKILL')
    await eventually(() => /^Z?$/.test(state().slice(0, 1)), 10_000)
  })
})
