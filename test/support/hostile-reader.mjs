/*
 * Stands in for `src/inbound/reader-process.ts`, of which no mail is known that breaks it: what a mail does to its process
 * stands in it, alone or as `X-Harm`. Words that are no mail are given back as the subject.
 */
import { existsSync, writeFileSync } from 'node:fs'

const HARM = {
  async loop() {
    for (;;);
  },
  async 'wait for ever'() {
    await new Promise(() => undefined)
  },
  async 'take all memory'() {
    const list = []
    for (;;) list.push(list)
  },
  async throw() {
    // Out of reach of any handler, as an error in a stream is.
    setImmediate(() => {
      throw new TypeError('boom is not a function')
    })
    await new Promise(() => undefined)
  },
  async exit() {
    process.exit(3)
  },
  async 'be killed'() {
    process.kill(process.pid, 'SIGSEGV')
    await new Promise(() => undefined)
  },
  /** The mail is read well, and what it left behind kills the process over the next one. */
  async 'harm the next'() {
    setTimeout(() => process.exit(4), 20)
  },
}

async function answer({ bytes, imported, context }) {
  const text = bytes.toString()
  const [verb, file] = text.split(': ')
  if (verb === 'die once' && !existsSync(file)) {
    writeFileSync(file, '')
    process.exit(5)
  }
  await HARM[/^X-Harm: (.+?)\r$/m.exec(text)?.[1] ?? text]?.()
  if (text === 'slow') await new Promise(done => setTimeout(done, 100))
  if (!text.includes('\n')) return { message: { subject: text } }
  const { readMail } = await import('../../dist/inbound/read-mail.js')
  return readMail(bytes, imported, context)
}

let before = Promise.resolve()
process.on('message', request => {
  before = before.then(async () => process.send(await answer(request)))
})
process.on('disconnect', () => process.exit())
process.send('ready')
