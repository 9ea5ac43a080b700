import type { TakenIn } from '../inbound/archive.ts'
import type { Outcome } from '../store/raw-mails.ts'

/** More names than these help nobody, and memory stays flat over any archive. */
const MOST_NAMED = 200

/** Places and what there is to say of them: the first ones by name, the others counted. */
class Places {
  count = 0
  readonly first: { readonly place: string; readonly why: string }[] = []

  add(place: string, why: string): void {
    this.count++
    if (this.first.length < MOST_NAMED) this.first.push({ place, why })
  }

  text(title: string): string {
    if (this.count === 0) return ''
    const lines = this.first.map(({ place, why }) => `  ${place}: ${why}\n`)
    const more = this.count - this.first.length
    return `${title}\n${lines.join('')}${more > 0 ? `  and ${more} more\n` : ''}`
  }
}

/** What became of an archive. The same for the same archive, however often its import was interrupted or repeated. */
export class Sum {
  readonly outcomes: Record<Outcome, number> = {
    open: 0,
    append: 0,
    duplicate: 0,
    report: 0,
    automatic: 0,
    blocked: 0,
    skip: 0,
    quarantine: 0,
  }
  /** Mails that were in the ledger before. */
  earlier = 0
  readonly quarantined = new Places()
  readonly skipped = new Places()
  readonly unreadable = new Places()

  add(mail: TakenIn): void {
    if (mail.outcome === 'unreadable') {
      this.unreadable.add(mail.place, mail.reason)
      return
    }
    this.outcomes[mail.outcome]++
    if (mail.earlier) this.earlier++
    if (mail.outcome === 'quarantine') this.quarantined.add(mail.place, `number ${mail.rawMail}: ${mail.reason}`)
  }

  /** Mails that have an outcome now. */
  get read(): number {
    return Object.values(this.outcomes).reduce((sum, count) => sum + count, 0)
  }

  json() {
    const places = ({ count, first }: Places) => ({ count, first })
    return {
      read: this.read,
      earlier: this.earlier,
      outcomes: this.outcomes,
      quarantined: places(this.quarantined),
      skipped: places(this.skipped),
      unreadable: places(this.unreadable),
    }
  }

  text(): string {
    const { open, append, duplicate, report, automatic, quarantine } = this.outcomes
    const lines: [number, string][] = [
      [this.read, 'mails read'],
      [open, 'new tickets'],
      [append, 'appended to a ticket'],
      [duplicate, 'duplicates'],
      [automatic, 'automatic, kept without a ticket'],
      [report, 'reports (bounces, receipts)'],
      [quarantine, 'quarantined'],
      [this.skipped.count, 'skipped'],
      [this.unreadable.count, 'could not be read'],
    ]
    const width = String(Math.max(...lines.map(([count]) => count))).length + 2
    return [
      ...lines.map(([count, what]) => `${String(count).padStart(width)}  ${what}\n`),
      this.earlier > 0 ? `${this.earlier} of them had been taken in before. ` : '',
      'Nothing was sent.\n',
      this.quarantined.text('Quarantined (kept with their bytes; the API replays them):'),
      this.skipped.text('Skipped:'),
      this.unreadable.text('Could not be read:'),
    ].join('')
  }
}
