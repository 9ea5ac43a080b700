import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeskError } from '../../src/errors.ts'
import { connectImap, type ImapAccount, probeImap } from '../../src/inbound/imap.ts'
import type { FolderState, ImapSession } from '../../src/inbound/session.ts'
import { type DovecotServer, startDovecot } from '../support/dovecot.ts'
import { all, failure, fetchNew, never, quiet, recorder, uidsOf } from '../support/imap-session.ts'
import { tapImap } from '../support/imap-tap.ts'
import { mail } from '../support/mail.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { eventually, within } from '../support/wait.ts'

describeWithDovecot('IMAP with Dovecot', () => {
  let server: DovecotServer
  let folders = 0

  beforeAll(async () => {
    server = await startDovecot()
  })
  afterAll(async () => {
    await server.stop()
  })

  /** A fresh folder with `count` mails. */
  async function folder(count = 0): Promise<string> {
    const name = `Ordner/Fälle ${++folders}`
    await server.createFolder('desk', name)
    for (let at = 1; at <= count; at++) await server.deliver('desk', name, mail({ subject: `mail ${at}` }))
    return name
  }

  /** Runs `use` in a session on the folder. */
  async function inside(
    name: string,
    use: (session: ImapSession, wire: ReturnType<typeof recorder>) => Promise<void>,
    account: ImapAccount = server.account('desk'),
  ): Promise<void> {
    const wire = recorder()
    await using session = await connectImap(account, wire.log)
    await session.open(name)
    wire.lines.length = 0
    await use(session, wire)
  }

  async function stateOf(name: string): Promise<FolderState> {
    await using session = await connectImap(server.account('desk'), quiet)
    return await session.open(name)
  }

  describe('folders', () => {
    it('tells the state, anew with every open', async () => {
      const name = await folder(2)
      await inside(name, async session => {
        const before = await session.open(name)
        expect(before).toMatchObject({ uidNext: 3, exists: 2 })
        await server.deliver('desk', name, mail())
        expect(await session.open(name)).toEqual({ ...before, uidNext: 4, exists: 3 })
      })
    })

    it('calls a missing folder permanent and goes on with another', async () => {
      const name = await folder(1)
      await inside(name, async session => {
        const error = await failure(session.open('Nirgends'))
        expect(error).toMatchObject({ temporary: false, message: expect.stringContaining('"Nirgends"') })
        expect((await session.open(name)).exists).toBe(1)
      })
    })

    it('shows another UIDVALIDITY after the folder was rebuilt or made anew', async () => {
      const name = await folder(2)
      await inside(name, async session => {
        const first = await session.open(name)
        await server.changeUidValidity('desk', name)
        const second = await session.open(name)
        expect(second.uidValidity).not.toBe(first.uidValidity)
        expect(second.exists).toBe(2)
        expect(await all(fetchNew(session, 0))).toHaveLength(2)
      })
      await server.recreateFolder('desk', name)
      await inside(name, async session => {
        expect(await session.open(name)).toMatchObject({ uidNext: 1, exists: 0 })
      })
    })

    it('probes', async () => {
      const name = await folder(3)
      const probe = await probeImap(server.account('desk', { tls: 'starttls' }), ['INBOX', name, 'Nirgends'])
      expect(probe.capabilities).toContain('UIDPLUS')
      expect(probe.folders).toEqual([
        { name: 'INBOX', exists: true, messages: 0 },
        { name, exists: true, messages: 3 },
        { name: 'Nirgends', exists: false, messages: 0 },
      ])
    })
  })

  describe('fetching', () => {
    it('brings the bytes and the time of arrival as the server has them', async () => {
      const name = await folder()
      const latin1 = Buffer.from(
        'From: a@b.c\r\nSubject: f\xfcr Dich \x80\xff\r\n\r\n\xe4{5}\r\n)\r\n* BYE\r\n',
        'latin1',
      )
      const sent = [latin1, mail({ text: 'ä'.repeat(100_000) }), Buffer.from('no header at all')]
      const receivedAt = '2019-02-03T04:05:06.000Z'
      for (const bytes of sent) await server.deliver('desk', name, bytes, { receivedAt })
      await inside(name, async session => {
        const mails = await all(fetchNew(session, 0))
        expect(uidsOf(mails)).toEqual([1, 2, 3])
        expect(mails.map(({ receivedAt }) => receivedAt)).toEqual([receivedAt, receivedAt, receivedAt])
        for (const [at, bytes] of sent.entries()) expect(mails[at]?.bytes.equals(bytes)).toBe(true)
      })
      expect((await server.list('desk', name)).map(({ flags }) => flags)).toEqual([[], [], []])
    })

    it('gives windows in order and drops what is not above the last UID', async () => {
      const name = await folder(7)
      await inside(name, async session => {
        const windows: number[][] = []
        for await (const window of fetchNew(session, 2, { window: 2 })) windows.push(uidsOf(window))
        expect(windows).toEqual([[3, 4], [5, 6], [7]])
        // RFC 3501 §6.4.8: "8:*" names mail 7.
        expect(await all(fetchNew(session, 7))).toEqual([])
        expect(await all(fetchNew(session, 1000))).toEqual([])
      })
    })

    it('finds nothing in an empty folder', async () => {
      await inside(await folder(), async session => {
        expect(await all(fetchNew(session, 0))).toEqual([])
      })
    })

    it('sees what is there when asked, not what comes while the caller works', async () => {
      const name = await folder(4)
      await inside(name, async session => {
        const seen: number[] = []
        for await (const window of fetchNew(session, 0, { window: 2 })) {
          if (seen.length === 0) await server.deliver('desk', name, mail())
          seen.push(...uidsOf(window))
        }
        expect(seen).toEqual([1, 2, 3, 4])
        expect(uidsOf(await all(fetchNew(session, 4)))).toEqual([5])
        await server.deliver('desk', name, mail())
        expect(uidsOf(await all(fetchNew(session, 5)))).toEqual([6])
      })
    })

    it('fetches the next window meanwhile, unless a mail as large as a window is in one of the two', async () => {
      const name = await folder(4)
      await inside(name, async (session, wire) => {
        const listed = (await session.list()).map(mail => ({ ...mail, size: mail.uid === 2 ? 20_000_000 : mail.size }))
        const before = wire.sent('UID FETCH').length
        const expected = [1, 2, 4, 4]
        for await (const _ of session.fetch(listed, { window: 1 })) {
          const asked = expected.shift()
          // By then a command too many would have come as well.
          await server.list('desk', name)
          await eventually(() => expect(wire.sent('UID FETCH').length - before).toBe(asked))
        }
        expect(expected).toEqual([])
      })
    })

    it('needs no command for a hole between UIDs', async () => {
      const name = await folder(40)
      const gone = Array.from({ length: 38 }, (_, at) => at + 2)
      await server.expunge('desk', name, gone)
      await inside(name, async (session, wire) => {
        expect(uidsOf(await all(fetchNew(session, 0, { window: 5 })))).toEqual([1, 40])
        expect(wire.sent('UID FETCH')).toHaveLength(2)
      })
    })

    it('needs few commands for a backlog', async () => {
      const name = await folder(120)
      await inside(name, async (session, wire) => {
        for await (const window of fetchNew(session, 0)) await session.mark(uidsOf(window), 'seen')
        expect(wire.sent()).toHaveLength(1 + 3 + 3)
      })
      expect((await server.list('desk', name)).every(({ flags }) => flags.includes('\\Seen'))).toBe(true)
    })

    it('fetches the next window while the caller works on this one', async () => {
      const name = await folder(6)
      await inside(name, async (session, wire) => {
        const windows = fetchNew(session, 0, { window: 2 })[Symbol.asyncIterator]()
        await windows.next()
        await eventually(() => wire.sent('UID FETCH 3:4').length === 1)
        expect(wire.sent('UID FETCH 5:6')).toEqual([])
        await windows.return?.()
        // Left in the middle, with a prefetch on its way: the session goes on.
        expect(uidsOf(await all(fetchNew(session, 4)))).toEqual([5, 6])
      })
    })

    it('leaves out mails that vanish on the way, and only those', async () => {
      const name = await folder(12)
      await inside(name, async session => {
        const windows: number[][] = []
        for await (const window of fetchNew(session, 0, { window: 3 })) {
          if (windows.length === 0) await server.expunge('desk', name, [5, 7, 8, 9, 11])
          windows.push(uidsOf(window))
          await session.mark(uidsOf(window), 'seen')
        }
        // The second window was on its way already; of the third nothing is left.
        expect(windows.flat().filter(uid => uid !== 5)).toEqual([1, 2, 3, 4, 6, 10, 12])
        expect(windows.every(window => window.length > 0)).toBe(true)
      })
    })

    it('ends a window where the mails become large', async () => {
      const name = await folder()
      const large = mail({ attachments: [{ filename: 'x.bin', content: Buffer.alloc(4_500_000, 7) }] })
      for (let at = 0; at < 5; at++) await server.deliver('desk', name, large)
      await inside(name, async session => {
        const windows: number[][] = []
        for await (const window of fetchNew(session, 0)) windows.push(uidsOf(window))
        expect(windows).toEqual([[1, 2], [3, 4], [5]])
      })
    })

    it('marks many mails as seen, whether they are there or not', async () => {
      const name = await folder(5)
      await inside(name, async (session, wire) => {
        await session.mark([], 'seen')
        expect(wire.sent()).toEqual([])
        await session.mark([5, 3, 1, ...Array.from({ length: 2000 }, (_, at) => 10 + 2 * at)], 'seen')
        expect(wire.sent('UID STORE 1,3,5,10,')).toHaveLength(1)
        expect(Math.max(...wire.sent().map(({ length }) => length))).toBeLessThan(8192)
      })
      const seen = (await server.list('desk', name)).filter(({ flags }) => flags.includes('\\Seen'))
      expect(seen.map(({ uid }) => uid)).toEqual([1, 3, 5])
    })

    // Dovecot carries none of the mails then, and imapflow takes its NO for an OK.
    describe.each([
      ['MOVE', []],
      ['COPY, and expunges by UID', ['MOVE']],
      ['COPY, and marks as deleted', ['MOVE', 'UIDPLUS']],
    ])('moves with %s', (_, without) => {
      let other: DovecotServer
      beforeAll(async () => {
        other = await startDovecot({ without })
      })
      afterAll(() => other.stop())

      it.each([1, 2])('what is left when others remove mails just before, %i times', async times => {
        const [name, done] = [`Taken ${times}`, `Done ${times}`]
        for (const folder of [name, done]) await other.createFolder('desk', folder)
        for (let at = 1; at <= 6; at++) await other.deliver('desk', name, mail({ subject: `mail ${at}` }))
        const goes = [2, 5].slice(0, times)
        const removed = [...goes]
        await using tap = await tapImap(other.account('desk'), async command => {
          const uid = /^UID (MOVE|COPY) /.test(command) ? goes.shift() : undefined
          if (uid !== undefined) await other.expunge('desk', name, [uid])
        })
        await inside(
          name,
          async session => {
            await session.move([1, 2, 3, 4, 5], done)
          },
          tap.account,
        )
        expect(goes).toEqual([])
        const left = (await other.list('desk', name)).filter(({ flags }) => !flags.includes('\\Deleted'))
        expect(left.map(({ uid }) => uid)).toEqual([6])
        expect(await other.list('desk', done)).toHaveLength(5 - removed.length)
      })
    })

    it('says so when a server leaves mails where they are', async () => {
      const name = await folder(3)
      const done = await folder()
      let next = 1
      await using tap = await tapImap(server.account('desk'), async command => {
        if (command.startsWith('UID MOVE')) await server.expunge('desk', name, [next++])
      })
      await server.deliver('desk', name, mail())
      await inside(
        name,
        async session => {
          expect((await failure(session.move([1, 2, 3, 4], done))).message).toContain('left mails where they were')
        },
        tap.account,
      )
      expect((await server.list('desk', name)).map(({ uid }) => uid)).toEqual([4])
    })
  })

  describe('waiting', () => {
    it('wakes within two seconds of a delivery', async () => {
      const name = await folder(1)
      await inside(name, async (session, wire) => {
        for (const uid of [2, 3]) {
          const waiting = session.waitForChange(never, 10_000, 10_000)
          await eventually(() => wire.lines.some(line => line.imap === '+ idling'))
          const delivered = performance.now()
          await server.deliver('desk', name, mail())
          expect(await waiting).toBe('changed')
          expect(performance.now() - delivered).toBeLessThan(2000)
          expect(uidsOf(await all(fetchNew(session, uid - 1)))).toEqual([uid])
          wire.lines.length = 0
        }
      })
    })

    it('forgets nothing that happens between looking and waiting', async () => {
      const name = await folder(3)
      await inside(name, async session => {
        for await (const window of fetchNew(session, 0)) {
          await server.deliver('desk', name, mail())
          await session.mark(uidsOf(window), 'seen')
        }
        expect(await within(100, 'the news that came with STORE', session.waitForChange(never, 9000, 9000))).toBe(
          'changed',
        )
        expect(uidsOf(await all(fetchNew(session, 3)))).toEqual([4])
        await server.deliver('desk', name, mail())
        expect(await within(2000, 'the news before IDLE', session.waitForChange(never, 9000, 9000))).toBe('changed')
      })
    })

    it('ends with the time, again and again, and still hears of news', async () => {
      const name = await folder(1)
      await inside(name, async (session, wire) => {
        for (let at = 0; at < 3; at++) expect(await session.waitForChange(never, 50, 10_000)).toBe('time')
        expect(wire.sent('IDLE')).toHaveLength(1)
        expect(uidsOf(await all(fetchNew(session, 0)))).toEqual([1])
        const waiting = session.waitForChange(never, 9000, 10_000)
        await server.deliver('desk', name, mail())
        expect(await waiting).toBe('changed')
      })
    })

    it('ends when the signal aborts', async () => {
      await inside(await folder(), async session => {
        const stop = new AbortController()
        const waiting = session.waitForChange(stop.signal, 60_000, 10_000)
        setTimeout(() => stop.abort(), 50)
        expect(await within(1000, 'abort', waiting)).toBe('aborted')
        expect(await session.waitForChange(stop.signal, 60_000, 10_000)).toBe('aborted')
      })
    })

    it('notices, at the latest when the folder is opened again, that it is another one', async () => {
      const name = await folder(3)
      const { uidValidity } = await stateOf(name)
      for (const change of [server.changeUidValidity, server.recreateFolder]) {
        await inside(name, async session => {
          const waiting = session.waitForChange(never, 1000, 1000).catch((error: unknown) => error)
          await change('desk', name)
          // Dovecot hangs up, says "NO Internal error" or nothing at all, as it comes.
          const outcome = await waiting
          if (outcome instanceof DeskError) expect(outcome.temporary).toBe(true)
          else expect((await session.open(name)).uidValidity).not.toBe(uidValidity)
        })
        expect((await stateOf(name)).uidValidity).not.toBe(uidValidity)
      }
    })
  })
})
