import { readFile, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Decision, Facts } from '../desk/decision.ts'
import { decide } from '../desk/intake.ts'
import { mailboxFor, type Policy } from '../desk/policy.ts'
import { acknowledgementMail } from '../desk/reply.ts'
import { errorText } from '../errors.ts'
import { parseMail } from '../inbound/parse.ts'
import { automatedContext } from '../inbound/reader.ts'
import type { Instant } from '../instant.ts'
import type { Message } from '../mail/message.ts'
import { proofOf } from '../mail/rewritten-from.ts'
import { understand } from '../mail/understand.ts'

/** What would happen to one mail if it arrived now, in a database that knows nothing. */
export type Explanation = {
  readonly file: string
  /** Time to read and decide, in ms. */
  readonly ms: number
  /** `unread`: there is no such file, or none that could be a mail. */
  readonly outcome: Decision['kind'] | 'skip' | 'quarantine' | 'unread'
  readonly error: string | null
  readonly message: Message | null
  readonly decision: Decision | null
}

/** Reads raw mails, one after the other, and tells what would happen to each. Nothing is written. */
export async function* explain(
  files: AsyncIterable<string> | Iterable<string>,
  policy: Policy,
  now: Instant,
): AsyncGenerator<Explanation> {
  for await (const file of files) {
    const started = performance.now()
    const ms = () => Math.round((performance.now() - started) * 100) / 100
    const failed = (outcome: 'quarantine' | 'unread', error: unknown) =>
      ({ file, ms: ms(), outcome, error: errorText(error), message: null, decision: null }) as const
    let bytes: Buffer
    try {
      bytes = await readMailFile(file)
    } catch (error) {
      yield failed('unread', error)
      continue
    }
    try {
      const message = understand(await parseMail(bytes), automatedContext({ policy }))
      const decision = decide(message, factsFor(message, policy, now), policy)
      yield {
        file,
        ms: ms(),
        outcome: decision.kind === 'duplicate' ? 'skip' : decision.kind,
        error: null,
        message,
        decision,
      }
    } catch (error) {
      yield failed('quarantine', error)
    }
  }
}

/** The paths on standard input, one a line. */
export async function* pathsFrom(input: NodeJS.ReadableStream): AsyncGenerator<string> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== '') yield line
  }
}

/** More than this is read by no mail server: a wrong file, such as a whole mbox. */
const MAX_BYTES = 150 * 1024 * 1024

async function readMailFile(file: string): Promise<Buffer> {
  const found = await stat(file)
  if (!found.isFile()) throw new Error('it is no file')
  if (found.size > MAX_BYTES) throw new Error(`the file has ${found.size} bytes: is it a mail?`)
  return readFile(file)
}

/** What a desk knows of a mail beyond the mail itself, before it has had any other. */
export const NOTHING_KNOWN: Omit<Facts, 'now' | 'mailbox' | 'receivedAt' | 'proof'> = {
  duplicateOf: null,
  candidates: [],
  agentKey: null,
  citesNote: false,
  internal: new Map(),
  knownContents: new Set(),
  earlierWords: new Map(),
  surveys: new Map(),
  reportOn: null,
  senderHasTicket: false,
  released: false,
  senderLanguage: null,
  buckets: new Map(),
  bouncedAt: null,
  ownMail: null,
  past: null,
  quietUntil: null,
}

function factsFor(message: Message, policy: Policy, now: Instant): Facts {
  return {
    ...NOTHING_KNOWN,
    now,
    mailbox: mailboxFor(policy, message),
    receivedAt: now,
    proof: proofOf(message, policy.mx),
  }
}

/** The line for machines: the shape of the evaluation, with the classification, the dates and the reply beside it. */
export function explanationJson(
  { file, ms, outcome, error, message, decision }: Explanation,
  policy: Policy,
  now: Instant,
) {
  const opened = decision?.kind === 'open' ? decision : null
  return {
    file,
    ms,
    outcome,
    error,
    message: message && {
      messageId: message.messageId,
      inReplyTo: message.inReplyTo,
      references: message.references,
      date: message.date,
      from: message.via ?? message.from,
      replyTo: message.replyTo,
      to: message.to,
      cc: message.cc,
      subject: message.subject,
      language: message.language,
      text: message.text,
      newText: message.newText,
      html: message.html,
      attachments: message.attachments.map(({ filename, contentType, size, inline }) => ({
        filename,
        contentType,
        size,
        inline,
      })),
      forwarded: message.forwarded,
      protection: message.protection,
    },
    automatic: message?.automatic ?? null,
    report: message?.report
      ? {
          kind: message.report.kind,
          recipients: message.report.recipients,
          originalMessageId: message.report.originalMessageId,
        }
      : null,
    classification: opened?.classification ?? null,
    due: opened && { serviceLevel: opened.ticket.serviceLevel, ...opened.ticket.due },
    reply: decision && replyOf(decision, policy, now),
  }
}

/** The number of a ticket that there is not. */
const SOME_NUMBER = 1000

function replyOf(decision: Decision, policy: Policy, now: Instant) {
  if (decision.kind !== 'open') {
    const detail = 'why' in decision ? decision.why : 'reply' in decision ? decision.reply.detail : ''
    return { send: null, why: decision.kind, detail }
  }
  const { reply, ticket } = decision
  if (reply.send === null) return reply
  const answers = { messageId: null, references: [] }
  const preview = { id: SOME_NUMBER, ticket, reply, answers, messageId: 'preview', replyTo: null, now }
  const { subject, text } = acknowledgementMail(policy, preview)
  return { send: reply.send, to: reply.to, language: ticket.language, subject, text }
}
