import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectImap } from '../../src/inbound/imap.ts'
import { type DovecotServer, startDovecot } from '../support/dovecot.ts'
import { failure, quiet, recorder } from '../support/imap-session.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'

describeWithDovecot('IMAP with Dovecot', () => {
  let server: DovecotServer

  beforeAll(async () => {
    server = await startDovecot({ config: 'listen = 127.0.0.1, 127.0.0.2' })
  })
  afterAll(async () => {
    await server.stop()
  })

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
})
