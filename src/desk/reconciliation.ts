import type { Instant } from '../instant.ts'

/** UIDs that were left out on purpose, from first to last: what was in the folder before our first day. */
export type LeftOut = { readonly firstUid: number; readonly lastUid: number }

/** A mail as the server shows it. */
type Shown = { readonly uid: number; readonly receivedAt: Instant }

/** From where on a folder is read. */
export type Start = {
  /** Mail that the server received earlier is not read; null: all of it. */
  readonly readSince: Instant | null
  /**
   * `readSince` binds mails up to this UID: those that were there when the folder was opened under its UIDVALIDITY. What
   * comes later is new here, whenever the server received it: somebody may move an old mail in.
   */
  readonly sinceUid: number
}

/** When a folder is read anew (UIDVALIDITY), what was there before our first day still is not ours to answer. */
export function isWanted({ uid, receivedAt }: Shown, { readSince, sinceUid }: Start): boolean {
  return readSince === null || uid > sinceUid || receivedAt >= readSince
}

/** What the ledger knows of one folder under its present UIDVALIDITY. */
export type FolderLedger = Start & {
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
  /** Mails that are about to be read, and since when the server has had them. */
  readonly pending: readonly Shown[]
  /** UIDs that should have an outcome and have none: to be read now. */
  readonly missing: readonly number[]
}

/** Holds the mails that the server shows against the ledger: each of them must have exactly one place. */
export function reconcile(server: readonly Shown[], ledger: FolderLedger): Reconciliation {
  const pending: Shown[] = []
  const missing: number[] = []
  let accounted = 0
  let leftOut = 0
  for (const mail of new Map(server.map(mail => [mail.uid, mail])).values()) {
    const { uid } = mail
    if (ledger.uids.has(uid)) accounted++
    else if (ledger.leftOut.some(({ firstUid, lastUid }) => uid >= firstUid && uid <= lastUid)) leftOut++
    else if (uid > ledger.lastUid) pending.push(mail)
    // The server did not show it when the others were left out.
    else if (!isWanted(mail, ledger)) leftOut++
    else missing.push(uid)
  }
  return { onServer: accounted + leftOut + pending.length + missing.length, accounted, leftOut, pending, missing }
}
