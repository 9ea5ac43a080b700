import { describe, expect, test } from 'vitest'
import { answersElsewhere, newcomers, provenAgent, receivers, type Sender } from '../../src/desk/people.ts'
import { copyNotice, wantsToLeave } from '../../src/desk/taking-part.ts'
import type { Participant, Signal } from '../../src/desk/thread.ts'
import type { SenderProof } from '../../src/mail/authentication-results.ts'
import { message } from '../support/message.ts'
import { policy } from '../support/policy.ts'
import { ticket } from '../support/ticket.ts'

const at = (address: string) => ({ name: '', address })
const addresses = (people: readonly { readonly address: string }[]) => people.map(({ address }) => address)
const proof = (level: SenderProof['level']): SenderProof => ({ level, why: 'said so' })
const telling = policy({ mx: { servIds: new Set(['mx.example.org']), sealers: new Set() } })
const jane = message({
  from: at('jane@example.org'),
  to: [at('it@example.org'), at('it+x@example.org')],
  cc: [at('bob@example.org'), at('vendor@other.example'), at('not an address')],
})

describe('whom a mail adds to its ticket', () => {
  const all = ['bob@example.org', 'vendor@other.example']
  test.each<[string, Partial<Sender>, typeof telling, string[]]>([
    ['a new request adds whom it is copied to', { signal: null }, policy(), all],
    ['an answer by reference too', { signal: 'held-id' }, policy(), all],
    ['somebody who knows only a number adds nobody', { signal: 'tag' }, policy(), []],
    ['or only a subject', { signal: 'subject' }, policy(), []],
    ['a sender who is disproven adds nobody', { signal: 'held-id', proof: proof('fail') }, telling, []],
    ['not even to a new request', { signal: null, proof: proof('fail') }, telling, []],
    [
      'where the mail server tells, strangers come in by a proven sender only',
      { signal: 'own-id' },
      telling,
      ['bob@example.org'],
    ],
    ['and so they do', { signal: 'own-id', proof: proof('pass') }, telling, all],
    ['an agent adds anybody', { signal: 'tag', agent: policy().agents[0] ?? null }, telling, all],
  ])('%s', (_name, sender, by, expected) => {
    const added = newcomers(jane, { proof: proof('none'), agent: null, signal: null, ...sender }, by)
    expect(addresses(added)).toEqual(expected)
  })

  test('Reply-To to somebody else adds nobody', () => {
    const elsewhere = { ...jane, replyTo: [at('jane@evil.example')] }
    expect(newcomers(elsewhere, { proof: proof('pass'), agent: null, signal: 'own-id' }, telling)).toEqual([])
  })

  test('a mail to the whole company makes fifty participants at most', () => {
    const crowd = { ...jane, cc: Array.from({ length: 400 }, (_, n) => at(`p${n}@example.org`)) }
    expect(newcomers(crowd, { proof: proof('none'), agent: null, signal: null }, policy())).toHaveLength(50)
  })
})

test.each<[string[], boolean]>([
  [[], false],
  [['JANE@example.org'], false],
  [['jane@example.org', 'boss@example.org'], false],
  [['jane@evil.example'], true],
])('Reply-To %j is elsewhere: %s', (replyTo, expected) => {
  expect(answersElsewhere({ ...jane, replyTo: replyTo.map(at) })).toBe(expected)
})

