/*
 * Does the file have the shape of the schema? Ajv finds the faults, the words are ours: each says what to do.
 * Validation fills in defaults and turns durations into milliseconds and file names into absolute ones.
 */
import { resolve } from 'node:path'
import { Ajv, type ErrorObject } from 'ajv'
import { HOUR, MINUTE } from '../instant.ts'
import { nearest, type Path, type Problem } from './faults.ts'
import { type Config, ConfigSchema } from './schema.ts'

/** What of a `T` has the right shape; the rest is missing. Checks that run on it find faults beside other faults. */
export type Sketch<T> = T extends readonly (infer I)[]
  ? readonly (Sketch<I> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Sketch<T[K]> | undefined }
    : T

/** The entries of a section that have any shape at all. */
export function named<T>(section: Readonly<Record<string, T | undefined>> | undefined): [string, T][] {
  return Object.entries(section ?? {}).flatMap(([name, thing]) =>
    thing === undefined ? [] : [[name, thing] as [string, T]],
  )
}

type Schema = {
  readonly type?: string | readonly string[]
  readonly default?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly patternErrorMessage?: string
  readonly maxProperties?: number
  readonly 'x-duration'?: readonly [string, string]
  readonly 'x-size'?: readonly [string, string]
}
type Place = { parentData: Record<string | number, unknown>; parentDataProperty: string | number }

const MEASURED: ReadonlySet<string> = new Set(['x-duration', 'x-size'])
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: MINUTE, h: HOUR }

/** Milliseconds of `90m`, `1h30m`, `24h`; null when it is no duration. */
export function durationMs(text: string): number | null {
  if (!/^(?:\d{1,6}[smh])+$/.test(text)) return null
  return [...text.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0),
    0,
  )
}

const ajv = new Ajv({ allErrors: true, verbose: true, useDefaults: true, passContext: true, allowUnionTypes: true })
ajv.addKeyword('patternErrorMessage')
const SIZES: Readonly<Record<string, number>> = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 }

/** Bytes of `50MB`; null when it is no size. */
function sizeBytes(text: string): number | null {
  const [, count, unit] = /^(\d{1,6}) ?([KMG]B)$/.exec(text) ?? []
  return count && unit ? Number(count) * (SIZES[unit] ?? 0) : null
}

/** A keyword that reads a text with a unit as a number, within bounds written the same way. */
function measured(keyword: string, read: (text: string) => number | null): void {
  ajv.addKeyword({
    keyword,
    type: 'string',
    modifying: true,
    validate([from, to]: [string, string], data: string, _parent?: unknown, place?: Place): boolean {
      const value = read(data)
      if (value === null || !place) return true // `pattern` says so
      if (value < (read(from) ?? 0) || value > (read(to) ?? 0)) return false
      place.parentData[place.parentDataProperty] = value
      return true
    },
  })
}
measured('x-duration', durationMs)
measured('x-size', sizeBytes)
ajv.addKeyword({
  keyword: 'x-path',
  type: 'string',
  modifying: true,
  validate(this: { folder?: string }, _schema: unknown, data: string, _parent?: unknown, place?: Place): boolean {
    if (place) place.parentData[place.parentDataProperty] = resolve(this.folder ?? '.', data)
    return true
  },
})
const validate = ajv.compile<Config>(ConfigSchema)

/** Checks plain data, which is changed on the way; `folder` is what relative file names are relative to. */
export function checkShape(data: unknown, folder: string): { sketch: Sketch<Config>; problems: Problem[] } {
  fillEmpty(data, ConfigSchema as Schema)
  if (validate.call({ folder }, data)) return { sketch: data as Sketch<Config>, problems: [] }
  const errors = distinctErrors(validate.errors ?? [])
  const problems = errors.map(explain)
  for (const error of errors) {
    // Nobody has looked into what stands under a name that is not known.
    if (error.keyword === 'additionalProperties')
      drop(data, [...pathOf(error), String(error.params['additionalProperty'])])
    else if (!KEEPS_SHAPE.has(error.keyword)) drop(data, pathOf(error))
  }
  return { sketch: (isMapping(data) ? data : {}) as Sketch<Config>, problems }
}

