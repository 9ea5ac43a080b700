/*
 * What is for agents alone, in answers that would carry it out.
 */
import { describe, expect, test } from 'vitest'
import { ANA, answers, BEN, smoke } from '../support/agents.ts'
import { openStage, withSubaddresses } from '../support/stage.ts'

describe('what is internal stays inside', () => {
  test('in whatever way a mail program quotes', async () => {
    for (const quote of [
      (text: string) => text,
      (text: string) =>
        text
          .split('\n')
          .map(line => `| ${line}`)
          .join('\n'),
      (text: string) => text.replaceAll('\n', ' '),
    ]) {
      await using stage = await openStage(withSubaddresses())
      const told = await smoke(stage)
      await stage.replies(
        told,
        ANA,
        '#note\nShe is difficult, and her manager asked us to go slow on everything she wants.',
      )
      await stage.replies(await stage.lastTo('ben@example.org'), BEN, '#follow')
      await stage.replies(told, ANA, '#note\nRemember that her manager asked us to go slow on everything she wants.')
      const note = await stage.lastTo('ben@example.org')
      expect(note.mail.text).toContain('go slow')
      await stage.arrives({
        from: BEN,
        to: note.mail.replyTo ?? '',
        subject: 'Re: Printer',
        text: `We come tomorrow.\n\n${quote(note.mail.text)}`,
      })
      for (const { mail } of await stage.mailsTo('jane@example.org')) {
        expect(mail.text).not.toMatch(/go slow|difficult|for agents only|│/)
        expect(JSON.stringify(mail)).not.toMatch(/\d+\.[0-9a-z]{5,6}\.[a-z2-7]{26}/)
      }
    }
  })
  test('and a mail of ours that is attached to the answer', async () => {
    for (const file of [
      { contentType: 'message/rfc822' },
      { filename: 'Printer.eml', contentType: 'application/octet-stream' },
    ]) {
      await using stage = await openStage(withSubaddresses())
      const told = await smoke(stage)
      const content = `Subject: Printer\r\n\r\n${told.mail.text}`
      await stage.replies(told, ANA, 'See the mail.', { attachments: [{ ...file, content }] })
      expect(await answers(stage)).toEqual([])
      expect((await stage.lastTo('ana@example.org')).mail.text).toContain('a whole mail is attached')
      // For colleagues it may be.
      await stage.replies(told, ANA, '#note See the mail.', { attachments: [{ ...file, content }] })
      expect((await stage.store.read.messages(1001)).at(-1)).toMatchObject({
        direction: 'note',
        newText: 'See the mail.',
      })
    }
  })
  test('and an answer that holds a note’s words is held back, with the reason', async () => {
    await using stage = await openStage(withSubaddresses())
    const told = await smoke(stage)
    const secret = 'the merger with Acme is announced on Friday and she must not know it'
    await stage.replies(told, ANA, `#note\n${secret}`)
    await stage.replies(told, ANA, `Hello Jane,\n\nas you know, ${secret}.`)
    expect(await answers(stage)).toEqual([])
    expect((await stage.lastTo('ana@example.org')).mail.text).toContain('colleagues alone')
  })
})
