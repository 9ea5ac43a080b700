import { type Instant, plus } from '../instant.ts'
import { foldAddress, isOneOf } from '../mail/address.ts'
import type { Message } from '../mail/message.ts'
import { ownWords } from '../mail/new-text.ts'
import { isForwardSubject } from '../mail/subject.ts'
import { filesFor, whyHeldBack } from './agent-files.ts'
import { isOnlySignature } from './agent-signature.ts'
import { type Command, type Commands, readCommands } from './commands.ts'
import type { AgentWork, Facts, Relay } from './decision.ts'
import { editTicket } from './edit.ts'
import { type Withheld, withhold } from './gate.ts'
import { aboveMark, internalWords } from './internal-text.ts'
import { receivers } from './people.ts'
import { illustrate } from './pictures.ts'
import type { Agent, MailboxPolicy, Policy } from './policy.ts'
import type { Candidate } from './thread.ts'
import { changesByAnswer, type Ticket } from './ticket.ts'

/*
 * An agent's mail on a ticket: its commands, the words for the requester, or the note for colleagues. When anything in it
 * cannot be understood nothing of it is done and nothing leaves: it stays as a note, and the agent is told what to do.
 */

/** The data of the event `commanded`: out of it the agent is told, and `#undo` takes it back. */
export type Commanded = {
  readonly message: number
  /** The mail opened the ticket: what it asked for was there from the beginning. */
  readonly opened?: boolean
  /** The commands as words: `solved`, `assign ben`. */
  readonly commands: readonly string[]
  readonly fault: { readonly line: string; readonly why: string } | null
  /** Why it stayed a note though the agent did not say so. */
  readonly kept?: string | null
  /** The agent is told what became of it. */
  readonly receipt: boolean
  /** What was changed, with what was there before. */
  readonly changes: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
  /** Tags that were not there before. */
  readonly tags?: readonly string[]
  /** Whether the agent follows the ticket since, where that is different. */
  readonly follows?: boolean
  /** Messages of strangers that were let in. */
  readonly accepted?: readonly number[]
  /** The mail that leaves, and until when it waits; null: none does. */
  readonly outbox: number | null
  readonly holdUntil: Instant | null
}

/** What became of `#undo`. */
export type Undone = 'done' | 'all-but-accepted' | 'nothing' | 'sent' | 'merged'

/**
 * Decides what an agent's mail on a ticket does. `restored`: why nothing may be sent for it, whatever it says; it was, before
 * a backup took the place of the database.
 */
