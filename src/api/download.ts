import type { FastifyReply } from 'fastify'

/*
 * Files that strangers have sent us. A browser must neither run them nor guess what they are: always an attachment
 * (RFC 6266), never a type that could be active, no sniffing, and a sandbox should all of that be ignored.
 */

// Everything else, HTML, SVG, XML and scripts among it, leaves as mere bytes.
const HARMLESS = /^(?:image\/(?:png|jpeg|gif|webp)|text\/(?:plain|csv)|application\/(?:pdf|zip)|message\/rfc822)$/

/** The type under which a stranger's file is handed out. */
export function safeType(contentType: string): string {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  return HARMLESS.test(type) ? type : 'application/octet-stream'
}

export function sendDownload(reply: FastifyReply, bytes: Buffer, filename: string, contentType: string): FastifyReply {
  return reply
    .header('content-disposition', contentDisposition(filename))
    .header('content-security-policy', "sandbox; default-src 'none'")
    .header('x-content-type-options', 'nosniff')
    .type(safeType(contentType))
    .send(bytes)
}

/** RFC 6266 §4.1: a name for everybody and, where that is not the true one, the true one encoded (RFC 8187 §3.2). */
export function contentDisposition(filename: string): string {
  // RFC 6266 appendix D: no percent signs and backslashes in the plain form, readers disagree about them.
  const plain = filename.replace(/[^\x20-\x7e]|["\\%]/gu, '_')
  const encoded = encodeURIComponent(Buffer.from(filename).toString()).replace(
    /['()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return plain === filename
    ? `attachment; filename="${plain}"`
    : `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** The schema of a response that is a file. Typed as nothing: the handler sends it. */
export function BINARY(contentType: string, description: string): Record<never, never> {
  const disposition = { type: 'string', description: 'Always `attachment`, with a file name.' }
  return {
    description,
    headers: { 'content-disposition': disposition },
    content: { [contentType]: { schema: { type: 'string', format: 'binary' } } },
  }
}
