import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { Database } from '../../src/store/native.ts'

/*
 * Durable commits, counted from outside: SQLite marks the last page that a commit writes to the write-ahead log with the new
 * size of the database (sqlite.org/fileformat2.html §4.1). With synchronous=FULL each of them is one fsync.
 */

/**
 * Keeps the write-ahead log from being started over, so that it holds every commit made from now on: a reader that began
 * before them still needs the pages they replace. `count()` may be called before and after the writer has gone.
 */
export function watchCommits(database: string): Disposable & { count(): number } {
  const reader = new Database(database)
  reader.exec('begin')
  reader.prepare('select count(*) from sqlite_schema').get()
  return {
    count: () => countCommits(`${database}-wal`),
    [Symbol.dispose]: () => void reader.close(),
  }
}

const HEADER = 32
const FRAME_HEADER = 24

function countCommits(log: string): number {
  const file = openSync(log, 'r')
  try {
    const header = Buffer.alloc(HEADER)
    if (readSync(file, header, 0, HEADER, 0) < HEADER) return 0
    const pageSize = header.readUInt32BE(8)
    const salts = header.subarray(16, 24)
    const { size } = statSync(log)
    const frame = Buffer.alloc(FRAME_HEADER)
    let commits = 0
    for (let at = HEADER; at + FRAME_HEADER + pageSize <= size; at += FRAME_HEADER + pageSize) {
      readSync(file, frame, 0, FRAME_HEADER, at)
      // Frames of another salt are what an earlier log left behind.
      if (!frame.subarray(8, 16).equals(salts)) break
      if (frame.readUInt32BE(4) > 0) commits++
    }
    return commits
  } finally {
    closeSync(file)
  }
}
