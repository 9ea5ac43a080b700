import fc from 'fast-check'
import { expect, test } from 'vitest'
import { reconcile } from '../../src/desk/reconciliation.ts'

const ledger = (uids: number[], leftOut: [number, number][], lastUid: number) => ({
  uids: new Set(uids),
  leftOut: leftOut.map(([firstUid, last]) => ({ firstUid, lastUid: last })),
  lastUid,
  ...{ readSince: null, sinceUid: 0 },
})

const shown = (uids: readonly number[]) => uids.map(uid => ({ uid, receivedAt: '2026-11-22T10:00:00.000Z' }))

test.each([
  ['an empty folder', [], ledger([], [], 0), { onServer: 0, accounted: 0, leftOut: 0, pending: [], missing: [] }],
  [
    'the usual',
    [1, 2, 3],
    ledger([1, 2, 3], [], 3),
    { onServer: 3, accounted: 3, leftOut: 0, pending: [], missing: [] },
  ],
  [
    'mails gone from the server',
    [2],
    ledger([1, 2, 3], [], 3),
    { onServer: 1, accounted: 1, leftOut: 0, pending: [], missing: [] },
  ],
  [
    'from now on',
    [5, 9, 12],
    ledger([12], [[1, 10]], 12),
    { onServer: 3, accounted: 1, leftOut: 2, pending: [], missing: [] },
  ],
  ['new mail', [3, 4, 5], ledger([3], [], 3), { onServer: 3, accounted: 1, leftOut: 0, pending: [4, 5], missing: [] }],
  ['a hole', [1, 2, 3], ledger([1, 3], [], 3), { onServer: 3, accounted: 2, leftOut: 0, pending: [], missing: [2] }],
  [
    'a mail from before our first day that was not shown when the others were left out',
    [1, 2, 3],
    { ...ledger([3], [[1, 1]], 3), readSince: '2026-11-22T11:00:00.000Z', sinceUid: 2 },
    { onServer: 3, accounted: 1, leftOut: 2, pending: [], missing: [] },
  ],
  ['a UID told twice', [1, 1], ledger([1], [], 1), { onServer: 1, accounted: 1, leftOut: 0, pending: [], missing: [] }],
])('%s', (_name, server, known, expected) => {
  const { pending, ...rest } = reconcile(shown(server), known)
  expect({ ...rest, pending: pending.map(({ uid }) => uid) }).toEqual(expected)
})

test('every mail on the server has exactly one place', () => {
  const uid = fc.integer({ min: 1, max: 30 })
  fc.assert(
    fc.property(
      fc.uniqueArray(uid),
      fc.array(uid),
      fc.array(fc.tuple(uid, uid)),
      uid,
      (server, uids, ranges, lastUid) => {
        const { onServer, accounted, leftOut, pending, missing } = reconcile(
          shown(server),
          ledger(uids, ranges, lastUid),
        )
        expect(accounted + leftOut + pending.length + missing.length).toBe(server.length)
        expect(onServer).toBe(server.length)
      },
    ),
  )
})
