/*
 * The whole service in this process, with a clock of the test's own: a ticket is given out, reminded of and taken back, each
 * told by a real mail.
 */
import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { HOUR } from '../../src/instant.ts'
import { startAppHere } from '../support/app-here.ts'
import { startHoodiecrow } from '../support/hoodiecrow.ts'
import { mail } from '../support/mail.ts'
import { NOTIFIED_DESK } from '../support/setup.ts'
import { startSmtp } from '../support/smtp.ts'
import { eventually } from '../support/wait.ts'

const CREW = NOTIFIED_DESK.replace(
  '{ displayName: IT }',
  '{ displayName: IT, assign: round-robin, returnAfter: 3h30m }',
).replace('  ben:', '  cas: { displayName: Cas Lee, addresses: [cas@example.org], teams: [it] }\n  ben:')

test('of the first mail that ever comes agents are told: it is settled before that from where on', async () => {
  await using imap = await startHoodiecrow({ users: ['it'] })
  await using smtp = await startSmtp()
  const mailboxes = { it: { imap: imap.account('it'), smtp: { port: smtp.port } } }
  await using desk = await startAppHere({ mailboxes, desk: CREW })
  expect(await desk.store.read.setting('dispatched')).toBe('0')
})

test('a ticket goes to one agent, who is warned and loses it to the next', async () => {
  await using imap = await startHoodiecrow({ users: ['it'] })
  await using smtp = await startSmtp()
  const mailboxes = { it: { imap: imap.account('it'), smtp: { port: smtp.port } } }
  await using desk = await startAppHere({ mailboxes, desk: CREW })
  const toldTo = async (address: string): Promise<string[]> => {
    const mails = smtp.mails.filter(({ envelope }) => envelope.to.includes(address))
    return Promise.all(mails.map(async ({ bytes }) => (await simpleParser(bytes)).text ?? ''))
  }
  const tells = (address: string, words: string) =>
    eventually(async () => (await toldTo(address)).some(text => text.includes(words)), 15_000)

  await imap.deliver(
    'it',
    'INBOX',
    mail({ from: 'jane@example.org', to: 'it@example.org', text: 'My laptop is dead.' }),
  )
  await tells('ana@example.org', 'Ticket 1001 is yours now')
  expect(await toldTo('cas@example.org')).toEqual([])

  // The answer is due after four hours.
  desk.jump(3 * HOUR + HOUR / 12)
  await tells('ana@example.org', 'An answer was promised to')
  desk.jump(HOUR / 2)
  await tells('cas@example.org', 'Ana Pop has not answered within 210m of working time')
  expect(await desk.store.read.ticket(1001)).toMatchObject({ assignee: 'cas', status: 'open' })

  await desk.restart()
  desk.jump(HOUR)
  await tells('cas@example.org', 'That has passed.')
  const about = (await toldTo('cas@example.org')).filter(text => text.includes('That has passed.'))
  expect(about).toHaveLength(1)
  const events = await desk.store.read.events(1001)
  expect(
    events.flatMap(({ kind, data }) => (kind === 'reminded' ? [`${data['notice']} ${data['what']}`] : [])),
  ).toEqual(['due first-response', 'breached first-response'])
})