export function agentWork(
  message: Message,
  { ticket, participants }: Candidate,
  agent: Agent | null,
  facts: Facts,
  mailbox: MailboxPolicy,
  policy: Policy,
  restored: Withheld | null,
): AgentWork {
  const { commands, text, fault } = readAgentMail(message, facts, agent, policy)
  // A mail without commands was sent for its words.
  const words = agent && commands.length > 0 && isOnlySignature(text, agent, ticket.requester) ? '' : text
  const withTexts = [...textsNamed(commands, ticket, policy), words].filter(part => part !== '').join('\n\n')
  const said = illustrate(withTexts, message, facts.knownContents)
  // Pictures too belong to the signature of a mail that only holds commands.
  const unplaced = withTexts !== '' || commands.length === 0 ? said.unplaced : []
  const files = filesFor(message, [...said.placed, ...unplaced])
  const isNote = commands.some(({ kind }) => kind === 'note' || kind === 'undo' || kind === 'help')
  const kept = isNote || commands.some(({ kind }) => kind === 'send') ? null : whyKept(message, ticket, facts, policy)
  const isEmpty = withTexts === '' && files.length === 0
  const relay = answer()
  const isOver = facts.past !== null || restored !== null
  const isHeld = 'send' in relay && (relay.why === 'internal-text' || relay.why === 'unreadable')
  const failed = fault ?? (isHeld ? { line: '', why: relay.detail } : null)
  if (failed) {
    const receipt = agent !== null && !isOver
    return { ...NOTHING, commands, words: message.newText, fault: failed, relay, receipt, kept: null }
  }

  const internal = isNote || kept !== null || isEmpty
  const reached = !('send' in relay) || relay.why === 'already-addressed' || (isOver && !isForOthers())
  const answered = reached && withTexts !== '' && !isNote && kept === null
  const edited = edit(ticket, commands, agent, policy, facts.now, answered ? mailbox.afterAnswer : null)
  const told = commands.flatMap(one =>
    one.kind === 'cause' || one.kind === 'fix' ? [[one.kind, one.text] as const] : [],
  )
  const wait = commands.find(one => one.kind === 'pending')
  const merge = commands.find(one => one.kind === 'merge')
  // Nobody sends a mail for nothing: the words were lost on the way to us, or below a quotation.
  const isLost = 'send' in relay && relay.why === 'nothing-to-say' && commands.length === 0
  const isKept = kept !== null && !isEmpty && agent?.receipts !== 'never'
  const receipt = agent !== null && !isOver && (isLost || isKept || wantsReceipt(agent, commands))
  return {
    commands,
    words: withTexts,
    fault: null,
    internal,
    kept: isEmpty ? null : kept,
    changes: {
      ...edited.changes,
      ...(answered && ticket.firstResponseAt === null && changesByAnswer(ticket, ticket.status, facts.now)),
      ...(wait?.forMs && { pendingUntil: plus(facts.now, wait.forMs) }),
      ...Object.fromEntries(told),
    },
    events: edited.events.filter(({ kind }) => kind !== 'changed'),
    tags: commands.flatMap(one => (one.kind === 'tag' ? one.tags : [])),
    mergeInto: merge?.into ?? null,
    relay,
    receipt,
    holdUntil: receipt && policy.agentMail.undoForMs > 0 ? plus(facts.now, policy.agentMail.undoForMs) : null,
  }

  /** Whoever asks a vendor has not answered the requester. In archives people are known by too many addresses to tell. */
  function isForOthers(): boolean {
    const addressed = [...message.to, ...message.cc]
    const whom = receivers(ticket, [], addressed, policy)
    return facts.past?.from !== 'archive' && !isForUs(message, policy) && whom.to.length > 0
  }

  function answer(): Relay {
    if (facts.past) return withheldOfPast(facts.past.from)
    if (fault) return withhold('unknown-command', `not understood: ${fault.line}: ${fault.why}`)
    // The requester reads them when it is solved, whatever becomes of the mail.
    const leak = restored ? null : leakOf(toldIn(commands))
    if (leak) return leak
    if (isNote) return withhold('note', 'the agent wrote it for colleagues')
    const isUnread = message.protection === 'encrypted'
    if (isEmpty) return isUnread && commands.length === 0 ? withhold('unreadable', ENCRYPTED) : NOTHING_SAID
    if (restored) return restored
    if (!ticket.requester) return withhold('no-address', 'the ticket has no requester who could be written to')
    const whom = receivers(ticket, participants.values(), [...message.to, ...message.cc], policy)
    if (whom.to.length === 0) return withhold('already-addressed', 'the agent addressed all of them directly')
    if (!isForUs(message, policy)) {
      return whom.to.includes(ticket.requester)
        ? withhold('written-to-others', 'the agent wrote to others, and to us only in copy')
        : withhold('already-addressed', 'the agent wrote to the requester directly, and chose who gets it')
    }
    if (kept !== null) return withhold('note', `kept for colleagues: ${kept}`)
    if (isUnread) return withhold('unreadable', ENCRYPTED)
    const heldBack = whyHeldBack(files)
    if (heldBack !== null) return withhold('internal-text', heldBack)
    return leakOf(withTexts) ?? { ...whom, text: said.text, pictures: said.placed, files }
  }

  function leakOf(said: string): Withheld | null {
    const leaked = internalWords(said, facts.internal.get(ticket.id) ?? [])
    if (leaked === null) return null
    return withhold('internal-text', `it holds words that are for colleagues alone (“${leaked.slice(0, 80)}”)`)
  }
}

const NOTHING_SAID = withhold('nothing-to-say', 'the mail holds no words for the requester')
const ENCRYPTED = 'the mail is encrypted, and nobody here can read it: send it again without'

function toldIn(commands: readonly Command[]): string {
  return commands.flatMap(one => (one.kind === 'cause' || one.kind === 'fix' ? one.text : [])).join('\n\n')
}

const NOTHING = { internal: true, changes: {}, events: [], tags: [], mergeInto: null, holdUntil: null } as const

