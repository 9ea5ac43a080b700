import { cleanLine } from './header.ts'
import type { Header } from './message.ts'

/*
 * What a spam filter on the way wrote into the header: SpamAssassin (and all that write as it does), rspamd, Microsoft.
 * Nobody signs these fields. Of several of one name the topmost counts, and of several filters the one that stands topmost:
 * the last to see the mail, which is the one nearest to us (RFC 5321 §4.4). So a sender may call his own mail spam, or
 * clean where our server says nothing, and decides nothing about the mail of others.
 */

export type SpamVerdict = {
  readonly spam: boolean
  /** As the filter counts, Microsoft from -1 to 9; null where it gives no number. */
  readonly score: number | null
  readonly by: 'SpamAssassin' | 'rspamd' | 'Microsoft'
  /** The field that says so, such as `X-Spam-Status: Yes, score=7.2`. */
  readonly evidence: string
}

/** What one field says; `spam` is null where it gives a score alone, for thresholds are the filter's own. */
type Said = { readonly spam: boolean | null; readonly score: number | null }
type Field = { readonly by: SpamVerdict['by']; readonly label: string; readonly read: (value: string) => Said | null }

const FIELDS: ReadonlyMap<string, Field> = new Map(
  (
    [
      ['SpamAssassin', 'X-Spam-Status', readStatus],
      ['SpamAssassin', 'X-Spam-Flag', readFlag],
      ['SpamAssassin', 'X-Spam-Score', readScore],
      ['rspamd', 'X-Spam', readFlag],
      ['rspamd', 'X-Rspamd-Action', readAction],
      ['rspamd', 'X-Spamd-Result', readResult],
      ['rspamd', 'X-Spamd-Bar', readBar],
      ['Microsoft', 'X-MS-Exchange-Organization-SCL', readScl],
      ['Microsoft', 'X-Forefront-Antispam-Report', readReport],
    ] as const
  ).map(([by, label, read]) => [label.toLowerCase(), { by, label, read }]),
)

// What is read stands at the beginning of a field; Microsoft's is the longest, with some 1,000 characters.
const MOST_READ = 4_000
const MOST_SHOWN = 160

/** The verdict of the filter that saw the mail last; null when none has left one. `headers`: all fields, topmost first. */
export function readSpamVerdict(headers: readonly Header[]): SpamVerdict | null {
  const seen = new Set<string>()
  const said: (Said & Pick<Field, 'by'> & { readonly evidence: string })[] = []
  for (const { name, value } of headers) {
    const field = FIELDS.get(name)
    if (!field || seen.has(name)) continue
    seen.add(name)
    const read = field.read(value.slice(0, MOST_READ).trim())
    const evidence = `${field.label}: ${cleanLine(value.slice(0, MOST_READ))}`.slice(0, MOST_SHOWN).trimEnd()
    if (read) said.push({ ...read, by: field.by, evidence })
  }
  const nearest = said.find(one => one.spam !== null) ?? said[0]
  if (!nearest) return null
  const same = said.filter(one => one.by === nearest.by)
  const { spam, by, evidence, score } = same.find(one => one.spam) ?? nearest
  return {
    spam: spam === true,
    score: score ?? same.find(one => one.score !== null)?.score ?? null,
    by,
    evidence,
  }
}

const NUMBER = '([-+]?\\d{1,6}(?:\\.\\d{1,6})?)'

function numberIn(value: string, pattern: RegExp): number | null {
  const found = pattern.exec(value)?.[1]
  return found === undefined ? null : Number(found)
}

const SCORE_IN_STATUS = new RegExp(`\\b(?:score|hits)=${NUMBER}`, 'i')

/** `Yes, score=7.2 required=5.0 tests=…`; older ones count `hits`. */
function readStatus(value: string): Said | null {
  const flag = readFlag(value)
  return flag && { ...flag, score: numberIn(value, SCORE_IN_STATUS) }
}

function readFlag(value: string): Said | null {
  const word = /^(yes|true|no|false)\b/i.exec(value)?.[1]?.toLowerCase()
  return word === undefined ? null : { spam: word === 'yes' || word === 'true', score: null }
}

const SCORE = new RegExp(`^${NUMBER}(?![\\d.])`)

function readScore(value: string): Said | null {
  const score = numberIn(value, SCORE)
  return score === null ? null : { spam: null, score }
}

// Delivered all the same: greylisting and "soft reject" only put a mail off.
const ACTIONS: ReadonlyMap<string, boolean> = new Map([
  ['no action', false],
  ['greylist', false],
  ['soft reject', false],
  ['add header', true],
  ['rewrite subject', true],
  ['quarantine', true],
  ['discard', true],
  ['reject', true],
])

function readAction(value: string): Said | null {
  const spam = ACTIONS.get(value.toLowerCase().replace(/[ _]+/g, ' '))
  return spam === undefined ? null : { spam, score: null }
}

const RESULT = new RegExp(`^[\\w.-]{1,60}: *(True|False) *\\[ *${NUMBER} */`, 'i')

/** `default: False [8.10 / 15.00]`: rspamd writes True only for what it would reject, so False says nothing of spam. */
function readResult(value: string): Said | null {
  const [, rejected, score] = RESULT.exec(value) ?? []
  return score === undefined ? null : { spam: rejected?.toLowerCase() === 'true' || null, score: Number(score) }
}

/** A sign a point: `++++++`, `---`, `/` for none. */
function readBar(value: string): Said | null {
  if (value === '/') return { spam: null, score: 0 }
  if (!/^(?:\++|-+)$/.test(value)) return null
  return { spam: null, score: value.startsWith('-') ? -value.length : value.length }
}

/** From 5 on Exchange puts a mail into the folder of junk; -1 was never looked at. */
function readScl(value: string): Said | null {
  const scl = /^(-1|\d)$/.exec(value)?.[1]
  return scl === undefined ? null : { spam: Number(scl) >= 5, score: Number(scl) }
}

// What was decided before the filter, or by people, and so beside the level: SKQ was let out of the quarantine.
const VERDICTS: ReadonlyMap<string, boolean> = new Map([
  ['SPM', true],
  ['SKS', true],
  ['SKB', true],
  ['BLK', true],
  ['NSPM', false],
  ['SFE', false],
  ['SKA', false],
  ['SKI', false],
  ['SKN', false],
  ['SKQ', false],
])

/** `CIP:192.0.2.1;CTRY:;LANG:en;SCL:5;SRV:;IPV:NLI;SFV:SPM;…` */
function readReport(value: string): Said | null {
  const entries = value.split(';').map(entry => entry.trim())
  const of = (key: string) => entries.find(entry => entry.startsWith(key))?.slice(key.length)
  const level = readScl(of('SCL:') ?? '')
  const spam = VERDICTS.get(of('SFV:') ?? '') ?? level?.spam
  return spam === undefined ? null : { spam, score: level?.score ?? null }
}