/** Errors after which the value at their path still has its type. */
const KEEPS_SHAPE = new Set(['required', 'uniqueItems', 'minItems', 'minProperties', 'maxProperties'])

/** `smtp:` with nothing behind it, its fields in comments, means the same as no `smtp:` at all. */
function fillEmpty(data: unknown, schema: Schema | undefined): void {
  if (Array.isArray(data)) {
    for (const item of data) fillEmpty(item, schema?.items)
  } else if (isMapping(data)) {
    const things = Object.values(schema?.patternProperties ?? {})[0]
    for (const key of Object.keys(data)) {
      const part = schema?.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : things
      if (data[key] === null && part?.default !== undefined) data[key] = structuredClone(part.default)
      fillEmpty(data[key], part)
    }
  }
}

/** One error for one fault: of a choice (anyOf) only the branch that was meant counts, of an empty text that it is empty. */
function distinctErrors(errors: readonly ErrorObject[]): ErrorObject[] {
  const choices = new Map(errors.filter(error => error.keyword === 'anyOf').map(error => [error.instancePath, error]))
  const unreadable = new Set(errors.filter(error => error.keyword === 'pattern').map(error => error.instancePath))
  return errors.filter(error => {
    if (error.keyword === 'anyOf') return meantBranch(error) < 0
    if (error.keyword === 'pattern' && error.data === '') return false
    if (MEASURED.has(error.keyword) && unreadable.has(error.instancePath)) return false
    const choice = pathsUp(error.instancePath)
      .map(path => choices.get(path))
      .find(found => found !== undefined)
    if (!choice || !error.schemaPath.startsWith(`${choice.schemaPath}/`)) return true
    return error.schemaPath.startsWith(`${choice.schemaPath}/${meantBranch(choice)}/`)
  })
}

/** Which branch of a choice has the type of the data; -1: none. */
function meantBranch({ schema, data }: ErrorObject): number {
  const types = (schema as readonly Schema[]).map(branch => branch.type)
  return types.indexOf(Array.isArray(data) ? 'array' : typeof data)
}

/** `/rules/0` → `/rules/0`, `/rules`, ``. */
function pathsUp(path: string): string[] {
  const steps = path.split('/')
  return steps.map((_, at) => steps.slice(0, steps.length - at).join('/'))
}

const SECRETS = new Set(['secret', 'clientSecret', 'refreshToken'])
const passwordFix = (field: string): string =>
  `put it into an environment variable and write \`${field}: { env: NAME }\`, or into a file and write \`${field}: { file: path }\``

/** Names that other programs have for our fields. */
const ALIASES: Readonly<Record<string, string>> = {
  password: 'secret',
  pass: 'secret',
  passwordEnv: 'secret',
  passwordFile: 'secret',
  username: 'user',
  login: 'user',
  server: 'host',
  hostname: 'host',
  timezone: 'timeZone',
  sla: 'serviceLevel',
  from: 'addresses',
  address: 'addresses',
  name: 'displayName',
}

