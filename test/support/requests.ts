import fc from 'fast-check'
import type { Operation } from './openapi.ts'

/*
 * What may be asked of the API, out of its OpenAPI document: texts, dates and numbers that have broken others, wrong types,
 * misspelt names, bodies of other types.
 */

const TEXTS = [
  ...[
    '',
    ' ',
    '\0',
    '\ud800',
    'a\r\nBcc: x@y.z',
    '__proto__',
    'constructor',
    'ana',
    'it',
    'printing',
    'none',
    '*',
    '"',
  ],
  ...['a NEAR b', '-', 'col:x', '#1001', '999999999999999', '\ufeff', '\u0130', 'x'.repeat(321), 'x'.repeat(9000)],
]
const DATES = [
  ...['2026-11-22T10:00:00Z', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00', '9999-12-31T23:59:59-14:00'],
  ...['2016-12-31T23:59:60Z', '2026-02-30T10:00:00Z', '2026-11-22T10:00:00+99:99', '2026-11-22T24:00Z'],
]
const CURSORS = ['[1]', '["2026-11-22T10:00:00.000Z",5]', '[9007199254740991]', '[1e308]', '[', 'null'].map(json =>
  Buffer.from(json).toString('base64url'),
)
/** What a parameter is most probably sent. */
const LIKELY: Readonly<Record<string, readonly string[]>> = {
  updatedSince: DATES,
  cursor: CURSORS,
  q: ['printer', 'a wifi'],
}
const NUMBERS = [
  0,
  -1,
  1,
  2,
  3,
  4,
  5,
  9,
  10,
  200,
  201,
  1001,
  1002,
  1003,
  1004,
  1005,
  1006,
  1.5,
  1e20,
  2 ** 53 - 1,
  2 ** 53,
]
const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: 'binary', maxLength: 20 }))
const strange = fc.oneof(
  text,
  fc.constantFrom<unknown>(...NUMBERS, null, true, [], {}, [[null]], { a: [1] }),
  fc.jsonValue(),
)

type Schema = {
  $ref?: string
  type?: string | string[]
  enum?: string[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
}

/** What the schema allows as far as types go, now and then something else. */
function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  const byType = (type: string): fc.Arbitrary<unknown> => {
    if (schema.enum) return fc.constantFrom(...schema.enum)
    if (type === 'integer') return fc.constantFrom(...NUMBERS)
    if (type === 'boolean') return fc.boolean()
    if (type === 'null') return fc.constant(null)
    if (type === 'array') return fc.array(valuesOf(schema.items ?? {}), { maxLength: 3 })
    if (type !== 'object') return text
    const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, valuesOf(field)] as const)
    const known = fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] })
    const more = fc.tuple(known, fc.constantFrom('__proto__', 'constructor', 'bogus'), strange)
    return fc.oneof(
      { weight: 6, arbitrary: known },
      {
        weight: 1,
        arbitrary: more.map(([body, name, value]) => JSON.parse(JSON.stringify({ ...body, [`${name}`]: value }))),
      },
    )
  }
  return fc.oneof(
    { weight: 12, arbitrary: fc.oneof(...[schema.type ?? 'string'].flat().map(byType)) },
    { weight: 1, arbitrary: strange },
  )
}

const encoded = (value: unknown) =>
  encodeURIComponent(Buffer.from(typeof value === 'object' ? JSON.stringify(value) : String(value)).toString())

const mostly = <T>(usual: T, others: readonly T[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })

/** Tickets that there are, half of the time. */
function numbersIn(path: string, schema: Schema): fc.Arbitrary<unknown> {
  return path.includes('tickets') ? fc.oneof(fc.integer({ min: 1001, max: 1007 }), valuesOf(schema)) : valuesOf(schema)
}

/** Requests of an operation: by its schemas for the most part, and never far from them. */
export function requestsOf(operation: Operation) {
  const parameters = (operation.parameters ?? []) as { name: string; in: string; schema: Schema }[]
  const inPath = parameters.filter(parameter => parameter.in === 'path')
  const inQuery = parameters.filter(parameter => parameter.in === 'query')
  const path = fc
    .tuple(
      ...inPath.map(({ name, schema }) =>
        name === 'name' ? fc.constantFrom('ana', 'it', '__proto__') : numbersIn(operation.path, schema),
      ),
    )
    .map(values => inPath.reduce((url, { name }, at) => url.replace(`{${name}}`, encoded(values[at])), operation.path))
  const pair = ({ name, schema }: { name: string; schema: Schema }) =>
    (LIKELY[name] ? fc.oneof(fc.constantFrom(...LIKELY[name]), valuesOf(schema)) : valuesOf(schema)).map(value =>
      [value]
        .flat()
        .map(one => `${encoded(name)}=${encoded(one)}`)
        .join('&'),
    )
  const misspelt = fc.constantFrom('bogus=1', '__proto__=1', 'limit=1&limit=2', '%00')
  const query =
    inQuery.length === 0
      ? mostly('', ['bogus=1'])
      : fc
          .array(
            fc.oneof({ weight: 9, arbitrary: fc.oneof(...inQuery.map(pair)) }, { weight: 1, arbitrary: misspelt }),
            { maxLength: 3 },
          )
          .map(pairs => pairs.join('&'))
  const schema = operation.requestBody?.content['application/json']?.schema as Schema | undefined
  const body = (schema ? valuesOf(schema) : mostly<unknown>(undefined, [{}, 'x'])).map(value =>
    value === undefined ? undefined : JSON.stringify(value),
  )
  return fc.record({
    operation: fc.constant(operation.operationId),
    url: fc.tuple(path, query).map(([at, asked]) => (asked === '' ? at : `${at}?${asked}`)),
    body: fc.oneof(
      { weight: 8, arbitrary: body },
      { weight: 1, arbitrary: fc.constantFrom('', '{', '{"__proto__":{}}', '['.repeat(50_000)) },
    ),
    type: mostly('application/json', [
      'text/plain',
      'application/json; charset=utf-16',
      'application/x-www-form-urlencoded',
      '',
      ';',
    ]),
    ifMatch: mostly('*', ['"1"', 'W/"1"', '"2", "3"', '', ',']),
  })
}
