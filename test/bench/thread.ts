/*
 * `npm run bench:thread`: what it costs to find the ticket of a mail with a thousand ids known, and with a million. Goal:
 * no more than half as much again.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { createIds, newSecret } from '../../src/ids.ts'
import { gatherFacts } from '../../src/inbound/facts.ts'
import { Database } from '../../src/store/native.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { message } from '../support/message.ts'
import { policy } from '../support/policy.ts'
import { tempDir } from '../support/temp-dir.ts'

const { values } = parseArgs({
  options: { mails: { type: 'string', default: '2000' }, rounds: { type: 'string', default: '5' } },
})
const MAILS = Number(values.mails)
const ROUNDS = Number(values.rounds)
const NOW = '2026-11-23T09:00:00.000Z'
const IDS_A_TICKET = 10

const ids = createIds(newSecret())
const rules = policy()

/** A store in which so many ids are known, on a tenth as many tickets of a person each; gives some of the ids. */
async function filled(path: string, count: number): Promise<{ store: Store; known: string[] }> {
  const store = await openStore(path)
  const db = new Database(path)
  const person = db.prepare("insert into people (address, name, first_seen_at) values (?, '', ?) returning id").pluck()
  const ticket = db
    .prepare(
      `insert into tickets (mailbox, subject, requester_id, language, status, priority, service_level, opened_at,
         first_response_due, resolution_due, updated_at)
       values ('it', ?, ?, 'en', 'open', 'normal', 'standard', $now, $now, $now, $now) returning id`,
    )
    .pluck()
  const joins = db.prepare('insert into participants (ticket_id, person_id, added_at) values (?, ?, ?)')
  const holds = db.prepare('insert into thread_ids (message_id, ticket_id, held) values (?, ?, ?)')
  const known: string[] = []
  db.transaction(() => {
    for (let at = 0; at < count / IDS_A_TICKET; at++) {
      const who = person.get(`p${at}@example.org`, NOW)
      const id = ticket.get(`Request ${at}`, who, { now: NOW })
      joins.run(id, who, NOW)
      for (let nth = 0; nth < IDS_A_TICKET; nth++) {
        const messageId = `${randomUUID()}@example.org`
        holds.run(messageId, id, nth % 2)
        if (known.length < 1000 && at % 7 === 0) known.push(messageId)
      }
    }
  })()
  db.exec('analyze')
  db.close()
  return { store, known }
}

/** Microseconds of CPU time a mail: half of them cite three ids of which one is known, half a tag or nothing. */
async function cost(store: Store, known: readonly string[]): Promise<number> {
  const before = process.cpuUsage()
  for (let at = 0; at < MAILS; at++) {
    const cited = at % 2 === 0 ? ['a@nowhere.example', known[at % known.length] ?? '', 'b@nowhere.example'] : []
    const mail = message({
      messageId: `new-${at}@example.org`,
      references: cited,
      subject: at % 4 === 1 ? `Re: Request [#${1001 + (at % 50)}]` : 'Re: Request',
      from: { name: '', address: `p${at % 50}@example.org` },
    })
    await gatherFacts(
      store.read,
      { ids, policy: rules },
      { mailbox: 'it', receivedAt: NOW, rawMail: 0, past: null, released: false },
      mail,
      NOW,
    )
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / MAILS
}

const folder = await tempDir('bench-thread')
const few = await filled(`${folder.path}/few.sqlite`, 1_000)
const many = await filled(`${folder.path}/many.sqlite`, 1_000_000)
const ratios: number[] = []
for (let round = 0; round <= ROUNDS; round++) {
  const [small, large] = [await cost(few.store, few.known), await cost(many.store, many.known)]
  // The first round only warms up.
  if (round === 0) continue
  ratios.push(large / small)
  console.log(
    `round ${round}: ${small.toFixed(0)} µs a mail with 1,000 ids, ${large.toFixed(0)} µs with 1,000,000: ×${(large / small).toFixed(2)}`,
  )
}
const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? Number.NaN
console.log(`median ×${median.toFixed(2)}, goal ×1.5: ${median <= 1.5 ? 'met' : 'missed'}`)
await few.store[Symbol.asyncDispose]()
await many.store[Symbol.asyncDispose]()
await folder[Symbol.asyncDispose]()
