/**
 * A moment, as ISO-8601 text in UTC with milliseconds and fixed width: `2026-11-22T10:00:00.000Z`.
 * It sorts as text, reads well in a database shell, and is the same in every database.
 */
export type Instant = string

/** Milliseconds of one minute, hour and day of elapsed time. */
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

// Years 0001–9999: outside of them toISOString() changes its width and texts no longer sort.
const EARLIEST_MS = -62_135_596_800_000
const LATEST_MS = 253_402_300_799_999

/** The instant of a count of milliseconds since 1970-01-01T00:00:00Z. Throws a RangeError outside the years 1–9999. */
export function instantOf(epochMs: number): Instant {
  if (!(epochMs >= EARLIEST_MS && epochMs <= LATEST_MS)) throw new RangeError(`not an instant: ${epochMs} ms`)
  return new Date(epochMs).toISOString()
}

/** Milliseconds since 1970-01-01T00:00:00Z. Throws a RangeError when the text is not a date. */
export function epochMs(instant: Instant): number {
  const ms = Date.parse(instant)
  if (Number.isNaN(ms)) throw new RangeError(`not an instant: ${instant}`)
  return ms
}

/** The instant `ms` milliseconds of elapsed time after (or, negative, before) another. */
export function plus(instant: Instant, ms: number): Instant {
  return instantOf(epochMs(instant) + ms)
}

/** Milliseconds from `earlier` to `later`; negative when they are the other way round. */
export function msBetween(earlier: Instant, later: Instant): number {
  return epochMs(later) - epochMs(earlier)
}

/** The earlier one of two instants. */
export function earlier(one: Instant, other: Instant): Instant {
  if (one < other) return one
  return other
}

/** The later one of two instants. */
export function later(one: Instant, other: Instant): Instant {
  return earlier(one, other) === one ? other : one
}
