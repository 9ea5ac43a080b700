import type { Policy } from '../../src/desk/policy.ts'
import { readAttachment } from '../../src/inbound/parse.ts'
import { readMail } from '../../src/inbound/read-mail.ts'
import { automatedContext, type Reader } from '../../src/inbound/reader.ts'

/** What the process of the reader runs, built: `npm run build` makes it. */
export const READER_PROGRAM = new URL('../../dist/inbound/reader-process.js', import.meta.url)

/** What it runs when mails are to break it. */
export const HOSTILE_PROGRAM = new URL('hostile-reader.mjs', import.meta.url)

/** Reads in this process: for tests of what is done with a mail that was read. */
export function readHere(policy: Policy): Reader {
  return {
    read: (bytes, past) => readMail(bytes, past, automatedContext({ policy })),
    attachment: async (bytes, part) => (await readAttachment(bytes, part))?.content ?? null,
    async [Symbol.asyncDispose]() {},
  }
}
