/*
 * SIGTERM: what is in hand is finished, within the time that the configuration gives. And what a second process does.
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { command } from '../support/command.ts'
import { type Desk, only, startDesk } from '../support/desk.ts'
import { startDovecot } from '../support/dovecot.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { mail } from '../support/mail.ts'
import type { MailServer } from '../support/mail-server.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { freePorts } from '../support/ports.ts'
import { startService } from '../support/service.ts'
import { writeSetup } from '../support/setup.ts'
import { startSmtp } from '../support/smtp.ts'
import { tempDir } from '../support/temp-dir.ts'
import { eventually } from '../support/wait.ts'

const letter = (name: string) =>
  mail({ from: `${name}@example.org`, to: 'it@example.org', text: `Hello, this is ${name}, and I need your help.` })

const fill = async (imap: MailServer, count: number) => {
  for (let at = 0; at < count; at++) await imap.deliver('it', 'INBOX', letter(`person-${at}`))
}

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const started = performance.now()
  return { result: await work, ms: performance.now() - started }
}

/** Nobody got anything twice. */
function acknowledgedOnce(desk: Desk, count: number): void {
  const people = desk.smtp.mails.map(({ envelope }) => only(envelope.to))
  expect([people.length, new Set(people).size]).toEqual([count, count])
}

describe('SIGTERM', () => {
  test('in the middle of a backlog: ends with 0, and the next start goes on, with nothing lost and nothing twice', async () => {
    const count = 120
    await using desk = await startDesk('Hoodiecrow', { mailboxes: { it: {} }, before: imap => fill(imap, count) })
    for (let stop = 0; stop < 2; stop++) {
      await sleep(randomInt(150))
      expect(await desk.service.stop()).toBe(0)
      expect(desk.service.lines.at(-1)?.['msg']).toBe('postdesk has stopped')
      // Whatever was claimed was also delivered and settled.
      await desk.service.start()
    }
    await eventually(async () => expect(await desk.service.ledger()).toHaveLength(count), 30_000)
    await desk.service.sent(30_000)
    acknowledgedOnce(desk, count)
  })

  test('while a client says half a request and then nothing: ends with 0 all the same', async () => {
    await using imap = await startHoodiecrow({ users: ['it'] })
    await using smtp = await startSmtp()
    const mailboxes = { it: { imap: imap.account('it'), smtp: { port: smtp.port } } }
    await using service = await startService({ mailboxes, shutdownGrace: '2s' })
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.write('POST /v1/tickets/1/messages HTTP/1.1\r\nHost: localhost\r\n')
    await sleep(200)
    const { result, ms } = await timed(service.stop())
    socket.destroy()
    expect(result).toBe(0)
    expect(ms).toBeLessThan(8_000)
  })

  test('while a delivery hangs: ends with 0 when the time is up, and the mail is tried again', async () => {
    await using desk = await startDesk('Hoodiecrow', { mailboxes: { it: {} }, shutdownGrace: '2s' })
    desk.smtp.next({ delayMs: 60_000 })
    await desk.deliver(letter('ann'))
    await eventually(() => expect(desk.smtp.counts.attempts).toBe(1), 10_000)
    const { result, ms } = await timed(desk.service.stop())
    expect(result).toBe(0)
    expect(ms).toBeLessThan(8_000)
    await desk.service.start()
    const row = only(await desk.service.outbox())
    expect(row).toMatchObject({ state: 'queued', attempts: 1 })
    await desk.service.request('POST', `/v1/outbox/${row.id}/retry`)
    await desk.service.sent()
    expect(desk.smtp.mails).toHaveLength(1)
  })
})

describeWithDovecot('SIGTERM, and the IMAP server hangs (Dovecot)', () => {
  test('ends with 0 when the time is up', async () => {
    await using imap = await startDovecot({ users: ['it'] })
    await using smtp = await startSmtp()
    const mailbox = { imap: imap.account('it'), smtp: { port: smtp.port }, pollEvery: '1s' }
    await using service = await startService({ mailboxes: { it: mailbox }, shutdownGrace: '2s' })
    await imap.deliver('it', 'INBOX', letter('ann'))
    await smtp.waitFor(1, 10_000)
    imap.freeze()
    // By then it has asked the server something and waits for the answer.
    await sleep(1_500)
    const { result, ms } = await timed(service.stop())
    imap.thaw()
    expect(result).toBe(0)
    expect(ms).toBeLessThan(8_000)
  })
})

describe('a second process', () => {
  test('on the same port says so, and what to do, with the exit code for configurations', async () => {
    await using folder = await tempDir('second')
    await using imap = await startHoodiecrow({ users: ['it'] })
    await using smtp = await startSmtp()
    const [httpPort = 0] = await freePorts(1)
    const mailboxes = { it: { imap: imap.account('it'), smtp: { port: smtp.port } } }
    await using service = await startService({ mailboxes, httpPort })
    const { configPath, env } = await writeSetup({ mailboxes, httpPort }, folder.path)
    const { code, stderr } = await command(['serve', '--config', configPath], { env })
    expect(code).toBe(78)
    expect(stderr).toContain(`cannot listen on 127.0.0.1:${httpPort} (EADDRINUSE): is Postdesk running already?`)
    expect((await service.request('GET', '/healthz')).status).toBe(200)
  })

  test('on the same database says so, and whose it is; after kill -9 of the first it may start at once', async () => {
    await using desk = await startDesk('Hoodiecrow', { mailboxes: { it: {} } })
    const { configPath } = desk.service
    const env = { IT_IMAP: desk.imap.account('it').password }
    const second = await command(['serve', '--config', configPath], { env })
    expect(second.code).toBe(1)
    expect(second.stderr).toMatch(
      /^postdesk: another Postdesk works on this database \(process \d+ on .+, since 20.+Z\): stop it first/,
    )
    // Looking into it, and changing it, goes on beside the lock.
    expect((await command(['key', 'create', 'beside', '--config', configPath])).code).toBe(0)
    expect((await desk.service.request('GET', '/healthz')).status).toBe(200)
    await desk.service.kill()
    await desk.service.start()
    expect((await desk.service.request('GET', '/healthz')).status).toBe(200)
  })
})
