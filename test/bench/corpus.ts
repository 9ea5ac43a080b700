import MailComposer from 'nodemailer/lib/mail-composer'
import { FAMILY_NAMES, GIVEN_NAMES, LANGUAGES, type Phrases } from './phrases.ts'

/*
 * Mail as a shared mailbox gets it: 70 % short, 20 % HTML beside its text, 8 % with a file of 0.1–1 MB, 2 % replies that
 * quote an earlier mail. The same seed and date give the same bytes.
 */

export type CorpusMail = {
  readonly kind: 'short' | 'html' | 'attachment' | 'reply'
  readonly messageId: string
  /** The sender's address. */
  readonly from: string
  /** The Message-ID of the earlier mail that a reply answers. */
  readonly answers: string | null
  readonly attachments: number
  /** With CRLF line ends, as it goes over the wire. */
  readonly bytes: Buffer
}

export type CorpusOptions = {
  readonly mails: number
  readonly seed: number
  readonly to: string
  readonly date: Date
  /** Each mail opens a ticket and has a file of so many bytes, in place of the usual shares. */
  readonly fileBytes?: number | undefined
}

/** Who has written more often within the hour is acknowledged no more (ACKNOWLEDGEMENTS_PER_WINDOW of the desk is 10). */
const MAILS_A_SENDER = 4

type Person = { readonly name: string; readonly address: string; readonly phrases: Phrases }
type Opening = { readonly person: Person; readonly messageId: string; readonly subject: string; readonly text: string }

export async function* corpus({ mails, seed, to, date, fileBytes }: CorpusOptions): AsyncGenerator<CorpusMail> {
  const random = randomFrom(seed)
  const noise = noiseFrom(random)
  const people = Array.from({ length: Math.ceil(mails / MAILS_A_SENDER) }, (_, at) => person(random, at))
  const openings: Opening[] = []
  for (let at = 0; at < mails; at++) {
    const kind = fileBytes === undefined ? kindOf(at) : 'attachment'
    const parent = kind === 'reply' ? pick(random, openings) : null
    const sender = parent?.person ?? people[at % people.length] ?? person(random, at)
    const messageId = `${seed}.${at}.${Math.floor(random() * 2 ** 32).toString(36)}@mail.example.com`
    const subject = parent ? `Re: ${parent.subject}` : `${pick(random, sender.phrases.subjects)} (${at})`
    const text = letter(random, sender, kind === 'short' || kind === 'reply' ? 2 : 6)
    if (!parent) openings.push({ person: sender, messageId, subject, text })
    const files = kind === 'attachment' ? [file(random, noise, fileBytes)] : []
    const composer = new MailComposer({
      from: { name: sender.name, address: sender.address },
      to,
      subject,
      date,
      messageId: `<${messageId}>`,
      baseBoundary: `${seed}-${at}`,
      headers: transportHeaders(random, sender, date),
      text: parent ? `${text}\n${quoted(parent, date)}` : text,
      ...(parent ? { inReplyTo: `<${parent.messageId}>`, references: [`<${parent.messageId}>`] } : {}),
      ...(kind === 'html' ? { html: page(random, text, sender) } : {}),
      attachments: files,
      newline: 'win',
    })
    const bytes = await composer.compile().build()
    yield {
      kind,
      messageId,
      from: sender.address,
      answers: parent?.messageId ?? null,
      attachments: files.length,
      bytes,
    }
  }
}

/** Exact shares in every fifty mails, spread evenly; the first of them is never a reply. */
function kindOf(at: number): CorpusMail['kind'] {
  const place = at % 50
  if (place === 49) return 'reply'
  if (place % 5 === 2) return 'html'
  return place % 12 === 4 ? 'attachment' : 'short'
}

