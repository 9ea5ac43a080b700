import { domainToUnicode } from 'node:url'
import fc from 'fast-check'
import { Parser } from 'htmlparser2'
import { type ParsedMail, simpleParser } from 'mailparser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OutgoingMail, recipientsOf } from '../../src/desk/outgoing-mail.ts'
import { DAY, plus } from '../../src/instant.ts'
import { foldAddress, isMailable } from '../../src/mail/address.ts'
import { taggedTickets } from '../../src/mail/subject.ts'
import { compose } from '../../src/outbound/compose.ts'
import { openSmtp, type SmtpTransport } from '../../src/outbound/smtp.ts'
import { outgoing } from '../support/outgoing.ts'
import { acknowledgement, KINDS, LANGUAGES, made, NOW, PLAIN, words } from '../support/outgoing-kinds.ts'
import { type SmtpTestServer, smtpAccountAt, startSmtp } from '../support/smtp.ts'

/*
 * All that leaves us, made of words that nobody would want to pass on, and read again as whoever gets it reads it.
 */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 60)

let smtp: SmtpTestServer
let transport: SmtpTransport
beforeAll(async () => {
  smtp = await startSmtp()
  transport = openSmtp(smtpAccountAt(smtp.port), 1)
})
afterAll(async () => {
  transport.close()
  await smtp.stop()
})

const SENT_ALWAYS = ['content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to']
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  true: [...SENT_ALWAYS, 'auto-submitted', 'precedence', 'x-auto-response-suppress', 'x-postdesk-loop'],
  generated: [...SENT_ALWAYS, 'auto-submitted', 'x-postdesk-loop'],
  false: SENT_ALWAYS,
}
const SOMETIMES = new Set(['cc', 'reply-to', 'in-reply-to', 'references', 'content-transfer-encoding'])

type Left = { readonly bytes: Buffer; readonly parsed: ParsedMail; readonly recipients: readonly string[] }

/** As a server gets it. */
async function leave(mail: OutgoingMail, file: Buffer = Buffer.from('%PDF a file\n')): Promise<Left> {
  const before = smtp.mails.length
  await transport.deliver(await compose(mail, NOW, async () => file))
  const sent = smtp.mails.slice(before)
  const [{ bytes, envelope } = { bytes: Buffer.alloc(0), envelope: { to: [] } }] = sent
  expect(sent.length).toBe(1)
  return { bytes, parsed: await simpleParser(bytes), recipients: envelope.to }
}

const SHOWN_HEADER = /^([!-9;-~]+):[ \t]?(.*)$/s

/** RFC 5322 §2.1, §2.2 and §3.6: nothing but lines that end as they must and are no longer than they may, and each field once. */
function fieldsOf(bytes: Buffer): Map<string, string> {
  const source = bytes.toString('latin1')
  expect(source).not.toMatch(/\0|(?<!\r)\n|\r(?!\n)/)
  const tooLong = source.split('\r\n').filter(line => line.length > 998)
  expect(tooLong.map(line => `${line.slice(0, 60)} ${line.length}`)).toEqual([])
  const head = source.slice(0, source.indexOf('\r\n\r\n'))
  const fields = new Map<string, string>()
  for (const field of head.split(/\r\n(?![ \t])/)) {
    // No line of nothing but blanks: it would end the header for some.
    expect(field).not.toMatch(/\r\n[ \t]*(?:\r\n|$)/)
    const [, name = '', value = ''] = SHOWN_HEADER.exec(field) ?? []
    expect([field.slice(0, 40), name === '' || fields.has(name.toLowerCase())]).toEqual([field.slice(0, 40), false])
    fields.set(name.toLowerCase(), value.replace(/\r\n/g, ''))
  }
  return fields
}

/** An address in the one form of its many. */
const folded = (address: string) => {
  const at = address.lastIndexOf('@')
  const local = address.slice(0, at).replace(/^"(.*)"$/, '$1')
  return `${foldAddress(local)}@${domainToUnicode(address.slice(at + 1))}`
}
const addressesIn = (parsed: ParsedMail, name: 'to' | 'cc') =>
  [parsed[name] ?? []].flat().flatMap(({ value }) => value.map(one => folded(one.address ?? '')))
