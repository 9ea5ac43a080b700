/*
 * A screenshot says what words do not: it reaches agents and requesters, and stands where it was put.
 */
import { createTransport } from 'nodemailer'
import { describe, expect, test } from 'vitest'
import { parseMail, readAttachment } from '../../src/inbound/parse.ts'
import { compose } from '../../src/outbound/compose.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import { ANA, JANE } from '../support/agents.ts'
import { openStage, type Stage, withSubaddresses } from '../support/stage.ts'

const content = (byte: number, size = 20_000) => new Uint8Array(size).fill(byte)
const image = (contentId: string, byte: number, size?: number) => ({
  ...{ filename: 'image001.png', contentType: 'image/png', inline: true, contentId, content: content(byte, size) },
})
/** As Outlook writes it: a mark in the text, the picture in the HTML. */
const outlook = (words: string, ...images: ReturnType<typeof image>[]) => ({
  text: words,
  html: `<p>${words.replace(/\[cid:([^\]]+)\]/g, '<img src="cid:$1">').replaceAll('\n', '<br>')}</p>`,
  attachments: images,
})

/** As it leaves, read again: the words, and of each picture what the HTML shows. */
async function asRead(stage: Stage, { mail }: OutboxMail) {
  const options = await compose(mail, stage.now(), async ({ rawMail, part }) => {
    const bytes = await stage.store.read.rawBytes(rawMail)
    return bytes && ((await readAttachment(bytes, part))?.content ?? null)
  })
  const { message } = await createTransport({ streamTransport: true, buffer: true }).sendMail(options)
  const bytes = message as Buffer
  const read = await parseMail(bytes)
  const shown = [...(read.sourceHtml ?? '').matchAll(/<img src="cid:([^"]+)"/g)].map(match => match[1])
  return {
    text: read.text,
    pictures: await Promise.all(
      shown.map(async cid => {
        const one = read.attachments.find(({ contentId }) => contentId === cid)
        return one?.inline ? (await readAttachment(bytes, one.part))?.content[0] : null
      }),
    ),
    files: read.attachments.filter(({ inline }) => !inline).map(({ filename }) => filename),
  }
}

describe('a picture in the text', () => {
  test('of a requester is shown to agents in its place', async () => {
    await using stage = await openStage()
    const words = 'It says this:\n[cid:a@1]\nand then this:\n[cid:b@1]\nWhat now?'
    await stage.arrives({ from: JANE, subject: 'Printer', ...outlook(words, image('b@1', 2), image('a@1', 1)) })
    const seen = await asRead(stage, await stage.lastTo('ana@example.org'))
    expect(seen).toMatchObject({ pictures: [1, 2], files: [] })
    expect(seen.text).toContain('It says this:\n[image001.png]\nand then this:\n[image001.png]\nWhat now?')
  })

  test('of an agent is shown to the requester in its place, as often as it is sent', async () => {
    await using stage = await openStage(withSubaddresses())
    for (const requester of ['jane', 'joe']) {
      await stage.arrives({ from: `${requester}@example.org`, subject: `Printer of ${requester}`, text: 'How?' })
      const told = await stage.lastTo('ana@example.org')
      await stage.replies(told, ANA, '', outlook('#take\nPress this:\n[cid:how@1]\nGood luck', image('how@1', 7)))
      const answer = await stage.lastTo(`${requester}@example.org`)
      expect(answer.kind).toBe('answer')
      const seen = await asRead(stage, answer)
      expect(seen).toMatchObject({ pictures: [7], files: [] })
      expect(seen.text).toMatch(/^Press this:\n\[image001\.png\]\nGood luck$/m)
    }
  })

  test('is a file where nobody knows its place; what was quoted is none', async () => {
    await using stage = await openStage(withSubaddresses())
    const html = '<p>It says this: <img src="cid:a@1"></p>'
    await stage.arrives({ from: JANE, subject: 'Printer', text: 'It says this:', html, attachments: [image('a@1', 1)] })
    expect(await asRead(stage, await stage.lastTo('ana@example.org'))).toMatchObject({
      pictures: [],
      files: ['image001.png'],
    })
    const again =
      '<p>And now this: <img src="cid:b@1"> <img src="cid:logo@1"></p><blockquote type="cite"><img src="cid:a@1"></blockquote>'
    const attachments = [image('b@1', 2), image('a@1', 1), image('logo@1', 3, 500)]
    await stage.replies(await stage.lastTo('jane@example.org'), JANE, 'And now this:', { html: again, attachments })
    const last = await stage.lastTo('ana@example.org')
    expect(last.mail.attachments).toHaveLength(1)
    expect((await asRead(stage, last)).files).toEqual(['image001.png'])
  })

  test('too large for a mail to agents: its mark stays, and they are told', async () => {
    await using stage = await openStage()
    await stage.arrives({ from: JANE, subject: 'Printer', ...outlook('Look: [cid:a@1]', image('a@1', 1, 16_000_000)) })
    const { mail } = await stage.lastTo('ana@example.org')
    expect(mail.attachments).toEqual([])
    expect(mail.text).toMatch(/Look: \[cid:a@1\]\s+\(An attachment is too large/)
  })
})
