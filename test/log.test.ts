import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { within } from './support/wait.ts'

const LOG = pathToFileURL(join(import.meta.dirname, '../dist/log.js')).href

/** Logs, says on stderr that it lives on, and waits for SIGTERM as the service does. */
const PROGRAM = `
  import { createLog } from ${JSON.stringify(LOG)}
  const log = createLog('info')
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort())
  const lines = setInterval(() => log.info('x'.repeat(1000)), 1)
  setTimeout(() => process.stderr.write('alive'), 300)
  stop.signal.addEventListener('abort', () => clearInterval(lines))
`

test.skipIf(process.platform !== 'linux')('a log on a full disk stops nothing, not even the end', async () => {
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], { stdio: ['ignore', full, 'pipe'] })
  try {
    let said = ''
    const closed = once(child, 'close')
    child.stderr?.on('data', text => {
      said += text
      child.kill('SIGTERM')
    })
    await within(4_000, 'SIGTERM ends it', closed)
    expect({ said, code: child.exitCode, signal: child.signalCode }).toEqual({ said: 'alive', code: 0, signal: null })
  } finally {
    child.kill('SIGKILL')
    closeSync(full)
  }
})
