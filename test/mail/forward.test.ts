import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attachedMail, inlineForward } from '../../src/mail/forward.ts'
import { htmlToText } from '../../src/mail/html-text.ts'
import type { ReportPart } from '../../src/mail/message.ts'
import { scan } from '../../src/mail/quote.ts'
import { plainLines } from '../../src/mail/text-lines.ts'
import type { Language } from '../fixtures/new-text/programs.ts'

const LANGUAGES = JSON.parse(
  readFileSync(new URL('../fixtures/new-text/languages.json', import.meta.url), 'utf8'),
) as Record<string, Language>

const readForward = (given: ReturnType<typeof mail>) =>
  inlineForward(scan(plainLines(given.text)), given.subject) ?? attachedMail(given.reportParts)

const mail = (subject: string, lines: readonly string[], reportParts: readonly ReportPart[] = []) => ({
  subject,
  text: lines.join('\n'),
  reportParts,
})
const cited = (lines: readonly string[]): string[] => lines.map(line => (line ? `> ${line}` : '>'))
const headerOf = (
  { header: [from, sent, to, subject, date] }: Language,
  sender = 'Bob <bob@Example.NET>',
): string[] => [`${from} ${sender}`, `${sent} ${date}`, `${to} Jane Doe <jane@example.com>`, `${subject} Badge`]

describe.each(Object.entries(LANGUAGES))('a forward in %s', (_, l) => {
  const forwarded = {
    from: { name: 'Bob', address: 'bob@example.net' },
    date: l.header[4],
    subject: 'Badge',
    text: l.quoted.join('\n'),
  }

  test.each([
    [
      'Gmail, with words above',
      'x',
      [...l.reply, '', `---------- ${l.forwarded} ---------`, ...headerOf(l), '', ...l.quoted],
    ],
    ['Gmail, bare', 'x', [`---------- ${l.forwarded} ---------`, ...headerOf(l), '', ...l.quoted]],
    ['Apple Mail, quoted', 'x', [...l.reply, '', l.begin, '', ...cited(headerOf(l)), '>', ...cited(l.quoted)]],
    ['Apple Mail', 'x', [l.begin, '', ...headerOf(l), '', ...l.quoted]],
    ['Apple Mail, all of it quoted', 'Fwd: Printer', cited([l.begin, '', ...headerOf(l), '', ...l.quoted])],
    ['the same below words', 'x', [...l.reply, '', ...cited([l.begin, '', ...headerOf(l), '', ...l.quoted])]],
    ['a quoted bar of unknown words', 'Fwd: x', cited(['Whatever it says:', '', ...headerOf(l), '', ...l.quoted])],
    ['IONOS', 'Fwd: x', cited([`---------- ${l.original} ----------`, ...headerOf(l), '', ...l.quoted])],
    [
      'Yahoo, its header on one line',
      'Fw: x',
      [...l.reply, '', `   ----- ${l.forwarded} ----- ${headerOf(l).join('')}`, ...l.quoted],
    ],
    ['Missive', 'Fwd: x', [`---------- ${l.forwarded} ---------`, ...headerOf(l), '', ...cited(l.quoted)]],
    ['Outlook', 'FW: Printer', [...l.reply, '', ...headerOf(l), '', ...l.quoted]],
    ['Outlook, bar', 'WG: Printer', [`-----${l.original}-----`, ...headerOf(l), '', ...l.quoted]],
    ['Outlook, mailto', 'TR: Printer', headerOf(l, 'Bob [mailto:bob@example.net]').concat('', l.quoted)],
  ] as [string, string, string[]][])('%s', (_name, subject, lines) => {
    expect(readForward(mail(subject, lines))).toEqual(forwarded)
  })

  test('the header of an old mail below an answer is no forward', () => {
    expect(readForward(mail('RE: Printer', [...l.reply, '', ...headerOf(l), '', ...l.quoted]))).toBeNull()
    expect(readForward(mail('RE: Printer', [...l.reply, '', l.gmail, '', ...cited(l.quoted)]))).toBeNull()
  })
})

