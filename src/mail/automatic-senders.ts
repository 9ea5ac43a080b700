/*
 * Senders behind whom nobody reads: mail servers, "noreply", the empty return path. Names and local parts are matched whole
 * or by their parts, never as a substring: `norah.eply@` is a person.
 */
import type { ParsedMail } from './message.ts'

/** The values of all header fields of that name (lower case), in order. */
export function headerValues(mail: ParsedMail, name: string): string[] {
  return mail.headers.filter(header => header.name === name).map(header => header.value)
}

// The two kinds of address a mail server writes reports from; RFC 5321 §4.5.1 has every domain read postmaster.
const DAEMON_ADDRESS = /^(?:mail(?:er)?[-_.]?daemon|double-bounce)(?:[-_+.][^@]*)?(?:@|$)/i
const DAEMON_NAME =
  /^["']?(?:mail(?:er)?[-_ .]?daemon|(?:internet )?mail deliver(?:y|er)?(?: (?:sub)?system| service)?)(?:["' ]|$)/i
const POSTMASTER = /^(?:(?:[^@]{1,60}[-_.])?post[-_]?master|bounces?|mdaemon)(?:[-_+.][^@]*)?@/i
const POSTMASTER_NAME =
  /^["']?(?:post ?master|(?:e?mail )?system ?administrator|mail administrator|content-filter at)(?:["' ]|$)/i

/** A mail server speaks, by its address or, where the address is empty or a postmaster's, by its name. */
export function isMailDaemon(mail: ParsedMail): boolean {
  return DAEMON_ADDRESS.test(mail.from?.address ?? '') || DAEMON_NAME.test(mail.from?.name ?? '')
}

/** The sender may be a mail server or the person who runs it; also when the address is empty, as daemons write it. */
export function mayBeServer(mail: ParsedMail): boolean {
  const address = mail.from?.address ?? ''
  return !address || isUnread(address) || POSTMASTER_NAME.test(mail.from?.name ?? '')
}

const NO_REPLY = new RegExp(
  `^(?:[^@]{1,60}[-_.+])?(?:${[
    '(?:no|not|non|never)[-_.]?(?:reply|replies|respond|response|answer)',
    'do?n.?t[-_.]?(?:reply|respond|answer)|do[-_.]?not[-_.]?(?:reply|respond|answer)(?:[-_.]?to)?',
    '(?:nicht|keine?)[-_.]?(?:be)?antwort(?:en)?|antworten?[-_.]nicht|bitte[-_.]?nicht[-_.]?antworten',
    '(?:ne[-_.]?)?pas[-_.]?(?:de[-_.]?)?(?:repondre|reponse)|ne[-_.]?(?:pas[-_.]?)?repondez(?:[-_.]?pas)?',
    'no[-_.]?(?:responder|responda|contestar|conteste)|n[ao]o?[-_.]?respond(?:a|er)|non[-_.]?rispondere|niet[-_.]?(?:be)?antwoorden|geen[-_.]?antwoord',
    'auto[-_.]?(?:reply|responder|antwort)|auto[-_]?mailer|unmonitored',
    'nie[-_.]?odpowiada[cj]|nu[-_.]?raspunde(?:ti)?|svara[-_.]?(?:ej|inte)|ej[-_.]?svar|(?:ikke|ingen)[-_.]?svar|ne[-_.]?odpovidat|ala[-_.]?vastaa',
  ].join('|')})(?:[-_.+][^@]*|\\d*)@`,
  'i',
)
// Those that vacation(1) never answers; owner- is a list's (RFC 2142 §6).
const LIST_MANAGER = /^(?:owner-[^@]+|[^@]+-bounces(?:\+[^@]*)?|listserv|majordomo|mailman(?:-[^@]+)?|nobody)@/i

/** Mail to this address is read by nobody. */
export function isUnread(address: string): boolean {
  return NO_REPLY.test(address) || LIST_MANAGER.test(address) || POSTMASTER.test(address)
}

/** RFC 5321 §4.5.5: reports and automatic answers have the null path, which some servers write out as MAILER-DAEMON. */
export function nullPath(mail: ParsedMail): string | null {
  return (
    headerValues(mail, 'return-path').find(value =>
      /^<?(?:mailer-daemon(?:@[^>]*)?)?>?$/i.test(value.replace(/\s+/g, '')),
    ) ?? null
  )
}
