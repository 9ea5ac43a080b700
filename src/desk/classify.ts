import { type Classifiable, exactKey, FIELDS, type Field, itemsOf, keysOf } from './rule-fields.ts'
import { readTerm, type Term, TermTree } from './terms.ts'
import { PRIORITIES, type Priority } from './ticket.ts'
import { foldWords, READ_AT_MOST } from './words.ts'

export type { Field } from './rule-fields.ts'

/**
 * Words and phrases to look for. All that is given must hold. Case and accents are folded, words are whole unless the
 * rule says otherwise, the words of a phrase may have any white space or punctuation between them. `print*`: any ending;
 * `*drucker`: any beginning. Among senders and recipients `boss@example.org` is an address (with or without a +detail),
 * `@example.org` a domain, `example.org` a domain and those below it, `boss@` a name at any domain; among attachments
 * `.pdf` is the end of the file name.
 */
export type Terms = {
  readonly any?: readonly string[]
  readonly all?: readonly string[]
  readonly none?: readonly string[]
  /** Subject and text unless given. */
  readonly in?: readonly Field[]
}

export type Rule = {
  readonly name: string
  /** Every element must hold. A rule without any always matches, with score 0: what it sets is a default. */
  readonly when: readonly Terms[]
  /** Usually true: `ram` is not found in `program`. */
  readonly wholeWords: boolean
  readonly set: {
    readonly category?: string
    readonly priority?: Priority
    readonly team?: string
    readonly serviceLevel?: string
    readonly tags?: readonly string[]
  }
  /** Usually 1. */
  readonly weight: number
  /** When it matches, no later rule is tried. */
  readonly stop: boolean
}

export type RuleMatch = {
  readonly rule: string
  /** Weight × distinct terms found. */
  readonly score: number
  /**
   * Where each term was first found. `at` is an offset in the field as it was written; recipients and attachments are
   * lists: there it is an offset in them joined by line feeds.
   */
  readonly words: readonly {
    readonly term: string
    readonly field: Field
    readonly at: number
    readonly found: string
  }[]
  readonly set: Rule['set']
}

/**
 * Each property is decided on its own among the rules that matched and set it. Category, team and service level come
 * from the highest score: the more of a rule's words a mail holds, the more it is about that. How often somebody says a
 * thing does not make it more urgent, so the priority comes from the highest weight, and among equals the most urgent
 * one wins. Ties are decided by the order of the rules. Tags of all matching rules are joined.
 */
export type Classification = {
  readonly category: string | null
  readonly priority: Priority | null
  readonly team: string | null
  readonly serviceLevel: string | null
  readonly tags: readonly string[]
  /** The names of the rules that decided. */
  readonly decidedBy: {
    readonly category?: string
    readonly priority?: string
    readonly team?: string
    readonly serviceLevel?: string
  }
  /** Every rule that matched, in order. */
  readonly matches: readonly RuleMatch[]
}

const DEFAULT_FIELDS: readonly Field[] = ['subject', 'text']
const LONGEST_TERM = 200

type Word = RuleMatch['words'][number]
/** A term to look for in certain fields: the places in `Hits` where a find would stand, in the order of fields. */
type Probe = { readonly term: string; readonly key: string; readonly slots: readonly number[] }
type Condition = { readonly any: readonly Probe[]; readonly all: readonly Probe[]; readonly none: readonly Probe[] }
type Matched = { readonly rule: Rule; readonly match: RuleMatch }
type Hit = Omit<Word, 'term'>
type Hits = Map<number, Hit>

type Compiled = {
  readonly tree: TermTree
  /** Terms that are not words: addresses, domains and file endings, with their numbers. */
  readonly exact: ReadonlyMap<string, number>
  readonly conditions: readonly (readonly Condition[])[]
  /** By slot: the rules that may match because of a find there (none when it only forbids). */
  readonly wanted: ReadonlyMap<number, readonly number[]>
  /** Rules that need no find to match. */
  readonly always: readonly number[]
  readonly fields: ReadonlySet<Field>
}

const compiledRules = new WeakMap<readonly Rule[], Compiled>()

