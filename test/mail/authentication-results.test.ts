import { describe, expect, test } from 'vitest'
import { type MxTrust, readAuthenticationResults, senderProof } from '../../src/mail/authentication-results.ts'
import type { Header } from '../../src/mail/message.ts'
import { ar, FROM, ours, proof, RECEIVED, TRUST } from '../support/sender-proof.ts'

const plain = (value: string): unknown => {
  const read = readAuthenticationResults(value)
  return (
    read && [
      read.servId,
      ...read.results.map(({ method, result, properties }) =>
        [`${method}=${result}`, ...[...properties].map(([name, text]) => `${name}=${text}`)].join(' '),
      ),
    ]
  )
}

describe('fields', () => {
  test('of more than 64 KB are not read', () => {
    expect(readAuthenticationResults(`a.b; spf=pass ${' '.repeat(66_000)}`)).toBeNull()
  })

  test.each([
    ['mx.example.org; none', ['mx.example.org']],
    ['mx.example.org 1; none', ['mx.example.org']],
    ['MX.Example.ORG (our own) 1 ; SPF=Pass SMTP.MailFrom=X.org', ['mx.example.org', 'spf=pass smtp.mailfrom=x.org']],
    [
      'mx.google.com; dkim=pass header.i=@x.org header.s=s1 header.b=Ab+/c=; spf=pass (google.com: domain of a@x.org designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@x.org; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=x.org',
      [
        'mx.google.com',
        'dkim=pass header.i=@x.org header.s=s1 header.b=ab+/c=',
        'spf=pass smtp.mailfrom=a@x.org',
        'dmarc=pass header.from=x.org',
      ],
    ],
    [
      'spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x.org; dkim=pass (signature was verified) header.d=x.org;dmarc=pass action=none header.from=x.org;compauth=pass reason=100',
      [
        '',
        'spf=pass smtp.mailfrom=x.org',
        'dkim=pass header.d=x.org',
        'dmarc=pass action=none header.from=x.org',
        'compauth=pass reason=100',
      ],
    ],
    [
      'a.b; dkim/1=pass reason="good; (really)" header.d=x.org',
      ['a.b', 'dkim=pass reason="good; (really)" header.d=x.org'],
    ],
    ['a.b; dkim (c) / 1 = (c) pass (c) header.d = x.org', ['a.b', 'dkim=pass header.d=x.org']],
    ['a.b; dmarc=pass(p=REJECT) header.from=x.org', ['a.b', 'dmarc=pass header.from=x.org']],
    ['a.b; dkim="pass" header.d="x.org"', ['a.b', 'dkim=pass header.d="x.org"']],
    ['"a.b"; spf=pass', ['a.b', 'spf=pass']],
    ['a.b; spf=pass (nested (once (twice)) \\) more) smtp.mailfrom=x.org', ['a.b', 'spf=pass smtp.mailfrom=x.org']],
    ['a.b; spf=pass smtp.mailfrom=prvs=12ab=a@x.org', ['a.b', 'spf=pass smtp.mailfrom=prvs=12ab=a@x.org']],
    ['a.b; spf=pass smtp.mailfrom="a;dmarc=pass b"@x.org', ['a.b', 'spf=pass smtp.mailfrom="a;dmarc=pass b"@x.org']],
    ['a.b; header.d=1 spf=pass spf=fail header.d=2 header.d=3', ['a.b', 'header.d=1 spf=pass header.d=2']],
    ['a.b; words only; spf=pass stray words smtp.helo=c.d;;', ['a.b', 'spf=pass smtp.helo=c.d']],
    ['a.b;', ['a.b']],
    ['', ['']],
    ['a.b; spf=pass (never ends', null],
    ['a.b; spf=pass reason="never ends', null],
  ])('%j', (value, expected) => {
    expect(plain(value)).toEqual(expected)
  })
})

const MICROSOFT: MxTrust = { servIds: new Set(['']), sealers: new Set() }

