import type { Type as TypeBox } from 'typebox'

export type { Static, TObject, TProperties, TSchema } from 'typebox'

/*
 * The constructors of TypeBox that we use, with its types and without its code: what they make is plain JSON Schema.
 * TypeBox itself checks values, parses scripts and more; its 373 files cost 14 MB and 0.1 s whenever a command starts.
 */

/** Fields that need not be there: which of an object's are required stands at the object (JSON Schema, `required`). */
const optional = new WeakSet<object>()

type Properties = Readonly<Record<string, object>>

const constructors = {
  Array: (items: object, more?: object) => ({ type: 'array', items, ...more }),
  Boolean: (more?: object) => ({ type: 'boolean', ...more }),
  Integer: (more?: object) => ({ type: 'integer', ...more }),
  Number: (more?: object) => ({ type: 'number', ...more }),
  Object(properties: Properties, more?: object) {
    const required = Object.keys(properties).filter(name => !optional.has(properties[name] ?? {}))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...more }
  },
  Optional(schema: object) {
    const copy = { ...schema }
    optional.add(copy)
    return copy
  },
  String: (more?: object) => ({ type: 'string', ...more }),
  /** A schema of one's own making, for values of a type that is told beside it. */
  Unsafe: (schema: object) => schema,
}

// TypeBox tells its schemas apart by fields that are not there at run time; nothing of ours asks for them.
export const Type = constructors as unknown as Pick<typeof TypeBox, keyof typeof constructors>
