import { hasQuoteStructure, htmlQuoteLines } from './html-quote.ts'
import { tidy } from './html-text.ts'
import type { Message } from './message.ts'
import {
  isBanner,
  isClosing,
  isDeviceSignature,
  isDisclaimer,
  isPersonal,
  isStroke,
  LIST_FOOTER,
  looksLikeBar,
} from './phrases.ts'
import { type Scan, type Segment, scan } from './quote.ts'
import { plainLines } from './text-lines.ts'

/*
 * The new text: what this person wrote in this mail. Losing words of theirs is the worst fault, showing quoted ones the
 * lesser; where in doubt, text stays. Linear in the size of the mail.
 */

/**
 * What this person wrote, as plain text: without quotation, forwarded header, signature and disclaimer. `isBelow`: it stands
 * below the header of another mail. `scanned`: the text read already.
 */
export function extractNewText(
  mail: { readonly text: string; readonly hasPlainText: boolean; readonly sourceHtml: string | null },
  scanned: Scan = scan(plainLines(mail.text)),
): { readonly newText: string; readonly isBelow: boolean } {
  const { text, sourceHtml } = mail
  const hasWords = text.trim() !== ''
  // HTML tells more where plain text told nothing, but it costs more to read.
  const useHtml =
    sourceHtml !== null &&
    (hasWords ? (!mail.hasPlainText || !scanned.sure) && hasQuoteStructure(sourceHtml, text) : true)
  if (useHtml) {
    const fromHtml = scan(htmlQuoteLines(sourceHtml))
    if (fromHtml.sure || !hasWords) return { newText: newTextOf(fromHtml, false), isBelow: fromHtml.below }
    const isBelow = scanned.below || (!scanned.cut && fromHtml.below)
    return { newText: newTextOf(scanned, mail.hasPlainText), isBelow }
  }
  return { newText: newTextOf(scanned, mail.hasPlainText), isBelow: scanned.below }
}

/** The new text where it is the sender's for sure: below the header of another mail stand its words, which are mostly ours. */
export function ownWords({ newText, newTextIsBelow }: Pick<Message, 'newText' | 'newTextIsBelow'>): string {
  return newTextIsBelow ? '' : newText
}

/** `isPlain`: the lines are as the program sent them, the blanks at their ends too. */
function newTextOf(scanned: Scan, isPlain: boolean): string {
  const end = scanned.cut ? 'cut' : 'end'
  const segments = scanned.segments
    .flatMap(segment => untilGoesOn(segment, isPlain))
    .map((segment, at, all) => trimmed(segment, at === 0, at === all.length - 1 ? end : 'more'))
  const parts = segments.filter(part => part.kind !== 'signature' && part.lines.some(line => line.trim() !== ''))
  if (!parts.some(part => part.kind === 'own')) return onlySignature(scanned)
  const body = parts.filter(part => !part.isPostscript)
  let text = ''
  let above: Part | null = null
  let place = -1
  parts.forEach((part, at) => {
    if (!part.isPostscript) place++
    if (part.kind === 'quote' && !isAnswered(body, place)) return
    const together = above === parts[at - 1] && above?.kind !== part.kind && above?.touches && !part.introduced
    text += `${text === '' ? '' : together ? '\n' : '\n\n'}${tidy(part.lines)}`
    above = part
  })
  return text
}

/**
 * A signature below two strokes, up to where the person goes on: with a postscript, or with a sentence of theirs when the strokes
 * are their own, which lack the blank that programs set behind them (RFC 3676 §4.3).
 */
function untilGoesOn(segment: Segment, isPlain: boolean): Reading[] {
  const { kind, lines } = segment
  const [strokes = ''] = lines
  if (kind !== 'signature' || !/^--\s?$/.test(strokes)) return [segment]
  const isTyped = isPlain && strokes === '--'
  const at = lines.findIndex(line => POSTSCRIPT.test(line) || (isTyped && isSaid(line)))
  if (at < 0) return [segment]
  let start = at
  while (start > 1 && !POSTSCRIPT.test(lines[at] ?? '') && lines[start - 1]?.trim() !== '') start--
  const own: Segment = { kind: 'own', lines: lines.slice(start), attributed: false, introduced: false }
  return [
    { ...segment, lines: lines.slice(0, start) },
    { ...own, isPostscript: true },
  ]
}

/** A segment; `isPostscript`: below a signature, so that it answers no quotation above. */
type Reading = Segment & { readonly isPostscript?: boolean }

// "PS. Consulting GmbH" is a company.
const POSTSCRIPT = /^\s*(?:P\.\s?S\.|(?:P\.?\s?S|N\.?B)\.?\s?[:)]|p\.?s\.?\s?:)/

function isSaid(line: string): boolean {
  return isPersonal(line) && !isDeviceSignature(line) && (SENTENCE.test(line) || /\p{L}[?？]\s*$/u.test(line))
}

/**
 * Nothing of the person's: empty, unless a signature is all there is, which may be a text set below two strokes, or it holds
 * a sentence: then the answer was typed below the name.
 */
