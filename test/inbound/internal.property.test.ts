/*
 * Over generated threads (answers, notes, forwards, quotations of every mail program, commands in every place) nothing that
 * is for agents alone is in any mail to somebody else or a file of it: no note, no fact of a notification, no address of an agent.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAttachment } from '../../src/inbound/parse.ts'
import { MINUTE } from '../../src/instant.ts'
import { compose } from '../../src/outbound/compose.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import { meeting, SHAPES, type Shape, shaped } from '../support/client-shapes.ts'
import type { TestAttachment } from '../support/mail.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'

const ANA = 'Ana Pop <ana@example.org>'
const BEN = 'Ben Roe <ben@example.org>'
const JANE = 'Jane Doe <jane@example.org>'
const EVE = 'Eve <eve@other.example>'

type Step = {
  readonly who: 'ana' | 'ben' | 'jane' | 'eve'
  readonly what: 'answer' | 'note' | 'note-line' | 'solve' | 'unknown' | 'late-command' | 'forward' | 'follow'
  readonly shape: Shape
  /** Which of the mails they have, from the newest. */
  readonly answers: number
  readonly cc: 'nobody' | 'jane' | 'eve'
  readonly with: keyof typeof WITH
}

/** What goes along with the words. */
const WITH = {
  nothing: () => [],
  meeting: (words: string, to: OutboxMail) => [meeting(words, to.mail)],
  page: (_: string, to: OutboxMail) => [
    { filename: 'saved.html', contentType: 'text/html', content: to.mail.html ?? '' },
  ],
  text: (_: string, to: OutboxMail) => [{ filename: 'saved.log', content: to.mail.text }],
  form: () => [{ filename: 'form.txt', content: 'A form.' }],
} as const satisfies Record<string, (words: string, to: OutboxMail) => readonly TestAttachment[]>

const steps = fc.array(
  fc.record<Step>({
    who: fc.constantFrom('ana', 'ben', 'ana', 'ben', 'jane', 'eve'),
    what: fc.constantFrom('answer', 'note', 'note-line', 'solve', 'unknown', 'late-command', 'forward', 'follow'),
    shape: fc.constantFrom(...SHAPES),
    answers: fc.nat(3),
    cc: fc.constantFrom('nobody', 'nobody', 'nobody', 'jane', 'eve'),
    with: fc.constantFrom('nothing', 'nothing', 'nothing', 'meeting', 'form', 'page', 'text'),
  }),
  { minLength: 3, maxLength: 9 },
)

/** Words of a note by which it is known wherever it turns up. */
const secretOf = (at: number) => `the secret number ${at} of this desk that nobody outside of it may ever learn`
const WORDS = {
  answer: (at: number) => `Public words number ${at}.`,
  note: (at: number) => `#note\n${secretOf(at)}`,
  'note-line': (at: number) => `#note ${secretOf(at)}`,
  solve: (at: number) => `#cause a cause\n#solved\nPublic words number ${at}.`,
  unknown: (at: number) => `#notice\n${secretOf(at)}`,
  'late-command': (at: number) => `Public words number ${at}.\n#note`,
  follow: () => '#follow',
  forward: (at: number) =>
    `#note\n${secretOf(at)}\n\n---------- Forwarded message ---------\nFrom: Chief <chief@example.org>\nDate: Mon, 23 Nov 2026 at 08:00\nSubject: Jane\nTo: ana@example.org\n\n${secretOf(at)}`,
} as const

const FROM = { ana: ANA, ben: BEN, jane: JANE, eve: EVE } as const

async function play(stage: Stage, { who, what, shape, answers, cc, with: files }: Step, at: number): Promise<void> {
  const mine = (await stage.mailsTo(`${who}@${who === 'eve' ? 'other.example' : 'example.org'}`)).filter(
    ({ state }) => state !== 'withdrawn',
  )
  const to: OutboxMail | undefined = mine.at(-1 - (answers % Math.max(1, mine.length)))
  const isAgent = who === 'ana' || who === 'ben'
  // Colleagues among themselves need no command for it.
  const isGossip = isAgent && what === 'answer' && cc !== 'jane' && to?.mail.text.includes('A note for colleagues:')
  const words = isGossip ? secretOf(at) : isAgent ? WORDS[what](at) : `Public words number ${at}.`
  if (!to) {
    await stage.arrives({ from: FROM[who], subject: 'Re: Printer', text: words, inReplyTo: 'jane-1@example.org' })
    return
  }
  const bytes = shaped(shape, to.mail, FROM[who], words, isAgent ? WITH[files](words, to) : [])
  const copied =
    cc === 'nobody' || !isAgent
      ? bytes
      : Buffer.from(bytes.toString('latin1').replace(/^To: /m, `Cc: ${FROM[cc]}\r\nTo: `), 'latin1')
  await stage.arrives(copied)
  await stage.later(3 * MINUTE)
}

/** The files of a mail as they leave, lines that were folded put together again. */
async function filesOf(stage: Stage, mail: OutboxMail['mail']): Promise<string> {
  const { attachments = [] } = await compose(mail, stage.now(), async ({ rawMail, part }) => {
    const bytes = await stage.store.read.rawBytes(rawMail)
    return bytes && ((await readAttachment(bytes, part))?.content ?? null)
  })
  return attachments.map(({ content }) => String(content).replace(/\r\n /g, '')).join('\n')
}

test('nothing internal ever reaches anybody but agents', async () => {
  let public_ = 0
  let withFiles = 0
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), async (plan, withAddresses) => {
      await using stage = await openStage(withAddresses ? withSubaddresses() : {})
      await stage.arrives({
        from: JANE,
        subject: 'Printer',
        text: 'The printer smokes.',
        messageId: 'jane-1@example.org',
      })
      for (const [at, step] of plan.entries()) await play(stage, step, at)
      const all = await stage.store.read.outbox({ limit: 500 })
      for (const { kind, mail } of all) {
        const receivers = [...mail.to, ...mail.cc].map(({ address }) => address)
        if (kind === 'notification' || kind === 'receipt') {
          expect(receivers).toHaveLength(1)
          expect(['ana@example.org', 'ben@example.org', 'ben@home.example']).toContain(receivers[0])
          continue
        }
        const text = JSON.stringify(mail) + (await filesOf(stage, mail))
        expect(text).not.toMatch(/secret number|for agents only|│/)
        expect(text).not.toMatch(/\d+\.[0-9a-z]{5,6}\.[a-z2-7]{26}/)
        const ids = new Set(
          all.flatMap(one => (one.kind === 'notification' || one.kind === 'receipt' ? [one.mail.messageId] : [])),
        )
        expect([mail.inReplyTo, ...mail.references].filter(id => id !== null && ids.has(id))).toEqual([])
        public_ += kind === 'answer' ? 1 : 0
        withFiles += mail.attachments.length
      }
    }),
    { numRuns: 50 },
  )
  // The desk is not silent for it.
  expect(public_).toBeGreaterThan(20)
  expect(withFiles).toBeGreaterThan(5)
}, 120_000)