describe('one field of our server', () => {
  test.each([
    ['dmarc=pass (p=none dis=none) header.from=x.org', 'pass'],
    ['dmarc=pass header.from=X.ORG.', 'pass'],
    ['dmarc=pass', 'none'],
    ['dmarc=pass header.from=y.org', 'none'],
    ['dmarc=fail (p=reject) header.from=x.org', 'fail'],
    ['dmarc=fail header.from=x.org; dkim=pass header.d=x.org', 'fail'],
    ['dmarc=pass header.from=x.org; dmarc=fail header.from=x.org', 'fail'],
    ['dmarc=none header.from=x.org; dmarc=pass header.from=x.org', 'none'],
    ['dmarc=none header.from=x.org', 'none'],
    ['dmarc=bestguesspass action=none header.from=x.org', 'none'],
    ['dmarc=temperror header.from=x.org; dkim=pass header.d=x.org', 'pass'],
    ['dkim=pass header.d=x.org', 'pass'],
    ['dkim=pass (2048-bit key; unprotected) header.d=x.org header.i=@x.org header.a=rsa-sha256 header.s=s', 'pass'],
    ['dkim=pass header.i=@x.org header.s=s', 'pass'],
    ['dkim=pass header.i=jane@x.org', 'pass'],
    ['dkim=pass header.i=@y.org header.d=x.org', 'pass'],
    ['dkim=pass header.d=mail.x.org', 'pass'],
    ['dkim=pass header.d=y.org', 'none'],
    ['dkim=pass header.d=notx.org', 'none'],
    ['dkim=pass header.d=org', 'none'],
    ['dkim=pass header.d=x.org.evil.example', 'none'],
    ['dkim=pass', 'none'],
    ['dkim=fail header.d=x.org', 'none'],
    ['dkim=none', 'none'],
    ['dkim=fail header.d=x.org; dkim=pass header.d=esp.example; dkim=pass header.d=x.org', 'pass'],
    ['spf=pass smtp.mailfrom=x.org', 'pass'],
    ['spf=pass smtp.mailfrom=bounce+1=z@bounce.x.org', 'pass'],
    ['spf=pass smtp.mailfrom="a b"@x.org', 'pass'],
    ['spf=pass smtp.mailfrom=<jane@x.org>', 'pass'],
    ['spf=pass smtp.mail=jane@x.org', 'pass'],
    ['spf=pass smtp.helo=x.org', 'none'],
    ['spf=pass smtp.mailfrom=""', 'none'],
    ['spf=pass smtp.mailfrom=esp.example', 'none'],
    ['spf=softfail smtp.mailfrom=x.org', 'none'],
    ['spf=fail smtp.mailfrom=x.org; dkim=pass header.d=x.org', 'pass'],
    ['auth=pass smtp.auth=jane@x.org', 'none'],
    ['iprev=pass policy.iprev=192.0.2.1; x-tls=pass', 'none'],
    ['none', 'none'],
  ])('%s → %s', (results, level) => {
    expect(proof([ours(results)])).toBe(level)
  })

  // What a sender can choose: mailbox names and domains of the envelope, the signature and From.
  test.each([
    ['spf=pass smtp.mailfrom="x;dmarc=pass header.from=x.org;"@evil.example'],
    ['spf=pass smtp.mailfrom="@x.org"@evil.example'],
    ['spf=pass smtp.mailfrom=a@evil.example@x.org'],
    ['spf=pass smtp.mailfrom=evil.example(.x.org'],
    ['spf=pass smtp.mailfrom=x.org(.evil.example)'],
    ['spf=pass smtp.mailfrom=x.org(.).evil.example'],
    ['spf=pass smtp.mailfrom=x.org"'],
    ['spf=pass smtp.mailfrom=""@x.org"@evil.example"'],
    ['spf=pass smtp.mailfrom=x.org;evil.example; dmarc=fail header.from=x.org'],
    ['dkim=pass header.d=x.org\\.evil.example'],
    ['dkim=pass header.d="x.org\\"@evil.example"'],
    ['dkim=pass header.d=evil.example header.d=x.org'],
    ['dkim=pass reason="header.d=x.org" header.d=evil.example'],
    ['dkim=pass (header.d=x.org) header.d=evil.example'],
    ['spf=fail (domain of "dmarc=pass header.from=x.org"@evil.example) smtp.mailfrom=evil.example'],
  ])('%s proves nothing', results => {
    expect(proof([ours(results)])).not.toBe('pass')
  })
})