function onlySignature({ segments, cut }: Scan): string {
  const signatures = segments.filter(segment => segment.kind === 'signature')
  const lines = signatures.flatMap(segment => segment.lines).filter(line => line.trim() !== '--')
  if (!cut && !segments.some(segment => segment.kind === 'quote')) return tidy(lines)
  const typed = trimmed({ kind: 'own', lines, attributed: false, introduced: false }, true, 'cut').lines
  return typed.some(line => SENTENCE.test(line)) ? tidy(typed) : ''
}

const SENTENCE = /^\P{L}*(?:\p{L}[\p{L}\p{M}'’-]{0,30}[ ,:]{1,3}){2}.*\p{Ll}\s?[.!?]+\s*$|\p{Lo}{4}.*[。？！]\s*$/u

/**
 * Are these quoted lines part of what the person says? When an answer stands below them and other text above, or further
 * quotes below: then the mail was answered point by point. A single quote with one answer below is the old mail.
 */
function isAnswered(parts: readonly Segment[], at: number): boolean {
  const next = parts[at + 1]
  if (next === undefined) return isIntroducedByPerson(parts[at], parts[at - 1])
  if (next.kind === 'quote') return false
  if (isClosing(next.lines.join('\n'))) return false
  return at > 0 || parts.length > 2
}

/** "The screen says:" and quoted lines that no program introduced. */
function isIntroducedByPerson(quote: Segment | undefined, above: Segment | undefined): boolean {
  return (
    quote?.attributed === false && above?.kind === 'own' && /[:：]$/.test(above.lines.join('\n').trimEnd().slice(-2))
  )
}

/** A segment as it may be shown, and whether an empty line parted it from the next. */
type Part = Reading & { readonly touches: boolean }

/** A copy without what programs add at the end of a text. */
function trimmed(segment: Reading, isFirst: boolean, next: 'cut' | 'more' | 'end'): Part {
  const touches = segment.lines.at(-1)?.trim() !== ''
  if (segment.kind !== 'own') return { ...segment, touches }
  const lines = [...segment.lines]
  if (isFirst) dropBanner(lines)
  if (next === 'end') cutListFooter(lines, isFirst)
  else if (next === 'cut' && dropBlank(lines) && lines.length > 1 && looksLikeBar(lines.at(-1) ?? '')) lines.pop()
  while (dropBlank(lines) && (dropDeviceSignatures(lines) || dropDisclaimer(lines) || dropStroke(lines)));
  return { ...segment, lines, touches }
}

/**
 * What the receiving side sets above the text: "CAUTION: This email originated from outside of the organization."; and the
 * signature of a phone, when the person writes below it.
 */
function dropBanner(lines: string[]): void {
  const at = lines.findIndex(line => line.trim() !== '')
  const first = lines[at] ?? ''
  const isApart = lines[at + 1]?.trim() === '' && lines.slice(at + 2).some(line => line.trim() !== '')
  const isDevice = isApart && !SAID_OF_DEVICE.test(first.trim()) && isDeviceSignature(first)
  if (at < lines.length - 1 && (isBanner(first) || isDevice)) lines.splice(0, at + 1)
}

// Above the text nothing but the name is a program's: people say there which device it was.
const SAID_OF_DEVICE = /[,:(]|^(?:\S+\s+){6}/

function dropBlank(lines: string[]): boolean {
  while (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop()
  return lines.length > 0
}

function dropStroke(lines: string[]): boolean {
  return isStroke(lines.at(-1) ?? '') && lines.pop() !== undefined
}

/** One signature or several. */
function dropDeviceSignatures(lines: string[]): boolean {
  if (!isDeviceSignature(lines.at(-1) ?? '')) return false
  lines.pop()
  if (!dropBlank(lines)) return true
  // Short lines between two of them are others, in words we do not know.
  const near = lines.slice(-4)
  const above = near.findLastIndex(line => isDeviceSignature(line))
  if (above >= 0 && near.slice(above + 1).every(line => line.length <= 40)) lines.length -= near.length - 1 - above
  return true
}

/** The last paragraph, when it is a disclaimer; never the first one, for a person may begin with such words. */
function dropDisclaimer(lines: string[]): boolean {
  let start = lines.length - 1
  while (start > 0 && start > lines.length - 60 && lines[start - 1]?.trim() !== '') start--
  if (start === 0 || !isDisclaimer(lines.slice(start).join(' '))) return false
  lines.length = start
  return true
}

const FOOTER_LINES = 10

/** A stroke near the end and below it what list servers write, with their link. Never all there is. */
function cutListFooter(lines: string[], isFirst: boolean): void {
  dropBlank(lines)
  const from = Math.max(isFirst ? 1 : 0, lines.length - FOOTER_LINES)
  const at = lines.findIndex((line, index) => index >= from && isStroke(line))
  const footer = at < 0 ? '' : lines.slice(at).join('\n').slice(0, 2000)
  if (LIST_FOOTER.test(footer) && !isPersonal(footer) && /https?:\/\/|\S@\S/.test(footer)) lines.length = at
}