/** Sorts a mail by keyword rules. Total and linear; every decision carries the words that led to it. */
export function classify(rules: readonly Rule[], mail: Classifiable): Classification {
  const compiled = compiledRules.get(rules) ?? compile(rules)
  compiledRules.set(rules, compiled)
  const hits: Hits = new Map()
  const candidates = new Set(compiled.always)
  look(compiled, mail, hits, candidates)

  const matched: Matched[] = []
  for (const index of [...candidates].sort((a, b) => a - b)) {
    const rule = rules[index]
    const conditions = compiled.conditions[index]
    if (!rule || !conditions) continue
    const match = tryRule(rule, conditions, hits)
    if (!match) continue
    matched.push({ rule, match })
    if (rule.stop) break
  }
  return decide(matched)
}

function decide(matched: readonly Matched[]): Classification {
  const byScore = (a: Matched, b: Matched): number => b.match.score - a.match.score
  const urgency = ({ rule }: Matched): number => PRIORITIES.indexOf(rule.set.priority ?? 'low')
  const byUrgency = (a: Matched, b: Matched): number => b.rule.weight - a.rule.weight || urgency(b) - urgency(a)

  const winner = (property: 'category' | 'priority' | 'team' | 'serviceLevel'): Rule | undefined =>
    matched
      .filter(({ rule }) => rule.set[property] !== undefined)
      .sort(property === 'priority' ? byUrgency : byScore)[0]?.rule
  const category = winner('category')
  const priority = winner('priority')
  const team = winner('team')
  const serviceLevel = winner('serviceLevel')
  return {
    category: category?.set.category ?? null,
    priority: priority?.set.priority ?? null,
    team: team?.set.team ?? null,
    serviceLevel: serviceLevel?.set.serviceLevel ?? null,
    tags: [...new Set(matched.flatMap(({ rule }) => rule.set.tags ?? []))],
    decidedBy: {
      ...(category && { category: category.name }),
      ...(priority && { priority: priority.name }),
      ...(team && { team: team.name }),
      ...(serviceLevel && { serviceLevel: serviceLevel.name }),
    },
    matches: matched.map(({ match }) => match),
  }
}

/** Does the rule match, and by which words? */
function tryRule(rule: Rule, conditions: readonly Condition[], hits: Hits): RuleMatch | null {
  const words: Word[] = []
  const distinct = new Set<string>()
  const isFound = (probe: Probe): boolean => {
    const hit = firstHit(probe, hits)
    if (!hit) return false
    // One find may serve two conditions; it is told once.
    if (!(distinct.has(probe.key) && words.some(word => word.term === probe.term && word.field === hit.field))) {
      words.push({ term: probe.term, ...hit })
    }
    distinct.add(probe.key)
    return true
  }
  for (const { any, all, none } of conditions) {
    if (none.some(probe => firstHit(probe, hits) !== null)) return null
    if (!all.every(isFound)) return null
    // Every one of them is looked up, for each counts.
    if (any.length > 0 && any.filter(isFound).length === 0) return null
  }
  return { rule: rule.name, score: rule.weight * distinct.size, words, set: rule.set }
}

function firstHit(probe: Probe, hits: Hits): Hit | null {
  for (const slot of probe.slots) {
    const hit = hits.get(slot)
    if (hit) return hit
  }
  return null
}

/** Looks at every field that some rule looks at, once, and notes what is found and which rules that may concern. */
function look(compiled: Compiled, mail: Classifiable, hits: Hits, candidates: Set<number>): void {
  const note = (number: number, field: Field, at: number, found: () => string): void => {
    const slot = slotOf(number, field)
    const rules = compiled.wanted.get(slot)
    if (!rules || hits.has(slot)) return
    hits.set(slot, { field, at, found: found() })
    for (const rule of rules) candidates.add(rule)
  }
  for (const field of compiled.fields) {
    const items = itemsOf(mail, field)
    let offset = 0
    for (const item of items) {
      if (offset > READ_AT_MOST) break
      for (const key of keysOf(item, field)) {
        const number = compiled.exact.get(key)
        if (number !== undefined) note(number, field, offset, () => item)
      }
      compiled.tree.find(foldWords(item), (number, from, to) =>
        note(number, field, offset + from, () => item.slice(from, to)),
      )
      offset += item.length + 1
    }
  }
}

function slotOf(number: number, field: Field): number {
  return number * FIELDS.length + FIELDS.indexOf(field)
}

