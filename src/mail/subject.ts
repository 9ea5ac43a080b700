/*
 * Subjects as people and clients change them: "Re:", "AW:", "[Fwd: …]", "Antw.: [list] …".
 */

// Reply and forward marks of the clients seen in practice, by language. RFC 5256 §2.1 knows only re, fw and fwd.
const REPLY = 're|aw|antw|antwort|sv|vs|ref|rv|odp|odg|vá|ynt|ats|atb|rif|r|resp|ri|答复|回复|回覆|الرد|השב|σχετ|απ'
// Turkish capitals: lower case has two forms, and `i` folds neither.
const FORWARD =
  'fw|fwd|wg|tr|doorst|i|rv|enc|pd|vb|vl|tov|továbbítás|videresendt|videresend|vidarebefordrat|转发|轉寄|hal|ilt|yml|i̇lt|İLT'
const PREFIX = new RegExp(
  `^(?:${REPLY}|${FORWARD})\\s?(?:\\[\\d{1,4}\\]|\\(\\d{1,4}\\)|\\^\\d{1,4}|\\d{1,3})?\\s?[:：]\\s*`,
  'iu',
)
const REPLY_PREFIX = new RegExp(
  `^(?:${REPLY})\\s?(?:\\[\\d{1,4}\\]|\\(\\d{1,4}\\)|\\^\\d{1,4}|\\d{1,3})?\\s?[:：]`,
  'iu',
)
const FORWARD_PREFIX = new RegExp(
  `^(?:${FORWARD})\\s?(?:\\[\\d{1,4}\\]|\\(\\d{1,4}\\)|\\^\\d{1,4}|\\d{1,3})?\\s?[:：]`,
  'iu',
)
const TAG = /\[#(\d{1,15})\]/g
const LEADING_BLOB = /^\[[^[\]]{1,60}\]\s*(?=\S)/

// Marks are peeled off one by one, each a pass over the rest: no person's subject is longer.
const READ = 1_000

/**
 * The subject without reply marks, forward marks, list blobs and our tag: two mails of one conversation have the same.
 * Follows RFC 5256 §2.1 with the marks of other languages added. Idempotent. Reads the first
 * 1,000 characters.
 */
export function baseSubject(subject: string): string {
  let rest = subject.slice(0, READ).replace(TAG, ' ').replace(/\s+/g, ' ').trim()
  for (;;) {
    const before = rest
    rest = rest.replace(/\s*\((?:fwd|fw)\)$/i, '') // RFC 5256 §2.1 (2): subj-trailer
    rest = rest.replace(PREFIX, '').replace(LEADING_BLOB, '')
    const wrapped = /^\[(?:fwd|fw|wg|tr)\s?:\s*(.*)\]$/i.exec(rest) // §2.1 (6): "[Fwd: …]"
    if (wrapped) rest = wrapped[1] ?? ''
    rest = rest.trim()
    if (rest === before) return rest
  }
}

/** Does the subject say that it answers something ("Re:", "AW:", "Antw:" …)? */
export function isReplySubject(subject: string): boolean {
  return REPLY_PREFIX.test(subject.replace(TAG, '').trim())
}

/** Does the subject say that it passes something on ("Fwd:", "WG:", "TR:" …)? The outermost mark decides. */
export function isForwardSubject(subject: string): boolean {
  const rest = subject.slice(0, READ).replace(TAG, '').trim()
  return (
    FORWARD_PREFIX.test(rest) ||
    /^\[(?:fwd|fw|wg|tr)\s?:/i.test(rest) ||
    (/\((?:fwd|fw)\)$/i.test(rest) && !REPLY_PREFIX.test(rest))
  )
}

/** The ticket numbers named by tags `[#1042]`, in order, without repetition; of an endless subject those at its beginning. */
export function taggedTickets(subject: string): number[] {
  return [...new Set([...subject.slice(0, READ).matchAll(TAG)].map(match => Number(match[1])))].filter(
    Number.isSafeInteger,
  )
}

/** The tag of a ticket, as it stands in our subjects. */
export function ticketTag(ticket: number): string {
  return `[#${ticket}]`
}
