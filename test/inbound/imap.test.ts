import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeskError } from '../../src/errors.ts'
import { connectImap, type ImapAccount, probeImap } from '../../src/inbound/imap.ts'
import type { FetchedMail, Fetching, FolderState, ImapSession } from '../../src/inbound/session.ts'
import { type DovecotServer, startDovecot } from '../support/dovecot.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { tapImap } from '../support/imap-tap.ts'
import { mail } from '../support/mail.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { freePorts } from '../support/ports.ts'
import { scriptedImap } from '../support/scripted-imap.ts'
import { eventually, within } from '../support/wait.ts'

type Line = { readonly src?: string; readonly imap?: string }

/** A logger that keeps everything, at every level. */
function recorder() {
  const lines: Line[] = []
  const keep = (fields: object) => void lines.push(fields)
  const log = { debug: keep, info: keep, warn: keep, error: keep, isLevelEnabled: () => true }
  /** The commands sent, without tags, that begin so. */
  const sent = (start = '') =>
    lines
      .filter(line => line.src === 'c')
      .map(line => (line.imap ?? '').replace(/^\S+ /, ''))
      .filter(command => command.startsWith(start))
  return { log, lines, sent }
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const never = new AbortController().signal

async function failure(promise: Promise<unknown>): Promise<DeskError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof DeskError)) throw new Error('expected a DeskError', { cause: error })
  expect(error.code).toBe('imap')
  return error
}

async function all(windows: AsyncIterable<readonly FetchedMail[]>): Promise<FetchedMail[]> {
  const mails: FetchedMail[] = []
  for await (const window of windows) mails.push(...window)
  return mails
}

async function* fetchNew(session: ImapSession, lastUid: number, how: Fetching = {}) {
  yield* session.fetch(await session.list(lastUid), how)
}

const uidsOf = (mails: readonly FetchedMail[]) => mails.map(({ uid }) => uid)

describeWithDovecot('IMAP with Dovecot', () => {
  let server: DovecotServer
  let folders = 0

  beforeAll(async () => {
    server = await startDovecot({ config: 'listen = 127.0.0.1, 127.0.0.2' })
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

  describe('connecting', () => {
    it.each([['implicit'], ['starttls']] as const)('speaks TLS (%s) and trusts the ca it is given', async tls => {
      const wire = recorder()
      for (const host of ['127.0.0.1', 'localhost']) {
        const account = server.account('desk', { tls, host, verifyCertificate: true, ca: server.ca })
        await using session = await connectImap(account, wire.log)
        expect(session.capabilities).toContain('IDLE')
        expect(await session.open('INBOX')).toMatchObject({ uidValidity: expect.stringMatching(/^\d+$/) })
      }
      const secured = wire.lines.filter(line => /Established (secure TCP|TLS)/.test(line.imap ?? ''))
      expect(secured).toHaveLength(2)
    })

    it.each([['implicit'], ['starttls']] as const)('refuses an unknown certificate (%s)', async tls => {
      const error = await failure(connectImap(server.account('desk', { tls, verifyCertificate: true }), quiet))
      expect(error.temporary).toBe(false)
      expect(error.message).toMatch(/certificate .* is not trusted.*ca \(PEM\)/)
    })

    it.each([['implicit'], ['starttls']] as const)('refuses a certificate for another name (%s)', async tls => {
      const account = server.account('desk', { tls, host: '127.0.0.2', verifyCertificate: true, ca: server.ca })
      const error = await failure(connectImap(account, quiet))
      expect(error).toMatchObject({ temporary: false, message: expect.stringContaining('for another name') })
    })

    it('takes an unknown certificate when told not to verify', async () => {
      await using session = await connectImap(server.account('desk', { tls: 'implicit' }), quiet)
      expect((await session.open('INBOX')).uidNext).toBeGreaterThan(0)
    })

    it('stays in clear text with tls none although STARTTLS is offered', async () => {
      const wire = recorder()
      await using session = await connectImap(server.account('desk'), wire.log)
      expect(wire.lines.some(line => line.src === 's' && line.imap?.includes('STARTTLS'))).toBe(true)
      expect(wire.sent('STARTTLS')).toEqual([])
      expect(session.capabilities).toContain('IMAP4REV1')
    })

    it('calls a wrong password permanent, and shows no password anywhere', async () => {
      const wire = recorder()
      const password = 'wröng-and-secret'
      for (const tls of ['none', 'implicit', 'starttls'] as const) {
        const error = await failure(connectImap(server.account('desk', { tls, password }), wire.log))
        expect(error.temporary).toBe(false)
        expect(error.message).toMatch(/refuses the login of desk.*Check user and password/)
        wire.lines.push({ imap: `${error.stack} ${JSON.stringify(error.fields)} ${String(error.cause)}` })
      }
      await (await connectImap(server.account('desk'), wire.log)).close()
      const everything = JSON.stringify(wire.lines)
      for (const secret of [password, server.account('desk').password]) {
        for (const form of [secret, `\0desk\0${secret}`]) {
          expect(everything).not.toContain(JSON.stringify(form).slice(1, -1))
          expect(everything).not.toContain(Buffer.from(form).toString('base64'))
        }
      }
    })

    it('says which TLS mode to try when the port speaks another one', async () => {
      const { imap, imaps } = server.ports
      const eager = await failure(connectImap(server.account('desk', { tls: 'implicit', port: imap }), quiet))
      expect(eager).toMatchObject({ temporary: false, message: expect.stringContaining("set tls to 'starttls'") })
      const waiting = server.account('desk', { tls: 'starttls', port: imaps, timeoutMs: 300 })
      const silent = await failure(connectImap(waiting, quiet))
      expect(silent).toMatchObject({ temporary: true, message: expect.stringContaining("set tls to 'implicit'") })
    })
  })

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
