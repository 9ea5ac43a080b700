import { createHash } from 'node:crypto'
import { parseAddressHeader } from 'mailparser'
import { DeskError, errorText } from '../errors.ts'
import { readDate } from '../mail/date.ts'
import { cleanLine, decodeText, maskWords, type RawField, readIds, readStructured } from '../mail/header.ts'
import type { Address, Header, ParsedMail } from '../mail/message.ts'
import { readTree } from './part-tree.ts'
import { type File, readParts } from './parts.ts'
import { DEFAULT_LIMITS, type ParseLimits, preflight } from './preflight.ts'

/*
 * Bytes to a mail. mailparser splits the body into parts (`part-tree`); what the parts and the header say is
 * read here, for there it loses charsets, file names, reports and dates (each seen in real mail).
 */

export { DEFAULT_LIMITS, type ParseLimits } from './preflight.ts'

/** Reads a mail. Throws DeskError('unparseable') for what exceeds the limits: refused now, it would be refused again. */
export async function parseMail(bytes: Buffer, limits: ParseLimits = DEFAULT_LIMITS): Promise<ParsedMail> {
  return refusing(async () => {
    const envelope = preflight(bytes, limits)
    const { files, charset, ...contents } = readParts(await readTree(envelope, limits), limits)
    const attachments = files.map(({ content, ...attachment }) => attachment)
    const mail = { ...readHead(envelope.fields, charset), ...contents, attachments, size: bytes.length }
    return { ...mail, fingerprint: fingerprintOf(mail) }
  })
}

/** The content of one attachment, by its position in `ParsedMail.attachments`; null when there is none. Throws as `parseMail`. */
export async function readAttachment(
  bytes: Buffer,
  part: number,
  limits: ParseLimits = DEFAULT_LIMITS,
): Promise<Pick<File, 'content' | 'filename' | 'contentType'> | null> {
  return refusing(async () => {
    const { files } = readParts(await readTree(preflight(bytes, limits), limits), limits)
    const file = files[part]
    return file ? { content: file.content, filename: file.filename, contentType: file.contentType } : null
  })
}

/** Reading depends on the bytes alone: whatever goes wrong goes wrong each time, so no error is worth a second try. */
async function refusing<Read>(read: () => Promise<Read>): Promise<Read> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof DeskError) throw error
    throw new DeskError('unparseable', `The mail cannot be read: ${errorText(error)}.`, { cause: error })
  }
}

type Head = Pick<
  ParsedMail,
  | 'messageId'
  | 'inReplyTo'
  | 'references'
  | 'date'
  | 'from'
  | 'sender'
  | 'replyTo'
  | 'to'
  | 'cc'
  | 'subject'
  | 'headers'
  | 'contentType'
>

const MOST_HEADERS = 1000
/**
 * An encoded word within one of these is no text of theirs (RFC 2047 §5): decoded, a mailbox name that a stranger chose would
 * become a verdict of our own server (seen to work: `; dmarc=pass`).
 */
const VERDICTS: ReadonlySet<string> = new Set(['authentication-results', 'arc-authentication-results', 'arc-seal'])

function readHead(fields: readonly RawField[], charset: string | null): Head {
  const all = (name: string): string[] =>
    fields.filter(field => field.name === name && field.value !== '').map(field => field.value)
  // Of what may stand only once (RFC 5322 §3.6) the first that can be read counts, as mail clients have it.
  const ids = (name: string): string[] =>
    all(name)
      .map(readIds)
      .find(found => found.length > 0) ?? []
  const people = (name: string): Address[] => distinctLists(all(name), charset)
  const [messageId] = all('message-id')
  const type = readStructured(all('content-type')[0] ?? '')
  return {
    messageId:
      ids('message-id')[0] ??
      (decodeText(messageId ?? '')
        .replace(/[<>\s]/g, '')
        .slice(0, 998) ||
        null),
    inReplyTo: ids('in-reply-to'),
    references: ids('references'),
    date:
      all('date')
        .map(readDate)
        .find(date => date !== null) ?? null,
    from: firstPerson(all('from'), charset),
    sender: firstPerson(all('sender'), charset),
    replyTo: people('reply-to'),
    to: people('to'),
    cc: people('cc'),
    subject: decodeText(all('subject')[0] ?? '', charset),
    headers: fields
      .slice(0, MOST_HEADERS)
      .map(({ name, value }): Header => ({ name, value: VERDICTS.has(name) ? value : decodeText(value, charset) })),
    contentType: {
      type: /^[^\s/]+\/[^\s/]+$/.test(type.value) ? type.value : 'text/plain',
      parameters: Object.fromEntries(type.parameters),
    },
  }
}

