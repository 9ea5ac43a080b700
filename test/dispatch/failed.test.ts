import { afterEach, beforeEach, expect, test } from 'vitest'
import { HOUR, MINUTE } from '../../src/instant.ts'
import { sendDue } from '../../src/outbound/sender.ts'
import { openSmtp, type SmtpTransport } from '../../src/outbound/smtp.ts'
import { openCrew, type TestCrew } from '../support/crew.ts'
import { keptLog } from '../support/log.ts'
import { agent } from '../support/policy.ts'
import { type SmtpTestServer, smtpAccountAt, startSmtp } from '../support/smtp.ts'

/*
 * Mail that a server refuses for good in the dialogue comes back to nobody: the history alone knows.
 */
let crew: TestCrew
let smtp: SmtpTestServer
let transport: SmtpTransport
beforeEach(async () => {
  crew = await openCrew({ agents: ['ana', 'ben'].map(name => agent(name, { teams: ['it'] })) })
  smtp = await startSmtp()
  transport = openSmtp(smtpAccountAt(smtp.port))
})
afterEach(async () => {
  transport.close()
  await smtp[Symbol.asyncDispose]()
  await crew[Symbol.asyncDispose]()
})

const send = async () => {
  const { store } = crew
  const openAttachment = async () => null
  await sendDue({ store, clock: () => crew.now, log: keptLog().log, mailbox: 'it', transport, openAttachment })
  await crew.settle()
}
const arrives = async () => {
  const { ticket } = await crew.arrives({ from: 'Jane Doe <jane@example.org>', subject: 'Printer', text: 'It burns.' })
  await crew.settle()
  return ticket ?? 0
}
const answers = async (ticket: number) => {
  const { status } = await crew.agent.post(`/v1/tickets/${ticket}/messages`, { kind: 'answer', text: 'Water?' })
  expect(status).toBe(201)
  await crew.settle()
}
/** What agents are told of mail that did not leave. */
const toldOfFailures = async () =>
  (await crew.told()).flatMap(({ to, text }) => {
    const line = text.split('\n').find(one => one.includes('was not sent'))
    return line === undefined ? [] : [`${to[0]?.name}: ${line}`]
  })

test('an answer that was refused is told to the agents, once, with whom and the words of the server', async () => {
  const ticket = await arrives()
  await send()
  await answers(ticket)
  await crew.told()
  smtp.refuse('jane@example.org', 550)
  await send()
  const told = await toldOfFailures()
  expect(told.map(line => line.replace(/\d+\.\d+\.\d+\.\d+:\d+/, '…'))).toEqual(
    ['ana', 'ben'].map(name =>
      expect.stringMatching(`^${name}: Our answer to jane@example.org was not sent, .*: …: 550 No such recipient`),
    ),
  )
  crew.passes(HOUR)
  await send()
  expect(await toldOfFailures()).toEqual([])
})

test('so is the mail that tells of a solved ticket', async () => {
  const ticket = await arrives()
  await send()
  expect((await crew.agent.patch(`/v1/tickets/${ticket}`, { status: 'solved' })).status).toBe(200)
  await crew.settle()
  crew.passes(5 * MINUTE)
  smtp.refuse('jane@example.org', 550)
  await send()
  const whom = expect.stringContaining('Our mail that it is solved to jane@example.org was not sent')
  expect(await toldOfFailures()).toEqual([whom, whom])
})

test('of mail to agents, and of what is tried again, nobody is told: it would go on for ever', async () => {
  const ticket = await arrives()
  for (const name of ['ana', 'ben']) smtp.refuse(`${name}@example.org`, 550)
  await send()
  const kinds = (await crew.store.read.events(ticket)).flatMap(({ kind, data }) =>
    kind === 'reply-failed' ? [data['kind']] : [],
  )
  expect(kinds).toEqual(['notification', 'notification'])
  await answers(ticket)
  smtp.refuse('jane@example.org', 450)
  await send()
  expect(await toldOfFailures()).toEqual([])
  expect(await crew.store.read.nextAttemptAt('it')).not.toBeNull()
})
