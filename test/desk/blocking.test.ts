import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entryFor, type SenderFacts, whyBlocked } from '../../src/desk/blocking.ts'
import type { Policy } from '../../src/desk/policy.ts'
import type { Message } from '../../src/mail/message.ts'
import { message } from '../support/message.ts'
import { policy } from '../support/policy.ts'

const facts = (different: Partial<SenderFacts> = {}): SenderFacts => ({
  candidates: [],
  proof: { level: 'none', why: 'no server is named' },
  reportOn: null,
  past: null,
  senderHasTicket: false,
  released: false,
  ...different,
})

const from = (address: string, different: Partial<Message> = {}) =>
  message({ from: { name: '', address }, ...different })
const SPAM = { headers: [{ name: 'x-spam-flag', value: 'YES' }] }
const HAM = { headers: [{ name: 'x-spam-flag', value: 'NO' }] }
const senders = (allow: string[], block: string[]): Partial<Policy> => ({
  senders: { allow: new Set(allow), block: new Set(block) },
})
const report = {
  kind: 'delivery',
  recipients: [{ address: 'jane@example.org', action: 'failed', status: '5.1.1' }],
  permanent: true,
  originalMessageId: 'a@example.org',
} as const
const joins = (...people: string[]): Partial<SenderFacts> => ({ candidates: [{ participants: new Set(people) }] })

const BY_ENTRY = /is blocked by `.*` \(senders\.block\)$/
const BY_FILTER = /^a spam filter has marked it \(X-Spam-Flag: YES\)$/

describe('who is blocked, and who is not', () => {
  test.each<[string, Message, Partial<SenderFacts>, Partial<Policy>, RegExp | null]>([
    ['a stranger', from('bob@shop.example'), {}, {}, null],
    ['a stranger whose mail was found clean', from('bob@shop.example', HAM), {}, {}, null],
    ['a stranger whose mail is spam', from('bob@shop.example', SPAM), {}, {}, BY_FILTER],
    ['spam, when filters are not heeded', from('bob@shop.example', SPAM), {}, { heedSpam: false }, null],
    ['spam from nobody', message({ from: null, ...SPAM }), {}, {}, BY_FILTER],

    ['an address', from('Bob@Shop.example'), {}, senders([], ['bob@shop.example']), BY_ENTRY],
    ['an address with a detail', from('bob+x@shop.example'), {}, senders([], ['bob@shop.example']), BY_ENTRY],
    ['another address', from('rob@shop.example'), {}, senders([], ['bob@shop.example']), null],
    ['a domain', from('bob@shop.example'), {}, senders([], ['shop.example']), BY_ENTRY],
    ['a sub-domain', from('bob@ads.eu.shop.example'), {}, senders([], ['shop.example']), BY_ENTRY],
    ['a domain with a dot at its end', from('bob@shop.example.'), {}, senders([], ['shop.example']), BY_ENTRY],
    ['a domain that only ends so', from('bob@workshop.example'), {}, senders([], ['shop.example']), null],
    ['a domain alone', from('bob@shop.example'), {}, senders([], ['@shop.example']), BY_ENTRY],
    ['its sub-domain', from('bob@ads.shop.example'), {}, senders([], ['@shop.example']), null],
    ['a name that looks like a domain', from('shop.example@home.example'), {}, senders([], ['shop.example']), null],
    ['nobody, with a list', message({ from: null }), {}, senders([], ['shop.example']), null],

    ['allow wins over block', from('bob@shop.example'), {}, senders(['bob@shop.example'], ['shop.example']), null],
    ['also the wider one', from('bob@shop.example'), {}, senders(['shop.example'], ['bob@shop.example']), null],
    ['allow wins over the filter', from('bob@shop.example', SPAM), {}, senders(['@shop.example'], []), null],
    ['allow others', from('bob@shop.example', SPAM), {}, senders(['other.example'], []), BY_FILTER],
    ['block is told before the filter', from('b@shop.example', SPAM), {}, senders([], ['shop.example']), BY_ENTRY],

    ['an agent whose mail is spam', from('ben@home.example', SPAM), {}, {}, null],
    ['an agent on the list', from('ben@home.example', SPAM), {}, senders([], ['home.example']), BY_ENTRY],
    ['our own address', from('it+x@example.org', SPAM), {}, {}, null],
    ['whoever takes part', from('Bob@shop.example', SPAM), joins('bob@shop.example'), {}, null],
    [
      'who takes part, on the list',
      from('b@shop.example'),
      joins('b@shop.example'),
      senders([], ['@shop.example']),
      BY_ENTRY,
    ],
    ['whoever cites a ticket of others', from('bob@shop.example', SPAM), joins('jane@example.org'), {}, BY_FILTER],
    ['an employee with a ticket', from('jane@example.org', SPAM), { senderHasTicket: true }, {}, null],
    ['an employee without one', from('jane@example.org', SPAM), {}, {}, BY_FILTER],
    [
      'whose name was forged',
      from('ben@home.example', SPAM),
      { proof: { level: 'fail', why: 'dmarc=fail' } },
      {},
      BY_FILTER,
    ],
    ['a customer with a ticket', from('bob@shop.example', SPAM), { senderHasTicket: true }, {}, BY_FILTER],

    [
      'a report on a mail of ours',
      from('mailer-daemon@shop.example', { ...SPAM, report }),
      { reportOn: 1001 },
      senders([], ['shop.example']),
      null,
    ],
    ['a report on a mail of others', from('mailer-daemon@shop.example', { ...SPAM, report }), {}, {}, BY_FILTER],
    ['a mail on which a report could be', from('bob@shop.example', SPAM), { reportOn: 1001 }, {}, BY_FILTER],
    [
      'what is past',
      from('bob@shop.example', SPAM),
      { past: { from: 'archive' } },
      senders([], ['shop.example']),
      null,
    ],
    ['what was released', from('bob@shop.example', SPAM), { released: true }, senders([], ['shop.example']), null],
  ])('%s', (_what, mail, known, rules, expected) => {
    const why = whyBlocked(mail, facts(known), policy(rules))
    if (expected === null) expect(why).toBeNull()
    else expect(why).toMatch(expected)
  })

  test('the entry is named', () => {
    expect(whyBlocked(from('Bob@ads.shop.example'), facts(), policy(senders([], ['shop.example'])))).toBe(
      'the sender bob@ads.shop.example is blocked by `shop.example` (senders.block)',
    )
  })
})

describe('an entry', () => {
  const label = fc.stringMatching(/^[a-z]{1,3}$/)
  const domain = fc.array(label, { minLength: 2, maxLength: 4 }).map(labels => labels.join('.'))
  const local = fc.stringMatching(/^[a-z.]{1,8}$/)

  test('of a domain is found exactly by the addresses in and below it', () => {
    fc.assert(
      fc.property(local, domain, domain, (name, where, entry) => {
        const below = where === entry || where.endsWith(`.${entry}`)
        expect(entryFor(`${name}@${where}`, new Set([entry]))).toBe(below ? entry : null)
        expect(entryFor(`${name}@x.${entry}`, new Set([entry]))).toBe(entry)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is found or not by any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), text => {
        expect(entryFor(text, new Set(['example.org', '@example.net', 'a@example.com']))).toSatisfy(
          found => found === null || text.toLowerCase().includes(String(found).replace('@', '')),
        )
      }),
    )
  })
})
