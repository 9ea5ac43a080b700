/*
 * Conversations as they really lie in old mailboxes: cut, broken and lost references, clocks that are wrong, copies, strangers.
 */
import fc from 'fast-check'
import { mail } from './mail.ts'

/** A mail of a conversation. Ids are without their domain: `plain.1` is `<plain.1@old.example>`. */
type Said = {
  readonly id: string
  readonly by: string
  readonly to?: readonly string[]
  readonly inReplyTo?: string
  readonly references?: readonly string[]
  /** How the ids of these fields are written, when not as RFC 5322 has it. */
  readonly written?: Readonly<Record<string, string | null>>
  /** Outlook's conversation, when the mail names one. */
  readonly conversation?: { readonly of: number; readonly answers: number }
  /** Hours after the conversation began, by the clock of who wrote. */
  readonly hours: number
  readonly subject?: string
  readonly text?: string
  /** It takes no part: its own id and what it cites lead nobody here. */
  readonly isStranger?: boolean
  readonly copies?: readonly ('to the byte' | 'another way')[]
}

const JANE = 'Jane Doe <jane@example.org>'
const BOB = 'Bob Roe <bob@home.example>'
const ANA = 'Ana Pop <ana@example.org>'
const IT = 'IT Help <it@example.org>'
const MALLORY = 'Mallory <mallory@other.example>'
const all = [JANE, BOB, ANA, IT]

const full = (id: string) => `<${id}@old.example>`
/** Answers to everybody, each a few hours after the one before, which cite all that came before. */
const chain = (name: string, people: readonly string[]): Said[] =>
  people.map((by, at) => ({
    ...{ id: `${name}.${at}`, by, hours: 3 * at, subject: `${at > 0 ? 'Re: ' : ''}About ${name}` },
    ...(at > 0 && {
      inReplyTo: `${name}.${at - 1}`,
      references: Array.from({ length: at }, (_, before) => `${name}.${before}`),
    }),
  }))
const changed = (said: readonly Said[], at: number, change: Partial<Said>): Said[] =>
  said.map((one, index) => (index === at ? { ...one, ...change } : one))
const onlyParent = ({ references: _, ...one }: Said): Said => one
const onlyReferences = ({ inReplyTo: _, ...one }: Said): Said => one
const none = { 'In-Reply-To': null, References: null }