/** A header shows white space and controls as it likes. */
const oneSpace = (text: string) =>
  text
    .toWellFormed()
    .replaceAll('=?', '= ?')
    .replace(/[\s\p{Cc}\p{Cf}\ufffd]+/gu, ' ')
    .trim()
/** What text a mail brings is its words; of white space at the end of lines mail programs make what they like. */
const shown = (text: string) =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[ \t]+$/gm, '')
    .trimEnd()

const ELEMENTS = new Set(
  'html head meta title body p div a br span table tbody tr td th ul ol li strong b em h1 h2 hr img'.split(' '),
)
const ATTRIBUTES = new Set(
  'href style lang charset content name role cellpadding cellspacing border width align class dir http-equiv'.split(
    ' ',
  ),
)

/** The words that HTML shows, once it is sure that it is made of nothing but what we make. */
function wordsOfHtml(html: string): string {
  let text = ''
  const parser = new Parser({
    onopentag(name, attributes) {
      if (!ELEMENTS.has(name)) throw new Error(`an element of theirs: ${name}`)
      for (const [key, value] of Object.entries(attributes)) {
        if (!ATTRIBUTES.has(key)) throw new Error(`an attribute of theirs: ${key}`)
        if (key === 'href' && !/^(?:https?:\/\/|mailto:)/.test(value)) throw new Error(`a link of theirs: ${value}`)
      }
    },
    oncomment() {
      throw new Error('a comment of theirs')
    },
    ontext: part => {
      text += part
    },
  })
  parser.end(html)
  return text
}

