import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { type AttachmentStream, MailParser, parseAddressHeader } from 'mailparser'
import { describe, expect, test } from 'vitest'
import { DeskError } from '../../src/errors.ts'
import { DEFAULT_LIMITS, parseMail, readAttachment } from '../../src/inbound/parse.ts'
import { decodeTransfer } from '../../src/inbound/transfer.ts'
import type { ParsedMail } from '../../src/mail/message.ts'

/*
 * Mails with one quirk each (test/fixtures/mail: `.eml` with LF, and what must be read in `.json`), both with LF and with CRLF.
 */

const FOLDER = join(import.meta.dirname, '../fixtures/mail')
const names = readdirSync(FOLDER)
  .filter(name => name.endsWith('.eml'))
  .map(name => name.slice(0, -4))

const fixture = (name: string): Buffer => readFileSync(join(FOLDER, `${name}.eml`))
const expected = (name: string): object => JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'))
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const withCrlf = (bytes: Buffer): Buffer => latin1(bytes.toString('latin1').replaceAll('\n', '\r\n'))
const mailOf = (...lines: string[]): Buffer => Buffer.from(lines.join('\r\n'))

/** Attachments of texts are longer with CRLF: their size is told for LF. */
const sizeless = (mail: object): object =>
  JSON.parse(JSON.stringify(mail, (key, value) => (key === 'size' ? undefined : value)))

test('there are fixtures', () => {
  expect(names.length).toBeGreaterThan(40)
})

describe.each(names)('%s', name => {
  test('LF', async () => {
    expect(await parseMail(fixture(name))).toMatchObject(expected(name))
  })

  test('CRLF', async () => {
    const read = sizeless(await parseMail(withCrlf(fixture(name))))
    // A machine's part is kept apart with the line ends folded as any text.
    expect(read).toMatchObject(sizeless(expected(name)))
  })

  test('its attachments are found again by their position', async () => {
    const { attachments } = await parseMail(fixture(name))
    for (const [at, { part, sha256, size, filename, contentType }] of attachments.entries()) {
      expect(part).toBe(at)
      const found = await readAttachment(fixture(name), part)
      expect(found).toMatchObject({ filename, contentType })
      expect(found?.content.length).toBe(size)
      expect(
        createHash('sha256')
          .update(found?.content ?? '')
          .digest('hex'),
      ).toBe(sha256)
    }
    expect(await readAttachment(fixture(name), attachments.length)).toBeNull()
  })
})

test('line ends of CR alone', async () => {
  const cr = latin1(fixture('alternatives').toString('latin1').replaceAll('\n', '\r'))
  expect(await parseMail(cr)).toMatchObject(expected('alternatives'))
})

describe('limits', () => {
  const refused = async (bytes: Buffer, limits: Partial<typeof DEFAULT_LIMITS> = {}): Promise<void> => {
    const error = await parseMail(bytes, { ...DEFAULT_LIMITS, ...limits }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DeskError)
    expect(error).toMatchObject({ code: 'unparseable', temporary: false })
    await expect(readAttachment(bytes, 0, { ...DEFAULT_LIMITS, ...limits })).rejects.toMatchObject({
      code: 'unparseable',
    })
  }
  const multipart = (boundary: string): string => `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n`

  test('parts', async () => {
    const bytes = latin1(`${multipart('b')}${'--b\r\n\r\nx\r\n'.repeat(21)}--b--\r\n`)
    await refused(bytes, { maxParts: 20 })
    expect((await parseMail(bytes, { ...DEFAULT_LIMITS, maxParts: 21 })).text).toContain('x')
    await refused(latin1(`${multipart('b')}${'--b\r\n'.repeat(5000)}`))
  })

  test('nesting', async () => {
    const nested = Array.from({ length: 12 }, (_, at) => `${multipart(`b${at}`)}--b${at}\r\n`).join('')
    await refused(latin1(`${nested}\r\ndeep`), { maxDepth: 11 })
    expect((await parseMail(latin1(`${nested}\r\ndeep`), { ...DEFAULT_LIMITS, maxDepth: 12 })).text).toBe('deep')
  })

  test('headers', async () => {
    await refused(latin1(`Subject: ${'x'.repeat(2000)}\r\n\r\n`), { maxHeaderBytes: 1000 })
    await refused(latin1(`${multipart('b')}${`--b\r\nX: ${'x'.repeat(400)}\r\n\r\n`.repeat(3)}`), {
      maxHeaderBytes: 1000,
    })
    await refused(latin1('x'.repeat(DEFAULT_LIMITS.maxHeaderBytes + 10)))
  })

  test('what an opaque signature wraps is held to them too, and stays wrapped', async () => {
    const mail = await parseMail(fixture('smime-signed'), { ...DEFAULT_LIMITS, maxParts: 1 })
    expect(mail).toMatchObject({ protection: 'signed', text: '', attachments: [{ filename: 'smime.p7m' }] })
  })

  test('text and HTML are cut', async () => {
    const limits = { ...DEFAULT_LIMITS, maxTextBytes: 100, maxHtmlBytes: 100 }
    expect((await parseMail(mailOf('Subject: x', '', 'ä'.repeat(500)), limits)).text.length).toBeLessThanOrEqual(100)
    const image = `<p><img src="data:image/png;base64,${'A'.repeat(400)}">words</p>`
    const html = await parseMail(mailOf('Content-Type: text/html', '', image, '<p>x</p>'.repeat(50)), limits)
    expect(html.sourceHtml?.length).toBeLessThanOrEqual(100)
    expect(html.text).toContain('words')
  })

  test('50,000 recipients are read as far as they matter', async () => {
    const to = Array.from({ length: 50_000 }, (_, at) => `a${at}@x.example`).join(',')
    const mail = await parseMail(mailOf('From: a@example.org', `To: ${to}`, 'Subject: all', '', 'x'))
    expect(mail.to.length).toBeLessThanOrEqual(1000)
    expect(mail.to[999]?.address).toBe('a999@x.example')
    expect(mail.headers.every(({ value }) => value.length <= 20_000)).toBe(true)
  })
})

