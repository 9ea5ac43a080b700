import { mail as write } from '../support/mail.ts'
import { OUR_MX } from '../support/setup.ts'
import type { Random } from './random.ts'

/*
 * The truth: which mails there are, what must become of each, and which of them belong together. It is made before anything
 * runs, and does not depend on the order in which the mails are read.
 */

export const MAILBOXES = ['it', 'support'] as const

/** Each agent of a schedule looks after all of its tickets. The first one writes. */
export const AGENTS = ['ana', 'ben'] as const

/** The address of an agent in a schedule. */
export function agentAddress(agent: string, schedule: number): string {
  return `${agent}@${domainOf(schedule)}`
}

export type Mail = {
  readonly id: string
  /** What belongs to one ticket; null: no ticket comes of it. */
  readonly conversation: string | null
  /**
   * The outcome in the ledger of its first copy; the others are duplicates, but what cannot be read is nothing's duplicate.
   * `left out`: it has no line, for it was there before the first life.
   */
  readonly outcome: 'ticket' | 'automatic' | 'quarantine' | 'left out'
  readonly from: string
  readonly author: 'requester' | 'agent' | 'robot'
  readonly messageId: string | null
  /** Words that stand in its text and nowhere else. */
  readonly words: string
  readonly attachments: number
  /** An answer to our acknowledgement cannot be written before that has come. */
  readonly after: 'nothing' | 'acknowledgement' | 'long before'
  readonly copies: readonly Copy[]
  /** Its bytes; `acknowledgement` is the id of the mail it answers. The same in every copy, but for what transport adds. */
  bytes(acknowledgement: string | null): Buffer
}

/** One delivery of a mail into one mailbox; `Sent`: it was written there. */
export type Copy = { readonly id: string; readonly mailbox: string; readonly folder: 'INBOX' | 'Sent' }

/** The header field that names the copy. Identity is what the sender wrote, and so is not touched by it. */
export const COPY_FIELD = 'X-Crash-Copy'

/** The bytes of a copy as our mail server delivers them; it found that each sender is who the mail says. */
export function copyBytes(mail: Mail, copy: Copy, acknowledgement: string | null): Buffer {
  const transport = `${COPY_FIELD}: ${copy.id}\r\nDelivered-To: ${copy.mailbox}@example.org\r\n`
  const found = `Authentication-Results: ${OUR_MX}; dmarc=pass header.from=${mail.from.split('@')[1]}\r\n`
  return Buffer.concat([Buffer.from(transport + found), mail.bytes(acknowledgement)])
}

/** Which copy these bytes are; null when they are none of ours. */
export function copyIn(bytes: Buffer): string | null {
  return /^X-Crash-Copy: (\S+)\r?\n/.exec(bytes.toString('latin1', 0, 200))?.[1] ?? null
}

/** The copies of the mails of which that is to come. */
export function copiesThatAre(outcome: Mail['outcome'], mails: readonly Mail[]): ReadonlySet<string> {
  const members = mails.filter(mail => mail.outcome === outcome)
  return new Set(members.flatMap(({ copies }) => copies.map(({ id }) => id)))
}

/** What belongs to one ticket, by its conversation. */
export function conversationsOf(mails: readonly Mail[]): Map<string, Mail[]> {
  const conversations = new Map<string, Mail[]>()
  for (const mail of mails) {
    if (mail.conversation === null) continue
    conversations.set(mail.conversation, [...(conversations.get(mail.conversation) ?? []), mail])
  }
  return conversations
}

/** The domain from which the people of a schedule write. */
export function domainOf(schedule: number): string {
  return `s${schedule}.example`
}

export function makeConversations(random: Random, schedule: number): Mail[] {
  const mails: Mail[] = []
  // Now and then more than are fetched or sent at a time.
  const conversations = random.chance(0.06) ? random.int(55, 70) : random.int(3, 8)
  const few = conversations < 50
  const make = maker(random, schedule, mails)
  let free: string | null = null
  for (let at = 0; at < conversations; at++) {
    const conversation = `c${at}`
    const from = `p${at}@${domainOf(schedule)}`
    const kind = few ? random.pick(KINDS) : 'plain'
    const reused: string | null = kind === 'reused id' ? free : null
    const messageId: string | null = kind === 'no id' ? null : (reused ?? `root.${at}@${domainOf(schedule)}`)
    make({ conversation, from, messageId })
    if (kind === 'plain' && few) free ??= messageId
    if (kind !== 'conversation' || messageId === null) continue
    const cited = [messageId]
    for (let reply = 1; reply <= random.int(1, 3); reply++) {
      const own = `reply.${at}.${reply}@${domainOf(schedule)}`
      make({ conversation, from, messageId: own, cited: [...cited] })
      cited.push(own)
    }
    for (const author of ['requester', 'robot', 'agent'] as const) {
      if (!random.chance(0.4)) continue
      const own = `${author}.${at}@${domainOf(schedule)}`
      make({
        conversation,
        from: author === 'agent' ? agentAddress(AGENTS[0], schedule) : from,
        author,
        messageId: own,
        cited: [messageId],
        after: 'acknowledgement',
      })
    }
    if (!random.chance(0.3)) continue
    // From the shared mailbox itself: the requester has it already.
    const mailbox = random.pick(MAILBOXES)
    make({
      conversation,
      from: `${mailbox}@example.org`,
      author: 'agent',
      messageId: `sent.${at}@example.org`,
      cited: [messageId],
      after: 'acknowledgement',
      sent: { mailbox, to: from },
    })
  }
  make({
    conversation: null,
    outcome: 'automatic',
    author: 'robot',
    from: `away@${domainOf(schedule)}`,
    messageId: `away@${domainOf(schedule)}`,
  })
  make({
    conversation: null,
    outcome: 'quarantine',
    from: `poison@${domainOf(schedule)}`,
    messageId: `poison@${domainOf(schedule)}`,
  })
  return mails
}

