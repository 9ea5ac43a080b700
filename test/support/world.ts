/*
 * A desk in which anything may happen. An act is a kind and three numbers, which pick among what there is at that moment: so
 * any row of acts can be played, and a shorter one as well.
 */
import { randomUUID } from 'node:crypto'
import type { Policy } from '../../src/desk/policy.ts'
import { DeskError } from '../../src/errors.ts'
import { createIds } from '../../src/ids.ts'
import { type Ingested, ingest } from '../../src/inbound/ingest.ts'
import { DAY, HOUR, MINUTE, plus } from '../../src/instant.ts'
import { sendDue } from '../../src/outbound/sender.ts'
import type { OutboxMail } from '../../src/store/outbox.ts'
import type { Answer } from './api.ts'
import { openCrew, type TestCrew } from './crew.ts'
import { keptLog } from './log.ts'
import { mail, type TestMail } from './mail.ts'
import { agent, team } from './policy.ts'
import { readHere } from './reader.ts'
import { replyTo, withSubaddresses } from './stage.ts'

export const ACTS = [
  ...(['writes', 'replies', 'machine', 'again', 'agentReplies', 'agentWrites', 'forges', 'edits', 'says'] as const),
  ...(['merges', 'splits', 'accepts', 'releases', 'replays', 'retries', 'rates', 'waits', 'sends', 'crew'] as const),
]
/** `lag`: the dispatcher does not look before the next one. */
export type Act = { readonly kind: (typeof ACTS)[number]; readonly a: number; readonly b: number; readonly c: number }
export type Played = Act & { readonly lag: boolean }

export type World = AsyncDisposable & {
  readonly crew: TestCrew
  /** Words by which it is known where they go. */
  readonly said: { readonly words: string; readonly forRequester: boolean }[]
  /** What is wrong by the answers alone. */
  readonly faults: string[]
  play(act: Played): Promise<void>
}

const PEOPLE = ['Jane Doe <jane@example.org>', 'Bob Roe <bob@example.org>', 'Eve <eve@other.example>']
const BLOCKED = 'Mallory <mallory@third.example>'
const AGENTS = ['Ana Pop <ana@example.org>', 'Ben Roe <ben@example.org>']
const COMMANDS = [
  ...[
    '',
    '',
    '',
    '#solved',
    '#solved',
    '#pending 1d',
    '#open',
    '#assign ben',
    '#assign nobody',
    '#take',
    '#team support',
  ],
  ...['#priority urgent', '#tag x', '#merge', '#follow', '#template vpn', '#cause a loose cable\n#solved', '#accept'],
  ...['#undo', '#help', '#note', '#send', '#nonsense'],
]
const INTERNAL = ['#note', '#undo', '#help', '#nonsense']
const EDITS = [
  ...[{ status: 'open' }, { status: 'pending' }, { status: 'solved' }, { status: 'closed' }, { priority: 'urgent' }],
  ...[{ team: 'support' }, { team: 'it', assignee: 'ben' }, { assignee: 'ana' }, { assignee: null }],
]
const WAITS = [MINUTE, 3 * MINUTE, 40 * MINUTE, 3 * HOUR, 9 * HOUR, DAY, 8 * DAY, 20 * DAY]

const pick = <T>(list: readonly T[], n: number): T | undefined => list[n % Math.max(1, list.length)]
const domainOf = (who: string) => who.replace(/^.*@|>$/g, '')
const proven = (who: string) => ({
  'Authentication-Results': `mx.example.org; dmarc=pass header.from=${domainOf(who)}`,
})
const FAILED = { 'Authentication-Results': 'mx.example.org; dmarc=fail header.from=example.org' }
const isToAgent = ({ kind }: OutboxMail) => kind === 'notification' || kind === 'receipt'

