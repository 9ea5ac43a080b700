import type { BareFigures } from './bare.ts'
import type { RoundFigures } from './round.ts'

export type Figures = {
  readonly mails: number
  readonly bytes: number
  readonly seed: number
  /** The round that is counted and not timed. */
  readonly counted: RoundFigures
  readonly pairs: readonly { readonly bare: BareFigures; readonly service: RoundFigures }[]
  /** How long each list of 50 tickets took during an intake (ms). */
  readonly listMs: readonly number[]
  /** CPU time of bare Fastify for the same JSON, divided by that of an idle service. */
  readonly idle: number
  /** From EXISTS to the acknowledgement accepted, of mails that come one at a time (ms). */
  readonly latencies: readonly number[]
  /** One round with many more mails. */
  readonly many?: RoundFigures
  /** One round with a few very large mails. */
  readonly large?: RoundFigures
  /** Rates and starts of the process with so many messages stored before. */
  readonly stored?: readonly {
    readonly messages: number
    readonly mailsASecond: readonly number[]
    readonly startMs: readonly number[]
  }[]
  readonly faults: readonly string[]
}

type Line = readonly [goal: string, figure: string, value: string, wanted: string, verdict: string]

/** The figures as a Markdown table for people, the goal beside each of them. */
export function table(figures: Figures): string {
  const { mails, bytes, seed, counted, pairs, faults } = figures
  const exact = Object.entries(counted.counts).map(
    ([name, { is, should }]): Line => ['8', name, `${is}`, `${should}`, is === should ? 'right' : 'WRONG'],
  )
  const lines = [
    ...timedLines(figures),
    ...countedLines(figures),
    ...memoryLines(figures),
    ...storedLines(figures),
    ...latencyLines(figures),
    ...exact,
  ]
  return [
    `${mails} mails, ${(bytes / 1e6).toFixed(0)} MB, seed ${seed}, ${pairs.length} pairs (medians, the range in brackets), node ${process.version}`,
    rows([['', 'figure', 'value', 'goal', ''], ...lines]),
    faults.length === 0
      ? 'Every round came out exactly right.'
      : `WRONG:\n${faults.map(fault => `- ${fault}`).join('\n')}`,
    '',
  ].join('\n\n')
}

function timedLines({ mails, pairs, many }: Figures): Line[] {
  if (pairs.length === 0) return []
  const rate = (wallMs: number) => (mails / wallMs) * 1000
  const ratios = pairs.map(({ bare, service }) => bare.wallMs / service.wallMs)
  const cpu = pairs.map(({ bare, service }) => service.cpuMs / bare.cpuMs)
  const of = (figure: (pair: Figures['pairs'][number]) => number) => pairs.map(figure)
  return [
    plain(
      'mails/s, INBOX to acknowledgement accepted',
      spread(
        of(({ service }) => rate(service.wallMs)),
        0,
      ),
    ),
    plain(
      'mails/s, bare simpleParser',
      spread(
        of(({ bare }) => rate(bare.wallMs)),
        0,
      ),
    ),
    judged('1', 'ratio of the two', spread(ratios, 2), '≥ 0.35', median(ratios) >= 0.35),
    plain(
      'CPU ms a mail, the service',
      spread(
        of(({ service }) => service.cpuMs / mails),
        2,
      ),
    ),
    plain(
      'CPU ms a mail, bare simpleParser',
      spread(
        of(({ bare }) => bare.cpuMs / mails),
        2,
      ),
    ),
    judged('2', 'ratio of the two', spread(cpu, 2), '≤ 3', median(cpu) <= 3),
    plain(
      'start of the process (ms)',
      spread(
        of(({ service }) => service.startMs),
        0,
      ),
    ),
    ...(many ? [plain(`CPU ms a mail, of ${mailsOf(many)}`, (many.cpuMs / mailsOf(many)).toFixed(2))] : []),
  ]
}

function countedLines({ mails, counted }: Figures): Line[] {
  const commits = (counted.commits ?? Number.NaN) / mails
  const commands = Object.values(counted.commands).reduce((sum, count) => sum + count, 0) / mails
  const names = Object.entries(counted.commands)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
  return [
    judged('3', 'durable commits a mail', `${commits.toFixed(3)} (${counted.commits})`, '≤ 0.1', commits <= 0.1),
    judged('3', 'IMAP commands a mail', `${commands.toFixed(3)} (${names})`, '≤ 0.15', commands <= 0.15),
  ]
}

function memoryLines({ mails, pairs, many, large }: Figures): Line[] {
  if (pairs.length === 0) return []
  const peaks = pairs.map(({ service }) => service.peakBytes / 1e6)
  const lines = [judged('4', 'peak memory (MB)', spread(peaks, 0), '≤ 300', mails <= 2000 && median(peaks) <= 300)]
  if (!many || !large) return lines
  const ratio = many.peakBytes / 1e6 / median(peaks)
  const figure = `peak memory for ${mailsOf(many)} mails, against that`
  return [
    ...lines,
    judged('4', figure, `${ratio.toFixed(2)} (${(many.peakBytes / 1e6).toFixed(0)} MB)`, '≤ 1.15', ratio <= 1.15),
    plain(`peak memory for ${mailsOf(large)} mails of 40 MB (MB)`, (large.peakBytes / 1e6).toFixed(0)),
  ]
}

function storedLines({ stored = [] }: Figures): Line[] {
  const [few, many] = stored
  if (!few || !many) return []
  const ratio = median(many.mailsASecond) / median(few.mailsASecond)
  return [
    ...stored.map(({ messages, mailsASecond }) => plain(`mails/s with ${messages} stored`, spread(mailsASecond, 0))),
    ...stored.map(({ messages, startMs }) => plain(`start with ${messages} stored (ms)`, spread(startMs, 0))),
    judged('5', 'ratio of the two', ratio.toFixed(2), '≥ 0.75', ratio >= 0.75),
  ]
}

function latencyLines({ latencies, listMs, idle }: Figures): Line[] {
  const [own, list] = [median(latencies), percentile(listMs, 0.99)]
  const p99 = `median ${own.toFixed(0)}, p99 ${percentile(latencies, 0.99).toFixed(0)}, of ${latencies.length}`
  return [
    judged('6', 'EXISTS to acknowledgement accepted (ms)', p99, '≤ 25', own <= 25),
    judged(
      '7',
      'list of 50 tickets during intake, p99 (ms)',
      `${list.toFixed(0)}, of ${listMs.length}`,
      '≤ 60',
      list <= 60,
    ),
    judged('7', 'list of 50 tickets when idle, against the same JSON fixed', idle.toFixed(2), '≥ 0.25', idle >= 0.25),
  ]
}

function mailsOf({ counts }: RoundFigures): number {
  return counts['mails in the ledger']?.is ?? Number.NaN
}

function plain(figure: string, value: string): Line {
  return ['', figure, value, '', '']
}

function judged(goal: string, figure: string, value: string, wanted: string, met: boolean): Line {
  return [goal, figure, value, wanted, met ? 'met' : 'missed']
}

function spread(values: readonly number[], digits: number): string {
  const texts = [Math.min(...values), Math.max(...values)].map(value => value.toFixed(digits))
  return `${median(values).toFixed(digits)} (${texts.join('–')})`
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN
}

function rows([head = [], ...lines]: readonly (readonly string[])[]): string {
  const widths = head.map((_, at) => Math.max(...[head, ...lines].map(line => line[at]?.length ?? 0)))
  const row = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [row(head), `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`, ...lines.map(row)].join('\n')
}
