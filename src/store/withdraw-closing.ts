import { closingKey } from '../desk/closing.ts'
import type { TicketId } from '../desk/ticket.ts'
import type { Instant } from '../instant.ts'
import type { Tx } from './store.ts'

/**
 * Takes back what waits to tell that a ticket was solved, with its survey, unless sending it was tried; true when there was
 * something. `solvedAt`: of this solving it may be told; null: of none.
 */
export async function withdrawClosing(tx: Tx, ticket: TicketId, solvedAt: Instant | null): Promise<boolean> {
  const key = closingKey(ticket, '')
  let withdrawn = false
  for (const { id, kind, dedupeKey } of await tx.outbox({ ticket, state: 'queued', limit: 100 })) {
    if (kind !== 'closing' || !dedupeKey.startsWith(key)) continue
    const told = dedupeKey.slice(key.length)
    if (told === solvedAt || !(await tx.withdraw(id))) continue
    await tx.withdrawSurvey(ticket, told)
    withdrawn = true
  }
  return withdrawn
}
