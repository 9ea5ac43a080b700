import { type Instant, instantOf } from '../instant.ts'
import type { Message } from './message.ts'
import { ownWords } from './new-text.ts'
import { isReplySubject } from './subject.ts'

/*
 * The answer to the one question of a survey, by mail: a word and a number in the first line, or as the subject of a mail
 * that was begun by a link. Words below it are a comment.
 */

/** How content somebody is, from 1 (not at all) to 5 (very), and what they add, at most 1,000 characters. */
export type Vote = { readonly score: 1 | 2 | 3 | 4 | 5; readonly comment: string | null }

/** The word that an answer begins with, by language: `SURVEY 4`. Each is understood in all of them. */
export const SURVEY: Readonly<Record<string, string>> = {
  en: 'SURVEY',
  fr: 'ENQUÊTE',
  nl: 'ENQUÊTE',
  de: 'UMFRAGE',
  es: 'ENCUESTA',
  it: 'SONDAGGIO',
  ro: 'SONDAJ',
}

const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
const WORDS = [...new Set(Object.values(SURVEY).map(fold))].join('|')
const EDGE = '[\\s>*_#"\'“”„«»|]*'
// Nothing but the number may follow: "Survey 4 is broken" is about something else.
const LINE = new RegExp(`^${EDGE}(?:${WORDS})[\\s:=*_-]*([1-5])(?:\\s*/\\s*5)?[.!]?${EDGE}$`)
const SUBJECT = new RegExp(`^\\s*(?:${WORDS})\\s+([1-5])\\s*(?:\\[#\\d+\\]\\s*)?$`)

export const LONGEST_COMMENT = 1_000

/** Reads the answer to a survey; null when the mail is none. */
export function readVote(message: Pick<Message, 'newText' | 'newTextIsBelow' | 'subject'>): Vote | null {
  const { subject } = message
  const words = ownWords(message)
  const [first = '', ...rest] = words.trim().split('\n')
  const inText = LINE.exec(fold(first.slice(0, 200)))?.[1]
  // Somebody who answers our answer to such a mail says something else.
  const inSubject = isReplySubject(subject) ? undefined : SUBJECT.exec(fold(subject.slice(0, 200)))?.[1]
  const score = inText ?? inSubject
  if (score === undefined) return null
  const comment = inText === undefined ? words : rest.join('\n')
  return { score: Number(score) as Vote['score'], comment: commentOf(comment.replace(new RegExp(TOKEN, 'g'), ' ')) }
}

/** What somebody added, without what no person types; null when that is nothing. */
export function commentOf(text: string): string | null {
  const words = text.replace(/[^\P{C}\n\t]/gu, '').trim()
  return words === '' ? null : Array.from(words).slice(0, LONGEST_COMMENT).join('').trim()
}

/** What the token of a survey claims. */
export type SurveyToken = {
  readonly ticket: number
  /** When it was solved, as it stands in the token, and as an instant. */
  readonly solved: string
  readonly solvedAt: Instant
  readonly mac: string
}

// Milliseconds since 1970 to the base of 36 have eight digits until 2059, nine afterwards.
const TOKEN = /(?<![\w.])(\d{1,15})\.([0-9a-z]{8,9})\.([a-z2-7]{26})(?![\w.])/

/** Reads the token in a text back; null when there is none. It is not proven yet. */
export function readSurveyToken(text: string): SurveyToken | null {
  const [, ticket, solved = '', mac = ''] = TOKEN.exec(text.slice(0, 10_000)) ?? []
  if (ticket === undefined) return null
  return { ticket: Number(ticket), solved, solvedAt: instantOf(Number.parseInt(solved, 36)), mac }
}