const THREADS: Readonly<Record<string, readonly Said[]>> = {
  plain: chain('plain', [JANE, ANA, JANE, BOB, ANA, JANE, IT]),
  parents: chain('parents', [JANE, ANA, JANE, BOB, ANA]).map(onlyParent),
  references: chain('references', [BOB, ANA, BOB, ANA]).map(onlyReferences),
  'the first mail never came': chain('headless', [JANE, ANA, BOB, JANE]).slice(1),
  'one in the middle never came': chain('hole', [JANE, ANA, JANE, ANA, BOB]).filter((_, at) => at !== 2),
  'only the child of a lost mail is left': chain('orphan', [BOB, ANA, BOB]).slice(2).map(onlyParent),
  'a clock that is days behind': changed(chain('skewed', [JANE, ANA, JANE, ANA]), 1, { hours: -50 }),
  'the question is the last by the clocks': changed(chain('late', [JANE, ANA, BOB]), 0, { hours: 90 }),
  'ids glued together, or with commas': chain('glued', [JANE, ANA, BOB, JANE]).map((one, at) => ({
    ...one,
    ...(at > 1 && {
      written: { References: (one.references ?? []).map(full).join(at === 2 ? '' : ',\r\n\t') },
    }),
  })),
  'phrases about the parent': chain('phrase', [JANE, ANA, JANE]).map(({ references: _, ...one }, at) => ({
    ...one,
    ...(at > 0 && {
      written: { 'In-Reply-To': `Your message of "Mon, 5 Jan 2015 10:00:00 +0100" ${full(`phrase.${at - 1}`)}` },
    }),
  })),
  'the last id is cut off': chain('cut', [JANE, ANA, BOB, ANA]).map((one, at) => ({
    ...one,
    ...(at === 3 && {
      written: { 'In-Reply-To': null, References: `${full('cut.0')} ${full('cut.1')} <cut.2@old.exa` },
    }),
  })),
  'a gateway that writes small': changed(chain('SMALL', [JANE, ANA, JANE]), 2, {
    written: { 'In-Reply-To': '<small.1@OLD.EXAMPLE>', References: '<small.0@old.example> <small.1@old.example>' },
  }),
  'the same words, a conversation of its own': chain('same', [JANE, ANA]).map(one => ({
    ...one,
    id: `other-${one.id}`,
    ...(one.inReplyTo && { inReplyTo: 'other-same.0', references: ['other-same.0'] }),
    hours: one.hours + 1,
  })),
  'the same words': chain('same', [JANE, ANA, JANE]),
  'the same words, an answer to what is lost': [
    {
      id: 'same-again',
      by: JANE,
      inReplyTo: 'lost-same',
      references: ['lost-same'],
      hours: 5,
      subject: 'Re: About same',
    },
  ],
  'the same words, an answer to nothing': [
    { id: 'bare.1', by: 'Carl Poe <carl@example.org>', hours: 2, subject: 'About bare' },
    { id: 'bare.2', by: 'Carl Poe <carl@example.org>', hours: 24 * 300, subject: 'Re: About bare' },
  ],
  'the same words of somebody else': chain('same', [BOB, ANA]).map(one => ({
    ...one,
    id: `bobs-${one.id}`,
    ...(one.inReplyTo && { inReplyTo: 'bobs-same.0', references: ['bobs-same.0'] }),
    hours: one.hours + 2,
  })),
  'lines that begin with From': chain('quoting', [JANE, ANA, JANE]).map((one, at) => ({
    ...one,
    text: `From here on it is ${at}.\n>From there it was not.\n\nFrom someone@example.org Mon Nov  2 08:00:00 2015\nFrom: nobody\n`,
  })),
  'Outlook without references': chain('outlook', [JANE, ANA, JANE]).map((one, at) => ({
    ...one,
    conversation: { of: 1, answers: at },
    ...(at === 2 && { written: none }),
  })),
  'Outlook, another conversation': chain('outlook2', [JANE, ANA]).map((one, at) => ({
    ...one,
    conversation: { of: 2, answers: at },
    ...(at === 1 && { written: none }),
  })),
  copies: chain('copied', [JANE, ANA, JANE, ANA]).map((one, at) => ({
    ...one,
    copies: at % 2 === 0 ? (['to the byte', 'another way'] as const) : (['another way'] as const),
  })),
  'a branch': [
    ...chain('branch', [JANE, ANA, JANE]),
    { id: 'branch.x', by: BOB, inReplyTo: 'branch.0', references: ['branch.0'], hours: 20 },
    { id: 'branch.y', by: ANA, inReplyTo: 'branch.x', references: ['branch.0', 'branch.x'], hours: 30 },
  ],
  'the agent began': chain('outbound', [ANA, BOB, ANA]),
  'the mailbox itself answered': chain('itself', [JANE, IT, JANE, IT]),
  'long references, shortened': chain('long', [JANE, ANA, JANE, ANA, JANE, ANA, JANE]).map((one, at) =>
    at < 5 ? one : { ...one, references: ['long.0', `long.${at - 1}`] },
  ),
  strangers: [
    ...chain('strange', [JANE, ANA, JANE]),
    {
      id: 'stranger.1',
      by: MALLORY,
      to: [IT],
      inReplyTo: 'strange.2',
      references: ['strange.2'],
      hours: 40,
      isStranger: true,
    },
    { id: 'stranger.2', by: 'Eve <eve@other.example>', to: [IT], inReplyTo: 'stranger.1', hours: 44, isStranger: true },
    {
      id: 'stranger.3',
      by: 'Eve <eve@other.example>',
      to: [IT],
      references: ['never-came'],
      hours: 48,
      isStranger: true,
    },
  ],
}

