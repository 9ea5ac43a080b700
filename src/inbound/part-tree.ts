import { type AttachmentStream, MailParser, type MessageText } from 'mailparser'
import { readCms } from '../mail/cms.ts'
import { type RawField, readFields } from '../mail/header.ts'
import type { Part } from './describe.ts'
import { boundaryOf, type Envelope, isMultipart, type ParseLimits, preflight, withoutType } from './preflight.ts'
import { decodeTransfer } from './transfer.ts'

/*
 * A body to a tree of parts, their bytes decoded. mailparser finds where each begins and ends; nothing that stands in a mail
 * may be lost on the way, however badly it was built.
 */

/** What mailparser keeps of a part: its own bookkeeping, undeclared. `parse.test.ts` tells when a release changes it. */
type Node = {
  readonly headers: unknown
  readonly headerLines: readonly { readonly line: string }[]
  readonly children: readonly Node[]
  readonly node: object
}
type Chunk =
  | { readonly type: 'node' }
  | { readonly type: 'data' | 'body'; readonly node: object; readonly value: Buffer }
type Internals = {
  readonly tree: Node | false
  readonly splitter: unknown
  readonly createNode: (node: object) => Node
  readonly processChunk: (chunk: Chunk, done: () => void) => void
}

/** Mails within mails that no part begins: opaque signatures, and multiparts whose boundary is not told. */
const DEEPEST_WRAPPING = 3

/** The parts of a mail within the limits. Throws what mailparser throws. */
export async function readTree({ mime, body }: Envelope, limits: ParseLimits, depth = 0): Promise<Part> {
  const root = mime.some(isMultipart)
    ? await split(mime, body, limits)
    : { children: [], content: decodeTransfer(body, encodingOf(mime)) }
  return unwrap({ ...root, fields: mime }, limits, depth)
}

async function split(mime: readonly RawField[], body: Buffer, limits: ParseLimits): Promise<Part> {
  const contents = new Map<unknown, Buffer>()
  const outside = new Map<object, Buffer[]>()
  const parser = new MailParser({
    ignoreEmbedded: true,
    checksumAlgo: false,
    maxChildNodes: limits.maxParts + 10,
    maxHeadSize: limits.maxHeaderBytes * 64,
  })
  // Its types say nothing of them.
  const internals = parser as unknown as Internals
  const { createNode, processChunk, splitter } = internals
  Object.assign(parser, {
    // Every leaf comes out as a file, its bytes untouched: decoded by mailparser, texts have lost what a charset's label hid.
    textTypes: [],
    // It gathers the pieces of a stream by copying; here the whole is known.
    chunkedPassthrough: splitter,
    // Streams undo base64 at a third of the speed: `partOf` does.
    createNode: (node: object) => createNode.call(parser, Object.assign(node, { encoding: '' })),
    // What stands in a multipart outside its parts is passed over; where it has no parts, that is all there is to read.
    processChunk: (chunk: Chunk, done: () => void) => {
      if (chunk.type === 'node') outside.set(chunk, [])
      else if (chunk.type === 'data') outside.get(chunk.node)?.push(chunk.value)
      processChunk.call(parser, chunk, done)
    },
  })
  await new Promise<void>((resolve, reject) => {
    parser.on('data', (data: AttachmentStream | MessageText) => {
      if (data.type === 'attachment') collect(data, content => contents.set(data.headers, content))
    })
    parser.on('error', reject)
    parser.on('end', resolve)
    parser.write(headerOf(mime))
    parser.end(body)
  })
  if (!internals.tree) throw new Error('no part was found')
  return partOf(internals.tree, { contents, outside }, [])
}

type Bytes = {
  /** The bytes of each part, by what mailparser made of its header. */
  readonly contents: ReadonlyMap<unknown, Buffer>
  /** What stands in a multipart outside its parts, by its node in mailsplit. */
  readonly outside: ReadonlyMap<object, readonly Buffer[]>
}

/** `around`: the boundaries of the multiparts that the part stands in. */
function partOf(node: Node, bytes: Bytes, around: readonly string[]): Part {
  const fields = readFields(node.headerLines.map(({ line }) => line).join('\n'))
  const content = bytes.contents.get(node.headers)
  if (content) return { fields, children: [], content: decodeTransfer(content, encodingOf(fields)) }
  if (node.children.length === 0) {
    const all = before(Buffer.concat(bytes.outside.get(node.node) ?? []), around)
    return { fields, children: [], content: /\S/.test(all.toString('latin1')) ? all : null }
  }
  const boundary = boundaryOf(fields)
  const inner = boundary === null ? around : [...around, boundary]
  return { fields, children: node.children.map(child => partOf(child, bytes, inner)), content: null }
}

/** The lines before the first that delimits one of the multiparts around. */
function before(bytes: Buffer, boundaries: readonly string[]): Buffer {
  const lines = bytes.toString('latin1').split('\n')
  const delimiters = new Set(boundaries.flatMap(boundary => [boundary, `${boundary}--`]))
  const end = lines.findIndex(line => delimiters.has(line.trimEnd()))
  return end < 0 ? bytes : Buffer.from(lines.slice(0, end).join('\n'), 'latin1')
}

function headerOf(fields: readonly RawField[]): Buffer {
  return Buffer.from(`${fields.map(({ name, value }) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1')
}

function collect(attachment: AttachmentStream, done: (content: Buffer) => void): void {
  const chunks: Buffer[] = []
  attachment.content.on('data', (chunk: Buffer) => chunks.push(chunk))
  attachment.content.on('end', () => {
    done(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))
    attachment.release?.()
  })
}

function encodingOf(fields: readonly RawField[]): string {
  return fields.find(({ name }) => name === 'content-transfer-encoding')?.value ?? ''
}

/** Opens what mailparser left closed, each with a whole entity inside. */
async function unwrap(part: Part, limits: ParseLimits, depth: number): Promise<Part> {
  if (part.content && part.fields.some(isPkcs7))
    return { ...part, children: await readSigned(part.content, limits, depth) }
  if (part.content && part.fields.some(isMultipart)) return readUnparted(part.fields, part.content, limits, depth)
  if (part.children.length === 0) return part
  return { ...part, children: await Promise.all(part.children.map(child => unwrap(child, limits, depth))) }
}

/** An opaque S/MIME signature wraps the whole mail (RFC 8551 §3.5.2): what it wraps becomes a child of it. */
async function readSigned(content: Buffer, limits: ParseLimits, depth: number): Promise<Part[]> {
  const inner = depth < DEEPEST_WRAPPING ? readCms(content).content : null
  return inner ? readWrapped(Buffer.from(inner), limits, depth + 1) : []
}

/** A multipart in which no part began: `preflight` seeks its boundary, or it is read as a text. */
async function readUnparted(
  fields: readonly RawField[],
  content: Buffer,
  limits: ParseLimits,
  depth: number,
): Promise<Part> {
  const entity = Buffer.concat([headerOf(fields), content])
  const [read] = depth < DEEPEST_WRAPPING ? await readWrapped(entity, limits, depth + 1) : []
  return read ?? { fields: withoutType(fields), children: [], content: decodeTransfer(content, encodingOf(fields)) }
}

/** What cannot be read stays wrapped: the mail around it is readable all the same. */
async function readWrapped(bytes: Buffer, limits: ParseLimits, depth: number): Promise<Part[]> {
  try {
    return [await readTree(preflight(bytes, limits), limits, depth)]
  } catch {
    return []
  }
}

function isPkcs7({ name, value }: RawField): boolean {
  return name === 'content-type' && /^application\/(?:x-)?pkcs7-mime\b/i.test(value)
}