async function checked(mail: OutgoingMail, file?: Buffer): Promise<Left> {
  const left = await leave(mail, file)
  const { bytes, parsed, recipients } = left
  const fields = fieldsOf(bytes)
  const names = [...fields.keys()].filter(name => !SOMETIMES.has(name)).sort()
  expect(names).toEqual([...(HEADERS[String(mail.automatic)] ?? [])].sort())
  expect(recipients.map(folded)).toEqual([...new Set(recipientsOf(mail).map(folded))])
  expect([addressesIn(parsed, 'to'), addressesIn(parsed, 'cc')]).toEqual(
    [mail.to, mail.cc].map(list => list.map(one => folded(one.address))),
  )
  expect(parsed.from?.value.map(one => one.address)).toEqual([mail.from.address])
  const shownName = parsed.from?.value[0]?.name ?? ''
  expect(oneSpace(mail.from.name).startsWith(oneSpace(shownName.replace(/…$/, '')))).toBe(true)
  expect(parsed.replyTo?.value.map(one => one.address) ?? null).toEqual(mail.replyTo === null ? null : [mail.replyTo])
  expect(oneSpace(parsed.subject ?? '')).toBe(oneSpace(mail.subject))
  expect(parsed.messageId).toBe(`<${mail.messageId}>`)
  for (const name of ['in-reply-to', 'references'])
    expect(fields.get(name)?.trim() ?? '').toMatch(/^(?:<[!-;=?-~]+>(?:\s+<[!-;=?-~]+>)*)?$/)
  expect(fields.get('references')?.length ?? 0).toBeLessThan(20_000)
  expect(shown(parsed.text ?? '')).toBe(shown(mail.text))
  expect(mail.html === null).toBe(!parsed.html)
  if (mail.html !== null) wordsOfHtml(mail.html)
  expect(parsed.attachments.length).toBe(mail.attachments.length)
  expect(mail.text).not.toMatch(/\bundefined\b|\bnull\b|\bNaN\b|Invalid|\[object/)
  return left
}

test.each(Object.keys(KINDS))(
  '%s: nothing but what is meant',
  async kind => {
    await fc.assert(
      fc.asyncProperty(words, async given => {
        const mail = made(kind, given)
        await checked(mail)
        expect(taggedTickets(mail.subject)).toEqual(kind === 'digest' || kind === 'alarm' ? [] : [1042])
      }),
      { numRuns: RUNS },
    )
  },
  60_000,
)

test('an address that may be written to is written to as it is', async () => {
  const odd = fc.constantFrom(..."a.+-_'&=/?%!#$*`{|}~^é中\u200b\u202eßÄ0".split(''))
  const local = fc.string({ unit: odd, minLength: 1, maxLength: 12 })
  const domain = fc.constantFrom(
    'example.org',
    'bücher.example',
    'XN--BCHER-KVA.example',
    '中文.example',
    'a.b',
    'ß.example',
  )
  const any = fc.tuple(local, domain).map(parts => parts.join('@'))
  await fc.assert(
    fc.asyncProperty(fc.array(any.filter(isMailable), { minLength: 1, maxLength: 4 }), async addresses => {
      const [first = '', ...others] = addresses
      const people = (list: string[]) => list.map(address => ({ name: 'Jane', address }))
      await checked(outgoing({ to: people([first]), cc: people(others), automatic: false }))
    }),
    { numRuns: RUNS * 2 },
  )
}, 60_000)

describe('automatic mails', () => {
  const AUTOMATIC = ['acknowledgement', 'closing'] as const

  test.each(AUTOMATIC)('%s: no word of a stranger where the sender may be forged', async kind => {
    await fc.assert(
      fc.asyncProperty(words, fc.constantFrom('zqjx', 'Zqjx Wvkq'), async (given, said) => {
        const theirs = { subject: `${said} ${given.subject}`, requester: { name: said, address: 'jane@example.org' } }
        const { bytes, parsed } = await leave(made(kind, { ...given, ...theirs, cause: '', fix: '', repeat: false }))
        expect(`${bytes}${parsed.text}${parsed.html}${parsed.subject}`).not.toMatch(/zqjx/i)
      }),
      { numRuns: RUNS },
    )
  })

  test.each(AUTOMATIC)('%s: what looks like Liquid is a word like any other', async kind => {
    const told = '{{ticket_number}}{%if closed%}{{"a"|upcase}}'
    for (const language of LANGUAGES) {
      const given = {
        ...PLAIN,
        subject: told,
        requester: { name: told, address: 'jane@example.org' },
        cause: told,
        language,
      }
      const { text, html, subject } = made(kind, given)
      expect(subject).toContain(told)
      if (kind === 'closing')
        expect([text.includes(told), wordsOfHtml(html ?? '').includes(told)]).toEqual([true, true])
      const without = made(kind, { ...PLAIN, language })
      expect(`${without.subject}${without.text}${without.html}`).not.toMatch(/\{[{%]|[%}]\}/)
    }
  })

  const NAMES = new Map(
    LANGUAGES.map(language => {
      const name = (options: Intl.DateTimeFormatOptions, at: number) =>
        new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' }).format(at)
      const days = Array.from({ length: 12 }, (_, at) => [
        name({ weekday: 'long' }, at * DAY),
        name({ month: 'long' }, Date.UTC(2026, at, 15)),
      ])
      return [language, new Set(days.flat())] as const
    }),
  )

  test.each(LANGUAGES)('%s: dates are in the language of the mail', language => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * DAY }), fc.integer({ min: 1, max: 60 * DAY }), (start, ms) => {
        const now = plus(NOW, start)
        const { text } = acknowledgement({ ...PLAIN, language }, now, plus(now, ms))
        const found = text.match(/[\p{L}\p{M}]+/gu) ?? []
        const own = NAMES.get(language)
        const foreign = [...NAMES].flatMap(([other, names]) =>
          other === language ? [] : found.filter(word => names.has(word) && !own?.has(word)),
        )
        expect(foreign).toEqual([])
      }),
      { numRuns: RUNS * 3 },
    )
  })
})

