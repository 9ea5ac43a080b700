import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  compileTemplates,
  oneLine,
  renderTemplate,
  type TemplateFile,
  templateFile,
  templateLanguages,
} from '../../src/desk/template.ts'
import { TEMPLATE_KINDS } from '../../src/desk/template-variables.ts'
import { DeskError } from '../../src/errors.ts'
import { shippedTemplates } from '../support/templates.ts'

const SAMPLE = TEMPLATE_KINDS.get('acknowledgement')?.samples[0] ?? {}
const NAME = 'acknowledgement'

/** A small mail in one language; parts can be replaced, or left out with null. */
function mail(
  parts: { subject?: string | null; text?: string | null; html?: string | null } = {},
  language = 'en',
): TemplateFile[] {
  const sources = {
    subject: 'Hello {{ ticket_tag }}',
    text: 'Number {{ ticket_number }}',
    html: '<p>{{ category }}</p>',
    ...parts,
  }
  return (['subject', 'text', 'html'] as const).flatMap(part => {
    const source = sources[part]
    return source === null ? [] : [{ path: `${language}/${part}`, language, name: NAME, part, source }]
  })
}

function faultsOf(parts: Parameters<typeof mail>[0]): string[] {
  return compileTemplates(mail(parts)).faults.map(
    ({ path, line, column, message }) => `${path}:${line}:${column} ${message}`,
  )
}

function render(parts: Parameters<typeof mail>[0], variables: Record<string, unknown> = {}) {
  const { set, faults } = compileTemplates(mail(parts))
  expect(faults).toEqual([])
  return renderTemplate(set, NAME, 'en', { ...SAMPLE, ...variables })
}

