import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { htmlToText } from '../../src/mail/html-text.ts'
import { extractNewText } from '../../src/mail/new-text.ts'
import { ANSWERS, type Language } from '../fixtures/new-text/programs.ts'

type Case = {
  readonly name: string
  readonly text?: readonly string[]
  readonly html?: string
  readonly want: readonly string[]
}

const read = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/new-text/${file}`, import.meta.url), 'utf8'))
const LANGUAGES = read('languages.json') as Record<string, Language>
const CASES = read('cases.json') as Record<string, readonly Case[]>

const fromText = (text: string): string => extractNewText({ text, hasPlainText: true, sourceHtml: null }).newText
const fromHtml = (html: string): string =>
  extractNewText({ text: htmlToText(html), hasPlainText: false, sourceHtml: html }).newText
const words = (text: string): string => text.replace(/\s+/g, ' ').trim()

describe.each(Object.entries(LANGUAGES))('an answer in %s', (_, language) => {
  test.each(Object.entries(ANSWERS))('%s', (_name, make) => {
    const { text, html } = make(language)
    expect(words(html === null ? fromText(text) : fromHtml(html))).toBe(words(language.reply.join('\n')))
  })

  test('line ends do not matter', () => {
    for (const make of Object.values(ANSWERS)) {
      const { text } = make(language)
      expect(fromText(text.replaceAll('\n', '\r\n'))).toBe(fromText(text))
    }
  })
})

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  test.each(cases)('$name', ({ text, html, want }) => {
    expect(html === undefined ? fromText((text ?? []).join('\n')) : fromHtml(html)).toBe(want.join('\n'))
  })
})

describe('attributions of programs in other languages and forms', () => {
  const { attributions, bars, ...others } = read('attributions.json') as Record<string, string[]>
  const above = (line: string, mark = ''): string =>
    `Hello there.\n\n${line}\n${mark ? '' : '\n'}${mark}old words\n${mark}more`

  test.each([...(attributions ?? []), ...(bars ?? [])])('%s', line => {
    expect(fromText(above(line))).toBe('Hello there.')
    expect(fromText(above(line, '> '))).toBe('Hello there.')
  })

  test.each(attributions ?? [])('wrapped: %s', line => {
    const middle = line.lastIndexOf(' ', line.length / 2)
    if (line.includes('@'))
      expect(fromText(above(`${line.slice(0, middle)}\n${line.slice(middle + 1)}`, '> '))).toBe('Hello there.')
  })

  test.each(others['above quoted lines only'] ?? [])('above quoted lines: %s', line => {
    expect(fromText(above(line, '> '))).toBe('Hello there.')
  })
})

describe('sentences that look like what programs write', () => {
  const { sentences = [], ...others } = read('sentences.json') as Record<string, string[]>

  test.each(sentences)('%s', line => {
    const text = `Hello.\n\n${line}\n\nReplace the fuser unit.\n\nUse the other printer until Monday.`
    expect(fromText(text)).toBe(text)
  })

  test.each(others['above what is quoted, too'] ?? [])('above what is quoted: %s', line => {
    const text = `Hello.\n\n${line}\n\n> Replace the fuser unit.\n\nUse the other printer until Monday.`
    expect(fromText(text)).toBe(text)
  })

  test.each(others['blocks'] ?? [])('%s', block => {
    const text = `Hello,\n\nplease see to it.\n\n${block}\n\nThank you, it is urgent.`
    expect(fromText(text)).toBe(text)
  })

  test.each(others['last paragraphs'] ?? [])('below all: %s', line => {
    expect(fromText(`Hello,\n\n${line}`)).toBe(`Hello,\n\n${line}`)
  })

  test.each(others['first lines'] ?? [])('above all: %s', line => {
    expect(fromText(`${line}\nIt began on Monday.`)).toBe(`${line}\nIt began on Monday.`)
  })

  test.each(others['disclaimers'] ?? [])('a disclaimer: %s', line => {
    expect(fromText(`It prints.\n\n${line}`)).toBe('It prints.')
  })

  test.each(others['banners'] ?? [])('a banner: %s', line => {
    expect(fromText(`${line}\n\nIt prints.`)).toBe('It prints.')
  })

  test('what a person introduces stays with what they say below', () => {
    const header = 'From: Bank <x@bank.example>\nSent: Monday, March 9, 2026 11:40 AM\nTo: Ada\nSubject: Your account'
    const shown = `Hello,\n\nI got this strange mail:\n\n${header}\n\nClick here!\n\nIs it safe?`
    expect(fromText(shown)).toBe(shown)
    const answered =
      'As you said:\n\nOn Mon, Mar 2, 2026 at 10:15 AM Jef <jef@example.org> wrote:\n\nIt is done.\n\nIt is not.'
    expect(fromText(answered)).toBe(answered)
  })

  test('what a company sets below a parting introduces nothing', () => {
    const header = 'From: Jef <jef@example.org>\nSent: Monday, March 9, 2026 11:40 AM\nTo: Ada\nSubject: Printer'
    const own = 'It smokes.\n\nKind regards\nAda\n\nFollow us on:'
    expect(fromText(`${own}\n\n${header}\n\nDoes it?`)).toBe(own)
  })

  test('a bar is written by programs alone, whatever stands above', () => {
    const text = 'See to it:\n\n-----Original Message-----\nFrom: Jef <jef@example.org>\nSubject: Printer\n\nIt smokes.'
    expect(fromText(text)).toBe('See to it:')
  })
})

describe('whose words the new text holds', () => {
  const isBelow = (text: string) => extractNewText({ text, hasPlainText: true, sourceHtml: null }).isBelow
  const header = 'From: IT <it@example.org>\nSent: Monday, March 9, 2026 11:40 AM\nTo: Ada\nSubject: Printer'

  test.each([
    ['nothing above a header', `\n\n${header}\n\nPlease come.`, true],
    ['an advertisement above it', `Get Outlook for iOS<https://aka.ms/x>\n${header}\n\nPlease come.`, true],
    ['a signature above it', `-- \nAna Pop\n\n${header}\n\nPlease come.`, true],
    ['a bare forward', `---------- Forwarded message ---------\n${header}\n\nPlease come.`, true],
    ['an attribution without marks', 'On 02/03/2026 10:15, Jef wrote:\n\nPlease come.\n\nI do.', true],
    ['an answer above', `I come.\n\n${header}\n\nPlease come.`, false],
    ['an answer below marks', 'On 02/03/2026 10:15, Jef wrote:\n> Please come.\n\nI do.', false],
    ['no old mail', 'Please come.', false],
  ])('%s', (_, text, below) => expect(isBelow(text)).toBe(below))

  test('HTML of Outlook whose header has no words that we know', () => {
    const html =
      '<div><br></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg"><b>Lähtti:</b> IT<br><b>Mikor:</b> 2</div><div>Please come.</div>'
    expect(extractNewText({ text: htmlToText(html), hasPlainText: false, sourceHtml: html }).isBelow).toBe(true)
  })
})

