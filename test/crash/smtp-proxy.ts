import type { Dialogue, Segment } from './proxy.ts'
import { type HandedOver, idIn } from './sent.ts'

const COMMANDS: readonly (readonly [string, RegExp])[] = [
  ['smtp ehlo sent', /^(EHLO|HELO) /i],
  ['smtp mail from sent', /^MAIL FROM:/i],
  ['smtp rcpt to sent', /^RCPT TO:/i],
  ['smtp data sent', /^DATA/i],
]
const END = '\r\n.\r\n'
const AT_ONCE_MS = 100

/** SMTP as a proxy sees it (RFC 5321 §3.3), without PIPELINING. Each mail is told to `handedOver`. */
export function smtpDialogue(life: () => number, handedOver: (mail: HandedOver) => void): Dialogue {
  let greeted = false
  let inData = false
  let client = Buffer.alloc(0)
  let server = Buffer.alloc(0)
  let pending: HandedOver | null = null
  /** Its 250 is the last thing that went to the client. */
  let unread: HandedOver | null = null

  const dataSegments = (): Segment[] => {
    const end = client.indexOf(END)
    if (end < 0) return []
    const body = client.subarray(0, end + 2)
    const dot = client.subarray(end + 2, end + END.length)
    client = client.subarray(end + END.length)
    inData = false
    const mail: HandedOver = { messageId: idIn(body), life: life(), answeredAt: null, hungUp: false }
    const half = Math.floor(body.length / 2)
    const begun = () => {
      pending = mail
      handedOver(mail)
    }
    return [
      { bytes: body.subarray(0, half) },
      { bytes: body.subarray(half), before: 'smtp data half' },
      // Noted before the dot goes: from then on the server may have it.
      { bytes: Buffer.alloc(0), before: 'smtp dot held', passed: begun },
      { bytes: dot },
    ]
  }
  const answer = (bytes: Buffer): Segment => {
    const line = bytes.toString('latin1')
    if (!greeted) {
      greeted = true
      return { bytes, before: 'smtp greeting' }
    }
    if (line.startsWith('354')) {
      inData = true
      return { bytes }
    }
    const mail = pending
    if (!mail) return { bytes }
    pending = null
    if (!line.startsWith('250')) return { bytes }
    const passed = () => {
      mail.answeredAt = Date.now()
      unread = mail
    }
    return { bytes, before: 'smtp 250 withheld', after: 'smtp 250 forwarded', passed }
  }
  return {
    fromClient(bytes) {
      unread = null
      client = Buffer.concat([client, bytes])
      const segments: Segment[] = []
      if (inData) segments.push(...dataSegments())
      while (!inData) {
        const end = client.indexOf('\r\n')
        if (end < 0) break
        const line = client.subarray(0, end + 2)
        client = client.subarray(end + 2)
        const before = COMMANDS.find(([, text]) => text.test(line.toString('latin1')))?.[0]
        segments.push({ bytes: line, ...(before === undefined ? {} : { before }) })
      }
      return segments
    },
    fromServer(bytes) {
      server = Buffer.concat([server, bytes])
      const segments: Segment[] = []
      for (let end = server.indexOf('\r\n'); end >= 0; end = server.indexOf('\r\n')) {
        const line = server.subarray(0, end + 2)
        server = server.subarray(end + 2)
        // The last line of a reply has a blank behind its code.
        segments.push(line[3] === 0x2d ? { bytes: Buffer.from(line) } : answer(line))
      }
      return segments
    },
    clientReset() {
      if (unread) unread.answeredAt = null
    },
    clientEnded() {
      if (unread?.answeredAt && Date.now() - unread.answeredAt < AT_ONCE_MS) unread.hungUp = true
    },
  }
}
