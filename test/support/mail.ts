import { randomUUID } from 'node:crypto'

export type TestAttachment = {
  readonly filename?: string
  readonly contentType?: string
  readonly content: string | Uint8Array
  /** Shown inside the text; give a contentId to refer to it as `cid:…`. */
  readonly inline?: boolean
  readonly contentId?: string
}

export type TestMail = {
  /** `ana@example.org` or `Ana Pop <ana@example.org>`; null leaves the header out. */
  readonly from?: string | null
  readonly to?: string | readonly string[] | null
  readonly cc?: string | readonly string[]
  readonly replyTo?: string
  readonly subject?: string | null
  readonly text?: string
  readonly html?: string
  /** Without angle brackets. A fresh one unless given; null leaves the header out. */
  readonly messageId?: string | null
  readonly inReplyTo?: string
  readonly references?: readonly string[]
  /** Anything Date reads; a string it cannot read is written as it is. */
  readonly date?: Date | string | null
  /** Further headers, written as they are; they replace those of the same name, null removes it. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>
  readonly attachments?: readonly TestAttachment[]
}

/** A mail as it would come over the wire (RFC 5322, RFC 2045–2047, RFC 2231), with CRLF line ends. */
export function mail(parts: TestMail = {}): Buffer {
  const headers = new Map<string, readonly string[]>()
  const set = (name: string, value: string | null | undefined) => value != null && headers.set(name, [value])
  set('From', addresses(parts.from === undefined ? 'Ana Pop <ana@example.org>' : parts.from))
  set('To', addresses(parts.to === undefined ? 'support@example.com' : parts.to))
  set('Cc', addresses(parts.cc))
  set('Reply-To', addresses(parts.replyTo))
  set('Subject', parts.subject === null ? null : encodeWords(parts.subject ?? 'A question'))
  set('Date', dateHeader(parts.date))
  set('Message-ID', parts.messageId === null ? null : `<${parts.messageId ?? `${randomUUID()}@example.org`}>`)
  set('In-Reply-To', parts.inReplyTo && `<${parts.inReplyTo}>`)
  set('References', parts.references?.length ? parts.references.map(id => `<${id}>`).join('\r\n ') : null)
  set('MIME-Version', '1.0')
  const body = bodyOf(parts)
  for (const [name, value] of Object.entries(body.headers)) set(name, value)
  for (const [name, value] of Object.entries(parts.headers ?? {})) {
    for (const known of headers.keys()) if (known.toLowerCase() === name.toLowerCase()) headers.delete(known)
    if (value !== null) headers.set(name, [value].flat())
  }
  const head = [...headers].flatMap(([name, values]) => values.map(value => `${name}: ${value}\r\n`)).join('')
  // Headers given by a test may hold raw UTF-8; a body is ASCII, or the bytes of an enclosed message.
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'utf8'), Buffer.from(body.text, 'latin1')])
}

type Entity = { readonly headers: Readonly<Record<string, string>>; readonly text: string }

function bodyOf({ text, html, attachments = [] }: TestMail): Entity {
  const texts = [
    ...(text !== undefined || html === undefined ? [textPart('plain', text ?? 'Hello, can you help me?\n')] : []),
    ...(html === undefined ? [] : [textPart('html', html)]),
  ]
  const inline = attachments.filter(part => part.inline)
  const attached = attachments.filter(part => !part.inline)
  const alternative = multipart('alternative', texts)
  const related = multipart('related', [alternative, ...inline.map(attachment)])
  return multipart('mixed', [related, ...attached.map(attachment)])
}

function multipart(kind: string, parts: readonly Entity[]): Entity {
  const [only] = parts
  if (only && parts.length === 1) return only
  const boundary = `=_${randomUUID()}`
  const part = ({ headers, text }: Entity) => {
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    return `--${boundary}\r\n${head.join('')}\r\n${text}\r\n`
  }
  const text = `${parts.map(part).join('')}--${boundary}--\r\n`
  return { headers: { 'Content-Type': `multipart/${kind}; boundary="${boundary}"` }, text }
}

