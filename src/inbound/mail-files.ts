import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { errorText } from '../errors.ts'
import { type Instant, instantOf } from '../instant.ts'
import { readDate } from '../mail/date.ts'
import { type RawField, readFields } from '../mail/header.ts'
import { HEAD_BYTES, isMailField, scanMbox, unwrapMail } from './mbox.ts'

/*
 * Mail that stands in files: one mail each (.eml, and files that begin with a mail header), mailbox files (mbox), Maildir
 * (`cur` and `new`, subfolders `.Sub`), and folders of all these. First everything is found, which takes about 200 bytes of
 * memory a mail; the mails themselves are read one by one, when their turn has come.
 */

type MailFile = {
  readonly path: string
  /** What the ledger calls the place: the mailbox file, the Maildir, or the folder it lies in. The same from wherever it is named. */
  readonly folder: string
  readonly kind: 'mail' | 'mbox'
}

/** A mail in a file, not yet read. */
export type FoundMail = {
  readonly file: MailFile
  readonly start: number
  readonly end: number
  readonly unquoted: boolean
  /** See `arrivalOf`. */
  readonly receivedAt: Instant
}

/** What lies at a place: a mail; something that is no mail to take in; or something that could not be read. */
export type Found =
  | { readonly kind: 'mail'; readonly mail: FoundMail }
  | { readonly kind: 'skipped' | 'unreadable'; readonly place: string; readonly why: string }

/** More than this is read by no mail server. */
export const LARGEST_MAIL = 150 * 1024 * 1024

/** Everything below these paths, folders by name. Never throws for what it meets. `now`: no mail arrived later. */
export async function* findMails(paths: readonly string[], now: Instant): AsyncGenerator<Found> {
  for (const path of paths) yield* guarded(path, () => findAt(path, now))
}

/** Where a mail stands, for people: the path, and in a mailbox file the byte it starts at. */
export function placeOf({ file, start }: Pick<FoundMail, 'file' | 'start'>): string {
  return file.kind === 'mbox' ? `${file.path} (byte ${start})` : file.path
}

/** The bytes of a mail as a server would hand them out. Throws when the file has changed since the mail was found. */
export async function readFound({ file, start, end, unquoted }: FoundMail): Promise<Buffer> {
  await using handle = await open(file.path)
  const length = end - start
  // The beginning of what follows tells whether a mailbox file still is what it was.
  const bytes = await readAt(handle, start, file.kind === 'mbox' ? length + 5 : length)
  const stored = bytes.subarray(0, length)
  const borders = [bytes.toString('latin1', 0, 5), bytes.toString('latin1', length)]
  const intact = file.kind === 'mail' || borders.every((border, at) => border === 'From ' || (at > 0 && border === ''))
  if (stored.length < length || !intact) throw new Error('the file has changed while it was read: run it again')
  return withWireLineEnds(file.kind === 'mbox' ? unwrapMail(stored, unquoted) : stored)
}

async function* findAt(path: string, now: Instant): AsyncGenerator<Found> {
  const status = await stat(path)
  yield* status.isDirectory() ? findIn(path, now) : findInFile(path, true, now)
}

async function* findIn(path: string, now: Instant): AsyncGenerator<Found> {
  const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))
  const isMaildir = entries.some(entry => entry.isDirectory() && (entry.name === 'cur' || entry.name === 'new'))
  for (const entry of entries) {
    const { name } = entry
    const inside = join(path, name)
    if (entry.isDirectory()) {
      if (isMaildir && name === 'tmp') continue // not delivered yet
      const isInbox = isMaildir && (name === 'cur' || name === 'new')
      yield* guarded(inside, () => (isInbox ? findInMaildir(inside, nameOf(path), now) : findIn(inside, now)))
    } else if (!BOOKKEEPING.test(name)) {
      yield* guarded(inside, () => findInFile(inside, false, now))
    }
  }
}

