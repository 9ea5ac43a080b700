import { expect, test } from 'vitest'
import { Counter, exposition, Histogram } from '../../src/api/exposition.ts'

test('families, labels, and what must be escaped in them', () => {
  const text = exposition([
    {
      ...{ name: 'a_total', type: 'counter', help: 'One\\two\nthree.' },
      samples: [{ labels: { folder: 'C:\\"x"\n' }, value: 1 }, { value: 2.5 }],
    },
    { name: 'empty', type: 'gauge', help: 'Nothing.', samples: [] },
    { name: 'b', type: 'gauge', help: 'B.', samples: [Infinity, -Infinity, NaN, 1e21, 0].map(value => ({ value })) },
  ])
  expect(text).toBe(`# HELP a_total One\\\\two\\nthree.
# TYPE a_total counter
a_total{folder="C:\\\\\\"x\\"\\n"} 1
a_total 2.5
# HELP b B.
# TYPE b gauge
b +Inf
b -Inf
b NaN
b 1e+21
b 0
`)
})

test('a counter exists from 0 on, and counts by its labels', () => {
  const counter = new Counter()
  counter.add({ mailbox: 'it' }, 0)
  counter.add({ mailbox: 'hr' })
  counter.add({ mailbox: 'hr' })
  expect(counter.samples()).toEqual([
    { labels: { mailbox: 'it' }, value: 0 },
    { labels: { mailbox: 'hr' }, value: 2 },
  ])
})

test('buckets hold what is up to their bound, each what those before hold too', () => {
  const histogram = new Histogram([1, 5])
  histogram.of({ mailbox: 'hr' })
  for (const value of [0.5, 1, 3, 70]) histogram.observe({ mailbox: 'it' }, value)
  const text = exposition([{ name: 'lag', type: 'histogram', help: 'Lag.', samples: histogram.samples() }])
  expect(text.split('\n').filter(line => line.includes('it'))).toEqual([
    'lag_bucket{mailbox="it",le="1"} 2',
    'lag_bucket{mailbox="it",le="5"} 3',
    'lag_bucket{mailbox="it",le="+Inf"} 4',
    'lag_sum{mailbox="it"} 74.5',
    'lag_count{mailbox="it"} 4',
  ])
  expect(text).toContain('lag_count{mailbox="hr"} 0')
})
