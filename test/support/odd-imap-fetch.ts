import { at, DATES, type Is, type Nature, SIZES } from './odd-imap-faults.ts'

export type OddMail = {
  readonly uid: number
  readonly bytes: Buffer
  readonly date: string
  readonly flags: Set<string>
}

type Asked = {
  readonly query: string
  readonly mails: readonly OddMail[]
  readonly view: readonly OddMail[]
  readonly there: readonly OddMail[]
  readonly nature: Nature
}
type Row = { mail: OddMail; seq: number; items: [string, string][] }

/** Answers a UID FETCH. `there`: what the folder holds by now, while `view` is what the connection was told of. */
export function fetchRows({ query, mails, view, there, nature }: Asked, is: Is): string[] {
  const isBody = /BODY/i.test(query)
  const partial = /<(\d+)\.(\d+)>/.exec(query)
  let refused = false
  const rowOf = (mail: OddMail): Row[] => {
    const items: [string, string][] = [
      ['UID', String(mail.uid)],
      ['INTERNALDATE', mail.date],
    ]
    const { length } = mail.bytes
    if (/RFC822.SIZE/i.test(query))
      items.push(['RFC822.SIZE', String({ true: length, zero: 0, guessed: length * 2 }[nature.sizes])])
    const gone = !there.includes(mail)
    if (gone && nature.removed === 'refusal') refused = true
    if (gone && isBody && (nature.removed === 'nothing' || nature.removed === 'refusal')) return []
    if (isBody) {
      const bytes = gone && nature.removed === 'emptiness' ? Buffer.alloc(0) : mail.bytes
      const some = partial ? bytes.subarray(0, Number(partial[2])) : bytes
      items.push([`BODY[]${partial ? '<0>' : ''}`, `{${some.length}}\r\n${some.toString('latin1')}`])
    }
    return [{ mail, seq: view.indexOf(mail) + 1, items }]
  }
  let rows = mails.flatMap(rowOf)
  const some = (n: number) => (n % 3 === 0 ? rows : rows.filter((_, index) => index === n % rows.length))
  const edit = (n: number | null, change: (row: Row) => [string, string][]) => {
    if (n !== null) for (const row of some(n)) row.items = change(row)
  }
  const body = (text: string) => (row: Row) =>
    row.items.map(([key, value]): [string, string] => [key, key.startsWith('BODY') ? text : value])
  edit(is('empty'), body('{0}\r\n'))
  edit(is('nil'), body('NIL'))
  edit(is('noUid'), row => row.items.filter(([key]) => key !== 'UID'))
  const oddDate = is('oddDate')
  edit(oddDate, row =>
    row.items.flatMap(([key, value]): [string, string][] =>
      key !== 'INTERNALDATE' ? [[key, value]] : oddDate === 0 ? [] : [[key, at(DATES, oddDate ?? 0) ?? '']],
    ),
  )
  const oddSize = is('oddSize')
  edit(oddSize, row =>
    row.items.map(([key, value]) => [key, key === 'RFC822.SIZE' ? String(at(SIZES, oddSize ?? 0)) : value]),
  )
  const missing = is('missing')
  if (missing !== null) {
    const without = new Set(some(missing))
    rows = rows.filter(row => !without.has(row))
  }
  const doubled = is('doubled')
  if (doubled !== null) rows = [...rows, ...some(doubled)]
  if (is('unasked') !== null) rows = [...rows, ...view.flatMap(rowOf)]
  const shuffled = is('shuffled')
  if (shuffled !== null) {
    rows = rows.toSorted((a, b) => ((a.seq * (shuffled + 7)) % 5) - ((b.seq * (shuffled + 7)) % 5) || b.seq - a.seq)
    for (const row of rows) if (row.seq % 2) row.items.reverse()
  }
  const lines = rows.map(({ seq, items }) => `* ${seq} FETCH (${items.flat().join(' ')})`)
  const flagNews = is('flagNews')
  if (flagNews !== null)
    for (const [index, { uid }] of view.entries())
      lines.splice(
        flagNews % (lines.length + 1),
        0,
        flagNews % 2 ? `* ${index + 1} FETCH (UID ${uid} FLAGS (\\Seen))` : `* ${index + 1} FETCH (FLAGS (\\Seen))`,
      )
  return [...lines, refused ? 'TAG NO [EXPUNGEISSUED] gone' : 'TAG OK -']
}
