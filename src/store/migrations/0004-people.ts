/** Participants who were told that they take part, and those who left. */
export const people: readonly string[] = [
  `ALTER TABLE participants ADD COLUMN told_at TEXT`,
  `ALTER TABLE participants ADD COLUMN left_at TEXT`,
]
