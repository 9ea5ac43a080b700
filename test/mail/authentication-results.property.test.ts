import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { senderProof } from '../../src/mail/authentication-results.ts'
import { ar, FROM, ours, proof, RECEIVED, TRUST } from '../support/sender-proof.ts'

describe('whatever is written', () => {
  const part = fc.constantFrom(
    ...[
      'mx.example.org',
      ';',
      ' ',
      '=',
      '(',
      ')',
      '"',
      '\\',
      '/',
      '1',
      'dmarc',
      'dkim',
      'spf',
      'arc',
      'pass',
      'fail',
      '@',
    ],
    ...['header.from', 'header.d', 'smtp.mailfrom', 'x.org', 'evil.example', '<', '>', ',', 'i=1;', '\x01', '\n'],
  )
  const value = fc.oneof(
    fc.array(part, { maxLength: 40 }).map(parts => parts.join('')),
    fc.string(),
  )
  const name = fc.constantFrom('authentication-results', 'received', 'from', 'arc-seal', 'arc-authentication-results')
  const header = fc.record({ name, value })

  test('a verdict comes of it', () => {
    fc.assert(
      fc.property(fc.array(header, { maxLength: 8 }), fc.string(), (headers, address) => {
        const trust = { servIds: new Set(['mx.example.org', '']), sealers: new Set(['x.org']) }
        const { level, why } = senderProof(headers, { name: '', address }, trust)
        expect(['pass', 'fail', 'none']).toContain(level)
        expect(why.length).toBeLessThanOrEqual(600)
      }),
    )
  })

  // The name of the mailbox is the sender's to choose, the rest of the line is not.
  test('a sender who may write anything into a quoted mailbox name gains nothing', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), parts => {
        const local = parts.join('').replace(/["\\]/g, '\\$&')
        expect(proof([ours(`spf=pass smtp.mailfrom="${local}"@evil.example; dkim=none`), FROM])).toBe('none')
      }),
    )
  })

  test('a stranger who adds fields below ours gains nothing', () => {
    fc.assert(
      fc.property(fc.array(header, { maxLength: 8 }), added => {
        const fields = added.filter(one => one.name !== 'from')
        const mine = ours('spf=fail smtp.mailfrom=evil.example; dkim=none; dmarc=none header.from=x.org; arc=none')
        expect(proof([RECEIVED, mine, ...fields, FROM])).not.toBe('pass')
      }),
    )
  })

  // With anything worse than linear work these would not end.
  test.each(['(', '"', '\\', 'a=', 'a =', '=', ' ', ';', '/1', '<', 'a;(b)', '" ', 'x.org@'])(
    'a million times %j',
    unit => {
      const long = unit.repeat(65_000 / unit.length)
      for (const text of [`mx.example.org; ${long}`, long, `mx.example.org; spf=pass smtp.mailfrom=${long}`]) {
        expect(proof([ar(text), FROM])).not.toBe('pass')
        expect(senderProof([ar(text), { name: 'from', value: long }], { name: '', address: long }, TRUST).level).toBe(
          'none',
        )
      }
    },
  )
})
