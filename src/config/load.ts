/*
 * The door to YAML. Reads the configuration and everything it names; whatever is wrong is told at once, each fault with
 * its line, its column and what to do about it.
 */
import { isUtf8 } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml'
import type { Policy } from '../desk/policy.ts'
import { compileTemplates } from '../desk/template.ts'
import { ConfigError, type Fault, faultText, type Path, type Problem, pathText } from './faults.ts'
import { toPolicy } from './policy.ts'
import type { Config } from './schema.ts'
import { type Environment, whyUnreadable } from './secret-files.ts'
import { readSecrets, Secrets } from './secrets.ts'
import { checkSense } from './sense.ts'
import { checkShape } from './shape.ts'
import { readTemplates } from './templates.ts'

export type Loaded = {
  readonly config: Config
  /** Empty when loaded with `{ secrets: false }`. */
  readonly secrets: Secrets
  readonly policy: Policy
  /** What works but should be looked at, one readable line each. */
  readonly warnings: readonly string[]
}

const EXAMPLE = fileURLToPath(new URL('../../config/postdesk.example.yaml', import.meta.url))

/** The absolute path of the example configuration that comes with the program. */
export function examplePath(): string {
  return EXAMPLE
}

/**
 * Loads the configuration. Throws one ConfigError that holds every fault. With `secrets: false` no password and no
 * certificate is looked for, for the commands that connect to nothing.
 */
export function loadConfig(path: string, env: Environment, { secrets: wanted = true } = {}): Loaded {
  const file = readYaml(path)
  const { sketch, problems } = checkShape(file.data, dirname(resolve(path)))
  const templates = readTemplates(sketch.templates ?? null)
  const compiled = compileTemplates(templates.files)
  const languages = new Set(
    templates.files.filter(({ name }) => name === 'acknowledgement').map(({ language }) => language),
  )
  const sense = checkSense(sketch, { shape: problems, languages, now: new Date() })
  const { secrets, ...found } = wanted
    ? readSecrets(sketch, env)
    : { secrets: new Secrets(), problems: [], warnings: [] }
  const faults = [
    ...file.faults,
    ...[...problems, ...sense.problems, ...templates.problems, ...found.problems].map(file.fault),
    ...templates.faults,
    ...compiled.faults.map(({ path: template, ...fault }) => ({
      ...fault,
      file: template,
      path: '',
      fix: 'correct the template',
    })),
  ]
  if (faults.length > 0) throw new ConfigError(faults)
  const config = sketch as Config
  const warnings = [...[...sense.warnings, ...found.warnings].map(file.fault), ...templates.warnings]
  return { config, secrets, policy: toPolicy(config, compiled.set), warnings: warnings.map(faultText) }
}

type YamlFile = {
  readonly data: unknown
  /** Faults that leave the data readable. */
  readonly faults: readonly Fault[]
  /** The problem at its place. */
  readonly fault: (problem: Problem) => Fault
}

function readYaml(file: string): YamlFile {
  const source = readSource(file)
  const lines = new LineCounter()
  const at = (offset: number, message: string, fix: string): Fault => {
    const { line, col } = lines.linePos(offset)
    return { file, line, column: col, path: '', message, fix }
  }
  // No pretty errors: they quote the line, and it may hold a password.
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, merge: true })
  const faults = [...document.errors, ...document.warnings].map(({ code, message, pos }) =>
    at(
      pos[0],
      YAML_WORDS[code]?.[0] ?? message.replace(/: .*$/s, ''),
      YAML_WORDS[code]?.[1] ?? 'look at the indentation, colons and quotes here',
    ),
  )
  const anchors = new Set<string>()
  visit(document, {
    Pair(_key, { key, value }) {
      if (key !== null && !isScalar(key))
        faults.push(at(start(key) ?? 0, 'a name must be a text', 'put quotes around it'))
      else if (typeof key?.value === 'symbol' && !isMergeable(document, value))
        faults.push(
          at(start(key) ?? 0, '<< takes in mappings only', 'write `<<: *name`, where &name stands before a mapping'),
        )
    },
    Node(_key, node) {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) {
          const offset = node.range?.[0] ?? 0
          // Not named: a password can begin with an asterisk.
          faults.push(at(offset, 'this *alias refers to nothing', 'put its &alias before it, or quotes around it'))
        }
      } else if ('anchor' in node && node.anchor) anchors.add(node.anchor)
    },
  })
  const readable = document.errors.every(({ code }) => code === 'DUPLICATE_KEY') && document.warnings.length === 0
  if (!readable || faults.length > document.errors.length) throw new ConfigError(faults)
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    throw new ConfigError([at(0, 'the file is empty', `start from the example, ${EXAMPLE}`)])
  }
  return {
    data: plain(document, () => at(0, 'the file repeats itself too often by *aliases', 'write the parts out')),
    faults,
    fault: ({ path, atKey, message, fix }) => ({
      ...at(offsetOf(document, path, atKey ?? false), message, fix),
      path: pathText(path),
    }),
  }
}