describe('servers as they write', () => {
  const google = (results: string): Header => ar(`mx.google.com; ${results}`)
  const GOOGLE: MxTrust = { servIds: new Set(['mx.google.com']), sealers: new Set() }
  test.each<[string, MxTrust, Header[], string]>([
    [
      'Gmail, its results below its Received',
      GOOGLE,
      [
        RECEIVED,
        { name: 'arc-authentication-results', value: 'i=1; mx.google.com; dkim=pass header.i=@x.org' },
        RECEIVED,
        google(
          'dkim=pass header.i=@x.org header.s=s; spf=pass (ok) smtp.mailfrom=a@x.org; dmarc=pass (p=NONE) header.from=x.org',
        ),
        FROM,
      ],
      'pass',
    ],
    [
      'Exchange Online, no id, its results above its Received',
      MICROSOFT,
      [
        RECEIVED,
        RECEIVED,
        ar(
          'spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x.org; dkim=none (message not signed) header.d=none;dmarc=pass action=none header.from=x.org;compauth=pass reason=100',
        ),
        RECEIVED,
        FROM,
      ],
      'pass',
    ],
    [
      'Exchange Online, not trusted without an id',
      TRUST,
      [ar('spf=pass smtp.mailfrom=x.org;dmarc=pass action=none header.from=x.org'), FROM],
      'none',
    ],
    ['an id where none is expected', MICROSOFT, [ar('evil.example (a;b); dmarc=pass header.from=x.org'), FROM], 'none'],
    [
      'OpenDMARC, OpenDKIM and policyd-spf, a field each',
      TRUST,
      [
        RECEIVED,
        ours('dmarc=none (p=none dis=none) header.from=x.org'),
        ours('dkim=pass (2048-bit key; secure) header.d=x.org header.i=@x.org header.b="Ab12"; dkim-atps=neutral'),
        ours(
          'spf=pass (mailfrom) smtp.mailfrom=bounce.esp.example (client-ip=192.0.2.1; helo=a.b; receiver=<unknown>)',
        ),
        FROM,
      ],
      'pass',
    ],
    [
      'rspamd',
      TRUST,
      [
        ours(
          'dkim=pass header.d=x.org header.s=s header.b=abc; spf=pass (mx.example.org: domain of a@x.org designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@x.org; dmarc=pass (policy=quarantine) header.from=x.org',
        ),
        RECEIVED,
        FROM,
      ],
      'pass',
    ],
    [
      'another server before ours',
      TRUST,
      [ar('gateway.example; dmarc=pass header.from=x.org'), ours('dmarc=fail header.from=x.org'), FROM],
      'fail',
    ],
  ])('%s', (_name, trust, headers, level) => {
    expect(proof(headers, trust)).toBe(level)
  })
})

describe('forged results', () => {
  const forged = ours('dmarc=pass header.from=x.org; dkim=pass header.d=x.org; spf=pass smtp.mailfrom=x.org')
  test.each<[string, Header[]]>([
    ['under another id', [ar('mx.evil.example; dmarc=pass header.from=x.org')]],
    ['under a longer id', [ar('mx.example.org.evil.example; dmarc=pass header.from=x.org')]],
    ['without an id', [ar('dmarc=pass header.from=x.org')]],
    ['with our id in a comment', [ar('(mx.example.org;) evil.example; dmarc=pass header.from=x.org')]],
    ['in another field', [{ name: 'x-authentication-results', value: forged.value }]],
    [
      'below what our server found',
      [RECEIVED, ours('spf=none smtp.mailfrom=evil.example; dkim=none; dmarc=fail header.from=x.org'), forged],
    ],
    ['below, where there is no DMARC record', [ours('spf=none; dkim=none; dmarc=none header.from=x.org'), forged]],
    [
      'below the results of several fields',
      [ours('dmarc=none header.from=x.org'), ours('dkim=none'), ours('spf=none'), forged],
    ],
    ['below the Received of our server', [ours('spf=none smtp.mailfrom=evil.example'), RECEIVED, forged]],
    ['below a field of ours that cannot be read', [ours('spf=pass (domain of (@evil.example'), forged]],
    ['with two From fields', [FROM, { name: 'from', value: 'eve@evil.example' }, forged]],
    ['with two people in From', [{ name: 'from', value: 'jane@x.org, eve@evil.example' }, forged]],
    ['with two people in brackets', [{ name: 'from', value: 'Jane <jane@x.org>, Eve <eve@evil.example>' }, forged]],
    ['for the other of two people', [{ name: 'from', value: 'Eve <eve@evil.example>' }, forged]],
    ['with From in brackets twice', [{ name: 'from', value: '<eve@evil.example> <jane@x.org>' }, forged]],
  ])('%s prove nothing', (_name, headers) => {
    expect(proof(headers)).not.toBe('pass')
  })

  test('a server that checks nothing at all must remove them itself', () => {
    expect(proof([RECEIVED, forged])).toBe('pass')
  })
})

