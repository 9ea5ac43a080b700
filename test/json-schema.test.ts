import { Type as TypeBox } from 'typebox'
import { expect, test } from 'vitest'
import { Type } from '../src/json-schema.ts'

const plain = (schema: object): unknown => JSON.parse(JSON.stringify(schema))

/** One of everything, made by either. */
function shapeOf(by: typeof Type) {
  const name = by.String({ minLength: 1, description: 'A name.' })
  return by.Object(
    {
      name,
      alias: by.Optional(name),
      count: by.Integer({ minimum: 0 }),
      share: by.Number(),
      open: by.Boolean({ default: false }),
      tags: by.Optional(by.Array(name, { default: [] })),
      kind: by.Unsafe<'a' | 'b' | null>({ type: ['string', 'null'], enum: ['a', 'b', null] }),
      within: by.Optional(by.Object({ all: by.Optional(by.Boolean()) })),
      none: by.Object({}, { additionalProperties: false }),
    },
    { $id: 'Shape', additionalProperties: false },
  )
}

test('our constructors make what those of TypeBox make', () => {
  expect(plain(shapeOf(Type))).toEqual(plain(shapeOf(TypeBox)))
})

test('what may be left out in one place is asked for in another', () => {
  const name = Type.String()
  expect(plain(Type.Object({ first: Type.Optional(name), second: name }))).toMatchObject({ required: ['second'] })
})
