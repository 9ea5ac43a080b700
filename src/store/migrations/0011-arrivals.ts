/** Whether a mailbox is too quiet is asked every minute, without what lies in folders of sent mail: by the index alone. */
export const arrivals: readonly string[] = [
  `DROP INDEX raw_mails_by_arrival`,
  `CREATE INDEX raw_mails_by_arrival ON raw_mails (mailbox, received_at, folder)`,
]