describe('inline', () => {
  test('no forward', () => {
    expect(readForward(mail('Printer', ['It is broken.']))).toBeNull()
    expect(readForward(mail('FW: Printer', ['It is broken.']))).toBeNull()
  })

  test('a forward deep in the thread below an answer is not this one', () => {
    const lines = [
      'Yes.',
      '',
      'On 2 March 2026 at 10:15 Jef <jef@example.org> wrote:',
      '> No?',
      '>',
      '> ---------- Forwarded message ---------',
      '> From: Bob <bob@example.net>',
      '> Subject: x',
      '> To: y',
      '>',
      '> z',
    ]
    expect(readForward(mail('RE: Printer', lines))).toBeNull()
  })

  const quotedForward = cited([
    'Begin forwarded message:',
    '',
    'From: Bob <bob@example.net>',
    'Subject: x',
    'To: y',
    '',
    'z',
  ])
  test.each([
    ['an attribution in words that nobody knows stands above it', 'x', ['Yes.', '', 'Xyz qwrt Jef:', ...quotedForward]],
    ['the subject is that of an answer', 'Re: Fwd: x', ['Yes.', '', ...quotedForward]],
    [
      'it answers and its subject ends like one of RFC 5256',
      'Re: x (fwd)',
      ['Yes.', '', 'From: Bob <bob@example.net>', 'Date: 2 March 2026', 'Subject: x', '', 'z'],
    ],
    [
      'the person answers what they quote',
      'Fwd: x',
      ['Yes.', '', 'On 28/10/2026, 12:46, "Jef" <jef@example.org> wrote:', '> Does it print?'],
    ],
  ])('a quoted forward is none when %s', (_, subject, lines) => {
    expect(readForward(mail(subject, lines))).toBeNull()
  })

  test.each([
    ['On 28/10/2026, 12:46, "Jane Doe" <jane@example.org> wrote:', '28/10/2026, 12:46'],
    ['Am 28.10.26, 12:46 schrieb "Jane Doe" <jane@example.org>:', '28.10.26, 12:46'],
    ['Le 28/10/2026 12:46, « Jane Doe » <jane@example.org> a écrit :', '28/10/2026 12:46'],
    ['"Jane Doe" <jane@example.org> kirjoitti 28/10/2026 12.46:', '28/10/2026 12.46'],
  ])('Outlook for Mac passes on below an attribution: %s', (attribution, date) => {
    const lines = ['For you.', '', attribution, '', '    It burns.']
    const from = { name: 'Jane Doe', address: 'jane@example.org' }
    const forwarded = { from, date, subject: null, text: '    It burns.' }
    expect(readForward(mail('FW: Printer', lines))).toEqual(forwarded)
    expect(readForward(mail('RE: Printer', lines))).toBeNull()
  })

  test('the names of fields below a bar may begin with small letters', () => {
    const header = ['Subiectul: Printer', 'Dată: Mon, 2 Mar 2026 10:15:00 +0100', 'de la: Bob <bob@example.net>']
    expect(readForward(mail('x', ['-------- Mesaj redirecționat --------', ...header, '', 'Arde.']))).toEqual({
      from: { name: 'Bob', address: 'bob@example.net' },
      date: 'Mon, 2 Mar 2026 10:15:00 +0100',
      subject: 'Printer',
      text: 'Arde.',
    })
  })

  test('a header behind its bar may be crowded, and endless', () => {
    const bar =
      '----- Forwarded Message ----- From: Bob <bob@example.net>To: "it" <it@example.org>Sent: 10:15 CETSubject: Re: it: x'
    expect(readForward(mail('x', [bar, 'It burns.']))).toEqual({
      from: { name: 'Bob', address: 'bob@example.net' },
      date: '10:15 CET',
      subject: 'Re: it: x',
      text: 'It burns.',
    })
    const endless = `----- Forwarded Message ----- From: ${'To Cc '.repeat(50_000)}`
    expect(readForward(mail('x', [endless, 'It burns.']))).toMatchObject({ from: null, text: 'It burns.' })
  })

  test('a name without an address is no sender', () => {
    const lines = [
      '-------- Forwarded Message --------',
      'Subject: Printer',
      'Date: Mon, 2 Mar 2026 10:15:00 +0100',
      'From: Bob',
      'To: Jane',
      '',
      'It burns.',
    ]
    expect(readForward(mail('x', lines))).toEqual({
      from: null,
      date: 'Mon, 2 Mar 2026 10:15:00 +0100',
      subject: 'Printer',
      text: 'It burns.',
    })
  })

  test('Lotus Notes', () => {
    const lines = [
      '----- Forwarded by Jane Doe/IT/EXAMPLE on 02/03/2026 10:15 AM -----',
      '',
      'From: Bob <bob@example.net>',
      'To: Jane Doe/IT/EXAMPLE',
      'Date: 02/03/2026 09:00 AM',
      'Subject: Printer',
      '',
      'It burns.',
    ]
    expect(readForward(mail('x', lines))).toEqual({
      from: { name: 'Bob', address: 'bob@example.net' },
      date: '02/03/2026 09:00 AM',
      subject: 'Printer',
      text: 'It burns.',
    })
  })

  test('mail.ru', () => {
    const lines = [
      '-------- Пересылаемое сообщение --------',
      '02.03.2026, 10:15, "Bob" <bob@example.net>:',
      '',
      'Горит.',
      '-------- Конец пересылаемого сообщения --------',
    ]
    expect(readForward(mail('x', lines))).toEqual({
      from: { name: 'Bob', address: 'bob@example.net' },
      date: '02.03.2026, 10:15',
      subject: null,
      text: 'Горит.',
    })
  })

  test('a bar without a header', () => {
    expect(readForward(mail('x', ['---------- Forwarded message ---------', '', 'It burns.']))).toEqual({
      from: null,
      date: null,
      subject: null,
      text: 'It burns.',
    })
  })

  test('HTML alone', () => {
    const sourceHtml =
      '<div>Please look.</div><div class="moz-forward-container">-------- Forwarded Message --------<table class="moz-email-headers-table"><tr><th>Subject: </th><td>Printer</td></tr><tr><th>Date: </th><td>Mon, 2 Mar 2026 10:15:00 +0100</td></tr><tr><th>From: </th><td>Bob &lt;bob@example.net&gt;</td></tr><tr><th>To: </th><td>jane@example.com</td></tr></table><br>It burns.</div>'
    expect(readForward({ subject: 'x', text: htmlToText(sourceHtml), reportParts: [] })).toEqual({
      from: { name: 'Bob', address: 'bob@example.net' },
      date: 'Mon, 2 Mar 2026 10:15:00 +0100',
      subject: 'Printer',
      text: 'It burns.',
    })
  })
})

