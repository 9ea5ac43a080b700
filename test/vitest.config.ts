import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[]) => ({
  test: {
    name,
    include,
    root: '.',
    setupFiles: ['test/support/fuzz.ts'],
    sequence: { shuffle: true },
    // Only what hangs shall fail by them, also on a machine that has other work.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})

export default defineConfig({
  test: {
    // Most tests wait for processes, servers and clocks: one worker more than there are processors, where the default is one less.
    maxWorkers: availableParallelism() + 1,
    projects: [
      project('core', ['test/{mail,desk,config}/**/*.test.ts', 'test/*.test.ts']),
      project('store', ['test/{store,inbound,outbound,dispatch,api,cli,clients}/**/*.test.ts']),
      project('e2e', ['test/{e2e,conversations,scenarios}/**/*.test.ts']),
    ],
  },
})
