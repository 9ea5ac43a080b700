import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const SRC = new URL('../src/', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, SRC), 'utf8')

/** A claim about a standard is worth something only while it is true: which RFC is named in which room. */
it('the table of standards in src/README.md names what the sources name, and nothing else', () => {
  const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  const cited = sources.flatMap(file =>
    [...read(file).matchAll(/RFC (\d{3,5})/g)].map(([, rfc]) => `${rfc} ${file.split(/[\\/]/)[0]}`),
  )
  const rows = [...read('README.md').matchAll(/^\| (\d{3,5}) \|.*\| ([^|]+) \|$/gm)]
  const listed = rows.flatMap(([, rfc, rooms = '']) =>
    [...rooms.matchAll(/`([^`]+)`/g)].map(([, room]) => `${rfc} ${room}`),
  )
  expect(cited.length).toBeGreaterThan(50)
  expect([...new Set(cited)].sort()).toEqual(listed.sort())
})