describe('what a person wrote right above the attribution stays', () => {
  const lines = [
    'Call me on 0475 12 34 56',
    'It began on 3 March 2026 at 9:00',
    'Room 12',
    'ada@example.org',
    'Am 5. März 2026 um 9:00 Uhr',
    '2026-03-03 09:00 it began',
    'Ada Lund <ada@example.org>',
    'Le 3 mars 2026',
    'see 1.2.2026 10:00',
    'Tel. 02/555.01.23',
    '12:30',
    'the error was:',
    'On Monday 2 March',
  ]
  test.each(lines)('%s', own => {
    for (const { gmail, apple, thunderbird } of Object.values(LANGUAGES)) {
      for (const line of [
        gmail,
        apple,
        thunderbird,
        gmail.replace(' Helpdesk', '\nHelpdesk'),
        gmail.replace('help@', '\nhelp@'),
      ]) {
        expect(fromText(`Hello.\n\n${own}\n${line}\n\n> old`)).toBe(`Hello.\n\n${own}`)
        expect(fromText(`Hello.\n\n${own}\n${line}\n\nold`)).toBe(`Hello.\n\n${own}`)
      }
    }
  })

  test.each([...lines, 'Best Regards'])('%s, above a name', own => {
    const line = 'Jane Doe via IT Help wrote on 11/23/26 9:00 AM:'
    expect(fromText(`Hello.\n\n${own}\n${line}\n> old`)).toBe(`Hello.\n\n${own}`)
  })
})

