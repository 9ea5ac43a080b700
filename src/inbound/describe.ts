import { safeFilename } from '../mail/filename.ts'
import { cleanLine, decodeText, type RawField, readStructured, type Structured } from '../mail/header.ts'

/** A node of the MIME tree. Leaves have content, transfer-decoded; multiparts have children. */
export type Part = {
  readonly fields: readonly RawField[]
  readonly children: readonly Part[]
  readonly content: Buffer | null
}

/** A part as its header describes it. */
export type Described = {
  readonly part: Part
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly disposition: string
  readonly filename: string | null
  readonly contentId: string | null
}

/** The type of a part, its name and its place, read from its header. */
export function describe(part: Part, standard = 'text/plain'): Described {
  const field = (wanted: string): string =>
    part.fields.find(({ name, value }) => name === wanted && value !== '')?.value ?? ''
  const type = readStructured(field('content-type'))
  const charset = type.parameters.get('charset') ?? null
  const disposition = readStructured(field('content-disposition'), charset)
  const named = disposition.parameters.get('filename') || nameIn(field('content-type'), type, charset)
  // A type that cannot be read, on what is to be kept as a file, says nothing (RFC 2045 §5.2 asks for plain text).
  const missing = disposition.value === 'attachment' && part.content ? 'application/octet-stream' : standard
  return {
    part,
    type: mediaType(type.value) ?? missing,
    parameters: type.parameters,
    disposition: disposition.value,
    filename: part.content ? safeFilename(named) : null,
    contentId: idOf(decodeText(field('content-id'))),
  }
}

/** The charset stands in the same field as the name: raw bytes in the name are read again, now that it is known. */
function nameIn(value: string, type: Structured, charset: string | null): string | undefined {
  const read = charset !== null && /[\x80-\xff]/.test(value) ? readStructured(value, charset) : type
  return read.parameters.get('name')
}

/** The media type at the beginning of a value, null when there is none (RFC 2045 §5.1). */
export function mediaType(value: string): string | null {
  return /^[\w!#$&^.+-]{1,60}\/[\w!#$&^.+-]{1,100}/.exec(value.toLowerCase())?.[0] ?? null
}

/** A Content-ID without its brackets (RFC 2392 §2). */
export function idOf(value: string | null | undefined): string | null {
  return (
    cleanLine(value ?? '')
      .replace(/[<>\s]/g, '')
      .slice(0, 256) || null
  )
}
