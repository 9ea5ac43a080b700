import { cleanLine } from './header.ts'
import type { Header } from './message.ts'

/*
 * What the spam filters before us wrote into a mail. Of each name only the topmost field counts, our own server's. A
 * stranger can forge "no spam" only where no filter of ours speaks, which is as good as silence, and one yes outweighs it:
 * so "no spam" proves nothing and opens nothing. Who forges "spam" harms themselves.
 */

export type SpamVerdict = {
  readonly spam: boolean
  /** On the filter's own scale: 5 means spam to most, SCL goes from -1 to 9. Null when it named none. */
  readonly score: number | null
  readonly by: 'spamassassin' | 'rspamd' | 'microsoft' | 'barracuda'
  /** The field as written, at most 160 characters. */
  readonly evidence: string
}

type Reading = Pick<SpamVerdict, 'spam' | 'score'>
type Filter = {
  readonly by: SpamVerdict['by']
  readonly field: string
  readonly read: (value: string) => Reading | null
}

const NUMBER = '([-+]?\\d{1,9}(?:\\.\\d{1,9})?)'

function number(value: string, pattern: string): number | null {
  const found = new RegExp(pattern, 'i').exec(value)?.[1]
  return found === undefined ? null : Number(found)
}

const yesNo = (value: string): Reading | null => {
  const said = /^(yes|true|no|false)\b/i.exec(value)?.[1]?.toLowerCase()
  return said === undefined ? null : { spam: said === 'yes' || said === 'true', score: null }
}

/** A score without the level it is held against: what it means is for others to say. */
const scoreAlone = (value: string): Reading | null => {
  const score = number(value, `^${NUMBER}(?![\\d.])`)
  return score === null ? null : { spam: false, score }
}

/** `Yes, score=7.3 required=5.0 tests=…`; SpamAssassin before 3.0 wrote `hits=`, rspamd writes `Yes, score=7.30`. */
const status = (value: string): Reading | null => {
  const said = yesNo(value)
  return said && { ...said, score: number(value.slice(0, 200), `\\b(?:score|hits)=${NUMBER}`) }
}

/** `default: False [1.90 / 15.00]; NAME(0.10)[…]`: False says only that it was not refused. */
const result = (value: string): Reading | null => {
  const found = /^[\w-]{1,60}: (true|false) \[/i.exec(value)
  return found && { spam: found[1]?.toLowerCase() === 'true', score: number(value.slice(0, 200), `\\[${NUMBER} /`) }
}

const action = (value: string): Reading | null =>
  /^[a-z ]{1,40}$/i.test(value)
    ? { spam: /^(?:add header|rewrite subject|reject|quarantine|discard)$/i.test(value), score: null }
    : null

/** `+++++`, `---` or `/`: a sign a point. */
const bar = (value: string): Reading | null => {
  const signs = /^(?:\+{1,200}|-{1,200}|\/)$/.test(value) ? value : null
  return signs === null ? null : { spam: false, score: signs === '/' ? 0 : signs.length * (signs[0] === '+' ? 1 : -1) }
}

// Exchange: 5 and more is spam, -1 was not asked.
const SPAM_SCL = 5

const scl = (value: string): Reading | null => {
  const level = number(value, '^(-1|\\d)$')
  return level === null ? null : { spam: level >= SPAM_SCL, score: level }
}

// SPM spam, SKS by a rule, SKB and BLK by a list of blocked senders.
const SPAM_SFV = /^(?:SPM|SKS|SKB|BLK)$/i

/** `CIP:192.0.2.1;LANG:en;SCL:5;SFV:SPM;CAT:SPM;` */
const forefront = (value: string): Reading | null => {
  const parts = value.split(';').map(part => part.trim())
  const named = (name: string): string | undefined => parts.find(part => part.startsWith(`${name}:`))?.slice(4)
  const level = scl(named('SCL') ?? '')
  const verdict = named('SFV')
  if (!level && verdict === undefined) return null
  return { spam: level?.spam === true || SPAM_SFV.test(verdict ?? ''), score: level?.score ?? null }
}

/** `SCORE=4.00 using global scores of TAG_LEVEL=3.5 QUARANTINE_LEVEL=… KILL_LEVEL=…` */
const barracuda = (value: string): Reading | null => {
  const start = value.slice(0, 300)
  const score = number(start, `^SCORE=${NUMBER}`)
  const level = number(start, `\\bTAG_LEVEL=${NUMBER}`)
  return score === null ? null : { spam: level !== null && score >= level, score }
}

// The fuller field of a filter first.
const FILTERS: readonly Filter[] = [
  { by: 'rspamd', field: 'x-rspamd-action', read: action },
  { by: 'rspamd', field: 'x-spamd-result', read: result },
  { by: 'rspamd', field: 'x-spam', read: yesNo },
  { by: 'rspamd', field: 'x-rspamd-score', read: scoreAlone },
  { by: 'rspamd', field: 'x-spamd-bar', read: bar },
  { by: 'spamassassin', field: 'x-spam-status', read: status },
  { by: 'spamassassin', field: 'x-spam-flag', read: yesNo },
  { by: 'spamassassin', field: 'x-spam-score', read: scoreAlone },
  { by: 'microsoft', field: 'x-ms-exchange-organization-scl', read: scl },
  { by: 'microsoft', field: 'x-forefront-antispam-report', read: forefront },
  { by: 'barracuda', field: 'x-barracuda-spam-status', read: barracuda },
  { by: 'barracuda', field: 'x-barracuda-spam-flag', read: yesNo },
  { by: 'barracuda', field: 'x-barracuda-spam-score', read: scoreAlone },
]

/** What the spam filters say, a yes before a no; null when none speaks. `headers`: all fields, topmost first. */
export function readSpamVerdict(headers: readonly Header[]): SpamVerdict | null {
  const said = FILTERS.flatMap(({ by, field, read }) => {
    const top = headers.find(({ name }) => name === field)
    const reading = top && read(top.value.trim())
    if (!reading) return []
    const label = field.replace(/(?<=^|-)[a-z]/g, letter => letter.toUpperCase())
    return [{ ...reading, by, evidence: cleanLine(`${label}: ${top.value.slice(0, 200)}`).slice(0, 160) }]
  })
  const verdict = said.find(({ spam }) => spam) ?? said[0]
  if (!verdict) return null
  const score = verdict.score ?? said.find(one => one.by === verdict.by && one.score !== null)?.score ?? null
  return { ...verdict, score }
}
