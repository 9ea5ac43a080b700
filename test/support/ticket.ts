import type { Participant } from '../../src/desk/thread.ts'
import type { Ticket } from '../../src/desk/ticket.ts'

/** A ticket like any other, except for what is given. */
export function ticket(different: Partial<Ticket> = {}): Ticket {
  return {
    id: 1042,
    mailbox: 'it',
    team: 'it',
    assignee: null,
    subject: 'Printer',
    requester: { name: 'Jane Doe', address: 'jane@example.org' },
    language: 'en',
    status: 'open',
    category: null,
    priority: 'normal',
    tags: [],
    serviceLevel: 'standard',
    openedAt: '2026-11-23T09:00:00.000Z',
    firstResponseDue: '2026-11-23T13:00:00.000Z',
    resolutionDue: '2026-11-25T13:00:00.000Z',
    firstResponseAt: null,
    solvedAt: null,
    updatedAt: '2026-11-23T09:00:00.000Z',
    pendingUntil: null,
    cause: null,
    fix: null,
    rating: null,
    ratingComment: null,
    mergedInto: null,
    revision: 1,
    ...different,
  }
}

/** Those who take part, as a candidate knows them. */
export function takingPart(
  addresses: readonly string[],
  different: Partial<Participant> = {},
): ReadonlyMap<string, Participant> {
  return new Map(addresses.map(address => [address, { name: '', address, left: false, told: false, ...different }]))
}
