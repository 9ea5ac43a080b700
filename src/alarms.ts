import { type Alarm, type AlarmChange, alarmChanges, alarmMail, headline, type Trouble } from './desk/alarm.ts'
import { isOpen } from './desk/calendar.ts'
import { isStorm, mailboxBucket } from './desk/gate.ts'
import { senderAddress } from './desk/outgoing-mail.ts'
import type { MailboxPolicy, Policy } from './desk/policy.ts'
import { learntFrom, silence } from './desk/silence.ts'
import type { Ids } from './ids.ts'
import { DAY, type Instant, MINUTE, msBetween } from './instant.ts'
import type { Logger } from './log.ts'
import { pause } from './loop.ts'
import { domainOf } from './mail/address.ts'
import { isReplaced } from './store/mailboxes.ts'
import type { Store } from './store/store.ts'

/*
 * Looks every minute whether mail is read, sent, and comes at all; what is found is remembered in the store, shown by the API
 * and told to the admins. What to tell and when is decided in desk/alarm.ts, what is too quiet in desk/silence.ts.
 */

export type Watching = {
  readonly store: Store
  readonly policy: Policy
  readonly ids: Ids
  readonly clock: () => Instant
  readonly log: Logger
  readonly folders: readonly {
    readonly mailbox: string
    readonly folder: string
    readonly pollEveryMs: number
    /** The folder of sent mail that is read beside it: its name, `auto`, or null for none. */
    readonly sent: string | null
  }[]
  /** Nobody: it is logged and shown, and no mail is written. */
  readonly admins: readonly string[]
  /** How long reading or sending must have failed. */
  readonly alarmAfterMs: number
  /** When this process began to watch: what nobody did before, nobody failed to do. */
  readonly startedAt: Instant
  /** To be called after a commit that put something into the outbox. */
  readonly onQueued: () => void
}

/** A connection that waits for news (IDLE) reads at least every 25 minutes. */
const UNREAD_FOR_MS = 30 * MINUTE
/** Nobody needs to know sooner, and the busiest mailbox need not be reckoned every minute. */
const QUIET_FOR_MS = 10 * MINUTE
/** Clocks are set by seconds all the time. */
const CLOCK_JUMP_MS = MINUTE

/** Watches until the signal aborts. Never throws. */
export async function watchAlarms(watching: Watching, signal: AbortSignal, everyMs = MINUTE): Promise<void> {
  const { clock, log } = watching
  let before = { wall: clock(), ms: performance.now() }
  let { startedAt } = watching
  for (;;) {
    await pause(everyMs, signal)
    if (signal.aborted) return
    const now = { wall: clock(), ms: performance.now() }
    const jumpMs = msBetween(before.wall, now.wall) - (now.ms - before.ms)
    if (Math.abs(jumpMs) > CLOCK_JUMP_MS) {
      log.warn(
        { jumpMs: Math.round(jumpMs) },
        'the clock of this machine was changed: dates told to people are wrong if it is',
      )
      // The hours that the clock left out nobody was silent in.
      startedAt = now.wall
    }
    before = now
    await checkAlarms({ ...watching, startedAt }).catch(err =>
      log.error({ err }, 'it could not be looked whether all is well'),
    )
  }
}

/** Looks once; gives what has changed. Throws when the store fails. */
export async function checkAlarms(watching: Watching): Promise<AlarmChange[]> {
  const { store, policy, ids, clock, log, admins, onQueued } = watching
  const now = clock()
  const known = await store.read.alarms()
  const troubles = await findTroubles(watching, known, now)
  const changes = alarmChanges(known, troubles, now)
  if (changes.length === 0) return []
  const told = admins.length > 0 ? changes.filter(({ tell }) => tell) : []
  const sender = senderFor([...policy.mailboxes.values()], troubles)
  await store.write(async tx => {
    for (const { kind, trouble } of changes) {
      if (kind === 'raised') await tx.raiseAlarm(trouble, now)
      if (kind === 'over') await tx.endAlarm(trouble, now)
    }
    if (told.length === 0 || !sender) return
    for (const { kind, trouble } of told) if (kind !== 'over') await tx.alarmTold(trouble, now)
    const from = { name: sender.displayName, address: senderAddress(sender) }
    const messageId = ids.mint(NO_TICKET, domainOf(from.address))
    const mail = alarmMail({ changes: told, from, to: admins, messageId, now })
    const line = {
      ticket: null,
      message: null,
      kind: 'notice',
      dedupeKey: `notice:${messageId}`,
      mailbox: sender.name,
    } as const
    await tx.enqueue({ ...line, mail }, now)
  })
  for (const change of changes) {
    const { cause, mailbox, folder, since, detail } = change.trouble
    const fields = { cause, mailbox, ...(folder === '' ? {} : { folder }), since, detail, told: told.includes(change) }
    if (change.kind === 'over') log.info(fields, `alarm is over: ${headline(change)}`)
    else log.error(fields, `alarm: ${headline(change)}`)
  }
  if (told.length > 0) onQueued()
  return changes
}

