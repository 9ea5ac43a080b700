import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { htmlToText } from '../../src/mail/html-text.ts'
import { extractNewText } from '../../src/mail/new-text.ts'
import { ANSWERS, type Language } from '../fixtures/new-text/programs.ts'

/*
 * What people write and programs write too: pasted headers, words of parting, strokes, quote marks of a shell. Above the old mail
 * as each program sets it, not a line of it may be lost.
 */

const LANGUAGES = JSON.parse(
  readFileSync(new URL('../fixtures/new-text/languages.json', import.meta.url), 'utf8'),
) as Record<string, Language>

const TRICKY: readonly (readonly string[])[] = [
  ['The error says:', 'From: SMTP server', 'Subject: could not deliver', 'and nothing else.'],
  ['*From:* the shop', '*To:* me', 'order 4711 did not arrive'],
  ['To: all', 'Please read this before Friday', 'I wrote this text, is it fine?'],
  ['Date: 3 March', 'Time: 10:00', 'Room: B2', 'is this room free?'],
  ['On Friday we tried: it failed.', 'On Monday I wrote:', 'no answer came.'],
  ["Le client m'a écrit :", '« rien ne marche »', 'que faire ?'],
  ['Am Montag schrieb ich:', 'keine Antwort', 'Bitte helfen'],
  ['"On the road" wrote somebody on the whiteboard:', 'please clean'],
  ['Anna Lund wrote:', 'is the name on the badge, should be Ada.'],
  ['Original Message: quota exceeded', 'This is what I see.'],
  ['-----Original-----', 'is printed on each page', 'how do I remove it?'],
  ['Sent from the printer are only blank pages.', 'What can I do?'],
  ['Get Outlook for iOS does not install.', 'Why?'],
  ['Tel. +40 21 123 does not ring.', 'Since yesterday.'],
  ['Confidential: my salary slip is wrong.', 'It shows 0.'],
  ['Unsubscribe does not work in the newsletter tool.', 'You received this message because: is shown twice.'],
  ['Thanks,', 'but it still does not work.', 'Can you look again?'],
  ['Best regards is what the template ends with, but it is cut.', 'Please repair it.'],
  ['Kind regards and sorry for the noise, it works again.'],
  ['Sincerely,', 'the printer writes on each page. Why?'],
  ['Regards', 'Anna', 'P.S. The second screen flickers too.'],
  ['Here is the list:', '- laptop', '- screen', '* mouse'],
  ['Name: Anna', 'Office: 3.14', '________________', 'please fill in'],
  ['Hello,', '', '', '', 'see below.', '', 'Anna'],
  ['Bob'],
  ['see my answers below'],
]

describe.each(['en', 'de', 'fr', 'pl'])('above the old mail in %s', language => {
  test.each(TRICKY.map(said => [said.find(line => line !== '') ?? '', said] as const))('%s', (_, said) => {
    for (const [program, make] of Object.entries(ANSWERS)) {
      const known = LANGUAGES[language]
      if (!known) throw new Error(`no words in ${language}`)
      const { text, html } = make({ ...known, reply: said })
      const mail = { text: html === null ? text : htmlToText(html), hasPlainText: html === null, sourceHtml: html }
      const found = extractNewText(mail).newText.replace(/\s+/g, ' ')
      const lost = said.filter(line => !/^_*$/.test(line) && !found.includes(line))
      expect(lost, program).toEqual([])
    }
  })
})

test('an answer typed below the name is found, a name alone is none', () => {
  const above = (...lines: string[]) =>
    extractNewText({
      text: [...lines, '', 'On Mon, Mar 9, 2026 at 11:40 AM Helpdesk <help@example.org> wrote:', '> Old.'].join('\n'),
      hasPlainText: true,
      sourceHtml: null,
    }).newText
  expect(above('-- ', 'Ada Lund', 'Lund & Sons', '', 'Yes, please do it.')).toBe(
    'Ada Lund\nLund & Sons\n\nYes, please do it.',
  )
  expect(above('-- ', 'Ada Lund', 'Lund & Sons', '+32 2 555 12 34')).toBe('')
  expect(above('--', 'Ada Lund', '', 'Sent from my iPhone')).toBe('')
})
