import { bytesToLatin1, decodeCharset } from './charset.ts'
import { decompressRtf, readRtf } from './rtf.ts'

/*
 * winmail.dat: Outlook's own wrapping of a mail (Transport Neutral Encapsulation Format, [MS-OXTNEF]). Read with bounds
 * everywhere: a length that points outside ends the reading, and what was read until there is given.
 */

/** A file found in a winmail.dat. The content is a view of the given bytes, not a copy. */
export type TnefFile = {
  readonly name: string | null
  readonly contentType: string | null
  readonly contentId: string | null
  readonly content: Uint8Array
}

export type Tnef = {
  readonly files: readonly TnefFile[]
  /** The body in the forms that were sent; what stands only in its rich text is taken from there. */
  readonly text: string | null
  readonly html: string | null
}

/** The type given to a mail attached to the mail: it is in this format itself, and can be read in turn. */
export const TNEF_TYPE = 'application/ms-tnef'

const SIGNATURE = 0x223e9f78
const MOST_FILES = 500
const MOST_PROPERTIES = 5000

const ATTACHMENT_LEVEL = 2
// Attribute ids, [MS-OXTNEF] §2.1.3.2.
const ATTRIBUTE = {
  body: 0x800c,
  attachmentData: 0x800f,
  attachmentTitle: 0x8010,
  attachmentBegins: 0x9002,
  messageProperties: 0x9003,
  attachmentProperties: 0x9005,
  codePage: 0x9007,
} as const

// Property ids, [MS-OXPROPS].
const PROPERTY = {
  body: 0x1000,
  rtf: 0x1009,
  html: 0x1013,
  displayName: 0x3001,
  data: 0x3701,
  shortName: 0x3704,
  longName: 0x3707,
  contentType: 0x370e,
  contentId: 0x3712,
} as const

const OBJECT = 0x0d
const STRING8 = 0x1e
const UNICODE = 0x1f
const BINARY = 0x102
const MULTIPLE = 0x1000

type Property = { readonly type: number; readonly value: Uint8Array }
type Properties = ReadonlyMap<number, Property>
type Draft = { title: Uint8Array | null; data: Uint8Array | null; properties: Properties }

/** A position in bytes; reading past the end gives null for ever after. */
class Reader {
  readonly bytes: Uint8Array
  #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get left(): number {
    return this.bytes.length - this.#at
  }

  number(size: 1 | 2 | 4): number | null {
    const at = this.#skip(size)
    if (at === null) return null
    return size === 1
      ? this.#view.getUint8(at)
      : size === 2
        ? this.#view.getUint16(at, true)
        : this.#view.getUint32(at, true)
  }

  take(length: number): Uint8Array | null {
    const at = this.#skip(length)
    return at === null ? null : this.bytes.subarray(at, at + length)
  }

  /** As `take`, and the filling up to a multiple of four that follows. */
  padded(length: number): Uint8Array | null {
    const taken = this.take(length)
    if (taken) this.#at = Math.min(this.#at + ((4 - (length % 4)) % 4), this.bytes.length)
    return taken
  }

  #skip(length: number): number | null {
    if (length > this.left) {
      this.#at = this.bytes.length
      return null
    }
    const at = this.#at
    this.#at += length
    return at
  }
}

/** Where the format begins: an embedded mail has the name of its interface (16 bytes) before it. Null when it is none. */
function startOf(bytes: Uint8Array): number | null {
  return [0, 16].find(at => new Reader(bytes.subarray(at)).number(4) === SIGNATURE) ?? null
}

/** What a winmail.dat holds; null when it is none. Never throws. */
export function decodeTnef(bytes: Uint8Array): Tnef | null {
  const start = startOf(bytes)
  if (start === null) return null
  const reader = new Reader(bytes.subarray(start + 4))
  reader.number(2) // the attachment key
  const drafts: Draft[] = []
  let codePage = 1252
  let body: Uint8Array | null = null
  let message: Properties = new Map()
  while (reader.left > 0) {
    const level = reader.number(1)
    const id = (reader.number(4) ?? 0) & 0xffff
    const length = reader.number(4)
    if (level === null || length === null) break
    // Seen in practice: a last attribute cut off; its beginning still is what the mail brought.
    const value = reader.take(Math.min(length, reader.left)) ?? new Uint8Array()
    reader.number(2) // the checksum: senders get it wrong, and nothing follows from it
    // The data may come without the attribute that should begin an attachment.
    if (id === ATTRIBUTE.attachmentBegins || (level === ATTACHMENT_LEVEL && drafts.length === 0)) {
      if (drafts.length >= MOST_FILES) break
      drafts.push({ title: null, data: null, properties: new Map() })
    }
    const draft = drafts.at(-1)
    if (id === ATTRIBUTE.codePage) codePage = new Reader(value).number(4) ?? codePage
    else if (id === ATTRIBUTE.body) body = value
    else if (id === ATTRIBUTE.messageProperties && level !== ATTACHMENT_LEVEL) message = readProperties(value)
    else if (draft && id === ATTRIBUTE.attachmentTitle) draft.title = value
    else if (draft && id === ATTRIBUTE.attachmentData) draft.data = value
    else if (draft && id === ATTRIBUTE.attachmentProperties) draft.properties = readProperties(value)
  }
  const charset = `cp${codePage}`
  const text = textOf(message.get(PROPERTY.body), charset) ?? (body ? narrow(body, charset) : null)
  const html = htmlOf(message.get(PROPERTY.html), charset)
  const compressed = message.get(PROPERTY.rtf)?.value
  const rtf = compressed && !text && !html ? decompressRtf(compressed) : null
  return { files: drafts.flatMap(draft => fileOf(draft, charset)), ...(rtf ? readRtf(rtf) : { text, html }) }
}

