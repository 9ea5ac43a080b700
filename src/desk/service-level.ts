import type { Instant } from '../instant.ts'
import { addWorkingTime, type Calendar, type TimelineEntry } from './calendar.ts'
import type { Priority } from './ticket.ts'

/** How much working time may pass until the first answer of a person, and until the request is solved. */
export type Targets = { readonly firstResponseMs: number; readonly resolutionMs: number }

/** What is promised, for each priority. */
export type ServiceLevel = {
  readonly name: string
  /** The name of the calendar whose working time counts. */
  readonly calendar: string
  readonly targets: Readonly<Record<Priority, Targets>>
}

/** A date that can be told to people, with its reckoning. */
export type Due = { readonly at: Instant; readonly targetMs: number; readonly timeline: readonly TimelineEntry[] }

/** By when a request that came in at `openedAt` is to be answered and solved. `calendar` is the one the level names. */
export function dueTimes(
  level: ServiceLevel,
  calendar: Calendar,
  priority: Priority,
  openedAt: Instant,
): { firstResponse: Due; resolution: Due } {
  const { firstResponseMs, resolutionMs } = level.targets[priority]
  const due = (targetMs: number): Due => ({ ...addWorkingTime(calendar, openedAt, targetMs), targetMs })
  return { firstResponse: due(firstResponseMs), resolution: due(resolutionMs) }
}
