import { createHash } from 'node:crypto'
import { charsetName, decodeCharset } from '../mail/charset.ts'
import { withoutArmour } from '../mail/clear-sign.ts'
import { readCms } from '../mail/cms.ts'
import { safeFilename } from '../mail/filename.ts'
import { unflow } from '../mail/flowed.ts'
import { capHtml, textAsHtml } from '../mail/html.ts'
import { htmlToText } from '../mail/html-text.ts'
import type { Attachment, ParsedMail, ReportPart } from '../mail/message.ts'
import { decodeTnef, TNEF_TYPE } from '../mail/tnef.ts'
import { type Described, describe, idOf, mediaType, type Part } from './describe.ts'
import { isInternalFile } from './internal-file.ts'
import type { ParseLimits } from './preflight.ts'

/*
 * What the parts of a mail are for: its words, its attachments, or reports for machines.
 */

export type File = Attachment & { readonly content: Buffer }

export type Contents = Pick<ParsedMail, 'text' | 'hasPlainText' | 'sourceHtml' | 'reportParts' | 'protection'> & {
  readonly files: readonly File[]
  /** The charset of the first text: the best guess for header bytes without one. */
  readonly charset: string | null
}

/** Something to read: in plain text, in HTML, or in both as alternatives. */
type Block = { readonly plain: string | null; readonly html: string | null }

const REPORTS = new Set([
  'message/delivery-status',
  'message/global-delivery-status',
  'message/disposition-notification',
  'message/global-disposition-notification',
  'message/feedback-report',
  'text/rfc822-headers',
  'message/global-headers',
])
// Kept apart for machines to read, and yet something that a person may want to open.
const OPENABLE_REPORTS = new Set(['message/rfc822', 'message/global', 'text/calendar'])
/** A button pressed in Gmail in place of words (developers.google.com/workspace/gmail/reactions/format). */
const REACTION = 'text/vnd.google.email-reaction+json'
const LONGEST_REACTION = 1000
const MOST_REPORTS = 50
const LONGEST_REPORT = 262_144
const DEEPEST_UNWRAPPING = 3

