/*
 * What a mail program wraps around an agent's mail, and what an agent attaches: nothing of it carries to the requester what is
 * for agents alone, and files and invitations of the agent arrive.
 */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { readAttachment } from '../../src/inbound/parse.ts'
import { compose } from '../../src/outbound/compose.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import { ANA, smoke } from '../support/agents.ts'
import { meeting, SHAPES, shaped } from '../support/client-shapes.ts'
import type { TestAttachment } from '../support/mail.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'

const INTERNAL = /for agents only|│|\.[0-9a-z]{5,6}\.[a-z2-7]{26}/

/** The files of the newest answer, as they leave. */
async function filesSent(stage: Stage): Promise<{ filename: unknown; text: string }[]> {
  const { kind, mail } = await stage.lastTo('jane@example.org')
  expect(kind).toBe('answer')
  const { attachments = [] } = await compose(mail, stage.now(), async ({ rawMail, part }) => {
    const bytes = await stage.store.read.rawBytes(rawMail)
    return bytes && ((await readAttachment(bytes, part))?.content ?? null)
  })
  return attachments.map(({ filename, content }) => ({ filename, text: String(content) }))
}
const sent = async (stage: Stage) => (await stage.mailsTo('jane@example.org')).map(({ kind }) => kind)
const opaque = SHAPES.find(({ signed }) => signed === 'opaque')

test('a mail within its signature: the words go, and what they were wrapped in does not', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  if (!opaque) throw new Error('no such shape')
  await stage.arrives(shaped(opaque, told.mail, ANA, 'Pull the plug.', [{ filename: 'how.txt', content: 'Pull.' }]))
  expect((await stage.lastTo('jane@example.org')).mail.text).toBe('Pull the plug.\n')
  expect(await filesSent(stage)).toEqual([{ filename: 'how.txt', text: 'Pull.' }])
})

test('commands alone, within their signature, send nothing', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  if (!opaque) throw new Error('no such shape')
  await stage.arrives(shaped(opaque, told.mail, ANA, '#take'))
  expect(await sent(stage)).toEqual(['acknowledgement'])
  expect((await stage.store.read.ticket(1001))?.assignee).toBe('ana')
})

test('a winmail.dat: its files go, and it does not', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  const bytes = await readFile(new URL('../fixtures/mail/winmail.eml', import.meta.url))
  const content = (await readAttachment(bytes, 0))?.content ?? ''
  for (const contentType of ['application/ms-tnef', 'application/octet-stream']) {
    await stage.replies(told, ANA, 'See the list.', {
      attachments: [{ filename: 'winmail.dat', contentType, content }],
    })
    const names = (await filesSent(stage)).map(({ filename }) => filename)
    expect(names.length).toBeGreaterThan(0)
    expect(names).not.toContain('winmail.dat')
  }
})

test('an encrypted mail: nobody can read it, and the agent is told', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  const boundary = 'sealed'
  const body = [
    ...[`--${boundary}`, 'Content-Type: application/pgp-encrypted', '', 'Version: 1', ''],
    ...[`--${boundary}`, 'Content-Type: application/octet-stream; name="encrypted.asc"', ''],
    ...['-----BEGIN PGP MESSAGE-----', '', 'hQEMA', '-----END PGP MESSAGE-----', '', `--${boundary}--`, ''],
  ]
  const header = [
    ...[
      `From: ${ANA}`,
      `To: ${told.mail.replyTo}`,
      'Subject: ...',
      'Message-ID: <sealed@example.org>',
      'MIME-Version: 1.0',
    ],
    `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="${boundary}"`,
  ]
  await stage.arrives(Buffer.from([...header, '', ...body].join('\r\n')))
  expect(await sent(stage)).toEqual(['acknowledgement'])
  const receipt = await stage.lastTo('ana@example.org')
  expect(receipt.kind).toBe('receipt')
  expect(receipt.mail.text).toContain('the mail is encrypted')
})

