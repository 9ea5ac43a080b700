/*
 * Honest conversations, in every mail program: whoever was asked, copied or answered belongs to them. What is taken for a
 * stranger's is counted.
 */
import { expect, test } from 'vitest'
import type { Policy } from '../../src/desk/policy.ts'
import { SHAPES, shaped } from '../support/client-shapes.ts'
import { openStage, withSubaddresses } from '../support/stage.ts'

const ANA = 'Ana Pop <ana@example.org>'
const JANE = 'Jane Doe <jane@example.org>'
const LUC = 'Luc Dupont <luc@example.org>'
const TELLING: Partial<Policy> = { mx: { servIds: new Set(['mx.example.org']), sealers: new Set() } }
const PASS = 'Authentication-Results: mx.example.org; dmarc=pass header.from=example.org\r\n'

test('fewer than one mail in a hundred is taken for a stranger’s', async () => {
  let all = 0
  let pending = 0
  for (const [desk, stamp] of [
    [{}, ''],
    [withSubaddresses(), ''],
    [TELLING, PASS],
    [{ ...withSubaddresses(), ...TELLING }, PASS],
  ] as const) {
    const stamped = (bytes: Buffer) => Buffer.concat([Buffer.from(stamp), bytes])
    for (const shape of SHAPES) {
      await using stage = await openStage(desk)
      const headers = stamp === '' ? {} : { 'Authentication-Results': stamp.replace(/^[^:]*: |\r\n$/g, '') }
      await stage.arrives({ from: JANE, cc: LUC, subject: 'Printer', text: 'The printer smokes.', headers })
      const told = (await stage.lastTo('ana@example.org')).mail
      await stage.arrives(stamped(shaped(shape, told, ANA, 'Since when does it do that?')))
      for (const [who, words] of [
        [JANE, 'Since this morning.'],
        [LUC, 'It did that yesterday, too.'],
        [JANE, 'And it smells.'],
      ] as const) {
        const answer = (await stage.mailsTo(/<(.*)>/.exec(who)?.[1] ?? '')).findLast(({ kind }) => kind === 'answer')
        if (!answer) throw new Error(`${who} got no answer`)
        await stage.arrives(stamped(shaped(shape, answer.mail, who, words)))
      }
      await stage.arrives(stamped(shaped(shape, (await stage.lastTo('ana@example.org')).mail, ANA, 'Pull the plug.')))
      const received = (await stage.store.read.messages(1001)).filter(({ direction }) => direction === 'in')
      expect(received).toHaveLength(6)
      all += received.length
      pending += received.filter(({ standing }) => standing === 'pending').length
    }
  }
  expect(all).toBeGreaterThan(250)
  expect(pending / all).toBeLessThan(0.01)
}, 120_000)
