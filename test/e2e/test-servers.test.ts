/*
 * The servers the tests lean on do what they say, and leave nothing behind.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { simpleParser } from 'mailparser'
import { createTransport } from 'nodemailer'
import { describe, expect, it } from 'vitest'
import { startDovecot } from '../support/dovecot.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { mail } from '../support/mail.ts'
import type { MailServer } from '../support/mail-server.ts'
import { describeWithDovecot } from '../support/needs-dovecot.ts'
import { startSmtp } from '../support/smtp.ts'
import { eventually, within } from '../support/wait.ts'

/** The Dovecot masters this process has started. */
function dovecots(): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/status`, 'utf8').includes(`PPid:\t${process.pid}\n`) && isDovecot(pid)
    } catch {
      return false
    }
  })
}

const isDovecot = (pid: number) =>
  readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${tmpdir()}/postdesk-dovecot-`)

async function behaves(server: MailServer): Promise<void> {
  const receivedAt = '2021-02-03T04:05:06.000Z'
  expect(await server.deliver('desk', 'INBOX', mail(), { receivedAt })).toBe(1)
  expect(await server.deliver('desk', 'INBOX', mail(), { seen: true })).toBe(2)
  expect(await server.deliver('other', 'INBOX', mail())).toBe(1)
  expect(await server.list('desk', 'INBOX')).toEqual([
    { uid: 1, flags: [], receivedAt },
    { uid: 2, flags: ['\\Seen'], receivedAt: expect.stringMatching(/^20\d\d-/) },
  ])
  await server.createFolder('desk', 'Archive')
  expect(await server.list('desk', 'Archive')).toEqual([])
  await server.expunge('desk', 'INBOX', [1])
  await server.changeUidValidity('desk', 'INBOX')
  expect((await server.list('desk', 'INBOX')).map(({ uid }) => uid)).toEqual([2])
  await server.stop()
  await server.stop()
}

describeWithDovecot('Dovecot', () => {
  it('is a mail server, and leaves no process and no folder behind', async () => {
    const server = await startDovecot({ users: ['desk', 'other'] })
    expect(dovecots()).toHaveLength(1)
    await behaves(server)
    expect(dovecots()).toEqual([])
    expect(existsSync(server.home)).toBe(false)
  })

  it('can be killed and started again, even without waiting', async () => {
    const server = await startDovecot()
    await server.deliver('desk', 'INBOX', mail())
    void server.kill()
    await server.restart()
    expect(dovecots()).toHaveLength(1)
    expect(await server.list('desk', 'INBOX')).toHaveLength(1)
    server.freeze()
    await server.stop()
    expect(dovecots()).toEqual([])
  })

  it('shows its log when it cannot start', async () => {
    await expect(startDovecot({ config: 'no_such_setting = 1' })).rejects.toThrow(/no_such_setting/)
    expect(dovecots()).toEqual([])
  })
})

describe('Hoodiecrow', () => {
  it('is a mail server', async () => {
    await behaves(await startHoodiecrow({ users: ['desk', 'other'] }))
  })
})

describe('the SMTP server', () => {
  const client = (port: number, more = {}) =>
    createTransport({ host: '127.0.0.1', port, ignoreTLS: true, logger: false, ...more })
  const letter = (to = 'b@example.org') => ({
    envelope: { from: 'a@example.org', to: [to] },
    raw: mail({ text: '.\n..\nend' }),
  })

  it('keeps what it accepts, byte by byte, and fails as it is told', async () => {
    await using smtp = await startSmtp()
    const transport = client(smtp.port)
    const first = letter()
    await transport.sendMail(first)
    const [kept] = await smtp.waitFor(1)
    expect(kept?.envelope).toEqual({ from: 'a@example.org', to: ['b@example.org'] })
    expect(kept?.bytes.toString().trimEnd()).toBe(first.raw.toString().trimEnd())

    smtp.next('temporary', 'permanent', { code: 452, text: 'Disk full' }, 'drop', 'lost-answer', { delayMs: 50 })
    await expect(transport.sendMail(letter())).rejects.toMatchObject({ responseCode: 451 })
    await expect(transport.sendMail(letter())).rejects.toMatchObject({ responseCode: 550 })
    await expect(transport.sendMail(letter())).rejects.toThrow(/Disk full/)
    await expect(within(2000, 'drop', transport.sendMail(letter()))).rejects.toThrow(/closed|reset|EPIPE/i)
    expect(smtp.mails).toHaveLength(1)
    await expect(within(2000, 'lost answer', transport.sendMail(letter()))).rejects.toThrow(/closed|reset|EPIPE/i)
    expect(smtp.mails).toHaveLength(2)
    const began = performance.now()
    await transport.sendMail(letter('late@example.org'))
    expect(performance.now() - began).toBeGreaterThanOrEqual(45)
    expect(await smtp.waitFor(({ envelope }) => envelope.to.includes('late@example.org'))).toHaveLength(1)
    expect(smtp.counts.attempts).toBe(7)
    await expect(smtp.waitFor(9, 50)).rejects.toThrow('3 mails accepted, 7 attempts')
  })

  it('refuses recipients, goes offline and comes back', async () => {
    await using smtp = await startSmtp()
    const transport = client(smtp.port)
    smtp.refuse('Gone@example.org', 550)
    await expect(transport.sendMail(letter('gone@example.org'))).rejects.toMatchObject({ responseCode: 550 })
    smtp.otherwise('temporary')
    await expect(transport.sendMail(letter())).rejects.toMatchObject({ responseCode: 451 })
    smtp.otherwise('accept')
    await smtp.offline()
    await expect(transport.sendMail(letter())).rejects.toMatchObject({ code: 'ESOCKET' })
    await smtp.online()
    await transport.sendMail(letter())
    expect(await smtp.waitFor(1)).toHaveLength(1)
  })

  it('wants a login when it has one', async () => {
    await using smtp = await startSmtp({ auth: { user: 'desk', password: 'right' } })
    await expect(client(smtp.port).sendMail(letter())).rejects.toMatchObject({ responseCode: 530 })
    const wrong = client(smtp.port, { auth: { user: 'desk', pass: 'wrong' } })
    await expect(wrong.sendMail(letter())).rejects.toMatchObject({ code: 'EAUTH' })
    await client(smtp.port, { auth: { user: 'desk', pass: 'right' } }).sendMail(letter())
    expect(smtp.mails).toHaveLength(1)
  })

  it('lets go of clients that stay connected', async () => {
    const smtp = await startSmtp()
    const transport = client(smtp.port, { pool: true })
    await transport.sendMail(letter())
    await within(1000, 'stop', smtp.stop())
    transport.close()
  })
})

