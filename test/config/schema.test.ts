import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { examplePath } from '../../src/config/load.ts'
import { editorSchema } from '../../src/config/schema.ts'

type Schema = {
  description?: string
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
}

const GOLDEN = fileURLToPath(new URL('../../config/schema.json', import.meta.url))
const schema = editorSchema() as Schema

/** Every field, with its path. */
function fields(of: Schema, path: string[] = []): { path: string[]; schema: Schema }[] {
  const inner = [
    ...Object.entries(of.properties ?? {}),
    ...Object.values(of.patternProperties ?? {}).map(part => ['*', part] as const),
    ...[of.items, ...(of.anyOf ?? [])].flatMap(part => (part ? [['[]', part] as const] : [])),
  ]
  return inner.flatMap(([name, part]) => [{ path: [...path, name], schema: part }, ...fields(part, [...path, name])])
}

describe('config/schema.json', () => {
  test('is what the source says (UPDATE=1 writes it anew)', () => {
    const text = `${JSON.stringify(schema, null, 2)}\n`
    if (process.env['UPDATE'] === '1') writeFileSync(GOLDEN, text)
    expect(readFileSync(GOLDEN, 'utf8')).toBe(text)
  })

  test('describes every field', () => {
    const all = fields(schema)
    expect(all.length).toBeGreaterThan(90)
    const mute = all.filter(
      ({ path, schema: part }) =>
        path.at(-1) !== '[]' && path.at(-1) !== '*' && !/\w.*\.$/.test(part.description ?? ''),
    )
    expect(mute.map(({ path }) => path.join('.'))).toEqual([])
  })

  test('holds no keyword that is only ours', () => {
    expect(JSON.stringify(schema)).not.toMatch(/"x-/)
  })

  test('accepts the example as an editor would', () => {
    const validate = new Ajv({ strict: false }).compile(schema)
    const valid = validate(parse(readFileSync(examplePath(), 'utf8')))
    expect(validate.errors).toBeNull()
    expect(valid).toBe(true)
  })
})

describe('the example', () => {
  test('shows every field', () => {
    const text = readFileSync(examplePath(), 'utf8')
    const names = new Set(fields(schema).map(({ path }) => path.at(-1) ?? ''))
    const missing = [...names].filter(
      name => name !== '*' && name !== '[]' && !new RegExp(`(?:^|[\\s{#])${name}(?::| |$)`, 'm').test(text),
    )
    expect(missing).toEqual([])
  })
})
