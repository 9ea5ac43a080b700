import type { Policy } from '../desk/policy.ts'
import type { Ids } from '../ids.ts'
import type { Instant } from '../instant.ts'
import type { Logger } from '../log.ts'
import type { Store } from '../store/store.ts'
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
