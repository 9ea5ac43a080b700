import type { BareFigures } from './bare.ts'
import type { RoundFigures } from './round.ts'

export type Figures = {
  readonly mails: number
  readonly bytes: number
  readonly seed: number
  /** The round that is counted and not timed. */
  readonly counted: RoundFigures
  readonly pairs: readonly { readonly bare: BareFigures; readonly service: RoundFigures }[]
}

type Line = readonly [figure: string, value: string, goal: string, verdict: string]

/** The figures as a Markdown table for people, the goal beside each of them. */
export function table(figures: Figures): string {
  const { mails, bytes, seed, counted, pairs } = figures
  const lines: Line[] = [...timedLines(figures), ...countedLines(figures)]
  const faults = [counted, ...pairs.map(({ service }) => service)].flatMap(({ faults }) => faults)
  const exact = Object.entries(counted.counts).map(
    ([name, { is, should }]): Line => [name, `${is}`, `${should}`, is === should ? 'right' : 'WRONG'],
  )
  return [
    `${mails} mails, ${(bytes / 1e6).toFixed(0)} MB, seed ${seed}, ${pairs.length} pairs (medians, the range in brackets), node ${process.version}`,
    rows([['figure', 'value', 'goal', ''], ...lines]),
    rows([['exactness, each round', 'is', 'should be', ''], ...exact]),
    faults.length === 0
      ? 'Every round came out exactly right.'
      : `WRONG:\n${faults.map(fault => `- ${fault}`).join('\n')}`,
    '',
  ].join('\n\n')
}

function timedLines({ mails, pairs }: Figures): Line[] {
  if (pairs.length === 0) return []
  const rate = (wallMs: number) => (mails / wallMs) * 1000
  const ratios = pairs.map(({ bare, service }) => bare.wallMs / service.wallMs)
  const cpu = pairs.map(({ bare, service }) => service.cpuMs / bare.cpuMs)
  const peaks = pairs.map(({ service }) => service.peakBytes / 1e6)
  const plain = (figure: string, values: readonly number[], digits: number): Line => [
    figure,
    spread(values, digits),
    '',
    '',
  ]
  return [
    plain(
      'mails/s, INBOX to acknowledgement accepted',
      pairs.map(({ service }) => rate(service.wallMs)),
      0,
    ),
    plain(
      'mails/s, bare simpleParser',
      pairs.map(({ bare }) => rate(bare.wallMs)),
      0,
    ),
    judged('ratio of the two', spread(ratios, 2), '≥ 0.35', median(ratios) >= 0.35),
    plain(
      'CPU ms a mail, the service',
      pairs.map(({ service }) => service.cpuMs / mails),
      2,
    ),
    plain(
      'CPU ms a mail, bare simpleParser',
      pairs.map(({ bare }) => bare.cpuMs / mails),
      2,
    ),
    judged('ratio of the two', spread(cpu, 2), '≤ 3', median(cpu) <= 3),
    // Of memory the goal speaks of 2,000 mails, and of 1.15 times as much for 10,000.
    judged(
      'peak memory (MB)',
      spread(peaks, 0),
      mails <= 2000 ? '≤ 300' : '≤ 345',
      median(peaks) <= (mails <= 2000 ? 300 : 345),
    ),
    plain(
      'start of the process (ms)',
      pairs.map(({ service }) => service.startMs),
      0,
    ),
  ]
}

function countedLines({ mails, counted }: Figures): Line[] {
  const commits = (counted.commits ?? Number.NaN) / mails
  const commands = Object.values(counted.commands).reduce((sum, count) => sum + count, 0) / mails
  const names = Object.entries(counted.commands)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
  return [
    judged('durable commits a mail', `${commits.toFixed(3)} (${counted.commits})`, '≤ 0.1', commits <= 0.1),
    judged('IMAP commands a mail', `${commands.toFixed(3)} (${names})`, '≤ 0.15', commands <= 0.15),
  ]
}

function judged(figure: string, value: string, goal: string, met: boolean): Line {
  return [figure, value, goal, met ? 'met' : 'missed']
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

function rows([head = [], ...lines]: readonly (readonly string[])[]): string {
  const widths = head.map((_, at) => Math.max(...[head, ...lines].map(line => line[at]?.length ?? 0)))
  const row = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [row(head), `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`, ...lines.map(row)].join('\n')
}
