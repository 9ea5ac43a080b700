/*
 * IMAP servers in trouble, and servers that make some: one that dies, hangs or lacks something, and what others said in practice.
 */
import { describe, expect, it } from 'vitest'
import { connectImap } from '../../src/inbound/imap.ts'
import { startDovecot } from '../support/dovecot.ts'
import { all, failure, fetchNew, never, quiet, recorder, uidsOf } from '../support/imap-session.ts'
import { mail } from '../support/mail.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { freePorts } from '../support/ports.ts'
import { scriptedImap } from '../support/scripted-imap.ts'
import { eventually, within } from '../support/wait.ts'

describeWithDovecot('IMAP with a Dovecot in trouble', () => {
  it('asks every now and then where there is no IDLE', async () => {
    await using server = await startDovecot({ without: ['IDLE'] })
    const wire = recorder()
    await using session = await connectImap(server.account('desk'), wire.log)
    await session.open('INBOX')
    expect(await session.waitForChange(never, 250, 100)).toBe('time')
    expect(wire.sent('NOOP')).toHaveLength(2)
    const waiting = session.waitForChange(never, 5000, 100)
    await server.deliver('desk', 'INBOX', mail())
    expect(await waiting).toBe('changed')
    expect(wire.sent('IDLE')).toEqual([])
    expect(uidsOf(await all(fetchNew(session, 0)))).toEqual([1])
  })

  it('rejects with a temporary error when the server dies, and from then on', async () => {
    await using server = await startDovecot()
    const session = await connectImap(server.account('desk'), quiet)
    await session.open('INBOX')
    const waiting = failure(session.waitForChange(never, 60_000, 60_000))
    setTimeout(() => void server.kill(), 100)
    const error = await within(2000, 'the death of the server', waiting)
    expect(error).toMatchObject({ temporary: true, message: expect.stringContaining('lost the connection') })
    for (const call of [
      () => session.waitForChange(never, 1000, 1000),
      () => all(fetchNew(session, 0)),
      () => session.mark([1], 'seen'),
      () => session.open('INBOX'),
    ]) {
      expect((await failure(call())).temporary).toBe(true)
    }
    await session.close()
    expect(await failure(connectImap(server.account('desk'), quiet))).toMatchObject({ temporary: true })
    await server.restart()
    await (await connectImap(server.account('desk'), quiet)).close()
  })

  it('gives up on a server that hangs in IDLE, in a fetch, or at goodbye', async () => {
    await using server = await startDovecot()
    for (let at = 0; at < 6; at++) await server.deliver('desk', 'INBOX', mail())
    const account = server.account('desk', { timeoutMs: 400 })

    const idling = await connectImap(account, quiet)
    await idling.open('INBOX')
    const fetching = await connectImap(account, quiet)
    await fetching.open('INBOX')
    const windows = fetchNew(fetching, 0, { window: 2 })[Symbol.asyncIterator]()
    expect((await windows.next()).done).toBe(false)
    await eventually(() => fetching.mark([1], 'seen').then(() => true))
    const leaving = await connectImap(account, quiet)

    const waiting = failure(idling.waitForChange(never, 60_000, 60_000))
    await new Promise(resolve => setTimeout(resolve, 200))
    server.freeze()
    const rest = failure(
      (async () => {
        while (!(await windows.next()).done);
      })(),
    )
    expect(await within(2000, 'a hanging fetch', rest)).toMatchObject({ temporary: true })
    const error = await within(3000, 'a hanging IDLE', waiting)
    expect(error).toMatchObject({ temporary: true, message: expect.stringContaining('within 0.4 s') })
    await within(2500, 'a hanging goodbye', leaving.close())
    server.thaw()
    await idling.close()
    await fetching.close()
  })
})

