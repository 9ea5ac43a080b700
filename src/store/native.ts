import { createRequire } from 'node:module'
import type Sqlite from 'better-sqlite3'
import { DeskError } from '../errors.ts'

/*
 * Two versions of one library, until Node 20 is given up: better-sqlite3 13 needs Node-API 10, and with less (Node 20) the process
 * dies at the first database; with 12 one of Node 24.19 or newer dies when a statement is garbage-collected
 * (WiseLibs/better-sqlite3#1514, #1515).
 */
const LIBRARY = Number(process.versions['napi']) >= 10 ? 'better-sqlite3' : 'better-sqlite3-12'

/** The class of connections. */
export const Database = load()

/** A connection of SQLite itself, for the files of this room that look after the database as a whole. */
export type Native = Sqlite.Database

/** Throws DeskError('config') when npm could not compile what Node 20 needs, which does not fail an installation. */
function load(): typeof Sqlite {
  try {
    return createRequire(import.meta.url)(LIBRARY)
  } catch (cause) {
    const advice = 'take Node 22.14 or newer; or install python3, make and g++, and run npm ci again'
    throw new DeskError('config', `${LIBRARY} is not installed: ${advice}`, { cause })
  }
}
