/** Sent folders, mails too large to be fetched whole, what is done with mails on the server once they are read. */
export const reading: readonly string[] = [
  // `sent`: what agents wrote in the mailbox itself is found there.
  `ALTER TABLE mailbox_folders ADD COLUMN role TEXT NOT NULL DEFAULT 'received' CHECK (role IN ('received', 'sent'))`,
  // read_since binds the mails that were there when the folder was opened under its UIDVALIDITY: those up to this UID.
  `ALTER TABLE mailbox_folders ADD COLUMN since_uid INTEGER NOT NULL DEFAULT 0`,
  `UPDATE mailbox_folders SET since_uid = last_uid`,
  // Up to here the mails were marked or moved as the configuration says.
  `ALTER TABLE mailbox_folders ADD COLUMN tidied_uid INTEGER NOT NULL DEFAULT 0`,
  `UPDATE mailbox_folders SET tidied_uid = last_uid`,
  // The size in bytes that the server tells of a mail of which only the beginning was fetched.
  `ALTER TABLE raw_mails ADD COLUMN full_size INTEGER`,
]
