import type { FileHandle } from 'node:fs/promises'

/*
 * Mailbox files: mails one after the other, each behind a line `From sender date` (RFC 4155, appendix A). Nobody agreed on
 * more than that. Seen in practice: `>` before such lines of a text in all mails (mboxrd), in some (mboxo) or in none, with
 * a Content-Length instead (mboxcl2); CRLF; no empty line between two mails; no date (Thunderbird); the end torn off. A file
 * is read in pieces, so its size does not matter, and each byte once.
 */

/** A mail in a mailbox file: from its `From ` line to the next one, in bytes from the beginning of the file. */
export type MboxMail = {
  readonly start: number
  readonly end: number
  /** The `From ` line, one character a byte. */
  readonly separator: string
  /** The header, one character a byte; its first 64 KB. */
  readonly header: string
  /** `From ` lines inside it stand as they were written, without a `>` before them (mboxcl2). */
  readonly unquoted: boolean
}

/** Enough for the header fields that say when a mail arrived, and for `From ` lines. */
export const HEAD_BYTES = 65_536
const CHUNK_BYTES = 1_048_576
const LINE_BYTES = 2_048
const FROM = Buffer.from('\nFrom ')
const LF = 0x0a
const CR = 0x0d
const GREATER = 0x3e

/** The mails of a mailbox file in order. None when it holds no `From ` line. What precedes the first one is passed over. */
export async function* scanMbox(handle: FileHandle): AsyncGenerator<MboxMail> {
  const file = new Window(handle, (await handle.stat()).size)
  let start = await firstMail(file)
  while (start !== null) {
    const head = (await file.from(start, HEAD_BYTES)).subarray(0, HEAD_BYTES)
    const line = head.indexOf(LF) + 1 || head.length
    const body = bodyStart(head, line)
    const separator = head.toString('latin1', 0, Math.min(line, LINE_BYTES)).trimEnd()
    const header = head.toString('latin1', line, body ?? HEAD_BYTES)
    // The window may move from here on: `head` is no more.
    const search = start + Math.max(line - 1, 1)
    const counted = body === null ? null : await countedEnd(file, start + body, header)
    const end = counted ?? (await nextMail(file, search)) ?? file.size
    const bare = counted === null ? null : await nextHit(file, search)
    yield {
      start,
      end,
      separator,
      header: header.slice(0, Math.max(0, end - start - line)),
      unquoted: bare !== null && bare < end,
    }
    start = end < file.size ? end : null
  }
}