// What Dovecot, Courier, Thunderbird and desktops keep beside the mail.
const BOOKKEEPING = /^\.|^(?:dovecot|courier|maildir|subscriptions)|\.(?:msf|dat|lock|db)$|^thumbs\.db$/i

function nameOf(path: string): string {
  return basename(resolve(path))
}

/** `named`: by whoever called us, not found in a folder. */
async function* findInFile(path: string, named: boolean, now: Instant): AsyncGenerator<Found> {
  const status = await stat(path)
  if (!status.isFile()) {
    const why = status.isDirectory()
      ? 'is a link to a folder: name the folder itself'
      : 'is neither a file nor a folder'
    yield { kind: named ? 'unreadable' : 'skipped', place: path, why }
    return
  }
  await using handle = await open(path)
  const head = (await readAt(handle, 0, HEAD_BYTES)).toString('latin1')
  const start = head.replace(/^\xef\xbb\xbf/, '').trimStart()
  const extension = extname(path).toLowerCase()
  const isMail = extension === '.eml' || isMailField(start)
  const isMailbox = start.startsWith('From ') || /^\.mbo?x$/.test(extension)
  if (extension !== '.eml' && isMailbox) yield* findInMbox(handle, { path, folder: nameOf(path), kind: 'mbox' }, now)
  else if (isMail) {
    const file: MailFile = { path, folder: nameOf(dirname(resolve(path))), kind: 'mail' }
    yield findOne(file, head, status, null, now)
  } else if (start !== '' || named) {
    const why = start === '' ? 'is empty' : 'is neither a mail nor a mailbox file (packed? unpack it first)'
    yield { kind: named && start !== '' ? 'unreadable' : 'skipped', place: path, why }
  }
}

async function* findInMbox(handle: FileHandle, file: MailFile, now: Instant): AsyncGenerator<Found> {
  const { mtimeMs, size } = await handle.stat()
  let end = 0
  for await (const { header, separator, ...mail } of scanMbox(handle)) {
    if (end === 0 && mail.start > 3)
      yield { kind: 'skipped', place: file.path, why: `${mail.start} bytes before the first mail` }
    end = mail.end
    const place = placeOf({ file, start: mail.start })
    const fields = readFields(header)
    const why = notForUs(fields)
    if (why !== null) yield { kind: 'skipped', place, why }
    else if (mail.end - mail.start > LARGEST_MAIL) yield tooLarge(place, mail.end - mail.start)
    else {
      const receivedAt = arrivalOf(fields, [readDate(dateIn(separator)), instantOf(mtimeMs)], now)
      yield { kind: 'mail', mail: { file, ...mail, receivedAt } }
    }
  }
  if (end === 0 && size > 0)
    yield { kind: 'unreadable', place: file.path, why: 'holds no mail: no line begins with "From "' }
}

async function* findInMaildir(path: string, folder: string, now: Instant): AsyncGenerator<Found> {
  for (const name of (await readdir(path)).sort()) {
    if (name.startsWith('.')) continue
    const inside = join(path, name)
    yield* guarded(inside, async function* () {
      const status = await stat(inside)
      if (!status.isFile()) return
      await using handle = await open(inside)
      const head = (await readAt(handle, 0, HEAD_BYTES)).toString('latin1')
      const seconds = /^(\d{9,10})\D/.exec(name)?.[1]
      const delivered = seconds === undefined ? null : instantOf(Number(seconds) * 1000)
      // Flags stand behind `:2,`; where a colon may not stand in a name, programs take another character.
      if (/[:;!]2,[A-Z]*D[A-Z]*$/.test(name)) yield { kind: 'skipped', place: inside, why: 'is a draft' }
      else yield findOne({ path: inside, folder, kind: 'mail' }, head, status, delivered, now)
    })
  }
}

type Status = { readonly size: number; readonly mtimeMs: number }

