/*
 * What an agent's mail program wraps around their words, and what stands where their words would stand: neither is theirs.
 */
import { expect, test } from 'vitest'
import type { Policy } from '../../src/desk/policy.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'

const ANA = 'Ana Pop <ana@example.org>'
const ASKED = '#priority low\n#tag vip\nPlease come at once.'
const PASS = { 'Authentication-Results': 'mx.example.org; dmarc=pass header.from=example.org' }
const OUTLOOK = '________________________________\n'

async function asked(stage: Stage) {
  await stage.arrives({ from: 'Jane Doe <jane@example.org>', subject: 'Printer', text: ASKED })
  return stage.lastTo('ana@example.org')
}

const answersTo = async (stage: Stage, address: string) =>
  (await stage.mailsTo(address)).filter(({ kind }) => kind === 'answer').map(({ mail }) => mail)

/** Outlook sets the old mail below its header, without marks. */
const outlook = (above: string, { mail }: Awaited<ReturnType<typeof asked>>) =>
  `${above}${OUTLOOK}From: ${mail.from.name} <${mail.from.address}>\nSent: Monday, November 23, 2026 10:00 AM\nTo: ${ANA}\nSubject: ${mail.subject}\n\n${mail.text}`

test('what the requester asked is no command of the agent who sends but a file', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await asked(stage)
  const attachments = [{ filename: 'form.pdf', contentType: 'application/pdf', content: 'x' }]
  await stage.replies(told, ANA, '', { text: outlook('\n\n', told), attachments })
  expect(await stage.store.read.ticket(1001)).toMatchObject({ priority: 'normal', tags: [] })
  const answers = await answersTo(stage, 'jane@example.org')
  expect(answers).toHaveLength(1)
  expect(answers[0]?.text).not.toContain('come at once')
  expect(answers[0]?.attachments).toHaveLength(1)
})

test.each([
  ['nothing', '\n\n'],
  ['an advertisement', 'Get Outlook for iOS<https://aka.ms/o0ukef>\n'],
  ['a signature', '\n-- \nAna Pop\n\n'],
])('an old mail below %s is no answer, and the agent is told', async (_, above) => {
  await using stage = await openStage(withSubaddresses())
  const told = await asked(stage)
  await stage.replies(told, ANA, '', { text: outlook(above, told) })
  expect(await answersTo(stage, 'jane@example.org')).toEqual([])
  expect(await stage.store.read.ticket(1001)).toMatchObject({ priority: 'normal', tags: [], firstResponseAt: null })
  const last = await stage.lastTo('ana@example.org')
  expect(last.kind).toBe('receipt')
  expect(last.mail.text).toContain('Nothing was sent')
})

test('one tap works all the same', async () => {
  await using stage = await openStage(withSubaddresses())
  const told = await asked(stage)
  const to = told.mail.replyTo?.replace('@', '.take@') ?? ''
  await stage.replies(told, ANA, '', { to, text: outlook('\n', told) })
  expect(await stage.store.read.ticket(1001)).toMatchObject({ assignee: 'ana', priority: 'normal' })
})

test.each([
  ['', (text: string) => text],
  [', and that their program quotes whole,', (text: string) => text.replace(/^/gm, '> ')],
])('commands in a mail that an agent only forwards%s are not theirs', async (_, written) => {
  const mx: Policy['mx'] = { servIds: new Set(['mx.example.org']), sealers: new Set<string>() }
  await using stage = await openStage({ ...withSubaddresses(), mx })
  const header =
    'From: Jane Doe <jane@example.org>\nDate: Mon, 23 Nov 2026 at 09:00\nSubject: Help\nTo: Ana Pop <ana@example.org>'
  const text = `\n\n${written(`---------- Forwarded message ---------\n${header}\n\n${ASKED}`)}`
  await stage.arrives({ from: ANA, subject: 'Fwd: Help', headers: PASS, text })
  expect(await stage.store.read.ticket(1001)).toMatchObject({
    requester: { address: 'jane@example.org' },
    priority: 'normal',
    tags: [],
  })
  expect((await stage.store.read.messages(1001))[0]?.newText).toBe(ASKED.trim())
})

const SIGNED = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

WORDS
-----BEGIN PGP SIGNATURE-----

iQEzBAEBCAAdFiEE
=abcd
-----END PGP SIGNATURE-----`

test('a note signed in the clear stays a note', async () => {
  await using stage = await openStage(withSubaddresses())
  await stage.replies(await asked(stage), ANA, SIGNED.replace('WORDS', '#note\nShe is lying about the laptop.'))
  expect(await answersTo(stage, 'jane@example.org')).toEqual([])
})

test('an answer signed in the clear goes out in plain words', async () => {
  await using stage = await openStage(withSubaddresses())
  await stage.replies(await asked(stage), ANA, SIGNED.replace('WORDS', 'Try:\n\n- - the cable\n- - the plug'))
  expect((await answersTo(stage, 'jane@example.org')).map(({ text }) => text)).toEqual([
    'Try:\n\n- the cable\n- the plug\n',
  ])
})

test('an answer that tells what somebody wrote goes out whole', async () => {
  await using stage = await openStage(withSubaddresses())
  const words =
    'Hello Jane,\n\nThe manufacturer (support@vendor.example) wrote:\n\nPlease replace the fuser unit.\n\nSo I have ordered one; use the other printer until Monday.'
  await stage.replies(await asked(stage), ANA, words)
  expect((await answersTo(stage, 'jane@example.org')).map(({ text }) => text)).toEqual([`${words}\n`])
})
