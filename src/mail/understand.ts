import { type AutomatedContext, whyAutomatic } from './automated.ts'
import { attachedMail, inlineForward } from './forward.ts'
import { sanitizeHtml } from './html.ts'
import { detectLanguage } from './language.ts'
import type { Message, ParsedMail } from './message.ts'
import { extractNewText } from './new-text.ts'
import { scan } from './quote.ts'
import { readReport } from './report.ts'
import { writerBehind } from './rewritten-from.ts'
import { plainLines } from './text-lines.ts'

/** Reads a parsed mail as a person would: what is new in it, in which language, whether a machine wrote it. */
export function understand(mail: ParsedMail, context: AutomatedContext): Message {
  const { sourceHtml, reportParts, hasPlainText, ...rest } = mail
  const scanned = scan(plainLines(mail.text))
  const extracted = extractNewText(mail, scanned)
  // Of a bare forward the new text is the mail passed on, however the program writes it down.
  const inline = inlineForward(scanned, mail.subject)
  const { newText, isBelow } = inline && extracted.newText === '' ? { newText: inline.text, isBelow: true } : extracted
  const report = readReport(mail)
  const writer = writerBehind(mail, context)
  const forwarded = inline ?? attachedMail(mail.reportParts)
  return {
    ...rest,
    from: writer ?? mail.from,
    via: writer && mail.from,
    html: sourceHtml === null ? null : sanitizeHtml(sourceHtml),
    newText,
    newTextIsBelow: isBelow,
    language: detectLanguage(newText || mail.text || mail.subject),
    automatic: whyAutomatic(mail, report, context),
    report,
    forwarded: forwarded && { ...forwarded, language: detectLanguage(forwarded.text) },
  }
}
