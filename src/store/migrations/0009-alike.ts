/** What was solved of the same kind: agents are told of it with every new ticket. */
export const alike: readonly string[] = [
  `CREATE INDEX tickets_by_category ON tickets (category, updated_at, id) WHERE category IS NOT NULL`,
]