describe('the shipped templates', () => {
  test('compile without a fault, in six languages', () => {
    const { set, faults } = compileTemplates(shippedTemplates())
    expect(faults).toEqual([])
    expect(templateLanguages(set, NAME)).toEqual(['de', 'en', 'es', 'fr', 'nl', 'ro'])
  })

  test('have their variables explained to authors', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../config/templates/README.md'), 'utf8')
    for (const variable of Object.keys(SAMPLE)) expect(readme).toContain(`\`${variable}\``)
    for (const variable of ['below_answer', 'cause', 'fix', 'reopen_word', 'survey', 'survey_page', 'survey_word'])
      expect(readme).toContain(`\`${variable}\``)
  })

  test.each([...TEMPLATE_KINDS])(
    'use every variable of %s in every language, so that none tells less than another',
    (name, { samples }) => {
      const known = Object.keys(samples[0] ?? {})
      const uses = (source: string) =>
        [...new Set(source.match(/[a-z]+(?:_[a-z0-9]+)*/g))].filter(word => known.includes(word))
      for (const part of ['text', 'html'] as const) {
        const told = shippedTemplates()
          .filter(file => file.name === name && file.part === part)
          .map(file =>
            uses(file.source.replace(/<[^>{]*>/g, ''))
              .map(word => (word === 'full_name' ? 'first_name' : word))
              .sort()
              .join(' '),
          )
        expect(told).toHaveLength(6)
        expect(new Set(told).size, `${part}: ${[...new Set(told)].join(' | ')}`).toBe(1)
      }
    },
  )

  test('load nothing from afar and bring no style sheet or script', () => {
    for (const file of shippedTemplates())
      expect(file.source).not.toMatch(/https?:|src=|url\(|<style|<script|<link|<img/i)
  })
})

describe('faults', () => {
  test.each<[string, Parameters<typeof mail>[0], RegExp]>([
    [
      'an output that is not closed',
      { text: 'one\ntwo {{ category' },
      /^en\/text:2:5 output "{{ category" not closed$/,
    ],
    [
      'a tag that is not closed',
      { text: 'a\n\n {% if category %}b' },
      /^en\/text:3:2 tag {% if category %} not closed$/,
    ],
    [
      'an unknown tag',
      { text: '{% iff category %}{% endiff %}' },
      /^en\/text:1:1 tag "iff" not found; templates may use: .*if/,
    ],
    [
      'an unknown filter',
      { text: 'x {{ category | shout }}' },
      /^en\/text:1:3 undefined filter: shout; there are: .*upcase/,
    ],
    [
      'an unknown variable',
      { text: 'a\n{{ categroy }}' },
      /^en\/text:2:4 unknown variable "categroy"; there are: .*category/,
    ],
    [
      'an unknown variable in a branch that is not taken',
      { text: 'x{% if ticket_number == 0 %}{{ nope }}{% endif %}' },
      /:1:32 unknown variable "nope"/,
    ],
    ['an unknown variable as a condition', { text: '{% if nope %}{% endif %}x' }, /unknown variable "nope"/],
    ['an unknown variable given to a filter', { text: '{{ category | append: nope }}' }, /unknown variable "nope"/],
    ['a property of a word', { html: '{{ category.name }}' }, /^en\/html:1:4 unknown variable "category.name"/],
    ['the way to a prototype', { html: '{{ category.constructor }}' }, /unknown variable "category.constructor"/],
    [
      'a subject without the tag',
      { subject: 'Hello' },
      /^en\/subject:1:1 the subject must always show {{ ticket_tag }}/,
    ],
    [
      'a subject with the tag in one branch only',
      { subject: 'Hi{% if subject %} {{ ticket_tag }}{% endif %}' },
      /must always show/,
    ],
    [
      'a part that comes out empty',
      { text: '{% if category %}x{% endif %}' },
      /^en\/text:1:1 this part comes out empty$/,
    ],
    [
      'no text',
      { text: null },
      /^en\/subject:1:1 the text of this mail is missing: add en\/acknowledgement.txt.liquid$/,
    ],
    [
      'no subject',
      { subject: null },
      /^en\/text:1:1 the subject of this mail is missing: add en\/acknowledgement.subject.liquid$/,
    ],
    [
      'a word doubled again and again',
      { text: `{% assign x = "xx" %}${'{% assign x = x | append: x %}'.repeat(40)}{{ x }}` },
      /limit exceeded; the template does far more/,
    ],
    ['a template without end', { text: 'x'.repeat(200_000) }, /limit exceeded/],
  ])('%s', (_, parts, expected) => {
    const faults = faultsOf(parts)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(expected)
  })

  test.each([
    'include "a"',
    'render "a"',
    'layout "a"',
    'liquid echo category',
    'capture x',
    'cycle category',
    'for i in (1..2000000000)',
    'increment x',
    'tablerow x in (1..2)',
  ])('a tag that reaches further than the mail: %s', tag => {
    expect(faultsOf({ text: `{% ${tag} %}` })[0]).toMatch(/^en\/text:1:1 tag ".*" not found; templates may use/)
  })

  test.each(['raw', 'date', 'sample', 'escape', 'sha256', 'where_exp: "x", "y"'])(
    'a filter that escapes badly or knows the clock: %s',
    filter => {
      expect(faultsOf({ html: `{{ category | ${filter} }}` })[0]).toMatch(/undefined filter/)
    },
  )

  test('of several files and places are told at once, and leave other languages working', () => {
    const { set, faults } = compileTemplates([
      ...mail({ text: '{{ a }} {{ b }}', html: '{% nope %}' }),
      ...mail({ text: 'Numéro {{ ticket_number }}' }, 'fr'),
    ])
    expect(faults.map(fault => `${fault.path}:${fault.column}`)).toEqual(['en/text:4', 'en/text:12', 'en/html:1'])
    expect(templateLanguages(set, NAME)).toEqual(['fr'])
  })

  test('a mail nobody sends, a language that is none, the same part twice', () => {
    const [subject] = mail()
    expect(compileTemplates([{ ...subject!, name: 'aknowledgement' }]).faults[0]?.message).toBe(
      'no mail is called "aknowledgement"; there are: acknowledgement, closing',
    )
    expect(compileTemplates(mail({}, 'english')).faults[0]?.message).toBe(
      '"english" is no language: name the folder like de or pt-BR',
    )
    expect(compileTemplates([...mail(), subject!]).faults[0]?.message).toBe(
      'there is another subject part of en/acknowledgement: keep one',
    )
  })
})

describe('file names', () => {
  test.each([
    ['de/acknowledgement.txt.liquid', 'de', 'acknowledgement', 'text'],
    ['/etc/postdesk/templates/pt-BR/acknowledgement.html.liquid', 'pt-BR', 'acknowledgement', 'html'],
    ['C:\\templates\\ro\\acknowledgement.subject.liquid', 'ro', 'acknowledgement', 'subject'],
  ])('%s', (path, language, name, part) => {
    expect(templateFile(path, 'x')).toEqual({ path, language, name, part, source: 'x' })
  })

  test.each([
    'README.md',
    'de/acknowledgement.liquid',
    'acknowledgement.txt.liquid',
    'de/acknowledgement.txt.liquid~',
    'de/.acknowledgement.txt.liquid.swp',
  ])('%s is no template', path => expect(templateFile(path, 'x')).toBeNull())
})

describe('rendering', () => {
  const HOSTILE = '<script>alert("1")</script>&{{ ticket_number }}{% raw %}'

  test('escapes in HTML, whichever way the value takes, and never in text', () => {
    const source = [
      '{{ category }}',
      '{{ category | append: category }}',
      '{% assign x = category %}{{ x }}',
      '{% case category %}{% when category %}{{ category | strip | default: "" }}{% endcase %}',
    ]
    for (const one of source) {
      const { html, text } = render({ html: `<p>${one}</p>`, text: `: ${one}` }, { category: HOSTILE })
      expect(html).not.toMatch(/<script|"|&(?!\w+;|#\d+;)/)
      expect(html).toContain('&lt;script&gt;')
      expect(text).toContain('<script>alert("1")</script>')
    }
  })

  test('does not read values as templates', () => {
    const { text } = render({ text: '> {{ category }}' }, { category: '{{ ticket_number }}{% if %}' })
    expect(text).toBe('> {{ ticket_number }}{% if %}\n')
  })

  test('makes the subject one line without control or bidi characters, and not endless', () => {
    const subject = '{{ category }} {{ ticket_tag }}'
    expect(render({ subject }, { category: 'a\r\nBcc: x@example.org\u0000\u2028b\u202Ec\ud800d\te' }).subject).toBe(
      'a Bcc: x@example.org b c d e [#1042]',
    )
    expect(
      Array.from(render({ subject: '{{ ticket_tag }} {{ category }}' }, { category: '😀'.repeat(500) }).subject),
    ).toHaveLength(200)
  })

  test('tidies the text: no trailing blanks, no holes, lines of at most 76 characters, words and indentation whole', () => {
    const word = 'https://example.org/'.padEnd(100, 'x')
    const { text } = render({
      text: `\n\nOne.  \r\n\t\n\n\n  ${'two '.repeat(40)}\n${word} three\n-- \n{{ mailbox_name }}\n\n`,
    })
    expect(text).toBe(
      `One.\n\n${`  ${'two '.repeat(18).trimEnd()}\n`.repeat(2)}  two two two two\n${word}\nthree\n-- \nIT Help\n`,
    )
  })

  test('has no HTML part where there is none, or where it was replaced by nothing', () => {
    expect(render({ html: null }).html).toBeNull()
    expect(render({ html: ' \n' }).html).toBeNull()
  })

  test('of a mail, language or variable that is not there is an error of the configuration', () => {
    const { set } = compileTemplates(mail())
    const failing = [
      () => renderTemplate(set, NAME, 'fr', SAMPLE),
      () => renderTemplate(set, 'nothing', 'en', SAMPLE),
      () => renderTemplate(set, NAME, 'en', { ticket_tag: '[#1]' }),
    ]
    for (const one of failing) expect(one).toThrow(expect.objectContaining({ name: 'DeskError', code: 'config' }))
    expect(failing[0]).toThrow(DeskError)
    expect(failing[0]).toThrow('no template fr/acknowledgement; languages of acknowledgement: en')
    expect(templateLanguages(set, 'nothing')).toEqual([])
  })
})

test('oneLine cuts with an ellipsis and keeps whole characters', () => {
  expect(oneLine(' a\n b ', 10)).toBe('a b')
  expect(oneLine('😀😀😀😀', 3)).toBe('😀😀…')
  expect(oneLine('one two', 5)).toBe('one…')
})