/** What was sent from the mailbox itself has reached people as it is: a word that only looks like a command was none. */
function readAgentMail(
  message: Message,
  { past, agentKey, citesNote }: Facts,
  agent: Agent | null,
  policy: Policy,
): Commands {
  // What stands below the header of another mail is its words, and neither command nor answer; in a mail of long ago it is the
  // answer, unless it was passed on.
  const newText = past && !message.forwarded ? message.newText : ownWords(message)
  if (!agent) return { commands: [], text: newText.trim(), fault: null }
  const { text, below } = aboveMark(newText)
  // An answer to a note is one by itself: what its address says is then no word of the agent.
  const verb = agentKey?.verb ?? null
  const read = readCommands(text, citesNote && verb === 'note' ? null : verb, agent, policy)
  if (past) return read.fault ? { commands: [], text: newText.trim(), fault: null } : read
  if (below === '' || read.fault) return read
  // Seen where a program quotes in no known way and the words stand below: nobody can tell whose they are.
  const why = 'what is yours cannot be told from what you quoted: write above the quotation, or leave it out'
  return { ...read, fault: { line: below.slice(0, 80), why } }
}

/** Why a mail is a note for colleagues unless the agent says otherwise; null: it is for the requester. */
function whyKept(message: Message, { requester }: Ticket, facts: Facts, policy: Policy): string | null {
  const addressed = [...message.to, ...message.cc].map(({ address }) => foldAddress(address))
  const hasIt = requester !== null && addressed.includes(foldAddress(requester.address))
  if (facts.past || hasIt || !isForUs(message, policy)) return null
  if (facts.citesNote) return 'it answers a note'
  return message.forwarded && isForwardSubject(message.subject)
    ? 'it is forwarded, which is how colleagues are asked'
    : null
}

/** The texts of the configuration that the agent named, in the language of the ticket. */
function textsNamed(commands: readonly Command[], ticket: Ticket, policy: Policy): string[] {
  return commands.flatMap(one => {
    const texts = one.kind === 'template' ? (policy.answers.get(one.name) ?? {}) : {}
    return texts[ticket.language] ?? texts['en'] ?? Object.values(texts)[0] ?? []
  })
}

/** Ours is among the addresses that the mail was written to, or it was written to nobody else (Bcc). */
export function isForUs({ to }: Message, policy: Policy): boolean {
  return to.length === 0 || to.some(({ address }) => isOneOf(address, policy.ownAddresses))
}

function wantsReceipt({ receipts }: Agent, commands: readonly Command[]): boolean {
  const asked = commands.some(({ kind }) => kind === 'receipt' || kind === 'undo' || kind === 'help')
  const risky = commands.some(({ kind }) => kind === 'solved' || kind === 'merge' || kind === 'template')
  return asked || receipts === 'always' || (receipts === 'risky' && risky)
}

/** `answered`: the status of a ticket that was answered and nothing more said. */
function edit(
  ticket: Ticket,
  commands: readonly Command[],
  agent: Agent | null,
  policy: Policy,
  now: Instant,
  answered: Ticket['status'] | null,
) {
  let wanted: Parameters<typeof editTicket>[1] =
    answered !== null && ticket.status === 'open' ? { status: answered } : {}
  for (const command of commands) {
    if (command.kind === 'solved' || command.kind === 'open' || command.kind === 'pending')
      wanted = { ...wanted, status: command.kind }
    else if (command.kind === 'assign') wanted = { ...wanted, assignee: command.agent }
    else if (command.kind === 'team') wanted = { ...wanted, team: command.team, assignee: wanted.assignee ?? null }
    else if (command.kind === 'priority') wanted = { ...wanted, priority: command.priority }
    else if (command.kind === 'category') wanted = { ...wanted, category: command.category }
  }
  return editTicket(ticket, wanted, policy, agent ? `agent:${agent.name}` : 'postdesk', now)
}

/** What is past was answered in its time. */
export function withheldOfPast(from: 'archive' | 'sent'): Withheld {
  return from === 'archive'
    ? withhold('imported', 'the mail is out of an archive: what was to be sent was sent in its time')
    : withhold('sent', 'the mail was sent from the mailbox itself, and has reached whom it was written to')
}
