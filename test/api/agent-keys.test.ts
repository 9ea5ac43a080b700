import { expect, test } from 'vitest'
import { withoutKeys } from '../../src/api/agent-keys.ts'
import { outboxDetail, outboxLine } from '../../src/api/outbox-shapes.ts'
import { openCrew } from '../support/crew.ts'
import { replyTo, withSubaddresses } from '../support/stage.ts'

const TOKEN = /\d+\.[0-9a-z]{5,6}\.[a-z2-7]{26}/i

test('whoever may only read is shown no address that gives an agent’s powers', async () => {
  await using crew = await openCrew(withSubaddresses())
  await crew.arrives({ subject: 'Printer', text: 'It smokes.' })
  await crew.settle()
  const told = (await crew.told()).find(({ to }) => to[0]?.address === 'ana@example.org')
  if (!told?.replyTo) throw new Error('Ana was told nothing')
  expect(told.text).toMatch(TOKEN)
  const answer = replyTo(told, 'Ana Pop <ana@example.org>', 'Pull the plug.')
  await crew.arrives({ ...answer, cc: told.replyTo.toUpperCase(), html: `<p>Pull the plug.</p>${told.html}` })
  await crew.arrives({ ...answer, text: `Is it this one? ${told.replyTo}` })
  const forwarded = `#note\n\n---------- Forwarded message ---------\nFrom: ${told.from.name} <${told.from.address}>\nSubject: Printer\nTo: Ana\n\n${told.text}`
  await crew.arrives({ ...answer, subject: `Fwd: ${told.subject}`, text: forwarded })
  await crew.settle()

  const stored = await crew.store.read.messages(1001)
  expect(stored.filter(one => TOKEN.test(JSON.stringify(one))).length).toBeGreaterThanOrEqual(3)
  const { status, body } = await crew.reader.get('/v1/tickets/1001')
  expect(status).toBe(200)
  expect(body.messages).toHaveLength(stored.length)
  expect(body.messages.map(({ newText }: { newText: string }) => newText)).toContain('Pull the plug.')
  expect(body.messages.at(-1).to[0].address).toBe('it+…@example.org')
  expect(JSON.stringify(body)).not.toMatch(TOKEN)

  const { items } = (await crew.reader.get('/v1/outbox?limit=200')).body
  const lines = await Promise.all(items.map(({ id }: { id: number }) => crew.reader.get(`/v1/outbox/${id}`)))
  expect(lines.length).toBeGreaterThan(2)
  for (const line of lines) expect(JSON.stringify(line.body)).not.toMatch(TOKEN)
})

test('lists look into no text, and a detail reads a mail of digits once', async () => {
  await using crew = await openCrew(withSubaddresses())
  await crew.arrives({ subject: 'Log', text: '1'.repeat(500) })
  await crew.settle()
  const [line] = await crew.store.read.outbox({ limit: 1 })
  if (!line) throw new Error('nothing was made out')
  const text = '1'.repeat(3_000_000)
  const long = { ...line, mail: { ...line.mail, text, html: text } }
  expect(outboxLine(long)).not.toHaveProperty('text')
  expect(outboxLine(long)).not.toHaveProperty('html')
  // With quadratic work this would not end.
  expect(outboxDetail(long).text === text).toBe(true)
})

test('all else is shown as it is', () => {
  const shown = { a: [1, null, true, 'x'], b: { c: 'it+1042.abcdefghijklmnopqrstuvwxyz@x.org' } }
  expect(withoutKeys(shown)).toEqual(shown)
})