describe('seen', () => {
  const ours = (different: Partial<OutgoingMail>) => outgoing({ automatic: false, ...different })

  test('ids that no header may hold are not cited, and the others are', async () => {
    const ids = ['ü@x', `${'i'.repeat(990)}@x`, 'a>b@x', 'root@jane.example']
    const { parsed } = await checked(ours({ references: ids, inReplyTo: ids[0] ?? '' }))
    expect([parsed.references, parsed.inReplyTo]).toEqual(['<root@jane.example>', undefined])
  })

  test('what looks like an encoded word is none to whoever reads it, in subjects, names and names of files', async () => {
    const word = '=?utf-8?b?WyMxMl0=?='
    const { parsed } = await checked(
      ours({
        subject: `${word} Printer [#1042]`,
        to: [{ name: word, address: 'jane@example.org' }],
        attachments: [
          { rawMail: 1, part: 1, filename: '=?utf-8?q?exe.=E2=80=AEfdp?=', contentType: 'application/pdf' },
        ],
      }),
    )
    expect(taggedTickets(parsed.subject ?? '')).toEqual([1042])
    expect(JSON.stringify([parsed.to, parsed.attachments[0]?.filename])).not.toMatch(/\[#12\]|\u202e/)
  })

  test('a name without an end', async () => {
    const endless = { name: 'n'.repeat(1000), address: 'jane@example.org' }
    await checked(ours({ to: [endless], cc: [{ ...endless, address: 'boss@example.org' }] }))
    const { parsed } = await checked(made('notification', { ...PLAIN, from: endless }))
    expect(parsed.from?.text).toContain('… via IT Help')
  })

  test.each<[string, string | null, Buffer, string]>([
    ['as it is', null, Buffer.from('Subject: Hi\r\n\r\nHello\r\n'), 'message/rfc822'],
    [
      'with raw 8-bit',
      'old.eml',
      Buffer.from('Subject: Gr\xfc\xdfe\r\n\r\nHi\r\n', 'latin1'),
      'application/octet-stream',
    ],
    [
      'of one long line',
      'long.eml',
      Buffer.from(`Subject: Hi\r\n\r\n${'x'.repeat(2000)}\r\n`),
      'application/octet-stream',
    ],
  ])('a mail that is passed on, %s, arrives as it was', async (_how, filename, content, contentType) => {
    const attachments = [{ rawMail: 1, part: 1, filename, contentType: 'message/rfc822' }]
    const { parsed, bytes } = await checked(ours({ attachments }), content)
    const [file] = parsed.attachments
    expect(file).toMatchObject({ filename: filename ?? 'mail.eml', contentDisposition: 'attachment' })
    // mailparser goes by the file's name.
    expect(bytes.toString('latin1')).toContain(`Content-Type: ${contentType};`)
    expect(file?.content.toString('latin1').trimEnd()).toBe(content.toString('latin1').trimEnd())
    expect(bytes.toString('latin1')).not.toMatch(/[\x80-\xff]/)
  })

  test('a sign that an end of a subject would cut in two', () => {
    for (const length of [57, 58, 59, 79, 299, 999])
      for (const kind of ['notification', 'digest', 'receipt', 'answer'])
        expect(JSON.stringify(made(kind, { ...PLAIN, subject: `${'x'.repeat(length)}😀 printer` }))).not.toMatch(
          /\\ud8/,
        )
  })

  test('an endless subject keeps its tag', () => {
    for (const kind of ['notification', 'receipt', 'answer', 'acknowledgement', 'closing'])
      for (const sign of ['x', '😀', 'x '])
        expect(taggedTickets(made(kind, { ...PLAIN, subject: sign.repeat(5_000) }).subject)).toEqual([1042])
  })

  test('of what only agents may know every line has its bar', () => {
    const { text } = made('notification', {
      ...PLAIN,
      fix: 'one\ntwo\r\nthree',
      other: 'four\u2028five',
      repeat: false,
    })
    expect(text.split('\n').filter(line => /two|three|five/.test(line) && !line.startsWith('│ '))).toEqual([])
    expect(text).toContain('fix: one two three')
  })
})
