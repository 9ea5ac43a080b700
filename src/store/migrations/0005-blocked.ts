import type { TableEdit } from '../sqlite.ts'

/** Mail from unwanted senders, and spam, is in the ledger as `blocked`. */
export const blocked: readonly TableEdit[] = [
  {
    table: 'raw_mails',
    replace: "'duplicate', 'skip', 'quarantine'",
    by: "'duplicate', 'blocked', 'skip', 'quarantine'",
  },
]