/** mulberry32: numbers from 0 to 1, the same ones for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function pick<T>(random: () => number, list: readonly T[]): T {
  const chosen = list[Math.floor(random() * list.length)]
  if (chosen === undefined) throw new Error('nothing to pick from')
  return chosen
}

function person(random: () => number, at: number): Person {
  const given = pick(random, GIVEN_NAMES)
  const family = pick(random, FAMILY_NAMES)
  const local = `${given}.${family}.${at}`
    .normalize('NFD')
    .replace(/[^\w.]/g, '')
    .toLowerCase()
  return {
    name: `${given} ${family}`,
    address: `${local}@${at % 3 === 0 ? 'example.org' : 'example.com'}`,
    phrases: pick(random, LANGUAGES),
  }
}

function letter(random: () => number, { name, phrases }: Person, least: number): string {
  const count = least + Math.floor(random() * 4)
  const sentences = Array.from({ length: count }, () => pick(random, phrases.sentences))
  const half = Math.ceil(count / 2)
  const paragraphs = [sentences.slice(0, half).join(' '), sentences.slice(half).join(' ')]
  const signature = `${pick(random, phrases.closings)}\n${name}\n\n-- \n${name}\nExample Industries · Main Street 1 · 1000 Brussels\n+32 2 555 ${Math.floor(random() * 9000) + 1000}\n`
  return [pick(random, phrases.greetings), ...paragraphs, signature].filter(Boolean).join('\n\n')
}

function quoted({ person, text }: Opening, date: Date): string {
  const attribution = person.phrases.attribution
    .replace('{date}', date.toISOString().slice(0, 16).replace('T', ' '))
    .replace('{name}', person.name)
  return `${attribution}\n${text
    .split('\n')
    .map(line => `> ${line}`)
    .join('\n')}\n`
}

/** What servers on the way and the mail client add: of most short mails it is the larger part. */
function transportHeaders(random: () => number, { address }: Person, date: Date) {
  const token = (length: number) => Array.from({ length }, () => Math.floor(random() * 36).toString(36)).join('')
  const domain = address.slice(address.indexOf('@') + 1)
  const hop = (by: string) =>
    `from mail.${domain} (mail.${domain} [192.0.2.${Math.floor(random() * 250)}]) by ${by} with ESMTPS id ${token(12)} for <it@example.org>; ${date.toUTCString()}`
  return {
    Received: [hop('mx1.example.org'), hop('relay.example.net'), hop(`mail.${domain}`)],
    'DKIM-Signature': `v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain}; s=2026; h=from:to:subject:date:message-id; bh=${token(43)}=; b=${token(340)}=`,
    'Authentication-Results': `mx1.example.org; dkim=pass header.d=${domain}; spf=pass smtp.mailfrom=${address}; dmarc=pass`,
    'X-Spam-Status': 'No, score=-1.2 required=5.0 tests=DKIM_VALID,SPF_PASS',
    'X-Mailer': 'Microsoft Outlook 16.0',
    'Thread-Index': token(28),
    'Accept-Language': 'en-GB, en-US',
  }
}

/** HTML as Outlook makes it: styles that nobody sees, a span in every paragraph, a table for the signature. */
function page(random: () => number, text: string, { name }: Person): string {
  const paragraph = (line: string) =>
    `<p class="MsoNormal"><span style="font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif;color:#1F497D">${escaped(line) || '&nbsp;'}<o:p></o:p></span></p>\n`
  const row = (label: string, value: string) =>
    `<tr style="height:14.0pt"><td width="90" valign="top" style="width:67.5pt;padding:0cm 5.4pt 0cm 5.4pt"><b><span style="font-size:9.0pt">${label}</span></b></td><td style="padding:0cm 5.4pt">${value}</td></tr>\n`
  const rows = Array.from({ length: 4 + Math.floor(random() * 12) }, (_, at) =>
    row(`Item ${at + 1}`, escaped(pick(random, LANGUAGES[0]?.subjects ?? []))),
  ).join('')
  return `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><style><!--\n${STYLES}--></style></head>
<body lang="EN-GB" link="#0563C1" vlink="#954F72"><div class="WordSection1">
${text.split('\n').map(paragraph).join('')}<table class="MsoTableGrid" border="1" cellspacing="0" cellpadding="0">
${rows}</table>
<div style="border-top:solid #E1E1E1 1.0pt"><p><a href="https://www.example.com/">${escaped(name)}</a> <img src="https://www.example.com/logo.png" alt="Example Industries" width="120"></p></div>
</div></body></html>`
}

const STYLES = [
  'MsoNormal',
  'MsoListParagraph',
  'EmailStyle17',
  'MsoChpDefault',
  'WordSection1',
  'MsoFooter',
  'MsoHeader',
  'msonormal0',
]
  .map(
    name =>
      `p.${name}, li.${name}, div.${name}\n\t{margin:0cm;\n\tmargin-bottom:.0001pt;\n\tfont-size:11.0pt;\n\tfont-family:"Calibri",sans-serif;\n\tmso-fareast-language:EN-US;}\n`,
  )
  .join('')

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

const FILES = [
  ['invoice-{n}.pdf', 'application/pdf'],
  ['Screenshot {n}.png', 'image/png'],
  ['Übersicht {n}.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['notes-{n}.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
] as const

/** Unless a size is given, 0.1 to 1 MB, small ones more often: the logarithm of the size is spread evenly. */
function file(random: () => number, noise: Buffer, size = Math.round(100_000 * 10 ** random())) {
  const from = Math.floor(random() * Math.max(1, noise.length - size))
  const [name, contentType] = pick(random, FILES)
  return {
    filename: name.replace('{n}', String(Math.floor(random() * 10_000))),
    contentType,
    content: from + size <= noise.length ? noise.subarray(from, from + size) : Buffer.alloc(size, noise.subarray(from)),
  }
}

/** Bytes that no compression could shrink, as in pictures and office files. */
function noiseFrom(random: () => number): Buffer {
  return Buffer.from(Uint32Array.from({ length: 1 << 19 }, () => random() * 2 ** 32).buffer)
}
