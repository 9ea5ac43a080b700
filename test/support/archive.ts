/*
 * An archive as a shared mailbox leaves it behind: conversations of employees, agents and the desk itself.
 */
import fc from 'fast-check'
import { mail } from './mail.ts'

export type ArchivedMail = {
  readonly messageId: string
  /** Its conversation. */
  readonly thread: number
  readonly at: Date
  readonly byAgent: boolean
  readonly bytes: Buffer
}

export type Conversations = {
  /** In order of their dates. */
  readonly mails: readonly ArchivedMail[]
  /** As they may lie in a file: mixed up, some twice, and the copies took another way here. */
  readonly file: readonly { readonly mail: ArchivedMail; readonly copy: boolean; readonly bytes: Buffer }[]
}

const START = Date.UTC(2015, 0, 5)
const HOUR = 3_600_000

/**
 * Conversations of which some mails are missing and some lie there twice. Everybody answers everybody, and a reply cites all
 * that came before it, as RFC 5322 §3.6.4 has it. Without `dated` no mail tells when it was written.
 */
export function conversations(seed: number, { count = 500, dated = true } = {}): Conversations {
  const random = createRandom(seed)
  const mails: ArchivedMail[] = []
  for (let thread = 0; mails.length < count; thread++) {
    const jane = `Jane ${thread} <jane${thread}@example.org>`
    const agent = random(3) === 0 ? 'IT Help <it@example.org>' : 'Ana Pop <ana@example.org>'
    const ids: string[] = []
    const length = 1 + random(6)
    const started = START + thread * HOUR
    for (let turn = 0; turn < length; turn++) {
      const byAgent = turn > 0 && random(2) === 0
      const messageId = `${thread}.${turn}.${seed}@${byAgent ? 'desk' : 'home'}.example`
      const at = new Date(started + turn * 7 * HOUR + random(60) * 60_000)
      const isMissing = random(8) === 0
      const bytes = mail({
        from: byAgent ? agent : jane,
        to: byAgent ? [jane, 'it@example.org'] : 'it@example.org',
        cc: byAgent ? [] : ['ana@example.org'],
        subject: `${turn > 0 ? 'Re: ' : ''}The door of room ${thread}`,
        text: `This is what I have to say on day ${turn} about the door of room ${thread}.\n\nFrom here on all is well.\n`,
        messageId,
        date: dated ? at : null,
        ...(ids.length > 0 ? { inReplyTo: ids.at(-1) ?? '', references: ids } : {}),
      })
      ids.push(messageId)
      if (!isMissing) mails.push({ messageId, thread, at, byAgent, bytes })
    }
  }
  const once = mails.map(one => ({ mail: one, copy: false, bytes: one.bytes }))
  const twice = mails
    .filter(() => random(10) === 0)
    .map(one => {
      const received = `Received: from elsewhere by here; ${new Date(one.at).toUTCString()}\r\n`
      // Either the same to the last byte, or another copy that came another way.
      const bytes = random(2) === 0 ? one.bytes : Buffer.concat([Buffer.from(received), one.bytes])
      return { mail: one, copy: true, bytes }
    })
  const file = fc.sample(fc.shuffledSubarray([...once, ...twice], { minLength: once.length + twice.length }), {
    seed,
    numRuns: 1,
  })[0]
  return { mails: mails.toSorted((a, b) => a.at.getTime() - b.at.getTime()), file: file ?? [] }
}

/** The text of a mailbox file (mboxrd) with these mails, with the line ends of this system. */
export function mboxOf(mails: readonly Buffer[]): Buffer {
  const pieces = mails.map(bytes => {
    const text = bytes
      .toString('latin1')
      .replaceAll('\r\n', '\n')
      .replace(/^(>*From )/gm, '>$1')
    return Buffer.from(`From someone@example.org Mon Nov  2 08:00:00 2015\n${text}\n`, 'latin1')
  })
  return Buffer.concat(pieces)
}

/** Numbers from 0 to below `below`, the same for the same seed (mulberry32). */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