describe('an agent', () => {
  const ana = { ...jane, from: at('Ana@Example.org') }
  const ben = { ...jane, from: at('ben@example.org') }
  test.each<[string, typeof jane, SenderProof['level'], typeof telling, string | null]>([
    ['not by From alone, where no mail server tells', ana, 'none', policy(), null],
    ['nor by a pass of somebody who is not asked', ana, 'pass', policy(), null],
    ['not against its word', ana, 'fail', policy(), null],
    ['by its pass', ana, 'pass', telling, 'ana'],
    ['not when it is silent', ana, 'none', telling, null],
    ['nor when it denies', ana, 'fail', telling, null],
    ['not with answers to somebody else', { ...ana, replyTo: [at('ana@evil.example')] }, 'pass', telling, null],
    [
      'with answers to another address of theirs',
      { ...ben, replyTo: [at('ben@home.example')] },
      'pass',
      telling,
      'ben',
    ],
    ['nobody else', jane, 'pass', telling, null],
  ])('%s', (_name, mail, level, by, expected) => {
    expect(provenAgent(mail, proof(level), null, by)?.name ?? null).toBe(expected)
  })
  test.each<[string, typeof jane, SenderProof['level'], string, string | null]>([
    ['by what only they were given', ana, 'none', 'ana', 'ana'],
    ['not by what somebody else was given', ana, 'none', 'ben', null],
    ['not where the mail server denies it', ana, 'fail', 'ana', null],
    ['not with answers to somebody else', { ...ana, replyTo: [at('ana@evil.example')] }, 'none', 'ana', null],
    ['nobody else, with it', jane, 'none', 'ana', null],
  ])('%s', (_name, mail, level, agent, expected) => {
    const key = { agent, by: 'address', verb: null, proves: true } as const
    expect(provenAgent(mail, proof(level), key, telling)?.name ?? null).toBe(expected)
    expect(provenAgent(mail, proof(level), key, policy())?.name ?? null).toBe(expected)
    expect(provenAgent(mail, proof(level), { ...key, proves: false }, telling)).toBeNull()
  })
})

describe('whom an answer goes to', () => {
  const person = (address: string, different: Partial<Participant> = {}): Participant => ({
    ...{ name: 'N', address, left: false, told: true },
    ...different,
  })
  const requester = { name: 'Jane', address: 'jane@example.org' }
  test.each<[string, { name: string; address: string } | null, Participant[], string[], string[][]]>([
    ['the requester', requester, [person('jane@example.org')], [], [['jane@example.org'], [], []]],
    [
      'and in copy those who take part; who is new is told',
      requester,
      [person('jane@example.org'), person('bob@example.org', { told: false }), person('eve@other.example')],
      [],
      [['jane@example.org'], ['bob@example.org', 'eve@other.example'], ['bob@example.org']],
    ],
    ['not who left', requester, [person('bob@example.org', { left: true })], [], [['jane@example.org'], [], []]],
    [
      'no agent, none of us',
      requester,
      [person('ana@example.org'), person('it@example.org')],
      [],
      [['jane@example.org'], [], []],
    ],
    ['an agent who asked for help', { name: '', address: 'ana@example.org' }, [], [], [['ana@example.org'], [], []]],
    [
      'not who has it already',
      requester,
      [person('bob@example.org')],
      ['Bob@example.org'],
      [['jane@example.org'], [], []],
    ],
    [
      'those in copy when the requester has it',
      requester,
      [person('bob@example.org')],
      ['jane@example.org'],
      [['bob@example.org'], [], []],
    ],
    ['nobody', null, [], [], [[], [], []]],
    ['no address', { name: 'x', address: 'not an address' }, [], [], [[], [], []]],
  ])('%s', (_name, requested, people, already, expected) => {
    const { to, cc, untold } = receivers(ticket({ requester: requested }), people, already.map(at), policy())
    expect([addresses(to), addresses(cc), addresses(untold)]).toEqual(expected)
  })
})

test.each([
  ['LEAVE', true],
  ['leave.\n\n> quoted', true],
  ['\nAbmelden!\nGruß', true],
  ['I leave the office at five', false],
  ['', false],
  ['Please help\nLEAVE', false],
  [`LEAVE${'.'.repeat(200)} me alone`, false],
])('%j asks to be left out: %s', (text, expected) => {
  expect(wantsToLeave(text)).toBe(expected)
})

// With quadratic work this would not end.
test.each(['!', '.', ' ', '! '])('a line of nothing but %j is looked at, and no word', unit => {
  expect(wantsToLeave(`${unit.repeat(3_000_000)}a`)).toBe(false)
  expect(wantsToLeave(`a${unit.repeat(3_000_000)}a`)).toBe(false)
})

test.each(['en', 'fr', 'nl', 'de', 'es', 'it', 'xx'])('the notice in %s ends with the word that does it', language => {
  expect(wantsToLeave(copyNotice(language).split(/[ :]+/).at(-1) ?? '')).toBe(true)
})

const signals: Signal[] = ['token', 'own-id', 'held-id', 'cited-id', 'awaited', 'tag', 'conversation', 'subject']
test.each(signals)('whoever is disproven adds nobody by %s', signal => {
  expect(newcomers(jane, { proof: proof('fail'), agent: null, signal }, policy())).toEqual([])
})
