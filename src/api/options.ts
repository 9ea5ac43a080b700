import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { PassedOn } from '../desk/outgoing-mail.ts'
import type { Policy } from '../desk/policy.ts'
import type { Reconciliation } from '../desk/reconciliation.ts'
import type { Ids } from '../ids.ts'
import type { Instant } from '../instant.ts'
import type { Logger } from '../log.ts'
import type { Settled } from '../store/raw-mails.ts'
import type { Store } from '../store/store.ts'

/** A folder that this process reads. */
export type Watched = { readonly mailbox: string; readonly folder: string; readonly pollEveryMs: number }

/** One folder held against the ledger. */
export type Reconciled = Reconciliation & {
  readonly mailbox: string
  readonly folder: string
  readonly repaired: number
  readonly refused: readonly { readonly uid: number; readonly reason: string }[]
}

/** What the API works with. */
export type ApiOptions = {
  readonly store: Store
  readonly policy: Policy
  readonly ids: Ids
  readonly clock: () => Instant
  readonly log: Logger
  /** Addresses or ranges of the reverse proxies whose `X-Forwarded-For` is believed. */
  readonly trustProxy: readonly string[]
  readonly folders: readonly Watched[]
  /** To be called after a commit that put something into the outbox, or of which somebody may have to hear. */
  readonly onQueued: () => void
  /** Tries a quarantined mail again. Throws DeskError not_found or conflict. */
  readonly replay: (rawMail: number) => Promise<Settled>
  /** Takes in a blocked mail. Throws DeskError not_found or conflict. */
  readonly release: (rawMail: number) => Promise<Settled>
  /** Holds the folders of a mailbox against the ledger, and takes in what is missing. Throws DeskError when it cannot be asked. */
  readonly reconcile: (mailbox: string) => Promise<readonly Reconciled[]>
  /** The content of an attachment; null when it is not there any more. */
  readonly openAttachment: (attachment: PassedOn) => Promise<Buffer | null>
}

/** The routes of one resource. */
export type Routes = FastifyPluginAsyncTypebox<ApiOptions>