/** Reads the tree of a mail's parts. */
export function readParts(root: Part, limits: ParseLimits): Contents {
  const reading = new Reading(limits)
  const blocks = reading.collect(describe(root), null)
  const other = blocks.some(hasWords) ? undefined : reading.instead.find(hasWords)
  const spoken = other ? [other] : blocks
  const sourceHtml = spoken.some(block => block.html !== null)
    ? capHtml(spoken.map(asHtml).join('\n'), limits.maxHtmlBytes)
    : null
  const said = spoken.map(asText).join('\n').slice(0, limits.maxTextBytes)
  const shown = new Set(
    [...(sourceHtml ?? '').matchAll(/\bcid:([^"'\s<>)]{1,256})/gi)].map(match => unescapeUrl(match[1] ?? '')),
  )
  return {
    text: withoutArmour(said),
    hasPlainText: spoken.some(block => isText(block.plain)),
    sourceHtml,
    reportParts: reading.reports,
    protection: reading.protection === 'none' ? armour(said) : reading.protection,
    files: reading.files.map(file => (file.contentId && shown.has(file.contentId) ? { ...file, inline: true } : file)),
    charset: reading.charset,
  }
}

class Reading {
  readonly files: File[] = []
  readonly reports: ReportPart[] = []
  /** Texts to fall back on when nothing else in the mail has words. */
  readonly instead: Block[] = []
  protection: ParsedMail['protection'] = 'none'
  charset: string | null = null
  readonly #limits: ParseLimits

  constructor(limits: ParseLimits) {
    this.#limits = limits
  }

  /** The words of a part, in order; files and reports are gathered on the way. */
  collect(part: Described, parent: Described | null, first = true): Block[] {
    if (part.part.content === null) return this.#collectChildren(part)
    if (REPORTS.has(part.type) || OPENABLE_REPORTS.has(part.type)) this.#report(part)
    else if (isWritten(part)) return this.#words(part, parent, first)
    else if (part.type === REACTION && part.disposition !== 'attachment') return this.#reaction(part)
    if (!REPORTS.has(part.type) || part.filename !== null) this.#keep(part)
    return this.#collectChildren(part)
  }

  #collectChildren(part: Described): Block[] {
    if (part.type === 'multipart/encrypted') this.protection = 'encrypted'
    else if (part.type === 'multipart/signed' && this.protection === 'none') this.protection = 'signed'
    const standard = part.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain'
    const children = part.part.children.map((child, at) => this.collect(describe(child, standard), part, at === 0))
    return part.type === 'multipart/alternative' ? oneOf(children) : children.flat()
  }

  /**
   * A text that carries a file name and stands beside others is a file, though it says `inline` (Apple Mail and Mozilla
   * send text files so); as the only text there is, it is what the person wrote all the same.
   */
  #words(part: Described, parent: Described | null, first: boolean): Block[] {
    const attached = part.disposition !== '' && part.disposition !== 'inline'
    const isBody =
      parent === null || parent.type === 'multipart/alternative' || (parent.type === 'multipart/related' && first)
    if (!attached && (part.filename === null || isBody)) return [this.#blockOf(part)]
    if (!attached || parent === null) this.instead.push(this.#blockOf(part))
    this.#keep(part)
    return []
  }

  /** An emoji in JSON, for programs; the words beside it say the same. */
  #reaction(part: Described): Block[] {
    const text = decodeCharset((part.part.content ?? Buffer.alloc(0)).subarray(0, LONGEST_REACTION), 'utf-8')
    const emoji = /"emoji"\s{0,9}:\s{0,9}"([^"\\]{1,30})"/.exec(text)?.[1]
    if (emoji === undefined) this.#keep(part)
    else this.instead.push({ plain: tidy(emoji), html: null })
    return []
  }

  #blockOf(part: Described): Block {
    const { maxTextBytes, maxHtmlBytes } = this.#limits
    const content = part.part.content ?? Buffer.alloc(0)
    const label = part.parameters.get('charset')
    this.charset ??= charsetName(label)
    if (part.type === 'text/html') {
      const bytes = content.subarray(0, maxHtmlBytes * 8)
      return {
        plain: null,
        html: capHtml(tidy(decodeCharset(bytes, charsetName(label) ? label : metaCharset(bytes))), maxHtmlBytes),
      }
    }
    const text = tidy(decodeCharset(content.subarray(0, maxTextBytes), label))
    const flowed = part.parameters.get('format')?.toLowerCase() === 'flowed'
    return { plain: flowed ? unflow(text, part.parameters.get('delsp')?.toLowerCase() === 'yes') : text, html: null }
  }

  #report(part: Described): void {
    if (this.reports.length >= MOST_REPORTS) return
    const bytes = (part.part.content ?? Buffer.alloc(0)).subarray(0, LONGEST_REPORT)
    this.reports.push({ contentType: part.type, text: tidy(decodeCharset(bytes, part.parameters.get('charset'))) })
  }

  #keep(part: Described): void {
    const content = part.part.content ?? Buffer.alloc(0)
    this.#file(content, part.type, part.filename, part.contentId, part.parameters.get('charset'))
    if (isCms(part)) this.#sealed(part, content)
    if (
      part.type === TNEF_TYPE ||
      part.type === 'application/vnd.ms-tnef' ||
      /^winmail\.dat$/i.test(part.filename ?? '')
    ) {
      this.#openTnef(content, null, 0)
    }
  }

  #file(
    content: Buffer,
    contentType: string,
    filename: string | null,
    contentId: string | null,
    charset?: string | undefined,
  ): void {
    const sha256 = createHash('sha256').update(content).digest('hex')
    const part = this.files.length
    const file = { part, filename, contentType, size: content.length, inline: false, contentId, sha256, content }
    this.files.push(isInternalFile(content, charset) ? { ...file, internal: true } : file)
  }

  #sealed(part: Described, content: Buffer): void {
    const claims = part.parameters.get('smime-type')?.toLowerCase() ?? ''
    const kind =
      readCms(content).kind ?? (/enveloped/.test(claims) ? 'encrypted' : claims === 'signed-data' ? 'signed' : null)
    if (kind === 'encrypted' || (kind === 'signed' && this.protection === 'none')) this.protection = kind
  }

  /** What Outlook packed into a winmail.dat stands beside it, mails within it opened in turn. */
  #openTnef(bytes: Buffer, name: string | null, depth: number): void {
    const opened = decodeTnef(bytes)
    if (!opened) return
    const block: Block = { plain: opened.text && tidy(opened.text), html: opened.html && tidy(opened.html) }
    if (depth === 0) this.instead.push(block)
    else if (hasWords(block)) {
      const type = block.html ? 'text/html' : 'text/plain'
      this.#file(
        Buffer.from(block.html ?? block.plain ?? ''),
        type,
        `${name ?? 'message'}.${block.html ? 'html' : 'txt'}`,
        null,
      )
    }
    for (const file of opened.files) {
      if (this.files.length >= this.#limits.maxParts) return
      const content = Buffer.from(file.content.buffer, file.content.byteOffset, file.content.byteLength)
      const filename = safeFilename(file.name)
      this.#file(
        content,
        mediaType(file.contentType ?? '') ?? 'application/octet-stream',
        filename,
        idOf(file.contentId),
      )
      if (file.contentType === TNEF_TYPE && depth < DEEPEST_UNWRAPPING) this.#openTnef(content, filename, depth + 1)
    }
  }
}

