/*
 * Replies to our notifications as mail programs write them: commands are read right, and the words go out exactly.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OutboxMail } from '../../src/store/outbox.ts'
import { SHAPES, shaped } from '../support/client-shapes.ts'
import { asDelivered, isInstalled, MAIL_CLIENTS, replyWith } from '../support/mail-clients.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'
import { HABITS, startThunderbird, type Thunderbird, thunderbirdAvailable } from '../support/thunderbird.ts'

const ANA = 'Ana Pop <ana@example.org>'
const LONG = `Bună Jane,

cablul era desprins; l-am fixat la loc și am verificat împreună cu Mihai.

1. Reporniți imprimanta.
2. Încercați din nou până la ora 16.

Vă mulțumesc pentru răbdare`

const PARAGRAPH =
  'From now on Mihai looks after the printer on the second floor; he comes by every Tuesday at nine. Until then please use the one in the corridor of the third floor – it prints on both sides as well.'

const CASES = [
  ['an answer', LONG, { answer: LONG, commands: [] }],
  ['a short answer', 'On my way.', { answer: 'On my way.', commands: [] }],
  [
    '#solved with words',
    '#solved\nThe cable was loose, it works again.',
    { answer: 'The cable was loose, it works again.', commands: ['solved'] },
  ],
  ['#solved alone', '#solved', { answer: null, commands: ['solved'] }],
  ['a note', '#note\nShe always pulls that cable.', { answer: null, commands: ['note'] }],
  [
    'several commands',
    '#take\n#priority high\n#tag cable\nI come at three.',
    { answer: 'I come at three.', commands: ['assign ana', 'priority high', 'tag cable'] },
  ],
  [
    'cause and fix',
    '#cause a loose cable\n#fix plugged in again\n#solved',
    { answer: null, commands: ['cause a loose cable', 'fix plugged in again', 'solved'] },
  ],
  ['a long paragraph', PARAGRAPH, { answer: PARAGRAPH, commands: [] }],
  ['no command', '#sovled\nIt works again.', { answer: null, commands: [] }],
] as const

async function told(stage: Stage): Promise<OutboxMail> {
  await stage.arrives({
    from: 'Jane Doe <jane@example.org>',
    subject: 'Printer',
    text: 'Hello,\n\nthe printer on the second floor prints nothing.\n\nJane',
  })
  await stage.arrives({
    from: 'Ben Roe <ben@example.org>',
    to: (await stage.lastTo('ben@example.org')).mail.replyTo ?? '',
    text: '#note\nHer manager wants it done by noon, whatever it costs us.',
    subject: 'Re: Printer',
  })
  return stage.lastTo('ana@example.org')
}

async function outcome(stage: Stage) {
  const outbox = (await stage.store.read.outbox({ ticket: 1001, limit: 100 })).reverse()
  const answer = outbox.find(({ kind }) => kind === 'answer')?.mail.text
  const commanded = (await stage.store.read.events(1001)).findLast(
    ({ kind, actor }) => kind === 'commanded' && actor === 'agent:ana',
  )
  return {
    answer: answer?.trimEnd() ?? null,
    commands: commanded?.data['commands'] ?? [],
    fault: commanded?.data['fault'] ?? null,
  }
}

type Expected = { readonly answer: string | null; readonly commands: readonly string[] }

const check = (stage: Stage, name: string, { answer, commands }: Expected) =>
  outcome(stage).then(({ fault, ...found }) => {
    expect(found).toEqual({ answer, commands })
    expect(fault === null).toBe(name !== 'no command')
  })

describe.each(SHAPES)('a reply in the shape of $name', shape => {
  test.each(CASES)('%s', async (name, words, expected) => {
    await using stage = await openStage(withSubaddresses({ closing: false }))
    await stage.arrives(shaped(shape, (await told(stage)).mail, ANA, words))
    await check(stage, name, expected)
  })
})

const required = process.env['POSTDESK_REQUIRE_CLIENTS'] === '1'

for (const client of MAIL_CLIENTS) {
  const name = `a reply by ${client.name}`
  // They are not part of a developer's machine: apt-get install mutt neomutt s-nail.
  describe.skipIf(!required && !isInstalled(client))(
    isInstalled(client) ? name : `${name} (needs ${client.program}, which is not installed)`,
    () => {
      test.each(CASES)('%s', async (name, words, expected) => {
        await using stage = await openStage(withSubaddresses({ closing: false }))
        const notification = await told(stage)
        await stage.arrives(await replyWith(client, notification.mail, words))
        await check(stage, name, expected)
      })
    },
  )
}

// apt-get install thunderbird
const thunderbird = `a reply by Thunderbird${thunderbirdAvailable() ? '' : ' (which is not installed)'}`
describe.skipIf(!required && !thunderbirdAvailable())(thunderbird, () => {
  let program: Thunderbird | undefined
  beforeAll(async () => {
    program = await startThunderbird()
  }, 120_000)
  afterAll(() => program?.[Symbol.asyncDispose]())

  describe.each(HABITS)('$name', habit => {
    const parted = (text: string) => (habit.paragraphs ? text.replace(/\n+/g, '\n\n') : text)
    test.each(CASES)('%s', async (name, words, { answer, commands }) => {
      await using stage = await openStage(withSubaddresses({ closing: false }))
      const notification = await asDelivered((await told(stage)).mail)
      await stage.arrives((await program?.reply(notification, parted(words), habit)) ?? Buffer.of())
      await check(stage, name, { answer: answer && parted(answer), commands })
    })
  })
})