describe('attached', () => {
  const source =
    'From: =?utf-8?B?SsO8cmdlbg==?= <bob@example.net>\nDate: Mon, 2 Mar 2026 10:15:00 +0100\nSubject: =?iso-8859-1?Q?Dr=FCcker?=\n'
  const attach = (body: string) =>
    mail('x', ['See the attachment.'], [{ contentType: 'message/rfc822', text: source + body }])
  const forwarded = {
    from: { name: 'Jürgen', address: 'bob@example.net' },
    date: 'Mon, 2 Mar 2026 10:15:00 +0100',
    subject: 'Drücker',
  }

  test.each([
    ['plain', '\nEr brännt.\n', 'Er brännt.'],
    [
      'quoted-printable',
      'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nEr br=E4=\nnnt.\n',
      'Er brännt.',
    ],
    [
      'base64',
      'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nRXIgYnLDpG5udC4=\n',
      'Er brännt.',
    ],
    ['HTML', 'Content-Type: text/html\n\n<p>Er <b>br&auml;nnt</b>.</p>', 'Er brännt.'],
    [
      'alternative',
      'Content-Type: multipart/alternative; boundary="b"\n\n--b\n\nEr brännt.\n--b\nContent-Type: text/html\n\n<p>x</p>\n--b--\n',
      'Er brännt.',
    ],
    [
      'with a file',
      'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nEr brännt.\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=x.txt\n\nx\n--b--\n',
      'Er brännt.',
    ],
    ['only a picture', 'Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n', ''],
    ['no body', '', ''],
  ])('%s', (_, body, text) => {
    expect(readForward(attach(body))).toEqual({ ...forwarded, text })
  })

  test('what a report returns is no forward', () => {
    const returned: ReportPart[] = [
      { contentType: 'message/delivery-status', text: 'Final-Recipient: rfc822; x@example.org' },
      { contentType: 'message/rfc822', text: `${source}\nx` },
    ]
    expect(readForward(mail('Undelivered', ['Sorry.'], returned))).toBeNull()
  })

  test('whatever is attached, there is an answer', () => {
    const piece = fc.constantFrom(
      '\n',
      '\n\n',
      '--b',
      '--b--',
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Type: multipart/mixed; boundary=',
      'Content-Transfer-Encoding: base64',
      '=',
      '=\n',
      'From: ',
      'a@b',
      '<',
      ' ',
      '=?utf-8?Q?',
      '\ud83d',
      'é',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 100 }), pieces => {
        const got = readForward({
          subject: '',
          text: pieces.join(''),
          reportParts: [{ contentType: 'message/rfc822', text: pieces.join('') }],
        })
        expect(typeof got?.text).toBe('string')
      }),
    )
  })

  test('linear in the size', () => {
    for (const text of [
      '--b\n'.repeat(60_000),
      `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(30_000)}`,
      ' '.repeat(262_144),
      '='.repeat(262_144),
      'From: <'.repeat(30_000),
    ]) {
      expect(
        readForward({
          subject: 'FW: x',
          text,
          reportParts: [{ contentType: 'message/rfc822', text }],
        }),
      ).not.toBeNull()
    }
  })
})