/** Tickets count from 1: an answer to a mail with this number belongs to none. */
const NO_TICKET = 0

/** A mailbox that is well; else one that can at least send; else the first, whose mail goes out when it can again. */
function senderFor(mailboxes: readonly MailboxPolicy[], troubles: readonly Trouble[]): MailboxPolicy | undefined {
  const sick = (name: string, cause?: Trouble['cause']) =>
    troubles.some(trouble => trouble.mailbox === name && (cause === undefined || trouble.cause === cause))
  return (
    mailboxes.find(({ name }) => !sick(name)) ?? mailboxes.find(({ name }) => !sick(name, 'sending')) ?? mailboxes[0]
  )
}

async function findTroubles(watching: Watching, known: readonly Alarm[], now: Instant): Promise<Trouble[]> {
  const reading = await readingTroubles(watching, now)
  const found = [...reading, ...(await sentTroubles(watching, now))]
  found.push(...(await retiredTroubles(watching)), ...(await refusedTroubles(watching, now)))
  for (const mailbox of watching.policy.mailboxes.values()) {
    found.push(...(await sendingTrouble(watching, mailbox.name, known, now)))
    found.push(...(await stormTrouble(watching, mailbox.name, now)))
    const silent = known.find(one => one.cause === 'silence' && one.mailbox === mailbox.name && one.overAt === null)
    const sick = reading.some(trouble => trouble.mailbox === mailbox.name)
    found.push(...(await silenceTrouble(watching, mailbox, { silent, sick }, now)))
  }
  return found
}

/** For a mailbox that is not configured any more nobody sends: what still waits there would wait for ever, and unseen. */
async function retiredTroubles({ store, policy }: Watching): Promise<Trouble[]> {
  const retired = (await store.read.queueDepths()).filter(({ mailbox }) => !policy.mailboxes.has(mailbox))
  return retired.map(({ mailbox, queued, oldestAt }) => {
    const waiting = queued === 1 ? '1 mail still waits' : `${queued} mails still wait`
    const detail = `The mailbox is not configured any more, and ${waiting} to be sent from it: put it back until they have gone.`
    return { cause: 'sending', mailbox, folder: '', since: oldestAt, detail }
  })
}

async function readingTroubles(
  { store, folders, alarmAfterMs, startedAt }: Watching,
  now: Instant,
): Promise<Trouble[]> {
  const known = await store.read.folders()
  return folders.flatMap(({ mailbox, folder, pollEveryMs }): Trouble[] => {
    const status = known.find(one => one.mailbox === mailbox && one.folder === folder)
    if (!status) return []
    const { failingSince, lastError, checkedAt } = status
    const about = { cause: 'reading', mailbox, folder } as const
    if (failingSince !== null && msBetween(failingSince, now) >= alarmAfterMs)
      return [{ ...about, since: failingSince, detail: lastError ?? '' }]
    const readAt = checkedAt !== null && checkedAt > startedAt && checkedAt <= now ? checkedAt : startedAt
    const patience = Math.max(alarmAfterMs, UNREAD_FOR_MS, 5 * pollEveryMs)
    const hangs = checkedAt !== null && failingSince === null && msBetween(readAt, now) >= patience
    return hangs ? [{ ...about, since: readAt, detail: 'The server is connected, and says nothing.' }] : []
  })
}

/**
 * Folders of sent mail that cannot be read. That one was not read for long says nothing: it is read when there is some. And of one
 * that was named before, or that the server named, nobody is told when another is read in its place.
 */
async function sentTroubles({ store, folders, alarmAfterMs }: Watching, now: Instant): Promise<Trouble[]> {
  const known = await store.read.folders()
  return known.flatMap((status): Trouble[] => {
    const { mailbox, folder, role, failingSince, lastError } = status
    const watched = folders.filter(one => one.mailbox === mailbox)
    const isSent = watched.some(({ sent }) => (sent === 'auto' ? role === 'sent' : sent === folder))
    if (!isSent || watched.some(one => one.folder === folder) || isReplaced(status, known)) return []
    if (failingSince === null || msBetween(failingSince, now) < alarmAfterMs) return []
    return [{ cause: 'reading', mailbox, folder, since: failingSince, detail: lastError ?? '' }]
  })
}

