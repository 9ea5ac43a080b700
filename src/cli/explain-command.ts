import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { systemClock } from '../clock.ts'
import { examplePath, loadConfig } from '../config/load.ts'
import { DeskError, errorText } from '../errors.ts'
import { type Explanation, explain, explanationJson, pathsFrom } from './explain.ts'
import { momentOf } from './moment.ts'

type Options = {
  readonly config: string | null
  readonly filesFrom: string | null
  readonly at: string | null
  readonly json: boolean
}

/**
 * `postdesk explain`: a line or a paragraph for each mail, as it is read, until the signal aborts. Nothing is kept in memory from
 * mail to mail. Gives the exit code: 1 when there were files that could not be read.
 */
export async function explainCommand(
  files: readonly string[],
  { config, filesFrom, at, json }: Options,
  signal: AbortSignal,
): Promise<number> {
  const { policy } = loadConfig(config ?? examplePath(), process.env, { secrets: false })
  const now = at === null ? systemClock() : momentOf('--at', at)
  async function* all() {
    yield* files
    if (filesFrom !== null) yield* listed(filesFrom)
  }
  let unread = false
  for await (const explanation of explain(all(), policy, now)) {
    unread ||= explanation.outcome === 'unread'
    const answer = explanationJson(explanation, policy, now)
    await write(json ? `${JSON.stringify(answer)}\n` : paragraph(explanation, answer.reply), signal)
    if (signal.aborted) break
  }
  return unread ? 1 : 0
}

async function* listed(path: string): AsyncGenerator<string> {
  try {
    yield* pathsFrom(path === '-' ? process.stdin : (await open(path)).createReadStream())
  } catch (cause) {
    throw new DeskError('invalid', `--files-from ${path}: the list cannot be read (${errorText(cause)})`, { cause })
  }
}

/** Waits while the reader of our output is slower than we are: memory stays flat over thousands of files. */
async function write(text: string, signal: AbortSignal): Promise<void> {
  // Aborted, when nobody reads it any more.
  if (!process.stdout.write(text)) await once(process.stdout, 'drain', { signal }).catch(() => undefined)
}

type ReplyJson = NonNullable<ReturnType<typeof explanationJson>['reply']> | null

function paragraph({ file, outcome, error, message, decision }: Explanation, reply: ReplyJson): string {
  const lines = [`${file}: ${WORDS[outcome]}`]
  const add = (label: string, text: string | null | undefined) => {
    if (text) lines.push(`  ${label.padEnd(10)} ${text}`)
  }
  add('reason', error)
  if (message) {
    add('from', message.from ? `${message.from.name} <${message.from.address}>`.trim() : 'nobody')
    add('subject', message.subject)
    add('language', message.language)
    add('robot', message.automatic && `${message.automatic.kind}: ${message.automatic.why}`)
    add(
      'report',
      message.report &&
        `${message.report.kind} on ${message.report.recipients.map(({ address }) => address).join(', ') || 'nobody named'}`,
    )
  }
  if (decision?.kind === 'open') {
    const { ticket, classification } = decision
    add(
      'sorted as',
      `${ticket.category ?? 'no category'}, ${ticket.priority}, team ${ticket.team ?? 'none'}, ${ticket.serviceLevel}`,
    )
    for (const match of classification.matches)
      add('rule', `${match.rule}: ${match.words.map(({ found, field }) => `"${found}" (${field})`).join(', ')}`)
    add('answer by', ticket.due.firstResponse.at)
    add('solved by', ticket.due.resolution.at)
  }
  if (reply?.send) add('reply', `${reply.send} to ${reply.to.address} in ${ticketLanguage(decision)}`)
  else if (reply) add('no reply', 'detail' in reply ? `${reply.why}: ${reply.detail}` : '')
  return `${lines.join('\n')}\n`
}

function ticketLanguage(decision: Explanation['decision']): string {
  return decision?.kind === 'open' ? decision.ticket.language : '?'
}

const WORDS: Readonly<Record<Explanation['outcome'], string>> = {
  open: 'opens a ticket',
  append: 'belongs to a ticket',
  report: 'is a report about a mail',
  automatic: 'is the answer of a machine: kept, no ticket',
  blocked: 'is blocked: kept and listed, no ticket',
  duplicate: 'was taken in before',
  skip: 'was taken in before',
  quarantine: 'cannot be read: it would be quarantined',
  unread: 'the file cannot be read',
}