/** A block of MAPI properties, [MS-OXTNEF] §2.1.3.4: the first value of each. */
function readProperties(bytes: Uint8Array): Properties {
  const found = new Map<number, Property>()
  const reader = new Reader(bytes)
  const count = Math.min(reader.number(4) ?? 0, MOST_PROPERTIES)
  for (let at = 0; at < count && reader.left >= 4; at++) {
    const type = reader.number(2) ?? 0
    const id = reader.number(2) ?? 0
    if (id >= 0x8000) skipName(reader)
    const value = readValue(reader, type)
    if (value === null) break
    if (id < 0x8000 && !found.has(id)) found.set(id, { type: type & ~MULTIPLE, value })
  }
  return found
}

/** Properties of the upper half bring their name along: a set, and a number or a text in it. */
function skipName(reader: Reader): void {
  reader.take(16)
  const kind = reader.number(4)
  if (kind === 1) reader.padded(reader.number(4) ?? 0)
  else reader.number(4)
}

function readValue(reader: Reader, typeAndFlag: number): Uint8Array | null {
  const type = typeAndFlag & ~MULTIPLE
  const variable = type === OBJECT || type === STRING8 || type === UNICODE || type === BINARY
  const count = variable || typeAndFlag & MULTIPLE ? reader.number(4) : 1
  if (count === null || count > MOST_PROPERTIES) return null
  let first: Uint8Array | null = null
  for (let at = 0; at < count; at++) {
    const length = variable ? reader.number(4) : fixedSize(type)
    const value = length === null ? null : reader.padded(length)
    if (value === null) return null
    first ??= value
  }
  return first ?? new Uint8Array()
}

/** [MS-OXCDATA] §2.11.1; null for a type nobody knows, after which nothing can be read. */
function fixedSize(type: number): number | null {
  if (type === 0 || type === 1) return 0
  if (type === 0x02 || type === 0x0b) return 2
  if (type === 0x03 || type === 0x04 || type === 0x0a) return 4
  if (type === 0x05 || type === 0x06 || type === 0x07 || type === 0x14 || type === 0x40) return 8
  return type === 0x48 ? 16 : null
}

function fileOf(draft: Draft, charset: string): TnefFile[] {
  const { properties } = draft
  const name =
    textOf(properties.get(PROPERTY.longName), charset) ??
    (draft.title ? narrow(draft.title, charset) : null) ??
    textOf(properties.get(PROPERTY.shortName), charset) ??
    textOf(properties.get(PROPERTY.displayName), charset)
  const wrapped = properties.get(PROPERTY.data)
  // Beside an object the plain data is but its icon.
  const object = wrapped?.type === OBJECT ? wrapped.value : null
  const content = object ?? (draft.data?.length ? draft.data : (wrapped?.value ?? draft.data))
  if (!content) return []
  const contentType = startOf(content) !== null ? TNEF_TYPE : textOf(properties.get(PROPERTY.contentType), charset)
  return [{ name, contentType, contentId: textOf(properties.get(PROPERTY.contentId), charset), content }]
}

function narrow(bytes: Uint8Array, charset: string): string | null {
  const end = bytes.indexOf(0)
  return decodeCharset(end < 0 ? bytes : bytes.subarray(0, end), charset) || null
}

function textOf(property: Property | undefined, charset: string): string | null {
  if (property?.type === STRING8) return narrow(property.value, charset)
  if (property?.type !== UNICODE) return null
  return decodeCharset(property.value.subarray(0, property.value.length & ~1), 'utf-16le').replace(/\0.*$/s, '') || null
}

/** The HTML body is bytes in a charset of its own, told by its meta element. */
function htmlOf(property: Property | undefined, charset: string): string | null {
  if (property?.type !== BINARY) return textOf(property, charset)
  const named = /<meta[^>]{1,200}charset=["']?([\w.-]{1,40})/i.exec(
    bytesToLatin1(property.value.subarray(0, 4096)),
  )?.[1]
  return decodeCharset(property.value, named ?? null, charset).replace(/\0+$/, '') || null
}
