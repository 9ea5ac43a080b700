/*
 * The text format that Prometheus reads, version 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 */

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export type Labels = Readonly<Record<string, string>>
export type Sample = { readonly labels?: Labels; readonly value: number; readonly suffix?: string }
export type Family = {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** Families without samples are left out: there is nothing to say of them. */
export function exposition(families: readonly Family[]): string {
  return families
    .filter(({ samples }) => samples.length > 0)
    .map(familyText)
    .join('')
}

function familyText({ name, type, help, samples }: Family): string {
  const head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
  return (
    head +
    samples
      .map(({ suffix = '', labels = {}, value }) => `${name}${suffix}${labelText(labels)} ${numberText(value)}\n`)
      .join('')
  )
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return parts.length > 0 ? `{${parts.join(',')}}` : ''
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

/** Counts by their labels; they only grow. */
export class Counter {
  readonly #counts = new Map<string, { labels: Labels; value: number }>()

  /** With 0 it begins to exist, so that its first event is seen as one. */
  add(labels: Labels, value = 1): void {
    const key = JSON.stringify(labels)
    const kept = this.#counts.get(key)
    if (kept) kept.value += value
    else this.#counts.set(key, { labels, value })
  }

  samples(): Sample[] {
    return [...this.#counts.values()]
  }
}

type Distribution = { readonly labels: Labels; readonly counts: number[]; sum: number; count: number }

/** How values are spread, in buckets of these upper bounds, ascending. */
export class Histogram {
  readonly #bounds: readonly number[]
  readonly #kept = new Map<string, Distribution>()

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
  }

  observe(labels: Labels, value: number): void {
    const kept = this.of(labels)
    for (const [at, bound] of this.#bounds.entries()) if (value <= bound) kept.counts[at] = (kept.counts[at] ?? 0) + 1
    kept.sum += value
    kept.count++
  }

  /** Begins to exist. */
  of(labels: Labels): Distribution {
    const key = JSON.stringify(labels)
    const kept = this.#kept.get(key) ?? { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 }
    this.#kept.set(key, kept)
    return kept
  }

  samples(): Sample[] {
    return [...this.#kept.values()].flatMap(({ labels, counts, sum, count }) => [
      ...this.#bounds.map((bound, at) => bucket(labels, String(bound), counts[at] ?? 0)),
      bucket(labels, '+Inf', count),
      { suffix: '_sum', labels, value: sum },
      { suffix: '_count', labels, value: count },
    ])
  }
}

function bucket(labels: Labels, le: string, value: number): Sample {
  return { suffix: '_bucket', labels: { ...labels, le }, value }
}
