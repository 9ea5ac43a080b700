/*
 * What people, strangers, machines and agents write to a desk in which anything may happen.
 */
import { HOUR, plus } from '../../src/instant.ts'
import { replyTo } from './stage.ts'
import { AGENTS, BLOCKED, isToAgent, PEOPLE, pick, proven, type Scene } from './world-scene.ts'

const COMMANDS = [
  ...['', '', '', '#solved', '#solved', '#pending 1d', '#open', '#assign ben', '#assign nobody', '#take'],
  ...['#team support', '#priority urgent', '#tag x', '#merge', '#follow', '#template vpn'],
  ...['#cause a loose cable\n#solved', '#accept', '#undo', '#help', '#note', '#send', '#nonsense'],
]
const INTERNAL = ['#note', '#undo', '#help', '#nonsense']
const FAILED = { 'Authentication-Results': 'mx.example.org; dmarc=fail header.from=example.org' }

/** People, known and unknown, and machines. */
export function mailActs(scene: Scene) {
  const { faults, arrived } = scene
  return {
    async writes(a: number, b: number, c: number) {
      const from = c % 9 === 8 ? BLOCKED : (pick(PEOPLE, a) ?? '')
      const cc =
        pick([[], [], 'bob@example.org', 'eve@other.example', 'support@example.org', 'ana@example.org'], b) ?? []
      const subject = pick(['Printer', 'VPN', 'urgent outage', 'Re: Printer', ''], c) ?? ''
      const headers = pick([proven(from), proven(from), {}, FAILED], a + b) ?? {}
      const late = pick([0, 0, 5 * HOUR, 30 * HOUR], b + c)
      const text = `It smokes ${scene.words(false)}.`
      await scene.arrives({ from, cc, subject, text, headers }, c % 3 ? 'it' : 'support', late)
    },
    async replies(a: number, b: number, c: number) {
      const ours = pick(await scene.sent(one => !isToAgent(one)), a)
      if (!ours?.ticket) return
      const to = pick([...ours.mail.to, ...ours.mail.cc], b)?.address ?? ''
      const from = b % 4 === 3 ? (pick(PEOPLE, c) ?? '') : to
      const words = () => scene.words(false)
      const text = pick(['Thanks!', 'LEAVE', 'SURVEY 4', `REOPEN\n${words()}`, `Broken ${words()}`], c) ?? ''
      const reply = { ...replyTo(ours.mail, from, text), headers: c % 7 === 6 ? {} : proven(from) }
      const before = await scene.read.ticket(ours.ticket)
      if (c % 4 === 3) {
        await scene.arrives({ ...reply, to: 'it@example.org', inReplyTo: '', references: [] })
        return
      }
      const takesPart = (await scene.read.participants(ours.ticket)).some(({ address }) => address === from)
      const message = await scene.messageOf(await scene.arrives(reply, b % 2 ? 'it' : 'support'))
      const isOver = before?.solvedAt && plus(before.solvedAt, scene.crew.policy.reopenWithinMs) < scene.crew.now
      if (BLOCKED.includes(from)) return
      if (takesPart && !isOver && (message?.ticket !== ours.ticket || message.standing !== 'accepted'))
        faults.push(`the reply of ${from} to mail ${ours.id} came to ticket ${message?.ticket}, ${message?.standing}`)
      const after = await scene.read.ticket(ours.ticket)
      if (message?.standing === 'pending' && after?.status !== before?.status) faults.push('a stranger has power')
    },
    /** To any mail that they ever got from us; the database may not know it any more. */
    async repliesToLost(a: number, b: number) {
      const ours = pick(
        scene.delivered.filter(one => !isToAgent(one)),
        a,
      )?.mail
      const from = pick(ours?.to ?? [], b)?.address
      if (!ours || !from || [BLOCKED, ...AGENTS].some(one => one.includes(from))) return
      const before = await scene.read.tickets({}, 100)
      const reply = { ...replyTo(ours, from, `And now ${scene.words(false)}`), headers: b % 3 ? proven(from) : {} }
      const taken = await scene.arrives(reply)
      const message = await scene.messageOf(taken)
      const joined = before.find(({ id }) => id === taken?.ticket)
      if (!joined) return
      const rows = await scene.read.threadIds([...ours.references, ours.messageId])
      const isTheirs = rows.some(({ ticket, held }) => held && ticket === joined.id)
      const isOwn = joined.requester?.address === from
      if (!isTheirs && !isOwn) faults.push(`the reply of ${from} to ${ours.messageId} came to ${joined.id}`)
      if (message?.standing !== 'accepted') faults.push(`the reply of ${from} to ${ours.messageId} waits to be judged`)
    },
    async machine(a: number, b: number, c: number) {
      const ours = pick(await scene.sent(() => true), a)
      const to = pick(ours?.mail.to ?? [], 0)?.address
      if (!ours || !to) return
      const headers = { ...proven(to), 'Auto-Submitted': 'auto-replied' }
      if (c % 2) {
        await scene.arrives({ ...replyTo(ours.mail, to, `I am away ${scene.words(false)}.`), headers })
        return
      }
      const status = b % 2 ? '5.1.1' : '4.2.2'
      const lines = [
        ...['From: MAILER-DAEMON@x', `Message-ID: <${scene.next()}@daemon>`, 'MIME-Version: 1.0'],
        ...['Content-Type: multipart/report; report-type=delivery-status; boundary=x', '', '--x', '', 'No.', '--x'],
        ...['Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; x', '', `Final-Recipient: rfc822; ${to}`],
        ...['Action: failed', `Status: ${status}`, '', '--x', 'Content-Type: text/rfc822-headers', ''],
        ...[`Message-ID: <${ours.mail.messageId}>`, '', '--x--', ''],
      ]
      await scene.arrives(Buffer.from(lines.join('\r\n')))
    },
    async again(a: number, b: number) {
      const one = pick(arrived, a)
      if (!one) return
      const forRequester = AGENTS.includes(String(one.from))
      if (b % 3 === 2) {
        scene.reused.add(String(one.messageId))
        await scene.arrives({ ...one, text: `Other words ${scene.words(forRequester)}` })
        return
      }
      const taken = await scene.arrives(one, b % 2 ? 'it' : 'support')
      if (taken?.outcome !== 'duplicate' && taken?.outcome !== 'blocked')
        faults.push(`a copy came to ${taken?.outcome}`)
    },
  }
}

