import { type Dated, reminderOf, wakeUp } from '../desk/reminder.ts'
import type { TicketId } from '../desk/ticket.ts'
import { DAY, later, plus } from '../instant.ts'
import { calendarOf, type Dispatching, eachAlone } from './dispatching.ts'

/*
 * Looks which dates have come, and writes so into the history; `notify.ts` tells the agents. Each date is told once, whoever
 * dies in between.
 */

const SINCE = 'reminding-since'
/** What is overdue for longer was told, or nobody was here for a week to be told. */
const LONGEST_PAST_MS = 7 * DAY
const BOTH = ['first-response', 'resolution'] as const

/** Looks once; true when something was written. Throws when the store is in trouble. */
export async function remind(dispatching: Dispatching): Promise<boolean> {
  const { store, policy, clock } = dispatching
  const now = clock()
  // Dates that had passed before anybody was reminded of any are told to nobody: after an upgrade that would be all at once.
  const since = (await store.read.setting(SINCE)) ?? (await store.write(tx => tx.settingOnce(SINCE, plus(now, -DAY))))
  const from = later(since, plus(now, -LONGEST_PAST_MS))
  const latest = plus(now, policy.agentMail.dueWarningMs)
  let found = false
  for (const what of BOTH) {
    const passed = await store.read.datesUntold(what, 'breached', from, now)
    const near = await store.read.datesUntold(what, 'due', plus(now, 1), latest)
    found = (await eachAlone(dispatching, [...passed, ...near], id => remindOf(dispatching, id, what))) || found
  }
  return (await eachAlone(dispatching, await store.read.waitedEnough(now), id => wake(dispatching, id))) || found
}

async function remindOf({ store, policy, clock }: Dispatching, id: TicketId, what: Dated): Promise<boolean> {
  return store.write(async tx => {
    const ticket = await tx.ticket(id)
    const calendar = ticket && calendarOf(policy, ticket)
    if (!ticket || !calendar) return false
    const now = clock()
    const warningMs = policy.agentMail.dueWarningMs
    const reminder = reminderOf(ticket, what, { now, warningMs, timeZone: calendar.timeZone })
    if (!reminder || !(await tx.reminderOnce(id, what, reminder.notice, reminder.dueAt))) return false
    await tx.addEvents(id, [{ kind: 'reminded', actor: 'postdesk', data: reminder }], now)
    return true
  })
}

async function wake({ store, clock }: Dispatching, id: TicketId): Promise<boolean> {
  return store.write(async tx => {
    const ticket = await tx.ticket(id)
    const now = clock()
    const woken = ticket && wakeUp(ticket, now)
    if (!woken) return false
    await tx.addEvents(id, woken.events, now)
    await tx.changeTicket(id, woken.changes, now)
    return true
  })
}
