/** Tells how far a long command is: a bar that is drawn anew on a terminal, else a line now and then. */
export type Progress = {
  /** `total` 0: not known yet. */
  show(done: number, total: number, words: string): void
  /** Takes the bar away. */
  end(): void
}

/** Where it is written: standard error, so that the result stays alone on standard output. */
export type Terminal = { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown }

const DRAW_MS = 100
const LINE_MS = 5_000

/** `now`: milliseconds that only grow. */
export function createProgress(to: Terminal, now: () => number = () => performance.now()): Progress {
  const started = now()
  const tty = to.isTTY === true
  let shown = tty ? Number.NEGATIVE_INFINITY : started
  let drawn = false
  // What was done before the first call took no time of ours.
  let from: { readonly at: number; readonly done: number } | null = null

  return {
    show(done, total, words) {
      const at = now()
      if (from === null || done < from.done) from = { at, done }
      if (at - shown < (tty ? DRAW_MS : LINE_MS)) return
      shown = at
      const rest = total === 0 ? null : remaining(at - from.at, done - from.done, total - done)
      const text = [total === 0 ? `${done}` : `${done} of ${total}`, words, rest].filter(Boolean).join(' · ')
      if (!tty) return void to.write(`${total === 0 ? '' : `${percent(done, total)} `}${text}\n`)
      const line = total === 0 ? text : `${bar(done, total)} ${percent(done, total)} ${text}`
      to.write(`\r\x1b[K${line.slice(0, (to.columns ?? 80) - 1)}`)
      drawn = true
    },
    end() {
      if (drawn) to.write('\r\x1b[K')
      drawn = false
    },
  }
}

const WIDTH = 24

function bar(done: number, total: number): string {
  const filled = Math.floor((done / total) * WIDTH)
  return `[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}]`
}

function percent(done: number, total: number): string {
  return `${Math.floor((done / total) * 100)}%`.padStart(4)
}

function remaining(ms: number, done: number, left: number): string | null {
  if (ms < 2_000 || done === 0 || left === 0) return null
  const seconds = Math.ceil(((ms / done) * left) / 1_000)
  if (seconds < 90) return `${seconds} s left`
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min left` : `${Math.round(seconds / 3_600)} h left`
}
