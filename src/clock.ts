import { type Instant, instantOf } from './instant.ts'

/** The time of day, of this machine's clock. In a file of its own so that commands need not load the service to tell the time. */
export function systemClock(): Instant {
  return instantOf(Date.now())
}
