import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AcknowledgementInput, renderAcknowledgement } from '../../src/desk/acknowledgement.ts'
import type { Calendar } from '../../src/desk/calendar.ts'
import { compileTemplates, templateLanguages } from '../../src/desk/template.ts'
import { DeskError } from '../../src/errors.ts'
import { shippedTemplates } from '../support/templates.ts'

const { set } = compileTemplates(shippedTemplates())
const LANGUAGES = ['de', 'en', 'es', 'fr', 'nl', 'ro']

const OFFICE = [
  { from: '08:00', to: '12:00' },
  { from: '13:00', to: '17:00' },
]

function calendar(changes: Partial<Calendar> = {}): Calendar {
  return {
    name: 'office',
    timeZone: 'Europe/Bucharest',
    week: { mon: OFFICE, tue: OFFICE, wed: OFFICE, thu: OFFICE, fri: OFFICE, sat: [], sun: [] },
    holidays: { country: null, region: null, days: [], except: [] },
    onCall: { name: 'Mihai Ionescu', phone: '+40 21 555 01 10', address: 'oncall@example.org' },
    ...changes,
  }
}

/** Monday 23 November 2026, 10:00 in Bucharest; an ordinary request of Ana Pop. */
function input(
  changes: Partial<Omit<AcknowledgementInput, 'ticket'>> & { ticket?: Partial<AcknowledgementInput['ticket']> } = {},
): AcknowledgementInput {
  const { ticket, ...others } = changes
  return {
    ticket: {
      id: 1042,
      subject: 'RE: Printer on the 2nd floor [#77]',
      priority: 'normal',
      category: 'printers',
      categoryName: 'Printers',
      ...ticket,
    },
    requesterName: 'Pop, Ana',
    language: 'en',
    mailbox: { displayName: 'IT Help', address: 'it@example.org' },
    calendar: calendar(),
    now: '2026-11-23T08:00:00.000Z',
    firstResponseDue: '2026-11-23T14:30:00.000Z',
    resolutionDue: '2026-11-30T12:00:00.000Z',
    repeatTheirWords: true,
    ...others,
  }
}

const render = (changes?: Parameters<typeof input>[0]) => renderAcknowledgement(set, input(changes))

const WORDS: Record<string, { category: string; holiday: string }> = {
  de: { category: 'Drucker', holiday: '1. Weihnachtstag' },
  en: { category: 'Printers', holiday: 'Christmas Day' },
  es: { category: 'Impresoras', holiday: 'Navidad' },
  fr: { category: 'Imprimantes', holiday: 'Noël' },
  nl: { category: 'Printers', holiday: 'Eerste kerstdag' },
  ro: { category: 'Imprimante', holiday: 'Crăciunul' },
}

const SITUATIONS: Record<string, (language: string) => Parameters<typeof input>[0]> = {
  'open, ordinary': language => ({ language, ticket: { categoryName: WORDS[language]!.category } }),
  'closed on a holiday, urgent': language => ({
    language,
    ticket: { priority: 'urgent', categoryName: WORDS[language]!.category },
    calendar: calendar({
      holidays: { country: null, region: null, days: [{ date: '12-25', name: WORDS[language]!.holiday }], except: [] },
    }),
    now: '2026-12-25T08:00:00.000Z', // a Friday
    firstResponseDue: '2026-12-28T06:30:00.000Z',
    resolutionDue: '2027-01-04T10:00:00.000Z',
  }),
  'none of their words': language => ({
    language,
    ticket: {
      subject: 'Your account is locked: http://evil.example/login',
      priority: 'high',
      category: null,
      categoryName: null,
    },
    requesterName: 'Click Here',
    repeatTheirWords: false,
    firstResponseDue: '2026-11-24T08:00:00.000Z',
    resolutionDue: '2026-11-24T08:00:00.000Z',
  }),
}

