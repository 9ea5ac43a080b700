/*
 * What was written elsewhere or before, in a desk in which anything may happen: answers written in the mailbox itself, and an
 * archive of former years.
 */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { takeIn } from '../../src/inbound/archive.ts'
import { type FoundMail, findMails } from '../../src/inbound/mail-files.ts'
import { DAY, HOUR } from '../../src/instant.ts'
import type { StoredMessage } from '../../src/store/messages.ts'
import { mail, type TestMail } from './mail.ts'
import { BLOCKED, copyOf, PEOPLE, pick, proven, type Scene } from './world-scene.ts'

type OldMail = TestMail & { readonly messageId: string; readonly at: Date }

export function pastActs(scene: Scene) {
  const { faults, server } = scene
  const conversations: OldMail[][] = []

  return {
    /** An answer, or a question to somebody else, written in the shared mailbox. */
    async writesInMailbox(a: number, b: number, c: number) {
      const ticket = await scene.ticketAt(a)
      const messages = await scene.read.messages(ticket?.id ?? 0)
      const message = pick(
        messages.filter(one => one.direction === 'in' && one.messageId !== null && one.author !== 'agent'),
        b,
      )
      if (!ticket || !message) return
      const to = c % 5 === 4 ? 'vendor@fourth.example' : message.from.address
      const text = `${c % 4 === 3 ? '#solved\n' : ''}By hand ${scene.words(true)}`
      const answer = { ...answerTo(message, to, text), ...writerOf(b), date: scene.trueTime() }
      const made = await scene.read.outbox({ limit: 1 })
      const place = server.deliver(ticket.mailbox, 'Sent', mail(answer), scene.trueTime())
      await scene.look()
      const taken = await scene.takenAt(place)
      const now = await scene.read.ticket(taken?.ticket ?? 0)
      const holders = (await scene.read.threadIds([message.messageId ?? ''])).filter(({ held }) => held)
      const isPlain = message.standing === 'accepted' && holders.length === 1
      if (!taken || !['append', 'skip'].includes(taken.outcome)) faults.push(`sent mail came to ${taken?.outcome}`)
      if (isPlain && now?.id !== ticket.id) faults.push(`the answer by hand on ${ticket.id} came to ${now?.id}`)
      const isToRequester = to === ticket.requester?.address
      if (taken?.outcome === 'append' && now?.id === ticket.id && !isToRequester && c % 4 !== 3) {
        if (now.status !== ticket.status) faults.push(`${ticket.id} is ${now.status} by a mail to ${to}`)
        if (now.firstResponseAt !== ticket.firstResponseAt) faults.push(`${ticket.id} was answered by a mail to ${to}`)
      }
      const after = await scene.read.outbox({ limit: 1 })
      if (after[0]?.id !== made[0]?.id) faults.push(`sent mail made ${after[0]?.kind} ${after[0]?.id}`)
      if (!isPlain || !isToRequester || a % 3 || BLOCKED.includes(to)) return
      const headers = proven(to)
      const reply = { from: to, inReplyTo: answer.messageId, references: [...answer.references, answer.messageId] }
      const back = await scene.arrives({ ...reply, headers, subject: `Re: ${message.subject}`, text: 'REOPEN\nNo.' })
      const isOver = (ticket.solvedAt ?? now?.solvedAt ?? null) !== null
      if (!isOver && back?.ticket !== ticket.id) faults.push(`the reply to an answer by hand came to ${back?.ticket}`)
    },

    /** Some mails of former years, of these days, and of ours, in any order; then once more. */
    async imports(a: number, b: number, c: number) {
      await scene.crew.settle()
      if (conversations.length < 3 && a % 2 === 0) conversations.push(conversation(conversations.length, scene))
      const old = (pick(conversations, a) ?? []).filter((_, at) => (b >> at) & 1)
      const recent = c % 2 ? scene.arrived.filter((_, at) => at % 3 === b % 3).slice(0, 3) : []
      const ours = c % 4 === 3 ? scene.delivered.slice(-3).map(one => copyOf(one.mail)) : []
      const mails = [...old, ...recent].map(one => mail(one)).concat(ours)
      const path = await filesOf(scene, c % 3 ? mails.reverse() : mails)
      const made = (await scene.read.outbox({ limit: 1 }))[0]?.id
      const outcomes = await importFrom(scene, path, c % 3 === 0)
      if (outcomes.length !== mails.length) faults.push(`${outcomes.length} of ${mails.length} mails were imported`)
      if (outcomes.includes('quarantine')) faults.push('an imported mail is in quarantine')
      await scene.crew.settle()
      const [last] = await scene.read.outbox({ limit: 1 })
      if (last?.id !== made) faults.push(`an import made ${last?.kind} ${last?.id}: ${last?.mail.subject}`)
      const before = await allOf(scene)
      await importFrom(scene, path, c % 2 === 0)
      await scene.crew.settle()
      if ((await allOf(scene)) !== before) faults.push('importing again changed something')
      for (const one of conversations) await isTogether(scene, one)
    },

    /** A mail of former years is moved into the mailbox. That an agent wrote it nobody proves any more. */
    async oldArrives(a: number, b: number) {
      const asked = (pick(conversations, a) ?? []).filter(({ from }) => PEOPLE.includes(String(from)))
      const old = pick(asked, b)
      if (!old) return
      await scene.arrives(old)
      for (const one of conversations) await isTogether(scene, one)
    },

    /** The same mail to two mailboxes, read in one look. */
    async writesToBoth(a: number, b: number) {
      const from = pick(PEOPLE, a) ?? ''
      const mails = ['it', 'support'].map((name, at) => ({
        ...{ from, to: ['it@example.org', 'support@example.org'], text: `To you both ${scene.words(false)}` },
        ...{ messageId: `both${scene.next() - at}@x`, date: scene.trueTime() },
        headers: { ...proven(from), 'Delivered-To': `${name}@example.org` },
      }))
      const messageId = mails[0]?.messageId ?? ''
      const text = mails[0]?.text ?? ''
      const places = mails.map((one, at) =>
        server.deliver(at === b % 2 ? 'it' : 'support', 'INBOX', mail({ ...one, messageId, text }), scene.trueTime()),
      )
      await scene.look()
      const taken = await Promise.all(places.map(scene.takenAt))
      const outcomes = taken.map(one => one?.outcome).sort()
      if (JSON.stringify(outcomes) !== '["duplicate","open"]') faults.push(`a mail to both came to ${outcomes}`)
    },
  }
}