/** Agents, and who would like to be one. */
export function agentActs(scene: Scene) {
  const { faults } = scene
  return {
    async agentReplies(a: number, b: number, c: number) {
      const who = pick(AGENTS, a) ?? ''
      const mine = await scene.sent(one => isToAgent(one) && who.includes(one.mail.to[0]?.address ?? ''))
      const told = pick(mine, b % 4)
      if (!told?.ticket) return
      const command = pick(COMMANDS, c) ?? ''
      const line = command === '#merge' ? `#merge ${(await scene.ticketAt(b))?.id}` : command
      const text = c % 3 && command !== '' ? line : `${line}\nPublic ${scene.words(!INTERNAL.includes(command))}.`
      const cc = pick([[], [], [], 'eve@other.example', 'jane@example.org', 'ben@example.org'], a + c) ?? []
      const before = await scene.stateOf(told.ticket)
      const taken = await scene.arrives({ ...replyTo(told.mail, who, text), cc, headers: b % 2 ? proven(who) : {} })
      const message = await scene.messageOf(taken)
      if (b % 2 && taken?.ticket !== told.ticket && command !== '#merge')
        faults.push(`an agent’s reply to mail ${told.id} on ${told.ticket} came to ${taken?.ticket}`)
      if (message?.author !== 'agent' || a % 3 || command === '#merge') return
      if (b % 4 < 2) await scene.crew.settle()
      await scene.arrives({ ...replyTo(told.mail, who, '#undo'), headers: proven(who) })
      const events = await scene.read.events(told.ticket)
      const undone = events.findLast(({ kind }) => kind === 'undone')
      const isOfIt = events.find(({ id }) => id === undone?.data['of'])?.data['message'] === message.id
      // To which agent a team gives what has become its own is its matter.
      if (!isOfIt || undone?.data['result'] !== 'done' || command === '#team support') return
      const after = await scene.stateOf(told.ticket)
      if (after !== before) faults.push(`${line} was taken back: ${before} → ${after}`)
    },
    async agentWrites(a: number, b: number, c: number) {
      const from = pick(AGENTS, a) ?? ''
      const person = pick(PEOPLE, b) ?? ''
      const headers = proven(from)
      if (c % 2)
        return scene.arrives({
          ...{ from, to: person, cc: 'it@example.org', text: `Dear you ${scene.words(true)}.`, headers },
        })
      const forwarded = `From: ${person}\nDate: Mon, 23 Nov 2026 at 08:00\nSubject: Screen\nTo: ${from}\n\nBlack ${scene.words(false)}.`
      const text = `#priority urgent\nfyi ${scene.words(false)}\n\n---------- Forwarded message ---------\n${forwarded}`
      return scene.arrives({ from, subject: 'Fwd: Screen', text, headers })
    },
    async forges(a: number, b: number, c: number) {
      const ticket = await scene.ticketAt(b)
      const cited = pick(await scene.read.messages(ticket?.id ?? 0), c)?.messageId
      const text = `${pick(COMMANDS, c)}\nforged ${scene.words(false)}`
      const reply = { from: pick(AGENTS, a) ?? '', subject: `Re: x [#${ticket?.id}]`, text, inReplyTo: cited ?? '' }
      const message = await scene.messageOf(await scene.arrives({ ...reply, headers: c % 2 ? FAILED : {} }))
      if (message?.author === 'agent') faults.push('a forged mail is an agent’s')
    },
  }
}
