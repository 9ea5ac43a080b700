import { describe, expect, test } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'

const terminal = (isTTY: boolean, columns = 200) => {
  let text = ''
  let now = 0
  const write = (more: string) => {
    text += more
  }
  const to = { isTTY, columns, write }
  const progress = createProgress(to, () => now)
  return {
    progress,
    at: (ms: number) => {
      now = ms
    },
    take: () => {
      const taken = text
      text = ''
      return taken
    },
  }
}

describe('on a terminal', () => {
  test('a bar is drawn over the one before, and taken away', () => {
    const { progress, at, take } = terminal(true)
    progress.show(3, 0, 'mails found')
    expect(take()).toBe('\r\x1b[K3 · mails found')
    at(1_000)
    progress.show(0, 200, '0 new tickets')
    expect(take()).toBe('\r\x1b[K[------------------------]   0% 0 of 200 · 0 new tickets')
    at(11_000)
    progress.show(100, 200, '40 new tickets')
    expect(take()).toBe('\r\x1b[K[############------------]  50% 100 of 200 · 40 new tickets · 10 s left')
    at(21_000)
    progress.show(200, 200, '80 new tickets')
    expect(take()).toBe('\r\x1b[K[########################] 100% 200 of 200 · 80 new tickets')
    progress.end()
    progress.end()
    expect(take()).toBe('\r\x1b[K')
  })

  test('not for every mail, and never wider than the terminal', () => {
    const { progress, at, take } = terminal(true, 30)
    for (let n = 0; n < 1_000; n++) {
      at(n)
      progress.show(n, 1_000, 'new tickets')
    }
    const lines = take().split('\r\x1b[K').slice(1)
    expect(lines).toHaveLength(10)
    expect(Math.max(...lines.map(line => line.length))).toBe(29)
  })
})

describe('elsewhere', () => {
  test('a line now and then, none for what is done at once', () => {
    const { progress, at, take } = terminal(false)
    for (let ms = 0; ms < 12_000; ms += 100) {
      at(ms)
      progress.show(ms / 100, 36_000, 'new tickets')
    }
    progress.end()
    expect(take()).toBe('  0% 50 of 36000 · new tickets · 60 min left\n  0% 100 of 36000 · new tickets · 60 min left\n')
  })
})
