import { expect, test } from 'vitest'
import { withoutArmour } from '../../src/mail/clear-sign.ts'
import { htmlToText } from '../../src/mail/html-text.ts'
import { extractNewText } from '../../src/mail/new-text.ts'

const SIGNATURE = '-----BEGIN PGP SIGNATURE-----\n\niQEzBAEBCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----'
const signed = (words: string, header = 'Hash: SHA256\n') =>
  `-----BEGIN PGP SIGNED MESSAGE-----\n${header}\n${words}\n${SIGNATURE}`

test.each([
  ['words', signed('It smokes.\n\nCome.'), 'It smokes.\n\nCome.'],
  ['no header', signed('Comment: it smokes.', ''), 'Comment: it smokes.'],
  ['headers', signed('It smokes.', 'Hash: SHA256\nCharset: utf-8\n'), 'It smokes.'],
  ['escaped strokes', signed('- - one\n- -----\n- From me'), '- one\n-----\nFrom me'],
  ['nothing escaped', signed('- one', 'Hash: SHA1\nNotDashEscaped: You need GnuPG\n'), '- one'],
  ['no empty line below the header', signed('It smokes.').replace('\n\nIt', '\nIt'), 'It smokes.'],
  ['words around', `Above\n\n${signed('It smokes.')}\n\nBelow`, 'Above\n\nIt smokes.\n\nBelow'],
  ['two', `${signed('One')}\n${signed('Two')}`, 'One\nTwo'],
  ['blanks at the end of lines', signed('One').replaceAll('-----\n', '-----  \n'), 'One'],
])('%s', (_, text, said) => expect(withoutArmour(text)).toBe(said))

test.each([
  ['a signature that is cut off', signed('It smokes.').replace('-----END', '')],
  ['one without a beginning', `It smokes.\n${SIGNATURE}`],
  ['a quoted one', signed('It smokes.').replace(/^/gm, '> ')],
  ['a line in a sentence', 'It says -----BEGIN PGP SIGNED MESSAGE----- above.'],
])('as it is: %s', (_, text) => expect(withoutArmour(text)).toBe(text))

test('HTML with an old mail below', () => {
  const words = signed('#note\nShe is lying.').replaceAll('\n', '<br>')
  const old =
    '<div class="gmail_quote"><div class="gmail_attr">Lähtti 2, Support:</div><blockquote class="gmail_quote" style="border-left:1px solid">Well?</blockquote></div>'
  const html = `<div dir="ltr">${words}</div><br>${old}`
  const mail = { text: htmlToText(html), hasPlainText: false, sourceHtml: html }
  expect(extractNewText(mail).newText).toBe('#note\nShe is lying.')
})

test('linear', () => {
  const text = `${'-----BEGIN PGP SIGNED MESSAGE-----\n'.repeat(50_000)}${`-----BEGIN PGP SIGNATURE-----\n`.repeat(50_000)}`
  expect(withoutArmour(text)).toBe(text)
})
