import { OUR_MX } from './setup.ts'

/**
 * A mail as our mail server hands it on: it says that the sender is who the mail names, and takes away what others said in
 * its name (RFC 8601 §5). `source` without that: what it found no proof for.
 */
export function fromOurMx(source: Buffer): Buffer {
  // Every byte as it is.
  const text = source.toString('latin1')
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length
  const head = text
    .slice(0, end)
    .replace(new RegExp(`^Authentication-Results:[ \\t]*${OUR_MX}\\b.*(\\r?\\n[ \\t].*)*\\r?\\n`, 'gim'), '')
  const from = /^From:((?:.|\r?\n[ \t])*)/im.exec(head)?.[1] ?? ''
  const domain = /@([^\s<>",;]+)>?[^@]*$/.exec(from)?.[1]
  const found = domain === undefined ? '' : `Authentication-Results: ${OUR_MX}; dmarc=pass header.from=${domain}\r\n`
  return Buffer.from(found + head + text.slice(end), 'latin1')
}
