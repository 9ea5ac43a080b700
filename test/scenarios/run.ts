/*
 * `npm run test:scenarios -- FILE...`: plays conversations through the built program. README.md tells how they are written.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readScenarios } from './format.ts'
import { runScenarios } from './play.ts'
import { builtProgram } from './program.ts'
import { boxesOf } from './setup.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', multiple: true, default: [] }, help: { type: 'boolean', default: false } },
})

async function main(): Promise<number> {
  if (values.help || positionals.length === 0) {
    process.stdout.write('npm run test:scenarios -- FILE... [--only ID]...\n')
    return values.help ? 0 : 64
  }
  const all = positionals.flatMap(file => readScenarios(resolve(process.env['INIT_CWD'] ?? '.', file)))
  const chosen = all.filter(({ id }) => values.only.length === 0 || values.only.includes(id))
  let failed = 0
  await runScenarios(chosen, boxesOf(all), builtProgram, 2, (id, { faults, remarks }) => {
    if (faults.length > 0) failed++
    process.stdout.write(faults.length > 0 ? `FAIL ${id} ${faults.join('; ').replace(/\s+/g, ' ')}\n` : `PASS ${id}\n`)
    for (const remark of remarks) process.stderr.write(`  not demanded of ${id}: ${remark}\n`)
  })
  process.stdout.write(`${chosen.length - failed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
