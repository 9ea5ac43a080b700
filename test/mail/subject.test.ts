import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { baseSubject, isForwardSubject, isReplySubject, taggedTickets, ticketTag } from '../../src/mail/subject.ts'

test.each([
  ['FW: Printer', true, false],
  ['[#1042] Fwd: Re: Printer', true, false],
  ['Re: Fwd: Printer', false, true],
  ['VB: Skrivare', true, false],
  ['İLT: Yazıcı', true, false],
  ['Videresend: Printer', true, false],
  ['Printer', false, false],
])('%j passes on: %j, answers: %j', (subject, isForward, isReply) => {
  expect([isForwardSubject(subject), isReplySubject(subject)]).toEqual([isForward, isReply])
})

describe('base subject', () => {
  test.each([
    ['Printer', 'Printer'],
    ['Re: Printer', 'Printer'],
    ['RE: AW: Fwd: Printer', 'Printer'],
    ['Re[2]: Printer', 'Printer'],
    ['Re (3): Printer', 'Printer'],
    ['Antw.: Printer', 'Antw.: Printer'],
    ['Antw: Printer', 'Printer'],
    ['SV: VS: Printer', 'Printer'],
    ['TR: Imprimante', 'Imprimante'],
    ['Re : Imprimante', 'Imprimante'],
    ['回复：打印机', '打印机'],
    ['[Fwd: Printer]', 'Printer'],
    ['[list] Re: Printer', 'Printer'],
    ['Re: Printer [#1042]', 'Printer'],
    ['[#1042] Re: Printer (fwd)', 'Printer'],
    ['[list]', '[list]'],
    ['Re:', ''],
    ['', ''],
    ['  Re:   two   blanks ', 'two blanks'],
    ['Reset: my password', 'Reset: my password'],
    ['I: reader', 'reader'],
    ['Regarding: VPN', 'Regarding: VPN'],
  ])('%j → %j', (subject, base) => {
    expect(baseSubject(subject)).toBe(base)
  })

  test('is itself a base subject', () => {
    const part = fc.constantFrom('Re: ', 'AW: ', '[Fwd: ', ']', '[x] ', '(fwd)', 'Printer', ' ', '[#12]', '：', 'I:')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), parts => {
        const base = baseSubject(parts.join(''))
        expect(baseSubject(base)).toBe(base)
      }),
    )
  })

  test('of a very long subject is found', () => {
    expect(baseSubject(`${'Re: '.repeat(200)}x`)).toBe('x')
    expect(baseSubject('Re: '.repeat(50_000)).length).toBeLessThan(1_000)
  })
})

test.each([
  ['Re: Printer', true],
  ['[#12] AW: Drucker', true],
  ['Fwd: Printer', false],
  ['Printer', false],
  ['Reset', false],
])('%j is a reply: %s', (subject, expected) => {
  expect(isReplySubject(subject)).toBe(expected)
})

test('tags are read where they are written', () => {
  expect(taggedTickets('Re: Printer [#1042] and [#7] [#1042]')).toEqual([1042, 7])
  expect(taggedTickets('Re: #1042 [1042] [# 1042]')).toEqual([])
  expect(taggedTickets('[#99999999999999999999]')).toEqual([])
  expect(taggedTickets(`x ${ticketTag(12)}`)).toEqual([12])
})
