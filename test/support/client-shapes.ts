/*
 * How mail programs write replies, as far as it matters to who reads them: where the new words stand, how the old ones are
 * quoted, in text, in HTML or in both. Written by hand after the programs' own output.
 */
import { randomUUID } from 'node:crypto'
import type { OutgoingMail } from '../../src/desk/outgoing-mail.ts'
import { mail, type TestAttachment, type TestMail } from './mail.ts'

export type Shape = {
  readonly name: string
  /** The bodies of a reply with these words to this mail. */
  readonly body: (words: string, to: OutgoingMail) => Pick<TestMail, 'text' | 'html'>
  /** What the program writes in front of the subject. */
  readonly prefix?: string
  /** Wrapped into a signed mail (S/MIME): beside its signature (RFC 8551 §3.5.3), or within it (§3.5.2). */
  readonly signed?: 'clear' | 'opaque'
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const lines = (words: string, wrap: (line: string) => string) => words.split('\n').map(wrap).join('\n')
const quoted = (text: string) => lines(text.trimEnd(), line => (line === '' ? '>' : `> ${line}`))
/** The HTML of the mail that is answered, without its frame. */
const inner = ({ html, text }: OutgoingMail) =>
  html?.replace(/^[\s\S]*<body>|<\/body>[\s\S]*$/g, '') ?? `<pre>${escaped(text)}</pre>`
const who = ({ from }: OutgoingMail) => `${from.name} <${from.address}>`
const divs = (words: string) => lines(words, line => `<div>${line === '' ? '<br>' : escaped(line)}</div>`)

const thunderbirdCite = ({ from }: OutgoingMail) => `On 11/23/26 10:00 AM, ${from.name} wrote:`

const outlookHeader = (to: OutgoingMail) => `From: ${who(to)}
Sent: Monday, November 23, 2026 10:00 AM
To: Ana Pop <ana@example.org>
Subject: ${to.subject}`

const outlookDesktopHtml = (
  words: string,
  to: OutgoingMail,
) => `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {margin:0} --></style></head>
<body lang="EN-GB" link="#0563C1"><div class="WordSection1">
${lines(words, line => `<p class="MsoNormal"><span lang="EN-GB">${line === '' ? '<o:p>&nbsp;</o:p>' : `${escaped(line)}<o:p></o:p>`}</span></p>`)}
<p class="MsoNormal"><o:p>&nbsp;</o:p></p>
<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">
<p class="MsoNormal"><b>From:</b> ${escaped(who(to))} <br><b>Sent:</b> Monday, November 23, 2026 10:00 AM<br><b>To:</b> Ana Pop &lt;ana@example.org&gt;<br><b>Subject:</b> ${escaped(to.subject)}<o:p></o:p></p>
</div></div><p class="MsoNormal"><o:p>&nbsp;</o:p></p>
${inner(to)}
</div></body></html>`

export const SHAPES: readonly Shape[] = [
  {
    name: 'Outlook desktop',
    prefix: 'RE: ',
    body: (words, to) => ({
      text: `${words}\n\n${outlookHeader(to)}\n\n${to.text}`,
      html: outlookDesktopHtml(words, to),
    }),
  },
  {
    name: 'Outlook desktop, HTML only, in German',
    prefix: 'AW: ',
    body: (words, to) => ({
      html: outlookDesktopHtml(words, to)
        .replace('<b>From:', '<b>Von:')
        .replace('<b>Sent:</b> Monday, November 23, 2026 10:00 AM', '<b>Gesendet:</b> Montag, 23. November 2026 10:00')
        .replace('<b>To:', '<b>An:')
        .replace('<b>Subject:', '<b>Betreff:'),
    }),
  },
  {
    name: 'Outlook desktop, plain text',
    prefix: 'RE: ',
    body: (words, to) => ({ text: `${words}\n\n-----Original Message-----\n${outlookHeader(to)}\n\n${to.text}` }),
  },
  {
    name: 'Outlook on the web',
    prefix: 'Re: ',
    body: (words, to) => ({
      text: `${words}\n________________________________\n${outlookHeader(to)}\n\n${to.text}`,
      html: `<html><head><style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style></head><body dir="ltr">
${lines(words, line => `<div class="elementToProof" style="font-family: Calibri; font-size: 12pt">${line === '' ? '<br>' : escaped(line)}</div>`)}
<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">
<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt"><b>From:</b> ${escaped(who(to))}<br><b>Sent:</b> Monday, November 23, 2026 10:00<br><b>To:</b> Ana Pop &lt;ana@example.org&gt;<br><b>Subject:</b> ${escaped(to.subject)}</font><div>&nbsp;</div></div>
<div>${inner(to)}</div></body></html>`,
    }),
  },
  {
    name: 'Outlook for iOS',
    prefix: 'Re: ',
    body: (words, to) => ({
      text: `${words}\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\n${outlookHeader(to)}\n\n${to.text}`,
      html: `<html><head></head><body><div dir="ltr">${divs(words)}</div>
<div id="ms-outlook-mobile-body-separator-line" data-applydefaultfontstyles="true" dir="ltr"><br></div><div id="ms-outlook-mobile-signature" dir="ltr">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div>
<div id="mail-editor-reference-message-container"><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif"><b>From:</b> ${escaped(who(to))}<br><b>Sent:</b> Monday, November 23, 2026 10:00:00 AM<br><b>To:</b> Ana Pop &lt;ana@example.org&gt;<br><b>Subject:</b> ${escaped(to.subject)}</font></div>${inner(to)}</div></body></html>`,
    }),
  },
  {
    name: 'Gmail on the web',
    prefix: 'Re: ',
    body: (words, to) => ({
      text: `${words}\n\nOn Mon, 23 Nov 2026 at 10:00, ${who(to)}\nwrote:\n\n${quoted(to.text)}\n`,
      html: `<div dir="ltr">${divs(words)}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Mon, 23 Nov 2026 at 10:00, ${escaped(to.from.name)} &lt;<a href="mailto:${to.from.address}">${to.from.address}</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">${inner(to)}</blockquote></div>\n`,
    }),
  },
  {
    name: 'Gmail for Android',
    prefix: 'Re: ',
    body: (words, to) => ({
      text: `${words}\n\nOn Mon, 23 Nov 2026, 10:00 ${who(to)} wrote:\n\n${quoted(to.text)}\n`,
      html: `<div dir="auto">${divs(words)}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, 23 Nov 2026, 10:00 ${escaped(who(to))} wrote:<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">${inner(to)}</blockquote></div>\n`,
    }),
  },
  {
    name: 'Apple Mail',
    prefix: 'Re: ',
    body: (words, to) => ({
      text: `${words}\n\n> On 23 Nov 2026, at 10:00, ${who(to)} wrote:\n> \n${quoted(to.text)}\n`,
      html: `<html><head></head><body style="overflow-wrap: break-word;">${divs(words)}<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>On 23 Nov 2026, at 10:00, ${escaped(who(to))} wrote:</div><br class="Apple-interchange-newline"><div>${inner(to)}</div></blockquote></div><br></body></html>`,
    }),
  },
  {
    name: 'iPhone',
    prefix: 'Re: ',
    body: (words, to) => ({
      text: `${words}\n\nSent from my iPhone\n\n> On 23 Nov 2026, at 10:00, ${who(to)} wrote:\n> \n> ${quoted(to.text).slice(2)}\n`,
      html: `<html><head></head><body dir="auto">${divs(words)}<div><br id="lineBreakAtBeginningOfSignature"><div dir="ltr">Sent from my iPhone</div><div dir="ltr"><br><blockquote type="cite">On 23 Nov 2026, at 10:00, ${escaped(who(to))} wrote:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">${inner(to)}</div></blockquote></div></body></html>`,
    }),
  },
  {
    name: 'Thunderbird, below the quotation',
    prefix: 'Re: ',
    body: (words, to) => ({
      text: `${thunderbirdCite(to)}\n${quoted(to.text)}\n${words}\n`,
      html: `<!DOCTYPE html>\n<html>\n  <head>\n    <meta http-equiv="Content-Type" content="text/html; charset=UTF-8">\n  </head>\n  <body>\n    <div class="moz-cite-prefix">${escaped(thunderbirdCite(to))}<br>\n    </div>\n    <blockquote type="cite"\ncite="mid:x@example.org">\n      <meta http-equiv="content-type" content="text/html; charset=UTF-8">\n      ${inner(to)}</blockquote>\n    ${lines(words, escaped).replaceAll('\n', '<br>\n    ')}\n  </body>\n</html>\n`,
    }),
  },
  {
    name: 'Thunderbird, above, as text',
    prefix: 'Re: ',
    body: (words, to) => ({ text: `${words}\n\n${thunderbirdCite(to)}\n${quoted(to.text)}\n\n` }),
  },
  {
    name: 'Apple Mail, signed',
    prefix: 'Re: ',
    signed: 'clear',
    body: (words, to) => ({
      text: `${words}\n\n> On 23 Nov 2026, at 10:00, ${who(to)} wrote:\n> \n${quoted(to.text)}\n`,
    }),
  },
  {
    name: 'Outlook desktop, signed as a whole',
    prefix: 'RE: ',
    signed: 'opaque',
    body: (words, to) => ({ text: `${words}\n\n${outlookHeader(to)}\n\n${to.text}` }),
  },
]

/** The reply of a mail program in this shape, as it comes over the wire. */
export function shaped(
  shape: Shape,
  to: OutgoingMail,
  from: string,
  words: string,
  attachments: readonly TestAttachment[] = [],
): Buffer {
  const reply = mail({
    from,
    to: to.replyTo ?? to.from.address,
    subject: `${shape.prefix ?? ''}${to.subject.replace(/^re: /i, '')}`,
    inReplyTo: to.messageId,
    references: [...to.references, to.messageId],
    date: new Date('2026-11-23T09:30:00Z'),
    ...shape.body(words, to),
    attachments,
  })
  return shape.signed === 'clear' ? signed(reply) : shape.signed === 'opaque' ? wrapped(reply) : reply
}

/** What "Reply with meeting" of Outlook brings: whoever is answered is invited, and all of the mail is quoted. */
export function meeting(words: string, to: OutgoingMail): TestAttachment {
  const text = (value: string) => value.replace(/[\\,;]/g, '\\$&').replace(/\r?\n/g, '\\n')
  const lines = [
    ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'METHOD:REQUEST', 'BEGIN:VEVENT', 'UID:1', 'DTSTART:20261124T090000Z'],
    'ORGANIZER;CN=Ana Pop:mailto:ana@example.org',
    `ATTENDEE;CN="${to.from.name}";RSVP=TRUE:mailto:${to.replyTo ?? to.from.address}`,
    `SUMMARY:${text(to.subject)}`,
    `DESCRIPTION;LANGUAGE=en-GB:${text(`${words}\n\n${outlookHeader(to)}\n\n${to.text}`)}`,
    `X-ALT-DESC;FMTTYPE=text/html:${outlookDesktopHtml(words, to).replace(/\r?\n/g, '')}`,
    ...['END:VEVENT', 'END:VCALENDAR', ''],
  ]
  const content = lines.map(line => line.replace(/(.{60})(?=.)/gu, '$1\r\n ')).join('\r\n')
  return { contentType: 'text/calendar; charset=utf-8; method=REQUEST', content }
}