function explain(error: ErrorObject): Problem {
  const path = pathOf(error)
  const schema = error.parentSchema as Schema
  const about = schema.description ?? 'see config/postdesk.example.yaml'
  const at = (message: string, fix: string, more: Partial<Problem> = {}): Problem => ({ path, message, fix, ...more })
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownField([...path, String(error.params['additionalProperty'])], schema)
    case 'required': {
      const name = String(error.params['missingProperty'])
      const what = schema.properties?.[name]?.description ?? ''
      return at(`\`${name}\` is missing`, `add \`${name}\`: ${what}`, { atKey: true })
    }
    case 'type':
      return wrongType(path, error.data, [schema.type ?? []].flat(), about, schema.patternErrorMessage)
    case 'enum': {
      const words = error.params['allowedValues'] as string[]
      const guess = typeof error.data === 'string' ? nearest(error.data, words) : null
      return at(
        'is not one of the words known here',
        `${guess ? `did you mean \`${guess}\`? ` : ''}write ${orList(words)}`,
      )
    }
    case 'pattern':
      return at('cannot be understood', schema.patternErrorMessage ?? about)
    case 'x-duration':
    case 'x-size': {
      const [from, to] = schema[error.keyword] ?? []
      return at('is out of bounds', `write ${error.keyword === 'x-size' ? 'a size' : 'a time'} from ${from} to ${to}`)
    }
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum': {
      const side = { minimum: 'not below', maximum: 'not above', exclusiveMinimum: 'above' }[error.keyword]
      return at('is out of bounds', `write a number ${side} ${error.params['limit']}`)
    }
    case 'maxLength':
      return at('is too long', `write at most ${error.params['limit']} characters`)
    case 'uniqueItems':
      return {
        path: [...path, Math.max(error.params['i'], error.params['j'])],
        message: 'is listed twice',
        fix: 'remove one of the two',
      }
    case 'maxProperties':
      return at('says too much', `keep one of ${orList(Object.keys(schema.properties ?? {}))}`, { atKey: true })
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return at('is empty', `write what belongs here: ${about}`, { atKey: true })
    case 'anyOf':
      return wrongType(
        path,
        error.data,
        (schema.anyOf ?? []).flatMap(branch => branch.type ?? []),
        about,
      )
    default:
      return at(error.message ?? 'is wrong', about)
  }
}

function unknownField(path: Path, schema: Schema): Problem {
  const name = String(path.at(-1))
  const at = (message: string, fix: string): Problem => ({ path, atKey: true, message, fix })
  if (!schema.properties) return at('is no good name', schema.patternErrorMessage ?? 'choose another name')
  const fields = Object.keys(schema.properties)
  const aliases = Object.keys(ALIASES).filter(alias => fields.includes(ALIASES[alias] ?? ''))
  const guess = nearest(name, [...fields, ...aliases])
  const field = guess && !fields.includes(guess) ? ALIASES[guess] : guess
  if (field === 'secret' && guess !== 'secret')
    return at('a password must not stand in this file', passwordFix('secret'))
  // `secret: { hunter2 }` makes a field of the password.
  if (!field && SECRETS.has(String(path.at(-2))))
    return {
      path: path.slice(0, -1),
      message: 'has a field that is not known here',
      fix: `the fields here are ${fields.join(', ')}`,
    }
  return at('is no field known here', field ? `did you mean \`${field}\`?` : `the fields here are ${fields.join(', ')}`)
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a mapping',
  array: 'a list',
}

function wrongType(path: Path, data: unknown, types: readonly string[], about: string, form?: string): Problem {
  const expected = types.filter(type => type !== 'null')
  const scalar = typeof data === 'number' || typeof data === 'boolean'
  if (data === null) return { path, atKey: true, message: 'is empty', fix: `write what belongs here: ${about}` }
  const name = String(path.at(-1))
  if (SECRETS.has(name) && (scalar || typeof data === 'string')) {
    const what = name === 'secret' ? 'a password' : 'a secret'
    return { path, message: `${what} must not stand in this file`, fix: passwordFix(name) }
  }
  if (form && scalar) return { path, message: 'cannot be understood', fix: form }
  const message = `must be ${orList(expected.map(type => TYPES[type] ?? type))}`
  const fix = (): string => {
    if (expected.includes('string') && scalar) return 'put it in quotes'
    if (expected.includes('boolean')) return 'write true or false, without quotes'
    if (typeof data === 'string' && /^\d+$/.test(data)) return 'write it without quotes'
    if (expected.join() === 'array' && !isMapping(data))
      return 'write it in [ ], or on lines of its own with - before each'
    return `write what belongs here: ${about}`
  }
  return { path, message, fix: fix() }
}

/** `a, b or c`. */
function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/** The path of an error; steps that are positions in a list become numbers. */
function pathOf({ instancePath }: ErrorObject): Path {
  const steps = instancePath
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return steps.map(step => (/^\d+$/.test(step) ? Number(step) : step))
}

function drop(data: unknown, path: Path): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((at, step) => (at as Record<string | number, unknown> | undefined)?.[step], data)
  const last = path.at(-1)
  if (last !== undefined && typeof parent === 'object' && parent !== null)
    delete (parent as Record<string | number, unknown>)[last]
}

function isMapping(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}
