/** UIDs that were left out on purpose, from first to last: what was in the folder before our first day. */
export type LeftOut = { readonly firstUid: number; readonly lastUid: number }

/** What the ledger knows of one folder under its present UIDVALIDITY. */
export type FolderLedger = {
  /** The UIDs that have an outcome. */
  readonly uids: ReadonlySet<number>
  readonly leftOut: readonly LeftOut[]
  /** Every mail up to here was read. */
  readonly lastUid: number
}

/** The sum: `onServer = accounted + leftOut + pending + missing`. */
export type Reconciliation = {
  readonly onServer: number
  /** Mails with an outcome. */
  readonly accounted: number
  /** Mails left out by the start policy. */
  readonly leftOut: number
  /** UIDs that are about to be read. */
  readonly pending: readonly number[]
  /** UIDs that should have an outcome and have none: to be read now. */
  readonly missing: readonly number[]
}

/** Holds the UIDs that the server shows against the ledger: each of them must have exactly one place. */
export function reconcile(server: readonly number[], ledger: FolderLedger): Reconciliation {
  const pending: number[] = []
  const missing: number[] = []
  let accounted = 0
  let leftOut = 0
  for (const uid of new Set(server)) {
    if (ledger.uids.has(uid)) accounted++
    else if (ledger.leftOut.some(({ firstUid, lastUid }) => uid >= firstUid && uid <= lastUid)) leftOut++
    else if (uid > ledger.lastUid) pending.push(uid)
    else missing.push(uid)
  }
  return { onServer: accounted + leftOut + pending.length + missing.length, accounted, leftOut, pending, missing }
}
