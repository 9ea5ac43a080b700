import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classify, type Rule } from '../../src/desk/classify.ts'

type Mail = Parameters<typeof classify>[1]

function rule(name: string, when: Rule['when'], more: Partial<Rule> = {}): Rule {
  return { name, when, wholeWords: true, set: { category: name }, weight: 1, stop: false, ...more }
}

function mail(text: string, subject = ''): Mail {
  return { subject, text, sender: '', recipients: [], attachments: [] }
}

/** The first place of a term in a text, found another way: as an expression, over letters that need no folding. */
function place(term: string, text: string, wholeWords: boolean): { at: number; found: string } | null {
  const open = !wholeWords
  const begins = term.startsWith('*') ? '\\w*' : open ? '' : '(?<!\\w)'
  const core = term
    .replace(/^\*/, '')
    .replace(open ? /\*$/ : /$^/, '')
    .replaceAll('*', '\\w*')
    .replaceAll(' ', '[^\\w]+')
  const match = new RegExp(begins + core + (open ? '' : '(?!\\w)'), 'i').exec(text)
  return match && { at: match.index, found: match[0] }
}

const word = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 })
const term = fc
  .tuple(fc.array(fc.tuple(word, fc.boolean()), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([words, open]) => (open ? '*' : '') + words.map(([text, any]) => text + (any ? '*' : '')).join(' '))
const text = fc.string({ unit: fc.constantFrom('a', 'a', 'b', 'b', 'A', 'B', ' ', ', ', '\n'), maxLength: 40 })

const condition = fc.record(
  {
    any: fc.array(term, { minLength: 1, maxLength: 3 }),
    all: fc.array(term, { maxLength: 2 }),
    none: fc.array(term, { maxLength: 1 }),
    in: fc.subarray(['subject', 'text'] as const, { minLength: 1 }),
  },
  { requiredKeys: [] },
)
const set = fc.record(
  {
    category: fc.constantFrom('c', 'd'),
    priority: fc.constantFrom('low', 'normal', 'high', 'urgent'),
    team: fc.constantFrom('t', 'u'),
    tags: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Rule['set']>
const ruleSet = fc
  .array(
    fc.record({
      when: fc.array(condition, { maxLength: 2 }) as fc.Arbitrary<Rule['when']>,
      wholeWords: fc.boolean(),
      set,
      weight: fc.constantFrom(1, 2),
      stop: fc.constantFrom(false, false, false, true),
    }),
    { maxLength: 5 },
  )
  .map(rules => rules.map((each, at) => ({ name: `rule ${at}`, ...each })))

describe('classify', () => {
  test('finds a term where an expression finds it', () => {
    fc.assert(
      fc.property(fc.array(term, { minLength: 1, maxLength: 6 }), text, fc.boolean(), (terms, about, wholeWords) => {
        // All terms in one set: they share the branches of one tree.
        const rules = terms.map((each, at) => rule(String(at), [{ any: [each] }], { wholeWords }))
        const { matches } = classify(rules, mail(about))
        const finds = terms.map((_, at) => matches.find(match => match.rule === String(at))?.words[0] ?? null)
        for (const [at, each] of terms.entries()) {
          const expected = place(each, about, wholeWords)
          const find = finds[at] ?? null
          // In parts of words only the part is told, not what '*' before it stands for: its place is another.
          if (!wholeWords && each.startsWith('*')) expect(find === null).toBe(expected === null)
          else expect(find && { at: find.at, found: find.found }).toEqual(expected)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  test('tells the text as it was written, whatever stands around it', () => {
    const around = fc.string({ unit: 'binary', maxLength: 30 })
    const written = fc.constantFrom(
      'réseau',
      'RÉSEAU',
      're\u0301seau',
      'reseau',
      'Re\u0301SEAU',
      'ｒｅｓｅａｕ',
      're\u00adseau',
    )
    fc.assert(
      fc.property(around, written, around, (before, it, after) => {
        const about = `${before} ${it}. ${after}`
        const words = classify([rule('it', [{ any: ['réseau'] }])], mail(about)).matches[0]?.words
        expect(words).toHaveLength(1)
        const { at, found } = words?.[0] ?? { at: -1, found: '' }
        expect(about.slice(at, at + found.length)).toBe(found)
        expect(at).toBeLessThanOrEqual(before.length + 1)
      }),
    )
  })

  test('finds every word of a text in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), about => {
        for (const each of about.match(/[\p{L}\p{N}]+/gu) ?? []) {
          const [match] = classify([rule('it', [{ any: [each] }], { wholeWords: false })], mail(about)).matches
          // A lone accent or a joiner is a letter to nobody.
          if (/\p{L}/u.test(each.normalize('NFKD').replace(/[\p{M}\p{Lm}]/gu, '')))
            expect(match?.words[0]?.term).toBe(each)
        }
      }),
    )
  })

  test('explains itself: each match comes out the same when its rule is alone', () => {
    fc.assert(
      fc.property(ruleSet, text, text, (rules, subject, about) => {
        for (const match of classify(rules, mail(about, subject)).matches) {
          const alone = rules.filter(each => each.name === match.rule)
          expect(classify(alone, mail(about, subject)).matches).toEqual([match])
        }
      }),
    )
  })

  test('rules that do not match change nothing', () => {
    fc.assert(
      fc.property(ruleSet, text, text, (rules, subject, about) => {
        const result = classify(rules, mail(about, subject))
        const matching = rules.filter(each => result.matches.some(match => match.rule === each.name))
        expect(classify(matching, mail(about, subject))).toEqual(result)
      }),
    )
  })

  test('every decision is one that a matching rule set, and no rule with more points set another', () => {
    fc.assert(
      fc.property(ruleSet, text, text, (rules, subject, about) => {
        const result = classify(rules, mail(about, subject))
        for (const property of ['category', 'team'] as const) {
          const setters = result.matches.filter(match => match.set[property] !== undefined)
          const by = setters.find(match => match.rule === result.decidedBy[property])
          expect(result[property]).toBe(by?.set[property] ?? null)
          expect(setters.length > 0).toBe(by !== undefined)
          for (const other of setters) expect(other.score).toBeLessThanOrEqual(by?.score ?? 0)
        }
        expect(new Set(result.tags)).toEqual(new Set(result.matches.flatMap(match => match.set.tags ?? [])))
      }),
    )
  })

  test('nothing follows a match that stops', () => {
    fc.assert(
      fc.property(ruleSet, text, (rules, about) => {
        const stops = classify(rules, mail(about)).matches.map(
          match => rules.find(each => each.name === match.rule)?.stop,
        )
        expect(stops.slice(0, -1)).not.toContain(true)
      }),
    )
  })
})