/** A piece of a file that moves along with the reading. */
class Window {
  readonly #handle: FileHandle
  readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  #begin = 0
  #end = 0
  size: number

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle
    this.size = size
  }

  /** What stands from `at` on: at least `least` bytes, fewer only at the end of the file. Good until the next call. */
  async from(at: number, least: number): Promise<Buffer> {
    if (at < this.#begin || Math.min(at + least, this.size) > this.#end) await this.#move(at)
    return this.#buffer.subarray(Math.max(0, at - this.#begin), this.#end - this.#begin)
  }

  async #move(to: number): Promise<void> {
    this.#begin = to
    this.#end = to
    while (this.#end - to < CHUNK_BYTES && this.#end < this.size) {
      const room = Math.min(CHUNK_BYTES - (this.#end - to), this.size - this.#end)
      const { bytesRead } = await this.#handle.read(this.#buffer, this.#end - to, room, this.#end)
      // Somebody shortened the file.
      if (bytesRead === 0) this.size = this.#end
      this.#end += bytesRead
    }
  }
}

/** Where the first mail starts: whatever the line looks like when the file begins with it, or after blank lines. */
async function firstMail(file: Window): Promise<number | null> {
  const head = await file.from(0, LINE_BYTES)
  let at = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0
  while (head[at] === LF || head[at] === CR) at++
  if (head.toString('latin1', at, at + 5) === 'From ') return at
  return nextMail(file, 0)
}

async function nextMail(file: Window, from: number): Promise<number | null> {
  for (let hit = await nextHit(file, from); hit !== null; hit = await nextHit(file, hit)) {
    if (await isSeparator(file, hit)) return hit
  }
  return null
}

/** The next line that begins with `From `, behind the line break at `from` or a later one. */
async function nextHit(file: Window, from: number): Promise<number | null> {
  for (let at = from; ; ) {
    const ahead = await file.from(at, FROM.length)
    const hit = ahead.indexOf(FROM)
    if (hit >= 0) return at + hit + 1
    if (at + ahead.length >= file.size) return null
    at += Math.max(1, ahead.length - FROM.length + 1)
  }
}

// With sender, day and time, in any of the orders that programs write; Thunderbird has a hyphen, or nothing at all.
const DATED = /\b\d{1,2}:\d{2}(?::\d{2})?\b/
const MONTH = /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b\d{4}-\d{2}-\d{2}\b/i
const YEAR = /\b(?:19|20)\d{2}\b/
const UNDATED = /^From (?:-?|\S{1,320})\s*$/
const ANY_FIELD = /^(?:[!-9;-~]{1,78}[ \t]*:|>?From )/
const MAIL_FIELD =
  /^(?:return-path|received|delivered-to|envelope-to|delivery-date|message-id|date|from|sender|reply-to|to|cc|subject|in-reply-to|references|mime-version|content-[a-z-]+|dkim-signature|arc-[a-z-]+|authentication-results|received-spf|status|x-[a-z0-9-]+|list-[a-z-]+|resent-[a-z-]+|thread-[a-z]+|user-agent)[ \t]*:/i

/** Does the line start with a mail header: one that only mails have? */
export function isMailField(line: string): boolean {
  return MAIL_FIELD.test(line)
}

/**
 * Does a mail start with this line, or did somebody write "From now on …"? By the line itself, by an empty line before it,
 * and by a header after it; of a weak sign the others must be the stronger.
 */
async function isSeparator(file: Window, at: number): Promise<boolean> {
  const before = Math.min(at, 3)
  const around = await file.from(at - before, LINE_BYTES)
  const line = around.indexOf(LF, before)
  if (line < 0) return false
  const isBlankBefore = /(?:^|\n)\r?\n$/.test(around.toString('latin1', 0, before))
  const text = around.toString('latin1', before, line)
  const next = around.toString('latin1', line + 1, line + 500)
  if (DATED.test(text) && MONTH.test(text) && YEAR.test(text)) {
    if (!isBlankBefore) return isMailField(next)
    // Torn off by the end of the file, it still is a mail of its own.
    return ANY_FIELD.test(next) || (around.length < LINE_BYTES && /^[!-9;-~]{0,78}$/.test(next))
  }
  return isBlankBefore && UNDATED.test(text) && isMailField(next)
}

/**
 * The end that Content-Length tells; null when no mail and no end of file is there: programs count line ends in their own
 * way, and rewrite texts without counting again.
 */
async function countedEnd(file: Window, body: number, header: string): Promise<number | null> {
  const length = /^content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*\r?$/im.exec(header)?.[1]
  if (length === undefined || body + Number(length) > file.size) return null
  const told = body + Number(length)
  const from = Math.max(0, told - 1)
  const around = (await file.from(from, 16)).toString('latin1', 0, 16)
  // The line break before the next mail may be counted or not.
  const match = /^(?:\n(?:\r?\n)?|[^\n]\r?\n(?:\r?\n)?)(?=From )/.exec(around)
  if (match) return (await isSeparator(file, from + match[0].length)) ? from + match[0].length : null
  return file.size - told <= 2 && around.slice(1).trim() === '' ? file.size : null
}

/** Where the body starts: behind the first empty line; null when there is none. */
function bodyStart(head: Buffer, from: number): number | null {
  if (head[from] === LF) return from + 1
  if (head[from] === CR && head[from + 1] === LF) return from + 2
  const bare = head.indexOf('\n\n', from)
  const crlf = (bare < 0 ? head : head.subarray(0, bare + 1)).indexOf('\n\r\n', from)
  return crlf >= 0 ? crlf + 3 : bare < 0 ? null : bare + 2
}

// What mail programs keep in the header of a stored mail, and change there: no server hands it out, and a mail whose flags
// have changed is the same mail.
const BOOKKEEPING =
  /^(?:status|x-status|x-uid|x-keywords|x-imap|x-imapbase|x-mozilla-status2?|x-mozilla-keys|content-length)[ \t]*:.*\r?\n(?:[ \t].*\r?\n)*/gim

/** The mail itself, out of what stands in the file: without its `From ` line, the empty line behind it, and the quoting. */
export function unwrapMail(stored: Buffer, unquoted: boolean): Buffer {
  const line = stored.indexOf(LF) + 1 || stored.length
  let end = stored.length
  if (stored[end - 1] === LF && (stored[end - 2] === LF || stored.toString('latin1', end - 3, end - 1) === '\n\r'))
    end -= stored[end - 2] === CR ? 2 : 1
  const mail = stored.subarray(line, Math.max(line, end))
  const body = bodyStart(mail.subarray(0, CHUNK_BYTES), 0) ?? Math.min(mail.length, CHUNK_BYTES)
  const header = mail.toString('latin1', 0, body)
  const kept = header.replace(BOOKKEEPING, '')
  const text = mail.subarray(body)
  return Buffer.concat([Buffer.from(kept, 'latin1'), unquoted ? text : unquote(text)])
}

/** One `>` less before each `From ` line (mboxrd; mboxo had none but one). */
function unquote(text: Buffer): Buffer {
  const pieces: Buffer[] = []
  let kept = 0
  let from = 0
  for (let at = text[0] === GREATER ? 0 : quotedLine(text, 0); at >= 0; at = quotedLine(text, from)) {
    from = at
    while (text[from] === GREATER) from++
    if (text.toString('latin1', from, from + 5) !== 'From ') continue
    pieces.push(text.subarray(kept, at))
    kept = at + 1
  }
  return pieces.length === 0 ? text : Buffer.concat([...pieces, text.subarray(kept)])
}

/** Where the next line that begins with `>` starts; -1 when there is none. */
function quotedLine(text: Buffer, from: number): number {
  const found = text.indexOf('\n>', from)
  return found < 0 ? -1 : found + 1
}