/** The body becomes what the signature (RFC 5652 §5) holds. */
function wrapped(plain: Buffer): Buffer {
  const text = plain.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const header = text.slice(0, end).split(/\r\n(?![ \t])/)
  const isOfBody = (field: string) => /^content-/i.test(field)
  const inner = Buffer.from(`${header.filter(isOfBody).join('\r\n')}\r\n\r\n${text.slice(end + 4)}`, 'latin1')
  const der = (tag: number, ...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts)
    const length = Buffer.alloc(5, 0x84)
    length.writeUInt32BE(body.length, 1)
    return Buffer.concat([Buffer.of(tag), length, body])
  }
  const id = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
  const content = der(0x30, id('2a864886f70d010701'), der(0xa0, der(0x04, inner)))
  const signedData = der(0x30, der(0x02, Buffer.of(1)), der(0x31), content, der(0x31))
  const cms = der(0x30, id('2a864886f70d010702'), der(0xa0, signedData))
  const outer = [
    ...header.filter(field => !isOfBody(field)),
    'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"',
    'Content-Disposition: attachment; filename="smime.p7m"',
    'Content-Transfer-Encoding: base64',
  ]
  const base64 = cms.toString('base64').replace(/(.{76})/g, '$1\r\n')
  return Buffer.from(`${outer.join('\r\n')}\r\n\r\n${base64}\r\n`, 'latin1')
}

/** The body becomes the first part of a multipart/signed; nobody looks at the signature. */
function signed(plain: Buffer): Buffer {
  const text = plain.toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  const header = text.slice(0, end).split(/\r\n(?![ \t])/)
  const isOfBody = (field: string) => /^content-/i.test(field)
  const boundary = `Apple-Mail=_${randomUUID()}`
  const type = `Content-Type: multipart/signed; boundary="${boundary}"; protocol="application/pkcs7-signature"; micalg=sha-256`
  const signature = `--${boundary}\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Disposition: attachment; filename=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nMIAGCSqGSIb3DQEHAqCAMIACAQExADALBgkqhkiG9w0BBwGggDEAAAAAAAA=\r\n--${boundary}--\r\n`
  const outer = [...header.filter(field => !isOfBody(field)), type].join('\r\n')
  const body = `--${boundary}\r\n${header.filter(isOfBody).join('\r\n')}\r\n\r\n${text.slice(end + 4)}\r\n`
  return Buffer.from(`${outer}\r\n\r\n${body}${signature}`, 'latin1')
}
