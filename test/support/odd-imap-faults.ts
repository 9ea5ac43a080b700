/*
 * What IMAP servers and networks do now and then: the faults of `odd-imap.ts`.
 */

/** What may go wrong, and in the answers to which commands. `LISTING` and `BODIES` are the two uses of UID FETCH. */
export const FAULTS = {
  // Of any command.
  ...{ refuses: /./, says: /./, bye: /./, hangs: /./, cuts: /./, news: /./, arrives: /./, removes: /./, flags: /./ },
  ...{ renumbers: /^(SELECT|NOOP|IDLE)/, wrongExists: /^SELECT/, noUidNext: /^SELECT/, lowUidNext: /^(SELECT|STATUS)/ },
  ...{ noValidity: /^(SELECT|STATUS)/, otherValidity: /^SELECT/, readOnly: /^SELECT/, oddList: /^LIST "" "[^"]/ },
  // Of UID FETCH.
  ...{ shuffled: /^UID FETCH/, doubled: /^UID FETCH/, missing: /^UID FETCH/, noUid: /^UID FETCH/ },
  ...{ unasked: /^UID FETCH/, oddDate: /^UID FETCH/, oddSize: /^LISTING/, empty: /^BODIES/, nil: /^BODIES/ },
  ...{ flagNews: /^UID FETCH/ },
  ...{ noSearch: /^UID SEARCH/, nothingFound: /^UID SEARCH/, allFound: /^UID SEARCH/, extended: /^UID SEARCH/ },
  ...{ halfDone: /^UID (MOVE|COPY|STORE)/ },
} as const
export type FaultKind = keyof typeof FAULTS
/** When the server got all but the old mail. */
export const RECEIVED_AT = '2026-11-23T08:00:00.000Z'
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[]

/** Happens to `times` commands that it concerns, after the first `after` of them; `n` picks how. */
export type Fault = { readonly kind: FaultKind; readonly after: number; readonly times: number; readonly n: number }

/** What the server is like for as long as it lives. */
export type Nature = {
  readonly capabilities: readonly string[]
  /** Told after the login only. */
  readonly later: readonly string[]
  readonly delimiter: string | null
  /** What it shows of a mail that another client has removed (RFC 2180 §4.1). */
  readonly removed: 'nothing' | 'emptiness' | 'refusal' | 'mail'
  readonly sizes: 'true' | 'zero' | 'guessed'
  /** It has a folder of sent mail. */
  readonly sent: boolean
  /** Bytes that it writes at once. */
  readonly chunk: number
}

/** How a fault is to show in the answer to a command; null: it does not. */
export type Is = (kind: FaultKind) => number | null

export const CODES = [
  '',
  '[INUSE] ',
  '[SERVERBUG] ',
  '[UNAVAILABLE] ',
  '[LIMIT] ',
  '[THROTTLED] ',
  '[EXPUNGEISSUED] ',
  '[NIL] ',
]
export const TEXTS = [
  'not now',
  'Request is throttled. Suggested Backoff Time: 40 milliseconds',
  'Some of the requested messages no longer exist',
]
export const DATES = [
  '"31-Feb-2026 99:00:00 +0000"',
  'NIL',
  '"01-Jan-9999 00:00:00 +0000"',
  '"01-Jan-0001 00:00:00 +0000"',
  '""',
  '"today"',
]
export const SIZES = [0, 1, 1e9, 4294967295, 18446744073709552]
export const LISTS = [
  ['* LIST (\\Noselect) NIL ""'],
  ['* LIST () "/" {5}\r\nINBOX'],
  ['* LIST (\\HasNoChildren) "\\\\" "INBOX"', '* LIST () "/" "Gel&APY-scht"', '* LIST () "/" "Ã©tÃ©"'],
  ['* LIST', '* LIST () "/"', '* LIST NIL NIL NIL'],
  [],
]
/** What comes in between without having been asked for, where `mails` are in the folder. */
export const sayings = (mails: number): readonly string[] => [
  '* OK still here',
  '* NO [ALERT] disk is full',
  '* 3',
  '* )',
  '* OK [NIL] -',
  'ZZ9 OK what',
  '* 99999999999999999999 EXISTS',
  '* 7 EXPUNGE',
  '* 0 EXPUNGE',
  `* ${mails + 3} EXISTS`,
  '* SEARCH 1 2 3',
  '* CAPABILITY IMAP4rev1',
]

/** The nth of a list, as often as it takes. */
export const at = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)]