// Each of these took a careless regular expression or a rescan from every position minutes, or would have.
test.each([
  ['blanks around a CR in a field', `X: ${' '.repeat(500_000)}x\ry\r\n\r\n`],
  ['open comments in an encoding', `Content-Transfer-Encoding: ${'('.repeat(500_000)}\r\n\r\n`],
  ['parameters', `Content-Type: text/plain; ${'a*0=b;'.repeat(80_000)}\r\n\r\n`],
  ['backslashes', `Content-Type: text/plain; a="${'\\'.repeat(500_000)}\r\n\r\n`],
  ['encoded words begun', `Subject: ${'=?utf-8?Q?a '.repeat(60_000)}\r\n\r\n`],
  ['brackets', `References: ${'<a'.repeat(300_000)}\r\n\r\n`],
  ['comments in addresses', `To: ${'('.repeat(500_000)}\r\n\r\n`],
  ['groups', `To: ${'a:'.repeat(200_000)}\r\n\r\n`],
  ['delimiters of nobody', `Content-Type: multipart/mixed; boundary=a\r\n\r\n${'--x\r\n'.repeat(200_000)}`],
  [
    'parts without a header end',
    `Content-Type: multipart/mixed; boundary=a\r\n\r\n${'--a\r\n'.repeat(900)}${'x'.repeat(900_000)}`,
  ],
  ['UTF-7 shifts', `Content-Type: text/plain; charset=utf-7\r\n\r\n${'+AGE-'.repeat(100_000)}`],
  [
    'soft line breaks',
    `Content-Transfer-Encoding: quoted-printable\r\n\r\n${' '.repeat(500_000)}x${'=\r\n'.repeat(100_000)}`,
  ],
  ['nested HTML', `Content-Type: text/html\r\n\r\n${'<div>'.repeat(150_000)}deep`],
  ['flowing lines', `Content-Type: text/plain; format=flowed\r\n\r\n${'> a \r\n'.repeat(100_000)}`],
])('%s take no time', async (_, mail) => {
  const started = performance.now()
  await parseMail(latin1(mail))
  expect(performance.now() - started).toBeLessThan(3000)
})

