import type { Calendar } from '../desk/calendar.ts'
import type { Policy } from '../desk/policy.ts'
import type { Ticket } from '../desk/ticket.ts'
import type { Ids } from '../ids.ts'
import type { Instant } from '../instant.ts'
import type { Logger } from '../log.ts'
import { isStorageTrouble, type Store } from '../store/store.ts'
import type { RecordedEvent } from '../store/tickets.ts'

/** What this room works with. */
export type Dispatching = {
  readonly store: Store
  readonly policy: Policy
  readonly ids: Ids
  readonly clock: () => Instant
  readonly log: Logger
  /** After a commit that may have put something into the outbox. */
  readonly onQueued: () => void
}

/** An event with the ticket that it happened to. */
export type Happened = RecordedEvent & { readonly ticket: number }

/** The calendar by which the dates of a ticket are reckoned. */
export function calendarOf({ calendars, serviceLevels }: Policy, ticket: Ticket): Calendar | null {
  const [first = null] = calendars.values()
  return calendars.get(serviceLevels.get(ticket.serviceLevel)?.calendar ?? '') ?? first
}

/** One after the other; what cannot be worked on holds up no other one. True when any of it came to something. */
export async function eachAlone<T>(
  { log }: Dispatching,
  things: readonly T[],
  work: (thing: T) => Promise<boolean>,
): Promise<boolean> {
  let done = false
  for (const thing of things) {
    try {
      done = (await work(thing)) || done
    } catch (error) {
      if (isStorageTrouble(error)) throw error
      log.error({ err: error, thing }, 'what is due could not be worked on')
    }
  }
  return done
}
