import type { Compilable, CompiledQuery } from 'kysely'
import type { Db } from './schema.ts'

/**
 * A statement whose text never changes: built at its first run and kept, for in a backlog building the statements of a mail
 * anew took longer than SQLite needed to run them. `build` gets stand-ins: it may say where each value goes, not look at it.
 */
export function statement<Values extends object, Row>(build: (db: Db, values: Values) => Compilable<Row>) {
  let kept: CompiledQuery<Row> | null = null
  return async (db: Db, values: Values): Promise<Row[]> => {
    kept ??= build(db, STAND_INS as Values).compile()
    const given = values as Readonly<Record<string, unknown>>
    const parameters = kept.parameters.map(value => (value instanceof StandIn ? given[value.name] : value))
    return (await db.executeQuery<Row>({ ...kept, parameters })).rows
  }
}

class StandIn {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
  [Symbol.toPrimitive](): never {
    throw new Error(`a statement is built before ${this.name} has a value`)
  }
}

const STAND_INS: object = new Proxy({}, { get: (_, name) => new StandIn(String(name)) })

/** The row that a statement must have given. */
export function one<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('the database gave no row')
  return row
}
