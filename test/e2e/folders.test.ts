/*
 * What lies in a mailbox beside its new mail: answers that agents wrote there, mail that is too large, and what becomes of
 * mail on the server once it was taken in.
 */
import { expect, test } from 'vitest'
import { type Desk, describeOnBoth, only, startDesk } from '../support/desk.ts'
import { mail } from '../support/mail.ts'
import { eventually } from '../support/wait.ts'

const messages = async ({ service }: Desk, ticket: number) => (await service.ticket(ticket)).messages
const question = (name: string) => ({ from: `${name}@example.org`, messageId: `q-${name}@example.org` })

describeOnBoth('the folder of sent mail', kind => {
  const sentFolder = kind === 'Dovecot' ? 'Outgoing' : 'Sent'

  test('what an agent writes in the mailbox itself is an answer on the ticket', async () => {
    await using desk = await startDesk(kind, {
      mailboxes: { it: { pollEvery: '1s' } },
      before: imap => imap.createFolder('it', sentFolder),
    })
    const { ticket } = await desk.onTicket(question('ann'))
    const sent = desk.smtp.mails.length
    await desk.imap.deliver(
      'it',
      sentFolder,
      mail({
        from: 'IT desk <it@example.org>',
        to: 'ann@example.org',
        cc: 'carl@example.org',
        subject: 'Re: A question',
        text: 'Please restart it.',
        inReplyTo: 'q-ann@example.org',
        headers: { Sender: 'Ana Pop <ana@example.org>' },
      }),
    )
    await eventually(async () => expect(await messages(desk, ticket.id)).toHaveLength(3), 15_000)
    expect((await messages(desk, ticket.id)).at(-1)).toMatchObject({
      author: 'agent',
      agent: 'ana',
      text: expect.stringContaining('Please restart it.'),
    })
    expect(await desk.service.ticket(ticket.id)).toMatchObject({
      status: 'pending',
      firstResponseAt: expect.stringMatching(/^20/),
    })
    expect(desk.smtp.mails).toHaveLength(sent)

    // Whom the agent wrote to takes part.
    const again = await desk.onTicket({
      from: 'carl@example.org',
      subject: 'Re: A question',
      inReplyTo: 'q-ann@example.org',
    })
    expect(again.ticket).toMatchObject({ id: ticket.id, status: 'open' })
  })

  test('a server that keeps a copy of our own mails, and mail that answers nothing, change nothing', async () => {
    await using desk = await startDesk(kind, {
      mailboxes: { it: { pollEvery: '1s' } },
      before: imap => imap.createFolder('it', sentFolder),
    })
    const { ticket, sent } = await desk.onTicket(question('ann'))
    await desk.imap.deliver('it', sentFolder, Buffer.from(only(sent).source, 'latin1'))
    await desk.imap.deliver(
      'it',
      sentFolder,
      mail({ from: 'it@example.org', to: 'bob@example.org', subject: 'Lunch?' }),
    )
    const skipped = async () => (await desk.service.ledger()).filter(({ folder }) => folder === sentFolder)
    await eventually(async () => expect(await skipped()).toHaveLength(2), 15_000)
    expect((await skipped()).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['skip', `we sent it ourselves, for ticket ${ticket.id}`],
      ['skip', 'sent mail that answers nothing we know'],
    ])
    expect(await messages(desk, ticket.id)).toHaveLength(2)
    expect(await desk.service.get('/v1/mailboxes/it/reconciliation')).toMatchObject({
      items: [
        { folder: 'INBOX', onServer: 1, accounted: 1 },
        { folder: sentFolder, onServer: 2, accounted: 2, missing: [] },
      ],
    })
    expect(await desk.service.get('/v1/mailboxes')).toMatchObject({
      items: [
        {
          folders: [
            { folder: 'INBOX', role: 'received' },
            { folder: sentFolder, role: 'sent', healthy: true },
          ],
        },
      ],
    })
  })

  test('after a night without us the question is read before its answer', async () => {
    await using desk = await startDesk(kind, {
      mailboxes: { it: { pollEvery: '1s' } },
      before: imap => imap.createFolder('it', sentFolder),
    })
    await desk.service.stop()
    await desk.deliver(question('ann'))
    const answer = mail({
      from: 'it@example.org',
      to: 'ann@example.org',
      text: 'Done.',
      inReplyTo: 'q-ann@example.org',
    })
    await desk.imap.deliver('it', sentFolder, answer)
    await desk.service.start()
    await eventually(async () => {
      const outcomes = (await desk.service.ledger()).map(({ outcome, ticket }) => [outcome, ticket])
      expect(outcomes).toEqual([
        ['open', 1001],
        ['append', 1001],
      ])
      return true
    }, 15_000)
    expect((await desk.service.ticket(1001)).status).toBe('pending')
  })
})