function findOne(file: MailFile, head: string, status: Status, delivered: Instant | null, now: Instant): Found {
  const { size, mtimeMs } = status
  if (head.trim() === '') return { kind: 'skipped', place: file.path, why: 'is empty' }
  if (size > LARGEST_MAIL) return tooLarge(file.path, size)
  // A header of text is what every mail begins with, however broken.
  if (head.slice(0, 512).includes('\0')) return { kind: 'unreadable', place: file.path, why: 'is no mail' }
  const receivedAt = arrivalOf(readFields(headerOf(head)), [delivered, instantOf(mtimeMs)], now)
  return { kind: 'mail', mail: { file, start: 0, end: size, unquoted: false, receivedAt } }
}

function tooLarge(place: string, bytes: number): Found {
  const mb = (size: number): string => `${Math.ceil(size / 1_048_576)} MB`
  return { kind: 'unreadable', place, why: `has ${mb(bytes)}; a mail may have ${mb(LARGEST_MAIL)}` }
}

/** Thunderbird leaves deleted mails in the file until it is compacted; UW-IMAP and Dovecot begin it with one of their own. */
function notForUs(fields: readonly RawField[]): string | null {
  const status = fields.slice(0, 4).find(({ name }) => name === 'x-mozilla-status')?.value
  if (status !== undefined && (Number.parseInt(status, 16) & 0x0008) !== 0) return 'was deleted (in Thunderbird)'
  const isData = fields.some(({ name, value }) => name === 'subject' && /FOLDER INTERNAL DATA$/.test(value))
  return isData && fields.some(({ name }) => name === 'x-imap') ? 'is no mail but data of a mail server' : null
}

// Nobody had mail files before.
const EARLIEST: Instant = '1975-01-01T00:00:00.000Z'

/**
 * When a mail arrived: what the server that took it in wrote on top of it (Received), for it survives copying and has a time
 * zone; else what its sender wrote (Date), as in mail that was sent from here; else what its file tells: the `From ` line or
 * the name in a Maildir, and at last when the file was written. A time that cannot be is passed over.
 */
function arrivalOf(fields: readonly RawField[], ofFile: readonly (Instant | null)[], now: Instant): Instant {
  const all = (wanted: string): string[] => fields.flatMap(({ name, value }) => (name === wanted ? value : []))
  const received = all('received').map(value => readDate(value.slice(value.lastIndexOf(';') + 1)))
  const told = [...received, ...all('date').map(readDate), ...ofFile]
  return told.find(at => at !== null && at > EARLIEST && at <= now) ?? now
}

/** The date in a `From ` line; it names no time zone, as a rule. */
function dateIn(separator: string): string {
  const from = /\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?[ \t]|\b\d{4}-\d{2}-\d{2}\b/i.exec(separator)
  return from ? separator.slice(from.index) : ''
}

function headerOf(head: string): string {
  const text = head.replace(/^\xef\xbb\xbf/, '').trimStart()
  const fields = /^>?From [^\n]*\n/.exec(text)
  const from = fields ? fields[0].length : 0
  const end = /\r?\n\r?\n/.exec(text.slice(from))
  return end ? text.slice(from, from + end.index) : text.slice(from)
}

async function* guarded(place: string, find: () => AsyncGenerator<Found>): AsyncGenerator<Found> {
  try {
    yield* find()
  } catch (error) {
    yield { kind: 'unreadable', place, why: errorText(error) }
  }
}

async function readAt(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const { size } = await handle.stat()
  const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - start)))
  let filled = 0
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

const LF = 0x0a
const CR = 0x0d

/** Files have the line ends of their system, mails have CRLF (RFC 5322 §2.1): so a copy from a server is the same mail. */
function withWireLineEnds(bytes: Buffer): Buffer {
  let missing = 0
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) if (bytes[at - 1] !== CR) missing++
  if (missing === 0) return bytes
  const wire = Buffer.allocUnsafe(bytes.length + missing)
  let to = 0
  let from = 0
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] === CR) continue
    to += bytes.copy(wire, to, from, at)
    wire[to++] = CR
    from = at
  }
  bytes.copy(wire, to, from)
  return wire
}