test.each([
  ['', 'none'],
  ['jane', 'none'],
  ['jane@', 'none'],
  ['jane@localhost', 'none'],
  ['jane@[192.0.2.1]', 'none'],
  ['jane@x.org', 'pass'],
  ['Jane@x.org', 'pass'],
  ['"jane doe"@x.org', 'none'],
  ['jane@it.x.org', 'pass'],
])('the sender %j', (address, level) => {
  expect(proof([ours('dkim=pass header.d=x.org')], TRUST, address)).toBe(level)
})

test('domains beyond ASCII are compared as servers write them', () => {
  expect(proof([ours('dmarc=pass header.from=xn--bcher-kva.example')], TRUST, 'jane@bücher.example')).toBe('pass')
  expect(proof([ours('dmarc=pass header.from=bucher.example')], TRUST, 'jane@bücher.example')).toBe('none')
})

test('nobody sends: no From at all', () => {
  expect(senderProof([ours('dmarc=pass header.from=x.org')], null, TRUST).level).toBe('none')
})

test('the evidence is told', () => {
  const why = (results: string): string =>
    senderProof([ours(results), FROM], { name: '', address: 'jane@x.org' }, TRUST).why
  expect(why('dmarc=pass header.from=x.org')).toBe('dmarc=pass header.from=x.org')
  expect(why('dkim=pass header.d=mail.x.org')).toBe('dkim=pass header.d=mail.x.org for x.org')
  expect(why('dkim=fail header.d=x.org; spf=softfail')).toBe('nothing passed for x.org: dkim=fail spf=softfail')
  expect(why('spf=fail; '.repeat(500)).length).toBeLessThanOrEqual(300)
})

describe('behind forwarders (ARC)', () => {
  const seal = (i: number, d: string): Header => ({
    name: 'arc-seal',
    value: `i=${i}; a=rsa-sha256; t=1; cv=${i === 1 ? 'none' : 'pass'}; d=${d}; s=s; b=Ab=`,
  })
  const saw = (i: number, results: string): Header => ({
    name: 'arc-authentication-results',
    value: `i=${i}; mx.list.example; ${results}`,
  })
  const broken = ours(
    'dkim=fail header.d=x.org; spf=pass smtp.mailfrom=list.example; dmarc=fail header.from=x.org; arc=pass (i=1)',
  )
  const LIST: MxTrust = { servIds: TRUST.servIds, sealers: new Set(['list.example', 'relay.example']) }
  const good = saw(1, 'dmarc=pass header.from=x.org')
  test.each<[string, MxTrust, Header[], string]>([
    ['one we believe', LIST, [broken, seal(1, 'list.example'), good], 'pass'],
    ['one we do not believe', TRUST, [broken, seal(1, 'list.example'), good], 'fail'],
    [
      'two we believe',
      LIST,
      [broken, seal(2, 'relay.example'), saw(2, 'arc=pass'), seal(1, 'list.example'), good],
      'pass',
    ],
    [
      'one of two we believe',
      LIST,
      [broken, seal(2, 'relay.example'), saw(2, 'arc=pass'), seal(1, 'evil.example'), good],
      'fail',
    ],
    ['who saw no proof', LIST, [broken, seal(1, 'list.example'), saw(1, 'dmarc=fail header.from=x.org')], 'fail'],
    ['who saw another sender', LIST, [broken, seal(1, 'list.example'), saw(1, 'dmarc=pass header.from=y.org')], 'fail'],
    ['a chain our server found broken', LIST, [ours('arc=fail; dmarc=fail'), seal(1, 'list.example'), good], 'fail'],
    ['a chain our server did not look at', LIST, [ours('dmarc=none'), seal(1, 'list.example'), good], 'none'],
    ['two results of one', LIST, [broken, seal(1, 'list.example'), good, good], 'fail'],
    ['two seals of one', LIST, [broken, seal(1, 'list.example'), seal(1, 'list.example'), good, good], 'fail'],
    [
      'a chain that begins later',
      LIST,
      [broken, seal(2, 'list.example'), saw(2, 'dmarc=pass header.from=x.org')],
      'fail',
    ],
    ['no chain', LIST, [broken], 'fail'],
    [
      'our own seal above',
      LIST,
      [seal(2, 'us.example'), saw(2, 'arc=pass'), broken, seal(1, 'list.example'), good],
      'pass',
    ],
  ])('%s', (_name, trust, headers, level) => {
    expect(proof(headers, trust)).toBe(level)
  })
})
