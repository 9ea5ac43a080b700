import type { Instant } from '../instant.ts'
import { type Static, type TSchema, Type } from '../json-schema.ts'
import { InvalidRequest } from './problem.ts'

/*
 * The words in which the routes describe what they take and give. Objects are closed: what a schema does not name neither
 * comes in nor goes out.
 */

export const object = <P extends Record<string, TSchema>>(
  properties: P,
  options: { $id?: string; description?: string; minProperties?: number } = {},
) => Type.Object(properties, { additionalProperties: false, ...options })

export const text = (description: string) => Type.String({ description })

/** `type: [..., 'null']` and not `anyOf`: the serialiser writes it without asking a validator. */
export const orNull = {
  text: (description: string) => Type.Unsafe<string | null>({ type: ['string', 'null'], description }),
  number: (description: string) => Type.Unsafe<number | null>({ type: ['integer', 'null'], description }),
  instant: (description: string) =>
    Type.Unsafe<Instant | null>({ type: ['string', 'null'], format: 'date-time', description }),
  boolean: (description: string) => Type.Unsafe<boolean | null>({ type: ['boolean', 'null'], description }),
}

export const number = (description: string) => Type.Integer({ description })
export const instant = (description: string) => Type.String({ format: 'date-time', description })
export const oneOf = <const T extends string>(words: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: [...words], description })
export const list = <S extends TSchema>(items: S, description: string) =>
  Type.Unsafe<readonly Static<S>[]>({ type: 'array', items, description })
/** What the program wrote down as it was: its shape depends on what happened. */
export const anything = (description: string) =>
  Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object', additionalProperties: true, description })
export const anythingOrNull = (description: string) =>
  Type.Unsafe<object | null>({ type: ['object', 'null'], additionalProperties: true, description })

/** A schema that stands under its own name in the OpenAPI document. */
export const ref = <S extends TSchema & { $id?: string }>(schema: S) =>
  Type.Unsafe<Static<S>>({ $ref: `${schema.$id}#` })

export const Address = object(
  { name: text('The display name; empty when there is none.'), address: text('The mail address.') },
  { $id: 'Address', description: 'A person or a mailbox.' },
)

export const ById = object({
  id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'Its number.' }),
})

export const PAGE_SIZE = 50

/** The parameters of every list that is given in pages. */
export const PAGING = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 200, default: PAGE_SIZE, description: 'At most so many a page.' }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 200, description: '`nextCursor` of the page before, unchanged.' }),
  ),
}

export const page = <S extends TSchema>(item: S, description: string) =>
  object(
    { items: list(item, description), nextCursor: orNull.text('Gives the next page; null on the last one.') },
    { description: 'A page of the list.' },
  )

/** A page out of one row more than it shows: that one tells whether there is a next page. */
export function pageOf<T>(rows: readonly T[], limit: number, position: (row: T) => readonly (string | number)[]) {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = last !== undefined && rows.length > limit
  return { items, nextCursor: more ? Buffer.from(JSON.stringify(position(last))).toString('base64url') : null }
}

/** Reads a cursor back. Throws InvalidRequest when it is not one that `isPosition` accepts. */
export function readCursor<T>(cursor: string, isPosition: (value: unknown) => value is T): T {
  const position = parsed(Buffer.from(cursor, 'base64url').toString())
  if (!isPosition(position)) {
    throw new InvalidRequest([
      {
        path: 'query/cursor',
        message: 'is no cursor of this list: send the `nextCursor` of the page before, unchanged',
      },
    ])
  }
  return position
}

/** The position in a list that goes by id alone. */
export function idBefore(cursor: string | undefined): { before?: number } {
  return cursor === undefined ? {} : { before: readCursor(cursor, isIdPosition)[0] }
}

function isIdPosition(value: unknown): value is [number] {
  return Array.isArray(value) && value.length === 1 && isId(value[0])
}

export function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}