describe('the fingerprint', () => {
  const lines = ['From: a@example.org', 'Subject: s', 'Message-ID: <1@x>', '', 'The words  are the same.', '']

  test('is the same for copies that came different ways', async () => {
    const one = await parseMail(mailOf('Received: from a', ...lines))
    const other = await parseMail(Buffer.from(['Delivered-To: b@x', 'Received: from c', ...lines].join('\n')))
    expect(other.fingerprint).toBe(one.fingerprint)
  })

  test.each([
    ['subject', 'Subject: s', 'Subject: t'],
    ['words', 'The words', 'My words'],
    ['id', '<1@x>', '<2@x>'],
    ['sender', 'a@example.org', 'b@example.org'],
  ])('differs with the %s', async (_, from, to) => {
    const one = await parseMail(mailOf(...lines))
    expect((await parseMail(Buffer.from(lines.join('\r\n').replace(from, to)))).fingerprint).not.toBe(one.fingerprint)
  })

  test('without an id differs with the first hop, and only with that', async () => {
    const [from = '', subject = '', , ...rest] = lines
    const print = async (...received: readonly string[]) =>
      (await parseMail(mailOf(...received.map(hop => `Received: ${hop}`), from, subject, ...rest))).fingerprint
    const one = await print('from mx by a; Tue', 'from ups by mx; Mon')
    expect(await print('from mx by b; Wed', 'from ups by mx; Mon')).toBe(one)
    expect(await print('from mx by a; Tue', 'from ups by mx; Tue')).not.toBe(one)
    expect(await print()).toBe(await print())
  })

  test('differs with an attachment', async () => {
    const text = fixture('named-inline-text').toString()
    const one = await parseMail(Buffer.from(text))
    expect((await parseMail(Buffer.from(text.replace('ERROR 17', 'ERROR 18')))).fingerprint).not.toBe(one.fingerprint)
  })
})

/** The content of the only part, as mailparser has it. */
function asMailparser(body: Buffer, encoding: string): Promise<Buffer> {
  const parser = new MailParser()
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    parser.on('data', (data: AttachmentStream | { type: 'text' }) => {
      if (data.type !== 'attachment') return
      data.content.on('data', (chunk: Buffer) => chunks.push(chunk))
      data.content.on('end', () => data.release?.())
    })
    parser.on('error', reject)
    parser.on('end', () => resolve(Buffer.concat(chunks)))
    parser.end(Buffer.concat([latin1(`Content-Type: image/x\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`), body]))
  })
}

test('a single part is decoded just as mailparser decodes the parts of a multipart', async () => {
  const pieces = [
    '=',
    '3',
    'D',
    'd',
    ' ',
    '\t',
    '\r\n',
    '\n',
    'a',
    '=\r\n',
    '=\n',
    '\xe9',
    '=20',
    '=C3',
    '+',
    '/',
    'YQ==',
    'YWI=',
  ]
  const bodies = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map(parts => latin1(parts.join('')))
  await fc.assert(
    fc.asyncProperty(bodies, fc.constantFrom('quoted-printable', 'Base64', '8bit'), async (body, encoding) => {
      expect(decodeTransfer(body, encoding).toString('latin1')).toBe(
        (await asMailparser(body, encoding)).toString('latin1'),
      )
    }),
    { numRuns: 500 },
  )
})