const START = Date.UTC(2015, 0, 5, 8)
const HOUR = 3_600_000

function bytesOf(said: Said, began: number): Buffer {
  const { id, by, to, inReplyTo, references, written = {}, conversation, hours, subject, text } = said
  const index = conversation && {
    'Thread-Index': Buffer.concat([
      Buffer.from([1, 0xd0, 0x28, 0xc0, 0x5a, conversation.of]),
      Buffer.from(Array.from({ length: 16 }, (_, at) => (at * 37 + conversation.of * 11) % 256)),
      Buffer.alloc(5 * conversation.answers, 7),
    ]).toString('base64'),
  }
  return mail({
    from: by,
    to: to ?? all.filter(one => one !== by),
    subject: subject ?? `Re: About ${id}`,
    text: text ?? `These are the words of ${id}, and of no other mail.\n`,
    messageId: `${id}@old.example`,
    date: new Date(began + hours * HOUR),
    ...(inReplyTo && { inReplyTo: `${inReplyTo}@old.example` }),
    ...(references && { references: references.map(one => `${one}@old.example`) }),
    headers: { ...written, ...index },
  })
}

export type OldThreads = {
  /** In the order of the file. */
  readonly file: readonly Buffer[]
  /** How many of them are a copy of another one. */
  readonly copies: number
  /** Which mails belong together, their ids without domain, by their ids alone. */
  readonly groups: readonly string[]
}

/** All these conversations in one file, mixed up as the seed says. */
export function oldThreads(seed: number): OldThreads {
  const file: Buffer[] = []
  let copies = 0
  for (const [at, said] of Object.values(THREADS).entries()) {
    for (const one of said) {
      const bytes = bytesOf(one, START + at * 10 * 60_000)
      file.push(bytes)
      for (const copy of one.copies ?? []) {
        copies++
        const way = Buffer.from(`Received: from elsewhere by here; ${new Date(START + 999 * HOUR).toUTCString()}\r\n`)
        file.push(copy === 'to the byte' ? bytes : Buffer.concat([way, bytes]))
      }
    }
  }
  const mixed = fc.sample(fc.shuffledSubarray(file, { minLength: file.length }), { seed, numRuns: 1 })[0] ?? []
  return { file: mixed, copies, groups: groupsOf(Object.values(THREADS).flat()) }
}

/** What ids say, and nothing else: mails that have or cite the same id belong together. */
function groupsOf(mails: readonly Said[]): string[] {
  const leader = new Map<string, string>()
  const find = (id: string): string => {
    const next = leader.get(id) ?? id
    return next === id ? id : find(next)
  }
  const namesOf = ({ id, inReplyTo, references = [], written, conversation }: Said) => {
    // Whoever writes none has dropped them; what is written in another way names the same mails.
    const dropped = written !== undefined && written['In-Reply-To'] === null && written['References'] === null
    const cited = dropped ? [] : [inReplyTo ?? id, ...references]
    return [id, ...cited, ...(conversation ? [`conversation ${conversation.of}`] : [])]
  }
  const insiders = mails.filter(one => !one.isStranger)
  for (const one of insiders) for (const name of namesOf(one)) leader.set(find(name), find(one.id))
  const held = new Set(insiders.map(({ id }) => id))
  const groups = new Map<string, string[]>()
  for (const one of mails) {
    const seen = one.isStranger ? namesOf(one).find(name => held.has(name)) : one.id
    const group = seen === undefined ? one.id : find(seen)
    groups.set(group, [...(groups.get(group) ?? []), one.id])
  }
  return [...groups.values()].map(ids => ids.sort().join(' ')).sort()
}