describe('IMAP with servers seen in practice', () => {
  it('gives up on a server that never greets, or when told to', async () => {
    await using server = await scriptedImap(() => [], { greeting: null })
    const account = { ...server.account, timeoutMs: 200 }
    expect(await failure(connectImap(account, quiet))).toMatchObject({ temporary: true })
    const stop = new AbortController()
    const connecting = failure(connectImap({ ...account, timeoutMs: 60_000 }, quiet, stop.signal))
    setTimeout(() => stop.abort(), 50)
    expect((await within(500, 'abort', connecting)).message).toContain('stopped while connecting')
    expect(await failure(connectImap(account, quiet, stop.signal))).toMatchObject({ temporary: true })
  })

  it('says that nobody is there', async () => {
    const [port = 0] = await freePorts(1)
    const account = { host: '127.0.0.1', port, tls: 'none', verifyCertificate: true, user: 'a', password: 'b' } as const
    const error = await failure(connectImap(account, quiet))
    expect(error).toMatchObject({
      temporary: true,
      message: expect.stringContaining(`nothing answers at 127.0.0.1:${port}`),
    })
    const nowhere = await failure(connectImap({ ...account, host: 'imap.invalid' }, quiet))
    expect(nowhere).toMatchObject({ temporary: true, message: expect.stringContaining('cannot be resolved') })
  })

  it.each([
    ['TAG NO [UNAVAILABLE] Temporary authentication failure.', true],
    ['TAG NO [ALERT] Too many simultaneous connections. (Failure)', true],
    ['TAG BAD User is authenticated but not connected.', true],
    ['TAG NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)', false],
    ['TAG NO LOGIN failed: pa55-word is wrong', false],
  ])('reads "%s"', async (answer, temporary) => {
    await using server = await scriptedImap(command => (command.startsWith('LOGIN') ? [answer] : undefined))
    const error = await failure(connectImap(server.account, quiet))
    expect(error.temporary).toBe(temporary)
    expect(`${error.message} ${JSON.stringify(error.fields)} ${String(error.cause)}`).not.toContain('pa55-word')
  })

  it('repeats what a server says as it hangs up', async () => {
    await using server = await scriptedImap((command, say) => {
      if (command !== 'IDLE') return undefined
      setTimeout(() => say('* BYE Server shutting down for maintenance'), 50)
      return ['+ idling']
    })
    await using session = await connectImap(server.account, quiet)
    await session.open('INBOX')
    const error = await failure(session.waitForChange(never, 5000, 5000))
    expect(error).toMatchObject({ temporary: true, message: expect.stringContaining('shutting down for maintenance') })
  })

  it('looks twice when a server refuses a whole window because one mail is gone', async () => {
    let looks = 0
    await using server = await scriptedImap(
      command => {
        const row = (seq: number, uid: number, body: string) =>
          `* ${seq} FETCH (UID ${uid} INTERNALDATE "01-Jan-2026 00:00:00 +0000" BODY[] {${body.length}}\r\n${body})`
        if (/^UID FETCH 1:\*/.test(command)) {
          return [
            '* 1 FETCH (UID 1 RFC822.SIZE 5)',
            '* 2 FETCH (UID 2 RFC822.SIZE 5)',
            '* 3 FETCH (UID 3 RFC822.SIZE 5)',
            'TAG OK -',
          ]
        }
        if (!command.startsWith('UID FETCH')) return undefined
        // RFC 2180 §4.1.3 and .4: emptiness for what is gone, NO for the command; news of flags in between.
        if (looks++ === 0)
          return [row(1, 1, 'first'), '* 3 FETCH (FLAGS (\\Seen) UID 3)', row(2, 2, ''), 'TAG NO [EXPUNGEISSUED] gone']
        return [row(2, 3, 'third'), 'TAG OK -']
      },
      { exists: 3 },
    )
    await using session = await connectImap(server.account, quiet)
    await session.open('INBOX')
    const mails = await all(fetchNew(session, 0))
    expect(mails.map(({ uid, bytes }) => [uid, String(bytes)])).toEqual([
      [1, 'first'],
      [3, 'third'],
    ])
    expect(server.commands.filter(command => /^(NOOP|UID FETCH [^1]|UID FETCH 1:3)/.test(command))).toEqual([
      expect.stringMatching(/^UID FETCH 1:3 /),
      'NOOP',
      expect.stringMatching(/^UID FETCH 2:3 /),
    ])
  })

  const DATE = 'INTERNALDATE "01-Jan-2026 00:00:00 +0000"'

  it('does not take news of flags, which come in between, for what it asked for', async () => {
    await using server = await scriptedImap(
      command =>
        command.startsWith('UID FETCH')
          ? [`* 1 FETCH (UID 1 ${DATE} RFC822.SIZE 5)`, '* 1 FETCH (FLAGS (\\Seen) UID 1)', 'TAG OK -']
          : undefined,
      { exists: 1 },
    )
    await using session = await connectImap(server.account, quiet)
    await session.open('INBOX')
    const listed = await session.list(0, { sizes: true })
    expect(listed).toEqual([{ uid: 1, size: 5, receivedAt: '2026-01-01T00:00:00.000Z' }])
  })

  it('passes by no mail that is listed without its UID', async () => {
    await using server = await scriptedImap(
      command =>
        command.startsWith('UID FETCH') ? [`* 1 FETCH (UID 1 ${DATE})`, `* 2 FETCH (${DATE})`, 'TAG OK -'] : undefined,
      { exists: 2 },
    )
    await using session = await connectImap(server.account, quiet)
    await session.open('INBOX')
    const error = await failure(session.list())
    expect(error).toMatchObject({ temporary: true, message: expect.stringContaining('without its UID') })
  })

  it.each([
    ['too large', 1e9, 'short', 100, { text: 'short', fullSize: null }],
    ['too small', 3, 'short', 100, { text: 'short', fullSize: null }],
    ['as 0', 0, 'short', 100, { text: 'short', fullSize: null }],
    ['as 0, of a large one', 0, 'x'.repeat(300_000), 280_000, { text: 'x'.repeat(262_144), fullSize: 300_000 }],
    ['rightly, of a large one', 300_000, 'x'.repeat(300_000), 100, { text: 'x'.repeat(262_144), fullSize: 300_000 }],
  ])('gets along with a size that is told %s', async (_, size, text, largest, expected) => {
    const asked: number[] = []
    await using server = await scriptedImap(
      command => {
        if (/^UID FETCH 1:\*/.test(command)) return [`* 1 FETCH (UID 1 ${DATE} RFC822.SIZE ${size})`, 'TAG OK -']
        const most = Number(/<0\.(\d+)>/.exec(command)?.[1] ?? 1e9)
        if (!command.startsWith('UID FETCH')) return undefined
        asked.push(most)
        const body = text.slice(0, most)
        const told = command.includes('RFC822.SIZE') ? `RFC822.SIZE ${text.length} ` : ''
        return [`* 1 FETCH (UID 1 ${DATE} ${told}BODY[] {${body.length}}\r\n${body})`, 'TAG OK -']
      },
      { exists: 1 },
    )
    await using session = await connectImap(server.account, quiet)
    await session.open('INBOX')
    const [given] = await all(fetchNew(session, 0, { largest }))
    expect({ text: String(given?.bytes), fullSize: given?.fullSize }).toEqual(expected)
    expect(asked.every(most => (size > 0 && size <= largest ? most === 1e9 : most <= Math.max(largest, 262_144)))).toBe(
      true,
    )
  })

  it('moves only what it was told to, whatever an answer names beside it', async () => {
    let here = true
    await using server = await scriptedImap(
      command => {
        if (command === 'CAPABILITY') return ['* CAPABILITY IMAP4rev1 MOVE', 'TAG OK -']
        if (command.startsWith('UID SEARCH')) return [`* SEARCH ${here ? '1 2 ' : ''}3`, 'TAG OK -']
        if (command.startsWith('UID MOVE')) here = false
        return undefined
      },
      { exists: 3 },
    )
    await using session = await connectImap(server.account, quiet)
    await session.open('INBOX')
    await session.move([1, 2], 'Done')
    expect(server.commands.filter(command => command.startsWith('UID MOVE'))).toEqual(['UID MOVE 1:2 INBOX/Done'])
  })

  it('rejects, and loses nothing silently, when a server refuses to hand out mails', async () => {
    await using server = await scriptedImap(
      command => {
        if (/^UID FETCH 1:\*/.test(command)) return ['* 1 FETCH (UID 1 RFC822.SIZE 5)', 'TAG OK -']
        return command.startsWith('UID FETCH') ? ['TAG NO Backend is busy'] : undefined
      },
      { exists: 1 },
    )
    await using session = await connectImap(server.account, quiet)
    await session.open('INBOX')
    expect(await failure(all(fetchNew(session, 0)))).toMatchObject({
      temporary: true,
      message: expect.stringContaining('Backend is busy'),
    })
  })

  it.each([
    ['refuses IDLE', ['TAG NO not now']],
    ['ends IDLE by itself at once', ['+ idling', 'TAG OK idle is over']],
  ])('does not run hot with a server that %s', async (_, answer) => {
    let told = false
    await using server = await scriptedImap(command => {
      if (command === 'NOOP' && told) return ['* 1 EXISTS', 'TAG OK -']
      return command === 'IDLE' ? answer : undefined
    })
    await using session = await connectImap(server.account, quiet)
    await session.open('INBOX')
    const before = server.commands.length
    expect(await session.waitForChange(never, 600, 200)).toBe('time')
    expect(server.commands.length - before).toBeLessThanOrEqual(4)
    told = true
    if (answer.length > 1) return
    expect(await session.waitForChange(never, 5000, 100)).toBe('changed')
  })

  it('asks for UIDNEXT when SELECT does not tell it, and refuses a folder without UIDVALIDITY', async () => {
    let validity = ['* OK [UIDVALIDITY 7] -']
    await using server = await scriptedImap(command => {
      if (command.startsWith('SELECT')) return ['* 3 EXISTS', ...validity, 'TAG OK [READ-WRITE] -']
      return command.startsWith('STATUS') ? ['* STATUS INBOX (UIDNEXT 9)', 'TAG OK -'] : undefined
    })
    await using session = await connectImap(server.account, quiet)
    expect(await session.open('INBOX')).toEqual({ uidValidity: '7', uidNext: 9, exists: 3 })
    validity = []
    expect(await failure(session.open('INBOX'))).toMatchObject({ temporary: false })
  })
})
