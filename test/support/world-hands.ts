/*
 * What is done to a desk in which anything may happen by hand, over the API, and by the time that passes.
 */
import { randomUUID } from 'node:crypto'
import { DAY, HOUR, MINUTE } from '../../src/instant.ts'
import { mail } from './mail.ts'
import { AGENTS, pick, type Scene } from './world-scene.ts'

const EDITS = [
  ...[{ status: 'open' }, { status: 'pending' }, { status: 'solved' }, { status: 'closed' }, { priority: 'urgent' }],
  ...[{ team: 'support' }, { team: 'it', assignee: 'ben' }, { assignee: 'ana' }, { assignee: null }],
]
const WAITS = [MINUTE, 3 * MINUTE, 40 * MINUTE, 3 * HOUR, 9 * HOUR, DAY, 8 * DAY, 20 * DAY]

export function handActs(scene: Scene) {
  const { answered, faults } = scene
  return {
    async edits(a: number, b: number) {
      answered(await scene.crew.agent.patch(`/v1/tickets/${(await scene.ticketAt(a))?.id}`, pick(EDITS, b)))
    },
    async says(a: number, b: number, c: number) {
      const kind = b % 3 ? 'answer' : 'note'
      const body = { kind, text: `Said ${scene.words(b % 3 !== 0)}`, agent: 'ana', solve: c % 3 === 0 }
      answered(await scene.crew.agent.post(`/v1/tickets/${(await scene.ticketAt(a))?.id}/messages`, body))
    },
    async merges(a: number, b: number) {
      const [one, into] = [(await scene.ticketAt(a))?.id, (await scene.ticketAt(b))?.id]
      answered(await scene.crew.agent.post(`/v1/tickets/${one}/merge`, { into }))
    },
    async splits(a: number, b: number) {
      const ticket = await scene.ticketAt(a)
      const all = await scene.read.messages(ticket?.id ?? 0)
      const messages = all.filter((_, at) => at > b % all.length).map(({ id }) => id)
      if (messages.length > 0) answered(await scene.crew.agent.post(`/v1/tickets/${ticket?.id}/split`, { messages }))
    },
    async accepts(a: number, b: number) {
      const tickets = await Promise.all([0, 1, 2, 3].map(scene.ticketAt))
      const messages = await Promise.all(tickets.map(ticket => scene.read.messages(ticket?.id ?? 0)))
      const message = pick(
        messages.flat().filter(({ standing }) => standing === 'pending'),
        a,
      )
      const body = b % 3 ? {} : { participant: false }
      if (message) answered(await scene.crew.agent.post(`/v1/messages/${message.id}/accept`, body))
    },
    async releases(a: number) {
      const blocked = pick(await scene.read.rawMails({ outcome: 'blocked', limit: 20 }), a)
      if (blocked) answered(await scene.crew.agent.post(`/v1/mails/${blocked.id}/release`, {}))
    },
    async replays(a: number, b: number) {
      const one = pick(scene.arrived, a)
      if (!one) return
      const text = `Tried again ${scene.words(AGENTS.includes(String(one.from)))}`
      const bytes = mail(b % 2 ? one : { ...one, text, messageId: `${randomUUID()}@x` })
      const place = { mailbox: 'it', folder: 'INBOX', uidValidity: '0', uid: scene.next(), receivedAt: scene.crew.now }
      const id = await scene.crew.store.write(async tx => {
        const saved = (await tx.saveRawMail({ ...place, bytes, sha256: `${place.uid}` }, scene.crew.now)) ?? 0
        await tx.settleRawMail(saved, { outcome: 'quarantine', reason: 'as it was', ticket: null, fingerprint: null })
        return saved
      })
      answered(await scene.crew.admin.post(`/v1/quarantine/${id}/replay`, undefined))
    },
    async retries(a: number) {
      const line = pick(await scene.read.outbox({ limit: 40 }), a)
      if (line && line.state !== 'withdrawn')
        answered(await scene.crew.agent.post(`/v1/outbox/${line.id}/retry`, undefined))
    },
    async rates(a: number, b: number) {
      const asked = pick(await scene.sent(one => one.mail.text.includes('/survey/')), a)
      const url = /\/survey\/[\w.]+/.exec(asked?.mail.text ?? '')?.[0]
      if (!url) return
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const { status } = await scene.crew.nobody.request('POST', url, `score=${1 + (b % 5)}&comment=`, form)
      if (status !== 200 && status !== 404) faults.push(`${url}: ${status}`)
    },
    async waits(a: number) {
      scene.crew.passes(pick(WAITS, a) ?? 0)
    },
    sends: (a: number, b: number) =>
      scene.send(pick(['jane@example.org', 'bob@example.org', 'ana@example.org', 'x'], a), b % 2 ? 550 : 450),
    async crew(a: number, b: number) {
      const ways = [
        ['POST', 'revoke'],
        ['PUT', 'away'],
        ['DELETE', 'away'],
      ] as const
      const [method, verb] = pick(ways, a) ?? ['GET', '']
      answered(await scene.crew.admin.request(method, `/v1/agents/${b % 2 ? 'ana' : 'ben'}/${verb}`))
    },
  }
}
