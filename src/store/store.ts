import { agentReads, agentWrites } from './agents.ts'
import { alarmReads, alarmWrites } from './alarms.ts'
import { apiKeyReads, apiKeyWrites } from './api-keys.ts'
import { attachmentReads } from './attachments.ts'
import { bucketReads, bucketWrites } from './buckets.ts'
import { crewReads, crewWrites } from './crew.ts'
import { joiningReads, joiningWrites } from './joining.ts'
import { mailboxReads, mailboxWrites } from './mailboxes.ts'
import { measureReads } from './measures.ts'
import { messageReads, messageWrites } from './messages.ts'
import { migrate } from './migrations.ts'
import { outboxReads, outboxWrites } from './outbox.ts'
import { peopleReads, peopleWrites } from './people.ts'
import { rawMailReads, rawMailWrites } from './raw-mails.ts'
import { refusedMailReads, refusedMailWrites } from './refused-mails.ts'
import { restoredReads, restoredWrites } from './restored.ts'
import type { Db } from './schema.ts'
import { settingReads, settingWrites } from './settings.ts'
import { inSavepoint, openSqlite, type SqliteOptions, storeError } from './sqlite.ts'
import { surveyReads, surveyWrites } from './surveys.ts'
import { ticketReads, ticketWrites } from './tickets.ts'

/** Questions: safe anywhere, also inside a write. */
export type Reads = ReturnType<typeof readsOn>

/** Changes: they exist only inside `Store.write`, so that a change outside a transaction does not compile. */
export type Tx = ReturnType<typeof txOn>

export type Store = AsyncDisposable & {
  /** Answers from the committed state. */
  readonly read: Reads
  /**
   * One transaction: all of it or, when `work` throws, nothing. Writes wait for each other. Throws what `work` throws, and
   * DeskError('store') with what to do when the database cannot be written: full disk, locked, damaged.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** The names of the migrations that opening the store has run. */
  readonly migrated: readonly string[]
}

function readsOn(db: Db) {
  return {
    ...settingReads(db),
    ...mailboxReads(db),
    ...rawMailReads(db),
    ...refusedMailReads(db),
    ...peopleReads(db),
    ...ticketReads(db),
    ...messageReads(db),
    ...attachmentReads(db),
    ...joiningReads(db),
    ...outboxReads(db),
    ...apiKeyReads(db),
    ...restoredReads(db),
    ...measureReads(db),
    ...alarmReads(db),
    ...bucketReads(db),
    ...agentReads(db),
    ...surveyReads(db),
    ...crewReads(db),
  }
}

function txOn(db: Db) {
  return {
    ...readsOn(db),
    ...settingWrites(db),
    ...mailboxWrites(db),
    ...rawMailWrites(db),
    ...refusedMailWrites(db),
    ...peopleWrites(db),
    ...ticketWrites(db),
    ...messageWrites(db),
    ...joiningWrites(db),
    ...outboxWrites(db),
    ...apiKeyWrites(db),
    ...restoredWrites(db),
    ...alarmWrites(db),
    ...bucketWrites(db),
    ...agentWrites(db),
    ...surveyWrites(db),
    ...crewWrites(db),
    /** Undoes the changes of `work` when it throws, and throws on; the transaction around it stays good. */
    attempt: <T>(work: () => Promise<T>): Promise<T> => inSavepoint(db, work),
  }
}

/** Opens the database at `path` and brings it to the newest schema. Throws DeskError('store') with what to do. */
export async function openStore(path: string, options: SqliteOptions = {}): Promise<Store> {
  const connections = await openSqlite(path, options)
  try {
    const migrated = await migrate(connections)
    return {
      read: readsOn(connections.reader),
      write: work =>
        connections.writer
          .transaction()
          .execute(tx => work(txOn(tx)))
          .catch(error => Promise.reject(storeError(error))),
      migrated,
      [Symbol.asyncDispose]: () => connections.close(),
    }
  } catch (error) {
    await connections.close()
    throw error
  }
}

export { isStorageTrouble, type SqliteOptions } from './sqlite.ts'