/** Is this a text of the mail (or a text file), rather than a file of another kind? */
function isWritten(part: Described): boolean {
  return part.type === 'text/plain' || part.type === 'text/html'
}

function isCms(part: Described): boolean {
  return part.type === 'application/pkcs7-mime' || part.type === 'application/x-pkcs7-mime'
}

function isText(text: string | null): text is string {
  return text !== null && /\S/.test(text)
}

function hasWords(block: Block): boolean {
  return isText(block.plain) || isText(block.html)
}

/** Alternatives say the same thing: the plain texts among them and the HTML among them become one block. */
function oneOf(alternatives: readonly Block[][]): Block[] {
  const html = alternatives.filter(blocks => blocks.some(block => block.html !== null))
  const plain = alternatives.filter(blocks => !html.includes(blocks)).flat()
  const texts = [...new Set(plain.map(block => block.plain ?? ''))].filter(isText)
  if (html.length === 0) return texts.length > 0 ? [{ plain: texts.join('\n'), html: null }] : []
  return [{ plain: texts.length > 0 ? texts.join('\n') : null, html: html.flat().map(asHtml).join('\n') }]
}

function asText(block: Block): string {
  return isText(block.plain) ? block.plain : block.html === null ? '' : htmlToText(block.html)
}

function asHtml(block: Block): string {
  return block.html ?? textAsHtml(block.plain ?? '')
}

/** Line breaks as LF, without control characters: no database and no terminal wants them. */
function tidy(text: string): string {
  const lines = text.replaceAll('\r\n', '\n')
  return UNTIDY.test(lines)
    ? lines.replace(/[\r\v\f\x85\u2028\u2029]/g, '\n').replace(/[\x00-\x08\x0e-\x1f\x7f-\x9f]/g, '')
    : lines
}

const UNTIDY = /[\x00-\x08\v\f\r\x0e-\x1f\x7f-\x9f\u2028\u2029]/

/** The charset that an HTML page declares within itself, for want of a better one. */
function metaCharset(bytes: Buffer): string | null {
  return (
    /<meta[^>]{1,200}charset=\s?["']?([\w.-]{1,40})/i.exec(
      bytes.toString('latin1', 0, Math.min(bytes.length, 2048)),
    )?.[1] ?? null
  )
}

function unescapeUrl(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** PGP without MIME stands in the text itself (RFC 4880 §6.2). */
function armour(text: string): ParsedMail['protection'] {
  if (!text.includes('-----BEGIN PGP ')) return 'none'
  if (/^-----BEGIN PGP MESSAGE-----/m.test(text)) return 'encrypted'
  return /^-----BEGIN PGP SIGNED MESSAGE-----/m.test(text) ? 'signed' : 'none'
}