/** What `<<` may bring: a mapping, or a list of them. An alias of nothing is told as such. */
function isMergeable(document: Document, value: unknown): boolean {
  const mapping = (node: unknown): boolean => {
    const source = isAlias(node) ? node.resolve(document) : node
    return source === undefined || isMap(source)
  }
  const source = isAlias(value) ? value.resolve(document) : value
  return isSeq(source) ? source.items.every(mapping) : mapping(value)
}

/** Words for the errors of the YAML reader that need them. */
const YAML_WORDS: Readonly<Record<string, readonly [message: string, fix: string]>> = {
  TAB_AS_INDENT: ['a tab stands where the indentation is', 'indent with blanks'],
  DUPLICATE_KEY: ['this name stands here twice', 'remove one of the two, or join them'],
  MULTIPLE_DOCS: ['a second document begins here (---)', 'keep one document'],
  TAG_RESOLVE_FAILED: ['tags such as !this are not known here', 'remove the tag, or put quotes around the text'],
  BAD_SCALAR_START: ['a text cannot begin with this character', 'put quotes around it'],
  BLOCK_AS_IMPLICIT_KEY: ['a second colon stands on this line', 'put quotes around the text'],
}

// A thousand rules make 200 kB.
const LARGEST = 1_000_000

/** The text of the file. Throws a ConfigError when it cannot be had. */
function readSource(file: string): string {
  const refuse = (message: string, fix: string, line = 1, column = 1) =>
    new ConfigError([{ file, line, column, path: '', message, fix }])
  let bytes: Buffer
  try {
    const stat = statSync(file)
    if (stat.isDirectory()) throw refuse('is a folder', 'name the file in it')
    if (stat.size > LARGEST || !(stat.isFile() || stat.isFIFO()))
      throw refuse('is no text of less than 1 MB', 'name the configuration')
    bytes = readFileSync(file)
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw refuse(`the file ${whyUnreadable(error)}`, `give its path with --config, or start from a copy of ${EXAMPLE}`)
  }
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes)
  const before = new TextDecoder().decode(bytes).split('\ufffd', 1)[0] ?? ''
  const lines = before.split('\n')
  throw refuse(
    'the file is not in UTF-8 from here on',
    'save it as UTF-8',
    lines.length,
    (lines.at(-1)?.length ?? 0) + 1,
  )
}

/** Plain data, in which no two places share an object: what is filled in at one must not show at the other. */
function plain(document: Document, tooMuch: () => Fault): unknown {
  try {
    return JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 1000 })))
  } catch (error) {
    if (error instanceof ReferenceError || error instanceof RangeError || error instanceof TypeError)
      throw new ConfigError([tooMuch()])
    throw error
  }
}

/** Where a path stands in the text; where it does not, the name of the nearest part above it. */
function offsetOf(document: Document, path: Path, atKey: boolean): number {
  let node: unknown = document.contents
  let name = start(node) ?? 0
  let value = name
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    const pair = isMap(node) ? pairOf(document, node, String(step)) : undefined
    const child = pair ? pair.value : isSeq(node) ? node.items[Number(step)] : undefined
    if (child === undefined) return name
    name = start(pair?.key) ?? start(child) ?? name
    value = start(child) ?? name
    node = child
  }
  return atKey ? name : value
}

function start(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range?.[0]
}

const pairs = new WeakMap<YAMLMap, ReadonlyMap<string, Pair>>()

/** The last pair of that name, also one that `<<: *anchor` brings. */
function pairOf(document: Document, map: YAMLMap, name: string): Pair | undefined {
  let byName = pairs.get(map)
  if (!byName) {
    // The key of `<<` is a symbol; its source is what was written.
    byName = new Map(
      map.items.map(pair => [isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : '', pair]),
    )
    pairs.set(map, byName)
  }
  const own = byName.get(name)
  if (own) return own
  const merged = byName.get('<<')?.value
  for (const part of isSeq(merged) ? merged.items : [merged]) {
    const from = isAlias(part) ? part.resolve(document) : part
    const pair = isMap(from) ? pairOf(document, from, name) : undefined
    if (pair) return pair
  }
  return undefined
}
