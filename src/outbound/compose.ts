import type { SendMailOptions } from 'nodemailer'
import { invitationFor, isCalendar } from '../desk/invitation.ts'
import { type OutgoingMail, type PassedOn, recipientsOf } from '../desk/outgoing-mail.ts'
import { oneLine } from '../desk/template.ts'
import { epochMs, type Instant } from '../instant.ts'
import { decodeCharset } from '../mail/charset.ts'
import type { Address } from '../mail/message.ts'

/** Reads the content of an attachment we pass on out of the mail it came with; null when it is not there any more. */
export type OpenAttachment = (attachment: PassedOn) => Promise<Buffer | null>

/**
 * The fields that nodemailer builds the message from. Two calls give the same message, Date and Message-ID included, so
 * that a receiver can recognise a second attempt. Nothing of it is taken from the mail being answered unchecked: nodemailer
 * encodes and folds header values, and addresses are refused before (`isMailable`). `recipients`: whom the envelope names,
 * when some have got it already.
 */
export async function compose(
  mail: OutgoingMail,
  createdAt: Instant,
  openAttachment: OpenAttachment,
  recipients: readonly string[] = recipientsOf(mail),
): Promise<SendMailOptions> {
  const attachments = await Promise.all(
    mail.attachments.map(async attachment => {
      const { filename, contentType, cid } = attachment
      const content = passedOn((await openAttachment(attachment)) ?? Buffer.alloc(0), mail)
      return {
        filename: undecodable(filename ?? nameFor(contentType)),
        contentType: typeFor(contentType, content),
        // Else nodemailer shows a mail inside the text.
        contentDisposition: cid === undefined ? ('attachment' as const) : ('inline' as const),
        ...(cid === undefined ? {} : { cid }),
        content,
      }
    }),
  )
  const parent = mail.inReplyTo !== null && isCitable(mail.inReplyTo) ? mail.inReplyTo : null
  const references = mail.references.filter(isCitable)
  return {
    envelope: { from: envelopeFrom(mail), to: [...recipients] },
    from: named(mail.from),
    to: mail.to.map(named),
    ...(mail.cc.length > 0 ? { cc: mail.cc.map(named) } : {}),
    ...(mail.replyTo === null ? {} : { replyTo: named({ name: mail.from.name, address: mail.replyTo }) }),
    subject: undecodable(mail.subject),
    date: new Date(epochMs(createdAt)),
    messageId: `<${mail.messageId}>`,
    // RFC 2046 §5.1.1: letters and digits, at most 70 with what nodemailer puts before and after.
    baseBoundary: mail.messageId.replace(/[^a-z0-9]/gi, '').slice(0, 40),
    ...(parent === null ? {} : { inReplyTo: `<${parent}>` }),
    ...(references.length > 0 ? { references: references.map(id => `<${id}>`) } : {}),
    text: lines(mail.text),
    ...(mail.html ? { html: lines(mail.html) } : {}),
    attachments,
    ...(mail.automatic ? { headers: mail.automatic === 'generated' ? GENERATED_HEADERS : AUTOMATIC_HEADERS } : {}),
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** The bytes as they came; but an invitation of an agent takes along nothing that is for agents alone. */
function passedOn(content: Buffer, { automatic }: OutgoingMail): Buffer {
  // What agents are told of may come from anybody, and costs no time here.
  if (automatic !== false || !isCalendar(content.toString('latin1', 0, BEGINNING).replace(/^ï»¿/, ''))) return content
  const text = decodeCharset(content, null)
  const cleaned = invitationFor(text)
  return cleaned === text ? content : Buffer.from(cleaned)
}

const BEGINNING = 200

/** An invitation has no name of its own, nor has a mail, and is only opened as what it is when it has one. */
function nameFor(contentType: string): string {
  return { 'text/calendar': 'invite.ics', 'message/rfc822': 'mail.eml' }[contentType.toLowerCase()] ?? 'attachment'
}

/** RFC 3834 §3.3: an automatic response has the null return path, so that nothing can answer or bounce to it. */
export function envelopeFrom(mail: OutgoingMail): string {
  return mail.automatic === true ? '' : mail.from.address
}

const AUTOMATIC_HEADERS = {
  // RFC 3834 §5: what it is, for everybody who asks before answering.
  'Auto-Submitted': 'auto-replied',
  // Exchange and Outlook know this one instead: no out-of-office, no receipts back to us.
  'X-Auto-Response-Suppress': 'All',
  // Older vacation programs look at nothing else.
  Precedence: 'auto_reply',
  'X-Postdesk-Loop': 'yes',
}

/** Written by the program, but no answer (RFC 3834 §5). Exchange may say that the agent is away: so it is not asked to be silent. */
const GENERATED_HEADERS = { 'Auto-Submitted': 'auto-generated', 'X-Postdesk-Loop': 'yes' }

/**
 * An id is cited as it was written, so what no header may hold cannot be: characters beyond ASCII, and more than fits on a line
 * of 998 octets (RFC 5322 §2.1.1), for within an id none is folded.
 */
function isCitable(id: string): boolean {
  return /^[!-;=?-~]{1,900}$/.test(id)
}

/** RFC 2046 §5.2.1: a mail goes along as it is, or else as a file: encoded it may not be. */
function typeFor(contentType: string, content: Buffer): string {
  if (!/^(?:message|multipart)\//i.test(contentType)) return contentType
  return /^message\//i.test(contentType) && isSevenBit(content) ? contentType : 'application/octet-stream'
}

/** RFC 2045 §2.7 */
function isSevenBit(content: Buffer): boolean {
  return !/[^\x01-\x7f]|[^\n]{998}/.test(content.toString('latin1'))
}

// Without blanks a long one is a line that servers refuse.
const LONGEST_NAME = 200

function named({ name, address }: Address): { name: string; address: string } {
  return { name: undecodable(oneLine(name, LONGEST_NAME)), address }
}

/** RFC 5322 §2.3: CR and LF stand together or not at all; nodemailer pairs what it is given as lines of LF. */
function lines(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

/**
 * Words that look like an encoded one (RFC 2047 §2) would be decoded where they are read, and show what was taken out of them
 * here: tags of other tickets, marks that turn the direction of writing.
 */
function undecodable(text: string): string {
  return text.replaceAll('=?', '= ?')
}