test('a long body is decoded just as mailparser does, however its lines are broken', async () => {
  const line = (width: number, end: string) => fc.constant(`${'QUJDRGVm'.repeat(19).slice(0, width)}${end}`)
  const odd = fc.constantFrom('QUJD', 'Q', '\r\n', '\n', ' ', 'QQ==\r\n', '=', '\xe9')
  const regular = fc.constantFrom([76, '\r\n'], [76, '\n'], [64, '\r\n'], [75, '\r\n'], [77, '\n'] as const)
  const bodies = regular.chain(([width, end]) =>
    fc
      .tuple(line(Number(width), String(end)), fc.array(fc.tuple(fc.nat(700), odd, fc.boolean()), { maxLength: 3 }))
      .map(([text, damages]) => {
        const lines = Array<string>(700).fill(text)
        for (const [at, splinter, instead] of damages)
          lines.splice(at, 1, `${splinter}${(lines[at] ?? '').slice(instead ? splinter.length : 0)}`)
        return latin1(lines.join(''))
      }),
  )
  await fc.assert(
    fc.asyncProperty(bodies, async body => {
      expect(decodeTransfer(body, 'base64').equals(await asMailparser(body, 'base64'))).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('a list that a field ran into, or that was cut short', async () => {
  const to = async (list: string) => (await parseMail(mailOf(`To: ${list}`, 'Subject: x', '', 'x'))).to
  const desk = { name: 'Desk', address: 'desk@example.org' }
  expect(await to('Desk <desk@example.org>Accept-Language: en-US')).toEqual([desk])
  expect(await to('"Desk, IT" <desk@Example.org>MIME-Version: 1.0')).toEqual([{ ...desk, name: '' }])
  expect(await to('Desk <desk@example.org>, D <d@')).toEqual([desk])
  expect(await to('D <d@>')).toEqual([])
  expect(await to('<'.repeat(60_000))).toEqual([])
})

test('one address is read just as mailparser reads it, where that finds one', async () => {
  const pieces = [
    'Jan',
    'Zoé',
    ' ',
    '  ',
    "'",
    'Dr.',
    '-',
    '&',
    '/',
    '"',
    ',',
    '<',
    '>',
    '@',
    'a@b.example',
    '<x+1@EX.org>',
  ]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { maxLength: 7 }), async parts => {
      const list = parts.join('').trim()
      const [person] = parseAddressHeader(list, { flatten: true }).value.filter(
        ({ address }) => address && !address.endsWith('@'),
      )
      const { to } = await parseMail(mailOf('Subject: x', Buffer.from(`To: ${list}`).toString(), '', 'x'))
      if (!person) {
        for (const { address } of to) expect(['x+1@ex.org', 'a@b.example']).toContain(address)
        return
      }
      expect(to[0]?.name).toBe(person?.name.trim())
      expect(to[0]?.address.toLowerCase()).toBe(person?.address?.replace(/[\s<>]/g, '').toLowerCase())
    }),
    { numRuns: 500 },
  )
})

const CONTROL = /[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/
const CONTROL_IN_TEXT = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/

function expectClean(mail: ParsedMail): void {
  const people = [mail.from, mail.sender, ...mail.replyTo, ...mail.to, ...mail.cc].flatMap(one => [
    one?.name,
    one?.address,
  ])
  const ids = [mail.messageId, ...mail.inReplyTo, ...mail.references]
  const files = mail.attachments.flatMap(file => [file.filename, file.contentType, file.contentId])
  const headers = mail.headers.flatMap(({ name, value }) => [name, value])
  const parameters = Object.values(mail.contentType.parameters)
  for (const line of [mail.subject, ...people, ...ids, ...files, ...headers, ...parameters])
    expect(line ?? '').not.toMatch(CONTROL)
  for (const text of [mail.text, mail.sourceHtml ?? '', ...mail.reportParts.map(part => part.text)]) {
    expect(text).not.toMatch(CONTROL_IN_TEXT)
  }
}

const SPLINTERS = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '--',
  '--b1',
  '\0',
  '\xff',
  '\x1b$B',
  '<',
  '>',
  '(',
  ')',
  ',',
  ';',
  ':',
  '"',
  '=',
  '=?utf-8?B?',
  '=?utf-8?Q?=0D=0A=00?=',
  '=?iso-2022-jp?Q?=1B?=',
  'charset=utf-7',
  'charset=utf-16',
  'boundary=',
  'boundary=b1',
  'message/rfc822',
  'Content-Type: multipart/mixed; boundary="a"\n\n--a\n',
  'Content-Transfer-Encoding: base64\n',
  "filename*0*=utf-8''%00%0a",
]

test('damaged mail is read or refused, quickly and without control characters', async () => {
  const damage = fc.record({
    kind: fc.constantFrom('byte', 'cut', 'insert', 'repeat', 'end'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    byte: fc.nat(255),
    length: fc.nat(300),
    splinter: fc.constantFrom(...SPLINTERS),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.array(damage, { minLength: 1, maxLength: 6 }),
      async (name, damages) => {
        let bytes: Buffer = fixture(name)
        for (const { kind, at, byte, length, splinter } of damages) {
          const from = Math.floor(at * bytes.length)
          const [before, after] = [bytes.subarray(0, from), bytes.subarray(from)]
          if (kind === 'byte') bytes = Buffer.concat([before, Buffer.of(byte), after.subarray(1)])
          else if (kind === 'cut') bytes = Buffer.concat([before, after.subarray(length)])
          else if (kind === 'insert') bytes = Buffer.concat([before, latin1(splinter), after])
          else if (kind === 'repeat') bytes = Buffer.concat([before, after.subarray(0, length), after])
          else bytes = before
        }
        const started = performance.now()
        const mail = await parseMail(bytes).catch((error: unknown) => {
          // A refusal with a cause would be an error nobody thought of.
          expect(error).toMatchObject({ code: 'unparseable', cause: undefined })
        })
        expect(performance.now() - started).toBeLessThan(1000)
        if (mail) expectClean(mail)
      },
    ),
    { numRuns: 1500 },
  )
})
