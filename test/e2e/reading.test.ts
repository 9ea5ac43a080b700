/*
 * What is read of a mailbox from the first day on, and what a change of the server behind our back does to it.
 */
import { describe, expect, test } from 'vitest'
import { DAY } from '../../src/instant.ts'
import { type Desk, describeOnBoth, only, startDesk } from '../support/desk.ts'
import { mail } from '../support/mail.ts'
import { eventually } from '../support/wait.ts'

const daysAgo = (days: number) => new Date(Date.now() - days * DAY).toISOString()
const letter = (name: string) =>
  mail({ from: `${name}@example.org`, to: 'it@example.org', text: `Hello, this is ${name}, and I need your help.` })
const acknowledged = (desk: Desk) =>
  desk.smtp.mails.map(({ envelope }) => only(envelope.to).replace('@example.org', '')).sort()
const ledgerOf = async (desk: Desk, mailbox: string) =>
  (await desk.service.ledger()).filter(line => line.mailbox === mailbox).map(({ uid, outcome }) => [uid, outcome])

describeOnBoth('a changed UIDVALIDITY', kind => {
  test('nothing twice, nothing lost', async () => {
    await using desk = await startDesk(kind, { mailboxes: { it: { pollEvery: '1s' } } })
    const names = ['ann', 'ben', 'cem', 'dan', 'eva']
    for (const name of names) await desk.deliver(letter(name))
    await eventually(async () => expect(await desk.service.ledger()).toHaveLength(5), 15_000)
    await desk.service.sent()

    await desk.imap.changeUidValidity('it', 'INBOX')
    await desk.deliver(letter('fay'))
    await eventually(async () => expect(await desk.service.ledger()).toHaveLength(11), 20_000)
    await desk.service.sent()
    const outcomes = (await desk.service.ledger()).map(({ outcome }) => outcome)
    expect(outcomes).toEqual([...Array(5).fill('open'), ...Array(5).fill('duplicate'), 'open'])
    expect(acknowledged(desk)).toEqual([...names, 'fay'])
  })
})

describe('the very first connection', () => {
  test('passes over what lies there, or what is older than a day; and so it stays when the folder is read anew', async () => {
    await using desk = await startDesk('Hoodiecrow', {
      mailboxes: { it: { startFrom: 'now' }, support: { startFrom: daysAgo(2).slice(0, 10) } },
      async before(imap) {
        for (const mailbox of ['it', 'support']) {
          await imap.deliver(mailbox, 'INBOX', letter(`last-month-${mailbox}`), { receivedAt: daysAgo(30) })
          await imap.deliver(mailbox, 'INBOX', letter(`yesterday-${mailbox}`), { receivedAt: daysAgo(0.9) })
        }
      },
    })
    const read = async () => {
      const { items } = await desk.service.get<{ items: { folders: { checkedAt: string | null }[] }[] }>(
        '/v1/mailboxes',
      )
      return items.every(({ folders }) => folders[0]?.checkedAt)
    }
    await eventually(read)
    await desk.arrives(letter('today'))
    // Somebody moves an old mail in: it is new here, but too old for an automatic answer.
    const moved = await desk.arrives(letter('moved-in'), { receivedAt: daysAgo(30) })
    expect([moved.line.outcome, moved.sent.length]).toEqual(['open', 0])
    expect(await ledgerOf(desk, 'it')).toEqual([
      [3, 'open'],
      [4, 'open'],
    ])
    expect(await ledgerOf(desk, 'support')).toEqual([[2, 'open']])

    await desk.service.stop()
    for (const mailbox of ['it', 'support']) await desk.imap.changeUidValidity(mailbox, 'INBOX')
    await desk.service.start()
    await desk.arrives(letter('later'))
    expect(await ledgerOf(desk, 'it')).toEqual([
      [3, 'open'],
      [4, 'open'],
      [3, 'duplicate'],
      [5, 'open'],
    ])
    await eventually(async () => expect(await ledgerOf(desk, 'support')).toHaveLength(2))
    expect((await ledgerOf(desk, 'support')).at(-1)).toEqual([2, 'duplicate'])
    expect(acknowledged(desk)).toEqual(['later', 'today', 'yesterday-support'])
  })
})