/** Mails that the server shows and does not hand out, of the folders that are read and of those of sent mail beside them. */
async function refusedTroubles({ store, folders, alarmAfterMs }: Watching, now: Instant): Promise<Trouble[]> {
  const refused = await store.read.refusedMails()
  const sent = (await store.read.folders()).filter(({ role }) => role === 'sent')
  return [...folders, ...sent].flatMap(({ mailbox, folder }): Trouble[] => {
    const mails = refused.filter(one => one.mailbox === mailbox && one.folder === folder)
    const [oldest] = mails.toSorted((a, b) => a.since.localeCompare(b.since))
    if (!oldest || msBetween(oldest.since, now) < alarmAfterMs) return []
    const uids = mails.slice(0, 20).map(({ uid }) => uid)
    const named = `${uids.join(', ')}${mails.length > uids.length ? ' …' : ''}`
    const detail = `The server shows ${mails.length} without handing out what is in them (UID ${named}): ${oldest.reason}`
    return [{ cause: 'refused', mailbox, folder, since: oldest.since, detail }]
  })
}

/** So many automatic mails are no work of people: the gate is closed, and who looks finds the machine. */
async function stormTrouble({ store, policy }: Watching, mailbox: string, now: Instant): Promise<Trouble[]> {
  const name = mailboxBucket(mailbox)
  const bucket = (await store.read.buckets([name])).get(name)
  if (!bucket || !isStorm(bucket, policy.budgets, now)) return []
  const { size } = policy.budgets.mailbox
  const detail = `After ${size} automatic mails it sends only a few. Its tickets tell who wrote; nothing is lost.`
  return [{ cause: 'storm', mailbox, folder: '', since: bucket.at, detail }]
}

/**
 * Not when only one mail of several is not taken: that is about the mail, or about who is to get it. What a server refuses for
 * good waits no longer, so it is told of when mails to different people fared so. Such an alarm lasts until a mail is sent.
 */
async function sendingTrouble(
  { store, alarmAfterMs }: Watching,
  mailbox: string,
  known: readonly Alarm[],
  now: Instant,
): Promise<Trouble[]> {
  const about = { cause: 'sending', mailbox, folder: '' } as const
  const isOld = (createdAt: Instant) => msBetween(createdAt, now) >= alarmAfterMs
  const last = await store.read.lastSent(mailbox)
  const stuck = await store.read.stuckMail(mailbox)
  if (stuck && isOld(stuck.createdAt) && (last === null || last.at <= stuck.createdAt))
    return [{ ...about, since: stuck.createdAt, detail: stuck.error }]
  const failed = await store.read.failedMails(mailbox, last)
  const [newest, oldest] = [failed[0], failed.at(-1)]
  if (!newest || !oldest || !isOld(oldest.createdAt)) return []
  if (new Set(failed.map(({ recipients }) => recipients)).size < 2) return []
  const isKnown = known.some(one => one.cause === 'sending' && one.mailbox === mailbox && one.overAt === null)
  const isRecent = msBetween(newest.putOffTo, now) < DAY
  return isKnown || isRecent ? [{ ...about, since: oldest.createdAt, detail: newest.error }] : []
}

/** A mailbox that cannot be read is silent for that reason. An alarm lasts until mail comes, also after closing time. */
async function silenceTrouble(
  { store, policy }: Watching,
  { name, serviceLevel }: MailboxPolicy,
  { silent, sick }: { readonly silent: Alarm | undefined; readonly sick: boolean },
  now: Instant,
): Promise<Trouble[]> {
  const lastArrivalAt = await store.read.lastArrivalAt(name, now)
  if (lastArrivalAt === null) return []
  if (silent && lastArrivalAt <= silent.since) return [silent]
  const calendar = policy.calendars.get(policy.serviceLevels.get(serviceLevel)?.calendar ?? '')
  if (sick || !calendar || msBetween(lastArrivalAt, now) < QUIET_FOR_MS || !isOpen(calendar, now)) return []
  const firstArrivalAt = (await store.read.firstArrivalAt(name)) ?? lastArrivalAt
  const arrivals = await store.read.arrivalsByHour(name, learntFrom(lastArrivalAt, now))
  const found = silence({ now, calendar, lastArrivalAt, firstArrivalAt, arrivals })
  if (!found) return []
  const detail = `In such a time about ${found.missing} mails come usually, as the weeks before tell; now none did.`
  return [{ cause: 'silence', mailbox: name, folder: '', since: found.since, detail }]
}