/** What a reader of the HTML sees, as plain words. */
function visible(html: string | null): string {
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&#34;': '"', '&#39;': "'" }
  return words(
    (html ?? '')
      .replace(/^.*<body[^>]*>/s, '')
      .replace(/<[^>]+>/g, match => (/^<\/?strong/.test(match) ? '' : ' '))
      .replace(/&[^;]+;/g, found => entities[found] ?? found),
  )
}

const words = (text: string) => text.replace(/\s+/g, ' ').trim()

describe('as people read them', () => {
  test('there is one in each of the six languages', () => {
    expect(templateLanguages(set, 'acknowledgement')).toEqual(LANGUAGES)
  })

  for (const [situation, changes] of Object.entries(SITUATIONS)) {
    test.each(LANGUAGES)(`${situation}: %s`, async language => {
      const { subject, text, html, language: told } = render(changes(language))
      expect(told).toBe(language)
      expect(html).toMatch(new RegExp(`^<!doctype html>\n<html lang="${language}">`))
      expect(visible(html)).toBe(words(text))
      for (const line of text.split('\n')) expect(line).toMatch(/^(?!\s).{0,76}(?<!\s)$|^$/u)
      const file = `__snapshots__/acknowledgement/${language} ${situation.replace(',', '')}.txt`
      await expect(`Subject: ${subject}\n\n${text}\n~~~ html\n${html}`).toMatchFileSnapshot(file)
    })
  }
})

