/*
 * `npm run bench:read`: how many mails a second are parsed and understood (text, new text, language, robots, bounces,
 * forwards, safe HTML), beside mailparser alone over the same bytes in the same process, in turns. CPU time and ratios, for the
 * machine may have other work.
 */
import { parseArgs } from 'node:util'
import { simpleParser } from 'mailparser'
import { parseMail } from '../../src/inbound/parse.ts'
import { understand } from '../../src/mail/understand.ts'
import { corpus } from './corpus.ts'

const { values } = parseArgs({
  options: { mails: { type: 'string', default: '1000' }, rounds: { type: 'string', default: '5' } },
})
const [count, rounds] = [Number(values.mails), Number(values.rounds)]
if (!(count >= 10 && rounds >= 1)) throw new Error('usage: npm run bench:read -- [--mails N] [--rounds N]')

const mails: Buffer[] = []
const date = new Date('2026-11-23T09:00:00Z')
for await (const { bytes } of corpus({ mails: count, seed: 1, to: 'it@example.org', date })) mails.push(bytes)

const own = { ownAddresses: new Set(['it@example.org']), ownLists: new Set<string>(), heedSuppressHeader: true }
const LEAN = { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true, skipImageLinks: true }
const READERS: Readonly<Record<string, (mail: Buffer) => Promise<unknown>>> = {
  'read: parse and understand': async mail => understand(await parseMail(mail), own),
  'parse alone': mail => parseMail(mail),
  'bare simpleParser': mail => simpleParser(mail),
  'bare simpleParser, nothing but MIME': mail => simpleParser(mail, LEAN),
}

/** CPU ms a mail. */
async function cost(read: (mail: Buffer) => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  for (const mail of mails) await read(mail)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / mails.length
}

const costs = new Map(Object.keys(READERS).map(name => [name, [] as number[]]))
for (const read of Object.values(READERS)) await cost(read)
for (let round = 0; round < rounds; round++) {
  for (const [name, read] of Object.entries(READERS)) costs.get(name)?.push(await cost(read))
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
const of = (name: string): number => median(costs.get(name) ?? [])
const ratio = of('bare simpleParser') / of('read: parse and understand')
process.stdout.write(
  `${mails.length} mails, ${(mails.reduce((sum, mail) => sum + mail.length, 0) / 1e6).toFixed(0)} MB, median of ${rounds} rounds, node ${process.version}\n\n`,
)
for (const name of Object.keys(READERS)) {
  process.stdout.write(
    `${name.padEnd(38)} ${of(name).toFixed(3)} ms CPU a mail  ${(1000 / of(name)).toFixed(0).padStart(6)} mails/s\n`,
  )
}
process.stdout.write(
  `\nread against bare simpleParser: ${ratio.toFixed(2)} (goal ≥ 0.7: ${ratio >= 0.7 ? 'met' : 'MISSED'})\n`,
)
