import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { eventually, within } from '../support/wait.ts'
import type { Accepted, FromSink, ToSink } from './smtp-sink.ts'

/** The SMTP server of the rounds, in a process of its own. */
export type Sink = Disposable & {
  readonly port: number
  /** Forgets what has come; this many more are waited for, beside what goes to agents. */
  expect(count: number): void
  /** Resolves when the expected number has come, or when for `quietMs` nothing more did. */
  reached(quietMs: number): Promise<void>
  report(): Promise<readonly Accepted[]>
}

export async function startSink(agents: readonly string[]): Promise<Sink> {
  const child = fork(join(import.meta.dirname, 'smtp-sink.ts'), { execArgv: ['--import', 'tsx'] })
  const tell = (message: ToSink) => void child.send(message)
  const next = async <K extends 'port' | 'reached' | 'accepted'>(
    key: K,
  ): Promise<Extract<FromSink, Record<K, unknown>>> => {
    for (;;) {
      const [message] = (await once(child, 'message')) as [FromSink]
      if (key in message) return message as Extract<FromSink, Record<K, unknown>>
    }
  }
  const { port } = await within(20_000, 'the SMTP sink starts', next('port'))
  let reached: Promise<unknown> = Promise.resolve()
  const report = async () => {
    const told = next('accepted')
    tell({ report: true })
    return (await told).accepted
  }
  return {
    port,
    expect(count) {
      reached = next('reached')
      tell({ expect: count, agents })
    },
    async reached(quietMs) {
      let done = false
      void reached.then(() => {
        done = true
      })
      for (let before = -1, after = 0; !done && after > before; ) {
        before = after
        await eventually(() => done, quietMs).catch(() => undefined)
        if (!done) after = (await report()).length
      }
    },
    report,
    [Symbol.dispose]: () => child.disconnect(),
  }
}
