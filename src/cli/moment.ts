import { DeskError } from '../errors.ts'
import { epochMs, type Instant, instantOf } from '../instant.ts'

// JavaScript takes much for a date: `5` is the first of May 2001.
const MOMENT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?$/

/** The moment that an option names. Throws DeskError('invalid') when it is none. */
export function momentOf(option: string, text: string): Instant {
  try {
    if (MOMENT.test(text)) return instantOf(epochMs(text))
  } catch {
    // Such as the 31st of June; told below.
  }
  throw new DeskError('invalid', `${option} ${text}: write a moment such as 2026-11-22T22:30:00+01:00`)
}