const MOST_ADDRESSES = 1000
const LONGEST_LIST = 131_072
const LONGEST_ADDRESS = 320

function readAddresses(raw: string, charset: string | null): Address[] {
  const { masked, unmask } = maskWords(raw.slice(0, LONGEST_LIST), charset)
  return addressList(masked)
    .slice(0, MOST_ADDRESSES)
    .map(({ name, address = '' }) => ({
      name: cleanLine(unmask(name)).slice(0, 1000),
      address: foldDomain(
        cleanLine(unmask(address))
          .replace(/[\s<>]/g, '')
          .slice(0, LONGEST_ADDRESS),
      ),
    }))
}

// One address with nothing around it that a list parser would have to think about: nearly every From.
const ONE_ADDRESS =
  /^(?:([\p{L}\p{M}\p{N}\ue000\ue001.'’_&|/ -]{0,200})<([\w.+-]{1,64}@[\w.-]{1,250})>|([\w.+-]{1,64}@[\w.-]{1,250}))$/u

// Words after the bracket, such as the next field, whose line break was lost, make a list parser give up on what is in it.
const BRACKETED = /<([^\s<>@,;:"]{1,64}@[\p{L}\p{N}.-]{1,250})>/gu

type Listed = { readonly name: string; readonly address?: string | undefined }

function addressList(list: string): readonly Listed[] {
  const one = ONE_ADDRESS.exec(list)
  if (one) return [{ name: one[1]?.trim() ?? '', address: one[2] ?? one[3] ?? '' }]
  const read: readonly Listed[] = parseAddressHeader(list, { flatten: true, decodePunycode: false }).value
  const whole = read.map(({ name, address = '' }) => ({ name, address: address.endsWith('@') ? '' : address })) // torn
  if (whole.some(({ address }) => address)) return whole
  const bare = list.replace(/"[^"]{0,1000}"/g, '')
  const bracketed = [...bare.matchAll(BRACKETED)].map(({ index, 1: address }) => ({
    name: /[^<>,;:]*$/.exec(bare.slice(Math.max(0, index - 100), index))?.[0].trim() ?? '',
    address,
  }))
  return bracketed.length > 0 ? bracketed : whole
}

function foldDomain(address: string): string {
  const at = address.lastIndexOf('@') + 1
  return address.slice(0, at) + address.slice(at).toLowerCase()
}

function distinctLists(values: readonly string[], charset: string | null): Address[] {
  return values
    .slice(0, 20)
    .flatMap(value => readAddresses(value, charset))
    .filter(({ address }) => address !== '')
    .slice(0, MOST_ADDRESSES)
}

/** The first who has an address; a name alone is still better than nobody. */
function firstPerson(values: readonly string[], charset: string | null): Address | null {
  const people = values.slice(0, 20).flatMap(value => readAddresses(value, charset))
  return people.find(({ address }) => address !== '') ?? people[0] ?? null
}

/** Over what the sender wrote, not over what transport added or re-encoded: white space is folded. */
function fingerprintOf(mail: Omit<ParsedMail, 'fingerprint'>): string {
  const told = [
    mail.messageId,
    mail.inReplyTo,
    mail.from?.address,
    mail.date,
    mail.subject,
    mail.text.replace(/\s{2,}|[^\S ]/g, ' ').trim(),
    mail.attachments.map(({ sha256 }) => sha256),
    ...(mail.messageId === null ? [firstHop(mail)] : []),
    // Bounces of different mails may differ in nothing else.
    ...mail.reportParts.map(({ text }) => text),
  ]
  return createHash('sha256').update(JSON.stringify(told)).digest('hex')
}

/**
 * What the first server on the way wrote of the mail (RFC 5321 §4.4: each puts its line on top), and all copies share. Seen
 * in practice: devices that have no Message-ID and no clock send the same words again and again, and mean it.
 */
function firstHop({ headers }: Pick<ParsedMail, 'headers'>): string | null {
  return headers.findLast(({ name }) => name === 'received')?.value ?? null
}