describe('mail()', () => {
  it('writes what a parser reads back', async () => {
    const bytes = mail({
      from: 'Ștefan Müller <stefan@example.org>',
      to: ['"Desk, IT" <it@example.com>', 'hr@example.com'],
      cc: 'c@example.org',
      replyTo: 'r@example.org',
      subject: `Grüße ${'lang 🙂 '.repeat(20)}`.trim(),
      text: `Zeile mit Leerzeichen am Ende \n=3D ${'ü'.repeat(200)}\n.\nFrom here`,
      html: '<p>Hallo &amp; tschüs</p>',
      messageId: 'one@example.org',
      inReplyTo: 'zero@example.org',
      references: ['minus@example.org', 'zero@example.org'],
      date: '2026-01-02T03:04:05Z',
      headers: { 'X-Mailer': 'test', Received: ['from a', 'from b'], 'MIME-version': '1.0 (test)' },
      attachments: [
        { filename: 'Übersicht "neu".pdf', contentType: 'application/pdf', content: Buffer.from([0, 255, 13, 10]) },
        { filename: 'logo.png', contentType: 'image/png', content: 'png', inline: true, contentId: 'logo' },
        { contentType: 'message/rfc822', content: mail({ subject: 'inner' }) },
      ],
    })
    expect(bytes.toString('latin1')).not.toMatch(/(?<!\r)\n|\r(?!\n)/)
    expect(
      Math.max(
        ...bytes
          .toString('latin1')
          .split('\r\n')
          .map(({ length }) => length),
      ),
    ).toBeLessThanOrEqual(998)
    const parsed = await simpleParser(bytes)
    expect(parsed.from?.value).toEqual([{ name: 'Ștefan Müller', address: 'stefan@example.org' }])
    expect(
      [parsed.to].flat().flatMap(list => list?.value.map(({ name, address }) => `${name}|${address}`) ?? []),
    ).toEqual(['Desk, IT|it@example.com', '|hr@example.com'])
    expect(parsed).toMatchObject({ messageId: '<one@example.org>', inReplyTo: '<zero@example.org>' })
    expect(parsed.subject).toBe(`Grüße ${'lang 🙂 '.repeat(20)}`.trim())
    expect(parsed.references).toEqual(['<minus@example.org>', '<zero@example.org>'])
    expect(parsed.date?.toISOString()).toBe('2026-01-02T03:04:05.000Z')
    expect(parsed.text).toContain(`Zeile mit Leerzeichen am Ende \n=3D ${'ü'.repeat(200)}\n.\nFrom here`)
    expect(parsed.html).toContain('tschüs')
    expect(parsed.headerLines.filter(({ key }) => key === 'received')).toHaveLength(2)
    expect(parsed.headerLines.filter(({ key }) => key === 'mime-version')).toHaveLength(1)
    const [pdf, logo, inner] = ['application/pdf', 'image/png', 'message/rfc822'].map(type =>
      parsed.attachments.find(({ contentType }) => contentType === type),
    )
    expect(pdf).toMatchObject({ filename: 'Übersicht "neu".pdf', content: Buffer.from([0, 255, 13, 10]) })
    expect(logo).toMatchObject({ contentId: '<logo>', contentDisposition: 'inline' })
    expect(inner?.content.toString()).toContain('Subject: inner')
  })

  it('leaves out what is null', () => {
    const bytes = mail({
      from: null,
      to: null,
      subject: null,
      messageId: null,
      date: null,
      headers: { 'Mime-Version': null },
    })
    expect(bytes.toString().split('\r\n\r\n')[0]).toBe(
      'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit',
    )
    expect(mail({ date: 'yesterday, or so' }).toString()).toContain('\r\nDate: yesterday, or so\r\n')
  })
})

it('eventually() says what it saw last', async () => {
  await expect(eventually(() => expect(1).toBe(2), 30)).rejects.toThrow(/not within 30 ms.*expected 1 to be 2/)
  let calls = 0
  expect(await eventually(() => ++calls > 2 && calls, 1000, 1)).toBe(3)
})
