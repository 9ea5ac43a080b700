import { describe, expect, it } from 'vitest'
import { connectImap, probeImap } from '../../src/inbound/imap.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { all, failure, fetchNew, never, quiet, uidsOf } from '../support/imap-session.ts'
import { mail } from '../support/mail.ts'
import { within } from '../support/wait.ts'

describe('IMAP with Hoodiecrow', () => {
  it('reads, marks and waits', async () => {
    await using server = await startHoodiecrow()
    const bytes = mail({ subject: 'Grüße', text: 'ä\n'.repeat(1000) })
    for (const receivedAt of ['2024-01-01T00:00:00.000Z', '2024-01-02T23:59:59.000Z', '2024-01-03T00:00:00.000Z']) {
      await server.deliver('desk', 'INBOX', bytes, { receivedAt })
    }
    await using session = await connectImap(server.account('desk'), quiet)
    expect(await session.open('INBOX')).toMatchObject({ uidNext: 4, exists: 3 })
    const windows: number[][] = []
    for await (const window of fetchNew(session, 0, { window: 2 })) {
      windows.push(uidsOf(window))
      expect(window.every(one => one.bytes.equals(bytes))).toBe(true)
      await session.mark(uidsOf(window), 'seen')
    }
    expect(windows).toEqual([[1, 2], [3]])
    expect((await server.list('desk', 'INBOX')).map(({ flags }) => flags)).toEqual([['\\Seen'], ['\\Seen'], ['\\Seen']])
    expect(await all(fetchNew(session, 3))).toEqual([])

    const waiting = session.waitForChange(never, 5000, 5000)
    setTimeout(() => void server.deliver('desk', 'INBOX', bytes), 50)
    expect(await within(500, 'news', waiting)).toBe('changed')
    expect(uidsOf(await all(fetchNew(session, 3)))).toEqual([4])
    await server.expunge('desk', 'INBOX', [1, 4])
    expect(uidsOf(await all(fetchNew(session, 0)))).toEqual([2, 3])

    const { uidValidity } = await session.open('INBOX')
    await server.changeUidValidity('desk', 'INBOX')
    expect((await session.open('INBOX')).uidValidity).not.toBe(uidValidity)
  })

  it('polls where IDLE is not offered', async () => {
    await using server = await startHoodiecrow({ idle: false, users: ['desk', 'other'] })
    await using session = await connectImap(server.account('desk'), quiet)
    await session.open('INBOX')
    await server.deliver('other', 'INBOX', mail())
    expect(await session.waitForChange(never, 120, 50)).toBe('time')
    setTimeout(() => void server.deliver('desk', 'INBOX', mail()), 50)
    expect(await session.waitForChange(never, 5000, 50)).toBe('changed')
  })

  it('refuses to go on without STARTTLS where it is demanded', async () => {
    await using server = await startHoodiecrow()
    const error = await failure(connectImap(server.account('desk', { tls: 'starttls' }), quiet))
    expect(error).toMatchObject({ temporary: false, message: expect.stringContaining('does not offer STARTTLS') })
  })

  it('says what to do where logins need encryption', async () => {
    await using server = await startHoodiecrow({ loginDisabled: true })
    const error = await failure(connectImap(server.account('desk'), quiet))
    expect(error).toMatchObject({ temporary: false, message: expect.stringContaining("Set tls to 'starttls'") })
  })

  it('tells folders that are there from those that are not', async () => {
    await using server = await startHoodiecrow()
    await server.createFolder('desk', 'Archive')
    const { folders } = await probeImap(server.account('desk'), ['INBOX', 'Archive', 'Nowhere'])
    expect(folders.map(({ exists }) => exists)).toEqual([true, true, false])
    await using session = await connectImap(server.account('desk'), quiet)
    expect(await failure(session.open('Nowhere'))).toMatchObject({ message: expect.stringContaining('"Nowhere"') })
  })
})
