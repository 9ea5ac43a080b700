/*
 * Property tests draw the same cases in every run, so that a red run is about the change and not about luck. To look
 * further: FUZZ_SEED=random npm test, or the seed of a failure. FUZZ_SEED=random prints the seed it took.
 */
import fc from 'fast-check'

const wanted = process.env['FUZZ_SEED'] ?? '20261122'
const seed = wanted === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(wanted)
if (wanted === 'random') process.stderr.write(`FUZZ_SEED=${seed}\n`)
fc.configureGlobal({ seed })
