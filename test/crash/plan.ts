import { MAILBOXES, type Mail, makeConversations, makeOldMails } from './mails.ts'
import { type Random, randomFrom } from './random.ts'
import {
  ALL_STEPS,
  CONNECTION_STEPS,
  type ConnectionStep,
  DATABASE_STEPS,
  type Deed,
  OPTIONAL_STEPS,
  PROCESS_STEPS,
} from './steps.ts'

/*
 * What happens in a schedule, drawn from the seed of the run and its number, before anything runs. The program lives several
 * lives, each of them ended by force; in the last one nobody disturbs it.
 */

export type Schedule = {
  readonly number: number
  readonly mails: readonly Mail[]
  /** With `now`, what lies in the mailboxes before the first life is to be left alone. */
  readonly startFrom: 'all' | 'now'
  readonly afterReading: (typeof AFTER_READING)[number]
  readonly lives: readonly Life[]
  /** What happens in the last life: connections still fail, but the program is left alive. */
  readonly late: Pick<Life, 'before' | 'faults'>
}

const AFTER_READING = ['leave', 'leave', 'seen', 'flag', 'move'] as const

/** What happens on the mail server behind the program's back. */
export type Happening =
  | { readonly kind: 'deliver'; readonly copy: string }
  | { readonly kind: 'expunge'; readonly copy: string }
  /** Every UID of the INBOX is void; `renumber`: and another one. */
  | { readonly kind: 'new uidvalidity' | 'renumber'; readonly mailbox: string }

export type Fault = { readonly step: ConnectionStep; readonly count: number; readonly deed: Deed }

export type Life = {
  readonly before: readonly Happening[]
  readonly during: readonly { readonly afterMs: number; readonly happening: Happening }[]
  readonly faults: readonly Fault[]
  readonly end: End
}

/** How a life ends; where its step is not reached within `atMostMs` after the start, it is killed then. */
export type End =
  | {
      readonly kind: 'step'
      readonly step: string
      readonly count: number
      readonly waitMs: number
      readonly atMostMs: number
    }
  | { readonly kind: 'time'; readonly from: 'spawn' | 'up'; readonly afterMs: number }
  /** SIGTERM, and if `killAfterMs` is given, SIGKILL so much later. */
  | { readonly kind: 'stop'; readonly afterMs: number; readonly killAfterMs: number | null }

export function makeSchedule(seed: number, number: number): Schedule {
  const random = randomFrom(seed, number)
  // The first life of each schedule takes its turn through all steps, so that none depends on luck.
  const first = WANTED[(number + seed) % WANTED.length] ?? 'at a random moment'
  const startFrom = random.chance(0.25) ? 'now' : 'all'
  const mails = [...makeConversations(random, number), ...(startFrom === 'now' ? makeOldMails(random, number) : [])]
  const lives = random.int(1, 3)
  const happenings = Array.from({ length: lives + 1 }, (): Happening[] => [])
  const put = (life: number, happening: Happening) => happenings[life]?.push(happening)
  for (const { copies } of mails.filter(mail => mail.after === 'nothing')) {
    for (const { id } of copies) {
      // Most of it early: a life without mail reaches few steps.
      const life = Math.min(random.int(0, lives), random.int(0, lives))
      put(life, { kind: 'deliver', copy: id })
      if (random.chance(0.06)) put(random.int(life, lives), { kind: 'expunge', copy: id })
    }
  }
  for (const mailbox of MAILBOXES) {
    if (random.chance(0.15)) put(random.int(0, lives - 1), { kind: 'new uidvalidity', mailbox })
    if (random.chance(0.15)) put(random.int(0, lives - 1), { kind: 'renumber', mailbox })
  }
  return {
    number,
    mails,
    startFrom,
    afterReading: afterReadingFor(random, first),
    lives: Array.from({ length: lives }, (_, at) =>
      makeLife(random, at === 0 ? first : random.pick(ALL_STEPS), happenings[at] ?? []),
    ),
    late: { before: happenings[lives] ?? [], faults: random.chance(0.4) ? makeFaults(random, 2) : [] },
  }
}

function afterReadingFor(random: Random, first: string): Schedule['afterReading'] {
  if (first.startsWith('imap store')) return random.pick(['seen', 'flag'])
  return first.startsWith('imap move') ? 'move' : random.pick(AFTER_READING)
}

const FAULTY = CONNECTION_STEPS.filter(step => !OPTIONAL_STEPS.has(step))
const WANTED = ALL_STEPS.filter(step => !OPTIONAL_STEPS.has(step))

function makeLife(random: Random, step: string, happenings: readonly Happening[]): Life {
  const { before, during } = split(random, happenings, step === 'imap exists')
  return {
    before,
    during,
    faults: random.chance(0.6) ? makeFaults(random, 4) : [],
    end: makeEnd(random, step),
  }
}

function split(random: Random, happenings: readonly Happening[], later: boolean): Pick<Life, 'before' | 'during'> {
  const before: Happening[] = []
  const during: { afterMs: number; happening: Happening }[] = []
  let afterMs = 0
  // In their order: a mail is expunged after it was delivered.
  for (const happening of happenings) {
    if (during.length === 0 && random.chance(later ? 0.4 : 0.7)) before.push(happening)
    else {
      afterMs += random.chance(0.5) ? random.int(0, 20) : random.int(20, 250)
      during.push({ afterMs, happening })
    }
  }
  return { before, during }
}

function makeFaults(random: Random, most: number): Fault[] {
  return Array.from({ length: random.int(1, most) }, () => ({
    step: random.pick(FAULTY),
    count: random.pick([1, 1, 1, 2, 3]),
    deed: makeDeed(random),
  }))
}

function makeDeed(random: Random): Deed {
  const deed = random.pick(['cut', 'cut', 'halve', 'halve', 'stall', 'delay', 'delay'] as const)
  return deed === 'delay' ? { delayMs: random.int(5, 400) } : deed
}

function makeEnd(random: Random, step: string): End {
  const atMostMs = random.int(1500, 2500)
  if ([...CONNECTION_STEPS, ...DATABASE_STEPS].some(known => known === step))
    return {
      kind: 'step',
      step,
      count: random.pick([1, 1, 1, 1, 2, 2, 3, 5]),
      // Between the 250 and the note that it came there is a window, and not only at its edge.
      waitMs: step === 'smtp 250 forwarded' ? random.pick([0, 1, 3, 10, 30]) : 0,
      atMostMs,
    }
  const [starting, , stopping] = PROCESS_STEPS
  if (step === starting) return { kind: 'time', from: 'spawn', afterMs: random.int(50, 1000) }
  if (step !== stopping) return { kind: 'time', from: 'up', afterMs: random.int(0, 1500) }
  const afterMs = random.int(0, 800)
  return { kind: 'stop', afterMs, killAfterMs: random.chance(0.5) ? random.int(0, 60) : null }
}