/** What lies in the mailboxes before the first life. */
export function makeOldMails(random: Random, schedule: number): Mail[] {
  const mails: Mail[] = []
  const make = maker(random, schedule, mails, 'old')
  const from = `old@${domainOf(schedule)}`
  for (let at = random.int(1, 4); at > 0; at--)
    make({
      conversation: null,
      outcome: 'left out',
      from,
      messageId: `old.${at}@${domainOf(schedule)}`,
      after: 'long before',
    })
  return mails
}

const KINDS = ['plain', 'plain', 'conversation', 'conversation', 'conversation', 'reused id', 'no id'] as const

type Parts = Pick<Mail, 'conversation' | 'from' | 'messageId'> &
  Partial<Pick<Mail, 'outcome' | 'author'>> & {
    readonly cited?: readonly string[]
    readonly after?: Mail['after']
    /** It was written in this mailbox itself, to this person. */
    readonly sent?: { readonly mailbox: string; readonly to: string }
  }

function maker(random: Random, schedule: number, mails: Mail[], prefix = 'm') {
  return ({
    conversation,
    from,
    messageId,
    outcome = 'ticket',
    author = 'requester',
    cited = [],
    after = 'nothing',
    sent,
  }: Parts) => {
    const id = `${prefix}${mails.length}`
    const words = `These are the words of mail ${id} in schedule ${schedule}`
    const isLarge = outcome === 'ticket' && random.chance(0.15)
    const file = Buffer.alloc(isLarge ? random.int(20_000, 200_000) : 0, `${words}. `)
    const date = new Date()
    const bytes: Mail['bytes'] = acknowledgement => {
      const ids = [...cited, ...(acknowledgement === null ? [] : [acknowledgement])]
      const parent = ids.at(-1)
      const letter = write({
        from,
        to: sent?.to ?? MAILBOXES.map(name => `${name}@example.org`),
        subject: `${ids.length > 0 ? 'Re: ' : ''}Request ${conversation ?? 'of nobody'}`,
        text: `Hello,\n\n${words}, and my printer is on fire.\n\nRegards\n`,
        messageId,
        date,
        references: ids,
        ...(parent === undefined ? {} : { inReplyTo: parent }),
        ...(author === 'robot' ? { headers: { 'Auto-Submitted': 'auto-replied' } } : {}),
        ...(isLarge ? { attachments: [{ filename: 'screen.bin', content: file }] } : {}),
      })
      return outcome === 'quarantine' ? poisoned(letter) : letter
    }
    mails.push({
      id,
      conversation,
      outcome,
      from,
      author,
      messageId,
      words,
      attachments: isLarge ? 1 : 0,
      after,
      copies: sent ? [{ id: `${id}.0`, mailbox: sent.mailbox, folder: 'Sent' }] : copiesOf(random, id),
      bytes: remembered(bytes),
    })
  }
}

function copiesOf(random: Random, mail: string): Copy[] {
  const mailbox = random.pick(MAILBOXES)
  const mailboxes: string[] = [mailbox]
  if (random.chance(0.15)) mailboxes.push(mailbox)
  if (random.chance(0.15)) mailboxes.push(...MAILBOXES.filter(name => name !== mailbox))
  return mailboxes.map((name, at) => ({ id: `${mail}.${at}`, mailbox: name, folder: 'INBOX' }))
}

/** A boundary is drawn anew at each writing: two copies must not differ. */
function remembered(make: Mail['bytes']): Mail['bytes'] {
  let made: Buffer | null = null
  return acknowledgement => {
    made ??= make(acknowledgement)
    return made
  }
}

/** Multiparts within multiparts, deeper than anything is read. */
function poisoned(letter: Buffer): Buffer {
  const head = letter
    .toString('latin1')
    .split('\r\n\r\n', 1)[0]
    ?.replace(/^(content-|mime-version).*$\r\n?/gim, '')
  const levels = Array.from(
    { length: 150 },
    (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`,
  )
  return Buffer.from(`${head?.trimEnd()}\r\nMIME-Version: 1.0\r\n${levels.join('')}\r\nthe end\r\n`, 'latin1')
}
