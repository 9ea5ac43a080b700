/*
 * From a backup back to work: what arrived since is read again from the server and becomes the same tickets, and nobody
 * gets a second time what was sent before the database was lost.
 */
import { copyFile, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { command } from '../support/command.ts'
import { type Desk, describeOnBoth, only, replyTo, startDesk } from '../support/desk.ts'
import type { Page, TicketSeen } from '../support/service.ts'
import { eventually } from '../support/wait.ts'

const run = async (desk: Desk, ...args: string[]) => {
  const { code, stdout, stderr } = await command([...args, '--config', desk.service.configPath])
  return { code, stdout, stderr }
}
const backupOf = (desk: Desk) => join(dirname(desk.service.databasePath), 'backup.sqlite')

/** What people would see of the tickets, whatever their numbers. */
async function tickets(desk: Desk) {
  const { items } = await desk.service.get<Page<TicketSeen>>('/v1/tickets?limit=100')
  const all = await Promise.all(items.map(({ id }) => desk.service.ticket(id)))
  const told = all.map(({ subject, requester, status, category, openedAt, messages }) => ({
    ...{ subject, requester: requester?.address, status, category, openedAt },
    received: messages
      .filter(({ direction }) => direction === 'in')
      .map(({ author, newText }) => `${author}: ${newText}`),
  }))
  return told.sort((a, b) => (a.subject < b.subject ? -1 : 1))
}

const held = async (desk: Desk) => (await desk.service.outbox('state=failed')).map(({ lastError }) => lastError)
const words = (text: string) => `Hello, ${text}, and I need your help with it.`

describeOnBoth('a backup put back', kind => {
  test('the cursor goes back, the tickets come back, nothing is sent a second time, and then life goes on', async () => {
    await using desk = await startDesk(kind, { mailboxes: { it: {} } })
    const jane = await desk.onTicket({ from: 'jane@example.org', subject: 'Printer', text: words('the printer burns') })
    // This one waits in the backup, and is sent after it was made.
    desk.smtp.refuse('kim@example.org', 450)
    await desk.deliver({ from: 'kim@example.org', subject: 'Badge', text: words('my badge is lost') })
    const waiting = await eventually(
      async () => (await desk.service.outbox('state=queued')).find(mail => mail.attempts > 0),
      15_000,
    )

    const made = await run(desk, 'backup', backupOf(desk))
    expect(made).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/backup\.sqlite: sound, .* 2 tickets, 2 mails/),
    })
    expect((await stat(backupOf(desk))).mode & 0o777).toBe(0o600)
    expect(await run(desk, 'backup', backupOf(desk))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--force'),
    })

    desk.smtp.refuse('kim@example.org', null)
    await desk.service.request('POST', `/v1/outbox/${waiting.id}/retry`)
    await desk.service.sent()
    const bob = await desk.onTicket({ from: 'bob@example.org', subject: 'Wifi', text: words('the wifi is down') })
    const [acknowledged] = bob.sent
    if (!acknowledged) throw new Error('Bob was not told')
    await desk.onTicket({ from: 'ana@example.org', ...replyTo(acknowledged, { text: 'Restart the router, please.' }) })
    const [toJane] = jane.sent
    if (!toJane) throw new Error('Jane was not told')
    await desk.onTicket({ from: 'jane@example.org', ...replyTo(toJane, { text: 'It is out now.' }) })
    const before = {
      tickets: await tickets(desk),
      sent: desk.smtp.mails.length,
      ledger: (await desk.service.ledger()).length,
    }
    expect([before.tickets.length, before.sent, before.ledger]).toEqual([3, 4, 5])

    expect(await run(desk, 'restore', backupOf(desk))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('stop it first'),
    })
    await desk.service.stop()
    const restored = await run(desk, 'restore', backupOf(desk))
    expect(restored).toMatchObject({ code: 0, stderr: '' })
    expect(restored.stdout).toMatch(
      /postdesk\.sqlite is the backup of 20.*Z again\. What stood there is in .*\.before-/,
    )
    await desk.service.start()
    expect(
      await desk.service.logged('the database is a backup put back: what may have been sent since is not sent again'),
    ).toMatchObject({ heldBack: 1 })

    await eventually(async () => expect(await desk.service.ledger()).toHaveLength(before.ledger), 20_000)
    expect(await tickets(desk)).toEqual(before.tickets)
    const again = only((await desk.service.get<Page<TicketSeen>>('/v1/tickets?requester=bob@example.org')).items)
    expect(again.id, 'no number is told to two people').toBeGreaterThan(bob.ticket.id)
    const why = (await desk.service.ticket(again.id)).events
      .filter(event => event.kind === 'reply-withheld')
      .map(event => event.data)
    expect(why).toMatchObject([
      { kind: 'acknowledgement', why: 'restored' },
      { kind: 'acknowledgement', why: 'belongs-to-ticket' },
      { kind: 'answer', why: 'restored' },
    ])
    expect(await held(desk)).toEqual([expect.stringContaining('may have been sent since then')])
    await sleep(1_500)
    expect(desk.smtp.mails).toHaveLength(before.sent)
    expect(await run(desk, 'verify')).toMatchObject({ code: 0, stdout: expect.stringContaining('sound') })

    // The answer to a mail that the database does not know any more finds the ticket that was opened in its stead.
    const soon = new Date(Date.now() + 120_000).toISOString()
    const late = await desk.onTicket(
      { from: 'bob@example.org', ...replyTo(acknowledged, { text: 'Still down.' }) },
      { receivedAt: soon },
    )
    expect(late.ticket.id).toBe(again.id)
    const zoe = await desk.onTicket(
      { from: 'zoe@example.org', subject: 'Lamp', text: words('the lamp is dark') },
      { receivedAt: soon },
    )
    expect(zoe.sent.map(({ envelope }) => envelope.to)).toEqual([['zoe@example.org']])
  })

  test('put there by hand, it is known all the same; what arrived after --quiet-until is answered', async () => {
    await using desk = await startDesk(kind, { mailboxes: { it: {} } })
    await desk.onTicket({ from: 'jane@example.org', subject: 'Printer', text: words('the printer burns') })
    expect((await run(desk, 'backup', backupOf(desk))).code).toBe(0)
    await desk.onTicket({ from: 'bob@example.org', subject: 'Wifi', text: words('the wifi is down') })
    await desk.service.kill()

    const { databasePath } = desk.service
    for (const part of ['', '-wal', '-shm']) await rm(`${databasePath}${part}`, { force: true })
    await copyFile(backupOf(desk), databasePath)
    await desk.service.start()
    await eventually(async () => expect(await desk.service.ledger()).toHaveLength(2), 20_000)
    await sleep(1_000)
    expect(desk.smtp.mails).toHaveLength(2)

    // Once more; the service last ran an hour ago, as the admin says.
    await desk.service.stop()
    const [hour, halfHour] = [60, 30].map(minutes => new Date(Date.now() - minutes * 60_000).toISOString())
    await desk.deliver(
      { from: 'zoe@example.org', subject: 'Lamp', text: words('the lamp is dark') },
      { receivedAt: halfHour ?? '' },
    )
    expect((await run(desk, 'restore', backupOf(desk), '--quiet-until', 'yesterday')).stderr).toContain(
      'write a moment',
    )
    expect((await run(desk, 'restore', backupOf(desk), '--quiet-until', hour ?? '')).code).toBe(0)
    await desk.service.start()
    await eventually(async () => expect(await desk.service.ledger()).toHaveLength(3), 20_000)
    await desk.service.sent()
    // Two mails that leave together arrive in either order.
    expect(desk.smtp.mails.map(({ envelope }) => only(envelope.to)).sort()).toEqual(
      ['bob', 'bob', 'jane', 'zoe'].map(name => `${name}@example.org`),
    )
    const files = await readdir(dirname(databasePath))
    expect(files.filter(file => file.includes('.before-')).length).toBeGreaterThan(0)
  })
})