describe('what it tells', () => {
  test('the number, what was understood, by when and our hours', () => {
    const { subject, text } = render()
    expect(subject).toBe('Re: Printer on the 2nd floor [#1042]')
    expect(text).toMatch(/^Hello Ana,$/m)
    for (const told of [
      '1042',
      'Printers',
      'by 16:30 today',
      'by 14:00 on Monday 30 November',
      'Mon–Fri 08:00–12:00 and 13:00–17:00',
      'Europe/Bucharest',
    ]) {
      expect(words(text)).toContain(told)
    }
    expect(text).not.toMatch(/urgent|priority|closed|on-call|Mihai/)
  })

  test.each<[string, Parameters<typeof input>[0], boolean]>([
    ['urgent and closed', { ticket: { priority: 'urgent' }, now: '2026-11-22T08:00:00.000Z' }, true],
    ['urgent, at lunch', { ticket: { priority: 'urgent' }, now: '2026-11-23T10:30:00.000Z' }, true],
    ['urgent and open', { ticket: { priority: 'urgent' } }, false],
    ['high and closed', { ticket: { priority: 'high' }, now: '2026-11-22T08:00:00.000Z' }, false],
    [
      'urgent and closed, nobody on call',
      { ticket: { priority: 'urgent' }, now: '2026-11-22T08:00:00.000Z', calendar: calendar({ onCall: null }) },
      false,
    ],
    [
      'urgent and closed, on call without a number',
      {
        ticket: { priority: 'urgent' },
        now: '2026-11-22T08:00:00.000Z',
        calendar: calendar({ onCall: { name: 'Mihai Ionescu', phone: null, address: null } }),
      },
      false,
    ],
  ])('whom to call: %s', (_, changes, told) => {
    for (const language of LANGUAGES) {
      const { text, html } = render({ ...changes, language })
      for (const part of [text, html]) {
        expect(part?.includes('Mihai Ionescu')).toBe(told)
        expect(part?.includes('+40 21 555 01 10')).toBe(told)
        expect(part?.includes('oncall@example.org')).toBe(told)
      }
    }
  })

  test('only the way to reach them that there is', () => {
    const closed = { ticket: { priority: 'urgent' as const }, now: '2026-11-22T08:00:00.000Z' }
    const { text } = render({
      ...closed,
      calendar: calendar({ onCall: { name: 'IT on call', phone: null, address: 'oncall@example.org' } }),
    })
    expect(text).toMatch(/^IT on call, oncall@example.org$/m)
  })

  test.each([
    [
      'Sunday',
      '2026-11-22T08:00:00.000Z',
      'We are closed at the moment. We open again tomorrow, Monday 23 November, at 08:00.',
    ],
    ['lunch', '2026-11-23T10:30:00.000Z', 'We are closed at the moment. We open again today at 13:00.'],
    [
      'half past midnight on Monday',
      '2026-11-22T22:30:00.000Z',
      'We are closed at the moment. We open again today at 08:00.',
    ],
    [
      'half past eleven at night on Sunday',
      '2026-11-22T21:30:00.000Z',
      'We are closed at the moment. We open again tomorrow, Monday 23 November, at 08:00.',
    ],
    [
      'Friday evening',
      '2026-11-27T16:00:00.000Z',
      'We are closed at the moment. We open again on Monday 30 November at 08:00.',
    ],
  ])('closed: %s', (_, now, sentence) => {
    expect(words(render({ now }).text)).toContain(sentence)
  })

  test('a calendar that never opens promises no opening', () => {
    const never = calendar({ week: { mon: [], tue: [], wed: [], thu: [], fri: [], sat: [], sun: [] } })
    const { text } = render({ calendar: never })
    expect(text).toMatch(/^We are closed at the moment\.$/m)
    expect(text).not.toContain('hours')
  })

  test('a date that has passed is not promised', () => {
    const late = render({ firstResponseDue: '2026-11-23T07:59:00.000Z' }).text
    expect(words(late)).toContain(
      'We will answer you as soon as we can. We expect to have your request solved by 14:00 on Monday 30 November.',
    )
    const both = render({
      firstResponseDue: '2026-11-22T08:00:00.000Z',
      resolutionDue: '2026-11-23T08:00:00.000Z',
    }).text
    expect(both).toMatch(/^We will answer you as soon as we can\.$/m)
    expect(both).not.toMatch(/\bby \d/)
  })

  test('the same moment for answer and solution is told once', () => {
    const due = '2026-11-23T14:30:00.000Z'
    expect(words(render({ firstResponseDue: due, resolutionDue: due }).text)).toContain(
      'We expect to have your request answered and solved by 16:30 today.',
    )
  })

  test.each([
    [{ category: null, categoryName: null }, 'normal', null],
    [{ category: null, categoryName: null }, 'high', 'We are giving it high priority.'],
    [{ category: null, categoryName: null }, 'urgent', 'We are treating it as urgent.'],
    [{ category: 'vpn', categoryName: null }, 'low', 'We understand that it is about “vpn”.'],
    [
      { category: 'vpn', categoryName: 'Remote access' },
      'urgent',
      'We understand that it is about “Remote access” and are treating it as urgent.',
    ],
  ] as const)('understood: %j at %s priority', (category, priority, sentence) => {
    const { text } = render({ ticket: { ...category, priority } })
    if (sentence) expect(words(text)).toContain(sentence)
    else expect(text).not.toMatch(/We understand|priority|urgent/)
  })

  test.each(LANGUAGES)('greets without a name as politely: %s', language => {
    const [greeting] = render({ language, requesterName: 'IT Support' }).text.split('\n')
    expect(greeting).toBe(
      { de: 'Guten Tag,', en: 'Hello,', es: 'Hola:', fr: 'Bonjour,', nl: 'Goedendag,', ro: 'Bună ziua,' }[language],
    )
  })

  test('no language without templates', () => {
    expect(() => render({ language: 'it' })).toThrow(DeskError)
    expect(() => render({ language: 'it' })).toThrow(
      'no template it/acknowledgement; languages of acknowledgement: de, en, es, fr, nl, ro',
    )
  })
})