/** Each bit of `variant` is a setting. */
function rulesOf(variant: number): Partial<Policy> {
  const is = (bit: number) => (variant & bit) !== 0
  return {
    ...(is(1) ? withSubaddresses() : {}),
    mx: { servIds: new Set(['mx.example.org']), sealers: new Set() },
    agents: [
      agent('ana', { teams: ['it', 'support'], receipts: is(2) ? 'always' : 'risky' }),
      agent('ben', { teams: ['it', 'support'], digest: is(4) ? ['17:00'] : [] }),
    ],
    teams: new Map([
      ['it', { ...team('it'), assign: is(8) ? 'round-robin' : 'manual', returnAfterMs: 4 * HOUR }],
      ['support', team('support')],
    ]),
    survey: { ask: true, anonymous: is(16), publicUrl: 'https://help.example.org' },
    senders: { allow: new Set(), block: new Set([domainOf(BLOCKED)]) },
  }
}

export async function openWorld(variant: number): Promise<World> {
  const crew = await openCrew(rulesOf(variant))
  const { store, policy } = crew
  const { read } = store
  const { log, lines } = keptLog()
  const desk = { store, policy, log, clock: () => crew.now }
  const intake = { ...desk, reader: readHere(policy), ids: createIds(Buffer.alloc(32, 7)), onIngested() {} }
  const said: World['said'] = []
  const faults: string[] = []
  const arrived: TestMail[] = []
  let count = 0

  const words = (forRequester: boolean) => {
    said.push({ words: `zebra${++count}q`, forRequester })
    return `zebra${count}q`
  }
  const arrives = async (given: TestMail | Buffer, mailbox = 'it', lateMs = 0): Promise<Ingested | undefined> => {
    const receivedAt = plus(crew.now, -lateMs)
    const isBuffer = Buffer.isBuffer(given)
    // To the byte the same when it comes again.
    const source = isBuffer ? {} : { to: 'it@example.org', date: receivedAt, messageId: `${randomUUID()}@x`, ...given }
    if (!isBuffer) arrived.unshift(source)
    const bytes = isBuffer ? given : mail(source)
    const arrival = { mailbox, folder: 'INBOX', uidValidity: '9', uid: ++count, receivedAt, bytes }
    const [before] = await read.outbox({ limit: 1 })
    const [taken] = await ingest(intake, [arrival], async () => undefined)
    if (taken?.outcome === 'quarantine') faults.push(`quarantined: ${taken.reason}`)
    const acknowledged = (await read.outbox({ limit: 10 })).filter(
      ({ id, kind }) => kind === 'acknowledgement' && id > (before?.id ?? 0),
    )
    const isRobot = isBuffer || 'Auto-Submitted' in (given.headers ?? {})
    const may = taken?.outcome === 'open' && !isRobot ? 1 : 0
    if (acknowledged.length > may) faults.push(`${taken?.outcome} was acknowledged ${acknowledged.length} times`)
    return taken
  }
  const answered = ({ status, body }: Answer) => {
    const isRefused = status >= 400 && status < 500 && status !== 400 && typeof body.detail === 'string'
    if (status >= 300 && !isRefused) faults.push(`${status} ${JSON.stringify(body)}`)
  }
  /** The newest few. */
  const ticketAt = async (n: number) =>
    pick(
      (await read.tickets({}, 100)).toSorted((x, y) => y.id - x.id),
      n % 4,
    )
  const sent = async (isMeant: (one: OutboxMail) => boolean) =>
    (await read.outbox({ limit: 300 })).filter(one => one.state === 'sent' && one.ticket !== null && isMeant(one))
  const messageOf = async (taken: Ingested | undefined) =>
    (await read.messages(taken?.ticket ?? 0)).find(({ rawMail }) => rawMail === taken?.rawMail)
  const stateOf = async (id: number) => {
    const { revision: _, updatedAt: __, ...ticket } = (await read.ticket(id)) ?? {}
    return JSON.stringify({ ...ticket, followers: await read.followers(id) })
  }
  const send = async (refused?: string, code = 550) => {
    const error = new DeskError('smtp', `${code} no`, { temporary: code < 500 })
    const transport = {
      connections: 1,
      close() {},
      async deliver({ envelope }: { readonly envelope?: unknown }) {
        const all = (envelope as { readonly to: readonly string[] }).to
        const isTaken = (address: string) => address !== refused
        const not = all.filter(one => !isTaken(one)).map(address => ({ address, error }))
        return { response: '250', accepted: all.filter(isTaken), refused: not }
      },
    }
    for (const mailbox of policy.mailboxes.keys())
      await sendDue({ ...desk, mailbox, transport, openAttachment: async () => null })
  }

  const play: Record<Act['kind'], (a: number, b: number, c: number) => Promise<unknown>> = {
    async writes(a, b, c) {
      const from = c % 9 === 8 ? BLOCKED : (pick(PEOPLE, a) ?? '')
      const cc =
        pick([[], [], 'bob@example.org', 'eve@other.example', 'support@example.org', 'ana@example.org'], b) ?? []
      const subject = pick(['Printer', 'VPN', 'urgent outage', 'Re: Printer', ''], c) ?? ''
      const headers = pick([proven(from), proven(from), {}, FAILED], a + b) ?? {}
      const late = pick([0, 0, 5 * HOUR, 30 * HOUR], b + c)
      await arrives({ from, cc, subject, text: `It smokes ${words(false)}.`, headers }, c % 3 ? 'it' : 'support', late)
    },
    async replies(a, b, c) {
      const ours = pick(await sent(one => !isToAgent(one)), a)
      if (!ours?.ticket) return
      const to = pick([...ours.mail.to, ...ours.mail.cc], b)?.address ?? ''
      const from = b % 4 === 3 ? (pick(PEOPLE, c) ?? '') : to
      const text = pick(['Thanks!', 'LEAVE', 'SURVEY 4', `REOPEN\n${words(false)}`, `Broken ${words(false)}`], c) ?? ''
      const reply = { ...replyTo(ours.mail, from, text), headers: c % 7 === 6 ? {} : proven(from) }
      const before = await read.ticket(ours.ticket)
      if (c % 4 === 3) {
        await arrives({ ...reply, to: 'it@example.org', inReplyTo: '', references: [] })
        return
      }
      const takesPart = (await read.participants(ours.ticket)).some(({ address }) => address === from)
      const message = await messageOf(await arrives(reply, b % 2 ? 'it' : 'support'))
      const isOver = before?.solvedAt && plus(before.solvedAt, policy.reopenWithinMs) < crew.now
      if (takesPart && !isOver && (message?.ticket !== ours.ticket || message.standing !== 'accepted'))
        faults.push(`the reply of ${from} to mail ${ours.id} came to ticket ${message?.ticket}, ${message?.standing}`)
      const after = await read.ticket(ours.ticket)
      if (message?.standing === 'pending' && after?.status !== before?.status) faults.push('a stranger has power')
    },
    async machine(a, b, c) {
      const ours = pick(await sent(() => true), a)
      const to = pick(ours?.mail.to ?? [], 0)?.address
      if (!ours || !to) return
      const headers = { ...proven(to), 'Auto-Submitted': 'auto-replied' }
      if (c % 2) {
        await arrives({ ...replyTo(ours.mail, to, `I am away ${words(false)}.`), headers })
        return
      }
      const status = b % 2 ? '5.1.1' : '4.2.2'
      const lines = [
        ...['From: MAILER-DAEMON@x', `Message-ID: <${++count}@daemon>`, 'MIME-Version: 1.0'],
        ...['Content-Type: multipart/report; report-type=delivery-status; boundary=x', '', '--x', '', 'No.', '--x'],
        ...['Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; x', '', `Final-Recipient: rfc822; ${to}`],
        ...['Action: failed', `Status: ${status}`, '', '--x', 'Content-Type: text/rfc822-headers', ''],
        ...[`Message-ID: <${ours.mail.messageId}>`, '', '--x--', ''],
      ]
      await arrives(Buffer.from(lines.join('\r\n')))
    },
    async again(a, b) {
      const one = pick(arrived, a)
      if (!one) return
      const forRequester = AGENTS.includes(String(one.from))
      if (b % 3 === 2) {
        await arrives({ ...one, text: `Other words ${words(forRequester)}` })
        return
      }
      const taken = await arrives(one, b % 2 ? 'it' : 'support')
      if (taken?.outcome !== 'duplicate' && taken?.outcome !== 'blocked')
        faults.push(`a copy came to ${taken?.outcome}`)
    },
    async agentReplies(a, b, c) {
      const who = pick(AGENTS, a) ?? ''
      const mine = await sent(one => isToAgent(one) && who.includes(one.mail.to[0]?.address ?? ''))
      const told = pick(mine, b % 4)
      if (!told?.ticket) return
      const command = pick(COMMANDS, c) ?? ''
      const line = command === '#merge' ? `#merge ${(await ticketAt(b))?.id}` : command
      const text = c % 3 && command !== '' ? line : `${line}\nPublic ${words(!INTERNAL.includes(command))}.`
      const cc = pick([[], [], [], 'eve@other.example', 'jane@example.org', 'ben@example.org'], a + c) ?? []
      const before = await stateOf(told.ticket)
      const taken = await arrives({ ...replyTo(told.mail, who, text), cc, headers: b % 2 ? proven(who) : {} })
      const message = await messageOf(taken)
      if (b % 2 && taken?.ticket !== told.ticket && command !== '#merge')
        faults.push(`an agent’s reply to mail ${told.id} on ${told.ticket} came to ${taken?.ticket}`)
      if (message?.author !== 'agent' || a % 3 || command === '#merge') return
      if (b % 4 < 2) await crew.settle()
      await arrives({ ...replyTo(told.mail, who, '#undo'), headers: proven(who) })
      const events = await read.events(told.ticket)
      const undone = events.findLast(({ kind }) => kind === 'undone')
      const isOfIt = events.find(({ id }) => id === undone?.data['of'])?.data['message'] === message.id
      // To which agent a team gives what has become its own is its matter.
      if (!isOfIt || undone?.data['result'] !== 'done' || command === '#team support') return
      const after = await stateOf(told.ticket)
      if (after !== before) faults.push(`${line} was taken back: ${before} → ${after}`)
    },
    async agentWrites(a, b, c) {
      const from = pick(AGENTS, a) ?? ''
      const person = pick(PEOPLE, b) ?? ''
      const headers = proven(from)
      if (c % 2) return arrives({ from, to: person, cc: 'it@example.org', text: `Dear you ${words(true)}.`, headers })
      const forwarded = `From: ${person}\nDate: Mon, 23 Nov 2026 at 08:00\nSubject: Screen\nTo: ${from}\n\nBlack ${words(false)}.`
      const text = `#priority urgent\nfyi ${words(false)}\n\n---------- Forwarded message ---------\n${forwarded}`
      return arrives({ from, subject: 'Fwd: Screen', text, headers })
    },
    async forges(a, b, c) {
      const ticket = await ticketAt(b)
      const cited = pick(await read.messages(ticket?.id ?? 0), c)?.messageId
      const text = `${pick(COMMANDS, c)}\nforged ${words(false)}`
      const reply = { from: pick(AGENTS, a) ?? '', subject: `Re: x [#${ticket?.id}]`, text, inReplyTo: cited ?? '' }
      const message = await messageOf(await arrives({ ...reply, headers: c % 2 ? FAILED : {} }))
      if (message?.author === 'agent') faults.push('a forged mail is an agent’s')
    },
    edits: async (a, b) => answered(await crew.agent.patch(`/v1/tickets/${(await ticketAt(a))?.id}`, pick(EDITS, b))),
    async says(a, b, c) {
      const kind = b % 3 ? 'answer' : 'note'
      const body = { kind, text: `Said ${words(b % 3 !== 0)}`, agent: 'ana', solve: c % 3 === 0 }
      answered(await crew.agent.post(`/v1/tickets/${(await ticketAt(a))?.id}/messages`, body))
    },
    async merges(a, b) {
      const [one, into] = [(await ticketAt(a))?.id, (await ticketAt(b))?.id]
      answered(await crew.agent.post(`/v1/tickets/${one}/merge`, { into }))
    },
    async splits(a, b) {
      const ticket = await ticketAt(a)
      const all = await read.messages(ticket?.id ?? 0)
      const messages = all.filter((_, at) => at > b % all.length).map(({ id }) => id)
      if (messages.length > 0) answered(await crew.agent.post(`/v1/tickets/${ticket?.id}/split`, { messages }))
    },
    async accepts(a, b) {
      const messages = (
        await Promise.all([0, 1, 2, 3].map(async n => read.messages((await ticketAt(n))?.id ?? 0)))
      ).flat()
      const message = pick(
        messages.filter(({ standing }) => standing === 'pending'),
        a,
      )
      const body = b % 3 ? {} : { participant: false }
      if (message) answered(await crew.agent.post(`/v1/messages/${message.id}/accept`, body))
    },
    async releases(a) {
      const blocked = pick(await read.rawMails({ outcome: 'blocked', limit: 20 }), a)
      if (blocked) answered(await crew.agent.post(`/v1/mails/${blocked.id}/release`, {}))
    },
    async replays(a, b) {
      const one = pick(arrived, a)
      if (!one) return
      const bytes = mail(b % 2 ? one : { ...one, messageId: `${randomUUID()}@x` })
      const arrival = { mailbox: 'it', folder: 'INBOX', uidValidity: '9', uid: ++count, receivedAt: crew.now, bytes }
      const id = await store.write(async tx => {
        const saved = (await tx.saveRawMail({ ...arrival, sha256: `${count}` }, crew.now)) ?? 0
        await tx.settleRawMail(saved, { outcome: 'quarantine', reason: 'as it was', ticket: null, fingerprint: null })
        return saved
      })
      answered(await crew.admin.post(`/v1/quarantine/${id}/replay`, undefined))
    },
    async retries(a) {
      const line = pick(await read.outbox({ limit: 40 }), a)
      if (line && line.state !== 'withdrawn') answered(await crew.agent.post(`/v1/outbox/${line.id}/retry`, undefined))
    },
    async rates(a, b) {
      const asked = pick(await sent(one => one.mail.text.includes('/survey/')), a)
      const url = /\/survey\/[\w.]+/.exec(asked?.mail.text ?? '')?.[0]
      if (!url) return
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const { status } = await crew.nobody.request('POST', url, `score=${1 + (b % 5)}&comment=`, form)
      if (status !== 200 && status !== 404) faults.push(`${url}: ${status}`)
    },
    waits: async a => crew.passes(pick(WAITS, a) ?? 0),
    sends: (a, b) => send(pick(['jane@example.org', 'bob@example.org', 'ana@example.org', 'x'], a), b % 2 ? 550 : 450),
    async crew(a, b) {
      const url = `/v1/agents/${b % 2 ? 'ana' : 'ben'}`
      const [method, verb] = pick(
        [
          ['POST', 'revoke'],
          ['PUT', 'away'],
          ['DELETE', 'away'],
        ] as const,
        a,
      ) ?? ['GET', '']
      answered(await crew.admin.request(method, `${url}/${verb}`))
    },
  }

  return {
    ...{ crew, said, faults },
    async play({ kind, a, b, c, lag }) {
      crew.passes(MINUTE / 2)
      await play[kind](a, b, c)
      if (lag) return
      await crew.settle()
      if (c % 4) await send()
      await crew.settle()
      faults.push(
        ...[...crew.lines(), ...lines()].flatMap(one => (Number(one['level']) >= 50 ? [JSON.stringify(one)] : [])),
      )
    },
    [Symbol.asyncDispose]: () => crew[Symbol.asyncDispose](),
  }
}