function compile(rules: readonly Rule[]): Compiled {
  const tree = new TermTree()
  const exact = new Map<string, number>()
  const wanted = new Map<number, number[]>()
  const always: number[] = []
  const fields = new Set<Field>()

  const probe = (term: string, rule: Rule, index: number | null, where: readonly Field[]): Probe => {
    const read = readTerm(term, rule.wholeWords)
    const slots: number[] = []
    for (const field of FIELDS.filter(each => where.includes(each))) {
      const key = exactKey(term, field)
      let number: number
      if (key !== null) {
        // Counted downwards from -1: the words count upwards from 0.
        number = exact.get(key) ?? -1 - exact.size
        exact.set(key, number)
      } else if (typeof read === 'string') continue
      else number = tree.add(read)
      const slot = slotOf(number, field)
      const concerned = wanted.get(slot) ?? []
      if (index !== null) concerned.push(index)
      wanted.set(slot, concerned)
      slots.push(slot)
      fields.add(field)
    }
    return { term, key: typeof read === 'string' ? term.trim().toLowerCase() : read.key, slots }
  }

  const conditions = rules.map((rule, index) => {
    const own = rule.when.map(({ any = [], all = [], none = [], in: where = DEFAULT_FIELDS }) => ({
      any: any.map(term => probe(term, rule, index, where)),
      all: all.map(term => probe(term, rule, index, where)),
      none: none.map(term => probe(term, rule, null, where)),
    }))
    if (own.every(({ any, all }) => any.length + all.length === 0)) always.push(index)
    return own
  })
  return { tree, exact, conditions, wanted, always, fields: new Set(FIELDS.filter(field => fields.has(field))) }
}

/** What is wrong with a rule, in words for whoever wrote it; null when nothing is. */
export function checkRule(rule: Rule): string | null {
  if (rule.name.trim() === '') return 'a rule has no name'
  if (!(rule.weight > 0 && Number.isFinite(rule.weight))) return `the weight must be above 0, not ${rule.weight}`
  const { tags = [], ...others } = rule.set
  const values = [...Object.values(others), ...tags]
  if (values.some(value => value.trim() === '')) return 'what a rule sets cannot be empty'
  if (values.length === 0 && !rule.stop) return 'it sets nothing'
  for (const terms of rule.when) {
    const problem = checkTerms(terms, rule.wholeWords)
    if (problem !== null) return problem
  }
  return contradictionIn(rule)
}

function checkTerms({ any, all, none, in: where = DEFAULT_FIELDS }: Terms, wholeWords: boolean): string | null {
  const written = [...(any ?? []), ...(all ?? []), ...(none ?? [])]
  if (written.length === 0) return 'a condition without terms'
  if (any?.length === 0) return 'a list of terms ("any") is empty: nothing could be one of them'
  if (where.length === 0) return 'a condition that looks nowhere ("in" is empty)'
  for (const term of written) {
    if (term.length > LONGEST_TERM) return `a term is longer than ${LONGEST_TERM} characters: "${term.slice(0, 30)}…"`
    const read = readTerm(term, wholeWords)
    // An address, a domain or a file ending is not read as words.
    if (typeof read === 'string' && where.some(field => exactKey(term, field) === null)) return read
  }
  return null
}

/** A term that is asked for and, wherever it could be found, also forbidden. */
function contradictionIn(rule: Rule): string | null {
  const forbidden = rule.when.flatMap(({ none = [], in: where = DEFAULT_FIELDS }) =>
    none.map(term => ({ term, where })),
  )
  for (const { any = [], all = [], in: where = DEFAULT_FIELDS } of rule.when) {
    for (const term of [...all, ...any]) {
      const by = forbidden.find(
        other =>
          where.every(field => other.where.includes(field)) && isWithin(term, other.term, rule.wholeWords, where),
      )
      if (by) return `"${term}" is asked for and forbidden${by.term === term ? '' : ` (by "${by.term}")`}`
    }
  }
  return null
}

/** Is `wider` found wherever `term` is? */
function isWithin(term: string, wider: string, wholeWords: boolean, where: readonly Field[]): boolean {
  const one = readTerm(term, wholeWords)
  const other = readTerm(wider, wholeWords)
  return where.every(field => {
    const key = exactKey(wider, field)
    if (key !== null) return key === exactKey(term, field)
    if (typeof one === 'string' || typeof other === 'string') return false
    return one.key === other.key || isPrefixOf(other, one)
  })
}

function isPrefixOf(wider: Term, term: Term): boolean {
  const [only, ...more] = wider.words
  if (!only?.anyEnding || more.length > 0 || term.anyBeginning) return false
  return term.words.some(word => word.text.startsWith(only.text))
}