function textPart(kind: 'plain' | 'html', content: string): Entity {
  const lines = content.replace(/\r\n?|\n/g, '\r\n')
  // RFC 2045 §2.7
  const plain = /^[\t\r\n\x20-\x7e]*$/.test(lines) && lines.split('\r\n').every(line => line.length <= 998)
  const headers = { 'Content-Type': `text/${kind}; charset=utf-8` }
  if (plain) return { headers: { ...headers, 'Content-Transfer-Encoding': '7bit' }, text: lines }
  return { headers: { ...headers, 'Content-Transfer-Encoding': 'quoted-printable' }, text: quotedPrintable(lines) }
}

function attachment(part: TestAttachment): Entity {
  const { filename, contentType = 'application/octet-stream', content, inline, contentId } = part
  const name = filename === undefined ? '' : `; ${filenameParameter(filename)}`
  const headers: Record<string, string> = {
    'Content-Type': contentType,
    'Content-Disposition': `${inline ? 'inline' : 'attachment'}${name}`,
    ...(contentId === undefined ? {} : { 'Content-ID': `<${contentId}>` }),
  }
  // RFC 2046 §5.2.1: no encoding but 7bit, 8bit and binary is allowed for an enclosed message.
  if (contentType.startsWith('message/')) return { headers, text: Buffer.from(content).toString('latin1') }
  const base64 = Buffer.from(content)
    .toString('base64')
    .replace(/(.{76})/g, '$1\r\n')
  return { headers: { ...headers, 'Content-Transfer-Encoding': 'base64' }, text: base64 }
}

/** RFC 2231 §4 where the name needs it. */
function filenameParameter(name: string): string {
  if (/^[\x20-\x7e]*$/.test(name)) return `filename="${name.replace(/["\\]/g, '\\$&')}"`
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `filename*=utf-8''${encoded}`
}

/** RFC 2045 §6.7. */
function quotedPrintable(text: string): string {
  const hex = (byte: number) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
  const lines = text.split('\r\n').map(line => {
    const units = [...Buffer.from(line, 'utf8')].map((byte, at, all) => {
      const blank = byte === 0x20 || byte === 0x09
      if (blank) return at === all.length - 1 ? hex(byte) : String.fromCharCode(byte)
      return byte >= 0x21 && byte <= 0x7e && byte !== 0x3d ? String.fromCharCode(byte) : hex(byte)
    })
    const wrapped = ['']
    for (const unit of units) {
      if ((wrapped.at(-1) ?? '').length + unit.length > 75) wrapped.push('')
      wrapped[wrapped.length - 1] += unit
    }
    return wrapped.join('=\r\n')
  })
  return lines.join('\r\n')
}

/** RFC 2047 for what is not ASCII: encoded words of at most 75 octets, none of which cuts a character in two. */
function encodeWords(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text
  const words = ['']
  for (const char of text) {
    if (Buffer.byteLength((words.at(-1) ?? '') + char) > 42) words.push('')
    words[words.length - 1] += char
  }
  return words.map(word => `=?utf-8?B?${Buffer.from(word, 'utf8').toString('base64')}?=`).join('\r\n ')
}

function addresses(value: string | readonly string[] | null | undefined): string | null {
  if (value == null) return null
  return [value].flat().map(address).join(',\r\n ')
}

function address(value: string): string {
  const match = /^\s*"?([^"<]*?)"?\s*<([^>]*)>\s*$/.exec(value)
  const [, name, spec] = match ?? []
  if (!match || !name) return value
  if (!/^[\x20-\x7e]*$/.test(name)) return `${encodeWords(name)} <${spec}>`
  return /^[\w !#$%&'*+/=?^`{|}~-]*$/.test(name) ? `${name} <${spec}>` : `"${name.replace(/["\\]/g, '\\$&')}" <${spec}>`
}

function dateHeader(date: Date | string | null | undefined): string | null {
  if (date === null) return null
  const parsed = new Date(date ?? Date.now())
  // toUTCString() ends in "GMT", which RFC 5322 §4.3 knows as obsolete only.
  if (!Number.isNaN(parsed.getTime())) return parsed.toUTCString().replace('GMT', '+0000')
  return String(date)
}
