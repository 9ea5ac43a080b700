import { extractNewText } from '../mail/new-text.ts'
import { AGENT_TOKEN, VERB } from '../mail/token-form.ts'
import { aboveMark, isInternal } from './internal-text.ts'

/*
 * Invitations of agents, as they are passed on. "Reply with meeting" (Outlook) invites the address that a reply would have gone
 * to, which is the agent's own, and quotes the whole mail in the description: there as in the mail itself the requester gets
 * what the agent wrote, and nothing else of the invitation is touched. Nothing is signed any more where it is read.
 */

/** Whether the text of a file is iCalendar. */
export function isCalendar(text: string): boolean {
  return /^[\s\ufeff]{0,100}BEGIN:VCALENDAR\b/i.test(text)
}

/**
 * The text of an invitation without what is for agents alone: an agent's own address becomes that of the mailbox, a description is
 * what stands above the quotation. The very same text when it holds nothing of it.
 */
export function invitationFor(text: string): string {
  const lines = unfolded(text)
  if (!lines.some(isInternalLine)) return text
  return (
    lines
      // The description once more, as HTML.
      .filter(line => propertyIn(line).name !== 'X-ALT-DESC')
      .map(line => folded(isInternalLine(line) ? cleaned(line) : line))
      .join('\r\n')
  )
}

/** Whether something for agents alone would be left in it: then it is not passed on. */
export function isInternalCalendar(text: string): boolean {
  const lines = unfolded(invitationFor(text))
  return lines.some(line => isInternalLine(line) || isCommanding(line))
}

/** Nobody reads commands there, so nobody knows for whom the words are that stand below one. */
function isCommanding(line: string): boolean {
  const { name, value } = propertyIn(line)
  return name === 'DESCRIPTION' && /^\s*[#＃]\p{L}/u.test(unescaped(value))
}

function isInternalLine(line: string): boolean {
  return isInternal(unescaped(line))
}

function cleaned(line: string): string {
  const { name, head, value } = propertyIn(line)
  if (name !== 'DESCRIPTION' && name !== 'COMMENT') return withoutTokens(line)
  const { newText, isBelow } = extractNewText({ text: unescaped(value), hasPlainText: true, sourceHtml: null })
  return `${withoutTokens(head)}:${escaped(withoutTokens(isBelow ? '' : aboveMark(newText).text))}`
}

// Which character stands before the detail is the mail server's choice.
const TOKENS = new RegExp(`(?:[+=_.-]|%2b)${AGENT_TOKEN}(?:${VERB})?(?=@|%40)`, 'gi')

function withoutTokens(text: string): string {
  return text.replace(TOKENS, '')
}

/** The content lines (RFC 5545 §3.1). */
function unfolded(text: string): string[] {
  return text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)
}

const LONGEST_LINE = 75

/** RFC 5545 §3.1: at most 75 octets, and no character is cut in two. */
function folded(line: string): string {
  let octets = 0
  let text = ''
  for (const character of line) {
    const code = character.codePointAt(0) ?? 0
    const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (octets + length > LONGEST_LINE) {
      text += '\r\n '
      octets = 1
    }
    text += character
    octets += length
  }
  return text
}

/** Names and parameters longer than this are no invitation but an attempt to keep us busy. */
const LONGEST_HEAD = 4000

/** RFC 5545 §3.1: in quotes a colon ends no parameter. `head`: everything before it. */
function propertyIn(line: string): { readonly name: string; readonly head: string; readonly value: string } {
  const head = /^(?:[^":]|"[^"]*")*(?=:)/.exec(line.slice(0, LONGEST_HEAD))?.[0] ?? ''
  return { name: head.replace(/;.*$/s, '').toUpperCase(), head, value: line.slice(head.length + 1) }
}

/** RFC 5545 §3.3.11 */
function unescaped(text: string): string {
  return text.replace(/\\([nN,;\\])/g, (_, character: string) => (character.toLowerCase() === 'n' ? '\n' : character))
}

function escaped(text: string): string {
  return text.replace(/[\\,;]/g, '\\$&').replace(/\r?\n/g, '\\n')
}