describe('the subject', () => {
  test.each([
    ['Printer', 'Re: Printer [#1042]'],
    ['AW: Re: Fwd: Printer [#1042]', 'Re: Printer [#1042]'],
    ['[#7] Re: [#8] Printer', 'Re: Printer [#1042]'],
    ['', 'We have received your request [#1042]'],
    ['Re: [#1042]', 'We have received your request [#1042]'],
    ['Printer\r\nBcc: everybody@example.org', 'Re: Printer Bcc: everybody@example.org [#1042]'],
    ['{{ mailbox_address }} {% if closed %}', 'Re: {{ mailbox_address }} {% if closed %} [#1042]'],
    ['x'.repeat(500), `Re: ${'x'.repeat(119)}… [#1042]`],
    ['\u202eRe: \u0000AW: Printer', 'Re: Printer [#1042]'],
    // A tag that would only appear once the control character is gone must not name another ticket.
    ['[#\u000077]', 'Re: [# 77] [#1042]'],
    ['[\u202e#77]', 'Re: [ #77] [#1042]'],
  ])('%j', (subject, expected) => {
    expect(render({ ticket: { subject } }).subject).toBe(expected)
  })

  test('of endless marks is read to an end at once', () => {
    const before = performance.now()
    expect(render({ ticket: { subject: 'Re: '.repeat(250_000) } }).subject).toBe('Re: … [#1042]')
    expect(performance.now() - before).toBeLessThan(1_000)
  })

  test('is one line that holds exactly the tag of this ticket, whatever came', () => {
    const hostile = fc.string({
      unit: fc.constantFrom(...'[]#0123456789 Re:\r\n\t\u0000\u2028\u202e{}%<>é😀'),
      maxLength: 300,
    })
    fc.assert(
      fc.property(
        fc.oneof(hostile, fc.string({ unit: 'binary', maxLength: 300 })),
        fc.boolean(),
        fc.constantFrom(...LANGUAGES),
        (subject, repeatTheirWords, language) => {
          const told = render({ ticket: { subject }, repeatTheirWords, language }).subject
          expect(told).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
          expect(told.match(/\[#\d+\]/g)).toEqual(['[#1042]'])
          expect(Array.from(told).length).toBeLessThanOrEqual(200)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('what the sender wrote', () => {
  const HOSTILE = [
    'Invoice EVIL-7',
    '<b>EVIL-7</b>',
    '{{ ticket }}EVIL-7',
    '{% raw %}EVIL-7',
    'EVIL-7\r\nBcc: EVIL-7@example.org',
    'http://EVIL-7.example/',
  ]

  test('appears nowhere in the mail when it must not be repeated', () => {
    for (const language of LANGUAGES) {
      const own = render({ language, repeatTheirWords: false })
      for (const [index, subject] of HOSTILE.entries()) {
        for (const situation of Object.values(SITUATIONS)) {
          const changes = situation(language)
          const silent = {
            ...changes,
            ticket: { ...changes?.ticket, subject },
            requesterName: HOSTILE.at(index - 1) ?? '',
            repeatTheirWords: false,
          }
          const ordinary = { ...silent, ticket: { ...silent.ticket, subject: 'Hello' }, requesterName: 'Ana' }
          expect(JSON.stringify(render(silent))).not.toContain('EVIL')
          // Nor does anything else of it shine through: whatever they write, the mail is the same.
          expect(render(silent)).toEqual(render(ordinary))
        }
      }
      expect(own.subject).not.toContain('Printer')
      expect(own.text).not.toMatch(/\b(Ana|Pop)\b/)
    }
  })

  test('is escaped or left out when it may be repeated', () => {
    for (const language of LANGUAGES) {
      for (const one of HOSTILE) {
        const { subject, text, html } = render({
          language,
          ticket: { subject: one, categoryName: '<i>"Q&A"</i>' },
          requesterName: one,
        })
        expect(subject).not.toMatch(/[\r\n]/)
        expect(text).toContain('<i>"Q&A"</i>')
        expect(html).toContain('&lt;i&gt;&#34;Q&amp;A&#34;&lt;/i&gt;')
        // The name is none, and the subject stands in the subject alone.
        expect(text + html).not.toContain('EVIL')
      }
    }
  })
})