test('an invitation in answer to a notification: the agent’s words, and no address of theirs', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  await stage.replies(told, ANA, 'I come and look.', { attachments: [meeting('I come, and look.', told.mail)] })
  const [invitation] = await filesSent(stage)
  expect(invitation?.filename).toBe('invite.ics')
  expect(invitation?.text).not.toMatch(INTERNAL)
  const lines = (invitation?.text ?? '').replace(/\r\n /g, '').split('\r\n')
  expect(lines).toContain('ATTENDEE;CN="Jane Doe via IT Help";RSVP=TRUE:mailto:it@example.org')
  expect(lines).toContain('DESCRIPTION;LANGUAGE=en-GB:I come\\, and look.')
  expect(lines).toContain('ORGANIZER;CN=Ana Pop:mailto:ana@example.org')
  for (const line of (invitation?.text ?? '').split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
})

test('an invitation without anything of ours goes as it is, to the byte', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  const content =
    'BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nDESCRIPTION:See you\\, Jane.\\n\\n│ Name │ Room │\nEND:VEVENT\nEND:VCALENDAR\n'
  await stage.replies(told, ANA, 'At ten.', { attachments: [{ contentType: 'text/calendar', content }] })
  expect(await filesSent(stage)).toEqual([{ filename: 'invite.ics', text: content }])
})

const page = (text: string) => `<html><body><p>${text.replaceAll('\n', '<br>\n')}</p></body></html>`
const facts = (text: string) => text.slice(text.indexOf('│'))

test.each<[string, (told: OutboxMail) => TestAttachment]>([
  ['a page', ({ mail }) => ({ filename: 'mail.html', contentType: 'text/html', content: page(mail.text) })],
  ['a page that was told of as something else', ({ mail }) => ({ filename: 'mail', content: mail.html ?? '' })],
  ['a text', ({ mail }) => ({ filename: 'mail.txt', contentType: 'text/plain', content: mail.text })],
  ['its facts alone', ({ mail }) => ({ filename: 'facts.txt', content: facts(mail.text).split('\n')[0] ?? '' })],
  [
    'an address alone',
    ({ mail }) => ({ filename: 'me.vcf', content: `BEGIN:VCARD\nEMAIL:${mail.replyTo}\nEND:VCARD\n` }),
  ],
  [
    'Unicode of Windows',
    ({ mail }) => ({ filename: 'mail.txt', content: Buffer.from(`\ufeff${mail.text}`, 'utf16le') }),
  ],
  [
    'a long one',
    ({ mail }) => ({ filename: 'log.txt', content: `${'A line of the log.\n'.repeat(250_000)}${mail.text}` }),
  ],
  [
    'an invitation in a place where nobody quotes',
    ({ mail }) => ({
      contentType: 'text/calendar',
      content: `BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nLOCATION:${mail.text.replaceAll('\n', '\\n')}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
    }),
  ],
  [
    'an invitation with a command',
    () => ({
      contentType: 'text/calendar',
      content: 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDESCRIPTION:#note\\nShe lies.\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n',
    }),
  ],
])('a file that holds what is for agents alone stays here: %s', async (_what, attached) => {
  await using stage = await openStage(withSubaddresses())
  const told = await smoke(stage)
  await stage.replies(told, ANA, 'See the file.', { attachments: [attached(told)] })
  expect(await sent(stage)).toEqual(['acknowledgement'])
  const receipt = await stage.lastTo('ana@example.org')
  expect(receipt.mail.text).toMatch(/Nothing was sent.*for colleagues alone/)
  // Colleagues may have it.
  await stage.replies(told, ANA, '#note See the file.', { attachments: [attached(told)] })
  expect((await stage.store.read.messages(1001)).at(-1)).toMatchObject({ direction: 'note', newText: 'See the file.' })
})

test.each([
  ['a tree', '.\n│\u00a0\u00a0 ├── src\n│   └── a.ts\n'],
  ['a table', '│ Name │ Room │\n│ Jane │ 4    │\n'],
  ['numbers', '1.23456.7\n10.0.0.1\nv1.2.3-abcdefabcdefabcdefabcdefabcdef\n'],
])('a file that only looks like it goes: %s', async (_what, content) => {
  await using stage = await openStage(withSubaddresses())
  await stage.replies(await smoke(stage), ANA, 'See the file.', { attachments: [{ filename: 'a.txt', content }] })
  expect(await filesSent(stage)).toEqual([{ filename: 'a.txt', text: content }])
})
