import { writeFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import { readAttachment } from './parse.ts'
import { readMail } from './read-mail.ts'
import { faultOf, type ReadAnswer, type ReadRequest } from './reader.ts'

/*
 * The process in which mails are read, one after the other, in the order in which they come. Whatever a mail does to it, the
 * service goes on (`reader.ts`). It ends when the service does, however that ended.
 */

async function answer(request: ReadRequest): Promise<ReadAnswer> {
  const { bytes } = request
  if (request.kind === 'mail') return readMail(bytes, request.past, request.context)
  try {
    return { content: (await readAttachment(bytes, request.part))?.content ?? null }
  } catch (error) {
    return { fault: faultOf(error) }
  }
}

let before: Promise<unknown> = Promise.resolve()
process.on('message', (request: ReadRequest) => {
  before = before.then(async () => process.send?.(await answer(request)))
})
process.on('disconnect', () => process.exit())
// Sent to all processes of a terminal or a unit; the service finishes first what it has in hand.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)

// A mail that keeps us in a loop for ever would keep us from hearing that the service was killed.
const ORPHANED = `const { workerData: service } = require('node:worker_threads')
setInterval(() => process.ppid === service || process.kill(process.pid, 'SIGKILL'), 1000)`
const SMALL = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 }
new Worker(ORPHANED, { eval: true, workerData: process.ppid, execArgv: [], resourceLimits: SMALL }).unref()

// When the machine runs out of memory, Linux shall take us and not the service (proc(5)).
await writeFile('/proc/self/oom_score_adj', '500').catch(() => undefined)

process.send?.('ready')