describe('signatures of devices and programs', () => {
  const { programs = [], people = [] } = read('signatures.json') as Record<string, string[]>
  test.each(programs)('%s', line => expect(fromText(`It prints.\n\n${line}`)).toBe('It prints.'))
  test.each(people)('a person says: %s', line =>
    expect(fromText(`It prints.\n\n${line}`)).toBe(`It prints.\n\n${line}`),
  )
})

describe('a mail in plain text and in HTML', () => {
  const html =
    '<div>It prints.</div><div id="divRplyFwdMsg"><b>Lähtti:</b> Support<br><b>Mikor:</b> 2</div><div>Does it?</div>'

  test('plain text that says where the old mail begins is enough', () => {
    const text = 'It prints, really.\n\nOn 02/03/2026 10:15, Support wrote:\n> Does it?'
    expect(extractNewText({ text, hasPlainText: true, sourceHtml: html }).newText).toBe('It prints, really.')
  })

  test('otherwise the structure of the HTML is asked', () => {
    const text = 'It prints.\n\nLähtti: Support\nMikor: 2\n\nDoes it?'
    expect(extractNewText({ text, hasPlainText: true, sourceHtml: html }).newText).toBe('It prints.')
  })

  test('HTML without structure tells nothing more', () => {
    const text = 'It prints.\n\nDoes yours?'
    const sourceHtml = '<p>It prints.</p><p>Does yours?</p>'
    expect(extractNewText({ text, hasPlainText: true, sourceHtml }).newText).toBe(text)
  })

  test('plain text that is empty', () => {
    const sourceHtml = '<p>It prints.</p>'
    expect(extractNewText({ text: ' \n', hasPlainText: false, sourceHtml }).newText).toBe('It prints.')
  })
})

// Words of which no line can be made that means anything to a program.
const word = fc.constantFrom(
  'printer',
  'Montag',
  'l’écran',
  'schijf',
  'wrote',
  'schrieb',
  'From',
  '2026-03-02',
  '10:15',
  'jane@example.org',
  'drukarka',
  '今日',
  'iPhone',
  '*',
  'From',
)
const sentence = fc.array(word, { minLength: 3, maxLength: 9 }).map(list => `Then ${list.join(' ')}.`)
const paragraph = fc.array(sentence, { minLength: 1, maxLength: 4 }).map(list => list.join('\n'))
const quote = fc.array(sentence, { minLength: 1, maxLength: 4 }).map(list => list.map(line => `> ${line}`).join('\n'))

describe('properties', () => {
  test('what a person writes around marked quotes is never lost', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(paragraph, quote), { minLength: 1, maxLength: 8 }), parts => {
        const got = fromText(parts.join('\n\n')).split('\n')
        for (const line of parts.join('\n').split('\n')) if (!line.startsWith('>')) expect(got).toContain(line)
      }),
      { numRuns: 500 },
    )
  })

  test('nor in HTML', () => {
    const block = fc.oneof(
      sentence.map(text => ({ own: text, html: `<p>${text}</p>` })),
      sentence.map(text => ({ own: text, html: `<div>${text}<br></div>` })),
      sentence.map(text => ({ own: '', html: `<blockquote type="cite">${text}</blockquote>` })),
      sentence.map(text => ({ own: '', html: `<div class="gmail_quote"><div>${text}</div></div>` })),
    )
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 8 }), blocks => {
        const got = fromHtml(blocks.map(one => one.html).join('')).split('\n')
        for (const { own } of blocks) if (own) expect(got).toContain(own)
      }),
      { numRuns: 500 },
    )
  })

  test('every line of the answer stood in the mail', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            paragraph,
            quote,
            fc.string(),
            fc.constantFrom(
              '-- ',
              '--',
              '____',
              'Sent from my iPhone',
              'On 2 March 2026 at 10:15 Jef <jef@example.org> wrote:',
              'From: a@b',
              'Date: 2026-03-02',
              '-----Original Message-----',
            ),
          ),
          { maxLength: 30 },
        ),
        parts => {
          const text = parts.join('\n').replace(/\r\n?/g, '\n')
          const lines = new Set(text.split('\n').map(line => line.trim()))
          for (const line of fromText(text).split('\n'))
            expect(line === '' || [...lines].some(one => one.includes(line.trim()))).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('whatever the mail, there is an answer without control characters of ours', () => {
    const alphabet = fc.constantFrom(
      ...'<>/= "\'!-&;:>|@\n\r\t \u00a0\u200b\u202eab09',
      '<div class="gmail_quote">',
      '<blockquote type="cite">',
      '</blockquote>',
      '</div>',
      '<td>',
      '<p>',
      '<br>',
      '<pre>',
      '<hr>',
      'wrote:',
      'From: a@b\n',
    )
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 200 }), pieces => {
        const source = pieces.join('')
        expect(typeof fromText(source)).toBe('string')
        expect(typeof fromHtml(source)).toBe('string')
      }),
      { numRuns: 1000 },
    )
  })

  test('fixtures with a few characters changed', () => {
    const samples = Object.values(LANGUAGES).flatMap(language => Object.values(ANSWERS).map(make => make(language)))
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.string({ maxLength: 3 })), { maxLength: 8 }),
        ({ text, html }, changes) => {
          let source = html ?? text
          for (const [at, put] of changes)
            source = source.slice(0, at % (source.length + 1)) + put + source.slice((at % (source.length + 1)) + 1)
          expect(typeof (html === null ? fromText(source) : fromHtml(source))).toBe('string')
        },
      ),
      { numRuns: 1000 },
    )
  })
})

