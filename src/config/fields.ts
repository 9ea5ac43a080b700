/*
 * The kinds of field that the schema is made of. Keywords that begin with `x-` are ours: `shape.ts` gives them their
 * meaning, and editors do not see them. `patternErrorMessage` is shown by us and by VS Code.
 */
import { type Static, type TObject, type TProperties, type TSchema, Type } from '../json-schema.ts'

type Describe = { readonly description: string; readonly [keyword: string]: unknown }

export const object = <P extends TProperties>(properties: P, more: Record<string, unknown> = {}): TObject<P> =>
  Type.Object(properties, { additionalProperties: false, ...more })

export const text = (description: string, more: Record<string, unknown> = {}) =>
  Type.String({ minLength: 1, description, ...more })

/** A text that may be left out: then it is null. */
export const maybeText = (description: string, more: Record<string, unknown> = {}) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], minLength: 1, default: null, description, ...more })

export const oneOf = <const W extends readonly string[]>(
  words: W,
  description: string,
  more: Record<string, unknown> = {},
) => Type.Unsafe<W[number]>({ type: 'string', enum: words, description, ...more })

export const list = <S extends TSchema>(items: S, description: string, more: Record<string, unknown> = {}) =>
  Type.Array(items, { default: [], description, ...more })

// Names appear in the API, in the log and in the database, so they stay what can be typed anywhere.
const NAME = {
  pattern: '^[a-z][a-z0-9_-]{0,39}$',
  patternErrorMessage: 'a name is lower case: a-z first, then a-z, 0-9, - or _, at most 40 in all',
}

// BCP 47, as the folders of the templates are called.
export const LANGUAGE = {
  pattern: '^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$',
  patternErrorMessage: 'write a language tag such as en, fr or pt-BR',
}

/** A mapping from names to things. */
export const named = <S extends TSchema>(
  things: S,
  { pattern = NAME.pattern, patternErrorMessage = NAME.patternErrorMessage, ...more }: Describe,
) =>
  Type.Unsafe<Readonly<Record<string, Static<S>>>>({
    type: 'object',
    patternProperties: { [String(pattern)]: things },
    additionalProperties: false,
    patternErrorMessage,
    ...more,
  })

export const reference = (description: string) => text(description, NAME)
export const maybeReference = (description: string) => maybeText(description, NAME)

/** Elapsed time; a number of milliseconds once loaded. `between` are the bounds, written as in the file. */
export const elapsed = (description: string, between: readonly [string, string], more: Record<string, unknown> = {}) =>
  Type.Unsafe<number>({
    type: 'string',
    pattern: '^[0-9]{1,6}[smh]$',
    patternErrorMessage: 'write a whole number and s, m or h, such as 30s, 5m or 24h',
    'x-duration': between,
    description,
    ...more,
  })

/** Working time; a number of milliseconds once loaded. */
export const working = (description: string) =>
  Type.Unsafe<number>({
    type: 'string',
    pattern: '^(?:[0-9]{1,4}h)?(?:[0-9]{1,5}m)?$',
    patternErrorMessage:
      'write opening hours in h and m, such as 90m, 4h or 1h30m; there are no days, for a working day may have 4, 8 or 24 hours',
    minLength: 1,
    'x-duration': ['1m', '4000h'],
    description,
  })

/** A size; a number of bytes once loaded. */
export const size = (description: string, between: readonly [string, string], more: Record<string, unknown> = {}) =>
  Type.Unsafe<number>({
    type: 'string',
    pattern: '^[0-9]{1,6} ?[KMG]B$',
    patternErrorMessage: 'write a whole number and KB, MB or GB, such as 50MB',
    'x-size': between,
    description,
    ...more,
  })

/** A file or folder; relative to the folder of the configuration in the file, absolute once loaded. */
export const path = (description: string, more: Record<string, unknown> = {}) =>
  text(description, { 'x-path': true, ...more })
export const maybePath = (description: string) => maybeText(description, { 'x-path': true })

export const host = {
  pattern: '^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+)$',
  patternErrorMessage: 'write only the name or the IP address, without imap://, port or brackets',
}

export const port = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 1, maximum: 65_535, default: null, description })
