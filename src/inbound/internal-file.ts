import { isInternal } from '../desk/internal-text.ts'
import { isCalendar, isInternalCalendar } from '../desk/invitation.ts'
import { decodeCharset } from '../mail/charset.ts'

/*
 * Whether a file of a mail holds what was written for agents alone. Asked here, where its content is at hand: who decides what
 * leaves (`desk/agent-mail.ts`) only sees what it is called.
 */

/** Files that are no text have a zero byte in their first kilobytes: archives, pictures, office documents. */
const LOOKED_AT = 4096
// Nobody wraps more around a mail; the heap of the reading process has to do with it.
const PIECE = 4 * 1024 ** 2
/** So that nothing is missed where one piece ends. */
const OVERLAP = 4096

export function isInternalFile(content: Buffer, charset?: string): boolean {
  const wide = wideCharset(content)
  if (wide === undefined && content.subarray(0, LOOKED_AT).includes(0)) return false
  if (content.length <= PIECE) return isInternalText(decodeCharset(content, wide ?? charset))
  for (let from = 0; from < content.length; from += PIECE)
    if (isInternalText(decodeCharset(content.subarray(from, from + PIECE + OVERLAP), wide ?? charset))) return true
  return false
}

function isInternalText(text: string): boolean {
  return isCalendar(text) ? isInternalCalendar(text) : isInternal(text)
}

/** What Windows saves as Unicode: sixteen bits a character, and the first tell in which order. */
function wideCharset(content: Buffer): string | undefined {
  if (content[0] === 0xff && content[1] === 0xfe) return 'utf-16le'
  return content[0] === 0xfe && content[1] === 0xff ? 'utf-16be' : undefined
}