// Inputs that made other readers of mail take seconds or hours: with anything worse than linear work these would not end.
const LARGE: Readonly<Record<string, () => string>> = {
  'line breaks': () => '\n'.repeat(300_000),
  'On On On': () => 'On '.repeat(300_000),
  'On, a line each': () => 'On\n'.repeat(200_000),
  '> > >': () => '> '.repeat(300_000),
  'answers and quotes in turn': () => '> a\nb\n'.repeat(100_000),
  attributions: () => 'x\nOn 1.1.2026 10:10 a@b wrote:\n> q\n'.repeat(20_000),
  'attributions without quotes': () => '1@a wrote:\n'.repeat(60_000),
  colons: () => 'a:\n'.repeat(300_000),
  'header fields': () => 'From: \nTo: \n'.repeat(50_000),
  recipients: () => `From: a@b\nTo: ${'x@y; \n'.repeat(100_000)}`,
  strokes: () => '-'.repeat(600_000),
  bars: () => '---------- Forwarded message ---------\n'.repeat(30_000),
  phones: () => 'Sent from my iPhone\n'.repeat(60_000),
  blanks: () => `${' '.repeat(1_000_000)}x`,
  'open brackets': () => '<mailto:'.repeat(100_000),
  'closing brackets': () => 'a <b\n> wrote:\n'.repeat(40_000),
  'one word': () => 'a'.repeat(1_000_000),
}

const LARGE_HTML: Readonly<Record<string, () => string>> = {
  'nested elements': () => `${'<div>'.repeat(200_000)}x`,
  'nested quotes': () => `${'<blockquote type="cite">'.repeat(50_000)}x${'</blockquote>'.repeat(50_000)}`,
  'nested frames of Gmail': () => '<div class="gmail_quote">'.repeat(30_000),
  'frames of Gmail in a row': () => '<div class="gmail_quote"><br></div>'.repeat(30_000),
  'marks of Outlook': () => '<div id="appendonsend"></div>'.repeat(30_000),
  'rules with borders': () => '<div style="border-top:solid #E1E1E1 1.0pt">a:<br>'.repeat(20_000),
  'blockquotes in a row': () => 'x<blockquote>On 1.1.2026 10:10 a@b wrote:</blockquote>'.repeat(10_000),
  'end tags of others': () => '<b>'.repeat(100_000) + '</i>'.repeat(100_000) + '</b>'.repeat(100_000),
  cells: () => '<table><tr><td>'.repeat(30_000),
}

describe('linear in the size of the mail', () => {
  test.each(Object.entries(LARGE))('%s', (_, make) => {
    expect(typeof fromText(make())).toBe('string')
  })

  test.each(Object.entries(LARGE_HTML))('HTML: %s', (_, make) => {
    expect(typeof fromHtml(make())).toBe('string')
  })
})