describeOnBoth('what happens to mail on the server', kind => {
  const broken = Buffer.from(`From: m@example.org\r\nX-Long: ${'x'.repeat(1_100_000)}\r\n\r\nHello\r\n`)
  const flags = async (desk: Desk, folder = 'INBOX') =>
    (await desk.imap.list('it', folder)).map(mail => mail.flags.filter(flag => flag !== '\\Recent'))

  test.each([
    ['nothing is done unless asked for', 'leave', [[], [], []]],
    ['marked as seen', 'seen', [['\\Seen'], [], ['\\Seen']]],
    ['flagged', 'flag', [['\\Flagged'], [], ['\\Flagged']]],
  ])('%s; what could not be read stays for people to see', async (_name, afterReading, expected) => {
    await using desk = await startDesk(kind, { mailboxes: { it: { more: `afterReading: ${afterReading}` } } })
    await desk.arrives(question('ann'))
    await desk.deliver(broken)
    const { line } = await desk.arrives(question('bob'))
    expect(line.outcome).toBe('open')
    expect((await desk.service.ledger())[1]?.outcome).toBe('quarantine')
    await eventually(async () => expect(await flags(desk)).toEqual(expected))
  })

  test('moved to a folder that did not exist; also what a crash had left', async () => {
    await using desk = await startDesk(kind, {
      mailboxes: { it: { more: 'afterReading: move, moveTo: Done'.replace(', ', '\n    ') } },
    })
    await desk.arrives(question('ann'))
    await eventually(async () => expect(await desk.imap.list('it', 'Done')).toHaveLength(1))
    await desk.service.kill()
    await desk.service.start()
    await desk.arrives(question('bob'))
    await eventually(async () => expect(await desk.imap.list('it', 'Done')).toHaveLength(2))
    expect(await flags(desk)).toEqual([])
    expect((await desk.service.ledger()).map(({ outcome }) => outcome)).toEqual(['open', 'open'])
  })
})

describeOnBoth('mail that is too large', kind => {
  test('is a ticket with its beginning and a note, and is answered', async () => {
    await using desk = await startDesk(kind, { mailboxes: { it: { more: 'largestMail: 1MB' } } })
    const film = { filename: 'film.mp4', contentType: 'video/mp4', content: Buffer.alloc(2_000_000, 1) }
    const { line, ticket, sent } = await desk.onTicket({
      ...question('ann'),
      subject: 'The machine burns',
      text: 'Look at the film.',
      attachments: [film],
    })
    expect(line).toMatchObject({ outcome: 'open', size: 256 * 1024 })
    expect(line.fullSize).toBeGreaterThan(2_600_000)
    expect(sent).toHaveLength(1)
    const all = await messages(desk, ticket.id)
    expect(all[0]).toMatchObject({
      author: 'requester',
      text: expect.stringContaining('Look at the film.'),
      attachments: [],
    })
    expect(all).toContainEqual(
      expect.objectContaining({ direction: 'note', author: 'postdesk', text: expect.stringContaining('2.6 MB') }),
    )
    // The next one of ordinary size is whole.
    expect((await desk.arrives(question('bob'))).line.fullSize).toBeNull()
  })
})