/** As programs that know nothing of us write it. */
function answerTo({ messageId, references, subject, newText }: StoredMessage, to: string, text: string) {
  const quoted = newText.replace(/^/gm, '> ')
  return {
    ...{ to, subject: `Re: ${subject}`, text: `${text}\n\nOn Mon, 23 Nov 2026 at 10:00, they wrote:\n${quoted}` },
    ...{ messageId: `${crypto.randomUUID()}@mailbox`, inReplyTo: messageId ?? '' },
    references: [...references, messageId ?? ''],
  }
}

function writerOf(n: number): Pick<TestMail, 'from' | 'headers'> {
  if (n % 3 === 0) return { from: 'IT Help <it@example.org>' }
  if (n % 3 === 1) return { from: 'IT Help <it@example.org>', headers: { Sender: 'Ana Pop <ana@example.org>' } }
  return { from: 'Ben Roe <ben@example.org>' }
}

/** A request of former years, the answers of the desk, and what was said to them. */
function conversation(nth: number, scene: Scene): OldMail[] {
  const person = pick(PEOPLE, nth) ?? ''
  const started = Date.UTC(2019 + nth, 4, 6, 9)
  const mails: OldMail[] = []
  const writers = [person, nth % 2 ? 'IT Help <it@example.org>' : 'Ana Pop <ana@example.org>', person, 'it@example.org']
  for (const [turn, from] of writers.entries()) {
    const at = new Date(started + turn * (nth % 2 ? HOUR : DAY))
    const references = mails.map(({ messageId }) => messageId)
    mails.push({
      ...{ from, to: from === person ? 'it@example.org' : person, at, date: at, references },
      cc: from === person ? [] : 'it@example.org',
      ...{ subject: `${turn > 0 ? 'Re: ' : ''}Old ${nth}`, messageId: `old${nth}.${turn}@x` },
      ...(references.length > 0 ? { inReplyTo: references.at(-1) ?? '' } : {}),
      text: `Long ago ${scene.words(from !== person)}`,
    })
  }
  return mails
}

async function filesOf(scene: Scene, mails: readonly Buffer[]): Promise<string> {
  const folder = join(dirname(scene.crew.store.path), 'archives')
  await mkdir(folder, { recursive: true })
  const path = await mkdtemp(join(folder, 'a'))
  for (const [at, bytes] of mails.entries()) await writeFile(join(path, `${at}.eml`), bytes)
  return path
}

/** `byDate`: in the order that the command brings them into. */
async function importFrom(scene: Scene, path: string, byDate: boolean): Promise<string[]> {
  const mails: FoundMail[] = []
  for await (const one of findMails([path], scene.crew.now)) if (one.kind === 'mail') mails.push(one.mail)
  if (byDate) mails.sort((x, y) => (x.receivedAt < y.receivedAt ? -1 : 1))
  const outcomes: string[] = []
  const { signal } = new AbortController()
  for await (const one of takeIn(scene.intake(), mails, null, signal)) outcomes.push(one.outcome)
  return outcomes
}

/** Everything that people could see. */
async function allOf({ read }: Scene): Promise<string> {
  const tickets = await read.tickets({}, 1_000)
  const told = await Promise.all(
    tickets.map(async ticket => [ticket, await read.events(ticket.id), await read.messages(ticket.id)]),
  )
  return JSON.stringify([told, await read.outbox({ limit: 1_000 }), await read.rawMails({ limit: 1_000 })])
}

/** What belongs together is on one ticket, unless somebody took it apart or it was done in between. */
async function isTogether({ read, faults }: Scene, mails: readonly OldMail[]): Promise<void> {
  const rows = await read.threadIds(mails.map(({ messageId }) => messageId))
  const ids = new Set(await Promise.all(rows.filter(({ held }) => held).map(({ ticket }) => read.survivorOf(ticket))))
  const events = (await Promise.all([...ids].map(id => read.events(id)))).flat()
  const isTakenApart = events.some(
    ({ kind, data }) => kind === 'split' || kind === 'merged' || data['splitFrom'] !== undefined || 'solvedAt' in data,
  )
  if (ids.size > 1 && !isTakenApart) faults.push(`${mails[0]?.subject} is on the tickets ${[...ids]}`)
}
