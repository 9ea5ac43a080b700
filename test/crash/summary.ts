import type { SentAgain } from './sent.ts'
import { ALL_STEPS, OPTIONAL_STEPS, type Tally } from './steps.ts'

/** What all schedules of a run came to. */
export type Sum = {
  readonly seed: number
  passed: number
  readonly failed: number[]
  lost: number
  doubled: number
  mails: number
  readonly again: SentAgain[]
  /** How many sabotages the check has seen; null: none was tried. */
  sabotages: number | null
  ms: number
}

export function notKilledAt(tally: Tally): string[] {
  return ALL_STEPS.filter(step => !OPTIONAL_STEPS.has(step) && tally.at(step, 'kill') === 0)
}

const DEEDS = ['kill', 'cut', 'halve', 'stall', 'delay'] as const

/** For people: one table of the named steps, and the sum. */
export function summary(sum: Sum, tally: Tally): string {
  const cell = (text: string | number) => String(text).padStart(6)
  const steps = ALL_STEPS.map(
    step => `${step.padEnd(34)}${DEEDS.map(deed => cell(tally.at(step, deed) || '·')).join('')}`,
  )
  const unreached = notKilledAt(tally)
  const lost = sum.again.filter(({ because }) => because === 'answer lost').length
  const windows = sum.again.flatMap(({ because }) => (because === 'answer lost' ? [] : because.killedAfterMs))
  const happened = ['deliver', 'expunge', 'new uidvalidity', 'renumber'].map(
    deed => `${tally.at('mail server', deed)} × ${deed}`,
  )
  const lines = [
    `${'named step'.padEnd(34)}${DEEDS.map(cell).join('')}`,
    ...steps,
    '',
    `on the mail server: ${happened.join(', ')}`,
    unreached.length === 0 ? 'killed at every named step' : `not killed at: ${unreached.join(', ')}`,
    `sent again in the SMTP window: ${sum.again.length} (${lost} because the answer was lost, ${windows.length} because it was not written down yet, at most ${Math.max(0, ...windows)} ms after it came)`,
    `sabotages seen by the check: ${sum.sabotages ?? 'none tried'}`,
    `seed ${sum.seed}: ${sum.passed} schedules passed, ${sum.failed.length} failed${sum.failed.length > 0 ? ` (${sum.failed.join(', ')})` : ''}; ` +
      `${sum.mails} mails, ${tally.total('kill')} kills, ${tally.total('cut') + tally.total('halve')} cuts, ` +
      `${tally.total('stall')} stalls, ${tally.total('delay')} delays in ${Math.round(sum.ms / 1000)} s; ` +
      `lost ${sum.lost}, doubled ${sum.doubled}`,
  ]
  return `${lines.join('\n')}\n`
}
