import { defineConfig } from 'vitest/config'

const project = (name: string, include: string[], more: Record<string, unknown> = {}) => ({
  test: { name, include, root: '.', setupFiles: ['test/support/fuzz.ts'], sequence: { shuffle: true }, ...more },
})

export default defineConfig({
  test: {
    projects: [
      project('core', ['test/{mail,desk,config}/**/*.test.ts', 'test/*.test.ts']),
      project('store', ['test/{store,inbound,outbound,dispatch,api,cli}/**/*.test.ts'], { testTimeout: 20_000 }),
      project('e2e', ['test/{e2e,conversations,scenarios}/**/*.test.ts'], {
        testTimeout: 60_000,
        fileParallelism: false,
      }),
    ],
  },
})
